/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The engine as a whole: its life, its timers and packets, its counters.
 */
#include "engine/engine.h"

#include <errno.h>

#include "engine/change.h"
#include "engine/core.h"
#include "engine/group.h"
#include "engine/interface.h"
#include "engine/older.h"
#include "engine/response.h"
#include "engine/version.h"

/*
 * Life
 */

int engine_new(struct engine **ret, const struct engine_config *config)
{
	struct engine *engine = config->resize(config->context, NULL, 0, sizeof(*engine));

	if (!engine)
		return -ENOMEM;
	*engine = (struct engine){ .config = *config };
	engine->memory.resize = config->resize;
	engine->memory.context = config->context;
	tunables_init(&engine->tunables);
	wheel_init(&engine->wheel, 0);
	list_init(&engine->busy);
	engine->ssm[ENGINE_IPV4].is_iana = engine->ssm[ENGINE_IPV6].is_iana = true;
	*ret = engine;
	return 0;
}

struct engine *engine_free(struct engine *engine)
{
	if (!engine)
		return NULL;
	interface_free_all(engine);
	engine->config.resize(engine->config.context, engine, sizeof(*engine), 0);
	return NULL;
}

uint64_t engine_draw_delay(struct engine *engine, uint64_t max)
{
	const struct engine_config *config = &engine->config;
	uint64_t bits = config->draw(config->context);

	if (max <= UINT32_MAX)
		return 1 + (bits * max >> 32);
	return 1 + (bits << 32 | config->draw(config->context)) % max;
}

/*
 * Packets
 */

static void expire_group(struct group *group, enum timer_kind kind)
{
	if (kind == TIMER_CHANGE)
		change_queue(group);
	else if (host_is_newest(group->host))
		response_queue(group);
	else
		older_expire(group);
}

static void expire(struct timer *timer)
{
	struct host *host;

	switch ((enum timer_kind)timer->kind) {
	case TIMER_CHANGE:
		expire_group(list_entry(timer, struct group, change), TIMER_CHANGE);
		break;
	case TIMER_RESPONSE:
		expire_group(list_entry(timer, struct group, response), TIMER_RESPONSE);
		break;
	case TIMER_GENERAL:
		host = list_entry(timer, struct host, general);
		host->is_general_due = true;
		host_wake(host);
		break;
	case TIMER_OLDER_V1:
		version_update(list_entry(timer, struct host, older[0]));
		break;
	case TIMER_OLDER_V2:
		version_update(list_entry(timer, struct host, older[1]));
		break;
	}
}

static bool pull_host(struct host *host, void *buffer, size_t size,
		      struct engine_packet *ret)
{
	struct report report;

	if (!host_is_newest(host))
		return older_pull(host, buffer, ret);
	report_begin(&report, host, buffer, size);
	if (!change_pull(host, &report) && !response_pull(host, &report) &&
	    !response_pull_general(host, &report))
		return false;
	report_end(&report, ret);
	return true;
}

uint64_t engine_advance(struct engine *engine, uint64_t now)
{
	struct timer *timer;

	if (now > engine->now)
		engine->now = now;
	while ((timer = wheel_pop(&engine->wheel, engine->now)))
		expire(timer);
	return engine->now;
}

int engine_pull(struct engine *engine, void *buffer, size_t size,
		struct engine_packet *ret, uint64_t now)
{
	struct link *link;

	if (size < ENGINE_BUFFER_MIN)
		return -EINVAL;
	engine_advance(engine, now);
	while ((link = list_get_first(&engine->busy))) {
		struct host *host = list_entry(link, struct host, busy);

		if (pull_host(host, buffer, size, ret))
			return 1;
		list_del(link);
	}
	return 0;
}

uint64_t engine_get_deadline(const struct engine *engine)
{
	if (!list_is_empty(&engine->busy))
		return engine->now;
	return wheel_get_deadline(&engine->wheel);
}

/*
 * Counters
 */

uint64_t engine_get_counter(const struct engine *engine, enum engine_counter counter)
{
	switch ((unsigned int)counter) {
	case ENGINE_MEMORY_MSFILTER:
		return engine->memory.used[MEMORY_MSFILTER];
	case ENGINE_MEMORY_MOPTIONS:
		return engine->memory.used[MEMORY_MOPTIONS];
	case ENGINE_MEMORY_OTHER:
		return engine->memory.used[MEMORY_OTHER] + sizeof(*engine);
	case ENGINE_RECORDED_SOURCES:
		return engine->n_recorded;
	default:
		return (unsigned int)counter < ENGINE_COUNTERS ? engine->counters[counter]
							       : 0;
	}
}
