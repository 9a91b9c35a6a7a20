/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ipv6 GROUP SOURCE PORT IFACE: receives one source of an IPv6 group, and tells by
 * which interface each datagram came. Ends when nothing has come for two seconds.
 *
 * The calls are those of IPv4. Two things are different: a link-local group or source
 * (ff32::1, fe80::1) means an address of IFACE, whatever its scope says; and Linux
 * lets the latest filter of a socket for a group decide on all interfaces, so that who
 * joins a group on two of them with different sources looks where a datagram came in.
 *
 *	cc ipv6.c $(pkg-config --cflags --libs libmsf)
 */
#define _GNU_SOURCE 1

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <msf.h>

static void fail(const char *what, int error)
{
	fprintf(stderr, "ipv6: %s: %s\n", what, strerror(error));
	exit(1);
}

static struct sockaddr_in6 make_address(const char *text, const char *port,
					uint32_t ifindex)
{
	struct sockaddr_in6 address = { .sin6_family = AF_INET6 };

	if (inet_pton(AF_INET6, text, &address.sin6_addr) != 1)
		fail(text, EINVAL);
	address.sin6_port = htons((in_port_t)strtoul(port, NULL, 10));
	address.sin6_scope_id = ifindex; /* for bind(): the filter does not look at it */
	return address;
}

/* Bound to the group; IPv4 stays out, and each datagram says where it came in. */
static int open_socket(const struct sockaddr_in6 *group)
{
	int fd = socket(AF_INET6, SOCK_DGRAM, 0), on = 1;

	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) < 0 ||
	    setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on)) < 0 ||
	    setsockopt(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, &on, sizeof(on)) < 0 ||
	    bind(fd, (const struct sockaddr *)group, sizeof(*group)) < 0)
		fail("socket", errno);
	return fd;
}

/* The interface by which a message came; 0: not told. */
static unsigned int get_interface(struct msghdr *message)
{
	struct cmsghdr *cmsg = CMSG_FIRSTHDR(message);
	struct in6_pktinfo info;

	for (; cmsg; cmsg = CMSG_NXTHDR(message, cmsg)) {
		if (cmsg->cmsg_level != IPPROTO_IPV6 || cmsg->cmsg_type != IPV6_PKTINFO)
			continue;
		memcpy(&info, CMSG_DATA(cmsg), sizeof(info));
		return info.ipi6_ifindex;
	}
	return 0;
}

static void receive(int fd)
{
	struct pollfd pollfd = { .fd = fd, .events = POLLIN };
	_Alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(struct in6_pktinfo))];
	char data[65536], source[INET6_ADDRSTRLEN], name[IF_NAMESIZE];
	struct sockaddr_in6 from;
	struct iovec iov = { data, sizeof(data) };
	struct msghdr message;
	ssize_t n;

	while (poll(&pollfd, 1, 2000) > 0) {
		message = (struct msghdr){ .msg_name = &from,
					   .msg_namelen = sizeof(from),
					   .msg_iov = &iov,
					   .msg_iovlen = 1,
					   .msg_control = control,
					   .msg_controllen = sizeof(control) };
		n = recvmsg(fd, &message, 0);
		if (n < 0)
			fail("receive", errno);
		inet_ntop(AF_INET6, &from.sin6_addr, source, sizeof(source));
		if (!if_indextoname(get_interface(&message), name))
			strcpy(name, "?");
		printf("%s by %s: %zd bytes\n", source, name, n);
	}
}

int main(int argc, char **argv)
{
	struct sockaddr_in6 group, source;
	uint32_t ifindex;
	int fd, error;

	if (argc != 5) {
		fprintf(stderr, "usage: ipv6 GROUP SOURCE PORT IFACE\n");
		return 2;
	}
	ifindex = if_nametoindex(argv[4]);
	if (!ifindex)
		fail(argv[4], errno);
	group = make_address(argv[1], argv[3], ifindex);
	source = make_address(argv[2], "0", 0);
	setvbuf(stdout, NULL, _IOLBF, 0);
	fd = open_socket(&group);
	error = msf_join_source(NULL, fd, ifindex, (struct sockaddr *)&group,
				(struct sockaddr *)&source);
	if (error)
		fail("join", -error);
	printf("joined %s\n", argv[1]);
	receive(fd);
	close(fd);
	return 0;
}
