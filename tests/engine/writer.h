/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Messages of others, byte by byte, for the rig and the simulation: written down a second
 * time, nothing here is the engine's but the form of an address.
 */
#ifndef WRITER_H
#define WRITER_H

#include <stddef.h>
#include <stdint.h>

#include "engine/engine.h"

struct writer {
	uint8_t *bytes;
	size_t size; /* the room; what does not fit ends the program */
	size_t len;
};

void writer_put_8(struct writer *self, uint64_t value);
void writer_put_16(struct writer *self, uint64_t value);
void writer_put_addr(struct writer *self, enum engine_family family, struct addr addr);

/* RFC 1071: adds n bytes, the first one at an even place, to sum, ... */
uint32_t writer_add(uint32_t sum, const uint8_t *bytes, size_t n);

/* ... and stores the checksum. */
void writer_put_sum(uint8_t at[2], uint32_t sum);

#endif
