/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The kernel backend: makes the table true on Linux with the kernel's own
 * source filters. The kernel is the truth; nothing is remembered between calls.
 */
#ifndef LIB_KERNEL_H
#define LIB_KERNEL_H

#include "context.h"
#include "request.h"

/* Room for one filter on its way from or to the kernel. */
struct kernel_buffer;
void kernel_buffer_free(struct kernel_buffer *buffer);

/* Carries out any request but GET_FILTER: 0 or a negative errno value. */
int kernel_apply(struct msf *msf, int fd, const struct request *rq);

/*
 * Reads the filter of (ifindex, group) of the request. *numsrc in: room in
 * slist; out: all there are.
 */
int kernel_get(struct msf *msf, int fd, const struct request *rq, uint32_t *fmode,
	       uint32_t *numsrc, struct sockaddr_storage *slist);

/* What the kernel holds for a membership, without its sources. */
struct kernel_held {
	enum filter_mode mode; /* FILTER_NONE also for a leftover */
	uint32_t n_sources;    /* as stored: duplicates count */
	bool is_leftover;      /* a membership INCLUDE {}, which is none */
};

/* 0, or what getsockopt() says of the socket. */
int kernel_look(int fd, const struct request *rq, struct kernel_held *ret);

/*
 * Would a list of n sources be taken, for a group that is not joined? 0, or
 * -ENOBUFS, or another error of the socket. Leaves no trace. -ENOMEM.
 */
int kernel_try_length(struct msf *msf, int fd, const struct request *rq, uint32_t n);

/* 1: the source is in the stored list, 0: it is not (or there is none). */
int kernel_has_source(struct msf *msf, int fd, const struct request *rq);

#endif
