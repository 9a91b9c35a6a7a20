/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The kernel backend: makes the table true on Linux with the kernel's own
 * source filters. The kernel is the truth; nothing is remembered between calls.
 */
#ifndef LIB_KERNEL_H
#define LIB_KERNEL_H

#include "kernel-call.h"

/* Carries out any request but GET_FILTER: 0 or a negative errno value. */
int kernel_apply(struct msf *msf, int fd, const struct request *rq);

/*
 * Reads the filter of (ifindex, group) of the request. *numsrc in: room in
 * slist; out: all there are.
 */
int kernel_get(struct msf *msf, int fd, const struct request *rq, uint32_t *fmode,
	       uint32_t *numsrc, struct sockaddr_storage *slist);

/*
 * Would a list of n sources be taken, for a group that is not joined? 0, or
 * -ENOBUFS, or another error of the socket. Leaves no trace. -ENOMEM.
 */
int kernel_try_length(struct msf *msf, int fd, const struct request *rq, uint32_t n);

#endif
