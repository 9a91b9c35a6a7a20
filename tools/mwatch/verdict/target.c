/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * target: pidfd_open(2), which is readable when the process has ended (see target.h).
 *
 * Invariant: once gone, it stays gone.
 */
#include <errno.h>
#include <poll.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "target.h"

#ifndef SYS_pidfd_open
#define SYS_pidfd_open 434
#endif

static int open_target(struct target *target)
{
	target->fd = (int)syscall(SYS_pidfd_open, target->pid, 0);
	/* EINVAL: it is a thread, and no process. */
	if (target->fd < 0 && errno != ENOSYS)
		return errno == EINVAL ? -ESRCH : -errno;
	target->is_open = true;
	return 0;
}

int target_check(struct target *target)
{
	struct pollfd poller = { .events = POLLIN };
	int r = target->is_open ? 0 : open_target(target);

	if (r < 0)
		return r;
	poller.fd = target->fd;
	target->is_gone |= poll(&poller, 1, 0) > 0;
	return target->is_gone ? -ESRCH : 0;
}

void target_fini(struct target *target)
{
	if (target->is_open && target->fd >= 0)
		close(target->fd);
	target->is_open = false;
}
