/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * hold-link: memberships on sockets that are bound to nothing (see hold-link.h).
 *
 * A list of sources that is longer than one filter may be is cut into shares that go to
 * different sockets; the interface merges them (RFC 3376 3.2).
 *
 * Invariant: no socket gets a group twice, as each share is joined for all groups before
 * the next one, on sockets of its own.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "endpoint.h"
#include "hold-link.h"
#include "host.h"
#include "output.h"

#define WHY_MAX 1024

/* The kernel takes quadratic time for a list, and longer ones not everywhere. */
#define SHARE_MAX 1000u

/* What a socket filter of libmsf's own holds, however unlike the addresses are. */
#define SHARE_MAX_ASM 500u

/* A join that is going on. */
struct joining {
	struct hold_link *link;
	const struct hold_filter *filter;
	struct sockaddr_storage group;
	uint32_t first, numsrc; /* the share */
	int fd;                 /* the socket that takes groups now; -1: none */
	uint32_t n_on_socket;   /* groups that it has */
};

static void format_what(const struct joining *joining, char *buf, size_t len)
{
	char text[ENDPOINT_TEXT_MAX] = "";

	endpoint_format_address(&joining->group, text, sizeof(text));
	snprintf(buf, len, "%s on %s", text, joining->link->interface.name);
}

static struct msf_request make_request(const struct joining *joining)
{
	const struct hold_filter *filter = joining->filter;

	return (struct msf_request){
		.verb = filter->numsrc ? MSF_SET_FILTER : MSF_JOIN_GROUP,
		.ifindex = joining->link->interface.ifindex,
		.group = (const struct sockaddr *)&joining->group,
		.fmode = filter->fmode,
		.numsrc = joining->numsrc,
		.slist = filter->slist ? filter->slist + joining->first : NULL,
	};
}

static void say_refusal(const struct joining *joining, int error)
{
	struct msf_request request = make_request(joining);
	char what[ENDPOINT_TEXT_MAX + IF_NAMESIZE + 8], why[WHY_MAX] = "";
	bool is_too_long = error == -ENOBUFS && request.fmode == MCAST_EXCLUDE &&
			   request.numsrc;

	if (msf_explain(joining->filter->msf, joining->fd, &request, error, why,
			sizeof(why)) <= 0)
		snprintf(why, sizeof(why), "%s", strerror(-error));
	format_what(joining, what, sizeof(what));
	output_error(what, "cannot join: %s%s", why,
		     is_too_long
			     ? " (an exclude list cannot be shared by several sockets)"
			     : "");
}

static int open_socket(struct joining *joining)
{
	struct hold_link *link = joining->link;
	int *fds = reallocarray(link->fds, link->n_fds + 1, sizeof(*fds));
	char what[ENDPOINT_TEXT_MAX + IF_NAMESIZE + 8];
	int r;

	if (fds)
		link->fds = fds;
	joining->n_on_socket = 0;
	joining->fd = fds ? socket(joining->group.ss_family, SOCK_DGRAM | SOCK_CLOEXEC, 0)
			  : -1;
	if (joining->fd >= 0) {
		link->fds[link->n_fds++] = joining->fd;
		return 0;
	}
	r = fds ? -errno : -ENOMEM;
	format_what(joining, what, sizeof(what));
	output_error(what, "cannot join: socket: %s%s", strerror(-r),
		     r == -EMFILE ? "; raise the limit with ulimit -Hn" : "");
	return r;
}

static int join_on_socket(struct joining *joining)
{
	struct msf_request request = make_request(joining);
	int r = msf_apply_request(joining->filter->msf, joining->fd, &request);

	joining->n_on_socket += r == 0;
	return r;
}

/* A socket that is full makes room for another one. */
static int join_group(struct joining *joining)
{
	int r = joining->fd < 0 ? open_socket(joining) : 0;

	if (r < 0)
		return r;
	r = join_on_socket(joining);
	if ((r == -ENOBUFS || r == -ENOMEM) && joining->n_on_socket) {
		r = open_socket(joining);
		if (r < 0)
			return r;
		r = join_on_socket(joining);
	}
	if (r < 0)
		say_refusal(joining, r);
	return r;
}

/* How many sources one socket is to hold; never 0. */
static uint32_t get_share(const struct hold_filter *filter, int family)
{
	struct msf_limits limits;
	uint32_t n = filter->numsrc;

	if (n > 1 && filter->fmode == MCAST_INCLUDE &&
	    msf_probe_limits(filter->msf, family, &limits) == 0) {
		n = limits.sources < n ? limits.sources : n;
		n = limits.set_sources < n ? limits.set_sources : n;
		n = SHARE_MAX < n ? SHARE_MAX : n;
		if (msf_probe_backend(filter->msf) == MSF_BACKEND_ASM)
			n = SHARE_MAX_ASM < n ? SHARE_MAX_ASM : n;
	}
	return n ? n : 1;
}

/* One share of the sources, for the groups [first, end). */
static int join_share(struct joining *joining, uint32_t first, uint32_t end)
{
	int r = 0;

	joining->fd = -1;
	for (uint32_t i = first; r == 0 && i < end; i++) {
		address_set(&joining->filter->groups[i], &joining->group);
		r = join_group(joining);
	}
	return r;
}

/* The groups [first, end) are of one family. */
static int join_family(struct joining *joining, uint32_t first, uint32_t end)
{
	const struct hold_filter *filter = joining->filter;
	uint32_t share = first < end ? get_share(filter, filter->groups[first].is_ipv6
								 ? AF_INET6
								 : AF_INET)
				     : 1;
	int r = 0;

	joining->first = 0;
	do {
		uint32_t rest = filter->numsrc - joining->first;

		joining->numsrc = rest < share ? rest : share;
		r = join_share(joining, first, end);
		joining->first += share;
	} while (r == 0 && joining->first < filter->numsrc);
	return r;
}

/* An any-source join in the SSM range, an interface that is down, ...: said once. */
static void say_warning(struct joining *joining)
{
	struct msf_request request;
	char what[ENDPOINT_TEXT_MAX + IF_NAMESIZE + 8], why[WHY_MAX];

	joining->first = 0;
	address_set(&joining->filter->groups[0], &joining->group);
	request = make_request(joining);
	format_what(joining, what, sizeof(what));
	if (msf_explain(joining->filter->msf, joining->link->fds[0], &request, 0, why,
			sizeof(why)) > 0)
		output_warning(what, "%s", why);
}

int hold_link_join(struct hold_link *link, const struct hold_filter *filter)
{
	struct joining joining = { .link = link, .filter = filter, .fd = -1 };
	uint32_t n_ipv4 = 0;
	int r;

	while (n_ipv4 < filter->n_groups && !filter->groups[n_ipv4].is_ipv6)
		n_ipv4++;
	r = join_family(&joining, 0, n_ipv4);
	if (r == 0)
		r = join_family(&joining, n_ipv4, filter->n_groups);
	if (r < 0) {
		hold_link_leave(link);
		return r;
	}
	link->is_held = true;
	if (link->n_fds)
		say_warning(&joining);
	return 0;
}

void hold_link_leave(struct hold_link *link)
{
	for (uint32_t i = 0; i < link->n_fds; i++)
		close(link->fds[i]);
	free(link->fds);
	link->fds = NULL;
	link->n_fds = 0;
	link->is_held = false;
}

bool hold_link_is_in_force(const struct hold_link *link, const struct hold_filter *filter)
{
	struct place place = { .ifindex = link->interface.ifindex };
	struct host host = HOST_INIT;
	bool is_in_force = link->is_held && host_refresh(&host) == 0;

	for (uint32_t i = 0; is_in_force && i < filter->n_groups; i++) {
		place.group = filter->groups[i];
		is_in_force = host_find(&host, &place) != NULL;
	}
	host_fini(&host);
	return is_in_force;
}
