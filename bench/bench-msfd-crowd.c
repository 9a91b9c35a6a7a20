/* SPDX-License-Identifier: BSD-2-Clause */
/* Processes that wait for a byte, join, answer with a byte, and wait for their end. */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "bench-msfd.h"

#define GROUPS  0xe8010000u /* 232.1.0.0 */
#define ANOTHER 0xe8630001u /* 232.99.0.1 */

uint32_t crowd_get_group(unsigned int i)
{
	return GROUPS + 1 + i;
}

static struct sockaddr_in make_address(uint32_t host_order)
{
	return (struct sockaddr_in){ .sin_family = AF_INET,
				     .sin_addr.s_addr = htonl(host_order) };
}

int crowd_new_context(struct msf **ret, enum side side, const char *agent)
{
	struct msf_config *config;
	int r = msf_config_new(&config);

	if (r < 0)
		return r;
	msf_config_set_backend(config, side == SIDE_KERNEL ? MSF_BACKEND_KERNEL
							   : MSF_BACKEND_ASM);
	r = msf_config_set_agent(config, side == SIDE_MSFD ? agent : "off");
	if (r == 0)
		r = msf_new(ret, config);
	msf_config_free(config);
	return r;
}

static int join(struct msf *msf, int fd, uint32_t ifindex, uint32_t group)
{
	struct sockaddr_in to = make_address(group), from = make_address(CROWD_SOURCE);

	return msf_join_source(msf, fd, ifindex, (struct sockaddr *)&to,
			       (struct sockaddr *)&from);
}

static int leave(struct msf *msf, int fd, uint32_t ifindex, uint32_t group)
{
	struct sockaddr_in to = make_address(group);

	return msf_leave_group(msf, fd, ifindex, (struct sockaddr *)&to);
}

static void wait_for_end(int fd)
{
	char byte;

	while (read(fd, &byte, 1) < 0 && errno == EINTR)
		;
}

/* In the process. Answers 0 or an errno. */
static void serve(const struct crowd *crowd, struct msf *msf, unsigned int number,
		  uint32_t ifindex)
{
	int fds[N_SOCKETS], r = 0;
	uint8_t answer;

	for (unsigned int i = 0; i < N_SOCKETS; i++)
		fds[i] = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	answer = fds[N_SOCKETS - 1] < 0 ? EMFILE : 0;
	if (write(crowd->done[1], &answer, 1) != 1)
		_exit(1);
	wait_for_end(crowd->start[0]);
	for (unsigned int i = 0; !r && i < N_SOCKETS; i++)
		r = join(msf, fds[i], ifindex, crowd_get_group(number * N_SOCKETS + i));
	answer = (uint8_t)-r;
	if (write(crowd->done[1], &answer, 1) != 1)
		_exit(1);
	wait_for_end(crowd->end[0]);
	_exit(0);
}

static void be_one(const struct crowd *crowd, enum side side, unsigned int number,
		   uint32_t ifindex, const char *agent)
{
	struct msf *msf;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	close(crowd->start[1]);
	close(crowd->end[1]);
	if (crowd_new_context(&msf, side, agent))
		_exit(1);
	serve(crowd, msf, number, ifindex);
}

static int wait_for_all(const struct crowd *crowd)
{
	int error = 0;

	for (unsigned int i = 0; i < crowd->n; i++) {
		uint8_t answer;

		if (read(crowd->done[0], &answer, 1) != 1)
			return -EIO;
		error = error ? error : answer;
	}
	return -error;
}

int crowd_init(struct crowd *crowd, enum side side, uint32_t ifindex, const char *agent)
{
	memset(crowd, 0, sizeof(*crowd));
	if (pipe(crowd->start) < 0 || pipe(crowd->done) < 0 || pipe(crowd->end) < 0)
		return -errno;
	for (; crowd->n < N_PROCESSES; crowd->n++) {
		pid_t pid = fork();

		if (pid < 0)
			return -errno;
		if (!pid)
			be_one(crowd, side, crowd->n, ifindex, agent);
		crowd->pid[crowd->n] = pid;
	}
	return wait_for_all(crowd);
}

int crowd_join(struct crowd *crowd)
{
	close(crowd->start[1]);
	crowd->start[1] = -1;
	return wait_for_all(crowd);
}

static void close_pipe(int pipe[2])
{
	for (int i = 0; i < 2; i++)
		if (pipe[i] > 0)
			close(pipe[i]);
}

void crowd_fini(struct crowd *crowd)
{
	close_pipe(crowd->start);
	close_pipe(crowd->end);
	for (unsigned int i = 0; i < crowd->n; i++)
		waitpid(crowd->pid[i], NULL, 0);
	close_pipe(crowd->done);
}

int crowd_measure_join(struct msf *msf, int fd, uint32_t ifindex, struct series *ns,
		       double clock_cost)
{
	uint64_t start = series_now();
	int r = join(msf, fd, ifindex, ANOTHER);

	if (!r)
		r = series_add(ns, (double)(series_now() - start) - clock_cost);
	return r ? r : leave(msf, fd, ifindex, ANOTHER);
}
