/* SPDX-License-Identifier: BSD-2-Clause */
/* The calls as they come next, each with the name that the linker gives our own. */
#include "libc.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <string.h>

typedef void (*libc_call)(void);

/* Two threads that look for it find the same. */
static libc_call find(_Atomic(libc_call) *place, const char *name)
{
	libc_call call = atomic_load_explicit(place, memory_order_relaxed);
	int error = errno;
	void *found;

	if (call)
		return call;
	found = dlsym(RTLD_NEXT, name);
	if (found) {
		/* the address of a function, says POSIX; C has no cast for that */
		memcpy(&call, &found, sizeof(call));
		atomic_store_explicit(place, call, memory_order_relaxed);
	}
	errno = found ? error : ENOSYS;
	return call;
}

/* parameters and arguments in their parentheses */
#define CALL(type, name, parameters, arguments)                     \
	type libc_##name parameters                                 \
	{                                                           \
		typedef type next_call parameters;                  \
		static _Atomic(libc_call) place;                    \
		next_call *next = (next_call *)find(&place, #name); \
                                                                    \
		return next ? next arguments : -1;                  \
	}                                                           \
	type __wrap_##name parameters __attribute__((alias("libc_" #name)))

/* The third argument, if there is one, is a pointer or as good as one. */
#define CALL_IOCTL(name)                                                   \
	int __wrap_##name(int fd, unsigned long request, ...);             \
	int libc_##name(int fd, unsigned long request, void *argument)     \
	{                                                                  \
		typedef int next_call(int fd, unsigned long request, ...); \
		static _Atomic(libc_call) place;                           \
		next_call *next = (next_call *)find(&place, #name);        \
                                                                           \
		return next ? next(fd, request, argument) : -1;            \
	}                                                                  \
	int __wrap_##name(int fd, unsigned long request, ...)              \
	{                                                                  \
		void *argument;                                            \
		va_list ap;                                                \
                                                                           \
		va_start(ap, request);                                     \
		argument = va_arg(ap, void *);                             \
		va_end(ap);                                                \
		return libc_##name(fd, request, argument);                 \
	}

CALL(int, setsockopt,
     (int fd, int level, int optname, const void *optval, socklen_t optlen),
     (fd, level, optname, optval, optlen));
CALL(int, getsockopt, (int fd, int level, int optname, void *optval, socklen_t *optlen),
     (fd, level, optname, optval, optlen));
CALL_IOCTL(ioctl)

CALL(int, setsourcefilter,
     (int fd, uint32_t interface, const struct sockaddr *group, socklen_t grouplen,
      uint32_t fmode, uint32_t numsrc, const struct sockaddr_storage *slist),
     (fd, interface, group, grouplen, fmode, numsrc, slist));
CALL(int, getsourcefilter,
     (int fd, uint32_t interface, const struct sockaddr *group, socklen_t grouplen,
      uint32_t *fmode, uint32_t *numsrc, struct sockaddr_storage *slist),
     (fd, interface, group, grouplen, fmode, numsrc, slist));
CALL(int, setipv4sourcefilter,
     (int fd, struct in_addr interface, struct in_addr group, uint32_t fmode,
      uint32_t numsrc, const struct in_addr *slist),
     (fd, interface, group, fmode, numsrc, slist));
CALL(int, getipv4sourcefilter,
     (int fd, struct in_addr interface, struct in_addr group, uint32_t *fmode,
      uint32_t *numsrc, struct in_addr *slist),
     (fd, interface, group, fmode, numsrc, slist));

CALL(ssize_t, recv, (int fd, void *buf, size_t len, int flags), (fd, buf, len, flags));
CALL(ssize_t, recvfrom,
     (int fd, void *buf, size_t len, int flags, struct sockaddr *from,
      socklen_t *fromlen),
     (fd, buf, len, flags, from, fromlen));
CALL(ssize_t, recvmsg, (int fd, struct msghdr *msg, int flags), (fd, msg, flags));
CALL(int, recvmmsg,
     (int fd, struct mmsghdr *msgs, unsigned int n, int flags, void *timeout),
     (fd, msgs, n, flags, timeout));
CALL(ssize_t, read, (int fd, void *buf, size_t len), (fd, buf, len));
CALL(ssize_t, readv, (int fd, const struct iovec *iov, int n), (fd, iov, n));

CALL(int, poll, (struct pollfd * fds, nfds_t n, int timeout), (fds, n, timeout));
CALL(int, ppoll,
     (struct pollfd * fds, nfds_t n, const void *timeout, const sigset_t *mask),
     (fds, n, timeout, mask));
CALL(int, select, (int n, fd_set *reads, fd_set *writes, fd_set *excepts, void *timeout),
     (n, reads, writes, excepts, timeout));
CALL(int, pselect,
     (int n, fd_set *reads, fd_set *writes, fd_set *excepts, const void *timeout,
      const sigset_t *mask),
     (n, reads, writes, excepts, timeout, mask));

CALL(ssize_t, __read, (int fd, void *buf, size_t len), (fd, buf, len));
CALL(int, __poll, (struct pollfd * fds, nfds_t n, int timeout), (fds, n, timeout));
CALL(int, __select,
     (int n, fd_set *reads, fd_set *writes, fd_set *excepts, void *timeout),
     (n, reads, writes, excepts, timeout));

CALL(ssize_t, __recv_chk, (int fd, void *buf, size_t len, size_t room, int flags),
     (fd, buf, len, room, flags));
CALL(ssize_t, __recvfrom_chk,
     (int fd, void *buf, size_t len, size_t room, int flags, struct sockaddr *from,
      socklen_t *fromlen),
     (fd, buf, len, room, flags, from, fromlen));
CALL(ssize_t, __read_chk, (int fd, void *buf, size_t len, size_t room),
     (fd, buf, len, room));
CALL(int, __poll_chk, (struct pollfd * fds, nfds_t n, int timeout, size_t room),
     (fds, n, timeout, room));
CALL(int, __ppoll_chk,
     (struct pollfd * fds, nfds_t n, const void *timeout, const sigset_t *mask,
      size_t room),
     (fds, n, timeout, mask, room));

#if TIMES_HAS_TWO
CALL(int, __setsockopt64,
     (int fd, int level, int optname, const void *optval, socklen_t optlen),
     (fd, level, optname, optval, optlen));
CALL(int, __getsockopt64,
     (int fd, int level, int optname, void *optval, socklen_t *optlen),
     (fd, level, optname, optval, optlen));
CALL_IOCTL(__ioctl_time64)
CALL(ssize_t, __recvmsg64, (int fd, struct msghdr *msg, int flags), (fd, msg, flags));
CALL(int, __recvmmsg64,
     (int fd, struct mmsghdr *msgs, unsigned int n, int flags, void *timeout),
     (fd, msgs, n, flags, timeout));
CALL(int, __ppoll64,
     (struct pollfd * fds, nfds_t n, const void *timeout, const sigset_t *mask),
     (fds, n, timeout, mask));
CALL(int, __ppoll64_chk,
     (struct pollfd * fds, nfds_t n, const void *timeout, const sigset_t *mask,
      size_t room),
     (fds, n, timeout, mask, room));
CALL(int, __select64,
     (int n, fd_set *reads, fd_set *writes, fd_set *excepts, void *timeout),
     (n, reads, writes, excepts, timeout));
CALL(int, __pselect64,
     (int n, fd_set *reads, fd_set *writes, fd_set *excepts, const void *timeout,
      const sigset_t *mask),
     (n, reads, writes, excepts, timeout, mask));
#endif
