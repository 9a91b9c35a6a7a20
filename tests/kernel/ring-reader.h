/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * reader: a ring on an interface of the test's namespace, read packet by packet and with
 * a deadline.
 */
#ifndef RING_READER_H
#define RING_READER_H

#include <stdbool.h>
#include <stdint.h>

#include "capture/datagram.h"
#include "capture/ring.h"

#define READER_BATCH 32u

struct reader {
	struct ring *ring;
	struct ring_packet packets[READER_BATCH];
	unsigned int i, n; /* the next one in hand; how many there are */
};

/* Ends the program when there is no such interface. */
void reader_init(struct reader *reader, const char *interface, bool has_all_multicast);
void reader_fini(struct reader *reader);

/* As ring_read() with packets[], but that it waits; i and n stay as they are. */
int reader_read(struct reader *reader);

/* The next packet, or NULL: it did not come in time, or something else went wrong. */
const struct ring_packet *reader_pop(struct reader *reader);

/* What the next one is. */
enum datagram_kind reader_parse(struct reader *reader, struct datagram *ret,
				struct datagram_fragment *ret_fragment);

/* Waits for bad news: -errno. 0: none came. Packets are passed over. */
int reader_await_error(struct reader *reader);

/* Is there nothing, neither packets nor errors, now that all before it was read? */
bool reader_is_silent(struct reader *reader);

#endif
