/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * aside: messages kept in memory for a while (see aside.h).
 *
 * Invariant: descriptor 2 is open all the time.
 */
#include "aside.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

int aside_start(struct aside *aside)
{
	int r;

	if (!isatty(STDERR_FILENO))
		return 0;
	fflush(stderr);
	aside->terminal = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
	if (aside->terminal < 0)
		return -errno;
	aside->kept = memfd_create("messages", MFD_CLOEXEC);
	if (aside->kept >= 0 && dup2(aside->kept, STDERR_FILENO) >= 0)
		return 0;
	r = -errno;
	aside_stop(aside);
	return r;
}

static void copy(int from, int to)
{
	char buf[4096];
	ssize_t n;

	if (lseek(from, 0, SEEK_SET) < 0)
		return;
	while ((n = read(from, buf, sizeof(buf))) > 0)
		if (write(to, buf, (size_t)n) < 0)
			return;
}

void aside_stop(struct aside *aside)
{
	if (aside->terminal < 0)
		return;
	fflush(stderr);
	dup2(aside->terminal, STDERR_FILENO);
	close(aside->terminal);
	if (aside->kept >= 0) {
		copy(aside->kept, STDERR_FILENO);
		close(aside->kept);
	}
	*aside = ASIDE_INIT;
}
