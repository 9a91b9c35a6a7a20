/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * notify: what a service manager is told (sd_notify(3)), and what it may have passed
 * (sd_listen_fds(3)). Without one there is nothing to do, and nothing fails.
 */
#ifndef MSFD_NOTIFY_H
#define MSFD_NOTIFY_H

#include "loop.h"

/*
 * The listening socket that was passed: a Unix socket of type SOCK_SEQPACKET,
 * non-blocking and closed by exec() from here on, the caller's. -ENOENT: none was passed.
 * -EINVAL, logged: something else, or more than one. Its name in the file system is the
 * manager's: it is not to be removed. Called once, before any descriptor is opened.
 */
int notify_take_socket(void);

void notify_ready(void);     /* at the start, and when a reload has ended */
void notify_reloading(void); /* a reload begins */
void notify_stopping(void);

/* From now on the manager is told regularly that the loop goes round, if it wants to
 * know. 0 or -errno. loop_del() ends it. */
int notify_start_watchdog(struct loop *loop, struct loop_source *source);

#endif
