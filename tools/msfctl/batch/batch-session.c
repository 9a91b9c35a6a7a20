/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * batch-session: lines that are run (see batch-session.h).
 *
 * Invariant: every request goes through libmsf with the context of the session (RFC
 * 3678 4.1, 5.1 and the full-state calls 5.2), so that its errors are the table's.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "batch-session.h"
#include "batch-socket.h"
#include "endpoint.h"

/* Sources that a filter is asked for at first. */
#define SOURCES_FIRST 64

struct batch_session {
	struct msf *msf;               /* borrowed */
	const struct batch_wait *wait; /* borrowed */
	struct batch_sockets sockets;
};

/* A line that is run: where it is run, and what comes of it. */
struct run {
	struct batch_session *session;
	const struct batch_line *line;
	struct batch_socket *socket; /* NULL: the command needs none */
	uint32_t ifindex;
	struct batch_answer *answer;
};

int batch_session_new(struct batch_session **ret, struct msf *msf,
		      const struct batch_wait *wait)
{
	struct batch_session *session = calloc(1, sizeof(*session));

	if (!session)
		return -ENOMEM;
	session->msf = msf;
	session->wait = wait;
	*ret = session;
	return 0;
}

struct batch_session *batch_session_free(struct batch_session *session)
{
	if (session)
		batch_socket_fini(&session->sockets);
	free(session);
	return NULL;
}

/* error of either sign; why NULL: what the system calls it. */
static void answer_error(struct run *run, int error, const char *why)
{
	run->answer->error = abs(error);
	snprintf(run->answer->detail, sizeof(run->answer->detail), "%s",
		 why ? why : strerror(abs(error)));
}

static void keep_name(struct run *run)
{
	if (run->socket)
		memcpy(run->answer->name, run->socket->name, sizeof(run->answer->name));
}

static int answer_text(struct run *run, char *text)
{
	if (!text)
		return -ENOMEM;
	run->answer->found = BATCH_FOUND_TEXT;
	run->answer->text = text;
	return 0;
}

/* Requests */

static const enum msf_verb verbs[BATCH_N_COMMANDS] = {
	[BATCH_JOIN] = MSF_JOIN_GROUP,         [BATCH_LEAVE] = MSF_LEAVE_GROUP,
	[BATCH_JOIN_SOURCE] = MSF_JOIN_SOURCE, [BATCH_LEAVE_SOURCE] = MSF_LEAVE_SOURCE,
	[BATCH_BLOCK] = MSF_BLOCK_SOURCE,      [BATCH_UNBLOCK] = MSF_UNBLOCK_SOURCE,
	[BATCH_INCLUDE] = MSF_SET_FILTER,      [BATCH_EXCLUDE] = MSF_SET_FILTER,
	[BATCH_GET] = MSF_GET_FILTER,
};

static struct msf_request make_request(const struct run *run, enum msf_verb verb)
{
	const struct batch_line *line = run->line;

	return (struct msf_request){
		.verb = verb,
		.ifindex = run->ifindex,
		.group = (const struct sockaddr *)&line->group,
		.source = (const struct sockaddr *)line->sources,
		.fmode = line->command == BATCH_INCLUDE ? MCAST_INCLUDE : MCAST_EXCLUDE,
		.numsrc = line->n_sources,
		.slist = line->sources,
		.flags = line->is_idempotent ? MSF_IDEMPOTENT : 0,
	};
}

/* A sentence for a failure, or a warning for a success. */
static void answer_request(struct run *run, const struct msf_request *request, int r)
{
	struct batch_answer *answer = run->answer;

	answer->error = -r;
	if (msf_explain(run->session->msf, run->socket->fd, request, r, answer->detail,
			sizeof(answer->detail)) <= 0)
		snprintf(answer->detail, sizeof(answer->detail), "%s",
			 r ? strerror(-r) : "");
}

static int run_request(struct run *run)
{
	struct msf_request request = make_request(run, verbs[run->line->command]);

	answer_request(run, &request,
		       msf_apply_request(run->session->msf, run->socket->fd, &request));
	return 0;
}

/* The filter into the answer; 0, or -errno of the request. */
static int read_filter(struct run *run)
{
	struct batch_answer *answer = run->answer;
	uint32_t numsrc = SOURCES_FIRST, room;
	int r;

	do {
		room = numsrc;
		free(answer->slist);
		answer->slist = calloc(room, sizeof(*answer->slist));
		if (!answer->slist)
			return -ENOMEM;
		r = msf_get_filter(run->session->msf, run->socket->fd, run->ifindex,
				   (const struct sockaddr *)&run->line->group,
				   &answer->fmode, &numsrc, answer->slist);
	} while (r == 0 && numsrc > room);
	if (r < 0)
		return r;
	answer->numsrc = numsrc;
	answer->is_member = true;
	return 0;
}

static int compare(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct sockaddr_storage));
}

static bool is_filter_wanted(const struct run *run)
{
	const struct batch_line *line = run->line;
	const struct batch_answer *answer = run->answer;
	uint32_t fmode = line->wanted == BATCH_WANT_INCLUDE ? MCAST_INCLUDE
							    : MCAST_EXCLUDE;

	if (line->wanted == BATCH_WANT_NONE || !answer->is_member)
		return (line->wanted == BATCH_WANT_NONE) == !answer->is_member;
	if (answer->fmode != fmode || answer->numsrc != line->n_sources)
		return false;
	for (uint32_t i = 0; i < answer->numsrc; i++)
		if (compare(&answer->slist[i], &line->sources[i]) != 0)
			return false;
	return true;
}

static int add_membership(struct batch_answer *answer,
			  const struct msf_membership *membership)
{
	struct msf_membership *larger = reallocarray(
		answer->memberships, answer->n_memberships + 1, sizeof(*larger));

	if (!larger)
		return -ENOMEM;
	answer->memberships = larger;
	larger[answer->n_memberships++] = *membership;
	return 0;
}

static int run_get_memberships(struct run *run)
{
	struct batch_answer *answer = run->answer;
	struct msf_membership membership;
	int r = msf_state_new(&answer->state, run->session->msf, run->socket->fd);

	if (r < 0) {
		answer_error(run, r, NULL);
		return 0;
	}
	answer->found = BATCH_FOUND_MEMBERSHIPS;
	while (r == 0 && msf_state_pop_membership(answer->state, &membership) > 0)
		r = add_membership(answer, &membership);
	return r;
}

static int run_get(struct run *run)
{
	const struct batch_line *line = run->line;
	struct msf_request request = make_request(run, MSF_GET_FILTER);
	int r;

	if (!line->has_group)
		return run_get_memberships(run);
	r = read_filter(run);
	if (r == -EADDRNOTAVAIL && line->wanted != BATCH_WANT_ANY)
		r = 0;
	answer_request(run, &request, r);
	if (r < 0)
		return 0;
	run->answer->found = BATCH_FOUND_FILTER;
	run->answer->is_unexpected = line->wanted != BATCH_WANT_ANY &&
				     !is_filter_wanted(run);
	return 0;
}

/* What the mode in force calls allowing a source. */
static int run_allow(struct run *run)
{
	struct msf_request request;
	bool is_exclude = read_filter(run) == 0 && run->answer->fmode == MCAST_EXCLUDE;

	request = make_request(run, is_exclude ? MSF_UNBLOCK_SOURCE : MSF_JOIN_SOURCE);
	answer_request(run, &request,
		       msf_apply_request(run->session->msf, run->socket->fd, &request));
	return 0;
}

/* Sockets, packets, the rest */

static int run_open(struct run *run)
{
	struct batch_session *session = run->session;
	char why[BATCH_SOCKET_WHY_MAX];
	int r = batch_socket_open(&session->sockets, run->line->name, &run->line->open,
				  &run->socket, why);

	if (r == -ENOMEM)
		return r;
	if (r < 0)
		answer_error(run, r, why);
	keep_name(run);
	return 0;
}

static int run_close(struct run *run)
{
	batch_socket_close(&run->session->sockets, run->socket);
	return 0;
}

static int run_all(struct run *run)
{
	int r = batch_socket_set_all(run->socket, run->line->is_on);

	if (r < 0)
		answer_error(run, r, NULL);
	return 0;
}

static bool has_packets_of(const struct batch_counts *counts,
			   const struct sockaddr_storage *source)
{
	for (uint32_t i = 0; i < counts->n_sources; i++)
		if (!compare(&counts->sources[i].source, source))
			return true;
	return false;
}

static bool is_wanted_source(const struct batch_line *line,
			     const struct sockaddr_storage *source)
{
	return bsearch(source, line->sources, line->n_sources, sizeof(*source), compare);
}

/* Each wanted source was heard, and no other one. */
static bool are_packets_wanted(const struct batch_line *line,
			       const struct batch_counts *counts)
{
	if (line->wanted == BATCH_WANT_NONE)
		return counts->packets == 0;
	for (uint32_t i = 0; i < line->n_sources; i++)
		if (!has_packets_of(counts, &line->sources[i]))
			return false;
	for (uint32_t i = 0; i < counts->n_sources; i++)
		if (!is_wanted_source(line, &counts->sources[i].source))
			return false;
	return counts->others == 0;
}

static uint64_t get_deadline(const struct batch_line *line)
{
	return batch_wait_get_now() + line->wait_ms;
}

static int run_recv(struct run *run)
{
	struct batch_counts *counts = &run->answer->counts;
	const struct batch_line *line = run->line;
	char why[64];
	int r = batch_count_packets(run->socket->fd, run->session->wait,
				    get_deadline(line), counts);

	if (r == -ENOMEM)
		return r;
	if (r < 0) {
		snprintf(why, sizeof(why), "%s after %llu packets",
			 r == -EINTR ? "interrupted" : strerror(-r),
			 (unsigned long long)counts->packets);
		answer_error(run, r, why);
		return 0;
	}
	run->answer->found = BATCH_FOUND_PACKETS;
	run->answer->is_unexpected = line->wanted != BATCH_WANT_ANY &&
				     !are_packets_wanted(line, counts);
	return 0;
}

static int run_sleep(struct run *run)
{
	int r = batch_wait_until(run->session->wait, -1, get_deadline(run->line));

	if (r < 0)
		answer_error(run, r, r == -EINTR ? "interrupted" : NULL);
	return 0;
}

static int run_echo(struct run *run)
{
	return answer_text(run, strdup(run->line->text));
}

static int run_help(struct run *run)
{
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	if (!out)
		return -ENOMEM;
	for (int i = 0; i < BATCH_N_COMMANDS; i++) {
		const struct batch_usage *usage =
			batch_line_get_usage((enum batch_command)i);

		if (usage)
			fprintf(out, "%s%s%s  # %s\n", usage->name,
				*usage->arguments ? " " : "", usage->arguments,
				usage->help);
	}
	fputs("expect ok|ERRNO COMMAND...  # fail unless it ends so", out);
	fclose(out);
	return answer_text(run, text);
}

static int run_quit(struct run *run)
{
	(void)run;
	return 0;
}

static const struct {
	int (*run)(struct run *run);
	bool has_socket;
} commands[BATCH_N_COMMANDS] = {
	[BATCH_OPEN] = { run_open, false },
	[BATCH_CLOSE] = { run_close, true },
	[BATCH_JOIN] = { run_request, true },
	[BATCH_LEAVE] = { run_request, true },
	[BATCH_JOIN_SOURCE] = { run_request, true },
	[BATCH_LEAVE_SOURCE] = { run_request, true },
	[BATCH_BLOCK] = { run_request, true },
	[BATCH_UNBLOCK] = { run_request, true },
	[BATCH_ALLOW] = { run_allow, true },
	[BATCH_INCLUDE] = { run_request, true },
	[BATCH_EXCLUDE] = { run_request, true },
	[BATCH_GET] = { run_get, true },
	[BATCH_ALL] = { run_all, true },
	[BATCH_RECV] = { run_recv, true },
	[BATCH_SLEEP] = { run_sleep, false },
	[BATCH_ECHO] = { run_echo, false },
	[BATCH_HELP] = { run_help, false },
	[BATCH_QUIT] = { run_quit, false },
};

/* An index that no interface has is the library's to refuse; 0 is by the route. */
static bool is_index(const char *text, uint32_t *ret)
{
	unsigned long index;

	if (strspn(text, "0123456789") != strlen(text))
		return false;
	errno = 0;
	index = strtoul(text, NULL, 10);
	*ret = (uint32_t)index;
	return !errno && index <= INT32_MAX;
}

static int find_interface(struct run *run)
{
	const char *text = run->line->interface;
	struct msf_interface interface;
	int r;

	if (!*text || is_index(text, &run->ifindex))
		return 0;
	r = msf_find_interface(run->session->msf, text, &interface);
	if (r == 0)
		run->ifindex = interface.ifindex;
	else
		answer_error(run, r,
			     r == -ENODEV ? "no such interface; ip link lists them"
					  : NULL);
	return r;
}

/* 0, or -errno with the answer. */
static int find_socket(struct run *run)
{
	char why[BATCH_SOCKET_WHY_MAX];
	int r;

	if (!commands[run->line->command].has_socket)
		return 0;
	r = batch_socket_find(&run->session->sockets, run->line->name, &run->socket, why);
	if (r < 0)
		answer_error(run, r, why);
	return r;
}

int batch_session_run(struct batch_session *session, const struct batch_line *line,
		      struct batch_answer *ret)
{
	struct batch_answer answer = { .counts.drops = -1 };
	struct run run = { .session = session, .line = line, .answer = &answer };
	int r = 0;

	if (find_socket(&run) == 0 && find_interface(&run) == 0) {
		keep_name(&run);
		r = commands[line->command].run(&run);
	}
	if (r < 0) {
		batch_answer_fini(&answer);
		return r;
	}
	if (line->has_expect && answer.error != line->expect)
		answer.is_unexpected = true;
	*ret = answer;
	return 0;
}
