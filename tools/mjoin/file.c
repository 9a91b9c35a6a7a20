/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * file: a text file as one string (see file.h).
 */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "file.h"

#define FIRST_SIZE 4096

static int read_stream(FILE *in, char **text, size_t *ret_len)
{
	size_t len = 0, size = FIRST_SIZE;

	for (;;) {
		char *larger = realloc(*text, size);

		if (!larger)
			return -ENOMEM;
		*text = larger;
		len += fread(*text + len, 1, size - len - 1, in);
		if (ferror(in))
			return errno ? -errno : -EIO;
		if (len > FILE_MAX_LENGTH)
			return -EFBIG;
		if (len < size - 1)
			break;
		size *= 2;
	}
	(*text)[len] = '\0';
	*ret_len = len;
	return 0;
}

int file_read(const char *path, char **ret_text, size_t *ret_len)
{
	bool is_stdin = strcmp(path, "-") == 0;
	FILE *in = is_stdin ? stdin : fopen(path, "re");
	char *text = NULL;
	int r;

	if (!in)
		return -errno;
	r = read_stream(in, &text, ret_len);
	if (!is_stdin)
		fclose(in);
	if (r < 0)
		free(text);
	else
		*ret_text = text;
	return r;
}
