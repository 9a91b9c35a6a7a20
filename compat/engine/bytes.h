/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * bytes: numbers and addresses in the network order, where a packet has them: byte by
 * byte, at any alignment. Whoever calls these has checked the length.
 */
#ifndef ENGINE_BYTES_H
#define ENGINE_BYTES_H

#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"

static inline uint16_t bytes_get16(const uint8_t *bytes)
{
	return (uint16_t)(bytes[0] << 8 | bytes[1]);
}

static inline void bytes_put16(uint8_t *bytes, size_t value)
{
	bytes[0] = (uint8_t)(value >> 8);
	bytes[1] = (uint8_t)value;
}

static inline struct addr bytes_get_ipv4(const uint8_t *bytes)
{
	return addr_from_ipv4((uint32_t)bytes_get16(bytes) << 16 |
			      bytes_get16(bytes + 2));
}

static inline void bytes_put_ipv4(uint8_t *bytes, struct addr addr)
{
	bytes_put16(bytes, addr_ipv4(addr) >> 16);
	bytes_put16(bytes + 2, addr_ipv4(addr));
}

#endif
