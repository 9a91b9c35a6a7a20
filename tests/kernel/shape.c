/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Requests in the shapes of RFC 3678 4, 5 and appendix A. The shapes that name an
 * interface by address find its first IPv4 address themselves; an interface that
 * is not there becomes 10.255.255.1, which nobody has.
 */
#include <errno.h>
#include <net/if.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "shape.h"

static struct in_addr get_ipv4(const struct sockaddr *address)
{
	return ((const struct sockaddr_in *)address)->sin_addr;
}

/* The address of the interface; index 0 is INADDR_ANY. */
static struct in_addr get_interface_address(uint32_t ifindex)
{
	struct sockaddr_in sin = { .sin_addr.s_addr = htonl(0x0affff01) };
	struct ifreq request = { 0 };
	int fd;

	if (ifindex == 0)
		return (struct in_addr){ 0 };
	if (if_indextoname(ifindex, request.ifr_name) == NULL)
		return sin.sin_addr;
	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (ioctl(fd, SIOCGIFADDR, &request) == 0)
		memcpy(&sin, &request.ifr_addr, sizeof(sin));
	close(fd);
	return sin.sin_addr;
}

static int get_level(const struct msf_request *request)
{
	return request->group->sa_family == AF_INET ? IPPROTO_IP : IPPROTO_IPV6;
}

static void copy_address(struct sockaddr_storage *to, const void *from)
{
	const struct sockaddr *address = from;

	memset(to, 0, sizeof(*to));
	memcpy(to, from,
	       address->sa_family == AF_INET ? sizeof(struct sockaddr_in)
					     : sizeof(struct sockaddr_in6));
}

static void encode_mreq(const struct msf_request *request, struct shape_bytes *ret)
{
	bool is_join = request->verb == MSF_JOIN_GROUP;

	ret->level = IPPROTO_IP;
	ret->optname = is_join ? IP_ADD_MEMBERSHIP : IP_DROP_MEMBERSHIP;
	ret->len = sizeof(ret->mreq);
	ret->mreq.imr_multiaddr = get_ipv4(request->group);
	ret->mreq.imr_interface = get_interface_address(request->ifindex);
}

static void encode_mreqn(const struct msf_request *request, struct shape_bytes *ret)
{
	bool is_join = request->verb == MSF_JOIN_GROUP;

	ret->level = IPPROTO_IP;
	ret->optname = is_join ? IP_ADD_MEMBERSHIP : IP_DROP_MEMBERSHIP;
	ret->len = sizeof(ret->mreqn);
	ret->mreqn.imr_multiaddr = get_ipv4(request->group);
	ret->mreqn.imr_ifindex = request->ifindex;
}

static void encode_msfilter(const struct msf_request *request, struct shape_bytes *ret)
{
	ret->level = IPPROTO_IP;
	ret->optname = IP_MSFILTER;
	ret->door = request->verb == MSF_SET_FILTER ? DOOR_SETSOCKOPT : DOOR_GETSOCKOPT;
	ret->is_ipv4_list = true;
	ret->len = IP_MSFILTER_SIZE(request->numsrc);
	ret->msfilter.imsf_multiaddr = get_ipv4(request->group);
	ret->msfilter.imsf_interface = get_interface_address(request->ifindex);
	ret->msfilter.imsf_fmode = request->fmode;
	ret->msfilter.imsf_numsrc = request->numsrc;
	if (request->verb != MSF_SET_FILTER)
		return;
	for (uint32_t i = 0; i < request->numsrc; i++) {
		struct in_addr source = get_ipv4((const void *)&request->slist[i]);

		memcpy(ret->room + IP_MSFILTER_SIZE(i), &source, sizeof(source));
	}
}

static void encode_ip_source(const struct msf_request *request, struct shape_bytes *ret)
{
	static const int options[] = {
		[MSF_JOIN_SOURCE] = IP_ADD_SOURCE_MEMBERSHIP,
		[MSF_LEAVE_SOURCE] = IP_DROP_SOURCE_MEMBERSHIP,
		[MSF_BLOCK_SOURCE] = IP_BLOCK_SOURCE,
		[MSF_UNBLOCK_SOURCE] = IP_UNBLOCK_SOURCE,
	};

	if (request->verb == MSF_SET_FILTER || request->verb == MSF_GET_FILTER) {
		encode_msfilter(request, ret);
		return;
	}
	ret->level = IPPROTO_IP;
	ret->optname = options[request->verb];
	ret->len = sizeof(ret->mreq_source);
	ret->mreq_source.imr_multiaddr = get_ipv4(request->group);
	ret->mreq_source.imr_interface = get_interface_address(request->ifindex);
	ret->mreq_source.imr_sourceaddr = get_ipv4(request->source);
}

static void encode_mreq6(const struct msf_request *request, struct shape_bytes *ret)
{
	bool is_join = request->verb == MSF_JOIN_GROUP;

	ret->level = IPPROTO_IPV6;
	ret->optname = is_join ? IPV6_JOIN_GROUP : IPV6_LEAVE_GROUP;
	ret->len = sizeof(ret->mreq6);
	ret->mreq6.ipv6mr_multiaddr =
		((const struct sockaddr_in6 *)(const void *)request->group)->sin6_addr;
	ret->mreq6.ipv6mr_interface = request->ifindex;
}

static void encode_group_filter(const struct msf_request *request,
				struct shape_bytes *ret)
{
	ret->level = get_level(request);
	ret->optname = MCAST_MSFILTER;
	ret->door = request->verb == MSF_SET_FILTER ? DOOR_SETSOCKOPT : DOOR_GETSOCKOPT;
	ret->len = GROUP_FILTER_SIZE(request->numsrc);
	ret->filter.gf_interface = request->ifindex;
	copy_address(&ret->filter.gf_group, request->group);
	ret->filter.gf_fmode = request->fmode;
	ret->filter.gf_numsrc = request->numsrc;
	if (request->verb != MSF_SET_FILTER)
		return;
	for (uint32_t i = 0; i < request->numsrc; i++)
		copy_address((void *)(ret->room + GROUP_FILTER_SIZE(i)),
			     &request->slist[i]);
}

static void encode_mcast(const struct msf_request *request, struct shape_bytes *ret)
{
	static const int options[] = {
		[MSF_JOIN_GROUP] = MCAST_JOIN_GROUP,
		[MSF_LEAVE_GROUP] = MCAST_LEAVE_GROUP,
		[MSF_JOIN_SOURCE] = MCAST_JOIN_SOURCE_GROUP,
		[MSF_LEAVE_SOURCE] = MCAST_LEAVE_SOURCE_GROUP,
		[MSF_BLOCK_SOURCE] = MCAST_BLOCK_SOURCE,
		[MSF_UNBLOCK_SOURCE] = MCAST_UNBLOCK_SOURCE,
	};

	if (request->verb == MSF_SET_FILTER || request->verb == MSF_GET_FILTER) {
		encode_group_filter(request, ret);
		return;
	}
	ret->level = get_level(request);
	ret->optname = options[request->verb];
	if (request->verb == MSF_JOIN_GROUP || request->verb == MSF_LEAVE_GROUP) {
		ret->len = sizeof(ret->group_req);
		ret->group_req.gr_interface = request->ifindex;
		copy_address(&ret->group_req.gr_group, request->group);
		return;
	}
	ret->len = sizeof(ret->source_req);
	ret->source_req.gsr_interface = request->ifindex;
	copy_address(&ret->source_req.gsr_group, request->group);
	copy_address(&ret->source_req.gsr_source, request->source);
}

static void encode_ioctl4(const struct msf_request *request, struct shape_bytes *ret)
{
	encode_msfilter(request, ret);
	ret->door = DOOR_IOCTL;
	ret->ioctl = request->verb == MSF_SET_FILTER ? SIOCSIPMSFILTER : SIOCGIPMSFILTER;
}

static void encode_ioctl(const struct msf_request *request, struct shape_bytes *ret)
{
	encode_group_filter(request, ret);
	ret->door = DOOR_IOCTL;
	ret->ioctl = request->verb == MSF_SET_FILTER ? SIOCSMSFILTER : SIOCGMSFILTER;
}

static int apply_msf(struct msf *msf, int fd, const struct msf_request *q)
{
	switch (q->verb) {
	case MSF_JOIN_GROUP:
		return msf_join_group(msf, fd, q->ifindex, q->group);
	case MSF_LEAVE_GROUP:
		return msf_leave_group(msf, fd, q->ifindex, q->group);
	case MSF_JOIN_SOURCE:
		return msf_join_source(msf, fd, q->ifindex, q->group, q->source);
	case MSF_LEAVE_SOURCE:
		return msf_leave_source(msf, fd, q->ifindex, q->group, q->source);
	case MSF_BLOCK_SOURCE:
		return msf_block_source(msf, fd, q->ifindex, q->group, q->source);
	case MSF_UNBLOCK_SOURCE:
		return msf_unblock_source(msf, fd, q->ifindex, q->group, q->source);
	case MSF_SET_FILTER:
		return msf_set_filter(msf, fd, q->ifindex, q->group, q->fmode, q->numsrc,
				      q->slist, q->flags);
	case MSF_GET_FILTER:
		break;
	}
	return -ENOSYS;
}

static int get_msf(struct msf *msf, int fd, const struct msf_request *q,
		   struct raw_filter *filter)
{
	return msf_get_filter(msf, fd, q->ifindex, q->group, &filter->fmode,
			      &filter->numsrc, filter->slist);
}

static int apply_sourcefilter(struct msf *msf, int fd, const struct msf_request *q)
{
	(void)msf;
	return msf_setsourcefilter(fd, q->ifindex, (struct sockaddr *)q->group,
				   sizeof(struct sockaddr_storage), q->fmode, q->numsrc,
				   (struct sockaddr_storage *)q->slist) < 0
		       ? -errno
		       : 0;
}

static int get_sourcefilter(struct msf *msf, int fd, const struct msf_request *q,
			    struct raw_filter *filter)
{
	(void)msf;
	return msf_getsourcefilter(fd, q->ifindex, (struct sockaddr *)q->group,
				   sizeof(struct sockaddr_storage), &filter->fmode,
				   &filter->numsrc, filter->slist) < 0
		       ? -errno
		       : 0;
}

static int apply_ipv4sourcefilter(struct msf *msf, int fd, const struct msf_request *q)
{
	struct in_addr slist[SHAPE_MAX_SOURCES];

	(void)msf;
	for (uint32_t i = 0; i < q->numsrc && q->slist != NULL; i++)
		slist[i] = get_ipv4((const void *)&q->slist[i]);
	return msf_setipv4sourcefilter(fd, get_interface_address(q->ifindex),
				       get_ipv4(q->group), q->fmode, q->numsrc,
				       q->slist != NULL ? slist : NULL) < 0
		       ? -errno
		       : 0;
}

/* A list of struct in_addr as one of struct sockaddr_storage. */
static void widen(const struct in_addr *slist, uint32_t n, struct raw_filter *filter)
{
	memset(filter->slist, 0, n * sizeof(filter->slist[0]));
	for (uint32_t i = 0; i < n; i++) {
		struct sockaddr_in *sin = (void *)&filter->slist[i];

		sin->sin_family = AF_INET;
		sin->sin_addr = slist[i];
	}
}

static int get_ipv4sourcefilter(struct msf *msf, int fd, const struct msf_request *q,
				struct raw_filter *filter)
{
	struct in_addr slist[RAW_MAX_SOURCES];
	uint32_t room = filter->numsrc;

	(void)msf;
	if (msf_getipv4sourcefilter(fd, get_interface_address(q->ifindex),
				    get_ipv4(q->group), &filter->fmode, &filter->numsrc,
				    slist) < 0)
		return -errno;
	widen(slist, filter->numsrc < room ? filter->numsrc : room, filter);
	return 0;
}

#define BIT(x)    (1u << (x))
#define ANY_GROUP (BIT(MSF_JOIN_GROUP) | BIT(MSF_LEAVE_GROUP))
#define SOURCES                                                                 \
	(BIT(MSF_JOIN_SOURCE) | BIT(MSF_LEAVE_SOURCE) | BIT(MSF_BLOCK_SOURCE) | \
	 BIT(MSF_UNBLOCK_SOURCE))
#define STATE        (BIT(MSF_SET_FILTER) | BIT(MSF_GET_FILTER))
#define IPV4_GROUPS  (BIT(FLAVOUR_IPV4) | BIT(FLAVOUR_IPV4_ON_IPV6))
#define ALL_FLAVOURS (IPV4_GROUPS | BIT(FLAVOUR_IPV6))

const struct shape shapes[] = {
	{ "msf_*()", ANY_GROUP | SOURCES | STATE, ALL_FLAVOURS, NULL, apply_msf,
	  get_msf },
	{ "msf_apply_request()", ANY_GROUP | SOURCES | BIT(MSF_SET_FILTER), ALL_FLAVOURS,
	  NULL, msf_apply_request, NULL },
	{ "struct ip_mreq", ANY_GROUP, IPV4_GROUPS, encode_mreq, NULL, NULL },
	{ "struct ip_mreqn", ANY_GROUP, IPV4_GROUPS, encode_mreqn, NULL, NULL },
	{ "IP_*", SOURCES | STATE, IPV4_GROUPS, encode_ip_source, NULL, NULL },
	{ "IPV6_*", ANY_GROUP, BIT(FLAVOUR_IPV6), encode_mreq6, NULL, NULL },
	{ "MCAST_*", ANY_GROUP | SOURCES | STATE, ALL_FLAVOURS, encode_mcast, NULL,
	  NULL },
	{ "SIOC*IPMSFILTER", STATE, IPV4_GROUPS, encode_ioctl4, NULL, NULL },
	{ "SIOC*MSFILTER", STATE, ALL_FLAVOURS, encode_ioctl, NULL, NULL },
	{ "*sourcefilter()", STATE, ALL_FLAVOURS, NULL, apply_sourcefilter,
	  get_sourcefilter },
	{ "*ipv4sourcefilter()", STATE, IPV4_GROUPS, NULL, apply_ipv4sourcefilter,
	  get_ipv4sourcefilter },
};
const unsigned int n_shapes = sizeof(shapes) / sizeof(shapes[0]);

bool shape_can(const struct shape *shape, enum msf_verb verb, enum flavour flavour)
{
	return shape->verbs >> verb & shape->flavours >> flavour & 1;
}

int shape_send(int fd, struct shape_bytes *bytes)
{
	switch (bytes->door) {
	case DOOR_SETSOCKOPT:
		return msf_setsockopt(fd, bytes->level, bytes->optname, bytes->room,
				      bytes->len) < 0
			       ? -errno
			       : 0;
	case DOOR_GETSOCKOPT:
		return msf_getsockopt(fd, bytes->level, bytes->optname, bytes->room,
				      &bytes->len) < 0
			       ? -errno
			       : 0;
	case DOOR_IOCTL:
		return msf_ioctl(fd, bytes->ioctl, bytes->room) < 0 ? -errno : 0;
	}
	return -ENOSYS;
}

int shape_apply(const struct shape *shape, struct msf *msf, int fd,
		const struct msf_request *request)
{
	struct shape_bytes bytes = { .door = DOOR_SETSOCKOPT };

	if (shape->encode == NULL)
		return shape->apply(msf, fd, request);
	shape->encode(request, &bytes);
	return shape_send(fd, &bytes);
}

void shape_decode(const struct shape_bytes *bytes, uint32_t room,
		  struct raw_filter *filter)
{
	uint32_t n;

	filter->fmode = bytes->is_ipv4_list ? bytes->msfilter.imsf_fmode
					    : bytes->filter.gf_fmode;
	filter->numsrc = bytes->is_ipv4_list ? bytes->msfilter.imsf_numsrc
					     : bytes->filter.gf_numsrc;
	n = filter->numsrc < room ? filter->numsrc : room;
	if (bytes->is_ipv4_list)
		widen((const void *)(bytes->room + IP_MSFILTER_SIZE(0)), n, filter);
	else
		memcpy(filter->slist, bytes->room + GROUP_FILTER_SIZE(0),
		       n * sizeof(filter->slist[0]));
}

int shape_get(const struct shape *shape, struct msf *msf, int fd,
	      const struct msf_request *request, struct raw_filter *filter)
{
	struct shape_bytes bytes = { .door = DOOR_GETSOCKOPT };
	struct msf_request get = *request;
	int r;

	if (shape->encode == NULL)
		return shape->get(msf, fd, request, filter);
	get.numsrc = filter->numsrc;
	shape->encode(&get, &bytes);
	r = shape_send(fd, &bytes);
	if (r == 0)
		shape_decode(&bytes, get.numsrc, filter);
	return r;
}
