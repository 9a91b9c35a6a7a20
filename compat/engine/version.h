/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * version: the Host Compatibility Mode of an interface (RFC 9776 7.2.1, RFC 9777 8.2.1):
 * as old as the oldest querier that was heard lately, unless a version is forced.
 */
#ifndef ENGINE_VERSION_H
#define ENGINE_VERSION_H

#include "engine/host.h"

/* The version that it shall speak now. */
uint8_t version_choose(const struct host *host);

/* Speaks that version from now on. Every change cancels what is pending (R-CMP-3). */
void version_update(struct host *host);

/* Is it the newest whatever queriers speak? */
bool version_is_pinned(const struct host *host);

/* A General Query of an older version was heard. */
void version_hear(struct host *host, uint8_t version, uint64_t max_response);

#endif
