/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sim: one step is one moment: what arrives, what the router's clock brings, what
 * happens, and then what is sent. A moment ends when nothing is due in it any more.
 */
#include "sim.h"

#include <stdlib.h>

#include "link.h"

#define STEPS_MAX 200000u

struct sim {
	const struct history *history;
	FILE *trace;
	struct sim_counts *counts;
	uint64_t now;
	unsigned int n_events; /* that have happened */
	struct router router;
	struct station hosts[HOSTS_MAX];
	struct judge judge;
	struct link link;
};

static void happen(struct sim *sim, const struct event *event)
{
	int r = 0;

	if (event->kind == ROUTER_RESTART)
		router_start(&sim->router, sim->history, sim->router.version, sim->now);
	else if (event->kind == ROUTER_VERSION)
		router_set_version(&sim->router, event->version, sim->now);
	else
		r = station_apply(&sim->hosts[event->host], event, sim->now);
	if (event->kind == INTERFACE_ADD)
		sim->link.informed[event->host] = 0;
	if (r != 0)
		judge_fail(&sim->judge, ENGINE_FAILED, event->host, "an event", sim->now);
	judge_note_event(&sim->judge, event, sim->hosts, sim->now);
}

static void take_events(struct sim *sim)
{
	while (sim->n_events < sim->history->n_events &&
	       sim->history->events[sim->n_events].when <= sim->now)
		happen(sim, &sim->history->events[sim->n_events++]);
}

static void take_letters(struct sim *sim)
{
	struct letter letter;
	int r;

	while (link_pop(&sim->link, &letter, sim->now)) {
		if (letter.to == TO_ROUTER) {
			router_hear(&sim->router, &letter.report, sim->now);
			continue;
		}
		r = station_hear(&sim->hosts[letter.to], letter.bytes, letter.len,
				 sim->now);
		if (r < 0)
			judge_fail(&sim->judge, ENGINE_FAILED, letter.to,
				   "a packet heard", sim->now);
	}
}

static void refuse(struct sim *sim, const struct station *host,
		   const struct report *report, const char *why)
{
	judge_fail(&sim->judge, BAD_PACKET, host->index, why, sim->now);
	if (!sim->trace)
		return;
	fprintf(sim->trace, "%10.6f   host %u:", (double)sim->now / SECOND, host->index);
	report_print(sim->history, report, sim->trace);
	fprintf(sim->trace, "\n");
}

static void send_report(struct sim *sim, struct station *host, const uint8_t *bytes,
			size_t len)
{
	struct report report = { 0 };
	bool has_address = host->address == ENGINE_ADDRESS_VALID;
	const char *why = report_read(sim->history, host->index, has_address, bytes, len,
				      &report);

	sim->counts->n_reports++;
	if (!why && (!host->is_present || !host->is_up))
		why = "the link is down";
	if (why) {
		refuse(sim, host, &report, why);
		return;
	}
	if (++host->n_sent > host->n_allowed)
		judge_fail(&sim->judge, TOO_MANY_PACKETS, host->index, NULL, sim->now);
	link_send_report(&sim->link, host, &report, bytes, len, sim->now);
}

static void pull(struct sim *sim, struct station *host)
{
	uint8_t bytes[2048];
	struct engine_packet packet;

	if (engine_get_deadline(host->engine) > sim->now)
		return;
	while (sim->judge.verdict.failure == NO_FAILURE &&
	       engine_pull(host->engine, bytes, sizeof(bytes), &packet, sim->now) > 0)
		send_report(sim, host, bytes, packet.len);
	if (engine_get_deadline(host->engine) <= sim->now)
		judge_fail(&sim->judge, ENGINE_FAILED, host->index,
			   "the deadline has passed, but nothing is due", sim->now);
}

static void send_queries(struct sim *sim)
{
	for (unsigned int i = 0; i < sim->router.n_queries; i++)
		link_send_query(&sim->link, sim->hosts, &sim->router.queries[i],
				sim->now);
	sim->counts->n_queries += sim->router.n_queries;
	sim->router.n_queries = 0;
}

static void step(struct sim *sim)
{
	router_run(&sim->router, sim->now);
	take_letters(sim);
	take_events(sim);
	send_queries(sim);
	for (unsigned int i = 0; i < sim->history->n_hosts; i++)
		pull(sim, &sim->hosts[i]);
	judge_look(&sim->judge, &sim->router, sim->hosts, sim->now);
	sim->counts->n_steps++;
}

static void lower(uint64_t *least, uint64_t when)
{
	if (when < *least)
		*least = when;
}

static uint64_t get_next(const struct sim *sim)
{
	uint64_t next = judge_get_deadline(&sim->judge, sim->now);

	if (sim->n_events < sim->history->n_events)
		lower(&next, sim->history->events[sim->n_events].when);
	lower(&next, link_get_deadline(&sim->link));
	lower(&next, router_get_deadline(&sim->router, sim->now));
	for (unsigned int i = 0; i < sim->history->n_hosts; i++)
		lower(&next, engine_get_deadline(sim->hosts[i].engine));
	return next < sim->now ? sim->now : next;
}

static void run(struct sim *sim)
{
	unsigned int n_steps = 0;

	while (sim->now < judge_get_end(&sim->judge) &&
	       sim->judge.verdict.failure == NO_FAILURE) {
		sim->now = get_next(sim);
		step(sim);
		if (++n_steps > STEPS_MAX)
			judge_fail(&sim->judge, TOO_MANY_PACKETS, HOSTS_MAX,
				   "it does not end", sim->now);
	}
}

static void begin(struct sim *sim, const struct history *history)
{
	unsigned int version = get_newest_version(history->family);

	link_init(&sim->link, history, sim->trace);
	judge_init(&sim->judge, history);
	router_start(&sim->router, history, version, 0);
	for (unsigned int i = 0; i < history->n_hosts; i++) {
		if (station_init(&sim->hosts[i], history, i, 0) < 0)
			judge_fail(&sim->judge, ENGINE_FAILED, i, "new", 0);
	}
}

struct verdict sim_run(const struct history *history, FILE *trace,
		       struct sim_counts *counts)
{
	struct sim *sim = malloc(sizeof(*sim));
	struct verdict verdict;

	if (!sim)
		abort();
	sim->history = history;
	sim->trace = trace;
	sim->counts = counts;
	sim->now = 0;
	sim->n_events = 0;
	begin(sim, history);
	run(sim);
	for (unsigned int i = 0; i < history->n_hosts; i++)
		station_fini(&sim->hosts[i]);
	counts->n_lost += sim->link.n_lost;
	counts->n_twice += sim->link.n_twice;
	verdict = sim->judge.verdict;
	free(sim);
	return verdict;
}
