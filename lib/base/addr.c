/* SPDX-License-Identifier: BSD-2-Clause */
/* What the address ranges of RFC 1122 3.2.1.3, 4291 and 4607 mean here. */
#include "base/addr.h"

#include <endian.h>
#include <string.h>

struct addr addr_from_bytes(const uint8_t bytes[16])
{
	struct addr a;

	memcpy(&a, bytes, sizeof(a));
	return (struct addr){ be64toh(a.hi), be64toh(a.lo) };
}

void addr_to_bytes(struct addr a, uint8_t ret_bytes[16])
{
	a = (struct addr){ htobe64(a.hi), htobe64(a.lo) };
	memcpy(ret_bytes, &a, sizeof(a));
}

bool addr_is_unspecified(struct addr a)
{
	if (addr_is_ipv4(a))
		return !addr_ipv4(a);
	return !a.hi && !a.lo;
}

bool addr_is_multicast(struct addr a)
{
	if (addr_is_ipv4(a))
		return addr_ipv4(a) >> 28 == 0xe;
	return a.hi >> 56 == 0xff;
}

bool addr_is_sender(struct addr a)
{
	if (addr_is_multicast(a) || addr_is_unspecified(a))
		return false;
	if (!addr_is_ipv4(a))
		return true;
	return addr_ipv4(a) >> 24 != 0 && addr_ipv4(a) != UINT32_MAX;
}

bool addr_is_ssm(struct addr group)
{
	if (addr_is_ipv4(group))
		return addr_ipv4(group) >> 24 == 232;
	/* ff3x:0000::/32: flags 3, any scope, plen and network prefix zero */
	return (group.hi >> 32 & 0xfff0ffff) == 0xff300000;
}
