/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * stream: groups, and the numbers of packets (see stream.h; RFC 3550 5.1).
 *
 * Invariant: what a packet says depends on its place and the seed only, so that the same
 * packet sent twice, or late, is the same.
 */
#include "stream.h"

#include <errno.h>
#include <stdlib.h>

int stream_init(struct stream *stream, const struct endpoint *endpoint)
{
	stream->groups = calloc(endpoint->n_groups, sizeof(*stream->groups));
	if (!stream->groups)
		return -ENOMEM;
	for (uint32_t i = 0; i < endpoint->n_groups; i++) {
		int r = endpoint_get_group(endpoint, i, &stream->groups[i]);

		if (r < 0)
			return r;
	}
	stream->n_groups = endpoint->n_groups;
	return 0;
}

void stream_fini(struct stream *stream)
{
	free(stream->groups);
	*stream = (struct stream){ 0 };
}

struct stream_place stream_find(const struct stream *stream, const struct source *source,
				uint64_t slot)
{
	uint64_t turn = slot / source->n_addresses;

	return (struct stream_place){
		.address = (uint32_t)(slot % source->n_addresses),
		.group = (uint32_t)(turn % stream->n_groups),
		.slot = turn / stream->n_groups,
		.number = turn / stream->n_groups,
	};
}

/* One step of splitmix64 (Steele, Lea, Flood: Fast splittable pseudorandom number
 * generators, 2014): bits that differ for every input. */
static uint64_t mix(uint64_t value)
{
	value += 0x9e3779b97f4a7c15;
	value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9;
	value = (value ^ (value >> 27)) * 0x94d049bb133111eb;
	return value ^ (value >> 31);
}

void stream_number(const struct stream *stream, const struct stream_place *place,
		   uint64_t seed, struct packet *packet)
{
	bool is_restarted = place->number > stream->restart;

	packet->position = place->number - (is_restarted ? stream->restart + 1 : 0);
	packet->sequence = stream->first + (uint32_t)packet->position;
	if (stream->shape.is_rtp) {
		uint64_t x = mix(seed + 2 * (uint64_t)place->address + is_restarted);
		uint64_t y = mix(x);

		packet->rtp.ssrc = (uint32_t)x;
		packet->rtp.timestamp = (uint32_t)(x >> 32);
		packet->rtp.sequence = stream->has_first ? 0 : (uint16_t)y;
	}
}
