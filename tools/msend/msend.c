/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * msend: sends numbered packets from one or more sources to multicast groups.
 *
 * Each source has a socket of its own and deadlines of its own, shifted against
 * those of the others, so that the packets leave one by one (RFC 1112 6.1).
 */
#include <errno.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include <msf.h>

#include "options.h"
#include "output.h"
#include "sender.h"
#include "socket.h"
#include "standard.h"
#include "summary.h"
#include "waiter.h"

#define NSEC_PER_SEC 1000000000u

/* The ports from here on belong to nobody. */
#define DYNAMIC_PORT 49152u

/* How long to leave a kernel alone that has no buffers, or an error. */
#define RETRY_NSEC 1000000u

/* How long a reader that is asleep can delay the end. */
#define LAST_PATIENCE_MS 1000

struct run {
	struct options options;
	struct msf_interface interface;
	struct stream stream;
	struct waiter waiter;
	struct batch batch;
	struct sender *senders; /* owned */
	unsigned int n_senders;
	uint64_t end; /* ns since the start, UINT64_MAX: none */
};

static int run_find_interface(struct run *run)
{
	const char *text = run->options.interface, *why;
	struct sockaddr_storage address;
	int r = msf_find_interface(NULL, text, &run->interface);

	if (r == -ENODEV && endpoint_parse_address(text, &address, &why) == 0)
		output_error(text, "no such interface: no one has this address; \"ip "
				   "address\" lists them");
	else if (r == -ENODEV)
		output_error(text, "no such interface: \"ip address\" lists them");
	else if (r < 0)
		output_error(text, "cannot look it up: %s", strerror(-r));
	if (r < 0)
		return r;
	if (run->interface.flags & IFF_UP)
		return 0;
	output_error(text, "the interface is down: ip link set %s up",
		     run->interface.name);
	return -ENETDOWN;
}

static void explain_address(const struct run *run, const struct source *source, int error)
{
	const char *name = run->interface.name;
	char text[SOURCE_TEXT_MAX];

	source_format(source, text, sizeof(text));
	if (error == -EADDRNOTAVAIL)
		output_error(
			name,
			"source %s is not an address of this host, or not ready yet: "
			"choose one that \"ip address\" lists, or add it: ip address "
			"add %s dev %s",
			text, text, name);
	else
		output_error(name, "cannot send from %s: %s", text, strerror(-error));
}

static void explain_source(const struct run *run, const struct source *source, int error)
{
	if (run->stream.is_raw && error == -EPERM)
		output_error("--packet", "this needs the capability CAP_NET_RAW: run "
					 "msend as root, or leave --packet out");
	else if (source->first.ss_family != AF_UNSPEC)
		explain_address(run, source, error);
	else
		output_error(run->interface.name,
			     "no address to send from: %s: give the interface an address "
			     "of the group's family (ip address add), or name one with "
			     "--source",
			     strerror(-error));
}

/* A source of another interface is legal, but receivers may drop it (RFC 3704). */
static void warn_foreign_source(const struct run *run, const struct sender *sender)
{
	struct msf_interface owner;
	char text[SOURCE_TEXT_MAX];

	source_format(&sender->source, text, sizeof(text));
	if (msf_find_interface(NULL, text, &owner) == 0 &&
	    owner.ifindex != run->interface.ifindex)
		output_warning(run->interface.name,
			       "source %s is an address of %s: receivers with a "
			       "reverse-path check drop it",
			       text, owner.name);
}

static int run_open_senders(struct run *run)
{
	static const struct source any = { .first.ss_family = AF_UNSPEC,
					   .n_addresses = 1 };
	unsigned int n = run->options.n_sources ? run->options.n_sources : 1;

	run->senders = calloc(n, sizeof(*run->senders));
	if (!run->senders) {
		output_error(run->interface.name, "%s", strerror(ENOMEM));
		return -ENOMEM;
	}
	for (unsigned int i = 0; i < n; i++) {
		const struct source *source = run->options.n_sources
						      ? &run->options.sources[i]
						      : &any;
		int r = sender_init(&run->senders[i], &run->stream, source);

		if (r < 0) {
			explain_source(run, source, r);
			return r;
		}
		run->n_senders++;
		if (!run->stream.is_raw)
			warn_foreign_source(run, &run->senders[i]);
	}
	return 0;
}

/* Neither whole frames nor what UDP_SEGMENT cuts is ever sent in fragments. */
static int run_check_mtu(const struct run *run)
{
	const struct options *options = &run->options;
	size_t overhead = frame_get_overhead(options->endpoint.group.ss_family);

	if (!options->is_raw && !options->n_gso)
		return 0;
	if (options->shape.size + overhead <= run->interface.mtu)
		return 0;
	output_error(run->interface.name,
		     "%zu bytes of payload and %zu of headers do not fit the MTU of %u: "
		     "with %s nothing is fragmented; choose a smaller --size",
		     options->shape.size, overhead, run->interface.mtu,
		     options->is_raw ? "--packet" : "--gso");
	return -EMSGSIZE;
}

static int run_init_frame(struct run *run)
{
	struct frame *frame = &run->stream.frame;
	uint16_t port = 0;
	int r = socket_get_mac(run->interface.name, frame->mac);

	if (r == 0 && getrandom(&port, sizeof(port), 0) != sizeof(port))
		r = -EIO;
	if (r == -EMEDIUMTYPE)
		output_error(run->interface.name, "not an Ethernet interface: --packet "
						  "makes Ethernet frames only");
	else if (r < 0)
		output_error(run->interface.name, "cannot prepare frames: %s",
			     strerror(-r));
	if (r < 0)
		return r;
	frame->port = (uint16_t)(DYNAMIC_PORT | port); /* RFC 6335 6 */
	frame->vlan = run->options.vlan;
	frame->ttl = (uint8_t)run->options.ttl;
	return 0;
}

static int run_init_stream(struct run *run)
{
	const struct options *options = &run->options;
	struct stream *stream = &run->stream;
	int r = stream_init(stream, &options->endpoint);

	if (r < 0) {
		output_error(options->interface, "%s", strerror(-r));
		return r;
	}
	stream->ifindex = run->interface.ifindex;
	stream->shape = options->shape;
	stream->faults = options->faults;
	stream->has_faults = options_has_faults(options);
	stream->first = options->first;
	stream->has_first = options->has_first;
	stream->restart = options->restart;
	stream->n_gso = options->n_gso;
	stream->ttl = options->ttl;
	stream->is_looped = options->is_looped;
	stream->is_raw = options->is_raw;
	return stream->is_raw ? run_init_frame(run) : 0;
}

static int run_init(struct run *run)
{
	int r = run_find_interface(run);

	if (r == 0)
		r = run_check_mtu(run);
	if (r == 0)
		r = run_init_stream(run);
	if (r < 0)
		return r;
	run->end = run->options.duration ? run->options.duration : UINT64_MAX;
	r = batch_init(&run->batch, &run->stream);
	if (r < 0) {
		output_error(run->options.interface, "%s", strerror(-r));
		return r;
	}
	return run_open_senders(run);
}

static void run_fini(struct run *run)
{
	for (unsigned int i = 0; i < run->n_senders; i++)
		sender_fini(&run->senders[i]);
	free(run->senders);
	batch_fini(&run->batch);
	waiter_fini(&run->waiter);
	stream_fini(&run->stream);
	options_fini(&run->options);
}

static int run_start(struct run *run)
{
	int r = waiter_init(&run->waiter);

	if (r < 0) {
		output_error(NULL, "cannot wait for signals: %s", strerror(-r));
		return r;
	}
	for (unsigned int i = 0; i < run->n_senders; i++) {
		struct pace *pace = &run->senders[i].pace;

		pace->rate = run->options.rate * run->senders[i].source.n_addresses;
		if (pace->rate)
			pace->start = (uint64_t)i * NSEC_PER_SEC / pace->rate /
				      run->n_senders;
	}
	return 0;
}

/* What one sender can do now, and what it waits for after that. */
struct turn {
	uint64_t until; /* the next thing to do */
	int fd;         /* a socket that was full, or -1 */
	bool is_done;
};

/* Once for each sender. */
static int explain_send(const struct run *run, struct sender *sender)
{
	char text[SOURCE_TEXT_MAX];

	if (sender->is_told)
		return 0;
	sender->is_told = true;
	source_format(&sender->source, text, sizeof(text));
	output_error(run->interface.name, "packet from %s: %s: %s", text,
		     strerror(-sender->error),
		     sender->error == -EMSGSIZE ? "choose a smaller --size" : "going on");
	return sender->error == -EMSGSIZE ? sender->error : 0;
}

static void turn_wait(struct turn *turn, uint64_t until, int fd)
{
	if (until < turn->until)
		turn->until = until;
	if (fd >= 0)
		turn->fd = fd;
}

/* Slots of all sources of the sender. */
static uint64_t run_count_slots(const struct run *run, const struct sender *sender)
{
	uint64_t count = run->options.count;

	if (count == 0 || count > UINT64_MAX / sender->source.n_addresses)
		return UINT64_MAX;
	return count * sender->source.n_addresses;
}

/* Sends what is due of one sender, one batch at most. */
static int run_send(struct run *run, struct sender *sender, uint64_t now,
		    struct turn *turn)
{
	/* A packet that is due at the end does not belong to the run. */
	uint64_t due = pace_count_due(&sender->pace, now < run->end ? now : run->end - 1);
	uint64_t n_slots = run_count_slots(run, sender);
	int r;

	if (due > n_slots)
		due = n_slots;
	if (due <= sender->progress.slot) {
		if (due == n_slots || now >= run->end)
			return 0;
		turn->is_done = false;
		turn_wait(turn, pace_get_deadline(&sender->pace, sender->progress.slot),
			  -1);
		return 0;
	}
	turn->is_done = false;
	r = sender_send(sender, &run->stream, &run->batch, due, now);
	if (r == 0)
		turn_wait(turn, pace_get_deadline(&sender->pace, sender->progress.slot),
			  -1);
	else
		turn_wait(turn, now + RETRY_NSEC, r == -EAGAIN ? sender->fd : -1);
	if (r == 0 || r == -EAGAIN || r == -ENOBUFS)
		return 0;
	return explain_send(run, sender);
}

/* Without a rate there is always something due; with one, what is due at the end
 * is still sent, if the kernel takes it. */
static bool run_is_over(const struct run *run, uint64_t now)
{
	return now >= run->end &&
	       (run->options.rate == 0 || now - run->end > NSEC_PER_SEC);
}

static int run_loop(struct run *run)
{
	for (;;) {
		uint64_t now = waiter_get_time(&run->waiter);
		struct turn turn = { .until = run->end, .fd = -1, .is_done = true };
		int r = 0;

		for (unsigned int i = 0; r == 0 && i < run->n_senders; i++) {
			pace_skip_backlog(&run->senders[i].pace,
					  run->senders[i].progress.slot, now);
			r = run_send(run, &run->senders[i], now, &turn);
		}
		if (r < 0 || turn.is_done || run_is_over(run, now))
			return r;
		r = waiter_wait(&run->waiter, turn.fd, turn.until);
		if (r < 0)
			output_error(NULL, "cannot wait: %s", strerror(-r));
		if (r != 0)
			return r < 0 ? r : 0;
	}
}

static int run_finish(struct run *run)
{
	struct summary summary = {
		.options = &run->options,
		.interface = &run->interface,
		.senders = run->senders,
		.n_senders = run->n_senders,
		.elapsed = waiter_get_time(&run->waiter),
	};
	int r = outlet_new(&summary.outlet, STDOUT_FILENO);

	/* Behind a signal a reader that sleeps cannot delay the end. */
	if (waiter_end(&run->waiter) && r == 0)
		outlet_get_writer(summary.outlet)->patience_ms = LAST_PATIENCE_MS;
	if (r == 0)
		r = summary_print(&summary);
	outlet_free(summary.outlet);
	/* The reader has gone, and wants none. */
	if (r == -EPIPE)
		r = 0;
	if (r < 0)
		output_error(NULL, "cannot write the summary: %s",
			     r == -ETIMEDOUT ? "the reader takes nothing" : strerror(-r));
	for (unsigned int i = 0; r == 0 && i < run->n_senders; i++)
		r = run->senders[i].n_errors ? run->senders[i].error : 0;
	return r;
}

int main(int argc, char **argv)
{
	struct run run = { .waiter = WAITER_INIT };
	int r;

	if (standard_init() < 0)
		return OUTPUT_FAILED;
	signal(SIGPIPE, SIG_IGN);
	r = options_parse(&run.options, argc, argv);
	if (r == 0)
		options_fini(&run.options);
	if (r <= 0)
		return r == 0 ? OUTPUT_DONE : output_get_status(r);
	r = run_init(&run);
	if (r == 0)
		r = run_start(&run);
	if (r == 0) {
		int result = run_loop(&run);

		r = run_finish(&run);
		if (result < 0)
			r = result;
	}
	run_fini(&run);
	return r < 0 ? OUTPUT_FAILED : OUTPUT_DONE;
}
