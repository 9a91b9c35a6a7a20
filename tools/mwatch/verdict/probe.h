/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * probe: a socket bound to a group, a port and an interface, without a membership, whose
 * filter drops everything: what it dropped is what the host let come as far as sockets.
 *
 * It queues nothing, joins nothing, and takes nothing from others: a multicast packet
 * goes to every socket that it is for.  But a program that binds the port without
 * SO_REUSEADDR cannot start while it is there: so there must be none where nobody shares
 * the port already (delivered-sockets.h).  Each packet that it drops raises UdpInErrors
 * of the network namespace (RFC 4113).
 */
#ifndef MWATCH_VERDICT_PROBE_H
#define MWATCH_VERDICT_PROBE_H

#include <stdint.h>

#include "address.h"

struct probe {
	int fd;    /* -1: there is none */
	int error; /* then: -errno */
	uint64_t inode;
	uint32_t drops; /* as last read: 32 bits, they wrap */
};

/* 0 or -errno, which it keeps: then it counts nothing. */
int probe_init(struct probe *probe, const struct place *place, uint16_t port);

/* Of one that is not there it changes nothing. */
void probe_fini(struct probe *probe);

/* Packets since the last call; -1: there is none. */
int64_t probe_read(struct probe *probe);

#endif
