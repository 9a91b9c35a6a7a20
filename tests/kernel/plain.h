/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Source filter requests as any program makes them: libc's setsockopt(), getsockopt()
 * and the full-state functions of RFC 3678, without the library, so that what stands
 * between a program and its kernel answers. A request is described before it becomes
 * bytes, for what is wrong in it to be put in.
 */
#ifndef PLAIN_H
#define PLAIN_H

#include <msf.h>
#include <stdbool.h>

#include "traffic.h"

enum plain_shape {
	PLAIN_IP,    /* IP_ADD_MEMBERSHIP and its like, ip_mreqn; IP_MSFILTER */
	PLAIN_MREQ,  /* the joins among them by ip_mreq */
	PLAIN_IPV6,  /* IPV6_JOIN_GROUP, IPV6_LEAVE_GROUP */
	PLAIN_MCAST, /* MCAST_JOIN_GROUP and its like; MCAST_MSFILTER */
	PLAIN_CALL,  /* setsourcefilter(), getsourcefilter() */
	PLAIN_CALL4, /* setipv4sourcefilter(), getipv4sourcefilter() */
	N_PLAIN_SHAPES
};

const char *plain_name(enum plain_shape shape);
bool plain_can(enum plain_shape shape, enum msf_verb verb, int family);

#define PLAIN_MAX_SOURCES 16u

struct plain_request {
	enum plain_shape shape;
	enum msf_verb verb;
	int level; /* of the option */
	uint32_t ifindex;
	struct in_addr ifaddr; /* the same interface */
	struct sockaddr_storage group;
	struct sockaddr_storage source;
	uint32_t fmode;
	uint32_t numsrc; /* as told; the list has n_list */
	uint32_t n_list;
	struct sockaddr_storage list[PLAIN_MAX_SOURCES];
	/* What can be wrong with an option value. */
	int n_longer;  /* bytes more than it has */
	bool is_empty; /* no bytes at all */
	bool is_null;
	bool is_asked; /* a delta, by getsockopt() */
};

struct plain_filter {
	bool is_joined;
	uint32_t fmode;
	uint32_t numsrc; /* the total */
	uint32_t n_list;
	struct sockaddr_storage list[PLAIN_MAX_SOURCES];
};

/* 0 or -errno. A get answers in *ret, which may be NULL for the others. */
int plain_send(int fd, const struct plain_request *rq, struct plain_filter *ret);

/* What a get of MCAST_MSFILTER says, or "none"; the list in ascending order. */
#define PLAIN_TEXT 128
void plain_print(const struct plain_filter *filter, char text[PLAIN_TEXT]);
void plain_look(int fd, uint32_t ifindex, const struct sockaddr_storage *group,
		char text[PLAIN_TEXT]);

#endif
