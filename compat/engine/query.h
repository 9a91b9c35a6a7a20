/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * query: what a query that a host may believe changes (RFC 9776 5.2 and 7.2.1, RFC 9777
 * 6.2 and 8.2.1): what is known of the querier, the version in force, and what is to be
 * answered.
 */
#ifndef ENGINE_QUERY_H
#define ENGINE_QUERY_H

#include "engine/host.h"

void query_hear(struct host *host, const struct message *message, struct addr source);

#endif
