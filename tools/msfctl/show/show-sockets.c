/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * show-sockets: a row or an object for every socket and membership (RFC 3376 3.1).
 *
 * Invariant: what could not be looked at is counted and said.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "jsonline.h"
#include "membership.h"
#include "options.h"
#include "output.h"
#include "show.h"
#include "sight.h"

#define CURE "run as root, or with CAP_SYS_PTRACE where root lacks it"

struct listing {
	const struct show *show;
	struct columns *columns;
	json_int_t n_sockets;
	json_int_t n_memberships;
	bool has_interface; /* something stood on the interface that was asked for */
	bool has_other_netns;
};

static int print_one(struct listing *listing, const struct msf_socket *socket,
		     const struct msf_membership *m)
{
	if (listing->show->is_json)
		return jsonline_write(membership_new_object(socket, m), stdout);
	return membership_add_rows(listing->columns, socket, m, listing->show->is_whole);
}

static bool is_wanted(struct listing *listing, const struct msf_socket *socket,
		      const struct msf_membership *m)
{
	const struct show_filter *filter = &listing->show->filter;

	if (!show_filter_has_interface(filter, socket->netns, m->ifindex, m->interface))
		return false;
	listing->has_interface = true;
	return show_filter_has_group(filter, &m->group) &&
	       show_filter_has_source(filter, m->numsrc, m->slist);
}

static int list_socket(struct listing *listing, struct msf_state *state,
		       const struct msf_socket *socket)
{
	struct msf_membership m;
	int r = 0, n = 0;

	while (!r && msf_state_pop_membership(state, &m) > 0) {
		if (!is_wanted(listing, socket, &m))
			continue;
		n++;
		r = print_one(listing, socket, &m);
	}
	listing->n_sockets += n > 0;
	listing->n_memberships += n;
	if (n && socket->netns != listing->show->filter.netns)
		listing->has_other_netns = true;
	return r;
}

static int list_all(struct listing *listing, struct msf_state *state)
{
	struct msf_socket socket;
	int r = 0;

	while (!r && msf_state_pop_socket(state, &socket) > 0)
		r = list_socket(listing, state, &socket);
	return r;
}

static int print_summary(const struct listing *listing, const struct msf_unseen *unseen)
{
	json_t *o = jsonline_new("summary", NULL);
	int r = 0;

	r |= json_object_set_new(o, "sockets", json_integer(listing->n_sockets));
	r |= json_object_set_new(o, "memberships", json_integer(listing->n_memberships));
	r |= json_object_set_new(o, "unseen_processes", json_integer(unseen->processes));
	r |= json_object_set_new(o, "unseen_sockets", json_integer(unseen->sockets));
	r |= json_object_set_new(o, "unseen_namespaces",
				 json_integer(unseen->namespaces));
	if (!r)
		return jsonline_write(o, stdout);
	json_decref(o);
	return -ENOMEM;
}

/* "3 processes and 1 socket that may hold memberships" */
static void format_unseen(const struct msf_unseen *unseen, char *buf, size_t len)
{
	const struct {
		unsigned int n;
		const char *one, *many;
	} parts[] = {
		{ unseen->processes, "process", "processes" },
		{ unseen->sockets, "socket that may hold memberships",
		  "sockets that may hold memberships" },
		{ unseen->namespaces, "network namespace", "network namespaces" },
	};
	size_t n = 0;

	for (size_t i = 0; i < sizeof(parts) / sizeof(*parts); i++)
		if (parts[i].n && n < len)
			n += (size_t)snprintf(
				buf + n, len - n, "%s%u %s", n ? " and " : "", parts[i].n,
				parts[i].n == 1 ? parts[i].one : parts[i].many);
}

static void say_unseen(const struct msf_unseen *unseen)
{
	char what[256];

	if (!unseen->processes && !unseen->sockets && !unseen->namespaces)
		return;
	format_unseen(unseen, what, sizeof(what));
	/* Without a process that hides something, privileges do not help. */
	output_warning("show", "%s could not be looked at: %s", what,
		       unseen->processes || unseen->namespaces
			       ? CURE
			       : "no process has them; the kernel itself may, or a "
				 "message between processes");
}

/* A name that nobody knows is a mistake; one that another namespace knows is not. */
static int check_interface(const struct listing *listing)
{
	const struct show_filter *filter = &listing->show->filter;

	if (!filter->interface || filter->ifindex || listing->has_interface)
		return 0;
	output_error(filter->interface,
		     "no such interface here, and no membership on one of that name "
		     "elsewhere; ip link lists them");
	return -ENODEV;
}

static int print_all(struct listing *listing, struct msf_state *state)
{
	struct msf_unseen unseen;
	int r = list_all(listing, state);

	if (r < 0)
		return show_end(r);
	if (check_interface(listing) < 0)
		return OUTPUT_FAILED;
	sight_warn("show");
	msf_state_get_unseen(state, &unseen);
	if (listing->show->is_json)
		return show_end(print_summary(listing, &unseen));
	if (!listing->has_other_netns)
		membership_hide_netns(listing->columns);
	r = columns_print(listing->columns, stdout);
	/* Only who looks may take nothing at all for a failure. */
	if (!r && !listing->n_memberships && isatty(STDOUT_FILENO))
		output_error("show", "no memberships");
	if (!r)
		say_unseen(&unseen);
	return show_end(r);
}

static int scan_error(const struct show *show, int error)
{
	char what[sizeof("--pid 2147483647")];

	snprintf(what, sizeof(what), "--pid %d", (int)show->pid);
	if (show->pid && error == -ESRCH)
		output_error(what, "no such process; ps -e lists them");
	else if (show->pid && error == -EPERM)
		output_error(what,
			     "its sockets may not be looked at: run as the same "
			     "user (and not against a process that hides), as root, "
			     "or with CAP_SYS_PTRACE");
	else
		output_error("show", "cannot look at the sockets: %s", strerror(-error));
	return OUTPUT_FAILED;
}

int show_sockets(const struct show *show)
{
	const struct msf_scan scan = { .pid = show->pid,
				       .flags = show->is_here ? MSF_SCAN_HERE : 0 };
	struct listing listing = { .show = show };
	struct msf_state *state;
	int r = msf_state_scan(&state, NULL, &scan);

	if (r < 0)
		return scan_error(show, r);
	r = membership_new_columns(&listing.columns);
	r = r < 0 ? show_end(r) : print_all(&listing, state);
	columns_free(listing.columns);
	msf_state_free(state);
	return r;
}
