/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What does not fit into one packet: RFC 9776 4.2.16 and 5.1, RFC 9777 5.2.15 and 6.1.
 * The numbers at an MTU of 1,500 bytes are those of the Linux kernel.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "script.h"

/* The sources of an IGMPv3 record and an MLDv2 one in a packet of that many bytes. */
static unsigned int get_capacity(struct script *s, unsigned int mtu)
{
	return s->family == ENGINE_IPV4 ? (mtu - 24 - 8 - 8) / 4
					: (mtu - 48 - 8 - 20) / 16;
}

/* The sources of all records of that name, "BLOCK(G)", in order: free() it. */
static struct addr *gather(struct script *s, const char *record, uint32_t *ret_n)
{
	char *name = script_text(s, record), *all = NULL;
	struct addr *list;
	size_t len;
	FILE *stream = open_memstream(&all, &len);

	for (size_t i = 0; i < s->rig.n_lines; i++) {
		const char *at = strstr(s->rig.lines[i].text, name);

		if (at) {
			at += strlen(name) + 1;
			fprintf(stream, "%.*s,", (int)strcspn(at, "}"), at);
		}
	}
	fclose(stream);
	list = rig_list(all, ret_n);
	free(all);
	free(name);
	return list;
}

/* Exactly the n addresses from the first on, each once, in any order. */
static void expect_all(struct script *s, const char *record, const char *first,
		       uint32_t n)
{
	uint32_t n_list = 0, n_expected = 0, n_seen;
	struct addr *list = gather(s, record, &n_list), *expected, *scratch;
	char text[80];

	snprintf(text, sizeof(text), "%s+%u", script_name(s, first), n);
	expected = rig_list(text, &n_expected);
	scratch = calloc(n_list + 1, sizeof(*scratch));
	n_seen = source_set_sort(list, n_list, scratch);
	tap_expect(s->tap, n_seen == n_list, "%s: %u sources, %u of them once", record,
		   n_list, n_seen);
	tap_expect(s->tap, n_seen == n && memcmp(list, expected, n * sizeof(*list)) == 0,
		   "%s: %u sources, not these %u", record, n_seen, n);
	free(list);
	free(expected);
	free(scratch);
}

static void raise_limits(struct script *s)
{
	set_tunable(s, ENGINE_SOMAXSRC, 100000);
	set_tunable(s, ENGINE_MAXSRCFILTER, 200000);
}

static void set_mtu(struct script *s, uint32_t mtu)
{
	struct engine_interface interface = s->rig.interface;
	int r;

	interface.mtu = mtu;
	r = rig_change(&s->rig, &interface);
	tap_expect(s->tap, r == 0, "MTU %u: %d", mtu, r);
}

/* Address number i behind the first of L. */
static const char *get_source(struct script *s, unsigned int i)
{
	static char text[2][RIG_ADDR_TEXT];
	static unsigned int n;
	struct addr addr = rig_addr(script_name(s, "L"));

	addr.lo += i;
	rig_format(addr, text[++n % 2]);
	return text[n % 2];
}

/* "* ALLOW(G){L+365}" and "* ALLOW(G){10.1.1.109+34}", with the family's numbers. */
static void split_lines(struct script *s, const char *type, unsigned int n, char *ret)
{
	unsigned int capacity = get_capacity(s, 1500);

	for (unsigned int i = 0; i < n; i += capacity) {
		unsigned int part = n - i < capacity ? n - i : capacity;

		ret += sprintf(ret, "%s* %s(G){%s+%u}", i ? "\n" : "", type,
			       get_source(s, i), part);
	}
}

static void allow_399(struct script *s)
{
	char lines[1024];

	raise_limits(s);
	set(s, 1, "G", "IN{L+399}");
	if (s->family == ENGINE_IPV4)
		twice(s, "* ALLOW(G){10.1.0.0+365}\n* ALLOW(G){10.1.1.109+34}");
	split_lines(s, "ALLOW", 399, lines);
	if (s->family == ENGINE_IPV6)
		twice(s, lines);
	tap_expect(s->tap, get_capacity(s, 1500) == (s->family == ENGINE_IPV4 ? 365 : 89),
		   "%u", get_capacity(s, 1500));
}

static void block_400(struct script *s)
{
	char lines[1024];

	raise_limits(s);
	set(s, 1, "G", "EX{}");
	settle(s);
	set(s, 1, "G", "EX{L+400}");
	if (s->family == ENGINE_IPV4)
		twice(s, "* BLOCK(G){10.1.0.0+365}\n* BLOCK(G){10.1.1.109+35}");
	split_lines(s, "BLOCK", 400, lines);
	if (s->family == ENGINE_IPV6)
		twice(s, lines);
}

static void exclude_400(struct script *s)
{
	raise_limits(s);
	set(s, 1, "G", "EX{L+400}");
	twice(s, s->family == ENGINE_IPV4 ? "* TO_EX(G){L+365}" : "* TO_EX(G){L+89}");
	ask(s, 1000, "G", NULL);
	in_ms(s, 1000,
	      s->family == ENGINE_IPV4 ? "* IS_EX(G){L+365}" : "* IS_EX(G){L+89}");
	ask(s, 1000, NULL, NULL);
	in_ms(s, 1000,
	      s->family == ENGINE_IPV4 ? "* IS_EX(G){L+365}" : "* IS_EX(G){L+89}");
}

static void include_400(struct script *s)
{
	char lines[1024];

	raise_limits(s);
	set(s, 1, "G", "EX{}");
	settle(s);
	set(s, 1, "G", "IN{L+400}");
	split_lines(s, "TO_IN", 400, lines);
	twice(s, lines);
	split_lines(s, "IS_IN", 400, lines);
	ask(s, 1000, "G", NULL);
	in_ms(s, 1000, lines);
	ask(s, 1000, NULL, NULL);
	in_ms(s, 1000, lines);
	quiet(s);
}

/* What fills a packet to its last byte, and one more. */
static void exactly_full(struct script *s)
{
	unsigned int n = get_capacity(s, 1500);
	char filter[64], lines[256];

	raise_limits(s);
	snprintf(filter, sizeof(filter), "IN{L+%u}", n);
	snprintf(lines, sizeof(lines), "* ALLOW(G){L+%u}", n);
	set(s, 1, "G", filter);
	rig_pull(&s->rig);
	tap_expect(s->tap, s->rig.n_lines == 1 && s->rig.lines[0].packet.len == 1500,
		   "%zu bytes", s->rig.n_lines ? s->rig.lines[0].packet.len : 0);
	rig_expect(&s->rig, s->tap, "full", script_name(s, lines));
	in_ms(s, 1000, lines);
	snprintf(filter, sizeof(filter), "IN{L+%u}", n + 1);
	set(s, 1, "G", filter);
	snprintf(lines, sizeof(lines), "* ALLOW(G){%s}", get_source(s, n));
	twice(s, lines);
	ask(s, 1000, "G", NULL);
	snprintf(lines, sizeof(lines), "* IS_IN(G){L+%u}\n* IS_IN(G){%s}", n,
		 get_source(s, n));
	in_ms(s, 1000, lines);
}

/* A record that would fit into a packet of its own is not split. */
static void next_record_in_a_packet_of_its_own(struct script *s)
{
	unsigned int n = get_capacity(s, 1500) - 10;
	char filter[64], lines[256];

	raise_limits(s);
	snprintf(filter, sizeof(filter), "IN{L+%u}", n);
	set(s, 1, "G", "EX{a+40}");
	set(s, 1, "H", filter);
	set(s, 1, "J", "EX{b}");
	snprintf(lines, sizeof(lines), "* TO_EX(G){a+40}\n* ALLOW(H){L+%u} TO_EX(J){b}",
		 n);
	now(s, lines);
	settle(s);
}

static const unsigned int mtus[ENGINE_FAMILIES][6] = {
	{ 68, 69, 576, 1280, 1499, 9000 },
	{ 1280, 1281, 1295, 1296, 1499, 9000 },
};

/* Whatever the MTU, all of it is told; rig.c looks at the length. */
static void any_mtu(struct script *s)
{
	raise_limits(s);
	for (int i = 0; i < 6; i++) {
		unsigned int mtu = mtus[s->family][i];
		size_t capacity = get_capacity(s, mtu);

		set_mtu(s, mtu);
		set(s, 1, "G", "IN{L+3000}");
		rig_pull(&s->rig);
		expect_all(s, "ALLOW(G)", "L", 3000);
		tap_expect(s->tap, s->rig.n_lines == (2999 + capacity) / capacity,
			   "MTU %u: %zu packets", mtu, s->rig.n_lines);
		settle(s);
		set(s, 1, "G", "NONE");
		rig_pull(&s->rig);
		expect_all(s, "BLOCK(G)", "L", 3000);
		settle(s);
		set(s, 1, "G", "EX{L+3000}");
		rig_pull(&s->rig);
		expect_all(s, "TO_EX(G)", "L",
			   (uint32_t)(capacity < 3000 ? capacity : 3000));
		tap_expect(s->tap, s->rig.n_lines == 1, "MTU %u: %zu packets of TO_EX",
			   mtu, s->rig.n_lines);
		settle(s);
		set(s, 1, "G", "NONE");
		settle(s);
	}
}

/* RFC 791 counts an IP datagram in 16 bits, and so does RFC 8200 what is behind it. */
static void huge_mtu(struct script *s)
{
	static const uint32_t huge[] = { 65535, 65536, 70000, UINT32_MAX };

	raise_limits(s);
	s->rig.room = 100000;
	for (int i = 0; i < 4; i++) {
		uint32_t capacity = get_capacity(s, 65535);

		set_mtu(s, huge[i]);
		set(s, 1, "G", "IN{L+40000}");
		rig_pull(&s->rig);
		expect_all(s, "ALLOW(G)", "L", 40000);
		tap_expect(s->tap, s->rig.n_lines == (39999 + capacity) / capacity,
			   "MTU %u: %zu packets", huge[i], s->rig.n_lines);
		settle(s);
		set(s, 1, "G", "EX{L+70000}");
		rig_pull(&s->rig);
		expect_all(s, "TO_EX(G)", "L", capacity);
		settle(s);
		set(s, 1, "G", "NONE");
		settle(s);
	}
}

static void small_buffer(struct script *s)
{
	uint8_t bytes[ENGINE_BUFFER_MIN];
	struct engine_packet packet;
	int r;

	raise_limits(s);
	set(s, 1, "G", "IN{L+400}");
	r = engine_pull(s->rig.engine, bytes, ENGINE_BUFFER_MIN - 1, &packet, s->rig.now);
	tap_expect(s->tap, r == -EINVAL, "a buffer of 1279 bytes: %d", r);
	s->rig.room = ENGINE_BUFFER_MIN;
	rig_pull(&s->rig);
	expect_all(s, "ALLOW(G)", "L", 400);
	settle(s);
}

/* Without Router Alert there is room for one source more in IGMP, never in MLD. */
static void without_alert(struct script *s)
{
	raise_limits(s);
	set_tunable(s, ENGINE_SENDWITHRA, 0);
	set(s, 1, "G", "EX{L+400}");
	twice(s, s->family == ENGINE_IPV4 ? "* TO_EX(G){L+366}" : "* TO_EX(G){L+89}");
}

/* Half of the packets are there when the filter changes. */
static void change_between_parts(struct script *s)
{
	uint8_t bytes[1500];
	struct engine_packet packet;
	char *text;

	raise_limits(s);
	set(s, 1, "G", "IN{L+400}");
	tap_expect(s->tap,
		   engine_pull(s->rig.engine, bytes, sizeof(bytes), &packet,
			       s->rig.now) == 1,
		   "nothing is sent");
	text = rig_describe(&s->rig, &packet, bytes);
	tap_expect(s->tap, strstr(text, script_name(s, "ALLOW(G){L+")) != NULL, "%s",
		   text);
	free(text);
	set(s, 1, "G", "IN{L+50}");
	rig_pull(&s->rig);
	expect_all(s, "ALLOW(G)", "L", 50);
	expect_all(s, "BLOCK(G)", get_source(s, 50), 350);
	rig_clear(&s->rig);
	rig_run(&s->rig, ENGINE_SECOND);
	expect_all(s, "ALLOW(G)", "L", 50);
	expect_all(s, "BLOCK(G)", get_source(s, 50), 350);
	rig_clear(&s->rig);
	quiet(s);
}

static void leave_between_parts(struct script *s)
{
	uint8_t bytes[1500];
	struct engine_packet packet;

	raise_limits(s);
	set(s, 1, "G", "IN{L+400}");
	set(s, 1, "H", "EX{}");
	engine_pull(s->rig.engine, bytes, sizeof(bytes), &packet, s->rig.now);
	tap_expect(s->tap,
		   engine_del_interface(s->rig.engine, RIG_IFINDEX, s->rig.now) == 0,
		   "no interface");
	quiet(s);
}

static void mtu_of_the_next_report(struct script *s)
{
	raise_limits(s);
	set(s, 1, "G", "EX{L+200}");
	set(s, 1, "H", "IN{L+100}");
	rig_run(&s->rig, 0);
	rig_clear(&s->rig);
	set_mtu(s, 1280);
	rig_run(&s->rig, ENGINE_SECOND);
	expect_all(s, "ALLOW(H)", "L", 100);
	expect_all(s, "TO_EX(G)", "L",
		   get_capacity(s, 1280) < 200 ? get_capacity(s, 1280) : 200);
	rig_clear(&s->rig);
	quiet(s);
}

/* 183 groups of an IGMPv3 packet, 72 of an MLDv2 one. */
static void many_groups(struct script *s)
{
	unsigned int fit = s->family == ENGINE_IPV4 ? (1500 - 32) / 8 : (1500 - 56) / 20;
	struct addr group = rig_addr(script_name(s, "G"));
	char text[RIG_ADDR_TEXT], record[80];

	for (unsigned int i = 0; i < 400; i++) {
		rig_format((struct addr){ group.hi, group.lo + i }, text);
		set(s, 1, text, "EX{}");
	}
	for (int turn = 0; turn < 2; turn++) {
		rig_run(&s->rig, turn ? ENGINE_SECOND : 0);
		tap_expect(s->tap, s->rig.n_lines == (399 + fit) / fit, "%zu packets",
			   s->rig.n_lines);
		for (unsigned int i = 0; i < 400; i++) {
			rig_format((struct addr){ group.hi, group.lo + i }, text);
			snprintf(record, sizeof(record), " TO_EX(%s){}", text);
			tap_expect(s->tap, rig_count_like(&s->rig, record) == 1,
				   "%s %zu times", record,
				   rig_count_like(&s->rig, record));
		}
		rig_clear(&s->rig);
	}
	quiet(s);
}

static const struct script_test tests[] = {
	{ "ALLOW of 399 sources is two packets, 365 and 34 in IGMPv3, as the kernel's "
	  "[R-CHG-11, R-FMT-10, S-V3-30, B-12]",
	  allow_399 },
	{ "BLOCK of 400 sources is two packets, 365 and 35 in IGMPv3, as the kernel's "
	  "[R-CHG-11, R-FMT-10, S-V3-30, B-12]",
	  block_400 },
	{ "EXCLUDE of 400 sources is one record cut off, the same each time, as the "
	  "kernel's [R-CHG-11, S-V3-31]",
	  exclude_400 },
	{ "TO_IN and IS_IN go on in the next packet [R-CHG-11, R-QRY-4, S-V3-30, "
	  "S-V3-31]",
	  include_400 },
	{ "a packet is filled to the last byte, and no further [R-FMT-10, B-11, B-12]",
	  exactly_full },
	{ "a record that is too long for the rest of a packet goes into the next "
	  "[R-CHG-11, S-V3-30]",
	  next_record_in_a_packet_of_its_own },
	{ "3,000 sources are told at any MTU, and no packet is larger "
	  "[R-CHG-11, S-V3-30, S-V3-31, B-12]",
	  any_mtu },
	{ "an MTU of 65,535 bytes and more makes no packet larger than that [R-SEC-4, "
	  "B-22]",
	  huge_mtu },
	{ "a buffer smaller than the MTU is filled, too [R-CHG-11]", small_buffer },
	{ "Router Alert is counted where it is sent [R-FMT-10, S-V3-6, B-11]",
	  without_alert },
	{ "a filter that changes between two parts of a report is told as it is "
	  "[R-CHG-5, R-CHG-9, R-CHG-11]",
	  change_between_parts },
	{ "an interface that goes between two parts of a report takes the rest with it "
	  "[R-CHG-11, B-16]",
	  leave_between_parts },
	{ "the MTU that an interface has when a report is made is the one that counts "
	  "[R-CHG-11]",
	  mtu_of_the_next_report },
	{ "400 groups are told in as few packets as they need, twice [R-CHG-4, S-V3-30]",
	  many_groups },
};

int main(void)
{
	struct tap tap = { 0 };

	script_run(&tap, tests, sizeof(tests) / sizeof(tests[0]));
	return tap_finish(&tap);
}
