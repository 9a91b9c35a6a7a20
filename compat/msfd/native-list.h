/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * native-list: the groups that the kernel has joined, as /proc/net/igmp and igmp6 print
 * them: on which interface, and for how many users. A user is a socket that has joined,
 * whatever it filters and whatever its family, or the kernel itself: for each address of
 * a solicited-node group one.
 *
 * The texts are read strictly: one that is not as expected is refused as a whole. A long
 * one that changes while it is read may lack a group, or have one twice.
 */
#ifndef MSFD_NATIVE_LIST_H
#define MSFD_NATIVE_LIST_H

#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"

struct native_entry {
	uint32_t ifindex;
	struct addr group;
	uint32_t users;
};

struct native_list {
	struct native_entry *entries; /* owned */
	size_t n, room;
};

/* Zeroed is empty. */
void native_list_fini(struct native_list *list);

/* Appends what the text has. 0; -EBADMSG, -ENOMEM: nothing is appended. */
int native_list_parse_igmp(struct native_list *list, const char *text, size_t len);
int native_list_parse_igmp6(struct native_list *list, const char *text, size_t len);

/* Ascending by interface and group, each once. */
void native_list_sort(struct native_list *list);

/* Both files of this namespace, sorted, instead of what the list had. A family that the
 * kernel does not have has no groups. 0 or -errno: the list is empty. */
int native_list_read(struct native_list *list);

/* The order. */
int native_list_compare(const struct native_entry *a, const struct native_entry *b);

#endif
