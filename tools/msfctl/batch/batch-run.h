/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * batch-run: takes lines from a file, a stream or a person, has them run, and answers
 * each. What ends it is said.
 */
#ifndef MSFCTL_BATCH_RUN_H
#define MSFCTL_BATCH_RUN_H

#include <stdbool.h>

#include <msf.h>

struct batch_settings {
	const char *path; /* NULL: standard input, with a prompt where it is a terminal */
	bool is_json;
	bool is_keep_going;
};

/* An exit status (output.h). */
int batch_run(struct msf *msf, const struct batch_settings *settings);

#endif
