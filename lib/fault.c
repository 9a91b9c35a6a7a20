/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The errno of each fault. The linux column is what Linux answers where it
 * looks for the fault at all.
 */
#include "fault.h"

#include <errno.h>

#define IPV4 1
#define IPV6 2

static const struct {
	int strict;
	int linux_errno; /* "linux" alone is a macro of the compiler */
	int linux_leave; /* families whose leave_group says EADDRNOTAVAIL */
} errors[] = {
	[FAULT_NONE] = { 0, 0, 0 },
	[FAULT_NOT_OPEN] = { EBADF, EBADF, 0 },
	[FAULT_NOT_SOCKET] = { ENOTSOCK, ENOTSOCK, 0 },
	[FAULT_SOCKET_TYPE] = { EOPNOTSUPP, 0, 0 },
	[FAULT_NULL] = { EFAULT, EFAULT, 0 },
	[FAULT_LENGTH] = { EINVAL, EINVAL, 0 },
	[FAULT_VERB] = { EINVAL, EINVAL, 0 },
	[FAULT_MODE] = { EINVAL, EINVAL, 0 },
	[FAULT_FLAGS] = { EINVAL, EINVAL, 0 },
	[FAULT_LIST_LENGTH] = { ENOBUFS, ENOBUFS, 0 },
	[FAULT_FAMILY] = { EAFNOSUPPORT, EADDRNOTAVAIL, 0 },
	[FAULT_SOURCE_FAMILY] = { EAFNOSUPPORT, EADDRNOTAVAIL, 0 },
	[FAULT_LIST_FAMILY] = { EAFNOSUPPORT, EADDRNOTAVAIL, 0 },
	[FAULT_LEVEL_FAMILY] = { EAFNOSUPPORT, EADDRNOTAVAIL, 0 },
	[FAULT_SOCKET_FAMILY] = { EAFNOSUPPORT, ENOPROTOOPT, 0 },
	[FAULT_GROUP_NOT_MULTICAST] = { EINVAL, EINVAL, IPV4 },
	[FAULT_GROUP_MAPPED] = { EINVAL, EINVAL, 0 },
	[FAULT_SOURCE_MAPPED] = { EINVAL, 0, 0 },
	[FAULT_SOURCE_NOT_SENDER] = { EINVAL, 0, 0 },
	[FAULT_DUPLICATE] = { EINVAL, 0, 0 },
	[FAULT_INTERFACE] = { ENODEV, ENODEV, IPV4 | IPV6 },
	[FAULT_INTERFACE_ADDRESS] = { ENODEV, ENODEV, IPV4 | IPV6 },
	[FAULT_NO_ROUTE] = { ENODEV, ENODEV, IPV6 },
	[FAULT_NETLINK] = { EMFILE, EMFILE, 0 },
	[FAULT_MEMORY] = { ENOMEM, ENOMEM, 0 },
};

/* Where Linux makes a difference between requests: 0, or the errno. */
static int get_linux_exception(enum fault fault, enum request_verb verb, int family)
{
	bool is_group_request = verb == JOIN_GROUP || verb == LEAVE_GROUP ||
				verb == GET_FILTER;
	bool is_set = verb == SET_INCLUDE || verb == SET_EXCLUDE;

	if (verb == LEAVE_GROUP && errors[fault].linux_leave & family)
		return EADDRNOTAVAIL;
	/* each level has calls that look for the group before its family */
	if (fault == FAULT_FAMILY || fault == FAULT_LEVEL_FAMILY)
		return (family == IPV4 ? is_group_request : is_set) ? EINVAL : 0;
	/* no interface of the number is looked for, only a membership */
	if (fault == FAULT_INTERFACE && verb == GET_FILTER)
		return EADDRNOTAVAIL;
	if (fault == FAULT_SOCKET_FAMILY && verb == GET_FILTER && family == IPV6)
		return EOPNOTSUPP;
	return 0;
}

int fault_get_error(enum fault fault, enum table table, enum request_verb verb,
		    bool is_ipv4)
{
	int exception;

	if (table == TABLE_STRICT)
		return -errors[fault].strict;
	exception = get_linux_exception(fault, verb, is_ipv4 ? IPV4 : IPV6);
	return exception ? -exception : -errors[fault].linux_errno;
}
