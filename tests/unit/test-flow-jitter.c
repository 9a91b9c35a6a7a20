/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Unit test of tools/mwatch/flow/meter.h and jitter.h: gaps, bursts, histogram and the
 * jitter of RFC 3550 6.4.1 against the formula in floating point.
 */
#include <inttypes.h>
#include <math.h>

#include "flow-rig.h"
#include "flow/jitter.h"
#include "flow/meter.h"

#define USEC UINT64_C(1000)

static void put_at(struct rig *rig, uint64_t at_ns, unsigned int n)
{
	uint8_t byte = 0;

	rig->now_ns = RIG_START + at_ns;
	while (n-- > 0)
		rig_put(rig, &byte, 1);
}

/* Packets at given times, and the most of them in 1 and 100 ms. */
static const struct {
	const char *what;
	struct {
		uint64_t at_ns;
		unsigned int n;
	} bursts[5];
	unsigned int n;
	uint32_t peak_1ms, peak_100ms;
} windows[] = {
	{ "one packet", { { 0, 1 } }, 1, 1, 1 },
	{ "a burst at once", { { 77777, 50 } }, 1, 50, 50 },
	{ "a burst over the border of half windows",
	  { { 499 * USEC, 20 }, { 501 * USEC, 30 } },
	  2,
	  50,
	  50 },
	{ "half a millisecond, wherever it begins",
	  { { 1250 * USEC, 10 }, { 1500 * USEC, 10 }, { 1749 * USEC, 10 } },
	  3,
	  30,
	  30 },
	{ "bursts that are apart", { { 0, 20 }, { 1500 * USEC, 30 } }, 2, 30, 50 },
	{ "the first of them is the largest",
	  { { 0, 40 }, { 10 * RIG_MSEC, 30 }, { 500 * RIG_MSEC, 20 } },
	  3,
	  40,
	  70 },
	{ "fifty milliseconds, wherever they begin",
	  { { 30 * RIG_MSEC, 5 }, { 55 * RIG_MSEC, 5 }, { 79 * RIG_MSEC, 5 } },
	  3,
	  5,
	  15 },
	{ "a clock that is set back", { { RIG_MSEC * 1000, 5 }, { 0, 7 } }, 2, 7, 7 },
};

static void test_windows(struct tap *tap)
{
	struct flow_settings settings = { .loss = FLOW_LOSS_NONE };

	for (unsigned int i = 0; i < sizeof(windows) / sizeof(windows[0]); i++) {
		const struct sample_flow *flow;
		struct rig rig;

		rig_init(&rig, &settings);
		for (unsigned int k = 0; k < windows[i].n; k++)
			put_at(&rig, windows[i].bursts[k].at_ns, windows[i].bursts[k].n);
		flow = rig_take(&rig);
		tap_expect(tap,
			   flow->interval.peak_1ms == windows[i].peak_1ms &&
				   flow->interval.peak_100ms == windows[i].peak_100ms &&
				   flow->total.peak_1ms == windows[i].peak_1ms,
			   "%" PRIu32 " and %" PRIu32, flow->interval.peak_1ms,
			   flow->interval.peak_100ms);
		rig_fini(&rig);
		tap_end(tap, "peak: %s", windows[i].what);
	}
}

static void test_intervals(struct tap *tap)
{
	struct flow_settings settings = { .loss = FLOW_LOSS_NONE };
	const struct sample_flow *flow;
	struct rig rig;

	rig_init(&rig, &settings);
	put_at(&rig, 0, 100);
	put_at(&rig, 700 * RIG_MSEC, 1);
	rig_take(&rig);
	put_at(&rig, 1000 * RIG_MSEC, 2);
	flow = rig_take(&rig);
	tap_expect(tap, flow->interval.packets == 2 && flow->total.packets == 103,
		   "packets");
	tap_expect(tap, flow->interval.bytes == 2 && flow->total.bytes == 103, "bytes");
	tap_expect(tap,
		   flow->interval.gap_ns == 300 * RIG_MSEC &&
			   flow->total.gap_ns == 700 * RIG_MSEC,
		   "gap");
	tap_expect(tap, flow->interval.peak_1ms == 2 && flow->total.peak_1ms == 100,
		   "peak");
	tap_expect(tap,
		   flow->first_ns == RIG_START &&
			   flow->last_ns == RIG_START + 1000 * RIG_MSEC,
		   "first and last");
	flow = rig_take(&rig);
	tap_expect(tap,
		   flow->interval.packets == 0 && flow->interval.gap_ns == 0 &&
			   flow->interval.peak_1ms == 0 &&
			   flow->interval.peak_100ms == 0 &&
			   flow->total.gap_ns == 700 * RIG_MSEC,
		   "an interval without packets");
	rig_fini(&rig);
	tap_end(tap, "an interval has its own gap and peaks, the total the largest");
}

static void test_clock_back(struct tap *tap)
{
	struct flow_settings settings = { .loss = FLOW_LOSS_NONE };
	const struct sample_flow *flow;
	struct rig rig;

	rig_init(&rig, &settings);
	put_at(&rig, 5000 * RIG_MSEC, 1);
	put_at(&rig, 0, 1);
	put_at(&rig, 3 * RIG_MSEC, 1);
	flow = rig_take(&rig);
	tap_expect(tap, flow->interval.gap_ns == 3 * RIG_MSEC, "gap %" PRIu64,
		   flow->interval.gap_ns);
	tap_expect(tap, flow->last_ns == RIG_START + 3 * RIG_MSEC, "last");
	tap_expect(tap, flow->buckets[0] == 1, "a gap of none");
	tap_expect(tap, flow->jitter_ns < 10 * RIG_MSEC, "jitter %" PRIu64,
		   flow->jitter_ns);
	rig_fini(&rig);
	tap_end(tap, "a clock that is set back makes no gap");
}

static void test_buckets(struct tap *tap)
{
	static const struct {
		uint64_t gap_ns;
		unsigned int bucket;
	} gaps[] = {
		{ 0, 0 },           { 999, 0 },          { 1000, 1 },
		{ 1999, 1 },        { 2000, 2 },         { 3999, 2 },
		{ 4000, 3 },        { 1023 * USEC, 10 }, { 1024 * USEC, 11 },
		{ 4194303999, 22 }, { 4194304000, 23 },  { UINT64_C(1) << 60, 23 },
	};
	uint32_t expected[SAMPLE_N_BUCKETS] = { 0 };
	uint32_t buckets[SAMPLE_N_BUCKETS] = { 0 };
	struct meter meter;
	uint64_t now_ns = 5;

	meter_init(&meter, now_ns, 1);
	for (unsigned int i = 0; i < sizeof(gaps) / sizeof(gaps[0]); i++)
		for (unsigned int k = 0; k <= i; k++) {
			now_ns += gaps[i].gap_ns;
			meter_count(&meter, now_ns, 1, buckets);
			expected[gaps[i].bucket]++;
		}
	meter_close(&meter, buckets);
	for (unsigned int i = 0; i < SAMPLE_N_BUCKETS; i++)
		tap_expect(tap, buckets[i] == expected[i], "bucket %u: %" PRIu32, i,
			   buckets[i]);
	tap_end(tap, "each gap is in its bucket");
}

static void test_ttl(struct tap *tap)
{
	static const uint8_t ttls[] = { 5, 9, 3, 7 };
	struct meter meter;
	uint32_t buckets[SAMPLE_N_BUCKETS] = { 0 };

	meter_init(&meter, 1, 5);
	for (unsigned int i = 1; i < sizeof(ttls); i++)
		meter_count(&meter, 1 + i, ttls[i], buckets);
	tap_expect(tap, meter.ttl == 7 && meter.ttl_min == 3 && meter.ttl_max == 9,
		   "ttl");
	tap_end(tap, "the last TTL, the smallest and the largest");
}

static uint64_t next_random(uint64_t *state)
{
	*state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return *state >> 33;
}

static bool is_close(double value, double expected)
{
	/* Each step rounds to a sixteenth of a nanosecond. */
	return fabs(value - expected) <= 1 + expected * 1e-6;
}

static void test_formula(struct tap *tap)
{
	struct jitter jitter = { 0 };
	uint64_t random = 1;
	double expected = 0;

	for (int i = 0; i < 10000; i++) {
		int64_t arrived = (int64_t)(next_random(&random) % 20000000);
		int64_t sent = (int64_t)(next_random(&random) % 20000000) - 5000000;

		jitter_count(&jitter, arrived, sent);
		expected += (fabs((double)arrived - (double)sent) - expected) / 16;
		if (!is_close((double)jitter_get_ns(&jitter), expected))
			tap_expect(tap, false, "step %d: %" PRIu64, i,
				   jitter_get_ns(&jitter));
	}
	tap_expect(tap, expected > 1000000, "there is some");
	jitter_count(&jitter, INT64_MAX, INT64_MIN);
	tap_expect(tap, is_close((double)jitter_get_ns(&jitter), expected),
		   "a time that cannot be");
	tap_end(tap, "J += (|D| - J) / 16 (RFC 3550 A.8)");
}

/* A sender's packets with times of its own. */
enum sender {
	SENDER_RTP,
	SENDER_MSEND,
	SENDER_OTHER,
};

static void put_number(uint8_t *bytes, uint64_t value, unsigned int n)
{
	while (n-- > 0) {
		bytes[n] = (uint8_t)value;
		value >>= 8;
	}
}

static void put_packet(struct rig *rig, enum sender sender, unsigned int i,
		       uint64_t sent_ns, uint32_t clock)
{
	uint8_t bytes[24] = { 0 };

	switch (sender) {
	case SENDER_RTP:
		bytes[0] = 0x80;
		bytes[1] = 97;
		put_number(bytes + 2, i, 2);
		/* Over the wrap. */
		put_number(bytes + 4, sent_ns * clock / 1000000000 - 50000, 4);
		break;
	case SENDER_MSEND:
		memcpy(bytes, "msnd", 4);
		put_number(bytes + 4, i, 4);
		put_number(bytes + 8, RIG_START + sent_ns, 8);
		break;
	case SENDER_OTHER:
		break;
	}
	rig_put(rig, bytes, sizeof(bytes));
}

/* When RTP is proven the clock begins. */
static unsigned int get_first(enum sender sender)
{
	return sender == SENDER_RTP ? 3 : 0;
}

static void play(struct tap *tap, enum sender sender, uint32_t clock,
		 enum sample_clock expected_clock)
{
	struct flow_settings settings = { .loss = FLOW_LOSS_AUTO,
					  .rtp_clock = clock == 90000 ? 0 : clock };
	const struct sample_flow *flow;
	uint64_t random = clock, before = 0, gap_before = 0;
	double expected = 0;
	struct rig rig;

	rig_init(&rig, &settings);
	for (unsigned int i = 0; i < 500; i++) {
		uint64_t sent = i * 20 * RIG_MSEC;
		uint64_t now = sent + next_random(&random) % (5 * RIG_MSEC);
		uint64_t gap = now - before;
		double d = sender == SENDER_OTHER ? (double)gap - (double)gap_before
						  : (double)gap - 20.0 * RIG_MSEC;

		rig.now_ns = RIG_START + now;
		put_packet(&rig, sender, i, sent, clock);
		if (i > get_first(sender) + (sender == SENDER_OTHER))
			expected += (fabs(d) - expected) / 16;
		before = now;
		gap_before = gap;
	}
	flow = rig_take(&rig);
	tap_expect(tap, flow->clock == expected_clock, "clock %d", (int)flow->clock);
	tap_expect(tap, is_close((double)flow->jitter_ns, expected), "%" PRIu64 " for %f",
		   flow->jitter_ns, expected);
	rig_fini(&rig);
}

static void test_clocks(struct tap *tap)
{
	play(tap, SENDER_RTP, 90000, SAMPLE_RTP_CLOCK);
	tap_end(tap, "RTP's jitter by the clock of its payload type");
	play(tap, SENDER_RTP, 48000, SAMPLE_RTP_CLOCK);
	tap_end(tap, "RTP's jitter by a clock that was given");
	play(tap, SENDER_MSEND, 1, SAMPLE_MSEND_CLOCK);
	tap_end(tap, "msend's jitter by its sending time");
	play(tap, SENDER_OTHER, 1, SAMPLE_ARRIVAL);
	tap_end(tap, "the jitter of others by their gaps");
}

static void test_too_few(struct tap *tap)
{
	struct flow_settings settings = { .loss = FLOW_LOSS_AUTO };
	struct rig rig;

	rig_init(&rig, &settings);
	for (unsigned int i = 0; i < 3; i++) {
		const struct sample_flow *flow;

		put_at(&rig, i * RIG_MSEC, 1);
		flow = rig_take(&rig);
		tap_expect(tap, (flow->clock == SAMPLE_ARRIVAL) == (i == 2), "%u", i);
	}
	rig_fini(&rig);
	tap_end(tap, "without a sender's time it takes three packets");
}

/* One packet of another place must not shake the jitter of a flow. */
static void test_jump(struct tap *tap)
{
	struct flow_settings settings = { .loss = FLOW_LOSS_AUTO };
	struct rig rig;

	rig_init(&rig, &settings);
	for (unsigned int i = 0; i < 100; i++) {
		rig.now_ns = RIG_START + i * RIG_MSEC;
		put_packet(&rig, SENDER_RTP, i == 50 ? 30000 : i,
			   (i == 50 ? 7000 : i) * RIG_MSEC, 90000);
	}
	tap_expect(tap, rig_take(&rig)->jitter_ns < RIG_MSEC / 10, "%" PRIu64,
		   rig.sample.flows[0].jitter_ns);
	rig_fini(&rig);
	tap_end(tap, "a packet that does not belong to the sequence is no jitter");
}

int main(void)
{
	struct tap tap = { 0 };

	test_windows(&tap);
	test_intervals(&tap);
	test_clock_back(&tap);
	test_buckets(&tap);
	test_ttl(&tap);
	test_formula(&tap);
	test_clocks(&tap);
	test_too_few(&tap);
	test_jump(&tap);
	return tap_finish(&tap);
}
