/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The ASM backend's only door: source filters on a stack that offers nothing but
 * any-source joins (IP_ADD_MEMBERSHIP, IPV6_JOIN_GROUP; RFC 3678 2 asks that such a
 * stack can be told).
 *
 * A socket joins plainly, and a classic BPF program on it admits what its filters
 * admit. The state lives with the socket, in that program: it is read back from it,
 * so it survives dup(), fork(), exec() and passing, and processes that share a socket
 * agree. Where socket filters can be attached but not read back (BLIND) the state is
 * in a table of the process; where they do nothing (NONE) the receive calls below
 * filter as well.
 *
 * The invariant: no packet reaches the caller that neither the filter before a
 * request nor the one after it admits. A refused request changes nothing.
 *
 * Everything here may be called from any thread, and after fork(). The receive calls
 * may be called from handlers of signals; a request there meets no lock of its thread,
 * but needs malloc().
 */
#ifndef ASM_ASM_H
#define ASM_ASM_H

#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include "base/table.h"

struct sock_fprog;

/* What socket filters are good for on this system. */
enum asm_filters {
	ASM_FILTERS_NONE,  /* absent, or they answer 0 and do nothing */
	ASM_FILTERS_BLIND, /* they work, and cannot be read back */
	ASM_FILTERS_FULL,
};

/* Sources of one filter, unless raised: somaxsrc of the IGMPv3 host implementation
 * for NetBSD; RFC 3376 3.1 forbids less. */
#define ASM_SOURCES_DEFAULT 64u

struct asm_config {
	enum table table;
	enum asm_filters filters;
	uint32_t max_sources;     /* 0: ASM_SOURCES_DEFAULT */
	bool is_receive_filtered; /* receive calls are those below: a promise */
	bool is_all_kept;         /* IP_MULTICAST_ALL stays when a membership begins */
	const char *agent;        /* borrowed: the path of msfd's socket; NULL: that of
				   * the network namespace; "off": nobody is told */
};

/* Looks, on sockets of its own and without a trace: 0, or -errno of socket(). */
int asm_detect_filters(enum asm_filters *ret);

/*
 * Has the stack behind the socket source filters of its own? By requests that a
 * kernel with the API must refuse, each in its way. 1, 0, or -errno where that cannot
 * be told (-EBADF, -ENOTSOCK, ...).
 */
int asm_has_source_filters(int fd, int family);

/* A request whose arguments are sound. */
struct asm_request {
	enum request_verb verb;
	int family;       /* of the group */
	uint32_t ifindex; /* never 0 */
	struct addr group;
	struct addr source;
	struct source_set list;
	bool is_idempotent;
	bool is_dual; /* an IPv6 socket, an IPv4 group */
};

/*
 * Carries out any request but GET_FILTER: the table's error, or
 *   -ENOBUFS     over the limit of sources, of groups, of instructions (4,096) or of
 *                option memory (net.core.optmem_max)
 *   -ENODEV      no such interface
 *   -EPERM       SO_LOCK_FILTER holds the program of the socket as it is
 *   -EBUSY       the application has an eBPF program on the socket, or there is
 *                something on it that may be one and cannot be read back
 *   -EOPNOTSUPP  no socket filters here, and the receive calls do not filter
 *   -ENOMEM, and what the join itself answers.
 *
 * msfd, where there is one, is told of each change once it is made (agent/agent.h).
 * What asks for more than before it may refuse, and the change is undone:
 *   -ENOBUFS     over a limit of msfd
 *   -EUSERS      it has as many connections as it takes
 *   -EXDEV       it speaks for another network namespace than that of the socket
 *   -ENOMEM, and what else it answers.
 * A packet of what was refused may have been received between the two.
 */
int asm_apply(const struct asm_config *config, int fd, const struct asm_request *rq);

/*
 * The filter of one membership; mode FILTER_NONE where there is none. The sources
 * are owned by the caller: free(ret->sources.addr). 0 or -errno.
 */
int asm_get(const struct asm_config *config, int fd, uint32_t ifindex, struct addr group,
	    struct filter *ret);

/* All memberships of a socket, of whatever process: ordered by group and interface. */
struct asm_membership {
	uint32_t ifindex;
	struct addr group;
	struct filter filter; /* never FILTER_NONE */
};

struct asm_list {
	struct asm_membership *memberships; /* owned */
	uint32_t n;
};

/* 1 and the list, to be released by asm_list_fini(); 0: the socket carries no program
 * of ours, nor is it in our table; or -errno. */
int asm_list_init(struct asm_list *ret, int fd, enum asm_filters filters);
void asm_list_fini(struct asm_list *list);

/* Is it one of ours, with memberships or closed ones? */
bool asm_is_program(const struct sock_fprog *fprog);

/*
 * setsockopt() and getsockopt() of what the backend shares with the application:
 * SO_ATTACH_FILTER, SO_DETACH_FILTER, SO_GET_FILTER, SO_ATTACH_BPF, IP_MULTICAST_ALL,
 * IPV6_MULTICAST_ALL, IP_PKTINFO, IPV6_RECVPKTINFO. The application's own classic
 * filter goes behind ours and is what it reads back; an eBPF program on a socket with
 * memberships is -EBUSY. 0 or -errno: the kernel's, or those of asm_apply().
 */
bool asm_is_shared_option(int level, int optname);
int asm_set_option(const struct asm_config *config, int fd, int level, int optname,
		   const void *optval, socklen_t optlen);
int asm_get_option(const struct asm_config *config, int fd, int level, int optname,
		   void *optval, socklen_t *optlen);

/*
 * The receive calls, which filter where socket filters do not: in the shapes of POSIX
 * and Linux, -1 and errno. While the table is empty they cost an atomic load.
 * They wait as those of an unfiltered socket would: a packet that is not admitted ends
 * no wait and starts no timeout anew. The caller's buffers may hold data of one behind
 * what a call reports, name and control data never; a call that would wait for ever
 * with a bad pointer for its data is -EFAULT when any packet comes. Threads and
 * processes may share a socket: an admitted packet is delivered once.
 */
ssize_t asm_recv(int fd, void *buf, size_t len, int flags);
ssize_t asm_recvfrom(int fd, void *buf, size_t len, int flags, struct sockaddr *from,
		     socklen_t *fromlen);
ssize_t asm_recvmsg(int fd, struct msghdr *msg, int flags);
int asm_recvmmsg(int fd, struct mmsghdr *msgs, unsigned int n, int flags,
		 struct timespec *timeout);
ssize_t asm_read(int fd, void *buf, size_t len);
ssize_t asm_readv(int fd, const struct iovec *iov, int n);

/* A descriptor is readable when an admitted packet is there. mask: as ppoll(). */
int asm_ppoll(struct pollfd *fds, nfds_t n, const struct timespec *timeout,
	      const sigset_t *mask);

/* Does the table of the process hold any socket? false: the calls above are libc's. */
bool asm_is_receive_filtered(void);

/* Has the process taken a packet off the queue for which a receive call is still to come?
 * poll() does not see it. */
bool asm_has_stashed(int fd);

/* Discards unadmitted packets at the head of the queue. Is anything left to read? */
bool asm_settle(int fd);

#endif
