/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One option of a locked socket, set or asked for: the parts of asm_set_option() and
 * asm_get_option(). Of a socket that is not ours the kernel answers, of one that is
 * the answers are as if nobody but the application had put anything on it.
 */
#ifndef ASM_OPTION_H
#define ASM_OPTION_H

#include "asm/carrier.h"

struct option {
	struct carrier carrier;
	bool is_receive_filtered;
	int level;
	int optname;
};

struct option_value {
	const void *at;
	socklen_t len;
};

struct option_answer {
	void *at;
	socklen_t *len;
};

/* The kernel's own. */
int option_set(const struct option *option, struct option_value value);
int option_get(const struct option *option, struct option_answer answer);

/* An int as Linux takes one at the level, IPv4's also in a char, and IP_PKTINFO in
 * nothing: -EINVAL, -EFAULT. */
int option_parse(const struct option *option, struct option_value value, int *ret);
int option_print(const struct option *option, struct option_answer answer, int value);

/* SO_ATTACH_FILTER, SO_DETACH_FILTER, SO_ATTACH_BPF, SO_GET_FILTER. */
int option_attach_filter(const struct option *option, struct option_value value);
int option_detach_filter(const struct option *option, struct option_value value);
int option_attach_bpf(const struct option *option, struct option_value value);
int option_get_filter(const struct option *option, struct option_answer answer);

/* IP_MULTICAST_ALL, IPV6_MULTICAST_ALL. */
int option_set_all(const struct option *option, struct option_value value);
int option_get_all(const struct option *option, struct option_answer answer);

/* IP_PKTINFO, IPV6_RECVPKTINFO. */
int option_set_pktinfo(const struct option *option, struct option_value value);
int option_get_pktinfo(const struct option *option, struct option_answer answer);

#endif
