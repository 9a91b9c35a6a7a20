/* SPDX-License-Identifier: BSD-2-Clause */
/* See version.h. */
#include "engine/version.h"

/* RFC 2236 8.11: Version 1 Router Present Timeout, of a host that knows no v3. */
#define V1_ROUTER_PRESENT_TIMEOUT (400 * ENGINE_SECOND)

/* R-SEC-2: no query holds an older version longer, whatever it says. */
#define OLDER_PRESENT_MAX (3600 * ENGINE_SECOND)

static uint8_t get_forced(const struct host *host)
{
	const uint64_t *value = host->engine->tunables.value;

	if (value[ENGINE_ALWAYS_V3])
		return host->proto->newest;
	if (host->forced)
		return host->forced;
	return (uint8_t)value[host->proto->family == ENGINE_IPV4 ? ENGINE_IGMP_VERSION
								 : ENGINE_MLD_VERSION];
}

bool version_is_pinned(const struct host *host)
{
	return get_forced(host) == host->proto->newest;
}

uint8_t version_choose(const struct host *host)
{
	uint8_t version = get_forced(host);

	if (version == host->proto->newest)
		return version;
	if (!version)
		version = host->proto->newest;
	if (timer_is_set(&host->older[0]))
		return 1;
	if (timer_is_set(&host->older[1]) && version > 2)
		return 2;
	return version;
}

void version_update(struct host *host)
{
	uint8_t version = version_choose(host);
	struct addr nobody = host_get_unspecified(host);

	if (version == host->version)
		return;
	host_cancel(host);
	host->version = version;
	host_log(host, ENGINE_VERSION_CHANGED, nobody, host->querier);
}

/* Older Version Querier Present Interval (R-CMP-4): RFC 9776 8.12 by the defaults and
 * the query itself, RFC 9777 9.12 by the last query of the newest version. */
static uint64_t get_interval(const struct host *host, uint8_t version,
			     uint64_t max_response)
{
	const uint64_t *value = host->engine->tunables.value;
	uint64_t interval;

	if (value[ENGINE_OLDER_INTERVAL])
		return value[ENGINE_OLDER_INTERVAL] * ENGINE_SECOND;
	if (host->proto->family == ENGINE_IPV6)
		interval = host_get_robustness(host) * host->query_interval_s *
				   ENGINE_SECOND +
			   host->response_us;
	else if (version == 1 && get_forced(host) == 2)
		interval = V1_ROUTER_PRESENT_TIMEOUT;
	else
		interval = value[ENGINE_ROBUSTNESS] * QUERY_INTERVAL_S * ENGINE_SECOND +
			   10 * max_response;
	return interval < OLDER_PRESENT_MAX ? interval : OLDER_PRESENT_MAX;
}

void version_hear(struct host *host, uint8_t version, uint64_t max_response)
{
	uint64_t interval = get_interval(host, version, max_response);

	wheel_set(&host->engine->wheel, &host->older[version - 1],
		  host->engine->now + interval);
	version_update(host);
}
