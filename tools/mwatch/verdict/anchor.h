/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * anchor: makes the kernel tell the sources of all interfaces.  Linux prints mcfilter and
 * mcfilter6 from the first interface on whose newest group has sources, and leaves out
 * all before it.  A source joined on the loopback interface, which is the first of all,
 * makes the files whole.  Nothing of it leaves the host.
 */
#ifndef MWATCH_VERDICT_ANCHOR_H
#define MWATCH_VERDICT_ANCHOR_H

/* Sockets; -1: none. */
struct anchor {
	int fds[2]; /* IPv4, IPv6 */
};

#define ANCHOR_INIT ((struct anchor){ { -1, -1 } })

/* Joins, so that it is the newest group there. Where that fails, so be it: then what
 * is left out is not known. */
void anchor_set(struct anchor *anchor);

/* Leaves. */
void anchor_fini(struct anchor *anchor);

#endif
