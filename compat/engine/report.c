/* SPDX-License-Identifier: BSD-2-Clause */
/* See report.h. */
#include "engine/report.h"

#include "engine/interface.h"
#include "engine/tally.h"

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

void report_begin(struct report *report, const struct host *host, void *buffer,
		  size_t size)
{
	bool has_alert = host_sends_alert(host, host->proto->newest);

	*report = (struct report){
		.host = host,
		.bytes = buffer,
		.len = host->proto->begin_report(has_alert),
		.max = least(least(size, host->interface->settings.mtu),
			     ENGINE_PACKET_MAX),
		.has_alert = has_alert,
	};
}

/* One record, all of whose sources matter or none (RFC 9776 4.2.16). */
static bool is_cut_off(enum record_type type)
{
	return type == MODE_IS_EXCLUDE || type == CHANGE_TO_EXCLUDE_MODE;
}

/* R-CHG-10. */
static bool is_sent_empty(enum record_type type)
{
	return is_cut_off(type) || type == CHANGE_TO_INCLUDE_MODE;
}

/* Up to limit. */
static size_t count(const struct group *group, const struct record_plan *plan,
		    const struct stance *stance, uint32_t position, size_t limit)
{
	size_t n = 0;

	for (uint32_t i = position; i < group->n_sources && n < limit; i++)
		n += plan->has(stance, &group->sources[i]);
	return n;
}

/* Returns the position behind the last source. */
static uint32_t put(struct report *report, const struct group *group,
		    const struct record_plan *plan, uint32_t position, uint16_t n)
{
	const struct proto *proto = report->host->proto;
	struct stance stance = group_get_stance(group);
	uint32_t i = position;

	proto->put_record(report->bytes + report->len, plan->type, group->address, n);
	report->len += proto->record_len;
	report->n_records++;
	for (; n; i++) {
		if (!plan->has(&stance, &group->sources[i]))
			continue;
		proto->put_source(report->bytes + report->len, group->sources[i].addr);
		report->len += proto->addr_len;
		n--;
	}
	return i;
}

/* A record from the source *next on, which moves behind what was put. */
static bool add(struct report *report, const struct group *group,
		const struct record_plan *plan, struct addr *next)
{
	const struct proto *proto = report->host->proto;
	struct stance stance = group_get_stance(group);
	size_t room = report->max - report->len, n, fits;
	uint32_t position = 0;

	/* Sources may have come and gone since the part before. */
	if (!is_cut_off(plan->type))
		group_find_source(group, *next, &position);
	n = count(group, plan, &stance, position, report->max / proto->addr_len);
	if (!n && (position || !is_sent_empty(plan->type)))
		return true;
	if (proto->record_len + n * proto->addr_len > room && report->n_records)
		return false;
	fits = least(n, (room - proto->record_len) / proto->addr_len);
	position = put(report, group, plan, position, (uint16_t)fits);
	if (fits == n || is_cut_off(plan->type))
		return true;
	*next = group->sources[position].addr;
	return false;
}

bool report_add(struct report *report, struct queue *queue, const struct group *group,
		const struct record_plan *plans, unsigned int n)
{
	const struct addr first = { 0 };
	struct addr next = first;
	unsigned int step = 0;

	if (queue->current == group) {
		step = queue->step;
		next = queue->next;
	}
	for (queue->current = NULL; step < n; step++, next = first) {
		if (add(report, group, &plans[step], &next))
			continue;
		if (step || !addr_equal(next, first))
			queue->current = group; /* a part of it is told */
		queue->step = step;
		queue->next = next;
		return false;
	}
	return true;
}

void report_end(struct report *report, struct engine_packet *ret)
{
	const struct host *host = report->host;
	const struct proto *proto = host->proto;

	*ret = (struct engine_packet){
		.ifindex = host->interface->settings.ifindex,
		.family = proto->family,
		.source = host->source,
		.destination = proto->reports,
	};
	ret->len = proto->end_report(report->bytes, report->len, host->source,
				     report->n_records, report->has_alert, &ret->message);
	tally(host, TALLY_SENT_NEWEST);
}
