/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * channel: what is to be received: groups, a port, an interface and a source
 * filter (RFC 3678), read from the command line, a channel file or a session
 * description.  What is in a list is fit to be joined, as far as that can be
 * said without asking the system.
 */
#ifndef MJOIN_CHANNEL_H
#define MJOIN_CHANNEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include <msf.h>

#include "endpoint.h"
#include "mistake.h"

#define CHANNEL_MAX_SOURCES 65536 /* of one channel */
#define CHANNEL_MAX_GROUPS  65536 /* of one list */

/* EXCLUDE {} is any source. */
struct channel_filter {
	uint32_t fmode;
	uint32_t numsrc;
	struct sockaddr_storage *slist; /* owned; in ascending order */
};

struct channel {
	struct endpoint endpoint;
	char *interface; /* owned; a name, an index or an address */
	struct channel_filter filter;
};

/* Zero-initialise it. */
struct channel_list {
	struct channel *channels; /* owned */
	size_t n_channels;
	size_t n_groups; /* of all channels */
};

/* -s or -x of the command line: for channels that name no sources. */
struct channel_preset {
	uint32_t fmode;
	const char *sources; /* separated by commas; NULL: any source */
};

/* Is the filter one that names whom it wants? */
static inline bool channel_filter_is_include(const struct channel_filter *filter)
{
	return filter->fmode == MCAST_INCLUDE;
}

void channel_filter_fini(struct channel_filter *filter);

/* Adds sources, separated by commas, for a group. -EINVAL and the mistake; -ENOMEM. */
int channel_filter_parse(struct channel_filter *filter, const char *sources,
			 const struct sockaddr_storage *group, struct mistake *mistake);

/* Adds one source, for a group; errors as above. */
int channel_filter_add(struct channel_filter *filter, const char *source,
		       const struct sockaddr_storage *group, struct mistake *mistake);

void channel_list_fini(struct channel_list *list);

/*
 * Adds a channel; takes the filter over in any case.  -EINVAL and the mistake:
 * not multicast, a source twice, too many; -ENOMEM.
 */
int channel_list_add(struct channel_list *list, const struct endpoint *endpoint,
		     const char *interface, struct channel_filter *filter,
		     struct mistake *mistake);

/* Adds [SOURCES@|!SOURCES@]GROUP[+N][:PORT] on an interface; errors as above. */
int channel_list_parse(struct channel_list *list, const struct channel_preset *preset,
		       const char *text, const char *interface, struct mistake *mistake);

/* Adds the channels of a file, one a line; # begins a comment. text[len] is NUL.
 * The mistake names the line. */
int channel_list_parse_file(struct channel_list *list,
			    const struct channel_preset *preset, const char *text,
			    size_t len, struct mistake *mistake);

/* -EINVAL and the mistake: two channels would receive the same packets. */
int channel_list_check(const struct channel_list *list, struct mistake *mistake);

#endif
