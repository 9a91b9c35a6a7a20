/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * payload: what the bytes of datagrams tell: numbers, times of the sender, TS packets.
 *
 * A flow is RTP when four packets in a row look so and their numbers go on; these four
 * count too.  msend's magic is believed at once, behind an RTP header too: then
 * the flow is RTP.  What stops to fit is looked at anew.
 */
#ifndef MWATCH_FLOW_PAYLOAD_H
#define MWATCH_FLOW_PAYLOAD_H

#include <stdbool.h>
#include <stdint.h>

#include "flow-table.h"
#include "flow.h"

struct payload {
	enum flow_loss loss;
	struct flow_field sequence, count;
	bool has_count;
	uint32_t rtp_clock;   /* Hz; 0: by payload type */
	uint32_t size;        /* bytes that are read, TS aside */
	struct ts_pool *pool; /* borrowed */
	struct sequence_space rtp_space, msend_space, field_space;
};

/* The pool is for all flows. */
void payload_init(struct payload *payload, const struct flow_settings *settings,
		  struct ts_pool *pool);

/* The first datagram of a flow comes. */
void payload_start(const struct payload *payload, struct flow *flow);

/* The flow makes room for another one. */
void payload_end(const struct payload *payload, struct flow_rest *rest);

/* One datagram (not glued ones) of a flow. */
struct payload_bytes {
	const uint8_t *bytes;
	uint32_t n;        /* captured */
	uint32_t length;   /* on the wire */
	uint64_t since_ns; /* since the packet before */
	bool is_first;     /* there was none */
};

void payload_count(const struct payload *payload, struct flow *flow,
		   struct flow_rest *rest, const struct payload_bytes *datagram);

/* One of glued datagrams whose bytes were not captured: the next number is taken to be
 * its own, so that what is missing shows behind them. */
void payload_count_unseen(const struct payload *payload, struct flow *flow,
			  struct flow_rest *rest, const struct payload_bytes *datagram);

/* What loss is told by; none while nothing is proven, or was read. */
enum sample_sequence payload_get_sequence(const struct flow *flow,
					  const struct flow_rest *rest);
enum sample_clock payload_get_clock(const struct flow *flow);
bool payload_has_ts(const struct flow_rest *rest);

#endif
