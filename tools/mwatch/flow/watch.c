/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * watch: packets of one interface to the flow table (see watch.h).
 *
 * Invariant: datagrams are counted in the order in which they came, and before the ring
 * takes their bytes back; a fragmented one when its last piece has come.
 */
#include "watch.h"

#include <errno.h>
#include <net/if.h>
#include <string.h>

/* Whole datagrams that wait to be counted together. */
struct batch {
	struct datagram datagrams[FLOW_TABLE_BATCH];
	unsigned int n;
};

int watch_init(struct watch *watch, const struct msf_interface *interface,
	       uint16_t i_interface, const struct ring_settings *settings)
{
	struct ring_settings own = *settings;
	int r;

	*watch = (struct watch){ .ifindex = interface->ifindex,
				 .i_interface = i_interface };
	memcpy(watch->name, interface->name, sizeof(watch->name));
	own.ifindex = interface->ifindex;
	r = fragments_new(&watch->fragments);
	if (r == 0)
		r = ring_new(&watch->ring, &own);
	return r;
}

void watch_fini(struct watch *watch)
{
	watch->ring = ring_free(watch->ring);
	watch->fragments = fragments_free(watch->fragments);
}

static void flush(struct batch *batch, struct flow_table *table)
{
	flow_table_count(table, batch->datagrams, batch->n);
	batch->n = 0;
}

static void count_fragment(struct watch *watch, struct batch *batch,
			   struct flow_table *table, const struct datagram *piece,
			   const struct datagram_fragment *fragment)
{
	struct datagram whole = { .key.i_interface = watch->i_interface };

	if (fragments_add(watch->fragments, piece, fragment, &whole) <= 0)
		return;
	flush(batch, table);
	flow_table_count(table, &whole, 1);
}

static void count_packet(struct watch *watch, struct batch *batch,
			 struct flow_table *table, const struct ring_packet *packet)
{
	struct datagram *datagram = &batch->datagrams[batch->n];
	struct datagram_fragment fragment;

	datagram->key.i_interface = watch->i_interface;
	switch (datagram_parse(packet, datagram, &fragment)) {
	case DATAGRAM_WHOLE:
		batch->n++;
		break;
	case DATAGRAM_FRAGMENT:
		count_fragment(watch, batch, table, datagram, &fragment);
		break;
	case DATAGRAM_OTHER:
		break;
	case DATAGRAM_MALFORMED:
		watch->malformed++;
		break;
	}
}

int watch_count(struct watch *watch, struct flow_table *table)
{
	struct ring_packet packets[FLOW_TABLE_BATCH];
	struct batch batch;
	int n = ring_read(watch->ring, packets, FLOW_TABLE_BATCH);

	if (n == -ENODEV)
		watch->is_removed = true;
	if (n <= 0)
		return 0;
	batch.n = 0;
	for (int i = 0; i < n; i++)
		count_packet(watch, &batch, table, &packets[i]);
	flush(&batch, table);
	watch->last_ns = packets[n - 1].when_ns;
	return n;
}

void watch_expire(struct watch *watch, uint64_t before_ns)
{
	fragments_expire(watch->fragments, before_ns);
}

void watch_renew(struct watch *watch)
{
	uint32_t ifindex = watch->is_removed ? if_nametoindex(watch->name) : 0;

	if (!ifindex || ring_renew(watch->ring, ifindex) < 0)
		return;
	watch->is_removed = false;
	watch->ifindex = ifindex;
}

void watch_take(struct watch *watch, struct sample_interface *ret)
{
	struct sample_wire *total = &ret->total, *interval = &ret->interval;
	const struct sample_wire *taken = &watch->taken;

	watch_renew(watch);
	memcpy(ret->name, watch->name, sizeof(ret->name));
	ret->ifindex = watch->ifindex;
	ret->is_gone = watch->is_removed || !ring_is_up(watch->ring);
	total->kernel_drops = ring_get_drops(watch->ring);
	total->malformed = watch->malformed;
	total->orphans = fragments_get_orphans(watch->fragments);
	interval->kernel_drops = total->kernel_drops - taken->kernel_drops;
	interval->malformed = total->malformed - taken->malformed;
	interval->orphans = total->orphans - taken->orphans;
	watch->taken = *total;
}
