/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * run-packets: what is done with packets: count, tell of the first one of a source,
 * hand the payload on, and see whether all is there (see run.h).
 *
 * Invariant: with --count N no packet behind the N-th is taken from a socket.
 */
#include <errno.h>
#include <string.h>

#include "output.h"
#include "run.h"

static enum run_end fail(const char *what, int error)
{
	output_error(what, "%s", strerror(-error));
	return RUN_FAILED;
}

enum run_end run_take_report(int r)
{
	if (r == -EPIPE)
		return RUN_READER_GONE;
	if (r == -ETIMEDOUT) {
		output_error("output",
			     "the reader takes nothing, what is left is not written");
		return RUN_FAILED;
	}
	return r < 0 ? fail("output", r) : RUN_GOES_ON;
}

static enum run_end take_payload(struct run *run, int r)
{
	if (r == -EPIPE)
		return RUN_READER_GONE;
	/* A signal or the timeout is there, and the loop is about to see it. */
	if (r == -ECANCELED)
		return RUN_GOES_ON;
	/* At the end nobody waits for a reader that sleeps; packets still count. */
	if (r == -ETIMEDOUT) {
		output_warning(run->options->output,
			       "the reader takes nothing, what is left is not written");
		run->payload = payload_free(run->payload);
		return RUN_GOES_ON;
	}
	return r < 0 ? fail(run->options->output, r) : RUN_GOES_ON;
}

static bool is_awaited(const struct receiver *receiver, const struct flow *flow)
{
	if (channel_filter_is_include(&receiver->channel->filter))
		return flow && flow->is_named && flow->packets == 1;
	return receiver->flows.packets == 1;
}

static enum run_end take_packet(struct run *run, struct receiver *receiver,
				const struct receiver_packet *packet)
{
	const struct flow *flow;
	enum run_end end = RUN_GOES_ON;
	int r = flow_table_count(&receiver->flows, &packet->flow, &flow);

	if (r < 0)
		return fail("sources", r);
	run->n_packets++;
	if (is_awaited(receiver, flow))
		run->n_awaited--;
	if (flow && flow->packets == 1)
		end = run_take_report(report_first(&run->report, receiver, flow));
	if (end != RUN_GOES_ON || !run->payload)
		return end;
	return take_payload(run,
			    payload_add(run->payload, packet->data, packet->flow.len));
}

static uint64_t get_wanted(const struct run *run)
{
	return run->options->count ? run->options->count - run->n_packets : UINT64_MAX;
}

/* Reads once; *ret_n is how much was read. */
static enum run_end read_once(struct run *run, struct receiver_socket *sock, int *ret_n)
{
	const struct receiver_packet *packets;
	enum run_end end = RUN_GOES_ON;
	uint32_t n;
	int r = receiver_read(sock, run->batch, get_wanted(run), &packets, &n);

	*ret_n = r;
	if (r < 0)
		return fail("socket", r);
	for (uint32_t i = 0; r > 0 && i < n && end == RUN_GOES_ON; i++)
		end = take_packet(run, sock->receiver, &packets[i]);
	if (end == RUN_GOES_ON && run->payload)
		end = take_payload(run, payload_flush(run->payload));
	return end;
}

bool run_is_complete(const struct run *run)
{
	const struct options *options = run->options;

	if (options->count)
		return run->n_packets >= options->count;
	return options->is_wait && run->n_awaited == 0;
}

int run_handle_packets(void *data)
{
	struct receiver_socket *sock = data;
	struct run *run = sock->receiver->owner;
	int n;
	enum run_end end = read_once(run, sock, &n);

	return end == RUN_GOES_ON && run_is_complete(run) ? RUN_COMPLETE : end;
}

enum run_end run_drain(struct run *run, struct receiver *receiver)
{
	enum run_end end = RUN_GOES_ON;

	for (uint32_t i = 0; i < receiver->n_sockets && end == RUN_GOES_ON; i++) {
		int n = 1;

		while (n > 0 && end == RUN_GOES_ON && get_wanted(run) > 0)
			end = read_once(run, &receiver->sockets[i], &n);
	}
	return end;
}
