/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sender: a UDP socket that multicasts from one source (RFC 1112 6.1, RFC 3493 5.2).
 *
 * Invariant: n_tried == n_sent + n_errors, and n_tried is the number of the next
 * packet.
 */
#include "sender.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#define NSEC_PER_SEC 1000000000u

int stream_init(struct stream *stream, const struct endpoint *endpoint, size_t size,
		bool is_rtp)
{
	size_t n_padding = size - packet_get_head_size(is_rtp);

	stream->groups = calloc(endpoint->n_groups, sizeof(*stream->groups));
	stream->padding = calloc(1, n_padding + 1);
	if (!stream->groups || !stream->padding)
		return -ENOMEM;
	for (uint32_t i = 0; i < endpoint->n_groups; i++) {
		int r = endpoint_get_group(endpoint, i, &stream->groups[i]);

		if (r < 0)
			return r;
	}
	stream->n_groups = endpoint->n_groups;
	stream->size = size;
	stream->is_rtp = is_rtp;
	return 0;
}

void stream_fini(struct stream *stream)
{
	free(stream->groups);
	free(stream->padding);
	*stream = (struct stream){ 0 };
}

static int set_option(int fd, int level, int option, const void *value, socklen_t len)
{
	return setsockopt(fd, level, option, value, len) < 0 ? -errno : 0;
}

static int set_options_ipv4(int fd, const struct stream *stream)
{
	struct ip_mreqn interface = { .imr_ifindex = (int)stream->ifindex };
	int loop = stream->is_looped;
	int r;

	r = set_option(fd, IPPROTO_IP, IP_MULTICAST_IF, &interface, sizeof(interface));
	if (r == 0)
		r = set_option(fd, IPPROTO_IP, IP_MULTICAST_TTL, &stream->ttl,
			       sizeof(stream->ttl));
	if (r == 0)
		r = set_option(fd, IPPROTO_IP, IP_MULTICAST_LOOP, &loop, sizeof(loop));
	return r;
}

static int set_options_ipv6(int fd, const struct stream *stream)
{
	int loop = stream->is_looped, ifindex = (int)stream->ifindex;
	int r;

	r = set_option(fd, IPPROTO_IPV6, IPV6_MULTICAST_IF, &ifindex, sizeof(ifindex));
	if (r == 0)
		r = set_option(fd, IPPROTO_IPV6, IPV6_MULTICAST_HOPS, &stream->ttl,
			       sizeof(stream->ttl));
	if (r == 0)
		r = set_option(fd, IPPROTO_IPV6, IPV6_MULTICAST_LOOP, &loop,
			       sizeof(loop));
	return r;
}

static int open_socket(const struct stream *stream)
{
	int family = stream->groups->ss_family;
	int fd = socket(family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	int r;

	if (fd < 0)
		return -errno;
	r = family == AF_INET6 ? set_options_ipv6(fd, stream)
			       : set_options_ipv4(fd, stream);
	if (r == 0)
		return fd;
	close(fd);
	return r;
}

static bool is_unspecified(const struct sockaddr_storage *address)
{
	struct sockaddr_in6 sin6;
	struct sockaddr_in sin;

	memcpy(&sin, address, sizeof(sin));
	memcpy(&sin6, address, sizeof(sin6));
	if (address->ss_family == AF_INET6)
		return IN6_IS_ADDR_UNSPECIFIED(&sin6.sin6_addr);
	return sin.sin_addr.s_addr == INADDR_ANY;
}

/* A connected socket of its own tells the kernel's choice; the sender's stays
 * unconnected, since it may have many groups. */
static int choose_source(const struct stream *stream, struct sockaddr_storage *ret)
{
	socklen_t len = sizeof(*ret);
	int fd = open_socket(stream);
	int r = 0;

	if (fd < 0)
		return fd;
	if (connect(fd, (struct sockaddr *)stream->groups,
		    endpoint_get_length(stream->groups)) < 0 ||
	    getsockname(fd, (struct sockaddr *)ret, &len) < 0)
		r = -errno;
	else if (is_unspecified(ret))
		r = -EADDRNOTAVAIL;
	close(fd);
	return r;
}

static int bind_address(int fd, const void *address, socklen_t len)
{
	return bind(fd, address, len) < 0 ? -errno : 0;
}

/* Not with the port that getsockname() may have left in the source. */
static int bind_source(int fd, const struct stream *stream,
		       const struct sockaddr_storage *source)
{
	struct sockaddr_in6 sin6;
	struct sockaddr_in sin;

	memcpy(&sin, source, sizeof(sin));
	memcpy(&sin6, source, sizeof(sin6));
	sin.sin_port = 0;
	sin6.sin6_port = 0;
	if (IN6_IS_ADDR_LINKLOCAL(&sin6.sin6_addr))
		sin6.sin6_scope_id = stream->ifindex;
	if (source->ss_family == AF_INET6)
		return bind_address(fd, &sin6, sizeof(sin6));
	return bind_address(fd, &sin, sizeof(sin));
}

static int rtp_init(struct packet_rtp *rtp, const struct stream *stream)
{
	if (getrandom(rtp, sizeof(*rtp), 0) != sizeof(*rtp))
		return -EIO;
	rtp->payload_type = stream->payload_type;
	return 0;
}

int sender_init(struct sender *sender, const struct stream *stream,
		const struct sockaddr_storage *source)
{
	int r = 0;

	*sender = (struct sender)SENDER_INIT;
	sender->source = *source;
	if (source->ss_family == AF_UNSPEC)
		r = choose_source(stream, &sender->source);
	if (r == 0 && stream->is_rtp)
		r = rtp_init(&sender->rtp, stream);
	if (r < 0)
		return r;
	sender->fd = open_socket(stream);
	if (sender->fd < 0)
		return sender->fd;
	r = bind_source(sender->fd, stream, &sender->source);
	if (r < 0)
		sender_fini(sender);
	return r;
}

void sender_fini(struct sender *sender)
{
	if (sender->fd >= 0)
		close(sender->fd);
	sender->fd = -1;
}

struct batch {
	struct mmsghdr messages[SENDER_BATCH_MAX];
	struct iovec parts[SENDER_BATCH_MAX][2];
	uint8_t heads[SENDER_BATCH_MAX][PACKET_HEAD_MAX];
};

static void batch_fill(struct batch *batch, const struct sender *sender,
		       const struct stream *stream, unsigned int n, uint64_t elapsed)
{
	size_t head_size = packet_get_head_size(stream->is_rtp);
	struct packet packet = { .elapsed = elapsed };
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	packet.realtime = (uint64_t)now.tv_sec * NSEC_PER_SEC + (uint64_t)now.tv_nsec;
	for (unsigned int i = 0; i < n; i++) {
		uint64_t number = sender->n_tried + i;
		struct sockaddr_storage *group =
			&stream->groups[number % stream->n_groups];

		packet.sequence = (uint32_t)(number / stream->n_groups);
		packet_encode(&packet, stream->is_rtp ? &sender->rtp : NULL,
			      batch->heads[i]);
		batch->parts[i][0] = (struct iovec){ batch->heads[i], head_size };
		batch->parts[i][1] = (struct iovec){ stream->padding,
						     stream->size - head_size };
		batch->messages[i].msg_hdr = (struct msghdr){
			.msg_name = group,
			.msg_namelen = endpoint_get_length(group),
			.msg_iov = batch->parts[i],
			.msg_iovlen = 2,
		};
	}
}

int sender_send(struct sender *sender, const struct stream *stream, unsigned int n,
		uint64_t elapsed)
{
	struct batch batch;
	int r;

	if (n > SENDER_BATCH_MAX)
		n = SENDER_BATCH_MAX;
	batch_fill(&batch, sender, stream, n, elapsed);
	r = sendmmsg(sender->fd, batch.messages, n, MSG_DONTWAIT);
	if (r >= 0) {
		if (sender->n_sent == 0)
			sender->first = elapsed;
		sender->last = elapsed;
		sender->n_sent += (uint64_t)r;
		sender->n_tried += (uint64_t)r;
		return r;
	}
	r = -errno;
	if (r == -EAGAIN || r == -ENOBUFS || r == -ENOMEM)
		return r == -ENOMEM ? -ENOBUFS : r;
	sender->n_tried++;
	sender->n_errors++;
	sender->error = r;
	return r;
}
