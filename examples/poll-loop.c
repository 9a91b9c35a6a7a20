/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * poll-loop IFACE PORT SOURCE GROUP...: receives a source of several groups, a socket
 * each, and a monitor beside them in one poll loop: the interface may come later, go,
 * and come again. Prints who sends what, until SIGINT.
 *
 * Linux keeps the membership of an interface that is gone, and gives it to the next
 * one with the same index without joining it there: leave, and join again.
 *
 *	cc poll-loop.c $(pkg-config --cflags --libs libmsf)
 */
#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <msf.h>

#define MAX_GROUPS 16

/* fds[0] is the monitor's, fds[i + 1] receives groups[i]. */
struct receiver {
	const char *interface;
	uint32_t ifindex; /* joined there; 0: not joined */
	struct addrinfo *source, *groups[MAX_GROUPS];
	struct pollfd fds[MAX_GROUPS + 1];
	int n_groups;
};

static void fail(const char *what)
{
	fprintf(stderr, "poll-loop: %s: %s\n", what, strerror(errno));
	exit(1);
}

static struct addrinfo *parse_address(const char *text, const char *port)
{
	struct addrinfo *info;

	if (getaddrinfo(text, port, NULL, &info)) {
		errno = EINVAL;
		fail(text);
	}
	return info;
}

static void add_group(struct receiver *r, struct addrinfo *group)
{
	int fd = socket(group->ai_family, SOCK_DGRAM, 0);

	if (fd < 0 || bind(fd, group->ai_addr, group->ai_addrlen) < 0)
		fail("socket");
	r->groups[r->n_groups++] = group;
	r->fds[r->n_groups] = (struct pollfd){ fd, POLLIN, 0 };
}

/* Leaves where it was joined, and joins where the interface is now; 0: nowhere. */
static void move(struct receiver *r, uint32_t ifindex)
{
	const struct sockaddr *group;
	int fd;

	for (int i = 0; i < r->n_groups; i++) {
		group = r->groups[i]->ai_addr;
		fd = r->fds[i + 1].fd;
		if (r->ifindex)
			msf_leave_group(NULL, fd, r->ifindex, group);
		if (ifindex)
			errno = -msf_join_source(NULL, fd, ifindex, group,
						 r->source->ai_addr);
		if (ifindex && errno && errno != ENODEV) /* gone again: its event comes */
			fail("join");
	}
	r->ifindex = ifindex;
	printf(ifindex ? "joined on %s\n" : "waiting for %s\n", r->interface);
}

/* What has become of the interface, event by event. */
static void follow(struct receiver *r, struct msf_monitor *monitor)
{
	struct msf_event event;

	msf_monitor_dispatch(monitor);
	while (msf_monitor_pop_event(monitor, &event) > 0) {
		if (event.type == MSF_EVENT_LINK_GONE && event.ifindex == r->ifindex)
			move(r, 0);
		else if (event.type == MSF_EVENT_LINK && event.ifindex != r->ifindex &&
			 !strcmp(event.name, r->interface))
			move(r, event.ifindex);
		else if (event.type == MSF_EVENT_OVERRUN)
			move(r, if_nametoindex(r->interface));
	}
}

static void receive(int fd)
{
	char data[65536], name[NI_MAXHOST];
	struct sockaddr_storage from;
	socklen_t len = sizeof(from);
	ssize_t n = recvfrom(fd, data, sizeof(data), MSG_DONTWAIT,
			     (struct sockaddr *)&from, &len);

	if (n >= 0 && !getnameinfo((struct sockaddr *)&from, len, name, sizeof(name),
				   NULL, 0, NI_NUMERICHOST))
		printf("%s: %zd bytes\n", name, n);
}

int main(int argc, char **argv)
{
	struct receiver r = { 0 };
	struct msf_monitor *monitor;

	if (argc < 5 || argc > 4 + MAX_GROUPS) {
		fprintf(stderr, "usage: poll-loop IFACE PORT SOURCE GROUP...\n");
		return 2;
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	r.interface = argv[1];
	r.source = parse_address(argv[3], NULL);
	for (int i = 4; i < argc; i++)
		add_group(&r, parse_address(argv[i], argv[2]));
	if (msf_monitor_new(&monitor, NULL) < 0) /* before: no change goes unseen */
		fail("monitor");
	r.fds[0] = (struct pollfd){ msf_monitor_get_fd(monitor), POLLIN, 0 };
	move(&r, if_nametoindex(r.interface));
	while (poll(r.fds, (nfds_t)r.n_groups + 1, -1) > 0) {
		if (r.fds[0].revents)
			follow(&r, monitor);
		for (int i = 1; i <= r.n_groups; i++)
			if (r.fds[i].revents)
				receive(r.fds[i].fd);
	}
	return 1;
}
