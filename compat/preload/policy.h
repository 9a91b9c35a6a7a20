/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which calls are ours, and what becomes of them. A call that is not ours costs a few
 * comparisons, or one atomic load, and goes to libc as it is: nothing is set up before
 * the program asks for a source filter.
 *
 * In the shapes of POSIX: -1 and errno. A call that succeeds leaves errno alone.
 */
#ifndef PRELOAD_POLICY_H
#define PRELOAD_POLICY_H

#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/select.h>

#include <msf.h>

#include "times.h"

/* The options and ioctls of RFC 3678, and those that the backend shares. */
bool policy_has_option(int level, int optname);
bool policy_has_ioctl(unsigned long request);

int policy_setsockopt(int fd, int level, int optname, const void *optval,
		      socklen_t optlen);
int policy_getsockopt(int fd, int level, int optname, void *optval, socklen_t *optlen);
int policy_ioctl(int fd, unsigned long request, void *argument);

/* RFC 3678 4.2, 5.2 */
int policy_setsourcefilter(int fd, uint32_t interface, const struct sockaddr *group,
			   socklen_t grouplen, uint32_t fmode, uint32_t numsrc,
			   const struct sockaddr_storage *slist);
int policy_getsourcefilter(int fd, uint32_t interface, const struct sockaddr *group,
			   socklen_t grouplen, uint32_t *fmode, uint32_t *numsrc,
			   struct sockaddr_storage *slist);
int policy_setipv4sourcefilter(int fd, struct in_addr interface, struct in_addr group,
			       uint32_t fmode, uint32_t numsrc,
			       const struct in_addr *slist);
int policy_getipv4sourcefilter(int fd, struct in_addr interface, struct in_addr group,
			       uint32_t *fmode, uint32_t *numsrc, struct in_addr *slist);

/* Does any socket of the process need its receive calls filtered? One atomic load. */
bool policy_has_receive(void);

ssize_t policy_recvfrom(int fd, void *buf, size_t len, int flags, struct sockaddr *from,
			socklen_t *fromlen);
ssize_t policy_recvmsg(int fd, struct msghdr *msg, int flags);
ssize_t policy_read(int fd, void *buf, size_t len);
ssize_t policy_readv(int fd, const struct iovec *iov, int n);
int policy_poll(struct pollfd *fds, nfds_t n, int timeout);

/* timeout: a struct timespec or, of select(), a struct timeval of that size. As Linux
 * does it, recvmmsg() and select() leave there what was left of it. */
int policy_recvmmsg(int fd, struct mmsghdr *msgs, unsigned int n, int flags,
		    void *timeout, enum times_size size);
int policy_ppoll(struct pollfd *fds, nfds_t n, const void *timeout, enum times_size size,
		 const sigset_t *mask);
int policy_select(int n, fd_set *reads, fd_set *writes, fd_set *excepts, void *timeout,
		  enum times_size size);
int policy_pselect(int n, fd_set *reads, fd_set *writes, fd_set *excepts,
		   const void *timeout, enum times_size size, const sigset_t *mask);

/* _FORTIFY_SOURCE: len, or the end of the process where the buffer has less room. */
size_t policy_fit(size_t len, size_t room);
#define POLICY_FIT_FDS(n, room) policy_fit(n, (room) / sizeof(struct pollfd))

#endif
