/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * receiver: the doctor's own socket, which joins as any program would.  Bound to the
 * port it takes nothing from others: each socket gets a copy of what is sent to a
 * group.  Without a port, or where another program has the port for itself, it is a
 * raw socket, which needs CAP_NET_RAW.
 */
#ifndef MSFCTL_DOCTOR_RECEIVER_H
#define MSFCTL_DOCTOR_RECEIVER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include "doctor-watch.h"

struct patient;

struct receiver {
	int fd; /* -1: not open */
	uint64_t inode;
	bool is_deaf; /* has joined, but cannot receive; why says the reason */
	char why[WATCH_WHY_MAX];
	uint32_t ifindex;
	const struct sockaddr_storage *group; /* of the patient */
};

#define RECEIVER_INIT ((struct receiver){ .fd = -1 })

/* Joins on the interface, the source alone if there is one. 0; or -errno, with the
 * reason and its cure in why. */
int receiver_open(struct receiver *receiver, const struct patient *patient);

/* Leaves; nothing to do for one that is not open. */
void receiver_close(struct receiver *receiver);

/* 1 and the sender of the next datagram; 0: none now; or -errno. What came by another
 * interface or to another address is passed over. */
int receiver_pop(struct receiver *receiver, struct sockaddr_storage *ret_source);

#endif
