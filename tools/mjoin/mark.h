/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mark: the byte order mark that some editors put in front of UTF-8 (RFC 3629 6).
 */
#ifndef MJOIN_MARK_H
#define MJOIN_MARK_H

#include <string.h>

#define MARK_TEXT "\xef\xbb\xbf"

/* The text behind it, or the text itself. */
static inline char *mark_skip(char *text)
{
	size_t len = strlen(MARK_TEXT);

	return strncmp(text, MARK_TEXT, len) == 0 ? text + len : text;
}

#endif
