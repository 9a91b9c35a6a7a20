/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Check "firewall" of the doctor: would the nftables ruleset drop the datagrams that
 * are waited for, or the reports that ask for them?
 */
#include <errno.h>
#include <string.h>
#include <netinet/in.h>

#include "doctor.h"
#include "firewall/firewall.h"

/* Types that Linux reports with today (RFC 3376 4, RFC 3810 5.2). */
#define IGMPV3_REPORT 0x22
#define MLDV2_REPORT  143

/* A datagram as it was seen, or as it is waited for. */
static struct firewall_packet make_datagram(const struct patient *patient)
{
	const struct sockaddr_storage *source = doctor_get_source(patient);
	const struct flow *flow = doctor_find_flow(patient);
	struct firewall_packet packet = {
		.ifindex = patient->interface.ifindex,
		.family = patient->group.ss_family,
		.destination = patient->group,
		.protocol = IPPROTO_UDP,
		.has_port = patient->port != 0,
		.port = patient->port,
	};

	memcpy(packet.interface, patient->interface.name, sizeof(packet.interface));
	if (source)
		packet.source = *source;
	if (flow) {
		packet.has_port = true;
		packet.port = flow->port;
		packet.has_ttl = flow->ttl_min == flow->ttl_max;
		packet.ttl = flow->ttl_min;
	}
	return packet;
}

static struct firewall_packet make_report(const struct patient *patient)
{
	bool is_v4 = patient->group.ss_family == AF_INET;
	struct firewall_packet packet = {
		.is_outgoing = true,
		.ifindex = patient->interface.ifindex,
		.family = patient->group.ss_family,
		.destination.ss_family = patient->group.ss_family,
		.protocol = is_v4 ? IPPROTO_IGMP : IPPROTO_ICMPV6,
		.has_ttl = true,
		.ttl = 1,
		.has_type = true,
		.type = is_v4 ? IGMPV3_REPORT : MLDV2_REPORT,
	};
	struct sockaddr_in *sin = (struct sockaddr_in *)&packet.destination;
	struct sockaddr_in6 *sin6 = (struct sockaddr_in6 *)&packet.destination;

	memcpy(packet.interface, patient->interface.name, sizeof(packet.interface));
	if (is_v4) /* 224.0.0.22, ff02::16 */
		sin->sin_addr.s_addr = htonl(0xe0000016);
	else
		sin6->sin6_addr =
			(struct in6_addr){ .s6_addr = { 0xff, 2, [15] = 0x16 } };
	return packet;
}

static void say_cure(const struct firewall_finding *found, struct finding *finding)
{
	if (found->handle)
		finding_cure(finding,
			     "accept it before that rule, or nft delete rule %s %s %s "
			     "handle %llu",
			     found->family, found->table, found->chain,
			     (unsigned long long)found->handle);
	else
		finding_cure(finding,
			     "accept it in that chain: nft add rule %s %s %s "
			     "pkttype multicast accept",
			     found->family, found->table, found->chain);
}

/* Of a verdict that is not FIREWALL_ACCEPT. */
static void judge(enum firewall_verdict verdict, const struct firewall_finding *found,
		  const char *what, struct finding *finding)
{
	char place[FINDING_TEXT_MAX];

	switch (verdict) {
	case FIREWALL_ACCEPT:
		break;
	case FIREWALL_DROP:
		firewall_format(found, place, sizeof(place));
		finding_fail(finding, "%s dropped by %s", what, place);
		say_cure(found, finding);
		break;
	case FIREWALL_MAYBE:
		firewall_format(found, place, sizeof(place));
		finding_unknown(finding, "%s decided by %s: %s", what, place, found->why);
		break;
	case FIREWALL_UNREADABLE:
		finding_unknown(finding, "%s", found->why);
		finding_cure(finding, "run it as root");
		break;
	}
}

static void check(const struct patient *patient, const struct firewall *firewall,
		  struct finding *finding)
{
	struct firewall_packet datagram = make_datagram(patient);
	struct firewall_packet report = make_report(patient);
	struct firewall_finding found, found_report;
	enum firewall_verdict in, out;

	in = firewall_judge(firewall, &datagram, &found);
	out = firewall_judge(firewall, &report, &found_report);
	/* What was seen behind the rules was not dropped. */
	if (patient->watch.n_delivered > 0)
		in = FIREWALL_ACCEPT;
	if (patient->watch.reports.n > 0)
		out = FIREWALL_ACCEPT;
	finding_pass(finding, "no nftables rule drops the datagrams, or the reports");
	if (out != FIREWALL_ACCEPT && in != FIREWALL_DROP)
		judge(out, &found_report, "reports are", finding);
	if (in == FIREWALL_ACCEPT || (in == FIREWALL_MAYBE && out == FIREWALL_DROP))
		return;
	judge(in, &found, "the datagrams are", finding);
}

void doctor_check_firewall(const struct patient *patient, struct finding *finding)
{
	struct firewall *firewall = NULL;
	int r = firewall_new(&firewall);

	if (r < 0)
		finding_unknown(finding, "the nftables ruleset cannot be read: %s",
				strerror(-r));
	else
		check(patient, firewall, finding);
	firewall_free(firewall);
}
