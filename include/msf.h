/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * libmsf: the multicast source-filter API (RFC 3678) with one error table.
 *
 * A receiver's source filter says from whom a group is wanted.  It belongs to
 * one socket, one interface and one group, and it is one of two things:
 *
 *	INCLUDE {a, b}	only packets sent by a or b are delivered
 *	EXCLUDE {x}	packets of every sender but x are delivered
 *
 * No membership is the same as INCLUDE {}; a plain join is EXCLUDE {}.
 * Delta calls change a filter by one source, full-state calls replace it.
 *
 *	#include <msf.h>
 *
 *	struct msf *msf;
 *	int r = msf_new(&msf, NULL);
 *	if (r < 0)
 *		return r;
 *	r = msf_join_source(msf, fd, if_nametoindex("eth0"),
 *			    (struct sockaddr *)&group, (struct sockaddr *)&source);
 *	if (r < 0)
 *		fprintf(stderr, "%s\n", strerror(-r));
 *	msf_free(msf);
 *
 * Conventions
 *   - msf_*() calls return 0 or a count on success, and a negative errno value
 *     on failure.  The calls shaped as RFC 3678 and POSIX print them (the last
 *     part of this file) return -1 and set errno.
 *   - A refused request changes nothing: neither the filter nor what is
 *     delivered nor what is sent on the wire.
 *   - Results are written last; after a failure they are as they were.
 *   - Every call may be made from any thread.  Requests for one group are
 *     carried out one after the other, others in parallel.
 *   - A struct msf pointer may be NULL where a call takes one: then the
 *     default context serves, made on first use.
 *   - Addresses are struct sockaddr_in or sockaddr_in6, told apart by their
 *     family; port, flow label and scope are ignored.  Interfaces are indexes
 *     in the network namespace of the caller, which is to be the socket's; 0
 *     is the interface that the route to the group uses, looked up at each call.
 *   - Counts are numbers of addresses, never of bytes.
 *   - "Since" is the release that something came with.  What a program is compiled
 *     against goes on to work with every later libmsf.so.0: no struct here ever
 *     changes its size or layout, and no enum value its number.  What is new comes as
 *     a call with a struct of its own, as a flag (unknown flags are -EINVAL) or at the
 *     end of an enum; so a switch over what the library returns needs a default.
 *
 * The errors, for both families and every call (msf(3) has the whole table):
 *
 *	EBADF, ENOTSOCK	fd is not open, not a socket
 *	EOPNOTSUPP	the socket carries no datagrams (TCP, Unix, ...)
 *	EFAULT		a pointer is NULL that must not be
 *	EAFNOSUPPORT	families differ, or the socket cannot receive the family
 *	EINVAL		an argument is wrong, or the request is not legal in the
 *			filter mode in force (block after a source join, ...)
 *	ENODEV		no such interface, or no route to the group for index 0
 *	EADDRINUSE	the group is joined already, or the filter is set already
 *	EADDRNOTAVAIL	not a member, no such source, or the source is there already
 *	ENOBUFS		too many groups on the socket, or sources in the filter
 *	ENOMEM		no memory
 *	EMFILE		no file descriptor left to ask for index 0 or an address, or
 *			what this system can do
 *
 * and with the ASM backend, where the kernel has no source filters:
 *
 *	EPERM		SO_LOCK_FILTER: the socket's filter cannot be changed any more
 *	EBUSY		the program has an eBPF filter on the socket
 *	EOPNOTSUPP	socket filters do nothing here (msf_config_set_receive_calls())
 *
 * msf_explain() turns any of them into a sentence with its cause and cure.
 */
#ifndef MSF_H
#define MSF_H

#include <poll.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <sys/uio.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * The version of this header: semantic versioning (a new patch repairs, a new minor
 * adds): as three numbers, as text, and as one number, which the preprocessor can
 * compare, too.  Since: 0.1.0
 */
#define MSF_VERSION_MAJOR  0
#define MSF_VERSION_MINOR  1
#define MSF_VERSION_PATCH  0
#define MSF_VERSION_STRING "0.1.0"
#define MSF_VERSION_NUMBER(major, minor, patch) \
	((major)*0x10000 + (minor)*0x100 + (patch))
#define MSF_VERSION \
	MSF_VERSION_NUMBER(MSF_VERSION_MAJOR, MSF_VERSION_MINOR, MSF_VERSION_PATCH)

/* #if MSF_VERSION_AT_LEAST(0, 2, 0): may this be compiled?  Since: 0.1.0 */
#define MSF_VERSION_AT_LEAST(major, minor, patch) \
	(MSF_VERSION >= MSF_VERSION_NUMBER(major, minor, patch))

/*
 * MSF_VERSION of the library that runs.  It may be less than that of the header: a
 * program is started with any library that has all the calls it makes.  Since: 0.1.0
 */
uint32_t msf_get_version(void);

/* Filter modes have the values of the system's own headers. Some of these hide
 * them in strict ISO C. Since: 0.1.0 */
#ifndef MCAST_EXCLUDE
#define MCAST_EXCLUDE 0
#endif
#ifndef MCAST_INCLUDE
#define MCAST_INCLUDE 1
#endif

/* A context and its configuration; opaque. Since: 0.1.0 */
struct msf;
struct msf_config;

/*
 * Configuration and context
 *
 * Precedence: what a msf_config_set_*() call said, else the environment
 * (MSF_BACKEND=auto|kernel|asm, MSF_SEMANTICS=table|linux, MSF_MAX_SOURCES=n,
 * MSF_AGENT=path|off; ignored in programs that run with raised privileges), else the
 * default.  An environment variable with another value makes msf_new() fail with -EINVAL.
 * A configuration belongs to one thread at a time; contexts copy what they need.
 */

/* Who carries a filter out. Since: 0.1.0 */
enum msf_backend {
	MSF_BACKEND_AUTO,   /* the default: the kernel where it has source filters */
	MSF_BACKEND_KERNEL, /* the kernel's own source filters */
	MSF_BACKEND_ASM,    /* any-source joins and a filter of our own */
};

/* Which error table holds. Since: 0.1.0 */
enum msf_semantics {
	MSF_SEMANTICS_TABLE, /* the default: RFC 3678 4.1.3, the same everywhere */
	MSF_SEMANTICS_LINUX, /* for programs written against Linux's answers */
};

/* New configuration with the defaults, in *ret. -ENOMEM. Since: 0.1.0 */
int msf_config_new(struct msf_config **ret);

/* Frees; NULL is fine. Returns NULL. Since: 0.1.0 */
struct msf_config *msf_config_free(struct msf_config *config);

/* -EINVAL: not an enum msf_backend. Since: 0.1.0 */
int msf_config_set_backend(struct msf_config *config, enum msf_backend backend);

/* -EINVAL: not an enum msf_semantics. Since: 0.1.0 */
int msf_config_set_semantics(struct msf_config *config, enum msf_semantics semantics);

/*
 * A limit of our own on the sources of one filter; a longer list is refused with
 * -ENOBUFS.  0, the default: the kernel's alone, and 64 on the ASM backend, which can
 * be raised by this to what a socket filter holds (4,096 instructions).
 * Since: 0.1.0
 */
int msf_config_set_max_sources(struct msf_config *config, uint32_t max_sources);

/*
 * receives != 0 is a promise: from sockets handed to this context the program receives
 * with msf_recvmsg() and its kin only.  On systems where socket filters do nothing
 * (the ASM backend needs them, or this promise) these calls filter; without it
 * requests that need a filter are refused there with -EOPNOTSUPP.  Since: 0.1.0
 */
int msf_config_set_receive_calls(struct msf_config *config, int receives);

/*
 * Linux delivers to a socket what any other socket of the host has joined,
 * unless IP_MULTICAST_ALL (IPV6_MULTICAST_ALL) is off.  A request that creates
 * a membership turns it off on that socket, and both on an IPv6 socket that
 * joins an IPv4 group; keep != 0 leaves them alone.  The linux table always
 * does.  Since: 0.1.0
 */
int msf_config_set_keep_multicast_all(struct msf_config *config, int keep);

/*
 * exclusive != 0 is a promise: nobody changes the memberships of the sockets
 * handed to this context but libmsf.  Linux can be left with a membership
 * INCLUDE {} by a refused call that went past the library; without the promise
 * every delta looks for one first, with it leave_group, block_source and
 * unblock_source save that look (a system call).  Since: 0.1.0
 */
int msf_config_set_exclusive(struct msf_config *config, int exclusive);

/*
 * Who tells the routers what the sockets of the ASM backend want: the path of the socket
 * of msfd, or "off" for nobody.  NULL, the default: the msfd of the network namespace of
 * the calling thread, at each request; where none runs, routers see any-source joins.
 * -EINVAL: empty, or longer than the path of a Unix socket (107 bytes).  Since: 0.1.0
 */
int msf_config_set_agent(struct msf_config *config, const char *path);

/*
 * New context in *ret. NULL config: the defaults. -EINVAL: the environment
 * names no backend or table, no number of sources, or too long a path; -ENOMEM.
 * Since: 0.1.0
 */
int msf_new(struct msf **ret, const struct msf_config *config);

/* Frees; NULL is fine. Returns NULL. Sockets keep their filters. Since: 0.1.0 */
struct msf *msf_free(struct msf *msf);

/*
 * The configuration of the default context. -EBUSY once that is in use; else
 * the errors of msf_new(). Since: 0.1.0
 */
int msf_configure_default(const struct msf_config *config);

/*
 * Delta calls (RFC 3678 4.1, 5.1)
 *
 * All return 0 or one of the errors above.
 */

/* Join for every source: none -> EXCLUDE {}. Since: 0.1.0 */
int msf_join_group(struct msf *msf, int fd, uint32_t ifindex,
		   const struct sockaddr *group);

/* Leave, whatever the filter is. Since: 0.1.0 */
int msf_leave_group(struct msf *msf, int fd, uint32_t ifindex,
		    const struct sockaddr *group);

/* Join one source, or one more: INCLUDE {A} -> INCLUDE {A + S}. Since: 0.1.0 */
int msf_join_source(struct msf *msf, int fd, uint32_t ifindex,
		    const struct sockaddr *group, const struct sockaddr *source);

/* Leave one source; with the last one the group is left. Since: 0.1.0 */
int msf_leave_source(struct msf *msf, int fd, uint32_t ifindex,
		     const struct sockaddr *group, const struct sockaddr *source);

/* Block a source of a joined group: EXCLUDE {B} -> EXCLUDE {B + S}. Since: 0.1.0 */
int msf_block_source(struct msf *msf, int fd, uint32_t ifindex,
		     const struct sockaddr *group, const struct sockaddr *source);

/* Unblock it; the group stays joined. Since: 0.1.0 */
int msf_unblock_source(struct msf *msf, int fd, uint32_t ifindex,
		       const struct sockaddr *group, const struct sockaddr *source);

/*
 * Full-state calls (RFC 3678 4.2, 5.2)
 */

/* For msf_set_filter(): to set the filter that is in force is 0, not -EADDRINUSE
 * (and INCLUDE {} without a membership 0, not -EADDRNOTAVAIL). Since: 0.1.0 */
#define MSF_IDEMPOTENT 1u

/*
 * Replaces the filter; no membership is needed before.  fmode is MCAST_INCLUDE
 * or MCAST_EXCLUDE, slist holds numsrc addresses in any order, each once, and
 * may be NULL when numsrc is 0.  INCLUDE {} leaves the group.  flags: 0 or
 * MSF_IDEMPOTENT; unknown ones are -EINVAL.  No state between the old filter
 * and the new one admits what neither of them does, but for what Linux itself
 * lets through while it flips the mode (see msf(3)).  Since: 0.1.0
 */
int msf_set_filter(struct msf *msf, int fd, uint32_t ifindex,
		   const struct sockaddr *group, uint32_t fmode, uint32_t numsrc,
		   const struct sockaddr_storage *slist, unsigned int flags);

/*
 * Reads the filter.  *numsrc in: how many addresses slist has room for; out:
 * how many the filter holds.  The smaller number of them is written, in
 * ascending order.  slist may be NULL when *numsrc is 0.  Since: 0.1.0
 */
int msf_get_filter(struct msf *msf, int fd, uint32_t ifindex,
		   const struct sockaddr *group, uint32_t *fmode, uint32_t *numsrc,
		   struct sockaddr_storage *slist);

/*
 * Requests as values, and what their failures mean
 */

/* What a request asks for. Since: 0.1.0 */
enum msf_verb {
	MSF_JOIN_GROUP,
	MSF_LEAVE_GROUP,
	MSF_JOIN_SOURCE,
	MSF_LEAVE_SOURCE,
	MSF_BLOCK_SOURCE,
	MSF_UNBLOCK_SOURCE,
	MSF_SET_FILTER,
	MSF_GET_FILTER,
};

/* One request; what its verb does not use is ignored. Zero-initialise it: 0 will stay
 * the default of every flag. Since: 0.1.0 */
struct msf_request {
	enum msf_verb verb;
	uint32_t ifindex; /* 0: by the route to the group */
	const struct sockaddr *group;
	const struct sockaddr *source;        /* the four source deltas */
	uint32_t fmode;                       /* MSF_SET_FILTER */
	uint32_t numsrc;                      /* MSF_SET_FILTER */
	const struct sockaddr_storage *slist; /* MSF_SET_FILTER */
	unsigned int flags;                   /* MSF_SET_FILTER */
};

/* Carries the request out, as the call of its name does. MSF_GET_FILTER is
 * -EINVAL: it needs somewhere to write. Since: 0.1.0 */
int msf_apply_request(struct msf *msf, int fd, const struct msf_request *request);

/*
 * Why did this request on this socket end with this error (errno value, either
 * sign), and what cures it?  Looks at socket, interface and limits again, so
 * ask soon.  error 0 asks for warnings about a request that succeeded: an
 * any-source join in the SSM range (RFC 4607), an interface that is down, an
 * IPv6 group joined on two interfaces, ...
 * Writes at most len bytes, NUL included, and returns the length of the whole
 * text, as snprintf(3) does; 0: nothing to say.  -EFAULT: NULL; -ENOMEM.
 * Since: 0.1.0
 */
int msf_explain(struct msf *msf, int fd, const struct msf_request *request, int error,
		char *buf, size_t len);

/*
 * The error table as data
 */

/* One row; the first one that matches decides. The strings are static. Since: 0.1.0 */
struct msf_table_row {
	const char *state;    /* "none", "INCLUDE{A}", "EXCLUDE{B}" */
	const char *request;  /* "join_group", ..., "set_include", "set_exclude", "get" */
	const char *argument; /* "S_in_A", "L_equals_B", "any", "-", ... */
	int error;            /* positive errno value, or 0 */
	const char *next_state; /* "none", "INCLUDE{A+S}", "EXCLUDE{L}", ... */
	const char *authority;  /* who says so */
};

/* Row number i of a table, from 0. -ENOENT behind the last, -EINVAL for no
 * such table. Since: 0.1.0 */
int msf_table_get_row(enum msf_semantics semantics, unsigned int i,
		      struct msf_table_row *ret_row);

/*
 * What this system can do
 */

/* Limits as they hold in this network namespace; UINT32_MAX: none known.
 * Since: 0.1.0 */
struct msf_limits {
	uint32_t groups;      /* memberships of one socket */
	uint32_t sources;     /* sources of one filter */
	uint32_t set_sources; /* sources that one full-state request can carry */
};

/* The backend that this context uses: an enum msf_backend, never AUTO.  It is found out
 * now if no request has done so; -EMFILE and its like when that cannot be.
 * Since: 0.1.0 */
int msf_probe_backend(struct msf *msf);

/* What routers and switches see of the filters. Since: 0.1.0 */
enum msf_wire {
	MSF_WIRE_KERNEL, /* the kernel's own reports, of every filter */
	MSF_WIRE_AGENT,  /* the reports of msfd, of every filter */
	MSF_WIRE_ASM,    /* joins for every source, whatever the filters are */
};

/* An enum msf_wire for this context, looked up now: does the agent answer, where there is
 * need of one?  Takes up to a quarter of a second where it is silent.  The errors of
 * msf_probe_backend(). Since: 0.1.0 */
int msf_probe_wire(struct msf *msf);

/* Limits for AF_INET or AF_INET6. -EAFNOSUPPORT for others; or as above.
 * Since: 0.1.0 */
int msf_probe_limits(struct msf *msf, int family, struct msf_limits *ret_limits);

/* One thing found out about this system, as text to show. Names may be added.
 * Since: 0.1.0 */
struct msf_fact {
	const char *name;   /* "backend", "igmp_max_msf", "mtu eth0", ... */
	const char *value;  /* NULL: cannot be known */
	const char *unit;   /* "groups", "sources", "bytes"; NULL: none */
	const char *source; /* where it was found: a sysctl, a call, ... */
	const char *note;   /* what follows from it; NULL: nothing */
};

/* What was found out; opaque. Since: 0.1.0 */
struct msf_probe;

/* Looks at backend, limits and interfaces of the caller's network namespace,
 * without a trace on them. -ENOMEM, or what the system says of a socket.
 * Since: 0.1.0 */
int msf_probe_new(struct msf_probe **ret, struct msf *msf);

/* Frees; NULL is fine. Returns NULL. Since: 0.1.0 */
struct msf_probe *msf_probe_free(struct msf_probe *probe);

/* 1 and the next fact, whose texts live as long as the probe; or 0 at the end.
 * Since: 0.1.0 */
int msf_probe_pop_fact(struct msf_probe *probe, struct msf_fact *ret);

/*
 * Who holds what: one socket, every socket of the host, every interface
 *
 * A state is what was found when it was made.  It belongs to one thread at a
 * time; what its pops point to lives as long as it.
 */

/* Opaque. Since: 0.1.0 */
struct msf_state;

/* The filter of one socket, interface and group. Since: 0.1.0 */
struct msf_membership {
	uint32_t ifindex;
	char interface[IF_NAMESIZE]; /* empty: the interface is gone */
	struct sockaddr_storage group;
	uint32_t fmode;
	uint32_t numsrc;
	const struct sockaddr_storage *slist; /* ascending; of the state */
};

/*
 * The memberships of one socket, looked up now, in *ret.  One that is held on an
 * interface that is gone is not found; nor, where the kernel has no source filters, one
 * that was joined past libmsf: such a kernel cannot be asked. -EBADF, -ENOTSOCK,
 * -ENOMEM. Since: 0.1.0
 */
int msf_state_new(struct msf_state **ret, struct msf *msf, int fd);

/* Frees; NULL is fine. Returns NULL. Since: 0.1.0 */
struct msf_state *msf_state_free(struct msf_state *state);

/* 1 and the next membership, or 0 at the end (of the socket that was popped last,
 * after msf_state_scan()). Since: 0.1.0 */
int msf_state_pop_membership(struct msf_state *state, struct msf_membership *ret);

/* What msf_state_scan() is to look at. Zero-initialise it: everything. Since: 0.1.0 */
struct msf_scan {
	pid_t pid;          /* this process only; 0: all of them */
	unsigned int flags; /* MSF_SCAN_* */
};

/* Also the sockets that could hold memberships and hold none. Since: 0.1.0 */
#define MSF_SCAN_IDLE 1u
/* Only sockets of the caller's network namespace. Since: 0.1.0 */
#define MSF_SCAN_HERE 2u

/* One descriptor that a process has of a socket. Since: 0.1.0 */
struct msf_holder {
	pid_t pid; /* or the thread that alone has it */
	int fd;
	char command[16]; /* as the process calls itself: any bytes but NUL */
};

/* A socket, and who has it. Since: 0.1.0 */
struct msf_socket {
	uint64_t netns; /* inode number of the network namespace; 0: not known */
	uint64_t inode; /* as in /proc/PID/fd */
	int family;     /* AF_INET, AF_INET6 */
	int type;       /* SOCK_DGRAM, SOCK_RAW */
	int protocol;   /* IPPROTO_* */
	struct sockaddr_storage address; /* that it is bound to; its port for UDP */
	int multicast_all;               /* IP_MULTICAST_ALL: 0, 1; -1: not known */
	int multicast_all6;              /* IPV6_MULTICAST_ALL, the same */
	int64_t drops; /* packets dropped by its receive queue; -1: not known */
	enum msf_backend backend; /* who filters: what a context is to use for it */
	unsigned int n_holders;
	const struct msf_holder *holders; /* of the state */
};

/*
 * Looks at every socket that the caller may look at: its own and those of
 * processes of the same user that are dumpable, or all of them with
 * CAP_SYS_PTRACE; in every network namespace that can be found.  Sockets that
 * come, go or change meanwhile may be seen in either state.
 * -EINVAL: unknown flags; -ESRCH: no such process; -EPERM: its descriptors may not
 * be looked at; -ENOMEM; -EMFILE and its like when the system cannot be asked.
 * Since: 0.1.0
 */
int msf_state_scan(struct msf_state **ret, struct msf *msf, const struct msf_scan *scan);

/* 1 and the next socket, or 0 at the end. Its memberships are popped next.
 * Since: 0.1.0 */
int msf_state_pop_socket(struct msf_state *state, struct msf_socket *ret);

/* What a scan could not look at. Since: 0.1.0 */
struct msf_unseen {
	unsigned int processes;  /* whose descriptors may not be read */
	unsigned int sockets;    /* that may hold memberships, of nobody we may ask */
	unsigned int namespaces; /* whose sockets could not be listed */
};

/* All 0 for a state that is not of a scan. Since: 0.1.0 */
void msf_state_get_unseen(const struct msf_state *state, struct msf_unseen *ret);

/*
 * A descriptor of our own, close-on-exec, for socket fd of process pid: the very
 * same socket.  -ESRCH: no such process; -EPERM: not permitted (same user and
 * dumpable, or CAP_SYS_PTRACE; Yama may ask for more); -EBADF: it has no such
 * descriptor; -ENOTSOCK; -ENOSYS: Linux before 5.6.  Since: 0.1.0
 */
int msf_state_open_socket(struct msf *msf, pid_t pid, int fd);

/* What an interface wants of one source, by the number of sockets. Since: 0.1.0 */
struct msf_group_source {
	struct sockaddr_storage address;
	uint32_t include;
	uint32_t exclude;
};

/* The merged state of a group on an interface (RFC 3376 3.2). Since: 0.1.0 */
struct msf_group {
	uint32_t ifindex;
	char interface[IF_NAMESIZE];
	struct sockaddr_storage group;
	uint32_t users;  /* sockets, and the kernel itself */
	int fmode;       /* MCAST_INCLUDE, MCAST_EXCLUDE; -1: cannot be known */
	int has_sources; /* 0: the sources cannot be known */
	uint32_t numsrc;
	const struct msf_group_source *slist; /* ascending; of the state */
};

/*
 * The groups of every interface of the caller's network namespace.  Linux does
 * not tell all of it there; what it leaves out is found with a scan, as far as the
 * sockets may be looked at.  Filters of the ASM backend count where all users of the
 * group are seen: they say what sockets get, and not what is on the wire.
 * -ENOMEM, -EMFILE and its like.  Since: 0.1.0
 */
int msf_state_scan_groups(struct msf_state **ret, struct msf *msf);

/* 1 and the next group, by interface; or 0 at the end. Since: 0.1.0 */
int msf_state_pop_group(struct msf_state *state, struct msf_group *ret);

/*
 * The version of IGMP (1, 2, 3) in force on an interface, because of the
 * querier heard there or of the administrator; 0: unknown, as always for
 * AF_INET6, where Linux does not tell.  Source filters reach the router with
 * version 3 only.  Since: 0.1.0
 */
int msf_state_get_version(struct msf *msf, uint32_t ifindex, int family);

/* The version of IGMP (1, 2) or MLD (1) that the administrator forces on an
 * interface; 0: none. -ENODEV, -EAFNOSUPPORT. Since: 0.1.0 */
int msf_state_get_forced_version(struct msf *msf, uint32_t ifindex, int family);

/*
 * Interfaces
 */

/* An interface as it was when it was found. Since: 0.1.0 */
struct msf_interface {
	uint32_t ifindex;
	char name[IF_NAMESIZE];
	unsigned int flags; /* IFF_* of <net/if.h> */
	uint32_t mtu;       /* bytes */
};

/* Finds an interface by its name, its index in digits, or an address of its
 * own. -ENODEV: none such; -ENOMEM; -EMFILE and its like when the system cannot
 * be asked. Since: 0.1.0 */
int msf_find_interface(struct msf *msf, const char *text, struct msf_interface *ret);

/*
 * A monitor of links and addresses, so that a program can join when an
 * interface appears, and join again when it was replaced: Linux keeps the
 * membership of an interface that is gone, and gives it to the next one with
 * the same index without joining it there.  Leave and join then.
 * A monitor belongs to one thread at a time.  Since: 0.1.0
 */
struct msf_monitor;

/* More may come; a program ignores those that it does not know. Since: 0.1.0 */
enum msf_event_type {
	MSF_EVENT_LINK, /* an interface is new, or changed */
	MSF_EVENT_LINK_GONE,
	MSF_EVENT_ADDRESS, /* an address is new, or changed */
	MSF_EVENT_ADDRESS_GONE,
	MSF_EVENT_OVERRUN,    /* events were lost: look at everything again */
	MSF_EVENT_GROUP,      /* the first socket of an interface joined a group */
	MSF_EVENT_GROUP_GONE, /* the last one left it */
};

/* What happened. Since: 0.1.0 */
struct msf_event {
	enum msf_event_type type;
	uint32_t ifindex;
	char name[IF_NAMESIZE];          /* of link events; else empty */
	unsigned int flags;              /* of link events: IFF_* */
	struct sockaddr_storage address; /* of address and group events */
};

/* Starts to watch the namespace of the calling thread. -ENOMEM, or what the
 * netlink socket says. Since: 0.1.0 */
int msf_monitor_new(struct msf_monitor **ret, struct msf *msf);

/* Group events, too, from now on. -EOPNOTSUPP: this kernel tells of none (Linux
 * before 6.15). Since: 0.1.0 */
int msf_monitor_watch_groups(struct msf_monitor *monitor);

/* Frees; NULL is fine. Returns NULL. Since: 0.1.0 */
struct msf_monitor *msf_monitor_free(struct msf_monitor *monitor);

/* Readable when msf_monitor_dispatch() has work. Since: 0.1.0 */
int msf_monitor_get_fd(struct msf_monitor *monitor);

/* Reads what is there, without blocking. -ENOMEM. Since: 0.1.0 */
int msf_monitor_dispatch(struct msf_monitor *monitor);

/* 1 and the oldest event, or 0 when there is none. Since: 0.1.0 */
int msf_monitor_pop_event(struct msf_monitor *monitor, struct msf_event *ret_event);

/*
 * msfd, the agent of a network namespace
 *
 * Where the kernel only has any-source joins, msfd tells the routers and switches what
 * the sockets of a host want, source filters and all; libmsf's ASM backend tells it by
 * itself.  These calls ask it what it knows, and let an operator set it.
 * An agent object is a connection, and belongs to one thread at a time.  No call waits
 * for more than 5 seconds for a message.
 *
 * All of them may end with
 *
 *	ECONNRESET	msfd has gone, or has ended the connection
 *	ETIMEDOUT	it does not answer
 *	EBADMSG		what it says makes no sense
 *	EAGAIN		too many messages: a limit of the user, or of msfd as a whole
 *
 * Since: 0.1.0
 */
struct msf_agent;

/* What there is to ask.  An answer is rows, each a JSON object (RFC 8259), whose members
 * keep their names; more may come. Since: 0.1.0 */
enum msf_agent_subject {
	MSF_AGENT_STATUS,      /* msfd; then every interface, once a family */
	MSF_AGENT_MEMBERSHIPS, /* the filter of every socket, and the static joins */
	MSF_AGENT_GROUPS,      /* the merged filter of every interface and group */
	MSF_AGENT_STATS,       /* the counters */
	MSF_AGENT_TUNABLES,    /* with default, range and help */
	MSF_AGENT_LIMITS,      /* and what the calling user has of them */
};

/*
 * Connects to the agent of the context (msf_config_set_agent(), MSF_AGENT; the default
 * is that of the network namespace of the calling thread), and waits until it has
 * answered.  -ECONNREFUSED: none runs there, or the context is to have none ("off");
 * -EACCES: its socket may not be used; -EPROTO: it speaks another version of the
 * protocol; -EUSERS: it has as many connections as it takes; -ENAMETOOLONG: the path is
 * longer than that of a Unix socket (107 bytes); -ENOENT: there is no /proc to tell the
 * namespace; -ENOMEM, -EMFILE and their like.  Since: 0.1.0
 */
int msf_agent_new(struct msf_agent **ret, struct msf *msf);

/* Disconnects and frees; NULL is fine. Returns NULL. Since: 0.1.0 */
struct msf_agent *msf_agent_free(struct msf_agent *agent);

/* Asks; the rows are popped next.  What is left of an earlier answer is dropped.
 * -EINVAL: not an enum msf_agent_subject. Since: 0.1.0 */
int msf_agent_ask(struct msf_agent *agent, enum msf_agent_subject subject);

/*
 * 1 and the next row, which lives until the next call: UTF-8 text of *ret_len bytes,
 * and a NUL behind them.  0 at the end of the answer.  Since: 0.1.0
 */
int msf_agent_pop_row(struct msf_agent *agent, const char **ret_text, size_t *ret_len);

/* Sets a tunable, until msfd ends or reads its configuration again.  -ENOENT: none has
 * this name; -ERANGE; -EPERM: for root and msfd's own user only. Since: 0.1.0 */
int msf_agent_set_tunable(struct msf_agent *agent, const char *name, uint64_t value);

/*
 * A static join: the host wants the group, without a program that does; until msfd
 * ends.  It replaces the static join of that interface and group, if there is one, and
 * INCLUDE without a source ends it.  interface is the name of one of msfd's network
 * namespace, which need not be there yet; slist may be NULL when numsrc is 0.
 * -EPERM: for root and msfd's own user only; -ENOENT: there is none to end;
 * -ENODEV: not a name of an interface; -EINVAL: not a group, a filter mode, or a list of
 * senders, each once; -EAFNOSUPPORT: families differ; -ENOBUFS: more sources or groups
 * than msfd takes; -EFAULT, -ENOMEM.  RFC 3376 2.  Since: 0.1.0
 */
int msf_agent_set_static(struct msf_agent *agent, const char *interface,
			 const struct sockaddr *group, uint32_t fmode, uint32_t numsrc,
			 const struct sockaddr_storage *slist);

/* Why msfd refused the last request: a static sentence without a full stop.  NULL: it
 * did not, or never heard of it. Since: 0.1.0 */
const char *msf_agent_get_reason(const struct msf_agent *agent);

/*
 * Drop-in calls, in the shapes of RFC 3678 and POSIX
 *
 * They use the default context, return -1 and set errno. Define
 * MSF_RFC3678_NAMES before the header to use them by their plain names.
 */

/* RFC 3678 5.2.1. Since: 0.1.0 */
int msf_setsourcefilter(int fd, uint32_t interface, struct sockaddr *group,
			socklen_t grouplen, uint32_t fmode, uint32_t numsrc,
			struct sockaddr_storage *slist);

/* RFC 3678 5.2.2. Since: 0.1.0 */
int msf_getsourcefilter(int fd, uint32_t interface, struct sockaddr *group,
			socklen_t grouplen, uint32_t *fmode, uint32_t *numsrc,
			struct sockaddr_storage *slist);

/* RFC 3678 4.2.1; interface is a local address. Since: 0.1.0 */
int msf_setipv4sourcefilter(int fd, struct in_addr interface, struct in_addr group,
			    uint32_t fmode, uint32_t numsrc, struct in_addr *slist);

/* RFC 3678 4.2.2. Since: 0.1.0 */
int msf_getipv4sourcefilter(int fd, struct in_addr interface, struct in_addr group,
			    uint32_t *fmode, uint32_t *numsrc, struct in_addr *slist);

/*
 * setsockopt(2) with the table for IP_ADD_MEMBERSHIP, IP_DROP_MEMBERSHIP,
 * IP_ADD_SOURCE_MEMBERSHIP, IP_DROP_SOURCE_MEMBERSHIP, IP_BLOCK_SOURCE,
 * IP_UNBLOCK_SOURCE, IP_MSFILTER, IPV6_JOIN_GROUP, IPV6_LEAVE_GROUP and the
 * MCAST_* options of RFC 3678; every other option goes to the system as it is.
 * Since: 0.1.0
 */
int msf_setsockopt(int fd, int level, int optname, const void *optval, socklen_t optlen);

/* getsockopt(2) with IP_MSFILTER and MCAST_MSFILTER that never write behind
 * *optlen; the delta options are EOPNOTSUPP (RFC 3678 4.1.3). Since: 0.1.0 */
int msf_getsockopt(int fd, int level, int optname, void *optval, socklen_t *optlen);

/* The requests of RFC 3678 appendix A, for systems that do not define them.
 * Since: 0.1.0 */
#ifndef SIOCSIPMSFILTER
#define SIOCSIPMSFILTER _IO('s', 140) /* struct ip_msfilter * */
#define SIOCGIPMSFILTER _IO('s', 141)
#endif
#ifndef SIOCSMSFILTER
#define SIOCSMSFILTER _IO('s', 142) /* struct group_filter * */
#define SIOCGMSFILTER _IO('s', 143)
#endif

/* ioctl(2) with the four requests above; every other one goes to the system as
 * it is. Since: 0.1.0 */
int msf_ioctl(int fd, unsigned long request, ...);

/*
 * recv(2), recvfrom(2), recvmsg(2), recvmmsg(2), read(2), readv(2) and poll(2), which
 * deliver only what the filters admit where neither the kernel nor a socket filter can
 * see to that (msf_config_set_receive_calls()); everywhere else they are the system's.
 * A packet that is not admitted ends no wait and starts no timeout anew.
 * Since: 0.1.0
 */
ssize_t msf_recv(int fd, void *buf, size_t len, int flags);
ssize_t msf_recvfrom(int fd, void *buf, size_t len, int flags, struct sockaddr *from,
		     socklen_t *fromlen);
ssize_t msf_recvmsg(int fd, struct msghdr *msg, int flags);
struct mmsghdr;  /* of <sys/socket.h> with _GNU_SOURCE */
struct timespec; /* of <time.h>, which strict ISO C hides */
int msf_recvmmsg(int fd, struct mmsghdr *msgs, unsigned int n, int flags,
		 struct timespec *timeout);
ssize_t msf_read(int fd, void *buf, size_t len);
ssize_t msf_readv(int fd, const struct iovec *iov, int n);
int msf_poll(struct pollfd *fds, nfds_t n, int timeout);

/* RFC 3678 5.2 and 4.2 by their own names. Since: 0.1.0 */
#ifdef MSF_RFC3678_NAMES
#define setsourcefilter     msf_setsourcefilter
#define getsourcefilter     msf_getsourcefilter
#define setipv4sourcefilter msf_setipv4sourcefilter
#define getipv4sourcefilter msf_getipv4sourcefilter
#endif

#ifdef __cplusplus
}
#endif

#endif
