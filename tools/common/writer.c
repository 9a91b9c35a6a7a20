/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * writer: writes that do not keep a signal waiting (see writer.h).
 *
 * Invariant: a pipe that polls as writable takes PIPE_BUF bytes without blocking
 * (pipe(7)), so no more is written at once, and the descriptor, which others may
 * share, stays in the mode that it has.
 */
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "writer.h"

int writer_init(struct writer *writer, int fd)
{
	struct stat st;

	*writer = (struct writer){ .fd = fd, .patience_ms = -1 };
	for (int i = 0; i < WRITER_N_CANCEL; i++)
		writer->cancel[i] = -1;
	if (fstat(fd, &st) < 0)
		return -errno;
	writer->is_regular = S_ISREG(st.st_mode) || S_ISBLK(st.st_mode);
	return 0;
}

void writer_set_cancel(struct writer *writer, const int fds[WRITER_N_CANCEL])
{
	memcpy(writer->cancel, fds, sizeof(writer->cancel));
}

/* Until the reader takes more. */
static int wait_writable(const struct writer *writer)
{
	struct pollfd fds[1 + WRITER_N_CANCEL] = { { .fd = writer->fd,
						     .events = POLLOUT } };
	int n;

	for (int i = 0; i < WRITER_N_CANCEL; i++)
		fds[1 + i] = (struct pollfd){ .fd = writer->cancel[i], .events = POLLIN };
	n = poll(fds, 1 + WRITER_N_CANCEL, writer->patience_ms);
	if (n < 0)
		return errno == EINTR ? 0 : -errno;
	if (n == 0)
		return -ETIMEDOUT;
	if (fds[0].revents & (POLLERR | POLLHUP | POLLNVAL | POLLOUT))
		return 1; /* write(2) knows what is wrong */
	return -ECANCELED;
}

int writer_write(const struct writer *writer, const void *data, size_t len,
		 size_t *ret_done)
{
	size_t done = 0;
	int r = 0;

	while (done < len && r >= 0) {
		size_t n_wanted = len - done;
		ssize_t n;

		if (!writer->is_regular) {
			r = wait_writable(writer);
			if (r <= 0)
				continue;
			n_wanted = n_wanted < PIPE_BUF ? n_wanted : PIPE_BUF;
		}
		n = write(writer->fd, (const char *)data + done, n_wanted);
		if (n < 0 && errno != EINTR && errno != EAGAIN)
			r = -errno;
		done += n > 0 ? (size_t)n : 0;
	}
	*ret_done = done;
	return r < 0 ? r : 0;
}
