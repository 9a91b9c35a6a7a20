/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * delivered: the comparison, interval by interval (see delivered.h).
 *
 * What should come is what the host admits: the merged filters of all sockets.
 * Packets of this host's own come back by a way that is not seen here, so where it
 * sends to a group itself, what should come cannot be known.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "counters.h"
#include "delivered-row.h"
#include "delivered.h"
#include "files.h"
#include "host.h"
#include "links.h"
#include "output.h"

struct delivered {
	pid_t pid;
	struct msf_interface *interfaces; /* owned; indexes as of the last look */
	uint32_t n_interfaces;
	struct delivered_rows rows;
	struct links links;
	struct host host;
	struct queues queues;
	bool has_queues;  /* the last look at them succeeded */
	uint64_t *inodes; /* of the process's sockets, ascending; owned */
	uint32_t n_inodes;
	struct counters before, now;
	uint64_t when_ns; /* of the sample that was compared last */
	bool has_warned;  /* that rows were left out */
};

/*
 * Sockets that are there already: their probes come before the packets
 */

static int add_row(struct delivered *delivered, uint32_t i_interface,
		   const struct place *place, uint16_t port)
{
	const struct delivered_key key = { i_interface, *place, port };
	struct delivered_row *row;

	return delivered_rows_add(&delivered->rows, &key, &row);
}

static uint32_t get_receiver(const struct delivered *delivered, uint32_t i_interface,
			     uint16_t vlan)
{
	return links_get_receiver(&delivered->links,
				  delivered->interfaces[i_interface].ifindex, vlan);
}

static int add_rows_of(struct delivered *delivered, const struct queue *queue,
		       const struct msf_membership *membership)
{
	const struct place place = { membership->ifindex,
				     address_get(&membership->group) };
	int r = 0;

	if (!queue->port || !queue_hears(queue, &place, queue->port))
		return 0;
	for (uint32_t i = 0; r == 0 && i < delivered->n_interfaces; i++)
		if (get_receiver(delivered, i, 0) == place.ifindex)
			r = add_row(delivered, i, &place, queue->port);
	return r;
}

static int add_rows_at(struct delivered *delivered, const struct queue *queue)
{
	struct place place = { .group = queue->address };
	int r = 0;

	for (uint32_t i = 0; r == 0 && i < delivered->n_interfaces; i++) {
		place.ifindex = get_receiver(delivered, i, 0);
		if (host_find(&delivered->host, &place) &&
		    queue_hears(queue, &place, queue->port))
			r = add_row(delivered, i, &place, queue->port);
	}
	return r;
}

static int compare_inodes(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

static const struct queue *find_queue(const struct delivered *delivered, uint64_t inode)
{
	const struct queues *queues = &delivered->queues;

	/* The inode is the first member. */
	return queues->n_queues ? bsearch(&inode, queues->queues, queues->n_queues,
					  sizeof(*queues->queues), compare_inodes)
				: NULL;
}

static int note_inode(struct delivered *delivered, uint64_t inode)
{
	uint64_t *inodes = reallocarray(delivered->inodes, delivered->n_inodes + 1,
					sizeof(*inodes));

	if (!inodes)
		return -ENOMEM;
	delivered->inodes = inodes;
	inodes[delivered->n_inodes++] = inode;
	return 0;
}

static int take_sockets(struct delivered *delivered, struct msf_state *state)
{
	struct msf_membership membership;
	struct msf_socket socket;
	int r = 0;

	delivered->n_inodes = 0;
	while (r == 0 && msf_state_pop_socket(state, &socket) > 0) {
		const struct queue *queue = find_queue(delivered, socket.inode);

		r = note_inode(delivered, socket.inode);
		while (r == 0 && queue &&
		       msf_state_pop_membership(state, &membership) > 0)
			r = add_rows_of(delivered, queue, &membership);
	}
	if (delivered->n_inodes)
		qsort(delivered->inodes, delivered->n_inodes, sizeof(*delivered->inodes),
		      compare_inodes);
	return r;
}

/* Sockets of anybody that are bound to a group. */
static int take_queues(struct delivered *delivered)
{
	int r = 0;

	for (uint32_t i = 0; r == 0 && i < delivered->queues.n_queues; i++)
		r = add_rows_at(delivered, &delivered->queues.queues[i]);
	delivered_rows_sort(&delivered->rows);
	return r;
}

/* Those that may not be looked at get their probes when their packets are seen. */
static int scan_sockets(struct delivered *delivered)
{
	const struct msf_scan scan = { .pid = delivered->pid,
				       .flags = MSF_SCAN_HERE |
						(delivered->pid ? MSF_SCAN_IDLE : 0) };
	struct msf_state *state;
	int r;

	r = msf_state_scan(&state, NULL, &scan);
	if (r < 0)
		return r == -ENOMEM ? r : 0;
	r = take_sockets(delivered, state);
	msf_state_free(state);
	delivered_rows_sort(&delivered->rows);
	return r;
}

static int look_at_sockets(struct delivered *delivered)
{
	int r = 0;

	if (!delivered->has_queues)
		return 0;
	if (!delivered->pid)
		r = take_queues(delivered);
	if (r == 0 && (delivered->pid || delivered->queues.has_new))
		r = scan_sockets(delivered);
	return r;
}

/*
 * Reading
 */

static bool is_ours(const struct delivered *delivered, uint64_t inode)
{
	for (uint32_t i = 0; i < delivered->rows.n_rows; i++)
		if (delivered->rows.rows[i].probe.fd >= 0 &&
		    delivered->rows.rows[i].probe.inode == inode)
			return true;
	return false;
}

static bool is_asked_for(const struct delivered *delivered, const struct queue *queue)
{
	if (!delivered->pid)
		return !is_ours(delivered, queue->inode);
	return delivered->n_inodes &&
	       bsearch(&queue->inode, delivered->inodes, delivered->n_inodes,
		       sizeof(*delivered->inodes), compare_inodes);
}

static void add_queue_drops(struct delivered *delivered, const struct queue *queue)
{
	for (uint32_t i = 0; i < delivered->rows.n_rows; i++) {
		struct delivered_row *row = &delivered->rows.rows[i];

		if (queue_hears(queue, &row->key.place, row->key.port))
			row->queue_drops += queue->n_dropped;
	}
}

static void read_queues(struct delivered *delivered)
{
	const struct queues *queues = &delivered->queues;

	for (uint32_t i = 0; delivered->has_queues && i < queues->n_queues; i++)
		if (queues->queues[i].n_dropped &&
		    is_asked_for(delivered, &queues->queues[i]))
			add_queue_drops(delivered, &queues->queues[i]);
}

static void read_probes(struct delivered *delivered)
{
	for (uint32_t i = 0; i < delivered->rows.n_rows; i++) {
		struct delivered_row *row = &delivered->rows.rows[i];
		int64_t n = probe_read(&row->probe);

		row->interval.socket = n < 0 ? -1 : row->interval.socket + n;
	}
}

int delivered_read(struct delivered *delivered)
{
	int r = links_refresh(&delivered->links);

	for (uint32_t i = 0; r == 0 && i < delivered->n_interfaces; i++)
		delivered->interfaces[i].ifindex =
			links_find(&delivered->links, delivered->interfaces[i].name);
	/* What cannot be asked for the moment is not compared, and is asked again. */
	if (r != -ENOMEM)
		r = host_refresh(&delivered->host);
	if (r != -ENOMEM)
		r = queues_refresh(&delivered->queues);
	delivered->has_queues = r == 0;
	if (r == -ENOMEM || look_at_sockets(delivered) < 0)
		return -ENOMEM;
	counters_read(&delivered->now);
	read_queues(delivered);
	read_probes(delivered);
	return 0;
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
	delivered->pid = settings->pid;
	delivered->n_interfaces = settings->n_interfaces;
	delivered->interfaces = calloc(n ? n : 1, sizeof(*delivered->interfaces));
	if (delivered->interfaces && n)
		memcpy(delivered->interfaces, settings->interfaces,
		       n * sizeof(*delivered->interfaces));
	if (delivered->interfaces) {
		delivered->queues.has_new = true;
		r = delivered_read(delivered);
		delivered->before = delivered->now;
	}
	if (r < 0) {
		delivered_free(delivered);
		return r;
	}
	*ret = delivered;
	return 0;
}

struct delivered *delivered_free(struct delivered *delivered)
{
	if (!delivered)
		return NULL;
	delivered_rows_fini(&delivered->rows);
	queues_fini(&delivered->queues);
	host_fini(&delivered->host);
	links_fini(&delivered->links);
	free(delivered->inodes);
	free(delivered->interfaces);
	free(delivered);
	return NULL;
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

static void take_flow(const struct delivered *delivered, struct delivered_row *row,
		      const struct sample_flow *flow)
{
	const struct host_group *group = host_find(&delivered->host, &row->key.place);
	struct delivered_interval *interval = &row->interval;
	struct address source = address_make(flow->family, flow->source);
	enum sample_verdict verdict;

	if (!group)
		return;
	verdict = host_group_judge(group, &source);
	interval->is_wanted |= flow->verdict == SAMPLE_ACCEPT && !flow->is_outgoing;
	row->has_outgoing |= flow->is_outgoing && flow->interval.packets;
	interval->is_unknown |= verdict == SAMPLE_UNKNOWN;
	if (flow->is_outgoing || verdict != SAMPLE_ACCEPT)
		return;
	interval->wire += flow->interval.packets;
	interval->burst += flow->interval.peak_100ms;
	interval->is_older |= flow->interval.packets && flow->first_ns < row->made_ns;
}

/* New rows count from now on. */
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
			row->is_begun = row->is_shown = true;
			row->under_way += flow->interval.peak_100ms;
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

static void close_interval(struct delivered *delivered, const struct sample *sample)
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
	for (uint32_t i = 0; i < delivered->rows.n_rows; i++) {
		struct delivered_row *row = &delivered->rows.rows[i];

		row->interval.is_joined = host_find(&delivered->host, &row->key.place) !=
					  NULL;
		delivered_row_close(row);
	}
}

static void show_row(const struct delivered *delivered, const struct delivered_row *row,
		     struct sample_delivery *ret)
{
	int i = row->key.place.group.is_ipv6;
	const struct counters *now = &delivered->now, *before = &delivered->before;

	*ret = (struct sample_delivery){ 0 };
	delivered_row_show(row, ret);
	if (!delivered->has_queues)
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
		close_interval(delivered, sample);
		r = add_new_rows(delivered, sample);
	}
	return r < 0 ? r : show_rows(delivered, sample);
}
