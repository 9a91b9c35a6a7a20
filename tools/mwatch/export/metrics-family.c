/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * metrics-family: the table of all that is told (see metrics-family.h).
 *
 * Invariant: a counter never becomes less as long as its flow lives: readers would take
 * it for one that began anew, and count all of it again. What is lost can become less
 * and is raised before it comes here (metrics-snapshot.h).
 */
#include <stddef.h>
#include <string.h>

#include <msf.h>

#include "metrics-family.h"

#define SIZE(type, member)   sizeof(((struct type *)NULL)->member)
#define AT(type, member)     offsetof(struct type, member), SIZE(type, member)
#define OF_RUN(member)       METRICS_RUN, AT(sample, member)
#define OF_INTERFACE(member) METRICS_INTERFACE, AT(metrics_interface, member)
#define OF_FLOW(member)      METRICS_FLOW, AT(sample_flow, member)
#define OF_DELIVERY(member)  METRICS_DELIVERY, AT(sample_delivery, member)
#define OF_HOST(member)      METRICS_HOST, AT(sample_delivery, member)
#define SERIES(array)        array, sizeof(array) / sizeof(*(array))

/* Counted in datagrams; TS packets have a family of their own. */
static bool has_sequence(const void *item)
{
	const struct sample_flow *flow = item;

	return flow->sequence != SAMPLE_NO_SEQUENCE && flow->sequence != SAMPLE_TS;
}

static bool has_ts(const void *item)
{
	const struct sample_flow *flow = item;

	return flow->has_ts;
}

static bool has_jitter(const void *item)
{
	const struct sample_flow *flow = item;

	return flow->clock != SAMPLE_NO_JITTER;
}

static bool has_gap(const void *item)
{
	const struct sample_flow *flow = item;

	return flow->interval.gap_ns != 0;
}

static bool has_verdict(const void *item)
{
	const struct sample_flow *flow = item;

	return flow->verdict != SAMPLE_UNKNOWN;
}

static const struct metrics_series program[] = {
	{ "version=\"" MSF_VERSION_STRING "\"", 0, 0, 1 },
};

static const struct metrics_series peaks[] = {
	{ "window=\"1ms\"", AT(sample_flow, interval.peak_1ms), 1000 },
	{ "window=\"100ms\"", AT(sample_flow, interval.peak_100ms), 10 },
};

static const struct metrics_series verdicts[] = {
	{ "msf_flow_verdict=\"accept\"", AT(sample_flow, verdict), SAMPLE_ACCEPT },
	{ "msf_flow_verdict=\"block\"", AT(sample_flow, verdict), SAMPLE_BLOCK },
	{ "msf_flow_verdict=\"unjoined\"", AT(sample_flow, verdict), SAMPLE_UNJOINED },
};

static const struct metrics_family families[] = {
	{ "msf_mwatch", NULL, METRICS_INFO, METRICS_RUN, 0, 0, 0, NULL,
	  "The program that counts.", SERIES(program) },
	{ "msf_mwatch_sample_timestamp_seconds", "seconds", METRICS_GAUGE,
	  OF_RUN(when_ns), METRICS_TIME, NULL, "When these values were taken." },
	{ "msf_mwatch_interval_seconds", "seconds", METRICS_GAUGE, OF_RUN(interval_ns),
	  METRICS_TIME, NULL,
	  "Length of the last interval, of which gaps and peaks tell." },

	{ "msf_interface_up", NULL, METRICS_GAUGE, OF_INTERFACE(is_up), 0, NULL,
	  "Whether packets can be seen there; 0: it is down or gone." },
	{ "msf_interface_packets", "packets", METRICS_COUNTER,
	  OF_INTERFACE(total.packets), 0, NULL,
	  "UDP datagrams to multicast groups, those of evicted flows too." },
	{ "msf_interface_payload_bytes", "bytes", METRICS_COUNTER,
	  OF_INTERFACE(total.bytes), 0, NULL, "UDP payload of these." },
	{ "msf_interface_dropped_packets", "packets", METRICS_COUNTER,
	  OF_INTERFACE(total.kernel_drops), 0, NULL,
	  "Packets that were not counted because they found the ring full." },
	{ "msf_interface_malformed_packets", "packets", METRICS_COUNTER,
	  OF_INTERFACE(total.malformed), 0, NULL,
	  "Packets with headers that contradict themselves or are cut." },
	{ "msf_interface_orphaned_datagrams", "datagrams", METRICS_COUNTER,
	  OF_INTERFACE(total.orphans), 0, NULL,
	  "Datagrams of which a fragment never came." },
	{ "msf_flows", NULL, METRICS_GAUGE, OF_INTERFACE(n_flows), 0, NULL,
	  "Flows in the table." },
	{ "msf_flows_evicted", NULL, METRICS_COUNTER, OF_INTERFACE(total.evicted), 0,
	  NULL, "Flows that made room for others." },

	{ "msf_flow_packets", "packets", METRICS_COUNTER, OF_FLOW(total.packets),
	  METRICS_CREATED, NULL, "UDP datagrams." },
	{ "msf_flow_payload_bytes", "bytes", METRICS_COUNTER, OF_FLOW(total.bytes), 0,
	  NULL, "UDP payload." },
	{ "msf_flow_lost_packets", "packets", METRICS_COUNTER, OF_FLOW(total.lost), 0,
	  has_sequence, "Packets that did not come, by their sequence numbers." },
	{ "msf_flow_duplicate_packets", "packets", METRICS_COUNTER,
	  OF_FLOW(total.duplicates), 0, has_sequence, "Packets that came again." },
	{ "msf_flow_reordered_packets", "packets", METRICS_COUNTER,
	  OF_FLOW(total.reordered), 0, has_sequence, "Packets that came late." },
	{ "msf_flow_restarts", NULL, METRICS_COUNTER, OF_FLOW(total.restarts), 0,
	  has_sequence, "How often the sender began anew." },
	{ "msf_flow_ts_lost_packets", "packets", METRICS_COUNTER, OF_FLOW(total.ts_lost),
	  0, has_ts, "MPEG-TS packets that are missing, by their continuity counters." },
	{ "msf_flow_jitter_seconds", "seconds", METRICS_GAUGE, OF_FLOW(jitter_ns),
	  METRICS_TIME, has_jitter, "Interarrival jitter (RFC 3550 6.4.1)." },
	{ "msf_flow_max_gap_seconds", "seconds", METRICS_GAUGE, OF_FLOW(interval.gap_ns),
	  METRICS_TIME, has_gap,
	  "Largest gap between two packets in the last interval." },
	{ "msf_flow_peak_packets_per_second", "packets_per_second", METRICS_GAUGE,
	  METRICS_FLOW, 0, 0, 0, NULL, "Highest rate over a window in the last interval.",
	  SERIES(peaks) },
	{ "msf_flow_ttl", NULL, METRICS_GAUGE, OF_FLOW(ttl), 0, NULL,
	  "TTL or hop limit of the last packet." },
	{ "msf_flow_last_seen_timestamp_seconds", "seconds", METRICS_GAUGE,
	  OF_FLOW(last_ns), METRICS_TIME, NULL, "When the last packet came." },
	{ "msf_flow_verdict", NULL, METRICS_STATESET, METRICS_FLOW, 0, 0, 0, has_verdict,
	  "What the filter in force says.", SERIES(verdicts) },

	{ "msf_delivery_wire_packets", "packets", METRICS_COUNTER, OF_DELIVERY(wire), 0,
	  NULL, "UDP datagrams on the wire that the filter in force admits." },
	{ "msf_delivery_socket_packets", "packets", METRICS_COUNTER, OF_DELIVERY(socket),
	  METRICS_SIGNED, NULL, "Those of them that came as far as a socket." },
	{ "msf_delivery_queue_dropped_packets", "packets", METRICS_COUNTER,
	  OF_DELIVERY(queue_drops), METRICS_SIGNED, NULL,
	  "Packets that found a receive queue full." },
	{ "msf_host_checksum_dropped_packets", "packets", METRICS_COUNTER,
	  OF_HOST(checksum_drops), METRICS_SIGNED, NULL,
	  "UDP datagrams of the network namespace with a wrong checksum." },
	{ "msf_host_memory_dropped_packets", "packets", METRICS_COUNTER,
	  OF_HOST(memory_drops), METRICS_SIGNED, NULL,
	  "UDP datagrams of the network namespace that found no memory." },
	{ "msf_host_route_dropped_packets", "packets", METRICS_COUNTER,
	  OF_HOST(route_drops), METRICS_SIGNED, NULL,
	  "Packets of the network namespace that the reverse-path check refused." },
};

const struct metrics_family *metrics_family_get(unsigned int i)
{
	return i < sizeof(families) / sizeof(*families) ? &families[i] : NULL;
}

unsigned int metrics_family_get_count(const struct metrics_family *family)
{
	return family->series ? family->n_series : 1;
}

const char *metrics_family_get_label(const struct metrics_family *family, unsigned int i)
{
	return family->series ? family->series[i].label : NULL;
}

static uint64_t load(const void *bytes, size_t size)
{
	uint64_t value;
	uint32_t half;

	if (size == sizeof(value)) {
		memcpy(&value, bytes, size);
		return value;
	}
	if (size == sizeof(half)) {
		memcpy(&half, bytes, size);
		return half;
	}
	return *(const uint8_t *)bytes;
}

static uint64_t get_series_value(const struct metrics_family *family,
				 const struct metrics_series *series, const char *item)
{
	uint64_t value = series->size ? load(item + series->offset, series->size) : 1;

	return family->type == METRICS_STATESET ? value == series->detail
						: value * series->detail;
}

bool metrics_family_get_value(const struct metrics_family *family, unsigned int i,
			      const void *item, uint64_t *ret)
{
	uint64_t value;

	if (family->is_known && !family->is_known(item))
		return false;
	if (family->series)
		value = get_series_value(family, &family->series[i], item);
	else
		value = load((const char *)item + family->offset, family->size);
	if (family->flags & METRICS_SIGNED && (int64_t)value < 0)
		return false;
	*ret = value;
	return true;
}
