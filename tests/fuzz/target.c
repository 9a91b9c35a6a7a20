/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * target: what is expected of a parser (see target.h).
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "target.h"

/* Looking for groups that are given twice takes long in long lists. */
#define CHECKED_GROUPS_MAX 256

char *target_text(const uint8_t *data, size_t len)
{
	char *text = malloc(len + 1);

	target_expect(text != NULL, "no memory");
	if (len > 0)
		memcpy(text, data, len);
	text[len] = '\0';
	return text;
}

void target_free(char *text)
{
	free(text);
}

void target_expect(bool is_so, const char *what)
{
	if (is_so)
		return;
	fprintf(stderr, "expected: %s\n", what);
	abort();
}

static void check_mistake(const struct mistake *mistake, const char *text, size_t len)
{
	size_t n_lines = 1;

	for (size_t i = 0; i < len; i++)
		n_lines += text[i] == '\n';
	target_expect(mistake->why[0] != '\0', "a mistake says why");
	target_expect(mistake->line <= n_lines, "a mistake is in a line of the text");
}

/* What is written of a channel is read as the same channel. */
static void check_round_trip(const struct endpoint *endpoint)
{
	char text[ENDPOINT_TEXT_MAX];
	struct endpoint again;
	const char *why;

	target_expect(endpoint_format(endpoint, text, sizeof(text)) > 0, "it has a text");
	target_expect(endpoint_parse(text, &again, &why) == 0, "the text is an endpoint");
	target_expect(again.port == endpoint->port &&
			      again.n_groups == endpoint->n_groups,
		      "the text is the same endpoint");
}

static void check_channel(const struct channel *channel)
{
	const struct channel_filter *filter = &channel->filter;
	struct sockaddr_storage last;

	target_expect(channel->interface[0] != '\0', "a channel has an interface");
	target_expect(endpoint_is_multicast(&channel->endpoint.group),
		      "a group is multicast");
	target_expect(endpoint_get_group(&channel->endpoint,
					 channel->endpoint.n_groups - 1, &last) == 0 &&
			      endpoint_is_multicast(&last),
		      "the last group of a range is multicast");
	target_expect(filter->fmode == MCAST_EXCLUDE || filter->numsrc > 0,
		      "an include list names a source");
	for (uint32_t i = 0; i < filter->numsrc; i++) {
		target_expect(filter->slist[i].ss_family ==
				      channel->endpoint.group.ss_family,
			      "group and sources have one family");
		target_expect(!endpoint_is_multicast(&filter->slist[i]),
			      "a source is not multicast");
		target_expect(i == 0 || memcmp(&filter->slist[i - 1], &filter->slist[i],
					       sizeof(filter->slist[i])) != 0,
			      "a source stands in a list once");
	}
	check_round_trip(&channel->endpoint);
}

void target_check(const struct channel_list *list, const struct mistake *mistake,
		  const char *text, size_t len, int r)
{
	struct mistake twice = { 0 };

	target_expect(r == 0 || r == -EINVAL, "0 or -EINVAL");
	if (r < 0)
		check_mistake(mistake, text, len);
	for (size_t i = 0; i < list->n_channels; i++)
		check_channel(&list->channels[i]);
	if (list->n_groups > CHECKED_GROUPS_MAX)
		return;
	r = channel_list_check(list, &twice);
	target_expect(r == 0 || (r == -EINVAL && twice.why[0]),
		      "two of a kind are a mistake that says why");
}
