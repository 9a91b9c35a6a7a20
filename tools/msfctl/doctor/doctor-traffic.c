/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Checks "traffic", "senders" and "ttl" of the doctor: what the wire shows, against
 * what was delivered to a socket.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "doctor.h"

#define MAC_TEXT_MAX 18

/* A text would not hold more. */
#define NAMED_MAX 4

static bool is_of_port(const struct patient *patient, const struct flow *flow)
{
	return patient->port == 0 || flow->port == patient->port;
}

static bool is_of_source(const struct patient *patient, const struct flow *flow)
{
	return !patient->has_source || doctor_is_same(&flow->source, &patient->source);
}

static bool is_wanted(const struct patient *patient, const struct flow *flow)
{
	return is_of_port(patient, flow) && is_of_source(patient, flow);
}

uint64_t doctor_count_wire(const struct patient *patient)
{
	const struct flow_table *flows = &patient->watch.flows;
	uint64_t n = 0;

	for (unsigned int i = 0; i < flows->n_flows; i++)
		if (is_wanted(patient, &flows->flows[i]))
			n += flows->flows[i].packets;
	return n;
}

const struct flow *doctor_find_flow(const struct patient *patient)
{
	const struct flow_table *flows = &patient->watch.flows;

	for (unsigned int i = 0; i < flows->n_flows; i++)
		if (is_wanted(patient, &flows->flows[i]))
			return &flows->flows[i];
	return NULL;
}

const struct flow *doctor_find_other(const struct patient *patient)
{
	const struct flow_table *flows = &patient->watch.flows;

	for (unsigned int i = 0; i < flows->n_flows; i++)
		if (!is_wanted(patient, &flows->flows[i]))
			return &flows->flows[i];
	return NULL;
}

static void say_other(const struct patient *patient, struct finding *finding)
{
	const struct flow *other = doctor_find_other(patient);
	struct doctor_text source;

	if (!other)
		return;
	source = doctor_format(&other->source);
	finding_add(finding, "but %llu datagrams came from %s to port %u",
		    (unsigned long long)other->packets, source.text, other->port);
	if (!is_of_source(patient, other) && !is_of_port(patient, other))
		finding_cure(finding, "is it -s %s and port %u?", source.text,
			     other->port);
	else if (!is_of_source(patient, other))
		finding_cure(finding, "is it -s %s?", source.text);
	else
		finding_cure(finding, "is it port %u?", other->port);
}

static const char *get_seconds(const struct patient *patient, char buf[32])
{
	snprintf(buf, 32, "%.3g s", (double)patient->watch.waited_ms / 1e3);
	return buf;
}

static void pass_delivered(const struct patient *patient, struct finding *finding)
{
	const struct watch *watch = &patient->watch;
	const struct flow *other = doctor_find_other(patient);
	char seconds[32];

	finding_pass(finding, "%llu datagrams delivered in %s, the first one from %s",
		     (unsigned long long)watch->n_delivered,
		     get_seconds(patient, seconds),
		     doctor_format(&watch->delivered_source).text);
	if (other && patient->has_source)
		finding_add(finding, "%s sends to the group too",
			    doctor_format(&other->source).text);
}

/* Does this host send all of it? */
static bool is_own(const struct patient *patient)
{
	const struct flow_table *flows = &patient->watch.flows;

	for (unsigned int i = 0; i < flows->n_flows; i++)
		if (is_wanted(patient, &flows->flows[i]) && !flows->flows[i].is_outgoing)
			return false;
	return true;
}

static void explain_loss(const struct patient *patient, struct finding *finding)
{
	static const enum doctor_check causes[] = { DOCTOR_INTERFACE, DOCTOR_ROUTE,
						    DOCTOR_FIREWALL, DOCTOR_ADDRESS,
						    DOCTOR_REPORT };
	const struct sockets *sockets = &patient->sockets;

	for (size_t i = 0; i < sizeof(causes) / sizeof(*causes); i++)
		if (doctor_has(patient, causes[i], FINDING_FAIL)) {
			finding_add(finding, "check %s says why",
				    doctor_get_name(causes[i]));
			return;
		}
	if (is_own(patient)) {
		finding_add(finding, "this host sends them itself");
		finding_cure(finding, "let the sender set IP_MULTICAST_LOOP");
	} else if (sockets->checksums_before >= 0 &&
		   sockets->checksums > sockets->checksums_before) {
		finding_add(finding, "datagrams with a wrong checksum were dropped");
		finding_cure(finding, "look at the sender, and at checksum offloading of "
				      "virtual interfaces (ethtool -K IFACE tx off)");
	} else {
		finding_cure(finding, "look at what is outside of nftables: tc filter, "
				      "XDP, iptables-legacy");
	}
}

static void check_undelivered(const struct patient *patient, struct finding *finding)
{
	const struct watch *watch = &patient->watch;
	bool is_ipv6 = patient->group.ss_family == AF_INET6;
	uint64_t n_wire = doctor_count_wire(patient);
	char seconds[32];

	get_seconds(patient, seconds);
	if (n_wire > 0 && (watch->is_deaf || watch->join_error)) {
		finding_unknown(finding,
				"%llu datagrams on the wire in %s; whether they are "
				"delivered cannot be seen: %s",
				(unsigned long long)n_wire, seconds,
				watch->is_deaf ? watch->deaf_why : "not joined");
	} else if (n_wire > 0) {
		finding_fail(finding, "%llu datagrams on the wire in %s, none delivered",
			     (unsigned long long)n_wire, seconds);
		explain_loss(patient, finding);
	} else if (watch->wire_error && watch->is_deaf) {
		finding_unknown(finding, "nothing can be received: %s", watch->deaf_why);
		if (!patient->port)
			finding_cure(finding,
				     is_ipv6 ? "give the port: [%s]:PORT"
					     : "give the port: %s:PORT",
				     doctor_format(&patient->group).text);
	} else if (watch->wire_error) {
		finding_fail(finding,
			     "nothing was delivered in %s; whether something was on "
			     "the wire cannot be seen (%s)",
			     seconds, doctor_get_blindness(patient));
		finding_cure(finding, "run it as root to see the wire");
	} else {
		finding_fail(finding, "nothing of it was on the wire in %s", seconds);
		finding_cure(finding,
			     "see whether the sender sends, by which interface, and "
			     "with which TTL");
		say_other(patient, finding);
	}
	if (watch->n_lost > 0)
		finding_add(finding,
			    "%llu packets were not looked at, they came too fast",
			    (unsigned long long)watch->n_lost);
}

void doctor_check_traffic(const struct patient *patient, struct finding *finding)
{
	if (!patient->watch.is_run)
		finding_unknown(finding, "nothing is heard there");
	else if (patient->watch.n_delivered > 0)
		pass_delivered(patient, finding);
	else
		check_undelivered(patient, finding);
	if (patient->watch.is_interrupted)
		finding_add(finding, "the wait was interrupted");
}

static const char *format_mac(const uint8_t *mac, char buf[MAC_TEXT_MAX])
{
	snprintf(buf, MAC_TEXT_MAX, "%02x:%02x:%02x:%02x:%02x:%02x", mac[0], mac[1],
		 mac[2], mac[3], mac[4], mac[5]);
	return buf;
}

/* 1: it has been said what is wrong with the flow. */
static bool judge_flow(const struct flow *flow, struct finding *finding)
{
	char first[MAC_TEXT_MAX], other[MAC_TEXT_MAX];
	struct doctor_text source = doctor_format(&flow->source);

	if (flow_has_two_senders(flow)) {
		finding_fail(finding, "datagrams of %s come in turn from %s and %s",
			     source.text, format_mac(flow->first_mac, first),
			     format_mac(flow->other_mac, other));
		if (flow_is_repeated(flow))
			finding_add(finding, "each of them twice");
		finding_cure(finding, "two stations have this address, or two routers "
				      "forward the group: turn one of them off");
		return true;
	}
	if (!flow_is_repeated(flow))
		return false;
	finding_fail(finding, "%llu of %llu datagrams of %s came a second time",
		     (unsigned long long)flow->n_repeated,
		     (unsigned long long)flow->packets, source.text);
	finding_cure(finding, "look for a loop or a mirrored port between the sender and "
			      "here, or for a sender that was started twice");
	return true;
}

/* Some want many senders, some do not know of the second one. */
static void say_many(const struct patient *patient, struct finding *finding,
		     unsigned int n_sources)
{
	const struct flow_table *flows = &patient->watch.flows;
	unsigned int n_named = 0;

	finding_unknown(finding, "%u sources send to the group; is that wanted",
			n_sources);
	for (unsigned int i = 0; i < flows->n_flows && n_named < NAMED_MAX; i++) {
		if (!is_of_port(patient, &flows->flows[i]))
			continue;
		finding_add(finding, "%s to port %u",
			    doctor_format(&flows->flows[i].source).text,
			    flows->flows[i].port);
		n_named++;
	}
	finding_cure(finding, "join the one that is wanted: -s SOURCE");
}

void doctor_check_senders(const struct patient *patient, struct finding *finding)
{
	const struct flow_table *flows = &patient->watch.flows;
	const struct flow *first = NULL;
	unsigned int n_others = 0;

	for (unsigned int i = 0; i < flows->n_flows; i++) {
		const struct flow *flow = &flows->flows[i];

		if (!is_wanted(patient, flow))
			continue;
		if (judge_flow(flow, finding))
			return;
		if (!first)
			first = flow;
		n_others += !doctor_is_same(&flow->source, &first->source);
	}
	if (!patient->watch.is_run)
		finding_unknown(finding, "nothing is heard there");
	else if (patient->watch.wire_error)
		doctor_say_blind(patient, finding, "senders");
	else if (!first)
		finding_unknown(finding, "no datagram was seen");
	else if (n_others > 0)
		say_many(patient, finding, n_others + 1);
	else
		finding_pass(finding, "one sender, and nothing came twice");
}

/* Is there a router between? */
static bool is_far(const struct patient *patient)
{
	struct netlink_route route;

	return patient->has_source && patient->netlink &&
	       netlink_get_route(patient->netlink, &patient->source,
				 patient->interface.ifindex, &route) == 0 &&
	       (route.has_gateway || !route.uses_wanted) && !route.is_local;
}

void doctor_check_ttl(const struct patient *patient, struct finding *finding)
{
	const struct flow *flow = doctor_find_flow(patient);

	if (flow && flow->ttl_min != flow->ttl_max) {
		finding_pass(finding, "%s arrives with a TTL of %u to %u",
			     doctor_format(&flow->source).text, flow->ttl_min,
			     flow->ttl_max);
	} else if (flow) {
		finding_pass(finding, "%s arrives with a TTL of %u",
			     doctor_format(&flow->source).text, flow->ttl_min);
	} else if (!patient->watch.is_run) {
		finding_unknown(finding, "nothing is heard there");
	} else if (patient->watch.wire_error) {
		doctor_say_blind(patient, finding, "TTLs");
	} else if (is_far(patient)) {
		finding_unknown(finding,
				"%s is behind a router, and multicast is sent with "
				"a TTL of 1 unless the sender says otherwise",
				doctor_format(&patient->source).text);
		finding_cure(finding, "let the sender set IP_MULTICAST_TTL (or "
				      "IPV6_MULTICAST_HOPS) above the number of routers");
	} else {
		finding_unknown(finding, "no datagram was seen");
	}
	if (flow && flow->ttl_min <= 1)
		finding_add(finding, "no router will pass that on");
}
