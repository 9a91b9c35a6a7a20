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

struct outlet {
	struct writer writer;
	FILE *file;
	char *kept; /* owned */
	size_t len;
	int error; /* 0: none, or it was told; else -errno */
	bool is_dead;
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

static int write_kept(struct outlet *outlet)
{
	size_t done;
	int r = writer_write(&outlet->writer, outlet->kept, outlet->len, &done);

	if (done < outlet->len)
		memmove(outlet->kept, outlet->kept + done, outlet->len - done);
	outlet->len -= done;
	if (outlet->len == 0)
		drop(outlet);
	return r == -ECANCELED ? 0 : r;
}

/* The stream always gets rid of its bytes; outlet_flush() tells of errors. */
static ssize_t take(void *cookie, const char *data, size_t len)
{
	struct outlet *outlet = cookie;
	int r;

	if (outlet->is_dead || len == 0)
		return (ssize_t)len;
	r = keep(outlet, data, len);
	if (r == 0)
		r = write_kept(outlet);
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
