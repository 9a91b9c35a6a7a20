/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tunable: the table of what an operator may set, with range and default. The names are
 * those of KAME where it had one (S-V3-6 to S-V3-10), so that old notes still hold.
 */
#include "engine/tunable.h"

#include <errno.h>

#define SOURCES_MIN 64u      /* no limit may be lower (RFC 3376 2, RFC 9776 2) */
#define SOURCES_MAX 1048576u /* a bound for sanity's sake */
#define GROUPS_MAX  16777216u

/* In the order of the enum. */
static const struct engine_tunable_info table[ENGINE_TUNABLES] = {
	/* S-V3-6, R-FMT-1; IGMP only: MLD has no choice (RFC 9777 5) */
	{ ENGINE_SENDWITHRA, "sendwithra", "bool", 1, 0, 1,
	  "IGMPv2 and IGMPv3 messages are sent with the Router Alert option" },
	/* S-V3-7, R-QRY-6 */
	{ ENGINE_DROPWITHNORA, "dropwithnora", "bool", 0, 0, 1,
	  "IGMPv2 and IGMPv3 messages without the Router Alert option are dropped" },
	/* S-V3-38 */
	{ ENGINE_DROPWITHBADTTL, "dropwithbadttl", "bool", 0, 0, 1,
	  "IGMP messages whose TTL is not 1 are dropped" },
	/* S-V3-8, R-MRG-2 */
	{ ENGINE_MAXSRCFILTER, "maxsrcfilter", "sources", 128, SOURCES_MIN, SOURCES_MAX,
	  "the most sources of a group on an interface, of all its sockets" },
	/* S-V3-9, R-MRG-2 */
	{ ENGINE_SOMAXSRC, "somaxsrc", "sources", 64, SOURCES_MIN, SOURCES_MAX,
	  "the most sources of a group that one socket may name" },
	/* S-V3-10, R-CMP-6 */
	{ ENGINE_ALWAYS_V3, "always_v3", "bool", 0, 0, 1,
	  "always IGMPv3 and MLDv2: queriers of older versions change nothing" },
	/* S-V3-10 */
	{ ENGINE_IGMP_VERSION, "igmp_version", "version", 0, 0, 3,
	  "the version of IGMP that is spoken; 0 is the one that queriers speak" },
	/* S-V3-41 */
	{ ENGINE_MLD_VERSION, "mld_version", "version", 0, 0, 2,
	  "the version of MLD that is spoken; 0 is the one that queriers speak" },
	/* R-CHG-4, R-QRY-9, R-SEC-2 */
	{ ENGINE_ROBUSTNESS, "robustness", "times", 2, 2, 7,
	  "how often a change is reported, unless a query says otherwise" },
	/* R-CHG-4, S-V3-33 */
	{ ENGINE_UNSOLICITED_INTERVAL, "unsolicited_interval", "ms", 1000, 1, 25000,
	  "the longest pause between two reports of one change" },
	/* R-CMP-4 */
	{ ENGINE_OLDER_INTERVAL, "older_interval", "s", 0, 0, 3600,
	  "how long a querier of an older version counts; 0 is as the RFCs have it" },
	/* S-V3-29, R-V2-6 */
	{ ENGINE_LINKLOCAL, "linklocal", "mode", 1, 0, 2,
	  "groups in 224.0.0.0/24 are reported: 0 never, 1 in IGMPv3 only, 2 always" },
	/* R-M1-5, R-V2-5 */
	{ ENGINE_ALWAYS_LEAVE, "always_leave", "bool", 0, 0, 1,
	  "IGMPv2 and MLDv1 tell of every leave, even if another host reported last" },
	/* R-LW-1, R-LW-2 */
	{ ENGINE_LIGHTWEIGHT, "lightweight", "bool", 0, 0, 1,
	  "reports are those of Lightweight IGMPv3 and MLDv2, which exclude nobody" },
	/* R-SEC-1 */
	{ ENGINE_MAXQUERYSRC, "maxquerysrc", "sources", 128, 0, UINT16_MAX,
	  "the most sources that are recorded of queries for one group; with more the "
	  "whole group is answered" },
	/* R-SEC-1 */
	{ ENGINE_MAXRECORDED, "maxrecorded", "sources", 65536, 0, SOURCES_MAX,
	  "the most sources that are recorded of queries for all groups" },
	/* R-SEC-1: what can be stored has a limit */
	{ ENGINE_MAXGROUPS, "maxgroups", "groups", 1048576, 1, GROUPS_MAX,
	  "the most groups on all interfaces, with those whose leave is still to be "
	  "told" },
};

_Static_assert(sizeof(table) / sizeof(table[0]) == ENGINE_MAXGROUPS + 1u,
	       "ENGINE_TUNABLES counts the enum");

const struct engine_tunable_info *engine_get_tunable_info(unsigned int i)
{
	return i < ENGINE_TUNABLES ? &table[i] : NULL;
}

void tunables_init(struct tunables *tunables)
{
	for (unsigned int i = 0; i < ENGINE_TUNABLES; i++)
		tunables->value[i] = table[i].value;
}

int tunables_set(struct tunables *tunables, enum engine_tunable tunable, uint64_t value)
{
	const struct engine_tunable_info *info = engine_get_tunable_info(tunable);

	if (!info)
		return -EINVAL;
	if (value < info->min || value > info->max)
		return -ERANGE;
	tunables->value[tunable] = value;
	return 0;
}
