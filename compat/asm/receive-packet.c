/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One packet: what it tells of itself, and what of that the application sees. The
 * control data is copied by the rules of Linux (put_cmsg()), so that the buffer of the
 * application ends where it would have ended without our part in it.
 */
#include "asm/receive-packet.h"
#include "asm/receive-stash.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/stat.h>

bool receiver_init(struct receiver *ret, int fd)
{
	struct receiver receiver = { .fd = fd };
	int saved = errno;
	struct stat status;

	if (fstat(fd, &status) < 0 || !S_ISSOCK(status.st_mode)) {
		errno = saved;
		return false;
	}
	receiver.key = status.st_ino;
	receiver.is_stored = store_get_wishes(receiver.key, &receiver.wishes);
	if (!receiver.is_stored && !stash_has(receiver.key))
		return false;
	if (!receiver.is_stored)
		receiver.wishes = (struct store_wishes){ true, true };
	*ret = receiver;
	return true;
}

bool receiver_has_peek_offset(const struct receiver *receiver)
{
	socklen_t len = sizeof(int);
	int offset = -1;

	return getsockopt(receiver->fd, SOL_SOCKET, SO_PEEK_OFF, &offset, &len) == 0 &&
	       offset >= 0;
}

int packet_receive(struct packet *packet, const struct receiver *receiver,
		   const struct msghdr *msg, int flags)
{
	struct msghdr own = {
		.msg_name = &packet->name,
		.msg_namelen = sizeof(packet->name),
		.msg_iov = msg->msg_iov,
		.msg_iovlen = msg->msg_iovlen,
		.msg_control = packet->control,
		.msg_controllen = sizeof(packet->control),
	};

	packet->len = recvmsg(receiver->fd, &own, flags);
	if (packet->len < 0)
		return -errno;
	packet->namelen = own.msg_namelen;
	packet->flags = own.msg_flags;
	packet->n_control = own.msg_controllen;
	return 0;
}

static struct msghdr view_control(const struct packet *packet)
{
	return (struct msghdr){
		.msg_control = (void *)packet->control,
		.msg_controllen = packet->n_control,
	};
}

static bool is_pktinfo(const struct cmsghdr *cmsg)
{
	return cmsg->cmsg_level == IPPROTO_IP && cmsg->cmsg_type == IP_PKTINFO &&
	       cmsg->cmsg_len >= CMSG_LEN(sizeof(struct in_pktinfo));
}

static bool is_pktinfo6(const struct cmsghdr *cmsg)
{
	return cmsg->cmsg_level == IPPROTO_IPV6 && cmsg->cmsg_type == IPV6_PKTINFO &&
	       cmsg->cmsg_len >= CMSG_LEN(sizeof(struct in6_pktinfo));
}

static bool read_destination(const struct packet *packet, struct addr *ret_destination,
			     uint32_t *ret_ifindex)
{
	struct msghdr msg = view_control(packet);

	for (struct cmsghdr *cmsg = CMSG_FIRSTHDR(&msg); cmsg != NULL;
	     cmsg = CMSG_NXTHDR(&msg, cmsg)) {
		struct in6_pktinfo info6;
		struct in_pktinfo info;

		if (is_pktinfo(cmsg)) {
			memcpy(&info, CMSG_DATA(cmsg), sizeof(info));
			*ret_destination = addr_from_ipv4(ntohl(info.ipi_addr.s_addr));
			*ret_ifindex = (uint32_t)info.ipi_ifindex;
			return true;
		}
		if (is_pktinfo6(cmsg)) {
			memcpy(&info6, CMSG_DATA(cmsg), sizeof(info6));
			*ret_destination = addr_from_bytes(info6.ipi6_addr.s6_addr);
			*ret_ifindex = info6.ipi6_ifindex;
			return true;
		}
	}
	return false;
}

static bool read_source(const struct packet *packet, struct addr *ret)
{
	const struct sockaddr_in6 *sin6 = (const void *)&packet->name;
	const struct sockaddr_in *sin = (const void *)&packet->name;

	if (packet->name.ss_family == AF_INET)
		*ret = addr_from_ipv4(ntohl(sin->sin_addr.s_addr));
	else if (packet->name.ss_family == AF_INET6)
		*ret = addr_from_bytes(sin6->sin6_addr.s6_addr);
	else
		return false;
	return true;
}

/* Somebody turned it off behind our back, unless the socket has just been taken out
 * of the table. One of the two options is refused on an AF_INET socket, and that is
 * all right. */
static bool demand_pktinfo(const struct receiver *receiver)
{
	struct store_wishes wishes;
	int on = 1;

	if (!store_get_wishes(receiver->key, &wishes))
		return true;
	setsockopt(receiver->fd, IPPROTO_IP, IP_PKTINFO, &on, sizeof(on));
	setsockopt(receiver->fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, &on, sizeof(on));
	return false;
}

bool packet_is_admitted(const struct packet *packet, const struct receiver *receiver)
{
	struct addr destination, source;
	uint32_t ifindex;

	if (!receiver->is_stored || packet->namelen == 0 ||
	    (packet->flags & MSG_ERRQUEUE) != 0)
		return true;
	if (!read_source(packet, &source))
		return false;
	if (!read_destination(packet, &destination, &ifindex))
		return demand_pktinfo(receiver);
	return store_ask(receiver->key, destination, ifindex, source) != STORE_REFUSED;
}

/* What is left of the application's control buffer. */
struct control {
	unsigned char *at;
	size_t left;
	int flags;
};

static void put_control(struct control *control, const struct cmsghdr *cmsg)
{
	size_t len = cmsg->cmsg_len, space = CMSG_ALIGN(len);
	struct cmsghdr head = *cmsg;

	if (control->left < sizeof(head)) {
		control->flags |= MSG_CTRUNC;
		return;
	}
	if (control->left < len) {
		control->flags |= MSG_CTRUNC;
		len = control->left;
	}
	head.cmsg_len = len;
	memcpy(control->at, &head, sizeof(head));
	memcpy(control->at + sizeof(head), cmsg + 1, len - sizeof(head));
	if (space > control->left)
		space = control->left;
	control->at += space;
	control->left -= space;
}

static bool is_wanted(const struct cmsghdr *cmsg, const struct store_wishes *wishes)
{
	return !(is_pktinfo(cmsg) && !wishes->wants_pktinfo) &&
	       !(is_pktinfo6(cmsg) && !wishes->wants_pktinfo6);
}

static void hand_over_control(const struct packet *packet,
			      const struct receiver *receiver, struct msghdr *msg)
{
	bool has_room = msg->msg_control != NULL;
	struct control control = { .at = msg->msg_control, .flags = packet->flags };
	struct msghdr own = view_control(packet);

	control.left = has_room ? msg->msg_controllen : 0;
	for (struct cmsghdr *cmsg = CMSG_FIRSTHDR(&own); cmsg != NULL;
	     cmsg = CMSG_NXTHDR(&own, cmsg))
		if (is_wanted(cmsg, &receiver->wishes))
			put_control(&control, cmsg);
	if (has_room)
		msg->msg_controllen -= control.left;
	else
		msg->msg_controllen = 0;
	msg->msg_flags = control.flags;
}

void packet_hand_over_name(const struct packet *packet, struct msghdr *msg)
{
	socklen_t n = msg->msg_namelen;

	if (msg->msg_name == NULL)
		return;
	if (n > packet->namelen)
		n = packet->namelen;
	memcpy(msg->msg_name, &packet->name, n);
	msg->msg_namelen = packet->namelen;
}

void packet_hand_over(const struct packet *packet, const struct receiver *receiver,
		      struct msghdr *msg)
{
	packet_hand_over_name(packet, msg);
	hand_over_control(packet, receiver, msg);
}
