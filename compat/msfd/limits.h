/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * limits: how much a client, a user and all of them may make msfd keep, and how often
 * they may speak. Part of the configuration; counted in holdings.h and clients.h.
 */
#ifndef MSFD_LIMITS_H
#define MSFD_LIMITS_H

#include <stdint.h>

struct limits_scope {
	uint32_t groups;   /* memberships */
	uint32_t sources;  /* in all their filters */
	uint32_t messages; /* a second; twice that in a burst */
};

struct limits {
	struct limits_scope client; /* one process */
	struct limits_scope user;   /* one uid; root's are those of `total` */
	struct limits_scope total;
	uint32_t clients_user; /* connections of one uid */
	uint32_t clients;      /* of all */
};

/* Named, with default, range and help: for the file, the manual and `msfctl agent`. */
struct limits_info {
	const char *name; /* "client-groups", "user-sources", "total-messages", ... */
	const char *unit;
	uint32_t value, min, max;
	const char *help;
	unsigned int offset; /* in struct limits */
};

#define LIMITS_COUNT 11u

/* Limit i, or NULL behind the last. */
const struct limits_info *limits_get_info(unsigned int i);

uint32_t limits_get(const struct limits *limits, const struct limits_info *info);
void limits_set(struct limits *limits, const struct limits_info *info, uint32_t value);

/* The defaults. */
void limits_init(struct limits *ret);

#endif
