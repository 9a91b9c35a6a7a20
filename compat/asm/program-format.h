/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What program.c writes and program-decode.c reads: where the words of a packet are,
 * and the trailer behind the application's filter. From its end:
 *
 *	BPF_RET|BPF_K  PROGRAM_MAGIC
 *	BPF_LD|BPF_IMM a checksum of all other instructions
 *	BPF_LD|BPF_IMM version, leaf and flags
 *	BPF_LD|BPF_IMM n_memberships << 16 | n_application
 *	then for each membership, the last one first:
 *	BPF_LD|BPF_IMM RECORD_ bits and the place of its source search, 0: no sources
 *	BPF_LD|BPF_IMM interface index
 *	BPF_LD|BPF_IMM the group, its last word first (IPv4: one; IPv6: four)
 */
#ifndef ASM_PROGRAM_FORMAT_H
#define ASM_PROGRAM_FORMAT_H

#include "asm/program.h"

#define PROGRAM_MAGIC   0x6d736601u
#define PROGRAM_VERSION 1u

#define PROGRAM_WORD      (BPF_LD | BPF_IMM | BPF_W)
#define PROGRAM_N_FIXED   4u
#define PROGRAM_N_RECORD  3u /* IPv4 */
#define PROGRAM_N_RECORD6 6u

/* version << 24 | leaf << 8 | flags */
#define PROGRAM_IS_ALL   0x1u
#define PROGRAM_IS_ALL6  0x2u
#define PROGRAM_IS_INET6 0x4u /* the socket is an AF_INET6 one */
#define PROGRAM_FLAGS    0x7u

#define RECORD_IS_IPV6    0x80000000u
#define RECORD_IS_EXCLUDE 0x40000000u
#define RECORD_PLACE      0x0000ffffu

/* The words of a packet that matter; M[] keeps each under its number. */
#define WORD_GROUP     0u /* four of them; IPv4 has the last */
#define WORD_INTERFACE 4u
#define WORD_SOURCE    5u /* four of them */
#define N_WORDS        9u

/* Where a word is: the k of a BPF_ABS load. */
uint32_t program_get_offset(uint32_t word, bool is_ipv4);

uint32_t program_sum(const struct sock_filter *code, uint32_t n);

/* As program_encode() does it, with this one of the leaves: -ENOBUFS when it is too
 * long, -EINVAL when there is no such leaf or the state makes no sense. */
int program_encode_leaf(struct program *ret, const struct asm_state *state, int family,
			uint32_t leaf);

#endif
