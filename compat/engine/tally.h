/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tally: what is counted of both protocols, under one name (S-V3-3).
 */
#ifndef ENGINE_TALLY_H
#define ENGINE_TALLY_H

#include "engine/host.h"

enum tally {
	TALLY_TOTAL,
	TALLY_TOO_SHORT,
	TALLY_TOO_LONG,
	TALLY_BAD_CHECKSUM,
	TALLY_BAD_TTL,
	TALLY_NO_ALERT,
	TALLY_V1_QUERY,
	TALLY_V2_QUERY,
	TALLY_V3_QUERY, /* of IGMP alone */
	TALLY_BAD_QUERY,
	TALLY_QUERY_FAILED,
	TALLY_REPORT,
	TALLY_BAD_REPORT,
	TALLY_OUR_REPORT,
	TALLY_SENT_OLDER,
	TALLY_SENT_LEAVE, /* IGMP counts it as a report (S-IGMP-39) */
	TALLY_SENT_NEWEST,
};
#define TALLIES 17u

void tally(const struct host *host, enum tally what);

#endif
