/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * link: tags (see link.h). The outermost one that names a VLAN is the packet's; tag 0 is
 * a priority only.
 */
#include <errno.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "link.h"

int link_find_kind(uint32_t ifindex, uint16_t *ret)
{
	struct ifreq request = { .ifr_ifindex = (int)ifindex };
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0), r = 0;

	if (fd < 0)
		return -errno;
	if (ioctl(fd, SIOCGIFNAME, &request) < 0 ||
	    ioctl(fd, SIOCGIFHWADDR, &request) < 0)
		r = -errno;
	else
		*ret = request.ifr_hwaddr.sa_family;
	close(fd);
	return r;
}

static uint16_t get_16(const uint8_t *bytes)
{
	return (uint16_t)(bytes[0] << 8 | bytes[1]);
}

uint32_t link_pass_tags(const uint8_t *bytes, uint32_t n, struct ring_packet *ret)
{
	uint32_t at = ETH_HLEN;

	for (unsigned int i = 0; i < LINK_MAX_TAGS && link_is_tag(ret->protocol); i++) {
		if (n < at + LINK_TAG)
			break;
		if (ret->vlan == 0)
			ret->vlan = get_16(bytes + at) & LINK_VLAN_ID;
		ret->protocol = get_16(bytes + at + 2);
		at += LINK_TAG;
	}
	return at;
}
