/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Unit test of tools/common/utf8.h and of what jsonline.h makes of any bytes: nothing
 * that a terminal obeys goes out, and JSON stays JSON (RFC 3629, RFC 8259 8.1).
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "jsonline.h"
#include "tap.h"
#include "utf8.h"

#define BAD "\357\277\275" /* U+FFFD */

static const struct {
	const char *what;
	const char *text;
	const char *clean;
	const char *utf8;
} rows[] = {
	{ "nothing", "", "", "" },
	{ "plain text", "mjoin -s", "mjoin -s", "mjoin -s" },
	{ "characters of two, three and four bytes",
	  "\303\274\342\202\254\360\220\215\210", "\303\274\342\202\254\360\220\215\210",
	  "\303\274\342\202\254\360\220\215\210" },
	{ "the last character", "\364\217\277\277", "\364\217\277\277",
	  "\364\217\277\277" },
	{ "an escape sequence", "\033[31m\nevil\"", "?[31m?evil\"", "\033[31m\nevil\"" },
	{ "delete", "a\177b", "a?b", "a\177b" },
	{ "control of C1 as a character", "a\302\233b", "a?b", "a\302\233b" },
	{ "control of C1 as a byte", "a\233b", "a?b", "a" BAD "b" },
	{ "the character behind C1", "\302\240", "\302\240", "\302\240" },
	{ "line separator", "a\342\200\250b", "a?b", "a\342\200\250b" },
	{ "right-to-left override", "a\342\200\256b", "a?b", "a\342\200\256b" },
	{ "right-to-left isolate", "a\342\201\247b", "a?b", "a\342\201\247b" },
	{ "right-to-left mark", "a\342\200\217b", "a?b", "a\342\200\217b" },
	{ "bytes that never begin one", "\200\277\376\377", "????", BAD BAD BAD BAD },
	{ "a character that ends too early", "\342\202", "??", BAD BAD },
	{ "and goes on as something else", "\342\202x", "??x", BAD BAD "x" },
	{ "a longer form of a slash", "\300\257", "??", BAD BAD },
	{ "a longer form of three bytes", "\340\202\257", "???", BAD BAD BAD },
	{ "a surrogate", "\355\240\200", "???", BAD BAD BAD },
	{ "above the last character", "\364\220\200\200", "????", BAD BAD BAD BAD },
	{ "a head of five bytes", "\370\210\200\200\200", "?????", BAD BAD BAD BAD BAD },
};

#define N_ROWS (sizeof(rows) / sizeof(*rows))

static void check_clean(struct tap *tap, size_t i)
{
	char buf[64], *copy = strdup(rows[i].text);
	size_t len = utf8_clean(rows[i].text, buf, sizeof(buf));

	tap_expect(tap, !strcmp(buf, rows[i].clean), "not clean: %s", buf);
	tap_expect(tap, len == strlen(rows[i].clean), "length %zu", len);
	if (tap_expect(tap, copy, "no memory")) {
		utf8_clean(copy, copy, strlen(copy) + 1);
		tap_expect(tap, !strcmp(copy, rows[i].clean), "in place: %s", copy);
	}
	free(copy);
	tap_end(tap, "clean: %s", rows[i].what);
}

static void check_copy(struct tap *tap, size_t i)
{
	char *copy = utf8_new(rows[i].text);

	if (tap_expect(tap, copy, "no memory"))
		tap_expect(tap, !strcmp(copy, rows[i].utf8), "%s", copy);
	free(copy);
	tap_end(tap, "copy: %s", rows[i].what);
}

/* What is written is visible, and read back it is the text. */
static void check_json(struct tap *tap, size_t i)
{
	json_t *o = json_pack("{s:o}", "name", jsonline_new_text(rows[i].text)), *back;
	char *line = NULL;
	size_t len;
	FILE *out = open_memstream(&line, &len);

	tap_expect(tap, o && out, "no memory");
	tap_expect(tap, !jsonline_write(o, out), "not written");
	fclose(out);
	tap_expect(tap, len && line[len - 1] == '\n', "not a line");
	for (size_t j = 0; j + 1 < len; j++)
		tap_expect(tap, line[j] >= ' ' && line[j] < '\177', "byte %u",
			   (unsigned char)line[j]);
	back = json_loads(line, 0, NULL);
	if (tap_expect(tap, back, "no JSON: %s", line))
		tap_expect(tap,
			   !strcmp(json_string_value(json_object_get(back, "name")),
				   rows[i].utf8),
			   "another text");
	json_decref(back);
	free(line);
	tap_end(tap, "JSON: %s", rows[i].what);
}

/* Every pair and triple of bytes: what comes out is UTF-8 by jansson's judgement, and
 * has no byte that a terminal obeys. */
static void check_bytes(struct tap *tap)
{
	unsigned int n_bad = 0, n_visible = 0;

	for (unsigned int i = 1; i < 1u << 18; i++) {
		char text[] = { (char)(0xc0 | (i >> 12)), (char)(i >> 6 | 0x80), (char)i,
				'x', '\0' };
		char *copy = utf8_new(text), buf[8];
		json_t *string = copy ? json_string(copy) : NULL;

		n_bad += !string;
		json_decref(string);
		free(copy);
		utf8_clean(text, buf, sizeof(buf));
		for (const char *c = buf; *c; c++)
			n_visible += (unsigned char)*c < ' ' || *c == '\177';
		string = json_string(buf);
		n_bad += !string;
		json_decref(string);
	}
	tap_expect(tap, !n_bad, "%u texts are no UTF-8", n_bad);
	tap_expect(tap, !n_visible, "%u control characters", n_visible);
	tap_end(tap, "any three bytes");
}

static void check_cut(struct tap *tap)
{
	static const char *const cuts[] = { "", "a", "a", "a\303\274", "a\303\274b" };
	char buf[8];

	for (size_t i = 0; i < sizeof(cuts) / sizeof(*cuts); i++) {
		memset(buf, '#', sizeof(buf));
		tap_expect(tap, utf8_clean("a\303\274b", buf, i + 1) == strlen(cuts[i]),
			   "length in %zu bytes", i + 1);
		tap_expect(tap, !strcmp(buf, cuts[i]), "%s in %zu bytes", buf, i + 1);
		tap_expect(tap, buf[i + 1] == '#', "written behind %zu bytes", i + 1);
	}
	tap_end(tap, "what does not fit is cut between characters");
}

static void check_width(struct tap *tap)
{
	tap_expect(tap, utf8_get_width("") == 0, "empty");
	tap_expect(tap, utf8_get_width("abc") == 3, "ASCII");
	tap_expect(tap, utf8_get_width("\303\274\342\202\254x") == 3, "longer ones");
	tap_end(tap, "width counts characters");
}

static void check_null(struct tap *tap)
{
	json_t *null = jsonline_new_text(NULL), *o = jsonline_new(NULL, NULL);

	tap_expect(tap, json_is_null(null), "not null");
	tap_expect(tap, json_object_size(o) == 1 && json_object_get(o, "time"),
		   "not the time alone");
	json_decref(null);
	json_decref(o);
	tap_end(tap, "no text is null, and no event is no field");
}

static void check_full(struct tap *tap)
{
	FILE *full = fopen("/dev/full", "w");

	if (tap_expect(tap, full, "no /dev/full")) {
		int r = jsonline_write(jsonline_new("a\177", NULL), full);

		tap_expect(tap, r == -ENOSPC, "%d", r);
		fclose(full);
	}
	tap_expect(tap, jsonline_write(NULL, stdout) == -ENOMEM, "an object of nothing");
	tap_end(tap, "what cannot be written is an error");
}

int main(void)
{
	struct tap tap = { 0 };

	for (size_t i = 0; i < N_ROWS; i++)
		check_clean(&tap, i);
	for (size_t i = 0; i < N_ROWS; i++)
		check_copy(&tap, i);
	for (size_t i = 0; i < N_ROWS; i++)
		check_json(&tap, i);
	check_bytes(&tap);
	check_cut(&tap);
	check_width(&tap);
	check_null(&tap);
	check_full(&tap);
	return tap_finish(&tap);
}
