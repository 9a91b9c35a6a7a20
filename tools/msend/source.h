/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * source: the senders' addresses: one, or N in all that are counted upwards from it,
 * written ADDRESS+N. No memory is taken for each of them.
 */
#ifndef MSEND_SOURCE_H
#define MSEND_SOURCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

/* Addresses of one range, and of all ranges of a run. */
#define SOURCE_MAX 1048576u

/* Room for the longest text that source_format() makes, NUL included. */
#define SOURCE_TEXT_MAX 64

struct source {
	struct sockaddr_storage first; /* AF_UNSPEC: the kernel's choice */
	uint32_t n_addresses;          /* 1 to SOURCE_MAX */
};

/* Reads ADDRESS[+N]; all of them can be senders. 0, or -EINVAL with the reason in
 * *ret_why, a static text; then *ret is untouched. */
int source_parse(const char *text, struct source *ret, const char **ret_why);

/* Address number i, from 0, in network order; returns its length, 4 or 16. */
size_t source_get(const struct source *source, uint32_t i, uint8_t ret[16]);

/* Is an address in both of them? */
bool source_overlaps(const struct source *a, const struct source *b);

/* Canonical text; cut when buf is too short. */
void source_format(const struct source *source, char *buf, size_t len);

#endif
