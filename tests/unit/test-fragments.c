/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Unit test of tools/mwatch/capture/fragments.h: a datagram counts once, when all
 * of it has come, in whatever order; what never becomes whole counts as an orphan, once.
 */
#include <stdlib.h>
#include <string.h>

#include "capture/fragments.h"
#include "tap.h"

#define ROOM      256u /* unfinished datagrams that are held */
#define MS        1000000u
#define START_NS  UINT64_C(1700000000000000000)
#define PORT      5000
#define TTL       9
#define FRAGMENT  1480u
#define N_PIECES  4u
#define LENGTH    (3u * FRAGMENT + 13u - 8u)
#define FIRST_TTL 33

struct state {
	struct fragments *fragments;
	uint64_t now;
	struct datagram whole; /* the last one that became complete */
	uint8_t payload[FRAGMENT];
};

static void state_init(struct state *state)
{
	if (fragments_new(&state->fragments) < 0)
		tap_bail_out("no memory");
	state->now = START_NS;
	memset(&state->whole, 0, sizeof(state->whole));
	for (uint32_t i = 0; i < FRAGMENT; i++)
		state->payload[i] = (uint8_t)(i * 7);
}

static void state_fini(struct state *state)
{
	fragments_free(state->fragments);
}

/* A piece of a datagram of `length` bytes of payload. */
struct part {
	uint32_t id, offset, length;
	bool is_last;
	uint32_t claims; /* length that the UDP header tells; 0: LENGTH */
	uint32_t n_options;
	struct datagram_key key; /* zeros: the usual one */
};

static int add(struct state *state, const struct part *part)
{
	struct datagram datagram = { .key = part->key, .ttl = TTL };
	struct datagram_fragment fragment = { .id = part->id,
					      .offset = part->offset,
					      .length = part->length,
					      .n_options = part->n_options,
					      .is_last = part->is_last };

	datagram.key.group[0] = 232;
	if (part->offset == 0) {
		datagram.key.port = PORT;
		datagram.payload = state->payload;
		datagram.n_payload = part->length - 8 - part->n_options;
		datagram.length = part->claims ? part->claims : LENGTH;
		datagram.ttl = FIRST_TTL;
	}
	datagram.when_ns = state->now += 1000;
	return fragments_add(state->fragments, &datagram, &fragment, &state->whole);
}

static struct part get_part(uint32_t id, unsigned int i)
{
	return (struct part){ .id = id,
			      .offset = i * FRAGMENT,
			      .length = i == N_PIECES - 1 ? 13 : FRAGMENT,
			      .is_last = i == N_PIECES - 1 };
}

static int add_i(struct state *state, uint32_t id, unsigned int i)
{
	struct part part = get_part(id, i);

	return add(state, &part);
}

static bool is_whole(const struct state *state)
{
	const struct datagram *whole = &state->whole;

	return whole->key.port == PORT && whole->length == LENGTH &&
	       whole->n_payload == FRAGMENT - 8 && whole->segment_size == 0 &&
	       whole->when_ns == state->now && whole->ttl == FIRST_TTL &&
	       !memcmp(whole->payload, state->payload, whole->n_payload);
}

static void expect_orphans(struct tap *tap, const struct state *state, uint64_t want)
{
	uint64_t n = fragments_get_orphans(state->fragments);

	tap_expect(tap, n == want, "%lu orphans, not %lu", (unsigned long)n,
		   (unsigned long)want);
}

/* Order number n of the pieces. */
static void permute(unsigned int n, unsigned int order[N_PIECES])
{
	unsigned int left[N_PIECES] = { 0, 1, 2, 3 };

	for (unsigned int k = N_PIECES; k > 0; k--) {
		order[N_PIECES - k] = left[n % k];
		for (unsigned int i = n % k; i + 1 < k; i++)
			left[i] = left[i + 1];
		n /= k;
	}
}

static void test_orders(struct tap *tap)
{
	struct state state;

	state_init(&state);
	for (unsigned int n = 0; n < 24; n++) {
		unsigned int order[N_PIECES];

		permute(n, order);
		for (unsigned int i = 0; i < N_PIECES; i++) {
			int r = add_i(&state, n, order[i]);

			tap_expect(tap, r == (i == N_PIECES - 1),
				   "order %u, piece %u: %d", n, i, r);
		}
		tap_expect(tap, is_whole(&state), "order %u", n);
	}
	expect_orphans(tap, &state, 0);
	state_fini(&state);
	tap_end(tap, "a datagram is whole when its last piece comes, in any order");
}

static void test_duplicates(struct tap *tap)
{
	struct state state;

	state_init(&state);
	for (unsigned int i = 0; i < N_PIECES - 1; i++)
		for (int twice = 0; twice < 2; twice++)
			tap_expect(tap, add_i(&state, 5, i) == 0, "piece %u", i);
	tap_expect(tap, add_i(&state, 5, N_PIECES - 1) == 1 && is_whole(&state), "whole");
	for (unsigned int i = 0; i < N_PIECES; i++)
		tap_expect(tap, add_i(&state, 5, i) == (i == N_PIECES - 1), "again %u",
			   i);
	expect_orphans(tap, &state, 0);
	state_fini(&state);
	tap_end(tap, "a piece that comes twice counts once; all of it twice is two");
}

static const struct wrong {
	const char *name;
	struct part parts[3];
	unsigned int n;
} wrongs[] = {
	{ "a piece that begins within another one",
	  { { .offset = 0, .length = 1480 }, { .offset = 1472, .length = 1480 } },
	  2 },
	{ "a piece that ends within another one",
	  { { .offset = 1480, .length = 1480 }, { .offset = 0, .length = 1488 } },
	  2 },
	{ "a piece behind the end",
	  { { .offset = 1480, .length = 80, .is_last = true },
	    { .offset = 1600, .length = 8 } },
	  2 },
	{ "an end before a piece",
	  { { .offset = 1600, .length = 8 },
	    { .offset = 1480, .length = 80, .is_last = true } },
	  2 },
	{ "two ends",
	  { { .offset = 1480, .length = 80, .is_last = true },
	    { .offset = 1560, .length = 80, .is_last = true } },
	  2 },
	{ "an end that is more than the last piece",
	  { { .offset = 1480, .length = 80, .is_last = true },
	    { .offset = 0, .length = 1480, .claims = 1553 } },
	  2 },
	{ "an end that is too short for the options before",
	  { { .offset = 1480, .length = 80, .is_last = true },
	    { .offset = 0, .length = 1480, .claims = 1552, .n_options = 8 } },
	  2 },
};

static void test_wrong(struct tap *tap, const struct wrong *wrong)
{
	struct part rest = get_part(0, 1);
	struct state state;

	state_init(&state);
	for (unsigned int i = 0; i < wrong->n; i++) {
		expect_orphans(tap, &state, 0);
		tap_expect(tap, add(&state, &wrong->parts[i]) == 0, "part %u", i);
	}
	expect_orphans(tap, &state, 1);
	tap_expect(tap, add(&state, &rest) == 0, "nothing comes of the rest");
	expect_orphans(tap, &state, 1);
	fragments_expire(state.fragments, UINT64_MAX);
	expect_orphans(tap, &state, 1);
	state_fini(&state);
	tap_end(tap, "given up, and counted once: %s", wrong->name);
}

static void test_fitting(struct tap *tap)
{
	struct part last = { .offset = 1480, .length = 80, .is_last = true };
	struct part first = { .length = 1480, .claims = 1544, .n_options = 8 };
	struct state state;

	state_init(&state);
	tap_expect(tap, add(&state, &last) == 0 && add(&state, &first) == 1,
		   "it is whole");
	tap_expect(tap, state.whole.length == 1544 && state.whole.n_payload == 1464,
		   "length %u, payload %u", state.whole.length, state.whole.n_payload);
	state_fini(&state);
	tap_end(tap, "a UDP length that is just what came is right");
}

static void test_keys(struct tap *tap)
{
	static const struct datagram_key keys[] = {
		{ .port = 0 },        { .source = { 1 } },  { .group = { [15] = 1 } },
		{ .vlan = 1 },        { .i_interface = 1 }, { .is_ipv6 = 1 },
		{ .is_outgoing = 1 },
	};
	const unsigned int n = sizeof(keys) / sizeof(keys[0]);
	struct state state;
	unsigned int n_whole = 0;

	state_init(&state);
	for (unsigned int i = 0; i < N_PIECES; i++)
		for (unsigned int k = 0; k <= n; k++) {
			struct part part = get_part(k == n, i);

			part.key = keys[k % n];
			n_whole += (unsigned int)add(&state, &part);
		}
	tap_expect(tap, n_whole == n + 1, "%u whole ones", n_whole);
	expect_orphans(tap, &state, 0);
	state_fini(&state);
	tap_end(tap,
		"what differs in address, VLAN, interface, direction or id is apart");
}

static void test_room(struct tap *tap)
{
	struct state state;
	unsigned int n_whole = 0;

	state_init(&state);
	for (uint32_t id = 0; id < ROOM + 10; id++)
		for (unsigned int i = 0; i < N_PIECES - 1; i++)
			add_i(&state, id, i);
	expect_orphans(tap, &state, 10);
	for (uint32_t id = 10; id < ROOM + 10; id++)
		n_whole += (unsigned int)add_i(&state, id, N_PIECES - 1);
	tap_expect(tap, n_whole == ROOM, "%u of the newest become whole", n_whole);
	for (uint32_t id = 0; id < 10; id++)
		add_i(&state, id, N_PIECES - 1);
	fragments_expire(state.fragments, UINT64_MAX);
	expect_orphans(tap, &state, 20);
	state_fini(&state);
	tap_end(tap, "the oldest of %u unfinished ones makes room", ROOM);
}

static void test_expiry(struct tap *tap)
{
	struct state state;
	uint64_t between;

	state_init(&state);
	add_i(&state, 1, 0);
	between = state.now + 1;
	add_i(&state, 2, 0);
	fragments_expire(state.fragments, between);
	expect_orphans(tap, &state, 1);
	for (unsigned int i = 1; i < N_PIECES; i++)
		tap_expect(tap, add_i(&state, 2, i) == (i == N_PIECES - 1),
			   "the younger one lives");
	fragments_expire(state.fragments, UINT64_MAX);
	expect_orphans(tap, &state, 1);
	state_fini(&state);
	tap_end(tap, "what began before a time is given up");
}

static void test_reuse(struct tap *tap)
{
	struct state state;

	state_init(&state);
	for (unsigned int i = 0; i < N_PIECES - 1; i++)
		add_i(&state, 1, i);
	state.now += 600 * MS;
	for (unsigned int i = 0; i < N_PIECES; i++)
		tap_expect(tap, add_i(&state, 1, i) == (i == N_PIECES - 1),
			   "piece %u of the new one", i);
	expect_orphans(tap, &state, 1);
	state_fini(&state);
	tap_end(tap, "an id that comes again much later is of another datagram");
}

/* Linux waits for 30 s, which is up to who calls fragments_expire(). */
static void test_slow(struct tap *tap)
{
	struct state state;

	state_init(&state);
	for (unsigned int i = 0; i < N_PIECES; i++) {
		tap_expect(tap, add_i(&state, 1, i) == (i == N_PIECES - 1), "piece %u",
			   i);
		state.now += 7000 * (uint64_t)MS;
	}
	expect_orphans(tap, &state, 0);
	state_fini(&state);
	tap_end(tap, "pieces may come seconds after each other");
}

/* The longest datagram there is, in the smallest pieces there are. */
static void test_longest(struct tap *tap)
{
	struct part part = { .length = 8, .claims = 65527 };
	struct state state;
	int n_whole = 0;

	state_init(&state);
	for (part.offset = 0; part.offset < 65528; part.offset += 8)
		n_whole += add(&state, &part);
	part.length = 7;
	part.is_last = true;
	tap_expect(tap, n_whole == 0 && add(&state, &part) == 1, "it is whole");
	tap_expect(tap, state.whole.length == 65527 && state.whole.n_payload == 0,
		   "length %u", state.whole.length);
	state_fini(&state);
	tap_end(tap, "65535 bytes come together out of 8192 pieces");
}

static void test_long_first(struct tap *tap)
{
	static uint8_t payload[9000];
	struct datagram whole = { .payload = NULL },
			first = { .payload = payload, .n_payload = 8992, .length = 9000 };
	struct datagram last = { .payload = NULL };
	struct datagram_fragment head = { .length = 9000 },
				 tail = { .offset = 9000, .length = 8, .is_last = true };
	struct state state;

	for (size_t i = 0; i < sizeof(payload); i++)
		payload[i] = (uint8_t)(i * 5);
	state_init(&state);
	tap_expect(tap,
		   fragments_add(state.fragments, &first, &head, &whole) == 0 &&
			   fragments_add(state.fragments, &last, &tail, &whole) == 1,
		   "it is whole");
	tap_expect(tap, whole.n_payload == 2048 && whole.length == 9000, "payload %u",
		   whole.n_payload);
	tap_expect(tap, !memcmp(whole.payload, payload, whole.n_payload), "its bytes");
	state_fini(&state);
	tap_end(tap, "of a long first piece 2048 bytes are kept");
}

int main(void)
{
	struct tap tap = { 0 };

	test_orders(&tap);
	test_duplicates(&tap);
	for (size_t i = 0; i < sizeof(wrongs) / sizeof(wrongs[0]); i++)
		test_wrong(&tap, &wrongs[i]);
	test_fitting(&tap);
	test_keys(&tap);
	test_room(&tap);
	test_expiry(&tap);
	test_reuse(&tap);
	test_slow(&tap);
	test_longest(&tap);
	test_long_first(&tap);
	return tap_finish(&tap);
}
