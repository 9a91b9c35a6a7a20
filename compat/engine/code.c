/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * code: floating-point codes and the Internet checksum (see code.h).
 *
 *	 0 1 2 3 4 5 6 7	8 bits: a mantissa of 4 bits; below 0x80 a plain number
 *	+-+-+-+-+-+-+-+-+	16 bits: one of 12 bits; below 0x8000 a plain number
 *	|1| exp | mant  |
 *	+-+-+-+-+-+-+-+-+	value = (mant | 1 above it) << (exp + 3)
 */
#include "engine/code.h"

#define EXP_BITS 3u
#define EXP_MAX  7u
#define EXP_BIAS 3u

#define MANT_BITS_8  4u
#define MANT_BITS_16 12u

static uint32_t decode(uint32_t code, unsigned int mant_bits)
{
	uint32_t one = 1u << mant_bits;

	if (code < one << EXP_BITS)
		return code;
	return (one | (code & (one - 1))) << ((code >> mant_bits & EXP_MAX) + EXP_BIAS);
}

static uint32_t encode(uint32_t value, unsigned int mant_bits)
{
	uint32_t one = 1u << mant_bits, exp = 0;

	if (value < one << EXP_BITS)
		return value;
	while (value >> (exp + EXP_BIAS) >= one << 1)
		exp++;
	if (exp > EXP_MAX)
		return (one << (EXP_BITS + 1)) - 1;
	return one << EXP_BITS | exp << mant_bits |
	       (value >> (exp + EXP_BIAS) & (one - 1));
}

uint32_t code_decode8(uint8_t code)
{
	return decode(code, MANT_BITS_8);
}

uint32_t code_decode16(uint16_t code)
{
	return decode(code, MANT_BITS_16);
}

uint8_t code_encode8(uint32_t value)
{
	return (uint8_t)encode(value, MANT_BITS_8);
}

uint16_t code_encode16(uint32_t value)
{
	return (uint16_t)encode(value, MANT_BITS_16);
}

/* 32 bits hold the carries of any datagram: 32768 words of 16 bits. */
uint32_t checksum_add(uint32_t sum, const uint8_t *bytes, size_t len)
{
	sum = checksum_fold(sum);
	for (; len > 1; len -= 2, bytes += 2)
		sum += (uint32_t)bytes[0] << 8 | bytes[1];
	if (len)
		sum += (uint32_t)bytes[0] << 8;
	return sum;
}

uint16_t checksum_fold(uint32_t sum)
{
	sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)((sum & 0xffff) + (sum >> 16));
}
