/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * batch: makes messages for sendmmsg(2) (see batch.h).
 *
 * Invariant: packet i of a batch stands at buffer + i * stride, head and payload. Without
 * heads the payloads stand side by side, as UDP_SEGMENT wants them.
 */
#include "batch.h"

#include <errno.h>
#include <stdlib.h>
#include <time.h>

#define NSEC_PER_SEC 1000000000u

int batch_init(struct batch *batch, const struct stream *stream)
{
	int family = stream->groups->ss_family;

	*batch = (struct batch){ 0 };
	if (stream->is_raw)
		batch->head_size = frame_get_head_size(&stream->frame, family);
	batch->stride = batch->head_size + stream->shape.size;
	batch->buffer = calloc(BATCH_MAX, batch->stride);
	if (!batch->buffer)
		return -ENOMEM;
	for (unsigned int i = 0; i < BATCH_MAX; i++)
		packet_fill(&stream->shape,
			    batch->buffer + i * batch->stride + batch->head_size);
	return 0;
}

void batch_fini(struct batch *batch)
{
	free(batch->buffer);
	batch->buffer = NULL;
}

static unsigned int count_parts(const struct stream *stream)
{
	return stream->has_faults ? faults_count_parts(&stream->faults) : 1;
}

/* Finds the part of a slot that is next, and the packet in it. */
static bool find_part(const struct stream *stream, struct batch_progress *at,
		      struct stream_place *place)
{
	if (!stream->has_faults)
		return at->part == 0;
	if (at->part == 0)
		at->n_lost += faults_is_lost(&stream->faults, place->slot);
	for (; at->part < count_parts(stream); at->part++)
		if (faults_get(&stream->faults, place->slot, at->part, &place->number))
			return true;
	return false;
}

static bool find_packet(const struct stream *stream, const struct source *source,
			struct batch_progress *at, uint64_t until,
			struct stream_place *ret)
{
	for (; at->slot < until; at->slot++, at->part = 0) {
		*ret = stream_find(stream, source, at->slot);
		if (find_part(stream, at, ret))
			return true;
	}
	return false;
}

static void count_packet(const struct stream *stream, struct batch_progress *at,
			 const struct stream_place *place)
{
	at->n_packets++;
	if (faults_is_duplicate(at->part))
		at->n_duplicates++;
	else if (place->number < place->slot)
		at->n_reordered += faults_is_reordered(&stream->faults, place->number,
						       place->slot);
	if (++at->part == count_parts(stream)) {
		at->slot++;
		at->part = 0;
	}
}

/* With UDP_SEGMENT several packets are one message: all go to the one group. */
static void add_packet(struct batch *batch, const struct stream *stream, unsigned int i,
		       struct sockaddr_storage *group)
{
	unsigned int n_glued = stream->n_gso ? stream->n_gso : 1;
	struct iovec *part = &batch->parts[batch->n_messages];

	if (i % n_glued) {
		part[-1].iov_len += batch->stride;
		return;
	}
	*part = (struct iovec){ batch->buffer + i * batch->stride, batch->stride };
	batch->messages[batch->n_messages++].msg_hdr = (struct msghdr){
		/* A socket that is connected, or bound to an interface, knows. */
		.msg_name = stream->is_raw || stream->n_groups == 1 ? NULL : group,
		.msg_namelen = stream->is_raw || stream->n_groups == 1
				       ? 0
				       : endpoint_get_length(group),
		.msg_iov = part,
		.msg_iovlen = 1,
	};
}

static uint64_t get_realtime(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (uint64_t)now.tv_sec * NSEC_PER_SEC + (uint64_t)now.tv_nsec;
}

static void encode(const struct batch *batch, const struct stream *stream,
		   const struct source *source, const struct stream_place *place,
		   const struct packet *packet, uint8_t *at)
{
	uint8_t address[16];

	packet_encode(&stream->shape, packet, at + batch->head_size);
	if (!stream->is_raw)
		return;
	source_get(source, place->address, address);
	frame_encode(&stream->frame, address, &stream->groups[place->group],
		     stream->shape.size, at);
}

void batch_fill(struct batch *batch, const struct stream *stream,
		const struct batch_sender *sender, const struct batch_progress *from,
		uint64_t until, uint64_t elapsed)
{
	struct packet packet = { .realtime = get_realtime(), .elapsed = elapsed };
	struct stream_place place;
	struct batch_progress at = *from;

	batch->n_messages = 0;
	for (unsigned int i = 0; i < BATCH_MAX; i++) {
		if (!find_packet(stream, sender->source, &at, until, &place))
			break;
		stream_number(stream, &place, sender->seed, &packet);
		encode(batch, stream, sender->source, &place, &packet,
		       batch->buffer + i * batch->stride);
		add_packet(batch, stream, i, &stream->groups[place.group]);
		count_packet(stream, &at, &place);
		batch->after[batch->n_messages - 1] = at;
	}
	batch->end = at;
}
