/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Input: what a program hands to setsockopt(), getsockopt() and ioctl() in place of the
 * system's: any option, any length, any bytes. Sent by: the program itself, which libmsf
 * runs in: it can do nothing here that it could not do without, but one that hands on
 * lengths and addresses of its clients must not be led past the end of its buffers.
 *
 * An input is a row of calls on two sockets, in a network namespace with nothing but
 * "lo". The default context is configured once, so a run of the program has one backend,
 * that of MSF_BACKEND. Buffers are exactly as long as they are said to be.
 */
#include <errno.h>
#include <netinet/in.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <msf.h>

#include "target.h"

#define HEAD      5u
#define CALLS_MAX 16u

/* The options that are ours or shared; others are the kernel's business. */
static const struct {
	int level, name;
} options[] = {
	{ IPPROTO_IP, IP_ADD_MEMBERSHIP },
	{ IPPROTO_IP, IP_DROP_MEMBERSHIP },
	{ IPPROTO_IP, IP_ADD_SOURCE_MEMBERSHIP },
	{ IPPROTO_IP, IP_DROP_SOURCE_MEMBERSHIP },
	{ IPPROTO_IP, IP_BLOCK_SOURCE },
	{ IPPROTO_IP, IP_UNBLOCK_SOURCE },
	{ IPPROTO_IP, IP_MSFILTER },
	{ IPPROTO_IPV6, IPV6_JOIN_GROUP },
	{ IPPROTO_IPV6, IPV6_LEAVE_GROUP },
	{ IPPROTO_IP, MCAST_JOIN_GROUP },
	{ IPPROTO_IP, MCAST_JOIN_SOURCE_GROUP },
	{ IPPROTO_IP, MCAST_LEAVE_GROUP },
	{ IPPROTO_IP, MCAST_MSFILTER },
	{ IPPROTO_IPV6, MCAST_JOIN_GROUP },
	{ IPPROTO_IPV6, MCAST_JOIN_SOURCE_GROUP },
	{ IPPROTO_IPV6, MCAST_BLOCK_SOURCE },
	{ IPPROTO_IPV6, MCAST_MSFILTER },
	{ IPPROTO_IP, IP_MULTICAST_ALL },
	{ IPPROTO_IP, IP_PKTINFO },
	{ IPPROTO_IPV6, IPV6_MULTICAST_ALL },
	{ IPPROTO_IPV6, IPV6_RECVPKTINFO },
	{ SOL_SOCKET, SO_DETACH_FILTER },
	{ SOL_SOCKET, SO_GET_FILTER },
};

#define N_OPTIONS (sizeof(options) / sizeof(options[0]))

static void bail_out(const char *what)
{
	fprintf(stderr, "%s: %s\n", what, strerror(errno));
	printf("Bail out! %s\n", what);
	exit(EXIT_FAILURE);
}

/* Nothing of this may reach a link of the host. */
static void enter_namespace(void)
{
	static bool is_inside;

	if (is_inside)
		return;
	is_inside = true;
	if (unshare(CLONE_NEWNET) < 0 && unshare(CLONE_NEWUSER | CLONE_NEWNET) < 0)
		bail_out("a network namespace is needed: root, or user namespaces");
}

static void check(int r)
{
	target_expect(r >= -1, "0 or -1");
	target_expect(r != -1 || errno > 0, "an error has its number");
}

static void get(int fd, size_t i, void *value, socklen_t size, bool is_null)
{
	socklen_t len = size;
	int r = msf_getsockopt(fd, options[i].level, options[i].name,
			       is_null ? NULL : value, &len);

	check(r);
	/* SO_GET_FILTER counts instructions, and tells how many there are. */
	target_expect(r < 0 || len <= size || options[i].name == SO_GET_FILTER,
		      "no more than there is room for");
}

/* One call; the octets that it took. */
static size_t run_call(const int fds[2], const uint8_t *data, size_t len)
{
	size_t i = data[0] % N_OPTIONS, n = (size_t)data[1] << 8 | data[2];
	int fd = fds[data[3] & 1];
	bool is_null = data[4] == 0xff;
	uint8_t *value;

	n = n < len - HEAD ? n : len - HEAD;
	value = malloc(n ? n : 1);
	target_expect(value != NULL, "no memory");
	memcpy(value, data + HEAD, n);
	if (data[3] & 2)
		get(fd, i, value, (socklen_t)n, is_null);
	else
		check(msf_setsockopt(fd, options[i].level, options[i].name,
				     is_null ? NULL : value, (socklen_t)n));
	free(value);
	return HEAD + n;
}

static void run(const uint8_t *data, size_t len)
{
	int fds[2] = { socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0),
		       socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0) };

	target_expect(fds[0] >= 0 && fds[1] >= 0, "sockets");
	for (unsigned int i = 0; len >= HEAD && i < CALLS_MAX; i++) {
		size_t n = run_call(fds, data, len);

		data += n;
		len -= n;
	}
	close(fds[0]);
	close(fds[1]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	enter_namespace();
	run(data, len);
	return 0;
}
