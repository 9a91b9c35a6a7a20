/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * reader: see ring-reader.h.
 */
#include <net/if.h>
#include <poll.h>
#include <string.h>

#include "capture/link.h"
#include "capture/prefilter.h"
#include "tap.h"
#include "ring-reader.h"

#define DEADLINE_MS 5000

/* Four blocks. */
#define RING_SIZE (4u << 20)

#define N_PAYLOAD 64

void reader_init(struct reader *reader, const char *interface, bool has_all_multicast)
{
	static struct prefilter prefilter;
	struct prefilter_settings what = { .n_payload = N_PAYLOAD };
	struct ring_settings settings = { .ifindex = if_nametoindex(interface),
					  .size = RING_SIZE,
					  .has_all_multicast = has_all_multicast,
					  .prefilter = &prefilter };
	uint16_t kind;
	int r = link_find_kind(settings.ifindex, &kind);

	*reader = (struct reader){ .ring = NULL };
	if (r == 0) {
		prefilter_init(&prefilter, &what, kind);
		r = ring_new(&reader->ring, &settings);
	}
	if (r < 0)
		tap_bail_out("a ring on %s: %s", interface, strerror(-r));
}

void reader_fini(struct reader *reader)
{
	reader->ring = ring_free(reader->ring);
}

int reader_read(struct reader *reader)
{
	struct pollfd poller = { .fd = ring_get_fd(reader->ring), .events = POLLIN };
	int r;

	do
		r = ring_read(reader->ring, reader->packets, READER_BATCH);
	while (r == 0 && poll(&poller, 1, DEADLINE_MS) > 0);
	return r;
}

const struct ring_packet *reader_pop(struct reader *reader)
{
	int r;

	if (reader->i == reader->n) {
		r = reader_read(reader);
		if (r <= 0) {
			tap_comment("no packet: %s", r ? strerror(-r) : "too late");
			return NULL;
		}
		reader->i = 0;
		reader->n = (unsigned int)r;
	}
	return &reader->packets[reader->i++];
}

enum datagram_kind reader_parse(struct reader *reader, struct datagram *ret,
				struct datagram_fragment *ret_fragment)
{
	const struct ring_packet *packet = reader_pop(reader);

	memset(ret, 0, sizeof(*ret));
	memset(ret_fragment, 0, sizeof(*ret_fragment));
	return packet ? datagram_parse(packet, ret, ret_fragment) : DATAGRAM_OTHER;
}

int reader_await_error(struct reader *reader)
{
	int r;

	reader->i = reader->n = 0;
	do
		r = reader_read(reader);
	while (r > 0);
	return r;
}

bool reader_is_silent(struct reader *reader)
{
	return reader->i == reader->n &&
	       ring_read(reader->ring, reader->packets, READER_BATCH) == 0;
}
