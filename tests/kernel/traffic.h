/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Who is heard? One packet from each source of a link goes to a group, a unicast
 * sentinel follows, and the receiver is read up to the sentinel. The process is
 * pinned to one CPU, so that the loop-back queue keeps the order: what did not
 * come before the sentinel will not come at all.
 */
#ifndef TRAFFIC_H
#define TRAFFIC_H

#include <sys/types.h>

#include "netns.h"

/* How a receiver and its groups belong together. */
enum flavour {
	FLAVOUR_IPV4,
	FLAVOUR_IPV4_ON_IPV6, /* an IPv4 group on an AF_INET6 socket */
	FLAVOUR_IPV6,
	N_FLAVOURS
};

const char *flavour_name(enum flavour flavour);
int flavour_get_family(enum flavour flavour); /* of groups and sources */
int flavour_get_domain(enum flavour flavour); /* of the socket */

struct traffic {
	int fd[NETNS_LINKS][2][NETNS_ADDRESSES]; /* senders; [1]: IPv6 */
	uint32_t sequence;
	/* recv(); or the library's, where nothing else filters */
	ssize_t (*receive)(int fd, void *buf, size_t len, int flags);
};

/* Pins the process to the CPU that it is on. traffic_init() does. */
void traffic_pin(void);

void traffic_init(struct traffic *traffic, const struct netns *net);
void traffic_fini(struct traffic *traffic);

/* A bound UDP receiver. IP_MULTICAST_ALL is as the system makes it. */
int traffic_open_receiver(enum flavour flavour);

/* The same with IP_MULTICAST_ALL and IPV6_MULTICAST_ALL off: it hears its own
 * memberships and nothing else. */
int traffic_open_strict_receiver(enum flavour flavour);

/* IP_MULTICAST_ALL or IPV6_MULTICAST_ALL as the kernel has it: 0 or 1. */
int traffic_get_multicast_all(int fd, int family);
void traffic_set_multicast_all(int fd, int on);

/* The sources heard, as bits. */
unsigned int traffic_hear(struct traffic *traffic, int fd, unsigned int link,
			  const struct sockaddr_storage *group);

#endif
