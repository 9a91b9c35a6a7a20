/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * receiver: the sockets of one group of a channel on one interface.
 *
 * There is one socket, or several that share the sources of an INCLUDE list longer
 * than the system's limit (RFC 3376 2 lets each socket have a filter of its own).
 * A packet counts once: no source is in two of these lists, and what came in by
 * another interface is not the channel's.
 */
#ifndef MJOIN_RECEIVER_H
#define MJOIN_RECEIVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include <msf.h>

#include "channel.h"
#include "flow.h"
#include "loop.h"

#define RECEIVER_BATCH 64

/* Room for a reason and its cure. */
#define RECEIVER_WHY_MAX 1024

/* Room for a group and its interface. */
#define RECEIVER_TEXT_MAX 160

struct receiver;

struct receiver_socket {
	struct receiver *receiver;
	struct loop_source source;
	int fd;
	struct timespec joined; /* CLOCK_REALTIME, as the time stamps of packets */
	uint32_t drops;         /* as the kernel last said */
};

struct receiver {
	const struct channel *channel;
	struct sockaddr_storage group;
	uint32_t i_group; /* in the channel's range */
	void *owner;
	struct msf_interface interface; /* the last one; index 0: not joined */
	struct receiver_socket *sockets;
	uint32_t n_sockets;
	uint32_t n_joins; /* 2 and more: joined again */
	struct flow_table flows;
	uint64_t drops; /* by the kernel, of all sockets there were */
	bool has_drops; /* they can be known */
	uint64_t foreign_packets;
};

/* What one look at a socket brought. */
struct receiver_packet {
	struct flow_packet flow;
	const uint8_t *data; /* NULL without payloads */
};

struct receiver_batch;

/* 0, -EINVAL (no such group in the channel) or -ENOMEM. */
int receiver_init(struct receiver *receiver, const struct channel *channel,
		  uint32_t i_group, void *owner, uint32_t *flow_places);

/* Closes sockets that are left. */
void receiver_fini(struct receiver *receiver, struct loop *loop);

/* How many sockets its sources will need. */
uint32_t receiver_count_sockets(const struct receiver *receiver, struct msf *msf);

/*
 * Opens the sockets and joins.  handler gets the struct receiver_socket.  -errno and
 * the reason with its cure in why; then nothing stays joined.
 */
int receiver_join(struct receiver *receiver, struct msf *msf, struct loop *loop,
		  const struct msf_interface *interface, loop_handler *handler,
		  char why[RECEIVER_WHY_MAX]);

/* Leaves the group; what has arrived can still be read. 0 or the first -errno. */
int receiver_leave(struct receiver *receiver, struct msf *msf);

/* Looks at the drops a last time and closes the sockets. */
void receiver_close(struct receiver *receiver, struct loop *loop);

/* 232.1.1.1:5000 on eth0 */
void receiver_format(const struct receiver *receiver, char buf[RECEIVER_TEXT_MAX]);

/* The kernel's counter of a socket, which has 32 bits and wraps. */
void receiver_count_drops(struct receiver_socket *sock, uint32_t drops);

/* What msf_explain() warns of, and its length; 0: nothing. */
int receiver_explain_warnings(const struct receiver *receiver, struct msf *msf,
			      char why[RECEIVER_WHY_MAX]);

/* has_payloads: the contents are wanted, not only their length. */
int receiver_batch_new(struct receiver_batch **ret, bool has_payloads);
struct receiver_batch *receiver_batch_free(struct receiver_batch *batch);

/*
 * Reads at most max packets (and at most RECEIVER_BATCH) without waiting. Returns how
 * many were read, those of other interfaces included; 0: there is none; or -errno.
 * *ret_packets and *ret_n are those that count; they hold until the next call.
 */
int receiver_read(struct receiver_socket *sock, struct receiver_batch *batch,
		  uint64_t max, const struct receiver_packet **ret_packets,
		  uint32_t *ret_n);

#endif
