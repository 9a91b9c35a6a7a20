/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * statics: joins of the operator, by the name of an interface (see statics.h).
 *
 * Invariant: joins ascend by interface and group, each once, and own their sources. One
 * is in force (ifindex) when both the engine has its filter and a socket of the pool the
 * kernel's membership, and otherwise neither; which it is follows the interface.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "msfd/holdings.h"
#include "msfd/log.h"
#include "msfd/statics-pool.h"
#include "msfd/statics.h"

/* A join and the socket that holds it in the kernel while it is in force. */
struct statics_entry {
	struct statics_join join; /* its sources are those here */
	int fd;
	bool is_wanted; /* by the configuration that is being read */
	struct addr sources[];
};

struct statics {
	struct engine *engine; /* borrowed */
	struct links *links;   /* borrowed */
	struct statics_pool pool;
	struct statics_entry **entries; /* owned, room for STATICS_MAX */
	uint32_t n;
};

int statics_new(struct statics **ret, struct engine *engine, struct links *links)
{
	struct statics *statics = calloc(1, sizeof(*statics));

	if (!statics)
		return -ENOMEM;
	statics->entries = calloc(STATICS_MAX, sizeof(struct statics_entry *));
	if (!statics->entries) {
		free(statics);
		return -ENOMEM;
	}
	statics->engine = engine;
	statics->links = links;
	*ret = statics;
	return 0;
}

struct statics *statics_free(struct statics *statics)
{
	uint32_t i;

	if (!statics)
		return NULL;
	for (i = 0; i < statics->n; i++)
		free(statics->entries[i]);
	statics_pool_fini(&statics->pool);
	free(statics->entries);
	free(statics);
	return NULL;
}

static struct statics_entry *entry_new(const struct statics_join *join)
{
	uint32_t n = join->filter.sources.n;
	struct statics_entry *entry;

	entry = malloc(sizeof(*entry) + n * sizeof(*entry->sources));
	if (!entry)
		return NULL;
	*entry = (struct statics_entry){ .join = *join, .fd = -1 };
	entry->join.ifindex = 0;
	entry->join.filter.sources.addr = entry->sources;
	if (n)
		memcpy(entry->sources, join->filter.sources.addr,
		       n * sizeof(*entry->sources));
	return entry;
}

static int compare(const struct statics_join *a, const struct statics_join *b)
{
	int order = strncmp(a->interface, b->interface, IF_NAMESIZE);

	return order ? order : addr_compare(a->group, b->group);
}

/* *ret_at: where it is, or would be. */
static struct statics_entry *find(const struct statics *statics,
				  const struct statics_join *join, uint32_t *ret_at)
{
	uint32_t low = 0, high = statics->n, middle;
	int order;

	while (low < high) {
		middle = low + (high - low) / 2;
		order = compare(&statics->entries[middle]->join, join);
		if (order == 0) {
			*ret_at = middle;
			return statics->entries[middle];
		}
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	*ret_at = low;
	return NULL;
}

static int set_engine(struct statics *statics, uint32_t ifindex,
		      const struct statics_join *join, const struct filter *filter,
		      uint64_t now)
{
	return engine_set_filter(statics->engine, ifindex, HOLDINGS_STATIC, join->group,
				 filter, now);
}

static void end_engine(struct statics *statics, uint32_t ifindex,
		       const struct statics_join *join, uint64_t now)
{
	static const struct filter none;

	set_engine(statics, ifindex, join, &none, now);
}

/* Puts it in force. 0 or -errno: it is not. */
static int start(struct statics *statics, struct statics_entry *entry, uint32_t ifindex,
		 uint64_t now)
{
	int r = set_engine(statics, ifindex, &entry->join, &entry->join.filter, now);

	if (r < 0)
		return r;
	r = statics_pool_join(&statics->pool, ifindex, entry->join.group);
	if (r < 0) {
		end_engine(statics, ifindex, &entry->join, now);
		return r;
	}
	entry->fd = r;
	entry->join.ifindex = ifindex;
	return 0;
}

static void stop(struct statics *statics, struct statics_entry *entry, uint64_t now)
{
	uint32_t ifindex = entry->join.ifindex;

	if (!ifindex)
		return;
	end_engine(statics, ifindex, &entry->join, now);
	statics_pool_leave(&statics->pool, entry->fd, ifindex, entry->join.group);
	entry->fd = -1;
	entry->join.ifindex = 0;
}

/* An interface that is not there, or not yet, is no reason to refuse. */
static enum message_reason get_reason(int r)
{
	switch (r) {
	case 0:
	case -ENODEV:
		return MESSAGE_DONE;
	case -EINVAL:
		return MESSAGE_BAD;
	case -ENOBUFS:
		return MESSAGE_ENGINE_LIMIT;
	default:
		return MESSAGE_NO_MEMORY;
	}
}

static bool is_end(const struct filter *filter)
{
	return filter->mode == FILTER_NONE ||
	       (filter->mode == FILTER_INCLUDE && !filter->sources.n);
}

/* What the engine would refuse, also where there is no interface to ask it about. */
static bool is_valid(const struct statics_join *join)
{
	const struct source_set *sources = &join->filter.sources;
	uint32_t i;

	if (!join->interface[0] || !memchr(join->interface, 0, IF_NAMESIZE) ||
	    !addr_is_multicast(join->group))
		return false;
	for (i = 0; i < sources->n; i++)
		if (!addr_is_sender(sources->addr[i]) ||
		    addr_is_ipv4(sources->addr[i]) != addr_is_ipv4(join->group) ||
		    (i && !addr_less(sources->addr[i - 1], sources->addr[i])))
			return false;
	return true;
}

/* Of one that is in force only the filter changes. */
static int take_over(struct statics *statics, struct statics_entry *entry,
		     struct statics_entry *old, uint64_t now)
{
	int r = set_engine(statics, old->join.ifindex, &entry->join, &entry->join.filter,
			   now);

	if (r == -ENODEV)
		stop(statics, old, now);
	if (r < 0)
		return r;
	entry->fd = old->fd;
	entry->join.ifindex = old->join.ifindex;
	return 0;
}

static void insert(struct statics *statics, uint32_t at, struct statics_entry *entry)
{
	struct statics_entry **place = statics->entries + at;

	memmove(place + 1, place, (statics->n - at) * sizeof(struct statics_entry *));
	*place = entry;
	statics->n++;
}

static void delete (struct statics *statics, uint32_t at, uint64_t now)
{
	struct statics_entry **place = statics->entries + at;

	stop(statics, *place, now);
	free(*place);
	statics->n--;
	memmove(place, place + 1, (statics->n - at) * sizeof(struct statics_entry *));
}

static enum message_reason set(struct statics *statics, const struct statics_join *join,
			       const struct link *link, uint64_t now)
{
	struct statics_entry *entry, *old;
	uint32_t at;
	int r = 0;

	old = find(statics, join, &at);
	if (!old && statics->n == STATICS_MAX)
		return MESSAGE_TOTAL_GROUPS;
	entry = entry_new(join);
	if (!entry)
		return MESSAGE_NO_MEMORY;
	if (old && old->join.ifindex)
		r = take_over(statics, entry, old, now);
	else if (link)
		r = start(statics, entry, link->interface.ifindex, now);
	if (get_reason(r) != MESSAGE_DONE) {
		free(entry);
		return get_reason(r);
	}
	if (old) {
		entry->is_wanted = old->is_wanted;
		free(old);
		statics->entries[at] = entry;
	} else {
		insert(statics, at, entry);
	}
	return MESSAGE_DONE;
}

enum message_reason statics_set(struct statics *statics, const struct statics_join *join,
				uint64_t now)
{
	const struct link *link;
	uint32_t at;

	if (!is_valid(join))
		return MESSAGE_BAD;
	if (is_end(&join->filter)) {
		if (!find(statics, join, &at))
			return MESSAGE_NOT_THERE;
		delete (statics, at, now);
		return MESSAGE_DONE;
	}
	/* First of all: it may learn of interfaces, and call statics_meet_link(). */
	link = links_find_name(statics->links, join->interface);
	return set(statics, join, link, now);
}

static void mark_wanted(struct statics *statics, const struct statics_join *joins,
			uint32_t n)
{
	struct statics_entry *entry;
	uint32_t i, at;

	for (i = 0; i < statics->n; i++)
		statics->entries[i]->is_wanted = false;
	for (i = 0; i < n; i++) {
		entry = find(statics, &joins[i], &at);
		if (entry)
			entry->is_wanted = true;
	}
}

void statics_reload(struct statics *statics, const struct statics_join *joins, uint32_t n,
		    uint64_t now)
{
	struct statics_join join;
	enum message_reason reason;
	uint32_t i;

	mark_wanted(statics, joins, n);
	for (i = statics->n; i-- > 0;)
		if (statics->entries[i]->join.is_configured &&
		    !statics->entries[i]->is_wanted)
			delete (statics, i, now);
	for (i = 0; i < n; i++) {
		join = joins[i];
		join.is_configured = true;
		reason = statics_set(statics, &join, now);
		if (reason != MESSAGE_DONE)
			log_write(LOG_WARNING, "join-refused", join.interface,
				  "a join of the configuration is not in force: %s",
				  message_describe(reason));
	}
}

void statics_end(struct statics *statics, uint64_t now)
{
	while (statics->n)
		delete (statics, statics->n - 1, now);
}

/* In force where the interface is: the engine may have lost it with another one of that
 * index. */
static int renew(struct statics *statics, struct statics_entry *entry, uint32_t ifindex,
		 uint64_t now)
{
	int r;

	if (entry->join.ifindex && entry->join.ifindex != ifindex)
		stop(statics, entry, now);
	if (!entry->join.ifindex)
		return start(statics, entry, ifindex, now);
	r = set_engine(statics, ifindex, &entry->join, &entry->join.filter, now);
	if (r == -ENODEV)
		stop(statics, entry, now);
	return r;
}

void statics_meet_link(struct statics *statics, const struct link *link, uint64_t now)
{
	uint32_t ifindex = link->interface.ifindex, i;
	struct statics_entry *entry;
	int r;

	for (i = 0; i < statics->n; i++) {
		entry = statics->entries[i];
		r = 0;
		if (!strncmp(entry->join.interface, link->name, IF_NAMESIZE))
			r = renew(statics, entry, ifindex, now);
		else if (entry->join.ifindex == ifindex)
			stop(statics, entry, now); /* it was renamed */
		if (get_reason(r) != MESSAGE_DONE)
			log_write(LOG_WARNING, "join-refused", link->name,
				  "a static join is not in force: %s",
				  message_describe(get_reason(r)));
	}
}

void statics_lose_link(struct statics *statics, const struct link *link, uint64_t now)
{
	uint32_t i;

	for (i = 0; i < statics->n; i++)
		if (statics->entries[i]->join.ifindex == link->interface.ifindex)
			stop(statics, statics->entries[i], now);
}

const struct statics_join *statics_get(const struct statics *statics, uint32_t i)
{
	return i < statics->n ? &statics->entries[i]->join : NULL;
}

uint32_t statics_count_users(const struct statics *statics, uint32_t ifindex,
			     struct addr group)
{
	uint32_t i;

	for (i = 0; i < statics->n; i++)
		if (statics->entries[i]->join.ifindex == ifindex &&
		    addr_equal(statics->entries[i]->join.group, group))
			return 1;
	return 0;
}
