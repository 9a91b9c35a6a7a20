/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * bench-state: what msf_state_scan() costs on hosts of several sizes, in CPU time
 * of all threads, beside the least that any program must do that wants to know who
 * holds which socket: reading the links of /proc/PID/fd.
 *
 * bench-state [--json] [--only TEXT] [--rounds N] -: there is no interface to name.
 */
#include <dirent.h>
#include <errno.h>
#include <msf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "figure.h"
#include "host.h"
#include "options.h"

#define TARGET_MS 2000.0 /* of the plan that has it */

struct line {
	const char *name;
	struct host_plan plan;
	int has_target;
};

/* What a line came to. */
struct result {
	struct series scan;
	struct series walk;
	unsigned int n_sockets;
	unsigned int n_memberships;
};

static double get_cpu_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
	return (double)ts.tv_sec * 1e3 + (double)ts.tv_nsec / 1e6;
}

static void read_links(const char *pid)
{
	char path[300], link[64];
	struct dirent *entry;
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%s/fd", pid);
	dir = opendir(path);
	while (dir && (entry = readdir(dir)))
		if (readlinkat(dirfd(dir), entry->d_name, link, sizeof(link)) < 0)
			continue;
	if (dir)
		closedir(dir);
}

static int walk(void)
{
	DIR *dir = opendir("/proc");
	struct dirent *entry;

	if (!dir)
		return -errno;
	while ((entry = readdir(dir)))
		if (atoi(entry->d_name) > 0)
			read_links(entry->d_name);
	closedir(dir);
	return 0;
}

static int scan(struct result *result)
{
	struct msf_membership membership;
	struct msf_socket socket;
	struct msf_state *state;
	int r = msf_state_scan(&state, NULL, NULL);

	if (r < 0)
		return r;
	result->n_sockets = 0;
	result->n_memberships = 0;
	while (msf_state_pop_socket(state, &socket)) {
		result->n_sockets++;
		while (msf_state_pop_membership(state, &membership))
			result->n_memberships++;
	}
	msf_state_free(state);
	return 0;
}

/* By turns, so that whatever else the machine does meets both. */
static int measure(struct result *result, long n_rounds)
{
	int r = 0;

	for (long i = 0; !r && i < n_rounds; i++) {
		double start = get_cpu_ms(), middle, end;

		r = walk();
		middle = get_cpu_ms();
		if (!r)
			r = scan(result);
		end = get_cpu_ms();
		if (!r)
			r = series_add(&result->walk, middle - start);
		if (!r)
			r = series_add(&result->scan, end - middle);
	}
	return r;
}

static int check(const struct line *line, const struct result *result)
{
	unsigned int n = line->plan.n_processes * line->plan.n_sockets;

	if (result->n_sockets == n &&
	    result->n_memberships == n * line->plan.n_memberships)
		return 0;
	fprintf(stderr, "bench-state: %s: found %u sockets and %u memberships\n",
		line->name, result->n_sockets, result->n_memberships);
	return -EIO;
}

static void print(const struct line *line, struct result *result)
{
	struct spread scan = series_get_spread(&result->scan);
	struct spread walk = series_get_spread(&result->walk);
	const char *verdict = "";

	if (line->has_target)
		verdict = scan.median < TARGET_MS ? "  < 2000: reached"
						  : "  < 2000: missed";
	printf("%-26s %6u %8u %9u %7u %6u %9.1f %9.1f %6.2f%s\n", line->name,
	       line->plan.n_processes, result->n_sockets, result->n_memberships,
	       line->plan.n_groups, line->plan.n_processes * line->plan.n_idle,
	       scan.median, walk.median, scan.median / walk.median, verdict);
	fflush(stdout);
}

static void print_json(const struct line *line, struct result *result)
{
	char name[128];
	struct figure figure = {
		.name = name,
		.peer = "a walk of /proc/*/fd",
		.unit = "ms CPU",
	};

	snprintf(name, sizeof(name), "state scan: %s, %u processes", line->name,
		 line->plan.n_processes);
	if (!figure_compare(&figure, &result->scan, &result->walk))
		figure_print(&figure, stdout);
	figure.peer = "the limit of 2 s";
	figure.target = 1;
	if (line->has_target && !figure_limit(&figure, &result->scan, TARGET_MS))
		figure_print(&figure, stdout);
}

static int run_line(const struct line *line, const struct options *options)
{
	struct result result = { 0 };
	struct host host;
	int r = host_start(&host, &line->plan);

	if (!r)
		r = measure(&result, options->rounds);
	if (!r)
		r = check(line, &result);
	host_stop(&host);
	if (!r && options->json)
		print_json(line, &result);
	else if (!r)
		print(line, &result);
	series_fini(&result.scan);
	series_fini(&result.walk);
	return r;
}

static const struct line lines[] = {
	{ "no sockets", { 1000, 0, 0, 1, 0, HOST_UDP }, 0 },
	{ "100 sockets, 10 groups", { 100, 1, 10, 10, 0, HOST_UDP }, 0 },
	{ "100 sockets, 100 groups", { 100, 1, 10, 100, 0, HOST_UDP }, 0 },
	{ "1000 sockets, 10 groups", { 1000, 1, 10, 10, 0, HOST_UDP }, 0 },
	{ "1000 sockets, 100 groups", { 1000, 1, 10, 100, 0, HOST_UDP }, 1 },
	{ "5000 sockets, 10 groups", { 1000, 5, 10, 10, 0, HOST_UDP }, 0 },
	{ "5000 sockets, 100 groups", { 1000, 5, 10, 100, 0, HOST_UDP }, 0 },
	{ "1 membership a socket", { 1000, 10, 1, 100, 0, HOST_UDP }, 1 },
	{ "idle: UDP", { 1000, 0, 0, 1, 10, HOST_UDP }, 0 },
	{ "idle: UDP, not bound", { 1000, 0, 0, 1, 10, HOST_UNBOUND_UDP }, 0 },
	{ "idle: TCP", { 1000, 0, 0, 1, 10, HOST_TCP }, 0 },
	{ "100 namespaces", { 100, 1, 10, 10, 0, HOST_UDP, 1 }, 0 },
};

static int run(const struct options *options)
{
	int r = host_enter();

	if (!r && !options->json)
		printf("%-26s %6s %8s %9s %7s %6s %9s %9s %6s\n", "", "procs", "sockets",
		       "members", "groups", "idle", "scan ms", "walk ms", "ratio");
	for (size_t i = 0; !r && i < sizeof(lines) / sizeof(lines[0]); i++) {
		if (!options->only || strstr(lines[i].name, options->only))
			r = run_line(&lines[i], options);
	}
	return r;
}

int main(int argc, char **argv)
{
	struct options options = { .rounds = 9 };
	int r;

	if (options_parse(&options, argc, argv) < 0) {
		fprintf(stderr,
			"usage: bench-state [--json] [--only TEXT] [--rounds N] -\n");
		return 2;
	}
	r = run(&options);
	if (r < 0)
		fprintf(stderr, "bench-state: %s\n", strerror(-r));
	return r < 0;
}
