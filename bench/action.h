/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * An action is one request in both of its spellings: the call of libmsf, and the
 * MCAST_* socket options (RFC 3678 5.1) that a program without it would use.
 * Both are ready to go before the clock starts: what is timed is the call.
 */
#ifndef BENCH_ACTION_H
#define BENCH_ACTION_H

#include <msf.h>

/* Owns what actions point to, until the end of the run. */
struct arena {
	void **block;
	size_t n;
};

struct raw_option {
	int optname;
	void *optval; /* owned by the arena */
	socklen_t optlen;
};

struct action {
	struct msf_request request;
	struct raw_option raw[2];
	unsigned int n_raw;
	int raw_error; /* expected errno values: the tables differ */
	int msf_error;
	int row;                       /* where its times go; -1: not timed */
	struct sockaddr_storage *room; /* MSF_GET_FILTER: where the answer goes */
};

/* Zeroed memory, or NULL. */
void *arena_alloc(struct arena *arena, size_t size);
void arena_fini(struct arena *arena);

/*
 * Fills in the raw side from the request. creates: the request makes the
 * membership, so that a raw full-state set needs a join first (kernels do not
 * join by themselves). 0 or -ENOMEM.
 */
int action_init(struct action *action, struct arena *arena,
		const struct msf_request *request, int creates);

/* Carries the action out through libmsf: 0 or -errno. */
int action_call_msf(const struct action *action, struct msf *msf, int fd);

/* The same with plain socket options. */
int action_call_raw(const struct action *action, int fd);

#endif
