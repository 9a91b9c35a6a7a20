/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * An IPv4 or IPv6 address as one value of 128 bits.
 *
 * IPv4 addresses are held in the v4-mapped form ::ffff:a.b.c.d (RFC 4291
 * 2.5.5.2). A v4-mapped IPv6 address is no argument of any request, so whoever
 * reads one from outside refuses it there, and here the family is never in
 * doubt. Both halves are in host order: comparing values compares addresses.
 */
#ifndef BASE_ADDR_H
#define BASE_ADDR_H

#include <stdbool.h>
#include <stdint.h>

struct addr {
	uint64_t hi;
	uint64_t lo;
};

#define ADDR_MAPPED 0xffff00000000ull

static inline struct addr addr_from_ipv4(uint32_t host_order)
{
	return (struct addr){ .lo = ADDR_MAPPED | host_order };
}

static inline bool addr_is_ipv4(struct addr a)
{
	return !a.hi && a.lo >> 32 == ADDR_MAPPED >> 32;
}

/* Host order; of an IPv4 address only. */
static inline uint32_t addr_ipv4(struct addr a)
{
	return (uint32_t)a.lo;
}

static inline int addr_compare(struct addr a, struct addr b)
{
	if (a.hi != b.hi)
		return a.hi < b.hi ? -1 : 1;
	return a.lo < b.lo ? -1 : a.lo > b.lo;
}

static inline bool addr_equal(struct addr a, struct addr b)
{
	return a.hi == b.hi && a.lo == b.lo;
}

static inline bool addr_less(struct addr a, struct addr b)
{
	return a.hi != b.hi ? a.hi < b.hi : a.lo < b.lo;
}

/* Network order, 16 bytes. */
struct addr addr_from_bytes(const uint8_t bytes[16]);
void addr_to_bytes(struct addr a, uint8_t ret_bytes[16]);

bool addr_is_unspecified(struct addr a);
bool addr_is_multicast(struct addr a);

/* Can packets carry it as their source? Not multicast, 0.0.0.0/8,
 * 255.255.255.255 and ::. */
bool addr_is_sender(struct addr a);

/* Is the group in the source-specific range 232/8, ff3x::/32 (RFC 4607 1)? */
bool addr_is_ssm(struct addr group);

#endif
