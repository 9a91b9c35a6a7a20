/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Numbers in network order, addresses and checksums (see writer.h).
 */
#include "writer.h"
#include "tap.h"

void writer_put_8(struct writer *self, uint64_t value)
{
	if (self->len == self->size)
		tap_bail_out("a message that is too long");
	self->bytes[self->len++] = (uint8_t)value;
}

void writer_put_16(struct writer *self, uint64_t value)
{
	writer_put_8(self, value >> 8);
	writer_put_8(self, value);
}

void writer_put_addr(struct writer *self, enum engine_family family, struct addr addr)
{
	uint8_t bytes[16];

	addr_to_bytes(addr, bytes);
	for (int i = family == ENGINE_IPV4 ? 12 : 0; i < 16; i++)
		writer_put_8(self, bytes[i]);
}

uint32_t writer_add(uint32_t sum, const uint8_t *bytes, size_t n)
{
	for (size_t i = 0; i < n; i++)
		sum += i % 2 ? bytes[i] : (uint32_t)bytes[i] << 8;
	return sum;
}

void writer_put_sum(uint8_t at[2], uint32_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	at[0] = (uint8_t)(~sum >> 8);
	at[1] = (uint8_t)~sum;
}
