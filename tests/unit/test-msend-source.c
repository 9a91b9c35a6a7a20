/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Unit test of tools/msend/source.h: ranges of addresses, their ends, and what two of
 * them have in common.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "source.h"
#include "tap.h"

static const struct {
	const char *text;
	const char *last; /* NULL: refused */
} rows[] = {
	{ "10.1.0.0", "10.1.0.0" },
	{ "10.1.0.0+1", "10.1.0.0" },
	{ "10.1.0.254+4", "10.1.1.1" },
	{ "10.0.0.0+1048576", "10.15.255.255" },
	{ "10.255.255.255+2", "11.0.0.0" },
	{ "223.255.255.254+2", "223.255.255.255" },
	{ "255.255.255.250+5", "255.255.255.254" },
	{ "fd00::1", "fd00::1" },
	{ "fd00::ffff:ffff+2", "fd00::1:0:0" },
	{ "fd00::ffff:ffff:ffff:ffff+3", "fd00:0:0:1::1" },
	{ "2001:db8::+1048576", "2001:db8::f:ffff" },
	{ "10.0.0.0+1048577", NULL },
	{ "10.0.0.0+0", NULL },
	{ "10.0.0.0+", NULL },
	{ "10.0.0.0+ 2", NULL },
	{ "10.0.0.0++2", NULL },
	{ "10.0.0.0+2+2", NULL },
	{ "10.0.0.0+18446744073709551617", NULL },
	{ "+2", NULL },
	{ "10.0.0", NULL },
	{ "0.0.0.1", NULL },
	{ "232.1.1.1", NULL },
	{ "223.255.255.255+2", NULL },
	{ "255.255.255.254+2", NULL },
	{ "255.255.255.254+4", NULL },
	{ "feff:ffff:ffff:ffff:ffff:ffff:ffff:ffff+2", NULL },
	{ "::ffff:10.0.0.1", NULL },
	{ "::", NULL },
	{ "00000000000000000000000000000000000000000000000000000000000000000000000000000"
	  "00000000000000000000000000000000000000000000000000+2",
	  NULL },
};

static void test_row(struct tap *tap, const char *text, const char *last)
{
	struct source source = { .n_addresses = 77 };
	const char *why = NULL;
	int r = source_parse(text, &source, &why);

	tap_expect(tap, r == (last ? 0 : -EINVAL), "returns %d", r);
	if (r == 0 && last) {
		char got[INET6_ADDRSTRLEN] = "", again[SOURCE_TEXT_MAX];
		uint8_t bytes[16];

		source_get(&source, source.n_addresses - 1, bytes);
		inet_ntop(source.first.ss_family, bytes, got, sizeof(got));
		tap_expect(tap, !strcmp(got, last), "the last one is %s", got);
		source_format(&source, again, sizeof(again));
		tap_expect(tap, !strcmp(again, text) || source.n_addresses == 1,
			   "written as %s", again);
	} else {
		tap_expect(tap, why && source.n_addresses == 77, "half a result");
	}
	tap_end(tap, "%.40s is %s", text, last ? "read" : "refused");
}

static const struct {
	const char *a;
	const char *b;
	bool overlap;
} pairs[] = {
	{ "10.0.0.1", "10.0.0.1", true },
	{ "10.0.0.1", "10.0.0.2", false },
	{ "10.0.0.0+8", "10.0.0.7", true },
	{ "10.0.0.0+8", "10.0.0.8", false },
	{ "10.0.0.0+8", "9.255.255.255+2", true },
	{ "10.0.0.0+8", "9.255.255.0+256", false },
	{ "10.0.0.0+256", "10.0.0.9+2", true },
	{ "fd00::+8", "fd00::7", true },
	{ "fd00::+8", "fd00::8", false },
	{ "10.0.0.1", "a00:1::", false },
};

static void test_pairs(struct tap *tap)
{
	for (size_t i = 0; i < sizeof(pairs) / sizeof(*pairs); i++) {
		struct source a, b;
		const char *why;

		if (!tap_expect(tap,
				source_parse(pairs[i].a, &a, &why) == 0 &&
					source_parse(pairs[i].b, &b, &why) == 0,
				"not read"))
			continue;
		tap_expect(tap,
			   source_overlaps(&a, &b) == pairs[i].overlap &&
				   source_overlaps(&b, &a) == pairs[i].overlap,
			   "%s and %s", pairs[i].a, pairs[i].b);
	}
	tap_end(tap, "ranges that share an address are known");
}

int main(void)
{
	struct tap tap = { 0 };

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		test_row(&tap, rows[i].text, rows[i].last);
	test_pairs(&tap);
	return tap_finish(&tap);
}
