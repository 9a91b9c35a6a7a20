/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Check "route" of the doctor: the route to the source, and what Linux makes of it.
 * rp_filter (RFC 3704) drops packets whose source it would not answer by the same
 * way: the larger of the settings "all" and of the interface is in force; 1: the route
 * must leave by the interface that they came by; 2: there must be one.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <net/if.h>

#include "doctor.h"

#define PATH_LENGTH 128

enum rp_filter {
	RP_FILTER_OFF = 0,
	RP_FILTER_STRICT = 1,
	RP_FILTER_LOOSE = 2,
};

struct reverse_path {
	uint64_t all, own;
	uint64_t effective; /* enum rp_filter */
};

static int read_reverse_path(const char *name, struct reverse_path *ret)
{
	struct reverse_path path;
	char own[PATH_LENGTH];
	int r = doctor_read_number("/proc/sys/net/ipv4/conf/all/rp_filter", &path.all);

	if (r < 0)
		return r;
	snprintf(own, sizeof(own), "/proc/sys/net/ipv4/conf/%s/rp_filter", name);
	r = doctor_read_number(own, &path.own);
	if (r < 0)
		return r;
	path.effective = path.all > path.own ? path.all : path.own;
	*ret = path;
	return 0;
}

/* Name of an interface for a text. */
struct name {
	char text[IF_NAMESIZE + 16];
};

static struct name get_name(uint32_t ifindex)
{
	struct name name;

	if (!if_indextoname(ifindex, name.text))
		snprintf(name.text, sizeof(name.text), "index %u", ifindex);
	return name;
}

static void say_filter(struct finding *finding, const struct reverse_path *path)
{
	static const char *const meanings[] = { "off", "strict", "loose" };

	finding_add(finding, "rp_filter is %s (all %llu, interface %llu)",
		    meanings[path->effective > 2 ? 2 : path->effective],
		    (unsigned long long)path->all, (unsigned long long)path->own);
}

static void fail_strict(const struct patient *patient, struct finding *finding,
			const struct netlink_route *route)
{
	const char *name = patient->interface.name;
	const struct sockaddr_storage *source = doctor_get_source(patient);

	finding_fail(finding, "the route to %s leaves by %s, not by %s",
		     doctor_format(source).text, get_name(route->ifindex).text, name);
	finding_cure(finding,
		     "sysctl -w net.ipv4.conf.%s.rp_filter=2, or ip route add %s dev %s "
		     "(and via the router, if there is one)",
		     name, doctor_format(source).text, name);
}

static void fail_without_route(const struct patient *patient, struct finding *finding)
{
	const char *name = patient->interface.name;
	const struct sockaddr_storage *source = doctor_get_source(patient);

	finding_fail(finding, "there is no route to %s", doctor_format(source).text);
	finding_cure(finding,
		     "ip route add %s dev %s (and via the router, if there is one), or "
		     "sysctl -w net.ipv4.conf.all.rp_filter=0 "
		     "net.ipv4.conf.%s.rp_filter=0",
		     doctor_format(source).text, name, name);
}

static void fail_own(const struct patient *patient, struct finding *finding)
{
	finding_fail(finding,
		     "%s is an address of this host: Linux drops what comes from "
		     "outside with it",
		     doctor_format(doctor_get_source(patient)).text);
	finding_cure(finding, "give the sender, or this host, another address");
}

/* Does this host send with that address itself? */
static bool is_sent_here(const struct patient *patient)
{
	const struct flow_table *flows = &patient->watch.flows;

	for (unsigned int i = 0; i < flows->n_flows; i++)
		if (doctor_is_same(&flows->flows[i].source, doctor_get_source(patient)))
			return flows->flows[i].is_outgoing;
	return true;
}

static void check_ipv4(const struct patient *patient, struct finding *finding,
		       const struct netlink_route *route, const struct reverse_path *path)
{
	const struct sockaddr_storage *source = doctor_get_source(patient);

	if (route && route->is_local) {
		if (is_sent_here(patient))
			finding_pass(finding, "%s is an address of this host",
				     doctor_format(source).text);
		else
			fail_own(patient, finding);
		return;
	}
	if (!route || !route->is_unicast) {
		if (path->effective != RP_FILTER_OFF)
			fail_without_route(patient, finding);
		else
			finding_pass(finding,
				     "there is no route to %s, and none is needed",
				     doctor_format(source).text);
	} else if (route->uses_wanted) {
		finding_pass(finding, "the route to %s leaves by %s",
			     doctor_format(source).text, patient->interface.name);
	} else if (path->effective == RP_FILTER_STRICT) {
		fail_strict(patient, finding, route);
	} else {
		finding_pass(finding,
			     "the route to %s leaves by %s, which does not matter",
			     doctor_format(source).text, get_name(route->ifindex).text);
	}
	say_filter(finding, path);
}

static void check_ipv6(const struct patient *patient, struct finding *finding,
		       const struct netlink_route *route)
{
	const struct sockaddr_storage *source = doctor_get_source(patient);

	if (!source)
		finding_pass(finding, "no source is known");
	else if (!route)
		finding_pass(finding, "there is no route to %s",
			     doctor_format(source).text);
	else
		finding_pass(finding, "the route to %s leaves by %s",
			     doctor_format(source).text, get_name(route->ifindex).text);
	finding_add(finding, "Linux has no rp_filter for IPv6 but rules of the firewall");
}

/* A socket that joined without naming an interface is where the group's route points. */
static const struct sockets_one *find_stray(const struct patient *patient,
					    const char *interface)
{
	const struct sockets *sockets = &patient->sockets;
	const struct sockets_one *stray = NULL;

	for (unsigned int i = 0; i < sockets->n_ones; i++) {
		if (sockets->ones[i].is_here)
			return NULL;
		if (!strcmp(sockets->ones[i].interface, interface))
			stray = &sockets->ones[i];
	}
	return stray;
}

static void check_group_route(const struct patient *patient, struct finding *finding)
{
	const struct sockets_one *stray;
	struct netlink_route route;
	struct doctor_text group = doctor_format(&patient->group);
	struct name name;

	if (netlink_get_route(patient->netlink, &patient->group,
			      patient->interface.ifindex, &route) < 0 ||
	    route.uses_wanted)
		return;
	name = get_name(route.ifindex);
	stray = find_stray(patient, name.text);
	if (stray && finding->result != FINDING_FAIL) {
		finding_fail(finding,
			     "%s (process %d) has joined on %s, where the route to %s "
			     "points, not on %s",
			     stray->command, (int)stray->pid, name.text, group.text,
			     patient->interface.name);
		finding_cure(finding,
			     "let the program name the interface, or ip route add %s "
			     "dev %s",
			     group.text, patient->interface.name);
		return;
	}
	finding_add(finding,
		    "the route to %s leaves by %s: who joins without naming an interface "
		    "joins there",
		    group.text, name.text);
}

static void check_reverse_path(const struct patient *patient, struct finding *finding)
{
	const struct sockaddr_storage *source = doctor_get_source(patient);
	struct netlink_route route;
	struct reverse_path path = { 0 };
	int r = -ENETUNREACH;

	if (source)
		r = netlink_get_route(patient->netlink, source,
				      patient->interface.ifindex, &route);
	if (r < 0 && r != -ENETUNREACH) {
		finding_unknown(finding, "routes cannot be asked for: %s", strerror(-r));
		return;
	}
	if (patient->group.ss_family == AF_INET6) {
		check_ipv6(patient, finding, r == 0 ? &route : NULL);
		return;
	}
	r = read_reverse_path(patient->interface.name, &path) < 0 ? -ENOENT : r;
	if (r == -ENOENT) {
		finding_unknown(finding, "rp_filter cannot be read");
	} else if (source) {
		check_ipv4(patient, finding, r == 0 ? &route : NULL, &path);
	} else if (path.effective == RP_FILTER_OFF) {
		finding_pass(finding, "no route to the source is needed");
		say_filter(finding, &path);
	} else {
		finding_unknown(finding, "no source is known");
		say_filter(finding, &path);
		finding_cure(finding, "name the source with -s");
	}
}

void doctor_check_route(const struct patient *patient, struct finding *finding)
{
	if (!patient->netlink) {
		finding_unknown(finding, "routes cannot be asked for");
		return;
	}
	if (!patient->watch.is_run) {
		finding_unknown(finding, "%s is down, and its routes come when it is up",
				patient->interface.name);
		return;
	}
	check_reverse_path(patient, finding);
	check_group_route(patient, finding);
}
