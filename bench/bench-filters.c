/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * bench-filters [--json] [--only TEXT] [--rounds N] [--budget MS] IFACE: what
 * libmsf costs beside plain MCAST_* socket options (RFC 3678 5). bench/run makes
 * the namespace and the limits that it needs.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "measure.h"
#include "options.h"
#include "filters-report.h"

static int contexts_init(struct msf *ret_msf[2])
{
	struct msf_config *config;
	int r = msf_config_new(&config);

	if (r < 0)
		return r;
	r = msf_new(&ret_msf[0], config);
	if (!r)
		r = msf_config_set_exclusive(config, 1);
	if (!r)
		r = msf_new(&ret_msf[1], config);
	msf_config_free(config);
	return r;
}

static int run(const struct options *options, uint32_t ifindex)
{
	struct plan plan;
	struct measure measure = {
		.plan = &plan,
		.clock_cost = series_get_clock_cost(),
		.budget_ns = (double)options->budget_ms * 1e6,
		.only = options->only,
	};
	int r = plan_init(&plan, ifindex);

	if (!r)
		r = contexts_init(measure.msf);
	for (long i = 0; !r && i < options->rounds; i++)
		r = measure_round(&measure);
	if (!r && options->json)
		report_print_json(&plan, options->only, stdout);
	else if (!r)
		report_print_table(&plan, options->only, stdout);
	msf_free(measure.msf[0]);
	msf_free(measure.msf[1]);
	plan_fini(&plan);
	return r;
}

int main(int argc, char **argv)
{
	struct options options = { .rounds = 11, .budget_ms = 8 };
	uint32_t ifindex;
	int r;

	if (options_parse(&options, argc, argv) < 0) {
		fprintf(stderr,
			"usage: bench-filters [--json] [--only TEXT] [--rounds N] "
			"[--budget MS] IFACE\n");
		return 2;
	}
	ifindex = if_nametoindex(options.interface);
	if (!ifindex) {
		fprintf(stderr, "bench-filters: %s: %s\n", options.interface,
			strerror(errno));
		return 1;
	}
	r = run(&options, ifindex);
	if (r < 0) {
		fprintf(stderr, "bench-filters: %s: %s\n", options.interface,
			strerror(-r));
		return 1;
	}
	return 0;
}
