/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * bench-asm [--json] [--only FAMILY] [--rounds N] [--budget MS] IFACE: what the
 * ASM backend costs beside the kernel's own source filters: packets a second through
 * one UDP socket, and changes of one source in a list of 1,000. IFACE is one end of a
 * veth pair; bench/run makes it, and the limits that this needs.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "asm-report.h"
#include "change.h"
#include "inject.h"
#include "options.h"
#include "rate.h"
#include "sides.h"

#define N_ELEMENTS(a)    (sizeof(a) / sizeof((a)[0]))
#define N_CHANGE_SOURCES 1000u

static const uint32_t sizes[] = { 1, 10, 100, 1000 };
static const int families[] = { AF_INET, AF_INET6 };

#define N_CELLS (N_ELEMENTS(sizes) * N_ELEMENTS(families))

struct bench {
	struct sides sides;
	struct rate rate;
	struct change change;
	struct rate_cell cells[N_CELLS];
	struct change_cell changes[N_ELEMENTS(families)];
};

static const char *family_name(int family)
{
	return family == AF_INET ? "ipv4" : "ipv6";
}

static int is_wanted(const struct options *options, int family)
{
	return !options->only || !strcmp(options->only, family_name(family));
}

/* A family that is none would leave nothing to measure. */
static int is_sensible(const struct options *options)
{
	return is_wanted(options, AF_INET) || is_wanted(options, AF_INET6);
}

static int bench_init(struct bench *bench, const struct options *options)
{
	uint32_t peer = 0;
	size_t n = 0;
	int r = inject_find_peer(options->interface, &peer);

	for (size_t f = 0; f < N_ELEMENTS(families); f++) {
		bench->changes[f].family = families[f];
		bench->changes[f].n_sources = N_CHANGE_SOURCES;
		for (size_t i = 0; i < N_ELEMENTS(sizes); i++) {
			bench->cells[n].family = families[f];
			bench->cells[n++].n_sources = sizes[i];
		}
	}
	bench->rate.ifindex = if_nametoindex(options->interface);
	bench->rate.budget_ns = (double)options->budget_ms * 1e6;
	bench->rate.sender = r < 0 ? r : inject_open(peer);
	if (bench->rate.sender < 0)
		return bench->rate.sender;
	r = sides_init(&bench->sides, bench->rate.ifindex);
	bench->rate.msf = bench->sides.msf[SIDE_ASM];
	bench->change.rate = &bench->rate;
	bench->change.sides = &bench->sides;
	bench->change.clock_cost = series_get_clock_cost();
	return r;
}

static void bench_fini(struct bench *bench)
{
	for (size_t i = 0; i < N_CELLS; i++)
		rate_fini(&bench->cells[i]);
	for (size_t i = 0; i < N_ELEMENTS(families); i++)
		change_fini(&bench->changes[i]);
	if (bench->rate.sender >= 0)
		close(bench->rate.sender);
	sides_fini(&bench->sides);
}

static int measure_round(struct bench *bench, const struct options *options)
{
	int r = 0;

	for (size_t i = 0; !r && i < N_CELLS; i++) {
		if (is_wanted(options, bench->cells[i].family))
			r = rate_measure(&bench->rate, &bench->cells[i]);
	}
	for (size_t i = 0; !r && i < N_ELEMENTS(families); i++) {
		if (is_wanted(options, bench->changes[i].family))
			r = change_measure(&bench->change, &bench->changes[i]);
	}
	return r;
}

static void print_json(struct bench *bench, const struct options *options)
{
	for (size_t i = 0; i < N_CELLS; i++) {
		if (is_wanted(options, bench->cells[i].family))
			asm_report_print_rate_json(&bench->cells[i]);
	}
	for (size_t i = 0; i < N_ELEMENTS(families); i++) {
		if (is_wanted(options, bench->changes[i].family))
			asm_report_print_change_json(&bench->changes[i]);
	}
}

static void print_tables(struct bench *bench, const struct options *options)
{
	asm_report_print_rate_head(stdout);
	for (size_t i = 0; i < N_CELLS; i++) {
		if (is_wanted(options, bench->cells[i].family))
			asm_report_print_rate(&bench->cells[i], stdout);
	}
	asm_report_print_change_head(stdout);
	for (size_t i = 0; i < N_ELEMENTS(families); i++) {
		if (is_wanted(options, bench->changes[i].family))
			asm_report_print_change(&bench->changes[i], stdout);
	}
}

static int run(const struct options *options)
{
	struct bench bench = { 0 };
	int r = bench_init(&bench, options);

	for (long i = 0; !r && i < options->rounds; i++)
		r = measure_round(&bench, options);
	if (!r && options->json)
		print_json(&bench, options);
	else if (!r)
		print_tables(&bench, options);
	bench_fini(&bench);
	return r;
}

int main(int argc, char **argv)
{
	struct options options = { .rounds = 15, .budget_ms = 10 };
	int r;

	if (options_parse(&options, argc, argv) < 0 || !is_sensible(&options)) {
		fprintf(stderr, "usage: bench-asm [--json] [--only ipv4|ipv6] "
				"[--rounds N] [--budget MS] IFACE\n");
		return 2;
	}
	r = run(&options);
	if (r < 0) {
		fprintf(stderr, "bench-asm: %s: %s\n", options.interface, strerror(-r));
		return 1;
	}
	return 0;
}
