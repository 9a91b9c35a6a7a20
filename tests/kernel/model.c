/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The rules of RFC 3678 4.1.3 over bit sets, and the two tables' differences.
 * Invariant: INCLUDE {} is never a state; it is MODEL_NONE.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "model.h"
#include "system.h"
#include "tap.h"

bool model_is_equal(struct model_filter a, struct model_filter b)
{
	return a.mode == b.mode && (a.mode == MODEL_NONE || a.set == b.set);
}

unsigned int model_admit(struct model_filter filter)
{
	unsigned int all = (1u << NETNS_ADDRESSES) - 1;

	switch (filter.mode) {
	case MODEL_NONE:
		return 0;
	case MODEL_INCLUDE:
		return filter.set & all;
	case MODEL_EXCLUDE:
		return ~filter.set & all;
	}
	return 0;
}

static int add(unsigned int *set, unsigned int bit)
{
	if (*set & bit)
		return -EADDRNOTAVAIL;
	*set |= bit;
	return 0;
}

static int del(unsigned int *set, unsigned int bit)
{
	if (!(*set & bit))
		return -EADDRNOTAVAIL;
	*set &= ~bit;
	return 0;
}

/* Source requests: join and leave want INCLUDE, block and unblock EXCLUDE. */
static int apply_source(struct model_filter *filter, const struct model_request *request,
			bool is_linux)
{
	unsigned int bit = 1u << request->source;
	bool wants_include = request->verb == MSF_JOIN_SOURCE ||
			     request->verb == MSF_LEAVE_SOURCE;
	bool adds = request->verb == MSF_JOIN_SOURCE || request->verb == MSF_BLOCK_SOURCE;
	bool is_fresh = filter->mode == MODEL_EXCLUDE && filter->set == 0;

	if (filter->mode == MODEL_NONE && request->verb == MSF_JOIN_SOURCE) {
		*filter = (struct model_filter){ MODEL_INCLUDE, bit };
		return 0;
	}
	if (filter->mode == MODEL_NONE)
		return request->verb == MSF_LEAVE_SOURCE && !is_linux ? -EADDRNOTAVAIL
								      : -EINVAL;
	if (is_linux && is_fresh && request->verb == MSF_JOIN_SOURCE) {
		*filter = (struct model_filter){ MODEL_INCLUDE, bit };
		return 0;
	}
	if (is_linux && is_fresh && request->verb == MSF_LEAVE_SOURCE)
		return -EADDRNOTAVAIL;
	if (wants_include != (filter->mode == MODEL_INCLUDE))
		return -EINVAL;
	return adds ? add(&filter->set, bit) : del(&filter->set, bit);
}

static int apply_set(struct model_filter *filter, const struct model_request *request,
		     bool is_linux)
{
	struct model_filter wanted = { request->fmode == MCAST_INCLUDE ? MODEL_INCLUDE
								       : MODEL_EXCLUDE,
				       request->set };

	if (wanted.mode == MODEL_INCLUDE && wanted.set == 0)
		wanted.mode = MODEL_NONE;
	if (filter->mode == MODEL_NONE && wanted.mode == MODEL_NONE)
		return -EADDRNOTAVAIL;
	if (filter->mode == MODEL_NONE && is_linux)
		return -EINVAL;
	if (model_is_equal(*filter, wanted))
		return is_linux ? 0 : -EADDRINUSE;
	*filter = wanted;
	return 0;
}

static int apply(struct model_filter *filter, const struct model_request *request,
		 bool is_linux)
{
	switch (request->verb) {
	case MSF_JOIN_GROUP:
		if (filter->mode != MODEL_NONE)
			return -EADDRINUSE;
		*filter = (struct model_filter){ MODEL_EXCLUDE, 0 };
		return 0;
	case MSF_LEAVE_GROUP:
		if (filter->mode == MODEL_NONE)
			return -EADDRNOTAVAIL;
		filter->mode = MODEL_NONE;
		return 0;
	case MSF_SET_FILTER:
		return apply_set(filter, request, is_linux);
	case MSF_GET_FILTER:
		return filter->mode == MODEL_NONE ? -EADDRNOTAVAIL : 0;
	case MSF_JOIN_SOURCE:
	case MSF_LEAVE_SOURCE:
	case MSF_BLOCK_SOURCE:
	case MSF_UNBLOCK_SOURCE:
		return apply_source(filter, request, is_linux);
	}
	return -ENOSYS;
}

int model_apply(struct model_filter filter, const struct model_request *request,
		enum msf_semantics semantics, struct model_filter *ret)
{
	struct model_filter next = filter;
	int r = apply(&next, request, semantics == MSF_SEMANTICS_LINUX);

	if (next.mode == MODEL_INCLUDE && next.set == 0)
		next.mode = MODEL_NONE;
	*ret = r < 0 ? filter : next;
	return r;
}

static void print_set(char *text, unsigned int set)
{
	*text++ = '{';
	for (unsigned int i = 0; i < 32; i++)
		if (set >> i & 1)
			text += sprintf(text, "%x", i);
	strcpy(text, "}");
}

const char *model_print_filter(struct model_filter filter, char text[MODEL_TEXT])
{
	if (filter.mode == MODEL_NONE)
		return "none";
	strcpy(text, filter.mode == MODEL_INCLUDE ? "INCLUDE" : "EXCLUDE");
	print_set(text + 7, filter.set);
	return text;
}

const char *model_print_request(const struct model_request *request,
				char text[MODEL_TEXT])
{
	static const char *const names[] = {
		[MSF_JOIN_GROUP] = "join_group",
		[MSF_LEAVE_GROUP] = "leave_group",
		[MSF_JOIN_SOURCE] = "join_source",
		[MSF_LEAVE_SOURCE] = "leave_source",
		[MSF_BLOCK_SOURCE] = "block_source",
		[MSF_UNBLOCK_SOURCE] = "unblock_source",
		[MSF_SET_FILTER] = "set_",
		[MSF_GET_FILTER] = "get",
	};

	strcpy(text, names[request->verb]);
	if (request->verb >= MSF_JOIN_SOURCE && request->verb <= MSF_UNBLOCK_SOURCE) {
		sprintf(text + strlen(text), " %x", request->source);
	} else if (request->verb == MSF_SET_FILTER) {
		strcat(text, request->fmode == MCAST_INCLUDE ? "include" : "exclude");
		print_set(text + strlen(text), request->set);
	}
	return text;
}

void model_spell(const struct model_place *place, const struct model_request *request,
		 struct model_call *ret)
{
	int family = place->group.ss_family;
	uint32_t n = 0;

	ret->source = netns_source(family, place->link, request->source);
	/* Descending: lists are sets, the order must not matter. */
	for (unsigned int i = 32; i-- > 0;)
		if (request->set >> i & 1)
			ret->slist[n++] = netns_source(family, place->link, i);
	ret->request = (struct msf_request){
		.verb = request->verb,
		.ifindex = place->ifindex,
		.group = (const void *)&place->group,
		.source = (const void *)&ret->source,
		.fmode = request->fmode,
		.numsrc = n,
		.slist = n > 0 ? ret->slist : NULL,
	};
}

static int find_source(const struct model_place *place,
		       const struct sockaddr_storage *source)
{
	int family = place->group.ss_family;
	const struct sockaddr_in *sin = (const void *)source;
	const struct sockaddr_in6 *sin6 = (const void *)source;

	if (source->ss_family != family)
		return -1;
	for (int i = 0; i < 32; i++) {
		struct sockaddr_storage other = netns_source(family, place->link, i);
		const struct sockaddr_in *sin_other = (const void *)&other;
		const struct sockaddr_in6 *sin6_other = (const void *)&other;

		if (family == AF_INET
			    ? sin->sin_addr.s_addr == sin_other->sin_addr.s_addr
			    : memcmp(&sin6->sin6_addr, &sin6_other->sin6_addr, 16) == 0)
			return i;
	}
	return -1;
}

int model_open(model_delta *delta, const struct model_place *place,
	       struct model_filter filter)
{
	int fd = traffic_open_receiver(place->flavour), family = place->group.ss_family;
	enum msf_verb verb = filter.mode == MODEL_INCLUDE ? MSF_JOIN_SOURCE
							  : MSF_BLOCK_SOURCE;
	int r = 0;

	if (filter.mode == MODEL_EXCLUDE)
		r = delta(fd, MSF_JOIN_GROUP, place->ifindex, &place->group, NULL);
	for (unsigned int i = 0; r == 0 && filter.set >> i != 0; i++) {
		struct sockaddr_storage source = netns_source(family, place->link, i);

		if (filter.set >> i & 1)
			r = delta(fd, verb, place->ifindex, &place->group, &source);
	}
	if (r < 0)
		tap_bail_out("cannot make a member: %s", strerror(-r));
	return fd;
}

bool model_look(int fd, const struct model_place *place, struct model_filter *ret)
{
	struct raw_filter filter;
	unsigned int set = 0;

	ret->mode = MODEL_NONE;
	ret->set = 0;
	if (system_get_filter(fd, place->ifindex, &place->group, &filter) < 0)
		return true;
	for (uint32_t i = 0; i < filter.numsrc && i < RAW_MAX_SOURCES; i++) {
		int source = find_source(place, &filter.slist[i]);

		if (source < 0 || set >> source & 1)
			return false;
		set |= 1u << source;
	}
	ret->mode = filter.fmode == MCAST_INCLUDE ? MODEL_INCLUDE : MODEL_EXCLUDE;
	ret->set = set;
	return ret->mode != MODEL_INCLUDE || set != 0;
}
