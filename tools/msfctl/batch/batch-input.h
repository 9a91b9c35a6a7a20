/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * batch-input: lines of a file that is read as a whole first, or of a stream.
 */
#ifndef MSFCTL_BATCH_INPUT_H
#define MSFCTL_BATCH_INPUT_H

#include <stdbool.h>
#include <stddef.h>

#include "batch-wait.h"

#define BATCH_INPUT_FILE_MAX (64u << 20) /* bytes */

struct batch_input {
	int fd; /* borrowed; -1: all of it is in text */
	char *text;
	size_t len, size, at;
	bool is_end;      /* of the stream */
	bool is_skipping; /* the rest of a line that is too long */
};

/* Reads the file. 0; -EFBIG: longer than the limit; or -errno. */
int batch_input_read_file(struct batch_input *input, const char *path);

/* For a descriptor of the caller's. 0 or -ENOMEM. */
int batch_input_start(struct batch_input *input, int fd);

/*
 * 1 and the next line without its "\n", which lives until the next call; 0: there is
 * none; -EINTR: a signal came first; or -errno.  Of a line of a stream that is longer
 * than BATCH_LINE_MAX comes one byte more than that, which no line may have.
 */
int batch_input_next(struct batch_input *input, const struct batch_wait *wait,
		     const char **ret, size_t *ret_len);

/* The first line of a file is the next one again. */
void batch_input_rewind(struct batch_input *input);

void batch_input_fini(struct batch_input *input);

#endif
