/* SPDX-License-Identifier: BSD-2-Clause */
/* Written after the description of the instructions, not after a kernel. */
#include "bpf-machine.h"

#include <string.h>

void bpf_packet_init(struct bpf_packet *ret, int version, struct addr destination,
		     uint32_t ifindex, struct addr source)
{
	uint8_t to[16], from[16];

	*ret = (struct bpf_packet){ .n_network = version == 4 ? 20 : 40,
				    .n_data = sizeof(ret->data),
				    .ifindex = ifindex };
	addr_to_bytes(destination, to);
	addr_to_bytes(source, from);
	ret->network[0] = version == 4 ? 0x45 : 0x60;
	if (version == 4) {
		memcpy(ret->network + 12, from + 12, 4);
		memcpy(ret->network + 16, to + 12, 4);
	} else {
		memcpy(ret->network + 8, from, 16);
		memcpy(ret->network + 24, to, 16);
	}
	for (size_t i = 0; i < sizeof(ret->data); i++)
		ret->data[i] = (uint8_t)(i * 7 + 1);
}

static bool is_known(uint16_t code)
{
	switch (code) {
	case BPF_LD | BPF_W | BPF_ABS:
	case BPF_LD | BPF_H | BPF_ABS:
	case BPF_LD | BPF_B | BPF_ABS:
	case BPF_LD | BPF_W | BPF_LEN:
	case BPF_LD | BPF_IMM:
	case BPF_LDX | BPF_IMM:
	case BPF_LD | BPF_MEM:
	case BPF_LDX | BPF_MEM:
	case BPF_ST:
	case BPF_STX:
	case BPF_MISC | BPF_TAX:
	case BPF_MISC | BPF_TXA:
	case BPF_ALU | BPF_ADD | BPF_K:
	case BPF_ALU | BPF_ADD | BPF_X:
	case BPF_JMP | BPF_JA:
	case BPF_JMP | BPF_JEQ | BPF_K:
	case BPF_JMP | BPF_JGE | BPF_K:
	case BPF_JMP | BPF_JGT | BPF_K:
	case BPF_RET | BPF_K:
	case BPF_RET | BPF_A:
		return true;
	}
	return false;
}

static bool is_memory(uint16_t code)
{
	return code == (BPF_LD | BPF_MEM) || code == (BPF_LDX | BPF_MEM) ||
	       code == BPF_ST || code == BPF_STX;
}

static const char *check_instruction(const struct sock_filter *in, uint32_t n_behind)
{
	if (!is_known(in->code))
		return "an unknown instruction";
	if (is_memory(in->code) && in->k >= BPF_MEMWORDS)
		return "memory that is not there";
	if (BPF_CLASS(in->code) != BPF_JMP)
		return NULL;
	if (BPF_OP(in->code) == BPF_JA ? in->k >= n_behind
				       : in->jt >= n_behind || in->jf >= n_behind)
		return "a jump behind the end";
	return NULL;
}

/* Memory that was not written on every way may not be read. */
static const char *check_memory(const struct sock_filter *code, uint32_t n)
{
	uint16_t written[BPF_MAXINSNS], now = 0;

	memset(written, 0xff, sizeof(written));
	for (uint32_t i = 0; i < n; i++) {
		const struct sock_filter *in = &code[i];

		now &= written[i];
		if (in->code == BPF_ST || in->code == BPF_STX)
			now |= (uint16_t)(1u << in->k);
		else if (is_memory(in->code) && !(now & 1u << in->k))
			return "memory is read that was not written";
		if (BPF_CLASS(in->code) != BPF_JMP)
			continue;
		if (BPF_OP(in->code) == BPF_JA) {
			written[i + 1 + in->k] &= now;
		} else {
			written[i + 1 + in->jt] &= now;
			written[i + 1 + in->jf] &= now;
		}
		now = 0xffff;
	}
	return NULL;
}

const char *bpf_check(const struct sock_filter *code, uint32_t n)
{
	const char *why = NULL;

	if (!n || n > BPF_MAXINSNS)
		return "its length";
	for (uint32_t i = 0; i < n && !why; i++)
		why = check_instruction(&code[i], n - i - 1);
	if (!why && BPF_CLASS(code[n - 1].code) != BPF_RET)
		why = "it does not end with BPF_RET";
	return why ? why : check_memory(code, n);
}

/* false: there is no such place, which ends a program with 0. */
static bool load(const struct bpf_packet *packet, const struct sock_filter *in,
		 uint32_t *ret)
{
	const uint32_t n = BPF_SIZE(in->code) == BPF_W   ? 4
			   : BPF_SIZE(in->code) == BPF_H ? 2
							 : 1;
	const uint8_t *from = packet->data;
	uint32_t at = in->k, value = 0;
	size_t n_from = packet->n_data;

	if (at == (uint32_t)SKF_AD_OFF + SKF_AD_IFINDEX) {
		*ret = packet->ifindex;
		return true;
	}
	if (at >= (uint32_t)SKF_NET_OFF) {
		at -= (uint32_t)SKF_NET_OFF;
		from = packet->network;
		n_from = packet->n_network;
	}
	if (at > n_from || n > n_from - at)
		return false;
	for (uint32_t i = 0; i < n; i++)
		value = value << 8 | from[at + i];
	*ret = value;
	return true;
}

static bool is_taken(const struct sock_filter *in, uint32_t a)
{
	switch (BPF_OP(in->code)) {
	case BPF_JEQ:
		return a == in->k;
	case BPF_JGE:
		return a >= in->k;
	case BPF_JGT:
		return a > in->k;
	}
	return false;
}

struct machine {
	uint32_t a, x, memory[BPF_MEMWORDS];
};

static bool step(struct machine *m, const struct sock_filter *in,
		 const struct bpf_packet *packet)
{
	switch (in->code) {
	case BPF_LD | BPF_W | BPF_LEN:
		m->a = (uint32_t)packet->n_data;
		break;
	case BPF_LD | BPF_IMM:
		m->a = in->k;
		break;
	case BPF_LDX | BPF_IMM:
		m->x = in->k;
		break;
	case BPF_LD | BPF_MEM:
		m->a = m->memory[in->k];
		break;
	case BPF_LDX | BPF_MEM:
		m->x = m->memory[in->k];
		break;
	case BPF_ST:
		m->memory[in->k] = m->a;
		break;
	case BPF_STX:
		m->memory[in->k] = m->x;
		break;
	case BPF_MISC | BPF_TAX:
		m->x = m->a;
		break;
	case BPF_MISC | BPF_TXA:
		m->a = m->x;
		break;
	case BPF_ALU | BPF_ADD | BPF_K:
		m->a += in->k;
		break;
	case BPF_ALU | BPF_ADD | BPF_X:
		m->a += m->x;
		break;
	default:
		return load(packet, in, &m->a);
	}
	return true;
}

uint32_t bpf_run(const struct sock_filter *code, const struct bpf_packet *packet,
		 uint64_t *n_steps)
{
	struct machine machine = { 0 };
	const struct sock_filter *in = code;

	for (;; in++) {
		++*n_steps;
		if (in->code == (BPF_RET | BPF_K))
			return in->k;
		if (in->code == (BPF_RET | BPF_A))
			return machine.a;
		if (in->code == (BPF_JMP | BPF_JA))
			in += in->k;
		else if (BPF_CLASS(in->code) == BPF_JMP)
			in += is_taken(in, machine.a) ? in->jt : in->jf;
		else if (!step(&machine, in, packet))
			return 0;
	}
}

static uint32_t count_one(const struct sock_filter *in)
{
	switch (BPF_CLASS(in->code)) {
	case BPF_LD:
		if (BPF_MODE(in->code) != BPF_ABS)
			return 1;
		return in->k == (uint32_t)SKF_AD_OFF + SKF_AD_IFINDEX ? 4 : 8;
	case BPF_JMP:
		if (BPF_OP(in->code) == BPF_JA)
			return 1;
		return 1u + (in->k >> 31) + (in->jt && in->jf);
	case BPF_RET:
		return 2;
	}
	return 1;
}

uint32_t bpf_count_translated(const struct sock_filter *code, uint32_t n)
{
	/* What comes first: the registers, the context. */
	uint32_t translated = 5;

	for (uint32_t i = 0; i < n; i++)
		translated += count_one(&code[i]);
	return translated;
}
