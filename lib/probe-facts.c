/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a system can do, as a list of facts to show. Each is asked for when the
 * list is made; one that cannot be found out is said to be so.
 */
#include "probe.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/utsname.h>

#include "backend.h"
#include "base/option-names.h"
#include "context.h"
#include "proc.h"

#define LOOPBACK_IFINDEX 1
#define NUMBER_SIZE      24

/* RFC 3376 3.1: a limit on sources must not be below. */
#define SOURCES_LEAST 64

struct msf_probe {
	struct msf_fact *facts; /* owned, each with one block, which begins at name */
	size_t n_facts;
	size_t next;
	size_t capacity;
};

struct msf_probe *msf_probe_free(struct msf_probe *probe)
{
	if (probe) {
		for (size_t i = 0; i < probe->n_facts; i++)
			free((char *)probe->facts[i].name);
		free(probe->facts);
		free(probe);
	}
	return NULL;
}

int msf_probe_pop_fact(struct msf_probe *probe, struct msf_fact *ret)
{
	if (probe->next == probe->n_facts)
		return 0;
	*ret = probe->facts[probe->next++];
	return 1;
}

static size_t size_of(const char *text)
{
	return text ? strlen(text) + 1 : 0;
}

/* Copies to *at and moves it on; NULL stays NULL. */
static const char *put(char **at, const char *text)
{
	size_t size = size_of(text);
	char *copy = *at;

	if (!text)
		return NULL;
	memcpy(copy, text, size);
	*at += size;
	return copy;
}

int probe_add_fact(struct msf_probe *probe, const struct msf_fact *fact)
{
	struct msf_fact *facts;
	char *at;

	if (probe->n_facts == probe->capacity) {
		size_t capacity = probe->capacity ? 2 * probe->capacity : 32;

		facts = reallocarray(probe->facts, capacity, sizeof(*facts));
		if (!facts)
			return -ENOMEM;
		probe->facts = facts;
		probe->capacity = capacity;
	}
	at = malloc(size_of(fact->name) + size_of(fact->value) + size_of(fact->unit) +
		    size_of(fact->source) + size_of(fact->note));
	if (!at)
		return -ENOMEM;
	/* the name first: it is what is freed */
	facts = &probe->facts[probe->n_facts++];
	facts->name = put(&at, fact->name);
	facts->value = put(&at, fact->value);
	facts->unit = put(&at, fact->unit);
	facts->source = put(&at, fact->source);
	facts->note = put(&at, fact->note);
	return 0;
}

int probe_add_number(struct msf_probe *probe, const char *name, int64_t value,
		     const char *unit, const char *source, const char *note)
{
	char number[NUMBER_SIZE];
	struct msf_fact fact = { name, value < 0 ? NULL : number, unit, source, note };

	snprintf(number, sizeof(number), "%" PRId64, value);
	return probe_add_fact(probe, &fact);
}

/*
 * A request that a kernel with source filters must refuse, and in its own way: a
 * full-state set for a group that is not joined (233.252.0.0/24 is for
 * documentation, RFC 6676). Stacks without the API say ENOPROTOOPT and the like, and
 * some say 0 to whatever they ignore.
 */
static int try_backend(struct msf *msf)
{
	struct request rq = { .verb = SET_INCLUDE,
			      .family = AF_INET,
			      .ifindex = LOOPBACK_IFINDEX,
			      .group = addr_from_ipv4(0xe9fc0001) };
	struct kernel_buffer *buffer;
	struct addr source = addr_from_ipv4(0xc0000201);
	struct source_set list = { .n = 1, .addr = &source };
	int fd, r;

	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	buffer = kernel_buffer_take(msf, list.n);
	r = buffer ? kernel_send_filter(fd, &rq, buffer, MCAST_INCLUDE, &list) : -ENOMEM;
	kernel_buffer_give(msf, buffer);
	close(fd);
	return r;
}

static const char *judge_kernel(int error)
{
	if (error == -EINVAL)
		return "as a kernel with source filters must answer";
	if (!error)
		return "a request that must fail did not: this system ignores "
		       "source filters, or is not known to libmsf";
	return "this system has no source filters: requests for sources will fail";
}

static const char *judge_asm(const struct msf *msf, int error)
{
	if (msf->is_backend_given)
		return error == -EINVAL ? "as configured; this system has source filters "
					  "of its own"
					: "as configured; this system has no source "
					  "filters of its own";
	if (!error)
		return "a request that must fail did not: this system ignores "
		       "source filters, and libmsf filters on the socket";
	return "this system has no source filters: libmsf joins for every source, and "
	       "filters on the socket";
}

static int add_backend(struct msf_probe *probe, struct msf *msf, enum msf_backend backend)
{
	bool is_kernel = backend == MSF_BACKEND_KERNEL;
	int r = try_backend(msf);
	char source[128];
	struct msf_fact fact = {
		.name = "backend",
		.value = is_kernel ? "kernel" : "asm",
		.source = source,
		.note = is_kernel ? judge_kernel(r) : judge_asm(msf, r),
	};

	if (r == -ENOMEM || r == -EMFILE || r == -ENFILE)
		return r;
#ifdef HAS_ERROR_NAMES
	snprintf(source, sizeof(source), "MCAST_MSFILTER, not joined: %s",
		 r ? strerrorname_np(-r) : "0");
#else
	snprintf(source, sizeof(source), "MCAST_MSFILTER, not joined: errno %d", -r);
#endif
	return probe_add_fact(probe, &fact);
}

static int add_semantics(struct msf_probe *probe, const struct msf *msf)
{
	bool is_linux = msf->table == TABLE_LINUX;
	struct msf_fact fact = {
		.name = "semantics",
		.value = is_linux ? "linux" : "table",
		.source = "configuration, MSF_SEMANTICS",
		.note = is_linux ? "errors are those that programs for Linux expect"
				 : "errors are those of RFC 3678 4.1.3, on every kernel",
	};

	return probe_add_fact(probe, &fact);
}

static int add_release(struct msf_probe *probe)
{
	struct utsname name;
	struct msf_fact fact = { .name = "kernel", .source = "uname(2)" };

	if (!uname(&name))
		fact.value = name.release;
	return probe_add_fact(probe, &fact);
}

static int add_ipv6(struct msf_probe *probe, bool has_ipv6)
{
	struct msf_fact fact = {
		.name = "ipv6",
		.value = has_ipv6 ? "yes" : "no",
		.source = "socket(AF_INET6)",
		.note = has_ipv6 ? NULL : "IPv6 groups cannot be joined on this system",
	};

	return probe_add_fact(probe, &fact);
}

static int add_groups(struct msf_probe *probe)
{
	int r = probe_add_number(
		probe, "igmp_max_memberships", proc_get_sysctl(SYSCTL_GROUPS), "groups",
		"net.ipv4.igmp_max_memberships",
		"IPv4 groups that one socket may join: raise it, or join on "
		"several sockets");

	return r < 0 ? r
		     : probe_add_number(probe, "mld_max_memberships", -1, "groups",
					"Linux has no such limit",
					"a socket joins IPv6 groups until its share of "
					"net.core.optmem_max is used up (ENOMEM)");
}

static const char *judge_igmp_max_msf(int64_t value)
{
	if (value < 0 || value >= SOURCES_LEAST)
		return NULL;
	return "RFC 3376 3.1 asks for 64 or more: sysctl -w net.ipv4.igmp_max_msf=64";
}

static const char *judge_mld_max_msf(int64_t value, bool is_ipv6)
{
	if (!is_ipv6)
		return "no IPv6";
	if (value < 0 || value >= SOURCES_LEAST)
		return "one value for the whole host, set in its initial network "
		       "namespace";
	return "RFC 3810 4.2 asks for 64 or more: sysctl -w net.ipv6.mld_max_msf=64 in "
	       "the initial network namespace";
}

static int add_sources(struct msf_probe *probe, struct msf *msf, bool has_ipv6)
{
	const char *source = "net.ipv6.mld_max_msf";
	int64_t value = proc_get_sysctl(SYSCTL_SOURCES_IPV4);
	uint32_t found;
	int r = probe_add_number(probe, "igmp_max_msf", value, "sources",
				 "net.ipv4.igmp_max_msf", judge_igmp_max_msf(value));

	if (r < 0)
		return r;
	value = proc_get_sysctl(SYSCTL_SOURCES_IPV6);
	if (value < 0 && has_ipv6) {
		r = probe_search_sources(msf, &found);
		if (r == -ENOMEM)
			return r;
		value = r < 0 ? r : (int64_t)found;
		source = "asking, as the sysctl is hidden here";
	}
	return probe_add_number(probe, "mld_max_msf", value, "sources", source,
				judge_mld_max_msf(value, has_ipv6));
}

static int add_set_sources(struct msf_probe *probe, const char *name, int family)
{
	uint32_t n = probe_read_set_sources(family);

	return probe_add_number(
		probe, name, n == UINT32_MAX ? -1 : (int64_t)n, "sources",
		"net.core.optmem_max",
		family == AF_INET ? "an IPv4 list in one struct ip_msfilter, on an "
				    "interface with an address of its own"
				  : "a list of either family in one struct group_filter");
}

static int add_option_memory(struct msf_probe *probe)
{
	int64_t value = proc_get_sysctl(SYSCTL_OPTION_MEMORY);
	int r = add_set_sources(probe, "set_sources_ipv4", AF_INET);

	if (!r)
		r = add_set_sources(probe, "set_sources", AF_INET6);
	if (r < 0)
		return r;
	return probe_add_number(
		probe, "optmem_max", value, "bytes", "net.core.optmem_max",
		value < 0 ? "hidden in the network namespaces of this kernel"
			  : "the memory for options of one socket, and of one "
			    "request");
}

static int add_max_sources(struct msf_probe *probe, const struct msf *msf)
{
	struct msf_fact fact = {
		.name = "max_sources",
		.value = "none",
		.source = "msf_config_set_max_sources(), MSF_MAX_SOURCES",
		.note = "the kernel's limits alone hold",
	};

	if (!msf->max_sources)
		return probe_add_fact(probe, &fact);
	return probe_add_number(probe, fact.name, msf->max_sources, "sources",
				fact.source,
				"longer lists are refused by this program's own limit");
}

/* Of a new socket; -1: not known. */
static int64_t read_multicast_all(int family)
{
	int fd = socket(family, SOCK_DGRAM | SOCK_CLOEXEC, 0), value = -1;
	socklen_t len = sizeof(value);

	if (fd < 0)
		return -1;
	if (family == AF_INET)
		getsockopt(fd, IPPROTO_IP, IP_MULTICAST_ALL, &value, &len);
	else
		getsockopt(fd, IPPROTO_IPV6, IPV6_MULTICAST_ALL, &value, &len);
	close(fd);
	return value;
}

static int add_multicast_all(struct msf_probe *probe)
{
	static const char note[] =
		"where it is 1 a socket gets what other sockets joined; libmsf turns it "
		"off when it joins";
	int r = probe_add_number(probe, "multicast_all", read_multicast_all(AF_INET),
				 NULL, "IP_MULTICAST_ALL of a new socket", note);

	return r < 0 ? r
		     : probe_add_number(probe, "multicast_all6",
					read_multicast_all(AF_INET6), NULL,
					"IPV6_MULTICAST_ALL of a new socket", note);
}

static int add_wire(struct msf_probe *probe, struct msf *msf)
{
	static const char *const values[] = {
		[MSF_WIRE_KERNEL] = "kernel",
		[MSF_WIRE_AGENT] = "msfd",
		[MSF_WIRE_ASM] = "asm",
	};
	static const char *const notes[] = {
		[MSF_WIRE_KERNEL] = "routers and switches see every filter, in the "
				    "kernel's own reports",
		[MSF_WIRE_AGENT] = "routers and switches see every filter, in the "
				   "reports of msfd: msfctl agent status",
		[MSF_WIRE_ASM] = "routers and switches see a join for every source, "
				 "whatever the filter is: msfd would tell them more",
	};
	struct msf_fact fact = { .name = "wire", .source = "the kernel" };
	int wire = msf_probe_wire(msf);

	if (wire < 0)
		return wire;
	fact.value = values[wire];
	fact.note = notes[wire];
	if (wire != MSF_WIRE_KERNEL)
		fact.source = "msfd, asked (MSF_AGENT)";
	return probe_add_fact(probe, &fact);
}

static int check_ipv6(bool *ret_has_ipv6)
{
	int fd = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0 && errno != EAFNOSUPPORT)
		return -errno;
	*ret_has_ipv6 = fd >= 0;
	if (fd >= 0)
		close(fd);
	return 0;
}

static int add_kernel(struct msf_probe *probe, struct msf *msf, bool has_ipv6)
{
	int r = add_sources(probe, msf, has_ipv6);

	if (!r)
		r = add_option_memory(probe);
	return r < 0 ? r : add_max_sources(probe, msf);
}

static int fill(struct msf_probe *probe, struct msf *msf)
{
	enum msf_backend backend;
	bool has_ipv6 = false;
	int r = check_ipv6(&has_ipv6);

	if (!r)
		r = backend_resolve(msf, -1, &backend);
	if (!r)
		r = add_backend(probe, msf, backend);
	if (!r)
		r = add_semantics(probe, msf);
	if (!r)
		r = add_release(probe);
	if (!r)
		r = add_ipv6(probe, has_ipv6);
	if (!r)
		r = add_groups(probe);
	if (!r)
		r = backend == MSF_BACKEND_KERNEL ? add_kernel(probe, msf, has_ipv6)
						  : probe_add_asm(probe, msf);
	if (!r)
		r = add_wire(probe, msf);
	if (!r)
		r = add_multicast_all(probe);
	return r < 0 ? r : probe_add_interfaces(probe, msf);
}

int msf_probe_new(struct msf_probe **ret, struct msf *msf)
{
	struct msf_probe *probe;
	int r = context_get(msf, &msf);

	if (r < 0)
		return r;
	probe = calloc(1, sizeof(*probe));
	if (!probe)
		return -ENOMEM;
	r = fill(probe, msf);
	if (r < 0) {
		msf_probe_free(probe);
		return r;
	}
	*ret = probe;
	return 0;
}
