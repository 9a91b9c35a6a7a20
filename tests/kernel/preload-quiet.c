/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * preload-quiet LIBRARY: programs that never touch multicast make the same system calls
 * with the shim as without it, but for those that load one library.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/personality.h>
#include <sys/ptrace.h>
#include <linux/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tap.h"

#define N_CALLS 512

#define UDP                                                         \
	"import select, socket\n"                                   \
	"s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)\n"    \
	"s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)\n" \
	"s.setsockopt(socket.IPPROTO_IP, 8, 1) # IP_PKTINFO\n"      \
	"s.bind(('127.0.0.1', 0))\n"                                \
	"s.sendto(b'x', s.getsockname())\n"                         \
	"select.select([s], [], [], 9)\n"                           \
	"s.recvmsg(9, 99)\n"

static const char *const commands[][4] = {
	{ "true" },
	{ "ls", "/" },
	{ "sh", "-c", "echo | cat" },
	{ "/usr/bin/python3", "-IS", "-c", UDP },
};

struct trace {
	unsigned int n[N_CALLS];
	int status;
};

/* The names of what the loader does; it may be called more often or not. */
static bool is_loading(long call)
{
	switch (call) {
	case SYS_mmap:
	case SYS_munmap:
	case SYS_mprotect:
	case SYS_brk:
	case SYS_pread64:
	case SYS_fstat:
#ifdef SYS_newfstatat
	case SYS_newfstatat:
#else
	case SYS_fstatat64:
	case SYS_mmap2:
	case SYS_statx:
#endif
		return true;
	}
	return false;
}

/* One more of each for one more library. */
static bool is_opening(long call)
{
	return call == SYS_openat || call == SYS_read || call == SYS_close;
}

static void become(const char *const command[4], const char *library)
{
	const char *argv[5] = { command[0], command[1], command[2], command[3] };
	int fd = open("/dev/null", O_RDWR | O_CLOEXEC);

	dup2(fd, STDOUT_FILENO);
	if (library)
		setenv("LD_PRELOAD", library, 1);
	personality(ADDR_NO_RANDOMIZE);
	ptrace(PTRACE_TRACEME, 0, NULL, NULL);
	raise(SIGSTOP);
	execvp(argv[0], (char *const *)argv);
	_exit(127);
}

static void note(struct trace *trace, pid_t pid, bool *is_running)
{
	struct __ptrace_syscall_info info = { 0 };

	if (ptrace(PTRACE_GET_SYSCALL_INFO, pid, sizeof(info), &info) < 0)
		tap_bail_out("PTRACE_GET_SYSCALL_INFO: %s", strerror(errno));
	if (info.op == PTRACE_SYSCALL_INFO_ENTRY && *is_running &&
	    info.entry.nr < N_CALLS)
		trace->n[info.entry.nr]++;
	/* the end of execve() is where the program begins */
	if (info.op == PTRACE_SYSCALL_INFO_EXIT && !info.exit.is_error)
		*is_running = true;
}

static void run(struct trace *trace, const char *const command[4], const char *library)
{
	const long options = PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL;
	pid_t pid = fork();
	bool is_running = false;
	int status;

	if (pid == 0)
		become(command, library);
	*trace = (struct trace){ .status = -1 };
	if (waitpid(pid, &status, 0) != pid || !WIFSTOPPED(status) ||
	    ptrace(PTRACE_SETOPTIONS, pid, 0, options) < 0)
		tap_bail_out("ptrace: %s", strerror(errno));
	while (ptrace(PTRACE_SYSCALL, pid, 0, 0) == 0 &&
	       waitpid(pid, &status, 0) == pid) {
		if (!WIFSTOPPED(status)) {
			trace->status = status;
			return;
		}
		if (WSTOPSIG(status) == (SIGTRAP | 0x80))
			note(trace, pid, &is_running);
	}
}

static void test(struct tap *tap, const char *const command[4], const char *library)
{
	struct trace bare, with;

	run(&bare, command, NULL);
	run(&with, command, library);
	tap_expect(tap, bare.status == 0 && with.status == 0, "status %#x and %#x",
		   bare.status, with.status);
	for (long call = 0; call < N_CALLS; call++) {
		unsigned int more = is_opening(call) ? 1 : 0;

		if (!is_loading(call) && with.n[call] != bare.n[call] + more)
			tap_expect(tap, false, "system call %ld: %u, and %u without",
				   call, with.n[call], bare.n[call]);
	}
	tap_end(tap, "%s does nothing more than load the library", command[0]);
}

int main(int argc, char **argv)
{
	struct tap tap = { 0 };
	/* for a relative one the loader asks where it is */
	char *library = argc == 2 ? realpath(argv[1], NULL) : NULL;

	if (library == NULL)
		tap_bail_out("which library?");
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		test(&tap, commands[i], library);
	free(library);
	return tap_finish(&tap);
}
