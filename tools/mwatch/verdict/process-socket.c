/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * process-socket: read from the socket itself what a scan does not tell (see
 * process-socket.h).  Nothing is changed in it.
 */
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "option-names.h"
#include "process-socket.h"

static uint16_t get_port(const struct sockaddr_storage *address)
{
	struct sockaddr_in sin;

	/* At the same place for both families. */
	memcpy(&sin, address, sizeof(sin));
	return ntohs(sin.sin_port);
}

static int get_number(int fd, int level, int option)
{
	int value = 0;
	socklen_t len = sizeof(value);

	return getsockopt(fd, level, option, &value, &len) < 0 ? 0 : value;
}

static void read_address(struct process_socket *socket, const struct msf_socket *from,
			 bool is_ipv6_only)
{
	struct address bound = address_unmap(&from->address);
	bool is_any = address_is_any(&bound);
	int i = bound.is_ipv6;

	socket->port = socket->is_raw ? 0 : get_port(&from->address);
	socket->bound[1].is_ipv6 = 1;
	socket->bound[i] = bound;
	socket->hears[i] = true;
	/* One that is bound to :: hears IPv4, too (RFC 3493 5.3). */
	if (i == 1 && is_any && !socket->is_raw)
		socket->hears[0] = !is_ipv6_only;
	/* Raw IPv6 sockets have no use for IPv4 addresses. */
	if (i == 0 && from->family == AF_INET6 && socket->is_raw)
		socket->hears[0] = false;
}

static void read_descriptor(struct process_socket *socket, const struct msf_socket *from,
			    int fd)
{
	struct sockaddr_storage peer = { 0 };
	socklen_t len = sizeof(peer);

	if (getpeername(fd, (struct sockaddr *)&peer, &len) == 0)
		socket->peer = address_unmap(&peer);
	socket->device = (uint32_t)get_number(fd, SOL_SOCKET, SO_BINDTOIFINDEX);
	read_address(socket, from,
		     from->family == AF_INET6 &&
			     get_number(fd, IPPROTO_IPV6, IPV6_V6ONLY));
}

static bool is_same(int fd, uint64_t inode)
{
	struct stat status;

	return fstat(fd, &status) == 0 && status.st_ino == inode;
}

/* -EBADF: nobody has it any more. */
static int open_socket(const struct msf_socket *from)
{
	int fd = -EBADF;

	for (unsigned int i = 0; i < from->n_holders; i++) {
		fd = msf_state_open_socket(NULL, from->holders[i].pid,
					   from->holders[i].fd);
		if (fd >= 0 && is_same(fd, from->inode))
			return fd;
		if (fd >= 0) {
			close(fd);
			fd = -EBADF;
		}
	}
	return fd;
}

int process_socket_read(const struct msf_socket *from, struct process_socket *ret)
{
	struct process_socket socket = {
		.is_raw = from->type == SOCK_RAW,
		.has_multicast_all = { from->multicast_all, from->multicast_all6 },
		.is_emulated = from->backend == MSF_BACKEND_ASM,
	};
	int fd;

	if (from->protocol != IPPROTO_UDP)
		return 0;
	fd = open_socket(from);
	if (fd == -EBADF || fd == -ESRCH || fd == -ENOTSOCK)
		return 0;
	if (fd < 0)
		return fd;
	read_descriptor(&socket, from, fd);
	close(fd);
	*ret = socket;
	return 1;
}

/* Linux gives raw IPv6 sockets multicast whatever address they are bound to. */
static bool is_address_heard(const struct process_socket *socket,
			     const struct address *group)
{
	const struct address *bound = &socket->bound[group->is_ipv6];

	return address_is_any(bound) || address_compare(bound, group) == 0 ||
	       (socket->is_raw && group->is_ipv6);
}

bool process_socket_hears(const struct process_socket *socket,
			  const struct process_flow *flow)
{
	return socket->hears[flow->place.group.is_ipv6] &&
	       (socket->is_raw || socket->port == flow->port) &&
	       is_address_heard(socket, &flow->place.group) &&
	       (!socket->device || socket->device == flow->place.ifindex) &&
	       (address_is_any(&socket->peer) ||
		address_compare(&socket->peer, &flow->source) == 0);
}

bool process_socket_is_unfiltered(const struct process_socket *socket,
				  const struct process_flow *flow)
{
	return socket->is_raw && !socket->is_emulated && flow->place.group.is_ipv6 &&
	       (address_is_any(&socket->bound[1]) ||
		address_compare(&socket->bound[1], &flow->place.group) == 0);
}
