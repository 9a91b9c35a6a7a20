/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * live-page: all that is known of one flow: numbers, the rate over time, the gaps between
 * its packets (see live-draw.h).  What the screen is too small for is scrolled.
 */
#include "live-draw.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "live-bars.h"
#include "live-format.h"

#define NSEC_PER_SEC UINT64_C(1000000000)

#define TEXT_MAX    512
#define MIN_CHART   2 /* rows */
#define MAX_CHART   8
#define MAX_BINS    11 /* lines, beside those of the numbers */
#define SIDE        78 /* columns from which on the histogram stands beside the numbers */
#define LEFT_WIDTH  42
#define BIN_LABEL   15
#define BIN_COUNT   6
#define NAME_WIDTH  18
#define VALUE_WIDTH 12

/* Where the next line goes; rows outside the window are left out. */
struct page {
	struct live_draw *draw;
	const struct sample_flow *flow;
	int first, last; /* rows of the screen */
	int scroll;
	int n_lines; /* of the whole page, so far */
	unsigned int n_chart;
};

static void put(const struct page *page, int line, int column, unsigned int ink,
		const char *text)
{
	int row = page->first + line - page->scroll;

	if (row < page->first || row > page->last)
		return;
	live_screen_put(page->draw->screen, row, column, page->draw->screen->n_columns,
			ink, text);
}

static const char *const verdicts[] = {
	[SAMPLE_UNKNOWN] = "unknown: the filter in force cannot be told",
	[SAMPLE_ACCEPT] =
		"accept: the group is joined, and its filter lets this source in",
	[SAMPLE_BLOCK] =
		"block: the group is joined, but its filter keeps this source out",
	[SAMPLE_UNJOINED] = "unjoined: nobody has joined the group",
};

static const char *const sequences[] = {
	[SAMPLE_NO_SEQUENCE] = "none found: loss cannot be known",
	[SAMPLE_RTP] = "RTP sequence numbers",
	[SAMPLE_TS] = "MPEG-TS continuity counters (lost counts TS packets)",
	[SAMPLE_MSEND] = "numbers of msend",
	[SAMPLE_FIELD] = "the field that --seq names",
};

static const char *const clocks[] = {
	[SAMPLE_NO_JITTER] = "too few packets",
	[SAMPLE_RTP_CLOCK] = "against the RTP timestamps",
	[SAMPLE_MSEND_CLOCK] = "against msend's sending time",
	[SAMPLE_ARRIVAL] = "no sender's time: how gaps differ from the one before",
};

static void format_when(uint64_t ns, char *buf, size_t len)
{
	time_t when = (time_t)(ns / NSEC_PER_SEC);
	struct tm tm;

	*buf = '\0';
	if (localtime_r(&when, &tm))
		strftime(buf, len, "%F %T", &tm);
}

static void put_title(struct page *page)
{
	const struct live_model *model = page->draw->model;
	const struct sample_flow *flow = page->flow;
	char source[LIVE_ADDRESS_MAX], group[LIVE_ADDRESS_MAX];
	char interface[4 * IF_NAMESIZE], text[3 * LIVE_ADDRESS_MAX];

	live_model_format_source(model, flow, source);
	live_model_format_group(model, flow, group);
	live_model_format_interface(model, flow, interface);
	snprintf(text, sizeof(text), "%s%s -> %s on %s%s%s",
		 live_model_is_frozen(model, flow->id) ? "* " : "", source, group,
		 interface, flow->is_outgoing ? ", sent by this host" : "",
		 page->draw->model->is_page_gone ? " (gone: its last numbers)" : "");
	put(page, page->n_lines++, 0, LIVE_BOLD, text);
}

static void put_verdict(struct page *page)
{
	enum sample_verdict verdict = page->flow->verdict;
	unsigned int ink = verdict == SAMPLE_BLOCK ? LIVE_YELLOW : LIVE_PLAIN;

	put(page, page->n_lines++, 0, ink, verdicts[verdict]);
}

/* A line of the numbers; interval or total NULL: empty. */
static void put_line(struct page *page, unsigned int ink, const char *name,
		     const char *interval, const char *total)
{
	char text[TEXT_MAX];

	snprintf(text, sizeof(text), "%-*s%*s%*s", NAME_WIDTH, name, VALUE_WIDTH,
		 interval ? interval : "", VALUE_WIDTH, total ? total : "");
	put(page, page->n_lines++, 0, ink, text);
}

static void put_count(struct page *page, const char *name, uint64_t interval,
		      uint64_t total, bool is_known, unsigned int ink)
{
	char numbers[2][LIVE_NUMBER_MAX];

	snprintf(numbers[0], LIVE_NUMBER_MAX, "%llu", (unsigned long long)interval);
	snprintf(numbers[1], LIVE_NUMBER_MAX, "%llu", (unsigned long long)total);
	put_line(page, is_known && total ? ink : LIVE_PLAIN, name,
		 is_known ? numbers[0] : "-", is_known ? numbers[1] : "-");
}

static void put_rates(struct page *page)
{
	const struct sample *sample = &page->draw->model->shown;
	const struct sample_counts *interval = &page->flow->interval;
	const struct sample_counts *total = &page->flow->total;
	double scale = page->draw->model->is_bytes ? 1 : 8;
	char numbers[4][LIVE_NUMBER_MAX];
	uint64_t ns = sample->interval_ns, total_ns = sample->total_ns;

	live_format_rate(sample_get_rate(interval->packets, ns), numbers[0]);
	live_format_rate(sample_get_rate(total->packets, total_ns), numbers[1]);
	live_format_scaled(scale * sample_get_rate(interval->bytes, ns), numbers[2]);
	live_format_scaled(scale * sample_get_rate(total->bytes, total_ns), numbers[3]);
	put_line(page, LIVE_PLAIN, "packets/s", numbers[0], numbers[1]);
	put_line(page, LIVE_PLAIN, page->draw->model->is_bytes ? "bytes/s" : "bit/s",
		 numbers[2], numbers[3]);
}

static void put_gap(struct page *page)
{
	char numbers[2][LIVE_NUMBER_MAX] = { "-", "-" };

	if (page->flow->interval.gap_ns)
		live_format_time(page->flow->interval.gap_ns, numbers[0]);
	if (page->flow->total.gap_ns)
		live_format_time(page->flow->total.gap_ns, numbers[1]);
	put_line(page, LIVE_PLAIN, "largest gap", numbers[0], numbers[1]);
}

static void put_numbers(struct page *page)
{
	const struct sample_flow *flow = page->flow;
	const struct sample_counts *interval = &flow->interval, *total = &flow->total;
	bool is_known = flow->sequence != SAMPLE_NO_SEQUENCE;

	put_line(page, LIVE_BOLD, "", "interval", "whole run");
	put_rates(page);
	put_count(page, "packets", interval->packets, total->packets, true, LIVE_PLAIN);
	put_count(page, "bytes", interval->bytes, total->bytes, true, LIVE_PLAIN);
	put_count(page, "lost", interval->lost, total->lost, is_known, LIVE_RED);
	put_count(page, "duplicates", interval->duplicates, total->duplicates, is_known,
		  LIVE_PLAIN);
	put_count(page, "reordered", interval->reordered, total->reordered,
		  sample_has_reordered(flow), LIVE_PLAIN);
	put_count(page, "restarts", interval->restarts, total->restarts, is_known,
		  LIVE_PLAIN);
	if (flow->has_ts)
		put_count(page, "TS packets lost", interval->ts_lost, total->ts_lost,
			  true, LIVE_RED);
	put_gap(page);
	put_count(page, "peak 1 ms, pps", interval->peak_1ms * UINT64_C(1000),
		  total->peak_1ms * UINT64_C(1000), true, LIVE_PLAIN);
	put_count(page, "peak 100 ms, pps", interval->peak_100ms * UINT64_C(10),
		  total->peak_100ms * UINT64_C(10), true, LIVE_PLAIN);
}

static void put_facts(struct page *page)
{
	const struct sample_flow *flow = page->flow;
	char text[TEXT_MAX], jitter[LIVE_NUMBER_MAX] = "-", first[32], last[32];

	if (flow->clock != SAMPLE_NO_JITTER)
		live_format_time(flow->jitter_ns, jitter);
	snprintf(text, sizeof(text), "jitter     %s (%s)", jitter, clocks[flow->clock]);
	put(page, page->n_lines++, 0, LIVE_PLAIN, text);
	snprintf(text, sizeof(text), "sequence   %s", sequences[flow->sequence]);
	put(page, page->n_lines++, 0, LIVE_PLAIN, text);
	format_when(flow->first_ns, first, sizeof(first));
	format_when(flow->last_ns, last, sizeof(last));
	snprintf(text, sizeof(text), "seen       %s to %s", first, last);
	put(page, page->n_lines++, 0, LIVE_PLAIN, text);
	snprintf(text, sizeof(text), "ttl        %u (%u to %u)", flow->ttl, flow->ttl_min,
		 flow->ttl_max);
	if (flow->vlan)
		snprintf(text + strlen(text), sizeof(text) - strlen(text), "   vlan %u",
			 flow->vlan);
	put(page, page->n_lines++, 0, LIVE_PLAIN, text);
}

static bool is_delivery_of(const struct sample_delivery *delivery,
			   const struct sample_flow *flow)
{
	return delivery->i_interface == flow->i_interface &&
	       delivery->family == flow->family && delivery->port == flow->port &&
	       !memcmp(delivery->group, flow->group, flow->family == AF_INET ? 4 : 16);
}

/* "socket 12", or "socket -" for what cannot be known. */
static void append_count(char text[TEXT_MAX], const char *name, int64_t count)
{
	size_t at = strlen(text);

	if (count < 0)
		snprintf(text + at, TEXT_MAX - at, "%s -", name);
	else
		snprintf(text + at, TEXT_MAX - at, "%s %lld", name, (long long)count);
}

static void put_deliveries(struct page *page)
{
	const struct sample *sample = &page->draw->model->shown;

	for (uint32_t i = 0; i < sample->n_deliveries; i++) {
		const struct sample_delivery *delivery = &sample->deliveries[i];
		char text[TEXT_MAX] = "delivered  ";

		if (!is_delivery_of(delivery, page->flow))
			continue;
		append_count(text, "wire", (int64_t)delivery->wire);
		append_count(text, ", sockets", delivery->socket);
		append_count(text, "; dropped by queues", delivery->queue_drops);
		put(page, page->n_lines++, 0, LIVE_PLAIN, text);
		strcpy(text, "           in the whole host: ");
		append_count(text, "checksum", delivery->checksum_drops);
		append_count(text, ", memory", delivery->memory_drops);
		append_count(text, ", reverse path", delivery->route_drops);
		put(page, page->n_lines++, 0, LIVE_PLAIN, text);
	}
}

/* The number of its lines. */
static int put_histogram(const struct page *page, int line, int column, int width)
{
	struct live_bin bins[MAX_BINS];
	unsigned int n = live_bars_bin(page->flow->buckets, MAX_BINS, bins);
	int n_cells = width - BIN_LABEL - BIN_COUNT - 2;
	uint64_t most = 0;

	put(page, line, column, LIVE_BOLD, "gaps between packets, this interval");
	if (!n)
		put(page, line + 1, column, LIVE_DIM, "too few packets");
	for (unsigned int i = 0; i < n; i++)
		most = bins[i].count > most ? bins[i].count : most;
	for (unsigned int i = 0; i < n; i++) {
		char label[64], count[LIVE_NUMBER_MAX];
		char bar[LIVE_BARS_ROW(TEXT_MAX)], text[sizeof(bar) + TEXT_MAX];

		live_bars_label(&bins[i], label, sizeof(label));
		live_format_count(bins[i].count, count);
		live_bars_lying(bins[i].count, most,
				n_cells > 0 ? (unsigned int)n_cells : 0,
				page->draw->screen->is_utf8, bar, sizeof(bar));
		snprintf(text, sizeof(text), "%*s %*s %s", BIN_LABEL, label, BIN_COUNT,
			 count, bar);
		put(page, line + 1 + (int)i, column, LIVE_PLAIN, text);
	}
	return n ? 1 + (int)n : 2;
}

static void put_chart(struct page *page)
{
	const struct live_draw *draw = page->draw;
	float rates[LIVE_HISTORY_LENGTH], max = 0;
	char text[LIVE_BARS_ROW(LIVE_HISTORY_LENGTH)];
	char number[LIVE_NUMBER_MAX], age[LIVE_NUMBER_MAX];
	size_t n = live_history_get(draw->history, page->flow->id, draw->model->n_newer,
				    rates),
	       skipped = 0;

	if (n > (size_t)draw->screen->n_columns)
		skipped = n - (size_t)draw->screen->n_columns;
	for (size_t i = skipped; i < n; i++)
		max = rates[i] > max ? rates[i] : max;
	live_format_rate((double)max, number);
	live_format_time((n - skipped) * draw->model->shown.interval_ns, age);
	snprintf(text, sizeof(text), "packets/s, the last %s, up to %s", age, number);
	put(page, page->n_lines++, 0, LIVE_BOLD, text);
	for (unsigned int row = 0; row < page->n_chart; row++) {
		live_bars_chart(rates + skipped, n - skipped, max, row, page->n_chart,
				draw->screen->is_utf8, text, sizeof(text));
		put(page, page->n_lines++, 0, LIVE_PLAIN, text);
	}
}

static void put_all(struct page *page)
{
	int width = page->draw->screen->n_columns, begin;

	page->n_lines = 0;
	put_title(page);
	put_verdict(page);
	begin = page->n_lines;
	put_numbers(page);
	if (width >= SIDE)
		put_histogram(page, begin, LEFT_WIDTH + 2, width - LEFT_WIDTH - 2);
	put_chart(page);
	put_facts(page);
	put_deliveries(page);
	if (width < SIDE)
		page->n_lines += put_histogram(page, page->n_lines, 0, width);
}

/* Room that is left over goes to the chart. */
static void fit(struct page *page)
{
	int n_body = page->draw->n_body;

	page->first = page->last + 1; /* nothing is shown */
	page->n_chart = MIN_CHART;
	put_all(page);
	while (page->n_lines < n_body && page->n_chart < MAX_CHART) {
		page->n_chart++;
		page->n_lines++;
	}
}

void live_draw_page(struct live_draw *draw, int row)
{
	struct live_model *model = draw->model;
	struct page page = { .draw = draw,
			     .flow = &model->page,
			     .last = row + draw->n_body - 1 };
	unsigned int most;

	fit(&page);
	most = page.n_lines > draw->n_body ? (unsigned int)(page.n_lines - draw->n_body)
					   : 0;
	if (model->page_scroll > most)
		model->page_scroll = most;
	page.first = row;
	page.scroll = (int)model->page_scroll;
	put_all(&page);
}
