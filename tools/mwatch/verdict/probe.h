/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * probe: a socket bound to a group, a port and an interface, without a membership, whose
 * filter drops everything: what it dropped is what the host let come as far as sockets.
 *
 * It queues nothing, joins nothing, and takes nothing from others: a multicast packet
 * goes to every socket that it is for.  But a program that binds the port without
 * SO_REUSEADDR cannot start while it is there; hence one that was refused is not
 * tried again.
 */
#ifndef MWATCH_VERDICT_PROBE_H
#define MWATCH_VERDICT_PROBE_H

#include <stdint.h>

#include "address.h"

struct probe {
	int fd; /* -1: it was refused */
	uint64_t inode;
	uint32_t drops; /* as last read: 32 bits, they wrap */
};

/* Never fails: a probe that could not be made counts nothing. */
void probe_init(struct probe *probe, const struct place *place, uint16_t port);

void probe_fini(struct probe *probe);

/* Packets since the last call; -1: it was refused. */
int64_t probe_read(struct probe *probe);

#endif
