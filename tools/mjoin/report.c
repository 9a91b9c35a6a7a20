/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * report: what happens, for people (see report.h); report-json.c has the other form.
 *
 * Invariant: progress is on the screen only as long as nothing else is printed.
 */
#include <inttypes.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "output.h"
#include "report-json.h"
#include "report.h"

/* Sources that a line names before it says how many more there are. */
#define NAMES_IN_LINE 8

#define NANOSECONDS_IN_MS 1e6

static int flush(struct report *report)
{
	return outlet_flush(report->outlet);
}

void report_clear_progress(struct report *report)
{
	if (report->is_progress_shown)
		fputs("\r\033[K", stderr);
	report->is_progress_shown = false;
}

/* include 10.9.0.1, 10.9.0.2 */
static void print_filter(FILE *out, const struct channel_filter *filter)
{
	char text[ENDPOINT_TEXT_MAX];

	if (filter->numsrc == 0) {
		fputs("any source", out);
		return;
	}
	fputs(filter->fmode == MCAST_INCLUDE ? "include" : "exclude", out);
	for (uint32_t i = 0; i < filter->numsrc && i < NAMES_IN_LINE; i++) {
		endpoint_format_address(&filter->slist[i], text, sizeof(text));
		fprintf(out, "%s %s", i ? "," : "", text);
	}
	if (filter->numsrc > NAMES_IN_LINE)
		fprintf(out, " and %" PRIu32 " more", filter->numsrc - NAMES_IN_LINE);
}

int report_joined(struct report *report, const struct receiver *receiver)
{
	const struct channel *channel = receiver->channel;
	char text[ENDPOINT_TEXT_MAX];

	if (report->is_json)
		return report_json_joined(report, receiver);
	/* A range is one line, when its last group is joined. */
	if (report->is_quiet || receiver->i_group + 1 < channel->endpoint.n_groups)
		return 0;
	report_clear_progress(report);
	endpoint_format(&channel->endpoint, text, sizeof(text));
	fprintf(report->out, "%s %s on %s (index %" PRIu32 "), ",
		receiver->n_joins > 1 ? "joined again" : "joined", text,
		receiver->interface.name, receiver->interface.ifindex);
	print_filter(report->out, &channel->filter);
	if (receiver->n_sockets > 1)
		fprintf(report->out, ", on %" PRIu32 " sockets", receiver->n_sockets);
	/* This host filters; who tells the routers, and do they hear of sources? */
	if (report->is_asm && channel->filter.numsrc > 0)
		fprintf(report->out, "; wire: %s",
			report->wire == MSF_WIRE_AGENT ? "msfd" : "ASM");
	fputc('\n', report->out);
	return flush(report);
}

int report_first(struct report *report, const struct receiver *receiver,
		 const struct flow *flow)
{
	char name[RECEIVER_TEXT_MAX], source[ENDPOINT_TEXT_MAX];

	if (report->is_json)
		return report_json_first(report, receiver, flow);
	if (report->is_quiet)
		return 0;
	report_clear_progress(report);
	receiver_format(receiver, name);
	endpoint_format_address(&flow->source, source, sizeof(source));
	fprintf(report->out, "first packet of %s from %s", name, source);
	if (flow->latency_ns >= 0)
		fprintf(report->out, " after %.1f ms",
			(double)flow->latency_ns / NANOSECONDS_IN_MS);
	fputc('\n', report->out);
	return flush(report);
}

int report_waiting(struct report *report, const char *interface)
{
	if (report->is_json)
		return report_json_waiting(report, interface);
	if (report->is_quiet)
		return 0;
	report_clear_progress(report);
	fprintf(report->out, "waiting for interface %s\n", interface);
	return flush(report);
}

int report_gone(struct report *report, const struct msf_interface *interface)
{
	if (report->is_json)
		return report_json_gone(report, interface);
	if (report->is_quiet)
		return 0;
	report_clear_progress(report);
	fprintf(report->out, "interface %s (index %" PRIu32 ") is gone\n",
		interface->name, interface->ifindex);
	return flush(report);
}

static void print_flow(FILE *out, const struct flow *flow)
{
	char source[ENDPOINT_TEXT_MAX], rate[32] = "-", latency[32] = "-";

	endpoint_format_address(&flow->source, source, sizeof(source));
	if (flow->packets == 0) {
		fprintf(out, "  %-28s not heard\n", source);
		return;
	}
	if (flow_get_rate(flow) >= 0)
		snprintf(rate, sizeof(rate), "%.1f", flow_get_rate(flow));
	if (flow->latency_ns >= 0)
		snprintf(latency, sizeof(latency), "%.1f ms",
			 (double)flow->latency_ns / NANOSECONDS_IN_MS);
	fprintf(out, "  %-28s %12" PRIu64 " %14" PRIu64 " %12s %14s\n", source,
		flow->packets, flow->bytes, rate, latency);
}

static void print_flows(FILE *out, const struct receiver *receiver)
{
	const struct flow_table *table = &receiver->flows;

	if (table->n_flows > 0)
		fprintf(out, "  %-28s %12s %14s %12s %14s\n", "source", "packets",
			"bytes", "packets/s", "first after");
	for (uint32_t i = 0; i < table->n_flows; i++)
		print_flow(out, &table->flows[i]);
	if (table->unlisted_packets > 0)
		fprintf(out, "  %-28s %12" PRIu64 " %14" PRIu64 "\n", "more sources",
			table->unlisted_packets, table->unlisted_bytes);
}

int report_summary(struct report *report, struct receiver *receiver)
{
	char name[RECEIVER_TEXT_MAX];
	FILE *out = report->out;

	flow_table_sort(&receiver->flows);
	if (report->is_json)
		return report_json_summary(report, receiver);
	report_clear_progress(report);
	receiver_format(receiver, name);
	fprintf(out, "%s: ", name);
	print_filter(out, &receiver->channel->filter);
	if (receiver->channel->endpoint.port == 0) {
		fputs("; membership only\n", out);
		return flush(report);
	}
	fprintf(out, "; %" PRIu64 " packets", receiver->flows.packets);
	if (receiver->has_drops)
		fprintf(out, ", %" PRIu64 " kernel drops", receiver->drops);
	if (receiver->foreign_packets > 0)
		fprintf(out, ", %" PRIu64 " of other interfaces ignored",
			receiver->foreign_packets);
	fputc('\n', out);
	print_flows(out, receiver);
	return flush(report);
}

void report_sum_add(struct report_sum *sum, const struct receiver *receiver)
{
	const struct flow_table *table = &receiver->flows;

	sum->receivers++;
	sum->packets += table->packets;
	sum->bytes += table->unlisted_bytes;
	sum->drops += receiver->drops;
	sum->has_drops |= receiver->has_drops;
	for (uint32_t i = 0; i < table->n_flows; i++) {
		sum->flows += table->flows[i].packets > 0;
		sum->bytes += table->flows[i].bytes;
	}
}

int report_sum(struct report *report, const struct report_sum *sum)
{
	if (report->is_json || sum->receivers < 2)
		return 0;
	fprintf(report->out,
		"all %" PRIu64 " groups: %" PRIu64 " flows, %" PRIu64 " packets, %" PRIu64
		" bytes",
		sum->receivers, sum->flows, sum->packets, sum->bytes);
	if (sum->has_drops)
		fprintf(report->out, ", %" PRIu64 " kernel drops", sum->drops);
	fputc('\n', report->out);
	return flush(report);
}

void report_progress(struct report *report, const struct report_sum *sum, double seconds)
{
	struct pollfd terminal = { .fd = STDERR_FILENO, .events = POLLOUT };

	/* It may have been stopped, with Ctrl-S. */
	if (poll(&terminal, 1, 0) <= 0)
		return;
	report_clear_progress(report);
	fprintf(stderr, "%.0f s: %" PRIu64 " flows, %" PRIu64 " packets", seconds,
		sum->flows, sum->packets);
	if (sum->has_drops)
		fprintf(stderr, ", %" PRIu64 " kernel drops", sum->drops);
	fflush(stderr);
	report->is_progress_shown = true;
}

void report_missing(const struct receiver *receiver, double seconds)
{
	const struct flow_table *table = &receiver->flows;
	char name[RECEIVER_TEXT_MAX], source[ENDPOINT_TEXT_MAX];
	char *missing = NULL;
	size_t len = 0;
	FILE *text;

	receiver_format(receiver, name);
	if (!channel_filter_is_include(&receiver->channel->filter)) {
		output_error(name, "no packet in %.3g s", seconds);
		return;
	}
	text = open_memstream(&missing, &len);
	for (uint32_t i = 0; i < table->n_flows && text; i++) {
		if (table->flows[i].packets > 0)
			continue;
		endpoint_format_address(&table->flows[i].source, source, sizeof(source));
		fprintf(text, " %s", source);
	}
	if (text && fclose(text) == 0)
		output_error(name, "not heard in %.3g s:%s", seconds, missing);
	free(missing);
}
