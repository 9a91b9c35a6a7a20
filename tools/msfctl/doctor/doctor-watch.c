/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * watch: joins, waits and looks (see doctor-watch.h).
 *
 * Invariant: the observer is there before the join, so that no report is missed; and
 * whatever ends the wait, the socket has left the group when it is over.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "doctor-receiver.h"
#include "doctor.h"
#include "loop.h"
#include "wire/wire.h"

#define TICK_MS 1000

/* Repetitions, drops and a second sender want to be seen too. */
#define SETTLE_MS 1000

/* Packets that are taken before the other sources have their turn. */
#define BURST 256

#define WATCH_GOES_ON 0
#define WATCH_OVER    1

/* Record types of RFC 3376 4.2.12 and RFC 3810 5.2.12. */
enum record_type {
	MODE_IS_INCLUDE = 1,
	MODE_IS_EXCLUDE = 2,
	CHANGE_TO_INCLUDE_MODE = 3,
	CHANGE_TO_EXCLUDE_MODE = 4,
	ALLOW_NEW_SOURCES = 5,
	BLOCK_OLD_SOURCES = 6,
};

struct run {
	struct patient *patient;
	struct loop *loop;
	struct wire *wire;
	struct receiver receiver;
	struct loop_source signals, end, tick, wire_source, receiver_source;
	struct timespec started;
	bool is_settled, is_shown;
};

static uint64_t get_elapsed(const struct run *run)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)((now.tv_sec - run->started.tv_sec) * 1000 +
			  (now.tv_nsec - run->started.tv_nsec) / 1000000);
}

static bool knows_querier(const struct patient *patient)
{
	const struct netlink_bridge *bridge = &patient->bridge;

	return patient->watch.queries.n > 0 || bridge->is_querier || bridge->has_other;
}

/* Nothing that is still open could be answered by waiting. */
static int decide(const struct run *run)
{
	const struct patient *patient = run->patient;
	const struct watch *watch = &patient->watch;

	if (!run->is_settled || watch->n_delivered == 0)
		return WATCH_GOES_ON;
	if (watch->wire_error)
		return WATCH_OVER;
	if (watch->reports.n_right == 0 && patient->sockets.is_report_due)
		return WATCH_GOES_ON;
	return knows_querier(patient) ? WATCH_OVER : WATCH_GOES_ON;
}

static bool has_address(const struct wire_record *record,
			const struct sockaddr_storage *wanted)
{
	bool is_v4 = wanted->ss_family == AF_INET;
	const struct sockaddr_in *sin = (const struct sockaddr_in *)wanted;
	const struct sockaddr_in6 *sin6 = (const struct sockaddr_in6 *)wanted;
	const void *bytes = is_v4 ? (const void *)&sin->sin_addr
				  : (const void *)&sin6->sin6_addr;
	size_t len = is_v4 ? 4 : 16;

	for (uint32_t i = 0; i < record->n_sources; i++)
		if (!memcmp(record->sources + i * len, bytes, len))
			return true;
	return false;
}

/* Does it ask for what we have joined? Other sockets of the host have their say in it,
 * but only for more than that (RFC 3376 3.2). Who joins every source where others have
 * excluded some is reported as ALLOW_NEW_SOURCES of those (RFC 3376 5.1): the mode was
 * EXCLUDE already. */
static bool is_record_right(const struct patient *patient,
			    const struct wire_record *record)
{
	bool is_listed = patient->has_source && has_address(record, &patient->source);

	switch ((enum record_type)record->type) {
	case MODE_IS_INCLUDE:
	case CHANGE_TO_INCLUDE_MODE:
		return is_listed;
	case ALLOW_NEW_SOURCES:
		return !patient->has_source || is_listed;
	case MODE_IS_EXCLUDE:
	case CHANGE_TO_EXCLUDE_MODE:
		return patient->has_source ? !is_listed : record->n_sources == 0;
	case BLOCK_OLD_SOURCES:
		return false;
	}
	return false;
}

static void see_records(struct patient *patient, const struct wire_packet *packet)
{
	struct watch_reports *reports = &patient->watch.reports;
	struct wire_record record;
	uint32_t offset = 0;

	for (uint32_t i = 0; i < packet->n_records; i++) {
		if (wire_read_record(packet, &offset, &record) < 0)
			return;
		if (!doctor_is_same(&record.group, &patient->group))
			continue;
		reports->n++;
		reports->version = packet->version;
		if (is_record_right(patient, &record))
			reports->n_right++;
	}
}

static void see_report(struct patient *patient, const struct wire_packet *packet)
{
	struct watch_reports *reports = &patient->watch.reports;

	if (!packet->is_outgoing)
		return;
	if (packet->group.ss_family == AF_UNSPEC) {
		see_records(patient, packet);
		return;
	}
	if (packet->is_leave || !doctor_is_same(&packet->group, &patient->group))
		return;
	reports->n++;
	reports->version = packet->version;
	if (!patient->has_source || patient->is_asm)
		reports->n_right++;
}

static void see_query(struct patient *patient, const struct wire_packet *packet)
{
	struct watch_queries *queries = &patient->watch.queries;

	/* Hosts' own routers and switches send the specific ones, too. */
	if (packet->group.ss_family != AF_UNSPEC)
		return;
	if (queries->n++ == 0 || packet->version < queries->oldest_version)
		queries->oldest_version = packet->version;
	queries->source = packet->source;
	queries->is_outgoing = packet->is_outgoing;
	if (packet->query_interval_s)
		queries->interval_s = packet->query_interval_s;
}

static void see_packet(struct patient *patient, const struct wire_packet *packet)
{
	if (packet->family != patient->group.ss_family)
		return;
	switch (packet->kind) {
	case WIRE_QUERY:
		see_query(patient, packet);
		break;
	case WIRE_REPORT:
		see_report(patient, packet);
		break;
	case WIRE_DATAGRAM:
		/* Later fragments have no port; the first one was counted. */
		if (packet->port && doctor_is_same(&packet->destination, &patient->group))
			flow_table_count(&patient->watch.flows, packet);
		break;
	}
}

static int handle_wire(void *data)
{
	struct run *run = data;
	struct watch *watch = &run->patient->watch;
	struct wire_packet packet;
	int r = 0;

	for (unsigned int i = 0; i < BURST; i++) {
		r = wire_pop(run->wire, &packet);
		if (r <= 0)
			break;
		see_packet(run->patient, &packet);
	}
	watch->n_lost += wire_take_drops(run->wire);
	/* -ENETDOWN is told once when the interface goes down. */
	return r < 0 && r != -ENETDOWN && r != -EAGAIN ? r : decide(run);
}

static int handle_receiver(void *data)
{
	struct run *run = data;
	struct watch *watch = &run->patient->watch;
	struct sockaddr_storage source;

	for (unsigned int i = 0; i < BURST; i++) {
		int r = receiver_pop(&run->receiver, &source);

		if (r < 0)
			return r;
		if (r == 0)
			break;
		if (r > 0 && watch->n_delivered++ == 0)
			watch->delivered_source = source;
	}
	return decide(run);
}

static int handle_end(void *data)
{
	(void)data;
	return WATCH_OVER;
}

static int handle_signal(void *data)
{
	struct run *run = data;

	/* A second one ends the process: the kernel leaves the group for it. */
	loop_take_signal(&run->signals);
	loop_del(run->loop, &run->signals);
	run->patient->watch.is_interrupted = true;
	return WATCH_OVER;
}

static void show_progress(struct run *run)
{
	const struct watch *watch = &run->patient->watch;

	fprintf(stderr, "\rwaiting, %llu of %llu s: %llu datagrams delivered",
		(unsigned long long)(get_elapsed(run) + TICK_MS / 2) / 1000,
		(unsigned long long)(run->patient->wait_ms + 999) / 1000,
		(unsigned long long)watch->n_delivered);
	fflush(stderr);
	run->is_shown = true;
}

static int handle_tick(void *data)
{
	struct run *run = data;

	run->is_settled = true;
	if (isatty(STDERR_FILENO))
		show_progress(run);
	return decide(run);
}

static int open_observer(struct run *run)
{
	struct patient *patient = run->patient;
	int r = wire_new(&run->wire, patient->interface.ifindex,
			 WIRE_CONTROL | WIRE_DATAGRAMS);

	patient->watch.wire_error = r;
	if (r < 0)
		return r == -ENOMEM ? r : 0;
	return loop_add(run->loop, &run->wire_source, wire_get_fd(run->wire), handle_wire,
			run);
}

static int open_receiver(struct run *run)
{
	struct patient *patient = run->patient;
	struct watch *watch = &patient->watch;
	int r = receiver_open(&run->receiver, patient);

	watch->socket_inode = run->receiver.inode;
	if (r < 0) {
		watch->join_error = r;
		memcpy(watch->join_why, run->receiver.why, sizeof(watch->join_why));
		return 0;
	}
	watch->is_deaf = run->receiver.is_deaf;
	memcpy(watch->deaf_why, run->receiver.why, sizeof(watch->deaf_why));
	if (watch->is_deaf)
		return 0;
	return loop_add(run->loop, &run->receiver_source, run->receiver.fd,
			handle_receiver, run);
}

static int start(struct run *run)
{
	uint64_t wait_ms = run->patient->wait_ms;
	int r = loop_new(&run->loop);

	clock_gettime(CLOCK_MONOTONIC, &run->started);
	if (r == 0)
		r = loop_add_signals(run->loop, &run->signals, handle_signal, run);
	if (r == 0)
		r = open_observer(run);
	if (r == 0)
		r = open_receiver(run);
	if (r == 0)
		r = loop_add_timer(run->loop, &run->end, wait_ms, 0, handle_end, run);
	if (r == 0)
		r = loop_add_timer(run->loop, &run->tick, SETTLE_MS, TICK_MS, handle_tick,
				   run);
	return r;
}

/* While the group is still joined. */
static void look_at_bridge(struct patient *patient)
{
	uint32_t bridge = patient->bridge.ifindex;
	int family = patient->group.ss_family;

	patient->watch.has_member = -ENODEV;
	if (!bridge)
		return;
	patient->watch.has_member = netlink_has_member(
		patient->netlink, bridge, patient->interface.ifindex, &patient->group);
	/* A querier may have been heard meanwhile. */
	(void)netlink_get_bridge(patient->netlink, bridge, family, &patient->bridge);
}

static void stop(struct run *run)
{
	look_at_bridge(run->patient);
	receiver_close(&run->receiver);
	if (run->loop) {
		if (run->signals.fd >= 0 && loop_take_signal(&run->signals) > 0)
			run->patient->watch.is_interrupted = true;
		loop_del(run->loop, &run->signals);
		loop_del(run->loop, &run->end);
		loop_del(run->loop, &run->tick);
		loop_del(run->loop, &run->wire_source);
		loop_del(run->loop, &run->receiver_source);
	}
	loop_free(run->loop);
	wire_free(run->wire);
	if (run->is_shown)
		fputs("\r\033[K", stderr);
}

int watch_run(struct patient *patient)
{
	struct run run = {
		.patient = patient,
		.receiver = RECEIVER_INIT,
		.signals = LOOP_SOURCE_INIT,
		.end = LOOP_SOURCE_INIT,
		.tick = LOOP_SOURCE_INIT,
		.wire_source = LOOP_SOURCE_INIT,
		.receiver_source = LOOP_SOURCE_INIT,
	};
	int r = start(&run);

	patient->watch.is_run = r == 0;
	if (r == 0)
		r = loop_run(run.loop);
	patient->watch.waited_ms = get_elapsed(&run);
	stop(&run);
	return r < 0 ? r : 0;
}
