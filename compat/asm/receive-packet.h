/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One packet of a socket whose receive calls filter: received with name and control
 * data of our own, judged, and handed over as the kernel would have written it.
 *
 * Where it was sent to and where it came in tells the packet information
 * (IP_PKTINFO, IPV6_RECVPKTINFO) that the backend has turned on; the application sees
 * of it what it asked for itself. A packet without it cannot be judged, so it is not
 * admitted; it is turned on again then.
 */
#ifndef ASM_RECEIVE_PACKET_H
#define ASM_RECEIVE_PACKET_H

#include "asm/store.h"

/* A socket whose receive calls filter. */
struct receiver {
	int fd;
	uint64_t key;
	bool is_stored; /* false: a packet of it is in the stash, and that is all */
	struct store_wishes wishes;
};

/* false: the receive calls of this descriptor are libc's. */
bool receiver_init(struct receiver *ret, int fd);

/* With SO_PEEK_OFF a peek need not show the head of the queue. */
bool receiver_has_peek_offset(const struct receiver *receiver);

/* Control data of the application; more is cut off (MSG_CTRUNC). Behind it, room for
 * what comes before the packet information, so that this is always whole. */
#define PACKET_CONTROL       4096u
#define PACKET_CONTROL_EXTRA 512u

struct packet {
	struct sockaddr_storage name;
	socklen_t namelen; /* 0: no packet, but the end of a socket that was shut down */
	int flags;         /* msg_flags */
	size_t n_control;
	ssize_t len; /* as the call returned it */
	_Alignas(struct cmsghdr) unsigned char control[PACKET_CONTROL +
						       PACKET_CONTROL_EXTRA];
};

/* recvmsg() into the buffers of msg, its name and control data aside. 0 or -errno. */
int packet_receive(struct packet *packet, const struct receiver *receiver,
		   const struct msghdr *msg, int flags);

/* Of what MSG_ERRQUEUE brought nothing is asked: it was sent by the application. */
bool packet_is_admitted(const struct packet *packet, const struct receiver *receiver);

/* Writes name, control data and flags to msg as recvmsg() does; or the name alone. */
void packet_hand_over(const struct packet *packet, const struct receiver *receiver,
		      struct msghdr *msg);
void packet_hand_over_name(const struct packet *packet, struct msghdr *msg);

#endif
