/* SPDX-License-Identifier: BSD-2-Clause */
/* Requests that are carried out and still may not do what was meant. */
#include "explain.h"

#include "agent/agent.h"
#include "interface.h"
#include "proc.h"
#include "sockaddr.h"

static void begin(struct text *text)
{
	if (text->length)
		text_add(text, "; ");
}

static void warn_of_range(struct text *text, const struct request *rq)
{
	char group[INET6_ADDRSTRLEN];

	if ((rq->verb != JOIN_GROUP && rq->verb != SET_EXCLUDE) ||
	    !addr_is_ssm(rq->group))
		return;
	begin(text);
	text_add(
		text,
		"%s is in the source-specific range %s, where routers carry source joins "
		"only (RFC 4607): name the sources",
		text_format_address(rq->family, rq->group, group),
		rq->family == AF_INET ? "232.0.0.0/8" : "ff3x::/32");
}

static void warn_of_interface(struct text *text, const struct request *rq)
{
	struct msf_interface interface;

	if (interface_get(rq->ifindex, &interface) < 0)
		return;
	if (!(interface.flags & IFF_UP)) {
		begin(text);
		text_add(text, "interface %s is down: ip link set %s up", interface.name,
			 interface.name);
	}
	if (!(interface.flags & IFF_MULTICAST)) {
		begin(text);
		text_add(text,
			 "interface %s is without multicast: ip link set %s multicast on",
			 interface.name, interface.name);
	}
}

/* Linux looks for an IPv6 membership by group alone. */
static void warn_of_interfaces(struct text *text, struct msf *msf, int fd,
			       const struct request *rq)
{
	struct msf_membership m;
	struct msf_state *state;
	struct addr group;
	uint32_t n = 0;

	if (rq->family != AF_INET6 || msf_state_new(&state, msf, fd) < 0)
		return;
	while (msf_state_pop_membership(state, &m)) {
		sockaddr_get((struct sockaddr *)&m.group, &group);
		n += m.group.ss_family == AF_INET6 && addr_equal(group, rq->group);
	}
	msf_state_free(state);
	if (n < 2)
		return;
	begin(text);
	text_add(text,
		 "the socket has joined this IPv6 group on %u interfaces, and Linux "
		 "applies the most recent filter to all of them: use a socket for each "
		 "interface",
		 n);
}

bool explain_is_stale(const struct request *rq)
{
	struct proc_groups groups;
	struct proc_group entry;
	bool is_found = false;

	if (proc_groups_open(&groups, rq->family) < 0)
		return false;
	while (!is_found && proc_groups_next(&groups, &entry))
		is_found = entry.ifindex == rq->ifindex && entry.users &&
			   addr_equal(entry.group, rq->group);
	/* what could not be read is not known to be stale */
	return proc_groups_close(&groups) == 0 && !is_found;
}

static void warn_of_replacement(struct text *text, struct msf *msf, int fd,
				const struct request *rq)
{
	struct kernel_held held;

	if (backend_look(msf, fd, rq, &held) < 0 || held.mode == FILTER_NONE ||
	    !explain_is_stale(rq))
		return;
	begin(text);
	text_add(text,
		 "the interface was replaced since the socket joined, and the new one "
		 "is not joined: leave the group and join it again");
}

static bool has_sources(const struct request *rq)
{
	return rq->verb == JOIN_SOURCE || rq->verb == BLOCK_SOURCE || rq->list.n;
}

/* An any-source join asks for more than the filter, and in the source-specific range
 * routers do not even take it; but where msfd reports the filter itself. */
static void warn_of_wire(struct text *text, struct msf *msf, const struct request *rq)
{
	bool is_ipv4 = rq->family == AF_INET;

	if (!has_sources(rq) || agent_find(context_get_agent(msf)) == AGENT_PRESENT)
		return;
	begin(text);
	text_add(text,
		 "the ASM backend filters the sources on the socket, and routers and "
		 "switches see a join for every source");
	if (addr_is_ssm(rq->group))
		text_add(text,
			 ", which routers ignore in the source-specific range %s (RFC "
			 "4604)",
			 is_ipv4 ? "232.0.0.0/8" : "ff3x::/32");
}

void explain_warnings(struct text *text, struct msf *msf, int fd,
		      const struct request *rq)
{
	enum msf_backend backend = MSF_BACKEND_KERNEL;

	backend_resolve(msf, fd, &backend);
	warn_of_range(text, rq);
	warn_of_interface(text, rq);
	if (backend == MSF_BACKEND_ASM)
		warn_of_wire(text, msf, rq);
	else
		warn_of_interfaces(text, msf, fd, rq);
	warn_of_replacement(text, msf, fd, rq);
}
