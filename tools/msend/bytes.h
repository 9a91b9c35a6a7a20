/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * bytes: numbers in network order, put one behind the other. Each call returns where
 * the next one goes.
 */
#ifndef MSEND_BYTES_H
#define MSEND_BYTES_H

#include <endian.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

static inline uint8_t *bytes_put(uint8_t *at, const void *bytes, size_t n)
{
	memcpy(at, bytes, n);
	return at + n;
}

static inline uint8_t *bytes_put_8(uint8_t *at, uint8_t value)
{
	*at = value;
	return at + 1;
}

static inline uint8_t *bytes_put_16(uint8_t *at, uint16_t value)
{
	value = htobe16(value);
	return bytes_put(at, &value, sizeof(value));
}

static inline uint8_t *bytes_put_32(uint8_t *at, uint32_t value)
{
	value = htobe32(value);
	return bytes_put(at, &value, sizeof(value));
}

static inline uint8_t *bytes_put_64(uint8_t *at, uint64_t value)
{
	value = htobe64(value);
	return bytes_put(at, &value, sizeof(value));
}

#endif
