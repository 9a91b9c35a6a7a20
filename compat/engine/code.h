/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * code: the floating-point codes of queries, Max Resp Code and QQIC (RFC 9776 4.1.1,
 * 4.1.7; RFC 9777 5.1.3, 5.1.9), and the Internet checksum (RFC 1071).
 */
#ifndef ENGINE_CODE_H
#define ENGINE_CODE_H

#include <stddef.h>
#include <stdint.h>

uint32_t code_decode8(uint8_t code);
uint32_t code_decode16(uint16_t code);

/* The largest code whose value is not above the value. */
uint8_t code_encode8(uint32_t value);
uint16_t code_encode16(uint32_t value);

/* The sum over len bytes, begun with the sum over what stands before them, which is an
 * even number of bytes. Not complemented: 0xffff over bytes with a right checksum. */
uint32_t checksum_add(uint32_t sum, const uint8_t *bytes, size_t len);
uint16_t checksum_fold(uint32_t sum);

#endif
