/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Input: a received packet's name and control data, and the buffers of the program that
 * receives it, where the receive calls filter (compat/asm). Sent by: the kernel; the
 * source address and, by options of the program's, the data are any sender's.
 *
 * Two octets are the size of the program's control buffer, one that of its name buffer
 * and what it wants; then the packet. Nothing is written behind those buffers, and what
 * is said to be there is.
 */
#include <stdlib.h>
#include <string.h>

#include "asm/receive-packet.h"
#include "target.h"

#define HEAD 4u

/* Rows of control data as the kernel writes them: whole heads, lengths that fit. */
static void put_control(struct packet *packet, const uint8_t *data, size_t len)
{
	while (len >= 4 && packet->n_control + CMSG_SPACE(256) < PACKET_CONTROL) {
		struct cmsghdr *cmsg = (void *)(packet->control + packet->n_control);
		size_t n = data[2] < len - 3 ? data[2] : len - 3;

		cmsg->cmsg_level = data[0] & 1 ? IPPROTO_IP : IPPROTO_IPV6;
		cmsg->cmsg_type = data[1];
		cmsg->cmsg_len = CMSG_LEN(n);
		memcpy(CMSG_DATA(cmsg), data + 3, n);
		packet->n_control += CMSG_SPACE(n);
		data += 3 + n;
		len -= 3 + n;
	}
}

static void check_control(const struct msghdr *msg, size_t room)
{
	struct msghdr copy = *msg;
	size_t n = 0;

	target_expect(msg->msg_controllen <= room, "no more than there is room for");
	for (struct cmsghdr *cmsg = CMSG_FIRSTHDR(&copy); cmsg;
	     cmsg = CMSG_NXTHDR(&copy, cmsg)) {
		target_expect(cmsg->cmsg_len <= room, "a length within the buffer");
		n++;
	}
	target_expect(n <= room / sizeof(struct cmsghdr), "as many heads as fit");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct packet *packet = calloc(1, sizeof(*packet));
	struct receiver receiver = { .fd = -1 };
	size_t room, n_name;
	struct msghdr msg = { 0 };

	target_expect(packet != NULL, "no memory");
	if (len < HEAD) {
		free(packet);
		return 0;
	}
	room = ((size_t)data[0] << 8 | data[1]) % 1024;
	n_name = data[2] % (sizeof(packet->name) + 1);
	receiver.wishes = (struct store_wishes){ data[3] & 1, data[3] & 2 };
	packet->namelen = data[3] & 4 ? 16 : 28;
	packet->name.ss_family = data[3] & 4 ? 2 : 10;
	put_control(packet, data + HEAD, len - HEAD);
	msg.msg_name = malloc(n_name ? n_name : 1);
	msg.msg_namelen = (socklen_t)n_name;
	msg.msg_control = malloc(room ? room : 1);
	msg.msg_controllen = room;
	target_expect(msg.msg_name && msg.msg_control, "no memory");
	target_expect(packet_is_admitted(packet, &receiver), "nothing filters here");
	packet_hand_over(packet, &receiver, &msg);
	check_control(&msg, room);
	free(msg.msg_name);
	free(msg.msg_control);
	free(packet);
	return 0;
}
