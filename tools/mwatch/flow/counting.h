/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * counting: a thread that reads the rings of all interfaces and counts, whatever the
 * rest of the program waits for; samples are taken from it at any time.
 */
#ifndef MWATCH_FLOW_COUNTING_H
#define MWATCH_FLOW_COUNTING_H

#include <stdbool.h>
#include <stdint.h>

#include <msf.h>

#include "endpoint.h"
#include "flow-table.h"
#include "sample.h"

struct counting_settings {
	const struct msf_interface *interfaces; /* borrowed during counting_new() */
	uint32_t n_interfaces;
	const struct endpoint *groups; /* copied; port 0: any. none: all groups */
	uint32_t n_groups;
	uint32_t ring_size; /* bytes for each interface; 0: default */
	bool has_all_multicast;
	struct flow_settings flow;
};

struct counting;

/* Opens the rings: what needs privileges is done here. Packets count from here on,
 * though nobody reads them before counting_start(). *ret_i_interface tells which
 * interface it was when opening one fails. -errno as ring_new() and -ENOMEM. */
int counting_new(struct counting **ret, const struct counting_settings *settings,
		 uint32_t *ret_i_interface);

/* Stops the thread and frees; NULL is fine. Returns NULL. */
struct counting *counting_free(struct counting *counting);

/* 0 or -errno of the thread that cannot be made. */
int counting_start(struct counting *counting);

/* Waits until the kernel has handed over what came before this call, a fraction of a
 * second: for a last sample that lacks nothing.  What is missing of a datagram in pieces
 * then is taken to be lost. */
void counting_settle(struct counting *counting);

/*
 * What was counted since the last call, up to what the kernel has handed over, and since
 * the start; begins the next interval.  *sample starts as zeros; its memory
 * is kept between calls and freed by sample_fini(). Verdicts and deliveries are
 * for others to fill.  -ENOMEM.
 */
int counting_take(struct counting *counting, struct sample *sample);

#endif
