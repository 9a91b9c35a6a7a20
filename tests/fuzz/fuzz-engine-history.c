/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Input: all that reaches the IGMP and MLD engine, in any order. Sent by: anybody on a
 * link, local programs through msfd, the clock, and a system that is short of memory.
 *
 * Whatever callers, queriers, the clock and the
 * allocator do, in whatever order, each step ends as engine.h says.
 *
 * An input is a row of steps: an octet that chooses one, and its arguments. Beside the
 * engine stands a model (history.h); after each step the two are compared.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "history.h"

#define STEPS_MAX 96u
#define WAKES_MAX 64u

uint8_t history_take(struct history *h)
{
	if (!h->len)
		return 0;
	h->len--;
	return *h->data++;
}

/* One of the interfaces; rarely none of them. */
uint32_t history_take_ifindex(struct history *h)
{
	uint8_t octet = history_take(h);

	return octet == 0xff ? 99 : 1 + octet % N_INTERFACES;
}

enum engine_family history_take_family(struct history *h)
{
	return history_take(h) & 1 ? ENGINE_IPV6 : ENGINE_IPV4;
}

static uint64_t get_packets_max(const struct history *h)
{
	return 1 + engine_get_counter(h->engine, ENGINE_RECORDED_SOURCES) +
	       check_count_groups(h) * (4 + 2 * N_SOURCES);
}

/* Pulls up to max packets; how many there were. */
static uint64_t pull(struct history *h, size_t size, uint64_t max)
{
	uint64_t n = 0, bound = get_packets_max(h);
	uint64_t deadline = engine_get_deadline(h->engine);
	uint8_t *buffer = malloc(size);
	struct engine_packet packet;
	int r = 1;

	target_expect(buffer != NULL, "no memory");
	while (n < max &&
	       (r = engine_pull(h->engine, buffer, size, &packet, h->now)) == 1) {
		target_expect(deadline <= h->latest, "what is due has a deadline");
		target_expect(++n <= bound, "an instant has an end");
		check_packet(h, &packet, buffer, size);
		deadline = engine_get_deadline(h->engine);
	}
	free(buffer);
	target_expect(r == 0 || r == 1, "a packet or none");
	if (r == 0) {
		target_expect(engine_get_deadline(h->engine) > h->now,
			      "nothing is due when nothing was due");
		view_check(h);
	}
	return n;
}

/*
 * Steps
 */

static void set_now(struct history *h, uint64_t now)
{
	h->now = now;
	if (now > h->latest)
		h->latest = now;
}

/* From deadline to deadline; before each of them nothing is due. */
static void walk_clock(struct history *h, uint64_t until)
{
	uint64_t deadline;

	pull(h, 1500, UINT64_MAX);
	for (unsigned int i = 0; i < WAKES_MAX; i++) {
		deadline = engine_get_deadline(h->engine);
		if (deadline > until)
			break;
		set_now(h, deadline - 1);
		target_expect(pull(h, 1500, UINT64_MAX) == 0, "no deadline is too late");
		set_now(h, deadline);
		pull(h, 1500, UINT64_MAX);
	}
	if (engine_get_deadline(h->engine) > until) {
		set_now(h, until);
		target_expect(pull(h, 1500, UINT64_MAX) == 0,
			      "nothing before a deadline");
	}
}

static void step_clock(struct history *h)
{
	static const uint64_t units[] = {
		1, 1000, 100000, ENGINE_SECOND, 60 * ENGINE_SECOND, 1ull << 40, 1ull << 56
	};
	uint8_t how = history_take(h);
	uint64_t by = history_take(h) * units[how % 7];

	if (h->latest > UINT64_MAX / 2 - by)
		return;
	if (how & 0x80)
		set_now(h, h->now > by ? h->now - by : 0);
	else if (how & 0x40)
		set_now(h, h->latest + by);
	else
		walk_clock(h, h->latest + by);
}

static void step_pull(struct history *h)
{
	static const size_t sizes[] = { 1280, 1280, 1281, 1500, 9000, 65535, 70000 };
	uint8_t how = history_take(h);
	struct engine_packet packet;
	uint8_t small[ENGINE_BUFFER_MIN - 1];

	if (how == 0xff)
		target_expect(engine_pull(h->engine, small, sizeof(small), &packet,
					  h->now) == -EINVAL,
			      "a buffer that is too small");
	else
		pull(h, sizes[how % 7], how & 0x80 ? UINT64_MAX : how >> 3);
}

static void step_fail(struct history *h)
{
	h->fails_in = 1 + history_take(h) % 32;
}

static void fill_interface(struct history *h, struct engine_interface *ret)
{
	static const uint32_t mtus[] = { 68,   100,  576,   1279,  1280,   1281,
					 1500, 9000, 65535, 65536, 100000, 67 };
	uint8_t flags = history_take(h), states = history_take(h);

	ret->ifindex = history_take_ifindex(h);
	ret->mtu = mtus[history_take(h) % 12];
	ret->is_up = !(flags & 1);
	ret->is_loopback = (flags & 0x0e) == 0x0e;
	ret->source[ENGINE_IPV4].state = (enum engine_address_state)(states % 3);
	ret->source[ENGINE_IPV4].addr = addr_from_ipv4(0x0a090001);
	ret->source[ENGINE_IPV6].state = (enum engine_address_state)(states / 3 % 3);
	ret->source[ENGINE_IPV6].addr = model_make_ipv6(0xfe800000, 1);
	if (states == 0xff)
		ret->source[ENGINE_IPV4].addr = model_make_ipv6(0xfe800000, 1);
	if (states == 0xfe)
		ret->ifindex = 0;
}

static void step_set_interface(struct history *h)
{
	struct engine_interface set = { 0 };
	struct snapshot before;
	int r;

	fill_interface(h, &set);
	snapshot_take(h, &before);
	r = engine_set_interface(h->engine, &set, h->now);
	if (r == -EINVAL)
		target_expect(set.ifindex == 0 || set.mtu < ENGINE_MTU_MIN ||
				      addr_equal(set.source[0].addr, set.source[1].addr),
			      "a bad interface");
	else
		target_expect(r == 0 || (r == -ENOMEM && h->has_failed), "0 or -ENOMEM");
	if (r < 0) {
		snapshot_expect(h, &before);
		return;
	}
	target_expect(set.ifindex != 0 && set.mtu >= ENGINE_MTU_MIN, "a good interface");
	if (set.ifindex > N_INTERFACES)
		target_expect(engine_del_interface(h->engine, set.ifindex, h->now) == 0,
			      "what is known can go");
	else {
		h->interfaces[set.ifindex - 1].set = set;
		h->interfaces[set.ifindex - 1].is_known = true;
	}
}

static void step_del_interface(struct history *h)
{
	uint32_t ifindex = history_take_ifindex(h);
	struct interface_model *model = model_find_interface(h, ifindex);
	const struct wish *wishes;
	int r = engine_del_interface(h->engine, ifindex, h->now);

	target_expect(r == (model ? 0 : -ENODEV), "gone, if it was known");
	if (!model)
		return;
	wishes = &model->wishes[0][0][0];
	for (unsigned int i = 0; i < ENGINE_FAMILIES * N_GROUPS * N_SOCKETS; i++)
		h->n_wished -= wish_count(&wishes[i]);
	memset(model, 0, sizeof(*model));
}

static void step_force_version(struct history *h)
{
	uint32_t ifindex = history_take_ifindex(h);
	enum engine_family family = history_take_family(h);
	uint8_t version = history_take(h) % 5;
	bool is_good = version <= (family == ENGINE_IPV4 ? 3 : 2);
	struct snapshot before;
	int r;

	snapshot_take(h, &before);
	r = engine_force_version(h->engine, ifindex, family, version, h->now);
	if (r < 0)
		snapshot_expect(h, &before);
	if (model_find_interface(h, ifindex))
		target_expect(r == (is_good ? 0 : -EINVAL), "a version or none");
	else
		target_expect(r == -ENODEV || (r == -EINVAL && !is_good), "-ENODEV");
}

/* Three octets: mode and flaws, where the sources begin, and how many there are. */
static void fill_wish(struct history *h, uint8_t how, struct wish *ret)
{
	unsigned int first = history_take(h), n = history_take(h);

	ret->mode = (enum filter_mode)(how % 3);
	if (ret->mode == FILTER_NONE)
		return;
	/* Every second one of them, so that sets interlock. */
	wish_add_range(ret->sources, first, n);
	for (unsigned int i = 0; how & 0x08 && i < N_WORDS; i++)
		ret->sources[i] &= 0x5555555555555555ull;
}

static uint32_t list_sources(enum engine_family family, const struct wish *wish,
			     struct addr *list)
{
	uint32_t n = 0;

	for (unsigned int i = 0; i < N_SOURCES; i++) {
		if (wish_has(wish, i))
			list[n++] = model_get_source(family, i);
	}
	return n;
}

/* Of all sockets: what they include and what they exclude. */
static uint32_t count_named(const struct wish *wishes)
{
	struct wish named = { FILTER_INCLUDE, { 0 } };

	for (unsigned int i = 0; i < N_SOCKETS; i++) {
		for (unsigned int j = 0; j < N_WORDS; j++)
			named.sources[j] |= wishes[i].sources[j];
	}
	return wish_count(&named);
}

static bool is_too_much(const struct history *h, const struct wish *wishes,
			unsigned int socket)
{
	const struct engine *engine = h->engine;

	return wish_count(&wishes[socket]) >
		       engine_get_tunable(engine, ENGINE_SOMAXSRC) ||
	       count_named(wishes) > engine_get_tunable(engine, ENGINE_MAXSRCFILTER) ||
	       check_count_groups(h) >= engine_get_tunable(engine, ENGINE_MAXGROUPS);
}

/* What a socket asks for. */
struct request {
	uint32_t ifindex;
	enum engine_family family;
	unsigned int group, socket;
	struct wish wish;
	bool is_watched; /* is the status looked at before? That lets timers expire */
};

static int call_set_filter(struct history *h, const struct request *request)
{
	struct addr list[N_SOURCES];
	uint32_t n = list_sources(request->family, &request->wish, list);
	struct filter filter = { request->wish.mode, { n, list } };
	struct snapshot before;
	int r;

	if (request->is_watched)
		snapshot_take(h, &before);
	r = engine_set_filter(h->engine, request->ifindex, request->socket,
			      model_get_group(request->family, request->group), &filter,
			      h->now);
	if (r < 0 && request->is_watched)
		snapshot_expect(h, &before);
	return r;
}

/* It was refused, or not; *wishes are as if not. */
static void check_result(const struct history *h, const struct request *request,
			 const struct wish *wishes, int r)
{
	if (r == -ENOBUFS)
		target_expect(is_too_much(h, wishes, request->socket),
			      "there is too much");
	else
		target_expect(r == 0 || (r == -ENOMEM && h->has_failed), "0 or -ENOMEM");
	target_expect(r == 0 || !wish_is_empty(&request->wish),
		      "who leaves is not refused");
}

static void set_filter(struct history *h, const struct request *request)
{
	struct interface_model *model = model_find_interface(h, request->ifindex);
	struct wish *wishes, *place, old;
	int r = call_set_filter(h, request);

	if (!model) {
		target_expect(r == -ENODEV, "no such interface");
		return;
	}
	wishes = model->wishes[request->family][request->group];
	place = &wishes[request->socket];
	old = *place;
	*place = request->wish;
	check_result(h, request, wishes, r);
	if (r < 0)
		*place = old;
	else if (wish_is_empty(place))
		*place = (struct wish){ FILTER_NONE, { 0 } };
	h->n_wished += wish_count(place);
	h->n_wished -= wish_count(&old);
	view_change(h, request->ifindex, request->family, request->group);
	check_filter(h, request->ifindex, request->family, request->group);
}

/* *n: the third argument. */
static void fill_request(struct history *h, struct request *ret, uint8_t *n)
{
	uint8_t how = history_take(h);

	*ret = (struct request){ .ifindex = history_take_ifindex(h) };
	ret->family = how & 0x40 ? ENGINE_IPV6 : ENGINE_IPV4;
	ret->socket = (how >> 4) % N_SOCKETS;
	ret->is_watched = !(how & 0x80);
	*n = history_take(h) % N_GROUPS;
	fill_wish(h, how, &ret->wish);
}

static void step_set_filter(struct history *h)
{
	struct request request;
	uint8_t group;

	fill_request(h, &request, &group);
	request.group = group;
	set_filter(h, &request);
}

/* The same for many groups. */
static void step_set_many(struct history *h)
{
	struct request request;
	uint8_t n;

	fill_request(h, &request, &n);
	for (request.group = 0; request.group < n; request.group++)
		set_filter(h, &request);
}

/* No group, or a source that is none. */
static void step_set_bad_filter(struct history *h)
{
	uint8_t how = history_take(h);
	struct addr list[] = {
		addr_from_ipv4(how & 1 ? 0xe0000005 : 0xffffffff), /* no sender */
		model_make_ipv6(0x20010db8, 1),                    /* other family */
	};
	struct filter filter = { FILTER_EXCLUDE,
				 { how & 2 ? 1 : 0, &list[how >> 2 & 1] } };
	struct addr group = addr_from_ipv4(how & 2 ? 0xef010101 : 0x0a010101);
	struct snapshot before;
	uint32_t ifindex = history_take_ifindex(h);
	int r;

	snapshot_take(h, &before);
	r = engine_set_filter(h->engine, ifindex, 0, group, &filter, h->now);
	target_expect(r == -EINVAL || (r == -ENODEV && !model_find_interface(h, ifindex)),
		      "a filter that cannot be");
	snapshot_expect(h, &before);
}

static void step_set_tunable(struct history *h)
{
	unsigned int i = history_take(h) % (ENGINE_TUNABLES + 1);
	uint8_t how = history_take(h), value = history_take(h);
	const struct engine_tunable_info *info = engine_get_tunable_info(i);
	uint64_t values[4] = { value, value, value, value };
	int r;

	if (info) {
		values[0] = info->min + value;
		values[1] = info->max - value;
		values[2] = info->value;
		values[3] = info->max + 1 + value;
	}
	r = engine_set_tunable(h->engine, (enum engine_tunable)i, values[how % 4],
			       h->now);
	if (!info) {
		target_expect(r == -EINVAL, "no such tunable");
		return;
	}
	target_expect(r == (values[how % 4] < info->min || values[how % 4] > info->max
				    ? -ERANGE
				    : 0),
		      "a value within the range");
	if (r == 0)
		target_expect(engine_get_tunable(h->engine, info->tunable) ==
				      values[how % 4],
			      "a tunable keeps its value");
	view_change_all(h);
	if (info->tunable == ENGINE_MAXRECORDED && r == 0 &&
	    values[how % 4] > h->max_recorded)
		h->max_recorded = values[how % 4];
}

static void step_set_ssm_range(struct history *h)
{
	enum engine_family family = history_take_family(h);
	uint8_t which = history_take(h);
	struct ssm_range range = { true, model_get_group(family, which % N_GROUPS),
				   history_take(h) };
	int r;

	if (which == 0xff)
		range.prefix = model_get_source(family, 0);
	r = engine_set_ssm_range(h->engine, family, range.prefix, range.len, h->now);
	if (r < 0) {
		target_expect(r == -EINVAL && (which == 0xff || range.len < 8),
			      "a prefix that is not multicast");
		return;
	}
	h->ssm[family] = range;
	view_change_all(h);
}

/*
 * Histories
 */

static void *resize(void *context, void *memory, size_t old_len, size_t len)
{
	struct history *h = context;
	void *ret;

	if (len == 0) {
		h->n_used -= old_len;
		free(memory);
		return NULL;
	}
	if (h->fails_in && len > old_len && --h->fails_in == 0) {
		h->has_failed = true;
		return NULL;
	}
	target_expect(memory || old_len == 0, "new memory is of no length");
	ret = realloc(memory, len);
	target_expect(ret != NULL, "no memory");
	h->n_used += len - old_len;
	return ret;
}

/* xorshift64*; or always the same. */
static uint32_t draw(void *context)
{
	struct history *h = context;

	if (h->seed == 0 || h->seed == UINT32_MAX)
		return (uint32_t)h->seed;
	h->seed ^= h->seed >> 12;
	h->seed ^= h->seed << 25;
	h->seed ^= h->seed >> 27;
	return (uint32_t)(h->seed * 0x2545f4914f6cdd1dull >> 32);
}

static void note(void *context, const struct engine_notice *notice)
{
	struct history *h = context;

	target_expect(engine_describe_event(notice->event) != NULL, "a sentence");
	target_expect(notice->ifindex <= 99 && notice->family < ENGINE_FAMILIES && h,
		      "where it was");
}

static void run_step(struct history *h)
{
	static void (*const steps[])(struct history *) = {
		step_set_filter,    step_set_filter,    step_set_filter,
		step_pull,          step_pull,          step_clock,
		step_clock,         step_clock,         hear_query,
		hear_query,         hear_query,         hear_report,
		hear_bytes,         step_fail,          step_set_interface,
		step_del_interface, step_force_version, step_set_bad_filter,
		step_set_tunable,   step_set_ssm_range, step_set_many,
	};
	void (*step)(struct history * h) =
		steps[history_take(h) % (sizeof(steps) / sizeof(steps[0]))];

	h->has_failed = false;
	step(h);
	/* To ask for the status lets timers expire: the next call shall do that. */
	if (step == step_clock)
		return;
	check_memory(h);
	view_observe(h);
}

static void begin(struct history *h)
{
	const struct engine_config config = { resize, draw, note, h };
	struct engine_interface set = { 0 };
	uint8_t how = history_take(h);

	h->seed = how == 0 ? 0 : how == 1 ? UINT32_MAX : 20260101u + how;
	h->now = h->latest = history_take(h) * ENGINE_SECOND;
	target_expect(engine_new(&h->engine, &config) == 0, "an engine");
	h->n_outside = h->n_used;
	for (unsigned int i = 0; i < 3; i++)
		h->n_outside -= engine_get_counter(
			h->engine, (enum engine_counter)(ENGINE_MEMORY_MSFILTER + i));
	h->max_recorded = engine_get_tunable(h->engine, ENGINE_MAXRECORDED);
	view_observe(h);
	set.ifindex = 1;
	set.mtu = 1500;
	set.is_up = true;
	target_expect(engine_set_interface(h->engine, &set, h->now) == 0, "an interface");
	h->interfaces[0].is_known = true;
	h->interfaces[0].set = set;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct history *h = calloc(1, sizeof(*h));

	target_expect(h != NULL, "no memory");
	h->data = data;
	h->len = len;
	begin(h);
	for (unsigned int i = 0; i < STEPS_MAX && h->len; i++)
		run_step(h);
	check_all(h);
	walk_clock(h, h->latest + 600 * ENGINE_SECOND);
	target_expect(engine_free(h->engine) == NULL, "NULL");
	target_expect(h->n_used == 0, "all memory comes back");
	free(h);
	return 0;
}
