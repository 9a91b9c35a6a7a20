/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * run-links: the interfaces that are watched, and what becomes of them (see run.h).
 *
 * Invariant: a name is looked up once; from then on the interface is known by its
 * index, and by its name only when another one takes its place.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "output.h"
#include "run.h"

static int say_missing(const char *word, int error)
{
	struct sockaddr_storage address;
	const char *why;

	if (error != -ENODEV)
		output_error(word, "%s", strerror(-error));
	else if (endpoint_parse_address(word, &address, &why) == 0)
		output_error(word, "no interface has this address: ip address lists "
				   "them; a group begins with 224 to 239, or with ff");
	else
		output_error(word, "no such interface: ip link lists them");
	return error;
}

static int find_interface(struct run *run, const char *word)
{
	struct run_interface *interface = &run->interfaces[run->n_interfaces];
	struct msf_interface *link = &interface->link;
	int r = msf_find_interface(run->msf, word, link);

	if (r < 0)
		return say_missing(word, r);
	if (!(link->flags & IFF_UP)) {
		output_error(link->name, "the interface is down: ip link set dev %s up",
			     link->name);
		return -ENETDOWN;
	}
	for (uint32_t i = 0; i < run->n_interfaces; i++)
		if (run->interfaces[i].link.ifindex == link->ifindex) {
			output_error(word, "%s is given twice", link->name);
			return -EINVAL;
		}
	run->n_interfaces++;
	return 0;
}

int run_find_interfaces(struct run *run)
{
	const struct options *options = run->options;
	int r = 0;

	run->interfaces = calloc(options->n_interfaces, sizeof(*run->interfaces));
	if (!run->interfaces) {
		output_error(NULL, "%s", strerror(ENOMEM));
		return -ENOMEM;
	}
	for (uint32_t i = 0; i < options->n_interfaces && r == 0; i++)
		r = find_interface(run, options->interfaces[i]);
	return r;
}

static const char *const reasons[] = {
	[RUN_LINK_DOWN] = "the interface is down; counting goes on when it is up again",
	[RUN_LINK_GONE] = "the interface is gone; counting goes on when one of this name "
			  "is there",
};

/* An interface that is removed goes down first, so only the last state counts. */
static void say_changes(struct run *run)
{
	for (uint32_t i = 0; i < run->n_interfaces; i++) {
		struct run_interface *interface = &run->interfaces[i];

		if (interface->state != interface->said &&
		    interface->state != RUN_LINK_UP)
			output_warning(interface->link.name, "%s",
				       reasons[interface->state]);
		interface->said = interface->state;
	}
}

static void lose(struct run *run, struct run_interface *interface)
{
	interface->state = RUN_LINK_GONE;
	if (run->hold)
		hold_drop(run->hold, interface->link.ifindex);
}

/* Memberships are lost with an interface that is removed, not with one that is down. */
static void take_link(struct run *run, struct run_interface *interface, uint32_t ifindex,
		      unsigned int flags)
{
	interface->link.ifindex = ifindex;
	interface->state = flags & IFF_UP ? RUN_LINK_UP : RUN_LINK_DOWN;
	if (run->hold)
		interface->is_unjoined = hold_renew(run->hold, ifindex) < 0;
}

static void take_event(struct run *run, const struct msf_event *event)
{
	for (uint32_t i = 0; i < run->n_interfaces; i++) {
		struct run_interface *interface = &run->interfaces[i];
		const struct msf_interface *link = &interface->link;
		bool is_here = interface->state != RUN_LINK_GONE;
		bool is_same = is_here ? link->ifindex == event->ifindex
				       : strcmp(link->name, event->name) == 0;

		if (event->type == MSF_EVENT_LINK && is_same)
			take_link(run, interface, event->ifindex, event->flags);
		else if (event->type == MSF_EVENT_LINK_GONE && is_here && is_same)
			lose(run, interface);
	}
}

/* Events were lost: the interfaces as they are now. */
static void look_at_all(struct run *run)
{
	for (uint32_t i = 0; i < run->n_interfaces; i++) {
		struct run_interface *interface = &run->interfaces[i];
		const struct msf_interface *link = &interface->link;
		struct msf_interface now;
		bool is_there = msf_find_interface(run->msf, link->name, &now) == 0;

		if (!is_there || now.ifindex != link->ifindex)
			lose(run, interface);
		if (is_there)
			take_link(run, interface, now.ifindex, now.flags);
	}
}

int run_handle_links(void *data)
{
	struct run *run = data;
	struct msf_event event;
	int r = msf_monitor_dispatch(run->monitor);

	if (r < 0) {
		output_error("interface monitor", "%s", strerror(-r));
		return RUN_FAILED;
	}
	while (msf_monitor_pop_event(run->monitor, &event) > 0) {
		if (event.type == MSF_EVENT_OVERRUN)
			look_at_all(run);
		else
			take_event(run, &event);
	}
	say_changes(run);
	return RUN_GOES_ON;
}
