/* SPDX-License-Identifier: BSD-2-Clause */
/* See refuse.h. */
#include "refuse.h"

#include <errno.h>

#include "socket.h"

int refuse_request(struct msf *msf, int fd, const struct request *rq, int error)
{
	enum fault fault;
	int r;

	if (error == -ENOMEM)
		return error;
	fault = socket_find_fault(fd, rq->family);
	if (!fault && !socket_has_interface(fd, rq->ifindex))
		fault = FAULT_INTERFACE;
	r = fault_get_error(fault, msf->table, rq->verb, rq->family == AF_INET);
	return r ? r : error;
}

int refuse_creator(struct msf *msf, int fd, const struct request *rq, bool *ret_is_dual)
{
	enum fault fault = socket_find_join_fault(fd, rq->family, ret_is_dual);

	/* Linux itself looks at the type for the oldest options only. */
	if (msf->table == TABLE_LINUX && fault == FAULT_SOCKET_TYPE)
		return rq->is_mreq ? -EPROTO : 0;
	if (msf->table == TABLE_LINUX && fault == FAULT_SOCKET_FAMILY)
		return 0;
	return fault_get_error(fault, msf->table, rq->verb, rq->family == AF_INET);
}
