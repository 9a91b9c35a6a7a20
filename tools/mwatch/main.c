/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mwatch: counts the packets of every multicast source, and tells what becomes of them.
 */
#include "report/report.h"
#include "options.h"
#include "output.h"
#include "run.h"
#include "standard.h"

static int make_report(const struct options *options)
{
	return report_make(options->input, options->report) < 0 ? OUTPUT_FAILED
								: OUTPUT_DONE;
}

int main(int argc, char **argv)
{
	struct options options;
	int status, r;

	if (standard_init() < 0)
		return OUTPUT_FAILED;
	r = options_parse(&options, argc, (const char **)argv);
	if (r > 0)
		status = options.report ? make_report(&options) : run(&options);
	else if (r == 0)
		status = OUTPUT_DONE;
	else
		status = output_get_status(r);
	options_fini(&options);
	return status;
}
