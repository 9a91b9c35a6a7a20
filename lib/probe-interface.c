/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The facts of interfaces: how many sources one report can carry (RFC 3376 4.2.16,
 * RFC 3810 5.2.15), and the protocol versions in force.
 */
#include "probe.h"

#include <errno.h>
#include <stdio.h>
#include <net/if.h>

#include "interface.h"
#include "proc.h"
#include "state-version.h"

#define NAME_SIZE  48
#define VALUE_SIZE 16
#define NOTE_SIZE  256

#define PACKET_MAX 65535u /* what a packet's length field can say */
#define MTU_LEAST  1280u  /* RFC 8200 5; below it Linux has no IPv6 */

/* The headers in front of the sources of a report's only record. */
#define IGMP_HEADERS (24u + 8u + 8u) /* IPv4 with Router Alert, report, record */
#define MLD_OPTIONS  8u              /* hop-by-hop with Router Alert */
#define MLD_HEADERS  (40u + MLD_OPTIONS + 8u + 20u)

static int add(struct msf_probe *probe, const char *what,
	       const struct msf_interface *interface, const struct msf_fact *fact)
{
	struct msf_fact named = *fact;
	char name[NAME_SIZE];

	snprintf(name, sizeof(name), "%s %s", what, interface->name);
	named.name = name;
	return probe_add_fact(probe, &named);
}

static int add_mtu(struct msf_probe *probe, const struct msf_interface *interface)
{
	char value[VALUE_SIZE];
	struct msf_fact fact = { .value = value, .unit = "bytes", .source = "rtnetlink" };

	snprintf(value, sizeof(value), "%u", interface->mtu);
	if (interface->mtu < MTU_LEAST)
		fact.note = "too small for IPv6, which needs 1280";
	else if (!(interface->flags & IFF_MULTICAST))
		fact.note = "the interface is without multicast";
	else if (!(interface->flags & IFF_UP))
		fact.note = "the interface is down";
	return add(probe, "mtu", interface, &fact);
}

static uint32_t count_sources(uint32_t mtu, uint32_t headers, uint32_t address)
{
	return mtu < headers ? 0 : (mtu - headers) / address;
}

static uint32_t count_igmp_sources(uint32_t mtu)
{
	return count_sources(mtu < PACKET_MAX ? mtu : PACKET_MAX, IGMP_HEADERS, 4);
}

/* The length field of IPv6 does not count its header. */
static uint32_t count_mld_sources(uint32_t mtu)
{
	if (mtu < MTU_LEAST)
		return 0;
	return count_sources(mtu < PACKET_MAX + 40 ? mtu : PACKET_MAX + 40, MLD_HEADERS,
			     16);
}

static int add_report(struct msf_probe *probe, const struct msf_interface *interface,
		      int family)
{
	bool is_ipv4 = family == AF_INET;
	char value[VALUE_SIZE];
	struct msf_fact fact = {
		.value = value,
		.unit = "sources",
		.source = is_ipv4 ? "MTU, RFC 3376 4.2.16" : "MTU, RFC 3810 5.2.15",
		.note = "in one record: longer INCLUDE lists are reported in several, of "
			"longer EXCLUDE lists the rest is not reported",
	};

	snprintf(value, sizeof(value), "%u",
		 is_ipv4 ? count_igmp_sources(interface->mtu)
			 : count_mld_sources(interface->mtu));
	return add(probe, is_ipv4 ? "igmp_record" : "mld_record", interface, &fact);
}

static int add_version(struct msf_probe *probe, struct msf *msf,
		       const struct msf_interface *interface)
{
	char value[VALUE_SIZE];
	struct msf_fact fact = { .source = "/proc/net/igmp" };
	int version = msf_state_get_version(msf, interface->ifindex, AF_INET);

	if (version < 0)
		return version;
	snprintf(value, sizeof(value), "%d", version);
	if (version)
		fact.value = value;
	if (!version)
		fact.note = "no IPv4 group is joined there, not even by the kernel";
	else if (version < 3)
		fact.note = "sources are not reported before IGMPv3: routers do not hear "
			    "of source filters";
	return add(probe, "igmp_version", interface, &fact);
}

/* In paths, as sysctl(8) takes them too: names of interfaces may have dots. */
static void describe_forced(char note[NOTE_SIZE], int family,
			    const struct msf_interface *interface)
{
	bool is_ipv4 = family == AF_INET;
	const char *option = is_ipv4 ? "force_igmp_version" : "force_mld_version";
	char all[NAME_SIZE];

	snprintf(all, sizeof(all), "ipv%c/conf/all/%s", is_ipv4 ? '4' : '6', option);
	snprintf(note, NOTE_SIZE,
		 "this version has no sources, so that routers do not hear of source "
		 "filters: sysctl -w net/ipv%c/conf/%s/%s=0",
		 is_ipv4 ? '4' : '6', proc_get_sysctl(all) > 0 ? "all" : interface->name,
		 option);
}

static int add_forced(struct msf_probe *probe, const struct msf_interface *interface,
		      int family)
{
	bool is_ipv4 = family == AF_INET;
	int version = state_version_get_forced(family, interface->name);
	char value[VALUE_SIZE], note[NOTE_SIZE];
	struct msf_fact fact = {
		.value = "none",
		.source = is_ipv4 ? "net.ipv4.conf.*.force_igmp_version"
				  : "net.ipv6.conf.*.force_mld_version",
	};

	if (version) {
		snprintf(value, sizeof(value), "%d", version);
		describe_forced(note, family, interface);
		fact.value = value;
		fact.note = note;
	}
	return add(probe, is_ipv4 ? "force_igmp_version" : "force_mld_version", interface,
		   &fact);
}

static int add_interface(struct msf_probe *probe, struct msf *msf, uint32_t ifindex)
{
	struct msf_interface interface;
	int r = interface_get(ifindex, &interface);

	if (r < 0)
		return r == -ENODEV ? 0 : r; /* gone since */
	r = add_mtu(probe, &interface);
	if (!r)
		r = add_report(probe, &interface, AF_INET);
	if (!r)
		r = add_report(probe, &interface, AF_INET6);
	if (!r)
		r = add_version(probe, msf, &interface);
	if (!r)
		r = add_forced(probe, &interface, AF_INET);
	return r < 0 ? r : add_forced(probe, &interface, AF_INET6);
}

int probe_add_interfaces(struct msf_probe *probe, struct msf *msf)
{
	struct if_nameindex *names = if_nameindex();
	int r = 0;

	if (!names)
		return errno == ENOBUFS ? -ENOMEM : -errno;
	for (const struct if_nameindex *i = names; !r && i->if_index; i++)
		r = add_interface(probe, msf, i->if_index);
	if_freenameindex(names);
	return r;
}
