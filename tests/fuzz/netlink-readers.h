/* SPDX-License-Identifier: BSD-2-Clause */
/* netlink-readers: what of the library reads netlink messages, for fuzz-netlink. */
#ifndef FUZZ_NETLINK_READERS_H
#define FUZZ_NETLINK_READERS_H

struct nl_msg;

/* lib/monitor.c: links, addresses and groups that come and go. */
void netlink_readers_hear_event(struct nl_msg *message);

/* lib/sockets.c: an entry of the list of sockets. */
void netlink_readers_hear_socket(struct nl_msg *message);

#endif
