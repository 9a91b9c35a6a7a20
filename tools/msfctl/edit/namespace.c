/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * namespace: enters the network namespace of a socket (see namespace.h).
 *
 * Invariant: the socket itself is asked, so that it does not matter where its holder
 * is, or whether a process is left in the namespace at all.
 */
#include <errno.h>
#include <sched.h>
#include <stdbool.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <linux/nsfs.h>
#include <linux/sockios.h>

#include "namespace.h"
#include "option-names.h"

static int get_cookie(int fd, uint64_t *ret)
{
	socklen_t len = sizeof(*ret);

	return getsockopt(fd, SOL_SOCKET, SO_NETNS_COOKIE, ret, &len) < 0 ? -errno : 0;
}

static int compare_cookies(int fd, bool *ret_is_here)
{
	int own = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	uint64_t here = 0, there = 0;
	int r = own < 0 ? -errno : get_cookie(own, &here);

	if (own >= 0)
		close(own);
	if (!r)
		r = get_cookie(fd, &there);
	if (!r)
		*ret_is_here = here == there;
	return r;
}

static bool is_here(int fd, uint64_t inode)
{
	struct stat here;
	bool answer;

	if (!compare_cookies(fd, &answer))
		return answer;
	return inode && !stat("/proc/self/ns/net", &here) && here.st_ino == inode;
}

/* Without privileges here there may be some in the user namespace that owns it: all
 * of them, where it is the caller's own. */
static int join_with_owner(int net)
{
	int user = ioctl(net, NS_GET_USERNS), r;

	if (user < 0)
		return -errno;
	r = setns(user, CLONE_NEWUSER) < 0 ? -errno : 0;
	close(user);
	if (!r && setns(net, CLONE_NEWNET) < 0)
		r = -errno;
	return r;
}

int namespace_enter(int fd, uint64_t inode)
{
	int net, r = 0;

	if (is_here(fd, inode))
		return 0;
	net = ioctl(fd, SIOCGSKNS);
	if (net < 0)
		return -errno;
	if (setns(net, CLONE_NEWNET) < 0)
		r = errno == EPERM ? join_with_owner(net) : -errno;
	close(net);
	return r == -EINVAL ? -EPERM : r;
}
