/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * host: the merged filters (see host.h).
 *
 * A source is admitted when a socket includes it, or when not every socket in EXCLUDE
 * mode excludes it.  The kernel tells how many sockets there are, but not how many
 * of them are in EXCLUDE mode: the counts of the sources give bounds for it, and
 * the sockets themselves are asked only when these are not close enough.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "host.h"

static int compare_groups(const void *a, const void *b)
{
	const struct host_group *x = a, *y = b;

	return place_compare(&x->place, &y->place);
}

static int compare_source(const void *key, const void *entry)
{
	const struct msf_group_source *source = entry;
	struct address address = address_get(&source->address);

	return address_compare(key, &address);
}

static uint32_t less(uint64_t a, uint64_t b)
{
	return a > b ? (uint32_t)(a - b) : 0;
}

static void raise_min(struct host_group *group, uint32_t n)
{
	if (n > group->n_exclude_min)
		group->n_exclude_min = n;
}

static void lower_max(struct host_group *group, uint32_t n)
{
	if (n < group->n_exclude_max)
		group->n_exclude_max = n;
}

/* A socket in INCLUDE mode has a source at least, in EXCLUDE mode it may have none. */
static void bound_by_counts(struct host_group *group, int fmode)
{
	uint64_t n_included = 0;

	group->n_exclude_min = 0;
	group->n_exclude_max = fmode == MCAST_INCLUDE ? 0 : group->users;
	if (fmode == MCAST_EXCLUDE)
		raise_min(group, 1);
	if (!group->has_sources || fmode == MCAST_INCLUDE)
		return;
	for (uint32_t i = 0; i < group->numsrc; i++) {
		n_included += group->slist[i].include;
		raise_min(group, group->slist[i].exclude);
		lower_max(group, less(group->users, group->slist[i].include));
	}
	raise_min(group, less(group->users, n_included));
	if (group->n_exclude_max < group->n_exclude_min)
		group->n_exclude_max = group->n_exclude_min;
}

static struct host_group make_group(const struct msf_group *from)
{
	struct host_group group = {
		.place = { from->ifindex, address_get(&from->group) },
		.users = from->users,
		.has_sources = from->has_sources != 0,
		.numsrc = from->has_sources ? from->numsrc : 0,
		.slist = from->slist,
	};

	bound_by_counts(&group, from->fmode);
	return group;
}

static int read_groups(struct host *host)
{
	uint32_t n_room = 0;
	struct msf_group from;

	while (msf_state_pop_group(host->state, &from) > 0) {
		if (host->n_groups == n_room) {
			struct host_group *groups;

			n_room = n_room ? 2 * n_room : 64;
			groups = reallocarray(host->groups, n_room, sizeof(*groups));
			if (!groups)
				return -ENOMEM;
			host->groups = groups;
		}
		host->groups[host->n_groups++] = make_group(&from);
	}
	if (host->n_groups)
		qsort(host->groups, host->n_groups, sizeof(*host->groups),
		      compare_groups);
	return 0;
}

/* Is there a source, or one that is not listed, that the bounds do not decide? */
static bool is_open(const struct host_group *group)
{
	uint32_t min = group->n_exclude_min, max = group->n_exclude_max;

	if (!group->has_sources || min == max)
		return false;
	if (min == 0)
		return true;
	for (uint32_t i = 0; i < group->numsrc; i++)
		if (!group->slist[i].include && group->slist[i].exclude >= min)
			return true;
	return false;
}

static void count_seen(struct host_group *group, uint32_t n_include, uint32_t n_exclude)
{
	raise_min(group, n_exclude);
	lower_max(group, less(group->users, n_include));
	if (group->n_exclude_max < group->n_exclude_min)
		group->n_exclude_max = group->n_exclude_min;
}

static void count_memberships(struct host *host, struct msf_state *state,
			      uint32_t (*counts)[2])
{
	struct msf_membership membership;
	struct msf_socket socket;

	while (msf_state_pop_socket(state, &socket) > 0)
		while (msf_state_pop_membership(state, &membership) > 0) {
			struct place place = { membership.ifindex,
					       address_get(&membership.group) };
			const struct host_group *group = host_find(host, &place);

			if (group)
				counts[group - host->groups]
				      [membership.fmode == MCAST_EXCLUDE]++;
		}
}

/* What may be looked at narrows the bounds; the rest stays as it is. */
static int ask_sockets(struct host *host)
{
	static const struct msf_scan all = { .flags = MSF_SCAN_HERE };
	uint32_t(*counts)[2] = calloc(host->n_groups, sizeof(*counts));
	struct msf_state *state;
	int r;

	if (!counts)
		return -ENOMEM;
	r = msf_state_scan(&state, NULL, &all);
	if (r == 0) {
		count_memberships(host, state, counts);
		for (uint32_t i = 0; i < host->n_groups; i++)
			count_seen(&host->groups[i], counts[i][0], counts[i][1]);
		msf_state_free(state);
	}
	free(counts);
	return r;
}

static void clear(struct host *host)
{
	msf_state_free(host->state);
	free(host->groups);
	host->state = NULL;
	host->groups = NULL;
	host->n_groups = 0;
}

static bool has_all_sources(const struct host *host)
{
	for (uint32_t i = 0; i < host->n_groups; i++)
		if (!host->groups[i].has_sources)
			return false;
	return true;
}

static int scan(struct host *host)
{
	int r;

	clear(host);
	r = msf_state_scan_groups(&host->state, NULL);
	return r == 0 ? read_groups(host) : r;
}

static int look(struct host *host)
{
	bool is_any_open = false;
	int r;

	if (host->anchor.fds[0] < 0 && !host_is_asm(host))
		anchor_set(&host->anchor);
	r = scan(host);
	/* Somebody joined on the loopback interface after us. */
	if (r == 0 && !host_is_asm(host) && !has_all_sources(host)) {
		anchor_set(&host->anchor);
		r = scan(host);
	}
	for (uint32_t i = 0; r == 0 && i < host->n_groups; i++)
		is_any_open |= is_open(&host->groups[i]);
	return r == 0 && is_any_open ? ask_sockets(host) : r;
}

int host_refresh(struct host *host)
{
	int r = look(host);

	if (r < 0)
		clear(host);
	return r;
}

void host_fini(struct host *host)
{
	clear(host);
	anchor_fini(&host->anchor);
}

static int compare_place(const void *key, const void *entry)
{
	const struct host_group *group = entry;

	return place_compare(key, &group->place);
}

const struct host_group *host_find(const struct host *host, const struct place *place)
{
	return host->n_groups ? bsearch(place, host->groups, host->n_groups,
					sizeof(*host->groups), compare_place)
			      : NULL;
}

enum sample_verdict host_group_judge(const struct host_group *group,
				     const struct address *source)
{
	const struct msf_group_source *found = NULL;
	uint32_t n_exclude;

	if (!group->has_sources)
		return SAMPLE_UNKNOWN;
	if (group->numsrc)
		found = bsearch(source, group->slist, group->numsrc,
				sizeof(*group->slist), compare_source);
	if (found && found->include)
		return SAMPLE_ACCEPT;
	n_exclude = found ? found->exclude : 0;
	if (n_exclude < group->n_exclude_min)
		return SAMPLE_ACCEPT;
	return n_exclude >= group->n_exclude_max ? SAMPLE_BLOCK : SAMPLE_UNKNOWN;
}

enum sample_verdict host_pass(const struct host *host, const struct host_group *group,
			      const struct address *source)
{
	if (!group)
		return SAMPLE_UNJOINED;
	return host_is_asm(host) ? SAMPLE_ACCEPT : host_group_judge(group, source);
}

/* FNV-1a */
static uint64_t mix(uint64_t digest, const void *bytes, size_t n)
{
	for (size_t i = 0; i < n; i++)
		digest = (digest ^ ((const uint8_t *)bytes)[i]) * UINT64_C(0x100000001b3);
	return digest;
}

uint64_t host_group_get_digest(const struct host_group *group)
{
	/* No source is this one: so it tells of all that are not listed. */
	const struct address other = { .is_ipv6 = group->place.group.is_ipv6 };
	enum sample_verdict rest = host_group_judge(group, &other);
	uint64_t digest = mix(UINT64_C(0xcbf29ce484222325), &rest, sizeof(rest));

	for (uint32_t i = 0; i < group->numsrc; i++) {
		struct address source = address_get(&group->slist[i].address);
		enum sample_verdict verdict = host_group_judge(group, &source);

		if (verdict == rest)
			continue;
		digest = mix(digest, &source, sizeof(source));
		digest = mix(digest, &verdict, sizeof(verdict));
	}
	return digest;
}

/* RFC 3376 5; RFC 4291 2.7.1 and 2.8; what is solicited for an address of the host. */
bool host_group_is_of_kernel(const struct host_group *group)
{
	static const uint8_t all_systems[4] = { 224, 0, 0, 1 };
	static const uint8_t solicited[13] = { 0xff, 0x02, [11] = 1, [12] = 0xff };
	const uint8_t *bytes = group->place.group.bytes;
	static const uint8_t zeros[13] = { 0 };

	if (!group->place.group.is_ipv6)
		return memcmp(bytes, all_systems, sizeof(all_systems)) == 0;
	return memcmp(bytes, solicited, sizeof(solicited)) == 0 ||
	       (bytes[0] == 0xff && (bytes[1] == 1 || bytes[1] == 2) &&
		memcmp(bytes + 2, zeros, sizeof(zeros)) == 0 && bytes[15] <= 2);
}
