/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * wire: the sockets through which IGMP and MLD go out and come in.
 *
 * Out: raw sockets where the interface has an address to send from; a packet socket where
 * it has none yet (kernels borrow another interface's address, or refuse). In: a raw
 * IGMP and an ICMPv6 socket, which get what the kernel itself accepts: general queries,
 * and queries and reports of groups that are joined. All marked with WIRE_MARK, so that a
 * firewall can tell them from the kernel's own (suppress.h).
 *
 * All sockets are opened once, at the start: afterwards no privilege is needed. There are
 * some of each kind to send through, and an interface always uses the same: one whose
 * queue stands still fills the room of its own sockets only.
 */
#ifndef MSFD_WIRE_H
#define MSFD_WIRE_H

#include <stdbool.h>

#include "engine/engine.h"
#include "loop.h"
#include "msfd/links.h"

#define WIRE_MARK 0x16a9u

struct wire;

/* heard() is called after the engine was given a message. 0 or -errno (-EPERM: no
 * CAP_NET_RAW). A family that the system does not have is left out. */
int wire_new(struct wire **ret, struct loop *loop, struct engine *engine,
	     void (*heard)(void *context), void *context);
struct wire *wire_free(struct wire *wire);

/* Whose interfaces they are; before anything is sent. */
void wire_set_links(struct wire *wire, struct links *links);

/*
 * Sends one packet of engine_pull(). 0; -EAGAIN: later, ready() will be called when the
 * socket takes it: keep the packet. Any other -errno: it is lost, as packets are (link
 * down, ...), and has been counted.
 */
int wire_send(struct wire *wire, const void *datagram,
	      const struct engine_packet *packet);
void wire_set_ready(struct wire *wire, void (*ready)(void *context), void *context);

/* The packet that wire_send() said -EAGAIN of last has waited for too long: it is lost,
 * and so is what comes after it and finds no room either, without a wait. */
void wire_give_up(struct wire *wire);

/* For whoever has no loop any more: waits until that packet may be tried again, or for
 * timeout_ms, or a moment. */
void wire_wait(struct wire *wire, unsigned int timeout_ms);

struct wire_counts {
	uint64_t sent;               /* packets */
	uint64_t sent_packet_socket; /* of those */
	uint64_t lost;               /* could not be sent */
	uint64_t received;           /* messages that the engine was given */
	uint64_t dropped; /* broken, of no interface, not to be believed, or too many */
};
struct wire_counts wire_get_counts(const struct wire *wire);

#endif
