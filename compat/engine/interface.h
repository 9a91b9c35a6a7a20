/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * interface: what the caller told of an interface, and the two hosts on it.
 */
#ifndef ENGINE_INTERFACE_H
#define ENGINE_INTERFACE_H

#include "engine/host.h"

struct interface {
	struct engine_interface settings;
	struct host hosts[ENGINE_FAMILIES];
};

/* NULL: not known. */
struct host *interface_find_host(const struct engine *engine, uint32_t ifindex,
				 enum engine_family family);

/* Frees them all. */
void interface_free_all(struct engine *engine);

#endif
