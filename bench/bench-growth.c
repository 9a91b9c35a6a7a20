/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * bench-growth [--json] [--only sources|groups|sockets] [--rounds N] [--budget MS] IFACE:
 * how the cost of one join more grows with what is there already: sources of a group,
 * groups of a socket, sockets of the host. Three sides take turns at every size; a growth
 * is the cost at the largest size for that at the smallest, and the figure is our growth
 * beside that of the socket option.
 */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <net/if.h>
#include <sys/resource.h>

#include "figure.h"
#include "options.h"
#include "sides.h"

#define N_SIZES     5u
#define MAX_SOCKETS 10000u
#define N_FILES     (MAX_SOCKETS + 100)
#define MIN_SAMPLES 5
#define GROUPS      0xe8040000u /* 232.4.0.0; a side has a 65,536 of its own */
#define SOURCES     0x0a100000u

enum what { WHAT_SOURCES, WHAT_GROUPS, WHAT_SOCKETS, N_WHATS };

struct dimension {
	const char *name;
	unsigned int sizes[N_SIZES]; /* up to a 0 */
};

static const struct dimension dimensions[N_WHATS] = {
	[WHAT_SOURCES] = { "sources", { 1, 10, 100, 1000, 0 } },
	[WHAT_GROUPS] = { "groups", { 1, 10, 100, 1000, 0 } },
	[WHAT_SOCKETS] = { "sockets", { 1, 10, 100, 1000, MAX_SOCKETS } },
};

/* A median for each round. */
struct cell {
	struct series ns[N_SIZES][N_SIDES];
};

struct bench {
	struct sides sides;
	double clock_cost;
	struct cell cells[N_WHATS];
};

/* What a round has: who joins one more, and those that are only there. */
struct subject {
	enum what what;
	int fd[N_SIDES];
	unsigned int n; /* of what there is */
	int *crowd;     /* owned: sockets */
	unsigned int n_crowd;
	int is_full[N_SIDES]; /* it could not hold more */
};

static void subject_fini(struct subject *subject)
{
	for (int side = 0; side < N_SIDES; side++)
		if (subject->fd[side] >= 0)
			close(subject->fd[side]);
	for (unsigned int i = 0; i < subject->n_crowd; i++)
		close(subject->crowd[i]);
	free(subject->crowd);
}

static int subject_init(struct subject *subject, enum what what)
{
	int r = 0;

	*subject = (struct subject){
		.what = what, .crowd = calloc(MAX_SOCKETS, sizeof(*subject->crowd))
	};
	for (int side = 0; side < N_SIDES; side++) {
		subject->fd[side] = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
		r = subject->fd[side] < 0 ? -errno : r;
	}
	return subject->crowd ? r : -ENOMEM;
}

/* Number i of what there is, on that side. */
static struct sockaddr_storage get_group(enum what what, int side, unsigned int i)
{
	uint32_t base = GROUPS + ((uint32_t)side << 16);

	return sides_get_ipv4(what == WHAT_SOURCES ? base : base + i, 0);
}

static struct sockaddr_storage get_source(enum what what, unsigned int i)
{
	return sides_get_ipv4(what == WHAT_SOURCES ? SOURCES + i : SOURCES, 0);
}

static int add_socket(const struct bench *bench, struct subject *subject)
{
	struct sockaddr_storage group = get_group(subject->what, N_SIDES, subject->n);
	struct sockaddr_storage source = get_source(subject->what, 0);
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -errno;
	subject->crowd[subject->n_crowd++] = fd;
	return sides_join(&bench->sides, SIDE_RAW, fd, &group, &source);
}

static int add_to_side(const struct bench *bench, struct subject *subject, int side)
{
	struct sockaddr_storage group = get_group(subject->what, side, subject->n);
	struct sockaddr_storage source = get_source(subject->what, subject->n);
	int r;

	if (subject->is_full[side])
		return 0;
	r = sides_join(&bench->sides, (enum side)side, subject->fd[side], &group,
		       &source);
	subject->is_full[side] = r == -ENOBUFS || r == -ENOMEM;
	return subject->is_full[side] ? 0 : r;
}

static int grow(const struct bench *bench, struct subject *subject, unsigned int size)
{
	int r = 0;

	for (; !r && subject->n < size; subject->n++) {
		if (subject->what == WHAT_SOCKETS)
			r = add_socket(bench, subject);
		for (int side = 0; !r && side < N_SIDES; side++)
			if (subject->what != WHAT_SOCKETS)
				r = add_to_side(bench, subject, side);
	}
	return r;
}

/* It comes and goes; the coming is timed. */
static int sample_join(const struct bench *bench, struct subject *subject, int side,
		       struct series *sample)
{
	struct sockaddr_storage group = get_group(subject->what, side, subject->n);
	struct sockaddr_storage source = get_source(subject->what, subject->n);
	uint64_t start = series_now();
	int r = sides_join(&bench->sides, (enum side)side, subject->fd[side], &group,
			   &source);
	double ns = (double)(series_now() - start) - bench->clock_cost;

	if (r == -ENOBUFS || r == -ENOMEM) {
		subject->is_full[side] = 1;
		return 0;
	}
	if (!r)
		r = sides_leave(&bench->sides, (enum side)side, subject->fd[side], &group,
				&source);
	return r ? r : series_add(sample, ns);
}

static int measure_size(const struct bench *bench, struct subject *subject,
			struct series ns[N_SIDES], double budget_ns)
{
	double end = (double)series_now() + budget_ns;
	struct series sample[N_SIDES] = { 0 };
	int r = 0;

	for (int i = 0; !r && (i < MIN_SAMPLES || (double)series_now() < end); i++)
		for (int side = 0; !r && side < N_SIDES; side++)
			if (!subject->is_full[side])
				r = sample_join(bench, subject, side, &sample[side]);
	for (int side = 0; side < N_SIDES; side++) {
		if (!r && !subject->is_full[side])
			r = series_add(&ns[side],
				       series_get_spread(&sample[side]).median);
		series_fini(&sample[side]);
	}
	return r;
}

static int measure(struct bench *bench, enum what what, const struct options *options)
{
	const unsigned int *sizes = dimensions[what].sizes;
	struct cell *cell = &bench->cells[what];
	struct subject subject;
	int r = subject_init(&subject, what);

	for (unsigned int i = 0; !r && i < N_SIZES && sizes[i]; i++) {
		r = grow(bench, &subject, sizes[i]);
		if (!r)
			r = measure_size(bench, &subject, cell->ns[i],
					 (double)options->budget_ms * 1e6);
	}
	subject_fini(&subject);
	return r;
}

/*
 * The report
 */

/* The largest size that a side could hold in every round; 0: none but the smallest. */
static unsigned int get_last(const struct cell *cell, int side)
{
	unsigned int last = 0;

	while (last + 1 < N_SIZES && cell->ns[0][side].n &&
	       cell->ns[last + 1][side].n == cell->ns[0][side].n)
		last++;
	return last;
}

static int get_growth(const struct cell *cell, int side, unsigned int last,
		      struct series *ret)
{
	const struct series *small = &cell->ns[0][side], *large = &cell->ns[last][side];
	int r = 0;

	for (size_t i = 0; !r && i < small->n && i < large->n; i++)
		r = series_add(ret, large->value[i] / small->value[i]);
	return r;
}

static void print_side(struct cell *cell, const struct dimension *dimension, int side)
{
	unsigned int last = get_last(cell, side);
	double n = dimension->sizes[last] / (double)dimension->sizes[0];
	struct series series = { 0 };
	double growth;

	printf("%-8s %-15s", dimension->name, sides_get_name((enum side)side));
	for (unsigned int i = 0; i < N_SIZES; i++) {
		if (i <= last && dimension->sizes[i])
			printf(" %10.0f", series_get_spread(&cell->ns[i][side]).median);
		else
			printf(" %10s", dimension->sizes[i] ? "full" : "");
	}
	get_growth(cell, side, last, &series);
	growth = series_get_spread(&series).median;
	printf(" %8.2f %6.2f\n", growth, last ? log(growth) / log(n) : 0);
	series_fini(&series);
}

static void print_figure(struct cell *cell, const struct dimension *dimension, int side)
{
	unsigned int last = get_last(cell, side);
	struct series ours = { 0 }, theirs = { 0 };
	char name[128];
	struct figure figure = { .name = name,
				 .peer = sides_get_name(SIDE_RAW),
				 .unit = "times" };

	snprintf(name, sizeof(name), "growth of a join, 1 to %u %s, %s",
		 dimension->sizes[last], dimension->name,
		 sides_get_name((enum side)side));
	if (last && !get_growth(cell, side, last, &ours) &&
	    !get_growth(cell, SIDE_RAW, last, &theirs) &&
	    !figure_compare(&figure, &ours, &theirs))
		figure_print(&figure, stdout);
	series_fini(&ours);
	series_fini(&theirs);
}

static int is_wanted(const struct options *options, int what)
{
	return !options->only || !strcmp(options->only, dimensions[what].name);
}

static void print(struct bench *bench, const struct options *options)
{
	if (!options->json)
		printf("%-24s %10d %10d %10d %10d %10d %8s %6s\n", "ns of a join with", 1,
		       10, 100, 1000, 10000, "growth", "power");
	for (int what = 0; what < N_WHATS; what++) {
		if (!is_wanted(options, what))
			continue;
		for (int side = 0; side < N_SIDES; side++) {
			if (!options->json)
				print_side(&bench->cells[what], &dimensions[what], side);
			else if (side != SIDE_RAW)
				print_figure(&bench->cells[what], &dimensions[what],
					     side);
		}
	}
}

static void bench_fini(struct bench *bench)
{
	for (int what = 0; what < N_WHATS; what++) {
		for (int side = 0; side < N_SIDES; side++) {
			for (unsigned int i = 0; i < N_SIZES; i++)
				series_fini(&bench->cells[what].ns[i][side]);
		}
	}
	sides_fini(&bench->sides);
}

int main(int argc, char **argv)
{
	struct options options = { .rounds = 7, .budget_ms = 20 };
	const struct rlimit files = { N_FILES, N_FILES };
	struct bench bench = { .clock_cost = series_get_clock_cost() };
	int r;

	if (options_parse(&options, argc, argv) < 0) {
		fprintf(stderr,
			"usage: bench-growth [--json] [--only sources|groups|sockets] "
			"[--rounds N] [--budget MS] IFACE\n");
		return 2;
	}
	r = setrlimit(RLIMIT_NOFILE, &files) < 0 ? -errno : 0;
	if (!r)
		r = sides_init(&bench.sides, if_nametoindex(options.interface));
	for (long i = 0; !r && i < options.rounds; i++)
		for (int what = 0; !r && what < N_WHATS; what++)
			if (is_wanted(&options, what))
				r = measure(&bench, (enum what)what, &options);
	if (!r)
		print(&bench, &options);
	bench_fini(&bench);
	if (r < 0)
		fprintf(stderr, "bench-growth: %s\n", strerror(-r));
	return r < 0;
}
