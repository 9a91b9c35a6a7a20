/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * delivered-row: rows of the comparison (see delivered-row.h).
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "delivered-row.h"
#include "delivered.h"

#define NSEC_PER_MSEC UINT64_C(1000000)

/* So long the kernel keeps packets in a block of the ring that is not full, at most. */
#define LAG_NS (200 * NSEC_PER_MSEC)

/* Nothing for so long, on either side: then nothing is under way. */
#define PAUSE_NS (100 * NSEC_PER_MSEC)

static int compare_keys(const void *a, const void *b)
{
	const struct delivered_key *x = a, *y = b; /* the first member of a row */
	int order;

	if (x->i_interface != y->i_interface)
		return x->i_interface < y->i_interface ? -1 : 1;
	order = place_compare(&x->place, &y->place);
	return order ? order : (x->port > y->port) - (x->port < y->port);
}

void delivered_rows_fini(struct delivered_rows *rows)
{
	for (uint32_t i = 0; i < rows->n_rows; i++)
		probe_fini(&rows->rows[i].probe);
	free(rows->rows);
	*rows = (struct delivered_rows){ 0 };
}

struct delivered_row *delivered_rows_find(const struct delivered_rows *rows,
					  const struct delivered_key *key)
{
	return rows->n_sorted ? bsearch(key, rows->rows, rows->n_sorted,
					sizeof(*rows->rows), compare_keys)
			      : NULL;
}

/* One that is not sorted yet. */
static struct delivered_row *find_new(const struct delivered_rows *rows,
				      const struct delivered_key *key)
{
	for (uint32_t i = rows->n_sorted; i < rows->n_rows; i++)
		if (compare_keys(&rows->rows[i], key) == 0)
			return &rows->rows[i];
	return NULL;
}

int delivered_rows_add(struct delivered_rows *rows, const struct delivered_key *key,
		       struct delivered_row **ret_new)
{
	struct delivered_row *row;

	*ret_new = NULL;
	if (delivered_rows_find(rows, key))
		return 0;
	*ret_new = find_new(rows, key);
	if (*ret_new)
		return 0;
	if (rows->n_rows == DELIVERED_ROWS_MAX) {
		rows->is_full = true;
		return 0;
	}
	if (!rows->rows)
		rows->rows = calloc(DELIVERED_ROWS_MAX, sizeof(*rows->rows));
	if (!rows->rows)
		return -ENOMEM;
	row = &rows->rows[rows->n_rows++];
	*row = (struct delivered_row){ .key = *key,
				       .probe = { .fd = -1, .error = -ENOENT } };
	*ret_new = row;
	return 0;
}

void delivered_rows_sort(struct delivered_rows *rows)
{
	if (rows->n_sorted == rows->n_rows)
		return;
	qsort(rows->rows, rows->n_rows, sizeof(*rows->rows), compare_keys);
	rows->n_sorted = rows->n_rows;
}

void delivered_rows_keep(struct delivered_rows *rows,
			 bool (*is_kept)(const struct delivered_key *key, void *data),
			 void *data)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < rows->n_rows; i++)
		if (is_kept(&rows->rows[i].key, data))
			rows->rows[n++] = rows->rows[i];
		else
			probe_fini(&rows->rows[i].probe);
	/* Those that were sorted are so still. */
	if (n < rows->n_rows)
		rows->n_sorted = rows->n_sorted == rows->n_rows ? n : 0;
	rows->n_rows = n;
	delivered_rows_sort(rows);
}

/*
 * One row
 */

static uint64_t get_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

void delivered_row_open(struct delivered_row *row)
{
	row->is_begun = false;
	if (probe_init(&row->probe, &row->key.place, row->key.port) == 0)
		row->alone = 0;
}

void delivered_row_close(struct delivered_row *row)
{
	row->is_begun = false;
	probe_fini(&row->probe);
	row->probe.error = -ENOENT;
}

void delivered_row_start(struct delivered_row *row, uint64_t filter)
{
	row->from_ns = get_now();
	row->edge_ns = 0;
	row->filter = filter;
	row->is_begun = row->probe.fd >= 0;
}

void delivered_row_read(struct delivered_row *row)
{
	int64_t n = probe_read(&row->probe);

	row->interval.socket += n > 0 ? (uint64_t)n : 0;
	row->interval.read_ns = get_now();
}

static uint64_t get_missing(const struct delivered_row *row)
{
	return row->wire > row->socket ? row->wire - row->socket : 0;
}

bool delivered_row_is_behind(const struct delivered_row *row)
{
	uint64_t wire = row->wire + row->interval.wire;
	uint64_t socket = row->socket + row->interval.socket + row->margin;

	return row->is_begun && wire > socket && wire - socket > get_missing(row);
}

/* The most packets in so long a time, by the most in two half windows that follow each
 * other: it touches one half more than it has, and another one at its end. */
static uint64_t bound(uint64_t ns, uint64_t window_ns, uint64_t peak)
{
	return (ns / (window_ns / 2) + 3) / 2 * peak;
}

/* Packets of this interval that may have come before the probe counted. */
static void widen_margin(struct delivered_row *row)
{
	const struct delivered_interval *interval = &row->interval;
	uint64_t after_ns = interval->first_ns > row->edge_ns ? interval->first_ns
							      : row->edge_ns;
	uint64_t ns, by_1ms, by_100ms, n = interval->wire;

	if (!interval->wire || after_ns >= row->from_ns)
		return;
	ns = row->from_ns - after_ns;
	by_1ms = bound(ns, NSEC_PER_MSEC, interval->peak_1ms);
	by_100ms = bound(ns, 100 * NSEC_PER_MSEC, interval->peak_100ms);
	n = n < by_1ms ? n : by_1ms;
	row->margin += n < by_100ms ? n : by_100ms;
}

/* From now on the least loss is seen: what is not level by now never will be. */
static void settle(struct delivered_row *row)
{
	if (get_missing(row) <= row->margin)
		row->socket = row->wire;
	row->margin = 0;
}

static bool is_silent(const struct delivered_row *row)
{
	return row->socket == 0 && get_missing(row) > 0 &&
	       get_missing(row) <= row->margin;
}

static void count_came(struct delivered_row *row)
{
	uint64_t came = get_missing(row) <= row->margin ? row->wire : row->socket;

	if (!is_silent(row) && came > row->came)
		row->came = came;
}

static void count(struct delivered_row *row, uint64_t interval_ns)
{
	const struct delivered_interval *interval = &row->interval;
	bool is_pause = !interval->wire && !interval->socket && interval_ns >= PAUSE_NS;

	widen_margin(row);
	row->wire += interval->wire;
	row->socket += interval->socket;
	row->queue_drops += interval->queue_drops;
	if (interval->last_ns > row->edge_ns)
		row->edge_ns = interval->last_ns;
	if (is_pause && row->wire && !is_silent(row))
		settle(row);
	count_came(row);
}

/* From the end of this interval on: what the ring still has is the margin. */
static void begin(struct delivered_row *row)
{
	const struct delivered_interval *interval = &row->interval;

	row->is_begun = true;
	/* The ring had not handed over yet what was compared last. */
	if (row->socket > row->wire)
		row->socket = row->wire;
	row->from_ns = interval->read_ns;
	row->edge_ns = interval->last_ns;
	if (row->from_ns > LAG_NS && row->edge_ns < row->from_ns - LAG_NS)
		row->edge_ns = row->from_ns - LAG_NS;
}

static bool has_packets(const struct delivered_interval *interval)
{
	return interval->wire || interval->socket;
}

bool delivered_row_is_active(const struct delivered_row *row)
{
	return row->was_active || has_packets(&row->interval);
}

void delivered_row_take(struct delivered_row *row, uint64_t interval_ns)
{
	struct delivered_interval *interval = &row->interval;
	bool is_known = interval->filter && !interval->is_unknown && row->probe.fd >= 0;

	row->is_shown |= interval->is_wanted;
	row->is_unknown = interval->is_unknown;
	/* What came before the filter changed was for nobody, or for others. */
	if (row->probe.fd < 0)
		row->alone += interval->wire;
	if (!is_known)
		row->is_begun = false;
	else if (row->is_begun && interval->filter == row->filter)
		count(row, interval_ns);
	else
		begin(row);
	row->filter = interval->filter;
	row->was_active = has_packets(interval);
	*interval = (struct delivered_interval){ .socket = 0 };
}

static int64_t get_socket(const struct delivered_row *row)
{
	if (row->is_unknown)
		return DELIVERED_UNKNOWN;
	if (row->has_outgoing)
		return DELIVERED_OUTGOING;
	if (row->wire == 0 && row->probe.fd < 0)
		return row->probe.error;
	return row->wire == 0 || is_silent(row) ? DELIVERED_SHORT : (int64_t)row->came;
}

void delivered_row_show(const struct delivered_row *row, struct sample_delivery *ret)
{
	bool has_queue = !row->has_queue_doubt && row->wire;

	ret->i_interface = row->key.i_interface;
	ret->family = row->key.place.group.is_ipv6 ? AF_INET6 : AF_INET;
	memcpy(ret->group, row->key.place.group.bytes, sizeof(ret->group));
	ret->port = row->key.port;
	ret->wire = row->wire ? row->wire : row->alone;
	ret->socket = get_socket(row);
	ret->queue_drops = has_queue ? (int64_t)row->queue_drops : -1;
	ret->under_way = row->margin;
}
