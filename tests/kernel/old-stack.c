/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The seccomp filters of an older stack: rules one after the other, each a call, a
 * level, an option and what they are answered with; everything else passes.
 */
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <netinet/in.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include "old-stack.h"
#include "tap.h"

#ifndef SO_ATTACH_BPF
#define SO_ATTACH_BPF 50
#endif

#define MAX_OPS 200u
#define N_OPS   7u /* of one rule */

struct code {
	struct sock_filter op[MAX_OPS];
	unsigned int n;
};

/* Little-endian: the low half of an argument is the first. */
#define ARGUMENT(i) (offsetof(struct seccomp_data, args) + 8 * (i))

static const int source_options[] = {
	IP_UNBLOCK_SOURCE,
	IP_BLOCK_SOURCE,
	IP_ADD_SOURCE_MEMBERSHIP,
	IP_DROP_SOURCE_MEMBERSHIP,
	IP_MSFILTER,
	MCAST_BLOCK_SOURCE,
	MCAST_UNBLOCK_SOURCE,
	MCAST_JOIN_SOURCE_GROUP,
	MCAST_LEAVE_SOURCE_GROUP,
	MCAST_MSFILTER,
};

static void add(struct code *code, struct sock_filter op)
{
	if (code->n == MAX_OPS)
		tap_bail_out("the seccomp filter is too long");
	code->op[code->n++] = op;
}

/* This call with this level and option: that answer of seccomp. */
static void add_answer(struct code *code, long call, int level, int option,
		       uint32_t answer)
{
	const uint32_t value[] = { (uint32_t)call, (uint32_t)level, (uint32_t)option };
	const uint32_t where[] = { offsetof(struct seccomp_data, nr), ARGUMENT(1),
				   ARGUMENT(2) };

	for (unsigned int i = 0; i < 3; i++) {
		uint8_t rest = (uint8_t)(N_OPS - 2 * i - 2); /* of this rule */

		add(code,
		    (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, where[i]));
		add(code, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K,
						       value[i], 0, rest));
	}
	add(code, (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, answer));
}

static void add_rule(struct code *code, long call, int level, int option, int error)
{
	add_answer(code, call, level, option, SECCOMP_RET_ERRNO | (uint32_t)error);
}

/* A stack that says yes to setsockopt() has nothing to tell getsockopt(). */
static void add_option(struct code *code, int level, int option, int error)
{
	add_rule(code, SYS_setsockopt, level, option, error);
	add_rule(code, SYS_getsockopt, level, option, error ? error : ENOPROTOOPT);
}

static void install(struct code *code)
{
	struct sock_fprog program = { .filter = code->op };

	add(code, (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW));
	program.len = (unsigned short)code->n;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
	    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0) < 0)
		tap_bail_out("seccomp: %s", strerror(errno));
}

static void hide_memberships(const struct old_stack *stack, int level)
{
	struct code code = { .n = 0 };

	if (stack->has_own_filter) {
		add_rule(&code, SYS_setsockopt, level, MCAST_MSFILTER, stack->set_error);
		add_rule(&code, SYS_getsockopt, level, MCAST_MSFILTER, stack->get_error);
	}
	for (unsigned int i = 0; i < sizeof(source_options) / sizeof(*source_options);
	     i++)
		if (level == IPPROTO_IP || source_options[i] > IP_MSFILTER)
			add_option(&code, level, source_options[i], stack->error);
	if (stack->lacks_group_join) {
		add_option(&code, level, MCAST_JOIN_GROUP, stack->error);
		add_option(&code, level, MCAST_LEAVE_GROUP, stack->error);
	}
	install(&code);
}

static void hide_filters(enum old_stack_filters filters)
{
	static const int options[] = { SO_ATTACH_FILTER, SO_DETACH_FILTER, SO_LOCK_FILTER,
				       SO_ATTACH_BPF };
	int error = filters == OLD_STACK_FILTERS_FAKE ? 0 : ENOPROTOOPT;
	struct code code = { .n = 0 };

	if (filters == OLD_STACK_FILTERS_WORK)
		return;
	if (filters == OLD_STACK_FILTERS_BLIND)
		add_rule(&code, SYS_getsockopt, SOL_SOCKET, SO_GET_FILTER, ENOPROTOOPT);
	else if (filters == OLD_STACK_FILTERS_FATAL) {
		add_rule(&code, SYS_getsockopt, SOL_SOCKET, SO_COOKIE, ENOPROTOOPT);
		add_answer(&code, SYS_getsockopt, SOL_SOCKET, SO_GET_FILTER,
			   SECCOMP_RET_KILL_PROCESS);
	} else
		for (unsigned int i = 0; i < sizeof(options) / sizeof(*options); i++)
			add_option(&code, SOL_SOCKET, options[i], error);
	install(&code);
}

void old_stack_enter(const struct old_stack *stack)
{
	if (!stack->has_ipv4)
		hide_memberships(stack, IPPROTO_IP);
	hide_memberships(stack, IPPROTO_IPV6);
	hide_filters(stack->filters);
}
