/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Packets a second through one UDP socket, by who filters. The sources are all
 * admitted, so that every side delivers the same packets.
 */
#ifndef BENCH_RATE_H
#define BENCH_RATE_H

#include <msf.h>

#include "series.h"

enum rate_side {
	RATE_NONE,   /* a plain join */
	RATE_KERNEL, /* the kernel's own source filter */
	RATE_ASM,    /* a plain join and the program of the ASM backend */
	RATE_LINEAR, /* a plain join and a program that compares one after the other */
	N_RATE_SIDES
};

struct rate_cell {
	int family;
	uint32_t n_sources;
	int is_measured;
	struct series ns[N_RATE_SIDES]; /* for each packet: a median for each round */
	struct series asm_per_kernel;   /* ratios of the rates, one for each round */
	struct series asm_per_none;
};

struct rate {
	struct msf *msf; /* borrowed: of the ASM backend */
	uint32_t ifindex;
	int sender; /* as inject_open() */
	double budget_ns;
};

/* Source number i: IPv6 ones share a /96. */
struct sockaddr_storage rate_get_source(int family, uint32_t i);

/* The filter INCLUDE {n sources}, as the kernel's or in another way. A receiver for
 * the group, or -errno; -ENOBUFS: the list is too long for that side. */
int rate_open(const struct rate *rate, enum rate_side side,
	      const struct sockaddr_storage *group, uint32_t n_sources);

/* The group of a side, with its port. */
struct sockaddr_storage rate_get_group(int family, enum rate_side side);

/* One round of a cell: 0 or -errno; -EIO: not all that was sent was received. */
int rate_measure(const struct rate *rate, struct rate_cell *cell);

void rate_fini(struct rate_cell *cell);

#endif
