/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sdp: the channels of a session description (see sdp.h).
 *
 * Read are v= (RFC 4566 5.1), c= (5.7), m= (5.14) and a=source-filter (RFC 4570
 * 3); other lines only have to be lines.  What stands in a media section goes
 * before what the session says.
 * Invariant: every word of the text is checked once, when its line is read.
 */
#include <errno.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "mark.h"
#include "sdp.h"

/* Limits on what a description can make us store. */
#define SDP_MAX_CONNECTIONS 256 /* c= lines in force for one media */
#define SDP_MAX_FILTERS     256 /* a=source-filter lines of one level */
#define SDP_MAX_PORTS       1024

#define SDP_TTL_MAX 255

#define SOURCE_FILTER "source-filter:"

/* c=IN IP4 224.2.1.1/127/3: the endpoint without its port. */
struct connection {
	size_t line;
	struct endpoint endpoint;
};

/* a=source-filter: incl IN IP4 232.1.1.1 192.0.2.10; the words are borrowed. */
struct source_filter {
	size_t line;
	uint32_t fmode;
	int family;                          /* AF_UNSPEC: "*" */
	struct sockaddr_storage destination; /* AF_UNSPEC: "*" */
	char *sources;                       /* the source list, separated by blanks */
	bool is_used; /* it applies to an address of the description */
};

/* What one level says: the session, or one media. */
struct level {
	struct connection connections[SDP_MAX_CONNECTIONS];
	size_t n_connections;
	struct source_filter filters[SDP_MAX_FILTERS];
	size_t n_filters;
};

struct media {
	size_t line; /* 0: none was read yet */
	uint16_t port;
	uint16_t n_ports;
	uint16_t step; /* from one port to the next */
	bool is_received;
};

struct sdp {
	struct channel_list *list;
	const struct channel_preset *preset;
	const char *interface;
	struct mistake *mistake;
	size_t line;
	bool has_version;
	bool has_skipped_media;
	struct mistake unicast; /* the first media that is not multicast */
	size_t n_unicast;
	struct level session, media_level;
	struct media media;
};

static int fail(struct sdp *sdp, const char *what, const char *why)
{
	return mistake_set(sdp->mistake, what, "%s", why);
}

static char *next_word(char **rest)
{
	char *word;

	while ((word = strsep(rest, " ")) && !*word)
		;
	return word;
}

/* A number from min to max and nothing else. */
static bool parse_number(const char *text, unsigned long min, unsigned long max,
			 unsigned long *ret)
{
	size_t n = strspn(text, "0123456789");
	unsigned long value;

	if (n == 0 || n > 9 || text[n])
		return false;
	value = strtoul(text, NULL, 10);
	if (value < min || value > max)
		return false;
	*ret = value;
	return true;
}

static int parse_addrtype(const char *word)
{
	if (strcmp(word, "IP4") == 0)
		return AF_INET;
	return strcmp(word, "IP6") == 0 ? AF_INET6 : AF_UNSPEC;
}

/* The /ttl/count of IPv4, the /count of IPv6 (RFC 4566 5.7). */
static int parse_suffix(struct sdp *sdp, char *suffix, int family, uint32_t *ret_count)
{
	char *ttl = family == AF_INET ? strsep(&suffix, "/") : NULL;
	char *count = strsep(&suffix, "/");
	unsigned long value = 1;

	if (ttl && !parse_number(ttl, 0, SDP_TTL_MAX, &value))
		return fail(sdp, ttl, "c=: the TTL must be 0 to 255");
	if (suffix)
		return fail(sdp, suffix, "c=: unexpected text behind the address count");
	value = 1;
	if (count && !parse_number(count, 1, ENDPOINT_MAX_GROUPS, &value))
		return fail(sdp, count, "c=: the address count must be 1 to 65535");
	*ret_count = (uint32_t)value;
	return 0;
}

static int parse_address(struct sdp *sdp, const char *word, int family,
			 struct sockaddr_storage *ret)
{
	const char *why;

	if (endpoint_parse_address(word, ret, &why) < 0)
		return fail(sdp, word, why);
	if (ret->ss_family != family)
		return fail(sdp, word,
			    family == AF_INET
				    ? "IP4 is said, but this is an IPv6 address"
				    : "IP6 is said, but this is an IPv4 address");
	return 0;
}

/* c=<nettype> <addrtype> <connection-address> */
static int parse_connection(struct sdp *sdp, struct level *level, char *value)
{
	char *rest = value, *nettype = next_word(&rest), *addrtype = next_word(&rest);
	char *suffix = next_word(&rest), *address = strsep(&suffix, "/");
	struct connection connection = { .line = sdp->line };
	struct endpoint *endpoint = &connection.endpoint;
	struct sockaddr_storage last;
	int r, family;

	if (!nettype || !addrtype || !address || next_word(&rest))
		return fail(sdp, "c=", "must be c=IN IP4|IP6 address");
	family = parse_addrtype(addrtype);
	if (strcmp(nettype, "IN") != 0 || family == AF_UNSPEC)
		return fail(sdp, "c=", "only IN IP4 and IN IP6 can be received");
	if (level->n_connections >= SDP_MAX_CONNECTIONS)
		return fail(sdp, "c=", "too many c= lines");
	r = parse_address(sdp, address, family, &endpoint->group);
	if (r == 0)
		r = parse_suffix(sdp, suffix, family, &endpoint->n_groups);
	if (r < 0)
		return r;
	if (endpoint_get_group(endpoint, endpoint->n_groups - 1, &last) < 0 ||
	    endpoint_is_multicast(&last) != endpoint_is_multicast(&endpoint->group))
		return fail(sdp, address, "c=: the addresses run past the last group");
	level->connections[level->n_connections++] = connection;
	return 0;
}

/* a=source-filter: <filter-mode> <nettype> <address-types> <dest-address> <src-list> */
static int parse_source_filter(struct sdp *sdp, struct level *level, char *value)
{
	char *rest = value, *mode = next_word(&rest), *nettype = next_word(&rest);
	char *addrtype = next_word(&rest), *destination = next_word(&rest);
	struct source_filter *filter = &level->filters[level->n_filters];
	int r = 0;

	if (!mode || !nettype || !addrtype || !destination || !rest || !*rest)
		return fail(sdp, "a=source-filter",
			    "must be incl|excl IN IP4|IP6|* destination|* source...");
	if (level->n_filters >= SDP_MAX_FILTERS)
		return fail(sdp, "a=source-filter", "too many source filters");
	*filter = (struct source_filter){ .line = sdp->line, .sources = rest };
	if (strcmp(mode, "incl") == 0)
		filter->fmode = MCAST_INCLUDE;
	else if (strcmp(mode, "excl") == 0)
		filter->fmode = MCAST_EXCLUDE;
	else
		return fail(sdp, mode, "a=source-filter: the mode must be incl or excl");
	filter->family = parse_addrtype(addrtype);
	if (strcmp(nettype, "IN") != 0 ||
	    (filter->family == AF_UNSPEC && strcmp(addrtype, "*") != 0))
		return fail(sdp, "a=source-filter",
			    "only IN IP4, IN IP6 and IN * are known");
	if (strcmp(destination, "*") != 0) {
		if (filter->family == AF_UNSPEC)
			return fail(sdp, destination,
				    "a=source-filter: IN * needs * as destination");
		r = parse_address(sdp, destination, filter->family, &filter->destination);
	}
	if (r == 0)
		level->n_filters++;
	return r;
}

/* m=<media> <port>/<number of ports> <proto> <fmt> ... */
static int parse_media(struct sdp *sdp, char *value)
{
	char *rest = value, *name = next_word(&rest), *count = next_word(&rest);
	char *proto = next_word(&rest), *port = strsep(&count, "/");
	unsigned long n_ports = 1, first;
	bool is_rtp;

	if (!name || !port || !proto)
		return fail(sdp, "m=", "must be m=media port proto format...");
	if (!parse_number(port, 0, UINT16_MAX, &first))
		return fail(sdp, port, "m=: the port must be 0 to 65535");
	if (count && !parse_number(count, 1, SDP_MAX_PORTS, &n_ports))
		return fail(sdp, count, "m=: the number of ports must be 1 to 1024");
	/* RFC 4566 5.14: RTP has every second port, RTCP those between. */
	is_rtp = strstr(proto, "RTP/") != NULL;
	if (first + (n_ports - 1) * (is_rtp ? 2 : 1) > UINT16_MAX)
		return fail(sdp, port, "m=: the ports run past 65535");
	sdp->media = (struct media){
		.line = sdp->line,
		.port = (uint16_t)first,
		.n_ports = (uint16_t)n_ports,
		.step = is_rtp ? 2 : 1,
		/* Port 0 is a media that is not sent (RFC 3264 6). */
		.is_received = first != 0 && strncmp(proto, "TCP", 3) != 0,
	};
	return 0;
}

static bool filter_applies(const struct source_filter *filter,
			   const struct sockaddr_storage *group)
{
	const struct sockaddr_in6 *g6 = (const struct sockaddr_in6 *)group;
	const struct sockaddr_in *g4 = (const struct sockaddr_in *)group;
	const struct sockaddr_storage *d = &filter->destination;

	if (d->ss_family == AF_UNSPEC)
		return filter->family == AF_UNSPEC || filter->family == group->ss_family;
	if (d->ss_family != group->ss_family)
		return false;
	if (d->ss_family == AF_INET)
		return ((const struct sockaddr_in *)d)->sin_addr.s_addr ==
		       g4->sin_addr.s_addr;
	return IN6_ARE_ADDR_EQUAL(&((const struct sockaddr_in6 *)d)->sin6_addr,
				  &g6->sin6_addr);
}

/* The one filter of a level for a group; NULL: none. -EINVAL: more than one. */
static int level_find_filter(struct sdp *sdp, struct level *level,
			     const struct sockaddr_storage *group,
			     const struct source_filter **ret)
{
	const struct source_filter *found = NULL;

	for (size_t i = 0; i < level->n_filters; i++) {
		struct source_filter *filter = &level->filters[i];

		if (!filter_applies(filter, group))
			continue;
		filter->is_used = true;
		if (found) {
			char text[ENDPOINT_TEXT_MAX];

			sdp->mistake->line = filter->line;
			endpoint_format_address(group, text, sizeof(text));
			return mistake_set(sdp->mistake, text,
					   "two source filters apply; the other one is "
					   "in line %zu",
					   found->line);
		}
		found = filter;
	}
	*ret = found;
	return 0;
}

static int add_sources(struct sdp *sdp, const struct source_filter *from,
		       const struct sockaddr_storage *group,
		       struct channel_filter *filter)
{
	char *words = strdup(from->sources), *rest = words, *word;
	int r = words ? 0 : -ENOMEM;

	sdp->mistake->line = from->line;
	if (r == 0 && sdp->preset->sources)
		r = mistake_set(sdp->mistake, "a=source-filter",
				"sources are given twice: here, and by %s",
				sdp->preset->fmode == MCAST_INCLUDE ? "-s" : "-x");
	filter->fmode = from->fmode;
	while (r == 0 && (word = next_word(&rest)))
		r = channel_filter_add(filter, word, group, sdp->mistake);
	if (r == 0 && filter->numsrc == 0)
		r = fail(sdp, "a=source-filter", "the source list is empty");
	free(words);
	return r;
}

/* Adds one group of a connection with one port. */
static int add_channel(struct sdp *sdp, const struct connection *connection, uint32_t i,
		       uint16_t port)
{
	struct endpoint endpoint = { .n_groups = 1 };
	const struct source_filter *from = NULL, *of_session = NULL;
	struct channel_filter filter = { .fmode = MCAST_EXCLUDE };
	int r = endpoint_get_group(&connection->endpoint, i, &endpoint.group);

	if (r == 0)
		r = level_find_filter(sdp, &sdp->media_level, &endpoint.group, &from);
	if (r == 0)
		r = level_find_filter(sdp, &sdp->session, &endpoint.group, &of_session);
	if (!from)
		from = of_session;
	if (r == 0 && from)
		r = add_sources(sdp, from, &endpoint.group, &filter);
	if (r == 0 && !from)
		sdp->mistake->line = connection->line;
	if (r == 0 && !from && sdp->preset->sources) {
		filter.fmode = sdp->preset->fmode;
		r = channel_filter_parse(&filter, sdp->preset->sources, &endpoint.group,
					 sdp->mistake);
	}
	endpoint.port = port;
	if (r == 0)
		r = channel_list_add(sdp->list, &endpoint, sdp->interface, &filter,
				     sdp->mistake);
	channel_filter_fini(&filter);
	return r;
}

/*
 * Addresses and ports of a media go together: each address with the one port,
 * the one address with each port, or the n-th with the n-th (RFC 4566 5.14).
 */
static int add_connection(struct sdp *sdp, const struct connection *connection,
			  uint32_t *i_address, uint32_t n_addresses)
{
	const struct media *media = &sdp->media;
	uint32_t n_groups = connection->endpoint.n_groups;
	int r = 0;

	for (uint32_t i = 0; i < n_groups && r == 0; i++, (*i_address)++) {
		uint32_t first = n_addresses > 1 ? *i_address : 0;
		uint32_t last = n_addresses > 1 ? first : media->n_ports - 1u;

		if (media->n_ports == 1)
			first = last = 0;
		for (uint32_t k = first; k <= last && r == 0; k++)
			r = add_channel(sdp, connection, i,
					(uint16_t)(media->port + k * media->step));
	}
	return r;
}

/* A filter that applies to nothing would leave its group open to every source. */
static int check_used(struct sdp *sdp, const struct level *level)
{
	char text[ENDPOINT_TEXT_MAX];

	for (size_t i = 0; i < level->n_filters; i++) {
		const struct source_filter *filter = &level->filters[i];

		if (filter->is_used || filter->destination.ss_family == AF_UNSPEC)
			continue;
		sdp->mistake->line = filter->line;
		endpoint_format_address(&filter->destination, text, sizeof(text));
		return fail(sdp, text,
			    "a=source-filter: no c= line has this destination");
	}
	return 0;
}

/* Is there one that is no group?  Then the media is not for us (RFC 4566 5.7). */
static bool is_unicast(struct sdp *sdp, const struct level *level)
{
	for (size_t i = 0; i < level->n_connections; i++) {
		struct endpoint endpoint = level->connections[i].endpoint;
		char text[ENDPOINT_TEXT_MAX];

		if (endpoint_is_multicast(&endpoint.group))
			continue;
		endpoint.port = sdp->media.port;
		endpoint_format(&endpoint, text, sizeof(text));
		if (sdp->n_unicast++ == 0) {
			sdp->unicast.line = level->connections[i].line;
			mistake_set(&sdp->unicast, text, "not a multicast group");
		}
		sdp->has_skipped_media = true;
		return true;
	}
	return false;
}

/* What was read of a media becomes channels. */
static int finish_media(struct sdp *sdp)
{
	const struct level *level = sdp->media_level.n_connections ? &sdp->media_level
								   : &sdp->session;
	uint32_t n_addresses = 0, i_address = 0;
	int r = 0;

	if (!sdp->media.line || !sdp->media.is_received) {
		sdp->has_skipped_media |= sdp->media.line != 0;
		return 0;
	}
	sdp->mistake->line = sdp->media.line;
	if (level->n_connections == 0)
		return fail(sdp, "m=", "no c= line for this media");
	if (is_unicast(sdp, level))
		return 0;
	for (size_t i = 0; i < level->n_connections; i++)
		n_addresses += level->connections[i].endpoint.n_groups;
	if (sdp->media.n_ports > 1 && n_addresses > 1 &&
	    n_addresses != sdp->media.n_ports)
		return fail(sdp, "m=", "the numbers of ports and of addresses differ");
	for (size_t i = 0; i < level->n_connections && r == 0; i++)
		r = add_connection(sdp, &level->connections[i], &i_address, n_addresses);
	if (r == 0)
		r = check_used(sdp, &sdp->media_level);
	return r;
}

static int start_media(struct sdp *sdp, char *value)
{
	size_t line = sdp->line;
	int r = finish_media(sdp);

	if (r < 0)
		return r;
	sdp->mistake->line = line;
	sdp->media_level.n_connections = 0;
	sdp->media_level.n_filters = 0;
	return parse_media(sdp, value);
}

static int parse_line(struct sdp *sdp, char *line)
{
	struct level *level = sdp->media.line ? &sdp->media_level : &sdp->session;
	char *value = line + 2;

	if (!line[0] || line[1] != '=')
		return fail(sdp, line, "not a line of a session description");
	if (!sdp->has_version) {
		sdp->has_version = strcmp(line, "v=0") == 0;
		return sdp->has_version
			       ? 0
			       : fail(sdp, line, "a session description begins with v=0");
	}
	switch (line[0]) {
	case 'c':
		return parse_connection(sdp, level, value);
	case 'm':
		return start_media(sdp, value);
	case 'a':
		if (strncmp(value, SOURCE_FILTER, strlen(SOURCE_FILTER)) == 0)
			return parse_source_filter(sdp, level,
						   value + strlen(SOURCE_FILTER));
		return 0;
	default:
		return 0;
	}
}

static void warn_of_unicast(struct sdp *sdp)
{
	const struct mistake *first = &sdp->unicast;

	if (sdp->n_unicast == 1)
		mistake_set(sdp->mistake, first->what, "%s: this media is skipped",
			    first->why);
	else
		mistake_set(sdp->mistake, first->what,
			    "%s: this media is skipped, and %zu more", first->why,
			    sdp->n_unicast - 1);
}

static int parse_lines(struct sdp *sdp, char *text)
{
	size_t n_groups = sdp->list->n_groups;
	char *rest = text, *line;
	int r = 0;

	while (r == 0 && (line = strsep(&rest, "\n"))) {
		line[strcspn(line, "\r")] = '\0';
		sdp->mistake->line = ++sdp->line;
		if (*line)
			r = parse_line(sdp, line);
		else if (!rest)
			sdp->line--; /* it is not a line, but the end of the last one */
	}
	if (r == 0)
		r = finish_media(sdp);
	if (r == 0 && !sdp->has_skipped_media)
		r = check_used(sdp, &sdp->session);
	if (r < 0)
		return r;
	if (sdp->n_unicast > 0) {
		*sdp->mistake = sdp->unicast;
		sdp->mistake->is_warning = sdp->list->n_groups > n_groups;
		if (!sdp->mistake->is_warning)
			return -EINVAL;
		warn_of_unicast(sdp);
		return 0;
	}
	if (sdp->list->n_groups > n_groups)
		return 0;
	sdp->mistake->line = sdp->line;
	return fail(sdp, "m=", "the description has no media to receive");
}

int sdp_parse(struct channel_list *list, const struct channel_preset *preset,
	      const char *text, size_t len, const char *interface,
	      struct mistake *mistake)
{
	struct sdp *sdp = calloc(1, sizeof(*sdp));
	char *copy = strdup(text);
	int r = -ENOMEM;

	mistake->line = 0;
	mistake->is_warning = false;
	if (sdp && copy) {
		sdp->list = list;
		sdp->preset = preset;
		sdp->interface = interface;
		sdp->mistake = mistake;
		r = strlen(text) == len
			    ? parse_lines(sdp, mark_skip(copy))
			    : fail(sdp, "NUL", "a text has no NUL characters");
	}
	free(copy);
	free(sdp);
	return r;
}
