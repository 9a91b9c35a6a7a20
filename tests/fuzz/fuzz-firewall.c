/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Input: rulesets in JSON, of libnftables. Sent by: the kernel, for whoever may set
 * rules in the namespace.
 *
 * Any text ends as none, or as one that gives a verdict on every packet, with a
 * finding that belongs to it. Who knows less of a packet may be less sure, but never
 * sure of another verdict.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <string.h>

#include "firewall.h"
#include "target.h"

static struct firewall_packet make_packet(int family, uint8_t protocol, bool is_outgoing)
{
	struct firewall_packet packet = { .interface = "eth0",
					  .ifindex = 2,
					  .family = family,
					  .protocol = protocol,
					  .is_outgoing = is_outgoing,
					  .has_ttl = true,
					  .has_length = true,
					  .ttl = 1,
					  .length = 60 };
	struct sockaddr_in *source = (void *)&packet.source;
	struct sockaddr_in *group = (void *)&packet.destination;
	struct sockaddr_in6 *source6 = (void *)&packet.source;
	struct sockaddr_in6 *group6 = (void *)&packet.destination;

	packet.source.ss_family = packet.destination.ss_family = (sa_family_t)family;
	if (family == AF_INET) {
		inet_pton(AF_INET, "10.9.0.9", &source->sin_addr);
		inet_pton(AF_INET, "232.1.1.1", &group->sin_addr);
	} else {
		inet_pton(AF_INET6, "fd09::9", &source6->sin6_addr);
		inet_pton(AF_INET6, "ff3e::8000:1", &group6->sin6_addr);
	}
	packet.has_port = packet.has_source_port = protocol == IPPROTO_UDP;
	packet.port = 5000;
	packet.source_port = 4000;
	packet.has_type = !packet.has_port;
	packet.type = family == AF_INET ? 0x22 : 143;
	return packet;
}

static enum firewall_verdict judge(const struct firewall *firewall,
				   const struct firewall_packet *packet)
{
	struct firewall_finding finding;
	enum firewall_verdict verdict = firewall_judge(firewall, packet, &finding);
	char text[2048];

	target_expect(verdict != FIREWALL_UNREADABLE, "a ruleset that is here is read");
	target_expect((verdict == FIREWALL_MAYBE) == (finding.why[0] != '\0'),
		      "a maybe says why, and only that");
	target_expect((verdict == FIREWALL_ACCEPT) == (finding.rule[0] == '\0'),
		      "what does not accept is named");
	target_expect(firewall_format(&finding, text, sizeof(text)) >= 0, "a text");
	for (const char *at = text; *at; at++)
		target_expect((unsigned char)*at >= 0x20 && *at != 0x7f,
			      "nothing moves a cursor");
	return verdict;
}

static void judge_twice(const struct firewall *firewall, struct firewall_packet packet)
{
	enum firewall_verdict sure = judge(firewall, &packet), less;

	packet.source.ss_family = AF_UNSPEC;
	packet.has_ttl = packet.has_source_port = packet.has_length = false;
	less = judge(firewall, &packet);
	target_expect(less == FIREWALL_MAYBE || sure == FIREWALL_MAYBE || less == sure,
		      "who knows less is not sure of another verdict");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct firewall *firewall = NULL;
	char *text = target_text(data, len);
	int r = firewall_new_from_json(&firewall, text, len);

	target_expect(r == 0 || (r == -EBADMSG && !firewall), "a ruleset, or -EBADMSG");
	if (r == 0) {
		judge_twice(firewall, make_packet(AF_INET, IPPROTO_UDP, false));
		judge_twice(firewall, make_packet(AF_INET6, IPPROTO_UDP, false));
		judge_twice(firewall, make_packet(AF_INET, IPPROTO_IGMP, true));
		judge_twice(firewall, make_packet(AF_INET6, IPPROTO_ICMPV6, true));
	}
	firewall_free(firewall);
	target_free(text);
	return 0;
}
