/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Facts: what msf_probe_*() says is what the namespace has, it follows when that
 * changes, and its cures are the ones that help. And forced protocol versions, which
 * are a part of it.
 */
#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "facts.h"
#include "raw.h"
#include "tap.h"
#include "traffic.h"

struct fixture {
	struct tap tap;
	struct netns net;
};

/* The order, and that nothing is without a name or a source. */
static void test_list(struct fixture *self)
{
	static const char *const names[] = {
		"backend",
		"semantics",
		"kernel",
		"ipv6",
		"igmp_max_memberships",
		"mld_max_memberships",
		"igmp_max_msf",
		"mld_max_msf",
		"set_sources_ipv4",
		"set_sources",
		"optmem_max",
		"max_sources",
		"wire",
		"multicast_all",
		"multicast_all6",
		"mtu lo",
	};
	char *before = netns_get_memberships(), *after;
	size_t n = facts_expect_names(&self->tap, NULL, names,
				      sizeof(names) / sizeof(names[0]));

	tap_expect(&self->tap, msf_probe_free(NULL) == NULL, "free(NULL) is not NULL");
	after = netns_get_memberships();
	tap_expect(&self->tap, strcmp(before, after) == 0, "an interface has changed");
	free(before);
	free(after);
	/* lo, m0, m0p, m1, m1p */
	tap_expect(&self->tap, n == 15 + 5 * 6, "%zu facts", n);
	tap_end(&self->tap, "the facts come in their order and leave no trace");
}

static void test_system(struct fixture *self)
{
	struct utsname name;
	struct msf_config *config;
	struct msf *msf;

	uname(&name);
	facts_expect(&self->tap, NULL, "backend", "kernel|", "EINVAL");
	facts_expect(&self->tap, NULL, "kernel", name.release, "uname");
	facts_expect(&self->tap, NULL, "ipv6", "yes|", "AF_INET6");
	facts_expect(&self->tap, NULL, "semantics", "table|", "RFC 3678");
	facts_expect(&self->tap, NULL, "max_sources", "none|", "limits");
	facts_expect(&self->tap, NULL, "wire", "kernel|", "the kernel's own reports");
	facts_expect(&self->tap, NULL, "multicast_all", "1|", "IP_MULTICAST_ALL");
	facts_expect(&self->tap, NULL, "multicast_all6", "1|", "IPV6_MULTICAST_ALL");
	if (msf_config_new(&config) < 0)
		tap_bail_out("no memory");
	msf_config_set_semantics(config, MSF_SEMANTICS_LINUX);
	msf_config_set_max_sources(config, 7);
	if (msf_new(&msf, config) < 0)
		tap_bail_out("no context");
	facts_expect(&self->tap, msf, "semantics", "linux|", "Linux");
	facts_expect(&self->tap, msf, "max_sources", "7|sources|", "");
	msf_free(msf);
	msf_config_free(config);
	tap_end(&self->tap, "backend, table and kernel are those in use");
}

static void test_limits(struct fixture *self)
{
	unsigned int mld = raw_await_source_limit(AF_INET6);
	char head[32];

	facts_expect(&self->tap, NULL, "igmp_max_msf", "10|sources|",
		     "sysctl -w net.ipv4.igmp_max_msf=64");
	netns_set_sysctl("net/ipv4/igmp_max_msf", 64);
	facts_expect(&self->tap, NULL, "igmp_max_msf", "64|sources|", "|NULL");
	netns_set_sysctl("net/ipv4/igmp_max_msf", 10);
	netns_set_sysctl("net/ipv4/igmp_max_memberships", 33);
	facts_expect(&self->tap, NULL, "igmp_max_memberships", "33|groups|", "raise it");
	netns_set_sysctl("net/ipv4/igmp_max_memberships", 20);
	facts_expect(&self->tap, NULL, "igmp_max_memberships", "20|groups|", "raise it");
	facts_expect(&self->tap, NULL, "mld_max_memberships", "NULL|groups|", "ENOMEM");
	snprintf(head, sizeof(head), "%u|sources|asking", mld);
	facts_expect(&self->tap, NULL, "mld_max_msf", head, "hidden");
	tap_end(&self->tap, "limits are those of the namespace, and follow its sysctls");
}

static void test_option_memory(struct fixture *self)
{
	/* head 16, 4 a source; head 144, 128 a source */
	static const struct {
		unsigned int bytes;
		const char *text, *ipv4, *both;
	} rows[] = { { 20480, "20480|bytes|", "5116|", "158|" },
		     { 100, "100|bytes|", "21|", "0|" },
		     { 131072, "131072|bytes|", "32764|", "1022|" } };

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (netns_set_sysctl("net/core/optmem_max", rows[i].bytes) < 0) {
			facts_expect(&self->tap, NULL, "optmem_max", "NULL|", "hidden");
			continue;
		}
		facts_expect(&self->tap, NULL, "optmem_max", rows[i].text, "memory");
		facts_expect(&self->tap, NULL, "set_sources_ipv4", rows[i].ipv4,
			     "ip_msfilter");
		facts_expect(&self->tap, NULL, "set_sources", rows[i].both,
			     "group_filter");
	}
	tap_end(&self->tap, "what one request carries follows from net.core.optmem_max");
}

/* MTU 1500: (1500 - 24 - 8 - 8) / 4 and (1500 - 40 - 8 - 8 - 20) / 16. */
static void test_reports(struct fixture *self)
{
	static const struct {
		unsigned int mtu;
		const char *text, *igmp, *mld;
	} rows[] = {
		{ 1500, "1500|", "365|", "89|" },
		{ 1280, "1280|", "310|", "75|" },
		{ 1279, "1279|", "309|", "0|" },
		{ 576, "576|", "134|", "0|" },
		{ 68, "68|", "7|", "0|" },
		{ 9000, "9000|", "2240|", "557|" },
		{ 65535, "65535|", "16373|", "4091|" },
	};
	char line[64];

	netns_must_ip("link add name v.1 type veth peer name v.1p\n");
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		snprintf(line, sizeof(line), "link set v.1 mtu %u\n", rows[i].mtu);
		netns_must_ip(line);
		facts_expect(&self->tap, NULL, "mtu v.1", rows[i].text, "bytes");
		facts_expect(&self->tap, NULL, "igmp_record v.1", rows[i].igmp,
			     "RFC 3376");
		facts_expect(&self->tap, NULL, "mld_record v.1", rows[i].mld, "RFC 3810");
	}
	/* A packet's length is 16 bits, whatever the MTU. */
	facts_expect(&self->tap, NULL, "igmp_record lo", "16373|", "");
	facts_expect(&self->tap, NULL, "mtu v.1", "65535|", "down");
	netns_must_ip("link del v.1\n");
	facts_expect(&self->tap, NULL, "mtu v.1", "absent", "");
	tap_end(&self->tap,
		"sources of one report follow from the MTU, to the last byte");
}

static void test_versions(struct fixture *self)
{
	facts_expect(&self->tap, NULL, "igmp_version m0", "3|", "NULL");
	facts_expect(&self->tap, NULL, "force_igmp_version m0", "none|", "NULL");
	netns_set_sysctl("net/ipv4/conf/m0/force_igmp_version", 2);
	facts_expect(&self->tap, NULL, "igmp_version m0", "2|", "IGMPv3");
	facts_expect(&self->tap, NULL, "force_igmp_version m0", "2|",
		     "sysctl -w net/ipv4/conf/m0/force_igmp_version=0");
	netns_set_sysctl("net/ipv4/conf/m0/force_igmp_version", 0);
	netns_set_sysctl("net/ipv4/conf/all/force_igmp_version", 1);
	facts_expect(&self->tap, NULL, "force_igmp_version m0", "1|",
		     "sysctl -w net/ipv4/conf/all/force_igmp_version=0");
	netns_set_sysctl("net/ipv4/conf/all/force_igmp_version", 0);
	netns_set_sysctl("net/ipv6/conf/m1/force_mld_version", 1);
	facts_expect(&self->tap, NULL, "force_mld_version m1", "1|",
		     "sysctl -w net/ipv6/conf/m1/force_mld_version=0");
	netns_set_sysctl("net/ipv6/conf/m1/force_mld_version", 0);
	facts_expect(&self->tap, NULL, "force_mld_version m1", "none|", "NULL");
	tap_end(&self->tap, "versions in force and forced are told with their cure");
}

/* Own and all: what of the two holds is the kernel's business, and for IGMP it says
 * so in /proc/net/igmp. */
static void test_forced_igmp(struct fixture *self)
{
	uint32_t index = self->net.ifindex[1];

	for (unsigned int all = 0; all <= 3; all++) {
		for (unsigned int own = 0; own <= 3; own++) {
			int version, in_force;

			netns_set_sysctl("net/ipv4/conf/all/force_igmp_version", all);
			netns_set_sysctl("net/ipv4/conf/m1/force_igmp_version", own);
			version = msf_state_get_forced_version(NULL, index, AF_INET);
			in_force = msf_state_get_version(NULL, index, AF_INET);
			tap_expect(&self->tap, version == (in_force == 3 ? 0 : in_force),
				   "all %u, own %u: %d, and %d in force", all, own,
				   version, in_force);
		}
	}
	netns_set_sysctl("net/ipv4/conf/all/force_igmp_version", 0);
	netns_set_sysctl("net/ipv4/conf/m1/force_igmp_version", 0);
	tap_end(&self->tap,
		"the forced version of IGMP is the one that the kernel keeps to");
}

static void test_forced_mld(struct fixture *self)
{
	static const struct {
		unsigned int all, own;
		int version;
	} rows[] = { { 0, 0, 0 }, { 0, 1, 1 }, { 0, 2, 0 }, { 1, 0, 1 },
		     { 1, 2, 1 }, { 2, 1, 0 }, { 2, 0, 0 }, { 1, 1, 1 } };

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		int version;

		netns_set_sysctl("net/ipv6/conf/all/force_mld_version", rows[i].all);
		netns_set_sysctl("net/ipv6/conf/m1/force_mld_version", rows[i].own);
		version = msf_state_get_forced_version(NULL, self->net.ifindex[1],
						       AF_INET6);
		tap_expect(&self->tap, version == rows[i].version,
			   "all %u, own %u: %d, not %d", rows[i].all, rows[i].own,
			   version, rows[i].version);
	}
	netns_set_sysctl("net/ipv6/conf/all/force_mld_version", 0);
	netns_set_sysctl("net/ipv6/conf/m1/force_mld_version", 0);
	tap_end(&self->tap,
		"MLD: all goes before the interface, version 2 forces nothing");
}

static void test_forced_where(struct fixture *self)
{
	uint32_t index;
	int r;

	netns_must_ip("link add name v.1 type veth peer name v.1p\n"
		      "link add name small mtu 1000 type veth peer name smallp\n");
	index = if_nametoindex("v.1");
	netns_set_sysctl("net/ipv4/conf/v.1/force_igmp_version", 2);
	netns_set_sysctl("net/ipv6/conf/v.1/force_mld_version", 1);
	r = msf_state_get_forced_version(NULL, index, AF_INET);
	tap_expect(&self->tap, r == 2, "a name with a dot, IGMP: %d", r);
	r = msf_state_get_forced_version(NULL, index, AF_INET6);
	tap_expect(&self->tap, r == 1, "a name with a dot, MLD: %d", r);
	r = msf_state_get_forced_version(NULL, if_nametoindex("small"), AF_INET6);
	tap_expect(&self->tap, r == 0, "an interface without IPv6: %d", r);
	r = msf_state_get_forced_version(NULL, 4711, AF_INET);
	tap_expect(&self->tap, r == -ENODEV, "no such interface: %s", strerror(-r));
	r = msf_state_get_forced_version(NULL, 0, AF_INET6);
	tap_expect(&self->tap, r == -ENODEV, "index 0: %s", strerror(-r));
	r = msf_state_get_forced_version(NULL, index, AF_UNIX);
	tap_expect(&self->tap, r == -EAFNOSUPPORT, "AF_UNIX: %s", strerror(-r));
	netns_must_ip("link del v.1\nlink del small\n");
	tap_end(&self->tap,
		"forced versions of any interface are found, and wrong ones told");
}

/* Between the library and the kernel: systems without the API, and those that say
 * yes to what they ignore. The library gets no argument of ours. */
static struct {
	bool is_foreign;
	int error;
} other_system;

int setsockopt(int fd, int level, int optname, const void *optval, socklen_t optlen)
{
	int r;

	if (other_system.is_foreign && optname == MCAST_MSFILTER)
		r = -other_system.error;
	else
		r = raw_setsockopt(fd, level, optname, optval, optlen);
	if (r < 0)
		errno = -r;
	return r < 0 ? -1 : 0;
}

static void test_other_systems(struct fixture *self)
{
	other_system.is_foreign = true;
	other_system.error = ENOPROTOOPT;
	facts_expect(&self->tap, NULL, "backend", "kernel|",
		     "ENOPROTOOPT|this system has no");
	other_system.error = 0;
	facts_expect(&self->tap, NULL, "backend", "kernel|",
		     ": 0|a request that must fail");
	other_system.is_foreign = false;
	tap_end(&self->tap,
		"a system without source filters, or with false ones, is told");
}

int main(void)
{
	struct fixture self = { 0 };

	netns_init(&self.net);
	test_list(&self);
	test_system(&self);
	test_limits(&self);
	test_option_memory(&self);
	test_reports(&self);
	test_versions(&self);
	test_forced_igmp(&self);
	test_forced_mld(&self);
	test_forced_where(&self);
	test_other_systems(&self);
	return tap_finish(&self.tap);
}
