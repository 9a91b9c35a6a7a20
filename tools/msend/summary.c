/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * summary: the last words of a run (see summary.h). The JSON object is a contract
 * with scripts: fields may be added, never renamed.
 */
#include "summary.h"

#include <math.h>
#include <netinet/in.h>
#include <stdio.h>

#include "jsonline.h"

#define NSEC_PER_SEC 1e9

static double get_seconds(const struct summary *summary)
{
	return (double)summary->elapsed / NSEC_PER_SEC;
}

/* From the first packet to the last one. NAN: there were no two of them. */
static double get_pps(const struct sender *sender)
{
	double seconds = (double)(sender->last - sender->first) / NSEC_PER_SEC;

	return seconds > 0 ? (double)(sender->progress.n_packets - 1) / seconds : NAN;
}

static unsigned long long get_bytes(const struct summary *summary,
				    const struct sender *sender)
{
	return (unsigned long long)sender->progress.n_packets *
	       summary->options->shape.size;
}

static json_t *make_flow(const struct summary *summary, const struct sender *sender)
{
	const struct batch_progress *progress = &sender->progress;
	double pps = get_pps(sender);

	return json_pack("{s:o, s:I, s:I, s:I, s:I, s:o, s:I, s:I, s:I}", "source",
			 jsonline_new_address(&sender->source.first), "sources",
			 (json_int_t)sender->source.n_addresses, "packets",
			 (json_int_t)progress->n_packets, "bytes",
			 (json_int_t)get_bytes(summary, sender), "errors",
			 (json_int_t)sender->n_errors, "pps",
			 isnan(pps) ? json_null() : json_real(pps), "lost",
			 (json_int_t)progress->n_lost, "duplicates",
			 (json_int_t)progress->n_duplicates, "reordered",
			 (json_int_t)progress->n_reordered);
}

static json_t *make_flows(const struct summary *summary)
{
	json_t *flows = json_array();

	for (unsigned int i = 0; flows && i < summary->n_senders; i++) {
		if (json_array_append_new(flows,
					  make_flow(summary, &summary->senders[i]))) {
			json_decref(flows);
			return NULL;
		}
	}
	return flows;
}

static int print_json(const struct summary *summary)
{
	const struct endpoint *endpoint = &summary->options->endpoint;
	json_t *object = jsonline_new("summary", NULL);
	json_t *more = json_pack("{s:s, s:I, s:o, s:I, s:I, s:f, s:o}", "interface",
				 summary->interface->name, "ifindex",
				 (json_int_t)summary->interface->ifindex, "group",
				 jsonline_new_address(&endpoint->group), "groups",
				 (json_int_t)endpoint->n_groups, "port",
				 (json_int_t)endpoint->port, "seconds",
				 get_seconds(summary), "flows", make_flows(summary));
	int r;

	if (!more || json_object_update(object, more) < 0) {
		json_decref(object);
		object = NULL;
	}
	json_decref(more);
	r = jsonline_write(object, outlet_get_file(summary->outlet));
	return r < 0 ? r : outlet_flush(summary->outlet);
}

static void print_faults(FILE *out, const struct batch_progress *progress)
{
	fprintf(out, ", on purpose %llu lost, %llu duplicated, %llu reordered",
		(unsigned long long)progress->n_lost,
		(unsigned long long)progress->n_duplicates,
		(unsigned long long)progress->n_reordered);
}

static void print_flow(const struct summary *summary, const struct sender *sender,
		       const char *group)
{
	FILE *out = outlet_get_file(summary->outlet);
	char source[SOURCE_TEXT_MAX];
	double pps = get_pps(sender);

	source_format(&sender->source, source, sizeof(source));
	fprintf(out, "%s -> %s on %s: %llu packets, %llu bytes, %llu errors", source,
		group, summary->interface->name,
		(unsigned long long)sender->progress.n_packets,
		get_bytes(summary, sender), (unsigned long long)sender->n_errors);
	if (!isnan(pps))
		fprintf(out, ", %.1f packets/s", pps);
	if (options_has_faults(summary->options))
		print_faults(out, &sender->progress);
	fputc('\n', out);
}

static int print_text(const struct summary *summary)
{
	char group[ENDPOINT_TEXT_MAX] = "";

	endpoint_format(&summary->options->endpoint, group, sizeof(group));
	for (unsigned int i = 0; i < summary->n_senders; i++)
		print_flow(summary, &summary->senders[i], group);
	return outlet_flush(summary->outlet);
}

int summary_print(const struct summary *summary)
{
	if (summary->options->is_json)
		return print_json(summary);
	return summary->options->is_quiet ? 0 : print_text(summary);
}
