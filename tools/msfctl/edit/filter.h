/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * filter: the filter that a socket has for a group on an interface, read from it,
 * as text and as JSON.
 */
#ifndef MSFCTL_FILTER_H
#define MSFCTL_FILTER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include <jansson.h>

/* Zero-initialised: no membership, which is INCLUDE {} (RFC 3376 3.1). */
struct filter {
	bool is_member;
	uint32_t fmode;
	uint32_t numsrc;
	struct sockaddr_storage *slist; /* owned; ascending */
};

/* No membership is a filter too. 0 or -errno. */
int filter_read(struct filter *ret, int fd, uint32_t ifindex,
		const struct sockaddr_storage *group);

void filter_fini(struct filter *filter);

/* "INCLUDE {10.0.0.1, 10.0.0.2}", "no member"; of a long list the first ones and how
 * many more there are. To be freed; NULL: no memory. */
char *filter_format(const struct filter *filter);

/* {"mode":...,"sources":[...]}; null without a membership. NULL: no memory. */
json_t *filter_new_object(const struct filter *filter);

#endif
