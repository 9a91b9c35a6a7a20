/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Unit test of tools/mwatch/flow/sequence.h: short sequences with what is to come out of
 * them, for numbers of every width and wherever they wrap; then random ones beside a
 * model that keeps every number.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "flow/sequence.h"
#include "tap.h"

#define N_STEPS 16

/* A jump: half of all numbers further on. Steps beyond it count from there. */
#define FAR (INT64_C(1) << 40)

static const struct {
	const char *what;
	int64_t numbers[N_STEPS]; /* from the first one on */
	unsigned int n;
	uint64_t lost, duplicates, reordered, restarts;
} scripts[] = {
	{ "nothing is lost of numbers without a gap", { 0, 1, 2, 3, 4 }, 5, 0, 0, 0, 0 },
	{ "one number is enough to begin, and tells no loss", { 0 }, 1, 0, 0, 0, 0 },
	{ "a gap is lost", { 0, 1, 4, 5 }, 4, 2, 0, 0, 0 },
	{ "gaps add up", { 0, 2, 4, 9 }, 4, 6, 0, 0, 0 },
	{ "a number that comes late is not lost", { 0, 1, 3, 2, 4 }, 5, 0, 0, 1, 0 },
	{ "numbers come late in any order", { 0, 4, 3, 1, 2, 5 }, 6, 0, 0, 3, 0 },
	{ "what comes late one by one leaves the others lost",
	  { 0, 5, 2, 6 },
	  4,
	  3,
	  0,
	  1,
	  0 },
	{ "a number twice is a duplicate", { 0, 1, 1, 2 }, 4, 0, 1, 0, 0 },
	{ "and so is each further time", { 0, 0, 0, 1 }, 4, 0, 2, 0, 0 },
	{ "a late one that comes again is late, then a duplicate",
	  { 0, 2, 1, 1, 3 },
	  5,
	  0,
	  1,
	  1,
	  0 },
	{ "a duplicate of an old number", { 0, 1, 2, 3, 4, 5, 6, 0 }, 8, 0, 1, 0, 0 },
	{ "a number from before the first one came late, and nothing is lost",
	  { 0, -1, 1 },
	  3,
	  0,
	  0,
	  1,
	  0 },
	{ "numbers between it and the first one are not", { 0, -3, 1 }, 3, 0, 0, 1, 0 },
	{ "they come late too", { 0, -3, -1, -2, 1 }, 5, 0, 0, 3, 0 },
	{ "and twice", { 0, -3, -1, -3, 1 }, 5, 0, 1, 2, 0 },
	{ "a loss behind the first one stays so", { 0, 3, -2, 4 }, 4, 2, 0, 1, 0 },
	{ "a jump alone is no loss", { 0, 1, FAR, 2, 3 }, 5, 0, 0, 0, 0 },
	{ "two jumps to different places neither",
	  { 0, 1, FAR, 2, FAR + 1, 3 },
	  6,
	  0,
	  0,
	  0,
	  0 },
	{ "a jump that the next number confirms is a restart and no loss",
	  { 0, 1, FAR, FAR + 1, FAR + 2 },
	  5,
	  0,
	  0,
	  0,
	  1 },
	{ "losses on both sides of a restart count",
	  { 0, 2, FAR, FAR + 1, FAR + 4 },
	  5,
	  3,
	  0,
	  0,
	  1 },
	{ "a loss right behind the jump counts", { 0, FAR, FAR + 3 }, 3, 2, 0, 0, 1 },
	{ "duplicates and late ones behind a restart count",
	  { 0, FAR, FAR + 1, FAR + 1, FAR + 3, FAR + 2 },
	  6,
	  0,
	  1,
	  1,
	  1 },
	{ "a duplicate does not confirm a jump", { 0, 1, FAR, FAR, 2 }, 5, 0, 0, 0, 0 },
	{ "a number right before the jump does",
	  { 0, 1, FAR + 1, FAR, FAR + 2 },
	  5,
	  0,
	  0,
	  1,
	  1 },
	{ "a late packet says nothing about a jump",
	  { 0, 1, 3, FAR, 2, FAR + 1 },
	  6,
	  0,
	  0,
	  1,
	  1 },
	{ "the number that jumped is known as seen",
	  { 0, FAR, FAR + 1, FAR },
	  4,
	  0,
	  1,
	  0,
	  1 },
	{ "there and back again are two restarts",
	  { 0, 1, FAR, FAR + 1, 2, 3 },
	  6,
	  0,
	  0,
	  0,
	  2 },
};

static uint64_t place(const struct sequence_space *space, uint64_t base, int64_t number)
{
	if (number >= FAR)
		base += space->mask / 2 + (uint64_t)(number - FAR);
	else
		base += (uint64_t)number;
	return base & space->mask;
}

static void run_script(struct tap *tap, unsigned int i, unsigned int n_bits,
		       uint64_t base)
{
	struct sequence_space space;
	struct sequence sequence = { 0 };
	struct sequence_log log = { 0 };

	sequence_space_init(&space, n_bits, false);
	for (unsigned int k = 0; k < scripts[i].n; k++)
		sequence_count(&sequence, &log, &space,
			       place(&space, base, scripts[i].numbers[k]), 1);
	tap_expect(tap,
		   log.lost == scripts[i].lost &&
			   log.duplicates == scripts[i].duplicates &&
			   log.reordered == scripts[i].reordered &&
			   log.restarts == scripts[i].restarts,
		   "%u bits from %#" PRIx64 ": lost %" PRIu64 ", duplicates %" PRIu64
		   ", reordered %" PRIu64 ", restarts %" PRIu64,
		   n_bits, base, log.lost, log.duplicates, log.reordered, log.restarts);
}

/* Every width, and every place of the wrap within the script. */
static void test_scripts(struct tap *tap)
{
	for (unsigned int i = 0; i < sizeof(scripts) / sizeof(scripts[0]); i++) {
		for (unsigned int n_bits = 8; n_bits <= 64; n_bits += 8)
			for (uint64_t back = 0; back < 12; back++)
				run_script(tap, i, n_bits, UINT64_C(5) - back);
		tap_end(tap, "%s", scripts[i].what);
	}
}

/* How far a loss reaches. */
static void test_limits(struct tap *tap)
{
	for (unsigned int n_bits = 8; n_bits <= 64; n_bits += 8) {
		struct sequence_space space;
		struct sequence sequence = { 0 };
		struct sequence_log log = { 0 };
		uint64_t max;

		sequence_space_init(&space, n_bits, false);
		max = space.max_ahead;
		tap_expect(tap, n_bits != 16 || max == 3000, "RFC 3550 A.1");
		sequence_count(&sequence, &log, &space, 0, 1);
		sequence_count(&sequence, &log, &space, max, 1);
		sequence_count(&sequence, &log, &space, max + 1, 1);
		tap_expect(tap, log.lost == max - 1 && log.restarts == 0,
			   "%u bits: lost %" PRIu64, n_bits, log.lost);
		tap_expect(tap,
			   sequence_count(&sequence, &log, &space,
					  (2 * max + 2) & space.mask, 1) == SEQUENCE_JUMP,
			   "%u bits: a longer one", n_bits);
		sequence_count(&sequence, &log, &space, (2 * max + 3) & space.mask, 1);
		tap_expect(tap, log.lost == max - 1 && log.restarts == 1,
			   "%u bits: it is none", n_bits);
	}
	tap_end(tap, "a loss ends where a restart is likelier");
}

/* A number that is too old to be known may be anything. */
static void test_window(struct tap *tap)
{
	for (unsigned int n_bits = 16; n_bits <= 64; n_bits += 8) {
		struct sequence_space space;
		struct sequence sequence = { 0 };
		struct sequence_log log = { 0 };

		sequence_space_init(&space, n_bits, false);
		sequence_count(&sequence, &log, &space, 0, 1);
		sequence_count(&sequence, &log, &space, SEQUENCE_WINDOW, 1);
		sequence_count(&sequence, &log, &space, SEQUENCE_WINDOW + 1, 1);
		sequence_count(&sequence, &log, &space, 2, 1);
		tap_expect(tap, log.lost == SEQUENCE_WINDOW - 2 && log.reordered == 1,
			   "%u bits: the oldest one that is known", n_bits);
		tap_expect(tap,
			   sequence_count(&sequence, &log, &space, 1, 1) == SEQUENCE_JUMP,
			   "%u bits: an older one", n_bits);
		tap_expect(tap, log.lost == SEQUENCE_WINDOW - 2, "%u bits: stays lost",
			   n_bits);
	}
	tap_end(tap, "the last 256 numbers are remembered one by one");
}

/*
 * Long steps.  A row is a run of packets: their numbers from one to another, so many
 * of them; the rows come one after the other.
 */
static const struct {
	const char *what;
	struct {
		uint64_t from;
		unsigned int n;
	} runs[8];
	unsigned int n;
	uint64_t lost, duplicates, reordered, restarts;
} steps[] = {
	{ "a long loss is counted in full",
	  { { 0, 100 }, { 2100, 100 } },
	  2,
	  2000,
	  0,
	  0,
	  0 },
	{ "and each further one",
	  { { 0, 10 }, { 310, 10 }, { 620, 2 }, { 1122, 2 } },
	  4,
	  1100,
	  0,
	  0,
	  0 },
	{ "a packet that comes late ends none",
	  { { 0, 90 }, { 91, 9 }, { 500, 1 }, { 90, 1 }, { 501, 9 } },
	  5,
	  400,
	  0,
	  1,
	  0 },
	{ "nor does one that swaps its place at its end",
	  { { 0, 100 }, { 501, 1 }, { 500, 1 }, { 502, 9 } },
	  4,
	  400,
	  0,
	  1,
	  0 },
	{ "what comes late of a long loss is not lost",
	  { { 0, 100 }, { 500, 10 }, { 490, 10 }, { 510, 9 } },
	  4,
	  390,
	  0,
	  10,
	  0 },
	{ "numbers that stray are no loss",
	  { { 0, 100 }, { 2600, 1 }, { 100, 100 }, { 2700, 1 }, { 200, 9 } },
	  5,
	  0,
	  0,
	  0,
	  0 },
	{ "nor when they are duplicated",
	  { { 0, 100 }, { 2600, 1 }, { 2600, 1 }, { 100, 100 } },
	  4,
	  0,
	  0,
	  0,
	  0 },
	{ "coming back is a restart, and there was no loss",
	  { { 0, 100 }, { 2100, 100 }, { 100, 100 } },
	  3,
	  0,
	  0,
	  0,
	  1 },
	{ "there and back again, too",
	  { { 0, 100 }, { 2100, 9 }, { 100, 9 }, { 2109, 9 }, { 109, 9 } },
	  5,
	  0,
	  0,
	  0,
	  3 },
	{ "losses on both sides stay",
	  { { 0, 10 }, { 12, 9 }, { 2100, 9 }, { 2110, 9 }, { 21, 9 } },
	  5,
	  3,
	  0,
	  0,
	  1 },
	{ "what came late is not taken back twice",
	  { { 0, 5 }, { 7, 93 }, { 500, 10 }, { 490, 10 }, { 100, 9 } },
	  5,
	  2,
	  0,
	  10,
	  1 },
};

static void test_steps(struct tap *tap)
{
	for (unsigned int i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		for (unsigned int n_bits = 16; n_bits <= 64; n_bits += 8) {
			struct sequence_space space;
			struct sequence sequence = { 0 };
			struct sequence_log log = { 0 };

			sequence_space_init(&space, n_bits, false);
			for (unsigned int k = 0; k < steps[i].n; k++)
				for (uint64_t m = 0; m < steps[i].runs[k].n; m++)
					sequence_count(&sequence, &log, &space,
						       (steps[i].runs[k].from + m - 50) &
							       space.mask,
						       1);
			tap_expect(tap,
				   log.lost == steps[i].lost &&
					   log.duplicates == steps[i].duplicates &&
					   log.reordered == steps[i].reordered &&
					   log.restarts == steps[i].restarts,
				   "%u bits: lost %" PRIu64 ", duplicates %" PRIu64
				   ", reordered %" PRIu64 ", restarts %" PRIu64,
				   n_bits, log.lost, log.duplicates, log.reordered,
				   log.restarts);
		}
		tap_end(tap, "%s", steps[i].what);
	}
}

static uint64_t next_random(uint64_t *state)
{
	*state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return *state >> 33;
}

/* Senders that share an address and a port, of the same rate: which one is next is up to
 * chance, but none is ahead for long. */
static const struct {
	const char *what;
	unsigned int n_bits, n_senders;
	uint64_t apart; /* from the number of one sender to the next one's */
} mixtures[] = {
	{ "two senders", 32, 2, 100000000 },
	{ "two of them that are near", 32, 2, 1000 },
	{ "a stream and its copy", 16, 2, 400 },
	{ "five senders", 32, 5, 7000000 },
	{ "twenty senders", 32, 20, 5000000 },
	{ "twenty senders with short numbers", 16, 20, 1500 },
};

/* Of a gap that was believed before anybody had come back nothing is known any more,
 * when that was long ago: so few may stay. */
#define MAX_BELIEVED 2

#define MAX_LEAD 20

static uint64_t pick_sender(uint64_t *random, const uint64_t *n_sent, uint64_t n_senders)
{
	uint64_t picked = next_random(random) % n_senders;

	for (uint64_t k = 0; k < n_senders; k++)
		if (n_sent[k] + MAX_LEAD < n_sent[picked])
			return k;
	return picked;
}

static void test_mixtures(struct tap *tap)
{
	for (unsigned int i = 0; i < sizeof(mixtures) / sizeof(mixtures[0]); i++) {
		unsigned int n_senders = mixtures[i].n_senders;

		for (uint64_t seed = 1; seed <= 5; seed++) {
			struct sequence_space space;
			struct sequence sequence = { 0 };
			struct sequence_log log = { 0 };
			uint64_t n_sent[20] = { 0 }, random = seed, max;

			sequence_space_init(&space, mixtures[i].n_bits, false);
			for (unsigned int n = 0; n < 90000; n++) {
				uint64_t k = pick_sender(&random, n_sent, n_senders);

				sequence_count(&sequence, &log, &space,
					       (k * mixtures[i].apart + n_sent[k]++) &
						       space.mask,
					       1);
			}
			max = n_senders > 5 ? MAX_BELIEVED * space.max_ahead : 0;
			tap_expect(tap, log.lost <= max,
				   "seed %" PRIu64 ": lost %" PRIu64, seed, log.lost);
		}
		tap_end(tap, "%s in turn lose nothing", mixtures[i].what);
	}
}

/* A number at a place where others were, or at a new one. */
static uint64_t draw_number(uint64_t *random, uint64_t places[8])
{
	uint64_t *place = &places[next_random(random) % 8];

	switch (next_random(random) % 8) {
	case 0:
		*place += next_random(random) % 4000;
		break;
	case 1:
		*place -= next_random(random) % 600;
		break;
	case 2:
		if (next_random(random) % 64 == 0)
			*place = next_random(random) * next_random(random);
		break;
	default:
		++*place;
	}
	return *place;
}

static void test_anything(struct tap *tap)
{
	static uint64_t wide[SEQUENCE_WIDE_WINDOW / 64];

	for (unsigned int i = 0; i < 16; i++) {
		bool is_wide = i >= 8;
		struct sequence_space space;
		struct sequence sequence = { 0 };
		struct sequence_log log = { .wide = wide };
		uint64_t random = i, places[8] = { 0 };

		sequence_space_init(&space, 8 * (i % 8 + 1), is_wide);
		for (unsigned int k = 0; k < 200000; k++) {
			uint64_t number = draw_number(&random, places);
			uint64_t n = is_wide ? next_random(&random) % 100 : 1;

			sequence_count(&sequence, &log, &space, number & space.mask, n);
			if (!tap_expect(tap, log.lost < UINT64_C(1) << 62,
					"%u bits, packet %u: lost %" PRIu64,
					8 * (i % 8 + 1), k, log.lost))
				break;
		}
	}
	tap_end(tap, "whatever comes, lost is never less than nothing");
}

static const struct {
	const char *what;
	struct {
		uint64_t number, n;
	} packets[6];
	unsigned int n;
	uint64_t lost, duplicates, reordered;
} blocks[] = {
	{ "blocks follow each other", { { 1, 5 }, { 6, 1 }, { 7, 300 } }, 3, 0, 0, 0 },
	{ "numbers between blocks are lost", { { 1, 5 }, { 8, 2 } }, 2, 2, 0, 0 },
	{ "a block twice", { { 1, 5 }, { 1, 5 } }, 2, 0, 5, 0 },
	{ "a block that is partly new", { { 1, 5 }, { 4, 5 }, { 9, 1 } }, 3, 0, 2, 0 },
	{ "a late block", { { 1, 5 }, { 11, 5 }, { 6, 5 } }, 3, 0, 0, 5 },
	{ "a heartbeat tells the next number",
	  { { 1, 5 }, { 6, 0 }, { 6, 1 } },
	  3,
	  0,
	  0,
	  0 },
	{ "a heartbeat tells a loss", { { 1, 5 }, { 9, 0 }, { 9, 1 } }, 3, 3, 0, 0 },
	{ "an old heartbeat tells nothing",
	  { { 1, 5 }, { 3, 0 }, { 6, 1 } },
	  3,
	  0,
	  0,
	  0 },
	{ "a heartbeat comes first", { { 7, 0 }, { 8, 1 } }, 2, 1, 0, 0 },
	{ "a heartbeat is not seen itself", { { 7, 0 }, { 7, 1 } }, 2, 0, 0, 0 },
};

static void test_blocks(struct tap *tap)
{
	for (unsigned int i = 0; i < sizeof(blocks) / sizeof(blocks[0]); i++) {
		struct sequence_space space;
		struct sequence sequence = { 0 };
		struct sequence_log log = { 0 };

		sequence_space_init(&space, 64, false);
		for (unsigned int k = 0; k < blocks[i].n; k++)
			sequence_count(&sequence, &log, &space,
				       blocks[i].packets[k].number,
				       blocks[i].packets[k].n);
		tap_expect(tap,
			   log.lost == blocks[i].lost &&
				   log.duplicates == blocks[i].duplicates &&
				   log.reordered == blocks[i].reordered,
			   "lost %" PRIu64 ", duplicates %" PRIu64 ", reordered %" PRIu64,
			   log.lost, log.duplicates, log.reordered);
		tap_end(tap, "%s", blocks[i].what);
	}
}

#define BLOCK 50

/* Blocks of which every tenth one comes late by so many. */
static void test_late_blocks(struct tap *tap)
{
	static uint64_t wide[SEQUENCE_WIDE_WINDOW / 64];
	struct sequence_space space;

	sequence_space_init(&space, 64, true);
	for (uint64_t late = 1; late <= 100; late++) {
		struct sequence sequence = { 0 };
		struct sequence_log log = { .wide = wide };

		for (uint64_t i = 0; i < 1000; i++) {
			if (i % 200 != 10)
				sequence_count(&sequence, &log, &space, i * BLOCK, BLOCK);
			if (i >= late && (i - late) % 200 == 10)
				sequence_count(&sequence, &log, &space,
					       (i - late) * BLOCK, BLOCK);
		}
		tap_expect(tap,
			   log.lost == 0 && log.reordered == 5 * BLOCK &&
				   log.duplicates == 0 && log.restarts == 0,
			   "by %" PRIu64 ": lost %" PRIu64 ", reordered %" PRIu64, late,
			   log.lost, log.reordered);
	}
	tap_end(tap, "blocks of %d numbers may come late by a hundred packets", BLOCK);
}

/*
 * The model: all numbers of a sender's run, as places from its first one on.  What was
 * sent before the first one that was seen comes late, and nothing else.
 */
#define MODEL_FIRST 1024 /* room for what was sent before the first one seen */
#define MODEL_MAX   4000000
#define N_PACKETS   3000

struct model {
	bool *seen;
	int64_t first, last, n_seen; /* of this run */
	int64_t oldest, n_before;    /* from before the first one seen */
	uint64_t lost_before;
	uint64_t duplicates, reordered;
};

static void model_count(struct model *model, int64_t at)
{
	if (model->seen[at]) {
		model->duplicates++;
		return;
	}
	model->seen[at] = true;
	model->reordered += model->n_seen > 0 && at < model->last;
	if (model->n_seen++ == 0)
		model->first = model->last = model->oldest = at;
	model->oldest = at < model->oldest ? at : model->oldest;
	model->n_before += at < model->first;
	model->last = at > model->last ? at : model->last;
}

static uint64_t model_get_lost(const struct model *model)
{
	int64_t n_seen = model->n_seen - model->n_before;

	if (model->n_seen == 0)
		return model->lost_before;
	return model->lost_before + (uint64_t)(model->last - model->first + 1 - n_seen);
}

static void model_restart(struct model *model)
{
	model->lost_before = model_get_lost(model);
	memset(model->seen + model->oldest, 0, (size_t)(model->last - model->oldest + 1));
	model->n_seen = model->n_before = 0;
}

/* A packet on its way. */
struct arrival {
	int64_t at;   /* place of its number */
	int64_t when; /* the place that the sender has reached when it arrives */
	unsigned int order;
};

static int compare_arrivals(const void *a, const void *b)
{
	const struct arrival *x = a, *y = b;

	if (x->when != y->when)
		return x->when < y->when ? -1 : 1;
	return x->order < y->order ? -1 : 1;
}

/* What a network makes of a run: bursts are lost, packets come late and twice. */
struct network {
	uint64_t random;
	uint64_t max_delay, max_burst; /* numbers */
};

static uint64_t draw(struct network *network, uint64_t n)
{
	return next_random(&network->random) % n;
}

/* A packet alone between two long losses is not believed. */
#define MIN_BETWEEN 8

/* The first two of a restart come as they were sent, so that it is seen. */
static unsigned int make_run(struct network *network, struct arrival *arrivals,
			     bool is_restart)
{
	int64_t at = MODEL_FIRST;
	unsigned int n = 0, i_burst = 0;

	for (unsigned int i = 0; i < N_PACKETS; i++, at++) {
		bool is_plain = is_restart && i < 2;
		unsigned int n_copies = is_plain || draw(network, 16) ? 1 : 2;

		if (i >= i_burst + MIN_BETWEEN && draw(network, 64) == 0) {
			at += 1 + (int64_t)draw(network, network->max_burst);
			i_burst = i;
		}
		while (n_copies-- > 0) {
			bool is_late = !is_plain && draw(network, 4) == 0;
			uint64_t delay = is_late ? draw(network, network->max_delay) : 0;

			arrivals[n] = (struct arrival){ at, at + (int64_t)delay, n };
			n++;
		}
	}
	qsort(arrivals, n, sizeof(*arrivals), compare_arrivals);
	return n;
}

static bool is_same(struct tap *tap, const struct sequence_log *log,
		    const struct model *model, unsigned int i)
{
	return tap_expect(tap,
			  log->lost == model_get_lost(model) &&
				  log->duplicates == model->duplicates &&
				  log->reordered == model->reordered,
			  "packet %u: lost %" PRIu64 " for %" PRIu64
			  ", duplicates %" PRIu64 " for %" PRIu64 ", reordered %" PRIu64
			  " for %" PRIu64,
			  i, log->lost, model_get_lost(model), log->duplicates,
			  model->duplicates, log->reordered, model->reordered);
}

static const struct {
	unsigned int n_bits;
	uint64_t max_delay, max_burst;
} networks[] = {
	{ 8, 12, 12 },     { 16, 250, 2500 }, { 24, 250, 3000 }, { 32, 250, 3000 },
	{ 40, 250, 3000 }, { 48, 250, 3000 }, { 56, 250, 3000 }, { 64, 250, 3000 },
};

#define N_RUNS 4

/* Runs of one sender, each from an own first number. */
static void play(struct tap *tap, unsigned int n_bits, struct network *network,
		 struct model *model, struct arrival *arrivals)
{
	struct sequence_space space;
	struct sequence sequence = { 0 };
	struct sequence_log log = { 0 };
	uint64_t base = (uint64_t)0 - draw(network, 3000);

	sequence_space_init(&space, n_bits, false);
	for (unsigned int run = 0; run < N_RUNS; run++) {
		unsigned int n = make_run(network, arrivals, run > 0);

		for (unsigned int i = 0; i < n; i++) {
			uint64_t number = base + (uint64_t)arrivals[i].at;

			sequence_count(&sequence, &log, &space, number & space.mask, 1);
			model_count(model, arrivals[i].at);
			/* What is far counts when it is confirmed. */
			if (!sequence.is_jumping && !is_same(tap, &log, model, i))
				return;
		}
		tap_expect(tap, !sequence.is_jumping, "all of it counts");
		base += (uint64_t)model->last + space.mask / 2 - MODEL_FIRST;
		model_restart(model);
	}
	tap_expect(tap, log.restarts == N_RUNS - 1, "restarts: %" PRIu64, log.restarts);
}

static void test_model(struct tap *tap)
{
	struct arrival *arrivals = calloc(2 * N_PACKETS, sizeof(*arrivals));
	bool *seen = calloc(MODEL_MAX, sizeof(*seen));

	if (!arrivals || !seen)
		tap_bail_out("no memory");
	for (unsigned int i = 0; i < sizeof(networks) / sizeof(networks[0]); i++) {
		for (unsigned int seed = 0; seed < 5; seed++) {
			struct network network = { 20260101 + seed, networks[i].max_delay,
						   networks[i].max_burst };
			struct model model = { .seen = seen };

			play(tap, networks[i].n_bits, &network, &model, arrivals);
		}
		tap_end(tap, "random networks are counted as by a model, %u bits",
			networks[i].n_bits);
	}
	free(arrivals);
	free(seen);
}

int main(void)
{
	struct tap tap = { 0 };

	test_scripts(&tap);
	test_limits(&tap);
	test_window(&tap);
	test_steps(&tap);
	test_mixtures(&tap);
	test_anything(&tap);
	test_blocks(&tap);
	test_late_blocks(&tap);
	test_model(&tap);
	return tap_finish(&tap);
}
