/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Linux charges a socket's option memory (net.core.optmem_max) with both programs for
 * as long as a replacement takes, so of two that fit alone a small one goes between.
 */
#include "asm/attach.h"

#include <errno.h>
#include <linux/bpf_common.h>
#include <sys/socket.h>

#include "asm/closed.h"
#include "asm/scratch.h"

/*
 * A program that comes to a bare socket and has this many instructions is put over a
 * small one. So the small one has room beside it when its turn to go comes.
 */
#define LARGE 128u

static struct sock_fprog get_fprog(const struct program *program)
{
	return (struct sock_fprog){ .len = (unsigned short)program->n,
				    .filter = program->code };
}

/* Where nothing can be detached (qemu-user): all passes. */
static int attach_open(int fd)
{
	struct sock_filter accept = BPF_STMT(BPF_RET | BPF_K, UINT32_MAX);
	struct sock_fprog fprog = { 1, &accept };

	return setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &fprog, sizeof(fprog))
		       ? -errno
		       : 0;
}

static int attach(int fd, const struct program *program)
{
	struct sock_fprog fprog = get_fprog(program);
	int unused = 0;

	if (program->n)
		return setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &fprog, sizeof(fprog))
			       ? -errno
			       : 0;
	if (!setsockopt(fd, SOL_SOCKET, SO_DETACH_FILTER, &unused, sizeof(unused)) ||
	    errno == ENOENT)
		return 0;
	return errno == ENOPROTOOPT ? attach_open(fd) : -errno;
}

/* No multicast passes and, where the application's filter does not fit, nothing. */
static int attach_closed(int fd, const struct asm_state *old, int family)
{
	struct sock_filter reject = BPF_STMT(BPF_RET | BPF_K, 0);
	struct program program = { &reject, 1 };
	struct asm_state state;
	int r = closed_init(&state, old);

	if (r < 0)
		return r;
	r = program_encode(&program, &state, family);
	if (r == 0) {
		r = attach(fd, &program);
		program_fini(&program);
	}
	state_fini(&state);
	if (r == -ENOBUFS || r == -ENOMEM)
		r = attach(fd, &(struct program){ &reject, 1 });
	return r;
}

static int attach_through_closed(int fd, const struct asm_state *old,
				 const struct program *before,
				 const struct program *program, int family)
{
	int r = attach_closed(fd, old, family);

	if (r < 0)
		return r;
	r = attach(fd, program);
	if (r < 0)
		attach(fd, before);
	return r;
}

/* Not where the new one has no hope, if that can be found out. */
static int replace_through_closed(int fd, const struct asm_state *old,
				  const struct program *program, int family)
{
	struct sock_fprog fprog = get_fprog(program);
	struct program before;
	int r;

	if (program->n && scratch_try(&fprog) == -ENOMEM)
		return -ENOBUFS;
	r = program_encode(&before, old, family);
	if (r == 0) {
		r = attach_through_closed(fd, old, &before, program, family);
		program_fini(&before);
	}
	return r == -ENOMEM ? -ENOBUFS : r;
}

int attach_replace(int fd, const struct asm_state *old, const struct program *program,
		   int family)
{
	bool is_bare = !old->n && !old->n_application;
	int r = -ENOMEM;

	if (!is_bare || program->n < LARGE)
		r = attach(fd, program);
	if (r == -ENOMEM)
		r = replace_through_closed(fd, old, program, family);
	return r;
}

int attach_read(int fd, struct sock_filter *code, uint32_t *n)
{
	/* counted in instructions, not bytes */
	socklen_t len = *n;

	if (getsockopt(fd, SOL_SOCKET, SO_GET_FILTER, code, &len) < 0)
		return -errno;
	*n = len;
	return 0;
}
