/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * counter: the table of the counters. Those of IGMP have the names and the meaning of
 * KAME's (S-V3-3), those of MLD the same ones with a prefix.
 */
#include "engine/engine.h"

#define COUNT(counter, name, help)                  \
	{                                           \
		ENGINE_##counter, name, help, false \
	}
#define GAUGE(counter, name, help)                 \
	{                                          \
		ENGINE_##counter, name, help, true \
	}

/* In the order of the enum. */
static const struct engine_counter_info table[ENGINE_COUNTERS] = {
	COUNT(IGMP_RCV_TOTAL, "rcv_total", "IGMP messages received"),
	COUNT(IGMP_RCV_TOOSHORT, "rcv_tooshort", "IGMP messages cut short"),
	COUNT(IGMP_RCV_TOOLONG, "rcv_toolong",
	      "IGMP messages longer than the interface's MTU"),
	COUNT(IGMP_RCV_BADSUM, "rcv_badsum", "IGMP messages with a wrong checksum"),
	COUNT(IGMP_RCV_BADTTL, "rcv_badttl", "IGMP messages with a TTL other than 1"),
	COUNT(IGMP_RCV_NORA, "rcv_nora", "IGMP messages without Router Alert"),
	COUNT(IGMP_RCV_V1_QUERIES, "rcv_v1_queries", "IGMPv1 queries received"),
	COUNT(IGMP_RCV_V2_QUERIES, "rcv_v2_queries", "IGMPv2 queries received"),
	COUNT(IGMP_RCV_V3_QUERIES, "rcv_v3_queries", "IGMPv3 queries received"),
	COUNT(IGMP_RCV_BADQUERIES, "rcv_badqueries", "IGMP queries with invalid fields"),
	COUNT(IGMP_RCV_QUERY_FAILS, "rcv_query_fails",
	      "IGMP queries whose sources could not be recorded"),
	COUNT(IGMP_RCV_REPORTS, "rcv_reports", "IGMP reports received"),
	COUNT(IGMP_RCV_BADREPORTS, "rcv_badreports", "IGMP reports with invalid fields"),
	COUNT(IGMP_RCV_OURREPORTS, "rcv_ourreports",
	      "IGMP reports received for groups of this host"),
	COUNT(IGMP_SND_V1V2_REPORTS, "snd_v1v2_reports",
	      "IGMPv1 and IGMPv2 reports and leaves sent"),
	COUNT(IGMP_SND_V3_REPORTS, "snd_v3_reports", "IGMPv3 reports sent"),
	COUNT(MLD_RCV_TOTAL, "mld_rcv_total", "MLD messages received"),
	COUNT(MLD_RCV_TOOSHORT, "mld_rcv_tooshort", "MLD messages cut short"),
	COUNT(MLD_RCV_TOOLONG, "mld_rcv_toolong",
	      "MLD messages longer than the interface's MTU"),
	COUNT(MLD_RCV_BADSUM, "mld_rcv_badsum", "MLD messages with a wrong checksum"),
	COUNT(MLD_RCV_BADHOPLIMIT, "mld_rcv_badhoplimit",
	      "MLD messages with a hop limit other than 1"),
	COUNT(MLD_RCV_NORA, "mld_rcv_nora", "MLD messages without Router Alert"),
	COUNT(MLD_RCV_BADSOURCE, "mld_rcv_badsource",
	      "MLD messages that are not from a link-local address"),
	COUNT(MLD_RCV_V1_QUERIES, "mld_rcv_v1_queries", "MLDv1 queries received"),
	COUNT(MLD_RCV_V2_QUERIES, "mld_rcv_v2_queries", "MLDv2 queries received"),
	COUNT(MLD_RCV_BADQUERIES, "mld_rcv_badqueries",
	      "MLD queries with invalid fields"),
	COUNT(MLD_RCV_QUERY_FAILS, "mld_rcv_query_fails",
	      "MLD queries whose sources could not be recorded"),
	COUNT(MLD_RCV_REPORTS, "mld_rcv_reports", "MLD reports received"),
	COUNT(MLD_RCV_BADREPORTS, "mld_rcv_badreports",
	      "MLD reports with invalid fields"),
	COUNT(MLD_RCV_OURREPORTS, "mld_rcv_ourreports",
	      "MLD reports received for groups of this host"),
	COUNT(MLD_SND_V1_REPORTS, "mld_snd_v1_reports", "MLDv1 reports sent"),
	COUNT(MLD_SND_V1_DONES, "mld_snd_v1_dones", "MLDv1 Done messages sent"),
	COUNT(MLD_SND_V2_REPORTS, "mld_snd_v2_reports", "MLDv2 reports sent"),
	GAUGE(MEMORY_MSFILTER, "memory_msfilter",
	      "bytes for source filters of interfaces"),
	GAUGE(MEMORY_MOPTIONS, "memory_moptions", "bytes for filters of sockets"),
	GAUGE(MEMORY_OTHER, "memory_other", "bytes for everything else"),
	GAUGE(RECORDED_SOURCES, "recorded_sources",
	      "sources of queries that are not answered yet"),
};

_Static_assert(sizeof(table) / sizeof(table[0]) == ENGINE_RECORDED_SOURCES + 1u,
	       "ENGINE_COUNTERS counts the enum");

const struct engine_counter_info *engine_get_counter_info(unsigned int i)
{
	return i < ENGINE_COUNTERS ? &table[i] : NULL;
}
