/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * filter: mode and sources of one membership (see filter.h).
 *
 * Invariant: a list is as long as it was when it was read whole.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <msf.h>

#include "endpoint.h"
#include "filter.h"
#include "jsonline.h"

/* Sources that a line names before it says how many more there are. */
#define SOURCES_IN_LINE 8

int filter_read(struct filter *ret, int fd, uint32_t ifindex,
		const struct sockaddr_storage *group)
{
	struct filter filter = { .is_member = true };
	uint32_t room;
	int r;

	/* The list may grow between two calls. */
	do {
		room = filter.numsrc;
		if (room) {
			free(filter.slist);
			filter.slist = calloc(room, sizeof(*filter.slist));
		}
		if (room && !filter.slist)
			r = -ENOMEM;
		else
			r = msf_get_filter(NULL, fd, ifindex,
					   (const struct sockaddr *)group, &filter.fmode,
					   &filter.numsrc, filter.slist);
	} while (!r && filter.numsrc > room);
	if (r < 0)
		filter_fini(&filter);
	/* Of an interface that is gone, once it was left. */
	if (r < 0 && r != -EADDRNOTAVAIL && r != -ENODEV)
		return r;
	*ret = filter;
	return 0;
}

void filter_fini(struct filter *filter)
{
	free(filter->slist);
	*filter = (struct filter){ 0 };
}

char *filter_format(const struct filter *filter)
{
	char source[ENDPOINT_TEXT_MAX], *text = NULL;
	size_t len = 0;
	FILE *out;

	if (!filter->is_member)
		return strdup("no member");
	out = open_memstream(&text, &len);
	if (!out)
		return NULL;
	fputs(filter->fmode == MCAST_INCLUDE ? "INCLUDE {" : "EXCLUDE {", out);
	for (uint32_t i = 0; i < filter->numsrc && i < SOURCES_IN_LINE; i++) {
		endpoint_format_address(&filter->slist[i], source, sizeof(source));
		fprintf(out, "%s%s", i ? ", " : "", source);
	}
	if (filter->numsrc > SOURCES_IN_LINE)
		fprintf(out, " and %u more", filter->numsrc - SOURCES_IN_LINE);
	fputc('}', out);
	if (fclose(out) == 0)
		return text;
	free(text);
	return NULL;
}

/* An array of addresses. NULL: no memory. */
static json_t *new_list(const struct sockaddr_storage *slist, uint32_t numsrc)
{
	json_t *list = json_array();
	int r = list ? 0 : -1;

	for (uint32_t i = 0; i < numsrc && !r; i++)
		r = json_array_append_new(list, jsonline_new_address(&slist[i]));
	if (!r)
		return list;
	json_decref(list);
	return NULL;
}

json_t *filter_new_object(const struct filter *filter)
{
	json_t *object, *list;

	if (!filter->is_member)
		return json_null();
	object = json_pack("{s:s}", "mode",
			   filter->fmode == MCAST_INCLUDE ? "include" : "exclude");
	list = new_list(filter->slist, filter->numsrc);
	if (!json_object_set_new(object, "sources", list))
		return object;
	json_decref(object);
	return NULL;
}
