/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A socket that changes its mind again and again before anybody pulls: what it wants now
 * is told, and what it wanted in between takes neither memory nor packets without end.
 */
#include "flood.h"

#define FLIPS   4000u
#define SOURCES 64u /* of each filter; no two filters share one */

/* Bytes of a source of a group, and of one of a socket. */
#define SOURCE_BYTES 24u
#define MEMBER_BYTES 16u

/* A group keeps sources that nobody names any more until there are more than twice
 * maxsrcfilter of them, and its new ones; they are copied while they change. */
static uint64_t get_max(const struct flood *flood)
{
	uint64_t n = 2 * engine_get_tunable(flood->rig->engine, ENGINE_MAXSRCFILTER) +
		     2ull * SOURCES;

	return flood->n_base + 2 * n * SOURCE_BYTES + 2 * SOURCES * MEMBER_BYTES;
}

static void flip(struct flood *flood, enum filter_mode mode, struct addr group,
		 struct addr first)
{
	struct addr list[SOURCES];
	struct filter filter = { mode, { SOURCES, list } };
	struct rig *rig = flood->rig;

	for (unsigned int i = 0; i < SOURCES; i++, first.lo++)
		list[i] = first;
	if (engine_set_filter(rig->engine, RIG_IFINDEX, 1, group, &filter, rig->now))
		tap_bail_out("a filter is refused");
	if (rig->n_used > flood->n_peak)
		flood->n_peak = rig->n_used;
}

static void test_flips(struct tap *tap, enum engine_family family, enum filter_mode mode)
{
	bool is_ipv4 = family == ENGINE_IPV4;
	struct addr group = rig_addr(is_ipv4 ? "239.1.1.1" : "ff0e::1");
	struct addr first = rig_addr(is_ipv4 ? "11.0.0.0" : "2001:db8::");
	struct flood flood;

	flood_init(&flood, tap);
	/* Something that another socket goes on to want. */
	flood_join(&flood, is_ipv4 ? "239.1.1.2" : "ff0e::2", 1, "EX{}");
	flip(&flood, mode, group, first);
	flood_run(&flood, 10 * ENGINE_SECOND);
	flood_begin(&flood);
	for (unsigned int i = 1; i <= FLIPS; i++, first.lo += SOURCES)
		flip(&flood, mode, group, first);
	tap_expect(tap, flood.n_peak <= get_max(&flood), "%zu bytes at most, not %llu",
		   flood.n_peak, (unsigned long long)get_max(&flood));
	flood_run(&flood, 10 * ENGINE_SECOND);
	/* Twice, in no more packets than twice maxsrcfilter and the new ones need. */
	tap_expect(tap,
		   flood.n_packets >= 2 && flood.n_packets <= 2 * 2 * (is_ipv4 ? 1 : 4),
		   "%zu packets", flood.n_packets);
	tap_expect(tap, flood.rig->n_used <= flood.n_base, "%zu bytes before, %zu after",
		   flood.n_base, flood.rig->n_used);
	flood_fini(&flood);
	tap_end(tap,
		"%u %s filters in %s mode, one after the other, are told as what is left "
		"of them, and keep no more sources than twice maxsrcfilter "
		"[R-CHG-5, R-CHG-7]",
		FLIPS, is_ipv4 ? "IPv4" : "IPv6",
		mode == FILTER_INCLUDE ? "INCLUDE" : "EXCLUDE");
}

int main(void)
{
	struct tap tap = { 0 };

	for (unsigned int f = 0; f < ENGINE_FAMILIES; f++) {
		test_flips(&tap, (enum engine_family)f, FILTER_INCLUDE);
		test_flips(&tap, (enum engine_family)f, FILTER_EXCLUDE);
	}
	return tap_finish(&tap);
}
