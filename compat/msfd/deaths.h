/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * deaths: which sockets have gone. The kernel tells of UDP sockets (sock_diag(7), the
 * groups SKNLGRP_INET_UDP_DESTROY and its like), unbound ones and those of killed
 * processes too; of the others (UDP-Lite, ping, raw), and where it does not or its
 * messages were lost, the lists of sockets are read once a second, while there are any.
 *
 * What was in a list and is not there any more is gone. What no list ever had (an unbound
 * socket) is thought alive: until the connection of its teller ends, where the kernel
 * does not tell of its death; and if it has no teller (it is of a journal, or messages
 * were lost), until DEATHS_GRACE_MS have passed in which its process did not tell of it.
 */
#ifndef MSFD_DEATHS_H
#define MSFD_DEATHS_H

#include "loop.h"
#include "msfd/holdings.h"

struct deaths;

#define DEATHS_GRACE_MS 10000u /* since the last deaths_check() */

/* changed() is called after holdings have ended. Opens its netlink sockets now, before
 * privileges go. 0 or -errno. */
int deaths_new(struct deaths **ret, struct loop *loop, struct holdings *holdings,
	       void (*changed)(void *context), void *context);
struct deaths *deaths_free(struct deaths *deaths);

/* The same as on a kernel that lacks something: for tests. */
enum deaths_lack {
	DEATHS_LACK_NOTIFICATIONS = 1,
	DEATHS_LACK_NETNS_COOKIE = 2, /* before Linux 5.14 */
	DEATHS_LACK_SOCK_DIAG = 4,    /* and so the notifications */
};
int deaths_new_lacking(struct deaths **ret, struct loop *loop, struct holdings *holdings,
		       void (*changed)(void *context), void *context, unsigned int lack);

/* Looks at all sockets of the holdings now, at the start with what the journal says. */
int deaths_check(struct deaths *deaths);

/* The client has gone: what is in no list and of whose death nobody tells ends. Called
 * before holdings_forget_client(). */
void deaths_forget_client(struct deaths *deaths, uint64_t client);

/* What a passed descriptor is, and is it of this namespace? MESSAGE_DONE and *ret;
 * MESSAGE_NO_SOCKET, MESSAGE_OTHER_SOCKET, MESSAGE_OTHER_NAMESPACE. By SO_NETNS_COOKIE;
 * on kernels without it by the lists of sockets of this namespace, and a socket that is
 * not bound, and so in no list of any, is believed. */
enum message_reason deaths_identify(struct deaths *deaths, int fd,
				    struct holdings_socket *ret);

/* Does the kernel tell of deaths? For the status. */
bool deaths_is_told(const struct deaths *deaths);

#endif
