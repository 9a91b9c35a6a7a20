/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * wire: which socket a packet goes through, and what to do when it does not take it (see
 * wire.h).
 *
 * Invariant: at most one packet is waited for, the one that wire_send() said -EAGAIN of
 * last; `waiting` is the outlet that it did not fit into.
 */
#include "msfd/wire.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "msfd/clock.h"
#include "msfd/wire-socket.h"

#define LANES        8u  /* interfaces share sockets with every eighth */
#define TURN         64u /* messages that are heard at once */
#define FULL_MS      10  /* until a queue that was full is tried again */
#define MESSAGE_SIZE 65536u

/* One socket to send through. */
struct outlet {
	struct loop_source source; /* fd -1: the system has no such family */
	struct wire *wire;
	bool is_stuck; /* was given up, and has taken nothing since */
};

struct inlet {
	struct loop_source source;
	struct wire *wire;
	enum engine_family family;
	uint32_t n_overrun;
};

struct wire {
	struct loop *loop;
	struct engine *engine;
	struct links *links; /* borrowed */
	void (*heard)(void *context);
	void *heard_context;
	void (*ready)(void *context);
	void *ready_context;
	struct outlet outlets[LANES][WIRE_WAYS];
	struct inlet inlets[ENGINE_FAMILIES];
	struct outlet *waiting;  /* NULL: nothing waits */
	struct loop_source full; /* the timer, when it waits for a queue */
	struct wire_counts counts;
	uint8_t message[MESSAGE_SIZE];
};

/*
 * Out
 */

static void stop_waiting(struct wire *wire)
{
	if (wire->waiting && wire->full.fd < 0)
		loop_want_write(wire->loop, &wire->waiting->source, false);
	loop_del(wire->loop, &wire->full);
	wire->waiting = NULL;
}

static void try_again(struct wire *wire)
{
	stop_waiting(wire);
	if (wire->ready)
		wire->ready(wire->ready_context);
}

static int handle_full(void *data)
{
	try_again(data);
	return 0;
}

static int handle_outlet(void *data)
{
	struct outlet *outlet = data;

	wire_socket_clear_errors(outlet->source.fd);
	if (outlet->wire->waiting == outlet && outlet->wire->full.fd < 0)
		try_again(outlet->wire);
	return 0;
}

/* When the socket is full it tells when there is room; a queue behind it does not. */
static int start_waiting(struct wire *wire, struct outlet *outlet, int why)
{
	int r = -ENOBUFS;

	stop_waiting(wire);
	if (why == -EAGAIN)
		r = loop_want_write(wire->loop, &outlet->source, true);
	if (r < 0)
		r = loop_add_timer(wire->loop, &wire->full, FULL_MS, 0, handle_full,
				   wire);
	if (r == 0)
		wire->waiting = outlet;
	return r;
}

static bool is_full(int r)
{
	return r == -EAGAIN || r == -ENOBUFS;
}

/* The system knows no source address or no route: a packet socket needs neither. */
static bool is_unrouted(int r)
{
	return r == -EADDRNOTAVAIL || r == -ENETUNREACH || r == -EHOSTUNREACH;
}

static int try_outlet(struct outlet *outlet, enum wire_way way, const struct link *link,
		      const void *datagram, const struct engine_packet *packet)
{
	int r;

	if (outlet->source.fd < 0)
		return -EAFNOSUPPORT;
	r = wire_socket_send(outlet->source.fd, way, link, datagram, packet);
	if (r < 0)
		return r;
	outlet->is_stuck = false;
	outlet->wire->counts.sent++;
	outlet->wire->counts.sent_packet_socket += way == WIRE_PACKET;
	return 0;
}

static int lose(struct wire *wire, int why)
{
	wire->counts.lost++;
	/* -EAGAIN means something else here. */
	return why == -EAGAIN ? -ENOBUFS : why;
}

int wire_send(struct wire *wire, const void *datagram, const struct engine_packet *packet)
{
	const struct link *link = links_find(wire->links, packet->ifindex);
	struct outlet *lane = wire->outlets[packet->ifindex % LANES];
	enum wire_way way = packet->family == ENGINE_IPV4 ? WIRE_IPV4 : WIRE_IPV6;
	int r = -EADDRNOTAVAIL;

	stop_waiting(wire);
	if (!link)
		return lose(wire, -ENODEV);
	if (!addr_is_unspecified(packet->source))
		r = try_outlet(&lane[way], way, link, datagram, packet);
	if (is_unrouted(r)) {
		way = WIRE_PACKET;
		r = try_outlet(&lane[way], way, link, datagram, packet);
	}
	if (is_full(r) && !lane[way].is_stuck && start_waiting(wire, &lane[way], r) == 0)
		return -EAGAIN;
	return r == 0 ? 0 : lose(wire, r);
}

void wire_set_ready(struct wire *wire, void (*ready)(void *context), void *context)
{
	wire->ready = ready;
	wire->ready_context = context;
}

void wire_give_up(struct wire *wire)
{
	if (wire->waiting)
		wire->waiting->is_stuck = true;
	wire->counts.lost++;
	stop_waiting(wire);
}

void wire_wait(struct wire *wire, unsigned int timeout_ms)
{
	struct pollfd poller = { .fd = -1, .events = POLLOUT };

	if (wire->waiting && wire->full.fd < 0)
		poller.fd = wire->waiting->source.fd;
	poll(&poller, 1, timeout_ms < FULL_MS ? (int)timeout_ms : FULL_MS);
}

/*
 * In
 */

static void hear(struct inlet *inlet, struct wire_message *message)
{
	struct wire *wire = inlet->wire;
	struct engine_datagram *datagram = &message->datagram;

	/* How many were lost is told with what was not. */
	wire->counts.dropped += message->n_overrun - inlet->n_overrun;
	inlet->n_overrun = message->n_overrun;
	/* What this host sends does not come back, as far as the system helps it. */
	datagram->is_own = wire->links && links_has_address(wire->links, message->ifindex,
							    datagram->source);
	if (engine_receive(wire->engine, message->ifindex, datagram, clock_now()) == 0)
		wire->counts.received++;
	else
		wire->counts.dropped++;
}

static int handle_inlet(void *data)
{
	struct inlet *inlet = data;
	struct wire *wire = inlet->wire;
	int fd = inlet->source.fd;

	for (unsigned int i = 0; i < TURN; i++) {
		struct wire_message message;
		int r = wire_socket_receive(fd, inlet->family, wire->message,
					    sizeof(wire->message), &message);

		if (r == 0)
			break;
		if (r > 0)
			hear(inlet, &message);
		else if (r == -EBADMSG || r == -EPROTO)
			wire->counts.dropped++;
		else
			wire_socket_clear_errors(fd);
	}
	wire->heard(wire->heard_context);
	return 0;
}

/*
 * All of it
 */

/* Takes the descriptor. A family that the system does not have is left out. */
static int add_source(struct wire *wire, struct loop_source *source, int fd,
		      loop_handler *handler, void *data)
{
	int r;

	if (fd < 0)
		return fd == -EAFNOSUPPORT || fd == -EPROTONOSUPPORT ? 0 : fd;
	r = loop_add(wire->loop, source, fd, handler, data);
	if (r < 0)
		close(fd);
	else
		source->is_owned = true;
	return r;
}

static int start_outlet(struct wire *wire, unsigned int lane, enum wire_way way)
{
	struct outlet *outlet = &wire->outlets[lane][way];

	return add_source(wire, &outlet->source, wire_socket_open_way(way), handle_outlet,
			  outlet);
}

static int start(struct wire *wire)
{
	int r = 0;

	for (unsigned int i = 0; i < LANES && r == 0; i++)
		for (enum wire_way way = WIRE_IPV4; way < WIRE_WAYS && r == 0; way++)
			r = start_outlet(wire, i, way);
	for (enum engine_family i = ENGINE_IPV4; i < ENGINE_FAMILIES && r == 0; i++)
		r = add_source(wire, &wire->inlets[i].source,
			       wire_socket_open_receiver(i), handle_inlet,
			       &wire->inlets[i]);
	return r;
}

static void init(struct wire *wire)
{
	wire->full = LOOP_SOURCE_INIT;
	for (unsigned int i = 0; i < LANES; i++)
		for (enum wire_way way = WIRE_IPV4; way < WIRE_WAYS; way++)
			wire->outlets[i][way] = (struct outlet){
				.source = LOOP_SOURCE_INIT, .wire = wire
			};
	for (enum engine_family i = ENGINE_IPV4; i < ENGINE_FAMILIES; i++)
		wire->inlets[i] = (struct inlet){ .source = LOOP_SOURCE_INIT,
						  .wire = wire,
						  .family = i };
}

int wire_new(struct wire **ret, struct loop *loop, struct engine *engine,
	     void (*heard)(void *context), void *context)
{
	struct wire *wire = calloc(1, sizeof(*wire));
	int r;

	if (!wire)
		return -ENOMEM;
	init(wire);
	wire->loop = loop;
	wire->engine = engine;
	wire->heard = heard;
	wire->heard_context = context;
	r = start(wire);
	if (r < 0)
		wire_free(wire);
	else
		*ret = wire;
	return r;
}

struct wire *wire_free(struct wire *wire)
{
	if (!wire)
		return NULL;
	stop_waiting(wire);
	for (unsigned int i = 0; i < LANES; i++)
		for (enum wire_way way = WIRE_IPV4; way < WIRE_WAYS; way++)
			loop_del(wire->loop, &wire->outlets[i][way].source);
	for (enum engine_family i = ENGINE_IPV4; i < ENGINE_FAMILIES; i++)
		loop_del(wire->loop, &wire->inlets[i].source);
	free(wire);
	return NULL;
}

void wire_set_links(struct wire *wire, struct links *links)
{
	wire->links = links;
}

struct wire_counts wire_get_counts(const struct wire *wire)
{
	return wire->counts;
}
