/* SPDX-License-Identifier: BSD-2-Clause */
/* See wire-rig.h. */
#include "wire-rig.h"

#include <arpa/inet.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "msfd/clock.h"

#define TICK_MS 5

static void *resize(void *context, void *memory, size_t old_len, size_t len)
{
	struct rig *rig = context;

	if (len == 0) {
		free(memory);
		return NULL;
	}
	return rig->is_out_of_memory && len > old_len ? NULL : realloc(memory, len);
}

/* xorshift32 */
static uint32_t draw(void *context)
{
	struct rig *rig = context;

	rig->random ^= rig->random << 13;
	rig->random ^= rig->random >> 17;
	rig->random ^= rig->random << 5;
	return rig->random;
}

void rig_init(struct rig *rig)
{
	const struct engine_config config = { .resize = resize,
					      .draw = draw,
					      .context = rig };

	rig->random = 1;
	netns_init(&rig->net);
	if (loop_new(&rig->loop) < 0 || engine_new(&rig->engine, &config) < 0)
		tap_bail_out("no loop, or no engine");
}

static void note(struct rig *rig, char kind, const struct link *link)
{
	size_t n = strlen(rig->events);

	snprintf(rig->events + n, sizeof(rig->events) - n, "%c%s ", kind, link->name);
}

static void note_changed(void *context, const struct link *link)
{
	note(context, '+', link);
}

static void note_gone(void *context, const struct link *link)
{
	note(context, '-', link);
}

void rig_start_links(struct rig *rig)
{
	const struct links_listener listener = { note_changed, note_gone, rig };

	if (links_new(&rig->links, rig->loop, rig->engine, &listener) < 0)
		tap_bail_out("no links");
}

int rig_finish(struct rig *rig)
{
	links_free(rig->links);
	engine_free(rig->engine);
	loop_free(rig->loop);
	return tap_finish(&rig->tap);
}

struct wait {
	struct rig *rig;
	bool (*is_done)(struct rig *rig, const void *data);
	const void *data;
	uint64_t end;
};

static int look(void *data)
{
	struct wait *wait = data;

	if (wait->is_done(wait->rig, wait->data))
		return 1;
	return clock_now() > wait->end ? 2 : 0;
}

bool rig_await(struct rig *rig, bool (*is_done)(struct rig *rig, const void *data),
	       const void *data)
{
	struct wait wait = { rig, is_done, data,
			     clock_now() + RIG_DEADLINE_MS * 1000ull };
	struct loop_source timer = LOOP_SOURCE_INIT;
	int r;

	if (loop_add_timer(rig->loop, &timer, TICK_MS, TICK_MS, look, &wait) < 0)
		tap_bail_out("no timer");
	r = loop_run(rig->loop);
	loop_del(rig->loop, &timer);
	return r == 1;
}

/* The loop goes round its sources: what was ready before the timer has had its turn. */
static bool is_second_look(struct rig *rig, const void *data)
{
	(void)rig;
	return (*(unsigned int *)(uintptr_t)data)++ > 0;
}

void rig_run(struct rig *rig)
{
	unsigned int n = 0;

	rig_await(rig, is_second_look, &n);
}

void rig_ip(const char *format, ...)
{
	char lines[4096];
	va_list list;

	va_start(list, format);
	vsnprintf(lines, sizeof(lines), format, list);
	va_end(list);
	if (netns_ip(lines) < 0)
		tap_bail_out("ip: %s", lines);
}

static void print_source(const struct engine_interface *interface,
			 enum engine_family family, char text[INET6_ADDRSTRLEN])
{
	struct addr addr = interface->source[family].addr;
	uint8_t bytes[16];

	switch (interface->source[family].state) {
	case ENGINE_ADDRESS_NONE:
		strcpy(text, "none");
		return;
	case ENGINE_ADDRESS_TENTATIVE:
		strcpy(text, "tentative");
		return;
	case ENGINE_ADDRESS_VALID:
		addr_to_bytes(addr, bytes);
		if (family == ENGINE_IPV4)
			inet_ntop(AF_INET, bytes + 12, text, INET6_ADDRSTRLEN);
		else
			inet_ntop(AF_INET6, bytes, text, INET6_ADDRSTRLEN);
		return;
	}
}

void rig_print_link(const struct link *link, char text[RIG_LINK_SIZE])
{
	char source4[INET6_ADDRSTRLEN], source6[INET6_ADDRSTRLEN];

	if (!link) {
		strcpy(text, "-");
		return;
	}
	print_source(&link->interface, ENGINE_IPV4, source4);
	print_source(&link->interface, ENGINE_IPV6, source6);
	snprintf(text, RIG_LINK_SIZE, "%s %u %s %s",
		 link->interface.is_up ? "up" : "down", link->interface.mtu, source4,
		 source6);
}

struct wanted_link {
	const char *name, *text;
};

static bool is_wanted(struct rig *rig, const void *data)
{
	const struct wanted_link *wanted = data;
	char text[RIG_LINK_SIZE];

	rig_print_link(links_find_name(rig->links, wanted->name), text);
	return strcmp(text, wanted->text) == 0;
}

bool rig_await_link(struct rig *rig, const char *name, const char *text)
{
	const struct wanted_link wanted = { name, text };
	char got[RIG_LINK_SIZE];

	if (rig_await(rig, is_wanted, &wanted))
		return true;
	rig_print_link(links_find_name(rig->links, name), got);
	tap_comment("%s: %s, not %s", name, got, text);
	return false;
}

static void ignore(void *context, const struct link *link)
{
	(void)context;
	(void)link;
}

static bool is_equal(const struct link *a, const struct link *b)
{
	char texts[2][RIG_LINK_SIZE];

	if (!a || !b)
		return a == b;
	rig_print_link(a, texts[0]);
	rig_print_link(b, texts[1]);
	return a->interface.ifindex == b->interface.ifindex &&
	       strcmp(a->name, b->name) == 0 && strcmp(texts[0], texts[1]) == 0;
}

static bool is_truth(struct rig *rig, const void *data)
{
	const struct engine_config config = { .resize = resize,
					      .draw = draw,
					      .context = rig };
	const struct links_listener listener = { ignore, ignore, NULL };
	struct engine *engine;
	struct links *truth;
	bool is_same = true;

	(void)data;
	if (engine_new(&engine, &config) < 0 ||
	    links_new(&truth, rig->loop, engine, &listener) < 0)
		tap_bail_out("no second look");
	for (unsigned int i = 0;
	     is_same && (links_get(truth, i) || links_get(rig->links, i)); i++)
		is_same = is_equal(links_get(truth, i), links_get(rig->links, i));
	links_free(truth);
	engine_free(engine);
	return is_same;
}

bool rig_await_truth(struct rig *rig)
{
	return rig_await(rig, is_truth, NULL);
}
