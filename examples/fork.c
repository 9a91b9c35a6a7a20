/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fork GROUP SOURCE PORT IFACE: a parent that joins, and a worker that receives. The
 * worker gives up root, is handed the socket, and prints what comes until nothing has
 * come for two seconds; the parent has ended long before.
 *
 * A filter belongs to the socket, not to a process: it holds for everybody who has a
 * descriptor, is the same for all of them, and ends when the last one is closed.
 *
 *	cc fork.c $(pkg-config --cflags --libs libmsf)
 */
#define _GNU_SOURCE 1

#include <errno.h>
#include <grp.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <msf.h>

#define NOBODY 65534

static void fail(const char *what, int error)
{
	fprintf(stderr, "fork: %s: %s\n", what, strerror(error));
	exit(1);
}

static struct addrinfo *parse_address(const char *text, const char *port)
{
	struct addrinfo *info;

	if (getaddrinfo(text, port, NULL, &info))
		fail(text, EINVAL);
	return info;
}

/* A message of one byte, with room for a descriptor beside it (unix(7)). */
struct parcel {
	char byte;
	struct iovec iov;
	_Alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(int))];
	struct msghdr message;
};

/* Returns where the descriptor stands. */
static void *wrap(struct parcel *p)
{
	struct cmsghdr *head = (struct cmsghdr *)p->control;

	p->iov = (struct iovec){ &p->byte, 1 };
	p->message = (struct msghdr){ .msg_iov = &p->iov,
				      .msg_iovlen = 1,
				      .msg_control = p->control,
				      .msg_controllen = sizeof(p->control) };
	*head = (struct cmsghdr){ .cmsg_len = CMSG_LEN(sizeof(int)),
				  .cmsg_level = SOL_SOCKET,
				  .cmsg_type = SCM_RIGHTS };
	return CMSG_DATA(head);
}

/* Runs without a privilege; the filter came with the socket. */
static void work(int channel)
{
	struct pollfd pollfd = { .events = POLLIN };
	char data[65536], name[NI_MAXHOST];
	struct sockaddr_storage from;
	struct parcel parcel = { 0 };
	const int *fd = wrap(&parcel);
	socklen_t len;

	if (!getuid() &&
	    (setgroups(0, NULL) < 0 || setresgid(NOBODY, NOBODY, NOBODY) < 0 ||
	     setresuid(NOBODY, NOBODY, NOBODY) < 0))
		perror("fork: goes on as root"); /* a user namespace without nobody */
	if (recvmsg(channel, &parcel.message, 0) != 1)
		return; /* the parent has failed, and said why */
	pollfd.fd = *fd;
	while (poll(&pollfd, 1, 2000) > 0) {
		len = sizeof(from);
		if (recvfrom(pollfd.fd, data, sizeof(data), 0, (struct sockaddr *)&from,
			     &len) < 0)
			fail("receive", errno);
		getnameinfo((struct sockaddr *)&from, len, name, sizeof(name), NULL, 0,
			    NI_NUMERICHOST);
		printf("worker: %s\n", name);
	}
}

/* Joins with a socket of its own, and posts that. */
static void join(int channel, const struct addrinfo *group, const char *source_text,
		 const char *interface)
{
	struct addrinfo *source = parse_address(source_text, NULL);
	uint32_t ifindex = if_nametoindex(interface);
	int fd = socket(group->ai_family, SOCK_DGRAM, 0), error;
	struct parcel parcel = { 0 };

	if (!ifindex || fd < 0 || bind(fd, group->ai_addr, group->ai_addrlen) < 0)
		fail(interface, errno);
	error = msf_join_source(NULL, fd, ifindex, group->ai_addr, source->ai_addr);
	if (error)
		fail("join", -error);
	*(int *)wrap(&parcel) = fd;
	if (sendmsg(channel, &parcel.message, 0) != 1)
		fail("hand over", errno);
	freeaddrinfo(source);
	close(fd);
}

int main(int argc, char **argv)
{
	struct addrinfo *group;
	int channel[2];
	pid_t child = -1;

	if (argc != 5) {
		fprintf(stderr, "usage: fork GROUP SOURCE PORT IFACE\n");
		return 2;
	}
	group = parse_address(argv[1], argv[3]);
	setvbuf(stdout, NULL, _IOLBF, 0);
	if (socketpair(AF_UNIX, SOCK_SEQPACKET, 0, channel) < 0 || (child = fork()) < 0)
		fail("fork", errno);
	close(channel[child ? 1 : 0]);
	if (child) {
		join(channel[0], group, argv[2], argv[4]);
		printf("parent: joined, handed over, ends\n");
	} else {
		work(channel[1]);
	}
	freeaddrinfo(group);
	return 0;
}
