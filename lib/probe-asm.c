/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The facts of the ASM backend: what socket filters are good for here, and what they
 * hold.
 */
#include "probe.h"

#include <errno.h>
#include <stdio.h>

#include "backend.h"
#include "proc.h"

#define NOTE_SIZE 192

/* What a socket filter takes of the option memory, measured on Linux 6.18, 64 bits:
 * without any source, and for each; IPv6 ones that have nothing in common. And how many
 * of them the instructions hold. */
struct need {
	uint32_t own;
	uint32_t each;
	uint32_t most;
};

static const struct need need_ipv4 = { 850, 12, 4000 };
static const struct need need_ipv6 = { 1700, 81, 570 };

static int add_filters(struct msf_probe *probe, enum asm_filters filters)
{
	struct msf_fact fact = { .name = "socket_filters",
				 .source = "SO_ATTACH_FILTER, SO_GET_FILTER, tried" };

	switch (filters) {
	case ASM_FILTERS_FULL:
		fact.value = "full";
		fact.note = "the state of a socket is kept in its filter: it survives "
			    "dup, fork, exec and passing";
		break;
	case ASM_FILTERS_BLIND:
		fact.value = "blind";
		fact.note = "they cannot be read back: the state is kept in a table of "
			    "the process, which exec does not keep";
		break;
	case ASM_FILTERS_NONE:
		fact.value = "none";
		fact.note = "absent, or they do nothing: only msf_recvmsg() and its kin "
			    "filter, or msfctl run";
		break;
	}
	return probe_add_fact(probe, &fact);
}

static uint32_t count_sources(long optmem, const struct need *need)
{
	long n = (optmem - (long)need->own) / (long)need->each;

	if (n < 0)
		return 0;
	return n < (long)need->most ? (uint32_t)n : need->most;
}

static int add_option_memory(struct msf_probe *probe)
{
	long optmem = proc_get_sysctl(SYSCTL_OPTION_MEMORY);
	char note[NOTE_SIZE] = "hidden in the network namespaces of this kernel";
	int n = 0;

	if (optmem >= 0)
		n = snprintf(note, sizeof(note),
			     "the filters of a socket may have about %u IPv4 or %u "
			     "unrelated IPv6 sources",
			     count_sources(optmem, &need_ipv4),
			     count_sources(optmem, &need_ipv6));
	if (optmem >= 0 && optmem < PROBE_PROGRAM_MEMORY)
		snprintf(note + n, sizeof(note) - (size_t)n,
			 ": sysctl -w net.core.optmem_max=%d", PROBE_PROGRAM_MEMORY);
	return probe_add_number(probe, "optmem_max", optmem, "bytes",
				"net.core.optmem_max", note);
}

static int add_instructions(struct msf_probe *probe)
{
	char note[NOTE_SIZE];

	snprintf(note, sizeof(note),
		 "of one socket's filter: about %u IPv4 or %u unrelated IPv6 sources",
		 need_ipv4.most, need_ipv6.most);
	return probe_add_number(probe, "instructions", PROBE_INSTRUCTIONS, NULL,
				"BPF_MAXINSNS", note);
}

static int add_limits(struct msf_probe *probe, const struct msf *msf)
{
	bool is_raised = msf->max_sources != 0;
	int r = probe_add_number(
		probe, "max_sources", is_raised ? msf->max_sources : ASM_SOURCES_DEFAULT,
		"sources", "msf_config_set_max_sources(), MSF_MAX_SOURCES",
		is_raised ? "longer lists are refused by this program's "
			    "own limit"
			  : "longer lists are refused, unless the limit "
			    "is raised");

	if (!r)
		r = add_instructions(probe);
	return r < 0 ? r : add_option_memory(probe);
}

int probe_add_asm(struct msf_probe *probe, struct msf *msf)
{
	struct asm_config config;
	int r = backend_get_asm_config(msf, &config);

	if (!r)
		r = add_filters(probe, config.filters);
	return r < 0 ? r : add_limits(probe, msf);
}
