/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * why GROUP IFACE [SOURCE...]: joins the group, or these sources of it one after the
 * other, and says what libmsf has to say of each request: why it was refused and what
 * cures it, or what is odd about one that succeeded. Ends with status 1 at the first
 * refusal.
 *
 * A request is a value, so that it can be explained after it was made.
 *
 *	cc why.c $(pkg-config --cflags --libs libmsf)
 */
#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <msf.h>

/* Text to address, IPv4 or IPv6. Ends the program where it is none. */
static struct addrinfo *parse_address(const char *text)
{
	struct addrinfo hints = { .ai_flags = AI_NUMERICHOST, .ai_socktype = SOCK_DGRAM };
	struct addrinfo *info;
	int error = getaddrinfo(text, NULL, &hints, &info);

	if (error) {
		fprintf(stderr, "why: %s: %s\n", text, gai_strerror(error));
		exit(2);
	}
	return info;
}

/* The text has the length that it needs: ask for it first. */
static void explain(int fd, const struct msf_request *request, int error)
{
	int length = msf_explain(NULL, fd, request, error, NULL, 0);
	char *text;

	if (length <= 0) {
		if (error)
			printf("%s\n", strerror(-error));
		return;
	}
	text = malloc((size_t)length + 1);
	if (!text)
		return;
	msf_explain(NULL, fd, request, error, text, (size_t)length + 1);
	printf("%s: %s\n", error ? "refused" : "warning", text);
	free(text);
}

static int make_request(int fd, struct msf_request *request, const char *name)
{
	int error = msf_apply_request(NULL, fd, request);

	printf("%s: %s\n", name, error ? "failed" : "joined");
	explain(fd, request, error);
	return error;
}

/* The first source that is refused ends it. */
static int join_sources(int fd, struct msf_request *request, char **names, int n)
{
	struct addrinfo *source;
	int error = 0;

	request->verb = MSF_JOIN_SOURCE;
	for (int i = 0; i < n && !error; i++) {
		source = parse_address(names[i]);
		request->source = source->ai_addr;
		error = make_request(fd, request, names[i]);
		freeaddrinfo(source);
	}
	return error;
}

int main(int argc, char **argv)
{
	struct msf_request request = { .verb = MSF_JOIN_GROUP };
	struct addrinfo *group;
	int fd, error;

	if (argc < 3) {
		fprintf(stderr, "usage: why GROUP IFACE [SOURCE...]\n");
		return 2;
	}
	group = parse_address(argv[1]);
	request.group = group->ai_addr;
	request.ifindex = if_nametoindex(argv[2]);
	fd = socket(group->ai_family, SOCK_DGRAM, 0);
	if (!request.ifindex || fd < 0) {
		fprintf(stderr, "why: %s: %s\n", argv[2], strerror(errno));
		return 1;
	}
	if (argc == 3)
		error = make_request(fd, &request, argv[1]);
	else
		error = join_sources(fd, &request, argv + 3, argc - 3);
	close(fd);
	freeaddrinfo(group);
	return error ? 1 : 0;
}
