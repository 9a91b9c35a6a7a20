/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * group: one multicast address on an interface: the filters of the sockets that want it,
 * how often each source is named by them, and what is still to be told about it.
 *
 * The merged filter (RFC 9776 3.2) is not stored, it follows from the counts: with
 * sockets in EXCLUDE mode it excludes the sources that all of those exclude and
 * nobody includes; without, it includes those that somebody includes.
 *
 * A group that nobody wants any more stays until its leave has been told.
 */
#ifndef ENGINE_GROUP_H
#define ENGINE_GROUP_H

#include "engine/host.h"

struct source {
	struct addr addr;
	uint32_t n_include;      /* sockets that include it */
	uint32_t n_exclude : 28; /* sockets that exclude it */
	uint32_t n_sends : 3;    /* state-change reports that still tell it */
	uint32_t is_queried : 1; /* by a group-and-source query, not answered yet */
};

/* Does a filter name it? */
static inline bool source_is_named(const struct source *source)
{
	return source->n_include || source->n_exclude;
}

/* Or is there still something to tell or to answer about it? */
static inline bool source_is_needed(const struct source *source)
{
	return source_is_named(source) || source->n_sends || source->is_queried;
}

/* The filter of one socket. */
struct membership {
	uint64_t socket;
	uint32_t n;
	uint32_t is_exclude;
	struct addr sources[];
};

/* Bytes of one with n sources. */
static inline size_t membership_get_size(uint32_t n)
{
	return sizeof(struct membership) + n * sizeof(struct addr);
}

/* What decides which sources a group accepts, beside the counts of each. */
struct stance {
	enum filter_mode mode;
	uint32_t n_excluding;
	bool is_lightweight; /* an EXCLUDE list is empty (RFC 5790) */
};

/* What an older version has to say about a group. */
enum older_due { OLDER_NOTHING, OLDER_REPORT, OLDER_LEAVE };

struct group {
	struct group *next; /* in the table */
	struct host *host;
	struct addr address;
	struct link general; /* in host->idle or owing */
	/* Expired, they stand in host->changes and answers. */
	struct timer change, response;
	struct source *sources;      /* by address */
	struct membership **members; /* by socket */
	uint32_t n_sources, max_sources;
	uint32_t n_members, max_members;
	uint32_t n_excluding; /* members in EXCLUDE mode */
	uint32_t n_queried;   /* sources that are */
	uint8_t n_mode_sends; /* reports that still tell the filter mode */
	uint8_t older_state;  /* enum older_state */
	uint8_t older_due;    /* enum older_due */
	uint32_t round;       /* host->round when it was answered last */
	bool is_ssm;
	bool is_asked;      /* an answer about all of it is pending */
	bool is_asked_amid; /* once more, while the answer was half told */
};

struct group *group_find(const struct host *host, struct addr address);

/* A new one, without members; NULL: no memory. */
struct group *group_new(struct host *host, struct addr address);
void group_free(struct group *group);

/* Frees it when nobody wants it and there is nothing left to tell. */
void group_settle(struct group *group);

/* Forgets what is pending, then settles. */
void group_cancel(struct group *group);

/* The merged filter is this; what is told of it is group_get_stance(). */
struct stance group_get_merged(const struct group *group);
struct stance group_get_stance(const struct group *group);

/* Is the source in the list of the merged filter; are its packets wanted? */
bool stance_lists(const struct stance *stance, const struct source *source);
bool stance_accepts(const struct stance *stance, const struct source *source);

/* Is there a filter to tell: not INCLUDE({})? */
bool group_has_state(const struct group *group);

/* Does the host say anything about it, in the version that it speaks? */
bool group_is_told(const struct group *group);

/* ret_position: where it is, or would be inserted. NULL: no such. */
struct membership *group_find_member(const struct group *group, uint64_t socket,
				     uint32_t *ret_position);
struct source *group_find_source(const struct group *group, struct addr source,
				 uint32_t *ret_position);

/* Puts other sources in the place of those it has; owned from now on. */
void group_replace_sources(struct group *group, struct source *sources, uint32_t n);

/* Keeps the first n, no more than there are. */
void group_shrink_sources(struct group *group, uint32_t n);

/* Forgets sources that nobody names, tells or asks about. */
void group_compact(struct group *group);

/* Notes that sources of a query wait for an answer. 0; -ENOBUFS: more than the limits
 * allow; -ENOMEM. Refused, it has noted none. */
int group_record(struct group *group, const struct query *query);

/* Forgets pending questions. */
void group_forget_queried(struct group *group);

#endif
