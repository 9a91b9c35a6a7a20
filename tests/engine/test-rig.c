/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The rig itself: a packet that no host may send is told apart from one that it may.
 */
#include <stdlib.h>
#include <string.h>

#include "script.h"

/* A report that is right, and where its parts are. */
struct sample {
	struct engine_packet packet;
	uint8_t bytes[1600];
	uint8_t *message;
};

static void make(struct script *s, struct sample *ret)
{
	set(s, 1, "G", "IN{a,b}");
	rig_pull(&s->rig);
	ret->packet = s->rig.lines[0].packet;
	memset(ret->bytes, 0, sizeof(ret->bytes));
	memcpy(ret->bytes, s->rig.lines[0].bytes, ret->packet.len);
	ret->message = ret->bytes + ret->packet.message;
	rig_clear(&s->rig);
}

/* Adds to a 16-bit field of the message, and takes it from the checksum. */
static void add_summed(struct sample *sample, size_t offset, unsigned int more)
{
	uint8_t *field = sample->message + offset, *sum = sample->message + 2;
	unsigned int value = (unsigned int)(field[0] << 8 | field[1]) + more;
	unsigned int rest = (unsigned int)(sum[0] << 8 | sum[1]) + 0xffff - more;

	rest = (rest & 0xffff) + (rest >> 16);
	field[0] = (uint8_t)(value >> 8);
	field[1] = (uint8_t)value;
	sum[0] = (uint8_t)(rest >> 8);
	sum[1] = (uint8_t)rest;
}

static void is_text(struct script *s, const struct sample *sample, const char *begin)
{
	char *text = rig_describe(&s->rig, &sample->packet, sample->bytes);

	tap_expect(s->tap, strncmp(text, begin, strlen(begin)) == 0, "%s, not %s", text,
		   begin);
	free(text);
}

static void right(struct script *s)
{
	struct sample sample;

	make(s, &sample);
	is_text(s, &sample, script_name(s, "* ALLOW(G){a,b}"));
	settle(s);
}

static void wrong_sums(struct script *s)
{
	struct sample sample;

	make(s, &sample);
	for (size_t i = s->family == ENGINE_IPV4 ? 0 : 8; i < sample.packet.len; i++) {
		/* Neither hop limit nor options of IPv6 are in a checksum. */
		if (s->family == ENGINE_IPV6 && i >= 40 && i < 48)
			continue;
		sample.bytes[i] ^= 1;
		is_text(s, &sample, "BROKEN");
		sample.bytes[i] ^= 1;
	}
	settle(s);
}

static void wrong_envelope(struct script *s)
{
	struct sample good, sample;

	make(s, &good);
	sample = good;
	sample.packet.source.lo++;
	is_text(s, &sample, "BROKEN another source");
	sample = good;
	sample.packet.destination.lo++;
	is_text(s, &sample, "BROKEN to a wrong destination");
	sample = good;
	sample.packet.ifindex++;
	is_text(s, &sample, "BROKEN on an interface that is not known");
	sample = good;
	sample.packet.family = !good.packet.family;
	is_text(s, &sample, "BROKEN of another family");
	sample = good;
	sample.packet.len += 4;
	is_text(s, &sample, "BROKEN longer or shorter");
	sample = good;
	sample.packet.message -= 4;
	is_text(s, &sample, "BROKEN the message is not where");
	s->rig.interface.mtu = (uint32_t)good.packet.len - 1;
	is_text(s, &good, "BROKEN larger than the MTU");
	s->rig.interface.mtu++;
	is_text(s, &good, script_name(s, "* ALLOW(G){a,b}"));
	s->rig.interface.source[s->family].state = ENGINE_ADDRESS_TENTATIVE;
	is_text(s, &good, "BROKEN from an address that is not valid");
	settle(s);
	s->rig.n_broken = 0; /* what was repeated meanwhile */
}

static void wrong_message(struct script *s)
{
	struct sample good, sample;

	make(s, &good);
	sample = good;
	sample.message = sample.bytes + sample.packet.message;
	add_summed(&sample, 4, 1);
	is_text(s, &sample, "BROKEN reserved bits");
	sample = good;
	sample.message = sample.bytes + sample.packet.message;
	add_summed(&sample, 6, 1);
	is_text(s, &sample, "BROKEN fewer records");
	sample = good;
	sample.message = sample.bytes + sample.packet.message;
	add_summed(&sample, 10, -1u);
	is_text(s, &sample, "BROKEN bytes behind the records");
	sample = good;
	sample.message = sample.bytes + sample.packet.message;
	add_summed(&sample, 8, 0x0200);
	is_text(s, &sample, "BROKEN an unknown record");
	settle(s);
}

/* In IPv6 they are in no checksum. In IPv4 the header's own says that they are wrong. */
static void wrong_hop(struct script *s)
{
	struct sample good, sample;

	make(s, &good);
	settle(s);
	if (s->family == ENGINE_IPV4) {
		sample = good;
		sample.bytes[8]++;
		sample.bytes[10]--;
		is_text(s, &sample, "BROKEN TTL");
		set_tunable(s, ENGINE_SENDWITHRA, 0);
		is_text(s, &good, "BROKEN Router Alert is not as sendwithra says");
		return;
	}
	sample = good;
	sample.bytes[7]++;
	is_text(s, &sample, "BROKEN TTL");
	sample = good;
	for (int i = 42; i < 48; i++)
		sample.bytes[i] = 0;
	is_text(s, &sample, "BROKEN MLD without Router Alert");
}

static const struct script_test tests[] = {
	{ "a report that is right is told", right },
	{ "one whose checksums are wrong is not", wrong_sums },
	{ "one that is another than it says, or too large, is not", wrong_envelope },
	{ "one with reserved bits, unknown records or too many bytes is not",
	  wrong_message },
	{ "one that goes further than the link, or lacks Router Alert, is not",
	  wrong_hop },
};

int main(void)
{
	struct tap tap = { 0 };

	script_run(&tap, tests, sizeof(tests) / sizeof(tests[0]));
	return tap_finish(&tap);
}
