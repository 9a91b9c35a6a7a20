/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Unit test of how mwatch writes numbers and addresses for people: figures, and names
 * that are looked up while nobody waits.
 */
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "endpoint.h"
#include "figure.h"
#include "tap.h"
#include "view/names.h"

#define SECOND 1000000000ULL

static void set_address(struct sockaddr_storage *address, const char *digits)
{
	const char *why;

	if (endpoint_parse_address(digits, address, &why) < 0)
		tap_bail_out("%s: %s", digits, why);
}

static void expect_text(struct tap *tap, const char *text, const char *wanted)
{
	tap_expect(tap, strcmp(text, wanted) == 0, "%s\ninstead of\n%s", text, wanted);
}

static void check_figures(struct tap *tap)
{
	static const struct {
		double value;
		const char *text;
	} scaled[] = {
		{ 0, "0" },        { 0.5, "0.5" },       { 1, "1" },
		{ 9.9, "9.9" },    { 9.96, "10" },       { 12.3, "12" },
		{ 999, "999" },    { 999.4, "999" },     { 999.6, "1k" },
		{ 1000, "1k" },    { 1234, "1.23k" },    { 12345, "12.3k" },
		{ 99960, "100k" }, { 123456, "123k" },   { 999499, "999k" },
		{ 999600, "1M" },  { 1234567, "1.23M" }, { 1e18, "1E" },
		{ 1.8e19, "18E" },
	};
	static const struct {
		uint64_t ns;
		const char *text;
	} durations[] = {
		{ 0, "0ns" },           { 450, "450ns" },           { 999, "999ns" },
		{ 1000, "1us" },        { 1260, "1.3us" },          { 9940, "9.9us" },
		{ 9960, "10us" },       { 12345, "12us" },          { 999400, "999us" },
		{ 999600, "1ms" },      { 1500000, "1.5ms" },       { 999600000, "1s" },
		{ 34 * SECOND, "34s" }, { 5400 * SECOND, "5400s" },
	};
	static const struct {
		uint64_t value;
		const char *text;
	} exact[] = {
		{ 0, "0" },
		{ 999, "999" },
		{ 1000, "1,000" },
		{ 1234567, "1,234,567" },
		{ UINT64_MAX, "18,446,744,073,709,551,615" },
	};
	char text[FIGURE_TEXT_MAX];

	for (size_t i = 0; i < sizeof(scaled) / sizeof(*scaled); i++) {
		figure_format_scaled(scaled[i].value, text);
		expect_text(tap, text, scaled[i].text);
	}
	for (size_t i = 0; i < sizeof(durations) / sizeof(*durations); i++) {
		figure_format_duration(durations[i].ns, text);
		expect_text(tap, text, durations[i].text);
	}
	for (size_t i = 0; i < sizeof(exact) / sizeof(*exact); i++) {
		figure_format_exact(exact[i].value, text);
		expect_text(tap, text, exact[i].text);
	}
	figure_format_unit(98.7e6, "bit/s", text);
	expect_text(tap, text, "98.7 Mbit/s");
	tap_end(tap, "figures have few digits and the unit that fits");
}

static void check_names(struct tap *tap)
{
	struct sockaddr_storage address = { 0 };
	char text[64] = "", longest[8] = "";
	struct names *names;

	set_address(&address, "fd09::1");
	tap_expect(tap, names_new(&names, false) == 0, "no names");
	names_format(names, &address, text, sizeof(text));
	expect_text(tap, text, "fd09::1");
	names_format(names, &address, longest, 5);
	expect_text(tap, longest, "fd09");
	tap_expect(tap, !names_free(names), "not NULL");
	tap_expect(tap, !names_free(NULL), "not NULL");
	tap_end(tap, "names: digits without looking up");
}

/* Far more addresses than there is room for, none of which has a name (RFC 5737, RFC
 * 3849): nobody waits, and the digits are shown. */
static void check_names_many(struct tap *tap)
{
	struct sockaddr_storage address;
	char text[64], digits[64];
	struct names *names;

	tap_expect(tap, names_new(&names, true) == 0, "no names");
	for (unsigned int i = 0; i < 20000; i++) {
		snprintf(digits, sizeof(digits), "2001:db8::%x", i + 1);
		set_address(&address, digits);
		names_format(names, &address, text, sizeof(text));
		tap_expect(tap, strcmp(text, digits) == 0, "%s: %s", digits, text);
	}
	tap_expect(tap, !names_free(names), "not NULL");
	tap_end(tap, "names: nobody waits for 20,000 of them");
}

static bool is_localhost(struct names *names)
{
	struct sockaddr_storage address;
	char text[64];

	set_address(&address, "127.0.0.1");
	names_format(names, &address, text, sizeof(text));
	return strncmp(text, "localhost", 9) == 0;
}

static void check_names_found(struct tap *tap)
{
	const struct timespec pause = { .tv_nsec = 10000000 };
	struct names *names;
	int patience = 1000;

	tap_expect(tap, names_new(&names, true) == 0, "no names");
	while (!is_localhost(names) && --patience)
		nanosleep(&pause, NULL);
	tap_expect(tap, patience > 0, "127.0.0.1 got no name in 10 s");
	names_free(names);
	tap_end(tap, "names: a name is shown when it is known");
}

int main(void)
{
	struct tap tap = { 0 };

	/* No name server is asked. */
	if (unshare(CLONE_NEWNET) < 0 && unshare(CLONE_NEWUSER | CLONE_NEWNET) < 0)
		tap_comment("no network namespace: names are looked up for real");
	check_figures(&tap);
	check_names(&tap);
	check_names_many(&tap);
	check_names_found(&tap);
	return tap_finish(&tap);
}
