/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * batch: reads the packets of a receiver's socket, several with one call (see
 * receiver.h).
 *
 * Invariant: lengths are those of the datagrams, whether or not their contents were
 * asked for.
 */
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "receiver.h"

/* The largest datagram; IPv6 jumbograms do not come over UDP sockets. */
#define DATAGRAM_MAX 65536

/* pktinfo, time stamp and drop counter with their heads */
#define CONTROL_MAX 256

struct receiver_batch {
	struct mmsghdr messages[RECEIVER_BATCH];
	struct iovec iovs[RECEIVER_BATCH];
	struct sockaddr_storage sources[RECEIVER_BATCH];
	_Alignas(struct cmsghdr) char controls[RECEIVER_BATCH][CONTROL_MAX];
	struct receiver_packet packets[RECEIVER_BATCH];
	uint8_t *buffer; /* NULL without payloads */
};

int receiver_batch_new(struct receiver_batch **ret, bool has_payloads)
{
	struct receiver_batch *batch = calloc(1, sizeof(*batch));

	if (!batch)
		return -ENOMEM;
	if (has_payloads) {
		batch->buffer = malloc((size_t)RECEIVER_BATCH * DATAGRAM_MAX);
		if (!batch->buffer) {
			free(batch);
			return -ENOMEM;
		}
	}
	*ret = batch;
	return 0;
}

struct receiver_batch *receiver_batch_free(struct receiver_batch *batch)
{
	if (batch)
		free(batch->buffer);
	free(batch);
	return NULL;
}

static void prepare(struct receiver_batch *batch)
{
	for (size_t i = 0; i < RECEIVER_BATCH; i++) {
		struct msghdr *head = &batch->messages[i].msg_hdr;

		if (batch->buffer)
			batch->iovs[i] = (struct iovec){ batch->buffer + i * DATAGRAM_MAX,
							 DATAGRAM_MAX };
		*head = (struct msghdr){
			.msg_name = &batch->sources[i],
			.msg_namelen = sizeof(batch->sources[i]),
			.msg_iov = &batch->iovs[i],
			.msg_iovlen = 1,
			.msg_control = batch->controls[i],
			.msg_controllen = CONTROL_MAX,
		};
	}
}

/* What the kernel says beside a packet. */
struct side_data {
	uint32_t ifindex;
	bool has_when, has_drops;
	struct timespec when;
	uint32_t drops;
};

static void read_control(const struct cmsghdr *control, struct side_data *side)
{
	const void *data = CMSG_DATA(control);

	if (control->cmsg_level == IPPROTO_IP && control->cmsg_type == IP_PKTINFO) {
		struct in_pktinfo info;

		memcpy(&info, data, sizeof(info));
		side->ifindex = (uint32_t)info.ipi_ifindex;
	} else if (control->cmsg_level == IPPROTO_IPV6 &&
		   control->cmsg_type == IPV6_PKTINFO) {
		struct in6_pktinfo info;

		memcpy(&info, data, sizeof(info));
		side->ifindex = info.ipi6_ifindex;
	} else if (control->cmsg_level == SOL_SOCKET &&
		   control->cmsg_type == SCM_TIMESTAMPNS) {
		memcpy(&side->when, data, sizeof(side->when));
		side->has_when = true;
	} else if (control->cmsg_level == SOL_SOCKET &&
		   control->cmsg_type == SO_RXQ_OVFL) {
		memcpy(&side->drops, data, sizeof(side->drops));
		side->has_drops = true;
	}
}

static void read_side_data(struct msghdr *head, struct side_data *side)
{
	struct cmsghdr *control;

	*side = (struct side_data){ 0 };
	for (control = CMSG_FIRSTHDR(head); control; control = CMSG_NXTHDR(head, control))
		read_control(control, side);
	if (!side->has_when)
		clock_gettime(CLOCK_REALTIME, &side->when);
}

/* True when the packet counts. */
static bool read_packet(struct receiver_socket *sock, struct receiver_batch *batch, int i,
			struct receiver_packet *packet)
{
	struct mmsghdr *message = &batch->messages[i];
	struct receiver *receiver = sock->receiver;
	struct side_data side;

	read_side_data(&message->msg_hdr, &side);
	if (side.has_drops && receiver->has_drops)
		receiver_count_drops(sock, side.drops);
	if (side.ifindex != receiver->interface.ifindex) {
		receiver->foreign_packets++;
		return false;
	}
	*packet = (struct receiver_packet){
		.flow = { .source = &batch->sources[i],
			  .len = message->msg_len,
			  .when = side.when,
			  .latency_ns = flow_get_interval(&sock->joined, &side.when) },
		.data = batch->buffer ? batch->buffer + (size_t)i * DATAGRAM_MAX : NULL,
	};
	return true;
}

int receiver_read(struct receiver_socket *sock, struct receiver_batch *batch,
		  uint64_t max, const struct receiver_packet **ret_packets,
		  uint32_t *ret_n)
{
	unsigned int n_wanted = max < RECEIVER_BATCH ? (unsigned int)max : RECEIVER_BATCH;
	uint32_t n = 0;
	int n_read;

	prepare(batch);
	/* MSG_TRUNC: the whole length, although no buffer is there for it. */
	n_read = msf_recvmmsg(sock->fd, batch->messages, n_wanted,
			      MSG_DONTWAIT | MSG_TRUNC, NULL);
	if (n_read < 0 && errno != EAGAIN && errno != EINTR)
		return -errno;
	for (int i = 0; i < n_read; i++)
		n += read_packet(sock, batch, i, &batch->packets[n]);
	*ret_packets = batch->packets;
	*ret_n = n;
	return n_read < 0 ? 0 : n_read;
}
