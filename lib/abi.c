/* SPDX-License-Identifier: BSD-2-Clause */
/* The shapes as a table, one reader and one writer for each structure. */
#include "abi.h"

#include <string.h>

#include "sockaddr.h"

/* clang-format off */
static const struct abi_shape options[] = {
	{ IPPROTO_IP, IP_ADD_MEMBERSHIP, MSF_JOIN_GROUP, ABI_MREQ },
	{ IPPROTO_IP, IP_DROP_MEMBERSHIP, MSF_LEAVE_GROUP, ABI_MREQ },
	{ IPPROTO_IP, IP_ADD_SOURCE_MEMBERSHIP, MSF_JOIN_SOURCE, ABI_MREQ_SOURCE },
	{ IPPROTO_IP, IP_DROP_SOURCE_MEMBERSHIP, MSF_LEAVE_SOURCE, ABI_MREQ_SOURCE },
	{ IPPROTO_IP, IP_BLOCK_SOURCE, MSF_BLOCK_SOURCE, ABI_MREQ_SOURCE },
	{ IPPROTO_IP, IP_UNBLOCK_SOURCE, MSF_UNBLOCK_SOURCE, ABI_MREQ_SOURCE },
	{ IPPROTO_IP, IP_MSFILTER, MSF_SET_FILTER, ABI_MSFILTER },
	{ IPPROTO_IPV6, IPV6_JOIN_GROUP, MSF_JOIN_GROUP, ABI_MREQ6 },
	{ IPPROTO_IPV6, IPV6_LEAVE_GROUP, MSF_LEAVE_GROUP, ABI_MREQ6 },
	{ -1, MCAST_JOIN_GROUP, MSF_JOIN_GROUP, ABI_GROUP_REQ },
	{ -1, MCAST_LEAVE_GROUP, MSF_LEAVE_GROUP, ABI_GROUP_REQ },
	{ -1, MCAST_JOIN_SOURCE_GROUP, MSF_JOIN_SOURCE, ABI_GROUP_SOURCE_REQ },
	{ -1, MCAST_LEAVE_SOURCE_GROUP, MSF_LEAVE_SOURCE, ABI_GROUP_SOURCE_REQ },
	{ -1, MCAST_BLOCK_SOURCE, MSF_BLOCK_SOURCE, ABI_GROUP_SOURCE_REQ },
	{ -1, MCAST_UNBLOCK_SOURCE, MSF_UNBLOCK_SOURCE, ABI_GROUP_SOURCE_REQ },
	{ -1, MCAST_MSFILTER, MSF_SET_FILTER, ABI_GROUP_FILTER },
};

static const struct {
	unsigned long request;
	struct abi_shape shape;
} ioctls[] = {
	{ SIOCSIPMSFILTER, { IPPROTO_IP, 0, MSF_SET_FILTER, ABI_MSFILTER } },
	{ SIOCGIPMSFILTER, { IPPROTO_IP, 0, MSF_GET_FILTER, ABI_MSFILTER } },
	{ SIOCSMSFILTER, { -1, 0, MSF_SET_FILTER, ABI_GROUP_FILTER } },
	{ SIOCGMSFILTER, { -1, 0, MSF_GET_FILTER, ABI_GROUP_FILTER } },
};
/* clang-format on */

const struct abi_shape *abi_find_option(int level, int optname)
{
	if (level != IPPROTO_IP && level != IPPROTO_IPV6)
		return NULL;
	for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++)
		if (options[i].optname == optname &&
		    (options[i].level == -1 || options[i].level == level))
			return &options[i];
	return NULL;
}

const struct abi_shape *abi_find_ioctl(unsigned long request)
{
	for (size_t i = 0; i < sizeof(ioctls) / sizeof(ioctls[0]); i++)
		if (ioctls[i].request == request)
			return &ioctls[i].shape;
	return NULL;
}

static void set_ipv4(struct sockaddr_storage *ss, struct in_addr addr)
{
	struct sockaddr_in sin = { .sin_family = AF_INET, .sin_addr = addr };

	memcpy(ss, &sin, sizeof(sin));
}

static void set_interface(struct request_input *input, struct in_addr address)
{
	input->has_address = address.s_addr != INADDR_ANY;
	input->address = address;
}

static void decode_mreq(const void *value, size_t len, struct abi_request *ret)
{
	struct ip_mreqn mreqn = { 0 };

	/* a shorter one is a struct ip_mreq, which begins as ip_mreqn does */
	memcpy(&mreqn, value,
	       len < sizeof(mreqn) ? sizeof(struct ip_mreq) : sizeof(mreqn));
	set_ipv4(&ret->group, mreqn.imr_multiaddr);
	set_interface(&ret->input, mreqn.imr_address);
	ret->input.request.ifindex = (uint32_t)mreqn.imr_ifindex;
	ret->input.is_mreq = true;
}

static void decode_mreq_source(const void *value, struct abi_request *ret)
{
	struct ip_mreq_source mreqs;

	memcpy(&mreqs, value, sizeof(mreqs));
	set_ipv4(&ret->group, mreqs.imr_multiaddr);
	set_ipv4(&ret->source, mreqs.imr_sourceaddr);
	set_interface(&ret->input, mreqs.imr_interface);
}

static void decode_msfilter(const void *value, struct abi_request *ret)
{
	struct request_input *input = &ret->input;
	struct ip_msfilter head = { .imsf_numsrc = 0 };

	memcpy(&head, value, IP_MSFILTER_SIZE(0));
	set_ipv4(&ret->group, head.imsf_multiaddr);
	set_interface(input, head.imsf_interface);
	input->request.fmode = head.imsf_fmode;
	input->request.numsrc = head.imsf_numsrc;
	input->ipv4_list = (const void *)((const char *)value + IP_MSFILTER_SIZE(0));
}

static void decode_mreq6(const void *value, struct abi_request *ret)
{
	struct sockaddr_in6 sin6 = { .sin6_family = AF_INET6 };
	struct ipv6_mreq mreq;

	memcpy(&mreq, value, sizeof(mreq));
	sin6.sin6_addr = mreq.ipv6mr_multiaddr;
	memcpy(&ret->group, &sin6, sizeof(sin6));
	ret->input.request.ifindex = mreq.ipv6mr_interface;
	ret->input.is_mreq = true;
}

static void decode_group_req(const void *value, struct abi_request *ret)
{
	struct group_req req;

	memcpy(&req, value, sizeof(req));
	ret->group = req.gr_group;
	ret->input.request.ifindex = req.gr_interface;
}

static void decode_group_source_req(const void *value, struct abi_request *ret)
{
	struct group_source_req req;

	memcpy(&req, value, sizeof(req));
	ret->group = req.gsr_group;
	ret->source = req.gsr_source;
	ret->input.request.ifindex = req.gsr_interface;
}

static void decode_group_filter(const void *value, struct abi_request *ret)
{
	struct msf_request *request = &ret->input.request;
	struct group_filter head = { .gf_numsrc = 0 };

	memcpy(&head, value, GROUP_FILTER_SIZE(0));
	ret->group = head.gf_group;
	request->ifindex = head.gf_interface;
	request->fmode = head.gf_fmode;
	request->numsrc = head.gf_numsrc;
	request->slist = (const void *)((const char *)value + GROUP_FILTER_SIZE(0));
}

static struct in_addr to_ipv4(struct addr a)
{
	return (struct in_addr){ htonl(addr_ipv4(a)) };
}

static socklen_t encode_msfilter(const struct abi_values *values,
				 struct ip_msfilter *ret_filter)
{
	char *list = (char *)ret_filter + IP_MSFILTER_SIZE(0);

	ret_filter->imsf_multiaddr = to_ipv4(values->group);
	ret_filter->imsf_interface = values->interface;
	ret_filter->imsf_fmode = values->fmode;
	ret_filter->imsf_numsrc = values->list.n;
	for (uint32_t i = 0; i < values->list.n; i++) {
		struct in_addr source = to_ipv4(values->list.addr[i]);

		memcpy(list + i * sizeof(source), &source, sizeof(source));
	}
	return IP_MSFILTER_SIZE(0) + values->list.n * sizeof(struct in_addr);
}

static socklen_t encode_group_filter(const struct abi_values *values,
				     struct group_filter *ret_filter)
{
	ret_filter->gf_interface = values->ifindex;
	ret_filter->gf_fmode = values->fmode;
	ret_filter->gf_numsrc = values->list.n;
	sockaddr_set(&ret_filter->gf_group, values->family, values->group);
	for (uint32_t i = 0; i < values->list.n; i++)
		sockaddr_set(&ret_filter->gf_slist[i], values->family,
			     values->list.addr[i]);
	return GROUP_FILTER_SIZE(values->list.n);
}

static socklen_t encode_group_source_req(const struct abi_values *values,
					 struct group_source_req *ret_req)
{
	ret_req->gsr_interface = values->ifindex;
	sockaddr_set(&ret_req->gsr_group, values->family, values->group);
	sockaddr_set(&ret_req->gsr_source, values->family, values->source);
	return sizeof(*ret_req);
}

static socklen_t encode_group_req(const struct abi_values *values,
				  struct group_req *ret_req)
{
	ret_req->gr_interface = values->ifindex;
	sockaddr_set(&ret_req->gr_group, values->family, values->group);
	return sizeof(*ret_req);
}

static socklen_t encode_mreq6(const struct abi_values *values, struct ipv6_mreq *ret_mreq)
{
	addr_to_bytes(values->group, ret_mreq->ipv6mr_multiaddr.s6_addr);
	ret_mreq->ipv6mr_interface = values->ifindex;
	return sizeof(*ret_mreq);
}

static socklen_t encode_mreq(const struct abi_values *values, struct ip_mreqn *ret_mreq)
{
	*ret_mreq = (struct ip_mreqn){ to_ipv4(values->group), values->interface,
				       (int)values->ifindex };
	return sizeof(*ret_mreq);
}

static socklen_t encode_mreq_source(const struct abi_values *values,
				    struct ip_mreq_source *ret_mreq)
{
	ret_mreq->imr_multiaddr = to_ipv4(values->group);
	ret_mreq->imr_interface = values->interface;
	ret_mreq->imr_sourceaddr = to_ipv4(values->source);
	return sizeof(*ret_mreq);
}

socklen_t abi_encode(enum abi_struct layout, const struct abi_values *values,
		     void *ret_value)
{
	switch (layout) {
	case ABI_MREQ:
		return encode_mreq(values, ret_value);
	case ABI_MREQ_SOURCE:
		return encode_mreq_source(values, ret_value);
	case ABI_MSFILTER:
		return encode_msfilter(values, ret_value);
	case ABI_MREQ6:
		return encode_mreq6(values, ret_value);
	case ABI_GROUP_REQ:
		return encode_group_req(values, ret_value);
	case ABI_GROUP_SOURCE_REQ:
		return encode_group_source_req(values, ret_value);
	case ABI_GROUP_FILTER:
		return encode_group_filter(values, ret_value);
	}
	return 0;
}

void abi_encode_filter(const struct abi_shape *shape, uint32_t fmode, uint32_t numsrc,
		       void *value)
{
	bool is_ipv4 = shape->layout == ABI_MSFILTER;
	char *bytes = value;

	memcpy(bytes + (is_ipv4 ? offsetof(struct ip_msfilter, imsf_fmode)
				: offsetof(struct group_filter, gf_fmode)),
	       &fmode, sizeof(fmode));
	memcpy(bytes + (is_ipv4 ? offsetof(struct ip_msfilter, imsf_numsrc)
				: offsetof(struct group_filter, gf_numsrc)),
	       &numsrc, sizeof(numsrc));
}

uint64_t abi_get_filter_size(const struct abi_shape *shape, uint32_t n)
{
	return shape->layout == ABI_MSFILTER
		       ? IP_MSFILTER_SIZE(0) + n * (uint64_t)sizeof(struct in_addr)
		       : GROUP_FILTER_SIZE(0) +
				 n * (uint64_t)sizeof(struct sockaddr_storage);
}

static size_t least_size(enum abi_struct layout)
{
	switch (layout) {
	case ABI_MREQ:
		return sizeof(struct ip_mreq);
	case ABI_MREQ_SOURCE:
		return sizeof(struct ip_mreq_source);
	case ABI_MSFILTER:
		return IP_MSFILTER_SIZE(0);
	case ABI_MREQ6:
		return sizeof(struct ipv6_mreq);
	case ABI_GROUP_REQ:
		return sizeof(struct group_req);
	case ABI_GROUP_SOURCE_REQ:
		return sizeof(struct group_source_req);
	case ABI_GROUP_FILTER:
		return GROUP_FILTER_SIZE(0);
	}
	return 0;
}

static void decode_structure(const struct abi_shape *shape, const void *value, size_t len,
			     struct abi_request *ret)
{
	switch (shape->layout) {
	case ABI_MREQ:
		decode_mreq(value, len, ret);
		break;
	case ABI_MREQ_SOURCE:
		decode_mreq_source(value, ret);
		break;
	case ABI_MSFILTER:
		decode_msfilter(value, ret);
		break;
	case ABI_MREQ6:
		decode_mreq6(value, ret);
		break;
	case ABI_GROUP_REQ:
		decode_group_req(value, ret);
		break;
	case ABI_GROUP_SOURCE_REQ:
		decode_group_source_req(value, ret);
		break;
	case ABI_GROUP_FILTER:
		decode_group_filter(value, ret);
		break;
	}
}

/* A list that Linux calls too long before it looks for its bytes. */
#define LINUX_SOURCES_MAX 0x1ffffffu

/* Linux wants these to be exactly as long as they are, at this level. */
static bool is_too_long(const struct abi_shape *shape, int level, size_t len)
{
	bool is_source = shape->layout == ABI_MREQ_SOURCE ||
			 shape->layout == ABI_GROUP_SOURCE_REQ;

	return is_source && level == IPPROTO_IP && len > least_size(shape->layout);
}

static int family_of(const struct abi_shape *shape, int level)
{
	if (shape->layout == ABI_GROUP_FILTER && !shape->optname)
		return AF_UNSPEC; /* an ioctl has no level */
	return level == IPPROTO_IP ? AF_INET : AF_INET6;
}

void abi_decode(const struct abi_shape *shape, enum msf_verb verb, int level,
		const void *value, size_t len, struct abi_request *ret)
{
	struct request_input *input = &ret->input;

	memset(ret, 0, sizeof(*ret));
	input->request.verb = verb;
	input->request.group = (struct sockaddr *)&ret->group;
	input->request.source = (struct sockaddr *)&ret->source;
	input->family = family_of(shape, level);
	if (!value) {
		input->fault = FAULT_NULL;
		/* a NULL of no length may be a missing length */
		if ((len && len < least_size(shape->layout)) ||
		    is_too_long(shape, level, len))
			input->fault_of_linux = FAULT_LENGTH;
	} else if (len < least_size(shape->layout)) {
		input->fault = FAULT_LENGTH;
	} else {
		decode_structure(shape, value, len, ret);
		if (is_too_long(shape, level, len))
			input->fault_of_linux = FAULT_LENGTH;
		if (verb == MSF_SET_FILTER && input->request.numsrc >= LINUX_SOURCES_MAX)
			input->fault_of_linux = FAULT_LIST_LENGTH;
		/* an ioctl() has no length */
		if (verb == MSF_SET_FILTER && len < SIZE_MAX &&
		    len < abi_get_filter_size(shape, input->request.numsrc))
			input->fault = FAULT_LENGTH;
	}
}
