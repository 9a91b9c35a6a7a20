/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Facts of msf_probe_pop_fact(), as a test looks at them: one by its name, or all in
 * their order.
 */
#ifndef FACTS_H
#define FACTS_H

#include <msf.h>

#include "tap.h"

/* The fact, as "value|unit|source|note" (or "absent"), begins with these words and has
 * the others in it. msf NULL: the default context. */
void facts_expect(struct tap *tap, struct msf *msf, const char *name, const char *head,
		  const char *part);

/* The facts begin with these names, each has a source, and there is an end. Returns how
 * many there are. */
size_t facts_expect_names(struct tap *tap, struct msf *msf, const char *const *names,
			  size_t n_names);

#endif
