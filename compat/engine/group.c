/* SPDX-License-Identifier: BSD-2-Clause */
/* See group.h. */
#include "engine/group.h"

#include <errno.h>
#include <string.h>

#define BUCKETS_MIN 16u

/*
 * The table
 */

/* As the finaliser of MurmurHash3. */
static uint64_t mix(uint64_t x)
{
	x ^= x >> 33;
	x *= 0xff51afd7ed558ccdu;
	x ^= x >> 33;
	x *= 0xc4ceb9fe1a85ec53u;
	return x ^ x >> 33;
}

/* The salt is secret: nobody can choose groups that meet in one bucket. */
static size_t hash(const struct host *host, struct addr address)
{
	uint64_t x = mix(mix(address.hi ^ host->salt) ^ address.lo ^ host->salt);

	return (size_t)x & (host->groups.n_buckets - 1);
}

struct group *group_find(const struct host *host, struct addr address)
{
	struct group *group = NULL;

	if (host->groups.n_buckets)
		group = host->groups.buckets[hash(host, address)];
	while (group && !addr_equal(group->address, address))
		group = group->next;
	return group;
}

static void table_add(struct host *host, struct group *group)
{
	struct group **bucket = &host->groups.buckets[hash(host, group->address)];

	group->next = *bucket;
	*bucket = group;
}

static void table_del(struct host *host, struct group *group)
{
	struct group **place = &host->groups.buckets[hash(host, group->address)];

	while (*place != group)
		place = &(*place)->next;
	*place = group->next;
}

/* Twice as many buckets, or the first. A table that cannot grow gets slower. */
static void table_grow(struct host *host)
{
	struct group_table *table = &host->groups, old = *table;
	size_t n = old.n_buckets ? 2 * old.n_buckets : BUCKETS_MIN;
	struct group **buckets = memory_get(&host->engine->memory, MEMORY_OTHER,
					    n * sizeof(struct group *));
	struct group *next;

	if (!buckets)
		return;
	memset(buckets, 0, n * sizeof(struct group *));
	table->buckets = buckets;
	table->n_buckets = n;
	for (size_t i = 0; i < old.n_buckets; i++) {
		for (struct group *group = old.buckets[i]; group; group = next) {
			next = group->next;
			table_add(host, group);
		}
	}
	memory_put(&host->engine->memory, MEMORY_OTHER, old.buckets,
		   old.n_buckets * sizeof(struct group *));
}

/*
 * Groups
 */

static void init(struct group *group, struct host *host, struct addr address)
{
	*group = (struct group){ .host = host, .address = address };
	group->is_ssm = engine_is_ssm(host->engine, address);
	list_init(&group->general);
	timer_init(&group->change, TIMER_CHANGE);
	timer_init(&group->response, TIMER_RESPONSE);
}

struct group *group_new(struct host *host, struct addr address)
{
	struct group *group;

	if (host->groups.n >= host->groups.n_buckets)
		table_grow(host);
	if (!host->groups.n_buckets)
		return NULL;
	group = memory_get(&host->engine->memory, MEMORY_OTHER, sizeof(*group));
	if (!group)
		return NULL;
	init(group, host, address);
	table_add(host, group);
	/* The answer to a General Query is about all that is there when it is sent. */
	group->round = host->round - 1;
	list_add(host_is_general_pending(host) ? &host->owing.groups : &host->idle,
		 &group->general);
	host->groups.n++;
	host->engine->n_groups++;
	return group;
}

static void free_sources(struct group *group)
{
	memory_put(&group->host->engine->memory, MEMORY_MSFILTER, group->sources,
		   group->max_sources * sizeof(*group->sources));
	group->host->n_sources -= group->n_sources;
	group->sources = NULL;
	group->n_sources = group->max_sources = 0;
}

static void free_members(struct group *group)
{
	struct memory *memory = &group->host->engine->memory;

	for (uint32_t i = 0; i < group->n_members; i++) {
		struct membership *member = group->members[i];

		memory_put(memory, MEMORY_MOPTIONS, member,
			   membership_get_size(member->n));
	}
	memory_put(memory, MEMORY_MOPTIONS, group->members,
		   group->max_members * sizeof(struct membership *));
}

void group_free(struct group *group)
{
	struct host *host = group->host;

	group_forget_queried(group);
	timer_stop(&group->change);
	timer_stop(&group->response);
	list_del(&group->general);
	if (!host_is_general_pending(host))
		host_end_general(host);
	queue_forget(&host->changes, group);
	queue_forget(&host->answers, group);
	queue_forget(&host->owing, group);
	table_del(host, group);
	host->groups.n--;
	host->engine->n_groups--;
	free_sources(group);
	free_members(group);
	memory_put(&host->engine->memory, MEMORY_OTHER, group, sizeof(*group));
}

static bool is_telling(const struct group *group)
{
	return timer_is_set(&group->change) || !list_is_empty(&group->change.link);
}

void group_settle(struct group *group)
{
	if (!group->n_members && !is_telling(group))
		group_free(group);
}

void group_cancel(struct group *group)
{
	timer_stop(&group->change);
	group_forget_queried(group);
	queue_forget(&group->host->changes, group);
	group->n_mode_sends = 0;
	for (uint32_t i = 0; i < group->n_sources; i++)
		group->sources[i].n_sends = 0;
	group->older_due = OLDER_NOTHING;
	group->older_state = 0;
	group_compact(group);
	group_settle(group);
}

/*
 * What it wants
 */

struct stance group_get_merged(const struct group *group)
{
	return (struct stance){
		.mode = group->n_excluding ? FILTER_EXCLUDE : FILTER_INCLUDE,
		.n_excluding = group->n_excluding,
	};
}

/* RFC 4604 2.2.1: nothing in the range of source-specific groups is told of EXCLUDE, so
 * that its sockets get what others include. */
struct stance group_get_stance(const struct group *group)
{
	struct stance stance = group_get_merged(group);
	const struct tunables *tunables = &group->host->engine->tunables;

	if (group->is_ssm)
		stance = (struct stance){ .mode = FILTER_INCLUDE };
	stance.is_lightweight = tunables->value[ENGINE_LIGHTWEIGHT] != 0;
	return stance;
}

/* RFC 9776 3.2. */
bool stance_lists(const struct stance *stance, const struct source *source)
{
	if (stance->mode == FILTER_INCLUDE)
		return source->n_include > 0;
	return !stance->is_lightweight && !source->n_include &&
	       source->n_exclude == stance->n_excluding;
}

bool stance_accepts(const struct stance *stance, const struct source *source)
{
	return stance_lists(stance, source) == (stance->mode == FILTER_INCLUDE);
}

bool group_has_state(const struct group *group)
{
	struct stance stance = group_get_stance(group);

	if (stance.mode == FILTER_EXCLUDE)
		return true;
	for (uint32_t i = 0; i < group->n_sources; i++) {
		if (group->sources[i].n_include)
			return true;
	}
	return false;
}

bool group_is_told(const struct group *group)
{
	const struct host *host = group->host;

	if (!host->is_speaking || !host->proto->is_reportable(group->address))
		return false;
	return !host->proto->is_local_control(group->address) ||
	       host_tells_local_control(host,
					host->engine->tunables.value[ENGINE_LINKLOCAL]);
}

/*
 * Members and sources
 */

struct membership *group_find_member(const struct group *group, uint64_t socket,
				     uint32_t *ret_position)
{
	uint32_t low = 0, high = group->n_members;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (group->members[middle]->socket < socket)
			low = middle + 1;
		else
			high = middle;
	}
	*ret_position = low;
	if (low == group->n_members || group->members[low]->socket != socket)
		return NULL;
	return group->members[low];
}

struct source *group_find_source(const struct group *group, struct addr source,
				 uint32_t *ret_position)
{
	uint32_t low = 0, high = group->n_sources;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (addr_less(group->sources[middle].addr, source))
			low = middle + 1;
		else
			high = middle;
	}
	*ret_position = low;
	if (low == group->n_sources || !addr_equal(group->sources[low].addr, source))
		return NULL;
	return &group->sources[low];
}

void group_replace_sources(struct group *group, struct source *sources, uint32_t n)
{
	free_sources(group);
	group->sources = sources;
	group->n_sources = group->max_sources = n;
	group->host->n_sources += n;
}

/* To n sources, no fewer than there are. */
static int resize_sources(struct group *group, uint32_t n)
{
	struct source *sources;

	if (n == group->max_sources)
		return 0;
	sources = memory_resize(&group->host->engine->memory, MEMORY_MSFILTER,
				group->sources, group->max_sources * sizeof(*sources),
				n * sizeof(*sources));
	if (!sources && n)
		return -ENOMEM;
	group->sources = sources;
	group->max_sources = n;
	return 0;
}

void group_shrink_sources(struct group *group, uint32_t n)
{
	group->host->n_sources -= group->n_sources - n;
	group->n_sources = n;
	resize_sources(group, n); /* where that fails there is room to spare */
}

void group_compact(struct group *group)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < group->n_sources; i++) {
		const struct source *source = &group->sources[i];

		if (source_is_needed(source))
			group->sources[n++] = *source;
	}
	if (n < group->n_sources)
		group_shrink_sources(group, n);
}

/*
 * Questions
 */

static struct source *insert_source(struct group *group, struct addr addr, uint32_t at)
{
	struct source *source = &group->sources[at];

	memmove(source + 1, source, (group->n_sources - at) * sizeof(*source));
	*source = (struct source){ .addr = addr };
	group->n_sources++;
	group->host->n_sources++;
	return source;
}

static bool is_recorded(const struct group *group, struct addr addr)
{
	uint32_t at;
	const struct source *source = group_find_source(group, addr, &at);

	return source && source->is_queried;
}

static void record_source(struct group *group, struct addr addr)
{
	uint32_t at;
	struct source *source = group_find_source(group, addr, &at);

	if (!source)
		source = insert_source(group, addr, at);
	if (source->is_queried)
		return;
	source->is_queried = 1;
	group->n_queried++;
	group->host->engine->n_recorded++;
}

int group_record(struct group *group, const struct query *query)
{
	const struct engine *engine = group->host->engine;
	const struct proto *proto = group->host->proto;
	const uint64_t *limit = engine->tunables.value;
	uint32_t n = 0;
	int r;

	for (uint16_t i = 0; i < query->n_sources; i++)
		n += !is_recorded(group, proto->get_source(query->sources, i));
	if (group->n_queried + n > limit[ENGINE_MAXQUERYSRC] ||
	    engine->n_recorded + n > limit[ENGINE_MAXRECORDED])
		return -ENOBUFS;
	r = resize_sources(group, group->n_sources + n);
	if (r < 0)
		return r;
	for (uint16_t i = 0; i < query->n_sources; i++)
		record_source(group, proto->get_source(query->sources, i));
	resize_sources(group, group->n_sources);
	return 0;
}

void group_forget_queried(struct group *group)
{
	timer_stop(&group->response);
	queue_forget(&group->host->answers, group);
	group->is_asked = group->is_asked_amid = false;
	if (!group->n_queried)
		return;
	for (uint32_t i = 0; i < group->n_sources; i++)
		group->sources[i].is_queried = 0;
	group->host->engine->n_recorded -= group->n_queried;
	group->n_queried = 0;
	group_compact(group);
}
