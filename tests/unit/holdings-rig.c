/* SPDX-License-Identifier: BSD-2-Clause */
/* See holdings-rig.h. */
#include "holdings-rig.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

void *__real_malloc(size_t size);
void *__real_calloc(size_t n, size_t size);
void __real_free(void *p);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t n, size_t size);
void __wrap_free(void *p);

struct rig_memory rig_memory;

static bool is_to_fail(void)
{
	if (!rig_memory.is_armed || rig_memory.left-- > 0)
		return false;
	rig_memory.is_armed = false;
	rig_memory.n_failed++;
	return true;
}

static void *count(void *p)
{
	rig_memory.n_live += p != NULL;
	return p;
}

void *__wrap_malloc(size_t size)
{
	return is_to_fail() ? NULL : count(__real_malloc(size));
}

void *__wrap_calloc(size_t n, size_t size)
{
	return is_to_fail() ? NULL : count(__real_calloc(n, size));
}

void __wrap_free(void *p)
{
	rig_memory.n_live -= p != NULL;
	__real_free(p);
}

/* The engine's rig_memory. */
static void *resize(void *context, void *old, size_t old_len, size_t len)
{
	void *new = NULL;

	(void)context;
	if (len) {
		new = malloc(len);
		if (!new)
			return NULL;
		memcpy(new, old ? old : "", old ? (old_len < len ? old_len : len) : 0);
	}
	free(old);
	return new;
}

static uint32_t draw(void *context)
{
	uint32_t *state = context;

	return *state = *state * 1664525u + 1013904223u;
}

/*
 * The rig
 */

static const struct limits unlimited = {
	.client = { UINT32_MAX, UINT32_MAX, UINT32_MAX },
	.user = { UINT32_MAX, UINT32_MAX, UINT32_MAX },
	.total = { UINT32_MAX, UINT32_MAX, UINT32_MAX },
};

struct holdings_key rig_get_key(unsigned int i)
{
	return (struct holdings_key){
		.cookie = 100 + i / (RIG_INTERFACES * RIG_GROUPS),
		.ifindex = 1 + i / RIG_GROUPS % RIG_INTERFACES,
		.group = addr_from_ipv4(0xe8010101u + i % RIG_GROUPS),
	};
}

unsigned int rig_find_place(uint64_t cookie, uint32_t ifindex, struct addr group)
{
	return (unsigned int)((cookie - 100) * RIG_INTERFACES + ifindex - 1) *
		       RIG_GROUPS +
	       addr_ipv4(group) - 0xe8010101u;
}

struct addr rig_get_source(unsigned int i)
{
	return addr_from_ipv4(0x0a090001u + i);
}

void rig_add_interfaces(struct rig *rig)
{
	for (uint32_t i = 1; i <= RIG_INTERFACES; i++)
		engine_set_interface(rig->engine,
				     &(struct engine_interface){
					     .ifindex = i, .mtu = 1500, .is_up = true },
				     rig->now);
}

void rig_init(struct rig *rig, struct tap *tap)
{
	struct engine_config config = { resize, draw, NULL, &rig->seed };

	*rig = (struct rig){ .tap = tap, .limits = unlimited, .now = 1 };
	if (engine_new(&rig->engine, &config) < 0 ||
	    holdings_new(&rig->holdings, rig->engine, &rig->limits) < 0)
		tap_bail_out("no rig_memory");
	rig_add_interfaces(rig);
}

void rig_fini(struct rig *rig)
{
	holdings_free(rig->holdings);
	engine_free(rig->engine);
	tap_expect(rig->tap, rig_memory.n_live == 0, "%ld blocks are left",
		   rig_memory.n_live);
}

struct filter rig_make_filter(enum filter_mode mode, unsigned int bits,
			      struct addr list[RIG_SOURCES])
{
	struct filter filter = { .mode = mode, .sources = { 0, list } };

	for (unsigned int i = 0; i < RIG_SOURCES; i++) {
		if (bits & 1u << i)
			list[filter.sources.n++] = rig_get_source(i);
	}
	return filter;
}

enum message_reason rig_set(struct rig *rig, unsigned int i, uint64_t client, uid_t uid,
			    const struct filter *filter, uint64_t stamp)
{
	struct holdings_key key = rig_get_key(i);
	struct holdings_socket socket = { .cookie = key.cookie,
					  .inode = key.cookie + 1000,
					  .family = 2,
					  .type = 2,
					  .protocol = 17 };
	struct holdings_teller teller = { client, client ? 4000 + (pid_t)client : 0,
					  uid };

	return holdings_set(rig->holdings, &socket, &teller, key.ifindex, key.group,
			    filter, stamp, rig->now);
}
