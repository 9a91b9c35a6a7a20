/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * check: which options go together.
 */
#ifndef MSEND_CHECK_H
#define MSEND_CHECK_H

#include "options.h"
#include "words.h"

/* Fills the options from the words; the group and the sources are in them.
 * 0, or -EINVAL with the reason on stderr. */
int check_options(struct options *options, const struct words *words);

#endif
