/* SPDX-License-Identifier: BSD-2-Clause */
/* See host.h. */
#include "engine/host.h"

#include "engine/change.h"
#include "engine/group.h"
#include "engine/interface.h"
#include "engine/version.h"

void queue_init(struct queue *queue)
{
	list_init(&queue->groups);
	queue->current = NULL;
}

struct link *queue_get_first(const struct queue *queue)
{
	return list_get_first(&queue->groups);
}

void queue_forget(struct queue *queue, const struct group *group)
{
	if (queue->current == group)
		queue->current = NULL;
}

struct addr host_get_unspecified(const struct host *host)
{
	return host->proto->family == ENGINE_IPV4 ? addr_from_ipv4(0)
						  : (struct addr){ 0 };
}

void host_init(struct host *host, struct engine *engine,
	       const struct interface *interface, enum engine_family family)
{
	*host = (struct host){
		.engine = engine,
		.interface = interface,
		.proto = family == ENGINE_IPV4 ? &proto_igmp : &proto_mld,
		.query_interval_s = QUERY_INTERVAL_S,
		.response_us = QUERY_RESPONSE_INTERVAL,
	};
	host->salt = engine_draw_delay(engine, UINT64_MAX);
	list_init(&host->idle);
	list_init(&host->busy);
	queue_init(&host->owing);
	queue_init(&host->changes);
	queue_init(&host->answers);
	timer_init(&host->general, TIMER_GENERAL);
	timer_init(&host->older[0], TIMER_OLDER_V1);
	timer_init(&host->older[1], TIMER_OLDER_V2);
	host->source = host->querier = host_get_unspecified(host);
	host->version = version_choose(host);
}

void host_for_each_group(struct host *host, void (*call)(struct group *group))
{
	struct link *lists[] = { &host->idle, &host->owing.groups };
	struct link *next;

	for (unsigned int i = 0; i < 2; i++) {
		for (struct link *link = lists[i]->next; link != lists[i]; link = next) {
			next = link->next;
			call(list_entry(link, struct group, general));
		}
	}
}

bool host_is_general_pending(const struct host *host)
{
	return !list_is_empty(&host->owing.groups);
}

void host_end_general(struct host *host)
{
	timer_stop(&host->general);
	host->is_general_due = host->is_general_begun = false;
}

static void forget_general(struct host *host)
{
	list_splice(&host->idle, &host->owing.groups);
	host->owing.current = NULL;
	host_end_general(host);
}

void host_fini(struct host *host)
{
	forget_general(host);
	host_for_each_group(host, group_free);
	memory_put(&host->engine->memory, MEMORY_OTHER, host->groups.buckets,
		   host->groups.n_buckets * sizeof(struct group *));
	timer_stop(&host->older[0]);
	timer_stop(&host->older[1]);
	list_del(&host->busy);
}

void host_wake(struct host *host)
{
	if (list_is_empty(&host->busy))
		list_add(&host->engine->busy, &host->busy);
}

void host_cancel(struct host *host)
{
	forget_general(host);
	host_for_each_group(host, group_cancel);
}

void host_announce(struct host *host)
{
	host_for_each_group(host, change_announce);
}

void host_set_speaking(struct host *host, bool is_speaking)
{
	if (is_speaking == host->is_speaking)
		return;
	if (!is_speaking)
		host_cancel(host);
	host->is_speaking = is_speaking;
	if (is_speaking)
		host_announce(host);
}

/* S-V3-29 and S-IGMP-30: by version, unless the operator says otherwise. */
bool host_tells_local_control(const struct host *host, uint64_t mode)
{
	return mode == 2 || (mode == 1 && host_is_newest(host));
}

uint8_t host_get_robustness(const struct host *host)
{
	if (host->robustness)
		return host->robustness;
	return (uint8_t)host->engine->tunables.value[ENGINE_ROBUSTNESS];
}

bool host_sends_alert(const struct host *host, uint8_t version)
{
	if (host->proto->family == ENGINE_IPV6)
		return true;
	return version > 1 && host->engine->tunables.value[ENGINE_SENDWITHRA];
}

void host_log(const struct host *host, enum engine_event event, struct addr group,
	      struct addr source)
{
	const struct engine_config *config = &host->engine->config;
	struct engine_notice notice = {
		.event = event,
		.ifindex = host->interface->settings.ifindex,
		.family = host->proto->family,
		.version = host->version,
		.group = group,
		.source = source,
	};

	if (config->log)
		config->log(config->context, &notice);
}
