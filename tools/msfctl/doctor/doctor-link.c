/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Checks "interface" and "address" of the doctor: can this interface receive
 * multicast of the family at all?
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <net/if.h>
#include <netinet/in.h>

#include "doctor.h"

#define N_ADDRESSES 32

#define PATH_LENGTH 128

/* RFC 8200 5; Linux has no IPv6 on a link below. */
#define IPV6_MTU_MIN 1280

static void say_down(const struct msf_interface *interface, struct finding *finding)
{
	if (!(interface->flags & IFF_UP)) {
		finding_fail(finding, "%s is down", interface->name);
		finding_cure(finding, "ip link set %s up", interface->name);
		return;
	}
	finding_fail(finding, "%s has no carrier", interface->name);
	finding_cure(finding, "look at the cable, the switch port, or the other end of "
			      "the virtual link");
}

/* What arrives at a port goes to the bridge or bond before IP sees it. */
static bool is_taken(const struct netlink_link *link)
{
	static const char *const kinds[] = { "bridge", "bond", "team", "openvswitch" };

	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++)
		if (link->master && !strcmp(link->slave_kind, kinds[i]))
			return true;
	return false;
}

static void say_taken(const struct patient *patient, struct finding *finding)
{
	const struct netlink_link *link = &patient->link;
	char name[IF_NAMESIZE] = "";

	if (!if_indextoname(link->master, name))
		snprintf(name, sizeof(name), "index %u", link->master);
	finding_fail(finding,
		     "%s is a port of %s (%s): what arrives there is delivered to "
		     "sockets that joined on %s only",
		     link->name, name, link->slave_kind, name);
	finding_cure(finding, "join on %s, and ask msfctl doctor about %s", name, name);
}

void doctor_check_interface(const struct patient *patient, struct finding *finding)
{
	const struct msf_interface *interface = &patient->interface;

	if (patient->interface_error) {
		finding_fail(finding,
			     "there is no interface %s in this network namespace",
			     patient->interface_name);
		finding_cure(finding, "ip link lists the interfaces");
		return;
	}
	if (!(interface->flags & IFF_UP) || !(interface->flags & IFF_RUNNING)) {
		say_down(interface, finding);
		return;
	}
	if (doctor_is_loopback(patient)) {
		finding_pass(finding,
			     "%s is the loopback: only senders of this host are heard",
			     interface->name);
		return;
	}
	if (!(interface->flags & IFF_MULTICAST)) {
		finding_fail(finding, "%s is set to do no multicast", interface->name);
		finding_cure(finding, "ip link set %s multicast on", interface->name);
		return;
	}
	if (is_taken(&patient->link)) {
		say_taken(patient, finding);
		return;
	}
	finding_pass(finding,
		     "%s is up, has a carrier and does multicast; index %u, MTU %u",
		     interface->name, interface->ifindex, interface->mtu);
}

static int read_ipv6_setting(const struct patient *patient, const char *name,
			     uint64_t *ret)
{
	char path[PATH_LENGTH];

	snprintf(path, sizeof(path), "/proc/sys/net/ipv6/conf/%s/%s",
		 patient->interface.name, name);
	return doctor_read_number(path, ret);
}

/* Says why, when IPv6 is off there. */
static bool is_ipv6_off(const struct patient *patient, struct finding *finding)
{
	const struct msf_interface *interface = &patient->interface;
	uint64_t is_disabled = 0;

	if (interface->mtu < IPV6_MTU_MIN) {
		finding_fail(finding, "the MTU of %s is %u: no IPv6 below %d",
			     interface->name, interface->mtu, IPV6_MTU_MIN);
		finding_cure(finding, "ip link set %s mtu 1500", interface->name);
		return true;
	}
	if (read_ipv6_setting(patient, "disable_ipv6", &is_disabled) < 0) {
		finding_fail(finding, "%s has no IPv6", interface->name);
		finding_cure(finding, "let the kernel have IPv6 (ipv6.disable=0)");
		return true;
	}
	if (!is_disabled)
		return false;
	finding_fail(finding, "IPv6 is disabled on %s", interface->name);
	finding_cure(finding, "sysctl -w net.ipv6.conf.%s.disable_ipv6=0",
		     interface->name);
	return true;
}

static const struct netlink_address *find_address(const struct netlink_address *addresses,
						  int n, bool is_link_local)
{
	for (int i = 0; i < n; i++)
		if (addresses[i].is_link_local == is_link_local)
			return &addresses[i];
	return NULL;
}

/* MLD is sent from a link-local address only (RFC 3810 5.2.13). */
static void check_link_local(const struct patient *patient, struct finding *finding,
			     const struct netlink_address *address)
{
	const char *name = patient->interface.name;

	if (!address) {
		finding_fail(finding, "%s has no link-local address to send reports from",
			     name);
		finding_cure(finding,
			     "ip link set %s addrgenmode eui64, then down and up", name);
	} else if (address->is_duplicate) {
		finding_fail(finding, "another host of the link has %s too",
			     doctor_format(&address->address).text);
		finding_cure(finding, "give one of the two another hardware address");
	} else if (address->is_tentative) {
		finding_fail(finding, "%s is still being checked for duplicates",
			     doctor_format(&address->address).text);
		finding_cure(finding, "wait a second and ask again");
	} else {
		finding_pass(finding, "%s has %s", name,
			     doctor_format(&address->address).text);
	}
}

void doctor_check_address(const struct patient *patient, struct finding *finding)
{
	struct netlink_address addresses[N_ADDRESSES];
	bool is_v6 = patient->group.ss_family == AF_INET6;
	const char *name = patient->interface.name;
	int n = -ENOTCONN;

	if (is_taken(&patient->link)) {
		finding_pass(finding, "%s needs none, as a port", name);
		return;
	}
	if (is_v6 && is_ipv6_off(patient, finding))
		return;
	if (patient->netlink)
		n = netlink_get_addresses(patient->netlink, patient->interface.ifindex,
					  patient->group.ss_family, addresses,
					  N_ADDRESSES);
	if (n < 0) {
		finding_unknown(finding, "addresses cannot be asked for: %s",
				strerror(-n));
	} else if (is_v6 && !(patient->interface.flags & IFF_UP)) {
		finding_unknown(finding,
				"%s is down, and its addresses come when it is "
				"up",
				name);
	} else if (is_v6 && !doctor_is_loopback(patient)) {
		check_link_local(patient, finding, find_address(addresses, n, true));
	} else if (n == 0) {
		finding_fail(finding, "%s has no %s address", name,
			     is_v6 ? "IPv6" : "IPv4");
		finding_cure(finding, "ip address add ADDRESS/PREFIX dev %s", name);
	} else {
		finding_pass(finding, "%s has %s/%u", name,
			     doctor_format(&addresses[0].address).text,
			     addresses[0].prefix_length);
	}
}
