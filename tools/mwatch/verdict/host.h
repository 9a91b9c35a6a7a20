/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * host: what every interface wants of every group: the filters of all sockets, merged
 * (RFC 3376 3.2, RFC 3810 4.2).  That is what IGMP and MLD report, and what Linux
 * lets pass on to the sockets; but where it has no source filters, every source of a
 * joined group does.
 *
 * Invariant: an answer that does not follow from what the kernel tells is
 * SAMPLE_UNKNOWN, never a guess.
 */
#ifndef MWATCH_VERDICT_HOST_H
#define MWATCH_VERDICT_HOST_H

#include <msf.h>

#include "address.h"
#include "anchor.h"
#include "sample.h"

struct host_group {
	struct place place;
	uint32_t users;
	bool has_sources;                      /* the lists are known */
	uint32_t n_exclude_min, n_exclude_max; /* sockets in EXCLUDE mode */
	uint32_t numsrc;
	const struct msf_group_source *slist; /* ascending; of the state */
};

struct host {
	struct anchor anchor;
	struct msf_state *state;
	struct host_group *groups; /* ascending by place */
	uint32_t n_groups;
};

#define HOST_INIT ((struct host){ .anchor = ANCHOR_INIT })

/* Looks again. -errno: then it is empty. */
int host_refresh(struct host *host);

void host_fini(struct host *host);

/* NULL: nobody has joined it there. */
const struct host_group *host_find(const struct host *host, const struct place *place);

/* Is this source admitted? ACCEPT, BLOCK or UNKNOWN. */
enum sample_verdict host_group_judge(const struct host_group *group,
				     const struct address *source);

/* Another one when other sources are admitted than before. */
uint64_t host_group_get_digest(const struct host_group *group);

/* Has the kernel no source filters, so that it is for the sockets' own to drop? */
static inline bool host_is_asm(const struct host *host)
{
	return host->anchor.is_asm;
}

/* Is this source let pass on to sockets? As host_group_judge(); UNJOINED: no group. */
enum sample_verdict host_pass(const struct host *host, const struct host_group *group,
			      const struct address *source);

/* Has the kernel joined it by itself, on every host? */
bool host_group_is_of_kernel(const struct host_group *group);

#endif
