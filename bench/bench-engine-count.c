/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Valgrind writes its counts to a file with one line of names, "events:", and one of
 * numbers, "summary:" or "totals:". Both have the same order.
 */
#include "bench-engine-count.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define N_EVENTS 9

extern char **environ;

/* In the order of callgrind with --cache-sim=yes. */
static const char events[] = "events: Ir Dr Dw I1mr D1mr D1mw ILmr DLmr DLmw";
enum event { IR, DR, DW, I1MR, D1MR, D1MW, ILMR, DLMR, DLMW };

/* It warns that the cache it simulates is not the one that is there. */
static int spawn_quietly(const char **argv, pid_t *ret_pid)
{
	posix_spawn_file_actions_t actions;
	int r = -posix_spawn_file_actions_init(&actions);

	if (r < 0)
		return r;
	r = -posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null",
					      O_WRONLY, 0);
	if (!r)
		r = -posix_spawnp(ret_pid, argv[0], &actions, NULL, (char **)argv,
				  environ);
	posix_spawn_file_actions_destroy(&actions);
	return r;
}

static int run_valgrind(const char *function, const char *out, size_t n_states,
			unsigned int n_rounds)
{
	char toggle[64], file[192], states[32], rounds[32], self[512];
	const char *argv[] = { "valgrind",
			       "--tool=callgrind",
			       "-q",
			       toggle,
			       file,
			       "--cache-sim=yes",
			       "--I1=32768,8,64",
			       "--D1=32768,8,64",
			       "--LL=1048576,16,64",
			       self,
			       "--count",
			       states,
			       rounds,
			       NULL };
	ssize_t len = readlink("/proc/self/exe", self, sizeof(self) - 1);
	int status, r;
	pid_t pid = 0;

	if (len < 0)
		return -errno;
	self[len] = '\0';
	snprintf(toggle, sizeof(toggle), "--toggle-collect=%s", function);
	snprintf(file, sizeof(file), "--callgrind-out-file=%s", out);
	snprintf(states, sizeof(states), "%zu", n_states);
	snprintf(rounds, sizeof(rounds), "%u", n_rounds);
	r = spawn_quietly(argv, &pid);
	if (r < 0)
		return r;
	if (waitpid(pid, &status, 0) < 0)
		return -errno;
	return WIFEXITED(status) && !WEXITSTATUS(status) ? 0 : -EIO;
}

/* Zeros at the end of the line are left out. */
static int read_numbers(char *text, double numbers[N_EVENTS])
{
	for (int i = 0; i < N_EVENTS; i++)
		numbers[i] = strtod(text, &text);
	return numbers[IR] > 0 ? 0 : -EIO;
}

static int read_counts(const char *path, double numbers[N_EVENTS])
{
	FILE *file = fopen(path, "re");
	bool has_events = false;
	char line[256];
	int r = -EIO;

	if (!file)
		return -errno;
	while (fgets(line, sizeof(line), file)) {
		if (!strncmp(line, events, sizeof(events) - 1))
			has_events = true;
		if (has_events && !strncmp(line, "totals: ", 8))
			r = read_numbers(line + 8, numbers);
	}
	fclose(file);
	return r;
}

int count_function(const char *function, size_t n_states, unsigned int n_rounds,
		   unsigned int n_calls, struct count *ret)
{
	const char *folder = getenv("TMPDIR");
	double n[N_EVENTS] = { 0 }, calls = n_calls;
	char path[128];
	int fd, r;

	snprintf(path, sizeof(path), "%s/bench-engine.XXXXXX", folder ? folder : "/tmp");
	fd = mkstemp(path);
	if (fd < 0)
		return -errno;
	close(fd);
	r = run_valgrind(function, path, n_states, n_rounds);
	if (!r)
		r = read_counts(path, n);
	unlink(path);
	if (r < 0)
		return r;
	ret->instructions = n[IR] / calls;
	ret->accesses = (n[DR] + n[DW]) / calls;
	ret->misses_1 = (n[D1MR] + n[D1MW]) / calls;
	ret->misses_2 = (n[DLMR] + n[DLMW]) / calls;
	return 0;
}
