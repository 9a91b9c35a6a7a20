/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * output: what a tool says when something is wrong.  One line on standard
 * error, "tool: what: why", and nothing in it that moves a terminal's cursor:
 * words of files and of peers may be part of it.
 */
#ifndef TOOLS_COMMON_OUTPUT_H
#define TOOLS_COMMON_OUTPUT_H

/* Exit status of every tool. */
enum output_status {
	OUTPUT_DONE = 0,
	OUTPUT_FAILED = 1,
	OUTPUT_USAGE = 2,
	OUTPUT_NOT_ARRIVED = 3, /* what was awaited did not arrive in full */
};

/* The status of a command line that was refused: -EINVAL is usage, else it failed. */
enum output_status output_get_status(int error);

/* "tool: what: why"; what may be NULL. */
void output_error(const char *what, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* "tool: what: warning: why" */
void output_warning(const char *what, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

#endif
