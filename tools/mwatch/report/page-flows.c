/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * page-flows: the flows of a page (see page-flows.h).
 */
#include "page-flows.h"

#include <math.h>
#include <string.h>

#include "figure.h"
#include "page-plot.h"
#include "page-text.h"
#include "page.h"

#define BITS_PER_BYTE 8
#define NSEC_PER_USEC 1e3

/* Ten years; beyond all that mwatch writes. */
#define MAX_NS 3.2e17

#define LABEL_MAX 512

static void print_group(const struct history_flow *flow, FILE *out)
{
	bool is_ipv6 = strchr(flow->group, ':');

	fputs(is_ipv6 ? "[" : "", out);
	page_put(out, flow->group);
	fprintf(out, "%s:%u", is_ipv6 ? "]" : "", flow->port);
}

static double get_rate(const struct history_flow *flow)
{
	return flow->seconds > 0 ? (double)flow->counts.packets / flow->seconds : 0;
}

static double get_bits(const struct history_flow *flow)
{
	return flow->seconds > 0
		       ? (double)flow->counts.bytes * BITS_PER_BYTE / flow->seconds
		       : 0;
}

static void print_none(FILE *out)
{
	fputs("<td class=\"n none\" title=\"cannot be known\">-</td>", out);
}

static void print_text(const char *text, FILE *out)
{
	fprintf(out, "<td class=\"n\">%s</td>", text);
}

static void print_exact(uint64_t value, FILE *out)
{
	char text[FIGURE_TEXT_MAX];

	figure_format_exact(value, text);
	print_text(text, out);
}

/* Something that should be 0. */
static void print_fault(bool is_known, uint64_t value, const char *unit, FILE *out)
{
	char text[FIGURE_TEXT_MAX];

	if (!is_known) {
		print_none(out);
		return;
	}
	figure_format_exact(value, text);
	fprintf(out, "<td class=\"n%s\">%s%s</td>", value ? " some" : "", text, unit);
}

/* Of the packets that should have come. TS packets are counted apart from datagrams. */
static void print_share(const struct history_flow *flow, FILE *out)
{
	const struct history_counts *counts = history_get_counts(flow);
	uint64_t n_repeated = counts->duplicates < counts->packets ? counts->duplicates
								   : 0;
	double n_sent = (double)(counts->packets - n_repeated + counts->lost);

	if (!flow->has_sequence || flow->is_by_ts || n_sent <= 0)
		print_none(out);
	else
		fprintf(out, "<td class=\"n\">%.3g %%</td>",
			100 * (double)counts->lost / n_sent);
}

static void print_scaled(double value, FILE *out)
{
	char text[FIGURE_TEXT_MAX];

	figure_format_scaled(value, text);
	print_text(text, out);
}

static void print_us(double us, FILE *out)
{
	char text[FIGURE_TEXT_MAX];

	if (us < 0) {
		print_none(out);
		return;
	}
	figure_format_duration((uint64_t)fmin(us * NSEC_PER_USEC, MAX_NS), text);
	print_text(text, out);
}

static void print_ttl(const struct history_flow *flow, FILE *out)
{
	if (flow->ttl_min < 0)
		print_none(out);
	else if (flow->ttl_min < flow->ttl_max)
		fprintf(out, "<td class=\"n\">%d to %d</td>", (int)flow->ttl_min,
			(int)flow->ttl_max);
	else
		fprintf(out, "<td class=\"n\">%d</td>", (int)flow->ttl_max);
}

/* A class of our own style, whatever word the record has. */
static const char *get_verdict_class(const char *verdict)
{
	static const char *const known[] = { "accept", "block", "unjoined" };

	for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++)
		if (strcmp(verdict, known[i]) == 0)
			return known[i];
	return "none";
}

static void print_verdict(const struct history_flow *flow, FILE *out)
{
	fprintf(out, "<td class=\"%s\">", get_verdict_class(flow->verdict));
	page_put(out, flow->verdict[0] ? flow->verdict : "-");
	fprintf(out, "%s</td>",
		flow->has_changed ? " <span title=\"the last one: it has changed\">"
				    "(changed)</span>"
				  : "");
}

/* What is not the same for all flows, behind the source. */
static void print_marks(const struct history *history, const struct history_flow *flow,
			FILE *out)
{
	if (flow->is_outgoing)
		fputs(" (sent by this host)", out);
	if (flow->vlan)
		fprintf(out, " VLAN %u", flow->vlan);
	if (history->n_interfaces > 1) {
		fputs(" on ", out);
		page_put(out, history->interfaces[flow->i_interface].name);
	}
}

static void print_row(const struct history *history, uint32_t i, FILE *out)
{
	const struct history_flow *flow = history->flows[i];
	const struct history_counts *counts = history_get_counts(flow);

	fputs("<tr><td>", out);
	if (flow->points)
		fprintf(out, "<a href=\"#flow-%u\">", i + 1);
	page_put(out, flow->source);
	fputs(flow->points ? "</a>" : "", out);
	print_marks(history, flow, out);
	fputs("</td><td>", out);
	print_group(flow, out);
	fputs("</td>", out);
	print_exact(counts->packets, out);
	print_scaled(get_bits(flow), out);
	print_fault(flow->has_sequence, counts->lost, flow->is_by_ts ? " TS" : "", out);
	print_share(flow, out);
	print_fault(flow->has_sequence, counts->duplicates, "", out);
	print_fault(flow->has_sequence && !flow->is_by_ts, counts->reordered, "", out);
	print_scaled((double)flow->peak_1ms_pps, out);
	print_us(flow->jitter_us, out);
	print_us(flow->gap_us, out);
	print_ttl(flow, out);
	print_verdict(flow, out);
	fputs("</tr>\n", out);
}

void page_flows_print_table(const struct history *history, FILE *out)
{
	uint32_t n = history->n_flows < PAGE_MAX_ROWS ? history->n_flows : PAGE_MAX_ROWS;

	fputs("<h2>Flows</h2>\n<div class=\"wide\"><table id=\"flows\"><thead><tr>"
	      "<th>Source</th><th>Group and port</th><th class=\"n\">Packets</th>"
	      "<th class=\"n\">Bit/s</th><th class=\"n\">Lost</th>"
	      "<th class=\"n\">Share</th><th class=\"n\">Dupli&shy;cates</th>"
	      "<th class=\"n\">Re&shy;ordered</th><th class=\"n\">Peak/s</th>"
	      "<th class=\"n\">Jitter</th><th class=\"n\">Gap</th>"
	      "<th class=\"n\">TTL</th><th>Verdict</th></tr></thead><tbody>\n",
	      out);
	for (uint32_t i = 0; i < n; i++)
		print_row(history, i, out);
	fputs("</tbody></table></div>\n", out);
	if (n < history->n_flows)
		fprintf(out,
			"<p class=\"note\">%u flows with fewer packets are left out of "
			"this table.</p>\n",
			history->n_flows - n);
	if (history->n_left_out)
		fputs("<p class=\"note\">The record has more flows than this page can "
		      "count: some that came late are left out of it.</p>\n",
		      out);
}

/* 1,234 packets, 98.7 Mbit/s, 12 lost ... */
static void print_caption(const struct history *history, uint32_t i, FILE *out)
{
	const struct history_flow *flow = history->flows[i];
	const struct history_counts *counts = history_get_counts(flow);
	char packets[FIGURE_TEXT_MAX], rate[FIGURE_TEXT_MAX], bits[FIGURE_TEXT_MAX],
		lost[FIGURE_TEXT_MAX];

	figure_format_exact(counts->packets, packets);
	figure_format_scaled(get_rate(flow), rate);
	figure_format_unit(get_bits(flow), "bit/s", bits);
	figure_format_exact(counts->lost, lost);
	fputs("<figcaption><h3>", out);
	page_put(out, flow->source);
	fputs(" &rarr; ", out);
	print_group(flow, out);
	fprintf(out, "</h3><p>%s packets, %s/s on average, %s", packets, rate, bits);
	if (flow->has_sequence)
		fprintf(out, ", %s %slost", lost, flow->is_by_ts ? "TS packets " : "");
	fprintf(out, "%s", flow->verdict[0] ? ", verdict " : "");
	page_put(out, flow->verdict);
	print_marks(history, flow, out);
	fputs("</p></figcaption>\n", out);
}

static void print_plot(const struct history *history, uint32_t i, FILE *out)
{
	const struct history_flow *flow = history->flows[i];
	char label[LABEL_MAX];
	struct page_plot plot = { .history = history,
				  .points = flow->points,
				  .label = label,
				  .lost = flow->is_by_ts ? "TS packets lost" : "lost" };

	if (!flow->has_sequence)
		plot.unknown = "cannot be known: these packets carry no sequence number";
	snprintf(label, sizeof(label), "Rate and loss of %.200s to %.200s port %u",
		 flow->source, flow->group, flow->port);
	fprintf(out, "<figure class=\"flow\" id=\"flow-%u\">", i + 1);
	print_caption(history, i, out);
	page_plot_print(&plot, out);
	fputs("</figure>\n", out);
}

void page_flows_print_plots(const struct history *history, FILE *out)
{
	uint32_t n = history->n_flows < HISTORY_MAX_PLOTS ? history->n_flows
							  : HISTORY_MAX_PLOTS;

	if (n == 0)
		return;
	fputs("<h2>Rate and loss over time</h2>\n", out);
	for (uint32_t i = 0; i < n; i++)
		print_plot(history, i, out);
	if (n < history->n_flows)
		fprintf(out,
			"<p class=\"note\">The %u flows with the most packets are drawn; "
			"%u are not.</p>\n",
			n, history->n_flows - n);
}
