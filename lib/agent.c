/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Talks to msfd, the agent of a network namespace: one request at a time, over a
 * connection of its own. Those through which the sockets of the process are told of are
 * compat/agent's.
 *
 * Invariant: nothing here waits longer than PATIENCE_MS for one message, whatever the
 * agent does and however many signals arrive.
 */
#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include <msf.h>

#include "agent/message.h"
#include "context.h"
#include "sockaddr.h"

#define PATIENCE_MS 5000

/* A full queue of connections cannot be waited for but so. */
#define RETRY_MS 10

struct msf_agent {
	int fd;
	uint32_t serial; /* of the request that was made last */
	bool is_asking;  /* its rows are not at their end */
	enum message_reason reason;
	_Alignas(uint64_t) char buffer[MESSAGE_MAX + 1]; /* and a row's NUL */
};

static uint64_t get_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/* fd -1: waits for nothing. 0 (perhaps too early), -ETIMEDOUT. */
static int wait_for(int fd, short events, int ms, uint64_t deadline)
{
	struct pollfd pollfd = { .fd = fd, .events = events };
	uint64_t now = get_ms();

	if (now >= deadline)
		return -ETIMEDOUT;
	if (deadline - now < (uint64_t)ms)
		ms = (int)(deadline - now);
	return poll(&pollfd, 1, ms) < 0 && errno != EINTR ? -errno : 0;
}

static int connect_to(int fd, const struct sockaddr_un *address)
{
	uint64_t deadline = get_ms() + PATIENCE_MS;
	int r = 0;

	while (!r) {
		if (!connect(fd, (const struct sockaddr *)address, sizeof(*address)))
			return 0;
		if (errno == EAGAIN)
			r = wait_for(-1, 0, RETRY_MS, deadline);
		else if (errno != EINTR)
			r = errno == ENOENT ? -ECONNREFUSED : -errno;
	}
	return r;
}

static int send_bytes(const struct msf_agent *agent, size_t len)
{
	uint64_t deadline = get_ms() + PATIENCE_MS;
	int r = 0;

	while (!r) {
		if (send(agent->fd, agent->buffer, len, MSG_NOSIGNAL) >= 0)
			return 0;
		if (errno == EAGAIN)
			r = wait_for(agent->fd, POLLOUT, PATIENCE_MS, deadline);
		else if (errno == EPIPE || errno == ECONNRESET)
			return 0; /* why may still be there to be read */
		else if (errno != EINTR)
			r = -errno;
	}
	return r;
}

/* The length, or -errno. */
static ssize_t receive_bytes(struct msf_agent *agent, uint64_t deadline)
{
	ssize_t n;
	int r = 0;

	while (!r) {
		/* The length, even where it is more than there is room for. */
		n = recv(agent->fd, agent->buffer, MESSAGE_MAX, MSG_TRUNC);
		if (n > 0)
			return n <= (ssize_t)MESSAGE_MAX ? n : -EBADMSG;
		if (n == 0)
			return -ECONNRESET;
		if (errno == EAGAIN)
			r = wait_for(agent->fd, POLLIN, PATIENCE_MS, deadline);
		/* It is told of once, even in front of what came before it. */
		else if (errno != EINTR && errno != ECONNRESET)
			r = -errno;
	}
	return r;
}

/* Who is turned away at the door has not asked anything yet. */
static bool is_for_us(const struct msf_agent *agent, const struct message *message)
{
	return message->serial == agent->serial ||
	       (message->type == MESSAGE_ANSWER && !message->serial);
}

/* The next message that belongs to the last request. 0 or -errno. */
static int receive(struct msf_agent *agent, struct message *ret)
{
	uint64_t deadline = get_ms() + PATIENCE_MS;
	ssize_t n;
	int r;

	do {
		n = receive_bytes(agent, deadline);
		if (n < 0)
			return (int)n;
		r = message_decode(agent->buffer, (size_t)n, ret);
		if (r < 0)
			return r;
	} while (!is_for_us(agent, ret));
	return 0;
}

static int take_answer(struct msf_agent *agent, const struct message *message)
{
	if (message->type != MESSAGE_ANSWER)
		return -EBADMSG;
	agent->reason = message->reason;
	return message->error > 0 ? -EBADMSG : message->error;
}

static int send_request(struct msf_agent *agent, struct message *request)
{
	int n;

	agent->is_asking = false;
	if (!++agent->serial)
		agent->serial = 1;
	request->serial = agent->serial;
	n = message_encode(request, agent->buffer, MESSAGE_MAX);
	return n < 0 ? n : send_bytes(agent, (size_t)n);
}

/* A request that is answered by nothing but an answer. */
static int carry_out(struct msf_agent *agent, struct message *request)
{
	struct message answer;
	int r = send_request(agent, request);

	if (!r)
		r = receive(agent, &answer);
	return r ? r : take_answer(agent, &answer);
}

int msf_agent_ask(struct msf_agent *agent, enum msf_agent_subject subject)
{
	static const enum message_subject subjects[] = {
		[MSF_AGENT_STATUS] = MESSAGE_STATUS,
		[MSF_AGENT_MEMBERSHIPS] = MESSAGE_MEMBERSHIPS,
		[MSF_AGENT_GROUPS] = MESSAGE_GROUPS,
		[MSF_AGENT_STATS] = MESSAGE_STATS,
		[MSF_AGENT_TUNABLES] = MESSAGE_TUNABLES,
		[MSF_AGENT_LIMITS] = MESSAGE_LIMITS,
	};
	struct message request = { .type = MESSAGE_ASK };
	int r;

	agent->reason = MESSAGE_DONE;
	if ((unsigned int)subject >= sizeof(subjects) / sizeof(*subjects))
		return -EINVAL;
	request.subject = subjects[subject];
	r = send_request(agent, &request);
	agent->is_asking = !r;
	return r;
}

int msf_agent_pop_row(struct msf_agent *agent, const char **ret_text, size_t *ret_len)
{
	struct message message;
	char *text;
	int r;

	if (!agent->is_asking)
		return 0;
	r = receive(agent, &message);
	if (!r && message.type == MESSAGE_ROW) {
		text = agent->buffer + (message.text - agent->buffer);
		text[message.text_len] = '\0';
		*ret_text = text;
		*ret_len = message.text_len;
		return 1;
	}
	agent->is_asking = false;
	return r < 0 ? r : take_answer(agent, &message);
}

/* Is it an agent, does it answer, and in our words? */
static int greet(struct msf_agent *agent)
{
	const char *text;
	size_t len;
	int r = msf_agent_ask(agent, MSF_AGENT_LIMITS);

	if (r < 0)
		return r;
	do {
		r = msf_agent_pop_row(agent, &text, &len);
	} while (r > 0);
	return r == -ECONNRESET ? -ECONNREFUSED : r;
}

static int find_path(struct msf *msf, struct sockaddr_un *ret)
{
	char path[MESSAGE_PATH_MAX];
	const char *chosen = context_get_agent(msf);
	size_t size;
	int r;

	if (!chosen) {
		r = message_get_path(path);
		if (r < 0)
			return r;
		chosen = path;
	}
	if (!strcmp(chosen, "off"))
		return -ECONNREFUSED;
	size = strlen(chosen) + 1;
	if (size > sizeof(ret->sun_path))
		return -ENAMETOOLONG;
	memcpy(ret->sun_path, chosen, size);
	return 0;
}

static int open_agent(struct msf_agent *agent, struct msf *msf)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int r = find_path(msf, &address);

	if (r < 0)
		return r;
	agent->fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (agent->fd < 0)
		return -errno;
	r = connect_to(agent->fd, &address);
	return r < 0 ? r : greet(agent);
}

int msf_agent_new(struct msf_agent **ret, struct msf *msf)
{
	struct msf_agent *agent;
	int r = context_get(msf, &msf);

	if (r < 0)
		return r;
	agent = malloc(sizeof(*agent));
	if (!agent)
		return -ENOMEM;
	agent->fd = -1;
	agent->serial = 0;
	r = open_agent(agent, msf);
	if (r < 0)
		msf_agent_free(agent);
	else
		*ret = agent;
	return r;
}

struct msf_agent *msf_agent_free(struct msf_agent *agent)
{
	if (agent && agent->fd >= 0)
		close(agent->fd);
	free(agent);
	return NULL;
}

/* A name that does not fit is nobody's. */
static int set_name(struct message *request, const char *name)
{
	size_t size = strlen(name) + 1;

	if (size > sizeof(request->name))
		return -ENAMETOOLONG;
	memcpy(request->name, name, size);
	return 0;
}

int msf_agent_set_tunable(struct msf_agent *agent, const char *name, uint64_t value)
{
	struct message request = { .type = MESSAGE_TUNE, .value = value };

	agent->reason = MESSAGE_DONE;
	if (!name)
		return -EFAULT;
	if (!*name || set_name(&request, name) < 0) {
		agent->reason = MESSAGE_NOT_THERE;
		return -ENOENT;
	}
	return carry_out(agent, &request);
}

/* The sources as the wire has them: ascending, each once. n is not 0. */
static int read_sources(const struct sockaddr_storage *slist, uint32_t n, int family,
			struct addr *ret)
{
	for (uint32_t i = 0; i < n; i++) {
		const struct sockaddr *sa = (const struct sockaddr *)&slist[i];
		enum sockaddr_outcome outcome = sockaddr_get(sa, &ret[i]);

		if (sockaddr_get_family(sa) != family)
			return -EAFNOSUPPORT;
		if (outcome == SOCKADDR_MAPPED || !addr_is_sender(ret[i]))
			return -EINVAL;
	}
	return source_set_sort(ret, n, ret + n) == n ? 0 : -EINVAL;
}

static int send_static(struct msf_agent *agent, struct message *request, int family,
		       uint32_t n, const struct sockaddr_storage *slist)
{
	struct addr *sources = malloc(2 * ((size_t)n + 1) * sizeof(*sources));
	int r = 0;

	if (!sources)
		return -ENOMEM;
	if (n)
		r = read_sources(slist, n, family, sources);
	request->filter.sources = (struct source_set){ .n = n, .addr = sources };
	if (!r)
		r = carry_out(agent, request);
	free(sources);
	return r;
}

/* RFC 3376 3.1: INCLUDE {} is no membership. */
static enum filter_mode get_mode(uint32_t fmode, uint32_t numsrc)
{
	if (fmode == MCAST_EXCLUDE)
		return FILTER_EXCLUDE;
	return numsrc ? FILTER_INCLUDE : FILTER_NONE;
}

int msf_agent_set_static(struct msf_agent *agent, const char *interface,
			 const struct sockaddr *group, uint32_t fmode, uint32_t numsrc,
			 const struct sockaddr_storage *slist)
{
	struct message request = { .type = MESSAGE_STATIC };
	enum sockaddr_outcome outcome;

	agent->reason = MESSAGE_DONE;
	if (!interface || !group || (numsrc && !slist))
		return -EFAULT;
	if (fmode != MCAST_INCLUDE && fmode != MCAST_EXCLUDE)
		return -EINVAL;
	outcome = sockaddr_get(group, &request.group);
	if (outcome == SOCKADDR_FAMILY)
		return -EAFNOSUPPORT;
	if (outcome == SOCKADDR_MAPPED || !addr_is_multicast(request.group))
		return -EINVAL;
	if (!*interface || strlen(interface) >= IF_NAMESIZE ||
	    set_name(&request, interface) < 0)
		return -ENODEV;
	if (numsrc > MESSAGE_SOURCES_MAX)
		return -ENOBUFS;
	request.filter.mode = get_mode(fmode, numsrc);
	return send_static(agent, &request, sockaddr_get_family(group), numsrc, slist);
}

const char *msf_agent_get_reason(const struct msf_agent *agent)
{
	return agent->reason == MESSAGE_DONE ? NULL : message_describe(agent->reason);
}
