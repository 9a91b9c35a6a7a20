/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The argument checks, in the order of enum fault. Each stage looks at what the
 * stages before it have found sound.
 */
#include "request.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "interface.h"
#include "sockaddr.h"
#include "socket.h"

static bool has_source(enum msf_verb verb)
{
	switch (verb) {
	case MSF_JOIN_SOURCE:
	case MSF_LEAVE_SOURCE:
	case MSF_BLOCK_SOURCE:
	case MSF_UNBLOCK_SOURCE:
		return true;
	case MSF_JOIN_GROUP:
	case MSF_LEAVE_GROUP:
	case MSF_SET_FILTER:
	case MSF_GET_FILTER:
		return false;
	}
	return false;
}

/* As the table calls it; GET_FILTER for a verb that is none. */
static enum request_verb get_verb(const struct msf_request *request)
{
	switch (request->verb) {
	case MSF_JOIN_GROUP:
		return JOIN_GROUP;
	case MSF_LEAVE_GROUP:
		return LEAVE_GROUP;
	case MSF_JOIN_SOURCE:
		return JOIN_SOURCE;
	case MSF_LEAVE_SOURCE:
		return LEAVE_SOURCE;
	case MSF_BLOCK_SOURCE:
		return BLOCK_SOURCE;
	case MSF_UNBLOCK_SOURCE:
		return UNBLOCK_SOURCE;
	case MSF_SET_FILTER:
		return request->fmode == MCAST_INCLUDE ? SET_INCLUDE : SET_EXCLUDE;
	case MSF_GET_FILTER:
		break;
	}
	return GET_FILTER;
}

static uint32_t list_length(const struct msf_request *request)
{
	return request->verb == MSF_SET_FILTER ? request->numsrc : 0;
}

static enum fault check_shape(const struct request_input *input)
{
	const struct msf_request *request = &input->request;

	if (input->fault)
		return input->fault;
	if ((unsigned int)request->verb > MSF_GET_FILTER)
		return FAULT_VERB;
	if (!request->group || (has_source(request->verb) && !request->source))
		return FAULT_NULL;
	if (list_length(request) && !request->slist && !input->ipv4_list)
		return FAULT_NULL;
	if (request->verb != MSF_SET_FILTER)
		return FAULT_NONE;
	if (request->fmode != MCAST_INCLUDE && request->fmode != MCAST_EXCLUDE)
		return FAULT_MODE;
	return request->flags & ~MSF_IDEMPOTENT ? FAULT_FLAGS : FAULT_NONE;
}

static enum fault check_families(const struct request_input *input)
{
	const struct msf_request *request = &input->request;
	int family = request->group->sa_family;

	if (!sockaddr_length(family))
		return FAULT_FAMILY;
	if (has_source(request->verb) && request->source->sa_family != family)
		return FAULT_SOURCE_FAMILY;
	if (input->family != AF_UNSPEC && input->family != family)
		return FAULT_LEVEL_FAMILY;
	return FAULT_NONE;
}

static enum fault check_group(struct request *rq, const struct msf_request *request)
{
	enum sockaddr_outcome outcome = sockaddr_get(request->group, &rq->group);

	rq->family = request->group->sa_family;
	if (outcome == SOCKADDR_MAPPED)
		return FAULT_GROUP_MAPPED;
	return addr_is_multicast(rq->group) ? FAULT_NONE : FAULT_GROUP_NOT_MULTICAST;
}

static enum fault check_source(const struct sockaddr *sa, enum table table,
			       struct addr *ret_source)
{
	enum sockaddr_outcome outcome = sockaddr_get(sa, ret_source);

	if (table == TABLE_LINUX)
		return FAULT_NONE;
	if (outcome == SOCKADDR_MAPPED)
		return FAULT_SOURCE_MAPPED;
	return addr_is_sender(*ret_source) ? FAULT_NONE : FAULT_SOURCE_NOT_SENDER;
}

/* The list may lie in a structure of any alignment. */
static const struct sockaddr *get_listed(const struct msf_request *request, uint32_t i)
{
	return (const struct sockaddr *)((const char *)request->slist +
					 i * sizeof(*request->slist));
}

/* Linux takes what stands where a sin6_addr would. */
static bool is_family_ignored(const struct msf_request *request, enum table table)
{
	return table == TABLE_LINUX && request->group->sa_family == AF_INET6;
}

static struct addr get_ipv6(const struct sockaddr *sa)
{
	return addr_from_bytes((const uint8_t *)sa +
			       offsetof(struct sockaddr_in6, sin6_addr));
}

static enum fault read_listed(const struct request_input *input, enum table table,
			      uint32_t i, struct addr *ret_source)
{
	struct sockaddr_in sin = { .sin_family = AF_INET };

	if (!input->ipv4_list) {
		const struct sockaddr *sa = get_listed(&input->request, i);

		if (is_family_ignored(&input->request, table)) {
			*ret_source = get_ipv6(sa);
			return FAULT_NONE;
		}
		if (sockaddr_get_family(sa) != input->request.group->sa_family)
			return FAULT_LIST_FAMILY;
		return check_source(sa, table, ret_source);
	}
	memcpy(&sin.sin_addr, (const char *)input->ipv4_list + i * sizeof(sin.sin_addr),
	       sizeof(sin.sin_addr));
	return check_source((const struct sockaddr *)&sin, table, ret_source);
}

static enum fault read_list(struct request *rq, const struct request_input *input,
			    enum table table, uint32_t n, uint32_t *ret_position)
{
	for (uint32_t i = 0; i < n; i++) {
		enum fault fault = read_listed(input, table, i, &rq->storage[i]);

		if (fault) {
			*ret_position = i;
			return fault;
		}
	}
	return FAULT_NONE;
}

/* The first address of the list that stands in it before. */
static uint32_t find_duplicate(const struct request *rq,
			       const struct request_input *input, uint32_t n)
{
	char *is_seen = (char *)(rq->storage + n); /* done with as scratch */
	struct addr a = { 0 };
	uint32_t position;

	memset(is_seen, 0, n);
	for (uint32_t i = 0; i < n; i++) {
		read_listed(input, TABLE_LINUX, i, &a);
		source_set_has(&rq->list, a, &position);
		if (is_seen[position]++)
			return i;
	}
	return 0;
}

static enum fault check_list(struct request *rq, const struct request_input *input,
			     enum table table, uint32_t *ret_position)
{
	uint32_t n = list_length(&input->request);
	enum fault fault;

	if (n > REQUEST_LIST_MAX)
		return FAULT_LIST_LENGTH;
	if (n > REQUEST_INLINE_LIST) {
		rq->storage = malloc(2 * n * sizeof(*rq->storage));
		if (!rq->storage)
			return FAULT_MEMORY;
	}
	fault = read_list(rq, input, table, n, ret_position);
	if (fault)
		return fault;
	rq->list.addr = rq->storage;
	rq->list.n = source_set_sort(rq->storage, n, rq->storage + n);
	if (rq->list.n != n && table == TABLE_STRICT) {
		*ret_position = find_duplicate(rq, input, n);
		return FAULT_DUPLICATE;
	}
	return FAULT_NONE;
}

/*
 * Foreign families in the list come before what is wrong with addresses; but
 * only when something is wrong is a pass over the list worth it.
 */
static enum fault find_earlier_fault(const struct request_input *input, enum table table,
				     enum fault fault, uint32_t *ret_position)
{
	const struct msf_request *request = &input->request;
	uint32_t n = input->ipv4_list ? 0 : list_length(request);

	if (fault <= FAULT_LIST_FAMILY || fault == FAULT_MEMORY || n > REQUEST_LIST_MAX ||
	    is_family_ignored(request, table))
		return fault;
	for (uint32_t i = 0; i < n; i++) {
		if (sockaddr_get_family(get_listed(request, i)) !=
		    request->group->sa_family) {
			*ret_position = i;
			return FAULT_LIST_FAMILY;
		}
	}
	return fault;
}

static enum fault check_interface(struct request *rq, const struct request_input *input,
				  enum table table)
{
	enum fault fault;

	rq->ifindex = input->request.ifindex;
	if (rq->ifindex)
		return FAULT_NONE;
	if (input->has_address)
		return interface_find_address(
			addr_from_ipv4(ntohl(input->address.s_addr)), &rq->ifindex);
	fault = interface_find_route(rq->group, rq->family, &rq->ifindex);
	rq->is_any_interface = table == TABLE_LINUX && rq->verb == LEAVE_GROUP &&
			       rq->family == AF_INET6;
	return rq->is_any_interface && fault == FAULT_NO_ROUTE ? FAULT_NONE : fault;
}

/* Linux begins with the socket: SOL_IPV6 is unknown to one that is AF_INET. */
static bool is_level_unknown(const struct request_input *input, int fd)
{
	int family = input->family;

	if (family == AF_UNSPEC && input->request.group)
		family = input->request.group->sa_family;
	return family == AF_INET6 &&
	       socket_find_fault(fd, AF_INET6) == FAULT_SOCKET_FAMILY;
}

static enum fault check_all(struct request *rq, const struct request_input *input,
			    enum table table, uint32_t *ret_position)
{
	const struct msf_request *request = &input->request;
	enum fault fault = table == TABLE_LINUX ? input->fault_of_linux : FAULT_NONE;

	if (!fault)
		fault = check_shape(input);
	if (!fault)
		fault = check_families(input);
	if (!fault)
		fault = check_group(rq, request);
	if (!fault && has_source(request->verb))
		fault = check_source(request->source, table, &rq->source);
	if (!fault)
		fault = check_list(rq, input, table, ret_position);
	if (!fault)
		fault = check_interface(rq, input, table);
	return fault;
}

enum fault request_init(struct request *ret, const struct request_input *input,
			enum table table, int fd, uint32_t *ret_position)
{
	const struct msf_request *request = &input->request;
	uint32_t position = 0;
	enum fault fault, of_socket;
	int family = AF_UNSPEC;

	ret->verb = get_verb(request);
	ret->is_idempotent = request->flags & MSF_IDEMPOTENT;
	ret->is_mreq = input->is_mreq;
	ret->is_any_interface = false;
	ret->family = input->family;
	ret->group = ret->source = (struct addr){ 0 };
	ret->list = (struct source_set){ 0 };
	ret->storage = ret->inline_storage;
	fault = check_all(ret, input, table, &position);
	if (!fault)
		return FAULT_NONE;

	request_fini(ret);
	if (table == TABLE_LINUX && is_level_unknown(input, fd)) {
		ret->family = AF_INET6;
		return FAULT_SOCKET_FAMILY;
	}
	/* the list is looked at last by Linux */
	if (table != TABLE_LINUX || fault != FAULT_LEVEL_FAMILY)
		fault = find_earlier_fault(input, table, fault, &position);
	if (fault > FAULT_LEVEL_FAMILY)
		family = ret->family;
	of_socket = socket_find_fault(fd, family);
	if (of_socket && of_socket < fault &&
	    fault_get_error(of_socket, table, ret->verb, false))
		fault = of_socket;
	if (ret_position)
		*ret_position = position;
	return fault;
}

void request_fini(struct request *rq)
{
	if (rq->storage != rq->inline_storage)
		free(rq->storage);
	rq->storage = rq->inline_storage;
}

void request_answer(const struct request *rq, const struct filter *filter,
		    uint32_t *fmode, uint32_t *numsrc, struct sockaddr_storage *slist)
{
	const struct source_set *list = &filter->sources;

	for (uint32_t i = 0; i < list->n && i < *numsrc; i++) {
		memset(&slist[i], 0, sizeof(slist[i]));
		sockaddr_set(&slist[i], rq->family, list->addr[i]);
	}
	*numsrc = list->n;
	*fmode = filter->mode == FILTER_INCLUDE ? MCAST_INCLUDE : MCAST_EXCLUDE;
}
