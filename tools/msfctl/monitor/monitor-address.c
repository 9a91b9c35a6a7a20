/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * monitor-address: the order of addresses (see monitor-address.h).
 */
#include <string.h>

#include "monitor-address.h"

int monitor_address_compare(const struct sockaddr_storage *a,
			    const struct sockaddr_storage *b)
{
	const struct sockaddr_in *x = (const void *)a, *y = (const void *)b;
	const struct sockaddr_in6 *x6 = (const void *)a, *y6 = (const void *)b;

	if (a->ss_family != b->ss_family)
		return a->ss_family < b->ss_family ? -1 : 1;
	if (a->ss_family == AF_INET)
		return memcmp(&x->sin_addr, &y->sin_addr, sizeof(x->sin_addr));
	return memcmp(&x6->sin6_addr, &y6->sin6_addr, sizeof(x6->sin6_addr));
}

int monitor_address_compare_groups(const struct msf_group *a, const struct msf_group *b)
{
	if (a->ifindex != b->ifindex)
		return a->ifindex < b->ifindex ? -1 : 1;
	return monitor_address_compare(&a->group, &b->group);
}
