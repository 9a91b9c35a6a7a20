/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Programs on their way to a socket and from it. The invariant: while one takes the
 * place of another, a packet meets the old one, the new one, or one that admits no
 * multicast.
 */
#ifndef ASM_ATTACH_H
#define ASM_ATTACH_H

#include "asm/program.h"

/*
 * old is what the program on the socket was made of, family that of the socket; a
 * program without instructions is none. Refused, the one before is in force. -ENOBUFS,
 * -EPERM (SO_LOCK_FILTER), -ENOMEM, or why socket filters are refused altogether.
 */
int attach_replace(int fd, const struct asm_state *old, const struct program *program,
		   int family);

/* *n: room in, instructions out. -EACCES: an eBPF program. Kills the process under
 * some emulators where SO_COOKIE is not known. */
int attach_read(int fd, struct sock_filter *code, uint32_t *n);

#endif
