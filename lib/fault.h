/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What can be wrong with a request before the table is asked, in the order in
 * which it is looked for: the first fault decides the error. One list serves
 * the checks, their errnos in both tables, and msf_explain().
 */
#ifndef LIB_FAULT_H
#define LIB_FAULT_H

#include "base/table.h"

enum fault {
	FAULT_NONE,
	FAULT_NOT_OPEN,
	FAULT_NOT_SOCKET,
	FAULT_SOCKET_TYPE,
	FAULT_NULL,
	FAULT_LENGTH,
	FAULT_VERB,
	FAULT_MODE,
	FAULT_FLAGS,
	FAULT_FAMILY,
	FAULT_SOURCE_FAMILY,
	FAULT_LIST_FAMILY,
	FAULT_LEVEL_FAMILY,
	FAULT_SOCKET_FAMILY,
	FAULT_GROUP_NOT_MULTICAST,
	FAULT_GROUP_MAPPED,
	FAULT_LIST_LENGTH,
	FAULT_SOURCE_MAPPED,
	FAULT_SOURCE_NOT_SENDER,
	FAULT_DUPLICATE,
	FAULT_INTERFACE,
	FAULT_INTERFACE_ADDRESS,
	FAULT_NO_ROUTE,
	/* no argument is wrong, but they cannot be checked: */
	FAULT_NETLINK, /* interfaces cannot be asked for */
	FAULT_MEMORY,
};

/* The negative errno value of a fault in that table; 0 where the table does
 * not look for it. */
int fault_get_error(enum fault fault, enum table table, enum request_verb verb,
		    bool is_ipv4);

#endif
