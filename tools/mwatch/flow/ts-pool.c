/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ts-pool: tables, and how many of them there are (see ts-pool.h).
 */
#include "ts-pool.h"

#include <stdlib.h>

uint8_t *ts_pool_take(struct ts_pool *pool)
{
	uint8_t *table;

	if (pool->n_taken == TS_POOL_MAX)
		return NULL;
	table = calloc(TS_POOL_TABLE, 1);
	pool->n_taken += table != NULL;
	return table;
}

void ts_pool_give(struct ts_pool *pool, uint8_t *table)
{
	pool->n_taken -= table != NULL;
	free(table);
}
