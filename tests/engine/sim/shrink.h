/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * shrink: cuts a history that fails down to what is needed to fail in the same way.
 */
#ifndef SIM_SHRINK_H
#define SIM_SHRINK_H

#include "sim.h"

/* Drops events, hosts, groups, sources and faults of the link from *history as long as it
 * fails like this. Returns the verdict about what is left. */
struct verdict shrink(struct history *history, enum failure failure);

/* The packets that the link still may treat badly. */
unsigned int count_faults(const struct history *history);

#endif
