/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What an operator sets while the engine runs: versions, tunables, the range of
 * source-specific groups. Groups of which something else is told thereby are told anew,
 * or fall silent, at once.
 */
#include <errno.h>

#include "engine/change.h"
#include "engine/group.h"
#include "engine/interface.h"
#include "engine/version.h"

int engine_force_version(struct engine *engine, uint32_t ifindex,
			 enum engine_family family, uint8_t version, uint64_t now)
{
	struct host *host = interface_find_host(engine, ifindex, family);

	if (!host)
		return -ENODEV;
	if (version > host->proto->newest)
		return -EINVAL;
	engine_advance(engine, now);
	host->forced = version;
	version_update(host);
	return 0;
}

/* Every host of the engine. */
static void for_each_host(struct engine *engine, void (*call)(struct host *host))
{
	for (size_t i = 0; i < engine->n_interfaces; i++) {
		for (unsigned int j = 0; j < ENGINE_FAMILIES; j++)
			call(&engine->interfaces[i]->hosts[j]);
	}
}

uint64_t engine_get_tunable(const struct engine *engine, enum engine_tunable tunable)
{
	return (unsigned int)tunable < ENGINE_TUNABLES ? engine->tunables.value[tunable]
						       : 0;
}

/* A lightweight host excludes nobody. */
static void retell(struct group *group)
{
	if (group_get_stance(group).mode == FILTER_EXCLUDE)
		change_tell(group, CHANGE_MODE, true);
}

static void retell_all(struct host *host)
{
	host_for_each_group(host, retell);
}

/* linklocal was another. */
static void retell_linklocal(struct group *group)
{
	if (!group->host->proto->is_local_control(group->address))
		return;
	if (group_is_told(group))
		change_announce(group);
	else
		group_cancel(group);
}

static void set_linklocal(struct engine *engine, uint64_t old, uint64_t value)
{
	for (size_t i = 0; i < engine->n_interfaces; i++) {
		struct host *host = &engine->interfaces[i]->hosts[ENGINE_IPV4];

		if (host_tells_local_control(host, old) !=
		    host_tells_local_control(host, value))
			host_for_each_group(host, retell_linklocal);
	}
}

int engine_set_tunable(struct engine *engine, enum engine_tunable tunable, uint64_t value,
		       uint64_t now)
{
	uint64_t old = engine_get_tunable(engine, tunable);
	int r;

	engine_advance(engine, now);
	r = tunables_set(&engine->tunables, tunable, value);
	if (r < 0 || value == old)
		return r;
	for_each_host(engine, version_update);
	if (tunable == ENGINE_LIGHTWEIGHT)
		for_each_host(engine, retell_all);
	if (tunable == ENGINE_LINKLOCAL)
		set_linklocal(engine, old, value);
	return 0;
}

static bool is_in_range(const struct ssm_range *range, struct addr group)
{
	uint64_t hi_mask = range->len >= 64 ? UINT64_MAX : ~(UINT64_MAX >> range->len);
	uint64_t lo_mask = range->len <= 64    ? 0
			   : range->len >= 128 ? UINT64_MAX
					       : ~(UINT64_MAX >> (range->len - 64));

	if (range->len > 128)
		return false;
	return !((group.hi ^ range->prefix.hi) & hi_mask) &&
	       !((group.lo ^ range->prefix.lo) & lo_mask);
}

bool engine_is_ssm(const struct engine *engine, struct addr group)
{
	const struct ssm_range *range = &engine->ssm[engine_get_family(group)];

	return range->is_iana ? addr_is_ssm(group) : is_in_range(range, group);
}

static void classify(struct group *group)
{
	bool is_ssm = engine_is_ssm(group->host->engine, group->address);

	if (is_ssm == group->is_ssm)
		return;
	group->is_ssm = is_ssm;
	if (group_get_merged(group).mode == FILTER_EXCLUDE)
		change_tell(group, CHANGE_MODE, true);
}

static void classify_all(struct host *host)
{
	host_for_each_group(host, classify);
}

static void set_range(struct engine *engine, enum engine_family family,
		      const struct ssm_range *range, uint64_t now)
{
	engine_advance(engine, now);
	engine->ssm[family] = *range;
	for_each_host(engine, classify_all);
}

int engine_set_ssm_range(struct engine *engine, enum engine_family family,
			 struct addr prefix, uint8_t prefix_len, uint64_t now)
{
	unsigned int bits = family == ENGINE_IPV4 ? 32 : 128;
	unsigned int min = family == ENGINE_IPV4 ? 4 : 8; /* 224/4, ff00::/8 */
	struct ssm_range range = { .prefix = prefix, .len = UINT8_MAX };

	if (prefix_len <= bits) {
		if (engine_get_family(prefix) != family || !addr_is_multicast(prefix) ||
		    prefix_len < min)
			return -EINVAL;
		range.len = (uint8_t)(prefix_len + 128 - bits);
	}
	set_range(engine, family, &range, now);
	return 0;
}

void engine_reset_ssm_range(struct engine *engine, enum engine_family family,
			    uint64_t now)
{
	set_range(engine, family, &(struct ssm_range){ .is_iana = true }, now);
}
