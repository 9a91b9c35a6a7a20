/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Many at one socket whose receive calls filter: threads and processes that receive,
 * peek and poll. Each admitted packet reaches one of them, and no other does. And a
 * sender that nobody wants, as fast as it can be.
 */
#include <errno.h>
#include <netinet/udp.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "asm/state.h"
#include "receive-rig.h"

#define N_PACKETS  20000u
#define N_FLIGHT   40u /* admitted ones in the queue at a time */
#define N_THREADS  7u
#define N_SEGMENTS 64u
#define DEADLINE_S 20.0

/* Under a flood a call takes a millisecond, where the machine has nothing else to do. */
#define MOST_S 0.5

#define HANDLER_S 5.0

#define STOP UINT32_MAX

/* Payload: who sent it, and its number. */
struct numbered {
	uint32_t source;
	uint32_t number;
};

/* Of all threads and processes. */
struct tally {
	atomic_uint n_times[N_PACKETS];
	atomic_uint n_heard;
	atomic_uint n_wrong;
	atomic_bool is_over;
};

struct party {
	struct rig rig;
	struct rig_socket socket;
	struct tally *tally;
};

static bool take(struct party *party, ssize_t n, const struct numbered *packet)
{
	struct tally *tally = party->tally;

	if (n < 0)
		return errno == EAGAIN || errno == EINTR;
	if (n != sizeof(*packet) || packet->source != 0) {
		atomic_fetch_add(&tally->n_wrong, 1);
		return true;
	}
	if (packet->number == STOP)
		return false;
	atomic_fetch_add(&tally->n_times[packet->number], 1);
	atomic_fetch_add(&tally->n_heard, 1);
	return true;
}

static void receive_by(struct party *party, const struct rig_call *call)
{
	struct numbered packet;
	ssize_t n;

	do
		n = call->receive(party->socket.fd, (char *)&packet, sizeof(packet), 0);
	while (take(party, n, &packet));
}

/* Looks first, and takes what is there then. */
static void peek(struct party *party)
{
	struct numbered packet;
	ssize_t n;

	do {
		n = msf_recv(party->socket.fd, &packet, sizeof(packet), MSG_PEEK);
		if (n != sizeof(packet) || packet.source != 0)
			atomic_fetch_add(&party->tally->n_wrong, 1);
		n = msf_recv(party->socket.fd, &packet, sizeof(packet), MSG_DONTWAIT);
	} while (take(party, n, &packet));
}

static void poll_first(struct party *party)
{
	struct pollfd poller = { .fd = party->socket.fd, .events = POLLIN };
	struct numbered packet;
	ssize_t n;

	do {
		if (msf_poll(&poller, 1, -1) != 1)
			atomic_fetch_add(&party->tally->n_wrong, 1);
		n = msf_recv(party->socket.fd, &packet, sizeof(packet), MSG_DONTWAIT);
	} while (take(party, n, &packet));
}

struct member {
	struct party *party;
	unsigned int role;
};

static void *play(void *argument)
{
	const struct member *member = argument;

	switch (member->role % 4) {
	case 0:
		peek(member->party);
		break;
	case 1:
		poll_first(member->party);
		break;
	default:
		receive_by(member->party, &rig_calls[member->role * 5 % N_RIG_CALLS]);
		break;
	}
	return NULL;
}

static void spread(void)
{
	cpu_set_t all;

	CPU_ZERO(&all);
	for (int i = 0; i < CPU_SETSIZE && i < sysconf(_SC_NPROCESSORS_ONLN); i++)
		CPU_SET(i, &all);
	sched_setaffinity(0, sizeof(all), &all);
}

static void send_numbered(struct party *party, uint32_t source, uint32_t number)
{
	const struct rig_socket *socket = &party->socket;
	struct numbered packet = { source, number };

	sendto(party->rig.traffic.fd[0][0][source], &packet, sizeof(packet), 0,
	       (const void *)&socket->to, sizeof(struct sockaddr_in));
}

static bool is_late(double start)
{
	return rig_now() - start > DEADLINE_S;
}

static void send_all(struct party *party)
{
	double start = rig_now();

	for (uint32_t i = 0; i < N_PACKETS; i++) {
		while (i - atomic_load(&party->tally->n_heard) > N_FLIGHT &&
		       !is_late(start))
			sched_yield();
		for (unsigned int k = 0; k < i % 3; k++)
			send_numbered(party, 1, i);
		send_numbered(party, 0, i);
	}
	while (atomic_load(&party->tally->n_heard) < N_PACKETS && !is_late(start))
		poll(NULL, 0, 1);
}

static void expect_all(struct party *party)
{
	unsigned int n_lost = 0, n_twice = 0;

	for (unsigned int i = 0; i < N_PACKETS; i++) {
		unsigned int n = atomic_load(&party->tally->n_times[i]);

		n_lost += n == 0;
		n_twice += n > 1;
	}
	tap_expect(&party->rig.tap,
		   n_lost == 0 && n_twice == 0 &&
			   atomic_load(&party->tally->n_wrong) == 0,
		   "%u lost, %u twice, %u wrong ones", n_lost, n_twice,
		   atomic_load(&party->tally->n_wrong));
}

static void start_tally(struct party *party)
{
	party->tally = mmap(NULL, sizeof(*party->tally), PROT_READ | PROT_WRITE,
			    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (party->tally == MAP_FAILED)
		tap_bail_out("no memory");
	rig_open(&party->rig, &party->socket, RIG_UDP4);
	close(party->socket.witness);
	party->socket.witness = -1;
}

static void end_tally(struct party *party)
{
	rig_close(&party->socket);
	munmap(party->tally, sizeof(*party->tally));
}

static void start_threads(struct party *party, pthread_t *threads, struct member *members)
{
	for (unsigned int i = 0; i < N_THREADS; i++) {
		members[i] = (struct member){ party, i };
		if (pthread_create(&threads[i], NULL, play, &members[i]) != 0)
			tap_bail_out("cannot make a thread");
	}
}

/* Each one that hears it ends; a peek may give it to somebody twice. */
static void stop_threads(struct party *party, pthread_t *threads)
{
	for (unsigned int i = 0; i < N_THREADS; i++)
		while (pthread_tryjoin_np(threads[i], NULL) != 0) {
			send_numbered(party, 0, STOP);
			poll(NULL, 0, 1);
		}
}

static void test_threads(struct party *party)
{
	struct member members[N_THREADS];
	pthread_t threads[N_THREADS];

	start_tally(party);
	start_threads(party, threads, members);
	send_all(party);
	expect_all(party);
	stop_threads(party, threads);
	end_tally(party);
	tap_end(&party->rig.tap,
		"threads that receive, peek and poll get each packet once");
}

static void work_in_child(struct party *party)
{
	struct member members[N_THREADS];
	pthread_t threads[N_THREADS];

	start_threads(party, threads, members);
	for (unsigned int i = 0; i < N_THREADS; i++)
		pthread_join(threads[i], NULL);
	_exit(0);
}

static void test_processes(struct party *party)
{
	pid_t pid[2];

	start_tally(party);
	for (int i = 0; i < 2; i++) {
		pid[i] = fork();
		if (pid[i] == 0)
			work_in_child(party);
		if (pid[i] < 0)
			tap_bail_out("no child");
	}
	send_all(party);
	expect_all(party);
	for (int i = 0; i < 2; i++)
		while (waitpid(pid[i], NULL, WNOHANG) == 0) {
			send_numbered(party, 0, STOP);
			poll(NULL, 0, 1);
		}
	end_tally(party);
	tap_end(&party->rig.tap, "so do two processes with such threads");
}

/* Many packets a call, cut apart on delivery: that is faster than one can receive. */
static void *flood(void *argument)
{
	struct party *party = argument;
	const struct rig_socket *socket = &party->socket;
	int fd = party->rig.traffic.fd[0][0][1], size = sizeof(struct numbered);
	struct numbered packets[N_SEGMENTS] = { { 1, 0 } };

	spread();
	if (setsockopt(fd, IPPROTO_UDP, UDP_SEGMENT, &size, sizeof(size)) < 0)
		tap_comment("UDP_SEGMENT: %s", strerror(errno));
	while (!atomic_load(&party->tally->is_over))
		sendto(fd, packets, sizeof(packets), 0, (const void *)&socket->to,
		       sizeof(struct sockaddr_in));
	return NULL;
}

static void expect_end(struct party *party, const char *what, double start, double most)
{
	double took = rig_now() - start;

	tap_expect(&party->rig.tap, took < most, "%s: %f s", what, took);
}

static void meet_flood(struct party *party)
{
	struct pollfd poller = { .fd = party->socket.fd, .events = POLLIN };
	struct numbered packet;
	char *buf = (char *)&packet;
	double start;

	poll(&poller, 1, 5000);
	for (unsigned int i = 0; i < N_RIG_CALLS; i++)
		for (int flags = MSG_DONTWAIT; flags != 0;
		     flags = flags == MSG_DONTWAIT ? MSG_DONTWAIT | MSG_PEEK : 0) {
			if (!rig_calls[i].has_flags)
				continue;
			start = rig_now();
			rig_expect_error(&party->rig, rig_calls[i].name,
					 rig_calls[i].receive(party->socket.fd, buf,
							      sizeof(packet), flags),
					 EAGAIN);
			expect_end(party, rig_calls[i].name, start, MOST_S);
		}
	rig_set_timeout(&party->socket, 20);
	for (unsigned int i = 0; i < N_RIG_CALLS; i++) {
		start = rig_now();
		rig_expect_error(
			&party->rig, rig_calls[i].name,
			rig_calls[i].receive(party->socket.fd, buf, sizeof(packet), 0),
			EAGAIN);
		expect_end(party, rig_calls[i].name, start, MOST_S);
	}
	for (int ms = 0; ms < 40; ms += 20) {
		start = rig_now();
		tap_expect(&party->rig.tap, msf_poll(&poller, 1, ms) == 0, "poll");
		expect_end(party, "poll", start, MOST_S);
	}
}

static void test_flood(struct party *party)
{
	pthread_t threads[3];

	start_tally(party);
	for (unsigned int i = 0; i < 3; i++)
		if (pthread_create(&threads[i], NULL, flood, party) != 0)
			tap_bail_out("cannot make a thread");
	meet_flood(party);
	atomic_store(&party->tally->is_over, true);
	for (unsigned int i = 0; i < 3; i++)
		pthread_join(threads[i], NULL);
	end_tally(party);
	tap_end(&party->rig.tap, "a flood of unadmitted packets holds no call");
}

/*
 * Handlers of signals
 */

/* For the handler, which gets no argument of ours. */
static struct party *in_hand;

static void receive_all(int signal_number)
{
	struct numbered packet;
	int saved = errno;

	while (msf_recv(in_hand->socket.fd, &packet, sizeof(packet), MSG_DONTWAIT) >= 0)
		;
	atomic_fetch_add(&in_hand->tally->n_heard, 1);
	errno = saved;
	(void)signal_number;
}

bool __real_state_admits(const struct asm_state *state, struct addr destination,
			 uint32_t ifindex, struct addr source);
bool __wrap_state_admits(const struct asm_state *state, struct addr destination,
			 uint32_t ifindex, struct addr source);

/* Asked while the table is locked: the worst moment for a signal. */
bool __wrap_state_admits(const struct asm_state *state, struct addr destination,
			 uint32_t ifindex, struct addr source)
{
	if (in_hand != NULL && atomic_load(&in_hand->tally->n_heard) == 0)
		raise(SIGUSR1);
	return __real_state_admits(state, destination, ifindex, source);
}

/* To end in time is what is expected. */
static void work_with_handler(struct party *party)
{
	struct numbered packet;
	int fd = party->socket.fd;

	signal(SIGUSR1, receive_all);
	send_numbered(party, 0, 0);
	in_hand = party;
	if (msf_recv(fd, &packet, sizeof(packet), 0) != sizeof(packet))
		_exit(2);
	_exit(atomic_load(&party->tally->n_heard) == 0);
}

static void test_handler(struct party *party)
{
	int status = 0;
	double start = rig_now();
	pid_t child;

	start_tally(party);
	child = fork();
	if (child == 0)
		work_with_handler(party);
	while (waitpid(child, &status, WNOHANG) == 0) {
		if (rig_now() - start > HANDLER_S)
			kill(child, SIGKILL);
		poll(NULL, 0, 1);
	}
	tap_expect(&party->rig.tap, status == 0, "it ended with 0x%x", status);
	end_tally(party);
	tap_end(&party->rig.tap, "a handler receives at whatever moment it comes");
}

int main(void)
{
	struct party party;

	rig_init(&party.rig);
	spread();
	test_threads(&party);
	test_processes(&party);
	test_flood(&party);
	test_handler(&party);
	return tap_finish(&party.rig.tap);
}
