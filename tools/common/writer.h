/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * writer: a descriptor that is written to without losing sight of signals.
 *
 * A reader that is slower than we are makes us wait; the wait ends when one of the
 * cancel descriptors becomes readable, or when it has lasted too long.
 */
#ifndef TOOLS_COMMON_WRITER_H
#define TOOLS_COMMON_WRITER_H

#include <stdbool.h>
#include <stddef.h>

#define WRITER_N_CANCEL 3

struct writer {
	int fd;
	bool is_regular;             /* its writes do not wait */
	int patience_ms;             /* -1: for ever */
	int cancel[WRITER_N_CANCEL]; /* -1: none */
};

/* For a descriptor of the caller's. 0 or -errno. */
int writer_init(struct writer *writer, int fd);

/* Descriptors that end a wait when they become readable; -1: none. */
void writer_set_cancel(struct writer *writer, const int fds[WRITER_N_CANCEL]);

/* Writes; *ret_done bytes are gone in any case. 0, -ECANCELED, -ETIMEDOUT, or what
 * write(2) says (-EPIPE: the reader is gone). */
int writer_write(const struct writer *writer, const void *data, size_t len,
		 size_t *ret_done);

#endif
