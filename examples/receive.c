/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * receive GROUP SOURCE PORT IFACE: joins one source of a group and prints who sends
 * what, until SIGINT or SIGTERM.
 *
 * The source filter of RFC 3678 in one call, the same for IPv4 and IPv6. It compiles
 * as C99 and as C++11:
 *
 *	cc receive.c $(pkg-config --cflags --libs libmsf)
 */
#ifndef _DEFAULT_SOURCE
#define _DEFAULT_SOURCE
#endif

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <msf.h>

/* Text to address: IPv4 or IPv6. 0 or -EINVAL. */
static int parse_address(const char *text, in_port_t port,
			 struct sockaddr_storage *ret_address)
{
	struct sockaddr_in *sin = (struct sockaddr_in *)ret_address;
	struct sockaddr_in6 *sin6 = (struct sockaddr_in6 *)ret_address;

	memset(ret_address, 0, sizeof(*ret_address));
	if (inet_pton(AF_INET, text, &sin->sin_addr) == 1) {
		sin->sin_family = AF_INET;
		sin->sin_port = htons(port);
		return 0;
	}
	if (inet_pton(AF_INET6, text, &sin6->sin6_addr) == 1) {
		sin6->sin6_family = AF_INET6;
		sin6->sin6_port = htons(port);
		return 0;
	}
	return -EINVAL;
}

/* A socket bound to group and port: datagrams to other groups stay away. */
static int open_socket(const struct sockaddr_storage *group)
{
	socklen_t len = group->ss_family == AF_INET ? sizeof(struct sockaddr_in)
						    : sizeof(struct sockaddr_in6);
	int fd, on = 1, error;

	fd = socket(group->ss_family, SOCK_DGRAM, 0);
	if (fd < 0)
		return -errno;
	if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) < 0 ||
	    bind(fd, (const struct sockaddr *)group, len) < 0) {
		error = -errno;
		close(fd);
		return error;
	}
	return fd;
}

static int is_multicast(const struct sockaddr_storage *group)
{
	const struct sockaddr_in *sin = (const struct sockaddr_in *)group;
	const struct sockaddr_in6 *sin6 = (const struct sockaddr_in6 *)group;

	return group->ss_family == AF_INET ? IN_MULTICAST(ntohl(sin->sin_addr.s_addr))
					   : IN6_IS_ADDR_MULTICAST(&sin6->sin6_addr);
}

/* Says why a request failed and what cures it, or what is odd about one that
 * succeeded (error 0). */
static void explain(int fd, const struct msf_request *request, int error)
{
	char text[512];

	if (msf_explain(NULL, fd, request, error, text, sizeof(text)) > 0)
		fprintf(stderr, "receive: %s\n", text);
	else if (error)
		fprintf(stderr, "receive: %s\n", strerror(-error));
}

/* What a terminal cannot show becomes a dot. */
static void print_text(const char *data, size_t n)
{
	for (size_t i = 0; i < n; i++)
		putchar(isprint((unsigned char)data[i]) ? data[i] : '.');
	putchar('\n');
}

static int print_datagram(int fd)
{
	char data[65536], name[INET6_ADDRSTRLEN];
	struct sockaddr_storage sender;
	socklen_t len = sizeof(sender);
	const void *address;
	ssize_t n;

	memset(&sender, 0, sizeof(sender));
	n = recvfrom(fd, data, sizeof(data), MSG_DONTWAIT, (struct sockaddr *)&sender,
		     &len);
	if (n < 0)
		return errno == EINTR || errno == EAGAIN ? 0 : -errno;
	if (sender.ss_family == AF_INET)
		address = &((struct sockaddr_in *)&sender)->sin_addr;
	else
		address = &((struct sockaddr_in6 *)&sender)->sin6_addr;
	printf("%s: %zd bytes: ",
	       inet_ntop(sender.ss_family, address, name, sizeof(name)), n);
	print_text(data, n < 60 ? (size_t)n : 60);
	return fflush(stdout) ? -errno : 0;
}

/* SIGINT and SIGTERM as something to poll. */
static int open_signals(void)
{
	sigset_t set;
	int fd;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigprocmask(SIG_BLOCK, &set, NULL);
	fd = signalfd(-1, &set, SFD_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

static int receive(int fd, int signals)
{
	struct pollfd fds[2];
	int error = 0;

	memset(fds, 0, sizeof(fds));
	fds[0].fd = fd;
	fds[0].events = POLLIN;
	fds[1].fd = signals;
	fds[1].events = POLLIN;
	while (!error && !fds[1].revents) {
		if (poll(fds, 2, -1) < 0)
			return -errno;
		if (fds[0].revents)
			error = print_datagram(fd);
	}
	return error;
}

/* Joins and receives; the kernel leaves the group when the socket is closed. */
static int run(int fd, const struct msf_request *request)
{
	int signals, error;

	error = msf_apply_request(NULL, fd, request);
	explain(fd, request, error);
	if (error)
		return error;
	signals = open_signals();
	if (signals < 0)
		return signals;
	error = receive(fd, signals);
	close(signals);
	return error;
}

int main(int argc, char **argv)
{
	struct sockaddr_storage group, source;
	struct msf_request request;
	int fd, error;
	long port;

	memset(&request, 0, sizeof(request));
	port = argc == 5 ? strtol(argv[3], NULL, 10) : 0;
	if (port < 1 || port > 65535 ||
	    parse_address(argv[1], (in_port_t)port, &group) < 0 ||
	    parse_address(argv[2], 0, &source) < 0) {
		fprintf(stderr, "usage: receive GROUP SOURCE PORT IFACE\n");
		return 2;
	}
	if (!is_multicast(&group)) {
		fprintf(stderr, "receive: %s: not a multicast group\n", argv[1]);
		return 2;
	}
	request.verb = MSF_JOIN_SOURCE;
	request.ifindex = if_nametoindex(argv[4]);
	request.group = (const struct sockaddr *)&group;
	request.source = (const struct sockaddr *)&source;
	if (!request.ifindex) {
		fprintf(stderr, "receive: %s: %s\n", argv[4], strerror(errno));
		return 1;
	}
	fd = open_socket(&group);
	if (fd < 0) {
		fprintf(stderr, "receive: cannot bind to %s, port %s: %s\n", argv[1],
			argv[3], strerror(-fd));
		return 1;
	}
	error = run(fd, &request);
	close(fd);
	return error ? 1 : 0;
}
