/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A request, checked: what every call, option and ioctl becomes before it meets
 * the table. Interface resolved, list sorted, one family throughout.
 */
#ifndef LIB_REQUEST_H
#define LIB_REQUEST_H

#include <msf.h>

#include "base/table.h"
#include "fault.h"

/* Longer lists are refused before they are read: numsrc may be garbage. */
#define REQUEST_LIST_MAX    65536u
#define REQUEST_INLINE_LIST 16u

/*
 * A request as it arrived: the public form, and what only the old shapes have.
 */
struct request_input {
	struct msf_request request;
	enum fault fault;          /* found while the shape was read */
	enum fault fault_of_linux; /* the same, which only Linux minds */
	int family;                /* of the option's level; AF_UNSPEC: any */
	bool has_address;          /* the interface is named by address */
	struct in_addr address;
	const struct in_addr *ipv4_list; /* of struct ip_msfilter: instead of slist */
	bool is_mreq; /* IP_ADD/DROP_MEMBERSHIP, IPV6_JOIN/LEAVE_GROUP */
};

struct request {
	enum request_verb verb;
	int family;
	uint32_t ifindex; /* never 0, but where it is any and no route says which */
	struct addr group;
	struct addr source;
	struct source_set list;
	bool is_idempotent;
	bool is_mreq;
	bool is_any_interface; /* Linux: an IPv6 leave that ends it wherever it is */

	struct addr *storage; /* of list: owned, or inline_storage */
	struct addr inline_storage[2 * REQUEST_INLINE_LIST];
};

/*
 * Checks the arguments in the order of enum fault and makes the request. The
 * socket is looked at only when something is wrong. FAULT_NONE: *ret is to be
 * released by request_fini(). Otherwise *ret_position (may be NULL) tells which
 * address of the list is at fault.
 */
enum fault request_init(struct request *ret, const struct request_input *input,
			enum table table, int fd, uint32_t *ret_position);
void request_fini(struct request *rq);

/* The answer to MSF_GET_FILTER; as msf_get_filter(). */
void request_answer(const struct request *rq, const struct filter *filter,
		    uint32_t *fmode, uint32_t *numsrc, struct sockaddr_storage *slist);

#endif
