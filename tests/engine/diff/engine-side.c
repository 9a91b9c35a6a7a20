/* SPDX-License-Identifier: BSD-2-Clause */
/* See engine-side.h. */
#include <stdlib.h>

#include "engine-side.h"
#include "tap.h"

#define IFINDEX       5u
#define MTU           1500u
#define RUN_US        (15 * ENGINE_SECOND) /* longer than any answer takes */
#define STEP_US       1000
#define START_US      ENGINE_SECOND
#define MAX_DEADLINES 10000u

static void *resize(void *context, void *memory, size_t old_len, size_t len)
{
	struct engine_side *side = context;

	side->n_used += len - old_len;
	if (len == 0) {
		free(memory);
		return NULL;
	}
	memory = realloc(memory, len);
	if (!memory)
		tap_bail_out("no memory");
	return memory;
}

static uint32_t draw(void *context)
{
	struct engine_side *side = context;

	return (uint32_t)script_draw(&side->random);
}

static void expect(struct engine_side *side, int r, const char *what)
{
	if (r == 0)
		return;
	if (side->n_wrong++ == 0)
		tap_comment("%s: %d", what, r);
}

void engine_side_init(struct engine_side *side, const struct script_plan *plan,
		      uint64_t seed)
{
	struct engine_config config = { .resize = resize, .draw = draw, .context = side };

	*side = (struct engine_side){
		.plan = plan,
		.random = seed,
		.now = START_US,
		.interface = { .ifindex = IFINDEX,
			       .mtu = plan->mtu ? plan->mtu : MTU,
			       .is_up = true },
		.buffer = malloc(ENGINE_PACKET_MAX),
	};
	side->interface.source[ENGINE_IPV4].state = ENGINE_ADDRESS_VALID;
	side->interface.source[ENGINE_IPV4].addr = addr_from_ipv4(0x0a090001);
	side->interface.source[ENGINE_IPV6].state = ENGINE_ADDRESS_VALID;
	side->interface.source[ENGINE_IPV6].addr = (struct addr){ 0xfe80ull << 48, 1 };
	if (!side->buffer || engine_new(&side->engine, &config) < 0)
		tap_bail_out("no memory");
	/* Sockets may name more sources than the tunables say (S-V3-8). */
	expect(side,
	       engine_set_tunable(side->engine, ENGINE_SOMAXSRC, NAMES_SOURCES,
				  side->now),
	       "somaxsrc");
	expect(side,
	       engine_set_tunable(side->engine, ENGINE_MAXSRCFILTER, NAMES_SOURCES,
				  side->now),
	       "maxsrcfilter");
	expect(side, engine_set_interface(side->engine, &side->interface, side->now),
	       "engine_set_interface");
	if (plan->is_forced)
		expect(side,
		       engine_force_version(side->engine, IFINDEX, plan->family,
					    plan->version, side->now),
		       "engine_force_version");
}

size_t engine_side_fini(struct engine_side *side)
{
	side->engine = engine_free(side->engine);
	free(side->buffer);
	side->buffer = NULL;
	return side->n_used;
}

static void set_filter(struct engine_side *side, const struct script_call *call,
		       unsigned int group)
{
	struct addr sources[NAMES_SOURCES];
	struct filter filter = { FILTER_NONE, { 0, sources } };
	bool is_all = call->verb == SCRIPT_CLOSE;

	if (!is_all)
		filter.mode = call->after.mode;
	for (unsigned int i = 0; i < NAMES_SOURCES && filter.mode != FILTER_NONE; i++)
		if (bits_has(&call->after.sources, i))
			sources[filter.sources.n++] = names_get_source(side->plan->family,
								       i);
	expect(side,
	       engine_set_filter(side->engine, IFINDEX, call->socket,
				 names_get_group(side->plan->family, group), &filter,
				 side->now),
	       "engine_set_filter");
}

void engine_side_call(struct engine_side *side, const struct script_call *call)
{
	if (call->verb != SCRIPT_CLOSE) {
		set_filter(side, call, call->group);
		return;
	}
	for (unsigned int g = 0; g < NAMES_GROUPS; g++)
		set_filter(side, call, g);
}

void engine_side_hear(struct engine_side *side, const struct message_bytes *message)
{
	struct engine_datagram datagram;
	int r = engine_read_datagram(message->bytes, message->len, &datagram);

	if (r == 0)
		r = engine_receive(side->engine, IFINDEX, &datagram, side->now);
	expect(side, r == ENGINE_DROPPED ? 0 : r, "engine_receive");
}

void engine_side_set_link(struct engine_side *side, bool is_up)
{
	side->interface.is_up = is_up;
	expect(side, engine_set_interface(side->engine, &side->interface, side->now),
	       "engine_set_interface");
}

void engine_side_pull(struct engine_side *side, struct normal *normal)
{
	struct engine_packet packet;
	struct wire_packet parsed;

	while (engine_pull(side->engine, side->buffer, ENGINE_PACKET_MAX, &packet,
			   side->now) == 1) {
		expect(side,
		       wire_parse(side->buffer, (uint32_t)packet.len, &parsed) == 1 ? 0
										    : -1,
		       "wire_parse");
		normal_add_packet(normal, &parsed);
	}
}

void engine_side_run(struct engine_side *side, struct normal *normal)
{
	uint64_t end = side->now + RUN_US;

	for (unsigned int i = 0;; i++) {
		uint64_t deadline = engine_get_deadline(side->engine);

		if (deadline > end)
			break;
		if (i == MAX_DEADLINES) {
			expect(side, -1, "there is always something due");
			break;
		}
		if (deadline > side->now)
			side->now = deadline;
		engine_side_pull(side, normal);
	}
	/* Only as much time as was used: what an older querier said holds. */
	side->now += STEP_US;
}
