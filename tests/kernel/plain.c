/* SPDX-License-Identifier: BSD-2-Clause */
/* Requests by libc's own calls: RFC 3678 4.1, 4.2, 5.1, 5.2. */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "plain.h"

/* glibc gives up on larger values of IP_MSFILTER_SIZE only by its type. */
#define ROOM_SOURCES 64u

union bytes {
	struct ip_mreq mreq;
	struct ip_mreqn mreqn;
	struct ip_mreq_source mreq_source;
	struct ipv6_mreq mreq6;
	struct ip_msfilter msfilter;
	struct group_req group_req;
	struct group_source_req source_req;
	struct group_filter filter;
	unsigned char room[GROUP_FILTER_SIZE(ROOM_SOURCES)];
};

const char *plain_name(enum plain_shape shape)
{
	static const char *const names[] = {
		[PLAIN_IP] = "IP_*",
		[PLAIN_MREQ] = "ip_mreq",
		[PLAIN_IPV6] = "IPV6_*",
		[PLAIN_MCAST] = "MCAST_*",
		[PLAIN_CALL] = "sourcefilter()",
		[PLAIN_CALL4] = "ipv4sourcefilter()",
	};

	return names[shape];
}

bool plain_can(enum plain_shape shape, enum msf_verb verb, int family)
{
	bool is_join = verb == MSF_JOIN_GROUP || verb == MSF_LEAVE_GROUP;
	bool is_full = verb == MSF_SET_FILTER || verb == MSF_GET_FILTER;

	switch (shape) {
	case PLAIN_IP:
		return family == AF_INET;
	case PLAIN_MREQ:
		return family == AF_INET && is_join;
	case PLAIN_IPV6:
		return family == AF_INET6 && is_join;
	case PLAIN_MCAST:
		return true;
	case PLAIN_CALL:
		return is_full;
	case PLAIN_CALL4:
		return family == AF_INET && is_full;
	case N_PLAIN_SHAPES:
		break;
	}
	return false;
}

static struct in_addr get_ipv4(const struct sockaddr_storage *address)
{
	return ((const struct sockaddr_in *)(const void *)address)->sin_addr;
}

static struct sockaddr_storage make_ipv4(struct in_addr address)
{
	struct sockaddr_storage storage = { .ss_family = AF_INET };

	((struct sockaddr_in *)(void *)&storage)->sin_addr = address;
	return storage;
}

static int get_ip_option(enum msf_verb verb)
{
	static const int options[] = {
		[MSF_JOIN_GROUP] = IP_ADD_MEMBERSHIP,
		[MSF_LEAVE_GROUP] = IP_DROP_MEMBERSHIP,
		[MSF_JOIN_SOURCE] = IP_ADD_SOURCE_MEMBERSHIP,
		[MSF_LEAVE_SOURCE] = IP_DROP_SOURCE_MEMBERSHIP,
		[MSF_BLOCK_SOURCE] = IP_BLOCK_SOURCE,
		[MSF_UNBLOCK_SOURCE] = IP_UNBLOCK_SOURCE,
		[MSF_SET_FILTER] = IP_MSFILTER,
		[MSF_GET_FILTER] = IP_MSFILTER,
	};

	return options[verb];
}

static int get_mcast_option(enum msf_verb verb)
{
	static const int options[] = {
		[MSF_JOIN_GROUP] = MCAST_JOIN_GROUP,
		[MSF_LEAVE_GROUP] = MCAST_LEAVE_GROUP,
		[MSF_JOIN_SOURCE] = MCAST_JOIN_SOURCE_GROUP,
		[MSF_LEAVE_SOURCE] = MCAST_LEAVE_SOURCE_GROUP,
		[MSF_BLOCK_SOURCE] = MCAST_BLOCK_SOURCE,
		[MSF_UNBLOCK_SOURCE] = MCAST_UNBLOCK_SOURCE,
		[MSF_SET_FILTER] = MCAST_MSFILTER,
		[MSF_GET_FILTER] = MCAST_MSFILTER,
	};

	return options[verb];
}

static socklen_t encode_msfilter(const struct plain_request *rq, union bytes *ret)
{
	ret->msfilter.imsf_multiaddr = get_ipv4(&rq->group);
	ret->msfilter.imsf_interface = rq->ifaddr;
	ret->msfilter.imsf_fmode = rq->fmode;
	ret->msfilter.imsf_numsrc = rq->numsrc;
	for (uint32_t i = 0; i < rq->n_list; i++) {
		struct in_addr source = get_ipv4(&rq->list[i]);

		memcpy(ret->room + IP_MSFILTER_SIZE(i), &source, sizeof(source));
	}
	return IP_MSFILTER_SIZE(rq->n_list);
}

static socklen_t encode_filter(const struct plain_request *rq, union bytes *ret)
{
	ret->filter.gf_interface = rq->ifindex;
	ret->filter.gf_group = rq->group;
	ret->filter.gf_fmode = rq->fmode;
	ret->filter.gf_numsrc = rq->numsrc;
	for (uint32_t i = 0; i < rq->n_list; i++)
		memcpy(ret->room + GROUP_FILTER_SIZE(i), &rq->list[i],
		       sizeof(rq->list[i]));
	return GROUP_FILTER_SIZE(rq->n_list);
}

static socklen_t encode_join(const struct plain_request *rq, union bytes *ret)
{
	const struct sockaddr_in6 *sin6 = (const void *)&rq->group;

	if (rq->shape == PLAIN_IPV6) {
		ret->mreq6.ipv6mr_multiaddr = sin6->sin6_addr;
		ret->mreq6.ipv6mr_interface = rq->ifindex;
		return sizeof(ret->mreq6);
	}
	if (rq->shape == PLAIN_MREQ) {
		ret->mreq.imr_multiaddr = get_ipv4(&rq->group);
		ret->mreq.imr_interface = rq->ifaddr;
		return sizeof(ret->mreq);
	}
	if (rq->shape == PLAIN_IP) {
		ret->mreqn.imr_multiaddr = get_ipv4(&rq->group);
		ret->mreqn.imr_ifindex = rq->ifindex;
		return sizeof(ret->mreqn);
	}
	ret->group_req.gr_interface = rq->ifindex;
	ret->group_req.gr_group = rq->group;
	return sizeof(ret->group_req);
}

static socklen_t encode_source(const struct plain_request *rq, union bytes *ret)
{
	if (rq->shape == PLAIN_IP) {
		ret->mreq_source.imr_multiaddr = get_ipv4(&rq->group);
		ret->mreq_source.imr_interface = rq->ifaddr;
		ret->mreq_source.imr_sourceaddr = get_ipv4(&rq->source);
		return sizeof(ret->mreq_source);
	}
	ret->source_req.gsr_interface = rq->ifindex;
	ret->source_req.gsr_group = rq->group;
	ret->source_req.gsr_source = rq->source;
	return sizeof(ret->source_req);
}

static socklen_t encode(const struct plain_request *rq, union bytes *ret)
{
	memset(ret, 0, sizeof(*ret));
	if (rq->verb == MSF_SET_FILTER || rq->verb == MSF_GET_FILTER)
		return rq->shape == PLAIN_IP ? encode_msfilter(rq, ret)
					     : encode_filter(rq, ret);
	if (rq->verb == MSF_JOIN_GROUP || rq->verb == MSF_LEAVE_GROUP)
		return encode_join(rq, ret);
	return encode_source(rq, ret);
}

static uint32_t clamp(uint32_t n)
{
	return n < PLAIN_MAX_SOURCES ? n : PLAIN_MAX_SOURCES;
}

static void decode(const struct plain_request *rq, const union bytes *bytes,
		   struct plain_filter *ret)
{
	bool is_ip = rq->shape == PLAIN_IP;

	ret->is_joined = true;
	ret->fmode = is_ip ? bytes->msfilter.imsf_fmode : bytes->filter.gf_fmode;
	ret->numsrc = is_ip ? bytes->msfilter.imsf_numsrc : bytes->filter.gf_numsrc;
	ret->n_list = clamp(ret->numsrc < rq->numsrc ? ret->numsrc : rq->numsrc);
	for (uint32_t i = 0; i < ret->n_list; i++) {
		struct in_addr source;

		if (is_ip) {
			memcpy(&source, bytes->room + IP_MSFILTER_SIZE(i),
			       sizeof(source));
			ret->list[i] = make_ipv4(source);
		} else {
			memcpy(&ret->list[i], bytes->room + GROUP_FILTER_SIZE(i),
			       sizeof(ret->list[i]));
		}
	}
}

static int send_option(int fd, const struct plain_request *rq, struct plain_filter *ret)
{
	bool is_get = rq->verb == MSF_GET_FILTER;
	bool is_ip = rq->shape == PLAIN_IP || rq->shape == PLAIN_MREQ;
	int optname = rq->shape == PLAIN_MCAST     ? get_mcast_option(rq->verb)
		      : is_ip                      ? get_ip_option(rq->verb)
		      : rq->verb == MSF_JOIN_GROUP ? IPV6_JOIN_GROUP
						   : IPV6_LEAVE_GROUP;
	union bytes bytes;
	socklen_t len = encode(rq, &bytes);
	void *optval = rq->is_null ? NULL : &bytes;

	len = rq->is_empty ? 0 : len + rq->n_longer;
	if (!is_get && !rq->is_asked)
		return setsockopt(fd, rq->level, optname, optval, len) < 0 ? -errno : 0;
	if (getsockopt(fd, rq->level, optname, optval, &len) < 0)
		return -errno;
	if (is_get && !rq->is_null)
		decode(rq, &bytes, ret);
	return 0;
}

static int send_call(int fd, const struct plain_request *rq, struct plain_filter *ret)
{
	struct plain_filter filter = { .is_joined = true, .numsrc = rq->numsrc };
	struct sockaddr *group = (struct sockaddr *)(void *)&rq->group;
	socklen_t len = rq->group.ss_family == AF_INET ? sizeof(struct sockaddr_in)
						       : sizeof(struct sockaddr_in6);

	memcpy(filter.list, rq->list, sizeof(filter.list));
	if (rq->verb == MSF_SET_FILTER)
		return setsourcefilter(fd, rq->ifindex, group, len, rq->fmode, rq->numsrc,
				       filter.list) < 0
			       ? -errno
			       : 0;
	if (getsourcefilter(fd, rq->ifindex, group, len, &filter.fmode, &filter.numsrc,
			    filter.list) < 0)
		return -errno;
	filter.n_list = clamp(filter.numsrc < rq->numsrc ? filter.numsrc : rq->numsrc);
	*ret = filter;
	return 0;
}

static int send_call4(int fd, const struct plain_request *rq, struct plain_filter *ret)
{
	struct plain_filter filter = { .is_joined = true, .numsrc = rq->numsrc };
	struct in_addr list[PLAIN_MAX_SOURCES];

	for (uint32_t i = 0; i < PLAIN_MAX_SOURCES; i++)
		list[i] = get_ipv4(&rq->list[i]);
	if (rq->verb == MSF_SET_FILTER)
		return setipv4sourcefilter(fd, rq->ifaddr, get_ipv4(&rq->group),
					   rq->fmode, rq->numsrc, list) < 0
			       ? -errno
			       : 0;
	if (getipv4sourcefilter(fd, rq->ifaddr, get_ipv4(&rq->group), &filter.fmode,
				&filter.numsrc, list) < 0)
		return -errno;
	filter.n_list = clamp(filter.numsrc < rq->numsrc ? filter.numsrc : rq->numsrc);
	for (uint32_t i = 0; i < filter.n_list; i++)
		filter.list[i] = make_ipv4(list[i]);
	*ret = filter;
	return 0;
}

int plain_send(int fd, const struct plain_request *rq, struct plain_filter *ret)
{
	struct plain_filter unused;

	if (ret == NULL)
		ret = &unused;
	if (rq->shape == PLAIN_CALL)
		return send_call(fd, rq, ret);
	if (rq->shape == PLAIN_CALL4)
		return send_call4(fd, rq, ret);
	return send_option(fd, rq, ret);
}

static int compare(const void *a, const void *b)
{
	return strcmp(a, b);
}

void plain_print(const struct plain_filter *filter, char text[PLAIN_TEXT])
{
	char names[PLAIN_MAX_SOURCES][8];
	int n;

	if (!filter->is_joined) {
		snprintf(text, PLAIN_TEXT, "none");
		return;
	}
	/* Source i of a link ends in i + 1. */
	for (uint32_t i = 0; i < filter->n_list; i++) {
		const struct sockaddr_in6 *sin6 = (const void *)&filter->list[i];
		uint8_t last = filter->list[i].ss_family == AF_INET
				       ? ntohl(get_ipv4(&filter->list[i]).s_addr)
				       : sin6->sin6_addr.s6_addr[15];

		snprintf(names[i], sizeof(names[i]), "%x", (uint8_t)(last - 1));
	}
	qsort(names, filter->n_list, sizeof(names[0]), compare);
	n = snprintf(text, PLAIN_TEXT, "%s{",
		     filter->fmode == MCAST_INCLUDE ? "INCLUDE" : "EXCLUDE");
	for (uint32_t i = 0; i < filter->n_list; i++)
		n += snprintf(text + n, PLAIN_TEXT - n, "%s", names[i]);
	snprintf(text + n, PLAIN_TEXT - n, filter->numsrc > filter->n_list ? "}/%u" : "}",
		 filter->numsrc);
}

void plain_look(int fd, uint32_t ifindex, const struct sockaddr_storage *group,
		char text[PLAIN_TEXT])
{
	struct plain_request rq = {
		.shape = PLAIN_MCAST,
		.verb = MSF_GET_FILTER,
		.level = group->ss_family == AF_INET ? IPPROTO_IP : IPPROTO_IPV6,
		.ifindex = ifindex,
		.group = *group,
		.numsrc = PLAIN_MAX_SOURCES,
		.n_list = PLAIN_MAX_SOURCES,
	};
	struct plain_filter filter = { .is_joined = false };
	int r = plain_send(fd, &rq, &filter);

	plain_print(&filter, text);
	if (r < 0 && r != -EADDRNOTAVAIL)
		snprintf(text, PLAIN_TEXT, "%s", strerrorname_np(-r));
}
