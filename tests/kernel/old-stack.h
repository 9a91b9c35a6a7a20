/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The rest of the process (of the calling thread and what it starts) on an older
 * stack: a seccomp filter answers setsockopt() and getsockopt() for what such a stack
 * does not have. What was set before stays in force.
 */
#ifndef OLD_STACK_H
#define OLD_STACK_H

#include <stdbool.h>

/* What socket filters are good for. */
enum old_stack_filters {
	OLD_STACK_FILTERS_WORK,
	OLD_STACK_FILTERS_BLIND,  /* SO_GET_FILTER is ENOPROTOOPT */
	OLD_STACK_FILTERS_FAKE,   /* to attach one answers 0, and does nothing */
	OLD_STACK_FILTERS_ABSENT, /* every option of theirs is ENOPROTOOPT */
	OLD_STACK_FILTERS_FATAL,  /* SO_COOKIE is ENOPROTOOPT, SO_GET_FILTER kills */
};

struct old_stack {
	/* Of the options of RFC 3678 but the any-source joins. 0: to set one answers 0
	 * and does nothing, to get one is ENOPROTOOPT. */
	int error;
	bool lacks_group_join; /* MCAST_JOIN_GROUP, MCAST_LEAVE_GROUP missing too */
	enum old_stack_filters filters;
	bool has_ipv4; /* the options for IPv4 are all there */
	/* MCAST_MSFILTER has answers of its own to setsockopt() and getsockopt(). */
	bool has_own_filter;
	int set_error, get_error;
};

/* No way back; a second one adds to the first. The program ends when it fails. */
void old_stack_enter(const struct old_stack *stack);

#endif
