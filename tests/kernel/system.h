/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The system that a test runs on. The environment says what it is to be:
 *
 *	MSF_BACKEND=asm         this kernel, with the ASM backend
 *	MSF_TEST_STACK=WORDS    an older stack (old-stack.h): what it answers source
 *	                        filters with (ENOPROTOOPT, EOPNOTSUPP, 0), and any of
 *	                        "group" (MCAST_JOIN_GROUP missing too), "blind", "fake",
 *	                        "absent" (its socket filters)
 *
 * With neither it is the kernel alone.
 */
#ifndef SYSTEM_H
#define SYSTEM_H

#include <stdbool.h>

#include "raw.h"

/* Enters the older stack, if one is named: in a namespace that is complete. Where the
 * receive calls have to filter the default context is told that they do. */
void system_init(void);

/* Does the ASM backend serve? Then the kernel holds joins for every source only, and
 * cannot be asked. */
bool system_is_asm(void);

/* Is it an older stack, which the kernel's source filters cannot be reached on? */
bool system_is_old(void);

/* Do socket filters nothing, so that the receive calls have to filter? */
bool system_is_receive_filtered(void);

/* Is the state of a socket in a table of the process, which no other one sees? */
bool system_is_private(void);

/* A configuration and a context for this system, with no other settings. */
struct msf_config *system_new_config(void);
struct msf *system_new_context(void);

/* raw_delta() and raw_get_filter(); by the library's default context where the kernel
 * would not do. */
int system_delta(int fd, enum msf_verb verb, uint32_t ifindex,
		 const struct sockaddr_storage *group,
		 const struct sockaddr_storage *source);
int system_get_filter(int fd, uint32_t ifindex, const struct sockaddr_storage *group,
		      struct raw_filter *ret);

#endif
