/* SPDX-License-Identifier: BSD-2-Clause */
/* The receive calls, which filter where nothing else does. */
#include <msf.h>

#include "asm/asm.h"

ssize_t msf_recv(int fd, void *buf, size_t len, int flags)
{
	return asm_recv(fd, buf, len, flags);
}

ssize_t msf_recvfrom(int fd, void *buf, size_t len, int flags, struct sockaddr *from,
		     socklen_t *fromlen)
{
	return asm_recvfrom(fd, buf, len, flags, from, fromlen);
}

ssize_t msf_recvmsg(int fd, struct msghdr *msg, int flags)
{
	return asm_recvmsg(fd, msg, flags);
}

int msf_recvmmsg(int fd, struct mmsghdr *msgs, unsigned int n, int flags,
		 struct timespec *timeout)
{
	return asm_recvmmsg(fd, msgs, n, flags, timeout);
}

ssize_t msf_read(int fd, void *buf, size_t len)
{
	return asm_read(fd, buf, len);
}

ssize_t msf_readv(int fd, const struct iovec *iov, int n)
{
	return asm_readv(fd, iov, n);
}

int msf_poll(struct pollfd *fds, nfds_t n, int timeout)
{
	struct timespec wait = { timeout / 1000, timeout % 1000 * 1000000L };

	return asm_ppoll(fds, n, timeout < 0 ? NULL : &wait, NULL);
}
