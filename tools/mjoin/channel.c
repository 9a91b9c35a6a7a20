/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * channel: what is to be received (see channel.h).
 *
 * RFC 3678 4.1 and 5.1 say what a request holds, RFC 3376 2 that its sources are
 * unicast addresses.  Invariant: group and sources of a channel have one family,
 * and no source stands twice in a list.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "channel.h"
#include "mark.h"

#define BLANKS " \t\r\v\f"

void channel_filter_fini(struct channel_filter *filter)
{
	free(filter->slist);
	*filter = (struct channel_filter){ 0 };
}

static int filter_append(struct channel_filter *filter,
			 const struct sockaddr_storage *address)
{
	uint32_t n = filter->numsrc;

	/* The room doubles whenever the number reaches a power of two. */
	if ((n & (n - 1)) == 0) {
		size_t size = n ? 2 * (size_t)n : 1;
		struct sockaddr_storage *larger = reallocarray(filter->slist, size,
							       sizeof(*larger));

		if (!larger)
			return -ENOMEM;
		filter->slist = larger;
	}
	filter->slist[filter->numsrc++] = *address;
	return 0;
}

int channel_filter_add(struct channel_filter *filter, const char *source,
		       const struct sockaddr_storage *group, struct mistake *mistake)
{
	struct sockaddr_storage address;
	char group_text[ENDPOINT_TEXT_MAX];
	const char *why;

	if (endpoint_parse_address(source, &address, &why) < 0)
		return mistake_set(mistake, source, "source: %s", why);
	why = endpoint_explain_source(&address);
	if (why)
		return mistake_set(mistake, source, "source: %s", why);
	if (address.ss_family != group->ss_family) {
		endpoint_format_address(group, group_text, sizeof(group_text));
		return mistake_set(
			mistake, source,
			"source: wrong family: %s cannot be a source of %s, an "
			"%s group",
			address.ss_family == AF_INET ? "IPv4" : "IPv6", group_text,
			group->ss_family == AF_INET ? "IPv4" : "IPv6");
	}
	if (filter->numsrc >= CHANNEL_MAX_SOURCES)
		return mistake_set(mistake, source, "source: more than %d sources",
				   CHANNEL_MAX_SOURCES);
	return filter_append(filter, &address);
}

int channel_filter_parse(struct channel_filter *filter, const char *sources,
			 const struct sockaddr_storage *group, struct mistake *mistake)
{
	char *words = strdup(sources), *rest = words, *word;
	int r = words ? 0 : -ENOMEM;

	while (r == 0 && (word = strsep(&rest, ","))) {
		if (*word)
			r = channel_filter_add(filter, word, group, mistake);
		else
			r = mistake_set(mistake, *sources ? sources : "\"\"",
					"source: an empty one is in the list%s",
					*sources ? "; commas stand only between sources"
						 : "");
	}
	free(words);
	return r;
}

/* Ascending order, and each address once. */
static int filter_sort(struct channel_filter *filter, struct mistake *mistake)
{
	char text[ENDPOINT_TEXT_MAX];

	if (filter->numsrc < 2)
		return 0;
	qsort(filter->slist, filter->numsrc, sizeof(*filter->slist),
	      endpoint_compare_addresses);
	for (uint32_t i = 1; i < filter->numsrc; i++) {
		if (endpoint_compare_addresses(&filter->slist[i - 1],
					       &filter->slist[i]) != 0)
			continue;
		endpoint_format_address(&filter->slist[i], text, sizeof(text));
		return mistake_set(mistake, text, "this source is given twice");
	}
	return 0;
}

void channel_list_fini(struct channel_list *list)
{
	for (size_t i = 0; i < list->n_channels; i++) {
		free(list->channels[i].interface);
		channel_filter_fini(&list->channels[i].filter);
	}
	free(list->channels);
	*list = (struct channel_list){ 0 };
}

static int list_append(struct channel_list *list, const struct channel *channel)
{
	size_t n = list->n_channels;

	if ((n & (n - 1)) == 0) {
		struct channel *larger = reallocarray(list->channels, n ? 2 * n : 1,
						      sizeof(*larger));

		if (!larger)
			return -ENOMEM;
		list->channels = larger;
	}
	list->channels[list->n_channels++] = *channel;
	list->n_groups += channel->endpoint.n_groups;
	return 0;
}

static int check_group(const struct channel_list *list, const struct endpoint *endpoint,
		       struct mistake *mistake)
{
	const struct sockaddr_in6 *sin6 = (const struct sockaddr_in6 *)&endpoint->group;
	char text[ENDPOINT_TEXT_MAX];

	endpoint_format(endpoint, text, sizeof(text));
	if (!endpoint_is_multicast(&endpoint->group)) {
		if (endpoint->group.ss_family == AF_INET)
			return mistake_set(mistake, text,
					   "not a multicast group: IPv4 groups are "
					   "224.0.0.0 to 239.255.255.255");
		if (IN6_IS_ADDR_V4MAPPED(&sin6->sin6_addr))
			return mistake_set(mistake, text,
					   "a v4-mapped address is no group; write the "
					   "IPv4 address");
		return mistake_set(mistake, text,
				   "not a multicast group: IPv6 groups begin with ff");
	}
	if (list->n_groups + endpoint->n_groups > CHANNEL_MAX_GROUPS)
		return mistake_set(mistake, text, "more than %d groups in all",
				   CHANNEL_MAX_GROUPS);
	return 0;
}

/* Index 0 is the kernel's choice in RFC 3678, which is none of the user's. */
static int check_interface(const char *interface, struct mistake *mistake)
{
	if (strspn(interface, "0") != strlen(interface))
		return 0;
	return mistake_set(mistake, *interface ? interface : "\"\"",
			   "not an interface: give its name, its index or its address");
}

int channel_list_add(struct channel_list *list, const struct endpoint *endpoint,
		     const char *interface, struct channel_filter *filter,
		     struct mistake *mistake)
{
	struct channel channel = { .endpoint = *endpoint, .filter = *filter };
	int r = check_group(list, endpoint, mistake);

	if (r == 0)
		r = check_interface(interface, mistake);
	*filter = (struct channel_filter){ 0 };
	if (r == 0)
		r = filter_sort(&channel.filter, mistake);
	if (r == 0) {
		channel.interface = strdup(interface);
		r = channel.interface ? list_append(list, &channel) : -ENOMEM;
	}
	if (r < 0) {
		free(channel.interface);
		channel_filter_fini(&channel.filter);
	}
	return r;
}

/* The filter of SOURCES@ or !SOURCES@, or the one of the command line. */
static int parse_filter(const struct channel_preset *preset, const char *own,
			const struct sockaddr_storage *group,
			struct channel_filter *filter, struct mistake *mistake)
{
	if (!own) {
		filter->fmode = preset->sources ? preset->fmode : MCAST_EXCLUDE;
		return preset->sources ? channel_filter_parse(filter, preset->sources,
							      group, mistake)
				       : 0;
	}
	if (preset->sources)
		return mistake_set(mistake, own,
				   "sources are given twice: here, and by %s",
				   preset->fmode == MCAST_INCLUDE ? "-s" : "-x");
	filter->fmode = *own == '!' ? MCAST_EXCLUDE : MCAST_INCLUDE;
	return channel_filter_parse(filter, own + (*own == '!'), group, mistake);
}

int channel_list_parse(struct channel_list *list, const struct channel_preset *preset,
		       const char *text, const char *interface, struct mistake *mistake)
{
	struct channel_filter filter = { 0 };
	struct endpoint endpoint;
	/* That of a URL does not stand behind sources. */
	const char *why, *at = strstr(text, "://") ? NULL : strchr(text, '@');
	char *own = NULL;
	int r;

	if (at) {
		own = strndup(text, (size_t)(at - text));
		if (!own)
			return -ENOMEM;
	}
	r = endpoint_parse(at ? at + 1 : text, &endpoint, &why);
	if (r < 0)
		mistake_set(mistake, text, "%s", why);
	else
		r = check_group(list, &endpoint, mistake);
	if (r == 0)
		r = parse_filter(preset, own, &endpoint.group, &filter, mistake);
	if (r == 0)
		r = channel_list_add(list, &endpoint, interface, &filter, mistake);
	channel_filter_fini(&filter);
	free(own);
	return r;
}

static char *next_word(char **rest)
{
	char *word;

	while ((word = strsep(rest, BLANKS)) && !*word)
		;
	return word;
}

static int parse_line(struct channel_list *list, const struct channel_preset *preset,
		      char *line, struct mistake *mistake)
{
	char *rest = line, *text, *interface, *more;

	line[strcspn(line, "#")] = '\0';
	text = next_word(&rest);
	if (!text)
		return 0;
	interface = next_word(&rest);
	if (!interface)
		return mistake_set(mistake, text,
				   "no interface: a line is GROUP[:PORT] IFACE");
	more = next_word(&rest);
	if (more)
		return mistake_set(mistake, more, "unexpected text behind the interface");
	return channel_list_parse(list, preset, text, interface, mistake);
}

int channel_list_parse_file(struct channel_list *list,
			    const struct channel_preset *preset, const char *text,
			    size_t len, struct mistake *mistake)
{
	char *copy = strdup(text), *rest = copy ? mark_skip(copy) : NULL, *line;
	int r = copy ? 0 : -ENOMEM;

	mistake->line = 0;
	while (r == 0 && (line = strsep(&rest, "\n"))) {
		mistake->line++;
		r = parse_line(list, preset, line, mistake);
	}
	if (r == 0 && strlen(text) != len)
		r = mistake_set(mistake, "NUL", "a text file has no NUL characters");
	free(copy);
	return r;
}

/* One group of a channel, for finding those that stand twice in a list. */
struct candidate {
	struct sockaddr_storage group; /* with the port */
	const struct channel *channel;
};

static int compare_candidates(const void *a, const void *b)
{
	const struct candidate *x = a, *y = b;
	int r = strcmp(x->channel->interface, y->channel->interface);

	if (r == 0)
		r = endpoint_compare_addresses(&x->group, &y->group);
	if (r == 0)
		r = (int)x->channel->endpoint.port - (int)y->channel->endpoint.port;
	return r;
}

/* Candidates for one group, port and interface: no two may admit one source. */
static int check_rivals(const struct candidate *rivals, size_t n, struct mistake *mistake)
{
	struct channel_filter all = { .fmode = MCAST_INCLUDE };
	struct endpoint endpoint = rivals->channel->endpoint;
	char text[ENDPOINT_TEXT_MAX];
	struct mistake which;
	int r = 0;

	endpoint.group = rivals->group;
	endpoint.n_groups = 1;
	endpoint_format(&endpoint, text, sizeof(text));
	for (size_t i = 0; i < n && r == 0; i++) {
		const struct channel_filter *filter = &rivals[i].channel->filter;

		if (filter->fmode != MCAST_INCLUDE)
			r = mistake_set(mistake, text, "given twice on interface %s",
					rivals->channel->interface);
		for (uint32_t j = 0; j < filter->numsrc && r == 0; j++)
			r = filter_append(&all, &filter->slist[j]);
	}
	if (r == 0 && filter_sort(&all, &which) < 0)
		r = mistake_set(mistake, text,
				"given twice on interface %s with source %s",
				rivals->channel->interface, which.what);
	channel_filter_fini(&all);
	return r;
}

static int check_sorted(const struct candidate *candidates, size_t n,
			struct mistake *mistake)
{
	size_t first = 0;

	for (size_t i = 1; i <= n; i++) {
		int r;

		if (i < n && compare_candidates(&candidates[first], &candidates[i]) == 0)
			continue;
		r = i - first > 1 ? check_rivals(&candidates[first], i - first, mistake)
				  : 0;
		if (r < 0)
			return r;
		first = i;
	}
	return 0;
}

int channel_list_check(const struct channel_list *list, struct mistake *mistake)
{
	struct candidate *candidates = calloc(list->n_groups + 1, sizeof(*candidates));
	size_t n = 0;
	int r;

	if (!candidates)
		return -ENOMEM;
	for (size_t i = 0; i < list->n_channels; i++) {
		const struct endpoint *endpoint = &list->channels[i].endpoint;

		for (uint32_t k = 0; k < endpoint->n_groups; k++, n++) {
			candidates[n].channel = &list->channels[i];
			endpoint_get_group(endpoint, k, &candidates[n].group);
		}
	}
	qsort(candidates, n, sizeof(*candidates), compare_candidates);
	mistake->line = 0;
	r = check_sorted(candidates, n, mistake);
	free(candidates);
	return r;
}
