/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What only the ASM backend is refused for: its own limit of sources, the size of a
 * socket filter and the memory that the kernel lets it have, what msfd refuses, and what
 * the application has done with the filter of the socket. Groups are limited as
 * everywhere.
 */
#include "explain.h"

#include <errno.h>
#include <stdlib.h>

#include "agent/agent.h"
#include "probe.h"
#include "proc.h"

/* The most instructions that a source needs, and what is needed beside. Filters of so
 * few that they fit are refused by somebody else. */
#define SOURCE_INSTRUCTIONS 8u
#define OTHER_INSTRUCTIONS  256u

static uint32_t count_sources(struct msf *msf, int fd)
{
	struct asm_list list;
	uint32_t n = 0;

	if (backend_list(msf, fd, -1, &list) <= 0)
		return 0;
	for (uint32_t i = 0; i < list.n; i++)
		n += list.memberships[i].filter.sources.n;
	asm_list_fini(&list);
	return n;
}

static void explain_own_limit(struct text *text, const struct msf *msf, uint32_t limit,
			      uint32_t wanted)
{
	text_add(text,
		 "too many sources for one filter: the limit is %u, %s, and %u are "
		 "needed: set MSF_MAX_SOURCES=%u in the environment, or call "
		 "msf_config_set_max_sources()",
		 limit,
		 msf->max_sources ? "set by this program or MSF_MAX_SOURCES"
				  : "that of the ASM backend unless it is raised",
		 wanted, wanted);
}

static void explain_program(struct text *text, uint32_t n_sources)
{
	text_add(text,
		 "too many sources for one socket: its filters together are one socket "
		 "filter of at most %u instructions, which cannot hold %u sources like "
		 "these: spread them over several sockets",
		 PROBE_INSTRUCTIONS, n_sources);
}

static void explain_memory(struct text *text, uint32_t n_sources)
{
	text_add(text,
		 "the socket filter that %u sources need is too large for the socket's "
		 "memory for options: ",
		 n_sources);
	explain_option_memory(text, PROBE_PROGRAM_MEMORY);
	text_add(text, ", or spread the sources over several sockets");
}

/* Is the program small, whatever the sources are? */
static bool is_small(uint32_t n_sources, long optmem)
{
	uint64_t n = (uint64_t)n_sources * SOURCE_INSTRUCTIONS + OTHER_INSTRUCTIONS;

	/* attached, each of 8 bytes is there twice, with what the kernel makes of it */
	return n <= PROBE_INSTRUCTIONS &&
	       (optmem < 0 ||
		n * PROBE_PROGRAM_MEMORY <= (uint64_t)optmem * PROBE_INSTRUCTIONS);
}

static bool has_agent(const struct msf *msf)
{
	return agent_find(context_get_agent(msf)) == AGENT_PRESENT;
}

static void explain_agent(struct text *text)
{
	text_add(text, "msfd, which tells the routers, refuses it for one of its limits: "
		       "\"msfctl agent limits\" shows them, and what this user has of "
		       "them; they are set in its configuration");
}

void explain_asm_limit(struct text *text, struct msf *msf, int fd,
		       const struct request *rq, const struct kernel_held *held)
{
	uint32_t wanted = explain_count_wanted(rq, held), groups, n;
	uint32_t limit = msf->max_sources ? msf->max_sources : ASM_SOURCES_DEFAULT;
	long optmem = proc_get_sysctl(SYSCTL_OPTION_MEMORY);
	struct msf_limits limits;

	if (wanted > limit) {
		explain_own_limit(text, msf, limit, wanted);
		return;
	}
	groups = explain_count_groups(msf, fd, rq->family);
	if (held->mode == FILTER_NONE && !msf_probe_limits(msf, rq->family, &limits) &&
	    groups >= limits.groups) {
		explain_groups(text, limits.groups, groups);
		return;
	}
	n = count_sources(msf, fd);
	n = n > held->n_sources ? n - held->n_sources + wanted : wanted;
	if (is_small(n, optmem) && has_agent(msf))
		explain_agent(text);
	else if (optmem >= 0 && optmem < PROBE_PROGRAM_MEMORY)
		explain_memory(text, n);
	else
		explain_program(text, n);
}

/* Where filters cannot be read back, what takes memory may be one of anybody's. */
static void explain_busy(struct text *text, const struct msf *msf)
{
	text_add(text,
		 atomic_load(&msf->filters) == (int)ASM_FILTERS_BLIND
			 ? "the socket has option memory in use that is not the "
			   "library's: a filter (SO_ATTACH_BPF, SO_ATTACH_FILTER) or "
			   "a group joined past it, which cannot be read back here: "
			   "detach and leave them, or make these calls through "
			   "msf_setsockopt() or with msfctl run"
			 : "the program has an eBPF filter on the socket "
			   "(SO_ATTACH_BPF), which leaves no room for the sources: "
			   "detach it, or attach a classic one (SO_ATTACH_FILTER), "
			   "which goes with them");
}

bool explain_asm_error(struct text *text, struct msf *msf, int fd, int error)
{
	int is_locked = 0;
	socklen_t len = sizeof(is_locked);

	if (error == EPERM) {
		if (getsockopt(fd, SOL_SOCKET, SO_LOCK_FILTER, &is_locked, &len) < 0 ||
		    !is_locked)
			return false;
		text_add(text,
			 "the socket's filter, which holds the sources, is locked "
			 "(SO_LOCK_FILTER) and cannot be changed any more: lock it after "
			 "the last request, or use another socket");
	} else if (error == EBUSY) {
		explain_busy(text, msf);
	} else if (error == EXDEV) {
		text_add(text,
			 "the socket is of another network namespace than the msfd that "
			 "is told of it: open it in the namespace where the request is "
			 "made, or name the msfd of its own (MSF_AGENT, "
			 "msf_config_set_agent())");
	} else if (error == EUSERS) {
		text_add(text,
			 "msfd, which tells the routers, has as many connections as it "
			 "takes, of this user or in all: end some programs, or raise "
			 "the limits in its configuration");
	} else if (error == EOPNOTSUPP) {
		text_add(text,
			 "neither the kernel nor a socket filter can filter sources "
			 "here: receive with msf_recvmsg() and its kin and say so with "
			 "msf_config_set_receive_calls(), or run the program with "
			 "msfctl run");
	} else {
		return false;
	}
	return true;
}
