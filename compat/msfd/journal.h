/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * journal: the holdings in a file beside the agent's socket, so that an msfd that was
 * killed goes on where it stopped, also for sockets whose program can tell of nothing
 * (after exec(), or passed on). Records are messages of agent/message.h, appended as
 * holdings change; the file is written anew when most of it is out of date.
 *
 * It is a help and no more: where it cannot be written (disk full) it is removed, for
 * one that is out of date is worse than none; msfd goes on without, says so once, writes
 * it whole when that is possible again, and its successor learns from its clients. A
 * file that is broken counts as far as it is whole. It belongs to one boot and one
 * namespace, which it names, and counts only if nobody but msfd's user could write it: no
 * limit holds for what it says.
 */
#ifndef MSFD_JOURNAL_H
#define MSFD_JOURNAL_H

#include "loop.h"
#include "msfd/holdings.h"

struct journal;

/* path: "/run/msfd/<inode>.journal". Reads what is there into the holdings, then listens
 * to them. 0 or -ENOMEM. */
int journal_new(struct journal **ret, struct loop *loop, struct holdings *holdings,
		const char *path, uint64_t now);

/* is_kept: for the next msfd; else it is removed. */
struct journal *journal_free(struct journal *journal, bool is_kept);

#endif
