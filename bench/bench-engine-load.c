/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The load. Filters are prepared before a clock starts, and what this file remembers of a
 * group is two bytes, so that what is measured is the engine's memory.
 */
#include "bench-engine-load.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define IFINDEX    1u
#define MTU        1500u
#define PAUSE      100u /* us between two changes */
#define ROUND_MAX  5000u
#define STRIDE     7919u /* prime, and no divisor of the number of groups */
#define DRAIN      (30 * ENGINE_SECOND)
#define RESPONSE_S 10u

/* Steele, Lea and Flood's splitmix64. */
static uint64_t draw64(struct load *load)
{
	uint64_t z = load->seed += 0x9e3779b97f4a7c15u;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
	z = (z ^ z >> 27) * 0x94d049bb133111ebu;
	return z ^ z >> 31;
}

static uint32_t draw(void *context)
{
	return (uint32_t)draw64(context);
}

static void *resize(void *context, void *memory, size_t old_len, size_t len)
{
	(void)context;
	(void)old_len;
	if (len)
		return realloc(memory, len);
	free(memory);
	return NULL;
}

static struct addr get_group(size_t i)
{
	return addr_from_ipv4(0xef010000u + (uint32_t)i);
}

/* Ascending in i, whichever variants. */
static struct addr get_source(const struct load *load, size_t group, unsigned int i)
{
	uint32_t variant = load->variants[group] >> i & 1;

	return addr_from_ipv4(0x0a000000u + (uint32_t)(group % 100000 * 32) + 2 * i +
			      variant);
}

static void prepare(struct load *load, size_t group, uint64_t socket, unsigned int first,
		    unsigned int n, struct load_step *ret)
{
	ret->group = get_group(group);
	ret->socket = socket;
	ret->filter.mode = FILTER_INCLUDE;
	ret->filter.sources.addr = ret->sources;
	ret->filter.sources.n = n;
	for (unsigned int i = 0; i < n; i++)
		ret->sources[i] = get_source(load, group, first + i);
}

static void prepare_socket(struct load *load, size_t group, unsigned int i,
			   struct load_step *ret)
{
	if (load->kind == LOAD_ONE_SOCKET)
		prepare(load, group, group, 0, LOAD_SOURCES, ret);
	else
		prepare(load, group, group * LOAD_SOURCES + i, i, 1, ret);
}

void load_prepare_change(struct load *load, size_t group, struct load_step *ret)
{
	unsigned int i = (unsigned int)(draw64(load) % LOAD_SOURCES);

	load->variants[group] ^= (uint16_t)(1u << i);
	prepare_socket(load, group, i, ret);
}

/* A group that nobody has, and one socket with one source. */
void load_prepare_join(struct load *load, size_t i, struct load_step *ret)
{
	prepare(load, 0, UINT64_MAX, 0, 1, ret);
	ret->group = get_group(load->n_groups + i);
}

void load_prepare_leave(struct load *load, size_t i, struct load_step *ret)
{
	load_prepare_join(load, i, ret);
	ret->filter.sources.n = 0;
}

static int set(struct load *load, const struct load_step *step)
{
	return engine_set_filter(load->engine, IFINDEX, step->socket, step->group,
				 &step->filter, load->now);
}

/* The number of packets, or -errno. */
static int pull(struct load *load)
{
	struct engine_packet packet;
	int r, n = 0;

	while ((r = engine_pull(load->engine, load->buffer, sizeof(load->buffer), &packet,
				load->now)) > 0) {
		load->n_bytes += packet.len;
		n++;
	}
	load->n_packets += (uint64_t)n;
	return r < 0 ? r : n;
}

__attribute__((noinline)) int load_change(struct load *load, const struct load_step *step)
{
	int r = set(load, step);

	if (!r)
		r = pull(load);
	return r < 0 ? r : 0;
}

static int expire(struct load *load, uint64_t end)
{
	uint64_t deadline;
	int r = 0;

	while (!r && (deadline = engine_get_deadline(load->engine)) <= end) {
		if (deadline > load->now)
			load->now = deadline;
		r = pull(load);
		if (!r && engine_get_deadline(load->engine) <= load->now)
			return -EIO;
	}
	if (!r)
		load->now = end;
	return r < 0 ? r : r > 0;
}

__attribute__((noinline)) int load_expire(struct load *load, uint64_t end)
{
	return expire(load, end);
}

int load_run(struct load *load, uint64_t end)
{
	int r;

	do {
		r = expire(load, end);
	} while (r > 0);
	return r;
}

static int add_interface(struct load *load)
{
	struct engine_interface interface = { .ifindex = IFINDEX,
					      .mtu = MTU,
					      .is_up = true };

	interface.source[ENGINE_IPV4].state = ENGINE_ADDRESS_VALID;
	interface.source[ENGINE_IPV4].addr = addr_from_ipv4(0x0a090001);
	return engine_set_interface(load->engine, &interface, load->now);
}

static int add_groups(struct load *load)
{
	unsigned int n = load->kind == LOAD_ONE_SOCKET ? 1 : LOAD_SOURCES;
	struct load_step step;
	int r = 0;

	for (size_t group = 0; !r && group < load->n_groups; group++) {
		for (unsigned int i = 0; !r && i < n; i++) {
			prepare_socket(load, group, i, &step);
			r = set(load, &step);
		}
	}
	return r;
}

int load_init(struct load *load, size_t n_states, enum load_kind kind)
{
	struct engine_config config = { resize, draw, NULL, load };
	int r;

	*load = (struct load){ .kind = kind, .seed = n_states, .now = ENGINE_SECOND };
	load->n_groups = n_states / LOAD_SOURCES;
	load->variants = calloc(load->n_groups, sizeof(*load->variants));
	if (!load->variants)
		return -ENOMEM;
	r = engine_new(&load->engine, &config);
	if (!r)
		r = add_interface(load);
	if (!r)
		r = add_groups(load);
	if (!r)
		r = pull(load);
	if (r >= 0)
		r = load_run(load, load->now + DRAIN);
	if (r < 0)
		load_fini(load);
	return r;
}

void load_fini(struct load *load)
{
	load->engine = engine_free(load->engine);
	free(load->variants);
	load->variants = NULL;
}

/*
 * Measuring
 */

static int add(struct series *series, uint64_t start, double clock_cost)
{
	if (!series)
		return 0;
	return series_add(series, (double)(series_now() - start) - clock_cost);
}

static int measure_expiries(struct load *load, uint64_t end, struct series *ns,
			    double clock_cost)
{
	int r;

	for (;;) {
		uint64_t start = series_now();

		r = load_expire(load, end);
		if (r <= 0)
			return r;
		r = add(ns, start, clock_cost);
		if (r < 0)
			return r;
	}
}

unsigned int load_get_round(const struct load *load)
{
	return load->n_groups / 2 < ROUND_MAX ? (unsigned int)load->n_groups / 2
					      : ROUND_MAX;
}

int load_measure(struct load *load, struct series *change_ns, struct series *expire_ns,
		 double clock_cost)
{
	size_t first = draw64(load) % load->n_groups;
	int r = 0;

	for (unsigned int i = 0; !r && i < load_get_round(load); i++) {
		struct load_step step;
		uint64_t start;

		load_prepare_change(load, (first + i * STRIDE) % load->n_groups, &step);
		start = series_now();
		r = load_change(load, &step);
		if (!r)
			r = add(change_ns, start, clock_cost);
		if (!r)
			r = measure_expiries(load, load->now + PAUSE, expire_ns,
					     clock_cost);
	}
	if (!r)
		r = measure_expiries(load, load->now + DRAIN, expire_ns, clock_cost);
	return r;
}

/* An IGMPv3 General Query (RFC 9776 4.1): 10 s, QRV 2, QQIC 125. */
static int ask(struct load *load)
{
	static const uint8_t query[] = {
		0x11, 10 * RESPONSE_S, 0xec, 0x1e, 0, 0, 0, 0, 2, 125, 0, 0
	};
	struct engine_datagram datagram = {
		.source = addr_from_ipv4(0x0a0900fe),
		.destination = addr_from_ipv4(0xe0000001),
		.hop_limit = 1,
		.has_router_alert = true,
		.is_verified = true,
		.total_len = 24 + sizeof(query),
		.message = query,
		.len = sizeof(query),
	};

	return engine_receive(load->engine, IFINDEX, &datagram, load->now);
}

int load_measure_query(struct load *load, struct series *ns, uint64_t *ret_packets)
{
	uint64_t n_packets = load->n_packets, start = series_now();
	size_t n_states = load->n_groups * LOAD_SOURCES;
	int r = ask(load);

	if (r == ENGINE_DROPPED)
		return -EBADMSG;
	if (!r)
		r = load_run(load, load->now + 2 * RESPONSE_S * ENGINE_SECOND);
	if (!r)
		r = series_add(ns, (double)(series_now() - start) / (double)n_states);
	if (!r)
		*ret_packets = load->n_packets - n_packets;
	return r;
}
