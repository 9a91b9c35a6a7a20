/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * payload: the datagrams' contents into a file or a pipe (see payload.h).
 *
 * Invariant: bytes are written in the order in which they were added, each once.
 * A pipe that polls as writable takes PIPE_BUF bytes without blocking (pipe(7)), so
 * that no write keeps a signal waiting, and the descriptor, which others may share,
 * stays in the mode that it has.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "payload.h"

/* At least the largest datagram. */
#define PAYLOAD_BUFFER_SIZE (256u << 10)

struct payload {
	int fd;
	bool is_owned;
	bool is_regular; /* its writes do not wait */
	int patience_ms;
	int cancel[PAYLOAD_N_CANCEL];
	size_t len;
	uint8_t buffer[PAYLOAD_BUFFER_SIZE];
};

int payload_new(struct payload **ret, const char *path)
{
	struct payload *payload = calloc(1, sizeof(*payload));
	struct stat st;
	int r;

	if (!payload)
		return -ENOMEM;
	payload->is_owned = strcmp(path, "-") != 0;
	payload->fd = STDOUT_FILENO;
	payload->patience_ms = -1;
	for (int i = 0; i < PAYLOAD_N_CANCEL; i++)
		payload->cancel[i] = -1;
	if (payload->is_owned)
		payload->fd = open(
			path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOCTTY, 0666);
	if (payload->fd < 0 || fstat(payload->fd, &st) < 0) {
		r = -errno;
		payload_free(payload);
		return r;
	}
	payload->is_regular = S_ISREG(st.st_mode) || S_ISBLK(st.st_mode);
	*ret = payload;
	return 0;
}

struct payload *payload_free(struct payload *payload)
{
	if (payload && payload->is_owned && payload->fd >= 0)
		close(payload->fd);
	free(payload);
	return NULL;
}

bool payload_is_standard_output(const struct payload *payload)
{
	struct stat x, y;

	if (!payload->is_owned)
		return true;
	return fstat(payload->fd, &x) == 0 && fstat(STDOUT_FILENO, &y) == 0 &&
	       x.st_dev == y.st_dev && x.st_ino == y.st_ino;
}

void payload_set_cancel(struct payload *payload, const int fds[PAYLOAD_N_CANCEL])
{
	memcpy(payload->cancel, fds, sizeof(payload->cancel));
}

void payload_set_patience(struct payload *payload, int ms)
{
	payload->patience_ms = ms;
}

/* Until the reader takes more. */
static int wait_writable(const struct payload *payload)
{
	struct pollfd fds[1 + PAYLOAD_N_CANCEL] = { { .fd = payload->fd,
						      .events = POLLOUT } };
	int n;

	for (int i = 0; i < PAYLOAD_N_CANCEL; i++)
		fds[1 + i] = (struct pollfd){ .fd = payload->cancel[i],
					      .events = POLLIN };
	n = poll(fds, 1 + PAYLOAD_N_CANCEL, payload->patience_ms);
	if (n < 0)
		return errno == EINTR ? 0 : -errno;
	if (n == 0)
		return -ETIMEDOUT;
	if (fds[0].revents & (POLLERR | POLLHUP | POLLNVAL | POLLOUT))
		return 1; /* write(2) knows what is wrong */
	return -ECANCELED;
}

int payload_flush(struct payload *payload)
{
	size_t done = 0;
	int r = 0;

	while (done < payload->len) {
		size_t len = payload->len - done;
		ssize_t n;

		if (!payload->is_regular) {
			r = wait_writable(payload);
			if (r < 0)
				break;
			if (r == 0)
				continue;
			len = len < PIPE_BUF ? len : PIPE_BUF;
		}
		n = write(payload->fd, payload->buffer + done, len);
		if (n < 0 && errno != EINTR && errno != EAGAIN) {
			r = -errno;
			break;
		}
		done += n > 0 ? (size_t)n : 0;
	}
	memmove(payload->buffer, payload->buffer + done, payload->len - done);
	payload->len -= done;
	return r < 0 ? r : 0;
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
