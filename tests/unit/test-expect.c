/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Unit test of tools/mwatch/expect.h: what is read as an expectation, when it is met,
 * and what is said when it is not.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "expect.h"
#include "tap.h"

#define NSEC_PER_SEC 1000000000ull

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

/* Words and why they are refused, by a part of the reason; NULL: they are not. */
static const struct {
	const char *word, *why;
} words[] = {
	{ "10.9.0.1,232.1.1.1", NULL },
	{ "10.9.0.1,232.1.1.1:5000", NULL },
	{ "10.9.0.1,232.1.1.1:5000,100", NULL },
	{ "10.9.0.1,232.1.1.1,0.5", NULL },
	{ "10.9.0.1,232.1.1.1,0", NULL },
	{ "fd09::1,ff3e::1", NULL },
	{ "fd09::1,[ff3e::1]:5000,3", NULL },
	{ "", "must be SOURCE,GROUP" },
	{ "10.9.0.1", "must be SOURCE,GROUP" },
	{ "10.9.0.1,232.1.1.1,1,2", "must be SOURCE,GROUP" },
	{ ",232.1.1.1", "the address is missing" },
	{ "10.9.0.1,", "the address is missing" },
	{ "10.9.0,232.1.1.1", "misspelt IPv4" },
	{ "232.1.1.1,232.1.1.1", "cannot be a source" },
	{ "0.0.0.0,232.1.1.1", "cannot be a source" },
	{ "10.9.0.1,10.9.0.2", "no multicast address" },
	{ "10.9.0.1,232.1.1.1+2", "not of a range" },
	{ "10.9.0.1,232.1.1.1:0", "port" },
	{ "10.9.0.1,ff3e::1", "one family" },
	{ "fd09::1,232.1.1.1", "one family" },
	{ "10.9.0.1,232.1.1.1,", "MIN_PPS" },
	{ "10.9.0.1,232.1.1.1,x", "MIN_PPS" },
	{ "10.9.0.1,232.1.1.1,-1", "MIN_PPS" },
	{ "10.9.0.1,232.1.1.1,1e3", "MIN_PPS" },
	{ "10.9.0.1,232.1.1.1,nan", "MIN_PPS" },
	{ "10.9.0.1,232.1.1.1,inf", "MIN_PPS" },
	{ "10.9.0.1,232.1.1.1,1.2.3", "MIN_PPS" },
	{ "10.9.0.1,232.1.1.1,9999999999999999", "MIN_PPS" },
};

static void check_word(struct tap *tap, size_t i)
{
	struct expect_list list = { 0 };
	const char *why = "";
	int r = expect_list_add(&list, words[i].word, &why);

	if (words[i].why) {
		tap_expect(tap, r == -EINVAL && list.n == 0, "r %d, %u in the list", r,
			   list.n);
		tap_expect(tap, strstr(why, words[i].why) != NULL, "why: %s", why);
	} else {
		tap_expect(tap, r == 0 && list.n == 1, "r %d: %s", r, why);
	}
	expect_list_fini(&list);
	tap_end(tap, "\"%s\" is %s", words[i].word,
		words[i].why ? "refused" : "an expectation");
}

/* 10.9.0.SOURCE to 232.1.1.GROUP, on two interfaces; both times are 2 s. */
struct flow {
	uint8_t source, group;
	uint16_t port;
	uint32_t i_interface;
	uint64_t interval, total; /* packets */
	bool is_outgoing;
};

#define FLOWS_MAX 8

struct scene {
	struct sample sample;
	struct sample_interface interfaces[2];
	struct sample_flow flows[FLOWS_MAX];
};

static void scene_init(struct scene *scene, uint32_t n_interfaces,
		       const struct flow *flows, uint32_t n_flows)
{
	*scene = (struct scene){
		.sample = { .interval_ns = 2 * NSEC_PER_SEC,
			    .total_ns = 2 * NSEC_PER_SEC,
			    .n_interfaces = n_interfaces,
			    .n_flows = n_flows },
		.interfaces = { { .name = "eth0" }, { .name = "eth1" } },
	};
	scene->sample.interfaces = scene->interfaces;
	scene->sample.flows = scene->flows;
	for (uint32_t i = 0; i < n_flows; i++)
		scene->flows[i] = (struct sample_flow){
			.family = AF_INET,
			.source = { 10, 9, 0, flows[i].source },
			.group = { 232, 1, 1, flows[i].group },
			.port = flows[i].port,
			.i_interface = flows[i].i_interface,
			.is_outgoing = flows[i].is_outgoing,
			.interval = { .packets = flows[i].interval },
			.total = { .packets = flows[i].total },
		};
}

/* What is expected of one scene. */
static const struct {
	const char *what;
	const char *words[2];
	uint32_t n_interfaces;
	struct flow flows[FLOWS_MAX];
	bool is_met_now, is_met_in_all;
	const char *said; /* of the whole run */
} cases[] = {
	{ "nothing is expected", { NULL }, 1, { { 0 } }, true, true, "" },
	{ "one packet is enough",
	  { "10.9.0.1,232.1.1.1:5000" },
	  1,
	  { { 1, 1, 5000, 0, 1, 1 } },
	  true,
	  true,
	  "" },
	{ "any port, when none is named",
	  { "10.9.0.1,232.1.1.1" },
	  1,
	  { { 1, 1, 7, 0, 1, 1 } },
	  true,
	  true,
	  "" },
	{ "nothing came",
	  { "10.9.0.1,232.1.1.1:5000" },
	  1,
	  { { 0 } },
	  false,
	  false,
	  "eth0: 10.9.0.1 to 232.1.1.1:5000: expected a packet, never seen\n" },
	{ "of two interfaces none is named when nothing came",
	  { "10.9.0.1,232.1.1.1:5000" },
	  2,
	  { { 0 } },
	  false,
	  false,
	  "10.9.0.1 to 232.1.1.1:5000: expected a packet, never seen\n" },
	{ "another source is no match, and is named",
	  { "10.9.0.1,232.1.1.1:5000" },
	  1,
	  { { 2, 1, 5000, 0, 1, 1 } },
	  false,
	  false,
	  "eth0: 10.9.0.1 to 232.1.1.1:5000: expected a packet, never seen; the group "
	  "came from 10.9.0.2 to port 5000\n" },
	{ "neither is another port",
	  { "10.9.0.1,232.1.1.1:5000,3" },
	  1,
	  { { 1, 1, 5001, 0, 1, 1 } },
	  false,
	  false,
	  "eth0: 10.9.0.1 to 232.1.1.1:5000: expected at least 3 packets/s, never seen; "
	  "the group came from 10.9.0.1 to port 5001\n" },
	{ "nor another group, which says nothing of this one",
	  { "10.9.0.1,232.1.1.1:5000" },
	  1,
	  { { 1, 2, 5000, 0, 1, 1 } },
	  false,
	  false,
	  "eth0: 10.9.0.1 to 232.1.1.1:5000: expected a packet, never seen\n" },
	{ "nor what this host sends itself",
	  { "10.9.0.1,232.1.1.1:5000" },
	  1,
	  { { 1, 1, 5000, 0, 1, 1, true } },
	  false,
	  false,
	  "eth0: 10.9.0.1 to 232.1.1.1:5000: expected a packet, never seen\n" },
	{ "three of many others are named",
	  { "10.9.0.9,232.1.1.1" },
	  1,
	  { { 1, 1, 1, 0, 1, 1 },
	    { 2, 1, 2, 0, 1, 1 },
	    { 3, 1, 3, 0, 1, 1 },
	    { 4, 1, 4, 0, 1, 1 },
	    { 5, 1, 5, 0, 1, 1 } },
	  false,
	  false,
	  "eth0: 10.9.0.9 to 232.1.1.1: expected a packet, never seen; the group came "
	  "from 10.9.0.1 to port 1, 10.9.0.2 to port 2, 10.9.0.3 to port 3 and 2 "
	  "more\n" },
	{ "the rate that is asked for",
	  { "10.9.0.1,232.1.1.1:5000,50" },
	  1,
	  { { 1, 1, 5000, 0, 100, 100 } },
	  true,
	  true,
	  "" },
	{ "one packet less is too few",
	  { "10.9.0.1,232.1.1.1:5000,50" },
	  1,
	  { { 1, 1, 5000, 0, 99, 99 } },
	  false,
	  false,
	  "eth0: 10.9.0.1 to 232.1.1.1:5000: expected at least 50 packets/s, saw "
	  "49.5\n" },
	{ "too few never look like enough",
	  { "10.9.0.1,232.1.1.1:5000,100000" },
	  1,
	  { { 1, 1, 5000, 0, 199999, 199999 } },
	  false,
	  false,
	  "eth0: 10.9.0.1 to 232.1.1.1:5000: expected at least 100000 packets/s, saw "
	  "99999.5\n" },
	{ "the interval and the whole are judged apart",
	  { "10.9.0.1,232.1.1.1:5000,50" },
	  1,
	  { { 1, 1, 5000, 0, 100, 10 } },
	  true,
	  false,
	  "eth0: 10.9.0.1 to 232.1.1.1:5000: expected at least 50 packets/s, saw 5.0\n" },
	{ "ports are added up when none is named",
	  { "10.9.0.1,232.1.1.1,50" },
	  1,
	  { { 1, 1, 1, 0, 60, 60 }, { 1, 1, 2, 0, 40, 40 } },
	  true,
	  true,
	  "" },
	{ "interfaces are not, and the best one is named",
	  { "10.9.0.1,232.1.1.1,50" },
	  2,
	  { { 1, 1, 1, 0, 40, 40 }, { 1, 1, 1, 1, 60, 60 } },
	  false,
	  false,
	  "eth1: 10.9.0.1 to 232.1.1.1: expected at least 50 packets/s, saw 30.0\n" },
	{ "one interface of two is enough",
	  { "10.9.0.1,232.1.1.1,50" },
	  2,
	  { { 1, 1, 1, 1, 100, 100 } },
	  true,
	  true,
	  "" },
	{ "of two expectations each one that is not met is said",
	  { "10.9.0.1,232.1.1.1", "10.9.0.2,232.1.1.2,7" },
	  1,
	  { { 1, 1, 1, 0, 1, 1 } },
	  false,
	  false,
	  "eth0: 10.9.0.2 to 232.1.1.2: expected at least 7 packets/s, never seen\n" },
};

/* What the call says on standard error, without the name of the program. */
static uint32_t say(const struct expect_list *list, const struct sample *sample,
		    char *buf, size_t len)
{
	size_t skipped = strlen(program_invocation_short_name) + strlen(": ");
	int saved = dup(STDERR_FILENO), kept = memfd_create("said", MFD_CLOEXEC);
	char line[1024] = "";
	uint32_t n_unmet;
	ssize_t n;

	if (saved < 0 || kept < 0 || dup2(kept, STDERR_FILENO) < 0)
		tap_bail_out("standard error: %m");
	n_unmet = expect_list_say(list, sample);
	dup2(saved, STDERR_FILENO);
	close(saved);
	n = pread(kept, line, sizeof(line) - 1, 0);
	close(kept);
	snprintf(buf, len, "%s", n > (ssize_t)skipped ? line + skipped : "");
	return n_unmet;
}

static void check_case(struct tap *tap, size_t i)
{
	struct expect_list list = { 0 };
	struct scene scene;
	uint32_t n_flows = 0;
	char said[1024];
	const char *why;
	uint32_t n_unmet;

	for (size_t k = 0; k < ARRAY_SIZE(cases[i].words) && cases[i].words[k]; k++)
		if (expect_list_add(&list, cases[i].words[k], &why) < 0)
			tap_bail_out("%s: %s", cases[i].words[k], why);
	while (n_flows < FLOWS_MAX && cases[i].flows[n_flows].source)
		n_flows++;
	scene_init(&scene, cases[i].n_interfaces, cases[i].flows, n_flows);
	tap_expect(tap,
		   expect_list_is_met(&list, &scene.sample, false) == cases[i].is_met_now,
		   "in the interval it is not as expected");
	tap_expect(tap,
		   expect_list_is_met(&list, &scene.sample, true) ==
			   cases[i].is_met_in_all,
		   "in the whole run it is not as expected");
	n_unmet = say(&list, &scene.sample, said, sizeof(said));
	tap_expect(tap, (n_unmet == 0) == cases[i].is_met_in_all, "%u are not met",
		   n_unmet);
	tap_expect(tap, strcmp(said, cases[i].said) == 0, "said: %s", said);
	expect_list_fini(&list);
	tap_end(tap, "%s", cases[i].what);
}

static void check_ipv6(struct tap *tap)
{
	struct expect_list list = { 0 };
	struct scene scene;
	const struct flow flow = { 1, 1, 5000, 0, 1, 1 };
	const char *why;

	if (expect_list_add(&list, "fd09::1,[ff3e::1]:5000", &why) < 0)
		tap_bail_out("%s", why);
	scene_init(&scene, 1, &flow, 1);
	tap_expect(tap, !expect_list_is_met(&list, &scene.sample, true), "by IPv4");
	scene.flows[0].family = AF_INET6;
	memcpy(scene.flows[0].source, "\xfd\x09\0\0\0\0\0\0\0\0\0\0\0\0\0\1", 16);
	memcpy(scene.flows[0].group, "\xff\x3e\0\0\0\0\0\0\0\0\0\0\0\0\0\1", 16);
	tap_expect(tap, expect_list_is_met(&list, &scene.sample, true), "not met");
	scene.flows[0].source[8] = 1;
	tap_expect(tap, !expect_list_is_met(&list, &scene.sample, true),
		   "by an address that differs in its middle");
	expect_list_fini(&list);
	tap_end(tap, "IPv6 is told by all 16 bytes");
}

int main(void)
{
	struct tap tap = { 0 };

	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		check_word(&tap, i);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		check_case(&tap, i);
	check_ipv6(&tap);
	return tap_finish(&tap);
}
