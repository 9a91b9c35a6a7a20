/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The calls that the shim stands in front of, as whoever comes next has them: libc, or
 * another preloaded library. libc_NAME() is called from here; the library inside says
 * NAME(), which the linker makes __wrap_NAME() (--wrap), the same, and never our export.
 *
 * Each is looked for when it is first called, by any thread, and remembered; nothing
 * else is mutable here. errno stays as it is. -1 and ENOSYS: nobody has it.
 *
 * Where time_t has two sizes (32-bit systems) calls with 64-bit time have names of their
 * own, so times are pointers to what the name says.
 */
#ifndef PRELOAD_LIBC_H
#define PRELOAD_LIBC_H

#include <poll.h>
#include <signal.h>
#include <netinet/in.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <sys/uio.h>

#include "times.h"

int libc_setsockopt(int fd, int level, int optname, const void *optval, socklen_t optlen);
int libc_getsockopt(int fd, int level, int optname, void *optval, socklen_t *optlen);
int libc_ioctl(int fd, unsigned long request, void *argument);

/* RFC 3678 4.2, 5.2 */
int libc_setsourcefilter(int fd, uint32_t interface, const struct sockaddr *group,
			 socklen_t grouplen, uint32_t fmode, uint32_t numsrc,
			 const struct sockaddr_storage *slist);
int libc_getsourcefilter(int fd, uint32_t interface, const struct sockaddr *group,
			 socklen_t grouplen, uint32_t *fmode, uint32_t *numsrc,
			 struct sockaddr_storage *slist);
int libc_setipv4sourcefilter(int fd, struct in_addr interface, struct in_addr group,
			     uint32_t fmode, uint32_t numsrc,
			     const struct in_addr *slist);
int libc_getipv4sourcefilter(int fd, struct in_addr interface, struct in_addr group,
			     uint32_t *fmode, uint32_t *numsrc, struct in_addr *slist);

ssize_t libc_recv(int fd, void *buf, size_t len, int flags);
ssize_t libc_recvfrom(int fd, void *buf, size_t len, int flags, struct sockaddr *from,
		      socklen_t *fromlen);
ssize_t libc_recvmsg(int fd, struct msghdr *msg, int flags);
int libc_recvmmsg(int fd, struct mmsghdr *msgs, unsigned int n, int flags, void *timeout);
ssize_t libc_read(int fd, void *buf, size_t len);
ssize_t libc_readv(int fd, const struct iovec *iov, int n);

int libc_poll(struct pollfd *fds, nfds_t n, int timeout);
int libc_ppoll(struct pollfd *fds, nfds_t n, const void *timeout, const sigset_t *mask);
int libc_select(int n, fd_set *reads, fd_set *writes, fd_set *excepts, void *timeout);
int libc_pselect(int n, fd_set *reads, fd_set *writes, fd_set *excepts,
		 const void *timeout, const sigset_t *mask);

/* Other names of the same, which glibc has for programs, too. */
ssize_t libc___read(int fd, void *buf, size_t len);
int libc___poll(struct pollfd *fds, nfds_t n, int timeout);
int libc___select(int n, fd_set *reads, fd_set *writes, fd_set *excepts, void *timeout);

/* What _FORTIFY_SOURCE makes of them; room: the bytes that the buffer has. */
ssize_t libc___recv_chk(int fd, void *buf, size_t len, size_t room, int flags);
ssize_t libc___recvfrom_chk(int fd, void *buf, size_t len, size_t room, int flags,
			    struct sockaddr *from, socklen_t *fromlen);
ssize_t libc___read_chk(int fd, void *buf, size_t len, size_t room);
int libc___poll_chk(struct pollfd *fds, nfds_t n, int timeout, size_t room);
int libc___ppoll_chk(struct pollfd *fds, nfds_t n, const void *timeout,
		     const sigset_t *mask, size_t room);

#if TIMES_HAS_TWO
int libc___setsockopt64(int fd, int level, int optname, const void *optval,
			socklen_t optlen);
int libc___getsockopt64(int fd, int level, int optname, void *optval, socklen_t *optlen);
int libc___ioctl_time64(int fd, unsigned long request, void *argument);
ssize_t libc___recvmsg64(int fd, struct msghdr *msg, int flags);
int libc___recvmmsg64(int fd, struct mmsghdr *msgs, unsigned int n, int flags,
		      void *timeout);
int libc___ppoll64(struct pollfd *fds, nfds_t n, const void *timeout,
		   const sigset_t *mask);
int libc___ppoll64_chk(struct pollfd *fds, nfds_t n, const void *timeout,
		       const sigset_t *mask, size_t room);
int libc___select64(int n, fd_set *reads, fd_set *writes, fd_set *excepts, void *timeout);
int libc___pselect64(int n, fd_set *reads, fd_set *writes, fd_set *excepts,
		     const void *timeout, const sigset_t *mask);
#endif

#endif
