/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * summary: what was sent by whom, as text or as one line of JSON.
 */
#ifndef MSEND_SUMMARY_H
#define MSEND_SUMMARY_H

#include <msf.h>

#include "options.h"
#include "outlet.h"
#include "sender.h"

struct summary {
	const struct options *options;
	const struct msf_interface *interface;
	const struct sender *senders;
	unsigned int n_senders;
	uint64_t elapsed; /* ns */
	struct outlet *outlet;
};

/* Writes to the outlet. 0, -ENOMEM, or -errno of the writing. */
int summary_print(const struct summary *summary);

#endif
