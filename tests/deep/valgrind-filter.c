/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * valgrind-filter: in front of libc under memcheck, which takes the length that
 * getsockopt() gives for bytes; that of SO_GET_FILTER counts instructions, so that seven
 * eighths of what the kernel has written would pass for never written.
 */
#include <linux/filter.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

int getsockopt(int fd, int level, int optname, void *restrict optval,
	       socklen_t *restrict optlen)
{
	if (level == SOL_SOCKET && optname == SO_GET_FILTER && optval && optlen)
		memset(optval, 0, *optlen * sizeof(struct sock_filter));
	return (int)syscall(SYS_getsockopt, fd, level, optname, optval, optlen);
}
