/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Receivers of the tests of the receive calls. The witness joins plainly, which the
 * old stack can, and hears a packet no sooner than the receiver: raw sockets are
 * served before UDP ones, and a packet is given to all in one softirq of our CPU.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "old-stack.h"
#include "raw.h"
#include "receive-rig.h"

#define DEADLINE_MS 5000
#define N_LONG      300u

#define UDP_HEADER 8u
#define IP_HEADER  20u

static const struct kind {
	const char *name;
	int family; /* of the group */
	int domain;
	bool is_raw;
	size_t n_head;
} kinds[N_RIG_KINDS] = {
	[RIG_UDP4] = { "IPv4", AF_INET, AF_INET, false, 0 },
	[RIG_UDP4_ON_6] = { "IPv4 on an IPv6 socket", AF_INET, AF_INET6, false, 0 },
	[RIG_UDP6] = { "IPv6", AF_INET6, AF_INET6, false, 0 },
	[RIG_RAW4] = { "raw IPv4", AF_INET, AF_INET, true, IP_HEADER + UDP_HEADER },
	[RIG_RAW6] = { "raw IPv6", AF_INET6, AF_INET6, true, UDP_HEADER },
};

const char *rig_name(enum rig_kind kind)
{
	return kinds[kind].name;
}

void rig_init_network(struct rig *rig)
{
	*rig = (struct rig){ 0 };
	netns_init(&rig->net);
	traffic_init(&rig->traffic, &rig->net);
}

void rig_enter_old_stack(void)
{
	const struct old_stack stack = { ENOPROTOOPT, true, OLD_STACK_FILTERS_FAKE };
	struct msf_config *config;
	int r;

	old_stack_enter(&stack);
	r = msf_config_new(&config);
	if (r == 0)
		r = msf_config_set_receive_calls(config, 1);
	if (r == 0)
		r = msf_configure_default(config);
	if (r < 0)
		tap_bail_out("no context: %s", strerror(-r));
	msf_config_free(config);
	if (msf_probe_backend(NULL) != MSF_BACKEND_ASM)
		tap_bail_out("the old stack is not seen to be one");
}

void rig_init(struct rig *rig)
{
	rig_init_network(rig);
	rig_enter_old_stack();
}

static in_port_t get_port(int fd)
{
	struct sockaddr_in6 self = { 0 };
	socklen_t len = sizeof(self);

	if (getsockname(fd, (void *)&self, &len) < 0)
		tap_bail_out("getsockname: %s", strerror(errno));
	return self.sin6_port;
}

static int open_bound(int domain, int type, in_port_t port)
{
	struct sockaddr_storage any = { .ss_family = domain };
	socklen_t len = domain == AF_INET ? sizeof(struct sockaddr_in)
					  : sizeof(struct sockaddr_in6);
	int fd = socket(domain, type | SOCK_CLOEXEC, IPPROTO_UDP);
	int on = 1;

	((struct sockaddr_in *)&any)->sin_port = port;
	if (fd < 0 || raw_setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) < 0)
		tap_bail_out("cannot make a socket: %s", strerror(errno));
	if (type == SOCK_DGRAM && bind(fd, (const void *)&any, len) < 0)
		tap_bail_out("cannot bind: %s", strerror(errno));
	return fd;
}

static void join_plainly(int fd, const struct sockaddr_storage *group, uint32_t ifindex)
{
	const struct sockaddr_in6 *sin6 = (const void *)group;
	const struct sockaddr_in *sin = (const void *)group;
	struct ipv6_mreq mreq6 = { sin6->sin6_addr, ifindex };
	struct ip_mreqn mreq = { .imr_multiaddr = sin->sin_addr,
				 .imr_ifindex = (int)ifindex };
	int r;

	if (group->ss_family == AF_INET)
		r = raw_setsockopt(fd, IPPROTO_IP, IP_ADD_MEMBERSHIP, &mreq,
				   sizeof(mreq));
	else
		r = raw_setsockopt(fd, IPPROTO_IPV6, IPV6_JOIN_GROUP, &mreq6,
				   sizeof(mreq6));
	if (r < 0)
		tap_bail_out("the witness cannot join: %s", strerror(-r));
}

void rig_open_bare(struct rig *rig, struct rig_socket *ret, enum rig_kind kind)
{
	const struct kind *is = &kinds[kind];
	struct rig_socket made = { .kind = kind, .n_head = is->n_head };
	in_port_t port;

	made.to = netns_group(is->family, kind);
	made.witness = open_bound(is->family, SOCK_DGRAM, 0);
	port = get_port(made.witness);
	join_plainly(made.witness, &made.to, rig->net.ifindex[0]);
	((struct sockaddr_in *)&made.to)->sin_port = port;
	made.fd = open_bound(is->domain, is->is_raw ? SOCK_RAW : SOCK_DGRAM, port);
	*ret = made;
}

int rig_open_twin(const struct rig_socket *socket)
{
	const struct kind *is = &kinds[socket->kind];

	return open_bound(is->domain, is->is_raw ? SOCK_RAW : SOCK_DGRAM,
			  ((const struct sockaddr_in *)&socket->to)->sin_port);
}

void rig_open(struct rig *rig, struct rig_socket *ret, enum rig_kind kind)
{
	struct sockaddr_storage source = netns_source(kinds[kind].family, 0, 0);
	int r;

	rig_open_bare(rig, ret, kind);
	r = msf_join_source(NULL, ret->fd, rig->net.ifindex[0], (const void *)&ret->to,
			    (const void *)&source);
	if (r < 0)
		tap_bail_out("%s: cannot join: %s", rig_name(kind), strerror(-r));
}

void rig_close(struct rig_socket *socket)
{
	close(socket->fd);
	close(socket->witness);
}

void rig_send(struct rig *rig, const struct rig_socket *socket, unsigned int source,
	      const void *data, size_t len)
{
	int fd = rig->traffic.fd[0][socket->to.ss_family == AF_INET6][source];
	struct pollfd poller = { .fd = socket->witness, .events = POLLIN };
	char byte;

	if (sendto(fd, data, len, 0, (const void *)&socket->to, sizeof(socket->to)) < 0)
		tap_bail_out("cannot send: %s", strerror(errno));
	if (poll(&poller, 1, DEADLINE_MS) != 1 ||
	    recv(socket->witness, &byte, 1, MSG_DONTWAIT) < 0)
		tap_bail_out("the witness saw nothing in %d ms", DEADLINE_MS);
}

void rig_say(struct rig *rig, const struct rig_socket *socket, const char *letters)
{
	for (unsigned int i = 0; letters[i] != '\0'; i++) {
		bool is_long = letters[i] >= 'a', is_admitted = (letters[i] & 0x1f) == 1;
		char text[N_LONG];
		size_t n = (size_t)snprintf(text, sizeof(text), "%c%u", letters[i], i);

		if (is_long)
			memset(text + n, letters[i], sizeof(text) - n);
		rig_send(rig, socket, !is_admitted, text, is_long ? sizeof(text) : n);
	}
}

static ssize_t by_recv(int fd, char *buf, size_t len, int flags)
{
	return msf_recv(fd, buf, len, flags);
}

static ssize_t by_recvfrom(int fd, char *buf, size_t len, int flags)
{
	struct sockaddr_storage from;
	socklen_t fromlen = sizeof(from);

	return msf_recvfrom(fd, buf, len, flags, (void *)&from, &fromlen);
}

static ssize_t by_recvmsg(int fd, char *buf, size_t len, int flags)
{
	struct iovec iov[] = { { buf, 1 }, { buf + 1, len - 1 } };
	struct msghdr msg = { .msg_iov = iov, .msg_iovlen = 2 };

	return msf_recvmsg(fd, &msg, flags);
}

static ssize_t by_recvmmsg(int fd, char *buf, size_t len, int flags)
{
	struct iovec iov = { buf, len };
	struct mmsghdr msg = { .msg_hdr = { .msg_iov = &iov, .msg_iovlen = 1 } };
	int r = msf_recvmmsg(fd, &msg, 1, flags, NULL);

	return r < 0 ? r : (ssize_t)msg.msg_len;
}

static ssize_t by_read(int fd, char *buf, size_t len, int flags)
{
	(void)flags;
	return msf_read(fd, buf, len);
}

static ssize_t by_readv(int fd, char *buf, size_t len, int flags)
{
	struct iovec iov[] = { { buf, 2 }, { buf + 2, 0 }, { buf + 2, len - 2 } };

	(void)flags;
	return msf_readv(fd, iov, 3);
}

const struct rig_call rig_calls[N_RIG_CALLS] = {
	{ "recv", by_recv, true },       { "recvfrom", by_recvfrom, true },
	{ "recvmsg", by_recvmsg, true }, { "recvmmsg", by_recvmmsg, true },
	{ "read", by_read, false },      { "readv", by_readv, false },
};

unsigned int rig_drain(const struct rig_socket *socket)
{
	unsigned int n = 0;
	char byte;

	while (recv(socket->fd, &byte, 1, MSG_DONTWAIT) >= 0)
		n++;
	return n;
}

void rig_expect(struct rig *rig, const struct rig_socket *socket, const char *call,
		const char *buf, ssize_t n, const char *payload)
{
	size_t wanted = strlen(payload);

	tap_expect(&rig->tap,
		   n == (ssize_t)(socket->n_head + wanted) &&
			   memcmp(buf + socket->n_head, payload, wanted) == 0,
		   "%s, %s: %zd bytes (%s), not \"%s\"", rig_name(socket->kind), call, n,
		   n < 0 ? strerror(errno) : "", payload);
}

void rig_expect_error(struct rig *rig, const char *call, ssize_t r, int error)
{
	int got = errno;

	tap_expect(&rig->tap, r == -1 && got == error, "%s: %zd (%s), not %s", call, r,
		   r < 0 ? strerror(got) : "", strerror(error));
}

double rig_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

void rig_set_timeout(const struct rig_socket *socket, unsigned int ms)
{
	struct timeval limit = { ms / 1000, ms % 1000 * 1000 };

	raw_setsockopt(socket->fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
}

void rig_set_nonblocking(const struct rig_socket *socket)
{
	fcntl(socket->fd, F_SETFL, O_NONBLOCK);
}
