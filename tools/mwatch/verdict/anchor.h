/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * anchor: makes the kernel tell the sources of all interfaces.  Linux prints mcfilter and
 * mcfilter6 from the first interface on whose newest group has sources, and leaves out
 * all before it.  A source joined on the loopback interface, which is the first of all,
 * makes the files whole.  Nothing of it leaves the host.
 *
 * It takes source filters of the kernel's own.  Where there are none, it tells no
 * sources at all, and lets every source of a joined group pass on to the sockets.
 */
#ifndef MWATCH_VERDICT_ANCHOR_H
#define MWATCH_VERDICT_ANCHOR_H

#include <stdbool.h>

#include <msf.h>

struct anchor {
	struct msf *msf; /* owned; NULL: it was not set yet */
	bool is_asm;     /* the kernel has no source filters */
	int fds[2];      /* sockets, IPv4, IPv6; -1: none */
};

#define ANCHOR_INIT ((struct anchor){ .fds = { -1, -1 } })

/* Joins, so that it is the newest group there. Where that fails, so be it: then what
 * is left out is not known. */
void anchor_set(struct anchor *anchor);

/* Leaves. */
void anchor_fini(struct anchor *anchor);

#endif
