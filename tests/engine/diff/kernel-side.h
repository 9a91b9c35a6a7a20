/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * kernel-side: hosts that are links of a namespace: what the script says is done with
 * real sockets, and what the kernel then sends is captured on its way out. Messages of
 * the link come in through the other end.
 *
 * Unsolicited intervals are short, so that a step takes 20 to 60 ms.
 */
#ifndef DIFF_KERNEL_SIDE_H
#define DIFF_KERNEL_SIDE_H

#include "message.h"
#include "wire.h"

#define KERNEL_HOSTS    64u
#define KERNEL_OLDER_MS 40u /* Unsolicited Report Interval of older versions */

struct kernel_host {
	const struct script_plan *plan;
	char name[16];
	uint32_t ifindex, peer;
	int sockets[SCRIPT_SOCKETS];
};

struct kernel {
	struct wire *wire;
	int sender; /* AF_PACKET */
	unsigned int n_hosts;
	struct kernel_host hosts[KERNEL_HOSTS];
};

/* Enters a namespace with a link for each plan, and waits until all is quiet. The test
 * ends when that cannot be done. */
void kernel_init(struct kernel *kernel, const struct script_plan *const *plans,
		 unsigned int n_hosts);
void kernel_fini(struct kernel *kernel);

/* us of the clock that packets are stamped with. */
uint64_t kernel_get_time(void);

void kernel_call(struct kernel *kernel, unsigned int host,
		 const struct script_call *call);
void kernel_hear(struct kernel *kernel, unsigned int host,
		 const struct message_bytes *message);
void kernel_set_link(struct kernel *kernel, unsigned int host, bool is_up);

/* Waits for the next packet that a host sends, until it comes or ms are over: 1 and host,
 * packet (borrowed until the next call) and time; or 0. */
int kernel_pop(struct kernel *kernel, int ms, unsigned int *ret_host,
	       struct wire_packet *ret_packet, uint64_t *ret_time);

#endif
