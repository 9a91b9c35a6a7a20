/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * utf8: bytes of others (process and interface names, lines of files) made harmless.
 *
 * A character is what RFC 3629 calls one; a byte that belongs to none counts alone.
 */
#ifndef TOOLS_COMMON_UTF8_H
#define TOOLS_COMMON_UTF8_H

#include <stddef.h>

/*
 * For terminals: '?' stands for every byte that is no UTF-8 and every character that
 * could do more than be seen (controls of C0 and C1, line separators, signs that
 * turn the direction of writing). Cuts between characters what does not fit into len
 * bytes, NUL included; len is 1 at least. buf may be text itself.
 * Returns the length of what was written.
 */
size_t utf8_clean(const char *text, char *buf, size_t len);

/* Characters of a text that was cleaned: its width on a terminal, but for scripts whose
 * characters take two cells or none. */
size_t utf8_get_width(const char *text);

/* For JSON and files: a copy with U+FFFD for each byte that is no UTF-8. Free it with
 * free(). NULL: no memory. */
char *utf8_new(const char *text);

#endif
