/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * metrics: a page into a stream (see metrics.h).
 */
#include <errno.h>
#include <stdlib.h>

#include "metrics-page.h"
#include "metrics.h"

#define PIECE_SIZE 65536

static int print_page(struct metrics_page *page, FILE *out)
{
	char *piece = malloc(PIECE_SIZE);
	size_t len = 1;
	int r = piece ? 0 : -ENOMEM;

	while (r == 0 && (len = metrics_page_read(page, piece, PIECE_SIZE)) > 0)
		if (fwrite(piece, 1, len, out) < len)
			r = errno ? -errno : -EIO;
	free(piece);
	return r;
}

int metrics_print(const struct sample *sample, enum metrics_format format, FILE *out)
{
	struct metrics_page *page;
	int r = metrics_page_new(&page, sample, format);

	if (r < 0)
		return r;
	r = print_page(page, out);
	metrics_page_free(page);
	return r;
}
