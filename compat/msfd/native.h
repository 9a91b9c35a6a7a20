/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * native: the groups that the kernel has joined for itself (solicited-node groups) and
 * for programs that tell nobody. While the kernel may not report them, msfd does, as
 * EXCLUDE {} of the key HOLDINGS_NATIVE in the engine; else snooping switches would cut
 * the host off its neighbours. EXCLUDE {} also where a stranger filters: what it wants is
 * among that, and the kernel filters for it.
 *
 * /proc/net/igmp and igmp6 tell each group and its users; of those, the sockets in the
 * holdings and msfd's own are known. A group with more users than that has a stranger
 * among them. One that is known to be told of a moment later is no stranger: so a
 * surplus has to last NATIVE_DELAY_MS, but for groups that only the kernel joins.
 *
 * The end of a surplus has to last as well. A socket that was closed is no user any more
 * before its holdings have ended: for so long a stranger's group would seem not to have
 * one, and be left and joined anew. So NATIVE_LINGER_MS is longer than deaths.h needs.
 */
#ifndef MSFD_NATIVE_H
#define MSFD_NATIVE_H

#include "engine/engine.h"
#include "loop.h"
#include "msfd/holdings.h"
#include "msfd/statics.h"

#define NATIVE_DELAY_MS  200
#define NATIVE_LINGER_MS 2000

struct native;

/* changed(): the engine was told something. 0 or -errno. */
int native_new(struct native **ret, struct loop *loop, struct engine *engine,
	       const struct holdings *holdings, const struct statics *statics,
	       void (*changed)(void *context), void *context);
struct native *native_free(struct native *native);

/* Holdings, statics or interfaces have changed: look again, soon. Cheap; may be called
 * from changed(), too. */
void native_poke(struct native *native);

uint32_t native_count_groups(const struct native *native);

/* Walks the groups that are reported, by interface and group: the first behind these,
 * 0 and unspecified: the first of all. false: no more. */
bool native_next(const struct native *native, uint32_t *ifindex, struct addr *group);

#endif
