/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Facts of msf_probe_pop_fact(), as a test looks at them: one by its name.
 */
#ifndef FACTS_H
#define FACTS_H

#include <msf.h>

#include "tap.h"

/* The fact, as "value|unit|source|note" (or "absent"), begins with these words and has
 * the others in it. msf NULL: the default context. */
void facts_expect(struct tap *tap, struct msf *msf, const char *name, const char *head,
		  const char *part);

#endif
