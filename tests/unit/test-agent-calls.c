/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * msf_agent_*() beside an agent that is played here, and that does what msfd does, or
 * should never do.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include <msf.h>

#include "agent/message.h"
#include "tap.h"

#define N_ROWS 300

enum manner {
	PROPER,
	OF_ANOTHER_VERSION,
	AT_THE_DOOR, /* turns everybody away, unasked */
	OF_GARBAGE,
	SILENT,
	GONE,      /* hangs up */
	LATE_GONE, /* hangs up amid the rows of STATUS */
	CONFUSED,  /* rows and answers of other requests stand in front */
	LARGE,     /* one row as large as they get */
	FORBIDDING,
	ROW_FOR_ANSWER,
};

struct fake {
	enum manner manner;
	char path[64];
	int listener, fd;
	pthread_t thread;
	/* of the last static join */
	struct message request;
	struct addr sources[4];
};

static _Alignas(uint64_t) char buffer[MESSAGE_MAX];
static char large[MESSAGE_ROW_MAX];

static void speak(const struct fake *fake, const struct message *message)
{
	static _Alignas(uint64_t) char bytes[MESSAGE_MAX];
	int n = message_encode(message, bytes, sizeof(bytes));

	if (n < 0)
		tap_bail_out("the agent cannot encode: %s", strerror(-n));
	(void)!send(fake->fd, bytes, (size_t)n, MSG_NOSIGNAL);
}

static void answer(const struct fake *fake, uint32_t serial, enum message_reason reason)
{
	struct message message = { .type = MESSAGE_ANSWER,
				   .serial = serial,
				   .reason = reason,
				   .error = -message_get_error(reason),
				   .value = MESSAGE_VERSION };

	speak(fake, &message);
}

static void tell_row(const struct fake *fake, uint32_t serial, const char *text)
{
	struct message message = { .type = MESSAGE_ROW,
				   .serial = serial,
				   .text = text,
				   .text_len = strlen(text) };

	speak(fake, &message);
}

/* The largest row that can be sent. */
static size_t find_large(void)
{
	static _Alignas(uint64_t) char bytes[MESSAGE_MAX];
	struct message message = { .type = MESSAGE_ROW, .text = large };

	memset(large, 'x', sizeof(large));
	message.text_len = MESSAGE_ROW_MAX;
	while (message.text_len && message_encode(&message, bytes, sizeof(bytes)) < 0)
		message.text_len--;
	return message.text_len;
}

static void tell_rows(const struct fake *fake, const struct message *request)
{
	char text[32];

	if (fake->manner == LARGE && request->subject == MESSAGE_STATUS) {
		large[find_large()] = '\0';
		tell_row(fake, request->serial, large);
	}
	for (int i = 0; i < N_ROWS && request->subject == MESSAGE_STATUS; i++) {
		snprintf(text, sizeof(text), "{\"i\":%d}", i);
		if (fake->manner == CONFUSED)
			tell_row(fake, request->serial + 1, "{\"i\":-1}");
		tell_row(fake, request->serial, text);
	}
}

static void handle_ask(const struct fake *fake, const struct message *request)
{
	if (fake->manner == CONFUSED)
		answer(fake, request->serial + 1, MESSAGE_BAD);
	tell_rows(fake, request);
	if (fake->manner == LATE_GONE && request->subject == MESSAGE_STATUS)
		shutdown(fake->fd, SHUT_RDWR);
	else
		answer(fake, request->serial, MESSAGE_DONE);
}

static enum message_reason judge(const struct message *request)
{
	if (request->type != MESSAGE_TUNE)
		return MESSAGE_DONE;
	if (strcmp(request->name, "robustness") != 0)
		return MESSAGE_NOT_THERE;
	return request->value >= 1 && request->value <= 7 ? MESSAGE_DONE
							  : MESSAGE_OUT_OF_RANGE;
}

static void handle_other(struct fake *fake, const struct message *request)
{
	fake->request = *request;
	for (uint32_t i = 0; i < request->filter.sources.n && i < 4; i++)
		fake->sources[i] = request->filter.sources.addr[i];
	if (fake->manner == FORBIDDING)
		answer(fake, request->serial, MESSAGE_NOT_PERMITTED);
	else if (fake->manner == ROW_FOR_ANSWER)
		tell_row(fake, request->serial, "{}");
	else
		answer(fake, request->serial, judge(request));
}

static void handle(struct fake *fake, const struct message *request)
{
	struct message other = { .type = MESSAGE_ANSWER,
				 .serial = request->serial,
				 .error = -EPROTO,
				 .reason = MESSAGE_BAD,
				 .value = MESSAGE_VERSION + 1 };

	if (fake->manner == SILENT)
		return;
	if (fake->manner == OF_ANOTHER_VERSION)
		speak(fake, &other);
	else if (fake->manner == OF_GARBAGE)
		(void)!send(fake->fd, "garbage", 7, MSG_NOSIGNAL);
	else if (request->type == MESSAGE_ASK)
		handle_ask(fake, request);
	else
		handle_other(fake, request);
}

static void serve(struct fake *fake)
{
	struct message request;
	ssize_t n;

	if (fake->manner == AT_THE_DOOR)
		answer(fake, 0, MESSAGE_CLIENTS);
	if (fake->manner == AT_THE_DOOR || fake->manner == GONE)
		return;
	while ((n = recv(fake->fd, buffer, sizeof(buffer), 0)) > 0)
		if (!message_decode(buffer, (size_t)n, &request))
			handle(fake, &request);
}

static void *run(void *argument)
{
	struct fake *fake = argument;

	while ((fake->fd = accept(fake->listener, NULL, NULL)) >= 0) {
		serve(fake);
		close(fake->fd);
	}
	return NULL;
}

static void start(struct fake *fake, enum manner manner)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	*fake = (struct fake){ .manner = manner };
	snprintf(fake->path, sizeof(fake->path), "/tmp/msf-agent-calls.%d", getpid());
	strcpy(address.sun_path, fake->path);
	fake->listener = socket(AF_UNIX, SOCK_SEQPACKET, 0);
	if (bind(fake->listener, (struct sockaddr *)&address, sizeof(address)) < 0 ||
	    listen(fake->listener, 8) < 0 ||
	    pthread_create(&fake->thread, NULL, run, fake))
		tap_bail_out("no agent: %s", strerror(errno));
}

static void stop(struct fake *fake)
{
	shutdown(fake->listener, SHUT_RDWR);
	pthread_join(fake->thread, NULL);
	close(fake->listener);
	unlink(fake->path);
}

static int open_agent(struct msf_agent **ret, const char *path)
{
	struct msf_config *config = NULL;
	struct msf *msf = NULL;
	int r = msf_config_new(&config);

	if (!r)
		r = msf_config_set_agent(config, path);
	if (!r)
		r = msf_new(&msf, config);
	if (!r)
		r = msf_agent_new(ret, msf);
	msf_free(msf);
	msf_config_free(config);
	return r;
}

/* An agent object, beside one of this manner. */
static struct msf_agent *meet(struct tap *tap, struct fake *fake, enum manner manner)
{
	struct msf_agent *agent = NULL;
	int r;

	start(fake, manner);
	r = open_agent(&agent, fake->path);
	tap_expect(tap, !r, "msf_agent_new: %d", r);
	return agent;
}

static void part(struct fake *fake, struct msf_agent *agent)
{
	msf_agent_free(agent);
	stop(fake);
}

static double get_seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* How many rows are popped, in their order; the last answer in *ret_r. */
static int count_rows(struct tap *tap, struct msf_agent *agent, int *ret_r)
{
	const char *text;
	char expected[32];
	size_t len;
	int n = 0, r;

	while ((r = msf_agent_pop_row(agent, &text, &len)) == 1) {
		snprintf(expected, sizeof(expected), "{\"i\":%d}", n++);
		tap_expect(tap, !strcmp(text, expected) && len == strlen(expected),
			   "row %d is %s", n, text);
	}
	*ret_r = r;
	return n;
}

static void test_rows(struct tap *tap, enum manner manner, const char *sentence)
{
	struct fake fake;
	struct msf_agent *agent = meet(tap, &fake, manner);
	int r, n;

	for (int i = 0; i < 2 && agent; i++) {
		r = msf_agent_ask(agent, MSF_AGENT_STATUS);
		tap_expect(tap, !r, "ask: %d", r);
		n = count_rows(tap, agent, &r);
		tap_expect(tap, n == N_ROWS && r == 0, "%d rows, then %d", n, r);
	}
	part(&fake, agent);
	tap_end(tap, "%s", sentence);
}

static void test_large(struct tap *tap)
{
	struct fake fake;
	struct msf_agent *agent = meet(tap, &fake, LARGE);
	const char *text = NULL;
	size_t len = 0, expected = find_large();
	int r;

	msf_agent_ask(agent, MSF_AGENT_STATUS);
	r = msf_agent_pop_row(agent, &text, &len);
	tap_expect(tap, r == 1 && len == expected && strlen(text) == len,
		   "%d, %zu bytes of %zu", r, len, expected);
	part(&fake, agent);
	tap_end(tap, "a row may be as large as a message, and has a NUL behind it");
}

static void test_dropped_rows(struct tap *tap)
{
	struct fake fake;
	struct msf_agent *agent = meet(tap, &fake, PROPER);
	const char *text = "untouched";
	size_t len = 0;
	int r;

	r = msf_agent_pop_row(agent, &text, &len);
	tap_expect(tap, r == 0 && !len, "nothing was asked, and pop_row says %d", r);
	msf_agent_ask(agent, MSF_AGENT_STATUS);
	tap_expect(tap, msf_agent_pop_row(agent, &text, &len) == 1, "no first row");
	r = msf_agent_set_tunable(agent, "robustness", 3);
	tap_expect(tap, !r, "set_tunable amid the rows: %d", r);
	r = msf_agent_pop_row(agent, &text, &len);
	tap_expect(tap, r == 0, "pop_row behind that: %d", r);
	r = msf_agent_ask(agent, (enum msf_agent_subject)6);
	tap_expect(tap, r == -EINVAL, "subject 6: %d", r);
	part(&fake, agent);
	tap_end(tap, "the next request drops the rows that are left");
}

static void test_tunables(struct tap *tap)
{
	static const struct {
		const char *name;
		uint64_t value;
		int error;
	} rows[] = {
		{ "robustness", 1, 0 },
		{ "robustness", 8, -ERANGE },
		{ "robustness", UINT64_MAX, -ERANGE },
		{ "nonsense", 1, -ENOENT },
		{ "", 1, -ENOENT },
		{ "a-name-that-no-message-has-room-for", 1, -ENOENT },
		{ NULL, 1, -EFAULT },
	};
	struct fake fake;
	struct msf_agent *agent = meet(tap, &fake, PROPER);

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		int r = msf_agent_set_tunable(agent, rows[i].name, rows[i].value);
		const char *reason = msf_agent_get_reason(agent);

		tap_expect(tap, r == rows[i].error, "%s: %d", rows[i].name, r);
		tap_expect(tap, !reason == (!r || r == -EFAULT), "%s: reason %s",
			   rows[i].name, reason);
	}
	tap_expect(tap,
		   !msf_agent_set_tunable(agent, "robustness", 2) &&
			   !msf_agent_get_reason(agent),
		   "a reason outlives its request");
	part(&fake, agent);
	tap_end(tap, "a tunable is set, or refused with errno and reason");
}

static struct sockaddr_storage make(const char *text)
{
	struct sockaddr_storage ss = { .ss_family = AF_INET };

	if (strchr(text, ':')) {
		ss.ss_family = AF_INET6;
		inet_pton(AF_INET6, text, &((struct sockaddr_in6 *)&ss)->sin6_addr);
	} else {
		inet_pton(AF_INET, text, &((struct sockaddr_in *)&ss)->sin_addr);
	}
	return ss;
}

/* Joins with up to three sources, in words. */
static int join(struct msf_agent *agent, const char *interface, const char *group,
		uint32_t fmode, const char *sources)
{
	struct sockaddr_storage list[4], address = make(group);
	char words[128];
	uint32_t n = 0;

	snprintf(words, sizeof(words), "%s", sources);
	for (char *word = strtok(words, " "); word; word = strtok(NULL, " "))
		list[n++] = make(word);
	return msf_agent_set_static(agent, interface, (struct sockaddr *)&address, fmode,
				    n, n ? list : NULL);
}

static void test_joins(struct tap *tap)
{
	struct fake fake;
	struct msf_agent *agent = meet(tap, &fake, PROPER);
	const struct filter *filter = &fake.request.filter;
	int r = join(agent, "eth0", "232.1.1.1", MCAST_INCLUDE, "10.9.0.3 10.9.0.1");

	tap_expect(tap, !r, "join of two: %d", r);
	tap_expect(tap,
		   !strcmp(fake.request.name, "eth0") &&
			   addr_ipv4(fake.request.group) == 0xe8010101,
		   "the request names %s", fake.request.name);
	tap_expect(tap,
		   filter->mode == FILTER_INCLUDE && filter->sources.n == 2 &&
			   addr_ipv4(fake.sources[0]) == 0x0a090001 &&
			   addr_ipv4(fake.sources[1]) == 0x0a090003,
		   "not those two, ascending");
	r = join(agent, "eth0", "ff3e::1", MCAST_EXCLUDE, "");
	tap_expect(tap, !r && filter->mode == FILTER_EXCLUDE && !filter->sources.n,
		   "EXCLUDE {}: %d", r);
	r = join(agent, "eth0", "ff3e::1", MCAST_INCLUDE, "");
	tap_expect(tap, !r && filter->mode == FILTER_NONE, "INCLUDE {}: %d", r);
	part(&fake, agent);
	tap_end(tap, "static joins are told in order, INCLUDE {} ends one");
}

static void test_wrong_joins(struct tap *tap)
{
	static const struct {
		const char *interface, *group, *sources;
		uint32_t fmode;
		int error;
	} rows[] = {
		{ "eth0", "10.9.0.1", "", MCAST_EXCLUDE, -EINVAL },
		{ "eth0", "::ffff:232.1.1.1", "", MCAST_EXCLUDE, -EINVAL },
		{ "eth0", "232.1.1.1", "", 2, -EINVAL },
		{ "eth0", "232.1.1.1", "10.9.0.1 10.9.0.1", MCAST_INCLUDE, -EINVAL },
		{ "eth0", "232.1.1.1", "224.0.0.1", MCAST_INCLUDE, -EINVAL },
		{ "eth0", "232.1.1.1", "fd09::1", MCAST_INCLUDE, -EAFNOSUPPORT },
		{ "eth0", "ff3e::1", "::ffff:10.9.0.1", MCAST_INCLUDE, -EINVAL },
		{ "", "232.1.1.1", "", MCAST_EXCLUDE, -ENODEV },
		{ "sixteen-letters-", "232.1.1.1", "", MCAST_EXCLUDE, -ENODEV },
		{ NULL, "232.1.1.1", "", MCAST_EXCLUDE, -EFAULT },
	};
	struct fake fake;
	struct msf_agent *agent = meet(tap, &fake, PROPER);
	struct sockaddr_storage *many, group = make("232.1.1.1");
	struct sockaddr local = { .sa_family = AF_UNIX };
	int r;

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		r = join(agent, rows[i].interface, rows[i].group, rows[i].fmode,
			 rows[i].sources);
		tap_expect(tap, r == rows[i].error, "%s %s %s: %d", rows[i].interface,
			   rows[i].group, rows[i].sources, r);
	}
	r = msf_agent_set_static(agent, "eth0", &local, MCAST_EXCLUDE, 0, NULL);
	tap_expect(tap, r == -EAFNOSUPPORT, "a group of AF_UNIX: %d", r);
	r = msf_agent_set_static(agent, "eth0", NULL, MCAST_EXCLUDE, 0, NULL);
	tap_expect(tap, r == -EFAULT, "no group: %d", r);
	many = calloc(MESSAGE_SOURCES_MAX + 1, sizeof(*many));
	r = msf_agent_set_static(agent, "eth0", (struct sockaddr *)&group, MCAST_INCLUDE,
				 MESSAGE_SOURCES_MAX + 1, many);
	tap_expect(tap, r == -ENOBUFS, "8193 sources: %d", r);
	free(many);
	tap_expect(tap, !fake.request.serial, "msfd was asked all the same");
	tap_expect(tap, !join(agent, "eth0", "232.1.1.1", MCAST_EXCLUDE, ""),
		   "the connection is of no use any more");
	part(&fake, agent);
	tap_end(tap, "what cannot be a static join is refused before msfd is asked");
}

static void test_forbidden(struct tap *tap)
{
	struct fake fake;
	struct msf_agent *agent = meet(tap, &fake, FORBIDDING);
	const char *expected = message_describe(MESSAGE_NOT_PERMITTED), *reason;
	int r = msf_agent_set_tunable(agent, "robustness", 3);

	reason = msf_agent_get_reason(agent);
	tap_expect(tap, r == -EPERM && reason && !strcmp(reason, expected), "%d, %s", r,
		   reason);
	r = join(agent, "eth0", "232.1.1.1", MCAST_EXCLUDE, "");
	tap_expect(tap, r == -EPERM, "join: %d", r);
	part(&fake, agent);
	tap_end(tap, "who may not is told so");
}

static void test_refusal(struct tap *tap, enum manner manner, int error,
			 const char *sentence)
{
	struct msf_agent *agent = (struct msf_agent *)tap;
	struct fake fake;
	double begin = get_seconds(), seconds;
	int r;

	start(&fake, manner);
	r = open_agent(&agent, fake.path);
	seconds = get_seconds() - begin;
	tap_expect(tap, r == error, "msf_agent_new: %d", r);
	tap_expect(tap, agent == (struct msf_agent *)tap, "*ret was touched");
	tap_expect(tap, seconds < 7, "it took %.1f s", seconds);
	stop(&fake);
	tap_end(tap, "%s", sentence);
}

static void ignore(int number)
{
	(void)number;
}

/* Signals end system calls, and must not make a wait begin anew. */
static void test_silence(struct tap *tap)
{
	struct sigaction action = { .sa_handler = ignore };
	struct itimerval often = { { 0, 200000 }, { 0, 200000 } }, never = { 0 };

	sigaction(SIGALRM, &action, NULL);
	setitimer(ITIMER_REAL, &often, NULL);
	test_refusal(tap, SILENT, -ETIMEDOUT,
		     "a silent agent is not waited for longer, signals or not");
	setitimer(ITIMER_REAL, &never, NULL);
}

/* A queue of connections that nobody accepts. */
static void test_full_queue(struct tap *tap)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	struct msf_agent *agent = NULL;
	double begin = get_seconds(), seconds;
	int fd = socket(AF_UNIX, SOCK_SEQPACKET, 0), others[2], r;

	snprintf(address.sun_path, sizeof(address.sun_path), "/tmp/msf-agent-full.%d",
		 getpid());
	r = bind(fd, (struct sockaddr *)&address, sizeof(address));
	listen(fd, 0);
	for (int i = 0; i < 2; i++) {
		others[i] = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0);
		(void)!connect(others[i], (struct sockaddr *)&address, sizeof(address));
	}
	r = r < 0 ? -errno : open_agent(&agent, address.sun_path);
	seconds = get_seconds() - begin;
	tap_expect(tap, r == -ETIMEDOUT, "msf_agent_new: %d", r);
	tap_expect(tap, seconds < 7, "it took %.1f s", seconds);
	close(others[0]);
	close(others[1]);
	close(fd);
	unlink(address.sun_path);
	tap_end(tap, "nor one whose queue of connections is full");
}

static void test_absence(struct tap *tap)
{
	struct msf_agent *agent = NULL;
	char path[64];
	int r;

	r = open_agent(&agent, "/nowhere/at/all.sock");
	tap_expect(tap, r == -ECONNREFUSED, "no folder: %d", r);
	r = open_agent(&agent, "off");
	tap_expect(tap, r == -ECONNREFUSED, "off: %d", r);
	snprintf(path, sizeof(path), "/tmp/msf-agent-dead.%d", getpid());
	r = open_agent(&agent, path);
	tap_expect(tap, r == -ECONNREFUSED, "no socket: %d", r);
	setenv("MSF_AGENT", path, 1);
	r = msf_agent_new(&agent, NULL);
	tap_expect(tap, r == -ECONNREFUSED, "by MSF_AGENT: %d", r);
	unsetenv("MSF_AGENT");
	tap_expect(tap, !agent && !msf_agent_free(NULL), "*ret was touched");
	tap_end(tap, "no agent is one errno, wherever it is not");
}

static void test_hang_up(struct tap *tap)
{
	struct fake fake;
	struct msf_agent *agent = meet(tap, &fake, LATE_GONE);
	int n, r = msf_agent_ask(agent, MSF_AGENT_STATUS);

	tap_expect(tap, !r, "ask: %d", r);
	n = count_rows(tap, agent, &r);
	tap_expect(tap, n <= N_ROWS && r == -ECONNRESET, "%d rows, then %d", n, r);
	r = msf_agent_set_tunable(agent, "robustness", 2);
	tap_expect(tap, r == -ECONNRESET, "behind that: %d", r);
	part(&fake, agent);
	tap_end(tap, "an agent that hangs up amid the rows is -ECONNRESET");
}

static void test_nonsense(struct tap *tap)
{
	struct fake fake;
	struct msf_agent *agent = meet(tap, &fake, ROW_FOR_ANSWER);
	int r = msf_agent_set_tunable(agent, "robustness", 2);

	tap_expect(tap, r == -EBADMSG, "%d", r);
	part(&fake, agent);
	tap_end(tap, "a row in place of an answer is -EBADMSG");
}

/* Paths of these lengths, NUL not counted. */
static int set_path(struct msf_config *config, size_t length)
{
	char path[256];

	memset(path, '/', length);
	path[length] = '\0';
	return msf_config_set_agent(config, path);
}

static void test_paths(struct tap *tap)
{
	struct msf_config *config = NULL;
	struct msf *msf = (struct msf *)tap;
	char path[256] = "";
	int r;

	msf_config_new(&config);
	r = set_path(config, 107);
	tap_expect(tap, !r, "107 bytes: %d", r);
	r = set_path(config, 108);
	tap_expect(tap, r == -EINVAL, "108 bytes: %d", r);
	r = set_path(config, 0);
	tap_expect(tap, r == -EINVAL, "an empty path: %d", r);
	r = msf_config_set_agent(config, NULL);
	tap_expect(tap, !r, "NULL: %d", r);
	memset(path, '/', 108);
	setenv("MSF_AGENT", path, 1);
	r = msf_new(&msf, config);
	tap_expect(tap, r == -EINVAL && msf == (struct msf *)tap,
		   "MSF_AGENT of 108 bytes: %d", r);
	msf_config_set_agent(config, "off");
	r = msf_new(&msf, config);
	tap_expect(tap, !r, "the same behind msf_config_set_agent(): %d", r);
	if (!r)
		msf_free(msf);
	unsetenv("MSF_AGENT");
	msf_config_free(config);
	tap_end(tap, "the path of an agent has to fit into the address of a socket");
}

static int probe_wire(enum msf_backend backend, const char *path)
{
	struct msf_config *config = NULL;
	struct msf *msf = NULL;
	int r = msf_config_new(&config);

	if (!r)
		r = msf_config_set_backend(config, backend);
	if (!r)
		r = msf_config_set_agent(config, path);
	if (!r)
		r = msf_new(&msf, config);
	if (!r)
		r = msf_probe_wire(msf);
	msf_free(msf);
	msf_config_free(config);
	return r;
}

static void test_wire(struct tap *tap)
{
	struct fake fake;
	int r = probe_wire(MSF_BACKEND_ASM, "off");

	tap_expect(tap, r == MSF_WIRE_ASM, "off: %d", r);
	r = probe_wire(MSF_BACKEND_ASM, "/nowhere/at/all.sock");
	tap_expect(tap, r == MSF_WIRE_ASM, "none: %d", r);
	start(&fake, PROPER);
	r = probe_wire(MSF_BACKEND_ASM, fake.path);
	tap_expect(tap, r == MSF_WIRE_AGENT, "one that answers: %d", r);
	r = probe_wire(MSF_BACKEND_KERNEL, fake.path);
	tap_expect(tap, r == MSF_WIRE_KERNEL, "the kernel's own filters: %d", r);
	stop(&fake);
	start(&fake, SILENT);
	r = probe_wire(MSF_BACKEND_ASM, fake.path);
	tap_expect(tap, r == MSF_WIRE_ASM, "a silent one: %d", r);
	stop(&fake);
	tap_end(tap, "the wire is the kernel's, that of an agent that answers, or ASM");
}

int main(void)
{
	struct tap tap = { 0 };

	test_paths(&tap);
	test_wire(&tap);
	test_absence(&tap);
	test_rows(&tap, PROPER, "rows are popped in order, then 0");
	test_rows(&tap, CONFUSED, "what belongs to other requests is passed over");
	test_large(&tap);
	test_dropped_rows(&tap);
	test_tunables(&tap);
	test_joins(&tap);
	test_wrong_joins(&tap);
	test_forbidden(&tap);
	test_refusal(&tap, OF_ANOTHER_VERSION, -EPROTO, "another version is -EPROTO");
	test_refusal(&tap, AT_THE_DOOR, -EUSERS, "an agent that is full is -EUSERS");
	test_refusal(&tap, OF_GARBAGE, -EBADMSG, "one that talks nonsense is -EBADMSG");
	test_refusal(&tap, GONE, -ECONNREFUSED, "one that hangs up is none");
	test_hang_up(&tap);
	test_nonsense(&tap);
	test_silence(&tap);
	test_full_queue(&tap);
	return tap_finish(&tap);
}
