/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Unit test of tools/mwatch/flow/payload.h: what a flow is taken for, by its bytes, and
 * that what was seen before it was known counts too.
 */
#include <inttypes.h>

#include "flow-rig.h"
#include "flow/rtp.h"

#define N_RTP   (12 + 20)
#define SSRC    0x12345678u
#define ANOTHER 0x87654321u

static void put_number(uint8_t *bytes, uint64_t value, unsigned int n)
{
	while (n-- > 0) {
		bytes[n] = (uint8_t)value;
		value >>= 8;
	}
}

static void make_rtp(uint8_t bytes[N_RTP], uint16_t number, uint32_t ssrc)
{
	memset(bytes, 0xaa, N_RTP);
	bytes[0] = 0x80;
	bytes[1] = 96;
	put_number(bytes + 2, number, 2);
	put_number(bytes + 4, number * 90u, 4);
	put_number(bytes + 8, ssrc, 4);
}

static void put_rtp(struct rig *rig, uint16_t number, uint32_t ssrc)
{
	uint8_t bytes[N_RTP];

	make_rtp(bytes, number, ssrc);
	rig_put(rig, bytes, sizeof(bytes));
	rig->now_ns += RIG_MSEC;
}

static void make_msend(uint8_t bytes[16], uint32_t number, uint64_t when_ns)
{
	memcpy(bytes, "msnd", 4);
	put_number(bytes + 4, number, 4);
	put_number(bytes + 8, when_ns, 8);
}

static void put_msend(struct rig *rig, uint32_t number)
{
	uint8_t bytes[16];

	make_msend(bytes, number, rig->now_ns);
	rig_put(rig, bytes, sizeof(bytes));
	rig->now_ns += RIG_MSEC;
}

static void put_rtp_msend(struct rig *rig, uint16_t rtp, uint32_t msend)
{
	uint8_t bytes[N_RTP];

	make_rtp(bytes, rtp, SSRC);
	make_msend(bytes + 12, msend, rig->now_ns);
	rig_put(rig, bytes, sizeof(bytes));
	rig->now_ns += RIG_MSEC;
}

static void put_noise(struct rig *rig, uint8_t fill, uint8_t second)
{
	uint8_t bytes[40];

	memset(bytes, fill, sizeof(bytes));
	bytes[1] = second;
	rig_put(rig, bytes, sizeof(bytes));
	rig->now_ns += RIG_MSEC;
}

/* Ends the rig and the test. */
static void expect(struct tap *tap, struct rig *rig, const char *what,
		   enum sample_sequence sequence, const struct sample_counts *counts)
{
	const struct sample_flow *flow = rig_take(rig);
	const struct sample_counts *total = &flow->total;

	tap_expect(tap, flow->sequence == sequence, "sequence %d", (int)flow->sequence);
	tap_expect(tap,
		   total->lost == counts->lost &&
			   total->duplicates == counts->duplicates &&
			   total->reordered == counts->reordered &&
			   total->restarts == counts->restarts,
		   "lost %" PRIu64 ", duplicates %" PRIu64 ", reordered %" PRIu64
		   ", restarts %" PRIu64,
		   total->lost, total->duplicates, total->reordered, total->restarts);
	rig_fini(rig);
	tap_end(tap, "%s", what);
}

/*
 * Finding out.  A letter is a packet: R RTP with the next number, r the same without
 * taking it, L RTP after a lost one, S RTP of another source, M msend, m msend
 * after a lost one, B RTP with msend in it, b the same after a lost one, x noise, z
 * zeros behind RTP's first byte, c RTCP.
 */
static const struct {
	const char *packets, *what;
	enum sample_sequence sequence;
	struct sample_counts counts;
} scripts[] = {
	{ "RRR", "three packets prove no RTP", SAMPLE_NO_SEQUENCE, { 0 } },
	{ "RRRR", "four do", SAMPLE_RTP, { 0 } },
	{ "RRRxR", "but in a row", SAMPLE_NO_SEQUENCE, { 0 } },
	{ "xxRRRR", "at any time", SAMPLE_RTP, { 0 } },
	{ "RLRLR", "what was lost before the proof counts", SAMPLE_RTP, { .lost = 2 } },
	{ "RRrRR",
	  "a duplicate before the proof counts",
	  SAMPLE_RTP,
	  { .duplicates = 1 } },
	{ "rrrrrrrr", "always the same packet is no RTP", SAMPLE_NO_SEQUENCE, { 0 } },
	{ "rrrrrrrRRRR", "until it goes on", SAMPLE_RTP, { .duplicates = 2 } },
	{ "RSRSRS", "two sources in turn prove nothing", SAMPLE_NO_SEQUENCE, { 0 } },
	{ "RRRRSRSRL",
	  "another source that comes in between is ignored",
	  SAMPLE_RTP,
	  { .lost = 1 } },
	{ "RRRRSSSS",
	  "another source that stays is a restart",
	  SAMPLE_RTP,
	  { .restarts = 1 } },
	{ "RLRRSSSS",
	  "and what was lost before it stays so",
	  SAMPLE_RTP,
	  { .lost = 1, .restarts = 1 } },
	{ "RRRRcRcRL", "RTCP in between is not counted", SAMPLE_RTP, { .lost = 1 } },
	{ "cccccc", "RTCP is no RTP", SAMPLE_NO_SEQUENCE, { 0 } },
	{ "zzzzzz", "zeros are no RTP", SAMPLE_NO_SEQUENCE, { 0 } },
	{ "RRRRxxxR", "noise in an RTP flow is ignored", SAMPLE_RTP, { 0 } },
	{ "RRRRxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
	  "until it is nothing but noise",
	  SAMPLE_NO_SEQUENCE,
	  { .restarts = 1 } },
	{ "RRRRxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxRLRR",
	  "and RTP again",
	  SAMPLE_RTP,
	  { .lost = 1, .restarts = 1 } },
	{ "M", "msend is known by its first packet", SAMPLE_MSEND, { 0 } },
	{ "MmM", "msend's losses", SAMPLE_MSEND, { .lost = 1 } },
	{ "xMmM", "msend behind something else", SAMPLE_MSEND, { .lost = 1 } },
	{ "RRMmM", "msend behind what may have been RTP", SAMPLE_MSEND, { .lost = 1 } },
	{ "RRRRMmM",
	  "msend behind RTP is a restart",
	  SAMPLE_MSEND,
	  { .lost = 1, .restarts = 1 } },
	{ "B", "RTP with msend in it is RTP at once", SAMPLE_RTP, { 0 } },
	{ "BbB", "and counted by RTP's numbers", SAMPLE_RTP, { .lost = 1 } },
	{ "MMBBb",
	  "msend that becomes RTP is a restart",
	  SAMPLE_RTP,
	  { .lost = 1, .restarts = 1 } },
	{ "xxxx", "noise has no sequence", SAMPLE_NO_SEQUENCE, { 0 } },
};

struct numbers {
	uint16_t ours, another;
};

static void put_letter(struct rig *rig, char letter, struct numbers *numbers)
{
	uint16_t next = numbers->ours + (strchr("Lmb", letter) ? 2 : letter != 'r');

	switch (letter) {
	case 'x':
		put_noise(rig, 0x11, 0x11);
		return;
	case 'z':
		put_noise(rig, 0x80, 0x80);
		return;
	case 'c':
		put_noise(rig, 0x80, 200);
		return;
	case 'S':
		put_rtp(rig, numbers->another++, ANOTHER);
		return;
	case 'M':
	case 'm':
		/* Its numbers are longer: no wrap here. */
		put_msend(rig, (uint16_t)(next + 1000));
		break;
	case 'B':
	case 'b':
		put_rtp_msend(rig, next, 7);
		break;
	default:
		put_rtp(rig, next, SSRC);
		break;
	}
	numbers->ours = next;
}

static void play(struct rig *rig, const char *packets)
{
	struct numbers numbers = { .ours = 65533, .another = 30000 };

	for (; *packets; packets++)
		put_letter(rig, *packets, &numbers);
}

static void test_scripts(struct tap *tap)
{
	for (unsigned int i = 0; i < sizeof(scripts) / sizeof(scripts[0]); i++) {
		struct flow_settings settings = { .loss = FLOW_LOSS_AUTO };
		struct rig rig;

		rig_init(&rig, &settings);
		play(&rig, scripts[i].packets);
		expect(tap, &rig, scripts[i].what, scripts[i].sequence,
		       &scripts[i].counts);
	}
}

/* What is forced is not found out. */
static const struct {
	const char *packets, *what;
	enum flow_loss loss;
	enum sample_sequence sequence;
	struct sample_counts counts;
} forced[] = {
	{ "RL", "forced RTP needs no proof", FLOW_LOSS_RTP, SAMPLE_RTP, { .lost = 1 } },
	{ "MmRL", "and sees nothing else", FLOW_LOSS_RTP, SAMPLE_RTP, { .lost = 1 } },
	{ "mmm",
	  "nothing is known where no number was read",
	  FLOW_LOSS_RTP,
	  SAMPLE_NO_SEQUENCE,
	  { 0 } },
	{ "RRx", "and something when one was", FLOW_LOSS_RTP, SAMPLE_RTP, { 0 } },
	{ "xxR", "nor of msend", FLOW_LOSS_MSEND, SAMPLE_NO_SEQUENCE, { 0 } },
	{ "RMm",
	  "forced msend sees nothing else",
	  FLOW_LOSS_MSEND,
	  SAMPLE_MSEND,
	  { .lost = 1 } },
	{ "BbB",
	  "and looks behind RTP",
	  FLOW_LOSS_MSEND,
	  SAMPLE_MSEND,
	  { .duplicates = 2 } },
	{ "RRRRLMm", "no loss is looked for", FLOW_LOSS_NONE, SAMPLE_NO_SEQUENCE, { 0 } },
	{ "RRRRLMm", "TS that does not come", FLOW_LOSS_TS, SAMPLE_NO_SEQUENCE, { 0 } },
};

static void test_forced(struct tap *tap)
{
	for (unsigned int i = 0; i < sizeof(forced) / sizeof(forced[0]); i++) {
		struct flow_settings settings = { .loss = forced[i].loss };
		struct rig rig;

		rig_init(&rig, &settings);
		play(&rig, forced[i].packets);
		expect(tap, &rig, forced[i].what, forced[i].sequence, &forced[i].counts);
	}
}

/*
 * msend that is started again after a few packets.
 */
static void put_msend_at(struct rig *rig, uint32_t number, uint64_t sent_ns)
{
	uint8_t bytes[16];

	make_msend(bytes, number, sent_ns);
	rig_put(rig, bytes, sizeof(bytes));
	rig->now_ns += RIG_MSEC;
}

static void start_msend(struct rig *rig)
{
	struct flow_settings settings = { .loss = FLOW_LOSS_AUTO };

	rig_init(rig, &settings);
	for (uint32_t i = 0; i < 10; i++)
		put_msend(rig, i);
}

static void test_msend_restart(struct tap *tap)
{
	struct rig rig;

	start_msend(&rig);
	for (uint32_t i = 0; i < 20; i++)
		put_msend(&rig, i);
	expect(tap, &rig, "msend begins anew after few packets", SAMPLE_MSEND,
	       &(struct sample_counts){ .restarts = 1 });
	start_msend(&rig);
	for (uint32_t i = 0; i < 10; i++)
		put_msend_at(&rig, i, RIG_START + i * RIG_MSEC);
	put_msend(&rig, 10);
	expect(tap, &rig, "the network brings them all again", SAMPLE_MSEND,
	       &(struct sample_counts){ .duplicates = 10 });
	rig_init(&rig, &(struct flow_settings){ .loss = FLOW_LOSS_AUTO });
	for (uint32_t i = 0; i < 10; i++) {
		put_msend(&rig, i);
		put_msend(&rig, i);
	}
	expect(tap, &rig, "msend sends each of them twice", SAMPLE_MSEND,
	       &(struct sample_counts){ .duplicates = 10 });
	rig_init(&rig, &(struct flow_settings){ .loss = FLOW_LOSS_AUTO });
	put_msend(&rig, 1);
	put_msend(&rig, 2);
	put_msend(&rig, 0);
	put_msend(&rig, 3);
	expect(tap, &rig, "msend sends number 0 late", SAMPLE_MSEND,
	       &(struct sample_counts){ .reordered = 1 });
}

/* What is sent at once has one time. */
static void test_msend_batches(struct tap *tap)
{
	struct rig rig;

	rig_init(&rig, &(struct flow_settings){ .loss = FLOW_LOSS_AUTO });
	for (uint32_t i = 0; i < 200; i++)
		put_msend_at(&rig, i < 180 ? i : i - 180, RIG_START + i / 64 * RIG_MSEC);
	expect(tap, &rig, "msend begins anew within a batch", SAMPLE_MSEND,
	       &(struct sample_counts){ .restarts = 1 });
}

/*
 * Fields.
 */
static void put_field(struct rig *rig, const struct flow_field *field, uint64_t value,
		      uint32_t n)
{
	uint8_t bytes[64] = { 0 };

	for (unsigned int i = 0; i < field->size; i++) {
		unsigned int at = field->is_little_endian ? i : field->size - 1u - i;

		bytes[field->offset + at] = (uint8_t)(value >> (8 * i));
	}
	rig_put(rig, bytes, n);
}

static void test_fields(struct tap *tap)
{
	for (uint8_t size = 1; size <= 8; size++) {
		for (int is_little = 0; is_little < 2; is_little++) {
			struct flow_settings settings = {
				.loss = FLOW_LOSS_FIELD,
				.sequence = { 5, size, is_little != 0 },
			};
			struct rig rig;
			uint64_t number = 0;
			const struct sample_flow *flow;

			rig_init(&rig, &settings);
			/* Over the wrap and over the borders of the field's bytes. */
			for (int i = -300; i < 300; i++)
				if (i % 10 != 3)
					put_field(&rig, &settings.sequence,
						  number + (uint64_t)(int64_t)i, 64);
			/* Too short for the field. */
			put_field(&rig, &settings.sequence, 9, 5u + size - 1u);
			flow = rig_take(&rig);
			tap_expect(tap,
				   flow->sequence == SAMPLE_FIELD &&
					   flow->total.lost == 30 &&
					   flow->total.restarts == 0 &&
					   flow->total.duplicates == 0,
				   "%u bytes, little %d: lost %" PRIu64, size, is_little,
				   flow->total.lost);
			rig_fini(&rig);
		}
	}
	tap_end(tap, "a field of 1 to 8 bytes, in both orders, and around its wrap");
}

/* A field behind the end of all payloads. */
static void test_no_field(struct tap *tap)
{
	struct flow_settings settings = { .loss = FLOW_LOSS_FIELD,
					  .sequence = { 100, 4, false } };
	uint8_t bytes[64] = { 0 };
	struct rig rig;

	rig_init(&rig, &settings);
	for (int i = 0; i < 3; i++)
		rig_put(&rig, bytes, sizeof(bytes));
	expect(tap, &rig, "a field that was never read tells nothing", SAMPLE_NO_SEQUENCE,
	       &(struct sample_counts){ 0 });
}

/* MoldUDP64: session, sequence number, message count. */
static void put_mold(struct rig *rig, uint64_t number, uint16_t count)
{
	uint8_t bytes[60] = "SESSION001";

	put_number(bytes + 10, number, 8);
	put_number(bytes + 18, count, 2);
	rig_put(rig, bytes, sizeof(bytes));
}

static void test_counts(struct tap *tap)
{
	struct flow_settings settings = { .loss = FLOW_LOSS_FIELD,
					  .sequence = { 10, 8, false },
					  .has_count = true,
					  .count = { 18, 2, false } };
	struct rig rig;

	rig_init(&rig, &settings);
	put_mold(&rig, 1, 3);
	put_mold(&rig, 4, 2);
	put_mold(&rig, 6, 0);
	put_mold(&rig, 8, 1);
	put_mold(&rig, 9, 0);
	put_mold(&rig, 11, 0xffff);
	expect(tap, &rig, "messages, heartbeats and the end of a session (MoldUDP64)",
	       SAMPLE_FIELD, &(struct sample_counts){ .lost = 4 });
}

/* Of glued datagrams some were not captured: what they held cannot be known. */
static void test_unseen_counts(struct tap *tap)
{
	struct flow_settings settings = { .loss = FLOW_LOSS_FIELD,
					  .sequence = { 10, 8, false },
					  .has_count = true,
					  .count = { 18, 2, false } };
	struct datagram datagram;
	uint8_t bytes[3 * 20] = { 0 };
	struct rig rig;

	rig_init(&rig, &settings);
	put_mold(&rig, 1, 3);
	put_number(bytes + 10, 4, 8);
	put_number(bytes + 18, 7, 2);
	datagram = rig_make(&rig, 0x0a000001, bytes, sizeof(bytes));
	datagram.segment_size = 20;
	datagram.n_payload = 25;
	flow_table_count(rig.table, &datagram, 1);
	tap_expect(tap, rig_take(&rig)->sequence == SAMPLE_FIELD, "it is still known");
	put_mold(&rig, 30, 3);
	put_mold(&rig, 34, 3);
	expect(tap, &rig, "a count that was not captured is no loss", SAMPLE_FIELD,
	       &(struct sample_counts){ .lost = 1 });
}

/* Every tenth packet of 50 messages comes late by ten packets. */
static void test_late_counts(struct tap *tap)
{
	struct flow_settings settings = { .loss = FLOW_LOSS_FIELD,
					  .sequence = { 10, 8, false },
					  .has_count = true,
					  .count = { 18, 2, false } };
	struct rig rig;

	rig_init(&rig, &settings);
	for (uint64_t i = 0; i < 200; i++) {
		if (i % 10 != 5)
			put_mold(&rig, i * 50, 50);
		if (i >= 15 && i % 10 == 5)
			put_mold(&rig, (i - 10) * 50, 50);
	}
	expect(tap, &rig, "packets of many messages may be ten packets late",
	       SAMPLE_FIELD, &(struct sample_counts){ .reordered = 19 * 50, .lost = 50 });
}

static void test_sizes(struct tap *tap)
{
	static const struct {
		struct flow_settings settings;
		uint32_t size;
	} sizes[] = {
		{ { .loss = FLOW_LOSS_NONE }, 0 },
		{ { .loss = FLOW_LOSS_RTP }, 12 },
		{ { .loss = FLOW_LOSS_TS }, UINT32_MAX },
		{ { .loss = FLOW_LOSS_FIELD, .sequence = { 10, 8, false } }, 18 },
		{ { .loss = FLOW_LOSS_FIELD,
		    .sequence = { 10, 8, false },
		    .has_count = true,
		    .count = { 18, 2, false } },
		  20 },
		{ { .loss = FLOW_LOSS_FIELD,
		    .sequence = { 10, 8, false },
		    .has_count = true,
		    .count = { 0, 2, false } },
		  18 },
	};
	struct flow_settings settings = { .loss = FLOW_LOSS_AUTO };

	for (unsigned int i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
		tap_expect(tap,
			   flow_table_get_payload_size(&sizes[i].settings) ==
				   sizes[i].size,
			   "%u", i);
	/* All that finding out needs, TS aside. */
	tap_expect(tap, flow_table_get_payload_size(&settings) == 28, "auto");
	tap_end(tap, "so much of a payload is read");
}

static void test_header(struct tap *tap)
{
	uint8_t bytes[12 + 8 + 4 + 12] = { 0x92, 0xe0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10 };
	struct rtp_header header;

	bytes[12 + 8 + 3] = 3;
	for (uint32_t n = 0; n < 12; n++)
		tap_expect(tap, !rtp_parse(bytes, n, &header), "%u bytes", n);
	for (uint32_t n = 12; n < sizeof(bytes); n++)
		tap_expect(tap, rtp_parse(bytes, n, &header) && header.size == 0,
			   "%u bytes: the payload is not there", n);
	tap_expect(tap,
		   rtp_parse(bytes, sizeof(bytes), &header) &&
			   header.size == sizeof(bytes) && header.payload_type == 96 &&
			   header.sequence == 0x0102 && header.timestamp == 0x03040506 &&
			   header.ssrc == 0x0708090a,
		   "all of it");
	for (unsigned int type = 0; type < 256; type++) {
		bytes[1] = (uint8_t)type;
		tap_expect(tap,
			   rtp_parse(bytes, sizeof(bytes), &header) ==
				   ((type & 0x7f) < 72 || (type & 0x7f) > 76),
			   "type %u", type);
	}
	tap_expect(tap, rtp_get_clock(0) == 8000 && rtp_get_clock(10) == 44100, "audio");
	tap_expect(tap, rtp_get_clock(33) == 90000 && rtp_get_clock(96) == 90000,
		   "video and others");
	tap_end(tap, "RTP headers with sources and extensions, and RTCP");
}

int main(void)
{
	struct tap tap = { 0 };

	test_header(&tap);
	test_scripts(&tap);
	test_forced(&tap);
	test_msend_restart(&tap);
	test_msend_batches(&tap);
	test_fields(&tap);
	test_no_field(&tap);
	test_counts(&tap);
	test_unseen_counts(&tap);
	test_late_counts(&tap);
	test_sizes(&tap);
	return tap_finish(&tap);
}
