/* SPDX-License-Identifier: BSD-2-Clause */
/* The delta and full-state calls of the public interface. */
#include "api.h"

#include <errno.h>

#include "backend.h"
#include "context.h"

static int check(struct msf **msf, int fd, const struct request_input *input,
		 struct request *ret)
{
	enum fault fault;
	int r = context_get(*msf, msf);

	if (r < 0)
		return r;
	fault = request_init(ret, input, (*msf)->table, fd, NULL);
	if (!fault)
		return 0;
	return fault_get_error(fault, (*msf)->table, ret->verb, ret->family == AF_INET);
}

int api_apply(struct msf *msf, int fd, const struct request_input *input)
{
	struct request rq;
	int r = check(&msf, fd, input, &rq);

	if (r < 0)
		return r;
	r = backend_apply(msf, fd, &rq);
	request_fini(&rq);
	return r;
}

int api_get(struct msf *msf, int fd, struct request_input *input, uint32_t *fmode,
	    uint32_t *numsrc, struct sockaddr_storage *slist)
{
	struct request rq;
	int r;

	if (!input->fault && (!fmode || !numsrc || (*numsrc && !slist)))
		input->fault = FAULT_NULL;
	r = check(&msf, fd, input, &rq);
	if (r < 0)
		return r;
	r = backend_get(msf, fd, &rq, fmode, numsrc, slist);
	request_fini(&rq);
	return r;
}

int msf_apply_request(struct msf *msf, int fd, const struct msf_request *request)
{
	struct request_input input = { .fault = FAULT_NULL };

	if (request) {
		input.request = *request;
		input.fault = request->verb == MSF_GET_FILTER ? FAULT_VERB : FAULT_NONE;
	}
	return api_apply(msf, fd, &input);
}

static int apply_group(struct msf *msf, int fd, enum msf_verb verb, uint32_t ifindex,
		       const struct sockaddr *group, const struct sockaddr *source)
{
	struct request_input input = { .request = { .verb = verb,
						    .ifindex = ifindex,
						    .group = group,
						    .source = source } };

	return api_apply(msf, fd, &input);
}

int msf_join_group(struct msf *msf, int fd, uint32_t ifindex,
		   const struct sockaddr *group)
{
	return apply_group(msf, fd, MSF_JOIN_GROUP, ifindex, group, NULL);
}

int msf_leave_group(struct msf *msf, int fd, uint32_t ifindex,
		    const struct sockaddr *group)
{
	return apply_group(msf, fd, MSF_LEAVE_GROUP, ifindex, group, NULL);
}

int msf_join_source(struct msf *msf, int fd, uint32_t ifindex,
		    const struct sockaddr *group, const struct sockaddr *source)
{
	return apply_group(msf, fd, MSF_JOIN_SOURCE, ifindex, group, source);
}

int msf_leave_source(struct msf *msf, int fd, uint32_t ifindex,
		     const struct sockaddr *group, const struct sockaddr *source)
{
	return apply_group(msf, fd, MSF_LEAVE_SOURCE, ifindex, group, source);
}

int msf_block_source(struct msf *msf, int fd, uint32_t ifindex,
		     const struct sockaddr *group, const struct sockaddr *source)
{
	return apply_group(msf, fd, MSF_BLOCK_SOURCE, ifindex, group, source);
}

int msf_unblock_source(struct msf *msf, int fd, uint32_t ifindex,
		       const struct sockaddr *group, const struct sockaddr *source)
{
	return apply_group(msf, fd, MSF_UNBLOCK_SOURCE, ifindex, group, source);
}

int msf_set_filter(struct msf *msf, int fd, uint32_t ifindex,
		   const struct sockaddr *group, uint32_t fmode, uint32_t numsrc,
		   const struct sockaddr_storage *slist, unsigned int flags)
{
	struct request_input input = { .request = { .verb = MSF_SET_FILTER,
						    .ifindex = ifindex,
						    .group = group,
						    .fmode = fmode,
						    .numsrc = numsrc,
						    .slist = slist,
						    .flags = flags } };

	return api_apply(msf, fd, &input);
}

int msf_get_filter(struct msf *msf, int fd, uint32_t ifindex,
		   const struct sockaddr *group, uint32_t *fmode, uint32_t *numsrc,
		   struct sockaddr_storage *slist)
{
	struct request_input input = {
		.request = { .verb = MSF_GET_FILTER, .ifindex = ifindex, .group = group }
	};

	return api_get(msf, fd, &input, fmode, numsrc, slist);
}
