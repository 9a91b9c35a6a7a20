/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The shapes in which requests reach a kernel: socket options and ioctls with
 * their structures (RFC 3678 4.1, 5.1, 8; RFC 3493 5.2).
 */
#ifndef LIB_ABI_H
#define LIB_ABI_H

#include "request.h"

enum abi_struct {
	ABI_MREQ,             /* struct ip_mreq or ip_mreqn, by length */
	ABI_MREQ_SOURCE,      /* struct ip_mreq_source */
	ABI_MSFILTER,         /* struct ip_msfilter */
	ABI_MREQ6,            /* struct ipv6_mreq */
	ABI_GROUP_REQ,        /* struct group_req */
	ABI_GROUP_SOURCE_REQ, /* struct group_source_req */
	ABI_GROUP_FILTER,     /* struct group_filter */
};

struct abi_shape {
	int level; /* -1: IPPROTO_IP and IPPROTO_IPV6 */
	int optname;
	enum msf_verb verb;
	enum abi_struct layout;
};

/* A request in one of the shapes, with storage for what it points to. */
struct abi_request {
	struct request_input input;
	struct sockaddr_storage group;
	struct sockaddr_storage source;
};

/* NULL: no option of this API. */
const struct abi_shape *abi_find_option(int level, int optname);

/* NULL: no ioctl of this API. verb is MSF_SET_FILTER or MSF_GET_FILTER. */
const struct abi_shape *abi_find_ioctl(unsigned long request);

/*
 * Reads a structure of len bytes; what is wrong with its length is left in
 * input.fault. verb is the shape's, or MSF_GET_FILTER. Lists are not copied.
 */
void abi_decode(const struct abi_shape *shape, enum msf_verb verb, int level,
		const void *value, size_t len, struct abi_request *ret);

/* What a structure is to say; what its layout has no place for is not said. */
struct abi_values {
	int family;
	uint32_t ifindex;
	struct in_addr interface; /* where it is named by address */
	struct addr group;
	struct addr source;
	uint32_t fmode;
	struct source_set list;
};

/*
 * The way back: writes the structure and returns its length. ret_value has room
 * for it, and is zeroed where the structure has padding.
 */
socklen_t abi_encode(enum abi_struct layout, const struct abi_values *values,
		     void *ret_value);

/* Writes mode and number of sources into a filter structure. */
void abi_encode_filter(const struct abi_shape *shape, uint32_t fmode, uint32_t numsrc,
		       void *value);

/* The bytes of a filter structure with n sources, which may be more than fit into the
 * memory of a 32-bit program. */
uint64_t abi_get_filter_size(const struct abi_shape *shape, uint32_t n);

#endif
