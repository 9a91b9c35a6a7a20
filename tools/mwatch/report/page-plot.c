/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * page-plot: a rate, and what was lost, over time, as SVG (see page-plot.h).
 *
 * Both parts share the axis of time.  The rate is drawn as steps, for it is the mean of a
 * slot and not its value at a moment, and with a gap where nothing is known.
 */
#include "page-plot.h"

#include <math.h>
#include <string.h>

#include "figure.h"
#include "page-text.h"

#define NSEC_PER_SEC  1e9
#define BITS_PER_BYTE 8

/* Beyond all that mwatch writes; a number of 64 bits holds it. */
#define MAX_RATE 1e18

/* In units of the drawing, which is scaled to the width of the page. */
#define WIDTH          860.0
#define HEIGHT         236.0
#define LEFT           58.0
#define RIGHT          850.0
#define RATE_TOP       20.0
#define RATE_BOTTOM    132.0
#define LOST_TOP       160.0
#define LOST_BOTTOM    206.0
#define LABEL_GAP      8.0
#define MAX_TIME_LABEL 60.0 /* its width */
#define TIME_LABEL_Y   224.0
#define TITLE_GAP      6.0

/* A bar that is there can be seen. */
#define MIN_BAR 1.5

#define MAX_TIME_TICKS 10
#define N_RATE_TICKS   4
#define N_LOST_TICKS   2

#define SEC_PER_DAY 86400

/* Steps of time that people count in, seconds. */
static const uint32_t time_steps[] = { 1,
				       2,
				       5,
				       10,
				       15,
				       30,
				       60,
				       120,
				       300,
				       600,
				       900,
				       1800,
				       3600,
				       7200,
				       10800,
				       21600,
				       43200,
				       SEC_PER_DAY,
				       2 * SEC_PER_DAY,
				       7 * SEC_PER_DAY };

#define N_TIME_STEPS (sizeof(time_steps) / sizeof(*time_steps))

struct scale {
	double top;  /* the value at the upper end */
	double step; /* of the ticks */
	double y_top, y_bottom;
};

static double get_x(const struct history *history, uint64_t ns)
{
	double length = (double)(history->end_ns - history->begin_ns);

	return LEFT + (RIGHT - LEFT) * (double)(ns - history->begin_ns) /
			      (length > 0 ? length : 1);
}

static double get_y(const struct scale *scale, double value)
{
	return scale->y_bottom - (scale->y_bottom - scale->y_top) * value / scale->top;
}

/* 1, 2 or 5 times a power of ten, so that n steps reach the value. */
static double get_step(double value, int n)
{
	double rough = value / n, power;

	if (rough <= 1)
		return 1;
	power = pow(10, floor(log10(rough)));
	if (rough <= power)
		return power;
	return rough <= 2 * power   ? 2 * power
	       : rough <= 5 * power ? 5 * power
				    : 10 * power;
}

static struct scale new_scale(double max, int n, double y_top, double y_bottom)
{
	double step = get_step(max, n);
	double n_steps = ceil(max / step);

	return (struct scale){ .top = step * (n_steps < 1 ? 1 : n_steps),
			       .step = step,
			       .y_top = y_top,
			       .y_bottom = y_bottom };
}

static double get_rate(const struct history_point *point)
{
	return point->seconds > 0 ? (double)point->packets / point->seconds : 0;
}

static struct scale new_rate_scale(const struct page_plot *plot)
{
	double max = 0;

	for (uint32_t i = 0; i < plot->history->n_slots; i++)
		max = fmax(max, get_rate(&plot->points[i]));
	return new_scale(max, N_RATE_TICKS, RATE_TOP, RATE_BOTTOM);
}

static struct scale new_lost_scale(const struct page_plot *plot)
{
	double max = 0;

	for (uint32_t i = 0; i < plot->history->n_slots; i++)
		max = fmax(max, (double)plot->points[i].lost);
	return new_scale(max, N_LOST_TICKS, LOST_TOP, LOST_BOTTOM);
}

static void print_scale(const struct scale *scale, FILE *out)
{
	char text[FIGURE_TEXT_MAX];

	for (int i = 0; i * scale->step <= scale->top * 1.001; i++) {
		double value = i * scale->step, y = get_y(scale, value);

		figure_format_scaled(value, text);
		fprintf(out,
			"<line class=\"%s\" x1=\"%.1f\" x2=\"%.1f\" y1=\"%.1f\" "
			"y2=\"%.1f\"/>"
			"<text class=\"y\" x=\"%.1f\" y=\"%.1f\">%s</text>\n",
			value > 0 ? "grid" : "axis", LEFT, RIGHT, y, y, LEFT - LABEL_GAP,
			y + 3.5, text);
	}
}

static uint32_t get_time_step(double seconds)
{
	size_t i = 0;

	while (i + 1 < N_TIME_STEPS && seconds / time_steps[i] > MAX_TIME_TICKS)
		i++;
	return time_steps[i];
}

static void print_time_tick(const struct history *history, uint64_t ns, uint32_t step,
			    FILE *out)
{
	const char *format = step >= SEC_PER_DAY ? "%m-%d"
			     : step >= 60        ? "%H:%M"
						 : "%H:%M:%S";
	char text[PAGE_TIME_MAX];
	double x = get_x(history, ns);
	bool is_last = x > WIDTH - MAX_TIME_LABEL / 2;

	page_format_time(ns, history->zone_s, format, text);
	fprintf(out,
		"<path class=\"grid\" d=\"M%.1f,%.1fV%.1fM%.1f,%.1fV%.1f\"/>"
		"<text class=\"%s\" x=\"%.1f\" y=\"%.1f\">%s</text>\n",
		x, RATE_TOP, RATE_BOTTOM, x, LOST_TOP, LOST_BOTTOM, is_last ? "y" : "x",
		is_last ? WIDTH : x, TIME_LABEL_Y, text);
}

/* At whole minutes, hours and days of the record's zone. */
static void print_time_ticks(const struct history *history, FILE *out)
{
	double seconds = (double)(history->end_ns - history->begin_ns) / NSEC_PER_SEC;
	int64_t step = get_time_step(seconds);
	int64_t local = (int64_t)((double)history->begin_ns / NSEC_PER_SEC) +
			history->zone_s;
	int64_t tick = (local / step + 1) * step - history->zone_s;

	/* Beyond the longest step the ticks are thinned out. */
	while (seconds / (double)step > MAX_TIME_TICKS)
		step *= 2;
	for (; (double)tick * NSEC_PER_SEC <= (double)history->end_ns; tick += step)
		print_time_tick(history, (uint64_t)tick * (uint64_t)NSEC_PER_SEC,
				(uint32_t)step, out);
}

/* The slots from first to the one before end have data. */
static void print_segment(const struct page_plot *plot, const struct scale *scale,
			  uint32_t first, uint32_t end, FILE *out)
{
	const struct history *history = plot->history;

	fprintf(out, "<path class=\"area\" d=\"M%.1f,%.1f",
		get_x(history, history->slots[first].begin_ns), scale->y_bottom);
	for (uint32_t i = first; i < end; i++)
		fprintf(out, "V%.1fH%.1f", get_y(scale, get_rate(&plot->points[i])),
			get_x(history, history->slots[i].end_ns));
	fprintf(out, "V%.1fZ\"/>\n<polyline class=\"rate\" points=\"", scale->y_bottom);
	for (uint32_t i = first; i < end; i++) {
		double y = get_y(scale, get_rate(&plot->points[i]));

		fprintf(out, "%s%.1f,%.1f %.1f,%.1f", i > first ? " " : "",
			get_x(history, history->slots[i].begin_ns), y,
			get_x(history, history->slots[i].end_ns), y);
	}
	fputs("\"/>\n", out);
}

static void print_rate(const struct page_plot *plot, FILE *out)
{
	struct scale scale = new_rate_scale(plot);
	uint32_t n_slots = plot->history->n_slots;

	print_scale(&scale, out);
	fprintf(out, "<text class=\"title\" x=\"%.1f\" y=\"%.1f\">packets/s</text>\n",
		LEFT, RATE_TOP - TITLE_GAP);
	for (uint32_t i = 0, end; i < n_slots; i = end) {
		end = i;
		while (end < n_slots && plot->points[end].seconds > 0)
			end++;
		if (end > i)
			print_segment(plot, &scale, i, end, out);
		else
			end++;
	}
}

static void print_bar(const struct page_plot *plot, const struct scale *scale, uint32_t i,
		      FILE *out)
{
	const struct history_slot *slot = &plot->history->slots[i];
	double x = get_x(plot->history, slot->begin_ns);
	double width = get_x(plot->history, slot->end_ns) - x;
	double y = get_y(scale, (double)plot->points[i].lost);

	fprintf(out,
		"<rect class=\"lost\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" "
		"height=\"%.1f\"/>\n",
		x, fmin(y, scale->y_bottom - MIN_BAR), fmax(width, MIN_BAR),
		fmax(scale->y_bottom - y, MIN_BAR));
}

static void print_lost(const struct page_plot *plot, FILE *out)
{
	struct scale scale = new_lost_scale(plot);
	char length[PAGE_TIME_MAX];

	page_format_length(plot->history->seconds * plot->history->n_in_slot, length);
	fprintf(out, "<text class=\"title\" x=\"%.1f\" y=\"%.1f\">%s in %s</text>\n",
		LEFT, LOST_TOP - TITLE_GAP, plot->lost, length);
	if (plot->unknown) {
		fprintf(out,
			"<line class=\"axis\" x1=\"%.1f\" x2=\"%.1f\" y1=\"%.1f\" "
			"y2=\"%.1f\"/>"
			"<text class=\"none\" x=\"%.1f\" y=\"%.1f\">%s</text>\n",
			LEFT, RIGHT, LOST_BOTTOM, LOST_BOTTOM, (LEFT + RIGHT) / 2,
			(LOST_TOP + LOST_BOTTOM) / 2 + 4, plot->unknown);
		return;
	}
	print_scale(&scale, out);
	for (uint32_t i = 0; i < plot->history->n_slots; i++)
		if (plot->points[i].lost)
			print_bar(plot, &scale, i, out);
}

static void print_number(uint64_t value, const char *word, FILE *out)
{
	char text[FIGURE_TEXT_MAX];

	figure_format_exact(value, text);
	fprintf(out, ", %s %s", text, word);
}

/* What the pointer shows over a slot. */
static void print_words(const struct page_plot *plot, uint32_t i, FILE *out)
{
	const struct history_slot *slot = &plot->history->slots[i];
	const struct history_point *point = &plot->points[i];
	char begin[PAGE_TIME_MAX], end[PAGE_TIME_MAX], rate[FIGURE_TEXT_MAX],
		bits[FIGURE_TEXT_MAX];

	page_format_time(slot->begin_ns, plot->history->zone_s, "%H:%M:%S", begin);
	page_format_time(slot->end_ns, plot->history->zone_s, "%H:%M:%S", end);
	if (point->seconds <= 0) {
		fprintf(out, "%s to %s: nothing known", begin, end);
		return;
	}
	figure_format_exact((uint64_t)fmin(get_rate(point) + 0.5, MAX_RATE), rate);
	figure_format_unit((double)point->bytes * BITS_PER_BYTE / point->seconds, "bit/s",
			   bits);
	fprintf(out, "%s to %s: %s packets/s, %s", begin, end, rate, bits);
	if (!plot->unknown)
		print_number(point->lost, plot->lost, out);
	if (plot->is_interface) {
		print_number(point->evicted, "flows evicted", out);
		print_number(point->malformed, "malformed", out);
	} else if (!plot->unknown) {
		print_number(point->duplicates, "duplicates", out);
		print_number(point->reordered, "reordered", out);
	}
}

static void print_slots(const struct page_plot *plot, FILE *out)
{
	const struct history *history = plot->history;

	for (uint32_t i = 0; i < history->n_slots; i++) {
		double x = get_x(history, history->slots[i].begin_ns);
		double end = get_x(history, history->slots[i].end_ns);

		fprintf(out,
			"<rect class=\"slot\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" "
			"height=\"%.1f\"><title>",
			x, RATE_TOP, fmax(end - x, MIN_BAR), LOST_BOTTOM - RATE_TOP);
		print_words(plot, i, out);
		fputs("</title></rect>\n", out);
	}
}

void page_plot_print(const struct page_plot *plot, FILE *out)
{
	fprintf(out, "<svg viewBox=\"0 0 %.0f %.0f\" role=\"img\" aria-label=\"", WIDTH,
		HEIGHT);
	page_put(out, plot->label);
	fputs("\">\n", out);
	print_time_ticks(plot->history, out);
	print_rate(plot, out);
	print_lost(plot, out);
	print_slots(plot, out);
	fputs("</svg>\n", out);
}
