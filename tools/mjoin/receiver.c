/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * receiver: the sockets of one group (see receiver.h).
 *
 * Invariant: a socket is bound after its filter is in force, so nothing reaches it
 * that the filter does not admit.  Linux delivers packets of one IPv6 group by the
 * filter of another interface, hence IP_PKTINFO (RFC 3542 6.2 for IPv6).
 */
#include <errno.h>
#include <linux/sock_diag.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "receiver.h"

/* The kernel takes quadratic time for a list, and longer ones not everywhere. */
#define SHARE_MAX 1000u

/* As many as RFC 3376 3.1 lets every system take. */
#define SHARE_LEAST 64u

/* Enough for a burst while the disk or the player is busy. */
#define RECEIVE_BUFFER_SIZE (8 << 20)

static uint16_t receiver_port(const struct receiver *receiver)
{
	return receiver->channel->endpoint.port;
}

int receiver_init(struct receiver *receiver, const struct channel *channel,
		  uint32_t i_group, void *owner, uint32_t *flow_places)
{
	uint32_t seed = 0;
	int r = 0;

	*receiver = (struct receiver){ .channel = channel,
				       .i_group = i_group,
				       .owner = owner };
	/* Without random numbers only the hash is foreseeable. */
	if (getrandom(&seed, sizeof(seed), GRND_NONBLOCK) < 0)
		seed = (uint32_t)getpid();
	flow_table_init(&receiver->flows, seed, flow_places);
	if (endpoint_get_group(&channel->endpoint, i_group, &receiver->group) < 0)
		return -EINVAL;
	if (receiver_port(receiver) == 0 || !channel_filter_is_include(&channel->filter))
		return 0;
	for (uint32_t i = 0; i < channel->filter.numsrc && r == 0; i++)
		r = flow_table_add(&receiver->flows, &channel->filter.slist[i]);
	return r;
}

void receiver_fini(struct receiver *receiver, struct loop *loop)
{
	receiver_close(receiver, loop);
	flow_table_fini(&receiver->flows);
}

static int set_flag(int fd, int level, int option)
{
	int on = 1;

	return setsockopt(fd, level, option, &on, sizeof(on)) < 0 ? -errno : 0;
}

static int set_options(struct receiver *receiver, int fd)
{
	int size = RECEIVE_BUFFER_SIZE;
	int r;

	if (receiver->group.ss_family == AF_INET)
		r = set_flag(fd, IPPROTO_IP, IP_PKTINFO);
	else
		r = set_flag(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO);
	if (r == 0)
		r = set_flag(fd, SOL_SOCKET, SO_REUSEADDR);
	/* Where times of arrival or drops are not told, or the buffer stays small, we can
	 * still receive. */
	set_flag(fd, SOL_SOCKET, SO_TIMESTAMPNS);
	receiver->has_drops &= set_flag(fd, SOL_SOCKET, SO_RXQ_OVFL) == 0;
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)) < 0)
		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	return r;
}

static int open_socket(struct receiver *receiver, struct receiver_socket *sock, char *why)
{
	int r;

	sock->fd = socket(receiver->group.ss_family,
			  SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (sock->fd < 0) {
		r = -errno;
		snprintf(why, RECEIVER_WHY_MAX, "socket: %s%s", strerror(-r),
			 r == -EMFILE ? "; raise the limit with ulimit -Hn" : "");
		return r;
	}
	r = set_options(receiver, sock->fd);
	if (r < 0)
		snprintf(why, RECEIVER_WHY_MAX, "setsockopt: %s", strerror(-r));
	return r;
}

/* The request for the sources of one socket. */
static struct msf_request make_request(const struct receiver *receiver, uint32_t first,
				       uint32_t numsrc)
{
	const struct channel_filter *filter = &receiver->channel->filter;

	return (struct msf_request){
		.verb = filter->numsrc ? MSF_SET_FILTER : MSF_JOIN_GROUP,
		.ifindex = receiver->interface.ifindex,
		.group = (const struct sockaddr *)&receiver->group,
		.fmode = filter->fmode,
		.numsrc = numsrc,
		.slist = filter->slist ? filter->slist + first : NULL,
	};
}

static int join(struct receiver_socket *sock, struct msf *msf,
		const struct msf_request *request, char *why)
{
	char reason[RECEIVER_WHY_MAX] = "";
	int r;

	clock_gettime(CLOCK_REALTIME, &sock->joined);
	if (request->verb == MSF_JOIN_GROUP)
		r = msf_join_group(msf, sock->fd, request->ifindex, request->group);
	else
		r = msf_set_filter(msf, sock->fd, request->ifindex, request->group,
				   request->fmode, request->numsrc, request->slist, 0);
	if (r == 0)
		return 0;
	if (msf_explain(msf, sock->fd, request, r, reason, sizeof(reason)) <= 0)
		snprintf(reason, sizeof(reason), "%s", strerror(-r));
	snprintf(why, RECEIVER_WHY_MAX, "cannot join: %.1000s", reason);
	if (r == -ENOBUFS && request->fmode == MCAST_EXCLUDE && request->numsrc > 0)
		snprintf(why, RECEIVER_WHY_MAX,
			 "cannot join: %.900s (an exclude list cannot be shared by "
			 "several sockets)",
			 reason);
	return r;
}

static int bind_socket(const struct receiver *receiver,
		       const struct receiver_socket *sock, char *why)
{
	struct sockaddr_storage address = receiver->group;
	struct sockaddr_in6 *sin6 = (struct sockaddr_in6 *)&address;
	int r;

	if (receiver_port(receiver) == 0)
		return 0;
	/* ff01:: and ff02:: are addresses of one link (RFC 4007 6). */
	if (address.ss_family == AF_INET6 &&
	    (IN6_IS_ADDR_MC_LINKLOCAL(&sin6->sin6_addr) ||
	     IN6_IS_ADDR_MC_NODELOCAL(&sin6->sin6_addr)))
		sin6->sin6_scope_id = receiver->interface.ifindex;
	if (bind(sock->fd, (struct sockaddr *)&address, endpoint_get_length(&address)) ==
	    0)
		return 0;
	r = -errno;
	snprintf(why, RECEIVER_WHY_MAX, "bind: %s%s", strerror(-r),
		 r == -EADDRINUSE ? "; another program has the port without SO_REUSEADDR"
		 : r == -EACCES   ? "; ports below net.ipv4.ip_unprivileged_port_start "
				    "need CAP_NET_BIND_SERVICE"
				  : "");
	return r;
}

static int start_socket(struct receiver *receiver, struct receiver_socket *sock,
			struct msf *msf, struct loop *loop, loop_handler *handler,
			const struct msf_request *request, char *why)
{
	int r = open_socket(receiver, sock, why);

	if (r == 0)
		r = join(sock, msf, request, why);
	if (r == 0)
		r = bind_socket(receiver, sock, why);
	if (r < 0 || receiver_port(receiver) == 0)
		return r;
	r = loop_add(loop, &sock->source, sock->fd, handler, sock);
	if (r < 0)
		snprintf(why, RECEIVER_WHY_MAX, "epoll: %s", strerror(-r));
	return r;
}

/* How many sources one socket is to hold; never 0. */
static uint32_t sources_per_socket(const struct receiver *receiver, struct msf *msf)
{
	const struct channel_filter *filter = &receiver->channel->filter;
	struct msf_limits limits;
	uint32_t n = filter->numsrc;

	if (n > 1 && channel_filter_is_include(filter) &&
	    msf_probe_limits(msf, receiver->group.ss_family, &limits) == 0) {
		n = limits.sources < n ? limits.sources : n;
		n = limits.set_sources < n ? limits.set_sources : n;
		n = SHARE_MAX < n ? SHARE_MAX : n;
	}
	return n ? n : 1;
}

uint32_t receiver_count_sockets(const struct receiver *receiver, struct msf *msf)
{
	uint32_t numsrc = receiver->channel->filter.numsrc;
	uint32_t share = sources_per_socket(receiver, msf);

	return numsrc ? (numsrc + share - 1) / share : 1;
}

/* One socket for each share of the sources. */
static int join_shares(struct receiver *receiver, struct msf *msf, struct loop *loop,
		       uint32_t share, loop_handler *handler, char *why)
{
	uint32_t numsrc = receiver->channel->filter.numsrc;
	uint32_t n = numsrc ? (numsrc + share - 1) / share : 1;
	int r = 0;

	receiver->sockets = calloc(n, sizeof(*receiver->sockets));
	if (!receiver->sockets) {
		snprintf(why, RECEIVER_WHY_MAX, "%s", strerror(ENOMEM));
		return -ENOMEM;
	}
	for (uint32_t i = 0; i < n; i++)
		receiver->sockets[i] = (struct receiver_socket){
			.receiver = receiver, .source = LOOP_SOURCE_INIT, .fd = -1
		};
	receiver->n_sockets = n;
	for (uint32_t i = 0; i < n && r == 0; i++) {
		uint32_t first = i * share;
		struct msf_request request = make_request(
			receiver, first, numsrc - first < share ? numsrc - first : share);

		r = start_socket(receiver, &receiver->sockets[i], msf, loop, handler,
				 &request, why);
	}
	return r;
}

int receiver_join(struct receiver *receiver, struct msf *msf, struct loop *loop,
		  const struct msf_interface *interface, loop_handler *handler,
		  char why[RECEIVER_WHY_MAX])
{
	bool is_shared = channel_filter_is_include(&receiver->channel->filter);
	uint32_t share = sources_per_socket(receiver, msf);
	int r;

	for (;; share /= 2) {
		receiver->interface = *interface;
		receiver->has_drops = receiver_port(receiver) != 0 &&
				      msf_probe_backend(msf) == MSF_BACKEND_KERNEL;
		r = join_shares(receiver, msf, loop, share, handler, why);
		if (r < 0)
			receiver_close(receiver, loop);
		/* How many a socket filter holds depends on the addresses. */
		if (r != -ENOBUFS || !is_shared || share / 2 < SHARE_LEAST)
			break;
	}
	receiver->n_joins += r == 0;
	return r;
}

int receiver_leave(struct receiver *receiver, struct msf *msf)
{
	int ret = 0;

	for (uint32_t i = 0; i < receiver->n_sockets; i++) {
		int r = msf_leave_group(msf, receiver->sockets[i].fd,
					receiver->interface.ifindex,
					(const struct sockaddr *)&receiver->group);

		if (r < 0 && ret == 0)
			ret = r;
	}
	return ret;
}

void receiver_count_drops(struct receiver_socket *sock, uint32_t drops)
{
	sock->receiver->drops += (uint32_t)(drops - sock->drops);
	sock->drops = drops;
}

/* Drops behind the last packet are told by no packet. */
static void look_at_drops(struct receiver_socket *sock)
{
	uint32_t info[SK_MEMINFO_VARS] = { 0 };
	socklen_t len = sizeof(info);

	if (sock->receiver->has_drops &&
	    getsockopt(sock->fd, SOL_SOCKET, SO_MEMINFO, info, &len) == 0 &&
	    len >= (SK_MEMINFO_DROPS + 1) * sizeof(info[0]))
		receiver_count_drops(sock, info[SK_MEMINFO_DROPS]);
}

void receiver_close(struct receiver *receiver, struct loop *loop)
{
	for (uint32_t i = 0; i < receiver->n_sockets; i++) {
		struct receiver_socket *sock = &receiver->sockets[i];

		if (sock->fd < 0)
			continue;
		look_at_drops(sock);
		loop_del(loop, &sock->source);
		close(sock->fd);
	}
	free(receiver->sockets);
	receiver->sockets = NULL;
	receiver->n_sockets = 0;
	receiver->interface.ifindex = 0;
}

void receiver_format(const struct receiver *receiver, char buf[RECEIVER_TEXT_MAX])
{
	struct endpoint endpoint = receiver->channel->endpoint;
	const char *name = receiver->interface.name;
	char text[ENDPOINT_TEXT_MAX];

	endpoint.group = receiver->group;
	endpoint.n_groups = 1;
	endpoint_format(&endpoint, text, sizeof(text));
	snprintf(buf, RECEIVER_TEXT_MAX, "%s on %s", text,
		 *name ? name : receiver->channel->interface);
}

int receiver_explain_warnings(const struct receiver *receiver, struct msf *msf,
			      char why[RECEIVER_WHY_MAX])
{
	struct msf_request request = make_request(receiver, 0,
						  receiver->channel->filter.numsrc);

	return msf_explain(msf, receiver->sockets[0].fd, &request, 0, why,
			   RECEIVER_WHY_MAX);
}
