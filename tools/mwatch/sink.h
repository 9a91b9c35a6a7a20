/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sink: something that takes samples: a view, the metrics, a record.
 */
#ifndef MWATCH_SINK_H
#define MWATCH_SINK_H

#include "sample.h"

struct sink {
	/* At the end of each interval; flows are sorted as the options say, and
	 * may be kept no longer than the call. 0 or -errno, which ends the run. */
	int (*put)(void *data, const struct sample *sample);
	/* At the end of the run: totals. */
	int (*end)(void *data, const struct sample *sample);
	void *(*free)(void *data);
	void *data;
};

#endif
