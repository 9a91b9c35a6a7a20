/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Input: messages of rtnetlink and sock_diag. Sent by: the kernel, and by nobody else
 * without CAP_NET_ADMIN in the network namespace; links, addresses and routes in them are
 * as whoever has that made them.
 *
 * The first octet chooses who reads, the rest is one message, of which the length is
 * mended. Nobody looks behind its end.
 */
#include "../../tools/msfctl/doctor/doctor-netlink.c"

#include <stdlib.h>

#include "netlink-readers.h"
#include "target.h"

#define ADDRESSES_MAX 4

static void read_link_of(struct nl_msg *message)
{
	struct netlink_link link = { 0 };
	struct answer answer = { .ret = &link };

	handle_link(message, &answer);
	target_expect(memchr(link.name, '\0', sizeof(link.name)) &&
			      memchr(link.kind, '\0', sizeof(link.kind)),
		      "names end");
}

static void read_bridge_of(struct nl_msg *message)
{
	struct netlink_bridge bridge = { 0 };
	struct answer answer = { .ret = &bridge, .family = AF_INET };

	handle_bridge(message, &answer);
	answer.family = AF_INET6;
	handle_bridge(message, &answer);
	target_expect(memchr(bridge.name, '\0', sizeof(bridge.name)), "a name ends");
}

static void read_addresses(struct nl_msg *message)
{
	struct netlink_address addresses[ADDRESSES_MAX];
	struct answer answer = {
		.ret = addresses, .max = ADDRESSES_MAX, .ifindex = 1, .family = AF_INET
	};

	handle_address(message, &answer);
	answer.family = AF_INET6;
	handle_address(message, &answer);
	target_expect(answer.n <= ADDRESSES_MAX, "as many as there is room for");
}

static void read_route_of(struct nl_msg *message)
{
	struct netlink_route route = { 0 };
	struct answer answer = { .ret = &route, .ifindex = 1 };

	handle_route(message, &answer);
}

static void read_mdb(struct nl_msg *message)
{
	struct sockaddr_storage group;
	struct answer answer = { .ifindex = 1, .group = &group, .n = 1 };

	put_address(&group, AF_INET, "\xe8\1\1\1");
	handle_mdb(message, &answer);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static void (*const readers[])(struct nl_msg * message) = {
		read_link_of,
		read_bridge_of,
		read_addresses,
		read_route_of,
		read_mdb,
		netlink_readers_hear_event,
		netlink_readers_hear_socket,
	};
	struct nlmsghdr *header;
	struct nl_msg *message;

	if (len < 1 + sizeof(*header) || len > UINT16_MAX)
		return 0;
	header = malloc(len - 1);
	target_expect(header != NULL, "no memory");
	memcpy(header, data + 1, len - 1);
	header->nlmsg_len = (uint32_t)len - 1;
	message = nlmsg_convert(header);
	target_expect(message != NULL, "no memory");
	readers[*data % (sizeof(readers) / sizeof(readers[0]))](message);
	nlmsg_free(message);
	free(header);
	return 0;
}
