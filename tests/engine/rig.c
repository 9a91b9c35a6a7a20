/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * rig: the engine, its clock, memory and random numbers (see rig.h).
 *
 * Invariant: memory never stays where it is when it is resized, is full of rubbish when
 * it is new and when it goes, and its length is what the engine says it is: what relies
 * on anything else breaks here.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rig.h"

#define RUBBISH    0xa5
#define FIRST_TIME (3 * ENGINE_SECOND + 1)

struct block {
	size_t len;
	size_t pad;
	uint8_t bytes[];
};

static struct block *get_block(void *memory)
{
	return (struct block *)((uint8_t *)memory - sizeof(struct block));
}

static void *get_memory(struct rig *rig, size_t len)
{
	struct block *block = malloc(sizeof(*block) + len);

	if (!block)
		tap_bail_out("no memory");
	block->len = len;
	memset(block->bytes, RUBBISH, len);
	rig->n_used += len;
	return block->bytes;
}

static void put_memory(struct rig *rig, void *memory)
{
	struct block *block = get_block(memory);

	rig->n_used -= block->len;
	memset(block->bytes, RUBBISH, block->len);
	free(block);
}

static void *resize(void *context, void *memory, size_t old_len, size_t len)
{
	struct rig *rig = context;
	void *moved;

	if (memory && get_block(memory)->len != old_len)
		tap_bail_out("%zu bytes are said to be %zu", get_block(memory)->len,
			     old_len);
	if (!memory && old_len)
		tap_bail_out("NULL is said to be %zu bytes", old_len);
	if (len > old_len && ++rig->n_calls == rig->fails_at)
		return NULL;
	moved = len ? get_memory(rig, len) : NULL;
	if (memory && moved)
		memcpy(moved, memory, len < old_len ? len : old_len);
	if (memory)
		put_memory(rig, memory);
	return moved;
}

/* splitmix64 */
static uint32_t draw(void *context)
{
	struct rig *rig = context;
	uint64_t x = rig->seed += 0x9e3779b97f4a7c15u;

	if (rig->is_fixed)
		return rig->fixed_draw;
	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9u;
	x = (x ^ x >> 27) * 0x94d049bb133111ebu;
	return (uint32_t)((x ^ x >> 31) >> 32);
}

static void take_notice(void *context, const struct engine_notice *notice)
{
	struct rig *rig = context;

	rig->n_notices++;
	rig->last_notice = *notice;
}

static struct engine_interface make_interface(uint32_t ifindex)
{
	char ipv4[RIG_ADDR_TEXT], ipv6[RIG_ADDR_TEXT];

	snprintf(ipv4, sizeof(ipv4), "10.9.0.%u", ifindex - RIG_IFINDEX + 1);
	snprintf(ipv6, sizeof(ipv6), "fe80::%x", ifindex - RIG_IFINDEX + 1);
	return (struct engine_interface){
		.ifindex = ifindex,
		.mtu = 1500,
		.is_up = true,
		.source = {
			[ENGINE_IPV4] = { ENGINE_ADDRESS_VALID, rig_addr(ipv4) },
			[ENGINE_IPV6] = { ENGINE_ADDRESS_VALID, rig_addr(ipv6) },
		},
	};
}

void rig_init(struct rig *rig, uint64_t seed)
{
	struct engine_config config = {
		.resize = resize,
		.draw = draw,
		.log = take_notice,
		.context = rig,
	};

	memset(rig, 0, offsetof(struct rig, lines));
	rig->seed = seed;
	rig->now = FIRST_TIME;
	rig->interface = make_interface(RIG_IFINDEX);
	if (engine_new(&rig->engine, &config))
		tap_bail_out("engine_new() fails");
	if (engine_set_interface(rig->engine, &rig->interface, rig->now))
		tap_bail_out("engine_set_interface() fails");
}

void rig_fini(struct rig *rig, struct tap *tap)
{
	tap_expect(tap, engine_free(rig->engine) == NULL, "engine_free() is not NULL");
	tap_expect(tap, rig->n_used == 0, "%zu bytes do not come back", rig->n_used);
	tap_expect(tap, rig->n_broken == 0, "%zu packets are broken", rig->n_broken);
	rig_clear(rig);
}

const struct engine_interface *rig_find(const struct rig *rig, uint32_t ifindex)
{
	if (rig->interface.ifindex == ifindex)
		return &rig->interface;
	for (size_t i = 0; i < rig->n_others; i++)
		if (rig->others[i].ifindex == ifindex)
			return &rig->others[i];
	return NULL;
}

int rig_change(struct rig *rig, const struct engine_interface *interface)
{
	int r = engine_set_interface(rig->engine, interface, rig->now);
	struct engine_interface *known =
		(struct engine_interface *)rig_find(rig, interface->ifindex);

	if (r)
		return r;
	if (!known && rig->n_others == RIG_OTHERS)
		tap_bail_out("too many interfaces");
	if (!known)
		known = &rig->others[rig->n_others++];
	*known = *interface;
	return 0;
}

void rig_add_interface(struct rig *rig, uint32_t ifindex)
{
	struct engine_interface interface = make_interface(ifindex);

	if (rig_change(rig, &interface))
		tap_bail_out("no interface %u", ifindex);
}

static void add_line(struct rig *rig, const struct engine_packet *packet,
		     const uint8_t *bytes)
{
	struct rig_line *line = &rig->lines[rig->n_lines];

	if (rig->n_lines == RIG_LINES)
		tap_bail_out("more than %u packets", RIG_LINES);
	line->when = rig->now;
	line->packet = *packet;
	line->text = rig_describe(rig, packet, bytes);
	line->bytes = malloc(packet->len + !packet->len);
	if (!line->bytes)
		tap_bail_out("no memory");
	memcpy(line->bytes, bytes, packet->len);
	rig->n_lines++;
	if (strncmp(line->text, "BROKEN", 6) == 0) {
		rig->n_broken++;
		tap_comment("%s", line->text);
	}
}

static bool pull_one(struct rig *rig)
{
	size_t room = rig->room ? rig->room : ENGINE_PACKET_MAX;
	uint8_t *bytes = malloc(room);
	struct engine_packet packet;
	int r;

	if (!bytes)
		tap_bail_out("no memory");
	memset(bytes, RUBBISH, room);
	memset(&packet, RUBBISH, sizeof(packet));
	r = engine_pull(rig->engine, bytes, room, &packet, rig->now);
	if (r < 0)
		tap_bail_out("engine_pull() returns %d", r);
	if (r && packet.len > room)
		tap_bail_out("%zu bytes in a buffer of %zu", packet.len, room);
	if (r)
		add_line(rig, &packet, bytes);
	free(bytes);
	return r > 0;
}

void rig_pull(struct rig *rig)
{
	while (pull_one(rig))
		continue;
	if (engine_get_deadline(rig->engine) <= rig->now)
		tap_bail_out("nothing is due, but the deadline has passed");
}

void rig_run(struct rig *rig, uint64_t us)
{
	uint64_t end = rig->now + us, deadline;

	rig_pull(rig);
	while (deadline = engine_get_deadline(rig->engine), deadline <= end) {
		rig->now = deadline;
		rig_pull(rig);
	}
	rig->now = end;
}

void rig_clear(struct rig *rig)
{
	for (size_t i = 0; i < rig->n_lines; i++) {
		free(rig->lines[i].text);
		free(rig->lines[i].bytes);
	}
	rig->n_lines = 0;
}

char *rig_print(const struct rig *rig)
{
	char *text = NULL;
	size_t len;
	FILE *stream = open_memstream(&text, &len);

	if (!stream)
		tap_bail_out("no memory");
	for (size_t i = 0; i < rig->n_lines; i++)
		fprintf(stream, "%s%s", i ? "\n" : "", rig->lines[i].text);
	if (fclose(stream))
		tap_bail_out("no memory");
	return text;
}

static void comment_lines(const char *what, const char *lines)
{
	while (*lines) {
		int n = (int)strcspn(lines, "\n");

		tap_comment("%s %.*s", what, n, lines);
		lines += n + (lines[n] == '\n');
	}
}

bool rig_expect(struct rig *rig, struct tap *tap, const char *what, const char *lines)
{
	char *text = rig_print(rig);
	bool ok = strcmp(text, lines) == 0;

	if (!tap_expect(tap, ok, "%s: %zu packets, not these", what, rig->n_lines)) {
		comment_lines("  expected", lines);
		comment_lines("  sent    ", text);
	}
	free(text);
	rig_clear(rig);
	return ok;
}

bool rig_expect_now(struct rig *rig, struct tap *tap, const char *what, const char *lines)
{
	rig_pull(rig);
	return rig_expect(rig, tap, what, lines);
}

bool rig_expect_in(struct rig *rig, struct tap *tap, uint64_t us, const char *what,
		   const char *lines)
{
	rig_run(rig, us);
	return rig_expect(rig, tap, what, lines);
}

size_t rig_count(const struct rig *rig, const char *text)
{
	size_t n = 0;

	for (size_t i = 0; i < rig->n_lines; i++)
		n += strcmp(rig->lines[i].text, text) == 0;
	return n;
}

size_t rig_count_like(const struct rig *rig, const char *part)
{
	size_t n = 0;

	for (size_t i = 0; i < rig->n_lines; i++)
		n += strstr(rig->lines[i].text, part) != NULL;
	return n;
}
