/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * address: an address, and a group on an interface, as values to sort and search by.
 *
 * Invariant: no holes, and zeros behind an IPv4 address: equal ones are equal bytes.
 */
#ifndef MWATCH_VERDICT_ADDRESS_H
#define MWATCH_VERDICT_ADDRESS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

struct address {
	uint8_t is_ipv6;
	uint8_t bytes[16];
};

/* A group on an interface. */
struct place {
	uint32_t ifindex;
	struct address group;
};

/* Of AF_INET or AF_INET6; bytes in network order. */
struct address address_make(int family, const uint8_t *bytes);

struct address address_get(const struct sockaddr_storage *from);

/* IPv4 in an IPv6 address (RFC 4291 2.5.5.2) as the IPv4 address. */
struct address address_unmap(const struct sockaddr_storage *from);

void address_set(const struct address *address, struct sockaddr_storage *ret);

/* 0.0.0.0 or :: */
bool address_is_any(const struct address *address);

/* -1, 0, 1; IPv4 is smaller. */
int address_compare(const struct address *a, const struct address *b);

/* For bsearch(): a struct address against a struct sockaddr_storage. */
int address_compare_sockaddr(const void *key, const void *entry);

/* By interface, then by group. */
int place_compare(const struct place *a, const struct place *b);

#endif
