/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Unit test of tools/mwatch/flow/ts.h: continuity counters (ISO/IEC 13818-1 2.4.3.3) in
 * datagrams of any number of packets, alone and behind RTP.
 */
#include <inttypes.h>

#include "flow-rig.h"
#include "flow/ts.h"

#define MAX_PACKETS 7

/* A TS packet as a word: PID, counter and what is special about it. */
#define PAYLOAD       0x10u
#define ADAPTATION    0x20u
#define DISCONTINUITY 0x80u
#define ERROR         0x100u

struct packet {
	uint16_t pid;
	uint8_t counter;
	uint16_t flags; /* 0: payload */
};

static void make_packet(uint8_t *bytes, const struct packet *packet, uint8_t fill)
{
	unsigned int flags = packet->flags ? packet->flags : PAYLOAD;

	memset(bytes, fill, TS_PACKET_SIZE);
	bytes[0] = TS_SYNC_BYTE;
	bytes[1] = (uint8_t)(packet->pid >> 8 | (flags & ERROR ? 0x80 : 0));
	bytes[2] = (uint8_t)packet->pid;
	bytes[3] = (uint8_t)((flags & (PAYLOAD | ADAPTATION)) | (packet->counter & 0xf));
	bytes[4] = flags & ADAPTATION ? 7 : fill;
	bytes[5] = flags & DISCONTINUITY ? 0x80 : 0;
}

/* One PID each; the numbers are counters, in datagrams of one packet. */
static const struct {
	const char *what;
	struct packet packets[12];
	unsigned int n;
	uint64_t lost;
} scripts[] = {
	{ "counters that go on",
	  { { 256, 14 }, { 256, 15 }, { 256, 0 }, { 256, 1 } },
	  4,
	  0 },
	{ "one packet is missing", { { 256, 1 }, { 256, 3 } }, 2, 1 },
	{ "fourteen packets are missing", { { 256, 1 }, { 256, 0 } }, 2, 14 },
	{ "over the wrap", { { 256, 14 }, { 256, 1 } }, 2, 2 },
	{ "one duplicate is allowed", { { 256, 1 }, { 256, 1 }, { 256, 2 } }, 3, 0 },
	{ "a second one is a loss of fifteen",
	  { { 256, 1 }, { 256, 1 }, { 256, 1 }, { 256, 2 } },
	  4,
	  15 },
	{ "PIDs are counted apart",
	  { { 256, 1 }, { 257, 9 }, { 256, 2 }, { 257, 11 }, { 256, 3 } },
	  5,
	  1 },
	{ "a packet without payload does not count on",
	  { { 256, 1 }, { 256, 1, ADAPTATION }, { 256, 1, ADAPTATION }, { 256, 2 } },
	  4,
	  0 },
	{ "one with both does",
	  { { 256, 1 }, { 256, 2, ADAPTATION | PAYLOAD }, { 256, 3 } },
	  3,
	  0 },
	{ "a discontinuity that is announced",
	  { { 256, 1 }, { 256, 9, ADAPTATION | PAYLOAD | DISCONTINUITY }, { 256, 10 } },
	  3,
	  0 },
	{ "it is of its own PID only",
	  { { 256, 1 },
	    { 257, 1 },
	    { 256, 9, ADAPTATION | PAYLOAD | DISCONTINUITY },
	    { 257, 3 } },
	  4,
	  1 },
	{ "announced without payload",
	  { { 256, 1 }, { 256, 5, ADAPTATION | DISCONTINUITY }, { 256, 9 } },
	  3,
	  0 },
	{ "null packets count nothing",
	  { { 0x1fff, 1 }, { 0x1fff, 7 }, { 0x1fff, 3 } },
	  3,
	  0 },
	{ "packets with a transport error are not looked at",
	  { { 256, 1 }, { 256, 9, ERROR | PAYLOAD }, { 256, 2 } },
	  3,
	  0 },
	{ "PID 0 is one too", { { 0, 1 }, { 0, 3 } }, 2, 1 },
};

static void test_scripts(struct tap *tap)
{
	for (unsigned int i = 0; i < sizeof(scripts) / sizeof(scripts[0]); i++) {
		struct ts ts = { 0 };
		uint8_t bytes[TS_PACKET_SIZE];

		for (unsigned int k = 0; k < scripts[i].n; k++) {
			make_packet(bytes, &scripts[i].packets[k], (uint8_t)k);
			tap_expect(tap, ts_is_stream(bytes, sizeof(bytes)), "TS");
			ts_count(&ts, NULL, bytes, sizeof(bytes));
		}
		tap_expect(tap, ts.lost == scripts[i].lost && ts.packets == scripts[i].n,
			   "lost %" PRIu64, ts.lost);
		tap_end(tap, "%s", scripts[i].what);
	}
}

static void put_pids(struct ts *ts, struct ts_pool *pool, uint16_t n_pids)
{
	uint8_t bytes[TS_PACKET_SIZE];

	for (unsigned int round = 0; round < 3; round++)
		for (uint16_t pid = 0; pid < n_pids; pid++) {
			make_packet(bytes, &(struct packet){ pid, (uint8_t)(2 * round) },
				    (uint8_t)round);
			ts_count(ts, pool, bytes, sizeof(bytes));
		}
}

#define N_PIDS 0x1fff /* but the null packets' */

static void test_pids(struct tap *tap)
{
	static const uint16_t n_pids[] = { 1, TS_N_PIDS, TS_N_PIDS + 1, N_PIDS };
	struct ts_pool pool = { 0 };

	for (unsigned int i = 0; i < 4; i++) {
		struct ts ts = { 0 };

		put_pids(&ts, &pool, n_pids[i]);
		tap_expect(tap, ts.lost == 2u * n_pids[i] && !ts.is_overflown,
			   "%u PIDs: lost %" PRIu64, n_pids[i], ts.lost);
		ts_fini(&ts, &pool);
	}
	tap_expect(tap, pool.n_taken == 0, "tables are given back");
	tap_end(tap, "all PIDs that there are");
}

static void test_pool(struct tap *tap)
{
	static struct ts all[TS_POOL_MAX + 1];
	struct ts_pool pool = { 0 };

	for (unsigned int i = 0; i <= TS_POOL_MAX; i++)
		put_pids(&all[i], &pool, TS_N_PIDS + 1);
	for (unsigned int i = 0; i < TS_POOL_MAX; i++)
		tap_expect(tap, !all[i].is_overflown, "flow %u", i);
	tap_expect(tap, all[TS_POOL_MAX].is_overflown, "one more is unknown");
	ts_fini(&all[7], &pool);
	all[7] = (struct ts){ 0 };
	put_pids(&all[7], &pool, TS_N_PIDS + 1);
	tap_expect(tap, all[7].lost == 2 * (TS_N_PIDS + 1) && !all[7].is_overflown,
		   "a table that was given back is empty");
	for (unsigned int i = 0; i <= TS_POOL_MAX; i++)
		ts_fini(&all[i], &pool);
	tap_expect(tap, pool.n_taken == 0, "all of them are given back");
	tap_end(tap, "%u flows may have many PIDs", TS_POOL_MAX);
}

/* Flows with many PIDs that make room for others give back what they have. */
static void test_eviction(struct tap *tap)
{
	struct flow_settings settings = { .loss = FLOW_LOSS_TS, .max = 1 };
	uint8_t bytes[TS_PACKET_SIZE];
	struct rig rig;

	rig_init(&rig, &settings);
	for (uint32_t source = 0; source < 2 * TS_POOL_MAX; source++)
		for (uint16_t pid = 0; pid <= TS_N_PIDS; pid++) {
			struct datagram datagram;

			make_packet(bytes, &(struct packet){ pid, 0 }, (uint8_t)pid);
			datagram = rig_make(&rig, source, bytes, sizeof(bytes));
			flow_table_count(rig.table, &datagram, 1);
		}
	tap_expect(tap, rig_take(&rig)->has_ts, "the last one has a table");
	rig_fini(&rig);
	tap_end(tap, "a flow that is evicted gives its table back");
}

static void test_recognition(struct tap *tap)
{
	uint8_t bytes[MAX_PACKETS * TS_PACKET_SIZE + 1] = { 0 };

	for (unsigned int n = 1; n <= MAX_PACKETS; n++) {
		bytes[(n - 1) * TS_PACKET_SIZE] = TS_SYNC_BYTE;
		tap_expect(tap, ts_is_stream(bytes, n * TS_PACKET_SIZE), "%u packets", n);
		tap_expect(tap, !ts_is_stream(bytes, n * TS_PACKET_SIZE - 1), "less");
		tap_expect(tap, !ts_is_stream(bytes, n * TS_PACKET_SIZE + 1), "more");
	}
	tap_expect(tap, !ts_is_stream(bytes, 0), "nothing");
	bytes[2 * TS_PACKET_SIZE] = 0;
	tap_expect(tap, !ts_is_stream(bytes, MAX_PACKETS * TS_PACKET_SIZE), "no sync");
	tap_end(tap, "TS is a sync byte every 188 bytes and nothing else");
}

/* A sender of datagrams with seven packets of three PIDs, behind n_rtp bytes of RTP. */
struct sender {
	struct rig rig;
	unsigned int n_rtp;
	uint16_t number;
	uint8_t counters[3];
};

static void start(struct sender *sender, enum flow_loss loss, unsigned int n_rtp)
{
	struct flow_settings settings = { .loss = loss };

	*sender = (struct sender){ .n_rtp = n_rtp, .number = 65530 };
	rig_init(&sender->rig, &settings);
}

static unsigned int make_next(struct sender *sender, uint8_t *bytes)
{
	unsigned int n = sender->n_rtp;

	memset(bytes, 0, n);
	if (n) {
		bytes[0] = n == 16 ? 0x81 : 0x80;
		bytes[1] = 33;
		bytes[2] = (uint8_t)(sender->number >> 8);
		bytes[3] = (uint8_t)sender->number;
	}
	sender->number++;
	for (unsigned int i = 0; i < MAX_PACKETS; i++, n += TS_PACKET_SIZE) {
		unsigned int k = i % 3;

		make_packet(
			bytes + n,
			&(struct packet){ (uint16_t)(100 + k), sender->counters[k]++ },
			(uint8_t)sender->number);
	}
	return n;
}

/* Bytes that are no TS, with its sync byte where a packet would begin. */
static unsigned int make_noise(struct sender *sender, uint8_t *bytes)
{
	for (unsigned int i = 0; i < TS_PACKET_SIZE; i++)
		bytes[i] = (uint8_t)(sender->number * 31 + i * 7);
	bytes[0] = 0x46;
	sender->number++;
	return TS_PACKET_SIZE;
}

static void put(struct sender *sender, const uint8_t *bytes, unsigned int n,
		unsigned int n_captured)
{
	struct datagram datagram = rig_make(&sender->rig, 0x0a000001, bytes, n);

	datagram.n_payload = n_captured;
	flow_table_count(sender->rig.table, &datagram, 1);
	sender->rig.now_ns += RIG_MSEC;
}

/* A letter a datagram: s is sent, l lost, d comes twice, c is cut on its way to us, h is
 * held back, until g brings it, r is the first one behind a restart, n is something
 * else. */
static void play(struct sender *sender, const char *datagrams)
{
	uint8_t bytes[16 + MAX_PACKETS * TS_PACKET_SIZE], held[sizeof(bytes)];
	unsigned int n, n_held = 0;

	for (; *datagrams; datagrams++) {
		if (*datagrams == 'g') {
			put(sender, held, n_held, n_held);
			continue;
		}
		if (*datagrams == 'r') {
			sender->number += 30000;
			memset(sender->counters, 7, sizeof(sender->counters));
		}
		n = *datagrams == 'n' ? make_noise(sender, bytes)
				      : make_next(sender, bytes);
		if (*datagrams == 'h')
			memcpy(held, bytes, n_held = n);
		if (*datagrams == 'l' || *datagrams == 'h')
			continue;
		put(sender, bytes, n, *datagrams == 'c' ? 200 : n);
		if (*datagrams == 'd')
			put(sender, bytes, n, n);
	}
}

#define N4(x)  x x x x
#define N32(x) N4(x) N4(x) N4(x) N4(x) N4(x) N4(x) N4(x) N4(x)

static const struct {
	const char *what, *datagrams;
	enum flow_loss loss;
	unsigned int n_rtp;
	enum sample_sequence sequence;
	bool has_ts;
	uint64_t lost, ts_lost, duplicates;
} flows[] = {
	{ "TS in UDP", "ssss", FLOW_LOSS_AUTO, 0, SAMPLE_TS, true, 0, 0, 0 },
	{ "its losses", "sslsls", FLOW_LOSS_AUTO, 0, SAMPLE_TS, true, 14, 14, 0 },
	{ "a datagram twice is no loss", "sdsds", FLOW_LOSS_AUTO, 0, SAMPLE_TS, true, 0,
	  0, 2 },
	{ "one that was not captured whole is no loss", "sscss", FLOW_LOSS_AUTO, 0,
	  SAMPLE_TS, true, 0, 0, 0 },
	{ "TS in RTP", "ssss", FLOW_LOSS_AUTO, 12, SAMPLE_RTP, true, 0, 0, 0 },
	{ "losses of RTP and of TS", "sslsls", FLOW_LOSS_AUTO, 12, SAMPLE_RTP, true, 2,
	  14, 0 },
	{ "behind an RTP header with a source", "sslsls", FLOW_LOSS_AUTO, 16, SAMPLE_RTP,
	  true, 2, 14, 0 },
	{ "a restart of RTP is none of TS", "sssssrsss", FLOW_LOSS_AUTO, 12, SAMPLE_RTP,
	  true, 0, 0, 0 },
	{ "a datagram that comes late right behind the next one is no loss", "ssshsgss",
	  FLOW_LOSS_AUTO, 0, SAMPLE_TS, true, 0, 0, 0 },
	{ "and others stay lost", "sslshsgsls", FLOW_LOSS_AUTO, 0, SAMPLE_TS, true, 14,
	  14, 0 },
	{ "nor is one that RTP knows as late", "ssssshsgss", FLOW_LOSS_AUTO, 12,
	  SAMPLE_RTP, true, 0, 0, 0 },
	{ "late by more than counters tell", "ssssshssssssgss", FLOW_LOSS_AUTO, 12,
	  SAMPLE_RTP, true, 0, 0, 0 },
	{ "late in a run of losses", "sssslhslsgss", FLOW_LOSS_AUTO, 12, SAMPLE_RTP, true,
	  2, 14, 0 },
	{ "late and twice", "ssssshsggss", FLOW_LOSS_AUTO, 12, SAMPLE_RTP, true, 0, 0,
	  1 },
	{ "from before the first one seen", "hssssgss", FLOW_LOSS_AUTO, 12, SAMPLE_RTP,
	  true, 0, 0, 0 },
	{ "something else in between is ignored", "sssnnnss", FLOW_LOSS_AUTO, 0,
	  SAMPLE_TS, true, 0, 0, 0 },
	{ "until nothing else comes", "sss" N32("n"), FLOW_LOSS_AUTO, 0,
	  SAMPLE_NO_SEQUENCE, false, 0, 0, 0 },
	{ "one datagram proves nothing", "s", FLOW_LOSS_AUTO, 0, SAMPLE_NO_SEQUENCE,
	  false, 0, 0, 0 },
	{ "nor do two that do not follow each other", "snsnsnsn", FLOW_LOSS_AUTO, 0,
	  SAMPLE_NO_SEQUENCE, false, 0, 0, 0 },
	{ "forced TS", "sslss", FLOW_LOSS_TS, 0, SAMPLE_TS, true, 7, 7, 0 },
	{ "forced TS behind RTP", "sslss", FLOW_LOSS_TS, 12, SAMPLE_TS, true, 7, 7, 0 },
	{ "RTP that is forced tells nothing of TS", "sslss", FLOW_LOSS_RTP, 12,
	  SAMPLE_RTP, false, 1, 0, 0 },
	{ "nothing is looked for", "sslss", FLOW_LOSS_NONE, 0, SAMPLE_NO_SEQUENCE, false,
	  0, 0, 0 },
};

static void test_flows(struct tap *tap)
{
	for (unsigned int i = 0; i < sizeof(flows) / sizeof(flows[0]); i++) {
		const struct sample_flow *flow;
		struct sender sender;

		start(&sender, flows[i].loss, flows[i].n_rtp);
		play(&sender, flows[i].datagrams);
		flow = rig_take(&sender.rig);
		tap_expect(tap,
			   flow->sequence == flows[i].sequence &&
				   flow->has_ts == flows[i].has_ts,
			   "sequence %d", (int)flow->sequence);
		tap_expect(tap,
			   flow->total.lost == flows[i].lost &&
				   flow->total.ts_lost == flows[i].ts_lost &&
				   flow->total.duplicates == flows[i].duplicates,
			   "lost %" PRIu64 ", TS %" PRIu64 ", duplicates %" PRIu64,
			   flow->total.lost, flow->total.ts_lost, flow->total.duplicates);
		rig_fini(&sender.rig);
		tap_end(tap, "%s", flows[i].what);
	}
}

/* Payloads of the size of a TS packet that are none, but look so now and then. */
static void test_chance(struct tap *tap)
{
	struct flow_settings settings = { .loss = FLOW_LOSS_AUTO };
	uint8_t bytes[TS_PACKET_SIZE];
	uint64_t random = 1;
	struct rig rig;

	rig_init(&rig, &settings);
	for (unsigned int n = 0; n < 20000; n++) {
		for (unsigned int i = 0; i < sizeof(bytes); i++) {
			random = random * UINT64_C(6364136223846793005) + 1;
			bytes[i] = (uint8_t)(random >> 56);
		}
		rig_put(&rig, bytes, sizeof(bytes));
	}
	tap_expect(tap, rig_take(&rig)->sequence == SAMPLE_NO_SEQUENCE, "random bytes");
	rig_fini(&rig);
	rig_init(&rig, &settings);
	memset(bytes, 0x47, sizeof(bytes));
	for (unsigned int n = 0; n < 1000; n++) {
		bytes[100] = (uint8_t)n;
		bytes[10] = (uint8_t)n;
		rig_put(&rig, bytes, sizeof(bytes));
	}
	tap_expect(tap, rig_take(&rig)->sequence == SAMPLE_NO_SEQUENCE,
		   "a letter that is the sync byte");
	rig_fini(&rig);
	tap_end(tap, "what looks like TS by chance is none");
}

int main(void)
{
	struct tap tap = { 0 };

	test_recognition(&tap);
	test_scripts(&tap);
	test_pids(&tap);
	test_pool(&tap);
	test_eviction(&tap);
	test_flows(&tap);
	test_chance(&tap);
	return tap_finish(&tap);
}
