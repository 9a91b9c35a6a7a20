/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * view-json: samples as JSON, one object an interface (see view.h).
 *
 * Invariant: each line is one whole object of visible ASCII characters. All around
 * the flows is made by jansson; the flows themselves are rows of the field table.
 */
#include "view.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "field.h"
#include "jsonline.h"
#include "order.h"

#define NSEC_PER_SEC 1000000000ULL

struct view_json {
	struct outlet *outlet; /* borrowed */
	uint32_t top;
};

/* Frees the object; NULL when a part of it is missing. */
static json_t *whole(json_t *object, int r)
{
	if (r == 0)
		return object;
	json_decref(object);
	return NULL;
}

static json_t *json_count(uint64_t value)
{
	return json_integer((json_int_t)value);
}

/* -1: it cannot be known. */
static json_t *json_known(int64_t value)
{
	return value < 0 ? json_null() : json_integer(value);
}

/* "{...}" without the end of the line; free it with free(). Frees the object. */
static char *dump(json_t *object)
{
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);
	int r = -ENOMEM;

	if (out)
		r = jsonline_write(object, out);
	else
		json_decref(object);
	if (out && fclose(out) == EOF)
		r = -ENOMEM;
	if (r < 0) {
		free(text);
		return NULL;
	}
	text[len - 1] = '\0';
	return text;
}

/* What stands in front of the flows. */
static json_t *json_head(const struct sample *sample, uint32_t i_interface, bool is_total)
{
	const struct sample_interface *interface = &sample->interfaces[i_interface];
	const struct sample_wire *wire = is_total ? &interface->total
						  : &interface->interval;
	const struct timespec when = { .tv_sec = (time_t)(sample->when_ns / NSEC_PER_SEC),
				       .tv_nsec =
					       (long)(sample->when_ns % NSEC_PER_SEC) };
	uint64_t us = (is_total ? sample->total_ns : sample->interval_ns) / 1000;
	json_t *o = jsonline_new(is_total ? "summary" : "interval", &when);
	int r = 0;

	r |= json_object_set_new(o, "interface", jsonline_new_text(interface->name));
	r |= json_object_set_new(o, "seconds", json_real((double)us / 1e6));
	r |= json_object_set_new(o, "packets", json_count(wire->packets));
	r |= json_object_set_new(o, "bytes", json_count(wire->bytes));
	return whole(o, r);
}

static json_t *json_delivery(const struct sample_delivery *delivery)
{
	struct sample_flow flow = { .family = delivery->family };
	struct sockaddr_storage group;
	json_t *o = json_object();
	int r = 0;

	memcpy(flow.group, delivery->group, sizeof(flow.group));
	sample_get_group(&flow, &group);
	r |= json_object_set_new(o, "group", jsonline_new_address(&group));
	r |= json_object_set_new(o, "port", json_integer(delivery->port));
	r |= json_object_set_new(o, "wire", json_count(delivery->wire));
	r |= json_object_set_new(o, "socket", json_known(delivery->socket));
	r |= json_object_set_new(o, "queue_drops", json_known(delivery->queue_drops));
	r |= json_object_set_new(o, "checksum_drops",
				 json_known(delivery->checksum_drops));
	r |= json_object_set_new(o, "memory_drops", json_known(delivery->memory_drops));
	r |= json_object_set_new(o, "route_drops", json_known(delivery->route_drops));
	r |= json_object_set_new(o, "under_way", json_count(delivery->under_way));
	return whole(o, r);
}

static json_t *json_deliveries(const struct sample *sample, uint32_t i_interface)
{
	json_t *deliveries = json_array();
	int r = deliveries ? 0 : -1;

	for (uint32_t i = 0; i < sample->n_deliveries && r == 0; i++)
		if (sample->deliveries[i].i_interface == i_interface)
			r = json_array_append_new(deliveries,
						  json_delivery(&sample->deliveries[i]));
	return whole(deliveries, r);
}

struct shown {
	uint64_t n_shown, n_total;
};

/* And what stands behind them. */
static json_t *json_tail(const struct sample *sample, uint32_t i_interface, bool is_total,
			 const struct shown *shown)
{
	const struct sample_interface *interface = &sample->interfaces[i_interface];
	const struct sample_wire *wire = is_total ? &interface->total
						  : &interface->interval;
	json_t *o = json_object();
	int r = 0;

	if (shown->n_shown < shown->n_total) {
		r |= json_object_set_new(o, "flows_shown", json_count(shown->n_shown));
		r |= json_object_set_new(o, "flows_total", json_count(shown->n_total));
	}
	r |= json_object_set_new(o, "kernel_drops", json_count(wire->kernel_drops));
	r |= json_object_set_new(o, "evicted", json_count(wire->evicted));
	r |= json_object_set_new(o, "malformed", json_count(wire->malformed));
	r |= json_object_set_new(o, "orphans", json_count(wire->orphans));
	if (sample->deliveries)
		r |= json_object_set_new(o, "deliveries",
					 json_deliveries(sample, i_interface));
	return whole(o, r);
}

static char *put_quoted(char *end, const char *text)
{
	*end++ = '"';
	end = stpcpy(end, text);
	*end++ = '"';
	return end;
}

static void print_flow(FILE *out, struct field_context *context,
		       const struct sample_flow *flow)
{
	char line[FIELD_N * (FIELD_NAME_MAX + FIELD_TEXT_MAX + 8)], *end = line;

	for (unsigned int i = 0; i < FIELD_N; i++) {
		bool is_text = field_is_text(i);
		size_t len;

		*end++ = i ? ',' : '{';
		end = put_quoted(end, field_get_name(i));
		*end++ = ':';
		len = field_format(i, context, flow, end + is_text);
		if (len == 0) {
			end = stpcpy(end, "null");
			continue;
		}
		if (is_text)
			end[0] = end[len + 1] = '"';
		end += len + 2 * is_text;
	}
	*end++ = '}';
	fwrite(line, 1, (size_t)(end - line), out);
}

static bool is_shown(const struct sample *sample, const struct sample_flow *flow,
		     uint32_t i_interface, bool is_total)
{
	return flow->i_interface == i_interface && order_is_shown(sample, flow, is_total);
}

static struct shown count_flows(const struct sample *sample, uint32_t i_interface,
				bool is_total, uint32_t top)
{
	struct shown shown = { 0 };

	for (uint32_t i = 0; i < sample->n_flows; i++) {
		if (!is_shown(sample, &sample->flows[i], i_interface, is_total))
			continue;
		shown.n_total++;
		shown.n_shown += !top || i < top;
	}
	return shown;
}

static void print_flows(FILE *out, const struct sample *sample, uint32_t i_interface,
			bool is_total, uint64_t n)
{
	struct field_context context = {
		.is_total = is_total,
		.ns = is_total ? sample->total_ns : sample->interval_ns,
	};
	uint64_t n_printed = 0;

	for (uint32_t i = 0; n_printed < n; i++) {
		if (!is_shown(sample, &sample->flows[i], i_interface, is_total))
			continue;
		if (n_printed++)
			putc(',', out);
		print_flow(out, &context, &sample->flows[i]);
	}
}

/* The brackets of head and tail make one object around the flows. */
static int print_interface(const struct view_json *view, const struct sample *sample,
			   uint32_t i_interface, bool is_total)
{
	struct shown shown = count_flows(sample, i_interface, is_total, view->top);
	FILE *out = outlet_get_file(view->outlet);
	char *head = dump(json_head(sample, i_interface, is_total));
	char *tail = dump(json_tail(sample, i_interface, is_total, &shown));
	int r = -ENOMEM;

	if (head && tail) {
		fwrite(head, 1, strlen(head) - 1, out);
		fputs(",\"flows\":[", out);
		print_flows(out, sample, i_interface, is_total, shown.n_shown);
		fprintf(out, "],%s\n", tail + 1);
		r = outlet_flush(view->outlet);
	}
	free(head);
	free(tail);
	return r;
}

static int print_sample(const struct view_json *view, const struct sample *sample,
			bool is_total)
{
	int r = 0;

	for (uint32_t i = 0; i < sample->n_interfaces && r == 0; i++)
		r = print_interface(view, sample, i, is_total);
	return r;
}

static int put(void *data, const struct sample *sample)
{
	return print_sample(data, sample, false);
}

static int end(void *data, const struct sample *sample)
{
	return print_sample(data, sample, true);
}

static void *free_view(void *data)
{
	free(data);
	return NULL;
}

int view_json_new(struct sink *ret, const struct view_settings *settings)
{
	struct view_json *view = calloc(1, sizeof(*view));

	if (!view)
		return -ENOMEM;
	view->outlet = settings->outlet;
	view->top = settings->top;
	*ret = (struct sink){ .put = put, .end = end, .free = free_view, .data = view };
	return 0;
}
