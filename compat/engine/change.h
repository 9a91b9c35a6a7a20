/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * change: state-change reports (RFC 9776 5.1, RFC 9777 6.1). A group whose merged filter
 * has changed is told at once and [Robustness Variable] - 1 times more: the filter mode
 * with its whole list while n_mode_sends lasts, else each source while its n_sends
 * lasts, as ALLOW or BLOCK by what it is when the report is made. So changes that
 * overlap merge by themselves.
 */
#ifndef ENGINE_CHANGE_H
#define ENGINE_CHANGE_H

#include "engine/group.h"
#include "engine/report.h"

enum change_kind {
	CHANGE_NONE,
	CHANGE_SOURCES, /* their n_sends are set */
	CHANGE_MODE,    /* of the filter */
};

/* A socket's filter has changed the group; was_wanted: some socket wanted it before. */
void change_tell(struct group *group, enum change_kind kind, bool was_wanted);

/* Tells it as if it were new: its whole filter is a change. */
void change_announce(struct group *group);

/* It is due. */
void change_queue(struct group *group);

/* Adds what is due to an empty report. false: there is nothing. */
bool change_pull(struct host *host, struct report *report);

#endif
