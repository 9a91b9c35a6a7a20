/* SPDX-License-Identifier: BSD-2-Clause */
/* See sockaddr.h. */
#include "sockaddr.h"

#include <stddef.h>
#include <string.h>
#include <netinet/in.h>

int sockaddr_get_family(const struct sockaddr *sa)
{
	sa_family_t family;

	memcpy(&family, (const char *)sa + offsetof(struct sockaddr, sa_family),
	       sizeof(family));
	return family;
}

enum sockaddr_outcome sockaddr_get(const struct sockaddr *sa, struct addr *ret_addr)
{
	const char *bytes = (const char *)sa;
	uint32_t ipv4;

	switch (sockaddr_get_family(sa)) {
	case AF_INET:
		memcpy(&ipv4, bytes + offsetof(struct sockaddr_in, sin_addr),
		       sizeof(ipv4));
		*ret_addr = addr_from_ipv4(ntohl(ipv4));
		return SOCKADDR_OK;
	case AF_INET6:
		*ret_addr = addr_from_bytes((const uint8_t *)bytes +
					    offsetof(struct sockaddr_in6, sin6_addr));
		return addr_is_ipv4(*ret_addr) ? SOCKADDR_MAPPED : SOCKADDR_OK;
	default:
		return SOCKADDR_FAMILY;
	}
}

socklen_t sockaddr_set(struct sockaddr_storage *ss, int family, struct addr a)
{
	struct sockaddr_in6 sin6 = { .sin6_family = AF_INET6 };
	struct sockaddr_in sin = { .sin_family = AF_INET };

	if (family == AF_INET) {
		sin.sin_addr.s_addr = htonl(addr_ipv4(a));
		memcpy(ss, &sin, sizeof(sin));
		return sizeof(sin);
	}
	addr_to_bytes(a, sin6.sin6_addr.s6_addr);
	memcpy(ss, &sin6, sizeof(sin6));
	return sizeof(sin6);
}

socklen_t sockaddr_length(int family)
{
	switch (family) {
	case AF_INET:
		return sizeof(struct sockaddr_in);
	case AF_INET6:
		return sizeof(struct sockaddr_in6);
	default:
		return 0;
	}
}
