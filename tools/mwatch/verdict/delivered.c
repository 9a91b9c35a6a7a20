/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * delivered: the comparison, interval by interval (see delivered.h).
 *
 * What should come is what the host lets pass: the merged filters of all sockets, and
 * every source where the kernel has none.
 * Packets of this host's own come back by a way that is not seen here, so where it
 * sends to a group itself, what should come cannot be known.
 */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "counters.h"
#include "delivered-row.h"
#include "delivered-sockets.h"
#include "delivered.h"
#include "files.h"
#include "host.h"
#include "links.h"
#include "output.h"
#include "target.h"

/* Rows for sockets that may not be looked at: each could be of any group. */
#define MAX_GUESSES 128

/* The first interface of every network namespace; our own anchor is there. */
#define LOOPBACK 1

/* Of a packet that is counted on the wire, the socket may be some instructions away. */
#define STRAGGLER_NS 2000000

struct delivered {
	struct target target;             /* pid 0: all processes */
	struct msf_interface *interfaces; /* owned; indexes as of the last look */
	uint32_t n_interfaces;
	struct delivered_rows rows;
	struct delivered_sockets sockets;
	struct links links;
	struct host host;
	struct counters before, now;
	uint64_t when_ns; /* of the sample that was compared last */
	bool has_warned;  /* that rows were left out */
};

static uint32_t get_receiver(const struct delivered *delivered, uint32_t i_interface,
			     uint16_t vlan)
{
	return links_get_receiver(&delivered->links,
				  delivered->interfaces[i_interface].ifindex, vlan);
}

/*
 * Rows for sockets that are there already: their probes come before the packets
 */

/* What is received at that place, on every interface where it is seen. */
static int add_rows(struct delivered *delivered, const struct place *place, uint16_t port)
{
	struct delivered_key key = { .place = *place, .port = port };
	struct delivered_row *row;
	int r = 0;

	for (uint32_t i = 0; r == 0 && i < delivered->n_interfaces; i++) {
		key.i_interface = i;
		if (get_receiver(delivered, i, 0) == place->ifindex)
			r = delivered_rows_add(&delivered->rows, &key, &row);
	}
	return r;
}

static int compare_queue(const void *key, const void *entry)
{
	uint64_t inode = *(const uint64_t *)key;
	const struct queue *queue = entry;

	return (inode > queue->inode) - (inode < queue->inode);
}

/* Sockets that may be looked at, with their memberships. */
static int add_rows_of_members(struct delivered *delivered)
{
	const struct delivered_sockets *sockets = &delivered->sockets;
	const struct queues *queues = &sockets->queues;
	int r = 0;

	for (uint32_t i = 0; r == 0 && i < sockets->n_members; i++) {
		const struct delivered_member *member = &sockets->members[i];
		const struct queue *queue =
			queues->n_queues
				? bsearch(&member->inode, queues->queues,
					  queues->n_queues, sizeof(*queue), compare_queue)
				: NULL;

		if (queue && queue->port &&
		    queue_hears(queue, &member->place, queue->port))
			r = add_rows(delivered, &member->place, queue->port);
	}
	return r;
}

/* Others: what the host has joined and they can hear. */
static int add_rows_of_strangers(struct delivered *delivered)
{
	const struct delivered_sockets *sockets = &delivered->sockets;
	const struct queues *queues = &sockets->queues;
	int r = 0;

	for (uint32_t i = 0; r == 0 && i < queues->n_queues; i++) {
		const struct queue *queue = &queues->queues[i];

		if (!queue->port || delivered_sockets_find(sockets, queue->inode))
			continue;
		for (uint32_t j = 0; r == 0 && j < delivered->host.n_groups &&
				     delivered->rows.n_rows < MAX_GUESSES;
		     j++) {
			const struct host_group *group = &delivered->host.groups[j];

			if (!host_group_is_of_kernel(group) &&
			    queue_hears(queue, &group->place, queue->port))
				r = add_rows(delivered, &group->place, queue->port);
		}
	}
	return r;
}

static bool is_ours(const struct delivered *delivered, uint64_t inode)
{
	for (uint32_t i = 0; i < delivered->rows.n_rows; i++)
		if (delivered->rows.rows[i].probe.fd >= 0 &&
		    delivered->rows.rows[i].probe.inode == inode)
			return true;
	return false;
}

/*
 * Probes are there as long as somebody listens
 */

static bool has_listener(const struct delivered *delivered,
			 const struct delivered_row *row)
{
	const struct queues *queues = &delivered->sockets.queues;

	for (uint32_t i = 0; i < queues->n_queues; i++)
		if (queue_hears(&queues->queues[i], &row->key.place, row->key.port) &&
		    !is_ours(delivered, queues->queues[i].inode))
			return true;
	return false;
}

/* One that was refused is tried again. */
static void renew_probe(const struct delivered *delivered, struct delivered_row *row)
{
	if (!delivered->sockets.has_queues)
		return;
	if (has_listener(delivered, row)) {
		if (row->probe.fd < 0)
			delivered_row_open(row);
	} else {
		delivered_row_close(row);
	}
}

static void renew_probes(struct delivered *delivered)
{
	for (uint32_t i = 0; i < delivered->rows.n_rows; i++)
		renew_probe(delivered, &delivered->rows.rows[i]);
}

/*
 * Looking
 */

static bool has_link(const struct delivered_key *key, void *data)
{
	const struct links *links = data;

	for (uint32_t i = 0; i < links->n_links; i++)
		if (links->links[i].ifindex == key->place.ifindex)
			return true;
	return false;
}

static int look_at_links(struct delivered *delivered)
{
	int r = links_refresh(&delivered->links);

	if (r < 0)
		return r;
	for (uint32_t i = 0; i < delivered->n_interfaces; i++)
		delivered->interfaces[i].ifindex =
			links_find(&delivered->links, delivered->interfaces[i].name);
	delivered_rows_keep(&delivered->rows, has_link, &delivered->links);
	return 0;
}

/* A filter of libmsf's own drops, too. */
static bool is_emulated(const struct delivered *delivered, const struct queue *queue)
{
	const struct delivered_socket *socket =
		delivered_sockets_find(&delivered->sockets, queue->inode);

	return socket ? socket->is_emulated : host_is_asm(&delivered->host);
}

/* Sockets, or memberships, that may not have been there at the last scan. */
static bool has_news(const struct delivered *delivered)
{
	const struct queues *queues = &delivered->sockets.queues;

	for (uint32_t i = 0; i < queues->n_queues; i++)
		if (queues->queues[i].n_dropped &&
		    !is_emulated(delivered, &queues->queues[i]) &&
		    !is_ours(delivered, queues->queues[i].inode))
			return true;
	return queues->has_new;
}

static int scan_sockets(struct delivered *delivered)
{
	struct target *target = &delivered->target;
	int r = delivered_sockets_scan(&delivered->sockets, target->pid);

	if (r < 0)
		return r;
	/* Another process may have its number now. */
	if (target->pid && target_check(target) < 0)
		delivered_sockets_forget(&delivered->sockets);
	r = add_rows_of_members(delivered);
	return r < 0 || target->pid ? r : add_rows_of_strangers(delivered);
}

static int look_at_sockets(struct delivered *delivered)
{
	int r = delivered_sockets_refresh(&delivered->sockets);

	if (r < 0 || !delivered->sockets.has_queues)
		return r;
	if (delivered->target.pid || has_news(delivered))
		r = scan_sockets(delivered);
	delivered_rows_sort(&delivered->rows);
	return r;
}

int delivered_read(struct delivered *delivered)
{
	int r = look_at_links(delivered);

	/* What cannot be asked for the moment is not compared, and is asked again. */
	if (r != -ENOMEM)
		r = host_refresh(&delivered->host);
	if (r != -ENOMEM)
		r = look_at_sockets(delivered);
	if (r == -ENOMEM)
		return r;
	renew_probes(delivered);
	counters_read(&delivered->now);
	return 0;
}

static uint64_t get_filter(const struct delivered *delivered,
			   const struct delivered_row *row)
{
	const struct host_group *group = host_find(&delivered->host, &row->key.place);
	uint64_t digest = group ? host_group_get_digest(group) : 0;

	return group && (!digest || host_is_asm(&delivered->host)) ? 1 : digest;
}

/* They count from the beginning of the run. */
static void start_rows(struct delivered *delivered)
{
	for (uint32_t i = 0; i < delivered->rows.n_rows; i++) {
		struct delivered_row *row = &delivered->rows.rows[i];

		delivered_row_start(row, get_filter(delivered, row));
	}
}

int delivered_new(struct delivered **ret, const struct delivered_settings *settings)
{
	struct delivered *delivered = calloc(1, sizeof(*delivered));
	size_t n = settings->n_interfaces;
	int r = -ENOMEM;

	if (!delivered)
		return -ENOMEM;
	files_raise_limit();
	delivered->host = HOST_INIT;
	delivered->target.pid = settings->pid;
	delivered->n_interfaces = settings->n_interfaces;
	delivered->interfaces = calloc(n ? n : 1, sizeof(*delivered->interfaces));
	if (delivered->interfaces && n)
		memcpy(delivered->interfaces, settings->interfaces,
		       n * sizeof(*delivered->interfaces));
	if (delivered->interfaces)
		r = delivered_read(delivered);
	if (r < 0) {
		delivered_free(delivered);
		return r;
	}
	delivered->before = delivered->now;
	start_rows(delivered);
	*ret = delivered;
	return 0;
}

struct delivered *delivered_free(struct delivered *delivered)
{
	if (!delivered)
		return NULL;
	delivered_rows_fini(&delivered->rows);
	delivered_sockets_fini(&delivered->sockets);
	host_fini(&delivered->host);
	links_fini(&delivered->links);
	target_fini(&delivered->target);
	free(delivered->interfaces);
	free(delivered);
	return NULL;
}

/*
 * Receive queues
 */

static bool is_watched(const struct delivered *delivered, uint32_t ifindex)
{
	for (uint32_t i = 0; i < delivered->n_interfaces; i++)
		if (get_receiver(delivered, i, 0) == ifindex)
			return true;
	return false;
}

/* Packets that are not seen here. */
static bool may_get_others(const struct delivered *delivered, const struct queue *queue)
{
	for (uint32_t i = 0; i < delivered->host.n_groups; i++) {
		const struct host_group *group = &delivered->host.groups[i];

		if (group->place.ifindex != LOOPBACK && !host_group_is_of_kernel(group) &&
		    !is_watched(delivered, group->place.ifindex) &&
		    delivered_sockets_may_get(&delivered->sockets, queue, &group->place,
					      queue->port))
			return true;
	}
	return false;
}

static bool may_get(const struct delivered *delivered, const struct queue *queue,
		    const struct delivered_row *row)
{
	return row->interval.filter &&
	       delivered_sockets_may_get(&delivered->sockets, queue, &row->key.place,
					 row->key.port);
}

/* The drops are of the one row whose packets it gets, or nobody knows of which. */
static void charge(struct delivered *delivered, const struct queue *queue)
{
	bool is_doubtful = is_emulated(delivered, queue) ||
			   may_get_others(delivered, queue);
	struct delivered_row *found = NULL;

	for (uint32_t i = 0; i < delivered->rows.n_rows && !is_doubtful; i++) {
		struct delivered_row *row = &delivered->rows.rows[i];

		if (!delivered_row_is_active(row) || !may_get(delivered, queue, row))
			continue;
		is_doubtful = found != NULL;
		found = row;
	}
	if (found && !is_doubtful)
		found->interval.queue_drops += queue->n_dropped;
	for (uint32_t i = 0; i < delivered->rows.n_rows && is_doubtful; i++)
		delivered->rows.rows[i].has_queue_doubt |=
			may_get(delivered, queue, &delivered->rows.rows[i]);
}

static bool is_asked_for(const struct delivered *delivered, const struct queue *queue)
{
	return delivered->target.pid
		       ? delivered_sockets_find(&delivered->sockets, queue->inode) != NULL
		       : !is_ours(delivered, queue->inode);
}

static void take_queues(struct delivered *delivered)
{
	const struct delivered_sockets *sockets = &delivered->sockets;

	for (uint32_t i = 0; sockets->has_queues && i < sockets->queues.n_queues; i++) {
		const struct queue *queue = &sockets->queues.queues[i];

		if (queue->n_dropped && queue->port && is_asked_for(delivered, queue))
			charge(delivered, queue);
	}
}

/*
 * Comparing
 */

static bool make_key(const struct delivered *delivered, const struct sample_flow *flow,
		     struct delivered_key *ret)
{
	struct delivered_key key = { .i_interface = flow->i_interface,
				     .port = flow->port };

	if (flow->i_interface >= delivered->n_interfaces)
		return false;
	key.place.group = address_make(flow->family, flow->group);
	key.place.ifindex = get_receiver(delivered, flow->i_interface, flow->vlan);
	*ret = key;
	return key.place.ifindex != 0;
}

/* What the host admits of it came, or should have come. */
static void add_flow(struct delivered_interval *interval, const struct sample_flow *flow)
{
	const struct sample_counts *counts = &flow->interval;

	if (flow->last_ns > interval->last_ns)
		interval->last_ns = flow->last_ns;
	if (!counts->packets)
		return;
	if (!interval->wire || flow->first_ns < interval->first_ns)
		interval->first_ns = flow->first_ns;
	interval->wire += counts->packets;
	interval->peak_1ms += counts->peak_1ms;
	interval->peak_100ms += counts->peak_100ms;
}

static void take_flow(const struct delivered *delivered, struct delivered_row *row,
		      const struct sample_flow *flow)
{
	const struct host_group *group = host_find(&delivered->host, &row->key.place);
	struct delivered_interval *interval = &row->interval;
	struct address source = address_make(flow->family, flow->source);
	enum sample_verdict verdict;

	if (!group)
		return;
	verdict = host_pass(&delivered->host, group, &source);
	interval->is_wanted |= flow->verdict == SAMPLE_ACCEPT && !flow->is_outgoing;
	row->has_outgoing |= flow->is_outgoing && flow->interval.packets;
	interval->is_unknown |= verdict == SAMPLE_UNKNOWN;
	if (!flow->is_outgoing && verdict == SAMPLE_ACCEPT)
		add_flow(interval, flow);
}

static void take_flows(struct delivered *delivered, const struct sample *sample)
{
	struct delivered_key key;

	for (uint32_t i = 0; i < sample->n_flows; i++) {
		struct delivered_row *row;

		if (!make_key(delivered, &sample->flows[i], &key))
			continue;
		row = delivered_rows_find(&delivered->rows, &key);
		if (row)
			take_flow(delivered, row, &sample->flows[i]);
	}
}

/* Later than the wire; true: packets may still be on their way to the sockets. */
static bool read_probes(struct delivered *delivered)
{
	bool is_behind = false;

	for (uint32_t i = 0; i < delivered->rows.n_rows; i++) {
		struct delivered_row *row = &delivered->rows.rows[i];

		delivered_row_read(row);
		is_behind |= delivered_row_is_behind(row);
	}
	return is_behind;
}

/* Rows for flows that were accepted, and have none yet. */
static int add_new_rows(struct delivered *delivered, const struct sample *sample)
{
	struct delivered_row *row;
	struct delivered_key key;
	int r = 0;

	for (uint32_t i = 0; r == 0 && i < sample->n_flows; i++) {
		const struct sample_flow *flow = &sample->flows[i];

		if (flow->verdict != SAMPLE_ACCEPT || flow->is_outgoing ||
		    !make_key(delivered, flow, &key))
			continue;
		r = delivered_rows_add(&delivered->rows, &key, &row);
		if (row) {
			renew_probe(delivered, row);
			take_flow(delivered, row, flow);
		}
	}
	delivered_rows_sort(&delivered->rows);
	if (delivered->rows.is_full && !delivered->has_warned) {
		output_warning("--delivered",
			       "only %d groups and ports are compared: name fewer",
			       DELIVERED_ROWS_MAX);
		delivered->has_warned = true;
	}
	return r;
}

static int compare(struct delivered *delivered, const struct sample *sample)
{
	static const struct timespec straggler = { .tv_nsec = STRAGGLER_NS };
	int r;

	take_flows(delivered, sample);
	r = add_new_rows(delivered, sample);
	for (uint32_t i = 0; i < delivered->rows.n_rows; i++) {
		struct delivered_row *row = &delivered->rows.rows[i];

		row->interval.filter = get_filter(delivered, row);
	}
	if (read_probes(delivered)) {
		nanosleep(&straggler, NULL);
		read_probes(delivered);
	}
	take_queues(delivered);
	for (uint32_t i = 0; i < delivered->rows.n_rows; i++)
		delivered_row_take(&delivered->rows.rows[i], sample->interval_ns);
	return r;
}

static void show_row(const struct delivered *delivered, const struct delivered_row *row,
		     struct sample_delivery *ret)
{
	int i = row->key.place.group.is_ipv6;
	const struct counters *now = &delivered->now, *before = &delivered->before;

	*ret = (struct sample_delivery){ 0 };
	delivered_row_show(row, ret);
	if (!delivered->sockets.has_queues)
		ret->queue_drops = -1;
	ret->checksum_drops = counters_get(now, before, i, COUNTERS_CHECKSUM);
	ret->memory_drops = counters_get(now, before, i, COUNTERS_MEMORY);
	ret->route_drops = counters_get(now, before, i, COUNTERS_ROUTE);
}

static int show_rows(const struct delivered *delivered, struct sample *sample)
{
	struct sample_delivery *deliveries = reallocarray(
		sample->deliveries, delivered->rows.n_rows + 1, sizeof(*deliveries));

	if (!deliveries)
		return -ENOMEM;
	sample->deliveries = deliveries;
	sample->n_deliveries = 0;
	for (uint32_t i = 0; i < delivered->rows.n_rows; i++)
		if (delivered->rows.rows[i].is_shown)
			show_row(delivered, &delivered->rows.rows[i],
				 &deliveries[sample->n_deliveries++]);
	return 0;
}

int delivered_compare(struct delivered *delivered, struct sample *sample)
{
	int r = 0;

	/* The same sample again adds nothing. */
	if (sample->when_ns != delivered->when_ns) {
		delivered->when_ns = sample->when_ns;
		r = compare(delivered, sample);
	}
	return r < 0 ? r : show_rows(delivered, sample);
}
