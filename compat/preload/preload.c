/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * libmsf-preload.so: what it exports, under the names of libc, one statement each: ours
 * (policy.h) or as it comes next (libc.h). There is no constructor.
 *
 * The names are given to the assembler, so that neither what the headers say of them
 * nor what _FORTIFY_SOURCE and _TIME_BITS make of them is met here.
 */
#include <stdarg.h>

#include "libc.h"
#include "policy.h"

/* By this msfctl(8) knows the library before it starts a program with it. */
__attribute__((visibility("default"))) const char libmsf_preload[] = "libmsf";

#define EXPORT(type, name, ...)                         \
	type preload_##name(__VA_ARGS__) __asm__(#name) \
		__attribute__((visibility("default"))); \
	type preload_##name(__VA_ARGS__)

EXPORT(int, setsockopt, int fd, int level, int optname, const void *optval,
       socklen_t optlen)
{
	return policy_has_option(level, optname)
		       ? policy_setsockopt(fd, level, optname, optval, optlen)
		       : libc_setsockopt(fd, level, optname, optval, optlen);
}

EXPORT(int, getsockopt, int fd, int level, int optname, void *optval, socklen_t *optlen)
{
	return policy_has_option(level, optname)
		       ? policy_getsockopt(fd, level, optname, optval, optlen)
		       : libc_getsockopt(fd, level, optname, optval, optlen);
}

EXPORT(int, ioctl, int fd, unsigned long request, ...)
{
	void *argument;
	va_list ap;

	va_start(ap, request);
	argument = va_arg(ap, void *);
	va_end(ap);
	return policy_has_ioctl(request) ? policy_ioctl(fd, request, argument)
					 : libc_ioctl(fd, request, argument);
}

EXPORT(int, setsourcefilter, int fd, uint32_t interface, const struct sockaddr *group,
       socklen_t grouplen, uint32_t fmode, uint32_t numsrc,
       const struct sockaddr_storage *slist)
{
	return policy_setsourcefilter(fd, interface, group, grouplen, fmode, numsrc,
				      slist);
}

EXPORT(int, getsourcefilter, int fd, uint32_t interface, const struct sockaddr *group,
       socklen_t grouplen, uint32_t *fmode, uint32_t *numsrc,
       struct sockaddr_storage *slist)
{
	return policy_getsourcefilter(fd, interface, group, grouplen, fmode, numsrc,
				      slist);
}

EXPORT(int, setipv4sourcefilter, int fd, struct in_addr interface, struct in_addr group,
       uint32_t fmode, uint32_t numsrc, const struct in_addr *slist)
{
	return policy_setipv4sourcefilter(fd, interface, group, fmode, numsrc, slist);
}

EXPORT(int, getipv4sourcefilter, int fd, struct in_addr interface, struct in_addr group,
       uint32_t *fmode, uint32_t *numsrc, struct in_addr *slist)
{
	return policy_getipv4sourcefilter(fd, interface, group, fmode, numsrc, slist);
}

EXPORT(ssize_t, recv, int fd, void *buf, size_t len, int flags)
{
	return policy_has_receive() ? policy_recvfrom(fd, buf, len, flags, NULL, NULL)
				    : libc_recv(fd, buf, len, flags);
}

EXPORT(ssize_t, recvfrom, int fd, void *buf, size_t len, int flags, struct sockaddr *from,
       socklen_t *fromlen)
{
	return policy_has_receive() ? policy_recvfrom(fd, buf, len, flags, from, fromlen)
				    : libc_recvfrom(fd, buf, len, flags, from, fromlen);
}

EXPORT(ssize_t, recvmsg, int fd, struct msghdr *msg, int flags)
{
	return policy_has_receive() ? policy_recvmsg(fd, msg, flags)
				    : libc_recvmsg(fd, msg, flags);
}

EXPORT(ssize_t, read, int fd, void *buf, size_t len)
{
	return policy_has_receive() ? policy_read(fd, buf, len) : libc_read(fd, buf, len);
}

EXPORT(ssize_t, readv, int fd, const struct iovec *iov, int n)
{
	return policy_has_receive() ? policy_readv(fd, iov, n) : libc_readv(fd, iov, n);
}

EXPORT(int, poll, struct pollfd *fds, nfds_t n, int timeout)
{
	return policy_has_receive() ? policy_poll(fds, n, timeout)
				    : libc_poll(fds, n, timeout);
}

/* The calls with a time in them: void * is whatever the name says that it is. */

EXPORT(int, recvmmsg, int fd, struct mmsghdr *msgs, unsigned int n, int flags,
       void *timeout)
{
	return policy_has_receive()
		       ? policy_recvmmsg(fd, msgs, n, flags, timeout, TIMES_PLAIN)
		       : libc_recvmmsg(fd, msgs, n, flags, timeout);
}

EXPORT(int, ppoll, struct pollfd *fds, nfds_t n, const void *timeout,
       const sigset_t *mask)
{
	return policy_has_receive() ? policy_ppoll(fds, n, timeout, TIMES_PLAIN, mask)
				    : libc_ppoll(fds, n, timeout, mask);
}

EXPORT(int, select, int n, fd_set *reads, fd_set *writes, fd_set *excepts, void *timeout)
{
	return policy_has_receive()
		       ? policy_select(n, reads, writes, excepts, timeout, TIMES_PLAIN)
		       : libc_select(n, reads, writes, excepts, timeout);
}

EXPORT(int, pselect, int n, fd_set *reads, fd_set *writes, fd_set *excepts,
       const void *timeout, const sigset_t *mask)
{
	return policy_has_receive()
		       ? policy_pselect(n, reads, writes, excepts, timeout, TIMES_PLAIN,
					mask)
		       : libc_pselect(n, reads, writes, excepts, timeout, mask);
}

/* Other names that glibc has for programs. */

EXPORT(ssize_t, __read, int fd, void *buf, size_t len)
{
	return policy_has_receive() ? policy_read(fd, buf, len)
				    : libc___read(fd, buf, len);
}

EXPORT(int, __poll, struct pollfd *fds, nfds_t n, int timeout)
{
	return policy_has_receive() ? policy_poll(fds, n, timeout)
				    : libc___poll(fds, n, timeout);
}

EXPORT(int, __select, int n, fd_set *reads, fd_set *writes, fd_set *excepts,
       void *timeout)
{
	return policy_has_receive()
		       ? policy_select(n, reads, writes, excepts, timeout, TIMES_PLAIN)
		       : libc___select(n, reads, writes, excepts, timeout);
}

/* What _FORTIFY_SOURCE makes of calls whose buffers it knows: libc checks its own. */

EXPORT(ssize_t, __recv_chk, int fd, void *buf, size_t len, size_t room, int flags)
{
	return policy_has_receive() ? policy_recvfrom(fd, buf, policy_fit(len, room),
						      flags, NULL, NULL)
				    : libc___recv_chk(fd, buf, len, room, flags);
}

EXPORT(ssize_t, __recvfrom_chk, int fd, void *buf, size_t len, size_t room, int flags,
       struct sockaddr *from, socklen_t *fromlen)
{
	return policy_has_receive()
		       ? policy_recvfrom(fd, buf, policy_fit(len, room), flags, from,
					 fromlen)
		       : libc___recvfrom_chk(fd, buf, len, room, flags, from, fromlen);
}

EXPORT(ssize_t, __read_chk, int fd, void *buf, size_t len, size_t room)
{
	return policy_has_receive() ? policy_read(fd, buf, policy_fit(len, room))
				    : libc___read_chk(fd, buf, len, room);
}

EXPORT(int, __poll_chk, struct pollfd *fds, nfds_t n, int timeout, size_t room)
{
	return policy_has_receive() ? policy_poll(fds, POLICY_FIT_FDS(n, room), timeout)
				    : libc___poll_chk(fds, n, timeout, room);
}

EXPORT(int, __ppoll_chk, struct pollfd *fds, nfds_t n, const void *timeout,
       const sigset_t *mask, size_t room)
{
	return policy_has_receive() ? policy_ppoll(fds, POLICY_FIT_FDS(n, room), timeout,
						   TIMES_PLAIN, mask)
				    : libc___ppoll_chk(fds, n, timeout, mask, room);
}

/* The same with 64-bit time, where that is not the only one. */
#if TIMES_HAS_TWO

EXPORT(int, __setsockopt64, int fd, int level, int optname, const void *optval,
       socklen_t optlen)
{
	return policy_has_option(level, optname)
		       ? policy_setsockopt(fd, level, optname, optval, optlen)
		       : libc___setsockopt64(fd, level, optname, optval, optlen);
}

EXPORT(int, __getsockopt64, int fd, int level, int optname, void *optval,
       socklen_t *optlen)
{
	return policy_has_option(level, optname)
		       ? policy_getsockopt(fd, level, optname, optval, optlen)
		       : libc___getsockopt64(fd, level, optname, optval, optlen);
}

EXPORT(int, __ioctl_time64, int fd, unsigned long request, ...)
{
	void *argument;
	va_list ap;

	va_start(ap, request);
	argument = va_arg(ap, void *);
	va_end(ap);
	return policy_has_ioctl(request) ? policy_ioctl(fd, request, argument)
					 : libc___ioctl_time64(fd, request, argument);
}

EXPORT(ssize_t, __recvmsg64, int fd, struct msghdr *msg, int flags)
{
	return policy_has_receive() ? policy_recvmsg(fd, msg, flags)
				    : libc___recvmsg64(fd, msg, flags);
}

EXPORT(int, __recvmmsg64, int fd, struct mmsghdr *msgs, unsigned int n, int flags,
       void *timeout)
{
	return policy_has_receive()
		       ? policy_recvmmsg(fd, msgs, n, flags, timeout, TIMES_64)
		       : libc___recvmmsg64(fd, msgs, n, flags, timeout);
}

EXPORT(int, __ppoll64, struct pollfd *fds, nfds_t n, const void *timeout,
       const sigset_t *mask)
{
	return policy_has_receive() ? policy_ppoll(fds, n, timeout, TIMES_64, mask)
				    : libc___ppoll64(fds, n, timeout, mask);
}

EXPORT(int, __ppoll64_chk, struct pollfd *fds, nfds_t n, const void *timeout,
       const sigset_t *mask, size_t room)
{
	return policy_has_receive() ? policy_ppoll(fds, POLICY_FIT_FDS(n, room), timeout,
						   TIMES_64, mask)
				    : libc___ppoll64_chk(fds, n, timeout, mask, room);
}

EXPORT(int, __select64, int n, fd_set *reads, fd_set *writes, fd_set *excepts,
       void *timeout)
{
	return policy_has_receive()
		       ? policy_select(n, reads, writes, excepts, timeout, TIMES_64)
		       : libc___select64(n, reads, writes, excepts, timeout);
}

EXPORT(int, __pselect64, int n, fd_set *reads, fd_set *writes, fd_set *excepts,
       const void *timeout, const sigset_t *mask)
{
	return policy_has_receive()
		       ? policy_pselect(n, reads, writes, excepts, timeout, TIMES_64,
					mask)
		       : libc___pselect64(n, reads, writes, excepts, timeout, mask);
}

#endif
