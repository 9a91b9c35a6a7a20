/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * page: the history of a record as one HTML page (see page.h).
 *
 * Invariant: no scripts and nothing from elsewhere, which the page itself forbids to the
 * browser; all text of the record is escaped.  The same record gives the same page.
 */
#include "page.h"

#include <stdbool.h>
#include <string.h>

#include <msf.h>

#include "figure.h"
#include "page-flows.h"
#include "page-plot.h"
#include "page-style.h"
#include "page-text.h"

#define NSEC_PER_SEC  1e9
#define BITS_PER_BYTE 8

/* Interfaces that a heading names, and times at which something went wrong on one. */
#define NAMES_IN_TITLE 3
#define MAX_EVENTS     40

static void print_title(const struct history *history, FILE *out)
{
	fputs("Multicast on ", out);
	for (uint32_t i = 0; i < history->n_interfaces && i < NAMES_IN_TITLE; i++) {
		fputs(i ? ", " : "", out);
		page_put(out, history->interfaces[i].name);
	}
	if (history->n_interfaces > NAMES_IN_TITLE)
		fprintf(out, " and %u more", history->n_interfaces - NAMES_IN_TITLE);
}

static void print_head(const struct history *history, FILE *out)
{
	fputs("<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n"
	      "<meta http-equiv=\"Content-Security-Policy\" "
	      "content=\"default-src 'none'; style-src 'unsafe-inline'\">\n"
	      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
	      "<meta name=\"color-scheme\" content=\"light dark\">\n"
	      "<title>",
	      out);
	print_title(history, out);
	fprintf(out, "</title>\n<style>\n%s</style></head>\n<body>\n", page_style);
}

/* 2026-01-02 03:04:05 to 03:14:05 (+01:00), 10 min 0 s: 600 intervals of 1 s */
static void print_span(const struct history *history, FILE *out)
{
	char begin[PAGE_TIME_MAX], end[PAGE_TIME_MAX], first_day[PAGE_TIME_MAX],
		last_day[PAGE_TIME_MAX], zone[PAGE_TIME_MAX], length[PAGE_TIME_MAX],
		interval[PAGE_TIME_MAX], n_intervals[FIGURE_TEXT_MAX];
	int32_t zone_s = history->zone_s;

	page_format_time(history->begin_ns, zone_s, "%Y-%m-%d", first_day);
	page_format_time(history->end_ns, zone_s, "%Y-%m-%d", last_day);
	page_format_time(history->begin_ns, zone_s, "%H:%M:%S", begin);
	page_format_time(history->end_ns, zone_s, "%H:%M:%S", end);
	page_format_zone(zone_s, zone);
	page_format_length((double)(history->end_ns - history->begin_ns) / NSEC_PER_SEC,
			   length);
	page_format_length(history->seconds, interval);
	figure_format_exact(history->n_intervals, n_intervals);
	fprintf(out,
		"<p class=\"span\">%s %s to %s%s%s (UTC%s), "
		"%s: %s interval%s of %s</p>\n",
		first_day, begin, strcmp(first_day, last_day) ? last_day : "",
		strcmp(first_day, last_day) ? " " : "", end, zone, length, n_intervals,
		history->n_intervals == 1 ? "" : "s", interval);
}

struct finding {
	uint64_t packets, lost, ts_lost;
	uint32_t n_known, n_losing;
};

static struct finding find(const struct history *history)
{
	struct finding finding = { 0 };

	for (uint32_t i = 0; i < history->n_flows; i++) {
		const struct history_flow *flow = history->flows[i];
		const struct history_counts *counts = history_get_counts(flow);

		finding.packets += counts->packets;
		finding.n_known += flow->has_sequence;
		if (!flow->has_sequence || !counts->lost)
			continue;
		finding.n_losing++;
		if (flow->is_by_ts)
			finding.ts_lost += counts->lost;
		else
			finding.lost += counts->lost;
	}
	return finding;
}

static void print_losses(const struct finding *finding, FILE *out)
{
	char lost[FIGURE_TEXT_MAX], ts_lost[FIGURE_TEXT_MAX];

	figure_format_exact(finding->lost, lost);
	figure_format_exact(finding->ts_lost, ts_lost);
	fprintf(out, " <strong>%u of %u</strong> flows that can be checked lost ",
		finding->n_losing, finding->n_known);
	if (finding->lost)
		fprintf(out, "<strong id=\"lost\">%s</strong> packets", lost);
	if (finding->ts_lost)
		fprintf(out, "%s<strong>%s</strong> TS packets",
			finding->lost ? " and " : "", ts_lost);
	fputs(".", out);
}

/* What the record says, in sentences. */
static void print_finding(const struct history *history, FILE *out)
{
	struct finding finding = find(history);
	uint32_t n_unknown = history->n_flows - finding.n_known;
	char packets[FIGURE_TEXT_MAX];

	figure_format_exact(finding.packets, packets);
	fprintf(out, "<p class=\"finding\">%u flow%s, <strong>%s</strong> packets.",
		history->n_flows, history->n_flows == 1 ? "" : "s", packets);
	if (finding.n_losing)
		print_losses(&finding, out);
	else if (finding.n_known)
		fprintf(out, " None of the %u flows that can be checked lost a packet.",
			finding.n_known);
	if (n_unknown)
		fprintf(out, " Loss of %u cannot be known: no sequence numbers.",
			n_unknown);
	fputs("</p>\n", out);
}

/* Whoever shows the page as evidence must be able to say this. */
static void print_doubts(const struct history *history, FILE *out)
{
	uint64_t n_drops = 0, n_evicted = 0;
	char drops[FIGURE_TEXT_MAX], evicted[FIGURE_TEXT_MAX];

	for (uint32_t i = 0; i < history->n_interfaces; i++) {
		n_drops += history->interfaces[i].kernel_drops;
		n_evicted += history->interfaces[i].evicted;
	}
	figure_format_exact(n_drops, drops);
	figure_format_exact(n_evicted, evicted);
	if (n_drops)
		fprintf(out,
			"<p class=\"warning\">The capture itself dropped <strong>%s"
			"</strong> packets before they were counted: up to that much "
			"of the loss may not be the network's.</p>\n",
			drops);
	else
		fputs("<p>The capture itself dropped nothing.</p>\n", out);
	if (n_evicted)
		fprintf(out,
			"<p class=\"warning\">There were more flows than the table had "
			"room for: <strong>%s</strong> times one was evicted, and began "
			"anew if it came again.</p>\n",
			evicted);
}

static void print_interface_row(const struct history_interface *interface, FILE *out)
{
	const uint64_t faults[] = { interface->kernel_drops, interface->evicted,
				    interface->malformed, interface->orphans };
	char text[FIGURE_TEXT_MAX];

	fputs("<tr><td>", out);
	page_put(out, interface->name);
	figure_format_exact(interface->packets, text);
	fprintf(out, "</td><td class=\"n\">%s</td>", text);
	figure_format_exact(interface->bytes, text);
	fprintf(out, "<td class=\"n\">%s</td>", text);
	for (size_t i = 0; i < sizeof(faults) / sizeof(*faults); i++) {
		figure_format_exact(faults[i], text);
		fprintf(out, "<td class=\"n%s\">%s</td>", faults[i] ? " some" : "", text);
	}
	fputs("</tr>\n", out);
}

static bool is_event(const struct history_point *point)
{
	return point->lost || point->evicted || point->malformed;
}

static void print_event(const struct history *history, const struct history_point *point,
			const struct history_slot *slot, FILE *out)
{
	char begin[PAGE_TIME_MAX], count[FIGURE_TEXT_MAX];
	const struct {
		uint64_t count;
		const char *words;
	} faults[] = {
		{ point->lost, "packets dropped by the capture" },
		{ point->evicted, "flows evicted" },
		{ point->malformed, "malformed" },
	};
	const char *separator = "";

	page_format_time(slot->begin_ns, history->zone_s, "%Y-%m-%d %H:%M:%S", begin);
	fprintf(out, "<li>%s: ", begin);
	for (size_t i = 0; i < sizeof(faults) / sizeof(*faults); i++) {
		if (!faults[i].count)
			continue;
		figure_format_exact(faults[i].count, count);
		fprintf(out, "%s%s %s", separator, count, faults[i].words);
		separator = ", ";
	}
	fputs("</li>\n", out);
}

/* What went wrong on an interface, and when. */
static void print_events(const struct history *history,
			 const struct history_interface *interface, FILE *out)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < history->n_slots; i++) {
		if (!is_event(&interface->points[i]))
			continue;
		if (n == 0)
			fputs("<ul class=\"events\">\n", out);
		if (n++ < MAX_EVENTS)
			print_event(history, &interface->points[i], &history->slots[i],
				    out);
	}
	if (n > MAX_EVENTS)
		fprintf(out, "<li>and at %u more times</li>\n", n - MAX_EVENTS);
	if (n)
		fputs("</ul>\n", out);
}

static void print_interface_plot(const struct history *history, uint32_t i, FILE *out)
{
	const struct history_interface *interface = &history->interfaces[i];
	struct page_plot plot = { .history = history,
				  .points = interface->points,
				  .label = "All packets, and what the capture dropped",
				  .lost = "dropped by the capture",
				  .is_interface = true };

	fprintf(out, "<figure class=\"interface\" id=\"interface-%u\"><figcaption><h3>",
		i + 1);
	page_put(out, interface->name);
	fputs(", all flows</h3></figcaption>\n", out);
	page_plot_print(&plot, out);
	print_events(history, interface, out);
	fputs("</figure>\n", out);
}

static void print_interfaces(const struct history *history, FILE *out)
{
	uint32_t n = history->n_interfaces < HISTORY_MAX_PLOTS ? history->n_interfaces
							       : HISTORY_MAX_PLOTS;

	fputs("<h2>Interfaces</h2>\n"
	      "<div class=\"wide\"><table id=\"interfaces\"><thead><tr>"
	      "<th>Interface</th><th class=\"n\">Packets</th><th class=\"n\">Bytes</th>"
	      "<th class=\"n\">Dropped by the capture</th>"
	      "<th class=\"n\">Flows evicted</th><th class=\"n\">Malformed</th>"
	      "<th class=\"n\">Unfinished fragments</th></tr></thead><tbody>\n",
	      out);
	for (uint32_t i = 0; i < history->n_interfaces; i++)
		print_interface_row(&history->interfaces[i], out);
	fputs("</tbody></table></div>\n", out);
	for (uint32_t i = 0; i < n; i++)
		print_interface_plot(history, i, out);
}

static const struct {
	const char *term, *meaning;
} terms[] = {
	{ "Packets", "UDP datagrams on the wire, at the point where they were counted; "
		     "bytes and bit/s are of their payload." },
	{ "Lost", "Numbers between those seen that did not come, by the sequence numbers "
		  "that the packets carry (RTP, MPEG-TS, or a field that was named). A "
		  "sender that begins anew is no loss. Share: of all that were sent." },
	{ "Duplicates, reordered",
	  "Numbers that came again, or late; a late packet is not "
	  "lost." },
	{ "Peak/s", "The most packets in 1 ms, as a rate: bursts that fill queues." },
	{ "Jitter",
	  "Interarrival jitter as in RFC 3550 6.4.1, averaged over the packets." },
	{ "Gap", "The longest time between two packets in a row." },
	{ "Verdict",
	  "What the source filter in force said: accept, block, or unjoined when "
	  "nobody had joined the group." },
	{ "Dropped by the capture",
	  "Packets that came while mwatch's own buffer was full." },
};

static void print_terms(FILE *out)
{
	fputs("<h2>What the words mean</h2>\n<dl>\n", out);
	for (size_t i = 0; i < sizeof(terms) / sizeof(*terms); i++)
		fprintf(out, "<dt>%s</dt><dd>%s</dd>\n", terms[i].term, terms[i].meaning);
	fputs("</dl>\n", out);
}

void page_print(const struct history *history, const char *name, FILE *out)
{
	print_head(history, out);
	fputs("<header><h1>", out);
	print_title(history, out);
	fputs("</h1>\n", out);
	print_span(history, out);
	print_finding(history, out);
	print_doubts(history, out);
	fputs("</header>\n<main>\n", out);
	page_flows_print_table(history, out);
	page_flows_print_plots(history, out);
	print_interfaces(history, out);
	print_terms(out);
	fputs("</main>\n<footer>Made by mwatch " MSF_VERSION_STRING " from ", out);
	page_put(out, name);
	fputs(".</footer>\n</body></html>\n", out);
}
