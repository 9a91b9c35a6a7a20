/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * monitor-links: the known interfaces (see monitor-links.h).
 *
 * Invariant: rtnetlink tells again what has not changed (the lifetime of an address, a
 * counter of a link); only what differs from what is known is told.
 */
#include <errno.h>
#include <ifaddrs.h>
#include <linux/if_packet.h>
#include <stdlib.h>
#include <string.h>

#include "monitor-address.h"
#include "monitor-links.h"

struct address {
	struct sockaddr_storage address;
	bool is_seen;
};

enum { IGMP, MLD, N_PROTOCOLS };

static const int families[N_PROTOCOLS] = { AF_INET, AF_INET6 };

struct link {
	uint32_t ifindex;
	char name[IF_NAMESIZE];
	unsigned int flags;
	bool is_wanted;
	bool is_seen;
	struct address *addresses; /* owned */
	size_t n_addresses;
	int version[N_PROTOCOLS]; /* 0: not known */
	int forced[N_PROTOCOLS];
	bool has_versions; /* they were asked for */
};

struct monitor_links {
	const char (*names)[IF_NAMESIZE];
	size_t n_names;
	struct monitor_report *report;
	struct link *links; /* owned */
	size_t n_links;
	bool is_told;
};

int monitor_links_new(struct monitor_links **ret, const char (*names)[IF_NAMESIZE],
		      size_t n_names, struct monitor_report *report)
{
	struct monitor_links *links = calloc(1, sizeof(*links));

	if (!links)
		return -ENOMEM;
	links->names = names;
	links->n_names = n_names;
	links->report = report;
	*ret = links;
	return 0;
}

struct monitor_links *monitor_links_free(struct monitor_links *links)
{
	if (!links)
		return NULL;
	for (size_t i = 0; i < links->n_links; i++)
		free(links->links[i].addresses);
	free(links->links);
	free(links);
	return NULL;
}

static struct link *find(const struct monitor_links *links, uint32_t ifindex)
{
	for (size_t i = 0; i < links->n_links; i++)
		if (links->links[i].ifindex == ifindex)
			return &links->links[i];
	return NULL;
}

bool monitor_links_is_wanted(const struct monitor_links *links, uint32_t ifindex)
{
	const struct link *link = find(links, ifindex);

	return link ? link->is_wanted : links->n_names == 0;
}

const char *monitor_links_get_name(const struct monitor_links *links, uint32_t ifindex)
{
	const struct link *link = find(links, ifindex);

	return link ? link->name : "";
}

static bool has_name(const struct monitor_links *links, const char *name)
{
	for (size_t i = 0; i < links->n_names; i++)
		if (!strcmp(links->names[i], name))
			return true;
	return links->n_names == 0;
}

static bool is_told(const struct monitor_links *links, const struct link *link)
{
	return links->is_told && link->is_wanted;
}

static struct monitor_place get_place(const struct link *link)
{
	return (struct monitor_place){ link->ifindex, link->name };
}

static void tell(struct monitor_links *links, const struct timespec *when,
		 const struct link *link, const char *change, const char *was)
{
	struct monitor_place place = get_place(link);

	if (is_told(links, link))
		monitor_report_link(links->report, when, &place, change, link->flags,
				    was);
}

static void tell_address(struct monitor_links *links, const struct timespec *when,
			 const struct link *link, const char *change,
			 const struct address *address)
{
	struct monitor_place place = get_place(link);

	if (is_told(links, link))
		monitor_report_address(links->report, when, &place, change,
				       &address->address);
}

static struct link *add(struct monitor_links *links, uint32_t ifindex, const char *name,
			unsigned int flags)
{
	struct link *list = reallocarray(links->links, links->n_links + 1, sizeof(*list));

	if (!list)
		return NULL;
	links->links = list;
	list += links->n_links++;
	*list = (struct link){ .ifindex = ifindex,
			       .flags = flags,
			       .is_wanted = has_name(links, name) };
	strncpy(list->name, name, sizeof(list->name) - 1);
	return list;
}

/* Order does not matter. */
static void del(struct monitor_links *links, struct link *link)
{
	free(link->addresses);
	*link = links->links[--links->n_links];
}

static void rename_link(struct monitor_links *links, const struct timespec *when,
			struct link *link, const char *name)
{
	char was[IF_NAMESIZE];

	memcpy(was, link->name, sizeof(was));
	memset(link->name, 0, sizeof(link->name));
	strncpy(link->name, name, sizeof(link->name) - 1);
	link->is_wanted |= has_name(links, name);
	tell(links, when, link, "renamed", was);
}

static void set_flags(struct monitor_links *links, const struct timespec *when,
		      struct link *link, unsigned int flags)
{
	unsigned int changed = link->flags ^ flags;

	link->flags = flags;
	if (changed & IFF_UP)
		tell(links, when, link, flags & IFF_UP ? "up" : "down", NULL);
	else if (changed & IFF_RUNNING)
		tell(links, when, link, flags & IFF_RUNNING ? "carrier" : "no-carrier",
		     NULL);
}

/* An interface as it is now. 0 or -ENOMEM. */
static int set_link(struct monitor_links *links, const struct timespec *when,
		    uint32_t ifindex, const char *name, unsigned int flags)
{
	struct link *link = find(links, ifindex);

	if (!link) {
		link = add(links, ifindex, name, flags);
		if (!link)
			return -ENOMEM;
		tell(links, when, link, "new", NULL);
	}
	link->is_seen = true;
	if (*name && strcmp(link->name, name) != 0)
		rename_link(links, when, link, name);
	set_flags(links, when, link, flags);
	return 0;
}

static void lose_link(struct monitor_links *links, const struct timespec *when,
		      struct link *link)
{
	link->flags &= ~(unsigned int)(IFF_UP | IFF_RUNNING);
	tell(links, when, link, "gone", NULL);
	del(links, link);
}

static struct address *find_address(const struct link *link,
				    const struct sockaddr_storage *address)
{
	for (size_t i = 0; i < link->n_addresses; i++)
		if (!monitor_address_compare(&link->addresses[i].address, address))
			return &link->addresses[i];
	return NULL;
}

static int set_address(struct monitor_links *links, const struct timespec *when,
		       struct link *link, const struct sockaddr_storage *address)
{
	struct address *list = find_address(link, address);

	if (!list) {
		list = reallocarray(link->addresses, link->n_addresses + 1,
				    sizeof(*list));
		if (!list)
			return -ENOMEM;
		link->addresses = list;
		list += link->n_addresses++;
		*list = (struct address){ .address = *address };
		tell_address(links, when, link, "new", list);
	}
	list->is_seen = true;
	return 0;
}

static void lose_address(struct monitor_links *links, const struct timespec *when,
			 struct link *link, struct address *address)
{
	tell_address(links, when, link, "gone", address);
	*address = link->addresses[--link->n_addresses];
}

/* An event of an interface that is known. */
static int take(struct monitor_links *links, const struct msf_event *event,
		const struct timespec *when, struct link *link)
{
	struct address *address;

	if (event->type == MSF_EVENT_LINK_GONE) {
		lose_link(links, when, link);
		return 0;
	}
	if (event->type == MSF_EVENT_ADDRESS)
		return set_address(links, when, link, &event->address);
	address = find_address(link, &event->address);
	if (event->type == MSF_EVENT_ADDRESS_GONE && address)
		lose_address(links, when, link, address);
	return 0;
}

int monitor_links_take(struct monitor_links *links, const struct msf_event *event,
		       const struct timespec *when)
{
	struct link *link = find(links, event->ifindex);

	if (event->type == MSF_EVENT_LINK)
		return set_link(links, when, event->ifindex, event->name, event->flags);
	return link ? take(links, event, when, link) : 0;
}

static void mark_unseen(struct monitor_links *links)
{
	for (size_t i = 0; i < links->n_links; i++) {
		struct link *link = &links->links[i];

		link->is_seen = false;
		for (size_t j = 0; j < link->n_addresses; j++)
			link->addresses[j].is_seen = false;
	}
}

static void lose_unseen(struct monitor_links *links, const struct timespec *when)
{
	for (size_t i = links->n_links; i-- > 0;) {
		struct link *link = &links->links[i];

		for (size_t j = link->n_addresses; j-- > 0;)
			if (!link->addresses[j].is_seen)
				lose_address(links, when, link, &link->addresses[j]);
		if (!link->is_seen)
			lose_link(links, when, link);
	}
}

/* getifaddrs(3) has a packet address for every interface. */
static int take_link(struct monitor_links *links, const struct timespec *when,
		     const struct ifaddrs *entry)
{
	const struct sockaddr_ll *place = (const void *)entry->ifa_addr;

	if (!place || place->sll_family != AF_PACKET)
		return 0;
	return set_link(links, when, (uint32_t)place->sll_ifindex, entry->ifa_name,
			entry->ifa_flags);
}

/* Its name is that of a label, "eth0:1", where it has one. */
static int take_address(struct monitor_links *links, const struct timespec *when,
			const struct ifaddrs *entry)
{
	struct sockaddr_storage address = { 0 };
	char name[IF_NAMESIZE] = "";
	struct link *link = NULL;

	if (!entry->ifa_addr || (entry->ifa_addr->sa_family != AF_INET &&
				 entry->ifa_addr->sa_family != AF_INET6))
		return 0;
	memcpy(&address, entry->ifa_addr,
	       entry->ifa_addr->sa_family == AF_INET ? sizeof(struct sockaddr_in)
						     : sizeof(struct sockaddr_in6));
	strncpy(name, entry->ifa_name, sizeof(name) - 1);
	for (size_t i = 0; i < links->n_links; i++)
		if (!strncmp(links->links[i].name, name, strcspn(name, ":")) &&
		    strlen(links->links[i].name) == strcspn(name, ":"))
			link = &links->links[i];
	return link ? set_address(links, when, link, &address) : 0;
}

int monitor_links_compare(struct monitor_links *links, const struct timespec *when,
			  bool is_told_now)
{
	struct ifaddrs *list;
	int r = 0;

	if (getifaddrs(&list) < 0)
		return -errno;
	links->is_told = is_told_now;
	mark_unseen(links);
	for (struct ifaddrs *entry = list; entry && r == 0; entry = entry->ifa_next)
		r = take_link(links, when, entry);
	for (struct ifaddrs *entry = list; entry && r == 0; entry = entry->ifa_next)
		r = take_address(links, when, entry);
	freeifaddrs(list);
	if (r == 0)
		lose_unseen(links, when);
	links->is_told = true;
	return r;
}

/* MLD has a version in force, too, but Linux does not tell it. */
static int get_version(const struct link *link, int protocol)
{
	int version = msf_state_get_version(NULL, link->ifindex, families[protocol]);

	return version > 0 ? version : 0;
}

static int get_forced(const struct link *link, int protocol)
{
	int version = msf_state_get_forced_version(NULL, link->ifindex,
						   families[protocol]);

	return version > 0 ? version : 0;
}

static void compare_version(struct monitor_links *links, const struct timespec *when,
			    struct link *link, int protocol)
{
	struct monitor_place place = get_place(link);
	int was = link->version[protocol], version = get_version(link, protocol);
	int forced = get_forced(link, protocol);
	bool is_changed = (version && was && version != was) ||
			  forced != link->forced[protocol];

	if (version)
		link->version[protocol] = version;
	link->forced[protocol] = forced;
	if (is_changed && link->has_versions)
		monitor_report_version(links->report, when, &place, families[protocol],
				       version, was, forced);
}

void monitor_links_compare_versions(struct monitor_links *links,
				    const struct timespec *when)
{
	for (size_t i = 0; i < links->n_links; i++) {
		struct link *link = &links->links[i];

		if (!link->is_wanted)
			continue;
		for (int protocol = 0; protocol < N_PROTOCOLS; protocol++)
			compare_version(links, when, link, protocol);
		link->has_versions = true;
	}
}
