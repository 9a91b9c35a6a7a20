/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The MSF_* variables and a program that has more rights than who starts it (AT_SECURE):
 * it must not be told by that one which agent, table or limits to use. A copy of this
 * program that is set-user-ID looks, without asking anybody else for anything.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <msf.h>

#include "tap.h"

#define OTHER 65534u

/* What the child found. */
enum { CHILD_IGNORED = 10, CHILD_OBEYED, CHILD_NOT_SECURE };

/* Values that are refused by whoever looks at them; the last has no room in an address
 * of a socket. */
static char long_path[256];
static const struct variable {
	const char *name, *value;
} variables[] = {
	{ "MSF_BACKEND", "nonsense" },
	{ "MSF_SEMANTICS", "nonsense" },
	{ "MSF_MAX_SOURCES", "nonsense" },
	{ "MSF_AGENT", long_path },
};

#define N_VARIABLES (sizeof(variables) / sizeof(variables[0]))

static int look(bool is_secure)
{
	struct msf *msf = NULL;
	int r;

	if ((getauxval(AT_SECURE) != 0) != is_secure)
		return CHILD_NOT_SECURE;
	r = msf_new(&msf, NULL);
	if (r == 0)
		msf_free(msf);
	return r == 0 ? CHILD_IGNORED : CHILD_OBEYED;
}

static int run(const char *program, const char *how, const struct variable *variable)
{
	int status = 0;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		setenv(variable->name, variable->value, 1);
		execl(program, program, how, (char *)NULL);
		_exit(EXIT_FAILURE);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		tap_bail_out("fork: %s", strerror(errno));
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* Beside this program, which is no place that is mounted nosuid for being temporary. */
static int make_copy(const char *program, char copy[PATH_MAX])
{
	struct stat st;
	int in, out, r = 0;

	if (snprintf(copy, PATH_MAX, "%s.XXXXXX", program) >= PATH_MAX)
		tap_bail_out("%s: too long a name", program);
	in = open(program, O_RDONLY | O_CLOEXEC);
	out = mkstemp(copy);
	if (in < 0 || out < 0 || fstat(in, &st) < 0)
		tap_bail_out("a copy of this program: %s", strerror(errno));
	while (st.st_size > 0) {
		ssize_t n = sendfile(out, in, NULL, (size_t)st.st_size);

		if (n <= 0)
			tap_bail_out("a copy of this program: %s", strerror(errno));
		st.st_size -= n;
	}
	if (fchown(out, OTHER, (gid_t)-1) < 0 || fchmod(out, 04755) < 0)
		r = -errno;
	close(in);
	close(out);
	return r;
}

static void test_plain(struct tap *tap, const char *program)
{
	for (size_t i = 0; i < N_VARIABLES; i++)
		tap_expect(tap, run(program, "plain", &variables[i]) == CHILD_OBEYED,
			   "%s is not looked at", variables[i].name);
	tap_end(tap, "a program of the user's own is told by MSF_*");
}

static void test_secure(struct tap *tap, const char *program)
{
	char copy[PATH_MAX];
	int r = make_copy(program, copy);

	if (r < 0)
		tap_skip(tap, "the file cannot be given away: run as root");
	else if (run(copy, "secure", &variables[0]) == CHILD_NOT_SECURE)
		tap_skip(tap, "set-user-ID does nothing on this mount");
	for (size_t i = 0; !tap->skip && i < N_VARIABLES; i++) {
		r = run(copy, "secure", &variables[i]);
		tap_expect(tap, r == CHILD_IGNORED, "%s: %d", variables[i].name, r);
	}
	unlink(copy);
	tap_end(tap, "a set-user-ID program is not told by MSF_*");
}

int main(int argc, char **argv)
{
	char program[PATH_MAX];
	struct tap tap = { 0 };
	ssize_t n;

	/* at once: a sanitizer cannot look for leaks in who may not be looked at */
	if (argc == 2)
		_exit(look(!strcmp(argv[1], "secure")));
	memset(long_path, 'a', sizeof(long_path) - 1);
	n = readlink("/proc/self/exe", program, sizeof(program) - 1);
	if (n < 0)
		tap_bail_out("/proc: %s", strerror(errno));
	program[n] = '\0';
	test_plain(&tap, program);
	test_secure(&tap, program);
	return tap_finish(&tap);
}
