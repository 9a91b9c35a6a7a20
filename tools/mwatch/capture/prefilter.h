/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * prefilter: a classic BPF program that keeps in the kernel what nobody asked for: all
 * but UDP (and its fragments) to multicast groups, and all but the groups named
 * when they are few.  What it lets pass is looked at again (datagram.h): it may be too
 * generous, never too strict.  It also cuts packets behind what is read of them.
 */
#ifndef MWATCH_CAPTURE_PREFILTER_H
#define MWATCH_CAPTURE_PREFILTER_H

#include <linux/filter.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#define PREFILTER_MAX 1024 /* instructions */

struct prefilter {
	struct sock_filter lines[PREFILTER_MAX];
	uint16_t n_lines;
};

struct prefilter_settings {
	const struct sockaddr_storage *groups; /* borrowed; NULL: all groups */
	uint32_t n_groups;                     /* too many to test: taken as all */
	uint32_t n_payload;                    /* bytes of payload that are read */
	bool has_whole_payload;                /* all of it (TS in every datagram) */
};

/* arphrd: the interface's kind of link (link_find_kind()), which says where IP begins. */
void prefilter_init(struct prefilter *prefilter,
		    const struct prefilter_settings *settings, uint16_t arphrd);

#endif
