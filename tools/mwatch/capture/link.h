/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * link: what stands before IP in a packet of Ethernet: its header and VLAN tags
 * (IEEE 802.1Q), as far as the kernel has left them in the bytes.
 *
 * The kernel's own idea of the protocol and of where it begins differ when it put a tag
 * in itself, so the bytes decide, here and in the prefilter.
 */
#ifndef MWATCH_CAPTURE_LINK_H
#define MWATCH_CAPTURE_LINK_H

#include <linux/if_ether.h>
#include <net/if_arp.h>
#include <stdbool.h>
#include <stdint.h>

#include "ring.h"

#define LINK_TYPE     12u /* where the type stands */
#define LINK_TAG      4u  /* bytes of a tag */
#define LINK_MAX_TAGS 2u
#define LINK_VLAN_ID  0x0fffu

/* The kind of link of an interface (ARPHRD_*). 0; -ENODEV; -errno. */
int link_find_kind(uint32_t ifindex, uint16_t *ret);

/* Is it a kind with Ethernet's header? */
static inline bool link_is_ethernet(uint16_t arphrd)
{
	return arphrd == ARPHRD_ETHER || arphrd == ARPHRD_LOOPBACK;
}

static inline bool link_is_tag(uint16_t type)
{
	return type == ETH_P_8021Q || type == ETH_P_8021AD || type == ETH_P_QINQ1;
}

/* Passes over tags; ret->protocol says that there is one. The new length. */
uint32_t link_pass_tags(const uint8_t *bytes, uint32_t n, struct ring_packet *ret);

/* Sets the protocol, and the VLAN if it is 0. Returns the length of what it read. */
static inline uint32_t link_read(const uint8_t *bytes, uint32_t n,
				 struct ring_packet *ret)
{
	if (__builtin_expect(n < ETH_HLEN, 0)) {
		ret->protocol = 0;
		return n;
	}
	ret->protocol = (uint16_t)(bytes[LINK_TYPE] << 8 | bytes[LINK_TYPE + 1]);
	if (__builtin_expect(link_is_tag(ret->protocol), 0))
		return link_pass_tags(bytes, n, ret);
	return ETH_HLEN;
}

#endif
