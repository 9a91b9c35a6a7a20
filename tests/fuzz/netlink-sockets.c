/* SPDX-License-Identifier: BSD-2-Clause */
/* netlink-readers: that of sock_diag's lists, which is private to its file. */
#include "../../lib/sockets.c"

#include "netlink-readers.h"
#include "target.h"

void netlink_readers_hear_socket(struct nl_msg *message)
{
	struct sockets sockets = { 0 };
	struct listing listing = { .sockets = &sockets };

	read_message(message, &listing);
	target_expect(sockets.list.n <= 1, "a message is one socket");
	sockets_fini(&sockets);
}
