/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * process-socket: whose packets reach a socket before its source filters are asked: port,
 * addresses and device.
 */
#ifndef MWATCH_VERDICT_PROCESS_SOCKET_H
#define MWATCH_VERDICT_PROCESS_SOCKET_H

#include <stdbool.h>

#include "process.h"

/* By family: [0] IPv4, [1] IPv6. */
struct process_socket {
	bool is_raw;
	bool hears[2];
	uint16_t port;            /* host order; 0: not bound, or raw */
	struct address bound[2];  /* any: not to an address */
	struct address peer;      /* any: not connected */
	uint32_t device;          /* SO_BINDTODEVICE; 0: none */
	int has_multicast_all[2]; /* 0, 1; -1: not known */
	bool is_emulated; /* a filter of libmsf's own is on it, not the kernel's */
};

/* 1: it is one that may hear something; 0: it is none; -errno. */
int process_socket_read(const struct msf_socket *from, struct process_socket *ret);

/* Without asking its filters. */
bool process_socket_hears(const struct process_socket *socket,
			  const struct process_flow *flow);

/* Is it a socket that Linux gives every source, whatever any filter says? */
bool process_socket_is_unfiltered(const struct process_socket *socket,
				  const struct process_flow *flow);

#endif
