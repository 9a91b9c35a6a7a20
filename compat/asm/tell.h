/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What msfd is told of a socket (compat/agent), by requests in the socket's lock, and by
 * a thread that reads without it.
 */
#ifndef ASM_TELL_H
#define ASM_TELL_H

#include "asm/carrier.h"

/* Before a carrier is locked whose changes are told of: see agent/agent.h. */
void tell_prepare(void);

/* Of a locked carrier: the filter of a membership is this from now on; FILTER_NONE or
 * INCLUDE {}: there is none. 0, or why msfd refuses it. path: asm.h. */
int tell_filter(const struct carrier *carrier, const char *path, uint32_t ifindex,
		struct addr group, const struct filter *filter);

#endif
