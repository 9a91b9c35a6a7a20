/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * delivered: compares what was on the wire with what came as far as sockets, and says
 * where packets vanish (--delivered).
 *
 * A probe is a socket bound to the group and port whose filter drops everything: the
 * kernel counts what it dropped, and that is what a socket there would get.  Receive
 * queues tell by themselves (sock_diag), the rest by the counters of the network
 * namespace (RFC 4113 udpInErrors, and Linux's own).
 */
#ifndef MWATCH_DELIVERED_H
#define MWATCH_DELIVERED_H

#include <errno.h>
#include <sys/types.h>

#include <msf.h>

#include "sample.h"

struct delivered;

/* Why sample_delivery.socket is not known: one of these, or the -errno of the probe;
 * -ENOENT: no socket is bound to the port. */
#define DELIVERED_UNKNOWN  (-ENODATA) /* what should come */
#define DELIVERED_OUTGOING (-ELOOP)   /* this host sends to the group itself */
#define DELIVERED_SHORT    (-EAGAIN)  /* nothing was compared yet */

struct delivered_settings {
	pid_t pid; /* the receive queues of this process; 0: of all */
	const struct msf_interface *interfaces; /* copied */
	uint32_t n_interfaces;
};

int delivered_new(struct delivered **ret, const struct delivered_settings *settings);

/* Frees; NULL is fine. Returns NULL. */
struct delivered *delivered_free(struct delivered *delivered);

/* Looks at filters, sockets and counters: call it right before counting_take(). 0 or
 * -errno. */
int delivered_read(struct delivered *delivered);

/* Fills deliveries (of the whole run) for the flows that were accepted, whose
 * verdicts are known by now. Reads the probes: call it right after
 * counting_take(). Groups and ports seen for the first time get a probe, where
 * somebody listens, and count from then on. -ENOMEM. */
int delivered_compare(struct delivered *delivered, struct sample *sample);

/* Where the packets of this one vanish, as a sentence. */
void delivered_explain(const struct sample_delivery *delivery, char *buf, size_t len);

#endif
