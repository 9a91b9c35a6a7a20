/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Actions (RFC 3678 5.1 and 5.2). The option structures are built once: the raw
 * side is charged for nothing but its system calls.
 */
#include "action.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

void *arena_alloc(struct arena *arena, size_t size)
{
	void **block = realloc(arena->block, (arena->n + 1) * sizeof(*block));
	void *p;

	if (!block)
		return NULL;
	arena->block = block;
	p = calloc(1, size);
	if (p)
		arena->block[arena->n++] = p;
	return p;
}

void arena_fini(struct arena *arena)
{
	for (size_t i = 0; i < arena->n; i++)
		free(arena->block[i]);
	free(arena->block);
	*arena = (struct arena){ 0 };
}

static size_t sockaddr_size(const struct sockaddr *sa)
{
	return sa->sa_family == AF_INET ? sizeof(struct sockaddr_in)
					: sizeof(struct sockaddr_in6);
}

static int add_group_req(struct action *action, struct arena *arena, int optname)
{
	const struct sockaddr *group = action->request.group;
	struct group_req *req = arena_alloc(arena, sizeof(*req));

	if (!req)
		return -ENOMEM;
	req->gr_interface = action->request.ifindex;
	memcpy(&req->gr_group, group, sockaddr_size(group));
	action->raw[action->n_raw++] = (struct raw_option){ optname, req, sizeof(*req) };
	return 0;
}

static int add_source_req(struct action *action, struct arena *arena, int optname)
{
	const struct sockaddr *group = action->request.group;
	const struct sockaddr *source = action->request.source;
	struct group_source_req *req = arena_alloc(arena, sizeof(*req));

	if (!req)
		return -ENOMEM;
	req->gsr_interface = action->request.ifindex;
	memcpy(&req->gsr_group, group, sockaddr_size(group));
	memcpy(&req->gsr_source, source, sockaddr_size(source));
	action->raw[action->n_raw++] = (struct raw_option){ optname, req, sizeof(*req) };
	return 0;
}

static int add_group_filter(struct action *action, struct arena *arena)
{
	const struct msf_request *request = &action->request;
	size_t size = GROUP_FILTER_SIZE(request->numsrc);
	struct group_filter *filter = arena_alloc(arena, size);

	if (!filter)
		return -ENOMEM;
	filter->gf_interface = request->ifindex;
	memcpy(&filter->gf_group, request->group, sockaddr_size(request->group));
	filter->gf_fmode = request->fmode;
	filter->gf_numsrc = request->numsrc;
	if (request->slist)
		memcpy(filter->gf_slist, request->slist,
		       request->numsrc * sizeof(*request->slist));
	action->raw[action->n_raw++] = (struct raw_option){ MCAST_MSFILTER, filter,
							    (socklen_t)size };
	return 0;
}

int action_init(struct action *action, struct arena *arena,
		const struct msf_request *request, int creates)
{
	*action = (struct action){ .request = *request, .row = -1 };

	switch (request->verb) {
	case MSF_JOIN_GROUP:
		return add_group_req(action, arena, MCAST_JOIN_GROUP);
	case MSF_LEAVE_GROUP:
		return add_group_req(action, arena, MCAST_LEAVE_GROUP);
	case MSF_JOIN_SOURCE:
		return add_source_req(action, arena, MCAST_JOIN_SOURCE_GROUP);
	case MSF_LEAVE_SOURCE:
		return add_source_req(action, arena, MCAST_LEAVE_SOURCE_GROUP);
	case MSF_BLOCK_SOURCE:
		return add_source_req(action, arena, MCAST_BLOCK_SOURCE);
	case MSF_UNBLOCK_SOURCE:
		return add_source_req(action, arena, MCAST_UNBLOCK_SOURCE);
	case MSF_SET_FILTER:
		if (creates && add_group_req(action, arena, MCAST_JOIN_GROUP) < 0)
			return -ENOMEM;
		return add_group_filter(action, arena);
	case MSF_GET_FILTER:
		action->room = arena_alloc(arena,
					   request->numsrc * sizeof(*action->room));
		return action->room ? add_group_filter(action, arena) : -ENOMEM;
	}
	return -EINVAL;
}

static int call_get(const struct action *action, struct msf *msf, int fd)
{
	const struct msf_request *q = &action->request;
	uint32_t fmode, numsrc = q->numsrc;

	return msf_get_filter(msf, fd, q->ifindex, q->group, &fmode, &numsrc,
			      action->room);
}

int action_call_msf(const struct action *action, struct msf *msf, int fd)
{
	const struct msf_request *q = &action->request;

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
		return call_get(action, msf, fd);
	}
	return -EINVAL;
}

int action_call_raw(const struct action *action, int fd)
{
	int level = action->request.group->sa_family == AF_INET ? IPPROTO_IP
								: IPPROTO_IPV6;

	for (unsigned int i = 0; i < action->n_raw; i++) {
		const struct raw_option *raw = &action->raw[i];
		socklen_t optlen = raw->optlen;
		int r;

		if (action->request.verb == MSF_GET_FILTER)
			r = getsockopt(fd, level, raw->optname, raw->optval, &optlen);
		else
			r = setsockopt(fd, level, raw->optname, raw->optval, optlen);
		if (r < 0)
			return -errno;
	}
	return 0;
}
