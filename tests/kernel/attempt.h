/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Calls of libmsf, each to be tried while something fails: requests, which change the
 * filter of a socket or are refused, and what makes an object or a result. Those who make
 * them fail are test-kernel-alloc and test-fault-library.
 */
#ifndef ATTEMPT_H
#define ATTEMPT_H

#include <msf.h>

#include "model.h"
#include "shape.h"
#include "tap.h"

struct attempt_bench {
	struct tap tap;
	struct netns net;
	struct model_place place;
	struct msf *msf;
	int fd;
	const struct shape *shape; /* of requests */
	/* Of the request in hand. */
	struct model_filter before;
	struct model_request request;
};

/* What is asked of the library: 0 or -errno. A result goes to *made. */
struct attempt {
	const char *name;
	int (*run)(struct attempt_bench *self, void **made);
	void (*tidy)(void *made);
	/* How much there is in the result, or ATTEMPT_UNKNOWN; may be NULL. */
	unsigned int (*count)(void *made);
};

#define ATTEMPT_UNKNOWN UINT32_MAX

/* Hosts and networks; a list may have 64 sources. */
void attempt_init(struct attempt_bench *self);

/* Groups and sockets of this flavour. */
void attempt_choose(struct attempt_bench *self, enum flavour flavour);

typedef void attempt_visit(void *data, const struct attempt *attempt);

/* Calls visit() with each request that the shape can; or with each call that is none,
 * which finds a socket of one filter. */
void attempt_each_request(struct attempt_bench *self, attempt_visit *visit, void *data);
void attempt_each_other(struct attempt_bench *self, attempt_visit *visit, void *data);

/* A socket with the filter that the request finds, and a context. */
void attempt_prepare(struct attempt_bench *self);
void attempt_clear(struct attempt_bench *self);

/* The filter after the attempt. */
struct model_filter attempt_get_next(const struct attempt_bench *self,
				     const struct attempt *attempt);

/* That the socket has this filter. "where" says what failed. */
void attempt_expect_filter(struct attempt_bench *self, struct model_filter wanted,
			   const char *where);

/* After a refusal: that there is no result, that the filter and the memberships of the
 * interfaces, as netns_get_memberships() gave them before, are as they were, and that it
 * works now. */
void attempt_expect_refusal(struct attempt_bench *self, const struct attempt *attempt,
			    void *made, const char *memberships, const char *where);

#endif
