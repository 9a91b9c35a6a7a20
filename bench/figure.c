/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Figures. A ratio belongs to a round, so the medians of both sides need not have the
 * same one.
 */
#include "figure.h"

#include <errno.h>

int figure_compare(struct figure *figure, struct series *ours, struct series *theirs)
{
	struct series ratio = { 0 };
	size_t n = ours->n < theirs->n ? ours->n : theirs->n;
	int r = n ? 0 : -ENODATA;

	for (size_t i = 0; !r && i < n; i++) {
		/* What was not there at all has no ratio. */
		if (theirs->value[i] > 0)
			r = series_add(&ratio, ours->value[i] / theirs->value[i]);
	}
	if (!r && !ratio.n)
		r = -ENODATA;
	if (!r) {
		figure->ours = series_get_spread(ours).median;
		figure->theirs = series_get_spread(theirs).median;
		figure->ratio = series_get_spread(&ratio);
		figure->n_rounds = ratio.n;
	}
	series_fini(&ratio);
	return r;
}

int figure_limit(struct figure *figure, struct series *ours, double theirs)
{
	struct series limit = { 0 };
	int r = 0;

	for (size_t i = 0; !r && i < ours->n; i++)
		r = series_add(&limit, theirs);
	if (!r)
		r = figure_compare(figure, ours, &limit);
	series_fini(&limit);
	return r;
}

void figure_print(const struct figure *figure, FILE *out)
{
	fprintf(out,
		"{\"name\":\"%s\",\"peer\":\"%s\",\"unit\":\"%s\",\"ours\":%.6g,"
		"\"theirs\":%.6g,\"ratio\":%.6g,\"q1\":%.6g,\"q3\":%.6g,\"rounds\":%zu,",
		figure->name, figure->peer, figure->unit, figure->ours, figure->theirs,
		figure->ratio.median, figure->ratio.q1, figure->ratio.q3,
		figure->n_rounds);
	if (figure->target > 0)
		fprintf(out, "\"target\":%.6g,", figure->target);
	else
		fprintf(out, "\"target\":null,");
	fprintf(out, "\"better\":\"%s\",\"detail\":%s}\n",
		figure->is_at_least ? "more" : "less",
		figure->is_detail ? "true" : "false");
	fflush(out);
}
