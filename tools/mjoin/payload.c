/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * payload: the datagrams' contents into a file or a pipe (see payload.h).
 *
 * Invariant: bytes are written in the order in which they were added, each once.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "payload.h"

/* At least the largest datagram. */
#define PAYLOAD_BUFFER_SIZE (256u << 10)

struct payload {
	struct writer writer;
	bool is_owned;
	size_t len;
	uint8_t buffer[PAYLOAD_BUFFER_SIZE];
};

int payload_new(struct payload **ret, const char *path)
{
	struct payload *payload = calloc(1, sizeof(*payload));
	int fd = STDOUT_FILENO, r;

	if (!payload)
		return -ENOMEM;
	payload->is_owned = strcmp(path, "-") != 0;
	if (payload->is_owned)
		fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOCTTY,
			  0666);
	payload->writer.fd = fd;
	r = fd < 0 ? -errno : writer_init(&payload->writer, fd);
	if (r < 0) {
		payload_free(payload);
		return r;
	}
	*ret = payload;
	return 0;
}

struct payload *payload_free(struct payload *payload)
{
	if (payload && payload->is_owned && payload->writer.fd >= 0)
		close(payload->writer.fd);
	free(payload);
	return NULL;
}

bool payload_is_standard_output(const struct payload *payload)
{
	struct stat x, y;

	if (!payload->is_owned)
		return true;
	return fstat(payload->writer.fd, &x) == 0 && fstat(STDOUT_FILENO, &y) == 0 &&
	       x.st_dev == y.st_dev && x.st_ino == y.st_ino;
}

struct writer *payload_get_writer(struct payload *payload)
{
	return &payload->writer;
}

int payload_flush(struct payload *payload)
{
	size_t done;
	int r = writer_write(&payload->writer, payload->buffer, payload->len, &done);

	memmove(payload->buffer, payload->buffer + done, payload->len - done);
	payload->len -= done;
	return r;
}

int payload_add(struct payload *payload, const void *data, size_t len)
{
	if (len > sizeof(payload->buffer) - payload->len) {
		int r = payload_flush(payload);

		if (r < 0)
			return r;
	}
	memcpy(payload->buffer + payload->len, data, len);
	payload->len += len;
	return 0;
}
