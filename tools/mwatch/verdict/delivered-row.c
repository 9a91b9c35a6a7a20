/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * delivered-row: rows of the comparison (see delivered-row.h).
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "delivered-row.h"

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

static uint64_t get_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
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
	*row = (struct delivered_row){ .key = *key };
	probe_init(&row->probe, &key->place, key->port);
	row->made_ns = get_now();
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

/* Begins to count: exactly when nothing came before the probe was there, else from the
 * end of this interval, give or take what was under way then. */
static void begin(struct delivered_row *row)
{
	struct delivered_interval *interval = &row->interval;

	if (interval->is_older || row->has_left) {
		row->under_way += interval->burst;
		row->socket = row->has_left ? row->socket : 0;
		interval->wire = 0;
		interval->socket = 0;
	}
	row->is_begun = true;
}

static void find_skew(struct delivered_row *row)
{
	int64_t limit = (int64_t)row->under_way, skew;

	skew = (int64_t)(row->wire - row->socket);
	skew = skew > limit ? limit : skew < -limit ? -limit : skew;
	if (!row->has_skew || skew < row->skew)
		row->skew = skew;
	row->has_skew = true;
}

static void count_came(struct delivered_row *row)
{
	uint64_t came = row->socket + (uint64_t)row->skew;

	/* The ring has not handed over yet what came last. */
	came = came < row->wire ? came : row->wire;
	row->came = came > row->came ? came : row->came;
}

void delivered_row_close(struct delivered_row *row)
{
	struct delivered_interval *interval = &row->interval;

	row->is_shown |= interval->is_wanted;
	row->is_unknown = interval->is_unknown;
	if (!interval->is_joined || interval->is_unknown) {
		row->has_left |= row->is_begun;
		row->is_begun = false;
		interval->wire = 0;
		interval->socket = 0;
	} else if (!row->is_begun && interval->wire) {
		begin(row);
	}
	row->wire += interval->wire;
	row->socket += interval->socket > 0 ? (uint64_t)interval->socket : 0;
	row->burst = interval->burst;
	if (row->is_begun && row->wire)
		find_skew(row);
	count_came(row);
	*interval = (struct delivered_interval){ .socket = 0 };
}

void delivered_row_show(const struct delivered_row *row, struct sample_delivery *ret)
{
	bool is_known = row->probe.fd >= 0 && !row->is_unknown && !row->has_outgoing;

	ret->i_interface = row->key.i_interface;
	ret->family = row->key.place.group.is_ipv6 ? AF_INET6 : AF_INET;
	memcpy(ret->group, row->key.place.group.bytes, sizeof(ret->group));
	ret->port = row->key.port;
	ret->wire = row->wire;
	ret->socket = is_known ? (int64_t)row->came : -1;
	ret->queue_drops = (int64_t)row->queue_drops;
	ret->under_way = row->under_way + row->burst;
}
