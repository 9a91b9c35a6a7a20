/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * view-csv: samples as comma-separated values, RFC 4180 (see view.h).
 *
 * Invariant: each line has the same columns, and what cannot be known is empty. Lines
 * end with CR and LF (RFC 4180 2.1).
 */
#include "view.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "field.h"
#include "order.h"
#include "utf8.h"

#define END_OF_LINE "\r\n"

struct view_csv {
	struct outlet *outlet; /* borrowed */
	uint32_t top;
	bool has_title; /* it was printed */
};

/* Room for each byte of an interface name twice, and quotes around. */
#define QUOTED_MAX (2 * IF_NAMESIZE + 3)

/* RFC 4180 2.5 to 2.7. */
static void quote(const char *text, char buf[QUOTED_MAX])
{
	bool is_plain = !strpbrk(text, ",\"");
	char *end = buf;

	if (!is_plain)
		*end++ = '"';
	for (; *text; text++) {
		if (*text == '"')
			*end++ = '"';
		*end++ = *text;
	}
	if (!is_plain)
		*end++ = '"';
	*end = '\0';
}

static void print_title(FILE *out)
{
	fputs("time,interface,seconds", out);
	for (unsigned int i = 0; i < FIELD_N; i++)
		fprintf(out, ",%s", field_get_name(i));
	fputs(END_OF_LINE, out);
}

static void print_flow(FILE *out, struct field_context *context,
		       const struct sample_flow *flow)
{
	char value[FIELD_TEXT_MAX];

	for (unsigned int i = 0; i < FIELD_N; i++) {
		size_t len = field_format(i, context, flow, value);

		putc(',', out);
		fwrite(value, 1, len, out);
	}
	fputs(END_OF_LINE, out);
}

static void print_flows(FILE *out, const struct view_csv *view,
			const struct sample *sample)
{
	struct field_context context = { .ns = sample->interval_ns };
	char time[JSONLINE_TIME_MAX];
	struct field_clock clock = { 0 };

	field_format_time(&clock, sample->when_ns, time);
	for (uint32_t i = 0; i < sample->n_flows; i++) {
		const struct sample_flow *flow = &sample->flows[i];
		char name[IF_NAMESIZE], quoted[QUOTED_MAX];

		if (view->top && i >= view->top)
			break;
		if (!order_is_shown(sample, flow, false))
			continue;
		/* It may go to a terminal. */
		utf8_clean(sample->interfaces[flow->i_interface].name, name,
			   sizeof(name));
		quote(name, quoted);
		fprintf(out, "%s,%s,%.6f", time, quoted,
			(double)sample->interval_ns / 1e9);
		print_flow(out, &context, flow);
	}
}

static int put(void *data, const struct sample *sample)
{
	struct view_csv *view = data;
	FILE *out = outlet_get_file(view->outlet);

	if (!view->has_title)
		print_title(out);
	view->has_title = true;
	print_flows(out, view, sample);
	return outlet_flush(view->outlet);
}

static int end(void *data, const struct sample *sample)
{
	(void)data;
	(void)sample;
	return 0;
}

static void *free_view(void *data)
{
	free(data);
	return NULL;
}

int view_csv_new(struct sink *ret, const struct view_settings *settings)
{
	struct view_csv *view = calloc(1, sizeof(*view));

	if (!view)
		return -ENOMEM;
	view->outlet = settings->outlet;
	view->top = settings->top;
	*ret = (struct sink){ .put = put, .end = end, .free = free_view, .data = view };
	return 0;
}
