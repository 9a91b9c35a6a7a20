/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * batch-complete: what the word under the cursor may become.
 */
#ifndef MSFCTL_BATCH_COMPLETE_H
#define MSFCTL_BATCH_COMPLETE_H

#include <stddef.h>

struct batch_completion {
	size_t n_words;
	char **words;     /* owned; all that begin as the word does */
	size_t n_written; /* characters that the word has */
	size_t n_common;  /* characters that all of them begin with */
};

/* The line as far as the cursor. 0 or -ENOMEM; batch_completion_fini() it. */
int batch_complete(const char *line, size_t len, struct batch_completion *ret);

void batch_completion_fini(struct batch_completion *completion);

#endif
