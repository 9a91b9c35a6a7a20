/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * exclude GROUP PORT IFACE QUOTA: receives a group from every source, and blocks a
 * source as soon as QUOTA datagrams of it have come. Ends when nothing has come for
 * two seconds.
 *
 * An any-source join is the filter EXCLUDE {}; block_source adds to its list while
 * the socket goes on to receive.
 *
 *	cc exclude.c $(pkg-config --cflags --libs libmsf)
 */
#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <msf.h>

#define MAX_SENDERS 64

struct sender {
	char name[NI_MAXHOST];
	unsigned long n_datagrams;
};

static void fail(const char *what, int error)
{
	fprintf(stderr, "exclude: %s: %s\n", what, strerror(error));
	exit(1);
}

/* A socket bound to the group, which has joined it for all sources. */
static int open_group(const struct addrinfo *group, uint32_t ifindex)
{
	int fd = socket(group->ai_family, SOCK_DGRAM, 0), on = 1, error;

	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) < 0 ||
	    bind(fd, group->ai_addr, group->ai_addrlen) < 0)
		fail("socket", errno);
	error = msf_join_group(NULL, fd, ifindex, group->ai_addr);
	if (error)
		fail("join", -error);
	return fd;
}

/* The sender of this name, or a new one. NULL: there are too many. */
static struct sender *find_sender(struct sender *senders, const char *name)
{
	for (int i = 0; i < MAX_SENDERS; i++) {
		if (!senders[i].name[0])
			snprintf(senders[i].name, sizeof(senders[i].name), "%s", name);
		if (!strcmp(senders[i].name, name))
			return &senders[i];
	}
	return NULL;
}

/* Counts a datagram; one above the quota was in the queue before the block. */
static void count(int fd, const struct addrinfo *group, uint32_t ifindex,
		  struct sender *sender, const struct sockaddr *source,
		  unsigned long quota)
{
	int error;

	if (!sender || ++sender->n_datagrams != quota)
		return;
	error = msf_block_source(NULL, fd, ifindex, group->ai_addr, source);
	if (error)
		fail(sender->name, -error);
	printf("blocked %s\n", sender->name);
}

static void receive(int fd, const struct addrinfo *group, uint32_t ifindex,
		    unsigned long quota)
{
	struct sender senders[MAX_SENDERS] = { 0 };
	struct pollfd pollfd = { .fd = fd, .events = POLLIN };
	struct sockaddr_storage from;
	char data[65536], name[NI_MAXHOST];
	socklen_t len;

	while (poll(&pollfd, 1, 2000) > 0) {
		len = sizeof(from);
		if (recvfrom(fd, data, sizeof(data), 0, (struct sockaddr *)&from, &len) <
		    0)
			fail("receive", errno);
		getnameinfo((struct sockaddr *)&from, len, name, sizeof(name), NULL, 0,
			    NI_NUMERICHOST);
		count(fd, group, ifindex, find_sender(senders, name),
		      (struct sockaddr *)&from, quota);
	}
}

int main(int argc, char **argv)
{
	struct addrinfo hints = { .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV,
				  .ai_socktype = SOCK_DGRAM };
	struct addrinfo *group;
	uint32_t ifindex;
	int fd;

	if (argc != 5 || getaddrinfo(argv[1], argv[2], &hints, &group)) {
		fprintf(stderr, "usage: exclude GROUP PORT IFACE QUOTA\n");
		return 2;
	}
	ifindex = if_nametoindex(argv[3]);
	if (!ifindex)
		fail(argv[3], errno);
	setvbuf(stdout, NULL, _IOLBF, 0);
	fd = open_group(group, ifindex);
	printf("joined %s\n", argv[1]);
	receive(fd, group, ifindex, strtoul(argv[4], NULL, 10));
	close(fd);
	freeaddrinfo(group);
	return 0;
}
