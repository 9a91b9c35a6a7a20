/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * verdict: chooses whose filter is asked (see verdict.h).
 *
 * A flow that this host sends is judged as if it came in: members on the host itself
 * get a copy under the same rules, but for raw IPv6 sockets (process.h).
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "host.h"
#include "links.h"
#include "process.h"
#include "verdict.h"

/* A look that takes longer than this (thousands of groups or sockets) is not repeated
 * before four times as long has passed. */
#define LOOK_MAX_NS 50000000u

struct verdict {
	const struct hold *hold;
	struct msf_interface *interfaces; /* owned; indexes as of the last look */
	uint32_t n_interfaces;
	struct links links;
	struct host host;
	struct process process; /* pid 0: not asked */
	bool is_known;          /* the last look succeeded */
	int answer;             /* of the last look */
	uint64_t next_ns;       /* when the next one may be, CLOCK_MONOTONIC */
};

int verdict_new(struct verdict **ret, const struct verdict_settings *settings)
{
	struct verdict *verdict = calloc(1, sizeof(*verdict));
	size_t n = settings->n_interfaces;
	int r;

	if (!verdict)
		return -ENOMEM;
	verdict->host = HOST_INIT;
	verdict->hold = settings->hold;
	verdict->process.target.pid = settings->pid;
	verdict->interfaces = calloc(n ? n : 1, sizeof(*verdict->interfaces));
	if (!verdict->interfaces) {
		verdict_free(verdict);
		return -ENOMEM;
	}
	if (n)
		memcpy(verdict->interfaces, settings->interfaces,
		       n * sizeof(*verdict->interfaces));
	verdict->n_interfaces = settings->n_interfaces;
	r = verdict_refresh(verdict);
	if (r < 0) {
		verdict_free(verdict);
		return r;
	}
	*ret = verdict;
	return 0;
}

struct verdict *verdict_free(struct verdict *verdict)
{
	if (!verdict)
		return NULL;
	links_fini(&verdict->links);
	host_fini(&verdict->host);
	process_fini(&verdict->process);
	free(verdict->interfaces);
	free(verdict);
	return NULL;
}

bool verdict_has_memberships(const struct verdict *verdict)
{
	return verdict->process.n_memberships > 0;
}

/* An interface that was replaced may have another index now. */
static void find_interfaces(struct verdict *verdict)
{
	for (uint32_t i = 0; i < verdict->n_interfaces; i++) {
		struct msf_interface *interface = &verdict->interfaces[i];

		interface->ifindex = links_find(&verdict->links, interface->name);
	}
}

static int look(struct verdict *verdict)
{
	int r = links_refresh(&verdict->links), ended = 0;

	verdict->is_known = false;
	if (r == 0)
		find_interfaces(verdict);
	/* The process first: what it joins meanwhile, the host has joined, too. */
	if (r == 0 && !verdict->hold && verdict->process.target.pid)
		r = process_refresh(&verdict->process);
	if (r == -ESRCH) {
		ended = r;
		r = 0;
	}
	if (r == 0 && !verdict->hold)
		r = host_refresh(&verdict->host);
	verdict->is_known = r == 0;
	return r < 0 ? r : ended;
}

static uint64_t get_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

int verdict_refresh(struct verdict *verdict)
{
	uint64_t start = get_now(), end;

	if (start < verdict->next_ns)
		return verdict->answer;
	verdict->answer = look(verdict);
	end = get_now();
	if (end - start > LOOK_MAX_NS)
		verdict->next_ns = end + 4 * (end - start);
	return verdict->answer;
}

static enum sample_verdict judge_by_hold(const struct hold *hold,
					 const struct process_flow *flow)
{
	struct sockaddr_storage group, source;

	address_set(&flow->place.group, &group);
	address_set(&flow->source, &source);
	switch (hold_judge(hold, flow->place.ifindex, &group, &source)) {
	case 1:
		return SAMPLE_ACCEPT;
	case 0:
		return SAMPLE_BLOCK;
	}
	return SAMPLE_UNJOINED;
}

static enum sample_verdict judge(const struct verdict *verdict,
				 const struct process_flow *flow)
{
	const struct host_group *group;

	if (verdict->hold)
		return judge_by_hold(verdict->hold, flow);
	group = host_find(&verdict->host, &flow->place);
	if (verdict->process.target.pid)
		return process_judge(&verdict->process, flow,
				     host_pass(&verdict->host, group, &flow->source));
	return group ? host_group_judge(group, &flow->source) : SAMPLE_UNJOINED;
}

/* Our own memberships are of the interface itself, whoever takes its packets. */
static uint32_t get_receiver(const struct verdict *verdict,
			     const struct sample_flow *flow)
{
	uint32_t ifindex = verdict->interfaces[flow->i_interface].ifindex;

	if (verdict->hold && !flow->vlan)
		return ifindex;
	return links_get_receiver(&verdict->links, ifindex, flow->vlan);
}

enum sample_verdict verdict_judge_flow(const struct verdict *verdict,
				       const struct sample_flow *flow)
{
	struct process_flow place = {
		.place.group = address_make(flow->family, flow->group),
		.source = address_make(flow->family, flow->source),
		.port = flow->port,
		.is_outgoing = flow->is_outgoing,
	};

	if (!verdict->is_known || flow->i_interface >= verdict->n_interfaces)
		return SAMPLE_UNKNOWN;
	place.place.ifindex = get_receiver(verdict, flow);
	if (!place.place.ifindex)
		return SAMPLE_UNJOINED;
	return judge(verdict, &place);
}

void verdict_judge(const struct verdict *verdict, struct sample *sample)
{
	for (uint32_t i = 0; i < sample->n_flows; i++)
		sample->flows[i].verdict = verdict_judge_flow(verdict, &sample->flows[i]);
}
