/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * batch-input: bytes as lines (see batch-input.h).
 *
 * Invariant: a stream never takes more memory than the longest line that may be.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "batch-input.h"
#include "batch-line.h"

#define FIRST_SIZE 65536

/* 1; 0: at the end; or -errno. Reads into the room that there is. */
static int fill(struct batch_input *input, int fd)
{
	ssize_t n = read(fd, input->text + input->len, input->size - input->len);

	if (n < 0)
		return errno == EINTR || errno == EAGAIN ? 1 : -errno;
	input->len += (size_t)n;
	return n > 0;
}

static int grow(struct batch_input *input)
{
	size_t size = input->size ? input->size * 2 : FIRST_SIZE;
	char *larger;

	if (input->len > BATCH_INPUT_FILE_MAX)
		return -EFBIG;
	if (input->len < input->size)
		return 0;
	larger = realloc(input->text, size);
	if (!larger)
		return -ENOMEM;
	input->text = larger;
	input->size = size;
	return 0;
}

int batch_input_read_file(struct batch_input *input, const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	int r = fd < 0 ? -errno : 1;

	*input = (struct batch_input){ .fd = -1, .is_end = true };
	while (r > 0) {
		r = grow(input);
		if (r == 0)
			r = fill(input, fd);
	}
	if (fd >= 0)
		close(fd);
	return r;
}

int batch_input_start(struct batch_input *input, int fd)
{
	*input = (struct batch_input){ .fd = fd, .size = BATCH_LINE_MAX + 1 };
	input->text = malloc(input->size);
	return input->text ? 0 : -ENOMEM;
}

/* 1 and a whole line, or the start of one that is too long; 0: more is needed. */
static int take_line(struct batch_input *input, const char **ret, size_t *ret_len)
{
	const char *start = input->text + input->at;
	size_t n = input->len - input->at;
	const char *end = n ? memchr(start, '\n', n) : NULL;

	if (!end && (n == 0 || !(input->is_end || n == input->size)))
		return 0;
	*ret = start;
	*ret_len = end ? (size_t)(end - start) : n;
	input->at += *ret_len + (end != NULL);
	input->is_skipping = !end && !input->is_end;
	return 1;
}

static int fill_stream(struct batch_input *input, const struct batch_wait *wait)
{
	int r = batch_wait_until(wait, input->fd, BATCH_WAIT_FOREVER);

	if (r < 0)
		return r;
	if (input->at > 0)
		memmove(input->text, input->text + input->at, input->len - input->at);
	input->len -= input->at;
	input->at = 0;
	r = fill(input, input->fd);
	input->is_end = r == 0;
	return r < 0 ? r : 0;
}

int batch_input_next(struct batch_input *input, const struct batch_wait *wait,
		     const char **ret, size_t *ret_len)
{
	int r = 0;

	while (r == 0) {
		bool is_rest = input->is_skipping;

		if (take_line(input, ret, ret_len)) {
			if (!is_rest)
				return 1;
		} else if (input->is_end) {
			return 0;
		} else {
			r = fill_stream(input, wait);
		}
	}
	return r;
}

void batch_input_rewind(struct batch_input *input)
{
	input->at = 0;
}

void batch_input_fini(struct batch_input *input)
{
	free(input->text);
	*input = (struct batch_input){ .fd = -1 };
}
