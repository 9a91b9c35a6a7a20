/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * link-entry: one interface with all its addresses that reports could be sent from, as
 * rtnetlink(7) tells them one by one.
 *
 * Invariant: IPv4 addresses stand in the order in which the kernel itself takes them:
 * primary ones first, then by scope, then by age. IPv6 ones are link-local.
 */
#ifndef MSFD_LINK_ENTRY_H
#define MSFD_LINK_ENTRY_H

#include <linux/netlink.h>

#include "msfd/links.h"

#define LINK_HARDWARE_MAX 32u

struct link_address {
	struct addr addr;
	uint8_t prefix_len; /* of IPv4 tells apart those that are the same */
	uint8_t scope;
	uint32_t flags; /* IFA_F_* */
	uint32_t look;  /* the look at everything that saw it last */
};

struct link_entry {
	struct link link;
	uint8_t hardware[LINK_HARDWARE_MAX]; /* link-layer address */
	uint32_t look;
	bool is_untold;                 /* the engine does not know it as it is */
	struct link_address *addresses; /* owned */
	uint32_t n_addresses, max_addresses;
};

/* RTM_NEWLINK and RTM_DELLINK as they matter here: 1 and *ret, without addresses; 0: not
 * of the interface itself (a bridge's port), or broken. */
int link_entry_read(const struct nlmsghdr *message, struct link_entry *ret);

/* RTM_NEWADDR and RTM_DELADDR: 1, the interface's index and the address; 0: none that
 * reports are sent from. */
int link_entry_read_address(const struct nlmsghdr *message, uint32_t *ret_ifindex,
			    struct link_address *ret);

/* What a message says of an interface that is known; its addresses stay. Is it news? */
bool link_entry_update(struct link_entry *entry, const struct link_entry *from);

/* Neither the name nor the link-layer address is the same: another, with its index. */
bool link_entry_is_other(const struct link_entry *entry, const struct link_entry *now);

/* Adds or replaces. 0 or -ENOMEM. */
int link_entry_set_address(struct link_entry *entry, const struct link_address *address);
void link_entry_del_address(struct link_entry *entry, const struct link_address *address);

/* Removes the addresses that a look did not see. */
void link_entry_forget(struct link_entry *entry, uint32_t look);

bool link_entry_has_address(const struct link_entry *entry, struct addr addr);

/* Chooses what reports are sent from. Has it changed? */
bool link_entry_choose(struct link_entry *entry);

#endif
