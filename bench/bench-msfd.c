/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * bench-msfd [--json] [--only joins] [--rounds N] IFACE: what msfd costs a host with
 * 10,000 sockets in 100 processes, beside the kernel's own IGMPv3 host. The other end of
 * IFACE is mb1; bench/run makes both. MSFD is the program.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <net/if.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include "bench-msfd.h"
#include "figure.h"
#include "options.h"

#define WIRE_MS    60000
#define QUERY_MS   4000
#define QUERY_CODE 40 /* tenths of a second */
#define N_JOINS    300
#define ROUNDS_MAX 5
#define PEER       "mb1"

static const char *const side_names[N_SIDES] = { "msfd", "asm", "kernel" };

struct results {
	struct series calls_ms[N_SIDES]; /* until every join has returned */
	struct series wire_ms[N_SIDES];  /* until every group was told */
	struct series packets[N_SIDES];
	struct series join_ns[N_SIDES]; /* one more */
	struct series cpu_us;           /* of msfd, for each join */
	struct series memory;           /* of msfd, bytes for each membership */
	struct series answer_ms[2];     /* first and last packet */
	struct series answer_packets, answer_tenth; /* the fullest tenth, in % */
};

struct bench {
	const char *program;
	uint32_t ifindex;
	struct ear ear;
	struct daemon daemon;
	struct results results;
	int has_answer; /* a General Query is part of it */
};

static double to_ms(uint64_t ns)
{
	return (double)ns / 1e6;
}

/*
 * One side
 */

static int join_all(struct bench *bench, struct crowd *crowd, enum side side)
{
	struct results *results = &bench->results;
	uint64_t start;
	int r;

	ear_start(&bench->ear, 0);
	start = series_now();
	r = crowd_join(crowd);
	if (!r)
		r = series_add(&results->calls_ms[side], to_ms(series_now() - start));
	if (r || side == SIDE_ASM)
		return r;
	r = ear_listen(&bench->ear, WIRE_MS);
	if (r < 0)
		return r;
	if (r != (int)N_GROUPS) {
		fprintf(stderr, "bench-msfd: %s: %d of %u groups were told\n",
			side_names[side], r, N_GROUPS);
		return -EIO;
	}
	r = series_add(&results->wire_ms[side], to_ms(bench->ear.last - start));
	return r ? r : series_add(&results->packets[side], bench->ear.n_packets);
}

static int measure_answer(struct bench *bench)
{
	struct results *results = &bench->results;
	struct ear *ear = &bench->ear;
	unsigned int fullest = 0;
	int r;

	r = ear_wait_for_silence(ear);
	if (r < 0)
		return r;
	ear_start(ear, QUERY_MS);
	r = ear_ask(ear, QUERY_CODE);
	if (r < 0)
		return r;
	r = ear_listen(ear, 2 * QUERY_MS);
	if (r != (int)N_GROUPS)
		return r < 0 ? r : -EIO;
	for (int i = 0; i < 10; i++)
		fullest = ear->n_tenth[i] > fullest ? ear->n_tenth[i] : fullest;
	r = series_add(&results->answer_ms[0], to_ms(ear->first - ear->from));
	if (!r)
		r = series_add(&results->answer_ms[1], to_ms(ear->last - ear->from));
	if (!r)
		r = series_add(&results->answer_packets, ear->n_packets);
	return r ? r
		 : series_add(&results->answer_tenth,
			      100.0 * fullest / (ear->n_packets ? ear->n_packets : 1));
}

/* By turns, while 10,000 others are held. */
static int measure_one_more(struct bench *bench)
{
	double clock_cost = series_get_clock_cost();
	struct msf *msf[N_SIDES] = { NULL };
	int fd[N_SIDES] = { -1, -1, -1 }, r = 0;

	for (unsigned int i = 0; !r && i < N_SIDES; i++) {
		fd[i] = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
		r = fd[i] < 0 ? -errno
			      : crowd_new_context(&msf[i], (enum side)i,
						  bench->daemon.path);
	}
	for (unsigned int i = 0; !r && i < N_JOINS * N_SIDES; i++)
		r = crowd_measure_join(msf[i % N_SIDES], fd[i % N_SIDES], bench->ifindex,
				       &bench->results.join_ns[i % N_SIDES], clock_cost);
	for (unsigned int i = 0; i < N_SIDES; i++) {
		msf_free(msf[i]);
		if (fd[i] >= 0)
			close(fd[i]);
	}
	return r;
}

static int measure_crowd(struct bench *bench, struct crowd *crowd, enum side side)
{
	struct results *results = &bench->results;
	uint64_t cpu = 0, memory = 0;
	int r;

	if (side == SIDE_MSFD) {
		cpu = daemon_get_cpu(&bench->daemon);
		memory = daemon_get_memory(&bench->daemon);
	}
	r = join_all(bench, crowd, side);
	if (r || side != SIDE_MSFD)
		return r;
	cpu = daemon_get_cpu(&bench->daemon) - cpu;
	memory = daemon_get_memory(&bench->daemon) - memory;
	r = series_add(&results->cpu_us, (double)cpu / 1e3 / N_GROUPS);
	if (!r)
		r = series_add(&results->memory, (double)memory / N_GROUPS);
	if (!r)
		r = measure_one_more(bench);
	return r || !bench->has_answer ? r : measure_answer(bench);
}

static int measure_side(struct bench *bench, enum side side)
{
	struct crowd crowd;
	int r = 0;

	if (side == SIDE_MSFD)
		r = daemon_start(&bench->daemon, bench->program);
	if (!r) {
		r = crowd_init(&crowd, side, bench->ifindex, bench->daemon.path);
		if (!r)
			r = measure_crowd(bench, &crowd, side);
		crowd_fini(&crowd);
	}
	if (side == SIDE_MSFD)
		daemon_stop(&bench->daemon);
	return r;
}

/*
 * The report
 */

static double get_median(struct series *series)
{
	return series_get_spread(series).median;
}

static void print_line(const char *what, const char *unit, struct series *msfd,
		       struct series *other, const char *other_name)
{
	struct spread spread = series_get_spread(msfd);

	printf("%-44s %9.1f %-3s", what, spread.median, unit);
	if (other)
		printf(" %9.1f %-7s %6.2f", get_median(other), other_name,
		       spread.median / get_median(other));
	printf("\n");
}

static void print_table(struct results *results)
{
	printf("%u sockets in %u processes, a group and source each\n\n", N_GROUPS,
	       N_PROCESSES);
	printf("%-44s %9s %3s %9s %7s %6s\n", "", "msfd", "", "beside", "", "ratio");
	print_line("all have joined, until the calls return", "ms",
		   &results->calls_ms[SIDE_MSFD], &results->calls_ms[SIDE_ASM],
		   "no msfd");
	print_line("", "ms", &results->calls_ms[SIDE_MSFD],
		   &results->calls_ms[SIDE_KERNEL], "kernel");
	print_line("all have joined, until the wire says so", "ms",
		   &results->wire_ms[SIDE_MSFD], &results->wire_ms[SIDE_KERNEL],
		   "kernel");
	print_line("reports until then", "", &results->packets[SIDE_MSFD],
		   &results->packets[SIDE_KERNEL], "kernel");
	print_line("one more join", "ns", &results->join_ns[SIDE_MSFD],
		   &results->join_ns[SIDE_ASM], "no msfd");
	print_line("", "ns", &results->join_ns[SIDE_MSFD], &results->join_ns[SIDE_KERNEL],
		   "kernel");
	print_line("msfd's CPU time for each join", "us", &results->cpu_us, NULL, NULL);
	print_line("msfd's memory for each membership", "B", &results->memory, NULL,
		   NULL);
	printf("\nA General Query with a response interval of %d s is answered in:\n",
	       QUERY_MS / 1000);
	print_line("packets", "", &results->answer_packets, NULL, NULL);
	print_line("first of them", "ms", &results->answer_ms[0], NULL, NULL);
	print_line("last of them", "ms", &results->answer_ms[1], NULL, NULL);
	print_line("of them in the fullest tenth", "%", &results->answer_tenth, NULL,
		   NULL);
}

static void print_figure(const char *name, const char *unit, struct series *msfd,
			 struct series *other, const char *peer)
{
	struct figure figure = { .name = name, .unit = unit, .peer = peer };

	if (!figure_compare(&figure, msfd, other))
		figure_print(&figure, stdout);
}

/* Were it spread evenly, a tenth of the interval would have a tenth. */
static void print_answer(struct results *results)
{
	struct figure last = {
		.name = "msfd: a General Query of 4 s, its last packet",
		.unit = "ms",
		.peer = "the interval",
	};
	struct figure tenth = {
		.name = "msfd: packets in the fullest tenth of the interval",
		.unit = "%",
		.peer = "evenly spread",
	};

	if (!figure_limit(&last, &results->answer_ms[1], QUERY_MS))
		figure_print(&last, stdout);
	if (!figure_limit(&tenth, &results->answer_tenth, 10))
		figure_print(&tenth, stdout);
}

static void print_json(struct results *results)
{
	struct series *calls = results->calls_ms, *wire = results->wire_ms;
	struct series *packets = results->packets, *join = results->join_ns;

	print_figure("msfd: 10,000 joins until the calls return", "ms", &calls[SIDE_MSFD],
		     &calls[SIDE_ASM], "no msfd");
	print_figure("msfd: 10,000 joins until the calls return", "ms", &calls[SIDE_MSFD],
		     &calls[SIDE_KERNEL], "the kernel's host");
	print_figure("msfd: 10,000 joins until the wire says so", "ms", &wire[SIDE_MSFD],
		     &wire[SIDE_KERNEL], "the kernel's host");
	print_figure("msfd: reports until then", "packets", &packets[SIDE_MSFD],
		     &packets[SIDE_KERNEL], "the kernel's host");
	print_figure("msfd: one more join", "ns", &join[SIDE_MSFD], &join[SIDE_ASM],
		     "no msfd");
	print_figure("msfd: one more join", "ns", &join[SIDE_MSFD], &join[SIDE_KERNEL],
		     "the kernel's host");
	print_answer(results);
}

static void fini_results(struct results *results)
{
	struct series *all = (struct series *)results;

	for (size_t i = 0; i < sizeof(*results) / sizeof(*all); i++)
		series_fini(&all[i]);
}

static int run(struct bench *bench, const struct options *options)
{
	int r = ear_init(&bench->ear, PEER);

	for (long round = 0; !r && round < options->rounds && round < ROUNDS_MAX; round++)
		for (unsigned int side = 0; !r && side < N_SIDES; side++)
			r = measure_side(bench, (enum side)side);
	if (!r && options->json)
		print_json(&bench->results);
	else if (!r)
		print_table(&bench->results);
	ear_fini(&bench->ear);
	return r;
}

int main(int argc, char **argv)
{
	struct options options = { .rounds = 3 };
	struct rlimit limit = { 1 << 14, 1 << 14 };
	struct bench bench = { .program = getenv("MSFD") };
	int r = options_parse(&options, argc, argv);

	if (r < 0 || (options.only && strcmp(options.only, "joins") != 0)) {
		fprintf(stderr, "usage: bench-msfd [--json] [--only joins] [--rounds N] "
				"IFACE\n");
		return 2;
	}
	bench.has_answer = !options.only;
	setrlimit(RLIMIT_NOFILE, &limit);
	if (!bench.program)
		bench.program = "msfd";
	bench.ifindex = if_nametoindex(options.interface);
	r = bench.ifindex ? run(&bench, &options) : -errno;
	fini_results(&bench.results);
	if (r < 0)
		fprintf(stderr, "bench-msfd: %s\n", strerror(-r));
	return r < 0;
}
