/* SPDX-License-Identifier: BSD-2-Clause */
/* See plans.h. */
#include "plans.h"

#define ANY_SOURCE(s, g)                    \
	{                                   \
		SCRIPT_JOIN_GROUP, s, g, 0, \
		{                           \
			FILTER_EXCLUDE,     \
			{                   \
				{           \
					0   \
				}           \
			}                   \
		}                           \
	}
#define ONE_SOURCE(s, g, i)                         \
	{                                           \
		SCRIPT_JOIN_SOURCE, s, g, i,        \
		{                                   \
			FILTER_INCLUDE,             \
			{                           \
				{                   \
					1ull << (i) \
				}                   \
			}                           \
		}                                   \
	}
#define LEAVE(s, g)                          \
	{                                    \
		SCRIPT_LEAVE_GROUP, s, g, 0, \
		{                            \
			FILTER_NONE,         \
			{                    \
				{            \
					0    \
				}            \
			}                    \
		}                            \
	}
#define SET(s, g, mode, bits)                \
	{                                    \
		SCRIPT_SET_FILTER, s, g, 0,  \
		{                            \
			mode,                \
			{                    \
				{            \
					bits \
				}            \
			}                    \
		}                            \
	}
#define QUERY(v, g, qrv)                                    \
	{                                                   \
		.version = v, .group = g, .robustness = qrv \
	}
#define HEARD(v, g)                                         \
	{                                                   \
		.is_report = true, .version = v, .group = g \
	}

#define SSM   NAMES_GROUP_SSM
#define LOCAL NAMES_GROUP_LOCAL

static bool take(const struct script_step *steps, unsigned int n, unsigned int i,
		 struct script_step *ret)
{
	if (i >= n)
		return false;
	*ret = steps[i];
	return true;
}

static bool direct_igmpv3(unsigned int i, struct script_step *ret)
{
	static const struct script_step steps[] = {
		{ .n_calls = 1, .calls = { ANY_SOURCE(0, SSM) } },
		{ .n_calls = 1, .calls = { ONE_SOURCE(1, SSM, 1) } },
		{ .n_calls = 1, .calls = { LEAVE(0, SSM) } },
		{ .n_calls = 1, .calls = { LEAVE(1, SSM) } },
		{ .n_calls = 1, .calls = { ANY_SOURCE(0, LOCAL) } },
		{ .kind = SCRIPT_GENERAL_QUERY,
		  .n_messages = 1,
		  .messages[0] = QUERY(3, SCRIPT_GENERAL, 1) },
		{ .n_calls = 1, .calls = { ANY_SOURCE(0, 0) } },
		{ .kind = SCRIPT_GENERAL_QUERY,
		  .n_messages = 1,
		  .messages[0] = QUERY(3, SCRIPT_GENERAL, 2) },
		{ .kind = SCRIPT_GENERAL_QUERY,
		  .n_messages = 1,
		  .messages[0] = { .version = 3,
				   .group = SCRIPT_GENERAL,
				   .robustness = 2,
				   .is_misled = true } },
		{ .n_calls = 2, .calls = { LEAVE(0, 0), ONE_SOURCE(0, 0, 3) } },
		{ .n_calls = 2, .calls = { ONE_SOURCE(0, 1, 2), ONE_SOURCE(2, 1, 5) } },
		{ .kind = SCRIPT_SOURCE_QUERY,
		  .n_messages = 2,
		  .messages = { { .version = 3,
				  .group = 1,
				  .sources = { { 6 } },
				  .robustness = 2 },
				{ .version = 3,
				  .group = 1,
				  .sources = { { 8 } },
				  .robustness = 2 } } },
		{ .n_calls = 1, .calls = { ANY_SOURCE(1, 1) } },
		{ .n_calls = 1, .calls = { LEAVE(2, 1) } },
		{ .n_calls = 2, .calls = { LEAVE(1, 1), LEAVE(0, 1) } },
		{ .n_calls = 1, .calls = { ANY_SOURCE(0, 2) } },
		{ .n_calls = 3,
		  .calls = { SET(0, 2, FILTER_EXCLUDE, 6), SET(0, 2, FILTER_INCLUDE, 6),
			     LEAVE(0, 2) } },
	};

	return take(steps, sizeof(steps) / sizeof(steps[0]), i, ret);
}

static bool direct_igmpv2(unsigned int i, struct script_step *ret)
{
	static const struct script_step steps[] = {
		{ .n_calls = 1, .calls = { ANY_SOURCE(0, LOCAL) } },
		{ .n_calls = 1, .calls = { LEAVE(0, LOCAL) } },
		{ .n_calls = 1, .calls = { ANY_SOURCE(0, 0) } },
		{ .kind = SCRIPT_HEARD, .n_messages = 1, .messages[0] = HEARD(1, 0) },
		{ .kind = SCRIPT_GROUP_QUERY,
		  .n_messages = 1,
		  .messages[0] = QUERY(2, 0, 0) },
		{ .n_calls = 2, .calls = { ANY_SOURCE(0, 1), LEAVE(0, 1) } },
		{ .n_calls = 1, .calls = { ONE_SOURCE(0, SSM, 1) } },
		{ .n_calls = 1, .calls = { ANY_SOURCE(1, SSM) } },
	};

	return take(steps, sizeof(steps) / sizeof(steps[0]), i, ret);
}

static bool direct_mldv2(unsigned int i, struct script_step *ret)
{
	static const struct script_step steps[] = {
		{ .n_calls = 1, .calls = { ANY_SOURCE(0, SSM) } },
		{ .n_calls = 1, .calls = { ONE_SOURCE(1, SSM, 1) } },
		{ .n_calls = 1, .calls = { LEAVE(0, SSM) } },
		{ .n_calls = 1, .calls = { LEAVE(1, SSM) } },
		{ .n_calls = 1, .calls = { ANY_SOURCE(0, LOCAL) } },
		{ .kind = SCRIPT_GENERAL_QUERY,
		  .n_messages = 1,
		  .messages[0] = QUERY(2, SCRIPT_GENERAL, 1) },
		{ .n_calls = 1, .calls = { ANY_SOURCE(0, 0) } },
		{ .n_calls = 2, .calls = { LEAVE(0, 0), ONE_SOURCE(0, 0, 3) } },
		{ .kind = SCRIPT_GENERAL_QUERY,
		  .n_messages = 1,
		  .messages[0] = QUERY(2, SCRIPT_GENERAL, 3) },
		{ .kind = SCRIPT_GENERAL_QUERY,
		  .n_messages = 1,
		  .messages[0] = QUERY(2, SCRIPT_GENERAL, 0) },
		{ .n_calls = 1, .calls = { ANY_SOURCE(0, 1) } },
	};

	return take(steps, sizeof(steps) / sizeof(steps[0]), i, ret);
}

/* Which takes up to 10 s. */
static bool direct_igmpv1(unsigned int i, struct script_step *ret)
{
	static const struct script_step steps[] = {
		{ .n_calls = 2, .calls = { ANY_SOURCE(0, 0), ONE_SOURCE(1, 1, 1) } },
		{ .kind = SCRIPT_GENERAL_QUERY,
		  .n_messages = 1,
		  .messages[0] = QUERY(1, SCRIPT_GENERAL, 0) },
	};

	return take(steps, sizeof(steps) / sizeof(steps[0]), i, ret);
}

/* Asked by an older querier about one group, Linux forgets the newest version. */
static bool direct_asked(unsigned int i, uint8_t version, struct script_step *ret)
{
	const struct script_step steps[] = {
		{ .n_calls = 1, .calls = { ANY_SOURCE(0, 0) } },
		{ .kind = SCRIPT_GROUP_QUERY,
		  .n_messages = 1,
		  .messages[0] = QUERY(version, 0, 0) },
		{ .n_calls = 1, .calls = { ANY_SOURCE(0, 1) } },
	};

	return take(steps, sizeof(steps) / sizeof(steps[0]), i, ret);
}

static bool direct_asked_igmp(unsigned int i, struct script_step *ret)
{
	return direct_asked(i, 2, ret);
}

static bool direct_asked_mld(unsigned int i, struct script_step *ret)
{
	return direct_asked(i, 1, ret);
}

#define NEWEST_ROWS                                                               \
	{                                                                         \
		[SCRIPT_BURST] =                                                  \
			"R-CHG-1, R-CHG-2, R-CHG-3, R-CHG-4, R-CHG-10, R-MRG-3, " \
			"R-MRG-4, R-MRG-5, R-MRG-13",                             \
		[SCRIPT_OVERLAP] = "R-CHG-5, R-CHG-6, R-CHG-7, R-CHG-8, R-CHG-9", \
		[SCRIPT_GENERAL_QUERY] = "R-QRY-4, R-QRY-9, R-QRY-12",            \
		[SCRIPT_GROUP_QUERY] = "R-QRY-5, R-QRY-12, R-QRY-13",             \
		[SCRIPT_SOURCE_QUERY] = "R-QRY-5, R-QRY-8, R-QRY-13"              \
	}

#define IGMPV2_ROWS                                                   \
	{                                                             \
		[SCRIPT_BURST] = "R-CHG-12, R-CMP-5, R-V2-2, R-V2-5", \
		[SCRIPT_OVERLAP] = "R-V2-2, R-V2-5",                  \
		[SCRIPT_GENERAL_QUERY] = "R-V2-3, R-CMP-9",           \
		[SCRIPT_GROUP_QUERY] = "R-V2-3, R-CMP-9",             \
		[SCRIPT_HEARD] = "R-V2-4, S-IGMP-27"                  \
	}

#define MLDV1_ROWS                                                              \
	{                                                                       \
		[SCRIPT_BURST] = "R-CHG-12, R-CMP-5, R-M1-2, S-MLD-4, S-MLD-6", \
		[SCRIPT_OVERLAP] = "R-M1-2, S-MLD-30",                          \
		[SCRIPT_GENERAL_QUERY] = "R-M1-2, R-CMP-9, S-MLD-15",           \
		[SCRIPT_GROUP_QUERY] = "R-M1-2, R-CMP-9, S-MLD-15",             \
		[SCRIPT_HEARD] = "R-M1-2, S-MLD-18"                             \
	}

#define IGMPV1_ROWS                                                               \
	{                                                                         \
		[SCRIPT_BURST] = "R-CHG-12, R-CMP-5, R-V1-1",                     \
		[SCRIPT_OVERLAP] = "R-V1-1", [SCRIPT_HEARD] = "R-V1-1, S-IGMP-26" \
	}

#define WIDE_ROWS                                             \
	{                                                     \
		[SCRIPT_BURST] = "R-CHG-11, R-FMT-10",        \
		[SCRIPT_OVERLAP] = "R-CHG-9, R-CHG-11",       \
		[SCRIPT_GENERAL_QUERY] = "R-CHG-11, R-QRY-4", \
		[SCRIPT_GROUP_QUERY] = "R-CHG-11, R-QRY-5",   \
		[SCRIPT_SOURCE_QUERY] = "R-CHG-11, R-QRY-5"   \
	}

#define FALLING_ROWS                                                                     \
	{                                                                                \
		[SCRIPT_BURST] = "R-CMP-1, R-CMP-5", [SCRIPT_OLDER_QUERY] =              \
							     "R-CMP-2, R-CMP-3, R-CMP-8" \
	}

#define LINK_ROWS                                                              \
	{                                                                      \
		[SCRIPT_BURST] = "R-CHG-1", [SCRIPT_LINK] = "R-CHG-1, R-CHG-4" \
	}

const struct plan plans[PLANS] = {
	{ "IGMPv3",
	  10,
	  { .family = ENGINE_IPV4,
	    .version = 3,

	    .n_sockets = 3,
	    .n_sources = 8,
	    .n_steps = 250,
	    .weights = { 50, 25, 6, 6, 8 } },
	  NEWEST_ROWS },
	{ "MLDv2",
	  10,
	  { .family = ENGINE_IPV6,
	    .version = 2,

	    .n_sockets = 3,
	    .n_sources = 8,
	    .n_steps = 250,
	    .weights = { 50, 25, 6, 6, 8 } },
	  NEWEST_ROWS },
	{ "IGMPv2",
	  4,
	  { .family = ENGINE_IPV4,
	    .version = 2,
	    .is_forced = true,

	    .n_sockets = 2,
	    .n_sources = 4,
	    .n_steps = 120,
	    .weights = { 50, 25, 6, 8, 0, 0, 8 } },
	  IGMPV2_ROWS },
	{ "MLDv1",
	  4,
	  { .family = ENGINE_IPV6,
	    .version = 1,
	    .is_forced = true,

	    .n_sockets = 2,
	    .n_sources = 4,
	    .n_steps = 120,
	    .weights = { 50, 25, 6, 8, 0, 0, 8 } },
	  MLDV1_ROWS },
	{ "IGMPv1",
	  2,
	  { .family = ENGINE_IPV4,
	    .version = 1,
	    .is_forced = true,

	    .n_sockets = 2,
	    .n_sources = 4,
	    .n_steps = 120,
	    .weights = { 50, 25, 0, 0, 0, 0, 8 } },
	  IGMPV1_ROWS },
	{ "IGMPv3 with long lists and an MTU of 400",
	  3,
	  { .family = ENGINE_IPV4,
	    .version = 3,
	    .is_wide = true,
	    .mtu = 400,
	    .n_sockets = 6,
	    .n_sources = 240,
	    .n_steps = 200,
	    .weights = { 50, 20, 6, 6, 6 } },
	  WIDE_ROWS },
	{ "MLDv2 with long lists and an MTU of 1280",
	  3,
	  { .family = ENGINE_IPV6,
	    .version = 2,
	    .is_wide = true,
	    .mtu = 1280,
	    .n_sockets = 6,
	    .n_sources = 240,
	    .n_steps = 200,
	    .weights = { 50, 20, 6, 6, 6 } },
	  WIDE_ROWS },
	{ "IGMPv3 that hears an IGMPv2 querier",
	  4,
	  { .family = ENGINE_IPV4,
	    .version = 3,

	    .n_sockets = 2,
	    .n_sources = 4,
	    .n_steps = 16,
	    .weights = { 50, 0, 0, 0, 0, 8 } },
	  FALLING_ROWS },
	{ "MLDv2 that hears an MLDv1 querier",
	  4,
	  { .family = ENGINE_IPV6,
	    .version = 2,

	    .n_sockets = 2,
	    .n_sources = 4,
	    .n_steps = 16,
	    .weights = { 50, 0, 0, 0, 0, 8 } },
	  FALLING_ROWS },
	{ "IGMPv3 on a link that goes down and up",
	  1,
	  { .family = ENGINE_IPV4,
	    .version = 3,

	    .n_sockets = 3,
	    .n_sources = 8,
	    .n_steps = 16,
	    .weights = { 50, 0, 0, 0, 0, 0, 0, 30 } },
	  LINK_ROWS },
	{ "MLDv2 on a link that goes down and up",
	  1,
	  { .family = ENGINE_IPV6,
	    .version = 2,

	    .n_sockets = 3,
	    .n_sources = 8,
	    .n_steps = 16,
	    .weights = { 50, 0, 0, 0, 0, 0, 0, 30 } },
	  LINK_ROWS },
	{ "IGMPv1 with a querier of its own",
	  2,
	  { .family = ENGINE_IPV4,
	    .version = 1,
	    .is_forced = true,
	    .direct = direct_igmpv1 },
	  { [SCRIPT_BURST] = "R-V1-1", [SCRIPT_GENERAL_QUERY] = "R-V1-1, R-FMT-6" } },
	{ .name = "IGMPv3, exceptions",
	  .n_hosts = 1,
	  .script = { .family = ENGINE_IPV4, .version = 3, .direct = direct_igmpv3 } },
	{ .name = "IGMPv2, exceptions",
	  .n_hosts = 1,
	  .script = { .family = ENGINE_IPV4,
		      .version = 2,
		      .is_forced = true,
		      .direct = direct_igmpv2 } },
	{ .name = "MLDv2, exceptions",
	  .n_hosts = 1,
	  .script = { .family = ENGINE_IPV6, .version = 2, .direct = direct_mldv2 } },
	{ .name = "IGMPv3 asked by an IGMPv2 querier about a group",
	  .n_hosts = 1,
	  .script = { .family = ENGINE_IPV4,
		      .version = 3,
		      .direct = direct_asked_igmp } },
	{ .name = "MLDv2 asked by an MLDv1 querier about a group",
	  .n_hosts = 1,
	  .script = { .family = ENGINE_IPV6, .version = 2, .direct = direct_asked_mld } },
};
