/* SPDX-License-Identifier: BSD-2-Clause */
/* See interface.h. */
#include "engine/interface.h"

#include <errno.h>
#include <string.h>

#include "engine/group.h"

/* RFC 8200 5: IPv6 needs as much. */
#define IPV6_MTU_MIN 1280u

/* Where it is, or would be inserted. */
static size_t find_position(const struct engine *engine, uint32_t ifindex)
{
	size_t low = 0, high = engine->n_interfaces;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (engine->interfaces[middle]->settings.ifindex < ifindex)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static struct interface *find_interface(const struct engine *engine, uint32_t ifindex)
{
	size_t at = find_position(engine, ifindex);

	if (at == engine->n_interfaces ||
	    engine->interfaces[at]->settings.ifindex != ifindex)
		return NULL;
	return engine->interfaces[at];
}

struct host *interface_find_host(const struct engine *engine, uint32_t ifindex,
				 enum engine_family family)
{
	struct interface *interface = find_interface(engine, ifindex);

	return interface ? &interface->hosts[family] : NULL;
}

/* Room for one more. */
static int reserve(struct engine *engine)
{
	size_t old = engine->max_interfaces, max = old + old / 2 + 4;
	struct interface **interfaces;

	if (engine->n_interfaces < old)
		return 0;
	interfaces = memory_resize(&engine->memory, MEMORY_OTHER, engine->interfaces,
				   old * sizeof(struct interface *),
				   max * sizeof(struct interface *));
	if (!interfaces)
		return -ENOMEM;
	engine->interfaces = interfaces;
	engine->max_interfaces = max;
	return 0;
}

/* A new one; it is not up until it is told so. */
static int add(struct engine *engine, uint32_t ifindex, struct interface **ret)
{
	size_t at = find_position(engine, ifindex);
	struct interface *interface;
	int r = reserve(engine);

	if (r < 0)
		return r;
	interface = memory_get(&engine->memory, MEMORY_OTHER, sizeof(*interface));
	if (!interface)
		return -ENOMEM;
	interface->settings = (struct engine_interface){ .ifindex = ifindex };
	for (enum engine_family i = ENGINE_IPV4; i < ENGINE_FAMILIES; i++)
		host_init(&interface->hosts[i], engine, interface, i);
	memmove(&engine->interfaces[at + 1], &engine->interfaces[at],
		(engine->n_interfaces - at) * sizeof(struct interface *));
	engine->interfaces[at] = interface;
	engine->n_interfaces++;
	*ret = interface;
	return 0;
}

static void free_interface(struct engine *engine, struct interface *interface)
{
	for (enum engine_family i = ENGINE_IPV4; i < ENGINE_FAMILIES; i++)
		host_fini(&interface->hosts[i]);
	memory_put(&engine->memory, MEMORY_OTHER, interface, sizeof(*interface));
}

void interface_free_all(struct engine *engine)
{
	for (size_t i = 0; i < engine->n_interfaces; i++)
		free_interface(engine, engine->interfaces[i]);
	engine->interfaces =
		memory_put(&engine->memory, MEMORY_OTHER, engine->interfaces,
			   engine->max_interfaces * sizeof(struct interface *));
	engine->n_interfaces = engine->max_interfaces = 0;
}

static bool is_valid(const struct engine_interface *settings, enum engine_family family)
{
	return settings->source[family].state == ENGINE_ADDRESS_VALID;
}

/* What routers believe reports from (R-FMT-9). */
static bool can_send(struct addr addr, enum engine_family family)
{
	if (family == ENGINE_IPV6)
		return host_is_linklocal(addr);
	return addr_is_ipv4(addr) && addr_is_sender(addr);
}

static int check(const struct engine_interface *settings)
{
	if (!settings->ifindex || settings->mtu < ENGINE_MTU_MIN)
		return -EINVAL;
	for (enum engine_family i = ENGINE_IPV4; i < ENGINE_FAMILIES; i++) {
		if (is_valid(settings, i) && !can_send(settings->source[i].addr, i))
			return -EINVAL;
	}
	return 0;
}

/* What a host sends from, and whether it sends. */
static void apply(struct host *host, const struct engine_interface *settings,
		  bool was_valid)
{
	enum engine_family family = host->proto->family;
	bool is_new = is_valid(settings, family) && !was_valid;
	bool was_speaking = host->is_speaking;

	host->source = is_valid(settings, family) ? settings->source[family].addr
						  : host_get_unspecified(host);
	host_set_speaking(
		host, settings->is_up && !settings->is_loopback &&
			      (family == ENGINE_IPV4 || settings->mtu >= IPV6_MTU_MIN));
	/* Who heard the reports from :: did not believe them (RFC 9777 5.2.13). */
	if (is_new && was_speaking && host->is_speaking)
		host_announce(host);
}

int engine_set_interface(struct engine *engine, const struct engine_interface *settings,
			 uint64_t now)
{
	struct interface *interface = find_interface(engine, settings->ifindex);
	struct engine_interface old;
	int r = check(settings);

	if (r == 0 && !interface)
		r = add(engine, settings->ifindex, &interface);
	if (r < 0)
		return r;
	engine_advance(engine, now);
	old = interface->settings;
	interface->settings = *settings;
	for (enum engine_family i = ENGINE_IPV4; i < ENGINE_FAMILIES; i++)
		apply(&interface->hosts[i], settings, is_valid(&old, i));
	return 0;
}

int engine_del_interface(struct engine *engine, uint32_t ifindex, uint64_t now)
{
	struct interface *interface = find_interface(engine, ifindex);
	size_t at = find_position(engine, ifindex);

	if (!interface)
		return -ENODEV;
	engine_advance(engine, now);
	engine->n_interfaces--;
	memmove(&engine->interfaces[at], &engine->interfaces[at + 1],
		(engine->n_interfaces - at) * sizeof(struct interface *));
	free_interface(engine, interface);
	return 0;
}

static uint64_t get_remaining(const struct timer *timer, uint64_t now)
{
	return timer_is_set(timer) && timer->deadline > now ? timer->deadline - now : 0;
}

int engine_get_status(struct engine *engine, uint32_t ifindex, enum engine_family family,
		      struct engine_status *ret, uint64_t now)
{
	const struct host *host = interface_find_host(engine, ifindex, family);

	if (!host)
		return -ENODEV;
	now = engine_advance(engine, now);
	*ret = (struct engine_status){
		.version = host->version,
		.forced = host->forced,
		.is_speaking = host->is_speaking,
		.older_us = { get_remaining(&host->older[0], now),
			      get_remaining(&host->older[1], now) },
		.robustness = host_get_robustness(host),
		.query_interval_s = host->query_interval_s,
		.response_us = host->response_us,
		.querier = host->querier,
		.n_groups = host->groups.n,
	};
	return 0;
}

/* The walk goes through the idle groups, then through the others. */
static const struct link *step(const struct host *host, const struct link *link)
{
	return link->next == &host->idle ? host->owing.groups.next : link->next;
}

int engine_next_group(const struct engine *engine, uint32_t ifindex,
		      enum engine_family family, struct addr *group)
{
	const struct host *host = interface_find_host(engine, ifindex, family);
	const struct group *last;
	const struct link *link;

	if (!host)
		return -ENODEV;
	link = &host->idle;
	if (!addr_is_unspecified(*group)) {
		last = group_find(host, *group);
		if (!last)
			return -ENOENT;
		link = &last->general;
	}
	while ((link = step(host, link)) != &host->owing.groups) {
		last = list_entry(link, const struct group, general);
		if (last->n_members) {
			*group = last->address;
			return 0;
		}
	}
	return -ENOENT;
}
