/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sender: sends one batch after the other (see sender.h).
 *
 * Invariant: what the kernel did not take is made again, the same but for its time.
 */
#include "sender.h"

#include <errno.h>
#include <sys/random.h>
#include <unistd.h>

#include "socket.h"

int sender_init(struct sender *sender, const struct stream *stream,
		const struct source *source)
{
	int r = 0;

	*sender = (struct sender)SENDER_INIT;
	sender->source = *source;
	if (source->first.ss_family == AF_UNSPEC)
		r = socket_choose_source(stream, &sender->source.first);
	if (r == 0 && getrandom(&sender->seed, sizeof(sender->seed), 0) < 0)
		r = -errno;
	if (r < 0)
		return r;
	sender->fd = stream->is_raw ? socket_open_packet(stream)
				    : socket_open_udp(stream, &sender->source.first);
	return sender->fd < 0 ? sender->fd : 0;
}

void sender_fini(struct sender *sender)
{
	if (sender->fd >= 0)
		close(sender->fd);
	sender->fd = -1;
}

static void take_sent(struct sender *sender, const struct batch *batch, unsigned int n,
		      uint64_t elapsed)
{
	if (sender->progress.n_packets == 0)
		sender->first = elapsed;
	sender->last = elapsed;
	sender->progress = n == batch->n_messages ? batch->end : batch->after[n - 1];
}

/* The first message failed: it was tried, and nothing of it was sent. */
static void take_error(struct sender *sender, const struct batch *batch, int error)
{
	struct batch_progress *progress = &sender->progress;
	const struct batch_progress *after = &batch->after[0];

	sender->n_errors += after->n_packets - progress->n_packets;
	sender->error = error;
	progress->slot = after->slot;
	progress->part = after->part;
	progress->n_lost = after->n_lost;
}

int sender_send(struct sender *sender, const struct stream *stream, struct batch *batch,
		uint64_t until, uint64_t elapsed)
{
	const struct batch_sender who = { &sender->source, sender->seed };
	uint64_t limit = sender->progress.slot + BATCH_MAX;
	int r;

	batch_fill(batch, stream, &who, &sender->progress, until < limit ? until : limit,
		   elapsed);
	if (batch->n_messages == 0) {
		sender->progress = batch->end;
		return 0;
	}
	do {
		r = sendmmsg(sender->fd, batch->messages, batch->n_messages,
			     MSG_DONTWAIT);
	} while (r < 0 && errno == EINTR);
	if (r > 0) {
		take_sent(sender, batch, (unsigned int)r, elapsed);
		return 0;
	}
	r = -errno;
	if (r == -EAGAIN || r == -ENOBUFS || r == -ENOMEM)
		return r == -ENOMEM ? -ENOBUFS : r;
	take_error(sender, batch, r);
	return r;
}
