/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * options: msend's command line (see options.h).
 *
 * Invariant: what is accepted has one family, a group that is multicast with a
 * port, and sources that can send.
 */
#include "options.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <popt.h>

#include <msf.h>

#include "output.h"
#include "packet.h"
#include "pace.h"

#define NSEC_PER_SEC 1000000000.0

/* Payload of the longest UDP datagram: RFC 768 in RFC 791, and in RFC 8200. */
#define MAX_SIZE_IPV4 65507
#define MAX_SIZE_IPV6 65527

/* About 30 years; what a double holds to the nanosecond is less. */
#define MAX_DURATION 1e9

/* As they are given, before they are checked. */
struct raw_options {
	long long count;
	long long rate;
	long long size;
	long long ttl;
	long long payload_type;
	double duration;
	int is_rtp;
	int no_loop;
	int is_quiet;
	int is_json;
};

enum option_value {
	OPTION_SOURCE = 1,
	OPTION_COUNT,
	OPTION_RATE,
	OPTION_SIZE,
	OPTION_TTL,
	OPTION_DURATION,
	OPTION_PAYLOAD_TYPE,
	OPTION_VERSION,
};

static int refuse(const char *what, const char *why)
{
	output_error(what, "%s", why);
	return -EINVAL;
}

static bool source_is_usable(const struct sockaddr_storage *source)
{
	struct sockaddr_in6 sin6;
	struct sockaddr_in sin;

	memcpy(&sin, source, sizeof(sin));
	memcpy(&sin6, source, sizeof(sin6));
	if (endpoint_is_multicast(source))
		return false;
	if (source->ss_family == AF_INET6)
		return !IN6_IS_ADDR_UNSPECIFIED(&sin6.sin6_addr) &&
		       !IN6_IS_ADDR_V4MAPPED(&sin6.sin6_addr);
	return sin.sin_addr.s_addr != INADDR_ANY &&
	       sin.sin_addr.s_addr != INADDR_BROADCAST;
}

static int add_source(struct options *options, const char *text)
{
	struct sockaddr_storage source, *sources;
	const char *why;

	if (endpoint_parse_address(text, &source, &why) < 0)
		return refuse(text, why);
	if (!source_is_usable(&source))
		return refuse(text, "a source is a unicast address of this host");
	for (unsigned int i = 0; i < options->n_sources; i++)
		if (memcmp(&options->sources[i], &source, sizeof(source)) == 0)
			return refuse(text, "the source is given twice");
	if (options->n_sources == OPTIONS_MAX_SOURCES)
		return refuse(text, "more than 1024 sources");
	sources = reallocarray(options->sources, options->n_sources + 1,
			       sizeof(*sources));
	if (!sources)
		return -ENOMEM;
	sources[options->n_sources++] = source;
	options->sources = sources;
	return 0;
}

/* One source, or several with commas between them. */
static int add_sources(struct options *options, char *list)
{
	char *text;
	int r = 0;

	while (r == 0 && (text = strsep(&list, ","))) {
		if (*text)
			r = add_source(options, text);
		else
			r = refuse("--source", "an empty source is in the list; commas "
					       "stand only between sources");
	}
	return r;
}

static int check_range(const char *option, long long value, long long min, long long max)
{
	char why[80];

	if (value >= min && value <= max)
		return 0;
	snprintf(why, sizeof(why), "%lld is not from %lld to %lld", value, min, max);
	return refuse(option, why);
}

static int check_size(const struct options *options, long long size)
{
	long long max = options->endpoint.group.ss_family == AF_INET6 ? MAX_SIZE_IPV6
								      : MAX_SIZE_IPV4;

	return check_range("--size", size,
			   (long long)packet_get_head_size(options->is_rtp), max);
}

static int check_numbers(struct options *options, const struct raw_options *raw)
{
	options->is_rtp = raw->is_rtp;
	if (check_range("--count", raw->count, 0, INT64_MAX) < 0 ||
	    check_range("--rate", raw->rate, 0, PACE_MAX_RATE) < 0 ||
	    check_range("--ttl", raw->ttl, 0, 255) < 0 ||
	    check_range("--payload-type", raw->payload_type, 0, 127) < 0 ||
	    check_size(options, raw->size) < 0)
		return -EINVAL;
	/* Written so that a NaN is refused. */
	if (!(raw->duration >= 0 && raw->duration <= MAX_DURATION))
		return refuse("--duration", "seconds are from 0 to 1000000000");
	options->count = (uint64_t)raw->count;
	options->rate = (uint32_t)raw->rate;
	options->size = (uint32_t)raw->size;
	options->ttl = (int)raw->ttl;
	options->payload_type = (uint8_t)raw->payload_type;
	options->duration = (uint64_t)(raw->duration * NSEC_PER_SEC);
	return 0;
}

static int parse_group(struct options *options, const char *text)
{
	const char *why;

	if (endpoint_parse(text, &options->endpoint, &why) < 0)
		return refuse(text, why);
	if (!endpoint_is_multicast(&options->endpoint.group))
		return refuse(text, "no multicast group: they are 224.0.0.0 to "
				    "239.255.255.255, or begin with ff for IPv6");
	if (options->endpoint.port == 0)
		return refuse(text, "the port is missing: write 232.1.1.1:5000 or "
				    "[ff3e::1]:5000");
	return 0;
}

static int check_families(const struct options *options)
{
	char source[INET6_ADDRSTRLEN] = "";

	for (unsigned int i = 0; i < options->n_sources; i++) {
		if (options->sources[i].ss_family == options->endpoint.group.ss_family)
			continue;
		endpoint_format_address(&options->sources[i], source, sizeof(source));
		return refuse(source, "the source is of another address family than "
				      "the group: one is IPv4, the other IPv6");
	}
	return 0;
}

static int parse_arguments(struct options *options, const struct raw_options *raw,
			   poptContext context)
{
	const char *group = poptGetArg(context);
	const char *interface = poptGetArg(context);
	int r;

	if (!group || !interface)
		return refuse("GROUP:PORT and an interface are needed",
			      "try msend --help");
	if (strspn(interface, "0") == strlen(interface))
		return refuse(*interface ? interface : "\"\"",
			      "not an interface: give its name, its index or its "
			      "address");
	if (poptPeekArg(context))
		return refuse(poptPeekArg(context), "one argument too many");
	options->interface = strdup(interface);
	if (!options->interface)
		return -ENOMEM;
	r = parse_group(options, group);
	if (r == 0)
		r = check_families(options);
	if (r == 0)
		r = check_numbers(options, raw);
	options->is_looped = !raw->no_loop;
	options->is_quiet = raw->is_quiet;
	options->is_json = raw->is_json;
	return r;
}

/* "--count: x: must be a number" */
static int refuse_value(const char *option, const char *text, const char *why)
{
	char what[80];

	snprintf(what, sizeof(what), "%s: %.40s", option, *text ? text : "\"\"");
	return refuse(what, why);
}

static int take_number(const char *option, const char *text, long long *ret)
{
	char *end;

	errno = 0;
	*ret = strtoll(text, &end, 10);
	return *text && !*end && !errno
		       ? 0
		       : refuse_value(option, text, "must be a whole number");
}

static int take_seconds(const char *option, const char *text, double *ret)
{
	char *end;

	*ret = strtod(text, &end);
	return *text && !*end ? 0
			      : refuse_value(option, text,
					     "must be a number of seconds, such as 5 or "
					     "0.5");
}

static int take_value(struct options *options, struct raw_options *raw, int option,
		      char *text)
{
	switch (option) {
	case OPTION_COUNT:
		return take_number("--count", text, &raw->count);
	case OPTION_RATE:
		return take_number("--rate", text, &raw->rate);
	case OPTION_SIZE:
		return take_number("--size", text, &raw->size);
	case OPTION_TTL:
		return take_number("--ttl", text, &raw->ttl);
	case OPTION_PAYLOAD_TYPE:
		return take_number("--payload-type", text, &raw->payload_type);
	case OPTION_DURATION:
		return take_seconds("--duration", text, &raw->duration);
	default:
		return add_sources(options, text);
	}
}

static int parse_options(struct options *options, struct raw_options *raw,
			 poptContext context)
{
	int value, r = 0;

	while (r == 0 && (value = poptGetNextOpt(context)) > 0) {
		char *text = poptGetOptArg(context);

		if (value == OPTION_VERSION) {
			printf("msend %d.%d.%d\n", MSF_VERSION_MAJOR, MSF_VERSION_MINOR,
			       MSF_VERSION_PATCH);
			return 0;
		}
		r = text ? take_value(options, raw, value, text) : -ENOMEM;
		free(text);
	}
	if (r == 0 && value < -1)
		r = refuse(poptBadOption(context, POPT_BADOPTION_NOALIAS),
			   poptStrerror(value));
	return r < 0 ? r : 1;
}

static int parse_table(struct options *options, int argc, char **argv)
{
	struct raw_options raw = {
		.rate = 100, .size = 64, .ttl = 1, .payload_type = 96
	};
	struct poptOption table[] = {
		{ "source", 's', POPT_ARG_STRING, NULL, OPTION_SOURCE,
		  "send from this address of the host; may be repeated",
		  "ADDR[,ADDR]..." },
		{ "count", 'c', POPT_ARG_STRING, NULL, OPTION_COUNT,
		  "packets for each source; 0, the default: until stopped", "N" },
		{ "rate", 'r', POPT_ARG_STRING, NULL, OPTION_RATE,
		  "packets a second for each source; 0: as fast as it goes (100)",
		  "PPS" },
		{ "size", 'z', POPT_ARG_STRING, NULL, OPTION_SIZE,
		  "bytes of UDP payload (64)", "BYTES" },
		{ "ttl", 't', POPT_ARG_STRING, NULL, OPTION_TTL,
		  "time to live, or hop limit (1)", "N" },
		{ "duration", 'd', POPT_ARG_STRING, NULL, OPTION_DURATION,
		  "stop after this time; 0, the default: never", "SECONDS" },
		{ "rtp", 0, POPT_ARG_NONE, &raw.is_rtp, 0, "put an RTP header in front",
		  NULL },
		{ "payload-type", 0, POPT_ARG_STRING, NULL, OPTION_PAYLOAD_TYPE,
		  "of the RTP header (96)", "N" },
		{ "no-loop", 0, POPT_ARG_NONE, &raw.no_loop, 0,
		  "do not deliver to receivers on this host", NULL },
		{ "quiet", 'q', POPT_ARG_NONE, &raw.is_quiet, 0,
		  "print errors only, no summary", NULL },
		{ "json", 'j', POPT_ARG_NONE, &raw.is_json, 0,
		  "print the summary as JSON", NULL },
		{ "version", 'V', POPT_ARG_NONE, NULL, OPTION_VERSION,
		  "print the version", NULL },
		POPT_AUTOHELP POPT_TABLEEND
	};
	poptContext context = poptGetContext("msend", argc, (const char **)argv, table,
					     0);
	int r;

	if (!context)
		return -ENOMEM;
	poptSetOtherOptionHelp(context, "[OPTION]... GROUP[+N]:PORT IFACE");
	r = parse_options(options, &raw, context);
	if (r > 0) {
		r = parse_arguments(options, &raw, context);
		if (r == 0)
			r = 1;
	}
	poptFreeContext(context);
	return r;
}

int options_parse(struct options *options, int argc, char **argv)
{
	int r;

	*options = (struct options){ 0 };
	r = parse_table(options, argc, argv);
	if (r < 0)
		options_fini(options);
	return r;
}

void options_fini(struct options *options)
{
	free(options->interface);
	free(options->sources);
	options->interface = NULL;
	options->sources = NULL;
	options->n_sources = 0;
}
