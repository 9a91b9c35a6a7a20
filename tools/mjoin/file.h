/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * file: a text file as one string.
 */
#ifndef MJOIN_FILE_H
#define MJOIN_FILE_H

#include <stddef.h>

/* A longer channel file or session description is refused. */
#define FILE_MAX_LENGTH (16u << 20)

/*
 * The whole file, or standard input for "-", with a NUL behind it, in *ret_text
 * (free() it).  0 or -errno; -EFBIG: longer than FILE_MAX_LENGTH.
 */
int file_read(const char *path, char **ret_text, size_t *ret_len);

#endif
