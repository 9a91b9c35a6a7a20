/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * merge: the sources of a group after the filter of one of its sockets has changed
 * (RFC 9776 3.2 and 5.1), as a pure function of the sources before and the two filters.
 */
#ifndef ENGINE_MERGE_H
#define ENGINE_MERGE_H

#include "engine/group.h"

struct merge {
	const struct source *sources; /* before, by address */
	uint32_t n_sources;
	const struct filter *old, *new; /* of the socket */
	struct stance before, after;    /* of the group */
	bool is_crowded; /* what is still to be told of sources is forgotten: the mode is
			  * told, with the whole list */
	uint8_t n_sends; /* for a source that is wanted and was not, or was and is not;
			  * 0: nobody is told of it */
};

struct merge_result {
	uint32_t n;       /* sources after */
	uint32_t n_named; /* those of them that some filter names */
	bool has_flipped; /* a source is wanted and was not, or the other way round */
};

/* ret_sources has room for result.n; NULL: only counts. It may be the old sources when
 * the new filter names none. */
struct merge_result merge_sources(const struct merge *merge, struct source *ret_sources);

#endif
