/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What comes between two parts of a record that is split (RFC 9776 4.2.16): queries, and
 * another range of source-specific groups. Each part is told once, and nothing is lost.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "script.h"

#define PARTS 3u

/* The sources of a record that fills a packet, and those of a list in three parts. */
static unsigned int get_capacity(const struct script *s)
{
	return s->family == ENGINE_IPV4 ? 365 : 89;
}

static unsigned int get_count(const struct script *s)
{
	return s->family == ENGINE_IPV4 ? 1000 : 250;
}

static const char *get_list(struct script *s)
{
	static char list[32];

	snprintf(list, sizeof(list), "L+%u", get_count(s));
	return list;
}

/* "* ALLOW(G){10.1.0.0+365}": part i, from 0 on. */
static void write_part(struct script *s, const char *record, unsigned int i,
		       char ret_text[128])
{
	unsigned int first = i * get_capacity(s), n = get_count(s) - first;
	struct addr addr = rig_addr(script_name(s, "L"));
	char text[RIG_ADDR_TEXT];

	addr.lo += first;
	rig_format(addr, text);
	if (n > get_capacity(s))
		n = get_capacity(s);
	snprintf(ret_text, 128, "%s{%s+%u}", script_name(s, record), text, n);
}

/* One packet; where none is due now, the next that is. */
static int pull(struct script *s, void *bytes, size_t size, struct engine_packet *ret)
{
	int r = 0;

	for (int i = 0; i < 100; i++) {
		r = engine_pull(s->rig.engine, bytes, size, ret, s->rig.now);
		if (r || engine_get_deadline(s->rig.engine) == ENGINE_NEVER)
			break;
		s->rig.now = engine_get_deadline(s->rig.engine);
	}
	return r;
}

/* The next packet is that part. */
static void expect_next_part(struct script *s, const char *record, unsigned int i)
{
	uint8_t bytes[1500];
	struct engine_packet packet;
	char expected[128], *text;
	int r = pull(s, bytes, sizeof(bytes), &packet);

	write_part(s, record, i, expected);
	if (!tap_expect(s->tap, r == 1, "part %u: nothing is sent", i))
		return;
	text = rig_describe(&s->rig, &packet, bytes);
	if (!tap_expect(s->tap, strcmp(text, expected) == 0, "part %u: another", i))
		tap_comment("%s", text);
	free(text);
}

static bool pull_any(struct script *s)
{
	uint8_t bytes[1500];
	struct engine_packet packet;

	return pull(s, bytes, sizeof(bytes), &packet) == 1;
}

/* Some line names it. */
static void expect_source(struct script *s, const char *source)
{
	char first[32], other[32];
	size_t n;

	snprintf(first, sizeof(first), "{%s", script_name(s, source));
	snprintf(other, sizeof(other), ",%s", script_name(s, source));
	n = rig_count_like(&s->rig, first) + rig_count_like(&s->rig, other);
	tap_expect(s->tap, n > 0, "%s is not told", source);
}

/* And it is sent now. */
static void expect_part(struct script *s, const char *record, unsigned int i)
{
	uint64_t now = s->rig.now;

	expect_next_part(s, record, i);
	tap_expect(s->tap, s->rig.now == now, "part %u is late", i);
}

/* All parts, that often each. */
static void expect_parts(struct script *s, const char *record, size_t n)
{
	char text[128];

	for (unsigned int i = 0; i < PARTS; i++) {
		write_part(s, record, i, text);
		tap_expect(s->tap, rig_count(&s->rig, text) == n, "%s %zu times, not %zu",
			   text, rig_count(&s->rig, text), n);
	}
}

static void join(struct script *s, const char *group)
{
	char filter[48];

	set_tunable(s, ENGINE_SOMAXSRC, 10000);
	set_tunable(s, ENGINE_MAXSRCFILTER, 10000);
	snprintf(filter, sizeof(filter), "IN{%s}", get_list(s));
	set(s, 1, group, filter);
}

/* Anybody can ask for sources: such as are in the list, and before and behind it. */
static void ask_for_sources(struct script *s, unsigned int i)
{
	static const char *const behind[ENGINE_FAMILIES] = { "10.200.0.1", "fdff::1" };
	static const char *const sources[] = { "c,L", "a,L", "b" };

	ask(s, 100000, "G", sources[i % 3]);
	ask(s, 100000, "G", behind[s->family]);
	ask(s, 100000, "G", "L+3");
}

static void sources_amid_a_change(struct script *s)
{
	join(s, "G");
	for (unsigned int i = 0; i < PARTS; i++) {
		expect_part(s, "* ALLOW(G)", i);
		ask_for_sources(s, i);
	}
	rig_expect_now(&s->rig, s->tap, "then", "");
	rig_run(&s->rig, ENGINE_SECOND);
	expect_parts(s, "* ALLOW(G)", 1);
	settle(s);
}

/* In the repetition, too, and though the questions are answered meanwhile. */
static void sources_amid_a_repetition(struct script *s)
{
	join(s, "G");
	rig_pull(&s->rig);
	rig_clear(&s->rig);
	for (unsigned int i = 0; i < PARTS; i++) {
		expect_next_part(s, "* ALLOW(G)", i);
		ask_for_sources(s, i);
	}
	rig_expect_now(&s->rig, s->tap, "then", "");
	rig_run(&s->rig, 100 * ENGINE_SECOND);
	expect_parts(s, "* ALLOW(G)", 0);
	settle(s);
}

static void sources_amid_a_group_answer(struct script *s)
{
	join(s, "G");
	settle(s);
	ask(s, 1000, "G", NULL);
	s->rig.now += ENGINE_SECOND;
	for (unsigned int i = 0; i < PARTS; i++) {
		expect_part(s, "* IS_IN(G)", i);
		ask_for_sources(s, i);
	}
	rig_expect_now(&s->rig, s->tap, "then", "");
	/* Who has asked amid it is answered, once, however often that was. */
	rig_run(&s->rig, 100 * ENGINE_SECOND);
	expect_parts(s, "* IS_IN(G)", 1);
	settle(s);
}

/* The packets of a general answer are apart; the others come behind them. */
static void sources_amid_the_general_answer(struct script *s)
{
	join(s, "G");
	settle(s);
	s->rig.is_fixed = true;
	s->rig.fixed_draw = UINT32_MAX;
	ask(s, 10000, NULL, NULL);
	for (unsigned int i = 0; i < PARTS; i++) {
		expect_next_part(s, "* IS_IN(G)", i);
		ask_for_sources(s, i);
		rig_expect_now(&s->rig, s->tap, "at once", "");
	}
	rig_run(&s->rig, 1000 * ENGINE_SECOND);
	expect_parts(s, "* IS_IN(G)", 0);
	settle(s);
}

/* What is asked for amid the answer is told, though it belongs before what was. */
static void sources_amid_an_answer_about_sources(struct script *s)
{
	static const char *const asked[ENGINE_FAMILIES][2] = {
		{ "10.1.0.0+300", "10.1.2.0+300" }, { "fd01::+80", "fd01::1000+80" }
	};

	set_tunable(s, ENGINE_MAXQUERYSRC, 1000);
	set(s, 1, "G", "EX{}");
	settle(s);
	for (int i = 0; i < 2; i++)
		ask(s, 1000, "G", asked[s->family][i]);
	s->rig.now += ENGINE_SECOND;
	tap_expect(s->tap, pull_any(s), "no answer");
	ask(s, 1000, "G", "a");
	ask(s, 1000, "G", "z");
	rig_run(&s->rig, ENGINE_SECOND);
	expect_source(s, "a");
	expect_source(s, "z");
	tap_expect(s->tap, s->rig.n_lines <= 3, "%zu packets more", s->rig.n_lines);
	settle(s);
}

/* Turns the clock until a packet of the general answer comes. */
static bool run_to_packet(struct script *s)
{
	for (int i = 0; i < 100 && !s->rig.n_lines; i++)
		rig_run(&s->rig, 100 * RIG_MS);
	return s->rig.n_lines > 0;
}

/* Who has asked last hears all of it, the parts before it once more. */
static void general_amid_the_general_answer(struct script *s)
{
	for (unsigned int n_before = 1; n_before < PARTS; n_before++) {
		script_reseed(s, n_before);
		join(s, "G");
		settle(s);
		ask(s, 10000, NULL, NULL);
		for (unsigned int i = 0; i < n_before; i++) {
			tap_expect(s->tap, run_to_packet(s), "no packet %u", i);
			rig_clear(&s->rig);
		}
		ask(s, 10000, NULL, NULL);
		rig_run(&s->rig, 20 * ENGINE_SECOND);
		for (unsigned int i = 0; i < PARTS; i++) {
			char text[128];

			write_part(s, "* IS_IN(G)", i, text);
			tap_expect(s->tap,
				   rig_count(&s->rig, text) >= 1 &&
					   rig_count(&s->rig, text) <= 2,
				   "%u before: %s %zu times", n_before, text,
				   rig_count(&s->rig, text));
		}
		rig_clear(&s->rig);
		quiet(s);
	}
}

/* Other groups do not wait for it, or come twice. */
static void general_amid_one_of_many(struct script *s)
{
	set(s, 1, "H", "EX{}");
	join(s, "G");
	set(s, 1, "J", "EX{}");
	settle(s);
	ask(s, 10000, NULL, NULL);
	while (!rig_count_like(&s->rig, script_name(s, " IS_IN(G){")) &&
	       s->rig.n_lines < 10)
		rig_run(&s->rig, 10 * RIG_MS);
	rig_clear(&s->rig);
	ask(s, 10000, NULL, NULL);
	rig_run(&s->rig, 10 * ENGINE_SECOND + RIG_MS);
	tap_expect(s->tap,
		   rig_count_like(&s->rig, script_name(s, " IS_EX(H){}")) == 1 &&
			   rig_count_like(&s->rig, script_name(s, " IS_EX(J){}")) == 1,
		   "others are not told once");
	settle(s);
}

/* A change says what is new when it is made; that it is told again says nothing. */
static void repetition_amid_the_general_answer(struct script *s)
{
	for (unsigned int seed = 1; seed <= 20; seed++) {
		script_reseed(s, seed);
		join(s, "G");
		settle(s);
		set(s, 2, "G", "IN{z}");
		rig_run(&s->rig, 0);
		rig_clear(&s->rig);
		ask(s, 1000, NULL, NULL);
		rig_run(&s->rig, 3 * ENGINE_SECOND);
		tap_expect(s->tap,
			   rig_count_like(&s->rig, script_name(s, " IS_IN(G){")) == PARTS,
			   "seed %u: %zu parts", seed,
			   rig_count_like(&s->rig, script_name(s, " IS_IN(G){")));
		settle(s);
	}
}

static void move_range(struct script *s)
{
	bool is_ipv4 = s->family == ENGINE_IPV4;
	int r = engine_set_ssm_range(s->rig.engine, s->family,
				     rig_addr(is_ipv4 ? "239.9.0.0" : "ff0e:9::"),
				     is_ipv4 ? 16 : 32, s->rig.now);

	tap_expect(s->tap, r == 0, "engine_set_ssm_range(): %d", r);
}

/* P is one: what is included is told. Then it is none: EXCLUDE is. */
static void begin_source_specific(struct script *s)
{
	join(s, "P");
	set(s, 2, "P", "EX{a}");
	settle(s);
}

static void range_amid_a_group_answer(struct script *s)
{
	begin_source_specific(s);
	ask(s, 1000, "P", NULL);
	s->rig.now += ENGINE_SECOND;
	expect_part(s, "* IS_IN(P)", 0);
	move_range(s);
	now(s, "* TO_EX(P){a}\n* IS_EX(P){a}");
	in_ms(s, 1000, "* TO_EX(P){a}");
	quiet(s);
}

static void range_amid_the_general_answer(struct script *s)
{
	begin_source_specific(s);
	ask(s, 10000, NULL, NULL);
	expect_next_part(s, "* IS_IN(P)", 0);
	move_range(s);
	rig_run(&s->rig, 20 * ENGINE_SECOND);
	tap_expect(s->tap,
		   s->rig.n_lines == 3 &&
			   rig_count(&s->rig, script_name(s, "* TO_EX(P){a}")) == 2 &&
			   rig_count(&s->rig, script_name(s, "* IS_EX(P){a}")) == 1,
		   "%zu packets, not two of TO_EX and one of IS_EX", s->rig.n_lines);
	settle(s);
}

/* A change that is split: what is left of ALLOW is in TO_EX. */
static void range_amid_a_change(struct script *s)
{
	set(s, 2, "P", "EX{a}");
	join(s, "P");
	expect_part(s, "* ALLOW(P)", 0);
	move_range(s);
	now(s, "* TO_EX(P){a}");
	rig_run(&s->rig, ENGINE_SECOND);
	tap_expect(s->tap, rig_count(&s->rig, script_name(s, "* TO_EX(P){a}")) == 1,
		   "it is not told twice");
	settle(s);
}

static const struct script_test tests[] = {
	{ "queries for sources amid ALLOW in three parts leave each part alone "
	  "[R-CHG-11, R-SEC-1]",
	  sources_amid_a_change },
	{ "and amid its repetition, too [R-CHG-4, R-CHG-11, R-SEC-1]",
	  sources_amid_a_repetition },
	{ "amid IS_IN in three parts that answers a Group query, and is told once more "
	  "then [R-CHG-11, R-QRY-3, R-SEC-1]",
	  sources_amid_a_group_answer },
	{ "amid one that answers a General Query [R-CHG-11, R-SEC-1]",
	  sources_amid_the_general_answer },
	{ "a source that is asked for amid a long answer about others is told "
	  "[R-QRY-3, R-CHG-11]",
	  sources_amid_an_answer_about_sources },
	{ "a General Query between two parts has all of them told once more "
	  "[R-QRY-3, R-QRY-4]",
	  general_amid_the_general_answer },
	{ "and the other groups once [R-QRY-3, R-QRY-4]", general_amid_one_of_many },
	{ "the repetition of a change between two parts begins none of them again "
	  "[R-CHG-4, R-CHG-11]",
	  repetition_amid_the_general_answer },
	{ "a group that is source-specific no longer is told as a whole, though IS_IN is "
	  "half told [R-SSM-3, R-CHG-11]",
	  range_amid_a_group_answer },
	{ "so it is in an answer to a General Query [R-SSM-3, R-QRY-4]",
	  range_amid_the_general_answer },
	{ "so it is where ALLOW is half told [R-SSM-3, R-CHG-9]", range_amid_a_change },
};

int main(void)
{
	struct tap tap = { 0 };

	script_run(&tap, tests, sizeof(tests) / sizeof(tests[0]));
	return tap_finish(&tap);
}
