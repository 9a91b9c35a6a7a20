/* SPDX-License-Identifier: BSD-2-Clause */
/* See fake-agent.h. */
#include "fake-agent.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tap.h"

#define CLIENTS_MAX 256
#define TURNS       9000 /* of a millisecond */

struct fake_agent {
	char directory[64];
	char path[MESSAGE_PATH_MAX];
	pid_t parent;
	atomic_bool is_wanted;
	atomic_int pid; /* of the one that listens; 0: none does */
	atomic_int reason;
	atomic_bool is_silent;
	atomic_uint version;
	atomic_uint n_connections;
	atomic_uint n_notes;
	struct fake_note notes[FAKE_NOTES_MAX];
};

/*
 * The agent
 */

struct server {
	struct fake_agent *agent;
	nfds_t n;
	struct pollfd pollers[CLIENTS_MAX]; /* the first one listens */
	uint64_t buffer[MESSAGE_MAX / sizeof(uint64_t)];
};

static pid_t get_pid(int fd)
{
	struct ucred peer = { 0 };
	socklen_t len = sizeof(peer);

	getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len);
	return peer.pid;
}

static int open_listener(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_SEQPACKET, 0);

	snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	unlink(path);
	if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0 ||
	    listen(fd, CLIENTS_MAX) < 0)
		_exit(1);
	return fd;
}

static uint64_t take_inode(const struct msghdr *msg)
{
	struct cmsghdr *cmsg = CMSG_FIRSTHDR(msg);
	struct stat st;
	int fd;

	if (!cmsg || cmsg->cmsg_type != SCM_RIGHTS)
		return 0;
	memcpy(&fd, CMSG_DATA(cmsg), sizeof(fd));
	if (fstat(fd, &st) < 0)
		return 0;
	close(fd);
	return st.st_ino;
}

static void note(struct fake_agent *agent, const struct message *message, uint64_t inode,
		 pid_t pid)
{
	uint32_t n = atomic_load(&agent->n_notes);

	if (n == FAKE_NOTES_MAX)
		return;
	agent->notes[n] = (struct fake_note){
		.type = message->type,
		.pid = pid,
		.inode = inode,
		.ifindex = message->ifindex,
		.group = message->group,
		.mode = message->filter.mode,
		.n_sources = message->filter.sources.n,
	};
	atomic_store(&agent->n_notes, n + 1);
}

static void answer(const struct server *server, int fd, uint32_t serial)
{
	enum message_reason reason = atomic_load(&server->agent->reason);
	struct message message = { .type = MESSAGE_ANSWER,
				   .serial = serial,
				   .error = -message_get_error(reason),
				   .reason = reason };
	uint16_t version = atomic_load(&server->agent->version);
	uint64_t buffer[8];
	int len = message_encode(&message, buffer, sizeof(buffer));

	memcpy(buffer, &version, sizeof(version));
	if (len > 0)
		send(fd, buffer, (size_t)len, MSG_NOSIGNAL);
}

/* false: the client is gone. */
static bool serve(struct server *server, int fd)
{
	char control[CMSG_SPACE(sizeof(int))];
	struct iovec iov = { server->buffer, sizeof(server->buffer) };
	struct msghdr msg = { .msg_iov = &iov,
			      .msg_iovlen = 1,
			      .msg_control = control,
			      .msg_controllen = sizeof(control) };
	ssize_t len = recvmsg(fd, &msg, MSG_DONTWAIT);
	struct message message = { 0 };

	if (len < 0)
		return errno == EAGAIN;
	if (len == 0)
		return false;
	if (message_decode(server->buffer, (size_t)len, &message) == 0)
		note(server->agent, &message, take_inode(&msg), get_pid(fd));
	answer(server, fd, message.serial);
	return true;
}

static void accept_one(struct server *server)
{
	int fd = accept(server->pollers[0].fd, NULL, NULL);

	if (fd < 0)
		return;
	atomic_fetch_add(&server->agent->n_connections, 1);
	if (server->n == CLIENTS_MAX)
		close(fd);
	else
		server->pollers[server->n++] = (struct pollfd){ fd, POLLIN, 0 };
}

static void serve_all(struct server *server)
{
	for (nfds_t i = server->n; i-- > 1;) {
		if (!server->pollers[i].revents || serve(server, server->pollers[i].fd))
			continue;
		close(server->pollers[i].fd);
		server->pollers[i] = server->pollers[--server->n];
	}
	if (server->pollers[0].revents)
		accept_one(server);
}

static void run_server(struct fake_agent *agent)
{
	static struct server server;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	server.agent = agent;
	server.pollers[0] = (struct pollfd){ open_listener(agent->path), POLLIN, 0 };
	server.n = 1;
	atomic_store(&agent->pid, getpid());
	for (;;) {
		while (atomic_load(&agent->is_silent))
			poll(NULL, 0, 1);
		if (poll(server.pollers, server.n, 10) > 0 &&
		    !atomic_load(&agent->is_silent))
			serve_all(&server);
	}
}

/*
 * Who starts and kills it, as the test would have its own threads in its children
 */

static void end_server(struct fake_agent *agent, pid_t *pid)
{
	kill(*pid, SIGKILL);
	waitpid(*pid, NULL, 0);
	*pid = 0;
	atomic_store(&agent->pid, 0);
}

static void supervise(struct fake_agent *agent)
{
	pid_t pid = 0;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	while (getppid() == agent->parent) {
		if (atomic_load(&agent->is_wanted) && !pid) {
			pid = fork();
			if (pid == 0)
				run_server(agent);
		} else if (!atomic_load(&agent->is_wanted) && pid) {
			end_server(agent, &pid);
		}
		poll(NULL, 0, 1);
	}
	_exit(0);
}

struct fake_agent *fake_agent_new(void)
{
	struct fake_agent *agent = mmap(NULL, sizeof(*agent), PROT_READ | PROT_WRITE,
					MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (agent == MAP_FAILED)
		tap_bail_out("no shared memory");
	snprintf(agent->directory, sizeof(agent->directory), "/tmp/fake-agent-XXXXXX");
	if (!mkdtemp(agent->directory))
		tap_bail_out("mkdtemp: %s", strerror(errno));
	snprintf(agent->path, sizeof(agent->path), "%s/sock", agent->directory);
	agent->parent = getpid();
	atomic_store(&agent->version, MESSAGE_VERSION);
	switch (fork()) {
	case -1:
		tap_bail_out("fork: %s", strerror(errno));
	case 0:
		supervise(agent);
	}
	return agent;
}

struct fake_agent *fake_agent_free(struct fake_agent *agent)
{
	fake_agent_kill(agent);
	unlink(agent->path);
	rmdir(agent->directory);
	return NULL;
}

const char *fake_agent_get_path(const struct fake_agent *agent)
{
	return agent->path;
}

/*
 * Waiting
 */

bool fake_wait_for(bool (*holds)(void *context), void *context)
{
	for (int i = 0; i < TURNS; i++) {
		if (holds(context))
			return true;
		poll(NULL, 0, 1);
	}
	return holds(context);
}

static bool is_as_wanted(void *context)
{
	struct fake_agent *agent = context;

	return (atomic_load(&agent->pid) != 0) == atomic_load(&agent->is_wanted);
}

void fake_agent_start(struct fake_agent *agent)
{
	atomic_store(&agent->is_wanted, true);
	if (!fake_wait_for(is_as_wanted, agent))
		tap_bail_out("the agent did not start");
}

void fake_agent_kill(struct fake_agent *agent)
{
	atomic_store(&agent->is_wanted, false);
	if (!fake_wait_for(is_as_wanted, agent))
		tap_bail_out("the agent did not end");
}

void fake_agent_set_reason(struct fake_agent *agent, enum message_reason reason)
{
	atomic_store(&agent->reason, (int)reason);
}

void fake_agent_set_silent(struct fake_agent *agent, bool is_silent)
{
	atomic_store(&agent->is_silent, is_silent);
}

void fake_agent_set_version(struct fake_agent *agent, unsigned int version)
{
	atomic_store(&agent->version, version);
}

uint32_t fake_agent_count_notes(const struct fake_agent *agent)
{
	return atomic_load(&agent->n_notes);
}

const struct fake_note *fake_agent_get_note(const struct fake_agent *agent, uint32_t i)
{
	return &agent->notes[i];
}

uint32_t fake_agent_count_connections(const struct fake_agent *agent)
{
	return atomic_load(&agent->n_connections);
}

struct search {
	const struct fake_agent *agent;
	uint32_t from;
	enum message_type type;
	uint64_t inode;
	pid_t pid;
	const struct fake_note *found;
};

static bool has_note(void *context)
{
	struct search *search = context;

	for (; search->from < fake_agent_count_notes(search->agent); search->from++) {
		const struct fake_note *at = &search->agent->notes[search->from];

		if (at->type == search->type && at->inode == search->inode &&
		    (!search->pid || at->pid == search->pid)) {
			search->found = at;
			return true;
		}
	}
	return false;
}

const struct fake_note *fake_agent_wait(const struct fake_agent *agent, uint32_t from,
					enum message_type type, uint64_t inode, pid_t pid)
{
	struct search search = { agent, from, type, inode, pid, NULL };

	fake_wait_for(has_note, &search);
	return search.found;
}
