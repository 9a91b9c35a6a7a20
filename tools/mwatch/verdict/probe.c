/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * probe: a socket that drops everything (see probe.h).
 *
 * Invariant: the filter is there before the socket is bound, so nothing is ever queued.
 */
#include <errno.h>
#include <linux/filter.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <sys/stat.h>
#include <unistd.h>

#include "endpoint.h"
#include "option-names.h"
#include "probe.h"

static bool set_number(int fd, int level, int option, int value)
{
	return setsockopt(fd, level, option, &value, sizeof(value)) == 0;
}

/* Some systems answer 0 and do nothing; then there is nothing to read back. */
static bool set_filter(int fd)
{
	struct sock_filter drop = BPF_STMT(BPF_RET | BPF_K, 0);
	struct sock_fprog program = { .len = 1, .filter = &drop };
	socklen_t n_lines = 0;

	if (setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program)) < 0)
		return false;
	if (getsockopt(fd, SOL_SOCKET, SO_GET_FILTER, NULL, &n_lines) == 0 && !n_lines) {
		errno = EOPNOTSUPP;
		return false;
	}
	return true;
}

/* It hears what others joined, which is the default. */
static bool set_multicast_all(int fd, int family)
{
	return family == AF_INET ? set_number(fd, IPPROTO_IP, IP_MULTICAST_ALL, 1)
				 : set_number(fd, IPPROTO_IPV6, IPV6_MULTICAST_ALL, 1) &&
					   set_number(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1);
}

static bool bind_probe(int fd, const struct place *place, uint16_t port)
{
	struct endpoint endpoint = { .n_groups = 1, .port = port };
	struct sockaddr_storage address;

	address_set(&place->group, &endpoint.group);
	return endpoint_get_group(&endpoint, 0, &address) == 0 &&
	       bind(fd, (struct sockaddr *)&address, endpoint_get_length(&address)) == 0;
}

static uint32_t read_drops(int fd)
{
	uint32_t info[SK_MEMINFO_VARS] = { 0 };
	socklen_t len = sizeof(info);

	getsockopt(fd, SOL_SOCKET, SO_MEMINFO, info, &len);
	return info[SK_MEMINFO_DROPS];
}

static int set_up(int fd, const struct place *place, uint16_t port)
{
	int family = place->group.is_ipv6 ? AF_INET6 : AF_INET;

	return set_filter(fd) && set_multicast_all(fd, family) &&
			       set_number(fd, SOL_SOCKET, SO_REUSEADDR, 1) &&
			       set_number(fd, SOL_SOCKET, SO_BINDTOIFINDEX,
					  (int)place->ifindex) &&
			       bind_probe(fd, place, port)
		       ? 0
		       : -errno;
}

int probe_init(struct probe *probe, const struct place *place, uint16_t port)
{
	int family = place->group.is_ipv6 ? AF_INET6 : AF_INET;
	int fd = socket(family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	int r = fd < 0 ? -errno : set_up(fd, place, port);
	struct stat status = { 0 };

	if (r == 0 && fstat(fd, &status) < 0)
		r = -errno;
	if (r < 0 && fd >= 0) {
		close(fd);
		fd = -1;
	}
	*probe = (struct probe){ .fd = fd, .error = r, .inode = status.st_ino };
	return r;
}

void probe_fini(struct probe *probe)
{
	if (probe->fd >= 0)
		close(probe->fd);
	probe->fd = -1;
}

int64_t probe_read(struct probe *probe)
{
	uint32_t drops, n;

	if (probe->fd < 0)
		return -1;
	drops = read_drops(probe->fd);
	n = drops - probe->drops;
	probe->drops = drops;
	return n;
}
