/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * history: what a record tells (see history.h).
 *
 * The first pass adds up, and finds out how many intervals there are and which flows are
 * to be plotted; the second one fills their series.
 */
#include "history.h"

#include <errno.h>
#include <search.h>
#include <stdlib.h>
#include <string.h>

#include "output.h"

#define NSEC_PER_SEC 1e9

static int compare_numbers(uint64_t a, uint64_t b)
{
	return (a > b) - (a < b);
}

/* What tells flows apart. */
static int compare_flows(const void *a, const void *b)
{
	const struct history_flow *first = a, *second = b;
	int r = compare_numbers(first->i_interface, second->i_interface);

	if (r == 0)
		r = strcmp(first->group, second->group);
	if (r == 0)
		r = compare_numbers(first->port, second->port);
	if (r == 0)
		r = strcmp(first->source, second->source);
	if (r == 0)
		r = compare_numbers(first->vlan, second->vlan);
	return r ? r : compare_numbers(first->is_outgoing, second->is_outgoing);
}

static int compare_by_packets(const void *a, const void *b)
{
	const struct history_flow *const *first = a, *const *second = b;
	int r = compare_numbers(history_get_counts(*second)->packets,
				history_get_counts(*first)->packets);

	return r ? r : compare_flows(*first, *second);
}

const struct history_counts *history_get_counts(const struct history_flow *flow)
{
	return flow->summary.packets >= flow->counts.packets ? &flow->summary
							     : &flow->counts;
}

static struct history_flow *free_flow(struct history_flow *flow)
{
	if (flow) {
		free(flow->source);
		free(flow->group);
		free(flow->points);
		free(flow);
	}
	return NULL;
}

static void keep_node(void *node)
{
	(void)node;
}

void history_fini(struct history *history)
{
	tdestroy(history->tree, keep_node);
	for (uint32_t i = 0; i < history->n_flows; i++)
		free_flow(history->flows[i]);
	for (uint32_t i = 0; i < history->n_interfaces; i++) {
		free(history->interfaces[i].name);
		free(history->interfaces[i].points);
	}
	free(history->flows);
	free(history->interfaces);
	*history = (struct history){ 0 };
}

/* -ENOMEM; -E2BIG. */
static int find_interface(struct history *history, const char *name, uint32_t *ret)
{
	struct history_interface *larger;
	uint32_t i = 0;

	while (i < history->n_interfaces &&
	       strcmp(history->interfaces[i].name, name) != 0)
		i++;
	*ret = i;
	if (i < history->n_interfaces)
		return 0;
	if (i == HISTORY_MAX_INTERFACES)
		return -E2BIG;
	larger = reallocarray(history->interfaces, i + 1, sizeof(*larger));
	if (!larger)
		return -ENOMEM;
	history->interfaces = larger;
	larger[i] = (struct history_interface){ .name = strdup(name) };
	if (!larger[i].name)
		return -ENOMEM;
	history->n_interfaces++;
	return 0;
}

static struct history_flow *look_up(const struct history *history, uint32_t i_interface,
				    const struct reading_flow *flow)
{
	const struct history_flow key = { .i_interface = i_interface,
					  .source = (char *)flow->source,
					  .group = (char *)flow->group,
					  .port = flow->port,
					  .vlan = flow->vlan,
					  .is_outgoing = flow->is_outgoing };
	struct history_flow *const *node = tfind(&key, &history->tree, compare_flows);

	return node ? *node : NULL;
}

static int grow(struct history *history)
{
	struct history_flow **larger;

	/* At every power of two. */
	if (history->n_flows & (history->n_flows - 1))
		return 0;
	larger = reallocarray(history->flows, history->n_flows ? 2 * history->n_flows : 1,
			      sizeof(struct history_flow *));
	if (!larger)
		return -ENOMEM;
	history->flows = larger;
	return 0;
}

static int add_flow(struct history *history, uint32_t i_interface,
		    const struct reading_flow *from, struct history_flow **ret)
{
	struct history_flow *flow = calloc(1, sizeof(*flow));

	if (!flow)
		return -ENOMEM;
	*flow = (struct history_flow){ .i_interface = i_interface,
				       .source = strdup(from->source),
				       .group = strdup(from->group),
				       .port = from->port,
				       .vlan = from->vlan,
				       .is_outgoing = from->is_outgoing,
				       .jitter_us = READING_UNKNOWN,
				       .max_jitter_us = READING_UNKNOWN,
				       .gap_us = READING_UNKNOWN,
				       .ttl_min = READING_UNKNOWN,
				       .ttl_max = READING_UNKNOWN };
	if (!flow->source || !flow->group || grow(history) < 0 ||
	    !tsearch(flow, &history->tree, compare_flows)) {
		free_flow(flow);
		return -ENOMEM;
	}
	history->flows[history->n_flows++] = flow;
	*ret = flow;
	return 0;
}

static uint64_t known(int64_t count)
{
	return count > 0 ? (uint64_t)count : 0;
}

static void add_counts(struct history_counts *counts, const struct reading_flow *from)
{
	counts->packets += from->packets;
	counts->bytes += from->bytes;
	counts->lost += known(from->lost);
	counts->duplicates += known(from->duplicates);
	counts->reordered += known(from->reordered);
	counts->ts_lost += known(from->ts_lost);
}

static void add_jitter(struct history_flow *flow, const struct reading_flow *from)
{
	uint64_t n = flow->jitter_packets + from->packets;

	if (from->jitter_us < 0 || from->packets == 0)
		return;
	if (flow->jitter_us < 0)
		flow->jitter_us = 0;
	flow->jitter_us += (from->jitter_us - flow->jitter_us) * (double)from->packets /
			   (double)n;
	flow->jitter_packets = n;
	if (from->jitter_us > flow->max_jitter_us)
		flow->max_jitter_us = from->jitter_us;
}

static void add_extremes(struct history_flow *flow, const struct reading_flow *from)
{
	if (known(from->peak_1ms_pps) > flow->peak_1ms_pps)
		flow->peak_1ms_pps = known(from->peak_1ms_pps);
	if (known(from->peak_100ms_pps) > flow->peak_100ms_pps)
		flow->peak_100ms_pps = known(from->peak_100ms_pps);
	if (from->gap_us > flow->gap_us)
		flow->gap_us = from->gap_us;
	if (from->ttl < 0)
		return;
	if (flow->ttl_min < 0 || from->ttl < flow->ttl_min)
		flow->ttl_min = from->ttl;
	if (from->ttl > flow->ttl_max)
		flow->ttl_max = from->ttl;
}

static void add_verdict(struct history_flow *flow, const char *verdict)
{
	if (!verdict || strncmp(flow->verdict, verdict, sizeof(flow->verdict) - 1) == 0)
		return;
	flow->has_changed |= flow->verdict[0] != '\0';
	strncpy(flow->verdict, verdict, sizeof(flow->verdict) - 1);
}

static void add_interval(struct history_flow *flow, const struct reading_line *line,
			 const struct reading_flow *from)
{
	flow->seconds += line->seconds;
	flow->has_sequence |= from->lost >= 0;
	flow->has_ts |= from->ts_lost >= 0;
	flow->is_by_ts |= from->sequence && strcmp(from->sequence, "ts") == 0;
	add_counts(&flow->counts, from);
	add_jitter(flow, from);
	add_extremes(flow, from);
	add_verdict(flow, from->verdict);
}

/* Of the first pass. */
static int take_flow(struct history *history, uint32_t i_interface,
		     const struct reading_line *line, const struct reading_flow *from)
{
	struct history_flow *flow = look_up(history, i_interface, from);
	int r = 0;

	if (!flow && history->n_flows == HISTORY_MAX_FLOWS) {
		history->n_left_out++;
		return 0;
	}
	if (!flow)
		r = add_flow(history, i_interface, from, &flow);
	if (r < 0)
		return r;
	if (line->is_summary)
		add_counts(&flow->summary, from);
	else
		add_interval(flow, line, from);
	return 0;
}

static int take_flows(struct history *history, struct reading *reading,
		      const struct reading_line *line, uint32_t i_interface)
{
	int r = 0;

	for (uint32_t i = 0; i < line->n_flows && r == 0; i++) {
		struct reading_flow flow;

		r = reading_get_flow(reading, i, &flow);
		if (r < 0)
			return r;
		r = take_flow(history, i_interface, line, &flow);
	}
	if (r < 0)
		output_error(reading_get_name(reading), "%s", strerror(-r));
	return r;
}

/* Interfaces of one interval have the same time. */
static void take_time(struct history *history, const struct reading_line *line)
{
	uint64_t length_ns = (uint64_t)(line->seconds * NSEC_PER_SEC);
	uint64_t begin_ns = line->when_ns > length_ns ? line->when_ns - length_ns : 0;

	if (history->n_intervals && line->when_ns == history->last_ns)
		return;
	if (!history->n_intervals) {
		history->zone_s = line->zone_s;
		history->begin_ns = begin_ns;
	}
	if (begin_ns < history->begin_ns)
		history->begin_ns = begin_ns;
	if (line->when_ns > history->end_ns)
		history->end_ns = line->when_ns;
	history->n_intervals++;
	history->seconds += (line->seconds - history->seconds) /
			    (double)history->n_intervals;
	history->last_ns = line->when_ns;
}

static void take_interface(struct history_interface *interface,
			   const struct reading_line *line)
{
	interface->packets += known(line->packets);
	interface->bytes += known(line->bytes);
	interface->kernel_drops += known(line->kernel_drops);
	interface->evicted += known(line->evicted);
	interface->malformed += known(line->malformed);
	interface->orphans += known(line->orphans);
}

static int take_line(struct history *history, struct reading *reading,
		     const struct reading_line *line)
{
	uint32_t i_interface;
	int r = find_interface(history, line->interface, &i_interface);

	if (r < 0) {
		output_error(reading_get_name(reading), "%s",
			     r == -E2BIG ? "too many interfaces" : strerror(-r));
		return r;
	}
	if (!line->is_summary) {
		take_time(history, line);
		take_interface(&history->interfaces[i_interface], line);
	}
	return take_flows(history, reading, line, i_interface);
}

/* The first pass. */
static int take_all(struct history *history, struct reading *reading)
{
	struct reading_line line;
	int r;

	while ((r = reading_next(reading, &line)) > 0) {
		r = take_line(history, reading, &line);
		if (r < 0)
			return r;
	}
	if (r == 0 && history->n_intervals == 0) {
		output_error(reading_get_name(reading),
			     "no interval in it: record longer "
			     "than --interval");
		return -ENODATA;
	}
	return r;
}

static int new_points(struct history *history)
{
	for (uint32_t i = 0; i < history->n_interfaces; i++) {
		struct history_interface *interface = &history->interfaces[i];

		interface->points = calloc(history->n_slots, sizeof(*interface->points));
		if (!interface->points)
			return -ENOMEM;
	}
	for (uint32_t i = 0; i < history->n_flows && i < HISTORY_MAX_PLOTS; i++) {
		struct history_flow *flow = history->flows[i];

		flow->points = calloc(history->n_slots, sizeof(*flow->points));
		if (!flow->points)
			return -ENOMEM;
	}
	return 0;
}

/* One slot for each interval, or for as many as are needed to have room for all. */
static int prepare_slots(struct history *history)
{
	uint64_t n_in_slot = (history->n_intervals + HISTORY_MAX_SLOTS - 1) /
			     HISTORY_MAX_SLOTS;

	if (history->n_flows)
		qsort(history->flows, history->n_flows, sizeof(struct history_flow *),
		      compare_by_packets);
	history->n_in_slot = (uint32_t)n_in_slot;
	history->n_slots = (uint32_t)((history->n_intervals + n_in_slot - 1) / n_in_slot);
	return new_points(history);
}

static void fill_slot(struct history_slot *slot, const struct reading_line *line)
{
	uint64_t length_ns = (uint64_t)(line->seconds * NSEC_PER_SEC);
	uint64_t begin_ns = line->when_ns > length_ns ? line->when_ns - length_ns : 0;

	if (!slot->end_ns || begin_ns < slot->begin_ns)
		slot->begin_ns = begin_ns;
	if (line->when_ns > slot->end_ns)
		slot->end_ns = line->when_ns;
}

static void fill_interface(struct history_point *point, const struct reading_line *line)
{
	point->seconds += line->seconds;
	point->packets += known(line->packets);
	point->bytes += known(line->bytes);
	point->lost += known(line->kernel_drops);
	point->evicted += known(line->evicted);
	point->malformed += known(line->malformed);
}

static void fill_flow(struct history_point *point, const struct reading_line *line,
		      const struct reading_flow *from)
{
	point->seconds += line->seconds;
	point->packets += from->packets;
	point->bytes += from->bytes;
	point->lost += known(from->lost);
	point->duplicates += known(from->duplicates);
	point->reordered += known(from->reordered);
}

static int fill_line(struct history *history, struct reading *reading,
		     const struct reading_line *line, uint32_t i_slot)
{
	uint32_t i_interface;
	int r = find_interface(history, line->interface, &i_interface);

	if (r < 0)
		return r;
	if (!history->interfaces[i_interface].points)
		return -EINVAL;
	fill_slot(&history->slots[i_slot], line);
	fill_interface(&history->interfaces[i_interface].points[i_slot], line);
	for (uint32_t i = 0; i < line->n_flows; i++) {
		struct history_flow *flow;
		struct reading_flow from;

		r = reading_get_flow(reading, i, &from);
		if (r < 0)
			return r;
		flow = look_up(history, i_interface, &from);
		if (flow && flow->points)
			fill_flow(&flow->points[i_slot], line, &from);
	}
	return 0;
}

/* The second pass. */
static int fill_all(struct history *history, struct reading *reading)
{
	struct reading_line line;
	uint64_t n_intervals = 0, last_ns = 0;
	int r;

	while ((r = reading_next(reading, &line)) > 0) {
		if (line.is_summary)
			continue;
		if (!n_intervals || line.when_ns != last_ns)
			n_intervals++;
		last_ns = line.when_ns;
		/* The file was changed in between. */
		if (n_intervals > history->n_intervals)
			return -EINVAL;
		r = fill_line(history, reading, &line,
			      (uint32_t)((n_intervals - 1) / history->n_in_slot));
		if (r < 0)
			return r;
	}
	return r;
}

int history_read(struct history *history, struct reading *reading)
{
	int r = take_all(history, reading);

	if (r == 0) {
		r = prepare_slots(history);
		if (r < 0)
			output_error(reading_get_name(reading), "%s", strerror(-r));
	}
	if (r == 0)
		r = reading_rewind(reading);
	return r < 0 ? r : fill_all(history, reading);
}
