/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The requests of a program, through the default context of the library inside.
 *
 * fcntl(), dup() and their kin are not stood in front of: the state lives with the
 * socket (in the program on it, or in a table by its inode), so duplicates share it
 * without being told, and a number that is used again is another socket.
 */
#include "policy.h"

#include <dlfcn.h>
#include <errno.h>
#include <limits.h>
#include <linux/filter.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "above.h"
#include "asm/asm.h"
#include "libc.h"

static bool is_ipv4_option(int optname)
{
	switch (optname) {
	case IP_ADD_MEMBERSHIP:
	case IP_DROP_MEMBERSHIP:
	case IP_ADD_SOURCE_MEMBERSHIP:
	case IP_DROP_SOURCE_MEMBERSHIP:
	case IP_BLOCK_SOURCE:
	case IP_UNBLOCK_SOURCE:
	case IP_MSFILTER:
		return true;
	}
	return false;
}

static bool is_option_of_both(int optname)
{
	switch (optname) {
	case MCAST_JOIN_GROUP:
	case MCAST_LEAVE_GROUP:
	case MCAST_JOIN_SOURCE_GROUP:
	case MCAST_LEAVE_SOURCE_GROUP:
	case MCAST_BLOCK_SOURCE:
	case MCAST_UNBLOCK_SOURCE:
	case MCAST_MSFILTER:
		return true;
	}
	return false;
}

static bool is_request(int level, int optname)
{
	if (level == IPPROTO_IP)
		return is_ipv4_option(optname) || is_option_of_both(optname);
	if (level == IPPROTO_IPV6)
		return optname == IPV6_JOIN_GROUP || optname == IPV6_LEAVE_GROUP ||
		       is_option_of_both(optname);
	return false;
}

/* Many programs ask for it that have no group; the receive calls alone share it. */
static bool is_packet_info(int level, int optname)
{
	return (level == IPPROTO_IP && optname == IP_PKTINFO) ||
	       (level == IPPROTO_IPV6 && optname == IPV6_RECVPKTINFO);
}

bool policy_has_option(int level, int optname)
{
	if (is_request(level, optname))
		return true;
	if (is_packet_info(level, optname))
		return asm_is_receive_filtered();
	return asm_is_shared_option(level, optname);
}

bool policy_has_ioctl(unsigned long request)
{
	return request == SIOCSIPMSFILTER || request == SIOCGIPMSFILTER ||
	       request == SIOCSMSFILTER || request == SIOCGMSFILTER;
}

/*
 * Has the program a libmsf of its own, which is told to be ASM? That will join plainly
 * and attach its programs; for us to do the same beneath it would be once too often.
 * One that is told so otherwise is known by its programs (above.h).
 */
static bool is_done_above(void)
{
	const char *backend = secure_getenv("MSF_BACKEND");

	return backend && !strcmp(backend, "asm") &&
	       dlsym(RTLD_DEFAULT, "msf_configure_default");
}

/*
 * The default context, once: errors as programs for Linux know them, and a promise
 * that can be kept, for the receive calls are ours. Whoever comes second finds it
 * configured (-EBUSY), or says the same again.
 */
static int configure(bool *ret_is_linux)
{
	const char *semantics = secure_getenv("MSF_SEMANTICS");
	bool is_unsaid = !semantics || !*semantics;
	struct msf_config *config;
	int r;

	r = msf_config_new(&config);
	if (r < 0)
		return r;
	if (is_unsaid)
		msf_config_set_semantics(config, MSF_SEMANTICS_LINUX);
	msf_config_set_receive_calls(config, 1);
	r = msf_configure_default(config);
	msf_config_free(config);
	*ret_is_linux = is_unsaid || !strcmp(semantics, "linux");
	return r == -EBUSY ? 0 : r;
}

/* What a call needs to know before it can be carried out. */
enum need {
	NEED_NOTHING, /* an option of the program's own, on a socket that is not ours */
	NEED_LOOK,    /* one that would have to be known later */
	NEED_ALL,     /* a request */
};

static enum need find_need(int level, int optname)
{
	if (is_request(level, optname))
		return NEED_ALL;
	return level == SOL_SOCKET &&
			       (optname == SO_ATTACH_FILTER || optname == SO_ATTACH_BPF)
		       ? NEED_LOOK
		       : NEED_NOTHING;
}

/* Whose business the requests of the process are. */
enum duty {
	DUTY_UNKNOWN,
	DUTY_OURS,
	DUTY_ABOVE, /* of a libmsf in the program */
	DUTY_BELOW, /* of a kernel that has source filters, in whose words they are */
};

static _Atomic(enum duty) duty_known;

static enum duty find_duty(bool is_linux, enum need need)
{
	int backend;

	if (is_done_above())
		return DUTY_ABOVE;
	if (need == NEED_NOTHING)
		return DUTY_UNKNOWN;
	if (!is_linux)
		return DUTY_OURS;
	backend = msf_probe_backend(NULL);
	if (backend < 0)
		return DUTY_UNKNOWN; /* the library will say why */
	return backend == MSF_BACKEND_KERNEL ? DUTY_BELOW : DUTY_OURS;
}

/*
 * Found out once. A shared option is the program's own, so it does not depend on our
 * environment; else -1, and errno, where that names no backend or table.
 */
static int begin(enum need need, enum duty *ret)
{
	enum duty duty = atomic_load(&duty_known);
	bool is_linux = false;
	int error = errno, r;

	if (duty == DUTY_UNKNOWN) {
		r = configure(&is_linux);
		if (r < 0 && need == NEED_ALL) {
			errno = -r;
			return -1;
		}
		if (r == 0) {
			duty = find_duty(is_linux, need);
			if (duty != DUTY_UNKNOWN)
				atomic_store(&duty_known, duty);
		}
		errno = error;
	}
	*ret = duty == DUTY_UNKNOWN ? DUTY_OURS : duty;
	return 0;
}

static bool is_known_others(void)
{
	enum duty duty = atomic_load(&duty_known);

	return duty == DUTY_ABOVE || duty == DUTY_BELOW;
}

/* What was tried on the way is not the program's business. */
static int end(int r, int error)
{
	if (r >= 0)
		errno = error;
	return r;
}

/* AF_UNSPEC: none, or none that could be asked. */
static int get_family(int fd)
{
	int error = errno, family = AF_UNSPEC;
	socklen_t len = sizeof(family);

	if (getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &family, &len) < 0)
		errno = error;
	return family;
}

static bool is_internet_socket(int fd)
{
	int family = get_family(fd);

	return family == AF_INET || family == AF_INET6;
}

/* Is it of another family, no socket at all, or one that does not know the level? */
static bool is_strange(int fd, int level)
{
	int family = get_family(fd);

	return family != AF_INET6 && (family != AF_INET || level == IPPROTO_IPV6);
}

/* Is the call another's? 1, 0 or -1 and errno. */
static int is_others(int fd, enum need need)
{
	enum duty duty;

	if (is_known_others() || above_has(fd))
		return 1;
	if (begin(need, &duty) < 0)
		return -1;
	return duty != DUTY_OURS;
}

/*
 * Strange sockets are asked in their own words. A request goes by a name that nobody
 * has, to which they answer the same: what stands between us and them, and refuses
 * requests for source filters, need not look at the socket.
 */
#define NO_OPTION 0x7fffffff

static int get_strange_name(int level, int optname)
{
	return is_request(level, optname) ? NO_OPTION : optname;
}

/*
 * A program of libmsf itself, with memberships: the one that the application has a copy
 * of attaches it, and is about to join plainly. From here on the socket is its own.
 */
static bool is_from_above(int level, int optname, const void *optval, socklen_t optlen)
{
	struct sock_fprog fprog;

	if (level != SOL_SOCKET || optname != SO_ATTACH_FILTER || !optval ||
	    optlen != sizeof(fprog))
		return false;
	memcpy(&fprog, optval, sizeof(fprog));
	return asm_is_program(&fprog);
}

static int hand_over(int fd, int level, int optname, const void *optval, socklen_t optlen)
{
	int error = errno, added = above_add(fd), r;

	if (added < 0) {
		errno = -added;
		return -1;
	}
	errno = error;
	r = setsockopt(fd, level, optname, optval, optlen);
	if (r < 0 && added > 0) {
		error = errno;
		above_del(fd);
		errno = error;
	}
	return r;
}

/* The kernel takes lengths for ints, and looks at them first; to get, not in IPv6. */
static bool is_negative(socklen_t len)
{
	if (len <= INT_MAX)
		return false;
	errno = EINVAL;
	return true;
}

int policy_setsockopt(int fd, int level, int optname, const void *optval,
		      socklen_t optlen)
{
	int error = errno, others;

	if (!is_known_others() && is_strange(fd, level))
		return setsockopt(fd, level, get_strange_name(level, optname), optval,
				  optlen);
	others = is_others(fd, find_need(level, optname));
	if (others < 0)
		return -1;
	if (others)
		return setsockopt(fd, level, optname, optval, optlen);
	if (is_negative(optlen))
		return -1;
	if (is_from_above(level, optname, optval, optlen))
		return hand_over(fd, level, optname, optval, optlen);
	return end(msf_setsockopt(fd, level, optname, optval, optlen), error);
}

int policy_getsockopt(int fd, int level, int optname, void *optval, socklen_t *optlen)
{
	int error = errno, others;

	if (!is_known_others() && is_strange(fd, level))
		return getsockopt(fd, level, get_strange_name(level, optname), optval,
				  optlen);
	others = optlen ? is_others(fd, find_need(level, optname)) : 1;
	if (others < 0)
		return -1;
	if (others)
		return getsockopt(fd, level, optname, optval, optlen);
	if (level != IPPROTO_IPV6 && is_negative(*optlen))
		return -1;
	return end(msf_getsockopt(fd, level, optname, optval, optlen), error);
}

/* To anything else the number may mean anything, and the argument be no pointer. Linux
 * does not have these, so they are ours on every kernel. */
int policy_ioctl(int fd, unsigned long request, void *argument)
{
	int error = errno;
	enum duty duty;

	if (!is_internet_socket(fd) || above_has(fd))
		return ioctl(fd, request, argument);
	if (begin(NEED_ALL, &duty) < 0)
		return -1;
	if (duty == DUTY_ABOVE)
		return ioctl(fd, request, argument);
	return end(msf_ioctl(fd, request, argument), error);
}

/* libc has no room for a longer one, and says so before it looks at the socket. */
static bool is_too_long(socklen_t grouplen)
{
	if (grouplen <= sizeof(struct sockaddr_storage))
		return false;
	errno = EINVAL;
	return true;
}

/* The library takes what it only reads without const, as RFC 3678 prints it. */
int policy_setsourcefilter(int fd, uint32_t interface, const struct sockaddr *group,
			   socklen_t grouplen, uint32_t fmode, uint32_t numsrc,
			   const struct sockaddr_storage *slist)
{
	int error = errno, others = is_others(fd, NEED_ALL);

	if (others < 0)
		return -1;
	if (others)
		return libc_setsourcefilter(fd, interface, group, grouplen, fmode, numsrc,
					    slist);
	if (is_too_long(grouplen))
		return -1;
	return end(msf_setsourcefilter(fd, interface, (struct sockaddr *)group, grouplen,
				       fmode, numsrc, (struct sockaddr_storage *)slist),
		   error);
}

int policy_getsourcefilter(int fd, uint32_t interface, const struct sockaddr *group,
			   socklen_t grouplen, uint32_t *fmode, uint32_t *numsrc,
			   struct sockaddr_storage *slist)
{
	int error = errno, others = is_others(fd, NEED_ALL);

	if (others < 0)
		return -1;
	if (others)
		return libc_getsourcefilter(fd, interface, group, grouplen, fmode, numsrc,
					    slist);
	if (is_too_long(grouplen))
		return -1;
	return end(msf_getsourcefilter(fd, interface, (struct sockaddr *)group, grouplen,
				       fmode, numsrc, slist),
		   error);
}

int policy_setipv4sourcefilter(int fd, struct in_addr interface, struct in_addr group,
			       uint32_t fmode, uint32_t numsrc,
			       const struct in_addr *slist)
{
	int error = errno, others = is_others(fd, NEED_ALL);

	if (others < 0)
		return -1;
	if (others)
		return libc_setipv4sourcefilter(fd, interface, group, fmode, numsrc,
						slist);
	return end(msf_setipv4sourcefilter(fd, interface, group, fmode, numsrc,
					   (struct in_addr *)slist),
		   error);
}

int policy_getipv4sourcefilter(int fd, struct in_addr interface, struct in_addr group,
			       uint32_t *fmode, uint32_t *numsrc, struct in_addr *slist)
{
	int error = errno, others = is_others(fd, NEED_ALL);

	if (others < 0)
		return -1;
	if (others)
		return libc_getipv4sourcefilter(fd, interface, group, fmode, numsrc,
						slist);
	return end(msf_getipv4sourcefilter(fd, interface, group, fmode, numsrc, slist),
		   error);
}
