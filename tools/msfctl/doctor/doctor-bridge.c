/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Check "snooping" of the doctor: do the bridges between the sender and us pass the
 * group on (RFC 4541)?  Only one of this network namespace can be asked.
 */
#include <errno.h>
#include <string.h>
#include <netinet/in.h>

#include <linux/if_bridge.h>

#include "doctor.h"

static bool has_querier(const struct patient *patient)
{
	const struct netlink_bridge *bridge = &patient->bridge;

	return bridge->is_querier || bridge->has_other || patient->watch.queries.n > 0;
}

/* The port that was asked about; the bridge itself stands for this host. */
static bool is_port(const struct patient *patient)
{
	return patient->bridge.ifindex != patient->interface.ifindex;
}

static void fail_without_querier(const struct patient *patient, struct finding *finding)
{
	const char *name = patient->bridge.name;

	finding_fail(finding,
		     "%s snoops, and there is no querier: memberships behind it "
		     "are not learnt, and end",
		     name);
	if (is_port(patient) && !patient->link.is_port_flooded)
		finding_add(finding, "its port %s gets no group that it has not reported",
			    patient->link.name);
	finding_cure(finding,
		     "ip link set %s type bridge mcast_querier 1, or "
		     "mcast_snooping 0",
		     name);
}

static void check_member(const struct patient *patient, struct finding *finding)
{
	const struct netlink_bridge *bridge = &patient->bridge;
	int r = patient->watch.has_member;

	if (r < 0) {
		finding_unknown(finding,
				"the multicast database of %s cannot be read: %s",
				bridge->name, strerror(-r));
		return;
	}
	if (r > 0) {
		finding_pass(finding, "%s snoops, and its database has the group for %s",
			     bridge->name, patient->interface.name);
		return;
	}
	if (is_port(patient) && patient->link.port_router == MDB_RTR_TYPE_PERM) {
		finding_pass(finding, "%s is a router port of %s and gets every group",
			     patient->link.name, bridge->name);
		return;
	}
	/* It lists who asks behind a port, and what we ask for goes out by it. */
	if (is_port(patient)) {
		finding_unknown(
			finding,
			"%s snoops, and nobody behind %s has asked it for the group",
			bridge->name, patient->link.name);
		return;
	}
	finding_fail(finding,
		     "%s snoops, and its database does not have the group for %s",
		     bridge->name, patient->interface.name);
	finding_cure(finding,
		     "look for its limits with ip -d link show %s "
		     "(mcast_hash_max), or set mcast_snooping 0",
		     bridge->name);
}

/* RFC 4541 2.1.2, 3: what every port gets. */
static bool is_for_all(const struct sockaddr_storage *group)
{
	const struct sockaddr_in *sin = (const struct sockaddr_in *)group;
	const struct in6_addr *sin6 = &((const struct sockaddr_in6 *)group)->sin6_addr;
	static const struct in6_addr all_nodes = { .s6_addr = { 0xff, 2, [15] = 1 } };

	if (group->ss_family == AF_INET)
		return ntohl(sin->sin_addr.s_addr) >> 8 == 0xe00000;
	return IN6_ARE_ADDR_EQUAL(sin6, &all_nodes);
}

static void check_bridge(const struct patient *patient, struct finding *finding)
{
	const struct netlink_bridge *bridge = &patient->bridge;

	if (!bridge->is_snooping)
		finding_pass(finding, "%s does not snoop: it passes every group on",
			     bridge->name);
	else if (is_for_all(&patient->group))
		finding_pass(finding, "%s snoops, but passes this group on in any case",
			     bridge->name);
	else if (!has_querier(patient))
		fail_without_querier(patient, finding);
	else if (doctor_has(patient, DOCTOR_REPORT, FINDING_FAIL))
		finding_unknown(finding,
				"%s snoops, and no report has told it of the group",
				bridge->name);
	else
		check_member(patient, finding);
}

void doctor_check_snooping(const struct patient *patient, struct finding *finding)
{
	const struct watch *watch = &patient->watch;

	if (doctor_is_loopback(patient))
		finding_pass(finding, "nothing stands between");
	else if (!watch->is_run)
		finding_unknown(finding, "nothing is heard there");
	else if (doctor_count_wire(patient) > 0 || watch->n_delivered > 0)
		finding_pass(finding, "nothing between stops it: it arrives");
	else if (patient->bridge.ifindex)
		check_bridge(patient, finding);
	else if (watch->queries.n > 0)
		finding_unknown(finding, "a switch between cannot be asked from here");
	else {
		finding_unknown(finding,
				"a switch between cannot be asked from here; one "
				"that snoops needs a querier, and none was heard");
		finding_cure(finding, "look at the switch: does it snoop, is there a "
				      "querier, does it list the group for our port?");
	}
}
