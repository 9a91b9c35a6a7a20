/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Input: the Accept field of a request to mwatch --listen, the only one that mwatch reads
 * itself; the rest of HTTP is libmicrohttpd's. Sent by: whoever reaches the port.
 *
 * Any text ends as one of the two formats, and empty ranges behind it
 * change nothing.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "export/metrics-accept.h"
#include "target.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	char *text = target_text(data, len), *more = malloc(len + 3);
	enum metrics_format format = metrics_accept_choose(text);

	target_expect(format == METRICS_OPENMETRICS || format == METRICS_TEXT,
		      "a format that there is");
	target_expect(more != NULL, "no memory");
	sprintf(more, "%s,,", text);
	target_expect(metrics_accept_choose(more) == format, "empty ranges add nothing");
	free(more);
	target_free(text);
	return 0;
}
