/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Check "report" of the doctor: does what the interface asks for leave this host?
 */
#include <string.h>
#include <netinet/in.h>

#include "doctor.h"

/* RFC 3376 8.11, RFC 3810 9.11: a report may take so long. */
#define UNSOLICITED_REPORT_INTERVAL_MS 1000

#define LINK_LOCAL_REPORTS "/proc/sys/net/ipv4/igmp_link_local_mcast_reports"

/* All hosts of a link are not reported (RFC 3376 6), the others of 224.0.0.0/24 only
 * if the administrator wants it. */
static bool is_silent_ipv4(uint32_t group)
{
	uint64_t is_reported = 1;

	if (group == INADDR_ALLHOSTS_GROUP)
		return true;
	return group >> 8 == INADDR_UNSPEC_GROUP >> 8 &&
	       doctor_read_number(LINK_LOCAL_REPORTS, &is_reported) == 0 && !is_reported;
}

/* Groups that no host reports; of IPv6 those that do not leave the host, too (RFC 3810
 * 6). */
static bool is_silent(const struct sockaddr_storage *group)
{
	const struct sockaddr_in *sin = (const struct sockaddr_in *)group;
	const struct in6_addr *sin6 = &((const struct sockaddr_in6 *)group)->sin6_addr;
	static const struct in6_addr all_nodes = { .s6_addr = { 0xff, 2, [15] = 1 } };

	if (group->ss_family == AF_INET)
		return is_silent_ipv4(ntohl(sin->sin_addr.s_addr));
	return IN6_IS_ADDR_MC_NODELOCAL(sin6) || IN6_ARE_ADDR_EQUAL(sin6, &all_nodes) ||
	       (sin6->s6_addr[1] & 0x0f) == 0;
}

static const char *get_protocol(const struct patient *patient)
{
	return patient->group.ss_family == AF_INET ? "IGMP" : "MLD";
}

static void say_wrong(const struct patient *patient, struct finding *finding)
{
	const struct watch_reports *reports = &patient->watch.reports;

	if (patient->has_source && doctor_has(patient, DOCTOR_VERSION, FINDING_FAIL)) {
		finding_pass(finding, "a report left, as %sv%d, which names no source",
			     get_protocol(patient), reports->version);
		return;
	}
	if (!patient->sockets.is_due_known) {
		finding_unknown(finding, "the reports that left do not say what was "
					 "joined; other sockets hold the group, too");
		return;
	}
	finding_fail(finding, "the %llu reports that left do not ask for %s",
		     (unsigned long long)reports->n,
		     patient->has_source ? doctor_format(&patient->source).text
					 : "every source");
}

static void say_none(const struct patient *patient, struct finding *finding)
{
	const struct sockets *sockets = &patient->sockets;

	if (!sockets->is_due_known) {
		finding_unknown(finding, "no report left; whether one was due, because "
					 "other sockets hold the group, cannot be known");
	} else if (patient->watch.waited_ms < UNSOLICITED_REPORT_INTERVAL_MS) {
		finding_unknown(finding, "no report left yet");
	} else if (doctor_has(patient, DOCTOR_ADDRESS, FINDING_FAIL)) {
		finding_unknown(finding, "no report left, and check address says why");
	} else {
		finding_fail(finding, "no report left, although nobody on this host had "
				      "asked for the same before");
		finding_cure(finding,
			     "look for rules that drop what this host sends (nft "
			     "list ruleset, tc filter, BPF)");
	}
}

static bool has_arrived(const struct patient *patient)
{
	return patient->watch.n_delivered > 0 || doctor_count_wire(patient) > 0;
}

static void say_right(const struct patient *patient, struct finding *finding)
{
	const struct watch *watch = &patient->watch;

	finding_pass(finding, "joined, and an %sv%d report left", get_protocol(patient),
		     watch->reports.version);
	if (patient->is_asm || patient->has_source || !doctor_is_ssm(&patient->group) ||
	    has_arrived(patient))
		return;
	/* RFC 4604 2.2.2: a router does not hear it. */
	finding->result = FINDING_UNKNOWN;
	finding_add(finding, "routers ignore a join of any source in the range of SSM");
	finding_cure(finding, "name the source with -s, and join it");
}

static void say_asm(const struct patient *patient, struct finding *finding)
{
	if (patient->wire == MSF_WIRE_AGENT) {
		finding_add(finding, "msfd reports the filter, libmsf carries it out on "
				     "this host");
		return;
	}
	finding_add(finding, "the wire is ASM: it is asked for every source, and libmsf "
			     "filters on this host");
	if (!doctor_is_ssm(&patient->group) || has_arrived(patient))
		return;
	if (finding->result == FINDING_PASS)
		finding->result = FINDING_UNKNOWN;
	finding_add(finding, "routers ignore such a join in the range of SSM");
	finding_cure(finding, "start msfd, which names the sources; or use a group "
			      "outside of 232/8 and ff3x::/32");
}

void doctor_check_report(const struct patient *patient, struct finding *finding)
{
	const struct watch *watch = &patient->watch;
	const struct watch_reports *reports = &watch->reports;

	if (!watch->is_run) {
		finding_unknown(finding, "nothing leaves there");
	} else if (watch->join_error) {
		finding_fail(finding, "the group cannot be joined: %s", watch->join_why);
	} else if (doctor_is_loopback(patient)) {
		finding_pass(finding, "joined; the loopback has no reports");
	} else if (is_silent(&patient->group)) {
		finding_pass(finding, "joined; no host reports this group");
	} else if (!patient->sockets.is_report_due) {
		finding_pass(finding, "joined; no report was due: another socket of this "
				      "host had asked for the same before");
	} else if (reports->n_right > 0) {
		say_right(patient, finding);
	} else if (watch->wire_error) {
		doctor_say_blind(patient, finding, "reports");
	} else if (reports->n > 0) {
		say_wrong(patient, finding);
	} else {
		say_none(patient, finding);
	}
	if (patient->is_asm && watch->is_run && !watch->join_error &&
	    !doctor_is_loopback(patient))
		say_asm(patient, finding);
}
