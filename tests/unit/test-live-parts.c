/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Unit tests of the live view's pure parts: numbers, columns, bars, history, filter, rows
 * and keys (tools/mwatch/view/live-*.h).
 */
#include <curses.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tap.h"
#include "view/live-bars.h"
#include "view/live-filter.h"
#include "view/live-format.h"
#include "view/live-history.h"
#include "view/live-keys.h"
#include "view/live-layout.h"
#include "view/live-model.h"

#define LENGTH(array) (sizeof(array) / sizeof(*(array)))

static void expect_text(struct tap *tap, const char *got, const char *wanted)
{
	tap_expect(tap, !strcmp(got, wanted), "\"%s\", not \"%s\"", got, wanted);
}

static void test_scaled(struct tap *tap)
{
	static const struct {
		double value;
		const char *scaled, *rate;
	} rows[] = {
		{ 0, "0", "0" },
		{ 0.25, "0.2", "0.2" },
		{ 9.94, "9.9", "9.9" },
		{ 12.6, "13", "13" },
		{ 999, "999", "999" },
		{ 999.6, "1.00k", "1000" },
		{ 12345, "12.3k", "12345" },
		{ 99999, "100k", "99999" },
		{ 100000, "100k", "100k" },
		{ 999499, "999k", "999k" },
		{ 999500, "1.00M", "1.00M" },
		{ 9994999, "9.99M", "9.99M" },
		{ 9.995e9, "10.0G", "10.0G" },
		{ 1.5e12, "1.50T", "1.50T" },
		{ 1.8e19, "18000P", "18000P" },
	};

	for (size_t i = 0; i < LENGTH(rows); i++) {
		char buf[LIVE_NUMBER_MAX];

		live_format_scaled(rows[i].value, buf);
		expect_text(tap, buf, rows[i].scaled);
		live_format_rate(rows[i].value, buf);
		expect_text(tap, buf, rows[i].rate);
	}
	tap_end(tap, "counts and rates keep three digits at least");
}

static void test_times(struct tap *tap)
{
	static const struct {
		uint64_t ns;
		const char *time, *age;
	} rows[] = {
		{ 0, "0ns", "0s" },
		{ 999, "999ns", "0s" },
		{ 12345, "12.3us", "0s" },
		{ 999499, "999us", "0s" },
		{ 999600, "1.00ms", "0s" },
		{ 1999999999, "2.00s", "1s" },
		{ 99000000000, "99.0s", "99s" },
		{ 100000000000, "100s", "1m" },
		{ 5999000000000, "5999s", "99m" },
		{ 6000000000000, "6000s", "1h" },
		{ 172800000000000, "172800s", "2d" },
	};

	for (size_t i = 0; i < LENGTH(rows); i++) {
		char buf[LIVE_NUMBER_MAX];

		live_format_time(rows[i].ns, buf);
		expect_text(tap, buf, rows[i].time);
		live_format_age(rows[i].ns, buf);
		expect_text(tap, buf, rows[i].age);
	}
	tap_end(tap, "times from nanoseconds to days");
}

static void test_cut(struct tap *tap)
{
	char buf[64];

	live_format_cut("10.9.0.1", 8, true, buf, sizeof(buf));
	expect_text(tap, buf, "10.9.0.1");
	live_format_cut("2001:db8::1234", 9, false, buf, sizeof(buf));
	expect_text(tap, buf, "2001~1234");
	live_format_cut("2001:db8::1234", 10, true, buf, sizeof(buf));
	expect_text(tap, buf, "2001\xe2\x80\xa6:1234");
	live_format_cut("\xc3\xa4\xc3\xb6\xc3\xbc\xc3\x9f", 3, true, buf, sizeof(buf));
	expect_text(tap, buf, "\xc3\xa4\xe2\x80\xa6\xc3\x9f");
	tap_end(tap, "an address loses its middle, and no character its half");
}

static unsigned int get_total(const struct live_layout *layout)
{
	unsigned int total = 0;

	for (unsigned int i = 0; i < LIVE_N_COLUMNS; i++)
		if (layout->widths[i])
			total += layout->widths[i] + LIVE_COLUMN_GAP;
	return total - LIVE_COLUMN_GAP;
}

static void test_layout_fits(struct tap *tap)
{
	static const struct live_needs needs[] = {
		{ 8, 14, 0, false },
		{ 15, 21, 0, false },
		{ 39, 47, 15, true },
		{ 255, 261, 15, true },
	};

	for (size_t i = 0; i < LENGTH(needs); i++)
		for (unsigned int width = 60; width < 400; width++) {
			struct live_layout layout;

			live_layout_choose(&layout, width, &needs[i]);
			tap_expect(tap, get_total(&layout) <= width, "%u in %u",
				   get_total(&layout), width);
			tap_expect(tap, layout.widths[LIVE_VERDICT] != 0,
				   "no verdict in %u", width);
			tap_expect(tap,
				   layout.widths[LIVE_SOURCE] >= 6 &&
					   layout.widths[LIVE_GROUP] >= 5,
				   "no address in %u", width);
		}
	tap_end(tap, "the columns fit on a screen of any width");
}

static void test_layout_80(struct tap *tap)
{
	const struct live_needs small = { 8, 14, 0, false }, ipv4 = { 15, 21, 0, false };
	const struct live_needs ipv6 = { 39, 47, 0, false };
	struct live_layout layout;

	live_layout_choose(&layout, 80, &small);
	tap_expect(tap, layout.widths[LIVE_PEAK_1MS] && layout.widths[LIVE_DUPLICATES],
		   "no peaks");
	live_layout_choose(&layout, 80, &ipv4);
	tap_expect(tap, layout.widths[LIVE_SOURCE] == 15, "the source is cut");
	tap_expect(tap, layout.widths[LIVE_GROUP] == 21, "the group is cut");
	tap_expect(tap, layout.widths[LIVE_JITTER] && layout.widths[LIVE_GAP],
		   "no jitter or gap");
	live_layout_choose(&layout, 80, &ipv6);
	tap_expect(tap, layout.widths[LIVE_SOURCE] == 15, "source %u",
		   layout.widths[LIVE_SOURCE]);
	live_layout_choose(&layout, 200, &ipv6);
	tap_expect(tap, layout.widths[LIVE_SOURCE] == 39, "the source is cut");
	tap_expect(tap, layout.widths[LIVE_GROUP] == 47, "the group is cut");
	tap_expect(tap, layout.widths[LIVE_TTL] != 0, "no TTL");
	tap_expect(tap, !layout.widths[LIVE_INTERFACE], "an interface without need");
	tap_end(tap, "80 columns hold any IPv4 address whole, 200 any IPv6 address");
}

static void test_chart(struct tap *tap)
{
	const float values[] = { 0, 0.01F, 50, 100, 200 };
	char row[LIVE_BARS_ROW(5)];

	live_bars_chart(values, 5, 100, 0, 1, true, row, sizeof(row));
	expect_text(tap, row, " \xe2\x96\x81\xe2\x96\x84\xe2\x96\x88\xe2\x96\x88");
	live_bars_chart(values, 5, 100, 0, 2, false, row, sizeof(row));
	expect_text(tap, row, "   ||");
	live_bars_chart(values, 5, 100, 1, 2, false, row, sizeof(row));
	expect_text(tap, row, " _|||");
	live_bars_chart(values, 1, 0, 0, 1, false, row, sizeof(row));
	expect_text(tap, row, " ");
	live_bars_lying(1, 1000000, 10, false, row, sizeof(row));
	expect_text(tap, row, "#");
	live_bars_lying(7, 7, 5, false, row, sizeof(row));
	expect_text(tap, row, "#####");
	tap_end(tap, "what is above 0 has a bar, in one row and in more");
}

static void test_histogram(struct tap *tap)
{
	uint32_t buckets[SAMPLE_N_BUCKETS] = { 0 };
	struct live_bin bins[SAMPLE_N_BUCKETS];
	char label[64];
	uint64_t sum = 0;
	unsigned int n;

	tap_expect(tap, live_bars_bin(buckets, 12, bins) == 0, "bins of nothing");
	buckets[3] = 5;
	buckets[5] = 1;
	n = live_bars_bin(buckets, 12, bins);
	tap_expect(tap, n == 3 && bins[0].count == 5 && bins[1].count == 0, "%u bins", n);
	live_bars_label(&bins[0], label, sizeof(label));
	expect_text(tap, label, "4us - 8us");
	for (unsigned int i = 0; i < SAMPLE_N_BUCKETS; i++)
		buckets[i] = UINT32_MAX;
	n = live_bars_bin(buckets, 10, bins);
	tap_expect(tap, n == 8, "%u bins", n);
	for (unsigned int i = 0; i < n; i++)
		sum += bins[i].count;
	tap_expect(tap, sum == UINT64_C(24) * UINT32_MAX, "a bucket is missing");
	live_bars_label(&bins[0], label, sizeof(label));
	expect_text(tap, label, "< 4us");
	live_bars_label(&bins[7], label, sizeof(label));
	expect_text(tap, label, ">= 1s");
	n = live_bars_bin(buckets, SAMPLE_N_BUCKETS, bins);
	live_bars_label(&bins[11], label, sizeof(label));
	expect_text(tap, label, "1ms - 2ms");
	tap_end(tap, "a histogram leaves nothing out, however few its lines");
}

static struct sample_flow make_flow(uint32_t i)
{
	return (struct sample_flow){ .id = i + 1,
				     .family = AF_INET,
				     .source = { 10, 9, (uint8_t)(i >> 8), (uint8_t)i },
				     .group = { 232, 1, 1, 1 },
				     .port = 5000,
				     .verdict = i % 2 ? SAMPLE_BLOCK : SAMPLE_ACCEPT,
				     .interval.packets = 1000 - i % 1000 };
}

/* Flows first to first + n - 1; freed by sample_fini(). */
static struct sample make_sample(uint32_t first, uint32_t n)
{
	struct sample sample = { .interval_ns = 1000000000, .n_flows = n };

	sample.flows = calloc(n + 1, sizeof(*sample.flows));
	if (!sample.flows)
		tap_bail_out("no memory");
	for (uint32_t i = 0; i < n; i++)
		sample.flows[i] = make_flow(first + i);
	return sample;
}

static void test_history(struct tap *tap)
{
	float rates[LIVE_HISTORY_LENGTH];
	struct live_history *history;
	struct sample sample = make_sample(0, 3);
	size_t n;

	if (live_history_new(&history) < 0)
		tap_bail_out("no memory");
	tap_expect(tap, live_history_get(history, 1, 0, rates) == 0, "out of nothing");
	for (unsigned int i = 0; i < LIVE_HISTORY_LENGTH + 5; i++) {
		sample.flows[0].interval.packets = i;
		live_history_put(history, &sample);
	}
	n = live_history_get(history, 1, 0, rates);
	tap_expect(tap, n == LIVE_HISTORY_LENGTH, "%zu rates", n);
	tap_expect(tap, rates[0] == 5 && rates[n - 1] == LIVE_HISTORY_LENGTH + 4,
		   "from %g to %g", (double)rates[0], (double)rates[n - 1]);
	n = live_history_get(history, 1, 20, rates);
	tap_expect(tap, n == LIVE_HISTORY_LENGTH - 20, "%zu rates", n);
	tap_expect(tap, rates[0] == 5 && rates[n - 1] == LIVE_HISTORY_LENGTH - 16,
		   "from %g to %g", (double)rates[0], (double)rates[n - 1]);
	n = live_history_get(history, 1, LIVE_HISTORY_LENGTH, rates);
	tap_expect(tap, n == 0, "%zu rates", n);
	sample.n_flows = 2;
	live_history_put(history, &sample);
	tap_expect(tap, live_history_get(history, 3, 0, rates) == 0, "3 is gone");
	tap_expect(tap, live_history_get(history, 2, 0, rates) > 0, "2 is there");
	live_history_free(history);
	sample_fini(&sample);
	tap_end(tap, "history keeps the newest rates of flows that are there");
}

static void test_history_limit(struct tap *tap)
{
	float rates[LIVE_HISTORY_LENGTH];
	struct live_history *history;
	struct sample sample = make_sample(0, LIVE_HISTORY_MAX + 100);
	uint64_t behind = LIVE_HISTORY_MAX + 50;

	if (live_history_new(&history) < 0)
		tap_bail_out("no memory");
	live_history_put(history, &sample);
	tap_expect(tap, live_history_get(history, LIVE_HISTORY_MAX, 0, rates) == 1,
		   "none");
	tap_expect(tap, live_history_get(history, behind, 0, rates) == 0, "too many");
	live_history_want(history, behind);
	live_history_put(history, &sample);
	tap_expect(tap, live_history_get(history, behind, 0, rates) == 1, "not kept");
	live_history_want(history, behind + 1);
	tap_expect(tap, live_history_get(history, behind, 0, rates) == 0, "two are kept");
	sample_fini(&sample);
	sample = make_sample(LIVE_HISTORY_MAX, LIVE_HISTORY_MAX);
	/* What is gone is forgotten with the first one. */
	live_history_put(history, &sample);
	live_history_put(history, &sample);
	for (uint32_t i = 0; i < LIVE_HISTORY_MAX; i++)
		tap_expect(tap,
			   live_history_get(history, sample.flows[i].id, 0, rates) > 0,
			   "flow %u has none", i);
	live_history_free(history);
	sample_fini(&sample);
	tap_end(tap, "history is bounded, keeps who is looked at, and gets room again");
}

static void test_filter(struct tap *tap)
{
	const char *text = "10.9.0.1 232.1.1.1:5000 eth0 Block";

	tap_expect(tap, live_filter_matches("", text), "nothing");
	tap_expect(tap, live_filter_matches("  ", text), "blanks");
	tap_expect(tap, live_filter_matches("232.1", text), "part");
	tap_expect(tap, live_filter_matches("block 10.9", text), "two words");
	tap_expect(tap, live_filter_matches("ETH0", text), "case");
	tap_expect(tap, !live_filter_matches("block 10.8", text), "the wrong word");
	tap_expect(tap, !live_filter_matches("10.9.0.1 x", text), "one too many");
	tap_end(tap, "a filter asks for all of its words");
}

static uint64_t get_cursor_id(const struct live_model *model)
{
	const struct sample_flow *flow = live_model_get_selected(model);

	return flow ? flow->id : 0;
}

static void put(struct live_model *model, uint32_t first, uint32_t n)
{
	struct sample sample = make_sample(first, n);

	if (live_model_put(model, &sample) < 0)
		tap_bail_out("no memory");
	sample_fini(&sample);
}

static void test_cursor(struct tap *tap)
{
	struct live_model model;

	live_model_init(&model, ORDER_RATE, NULL);
	tap_expect(tap, get_cursor_id(&model) == 0, "a row of nothing");
	live_model_move(&model, 1);
	put(&model, 0, 100);
	tap_expect(tap, get_cursor_id(&model) == 1, "the first row");
	live_model_set_order(&model, ORDER_RATE, true);
	tap_expect(tap, get_cursor_id(&model) == 100, "still the first row");
	live_model_move(&model, 10);
	tap_expect(tap, get_cursor_id(&model) == 90, "ten down");
	live_model_set_order(&model, ORDER_RATE, false);
	tap_expect(tap, get_cursor_id(&model) == 90 && model.cursor == 89,
		   "not with its flow");
	put(&model, 50, 100);
	tap_expect(tap, get_cursor_id(&model) == 90, "not with its flow");
	put(&model, 95, 10);
	tap_expect(tap, model.cursor == 9, "its flow is gone, and it is at %u",
		   model.cursor);
	live_model_move(&model, INT32_MAX);
	tap_expect(tap, model.cursor == 9, "behind the end");
	live_model_move(&model, -INT32_MAX);
	tap_expect(tap, model.cursor == 0, "before the beginning");
	put(&model, 0, 0);
	tap_expect(tap, get_cursor_id(&model) == 0, "a row of nothing");
	live_model_fini(&model);
	tap_end(tap, "the cursor stays with its flow, and on the first row on top");
}

static void test_scroll(struct tap *tap)
{
	struct live_model model;

	live_model_init(&model, ORDER_RATE, NULL);
	put(&model, 0, 100);
	tap_expect(tap, live_model_scroll(&model, 20) == 0 && model.top == 0, "top");
	live_model_move(&model, 30);
	live_model_scroll(&model, 20);
	tap_expect(tap, model.top == 11, "top is %u", model.top);
	live_model_toggle_frozen(&model);
	live_model_move(&model, 50);
	tap_expect(tap, live_model_scroll(&model, 20) == 1, "one stands apart");
	tap_expect(tap, model.cursor >= model.top && model.cursor < model.top + 19,
		   "the cursor is not to be seen");
	live_model_move(&model, INT32_MAX);
	live_model_scroll(&model, 20);
	tap_expect(tap, model.top == 81, "top is %u", model.top);
	put(&model, 0, 10);
	live_model_scroll(&model, 20);
	tap_expect(tap, model.top == 0, "fewer rows, and top is %u", model.top);
	tap_expect(tap, live_model_scroll(&model, 1) == 0, "no room for both");
	live_model_scroll(&model, 0);
	live_model_fini(&model);
	tap_end(tap, "scrolling keeps the cursor in sight and frozen rows on top");
}

static void test_freeze(struct tap *tap)
{
	struct live_model model;

	live_model_init(&model, ORDER_RATE, NULL);
	put(&model, 0, 100);
	live_model_move(&model, 7);
	live_model_toggle_frozen(&model);
	tap_expect(tap, model.n_frozen_rows == 1 && model.cursor == 0, "not on top");
	live_model_set_filter(&model, "10.9.0.9");
	tap_expect(tap, model.n_rows == 12 && get_cursor_id(&model) == 8, "%u rows",
		   model.n_rows);
	put(&model, 50, 100);
	tap_expect(tap, model.n_frozen == 0 && model.n_rows == 10,
		   "frozen though it is gone");
	live_model_set_filter(&model, "");
	for (unsigned int i = 0; i < LIVE_MAX_FROZEN; i++) {
		live_model_move(&model, INT32_MAX);
		tap_expect(tap, live_model_toggle_frozen(&model) == 0, "number %u", i);
	}
	live_model_move(&model, INT32_MAX);
	tap_expect(tap, live_model_toggle_frozen(&model) == 1, "one too many");
	live_model_move(&model, -INT32_MAX);
	live_model_toggle_frozen(&model);
	tap_expect(tap, model.n_frozen_rows == LIVE_MAX_FROZEN - 1, "not let go");
	live_model_fini(&model);
	tap_end(tap, "frozen flows stay on top, whatever the filter, until they go");
}

static void test_pause(struct tap *tap)
{
	struct live_model model;

	live_model_init(&model, ORDER_RATE, NULL);
	put(&model, 0, 10);
	live_model_toggle_pause(&model);
	put(&model, 20, 5);
	put(&model, 30, 6);
	tap_expect(tap, model.n_rows == 10 && get_cursor_id(&model) == 1, "it moved");
	live_model_toggle_pause(&model);
	tap_expect(tap, model.n_rows == 6 && get_cursor_id(&model) == 31, "not the last");
	live_model_toggle_pause(&model);
	live_model_toggle_pause(&model);
	tap_expect(tap, model.n_rows == 6, "a pause without samples");
	live_model_fini(&model);
	tap_end(tap, "a pause keeps the screen, and ends with what came last");
}

static void press(struct live_model *model, const char *keys)
{
	while (*keys)
		live_keys_press(model, (unsigned char)*keys++, 10);
}

static void test_keys(struct tap *tap)
{
	struct live_model model;

	live_model_init(&model, ORDER_RATE, NULL);
	put(&model, 0, 100);
	press(&model, "/BLOC");
	tap_expect(tap, model.mode == LIVE_FILTER && model.n_rows == 50, "%u rows",
		   model.n_rows);
	press(&model, "q\x7fk\r");
	expect_text(tap, model.filter, "BLOCk");
	tap_expect(tap, model.mode == LIVE_TABLE && model.n_rows == 50, "Enter");
	press(&model, "\x1b");
	tap_expect(tap, model.n_rows == 100, "Esc clears it");
	press(&model, "sj\r");
	tap_expect(tap, model.order == ORDER_RATE + 1, "the menu");
	press(&model, "jj\r");
	tap_expect(tap, model.mode == LIVE_PAGE, "no page");
	press(&model, "?");
	tap_expect(tap, model.mode == LIVE_HELP, "no help");
	put(&model, 0, 1);
	tap_expect(tap, model.is_page_gone, "the page behind the help is not kept");
	press(&model, "qq");
	tap_expect(tap, model.mode == LIVE_TABLE, "not back");
	tap_expect(tap, live_keys_press(&model, 'q', 10) == LIVE_QUIT, "q");
	for (int i = 0; i < 200; i++)
		press(&model, i ? "x" : "/");
	tap_expect(tap, strlen(model.filter) == LIVE_FILTER_MAX - 1, "too long a filter");
	live_model_fini(&model);
	tap_end(tap, "keys filter, sort, open the page and the help, and leave them");
}

static void test_random_keys(struct tap *tap)
{
	static const int keys[] = {
		'j',    'k',      'f',     'p',       'r',      'S',        's',
		'/',    'b',      '9',     0x1b,      '\r',     'u',        '?',
		KEY_UP, KEY_DOWN, KEY_END, KEY_NPAGE, KEY_HOME, KEY_PPAGE,  KEY_LEFT,
		0x7f,   ' ',      'q',     KEY_RIGHT, 0x0c,     KEY_RESIZE,
	};
	struct live_model model;
	uint32_t random = 1;

	live_model_init(&model, ORDER_RATE, NULL);
	for (unsigned int i = 0; i < 20000; i++) {
		uint32_t n_lines, n_apart;
		bool is_in_sight;

		random = random * 1664525 + 1013904223;
		if (random >> 28 == 0)
			put(&model, random >> 20 & 63, random >> 12 & 127);
		live_keys_press(&model, keys[(random >> 8) % LENGTH(keys)], 10);
		n_lines = random >> 24 & 31;
		n_apart = live_model_scroll(&model, n_lines);
		is_in_sight = model.cursor < n_apart ||
			      (model.cursor >= model.top &&
			       model.cursor - model.top < n_lines - n_apart);
		if (model.n_rows && n_lines)
			tap_expect(tap, is_in_sight, "step %u: the cursor is lost", i);
		tap_expect(tap, !model.n_rows || model.cursor < model.n_rows,
			   "step %u: no such row", i);
	}
	live_model_fini(&model);
	tap_end(tap, "20,000 keys and samples never lose the cursor");
}

int main(void)
{
	struct tap tap = { 0 };

	test_scaled(&tap);
	test_times(&tap);
	test_cut(&tap);
	test_layout_fits(&tap);
	test_layout_80(&tap);
	test_chart(&tap);
	test_histogram(&tap);
	test_history(&tap);
	test_history_limit(&tap);
	test_filter(&tap);
	test_cursor(&tap);
	test_scroll(&tap);
	test_freeze(&tap);
	test_pause(&tap);
	test_keys(&tap);
	test_random_keys(&tap);
	return tap_finish(&tap);
}
