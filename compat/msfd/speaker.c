/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * speaker: pulls packets while there are some and hands them to the wire (see speaker.h).
 *
 * A packet that was pulled counts as sent in the engine, so the one that finds no room is
 * kept, and nothing is pulled until it is gone: what changes meanwhile is told
 * in fewer packets. But an interface that stands still must not silence the others: after
 * PATIENCE_MS the packet is given up.
 *
 * Invariant: between two turns there is a timer for engine_get_deadline(), a packet that
 * is kept, or is_poked.
 */
#include "msfd/speaker.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "msfd/clock.h"

#define TURN        256u /* packets that are sent at once, before others have a turn */
#define PATIENCE_MS 100
/* What changes so soon after something was said is told together. */
#define GATHER_MS   4
#define MILLISECOND (ENGINE_SECOND / 1000)

struct speaker {
	struct loop *loop;
	struct engine *engine;
	struct wire *wire;
	struct loop_source poke;
	struct loop_source timer;
	struct loop_source patience; /* while a packet is kept */
	bool is_poked;
	bool has_more;  /* the last turn was not the last of them */
	bool is_kept;   /* the packet below */
	uint64_t spoke; /* when it last did */
	uint64_t kept_since;
	uint64_t deadline; /* of the timer; ENGINE_NEVER: it does not run */
	struct engine_packet packet;
	uint8_t datagram[ENGINE_PACKET_MAX];
};

void speaker_poke(struct speaker *speaker)
{
	uint64_t one = 1;

	if (speaker->is_poked)
		return;
	/* It can only fail when it is poked already. */
	speaker->is_poked = write(speaker->poke.fd, &one, sizeof(one)) == sizeof(one) ||
			    errno == EAGAIN;
}

static void set_timer(struct speaker *speaker, uint64_t deadline)
{
	struct itimerspec when = {
		.it_value = { .tv_sec = (time_t)(deadline / ENGINE_SECOND),
			      .tv_nsec = (long)(deadline % ENGINE_SECOND) * 1000 },
	};

	if (deadline == speaker->deadline)
		return;
	if (deadline == ENGINE_NEVER)
		when = (struct itimerspec){ 0 };
	else if (deadline == 0)
		when.it_value.tv_nsec = 1; /* 0 stops it */
	if (timerfd_settime(speaker->timer.fd, TFD_TIMER_ABSTIME, &when, NULL) == 0)
		speaker->deadline = deadline;
}

static void give_up(struct speaker *speaker)
{
	loop_del(speaker->loop, &speaker->patience);
	if (speaker->is_kept)
		wire_give_up(speaker->wire);
	speaker->is_kept = false;
}

static int lose_patience(void *data)
{
	give_up(data);
	speaker_poke(data);
	return 0;
}

/* Until it is sent or lost, whichever. Without a timer it is the wire that says when. */
static void keep(struct speaker *speaker)
{
	if (!speaker->is_kept)
		speaker->kept_since = clock_now();
	speaker->is_kept = true;
	if (speaker->patience.fd < 0)
		loop_add_timer(speaker->loop, &speaker->patience, PATIENCE_MS, 0,
			       lose_patience, speaker);
}

/* One packet: true; false: nothing is due, or it is kept. */
static bool speak(struct speaker *speaker)
{
	if (!speaker->is_kept &&
	    engine_pull(speaker->engine, speaker->datagram, sizeof(speaker->datagram),
			&speaker->packet, clock_now()) <= 0)
		return false;
	if (wire_send(speaker->wire, speaker->datagram, &speaker->packet) == -EAGAIN) {
		keep(speaker);
		return false;
	}
	speaker->is_kept = false;
	loop_del(speaker->loop, &speaker->patience);
	return true;
}

static void take_turn(struct speaker *speaker)
{
	unsigned int i = 0;

	while (i < TURN && speak(speaker))
		i++;
	if (i)
		speaker->spoke = clock_now();
	speaker->has_more = i == TURN;
	if (speaker->has_more)
		speaker_poke(speaker);
	else if (!speaker->is_kept)
		set_timer(speaker, engine_get_deadline(speaker->engine));
}

static int handle_poke(void *data)
{
	struct speaker *speaker = data;
	uint64_t next = speaker->spoke + GATHER_MS * MILLISECOND;

	speaker->is_poked = false;
	/* Whoever waits is told when there is room, or loses patience. */
	if (speaker->is_kept)
		return 0;
	if (speaker->has_more || clock_now() >= next)
		take_turn(speaker);
	else if (next < speaker->deadline)
		set_timer(speaker, next);
	return 0;
}

static int handle_timer(void *data)
{
	struct speaker *speaker = data;

	speaker->deadline = ENGINE_NEVER;
	return handle_poke(speaker);
}

static void handle_ready(void *context)
{
	take_turn(context);
}

/* Takes the descriptor, which is read before the handler is called. */
static int add_source(struct speaker *speaker, struct loop_source *source, int fd,
		      loop_handler *handler)
{
	int r;

	if (fd < 0)
		return -errno;
	r = loop_add(speaker->loop, source, fd, handler, speaker);
	if (r < 0) {
		close(fd);
		return r;
	}
	source->is_owned = true;
	source->is_timer = true;
	return 0;
}

static int start(struct speaker *speaker)
{
	int r = add_source(speaker, &speaker->poke,
			   eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK), handle_poke);

	if (r == 0)
		r = add_source(speaker, &speaker->timer,
			       timerfd_create(CLOCK_MSFD, TFD_CLOEXEC | TFD_NONBLOCK),
			       handle_timer);
	return r;
}

int speaker_new(struct speaker **ret, struct loop *loop, struct engine *engine,
		struct wire *wire)
{
	struct speaker *speaker = calloc(1, sizeof(*speaker));
	int r;

	if (!speaker)
		return -ENOMEM;
	speaker->loop = loop;
	speaker->engine = engine;
	speaker->wire = wire;
	speaker->poke = speaker->timer = speaker->patience = LOOP_SOURCE_INIT;
	speaker->deadline = ENGINE_NEVER;
	r = start(speaker);
	if (r < 0) {
		speaker_free(speaker);
		return r;
	}
	wire_set_ready(wire, handle_ready, speaker);
	speaker_poke(speaker);
	*ret = speaker;
	return 0;
}

struct speaker *speaker_free(struct speaker *speaker)
{
	if (!speaker)
		return NULL;
	wire_set_ready(speaker->wire, NULL, NULL);
	loop_del(speaker->loop, &speaker->poke);
	loop_del(speaker->loop, &speaker->timer);
	loop_del(speaker->loop, &speaker->patience);
	free(speaker);
	return NULL;
}

/* Waits for room: false when it is over. */
static bool wait_for_room(struct speaker *speaker, uint64_t end)
{
	uint64_t now = clock_now();

	if (!speaker->is_kept || now >= end)
		return false;
	if (now - speaker->kept_since >= PATIENCE_MS * MILLISECOND)
		give_up(speaker);
	else
		wire_wait(speaker->wire, (unsigned int)((end - now) / MILLISECOND) + 1);
	return true;
}

void speaker_drain(struct speaker *speaker, unsigned int timeout_ms)
{
	uint64_t end = clock_now() + timeout_ms * MILLISECOND;

	do {
		while (speak(speaker))
			;
	} while (wait_for_room(speaker, end));
	speaker_poke(speaker);
}
