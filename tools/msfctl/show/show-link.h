/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * show-link: what the kernel tells of a link that has to do with multicast, and what
 * the bridge that it is, or is a port of, has heard of queriers (RFC 4541 2.1.1).
 */
#ifndef MSFCTL_SHOW_LINK_H
#define MSFCTL_SHOW_LINK_H

#include <stdint.h>
#include <sys/socket.h>

struct show_link {
	int64_t n_multicast; /* multicast frames received; -1: not known */
	struct sockaddr_storage querier, querier6; /* AF_UNSPEC: none known */
};

/* 0 or -errno; then nothing is known. */
int show_link_read(uint32_t ifindex, struct show_link *ret);

#endif
