/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Checks "version" and "querier" of the doctor.  Sources reach a router in IGMPv3 and
 * MLDv2 only (RFC 3376, RFC 3810), which a querier or an administrator can turn
 * off; and without a querier switches that snoop forget who wants a group (RFC 4541).
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "doctor.h"

/* RFC 3376 8.2, RFC 3810 9.2: seconds. */
#define QUERY_INTERVAL          125
#define QUERY_RESPONSE_INTERVAL 10

#define PATH_LENGTH 128

static bool is_igmp(const struct patient *patient)
{
	return patient->group.ss_family == AF_INET;
}

/* The version whose reports name sources. */
static int get_wanted(const struct patient *patient)
{
	return is_igmp(patient) ? 3 : 2;
}

static const char *get_protocol(const struct patient *patient)
{
	return is_igmp(patient) ? "IGMP" : "MLD";
}

/* msfd obeys the querier alone, whatever the kernel is forced to. */
static bool is_of_agent(const struct patient *patient)
{
	return patient->wire == MSF_WIRE_AGENT;
}

/* 0: unknown. Of MLD only queries and our own reports tell. */
static int get_version(const struct patient *patient)
{
	const struct watch *watch = &patient->watch;
	int version = 0;

	if (!is_of_agent(patient))
		version = msf_state_get_version(NULL, patient->interface.ifindex,
						patient->group.ss_family);
	if (version > 0)
		return version;
	if (watch->queries.n > 0 && watch->queries.oldest_version < get_wanted(patient))
		return watch->queries.oldest_version;
	if (watch->reports.n > 0 && !is_of_agent(patient))
		return watch->reports.version;
	return watch->queries.n > 0 ? watch->queries.oldest_version : 0;
}

static void say_forced(const struct patient *patient, struct finding *finding)
{
	const char *setting = is_igmp(patient) ? "force_igmp_version"
					       : "force_mld_version";
	const char *family = is_igmp(patient) ? "ipv4" : "ipv6";
	const char *place = patient->interface.name;
	char path[PATH_LENGTH];
	uint64_t all = 0;

	snprintf(path, sizeof(path), "/proc/sys/net/%s/conf/all/%s", family, setting);
	if (doctor_read_number(path, &all) == 0 && all != 0)
		place = "all";
	finding_add(finding, "net.%s.conf.%s.%s forces it", family, place, setting);
	finding_cure(finding, "sysctl -w net.%s.conf.%s.%s=0", family, place, setting);
}

static void say_querier(const struct patient *patient, struct finding *finding)
{
	const struct watch_queries *queries = &patient->watch.queries;

	if (queries->n > 0 && queries->oldest_version < get_wanted(patient))
		finding_add(finding, "the querier %s asks with it",
			    doctor_format(&queries->source).text);
	else
		finding_add(finding, "a querier has asked with it lately");
	finding_cure(finding,
		     "set the querier to %sv%d (a Linux bridge: ip link set BRIDGE "
		     "type bridge %s)",
		     get_protocol(patient), get_wanted(patient),
		     is_igmp(patient) ? "mcast_igmp_version 3" : "mcast_mld_version 2");
}

static void say_old(const struct patient *patient, struct finding *finding, int version,
		    bool is_forced)
{
	const char *protocol = get_protocol(patient);

	if ((patient->has_source && patient->wire != MSF_WIRE_ASM) ||
	    doctor_is_ssm(&patient->group)) {
		finding_fail(finding, "%sv%d is in force: no report names a source",
			     protocol, version);
	} else {
		finding_pass(finding,
			     "%sv%d is in force: enough for a join of any source",
			     protocol, version);
	}
	if (is_forced)
		say_forced(patient, finding);
	else
		say_querier(patient, finding);
	if (finding->result == FINDING_PASS)
		finding->cure[0] = '\0';
}

void doctor_check_version(const struct patient *patient, struct finding *finding)
{
	const char *protocol = get_protocol(patient);
	int version, forced = 0;

	if (doctor_is_loopback(patient)) {
		finding_pass(finding, "the loopback has no %s", protocol);
		return;
	}
	if (!is_of_agent(patient))
		forced = msf_state_get_forced_version(NULL, patient->interface.ifindex,
						      patient->group.ss_family);
	version = get_version(patient);
	if (forced > 0 && forced < get_wanted(patient))
		say_old(patient, finding, forced, true);
	else if (version > 0 && version < get_wanted(patient))
		say_old(patient, finding, version, false);
	else if (version > 0)
		finding_pass(finding, "%sv%d is in force", protocol, version);
	else if (is_of_agent(patient))
		finding_unknown(finding,
				"msfd speaks for this host, and no query was seen; "
				"msfctl agent status tells the %s version",
				protocol);
	else
		finding_unknown(finding,
				"the kernel does not tell the %s version, and "
				"neither a query nor a report was seen",
				protocol);
}

static void pass_heard(const struct patient *patient, struct finding *finding)
{
	const struct watch_queries *queries = &patient->watch.queries;

	finding_pass(finding, "%s asks with %sv%d",
		     queries->is_outgoing ? "this host"
					  : doctor_format(&queries->source).text,
		     get_protocol(patient), queries->oldest_version);
	if (queries->interval_s)
		finding_add(finding, "every %u s", queries->interval_s);
	else
		finding_add(finding, "how often is not told");
}

static void pass_bridge(const struct patient *patient, struct finding *finding)
{
	const struct netlink_bridge *bridge = &patient->bridge;

	if (bridge->has_other)
		finding_pass(finding, "%s knows the querier %s", bridge->name,
			     doctor_format(&bridge->other).text);
	else
		finding_pass(finding, "%s of this host is a querier", bridge->name);
}

static void say_silence(const struct patient *patient, struct finding *finding)
{
	double seconds = (double)patient->watch.waited_ms / 1e3;

	if (seconds >= QUERY_INTERVAL + QUERY_RESPONSE_INTERVAL) {
		finding_fail(finding,
			     "no query was heard in %.3g s: switches that snoop "
			     "forget who wants the group",
			     seconds);
		finding_cure(finding,
			     "make a router or a switch of the link the querier, "
			     "or turn snooping off");
		return;
	}
	finding_unknown(finding,
			"no query was heard in %.3g s; by default they come every "
			"%d s",
			seconds, QUERY_INTERVAL);
	finding_cure(finding, "--wait %d makes sure",
		     QUERY_INTERVAL + QUERY_RESPONSE_INTERVAL);
}

void doctor_check_querier(const struct patient *patient, struct finding *finding)
{
	const struct netlink_bridge *bridge = &patient->bridge;
	const struct watch *watch = &patient->watch;

	if (doctor_is_loopback(patient))
		finding_pass(finding, "the loopback needs none");
	else if (watch->queries.n > 0)
		pass_heard(patient, finding);
	else if (bridge->ifindex && (bridge->has_other || bridge->is_querier))
		pass_bridge(patient, finding);
	else if (!watch->is_run)
		finding_unknown(finding, "nothing is heard there");
	else if (watch->wire_error)
		doctor_say_blind(patient, finding, "queries");
	else
		say_silence(patient, finding);
}
