/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * standard: descriptors 0, 1 and 2 (see standard.h).
 *
 * Invariant: the lowest free descriptor is opened (open(2)), so that they are
 * filled in their order.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdio_ext.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "output.h"
#include "standard.h"

/* popt ends the program itself after --help. */
static void close_output(void)
{
	errno = 0;
	if (fflush(stdout) == 0 && !ferror(stdout))
		return;
	output_error("standard output", "%s", strerror(errno ? errno : EIO));
	_exit(OUTPUT_FAILED);
}

bool standard_say_output(int error)
{
	if (!ferror(stdout))
		return false;
	output_error("standard output", "%s", strerror(-error));
	__fpurge(stdout);
	clearerr(stdout);
	return true;
}

int standard_init(void)
{
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
		if (fcntl(fd, F_GETFD) >= 0)
			continue;
		if (open("/dev/null", O_RDWR) < 0) {
			int r = -errno;

			output_error("/dev/null", "%s", strerror(-r));
			return r;
		}
	}
	return atexit(close_output) == 0 ? 0 : -ENOMEM;
}
