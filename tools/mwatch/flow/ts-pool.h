/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ts-pool: tables with a place for each PID (ISO/IEC 13818-1 2.4.3.2), for the few flows
 * that have many of them.  There are never more than this, whatever senders do.
 */
#ifndef MWATCH_FLOW_TS_POOL_H
#define MWATCH_FLOW_TS_POOL_H

#include <stdint.h>

#define TS_POOL_MAX   512u
#define TS_POOL_TABLE 8192u /* PIDs */

/* Zeros: nobody has a table. */
struct ts_pool {
	uint32_t n_taken;
};

/* A table of zeros; NULL: there are no more, or there is no memory. */
uint8_t *ts_pool_take(struct ts_pool *pool);

/* NULL is fine. */
void ts_pool_give(struct ts_pool *pool, uint8_t *table);

#endif
