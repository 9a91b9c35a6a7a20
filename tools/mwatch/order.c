/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * order: flows in the order in which they are shown (see order.h).
 *
 * Invariant: the order is total: two flows differ in interface, group, port, source,
 * VLAN or direction, so that equal samples are shown equally.
 *
 * Rows are big: small entries are sorted, and each row is moved once.
 */
#include "order.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* How long a flow is shown that sends nothing. */
#define SILENT_NS 60000000000ULL

/*
 * Behind the weight stands what orders most flows of equal weight, so that few of the
 * rows themselves are looked at, which are far apart in memory.
 */
struct entry {
	uint64_t weight;      /* more of it comes first */
	uint64_t group_port;  /* the same for all of IPv6 */
	uint64_t source_vlan; /* the same */
	uint32_t i_interface;
	uint32_t i_flow;
};

struct sorting {
	const struct sample_flow *flows;
	enum order_key key;
};

static const char *const names[ORDER_N] = {
	[ORDER_RATE] = "rate",       [ORDER_BITS] = "bits",
	[ORDER_PACKETS] = "packets", [ORDER_LOST] = "lost",
	[ORDER_JITTER] = "jitter",   [ORDER_GAP] = "gap",
	[ORDER_PEAK] = "peak",       [ORDER_SOURCE] = "source",
	[ORDER_GROUP] = "group",     [ORDER_VERDICT] = "verdict",
};

const char *order_get_name(enum order_key key)
{
	return (unsigned int)key < ORDER_N ? names[key] : NULL;
}

int order_find(const char *name, enum order_key *ret)
{
	for (enum order_key key = 0; key < ORDER_N; key++) {
		if (strcmp(name, names[key]) == 0) {
			*ret = key;
			return 0;
		}
	}
	return -EINVAL;
}

bool order_is_shown(const struct sample *sample, const struct sample_flow *flow,
		    bool is_total)
{
	/* The clock may have been set: what came is shown in any case. */
	return is_total || flow->interval.packets || flow->last_ns >= sample->when_ns ||
	       sample->when_ns - flow->last_ns <= SILENT_NS;
}

static uint64_t weigh(const struct sample_flow *flow, enum order_key key, bool is_total)
{
	const struct sample_counts *counts = is_total ? &flow->total : &flow->interval;

	switch (key) {
	case ORDER_RATE:
		return counts->packets;
	case ORDER_BITS:
		return counts->bytes;
	case ORDER_PACKETS:
		return flow->total.packets;
	case ORDER_LOST:
		return counts->lost;
	case ORDER_JITTER:
		return flow->jitter_ns;
	case ORDER_GAP:
		return counts->gap_ns;
	case ORDER_PEAK:
		return counts->peak_1ms;
	case ORDER_VERDICT:
		/* Accepted ones first, unknown ones last. */
		return flow->verdict ? UINT64_MAX - (uint64_t)flow->verdict : 0;
	case ORDER_SOURCE:
	case ORDER_GROUP:
	case ORDER_N:
		break;
	}
	return 0;
}

static int compare_numbers(uint64_t a, uint64_t b)
{
	return (a > b) - (a < b);
}

static int compare_groups(const struct sample_flow *a, const struct sample_flow *b)
{
	int r = compare_numbers((uint64_t)a->family, (uint64_t)b->family);

	if (r == 0)
		r = memcmp(a->group, b->group, sizeof(a->group));
	return r ? r : compare_numbers(a->port, b->port);
}

static int compare_sources(const struct sample_flow *a, const struct sample_flow *b)
{
	int r = compare_numbers((uint64_t)a->family, (uint64_t)b->family);

	return r ? r : memcmp(a->source, b->source, sizeof(a->source));
}

/* What tells flows apart. */
static int compare_flows(const struct sample_flow *a, const struct sample_flow *b,
			 enum order_key key)
{
	int r = 0;

	if (key == ORDER_GROUP)
		r = compare_groups(a, b);
	if (r == 0 && (key == ORDER_GROUP || key == ORDER_SOURCE))
		r = compare_sources(a, b);
	if (r == 0)
		r = compare_numbers(a->i_interface, b->i_interface);
	if (r == 0)
		r = compare_groups(a, b);
	if (r == 0)
		r = compare_sources(a, b);
	if (r == 0)
		r = compare_numbers(a->vlan, b->vlan);
	if (r == 0)
		r = compare_numbers(a->is_outgoing, b->is_outgoing);
	return r ? r : compare_numbers(a->id, b->id);
}

static uint64_t read_ipv4(const uint8_t address[4])
{
	return (uint64_t)address[0] << 24 | (uint64_t)address[1] << 16 |
	       (uint64_t)address[2] << 8 | address[3];
}

/* Parts of the entry are what compare_flows() asks first, or all the same. */
static struct entry make_entry(const struct sample *sample, uint32_t i_flow,
			       enum order_key key, bool is_total)
{
	const struct sample_flow *flow = &sample->flows[i_flow];
	struct entry entry = { .weight = weigh(flow, key, is_total), .i_flow = i_flow };

	if (key == ORDER_SOURCE || key == ORDER_GROUP)
		return entry;
	entry.i_interface = flow->i_interface;
	entry.group_port = UINT64_MAX; /* IPv6 comes behind IPv4 */
	if (flow->family == AF_INET) {
		entry.group_port = read_ipv4(flow->group) << 16 | flow->port;
		entry.source_vlan = read_ipv4(flow->source) << 16 | flow->vlan;
	}
	return entry;
}

static int compare_entries(const void *a, const void *b, void *data)
{
	const struct entry *first = a, *second = b;
	const struct sorting *sorting = data;

	if (first->weight != second->weight)
		return first->weight > second->weight ? -1 : 1;
	if (first->i_interface != second->i_interface)
		return first->i_interface < second->i_interface ? -1 : 1;
	if (first->group_port != second->group_port)
		return first->group_port < second->group_port ? -1 : 1;
	if (first->source_vlan != second->source_vlan)
		return first->source_vlan < second->source_vlan ? -1 : 1;
	return compare_flows(&sorting->flows[first->i_flow],
			     &sorting->flows[second->i_flow], sorting->key);
}

static void swap_entries(struct entry *a, struct entry *b)
{
	struct entry entry = *a;

	*a = *b;
	*b = entry;
}

/* Hoare's selection: all that belongs into the first n is there, in no order. */
static void select_entries(struct entry *entries, uint32_t n_entries, uint32_t n,
			   struct sorting *sorting)
{
	uint32_t low = 0, high = n_entries;

	while (high - low > 1 && n > low && n < high) {
		uint32_t border = low;

		/* The pivot stands last while the others are parted. */
		swap_entries(&entries[low + (high - low) / 2], &entries[high - 1]);
		for (uint32_t i = low; i + 1 < high; i++)
			if (compare_entries(&entries[i], &entries[high - 1], sorting) < 0)
				swap_entries(&entries[i], &entries[border++]);
		swap_entries(&entries[border], &entries[high - 1]);
		if (border < n)
			low = border + 1;
		else
			high = border;
	}
}

/* Moves rows to their places; where a row went that stood in the way is noted in the
 * entry of the place that it left. */
static void move_flows(struct sample_flow *flows, struct entry *entries, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++) {
		uint32_t from = entries[i].i_flow;
		struct sample_flow flow;

		while (from < i)
			from = entries[from].i_flow;
		entries[i].i_flow = from;
		if (from == i)
			continue;
		flow = flows[i];
		flows[i] = flows[from];
		flows[from] = flow;
	}
}

/* All of those that are shown, or just all; their number. */
static uint32_t fill_entries(const struct sample *sample, enum order_key key,
			     bool is_total, bool has_all, struct entry *entries)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < sample->n_flows; i++)
		if (has_all || order_is_shown(sample, &sample->flows[i], is_total))
			entries[n++] = make_entry(sample, i, key, is_total);
	return n;
}

static int sort(struct sample *sample, enum order_key key, bool is_total, bool has_all,
		uint32_t n)
{
	struct sorting sorting = { .flows = sample->flows, .key = key };
	struct entry *entries;
	uint32_t n_entries;

	if (sample->n_flows == 0)
		return 0;
	entries = reallocarray(NULL, sample->n_flows, sizeof(*entries));
	if (!entries)
		return -ENOMEM;
	n_entries = fill_entries(sample, key, is_total, has_all, entries);
	if (n == 0 || n > n_entries)
		n = n_entries;
	select_entries(entries, n_entries, n, &sorting);
	qsort_r(entries, n, sizeof(*entries), compare_entries, &sorting);
	move_flows(sample->flows, entries, n);
	free(entries);
	return 0;
}

int order_select(struct sample *sample, enum order_key key, bool is_total, uint32_t n)
{
	return sort(sample, key, is_total, false, n);
}

void order_sort(struct sample *sample, enum order_key key)
{
	/* Without memory the view is unsorted, and still right. */
	sort(sample, key, false, true, 0);
}
