/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * check: options together (see check.h).
 *
 * Invariant: what is accepted can be sent, as far as it can be known without looking at
 * the interface: one family, a size that fits, and faults that will happen.
 */
#include "check.h"

#include <errno.h>
#include <netinet/in.h>

#include "endpoint.h"
#include "pace.h"
#include "stream.h"
#include "ts.h"

#define NSEC_PER_SEC 1000000000.0

/* Payload of the longest UDP datagram: RFC 768 in RFC 791, and in RFC 8200. */
#define MAX_SIZE_IPV4 65507u
#define MAX_SIZE_IPV6 65527u

/* An option that means nothing without another one, or against it. */
struct rule {
	bool is_broken;
	const char *option;
	const char *why;
};

static int check_rules(const struct options *options, const struct words *words)
{
	const struct rule rules[] = {
		{ words_has(words, WORDS_VLAN) && !words->is_raw, "--vlan",
		  "only --packet makes tagged frames; without it, name the VLAN's own "
		  "interface" },
		{ words_has(words, WORDS_PIDS) && !words->is_ts, "--pids",
		  "only --ts has PIDs" },
		{ words->no_loop && words->is_raw, "--no-loop",
		  "frames of --packet never come back to this host: leave it out" },
		{ words_has(words, WORDS_GSO) && words->is_raw, "--gso",
		  "the kernel cuts datagrams, not frames: choose it or --packet" },
		{ words_has(words, WORDS_GSO) && options->endpoint.n_groups > 1, "--gso",
		  "datagrams that leave together go to one group" },
	};

	for (size_t i = 0; i < sizeof(rules) / sizeof(*rules); i++)
		if (rules[i].is_broken)
			return words_refuse(rules[i].option, "%s", rules[i].why);
	return 0;
}

static int check_sources(const struct options *options, const struct words *words)
{
	uint64_t n = 0;

	for (unsigned int i = 0; i < options->n_sources; i++) {
		const struct source *source = &options->sources[i];
		char text[SOURCE_TEXT_MAX];

		source_format(source, text, sizeof(text));
		if (source->first.ss_family != options->endpoint.group.ss_family)
			return words_refuse(text,
					    "the source is of another address family "
					    "than the group: one is IPv4, the other "
					    "IPv6");
		if (source->n_addresses > 1 && !words->is_raw)
			return words_refuse(text, "a range of sources needs --packet");
		n += source->n_addresses;
	}
	if (n > SOURCE_MAX)
		return words_refuse("--source", "more than 1048576 sources in all");
	if (n * (uint64_t)words->numbers[WORDS_RATE] > PACE_MAX_RATE)
		return words_refuse("--rate",
				    "more than 1000000000 packets a second in all: 0 is "
				    "as fast as it goes");
	return 0;
}

static void take_shape(struct packet_shape *shape, const struct words *words)
{
	long long type = words->is_ts ? PACKET_TYPE_TS : PACKET_TYPE_DYNAMIC;

	shape->is_rtp = words->is_rtp;
	shape->is_ts = words->is_ts;
	shape->n_pids = words_has(words, WORDS_PIDS)
				? (uint32_t)words->numbers[WORDS_PIDS]
				: TS_DEFAULT_PIDS;
	if (words_has(words, WORDS_PAYLOAD_TYPE))
		type = words->numbers[WORDS_PAYLOAD_TYPE];
	shape->payload_type = (uint8_t)type;
}

static int check_size(struct options *options, const struct words *words)
{
	bool is_ipv6 = options->endpoint.group.ss_family == AF_INET6;
	size_t max = is_ipv6 ? MAX_SIZE_IPV6 : MAX_SIZE_IPV4;
	struct packet_shape *shape = &options->shape;
	long long size = words->numbers[WORDS_SIZE];
	size_t min;

	take_shape(shape, words);
	min = packet_get_min_size(shape);
	if (!words_has(words, WORDS_SIZE))
		size = (long long)packet_get_default_size(shape);
	if (size < (long long)min || size > (long long)max)
		return words_refuse("--size", "%lld is not from %zu to %zu", size, min,
				    max);
	shape->size = (size_t)size;
	if (words->is_ts && (shape->size - min) % TS_SIZE)
		return words_refuse("--size",
				    "%zu does not hold whole TS packets: %zu and "
				    "multiples of 188 more, such as %zu",
				    shape->size, min, packet_get_default_size(shape));
	if (words_has(words, WORDS_GSO) &&
	    shape->size * (size_t)words->numbers[WORDS_GSO] > MAX_SIZE_IPV4)
		return words_refuse("--gso",
				    "%lld times %zu bytes are more than the 65507 of "
				    "the longest datagram",
				    words->numbers[WORDS_GSO], shape->size);
	return 0;
}

static void take_numbers(struct options *options, const struct words *words)
{
	const long long *numbers = words->numbers;

	options->count = (uint64_t)numbers[WORDS_COUNT];
	options->rate = (uint32_t)numbers[WORDS_RATE];
	options->ttl = (int)numbers[WORDS_TTL];
	options->duration = (uint64_t)(words->duration * NSEC_PER_SEC);
	options->has_first = words_has(words, WORDS_FIRST);
	options->first = options->has_first ? (uint32_t)numbers[WORDS_FIRST] : 0;
	options->restart = words_has(words, WORDS_RESTART)
				   ? (uint64_t)numbers[WORDS_RESTART]
				   : STREAM_NEVER;
	options->vlan = words_has(words, WORDS_VLAN) ? (uint16_t)numbers[WORDS_VLAN] : 0;
	options->n_gso = words_has(words, WORDS_GSO) ? (unsigned int)numbers[WORDS_GSO]
						     : 0;
	options->is_raw = words->is_raw;
	options->is_looped = !words->no_loop;
	options->is_quiet = words->is_quiet;
	options->is_json = words->is_json;
}

static int refuse_beyond(const char *option, uint64_t number, uint64_t n_packets)
{
	if (number < n_packets)
		return words_refuse(option,
				    "packet %llu has too few others behind it: there are "
				    "%llu for each source and group, and they count from "
				    "0",
				    (unsigned long long)number,
				    (unsigned long long)n_packets);
	return words_refuse(option,
			    "packet %llu is at or beyond the end: there are %llu for "
			    "each source and group, and they count from 0",
			    (unsigned long long)number, (unsigned long long)n_packets);
}

/* Faults have their places in the packets of each source and group, as many for each. */
static int check_faults(struct options *options)
{
	uint64_t n_packets = UINT64_MAX, number;
	bool has_places = options_has_faults(options) || options->restart != STREAM_NEVER;
	const char *option;

	if (has_places && options->count % options->endpoint.n_groups)
		return words_refuse("--count",
				    "%llu packets cannot be shared equally by %u groups, "
				    "which faults on purpose need",
				    (unsigned long long)options->count,
				    options->endpoint.n_groups);
	if (options->count)
		n_packets = options->count / options->endpoint.n_groups;
	option = faults_prepare(&options->faults, n_packets, &number);
	if (option)
		return refuse_beyond(option, number, n_packets);
	if (options->restart != STREAM_NEVER && options->restart >= n_packets)
		return refuse_beyond("--restart", options->restart, n_packets);
	return 0;
}

int check_options(struct options *options, const struct words *words)
{
	int r = check_rules(options, words);

	if (r == 0)
		r = check_sources(options, words);
	if (r == 0)
		r = check_size(options, words);
	if (r < 0)
		return r;
	take_numbers(options, words);
	return check_faults(options);
}
