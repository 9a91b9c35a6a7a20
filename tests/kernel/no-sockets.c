/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * msf_state_scan_groups() in a program that may make no sockets, as a service with
 * RestrictAddressFamilies= (systemd.exec(5)): which backend serves cannot be tried then,
 * but the files of the kernel can be read, and say what they said.
 */
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "netns.h"
#include "system.h"
#include "tap.h"

/* No way back. Where all calls of sockets are one, none is left. */
static void forbid_sockets(void)
{
#ifdef SYS_socketcall
	const unsigned int call[] = { SYS_socket, SYS_socketpair, SYS_socketcall };
#else
	const unsigned int call[] = { SYS_socket, SYS_socketpair, SYS_socketpair };
#endif
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, call[0], 2, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, call[1], 1, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, call[2], 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EAFNOSUPPORT),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = { sizeof(code) / sizeof(code[0]), code };

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
	    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0) < 0)
		tap_bail_out("seccomp: %s", strerror(errno));
	if (socket(AF_INET, SOCK_DGRAM, 0) >= 0 || errno != EAFNOSUPPORT)
		tap_bail_out("a socket is still to be had");
}

/* The groups that have members; -errno. */
static int count_groups(void)
{
	struct msf *msf = system_new_context();
	struct msf_state *state;
	struct msf_group group;
	int r = msf_state_scan_groups(&state, msf), n = 0;

	if (r == 0) {
		while (msf_state_pop_group(state, &group) == 1)
			n += group.users > 0;
		msf_state_free(state);
	}
	msf_free(msf);
	return r < 0 ? r : n;
}

int main(void)
{
	struct tap tap = { 0 };
	struct netns net;
	int before, after;

	netns_init(&net);
	before = count_groups();
	forbid_sockets();
	after = count_groups();
	tap_expect(&tap, before > 0, "before: %d", before);
	tap_expect(&tap, after == before, "%d groups, not %d: %s", after, before,
		   strerror(after < 0 ? -after : 0));
	tap_end(&tap, "who may make no sockets is told of the same groups");
	return tap_finish(&tap);
}
