/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * expect: flows that must be there (see expect.h).
 *
 * Invariant: source and group of an expectation have one family.  It is met on one
 * interface alone: what two of them bring is not added up.
 */
#include "expect.h"

#include <errno.h>
#include <math.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "output.h"
#include "utf8.h"

/* Senders that are named instead of the one that was expected. */
#define OTHERS_MAX 3

/* "10.9.0.1 to port 5000, " of OTHERS_MAX */
#define OTHERS_TEXT_MAX (OTHERS_MAX * (ENDPOINT_TEXT_MAX + 16))

#define RATE_MAX 1e12

static const char *parse_rate(const char *text, double *ret)
{
	char *end;

	if (strspn(text, "0123456789.") != strlen(text) || !*text)
		return "MIN_PPS must be a number of packets per second";
	*ret = strtod(text, &end);
	if (*end || !(*ret <= RATE_MAX))
		return "MIN_PPS must be a number of packets per second, up to 1e12";
	return NULL;
}

static const char *parse_group(const char *text, struct endpoint *ret)
{
	const char *why;

	if (endpoint_parse(text, ret, &why) < 0)
		return why;
	if (!endpoint_is_multicast(&ret->group))
		return "the group is no multicast address";
	if (ret->n_groups > 1)
		return "one expectation is of one group, not of a range";
	return NULL;
}

/* Cuts the words apart; NULL, or why not. */
static const char *parse(char *words, struct expect *ret)
{
	char *source = strsep(&words, ","), *group = strsep(&words, ",");
	char *rate = strsep(&words, ",");
	const char *why;

	if (!group || words)
		return "must be SOURCE,GROUP[:PORT][,MIN_PPS]";
	if (endpoint_parse_address(source, &ret->source, &why) < 0)
		return why;
	why = endpoint_explain_source(&ret->source);
	if (!why)
		why = parse_group(group, &ret->group);
	if (!why && ret->source.ss_family != ret->group.group.ss_family)
		why = "source and group must be of one family, IPv4 or IPv6";
	if (!why && rate)
		why = parse_rate(rate, &ret->min_pps);
	return why;
}

int expect_list_add(struct expect_list *list, const char *word, const char **ret_why)
{
	struct expect expect = { 0 }, *larger;
	char *words = strdup(word);
	const char *why;

	if (!words)
		return -ENOMEM;
	why = parse(words, &expect);
	free(words);
	if (why) {
		*ret_why = why;
		return -EINVAL;
	}
	larger = reallocarray(list->expects, list->n + 1, sizeof(*larger));
	if (!larger)
		return -ENOMEM;
	larger[list->n] = expect;
	list->expects = larger;
	list->n++;
	return 0;
}

void expect_list_fini(struct expect_list *list)
{
	free(list->expects);
	*list = (struct expect_list){ 0 };
}

static bool is_group(const struct expect *expect, const struct sample_flow *flow)
{
	struct sockaddr_storage group;

	sample_get_group(flow, &group);
	return !flow->is_outgoing &&
	       endpoint_compare_addresses(&group, &expect->group.group) == 0;
}

static bool is_match(const struct expect *expect, const struct sample_flow *flow)
{
	struct sockaddr_storage source;

	if (!is_group(expect, flow) ||
	    (expect->group.port && expect->group.port != flow->port))
		return false;
	sample_get_source(flow, &source);
	return endpoint_compare_addresses(&source, &expect->source) == 0;
}

/* Packets that came on one interface; all ports if none is asked for, and all VLANs. */
static uint64_t count_packets(const struct expect *expect, const struct sample *sample,
			      uint32_t i_interface, bool is_total)
{
	uint64_t n = 0;

	for (uint32_t i = 0; i < sample->n_flows; i++) {
		const struct sample_flow *flow = &sample->flows[i];

		if (flow->i_interface == i_interface && is_match(expect, flow))
			n += is_total ? flow->total.packets : flow->interval.packets;
	}
	return n;
}

/* Where most came; the number of them. */
static uint64_t find_best(const struct expect *expect, const struct sample *sample,
			  bool is_total, uint32_t *ret_i_interface)
{
	uint64_t best = 0;

	*ret_i_interface = 0;
	for (uint32_t i = 0; i < sample->n_interfaces; i++) {
		uint64_t n = count_packets(expect, sample, i, is_total);

		if (n <= best)
			continue;
		best = n;
		*ret_i_interface = i;
	}
	return best;
}

static bool is_met(const struct expect *expect, const struct sample *sample,
		   bool is_total)
{
	uint64_t ns = is_total ? sample->total_ns : sample->interval_ns;
	uint32_t i_interface;
	uint64_t n = find_best(expect, sample, is_total, &i_interface);

	return n > 0 && sample_get_rate(n, ns) >= expect->min_pps;
}

bool expect_list_is_met(const struct expect_list *list, const struct sample *sample,
			bool is_total)
{
	for (uint32_t i = 0; i < list->n; i++)
		if (!is_met(&list->expects[i], sample, is_total))
			return false;
	return true;
}

/* Who sends to the group instead, or to which other port: "; the group came from ..." */
static void format_others(const struct expect *expect, const struct sample *sample,
			  char buf[OTHERS_TEXT_MAX])
{
	char text[ENDPOINT_TEXT_MAX];
	uint32_t n = 0;
	size_t len = 0;

	buf[0] = '\0';
	for (uint32_t i = 0; i < sample->n_flows; i++) {
		const struct sample_flow *flow = &sample->flows[i];
		struct sockaddr_storage source;

		if (!is_group(expect, flow) || n++ >= OTHERS_MAX)
			continue;
		sample_get_source(flow, &source);
		endpoint_format_address(&source, text, sizeof(text));
		len += (size_t)snprintf(
			buf + len, OTHERS_TEXT_MAX - len, "%s %s to port %u",
			n == 1 ? "; the group came from" : ",", text, flow->port);
	}
	if (n > OTHERS_MAX)
		snprintf(buf + len, OTHERS_TEXT_MAX - len, " and %u more",
			 n - OTHERS_MAX);
}

/* "eth0: 10.9.0.1 to 232.1.1.1:5000"; without the interface if it was seen on none of
 * several. */
static void format_what(const struct expect *expect, const struct sample *sample,
			uint32_t i_interface, bool is_seen, char *buf, size_t len)
{
	char source[ENDPOINT_TEXT_MAX], group[ENDPOINT_TEXT_MAX], name[IF_NAMESIZE] = "";

	endpoint_format_address(&expect->source, source, sizeof(source));
	endpoint_format(&expect->group, group, sizeof(group));
	if (sample->n_interfaces == 1 || is_seen)
		utf8_clean(sample->interfaces[i_interface].name, name, sizeof(name));
	snprintf(buf, len, "%s%s%s to %s", name, *name ? ": " : "", source, group);
}

static void say(const struct expect *expect, const struct sample *sample)
{
	char what[192], others[OTHERS_TEXT_MAX], wanted[64] = "a packet";
	uint32_t i_interface;
	uint64_t n = find_best(expect, sample, true, &i_interface);

	format_what(expect, sample, i_interface, n > 0, what, sizeof(what));
	if (expect->min_pps > 0)
		snprintf(wanted, sizeof(wanted), "at least %.10g packets/s",
			 expect->min_pps);
	if (n > 0) {
		/* Cut, not rounded: 99.96 must not look as if it were enough. */
		output_error(what, "expected %s, saw %.1f", wanted,
			     floor(sample_get_rate(n, sample->total_ns) * 10) / 10);
		return;
	}
	format_others(expect, sample, others);
	output_error(what, "expected %s, never seen%s", wanted, others);
}

uint32_t expect_list_say(const struct expect_list *list, const struct sample *sample)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < list->n; i++) {
		if (is_met(&list->expects[i], sample, true))
			continue;
		say(&list->expects[i], sample);
		n++;
	}
	return n;
}
