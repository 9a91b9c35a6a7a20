/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * links: which interface receives what is seen on another: VLAN devices (IEEE 802.1Q)
 * receive the tagged packets of the link below them, and a bridge or bond those
 * of its ports.
 */
#ifndef MWATCH_VERDICT_LINKS_H
#define MWATCH_VERDICT_LINKS_H

#include <net/if.h>
#include <stdint.h>

struct link {
	uint32_t ifindex;
	uint32_t master; /* a bridge, bond or team; 0: none */
	char name[IF_NAMESIZE];
};

struct link_vlan {
	uint32_t lower;
	uint32_t vlan;
	uint32_t ifindex;
};

/* Zero-initialised it is empty. */
struct links {
	struct link *links; /* ascending by index; owned */
	uint32_t n_links;
	struct link_vlan *vlans; /* ascending by link and VLAN; owned */
	uint32_t n_vlans;
};

/* Looks again. -errno: then it is empty. */
int links_refresh(struct links *links);

void links_fini(struct links *links);

/* The index that this name has now; 0: none. */
uint32_t links_find(const struct links *links, const char *name);

/* Who receives it: an interface index; 0: nobody. vlan 0: untagged. */
uint32_t links_get_receiver(const struct links *links, uint32_t ifindex, uint16_t vlan);

#endif
