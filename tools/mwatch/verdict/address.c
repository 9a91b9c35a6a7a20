/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * address: made of sockaddrs, and compared (see address.h).
 */
#include <netinet/in.h>
#include <string.h>

#include "address.h"

/* Not by casts: compilers may take struct sockaddr_in and sockaddr_storage for
 * objects that never overlap. */
union sockaddr_any {
	struct sockaddr_storage storage;
	struct sockaddr_in sin;
	struct sockaddr_in6 sin6;
};

struct address address_make(int family, const uint8_t *bytes)
{
	struct address address = { .is_ipv6 = family == AF_INET6 };

	memcpy(address.bytes, bytes, address.is_ipv6 ? 16 : 4);
	return address;
}

struct address address_get(const struct sockaddr_storage *from)
{
	const union sockaddr_any any = { .storage = *from };

	if (from->ss_family == AF_INET6)
		return address_make(AF_INET6, any.sin6.sin6_addr.s6_addr);
	return address_make(AF_INET, (const uint8_t *)&any.sin.sin_addr);
}

struct address address_unmap(const struct sockaddr_storage *from)
{
	const union sockaddr_any any = { .storage = *from };

	if (from->ss_family == AF_INET6 && IN6_IS_ADDR_V4MAPPED(&any.sin6.sin6_addr))
		return address_make(AF_INET, any.sin6.sin6_addr.s6_addr + 12);
	return address_get(from);
}

void address_set(const struct address *address, struct sockaddr_storage *ret)
{
	union sockaddr_any any = { .storage.ss_family = AF_INET };

	if (address->is_ipv6) {
		any.sin6.sin6_family = AF_INET6;
		memcpy(&any.sin6.sin6_addr, address->bytes, 16);
	} else {
		memcpy(&any.sin.sin_addr, address->bytes, 4);
	}
	*ret = any.storage;
}

bool address_is_any(const struct address *address)
{
	static const uint8_t none[16];

	return memcmp(address->bytes, none, sizeof(none)) == 0;
}

int address_compare(const struct address *a, const struct address *b)
{
	int order = memcmp(a, b, sizeof(*a));

	return (order > 0) - (order < 0);
}

int address_compare_sockaddr(const void *key, const void *entry)
{
	struct address address = address_get(entry);

	return address_compare(key, &address);
}

int place_compare(const struct place *a, const struct place *b)
{
	if (a->ifindex != b->ifindex)
		return a->ifindex < b->ifindex ? -1 : 1;
	return address_compare(&a->group, &b->group);
}
