/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mjoin: joins multicast groups with source filters (RFC 3678) and tells who is
 * heard.
 */
#include "options.h"
#include "output.h"
#include "run.h"
#include "standard.h"

int main(int argc, char **argv)
{
	struct options options;
	int status, r;

	if (standard_init() < 0)
		return OUTPUT_FAILED;
	r = options_parse(&options, argc, (const char **)argv);
	if (r > 0)
		status = run(&options);
	else if (r == 0)
		status = OUTPUT_DONE;
	else
		status = output_get_status(r);
	options_fini(&options);
	return status;
}
