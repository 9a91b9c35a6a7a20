/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * keeper: the thread that keeps a connection. It waits for the end of it, connects again
 * and has everything told that is pending. All it does is bounded by time: it begins with
 * 100 ms after msfd has gone, and doubles up to 5 s. No signal is handled in it.
 */
#ifndef AGENT_KEEPER_H
#define AGENT_KEEPER_H

#include "agent/connection.h"

/* Unless there is one: where it cannot be created, a later call tries again. */
void keeper_start(struct connection *connection);

#endif
