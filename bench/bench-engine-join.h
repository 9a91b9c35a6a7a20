/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the kernel's own host needs to join a source of a group that nobody on the host
 * has: setsockopt(MCAST_JOIN_SOURCE_GROUP).
 */
#ifndef BENCH_ENGINE_JOIN_H
#define BENCH_ENGINE_JOIN_H

#include <stdint.h>

#include "series.h"

struct join {
	int fd;
	uint32_t ifindex;
	uint32_t n; /* groups that were joined */
};

/* 0 or -errno. */
int join_init(struct join *join, const char *interface);
void join_fini(struct join *join);

/* Joins, and leaves again. */
int join_measure(struct join *join, struct series *ns, double clock_cost);

#endif
