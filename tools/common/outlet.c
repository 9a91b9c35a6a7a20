/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * outlet: a stdio stream over a writer (see outlet.h).
 *
 * Invariant: bytes are written in the order in which they came, each once.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "outlet.h"

/* A file system clears what is left of a page at each write to a new one: few writes. */
#define BUFFER_SIZE 65536

struct outlet {
	struct writer writer;
	FILE *file;
	char *kept; /* what could not be written yet; owned */
	size_t len;
	int error; /* 0: none, or it was told; else -errno */
	bool is_dead;
	char buffer[BUFFER_SIZE]; /* of the stream */
};

static int keep(struct outlet *outlet, const char *data, size_t len)
{
	char *larger = realloc(outlet->kept, outlet->len + len);

	if (!larger)
		return -ENOMEM;
	memcpy(larger + outlet->len, data, len);
	outlet->kept = larger;
	outlet->len += len;
	return 0;
}

static void drop(struct outlet *outlet)
{
	free(outlet->kept);
	outlet->kept = NULL;
	outlet->len = 0;
}

/* A write that is cancelled is no failure: *ret_done says how far it came. */
static int write_some(struct outlet *outlet, const char *data, size_t len,
		      size_t *ret_done)
{
	int r = writer_write(&outlet->writer, data, len, ret_done);

	return r == -ECANCELED ? 0 : r;
}

static int write_kept(struct outlet *outlet)
{
	size_t done;
	int r = write_some(outlet, outlet->kept, outlet->len, &done);

	if (done < outlet->len)
		memmove(outlet->kept, outlet->kept + done, outlet->len - done);
	outlet->len -= done;
	if (outlet->len == 0)
		drop(outlet);
	return r;
}

static int write_or_keep(struct outlet *outlet, const char *data, size_t len)
{
	size_t done = 0;
	int r = 0;

	if (outlet->len == 0)
		r = write_some(outlet, data, len, &done);
	if (r == 0 && done < len)
		r = keep(outlet, data + done, len - done);
	return r;
}

/* The stream always gets rid of its bytes; outlet_flush() tells of errors. */
static ssize_t take(void *cookie, const char *data, size_t len)
{
	struct outlet *outlet = cookie;
	int r = 0;

	if (outlet->is_dead || len == 0)
		return (ssize_t)len;
	if (outlet->len > 0)
		r = write_kept(outlet);
	if (r == 0)
		r = write_or_keep(outlet, data, len);
	if (r < 0) {
		outlet->error = r;
		outlet->is_dead = true;
		drop(outlet);
	}
	return (ssize_t)len;
}

int outlet_new(struct outlet **ret, int fd)
{
	struct outlet *outlet = calloc(1, sizeof(*outlet));
	int r = outlet ? writer_init(&outlet->writer, fd) : -ENOMEM;

	if (r == 0) {
		outlet->file = fopencookie(outlet, "w",
					   (cookie_io_functions_t){ .write = take });
		r = outlet->file ? 0 : -ENOMEM;
	}
	if (r == 0)
		setvbuf(outlet->file, outlet->buffer, _IOFBF, sizeof(outlet->buffer));
	if (r < 0) {
		free(outlet);
		return r;
	}
	*ret = outlet;
	return 0;
}

FILE *outlet_get_file(struct outlet *outlet)
{
	return outlet->file;
}

struct writer *outlet_get_writer(struct outlet *outlet)
{
	return &outlet->writer;
}

int outlet_flush(struct outlet *outlet)
{
	int r = 0;

	fflush(outlet->file);
	if (outlet->len > 0)
		r = write_kept(outlet);
	if (r < 0) {
		outlet->error = r;
		outlet->is_dead = true;
		drop(outlet);
	}
	r = outlet->error;
	outlet->error = 0;
	return r;
}

struct outlet *outlet_free(struct outlet *outlet)
{
	if (outlet) {
		outlet_flush(outlet);
		fclose(outlet->file);
		free(outlet->kept);
	}
	free(outlet);
	return NULL;
}
