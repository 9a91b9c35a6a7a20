/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A classic BPF machine for tests: what the kernel's check asks of a program, and
 * what a program says of a packet.
 */
#ifndef BPF_MACHINE_H
#define BPF_MACHINE_H

#include <linux/filter.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"

/* A packet as a socket filter meets it. */
struct bpf_packet {
	uint8_t network[40]; /* the IP header, at SKF_NET_OFF */
	size_t n_network;
	uint8_t data[64]; /* from the transport header on */
	size_t n_data;
	uint32_t ifindex;
};

/* Of that version (4 or 6). */
void bpf_packet_init(struct bpf_packet *ret, int version, struct addr destination,
		     uint32_t ifindex, struct addr source);

/* Would the kernel load it? NULL, or what is wrong with it. */
const char *bpf_check(const struct sock_filter *code, uint32_t n);

/* Runs a program that bpf_check() finds right. Adds the instructions to *n_steps. */
uint32_t bpf_run(const struct sock_filter *code, const struct bpf_packet *packet,
		 uint64_t *n_steps);

/* Instructions after the kernel has translated them, as it charges them. */
uint32_t bpf_count_translated(const struct sock_filter *code, uint32_t n);

#endif
