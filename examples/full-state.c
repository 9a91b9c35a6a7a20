/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * full-state GROUP PORT IFACE: takes a filter a line from standard input, "include
 * SOURCE..." or "exclude SOURCE...", puts it in force, and prints the filter that is
 * in force then and who sends. "include" alone leaves the group. Ends with its input.
 *
 * Each request says the whole filter: a configuration that was read again needs no
 * comparison with the one before, and what both admit goes on to arrive.
 *
 *	cc full-state.c $(pkg-config --cflags --libs libmsf)
 */
#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <msf.h>

#define MAX_SOURCES 64

static const struct addrinfo hints = { .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV,
				       .ai_socktype = SOCK_DGRAM };

static const char *format(const struct sockaddr_storage *address)
{
	static char name[NI_MAXHOST];

	getnameinfo((const struct sockaddr *)address, sizeof(*address), name,
		    sizeof(name), NULL, 0, NI_NUMERICHOST);
	return name;
}

/* How many words of the line were addresses; -EINVAL: one was none. */
static int parse_sources(struct sockaddr_storage *slist)
{
	struct addrinfo *info;
	const char *word;
	int n = 0;

	while ((word = strtok(NULL, " \t\n"))) {
		if (n == MAX_SOURCES || getaddrinfo(word, NULL, &hints, &info))
			return -EINVAL;
		memset(&slist[n], 0, sizeof(slist[n]));
		memcpy(&slist[n++], info->ai_addr, info->ai_addrlen);
		freeaddrinfo(info);
	}
	return n;
}

static void print_filter(int fd, uint32_t ifindex, const struct sockaddr *group)
{
	struct sockaddr_storage slist[MAX_SOURCES];
	uint32_t fmode, n = MAX_SOURCES;
	int error = msf_get_filter(NULL, fd, ifindex, group, &fmode, &n, slist);

	if (error) {
		printf("filter: none (%s)\n", strerror(-error));
		return;
	}
	printf("filter: %s", fmode == MCAST_INCLUDE ? "include" : "exclude");
	for (uint32_t i = 0; i < n && i < MAX_SOURCES; i++)
		printf(" %s", format(&slist[i]));
	printf("\n");
}

/* A refused line leaves the filter as it was. */
static void obey(int fd, uint32_t ifindex, const struct sockaddr *group, char *line)
{
	struct sockaddr_storage slist[MAX_SOURCES];
	const char *mode = strtok(line, " \t\n");
	uint32_t fmode = mode && !strcmp(mode, "include") ? MCAST_INCLUDE : MCAST_EXCLUDE;
	int n = mode ? parse_sources(slist) : -EINVAL;

	if (n >= 0 && fmode == MCAST_EXCLUDE && strcmp(mode, "exclude") != 0)
		n = -EINVAL;
	if (n >= 0)
		n = msf_set_filter(NULL, fd, ifindex, group, fmode, (uint32_t)n, slist,
				   MSF_IDEMPOTENT);
	if (n < 0)
		printf("refused: %s\n", strerror(-n));
	print_filter(fd, ifindex, group);
}

int main(int argc, char **argv)
{
	char line[4096], data[65536];
	struct pollfd fds[2] = { { .fd = 0, .events = POLLIN }, { .events = POLLIN } };
	struct sockaddr_storage from;
	struct addrinfo *group;
	uint32_t ifindex;

	if (argc != 4 || !(ifindex = if_nametoindex(argv[3])) ||
	    getaddrinfo(argv[1], argv[2], &hints, &group)) {
		fprintf(stderr, "usage: full-state GROUP PORT IFACE\n");
		return 2;
	}
	setvbuf(stdin, NULL, _IONBF, 0);
	setvbuf(stdout, NULL, _IOLBF, 0);
	fds[1].fd = socket(group->ai_family, SOCK_DGRAM, 0);
	if (fds[1].fd < 0 || bind(fds[1].fd, group->ai_addr, group->ai_addrlen) < 0)
		return perror("full-state"), 1;
	while (poll(fds, 2, -1) > 0) {
		socklen_t len = sizeof(from);

		if (fds[1].revents &&
		    recvfrom(fds[1].fd, data, sizeof(data), MSG_DONTWAIT,
			     (struct sockaddr *)&from, &len) >= 0)
			printf("from %s\n", format(&from));
		if (!fds[0].revents)
			continue;
		if (!fgets(line, sizeof(line), stdin))
			break;
		obey(fds[1].fd, ifindex, group->ai_addr, line);
	}
	freeaddrinfo(group);
	return 0;
}
