/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * plans: the kinds of hosts whose histories are run. Random ones come several at once;
 * the others make the exceptions happen.
 */
#ifndef DIFF_PLANS_H
#define DIFF_PLANS_H

#include "script.h"

struct plan {
	const char *name;
	unsigned int n_hosts;
	struct script_plan script;
	const char *rows[SCRIPT_KINDS]; /* that each kind of step proves; NULL: none */
};

#define PLANS 17u

extern const struct plan plans[PLANS];

#endif
