/* SPDX-License-Identifier: BSD-2-Clause */
/* control: the rows about memberships and groups (see control-row.h). */
#include "msfd/control-row.h"

#include <arpa/inet.h>
#include <endian.h>
#include <stdlib.h>
#include <string.h>

#include "jsonline.h"
#include "msfd/clock.h"

/* A look at all groups that takes so long (microseconds) is followed by a pause of so
 * many times that. */
#define LOOK_LONG  1000u
#define LOOK_PAUSE 10u

/*
 * Values
 */

json_t *control_new_address(struct addr addr)
{
	uint8_t bytes[16];
	char text[INET6_ADDRSTRLEN];
	uint32_t ipv4 = htobe32(addr_ipv4(addr));

	addr_to_bytes(addr, bytes);
	if (addr_is_ipv4(addr))
		inet_ntop(AF_INET, &ipv4, text, sizeof(text));
	else
		inet_ntop(AF_INET6, bytes, text, sizeof(text));
	return json_string(text);
}

json_t *control_new_sources(const struct source_set *set)
{
	json_t *list = json_array();
	uint32_t i;

	for (i = 0; list && i < set->n; i++) {
		if (json_array_append_new(list, control_new_address(set->addr[i])) < 0) {
			json_decref(list);
			list = NULL;
		}
	}
	return list;
}

static const struct link *find_link(const struct msfd *msfd, uint32_t ifindex)
{
	const struct link *link;
	unsigned int i;

	for (i = 0; (link = links_get(msfd->links, i)); i++)
		if (link->interface.ifindex == ifindex)
			return link;
	return NULL;
}

json_t *control_new_interface(const struct msfd *msfd, uint32_t ifindex)
{
	const struct link *link = find_link(msfd, ifindex);

	return link ? jsonline_new_text(link->name) : json_null();
}

const char *control_name_mode(enum filter_mode mode)
{
	return mode == FILTER_INCLUDE ? "include" : "exclude";
}

static const char *name_family(struct addr group)
{
	return addr_is_ipv4(group) ? "ipv4" : "ipv6";
}

/*
 * Memberships: of sockets, then static ones, then those of the kernel
 */

enum stage { STAGE_SOCKETS, STAGE_STATICS, STAGE_NATIVE };

static enum stage get_stage(const struct control_place *place)
{
	return (enum stage)(*place->position >> 32);
}

static void set_stage(struct control_place *place, enum stage stage)
{
	*place->position = (uint64_t)stage << 32;
	*place->cursor = (struct holdings_key){ 0 };
}

static json_t *new_holding(const struct msfd *msfd, const struct holding *holding)
{
	return json_pack("{s:s s:I s:o s:I s:s s:o s:I s:o s:s s:o}", "kind", "socket",
			 "socket", (json_int_t)holding->socket.inode, "pid",
			 holding->teller.pid > 0 ? json_integer(holding->teller.pid)
						 : json_null(),
			 "uid", (json_int_t)holding->teller.uid, "family",
			 name_family(holding->group), "interface",
			 control_new_interface(msfd, holding->ifindex), "ifindex",
			 (json_int_t)holding->ifindex, "group",
			 control_new_address(holding->group), "mode",
			 control_name_mode(holding->filter.mode), "sources",
			 control_new_sources(&holding->filter.sources));
}

static json_t *new_static(const struct statics_join *join)
{
	return json_pack("{s:s s:n s:n s:n s:s s:o s:o s:o s:s s:o s:b}", "kind",
			 "static", "socket", "pid", "uid", "family",
			 name_family(join->group), "interface",
			 jsonline_new_text(join->interface), "ifindex",
			 join->ifindex > 0 ? json_integer(join->ifindex) : json_null(),
			 "group", control_new_address(join->group), "mode",
			 control_name_mode(join->filter.mode), "sources",
			 control_new_sources(&join->filter.sources), "configured",
			 join->is_configured);
}

static json_t *new_native(const struct msfd *msfd, uint32_t ifindex, struct addr group)
{
	return json_pack("{s:s s:n s:n s:n s:s s:o s:I s:o s:s s:[]}", "kind", "native",
			 "socket", "pid", "uid", "family", name_family(group),
			 "interface", control_new_interface(msfd, ifindex), "ifindex",
			 (json_int_t)ifindex, "group", control_new_address(group), "mode",
			 control_name_mode(FILTER_EXCLUDE), "sources");
}

int control_make_membership(struct msfd *msfd, struct control_place *place, json_t **ret)
{
	const struct statics_join *join;
	struct holding holding;

	if (get_stage(place) == STAGE_SOCKETS) {
		if (holdings_next(msfd->holdings, place->cursor, &holding)) {
			*ret = new_holding(msfd, &holding);
			return 1;
		}
		set_stage(place, STAGE_STATICS);
	}
	if (get_stage(place) == STAGE_STATICS) {
		join = statics_get(msfd->statics, (uint32_t)(*place->position)++);
		if (join) {
			*ret = new_static(join);
			return 1;
		}
		set_stage(place, STAGE_NATIVE);
	}
	if (!msfd->native ||
	    !native_next(msfd->native, &place->cursor->ifindex, &place->cursor->group))
		return 0;
	*ret = new_native(msfd, place->cursor->ifindex, place->cursor->group);
	return 1;
}

/*
 * Groups
 */

static int compare(const struct control_group *a, const struct control_group *b)
{
	if (a->ifindex != b->ifindex)
		return a->ifindex < b->ifindex ? -1 : 1;
	return addr_compare(a->group, b->group);
}

static int compare_void(const void *a, const void *b)
{
	return compare(a, b);
}

static bool append(struct control_groups *groups, uint32_t ifindex, struct addr group)
{
	if (groups->n == groups->room) {
		uint32_t room = groups->room ? 2 * groups->room : 64;
		struct control_group *list = reallocarray(groups->list, room,
							  sizeof(*list));

		if (!list)
			return false;
		groups->list = list;
		groups->room = room;
	}
	groups->list[groups->n++] = (struct control_group){ ifindex, group };
	return true;
}

static bool append_interface(struct msfd *msfd, uint32_t ifindex,
			     enum engine_family family)
{
	struct addr group = family == ENGINE_IPV4 ? addr_from_ipv4(0)
						  : (struct addr){ 0 };

	while (engine_next_group(msfd->engine, ifindex, family, &group) == 0)
		if (!append(&msfd->groups, ifindex, group))
			return false;
	return true;
}

static bool look(struct msfd *msfd)
{
	struct control_groups *groups = &msfd->groups;
	const struct link *link;
	unsigned int i;

	groups->n = 0;
	for (i = 0; (link = links_get(msfd->links, i)); i++)
		if (!append_interface(msfd, link->interface.ifindex, ENGINE_IPV4) ||
		    !append_interface(msfd, link->interface.ifindex, ENGINE_IPV6))
			return false;
	if (groups->n > 0)
		qsort(groups->list, groups->n, sizeof(*groups->list), compare_void);
	return true;
}

/* Who changes something and asks, again and again, is to keep nobody waiting: a list that
 * takes long to make may be a little older. */
enum message_reason control_look_at_groups(struct msfd *msfd)
{
	struct control_groups *groups = &msfd->groups;
	uint64_t begin = clock_now(), end;

	if (groups->is_current || begin < groups->not_before)
		return MESSAGE_DONE;
	if (!look(msfd))
		return MESSAGE_NO_MEMORY;
	end = clock_now();
	groups->is_current = true;
	if (end - begin >= LOOK_LONG)
		groups->not_before = end + LOOK_PAUSE * (end - begin);
	return MESSAGE_DONE;
}

/* The first behind the cursor, which goes there. */
static const struct control_group *next_group(const struct control_groups *groups,
					      struct holdings_key *cursor)
{
	struct control_group at = { cursor->ifindex, cursor->group };
	uint32_t low = 0, high = groups->n;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (compare(&groups->list[middle], &at) <= 0)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == groups->n)
		return NULL;
	cursor->ifindex = groups->list[low].ifindex;
	cursor->group = groups->list[low].group;
	return &groups->list[low];
}

static uint32_t count_users(const struct msfd *msfd, const struct control_group *group)
{
	return holdings_count_users(msfd->holdings, group->ifindex, group->group) +
	       statics_count_users(msfd->statics, group->ifindex, group->group);
}

static json_t *new_group(const struct msfd *msfd, const struct control_group *group,
			 enum filter_mode mode, uint32_t n)
{
	struct source_set set = { .n = n, .addr = calloc(n ? n : 1, sizeof(*set.addr)) };
	json_t *row = NULL;

	if (set.addr && engine_get_filter(msfd->engine, group->ifindex, group->group,
					  &mode, set.addr, &n) == 0)
		row = json_pack("{s:o s:I s:o s:s s:o s:I}", "interface",
				control_new_interface(msfd, group->ifindex), "ifindex",
				(json_int_t)group->ifindex, "group",
				control_new_address(group->group), "mode",
				control_name_mode(mode), "sources",
				control_new_sources(&set), "users",
				(json_int_t)count_users(msfd, group));
	free(set.addr);
	return row;
}

int control_make_group(struct msfd *msfd, struct control_place *place, json_t **ret)
{
	const struct control_group *group;

	while ((group = next_group(&msfd->groups, place->cursor))) {
		enum filter_mode mode;
		uint32_t n = 0;

		if (engine_get_filter(msfd->engine, group->ifindex, group->group, &mode,
				      NULL, &n) < 0)
			continue;
		*ret = new_group(msfd, group, mode, n);
		return 1;
	}
	return 0;
}
