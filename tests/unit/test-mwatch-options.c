/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Unit test of tools/mwatch/options.h: what is accepted means what it says. What is
 * refused is in tests/netns/mwatch-input.bats.
 */
#include <pty.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "options.h"
#include "tap.h"

#define WORDS_MAX 24

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

static bool has_text(const char *text, const char *expected)
{
	return text && strcmp(text, expected) == 0;
}

static bool has_defaults(const struct options *o)
{
	return o->n_interfaces == 1 && has_text(o->interfaces[0], "eth0") &&
	       o->n_groups == 0 && !o->is_join && !o->pid && !o->is_delivered &&
	       !o->has_all_multicast && o->flow.loss == FLOW_LOSS_AUTO &&
	       o->flow.max == 0 && o->flow.rtp_clock == 0 && o->ring_size == 0 &&
	       o->interval_ms == 1000 && !o->count && !o->duration_ms && !o->top &&
	       o->order == ORDER_RATE && !o->has_names && !o->expect.n && !o->record &&
	       !o->report && !o->listen && !o->textfile;
}

static bool has_targets(const struct options *o)
{
	return o->n_interfaces == 5 && has_text(o->interfaces[0], "eth0") &&
	       has_text(o->interfaces[1], "2") &&
	       has_text(o->interfaces[2], "10.9.0.100") &&
	       has_text(o->interfaces[3], "fd09::100") &&
	       has_text(o->interfaces[4], "br-lan.100") && o->n_groups == 3 &&
	       o->groups[0].n_groups == 3 && o->groups[0].port == 5000 &&
	       o->groups[1].n_groups == 1 && o->groups[1].port == 0 &&
	       o->groups[2].group.ss_family == AF_INET6 && o->groups[2].port == 7;
}

static bool is_include(const struct options *o)
{
	return o->is_join && o->fmode == MCAST_INCLUDE && o->n_sources == 3;
}

static bool is_exclude(const struct options *o)
{
	return o->is_join && o->fmode == MCAST_EXCLUDE && o->n_sources == 1;
}

static bool is_any(const struct options *o)
{
	return o->is_join && o->fmode == MCAST_EXCLUDE && o->n_sources == 0;
}

static bool has_numbers(const struct options *o)
{
	return o->interval_ms == 250 && o->count == 7 && o->duration_ms == 90000 &&
	       o->top == 3 && o->pid == 42 && o->flow.max == 100 &&
	       o->ring_size == 16u << 20 && o->flow.rtp_clock == 48000;
}

static bool has_field(const struct options *o)
{
	return o->flow.loss == FLOW_LOSS_FIELD && o->flow.sequence.offset == 4 &&
	       o->flow.sequence.size == 2 && !o->flow.sequence.is_little_endian &&
	       !o->flow.has_count;
}

static bool has_fields(const struct options *o)
{
	return o->flow.loss == FLOW_LOSS_FIELD && o->flow.sequence.offset == 10 &&
	       o->flow.sequence.size == 8 && o->flow.sequence.is_little_endian &&
	       o->flow.has_count && o->flow.count.offset == 18 &&
	       o->flow.count.size == 2 && !o->flow.count.is_little_endian;
}

static bool is_ts(const struct options *o)
{
	return o->flow.loss == FLOW_LOSS_TS;
}

static bool is_json(const struct options *o)
{
	return o->view == OPTIONS_JSON && o->order == ORDER_LOST && o->has_names &&
	       o->is_delivered && o->has_all_multicast;
}

static bool is_csv(const struct options *o)
{
	return o->view == OPTIONS_CSV;
}

static bool is_quiet(const struct options *o)
{
	return o->view == OPTIONS_QUIET && has_text(o->record, "-");
}

/* Standard output is no terminal here, or TERM none that is good for more. */
static bool is_text(const struct options *o)
{
	return o->view == OPTIONS_TEXT;
}

static bool has_places(const struct options *o)
{
	return has_text(o->record, "rec") && has_text(o->listen, "9000") &&
	       has_text(o->textfile, "m.prom") && o->expect.n == 2;
}

static bool is_report(const struct options *o)
{
	return has_text(o->report, "page.html") && has_text(o->input, "rec");
}

static bool is_report_of_input(const struct options *o)
{
	return has_text(o->report, "page.html") && !o->input;
}

static const struct {
	const char *line;
	bool (*is_so)(const struct options *o);
} lines[] = {
	{ "eth0", has_defaults },
	{ "eth0 2 232.1.1.1+3:5000 10.9.0.100 fd09::100 232.2.2.2 br-lan.100 [ff3e::1]:7",
	  has_targets },
	{ "--join -s 10.9.0.2,10.9.0.1 -s 10.9.0.3 eth0 232.1.1.1", is_include },
	{ "-J -x 10.9.0.1 eth0 232.1.1.1", is_exclude },
	{ "-J eth0 232.1.1.1 ff3e::1", is_any },
	{ "-i 0.25 -n 7 -d 90 -t 3 -p 42 --flows 100 --ring 16 --rtp-clock 48000 eth0",
	  has_numbers },
	{ "--seq 4:2 eth0", has_field },
	{ "--seq 4:2:be eth0", has_field },
	{ "--seq 10:8:le+18:2 eth0", has_fields },
	{ "--seq=10:8:le+18:2:be eth0", has_fields },
	{ "-l ts eth0", is_ts },
	{ "-j -o lost -r --delivered --all-multicast eth0", is_json },
	{ "--csv eth0", is_csv },
	{ "-q --record - eth0", is_quiet },
	{ "--text eth0", is_text },
	{ "--record rec --listen 9000 --textfile m.prom -e 10.9.0.1,232.1.1.1 "
	  "-e 10.9.0.2,232.1.1.1 eth0",
	  has_places },
	{ "--report page.html rec", is_report },
	{ "--report page.html", is_report_of_input },
};

static void check_line(struct tap *tap, size_t i)
{
	const char *words[WORDS_MAX + 1] = { "mwatch" };
	char *line = strdup(lines[i].line), *rest = line;
	struct options options;
	int n = 1, r;

	while (rest && n < WORDS_MAX)
		words[n++] = strsep(&rest, " ");
	r = options_parse(&options, n, words);
	tap_expect(tap, r == 1, "r %d", r);
	tap_expect(tap, r == 1 && lines[i].is_so(&options), "read in another way");
	options_fini(&options);
	free(line);
	tap_end(tap, "mwatch %s", lines[i].line);
}

/* What is chosen on a terminal of this kind; NULL: TERM is not set. */
static enum options_view get_view(const char *term, const char *option)
{
	const char *words[] = { "mwatch", "eth0", option, NULL };
	struct options options;
	enum options_view view;
	int ours, terminal, saved_input = dup(STDIN_FILENO),
			    saved_output = dup(STDOUT_FILENO);

	if (term)
		setenv("TERM", term, 1);
	else
		unsetenv("TERM");
	fflush(stdout);
	if (openpty(&ours, &terminal, NULL, NULL, NULL) < 0 ||
	    dup2(terminal, STDIN_FILENO) < 0 || dup2(terminal, STDOUT_FILENO) < 0)
		tap_bail_out("openpty: %m");
	options_parse(&options, option ? 3 : 2, words);
	view = options.view;
	options_fini(&options);
	dup2(saved_input, STDIN_FILENO);
	dup2(saved_output, STDOUT_FILENO);
	close(saved_input);
	close(saved_output);
	close(terminal);
	close(ours);
	return view;
}

static void check_terminals(struct tap *tap)
{
	static const struct {
		const char *term, *option;
		enum options_view view;
	} terminals[] = {
		{ "xterm", NULL, OPTIONS_LIVE },     { "dumb", NULL, OPTIONS_TEXT },
		{ "", NULL, OPTIONS_TEXT },          { NULL, NULL, OPTIONS_TEXT },
		{ "xterm", "--text", OPTIONS_TEXT }, { "xterm", "--json", OPTIONS_JSON },
		{ "xterm", "--csv", OPTIONS_CSV },   { "xterm", "-q", OPTIONS_QUIET },
	};

	for (size_t i = 0; i < ARRAY_SIZE(terminals); i++) {
		const char *term = terminals[i].term, *option = terminals[i].option;
		enum options_view view = get_view(term, option);

		tap_expect(tap, view == terminals[i].view, "TERM=%s %s: view %d",
			   term ? term : "(none)", option ? option : "", view);
	}
	tap_end(tap, "the live view is for terminals that can show it");
}

int main(void)
{
	struct tap tap = { 0 };

	for (size_t i = 0; i < ARRAY_SIZE(lines); i++)
		check_line(&tap, i);
	check_terminals(&tap);
	return tap_finish(&tap);
}
