/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * report-json: events and summary as JSON lines (see report-json.h).
 *
 * Invariant: jansson's setters return -1 for a value that could not be built, so
 * one look at the end of an object tells whether it is whole.
 */
#include <errno.h>
#include <math.h>

#include "jsonline.h"
#include "report-json.h"

static int write_line(struct report *report, json_t *object)
{
	int r = jsonline_write(object, report->out);

	return r < 0 ? r : outlet_flush(report->outlet);
}

static json_t *json_latency(int64_t ns)
{
	return ns < 0 ? json_null() : json_real(round((double)ns / 1e3) / 1e3);
}

static json_t *json_rate(const struct flow *flow)
{
	double rate = flow_get_rate(flow);

	return rate < 0 ? json_null() : json_real(round(rate * 1e3) / 1e3);
}

static json_t *json_port(const struct receiver *receiver)
{
	uint16_t port = receiver->channel->endpoint.port;

	return port ? json_integer(port) : json_null();
}

/* Frees the object when a part of it is missing. */
static json_t *whole(json_t *object, int r)
{
	if (r == 0)
		return object;
	json_decref(object);
	return NULL;
}

static const char *interface_name(const struct receiver *receiver)
{
	const char *name = receiver->interface.name;

	return *name ? name : receiver->channel->interface;
}

static json_t *json_sources(const struct channel_filter *filter)
{
	json_t *sources = json_array();
	int r = sources ? 0 : -1;

	for (uint32_t i = 0; i < filter->numsrc && r == 0; i++)
		r = json_array_append_new(sources,
					  jsonline_new_address(&filter->slist[i]));
	return whole(sources, r);
}

static json_t *json_wire(const struct report *report)
{
	static const char *const names[] = {
		[MSF_WIRE_KERNEL] = "kernel",
		[MSF_WIRE_AGENT] = "msfd",
		[MSF_WIRE_ASM] = "asm",
	};

	return json_string(names[report->wire]);
}

int report_json_joined(struct report *report, const struct receiver *receiver)
{
	const struct channel_filter *filter = &receiver->channel->filter;
	json_t *o = jsonline_new(receiver->n_joins > 1 ? "rejoined" : "joined", NULL);
	int r = 0;

	r |= json_object_set_new(o, "interface", json_string(interface_name(receiver)));
	r |= json_object_set_new(o, "ifindex", json_integer(receiver->interface.ifindex));
	r |= json_object_set_new(o, "group", jsonline_new_address(&receiver->group));
	r |= json_object_set_new(o, "port", json_port(receiver));
	r |= json_object_set_new(
		o, "mode",
		json_string(filter->fmode == MCAST_INCLUDE ? "include" : "exclude"));
	r |= json_object_set_new(o, "sources", json_sources(filter));
	r |= json_object_set_new(o, "backend",
				 json_string(report->is_asm ? "asm" : "kernel"));
	r |= json_object_set_new(o, "wire", json_wire(report));
	r |= json_object_set_new(o, "sockets", json_integer(receiver->n_sockets));
	return write_line(report, whole(o, r));
}

int report_json_first(struct report *report, const struct receiver *receiver,
		      const struct flow *flow)
{
	json_t *o = jsonline_new("first", &flow->first);
	int r = 0;

	r |= json_object_set_new(o, "interface", json_string(interface_name(receiver)));
	r |= json_object_set_new(o, "group", jsonline_new_address(&receiver->group));
	r |= json_object_set_new(o, "port", json_port(receiver));
	r |= json_object_set_new(o, "source", jsonline_new_address(&flow->source));
	r |= json_object_set_new(o, "latency_ms", json_latency(flow->latency_ns));
	return write_line(report, whole(o, r));
}

int report_json_waiting(struct report *report, const char *interface)
{
	json_t *o = jsonline_new("waiting", NULL);

	return write_line(report, whole(o, json_object_set_new(o, "interface",
							       json_string(interface))));
}

int report_json_gone(struct report *report, const struct msf_interface *interface)
{
	json_t *o = jsonline_new("gone", NULL);
	int r = 0;

	r |= json_object_set_new(o, "interface", json_string(interface->name));
	r |= json_object_set_new(o, "ifindex", json_integer(interface->ifindex));
	return write_line(report, whole(o, r));
}

static json_t *json_flow(const struct flow *flow)
{
	json_t *o = json_object();
	int r = 0;

	r |= json_object_set_new(o, "source", jsonline_new_address(&flow->source));
	r |= json_object_set_new(o, "packets", json_integer((json_int_t)flow->packets));
	r |= json_object_set_new(o, "bytes", json_integer((json_int_t)flow->bytes));
	r |= json_object_set_new(o, "pps", json_rate(flow));
	r |= json_object_set_new(o, "latency_ms", json_latency(flow->latency_ns));
	return whole(o, r);
}

/* The flows that were heard, or the sources that were named and not heard. */
static json_t *json_flows(const struct flow_table *table, bool is_heard)
{
	json_t *flows = json_array();
	int r = flows ? 0 : -1;

	for (uint32_t i = 0; i < table->n_flows && r == 0; i++) {
		const struct flow *flow = &table->flows[i];

		if ((flow->packets > 0) == is_heard)
			r = json_array_append_new(
				flows, is_heard ? json_flow(flow)
						: jsonline_new_address(&flow->source));
	}
	return whole(flows, r);
}

int report_json_summary(struct report *report, const struct receiver *receiver)
{
	const struct flow_table *table = &receiver->flows;
	json_t *o = jsonline_new("summary", NULL);
	int r = 0;

	r |= json_object_set_new(o, "interface", json_string(interface_name(receiver)));
	r |= json_object_set_new(o, "group", jsonline_new_address(&receiver->group));
	r |= json_object_set_new(o, "port", json_port(receiver));
	r |= json_object_set_new(o, "flows", json_flows(table, true));
	r |= json_object_set_new(o, "missing", json_flows(table, false));
	r |= json_object_set_new(o, "unlisted_packets",
				 json_integer((json_int_t)table->unlisted_packets));
	r |= json_object_set_new(o, "foreign_packets",
				 json_integer((json_int_t)receiver->foreign_packets));
	r |= json_object_set_new(o, "kernel_drops",
				 receiver->has_drops
					 ? json_integer((json_int_t)receiver->drops)
					 : json_null());
	return write_line(report, whole(o, r));
}
