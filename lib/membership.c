/* SPDX-License-Identifier: BSD-2-Clause */
/* See membership.h. */
#include "membership.h"

#include <errno.h>
#include <string.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/ioctl.h>

#include "backend.h"
#include "proc.h"
#include "sockaddr.h"

/* Option memory of a membership on Linux, measured: for itself, for a list of
 * sources, and for each of them. Delta calls make room for ten at a time. */
#define IS_64_BIT   (sizeof(void *) == 8)
#define MEMORY_MIN  (IS_64_BIT ? 48 : 32)
#define DELTA_BLOCK 10u

/* How many pairs of interface and group a socket is asked for by guess, and how far
 * beyond the largest index in use. */
#define GUESSES_MAX   4096u
#define INDEXES_SPARE 16u

struct search {
	const struct membership_search *given;
	int32_t optmem;               /* of the memberships; -1: not known */
	struct kernel_buffer *buffer; /* owned */
	struct request request;
	bool is_refused[2];    /* IPv4, IPv6: not for this socket */
	size_t first;          /* of its memberships in the state */
	int64_t memory_least;  /* that what was found takes at least */
	int64_t memory_likely; /* after delta calls */
};

static int family_of(struct addr group)
{
	return addr_is_ipv4(group) ? AF_INET : AF_INET6;
}

static void count_memory(struct search *self, int family, uint32_t n)
{
	uint32_t own = IS_64_BIT ? 48 : 32, head = IS_64_BIT ? 24 : 16, each = 4;
	uint32_t least = head;
	uint32_t blocks = (n + DELTA_BLOCK - 1) / DELTA_BLOCK * DELTA_BLOCK;

	if (family == AF_INET6) {
		own = IS_64_BIT ? 56 : 40;
		each = 16;
		least = 8; /* before Linux 5.13 */
	}
	self->memory_least += own + (n ? least + (int64_t)n * each : 0);
	self->memory_likely += own + (n ? head + (int64_t)blocks * each : 0);
}

/* Is there no room for one more membership in the option memory? */
static bool is_all_found(const struct search *self)
{
	return self->optmem >= 0 && self->optmem - self->memory_least < MEMORY_MIN;
}

static bool is_known(const struct search *self)
{
	const struct vector *list = &self->given->state->memberships;
	const struct state_membership *m = list->items;
	struct addr group;

	for (size_t i = self->first; i < list->n; i++) {
		sockaddr_get((const struct sockaddr *)&m[i].shown.group, &group);
		if (m[i].shown.ifindex == self->request.ifindex &&
		    addr_equal(group, self->request.group))
			return true;
	}
	return false;
}

static int add_sources(struct msf_state *state, int family, const struct source_set *set)
{
	struct sockaddr_storage *source = vector_reserve(&state->sources, set->n,
							 sizeof(*source));

	if (!source)
		return -ENOMEM;
	memset(source, 0, set->n * sizeof(*source));
	for (uint32_t i = 0; i < set->n; i++)
		sockaddr_set(&source[i], family, set->addr[i]);
	state->sources.n += set->n;
	return 0;
}

static int add(struct search *self, uint32_t ifindex, struct addr group,
	       const struct filter *filter)
{
	struct msf_state *state = self->given->state;
	struct ifreq ifr = { .ifr_ifindex = (int)ifindex };
	struct state_membership *m = vector_append(&state->memberships, sizeof(*m));

	if (!m)
		return -ENOMEM;
	*m = (struct state_membership){
		.shown = { .ifindex = ifindex,
			   .fmode = filter->mode == FILTER_INCLUDE ? MCAST_INCLUDE
								   : MCAST_EXCLUDE,
			   .numsrc = filter->sources.n },
		.first_source = state->sources.n,
	};
	sockaddr_set(&m->shown.group, family_of(group), group);
	/* in the namespace of the socket, wherever the caller is */
	if (!ioctl(self->given->fd, SIOCGIFNAME, &ifr))
		memcpy(m->shown.interface, ifr.ifr_name, sizeof(m->shown.interface));
	return add_sources(state, family_of(group), &filter->sources);
}

/* 1: the kernel answered; 0: not for this socket; -ENOMEM, of ours or the kernel. */
static int ask_kernel(struct search *self, uint32_t ifindex, struct addr group,
		      struct kernel_stored *ret)
{
	int family = family_of(group), r;
	bool *is_refused = &self->is_refused[family == AF_INET6];

	if (*is_refused)
		return 0;
	self->request.family = family;
	self->request.ifindex = ifindex;
	self->request.group = group;
	r = kernel_read_stored(self->given->fd, &self->request, &self->buffer, ret);
	if (!self->buffer || r == -ENOMEM)
		return -ENOMEM;
	*is_refused = r < 0;
	return r >= 0;
}

static bool is_member(const struct kernel_stored *stored)
{
	return stored->filter.mode != FILTER_NONE || stored->is_leftover;
}

static int ask(struct search *self, uint32_t ifindex, struct addr group)
{
	struct kernel_stored stored;
	int r = ask_kernel(self, ifindex, group, &stored);

	if (r <= 0 || !is_member(&stored) || is_known(self))
		return r < 0 ? r : 0;
	count_memory(self, family_of(group), stored.n_raw);
	return stored.is_leftover ? 0 : add(self, ifindex, group, &stored.filter);
}

/* The groups that the interfaces of the namespace have. What the socket is bound to
 * is asked for first: more often than not that is all. */
static int ask_listed(struct search *self, struct addr bound, bool is_bound)
{
	const struct vector *groups = self->given->groups;
	const struct proc_group *entry = groups->items;
	int r = 0;

	for (size_t i = 0; !r && i < groups->n && !is_all_found(self); i++)
		if (addr_equal(entry[i].group, bound) == is_bound)
			r = ask(self, entry[i].ifindex, entry[i].group);
	return r;
}

/* Is there option memory that neither memberships nor anything usual explain? A
 * socket filter or IPv6 options take some as well. */
static bool is_missing(const struct search *self)
{
	return self->optmem >= 0 && !is_all_found(self) &&
	       self->optmem != self->memory_likely;
}

static uint32_t get_ifindex_max(const struct vector *groups)
{
	const struct proc_group *entry = groups->items;
	uint32_t max = 0;

	for (size_t i = 0; i < groups->n; i++)
		if (entry[i].ifindex > max)
			max = entry[i].ifindex;
	return max + INDEXES_SPARE;
}

static int guess(struct search *self, const struct addr *groups, size_t n,
		 uint32_t *n_left)
{
	uint32_t ifindex = get_ifindex_max(self->given->groups);
	int r = 0;

	/* the newest ones first: links that come and go have large indexes */
	for (; ifindex; ifindex--) {
		for (size_t i = 0; i < n; i++) {
			if (!*n_left || !is_missing(self))
				return 0;
			(*n_left)--;
			r = ask(self, ifindex, groups[i]);
			if (r < 0)
				return r;
		}
	}
	return 0;
}

static int ask_all(struct search *self)
{
	const struct vector *guesses = self->given->guesses;
	uint32_t n_left = GUESSES_MAX;
	struct addr bound = { 0 };
	int r;

	sockaddr_get((const struct sockaddr *)&self->given->address, &bound);
	r = ask_listed(self, bound, true);
	if (!r)
		r = ask_listed(self, bound, false);
	if (!r && guesses && addr_is_multicast(bound))
		r = guess(self, &bound, 1, &n_left);
	if (!r && guesses)
		r = guess(self, guesses->items, guesses->n, &n_left);
	return r;
}

static bool is_listed(const struct vector *groups, const struct asm_membership *m)
{
	const struct proc_group *entry = groups->items;

	for (size_t i = 0; i < groups->n; i++)
		if (entry[i].ifindex == m->ifindex &&
		    addr_equal(entry[i].group, m->group))
			return true;
	return false;
}

/*
 * Any program may put a socket filter on a socket of its own that looks like one with
 * memberships. A group that no interface has is none, unless the kernel says so: of an
 * interface that is gone. 1, 0, -ENOMEM.
 */
static int is_joined(struct search *self, const struct asm_membership *m)
{
	struct kernel_stored stored;
	int r;

	if (!self->given->groups->n || is_listed(self->given->groups, m))
		return 1;
	r = ask_kernel(self, m->ifindex, m->group, &stored);
	return r <= 0 ? r : is_member(&stored);
}

static int add_joined(struct search *self, const struct asm_membership *m)
{
	int r = is_joined(self, m);

	if (r > 0 && add(self, m->ifindex, m->group, &m->filter) < 0)
		r = -ENOMEM;
	return r;
}

/* 1: there are some, 0: none. */
static int add_asm(struct search *self)
{
	const struct membership_search *given = self->given;
	struct asm_list list;
	int r = backend_list(given->msf, given->fd, given->optmem, &list);
	bool has_any = false;

	if (r <= 0)
		return r;
	for (uint32_t i = 0; r >= 0 && i < list.n; i++) {
		r = add_joined(self, &list.memberships[i]);
		has_any = has_any || r > 0;
	}
	asm_list_fini(&list);
	return r < 0 ? r : has_any;
}

int membership_find_all(const struct membership_search *search, bool *ret_is_asm)
{
	struct search self = {
		.given = search,
		.optmem = search->optmem,
		.buffer = kernel_buffer_take(search->msf, 0),
		.first = search->state->memberships.n,
	};
	int r;

	if (!self.buffer)
		return -ENOMEM;
	r = add_asm(&self);
	*ret_is_asm = r > 0;
	if (r > 0)
		self.optmem = -1;
	if (r >= 0)
		r = ask_all(&self);
	kernel_buffer_give(search->msf, self.buffer);
	return r;
}

static int read_family(struct vector *groups, const char *net, int family)
{
	struct proc_groups file;
	struct proc_group entry, *added;
	int r = proc_groups_open_at(&file, net, family);

	if (r < 0)
		return r == -ENOENT ? 0 : r; /* a kernel without that family */
	while (!r && proc_groups_next(&file, &entry)) {
		added = vector_append(groups, sizeof(*added));
		if (added)
			*added = entry;
		else
			r = -ENOMEM;
	}
	if (proc_groups_close(&file) < 0 && !r)
		r = -EIO;
	return r;
}

int membership_read_groups(struct vector *groups, const char *net)
{
	int r = read_family(groups, net, AF_INET);

	return r < 0 ? r : read_family(groups, net, AF_INET6);
}
