/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * expect: flows that must be there: SOURCE,GROUP[:PORT][,MIN_PPS].
 */
#ifndef MWATCH_EXPECT_H
#define MWATCH_EXPECT_H

#include <stdbool.h>
#include <stdint.h>

#include "endpoint.h"
#include "sample.h"

struct expect {
	struct sockaddr_storage source;
	struct endpoint group; /* port 0: any; one group */
	double min_pps;        /* 0: one packet is enough */
};

struct expect_list {
	struct expect *expects; /* owned */
	uint32_t n;
};

/* Adds what the word asks for. -EINVAL with the reason in *ret_why; -ENOMEM. */
int expect_list_add(struct expect_list *list, const char *word, const char **ret_why);

void expect_list_fini(struct expect_list *list);

/* Is all of it met within the interval, or (is_total) the whole run? Outgoing flows do
 * not count. */
bool expect_list_is_met(const struct expect_list *list, const struct sample *sample,
			bool is_total);

/* Says on standard error, a sentence each, what of the whole run is not met: how much
 * was asked for and how much came. The number of those. */
uint32_t expect_list_say(const struct expect_list *list, const struct sample *sample);

#endif
