/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * payload: the datagrams' contents, one after the other, into a file or a pipe.
 *
 * A reader that is slower than the stream makes us wait; the wait ends when one
 * of the cancel descriptors becomes readable.
 */
#ifndef MJOIN_PAYLOAD_H
#define MJOIN_PAYLOAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "writer.h"

struct payload;

/* Opens a file, or standard output for "-". 0 or -errno. */
int payload_new(struct payload **ret, const char *path);

/* Closes; NULL is fine. Returns NULL. What is not flushed is lost. */
struct payload *payload_free(struct payload *payload);

/* Do the payloads go where other output would go? */
bool payload_is_standard_output(const struct payload *payload);

/* For cancelling, and patience. */
struct writer *payload_get_writer(struct payload *payload);

/* Keeps the data, and writes it when there is enough. Errors as below. */
int payload_add(struct payload *payload, const void *data, size_t len);

/* Writes what was kept. 0, -ECANCELED, -ETIMEDOUT, or what write(2) says (-EPIPE: the
 * reader is gone). */
int payload_flush(struct payload *payload);

#endif
