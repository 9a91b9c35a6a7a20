/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * watch: one interface that is watched: its ring, what of its packets is no whole
 * datagram, and what happened to it.
 */
#ifndef MWATCH_FLOW_WATCH_H
#define MWATCH_FLOW_WATCH_H

#include <msf.h>

#include "capture/fragments.h"
#include "capture/ring.h"
#include "flow-table.h"
#include "sample.h"

struct watch {
	char name[IF_NAMESIZE];
	uint32_t ifindex;
	uint16_t i_interface;
	struct ring *ring;           /* owned */
	struct fragments *fragments; /* owned */
	bool is_removed;
	uint64_t malformed;
	uint64_t last_ns;         /* when the last packet came that was read */
	struct sample_wire taken; /* until the last sample */
};

/* settings without the interface. -errno as ring_new() and fragments_new(). Always
 * followed by watch_fini(). */
int watch_init(struct watch *watch, const struct msf_interface *interface,
	       uint16_t i_interface, const struct ring_settings *settings);
void watch_fini(struct watch *watch);

/* Counts a batch of packets; how many. 0: there are none now. */
int watch_count(struct watch *watch, struct flow_table *table);

/* Gives up datagrams that began before that time and are not complete. */
void watch_expire(struct watch *watch, uint64_t before_ns);

/* Watches an interface that was removed and is there again. */
void watch_renew(struct watch *watch);

/* Fills what the flow table does not know of the interface, and begins its next interval.
 * It is renewed, too. */
void watch_take(struct watch *watch, struct sample_interface *ret);

#endif
