/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * show-querier: listens for queriers (querier.h) for a while.
 */
#ifndef MSFCTL_SHOW_QUERIER_H
#define MSFCTL_SHOW_QUERIER_H

#include <stdint.h>

#include "wire/querier.h"

/* Those that were heard meanwhile; ifindex 0: everywhere. 0; or -errno (-EPERM: no
 * CAP_NET_RAW). */
int show_querier_listen(struct querier_list **ret, uint32_t ifindex, uint64_t ms);

#endif
