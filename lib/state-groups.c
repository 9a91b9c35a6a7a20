/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The merged state of each group on each interface (RFC 3376 3.2, RFC 3810 4.2).
 * /proc/net/igmp(6) has the groups and their users, mcfilter(6) the sources with
 * their counts; but Linux leaves out the sources of all interfaces that stand
 * before the first one it shows, and tells no filter mode.  What does not follow
 * from the counts is found by looking at the sockets, once, and only then.
 *
 * Sockets of the ASM backend are joins for every source to the kernel; where all users
 * of a group were seen their own filters count, instead of what the kernel made of
 * them. A context with that backend takes every join for one of those.
 *
 * Invariant: a mode or a list that is not certain is said to be unknown.  The
 * kernel's own joins are EXCLUDE {}; so is, for want of a sign of it, an INCLUDE {}
 * that a refused call left behind.
 */
#include "state-groups.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <msf.h>

#include "backend.h"
#include "context.h"
#include "interface.h"
#include "proc.h"
#include "scan.h"
#include "sockaddr.h"
#include "state.h"

/* Groups and sources may come and go meanwhile: how often to begin again. */
#define TRIES_MAX 3

/* The group and its interface come first: it is what both lists are sorted by. */
struct key {
	uint32_t ifindex;
	struct addr group;
};

struct group {
	struct key key;
	char interface[IF_NAMESIZE];
	uint32_t users;
	uint32_t n_seen; /* users that are known: the kernel, sockets of the scan */
	bool is_kernel;
	bool is_asm_seen; /* a socket of the ASM backend */
	bool is_doubtful; /* there may be some: what the kernel says may not be all */
	bool is_exclude_seen;
	bool is_listed; /* in mcfilter: its sources are all there */
	bool has_sources;
	int fmode;
	size_t first; /* of its sources */
	uint32_t numsrc;
};

struct source {
	struct key key;
	struct addr address;
	uint32_t include;
	uint32_t exclude;
};

struct state_groups {
	struct vector groups;           /* struct group */
	struct vector sources;          /* struct source */
	struct msf_group_source *slist; /* owned: the sources once more, to hand out */
	size_t next;
};

static struct group *get_groups(const struct state_groups *self)
{
	return self->groups.items;
}

static struct source *get_sources(const struct state_groups *self)
{
	return self->sources.items;
}

void state_groups_free(struct state_groups *groups)
{
	if (groups) {
		vector_fini(&groups->groups);
		vector_fini(&groups->sources);
		free(groups->slist);
		free(groups);
	}
}

/* The addresses of one family stand together: IPv4 is smaller (base/addr.h). */
static int compare_keys(const void *a, const void *b)
{
	const struct key *x = a, *y = b;

	if (x->ifindex != y->ifindex)
		return x->ifindex < y->ifindex ? -1 : 1;
	return addr_compare(x->group, y->group);
}

static int compare_sources(const void *a, const void *b)
{
	const struct source *x = a, *y = b;
	int order = compare_keys(&x->key, &y->key);

	return order ? order : addr_compare(x->address, y->address);
}

static struct group *find_group(const struct state_groups *self, const struct key *key)
{
	return self->groups.n ? bsearch(key, self->groups.items, self->groups.n,
					sizeof(struct group), compare_keys)
			      : NULL;
}

static int add_source(struct state_groups *self, const struct key *key,
		      struct addr address, uint32_t include, uint32_t exclude)
{
	struct source *source = vector_append(&self->sources, sizeof(*source));

	if (!source)
		return -ENOMEM;
	*source = (struct source){ *key, address, include, exclude };
	return 0;
}

static int read_groups(struct vector *groups, int family)
{
	struct proc_groups file;
	struct proc_group entry;
	struct group *group;
	int r = proc_groups_open(&file, family);

	if (r < 0)
		return r == -ENOENT ? 0 : r; /* a kernel without this family */
	while (!r && proc_groups_next(&file, &entry)) {
		group = vector_append(groups, sizeof(*group));
		if (!group) {
			r = -ENOMEM;
			continue;
		}
		*group = (struct group){ .key = { entry.ifindex, entry.group },
					 .users = entry.users };
		memcpy(group->interface, entry.interface, sizeof(group->interface));
	}
	if (proc_groups_close(&file) < 0 && !r)
		r = -EIO;
	return r;
}

/* *ret_first: the interface that the file begins with; 0: it is empty. */
static int read_filters(struct state_groups *self, int family, uint32_t *ret_first)
{
	struct proc_filters file;
	struct proc_filter entry;
	int r = proc_filters_open(&file, family);

	*ret_first = 0;
	if (r < 0)
		return r == -ENOENT ? 0 : r;
	while (!r && proc_filters_next(&file, &entry)) {
		struct key key = { entry.ifindex, entry.group };

		if (!*ret_first)
			*ret_first = entry.ifindex;
		if (entry.include || entry.exclude)
			r = add_source(self, &key, entry.source, entry.include,
				       entry.exclude);
	}
	if (proc_filters_close(&file) < 0 && !r)
		r = -EIO;
	return r;
}

static int read_once(struct state_groups *self, int family, uint32_t *ret_first)
{
	int r = read_groups(&self->groups, family);

	return r < 0 ? r : read_filters(self, family, ret_first);
}

/* What came behind the marks, against lists of its own. */
static bool is_same(const struct state_groups *now, size_t n_groups, size_t n_sources,
		    const struct state_groups *before)
{
	const struct source *p = get_sources(now) + n_sources, *q = get_sources(before);
	const struct group *x = get_groups(now) + n_groups, *y = get_groups(before);

	if (now->groups.n - n_groups != before->groups.n ||
	    now->sources.n - n_sources != before->sources.n)
		return false;
	for (size_t i = 0; i < before->groups.n; i++)
		if (compare_keys(&x[i].key, &y[i].key) || x[i].users != y[i].users)
			return false;
	for (size_t i = 0; i < before->sources.n; i++)
		if (compare_sources(&p[i], &q[i]) || p[i].include != q[i].include ||
		    p[i].exclude != q[i].exclude)
			return false;
	return true;
}

/* Both files, twice the same; else *ret_first is 0: nothing in them is certain. */
static int read_files(struct state_groups *self, int family, uint32_t *ret_first)
{
	size_t n_groups = self->groups.n, n_sources = self->sources.n;
	struct state_groups before = { .next = 0 };
	uint32_t first = 0, first_before;
	bool is_certain = false;
	int r = 0;

	for (int i = 0; !r && !is_certain && i < TRIES_MAX; i++) {
		before.groups.n = before.sources.n = 0;
		self->groups.n = n_groups;
		self->sources.n = n_sources;
		r = read_once(&before, family, &first_before);
		if (!r)
			r = read_once(self, family, &first);
		is_certain = !r && is_same(self, n_groups, n_sources, &before);
	}
	vector_fini(&before.groups);
	vector_fini(&before.sources);
	*ret_first = is_certain ? first : 0;
	return r;
}

static int read_family(struct state_groups *self, int family)
{
	size_t n_groups = self->groups.n, n_sources = self->sources.n;
	struct group *groups;
	bool is_listed = false;
	uint32_t first = 0;
	int r = read_files(self, family, &first);

	if (r < 0)
		return r;
	groups = get_groups(self);
	for (size_t i = n_groups; i < self->groups.n; i++) {
		is_listed |= groups[i].key.ifindex == first;
		groups[i].is_listed = is_listed;
	}
	if (!is_listed) /* nor can what was read be placed */
		self->sources.n = n_sources;
	return 0;
}

/* Sorts the sources, adds up those that are there several times, and gives each
 * group its own. */
static void arrange(struct state_groups *self)
{
	struct source *sources = get_sources(self);
	struct group *groups = get_groups(self);
	size_t n = 0, at = 0;

	if (self->sources.n)
		qsort(sources, self->sources.n, sizeof(*sources), compare_sources);
	for (size_t i = 0; i < self->sources.n; i++) {
		if (n && !compare_sources(&sources[n - 1], &sources[i])) {
			sources[n - 1].include += sources[i].include;
			sources[n - 1].exclude += sources[i].exclude;
		} else {
			sources[n++] = sources[i];
		}
	}
	self->sources.n = n;
	for (size_t i = 0; i < self->groups.n; i++) {
		while (at < n && compare_keys(&sources[at].key, &groups[i].key) < 0)
			at++; /* of a group that is gone */
		groups[i].first = at;
		while (at < n && !compare_keys(&sources[at].key, &groups[i].key))
			at++;
		groups[i].numsrc = (uint32_t)(at - groups[i].first);
	}
}

/* The filter mode of a group whose sources are known, from their counts; -1: it
 * does not follow from them. */
static int judge_counts(const struct state_groups *self, const struct group *group)
{
	const struct source *sources = get_sources(self) + group->first;
	uint64_t n_include = 0;

	for (uint32_t i = 0; i < group->numsrc; i++) {
		if (sources[i].exclude)
			return MCAST_EXCLUDE;
		n_include += sources[i].include;
	}
	/* each socket in INCLUDE mode has a source: the rest is EXCLUDE {} */
	if (n_include < group->users)
		return MCAST_EXCLUDE;
	return group->users == 1 ? MCAST_INCLUDE : -1;
}

/*
 * Is the kernel itself a member, in EXCLUDE mode? It joins all nodes (RFC 4291 2.8)
 * wherever there is IPv6, and all systems (RFC 3376 5) while an interface is up.
 */
static bool is_kernel_member(const struct group *group)
{
	static const struct addr nodes[] = { { 0xff01000000000000ull, 1 },
					     { 0xff02000000000000ull, 1 } };
	struct msf_interface interface;

	if (addr_equal(group->key.group, nodes[0]) ||
	    addr_equal(group->key.group, nodes[1]))
		return true;
	return addr_equal(group->key.group, addr_from_ipv4(INADDR_ALLHOSTS_GROUP)) &&
	       !interface_get(group->key.ifindex, &interface) && interface.flags & IFF_UP;
}

/* What is known without a look at the sockets. */
static void judge_kernel(struct group *group)
{
	if (!is_kernel_member(group))
		return;
	group->is_kernel = true;
	group->n_seen = 1;
	group->fmode = MCAST_EXCLUDE;
	group->has_sources |= group->users == 1;
}

/*
 * Does the kernel join such groups by itself? Solicited-node addresses (RFC 4291
 * 2.7.1), all routers, all snoopers (RFC 4286). Of any other group a user that was
 * not seen may as well be a socket that left meanwhile, or one that nobody shows.
 */
static bool is_kernel_like(const struct group *group)
{
	static const struct addr others[] = { { 0xff01000000000000ull, 2 },
					      { 0xff02000000000000ull, 2 },
					      { 0xff05000000000000ull, 2 },
					      { 0xff02000000000000ull, 0x6a } };
	struct addr address = group->key.group;

	for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++)
		if (addr_equal(address, others[i]))
			return true;
	return (address.hi == 0xff02000000000000ull && address.lo >> 24 == 0x1ff) ||
	       addr_equal(address, addr_from_ipv4(INADDR_ALLSNOOPERS_GROUP));
}

/* May sockets of the ASM backend be among the users? All but those that have one and
 * the same source in the kernel's list, and the kernel itself: where it joins such
 * groups, one user is it. */
static bool may_have_asm(const struct state_groups *self, const struct group *group)
{
	const struct source *sources = get_sources(self) + group->first;
	uint32_t n_other = group->is_kernel || is_kernel_like(group);

	for (uint32_t i = 0; i < group->numsrc; i++)
		if (sources[i].include + sources[i].exclude > n_other)
			n_other = sources[i].include + sources[i].exclude;
	return group->users > n_other;
}

/* Returns whether anything is left to find out. */
static bool judge_listed(struct state_groups *self, bool is_asm)
{
	struct group *groups = get_groups(self);
	bool is_open = false;

	for (size_t i = 0; i < self->groups.n; i++) {
		groups[i].has_sources = groups[i].is_listed;
		groups[i].fmode = -1;
		if (groups[i].is_listed)
			groups[i].fmode = judge_counts(self, &groups[i]);
		if (groups[i].fmode < 0 || is_asm)
			judge_kernel(&groups[i]);
		groups[i].is_doubtful = is_asm && may_have_asm(self, &groups[i]);
		is_open |= groups[i].fmode < 0 || !groups[i].has_sources ||
			   groups[i].is_doubtful;
	}
	return is_open;
}

static int add_membership(struct state_groups *self, const struct msf_membership *m,
			  bool is_asm)
{
	bool is_include = m->fmode == MCAST_INCLUDE;
	struct key key = { .ifindex = m->ifindex };
	struct group *group;
	struct addr source;
	int r = 0;

	sockaddr_get((const struct sockaddr *)&m->group, &key.group);
	group = find_group(self, &key);
	if (!group)
		return 0; /* new, or of an interface that was replaced */
	group->n_seen++;
	group->is_asm_seen |= is_asm;
	group->is_exclude_seen |= !is_include;
	/* what is listed is the kernel's */
	for (uint32_t i = 0; !r && (is_asm || !group->is_listed) && i < m->numsrc; i++) {
		sockaddr_get((const struct sockaddr *)&m->slist[i], &source);
		r = add_source(self, &key, source, is_include, !is_include);
	}
	return r;
}

/* The sockets that may be looked at. *ret_is_whole: nothing was hidden. */
static int read_sockets(struct state_groups *self, struct msf *msf, bool *ret_is_whole)
{
	static const struct msf_scan scan = { .flags = MSF_SCAN_HERE };
	struct msf_membership membership;
	struct msf_socket socket;
	struct msf_unseen unseen;
	struct msf_state *state;
	int r = msf_state_scan(&state, msf, &scan);

	if (r < 0)
		return r;
	while (!r && msf_state_pop_socket(state, &socket))
		while (!r && msf_state_pop_membership(state, &membership))
			r = add_membership(self, &membership,
					   socket.backend == MSF_BACKEND_ASM);
	msf_state_get_unseen(state, &unseen);
	*ret_is_whole = !unseen.processes && !unseen.sockets && !unseen.namespaces;
	msf_state_free(state);
	return r;
}

/* RFC 3376 3.2: EXCLUDE as soon as one socket is in EXCLUDE mode. */
static void judge_seen(struct group *group, bool is_whole)
{
	bool is_all = group->n_seen >= group->users;
	bool is_kernel = is_whole && is_kernel_like(group);

	if (group->is_doubtful || (is_all && group->is_asm_seen)) {
		group->has_sources = false;
		if (!group->is_kernel)
			group->fmode = -1;
	}
	group->has_sources |= is_all || is_kernel;
	if (group->fmode >= 0)
		return;
	if (is_all && !group->is_exclude_seen)
		group->fmode = MCAST_INCLUDE;
	else if (group->is_exclude_seen || is_kernel)
		group->fmode = MCAST_EXCLUDE;
}

static int ask_sockets(struct state_groups *self, struct msf *msf)
{
	struct group *groups = get_groups(self);
	bool is_whole;
	int r = read_sockets(self, msf, &is_whole);

	if (r < 0)
		return r;
	for (size_t i = 0; i < self->groups.n; i++)
		judge_seen(&groups[i], is_whole);
	arrange(self);
	return 0;
}

static int fill_slist(struct state_groups *self)
{
	const struct source *sources = get_sources(self);

	self->slist = calloc(self->sources.n + 1, sizeof(*self->slist));
	if (!self->slist)
		return -ENOMEM;
	for (size_t i = 0; i < self->sources.n; i++) {
		struct addr address = sources[i].address;

		sockaddr_set(&self->slist[i].address,
			     addr_is_ipv4(sources[i].key.group) ? AF_INET : AF_INET6,
			     address);
		self->slist[i].include = sources[i].include;
		self->slist[i].exclude = sources[i].exclude;
	}
	return 0;
}

static int fill(struct state_groups *self, struct msf *msf)
{
	enum msf_backend backend = MSF_BACKEND_KERNEL;
	int r = backend_resolve(msf, -1, &backend);

	/* who may make no sockets of IP may read the files all the same */
	if (!scan_is_fatal(r))
		r = read_family(self, AF_INET);
	if (!r)
		r = read_family(self, AF_INET6);
	if (r < 0)
		return r;
	if (self->groups.n)
		qsort(self->groups.items, self->groups.n, sizeof(struct group),
		      compare_keys);
	arrange(self);
	if (judge_listed(self, backend == MSF_BACKEND_ASM))
		r = ask_sockets(self, msf);
	return r < 0 ? r : fill_slist(self);
}

int msf_state_scan_groups(struct msf_state **ret, struct msf *msf)
{
	struct msf_state *state;
	int r = context_get(msf, &msf);

	if (r < 0)
		return r;
	state = calloc(1, sizeof(*state));
	if (!state)
		return -ENOMEM;
	state->groups = calloc(1, sizeof(*state->groups));
	r = state->groups ? fill(state->groups, msf) : -ENOMEM;
	if (r < 0) {
		msf_state_free(state);
		return r;
	}
	*ret = state;
	return 0;
}

int msf_state_pop_group(struct msf_state *state, struct msf_group *ret)
{
	struct state_groups *self = state->groups;
	const struct group *group;

	if (!self || self->next == self->groups.n)
		return 0;
	group = &get_groups(self)[self->next++];
	*ret = (struct msf_group){
		.ifindex = group->key.ifindex,
		.users = group->users,
		.fmode = group->fmode,
		.has_sources = group->has_sources,
	};
	if (group->has_sources) {
		ret->numsrc = group->numsrc;
		ret->slist = self->slist + group->first;
	}
	memcpy(ret->interface, group->interface, sizeof(ret->interface));
	sockaddr_set(&ret->group, addr_is_ipv4(group->key.group) ? AF_INET : AF_INET6,
		     group->key.group);
	return 1;
}
