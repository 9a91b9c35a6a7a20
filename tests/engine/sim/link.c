/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * link: see link.h. Whether a packet is treated badly depends on the seed, the host
 * and its number alone, so that a shorter history keeps most of the faults that it
 * had.
 */
#include "link.h"

#include <string.h>

enum direction { FROM_HOST, FROM_ROUTER };

/* A host that has just learned RV may still tell what it changed before. */
#define LEARNING (7 * SECOND)

struct fate {
	bool is_lost;
	unsigned int n_copies;
	uint64_t delay[2];
};

void link_init(struct link *link, const struct history *history, FILE *trace)
{
	memset(link, 0, offsetof(struct link, letters));
	link->history = history;
	link->trace = trace;
}

static struct fate draw_fate(struct link *link, unsigned int host,
			     enum direction direction, uint64_t now)
{
	const struct history *history = link->history;
	unsigned int n = link->n_sent[host][direction]++;
	uint64_t state =
		((history->seed * HOSTS_MAX + host) * 2 + direction) * FAULT_PACKETS + n;
	struct fate fate = { .n_copies = 1, .delay = { MS / 2, MS / 2 } };
	uint64_t dice = draw(&state);

	if (n >= FAULT_PACKETS || history->is_spared[host][direction][n])
		return fate;
	fate.is_lost = (dice & 255) < history->loss &&
		       (history->kind == BOUNDED_LOSS || now < history->loss_end);
	fate.n_copies = 1 + ((dice >> 8 & 255) < history->duplication);
	fate.delay[0] = 1 + draw(&state) % history->timing.max_delay;
	fate.delay[1] = 1 + draw(&state) % history->timing.max_delay;
	return fate;
}

static struct letter *add_letter(struct link *link, unsigned int to, uint64_t arrival)
{
	struct letter *letter = &link->letters[link->n_letters];

	if (link->n_letters == LETTERS_MAX)
		return NULL;
	link->n_letters++;
	letter->to = to;
	letter->arrival = arrival;
	letter->number = link->number++;
	return letter;
}

static void count_fate(struct link *link, const struct fate *fate)
{
	link->n_lost += fate->is_lost;
	link->n_twice += !fate->is_lost && fate->n_copies > 1;
}

static void post_bytes(struct link *link, unsigned int to, const struct fate *fate,
		       const uint8_t *bytes, size_t len, uint64_t now)
{
	for (unsigned int i = 0; i < fate->n_copies && !fate->is_lost; i++) {
		struct letter *letter = add_letter(link, to, now + fate->delay[i]);

		if (!letter)
			return;
		letter->len = len;
		memcpy(letter->bytes, bytes, len);
	}
	count_fate(link, fate);
}

/*
 * The bound
 */

/* A TO_IN may be one of several parts: who is wanted may stand in another one. */
static unsigned int get_told(const struct station *station,
			     const struct report_record *record)
{
	if (record->type == IS_EX || record->type == TO_EX)
		return EVERY_SOURCE;
	if (record->type != TO_IN)
		return record->sources;
	return record->sources |
	       (EVERY_SOURCE & ~station_get_wanted(station, record->group));
}

/* So many in a row may be lost: RV is 2 until the router says more. */
static unsigned int get_limit(const struct link *link, unsigned int host, bool is_change,
			      uint64_t now)
{
	if (is_change && (!link->informed[host] || now < link->informed[host] + LEARNING))
		return 1;
	return link->history->timing.robustness - 1;
}

static unsigned int get_cost(const struct losses *losses, bool is_change, unsigned int s)
{
	return is_change || !losses->asked[s] ? 1 : losses->asked[s];
}

static unsigned int *get_count(struct losses *losses, bool is_change, unsigned int s)
{
	return is_change ? &losses->changes[s] : &losses->answers[s];
}

static bool may_lose(struct link *link, const struct station *from,
		     const struct report_record *record, uint64_t now)
{
	struct losses *losses = &link->losses[from->index][record->group];
	unsigned int limit = get_limit(link, from->index, is_change(record), now);

	for (unsigned int s = 0; s <= SOURCES_MAX; s++) {
		if (!has(get_told(from, record), s))
			continue;
		if (*get_count(losses, is_change(record), s) +
			    get_cost(losses, is_change(record), s) >
		    limit)
			return false;
	}
	return true;
}

static void count_record(struct link *link, const struct station *from,
			 const struct report_record *record, bool is_lost)
{
	struct losses *losses = &link->losses[from->index][record->group];
	unsigned int told = get_told(from, record);

	for (unsigned int s = 0; s <= SOURCES_MAX; s++) {
		unsigned int *count = get_count(losses, is_change(record), s);

		if (!has(told, s))
			continue;
		*count = is_lost ? *count + get_cost(losses, is_change(record), s) : 0;
		if (!is_change(record))
			losses->asked[s] = 0;
	}
}

/* When the last packet that tells of the same arrives. */
static uint64_t get_last_arrival(const struct link *link, const struct station *from,
				 const struct report *report)
{
	uint64_t last = 0;

	for (unsigned int i = 0; i < report->n_records; i++) {
		const struct report_record *record = &report->records[i];
		const struct losses *losses = &link->losses[from->index][record->group];

		for (unsigned int s = 0; s <= SOURCES_MAX; s++) {
			if (!has(is_change(record) ? get_told(from, record) : 0, s))
				continue;
			if (losses->last_arrival[s] > last)
				last = losses->last_arrival[s];
		}
	}
	return last;
}

static void note_arrival(struct link *link, const struct station *from,
			 const struct report *report, uint64_t arrival)
{
	for (unsigned int i = 0; i < report->n_records; i++) {
		const struct report_record *record = &report->records[i];
		struct losses *losses = &link->losses[from->index][record->group];

		for (unsigned int s = 0; s <= SOURCES_MAX; s++) {
			if (!has(get_told(from, record), s))
				continue;
			if (losses->last_arrival[s] < arrival)
				losses->last_arrival[s] = arrival;
		}
	}
}

/* Makes the fate one that the bound allows. */
static void bound(struct link *link, const struct station *from,
		  const struct report *report, struct fate *fate, uint64_t now)
{
	uint64_t last = get_last_arrival(link, from, report);
	bool is_bad = fate->is_lost || now + fate->delay[0] < last;

	for (unsigned int i = 0; i < report->n_records && is_bad; i++)
		is_bad = may_lose(link, from, &report->records[i], now);
	if (!is_bad) {
		fate->is_lost = false;
		if (now + fate->delay[0] < last)
			fate->delay[0] = last - now;
	}
	for (unsigned int i = 0; i < report->n_records; i++)
		count_record(link, from, &report->records[i], is_bad);
	for (unsigned int i = 0; i < fate->n_copies && !fate->is_lost; i++)
		note_arrival(link, from, report, now + fate->delay[i]);
}

static unsigned int get_asked(const struct router_query *query, unsigned int group)
{
	if (!query->is_general && query->group != group)
		return 0;
	return query->sources ? query->sources : EVERY_SOURCE;
}

static bool may_lose_query(const struct link *link, const struct station *host,
			   const struct router_query *query)
{
	for (unsigned int i = 0; i < link->history->n_groups; i++) {
		const struct losses *losses = &link->losses[host->index][i];

		for (unsigned int s = 0; s <= SOURCES_MAX; s++) {
			if (!has(get_asked(query, i) & station_get_wanted(host, i), s))
				continue;
			if (losses->answers[s] + 1 > link->history->timing.robustness - 1)
				return false;
		}
	}
	return true;
}

static void count_query(struct link *link, const struct station *host,
			const struct router_query *query, bool is_lost)
{
	for (unsigned int i = 0; i < link->history->n_groups; i++) {
		struct losses *losses = &link->losses[host->index][i];
		unsigned int wanted = station_get_wanted(host, i);

		for (unsigned int s = 0; s <= SOURCES_MAX; s++) {
			if (has(EVERY_SOURCE & ~wanted, s))
				losses->answers[s] = losses->asked[s] = 0;
		}
		for (unsigned int s = 0; s <= SOURCES_MAX; s++) {
			if (has(get_asked(query, i) & wanted, s))
				(*(is_lost ? &losses->answers[s] : &losses->asked[s]))++;
		}
	}
}

/*
 * Sending
 */

static bool is_sabotaged(const struct link *link, const struct report *report)
{
	unsigned int type = link->history->sabotage == TO_IN_IS_LOST   ? TO_IN
			    : link->history->sabotage == IS_IN_IS_LOST ? IS_IN
								       : 0;

	for (unsigned int i = 0; i < report->n_records; i++) {
		if (report->records[i].type == type)
			return true;
	}
	return false;
}

static void trace_report(const struct link *link, unsigned int from,
			 const struct report *report, const struct fate *fate,
			 uint64_t now)
{
	if (!link->trace)
		return;
	fprintf(link->trace, "%10.6f   host %u:", (double)now / SECOND, from);
	report_print(link->history, report, link->trace);
	if (report->is_from_nobody)
		fprintf(link->trace, " without address");
	if (fate->is_lost)
		fprintf(link->trace, " LOST");
	else if (fate->n_copies > 1)
		fprintf(link->trace, " twice");
	fprintf(link->trace, "\n");
}

static void post_report(struct link *link, const struct report *report,
			const struct fate *fate, uint64_t now)
{
	for (unsigned int i = 0; i < fate->n_copies && !fate->is_lost; i++) {
		struct letter *letter = add_letter(link, TO_ROUTER, now + fate->delay[i]);

		if (!letter)
			return;
		letter->report = *report;
		for (unsigned int j = 0; j < report->n_records; j++) {
			if (link->history->sabotage == BLOCK_IS_ALLOW &&
			    report->records[j].type == BLOCK)
				letter->report.records[j].type = ALLOW;
		}
	}
	count_fate(link, fate);
}

/* Hosts of older versions listen to each other's reports. */
static void post_to_others(struct link *link, unsigned int from, const uint8_t *bytes,
			   size_t len, uint64_t now)
{
	struct fate fate;

	for (unsigned int i = 0; i < link->history->n_hosts; i++) {
		if (i == from || len > QUERY_LEN_MAX)
			continue;
		fate = draw_fate(link, i, FROM_ROUTER, now);
		post_bytes(link, i, &fate, bytes, len, now);
	}
}

void link_send_report(struct link *link, const struct station *from,
		      const struct report *report, const uint8_t *bytes, size_t len,
		      uint64_t now)
{
	struct fate fate = draw_fate(link, from->index, FROM_HOST, now);
	bool is_ignored = report->is_from_nobody && link->history->family == ENGINE_IPV6;

	if (link->history->kind == BOUNDED_LOSS && !is_ignored)
		bound(link, from, report, &fate, now);
	if (is_sabotaged(link, report))
		fate.is_lost = true;
	trace_report(link, from->index, report, &fate, now);
	post_report(link, report, &fate, now);
	if (report->version < get_newest_version(link->history->family))
		post_to_others(link, from->index, bytes, len, now);
}

static void trace_query(const struct link *link, const struct router_query *query,
			unsigned int lost, uint64_t now)
{
	if (!link->trace)
		return;
	fprintf(link->trace, "%10.6f   router:", (double)now / SECOND);
	query_print(link->history, query, link->trace);
	for (unsigned int i = 0; i < link->history->n_hosts; i++) {
		if (lost & 1u << i)
			fprintf(link->trace, " LOST to host %u", i);
	}
	fprintf(link->trace, "\n");
}

static struct fate get_query_fate(struct link *link, const struct station *host,
				  const struct router_query *query, uint64_t now)
{
	struct fate fate = draw_fate(link, host->index, FROM_ROUTER, now);

	if (link->history->kind != BOUNDED_LOSS || !station_is_believed(host))
		return fate;
	fate.is_lost = fate.is_lost && may_lose_query(link, host, query);
	count_query(link, host, query, fate.is_lost);
	if (!fate.is_lost && !link->informed[host->index])
		link->informed[host->index] = now;
	return fate;
}

void link_send_query(struct link *link, const struct station *hosts,
		     const struct router_query *query, uint64_t now)
{
	uint8_t bytes[QUERY_LEN_MAX];
	size_t len = query_encode(link->history, query, bytes);
	unsigned int lost = 0;

	for (unsigned int i = 0; i < link->history->n_hosts; i++) {
		struct fate fate = get_query_fate(link, &hosts[i], query, now);

		if (fate.is_lost)
			lost |= 1u << i;
		post_bytes(link, i, &fate, bytes, len, now);
	}
	trace_query(link, query, lost, now);
}

/*
 * Arriving
 */

static const struct letter *find_next(const struct link *link)
{
	const struct letter *next = NULL;

	for (unsigned int i = 0; i < link->n_letters; i++) {
		const struct letter *letter = &link->letters[i];

		if (!next || letter->arrival < next->arrival ||
		    (letter->arrival == next->arrival && letter->number < next->number))
			next = letter;
	}
	return next;
}

uint64_t link_get_deadline(const struct link *link)
{
	const struct letter *next = find_next(link);

	return next ? next->arrival : ENGINE_NEVER;
}

bool link_pop(struct link *link, struct letter *ret, uint64_t now)
{
	const struct letter *next = find_next(link);

	if (!next || next->arrival > now)
		return false;
	*ret = *next;
	link->letters[next - link->letters] = link->letters[--link->n_letters];
	return true;
}
