/* SPDX-License-Identifier: BSD-2-Clause */
/* See scratch.h. */
#include "asm/scratch.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

int scratch_try(const struct sock_fprog *fprog)
{
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0), r = 0;

	if (fd < 0)
		return -errno;
	if (setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, fprog, sizeof(*fprog)))
		r = -errno;
	close(fd);
	return r;
}
