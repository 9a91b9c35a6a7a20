/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * receiver: the doctor's own socket (see doctor-receiver.h).
 *
 * Invariant: it holds one membership, and only until it is closed.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <netinet/in.h>
#include <sys/stat.h>
#include <unistd.h>

#include <msf.h>

#include "doctor-receiver.h"
#include "doctor.h"
#include "endpoint.h"

/* A burst must not look like a loss. */
#define BUFFER_SIZE (4 << 20)

/* Head of a datagram; nobody reads the rest. */
#define HEAD_SIZE 64

static int open_socket(struct receiver *receiver, int family, int type, int protocol)
{
	struct stat st;
	int one = 1, size = BUFFER_SIZE;

	receiver->fd = socket(family, type | SOCK_CLOEXEC | SOCK_NONBLOCK, protocol);
	if (receiver->fd < 0)
		return -errno;
	if (fstat(receiver->fd, &st) < 0)
		return -errno;
	receiver->inode = st.st_ino;
	/* As large as the host allows: a smaller one only counts less. */
	(void)setsockopt(receiver->fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	if (setsockopt(receiver->fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) < 0)
		return -errno;
	if (setsockopt(receiver->fd, family == AF_INET ? IPPROTO_IP : IPPROTO_IPV6,
		       family == AF_INET ? IP_PKTINFO : IPV6_RECVPKTINFO, &one,
		       sizeof(one)) < 0)
		return -errno;
	return 0;
}

static int bind_socket(const struct receiver *receiver, const struct patient *patient,
		       uint16_t port)
{
	struct sockaddr_storage address = patient->group;
	struct sockaddr_in6 *sin6 = (struct sockaddr_in6 *)&address;
	struct sockaddr_in *sin = (struct sockaddr_in *)&address;

	if (address.ss_family == AF_INET)
		sin->sin_port = htons(port);
	else
		sin6->sin6_port = htons(port);
	/* ff01:: and ff02:: are addresses of one link (RFC 4007 6). */
	if (address.ss_family == AF_INET6)
		sin6->sin6_scope_id = patient->interface.ifindex;
	return bind(receiver->fd, (struct sockaddr *)&address,
		    endpoint_get_length(&address)) < 0
		       ? -errno
		       : 0;
}

static int join(struct receiver *receiver, const struct patient *patient)
{
	const struct msf_request request = {
		.verb = patient->has_source ? MSF_JOIN_SOURCE : MSF_JOIN_GROUP,
		.ifindex = patient->interface.ifindex,
		.group = (const struct sockaddr *)&patient->group,
		.source = patient->has_source ? (const struct sockaddr *)&patient->source
					      : NULL,
	};
	int r = msf_apply_request(NULL, receiver->fd, &request);

	if (r < 0 && msf_explain(NULL, receiver->fd, &request, r, receiver->why,
				 sizeof(receiver->why)) <= 0)
		snprintf(receiver->why, sizeof(receiver->why), "%s", strerror(-r));
	return r;
}

/* A socket that has joined and is bound. */
static int try(struct receiver *receiver, const struct patient *patient, int type,
	       uint16_t port)
{
	int r;

	receiver_close(receiver);
	receiver->why[0] = '\0';
	r = open_socket(receiver, patient->group.ss_family, type, IPPROTO_UDP);
	if (r < 0) {
		snprintf(receiver->why, sizeof(receiver->why), "socket: %s",
			 strerror(-r));
		return r;
	}
	r = join(receiver, patient);
	if (r < 0)
		return r;
	r = bind_socket(receiver, patient, port);
	if (r < 0) {
		receiver->is_deaf = true;
		snprintf(receiver->why, sizeof(receiver->why), "bind: %s%s", strerror(-r),
			 r == -EADDRINUSE ? "; another program has the port without "
					    "SO_REUSEADDR"
					  : "");
	}
	return 0;
}

int receiver_open(struct receiver *receiver, const struct patient *patient)
{
	int r = -EPERM;

	receiver->group = &patient->group;
	receiver->ifindex = patient->interface.ifindex;
	if (patient->port) {
		r = try(receiver, patient, SOCK_DGRAM, patient->port);
		if (r < 0 || !receiver->is_deaf)
			return r;
	}
	receiver->is_deaf = false;
	r = try(receiver, patient, SOCK_RAW, 0);
	if (r != -EPERM && r != -EACCES)
		return r;
	/* A join is all that is left, and the reason why. */
	r = try(receiver, patient, SOCK_DGRAM, patient->port);
	if (r == 0 && !patient->port) {
		receiver->is_deaf = true;
		snprintf(receiver->why, sizeof(receiver->why),
			 "no port was given, and to receive without one needs "
			 "CAP_NET_RAW");
	}
	return r;
}

void receiver_close(struct receiver *receiver)
{
	if (receiver->fd >= 0)
		close(receiver->fd);
	receiver->fd = -1;
}

/* Did it come by our interface, to our group? */
static bool is_ours(const struct receiver *receiver, struct msghdr *message)
{
	struct sockaddr_storage group = { .ss_family = receiver->group->ss_family };
	struct cmsghdr *c;
	uint32_t ifindex = 0;

	for (c = CMSG_FIRSTHDR(message); c; c = CMSG_NXTHDR(message, c)) {
		if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_PKTINFO) {
			struct in_pktinfo info;

			memcpy(&info, CMSG_DATA(c), sizeof(info));
			ifindex = (uint32_t)info.ipi_ifindex;
			((struct sockaddr_in *)&group)->sin_addr = info.ipi_addr;
		} else if (c->cmsg_level == IPPROTO_IPV6 &&
			   c->cmsg_type == IPV6_PKTINFO) {
			struct in6_pktinfo info;

			memcpy(&info, CMSG_DATA(c), sizeof(info));
			ifindex = info.ipi6_ifindex;
			((struct sockaddr_in6 *)&group)->sin6_addr = info.ipi6_addr;
		}
	}
	return ifindex == receiver->ifindex && doctor_is_same(&group, receiver->group);
}

int receiver_pop(struct receiver *receiver, struct sockaddr_storage *ret_source)
{
	for (;;) {
		union {
			char bytes[CMSG_SPACE(sizeof(struct in6_pktinfo))];
			struct cmsghdr align;
		} control;
		struct sockaddr_storage source = { 0 };
		char head[HEAD_SIZE];
		struct iovec iov = { .iov_base = head, .iov_len = sizeof(head) };
		struct msghdr message = {
			.msg_name = &source,
			.msg_namelen = sizeof(source),
			.msg_iov = &iov,
			.msg_iovlen = 1,
			.msg_control = &control,
			.msg_controllen = sizeof(control),
		};

		if (msf_recvmsg(receiver->fd, &message, MSG_DONTWAIT) < 0) {
			if (errno == EINTR)
				continue;
			return errno == EAGAIN || errno == ENETDOWN ? 0 : -errno;
		}
		if (!is_ours(receiver, &message))
			continue;
		*ret_source = source;
		return 1;
	}
}
