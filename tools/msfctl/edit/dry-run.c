/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * dry-run: the filter in force beside the one that is asked for (see dry-run.h).
 *
 * The error table (msf_table_get_row()) says whether the request is legal, the limits
 * whether it fits.  Invariant: both lists are in ascending order, so that one walk over
 * them finds what was added and removed.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dry-run.h"
#include "endpoint.h"
#include "jsonline.h"
#include "output.h"
#include "sources.h"

struct change {
	const struct filter *was;
	struct filter next; /* borrows its list */
};

static bool is_identical(const struct change *change)
{
	const struct filter *was = change->was, *next = &change->next;

	if (was->is_member != next->is_member || was->fmode != next->fmode ||
	    was->numsrc != next->numsrc)
		return false;
	for (uint32_t i = 0; i < was->numsrc; i++)
		if (endpoint_compare_addresses(&was->slist[i], &next->slist[i]))
			return false;
	return true;
}

/* Does a row of the table speak of this change? */
static bool is_row(const struct msf_table_row *row, const struct change *change,
		   uint32_t fmode)
{
	const char *request = fmode == MCAST_INCLUDE ? "set_include" : "set_exclude";
	const char *state = "none", *argument = row->argument;
	uint32_t numsrc = change->next.numsrc;

	if (change->was->is_member)
		state = change->was->fmode == MCAST_INCLUDE ? "INCLUDE{A}" : "EXCLUDE{B}";
	if (strcmp(row->state, state) != 0 || strcmp(row->request, request) != 0)
		return false;
	if (!strcmp(argument, "empty"))
		return numsrc == 0;
	if (!strcmp(argument, "not_empty"))
		return numsrc > 0;
	if (!strcmp(argument, "L_equals_A") || !strcmp(argument, "L_equals_B"))
		return is_identical(change);
	return true; /* any */
}

static int ask_table(const struct change *change, uint32_t fmode)
{
	const char *name = secure_getenv("MSF_SEMANTICS");
	enum msf_semantics semantics = name && !strcmp(name, "linux")
					       ? MSF_SEMANTICS_LINUX
					       : MSF_SEMANTICS_TABLE;
	struct msf_table_row row;

	for (unsigned int i = 0; !msf_table_get_row(semantics, i, &row); i++)
		if (is_row(&row, change, fmode))
			return row.error;
	return 0;
}

static bool is_over_limit(const struct edit *edit, const struct msf_request *request)
{
	const struct candidate *candidate = edit->target.candidate;
	struct msf_limits limits;
	uint32_t n = 0;

	if (msf_probe_limits(NULL, edit->group.ss_family, &limits) < 0)
		return false;
	for (size_t i = 0; i < candidate->n_memberships; i++)
		n += candidate->memberships[i].group.ss_family == edit->group.ss_family;
	return request->numsrc > limits.sources || request->numsrc > limits.set_sources ||
	       (!edit->was.is_member && n >= limits.groups);
}

/* The errno value that the real request would end with, or 0. */
static int predict(const struct edit *edit, const struct msf_request *request,
		   const struct change *change)
{
	int error = ask_table(change, request->fmode);

	if ((request->flags & MSF_IDEMPOTENT) && is_identical(change))
		return 0;
	if (!error && change->next.is_member && is_over_limit(edit, request))
		error = ENOBUFS;
	return error;
}

typedef int take_address(void *data, const struct sockaddr_storage *address);

/* Calls take for what stands in one list and not in the other. */
static int walk(const struct filter *in, const struct filter *not_in, take_address *take,
		void *data)
{
	uint32_t k = 0;
	int r = 0;

	for (uint32_t i = 0; i < in->numsrc && !r; i++) {
		int order = 1;

		while (k < not_in->numsrc &&
		       (order = endpoint_compare_addresses(&not_in->slist[k],
							   &in->slist[i])) < 0)
			k++;
		if (k == not_in->numsrc || order)
			r = take(data, &in->slist[i]);
	}
	return r;
}

static const char *get_mode(const struct filter *filter)
{
	if (!filter->is_member)
		return "no member";
	return filter->fmode == MCAST_INCLUDE ? "INCLUDE" : "EXCLUDE";
}

static int print_removed(void *data, const struct sockaddr_storage *address)
{
	char text[ENDPOINT_TEXT_MAX];

	(void)data;
	endpoint_format_address(address, text, sizeof(text));
	return printf("- %s\n", text) < 0 ? -errno : 0;
}

static int print_added(void *data, const struct sockaddr_storage *address)
{
	char text[ENDPOINT_TEXT_MAX];

	(void)data;
	endpoint_format_address(address, text, sizeof(text));
	return printf("+ %s\n", text) < 0 ? -errno : 0;
}

static int print_lines(const struct edit *edit, const struct change *change)
{
	const char *was = get_mode(change->was), *next = get_mode(&change->next);
	int r;

	printf("%s\n", edit->name);
	if (!strcmp(was, next))
		printf("  %s\n", was);
	else
		printf("- %s\n+ %s\n", was, next);
	r = walk(change->was, &change->next, print_removed, NULL);
	if (!r)
		r = walk(&change->next, change->was, print_added, NULL);
	return r;
}

static int append_address(void *data, const struct sockaddr_storage *address)
{
	return json_array_append_new(data, jsonline_new_address(address));
}

static json_t *new_difference(const struct filter *in, const struct filter *not_in)
{
	json_t *list = json_array();

	if (list && !walk(in, not_in, append_address, list))
		return list;
	json_decref(list);
	return NULL;
}

static int print_object(const struct edit *edit, const struct change *change, int error,
			const char *why)
{
	const char *name = error ? strerrorname_np(error) : NULL;
	json_t *o = edit_new_object(edit, &change->next);
	int r = 0;

	r |= json_object_set_new(o, "dry_run", json_true());
	r |= json_object_set_new(o, "added", new_difference(&change->next, change->was));
	r |= json_object_set_new(o, "removed",
				 new_difference(change->was, &change->next));
	r |= json_object_set_new(o, "errno", name ? json_string(name) : json_null());
	r |= json_object_set_new(o, "error", jsonline_new_text(why));
	if (!r)
		return jsonline_write(o, stdout);
	json_decref(o);
	return -ENOMEM;
}

static struct filter get_next(const struct msf_request *request)
{
	/* INCLUDE {} leaves the group (RFC 3376 3.1). */
	if (request->fmode == MCAST_INCLUDE && !request->numsrc)
		return (struct filter){ 0 };
	return (struct filter){ .is_member = true,
				.fmode = request->fmode,
				.numsrc = request->numsrc,
				.slist = (struct sockaddr_storage *)request->slist };
}

int dry_run(const struct edit *edit, const struct msf_request *request)
{
	struct change change = { .was = &edit->was, .next = get_next(request) };
	int error = predict(edit, request, &change), r;
	char *why = error ? edit_explain(edit, request, error) : NULL;

	if (edit->is_json)
		r = print_object(edit, &change, error, why);
	else
		r = print_lines(edit, &change);
	if (!r && !edit->is_json && !error)
		r = puts("would be accepted") == EOF ? -errno : 0;
	if (error) {
		fflush(stdout);
		output_error(edit->name, "would be refused: %s",
			     why ? why : strerror(error));
	} else {
		edit_warn(edit, request);
	}
	free(why);
	return edit_report(r) || error ? OUTPUT_FAILED : OUTPUT_DONE;
}
