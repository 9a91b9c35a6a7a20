/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * show-filter: which memberships and groups are wanted.
 */
#ifndef MSFCTL_SHOW_FILTER_H
#define MSFCTL_SHOW_FILTER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include <msf.h>

struct show_filter {
	const char *interface;          /* as it was written, borrowed; NULL: every one */
	uint32_t ifindex;               /* that it has in our namespace; 0: none there */
	uint64_t netns;                 /* ours */
	struct sockaddr_storage group;  /* AF_UNSPEC: every one */
	unsigned int prefix;            /* bits of group that count */
	struct sockaddr_storage source; /* AF_UNSPEC: every one */
};

/* Finds out our network namespace. 0 or -errno, said. */
int show_filter_init(struct show_filter *filter);

/* --group ADDRESS[/BITS], --source ADDRESS. 0; or -EINVAL, said. */
int show_filter_set_group(struct show_filter *filter, const char *word);
int show_filter_set_source(struct show_filter *filter, const char *word);

/*
 * --interface NAME|INDEX: that of our namespace, if there is one; elsewhere, and of
 * interfaces that are gone, what has this name or index. 0; or -errno, said.
 */
int show_filter_set_interface(struct show_filter *filter, const char *word);

bool show_filter_has_interface(const struct show_filter *filter, uint64_t netns,
			       uint32_t ifindex, const char *name);

bool show_filter_has_group(const struct show_filter *filter,
			   const struct sockaddr_storage *group);

/* Does the list name the source, whether it admits or blocks it? */
bool show_filter_has_source(const struct show_filter *filter, uint32_t numsrc,
			    const struct sockaddr_storage *slist);

#endif
