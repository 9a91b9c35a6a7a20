/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * links: rtnetlink(7) (see links.h). What is told goes from the message into an entry,
 * from the entry into the engine, and on to the listener, one message at a time, so that
 * nothing that comes and goes is overlooked.
 *
 * Where messages were lost, all that is waiting is thrown away and everything is listed:
 * what is told from then on is newer than what was thrown away, and if it is older than
 * the list, then what undoes it follows.
 *
 * Invariant: the engine knows each entry as it is but those that are untold, for want of
 * memory; then, and where a list was made while things changed, it is looked again later.
 */
#include "msfd/links.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <linux/netlink.h>
#include <linux/rtnetlink.h>

#include "msfd/clock.h"
#include "msfd/link-entry.h"

#define ROOM         (4 * 1024 * 1024) /* for notifications */
#define MESSAGES_MAX (64 * 1024)       /* the kernel makes them no longer than 32 KiB */
#define TURN         64u               /* datagrams that are read at once */
#define TURN_OF_FIND 4096u             /* for whoever waits for the answer */
#define LOOKS_MAX    3u                /* in a row, when things change meanwhile */
#define LATER_MS     500

struct links {
	struct loop *loop;
	struct engine *engine;
	struct links_listener listener;
	struct loop_source notifications;
	struct loop_source later;
	int dump_fd;
	uint32_t sequence; /* of dumps */
	uint32_t look;     /* number of the last look at everything */
	bool is_reading;   /* somebody is called, and may look for what is not there */
	bool is_late;
	struct link_entry **entries; /* owned, in ascending order of the index */
	uint32_t n_entries, max_entries;
	char messages[MESSAGES_MAX] __attribute__((aligned(NLMSG_ALIGNTO)));
};

static int look_later(void *data);

static void be_late(struct links *links)
{
	links->is_late = true;
	/* Without a timer the next notification has to do. */
	if (links->later.fd < 0)
		loop_add_timer(links->loop, &links->later, LATER_MS, 0, look_later,
			       links);
}

/*
 * Entries
 */

static uint32_t find_position(const struct links *links, uint32_t ifindex)
{
	uint32_t low = 0, high = links->n_entries;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (links->entries[middle]->link.interface.ifindex < ifindex)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static struct link_entry *find_entry(const struct links *links, uint32_t ifindex)
{
	uint32_t i = find_position(links, ifindex);

	if (i == links->n_entries || links->entries[i]->link.interface.ifindex != ifindex)
		return NULL;
	return links->entries[i];
}

static struct link_entry *free_entry(struct link_entry *entry)
{
	if (entry)
		free(entry->addresses);
	free(entry);
	return NULL;
}

static int reserve(struct links *links)
{
	uint32_t max = links->max_entries * 2 + 8;
	struct link_entry **entries;

	if (links->n_entries < links->max_entries)
		return 0;
	entries = reallocarray(links->entries, max, sizeof(struct link_entry *));
	if (!entries)
		return -ENOMEM;
	links->entries = entries;
	links->max_entries = max;
	return 0;
}

static int add_entry(struct links *links, const struct link_entry *read,
		     struct link_entry **ret)
{
	uint32_t at = find_position(links, read->link.interface.ifindex);
	struct link_entry *entry;
	int r = reserve(links);

	if (r < 0)
		return r;
	entry = malloc(sizeof(*entry));
	if (!entry)
		return -ENOMEM;
	*entry = *read;
	entry->is_untold = true;
	link_entry_choose(entry);
	memmove(&links->entries[at + 1], &links->entries[at],
		(links->n_entries - at) * sizeof(struct link_entry *));
	links->entries[at] = entry;
	links->n_entries++;
	*ret = entry;
	return 0;
}

static void del_entry(struct links *links, struct link_entry *entry)
{
	uint32_t ifindex = entry->link.interface.ifindex;
	uint32_t at = find_position(links, ifindex);

	links->listener.gone(links->listener.context, &entry->link);
	/* -ENODEV: there was no memory for it. */
	engine_del_interface(links->engine, ifindex, clock_now());
	links->n_entries--;
	memmove(&links->entries[at], &links->entries[at + 1],
		(links->n_entries - at) * sizeof(struct link_entry *));
	free_entry(entry);
}

static void tell(struct links *links, struct link_entry *entry)
{
	if (!entry->is_untold)
		return;
	if (engine_set_interface(links->engine, &entry->link.interface, clock_now()) <
	    0) {
		be_late(links);
		return;
	}
	entry->is_untold = false;
	links->listener.changed(links->listener.context, &entry->link);
}

/*
 * Messages
 */

/* The entry as it is now; NULL: no memory. */
static struct link_entry *take_link(struct links *links, const struct link_entry *read)
{
	struct link_entry *entry = find_entry(links, read->link.interface.ifindex);

	if (!entry && add_entry(links, read, &entry) < 0) {
		be_late(links);
		return NULL;
	}
	entry->look = links->look;
	entry->is_untold |= link_entry_update(entry, read);
	return entry;
}

static void meet_link(struct links *links, const struct link_entry *read)
{
	struct link_entry *entry = take_link(links, read);

	if (entry)
		tell(links, entry);
}

static void lose_link(struct links *links, const struct link_entry *read)
{
	struct link_entry *entry = find_entry(links, read->link.interface.ifindex);

	if (entry)
		del_entry(links, entry);
}

static void set_address(struct links *links, struct link_entry *entry,
			struct link_address *address)
{
	address->look = links->look;
	if (link_entry_set_address(entry, address) < 0)
		be_late(links);
}

static void handle_address(struct links *links, const struct nlmsghdr *message)
{
	struct link_address address;
	struct link_entry *entry;
	uint32_t ifindex;

	if (!link_entry_read_address(message, &ifindex, &address))
		return;
	entry = find_entry(links, ifindex);
	if (!entry)
		return;
	if (message->nlmsg_type == RTM_NEWADDR)
		set_address(links, entry, &address);
	else
		link_entry_del_address(entry, &address);
	entry->is_untold |= link_entry_choose(entry);
	tell(links, entry);
}

static void handle_message(struct links *links, const struct nlmsghdr *message)
{
	struct link_entry read;

	switch (message->nlmsg_type) {
	case RTM_NEWADDR:
	case RTM_DELADDR:
		handle_address(links, message);
		return;
	case RTM_NEWLINK:
		if (link_entry_read(message, &read))
			meet_link(links, &read);
		return;
	case RTM_DELLINK:
		if (link_entry_read(message, &read))
			lose_link(links, &read);
		return;
	}
}

/*
 * A look at everything. While it lasts nothing is told of interfaces whose addresses are
 * not read yet: else each one that is new would speak from 0.0.0.0 first.
 */

static int request(struct links *links, uint16_t type, uint8_t family)
{
	struct {
		struct nlmsghdr header;
		union {
			struct ifinfomsg link;
			struct ifaddrmsg address;
		};
	} dump = {
		.header = { .nlmsg_len = sizeof(dump),
			    .nlmsg_type = type,
			    .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP,
			    .nlmsg_seq = ++links->sequence },
	};

	/* Both begin with the family. */
	dump.link.ifi_family = family;
	while (send(links->dump_fd, &dump, sizeof(dump), 0) < 0)
		if (errno != EINTR)
			return -errno;
	return 0;
}

typedef void links_lister(struct links *links, const struct nlmsghdr *message);

/* One datagram of an answer: 1: there is more; 0: that was all. */
static int read_answer(struct links *links, links_lister *take)
{
	const struct nlmsghdr *message = (const void *)links->messages;
	ssize_t n = recv(links->dump_fd, links->messages, sizeof(links->messages), 0);

	if (n < 0)
		return errno == EINTR ? 1 : -errno;
	for (; NLMSG_OK(message, (size_t)n); message = NLMSG_NEXT(message, n)) {
		if (message->nlmsg_seq != links->sequence)
			continue;
		if (message->nlmsg_flags & NLM_F_DUMP_INTR)
			links->is_late = true;
		if (message->nlmsg_type == NLMSG_ERROR)
			return ((const struct nlmsgerr *)NLMSG_DATA(message))->error;
		if (message->nlmsg_type == NLMSG_DONE)
			return 0;
		take(links, message);
	}
	return 1;
}

static int list(struct links *links, uint16_t type, uint8_t family, links_lister *take)
{
	int r = request(links, type, family);

	while (r == 0 && (r = read_answer(links, take)) > 0)
		r = 0;
	return r;
}

/* See above: the engine is told in settle(). */
static void list_link(struct links *links, const struct nlmsghdr *message)
{
	struct link_entry read, *entry;

	if (message->nlmsg_type != RTM_NEWLINK || !link_entry_read(message, &read))
		return;
	entry = find_entry(links, read.link.interface.ifindex);
	if (entry && link_entry_is_other(entry, &read))
		del_entry(links, entry);
	take_link(links, &read);
}

static void list_address(struct links *links, const struct nlmsghdr *message)
{
	struct link_address address;
	struct link_entry *entry;
	uint32_t ifindex;

	if (message->nlmsg_type != RTM_NEWADDR ||
	    !link_entry_read_address(message, &ifindex, &address))
		return;
	entry = find_entry(links, ifindex);
	if (entry)
		set_address(links, entry, &address);
}

static int list_all(struct links *links)
{
	int r;

	links->look++;
	links->is_late = false;
	r = list(links, RTM_GETLINK, AF_UNSPEC, list_link);
	if (r == 0)
		r = list(links, RTM_GETADDR, AF_INET, list_address);
	if (r == 0)
		r = list(links, RTM_GETADDR, AF_INET6, list_address);
	if (r == 0 && links->is_late)
		r = -EAGAIN;
	return r;
}

/* What the look did not see is gone. */
static void forget(struct links *links)
{
	for (uint32_t i = links->n_entries; i-- > 0;) {
		struct link_entry *entry = links->entries[i];

		if (entry->look != links->look)
			del_entry(links, entry);
		else
			link_entry_forget(entry, links->look);
	}
}

static void settle(struct links *links)
{
	for (uint32_t i = 0; i < links->n_entries; i++) {
		struct link_entry *entry = links->entries[i];

		entry->is_untold |= link_entry_choose(entry);
		tell(links, entry);
	}
}

static int look(struct links *links)
{
	int r = -EAGAIN;

	for (unsigned int i = 0; i < LOOKS_MAX && r == -EAGAIN; i++)
		r = list_all(links);
	/* A list that has gaps proves nothing gone. */
	if (r == 0)
		forget(links);
	settle(links);
	if (r < 0)
		be_late(links);
	return r == -EAGAIN ? 0 : r;
}

/*
 * Notifications
 */

/* One datagram: 1; 0: there is none. -ENOBUFS: some are lost. */
static int read_datagram(struct links *links)
{
	struct sockaddr_nl from = { 0 };
	socklen_t from_len = sizeof(from);
	const struct nlmsghdr *message = (const void *)links->messages;
	ssize_t n = recvfrom(links->notifications.fd, links->messages,
			     sizeof(links->messages), MSG_DONTWAIT, (void *)&from,
			     &from_len);

	if (n < 0)
		return errno == EAGAIN ? 0 : errno == EINTR ? 1 : -errno;
	if (from.nl_pid != 0)
		return 1;
	for (; NLMSG_OK(message, (size_t)n); message = NLMSG_NEXT(message, n))
		handle_message(links, message);
	return 1;
}

static void throw_away(struct links *links)
{
	while (recv(links->notifications.fd, links->messages, sizeof(links->messages),
		    MSG_DONTWAIT) >= 0 ||
	       errno == ENOBUFS || errno == EINTR)
		;
}

static void read_notifications(struct links *links, unsigned int n)
{
	int r = 1;

	links->is_reading = true;
	for (unsigned int i = 0; i < n && r > 0; i++)
		r = read_datagram(links);
	if (r < 0) {
		throw_away(links);
		look(links);
	}
	links->is_reading = false;
}

static int handle_notifications(void *data)
{
	read_notifications(data, TURN);
	return 0;
}

static int look_later(void *data)
{
	struct links *links = data;

	loop_del(links->loop, &links->later);
	links->is_reading = true;
	look(links);
	links->is_reading = false;
	return 0;
}

/*
 * The outside
 */

static int open_netlink(uint32_t groups)
{
	struct sockaddr_nl address = { .nl_family = AF_NETLINK, .nl_groups = groups };
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	int r;

	if (fd < 0)
		return -errno;
	if (bind(fd, (const void *)&address, sizeof(address)) < 0) {
		r = -errno;
		close(fd);
		return r;
	}
	return fd;
}

/* As much as is allowed; what does not fit is made up for. */
static void set_room(int fd)
{
	int size = ROOM;

	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)) < 0)
		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
}

static int open_notifications(struct links *links)
{
	int fd = open_netlink(RTMGRP_LINK | RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR);
	int r;

	if (fd < 0)
		return fd;
	set_room(fd);
	r = loop_add(links->loop, &links->notifications, fd, handle_notifications, links);
	if (r < 0)
		close(fd);
	else
		links->notifications.is_owned = true;
	return r;
}

static int start(struct links *links)
{
	int r = open_notifications(links);

	if (r < 0)
		return r;
	links->dump_fd = open_netlink(0);
	if (links->dump_fd < 0)
		return links->dump_fd;
	links->is_reading = true;
	r = look(links);
	links->is_reading = false;
	return r;
}

int links_new(struct links **ret, struct loop *loop, struct engine *engine,
	      const struct links_listener *listener)
{
	struct links *links = malloc(sizeof(*links));
	int r;

	if (!links)
		return -ENOMEM;
	*links = (struct links){
		.loop = loop,
		.engine = engine,
		.listener = *listener,
		.notifications = LOOP_SOURCE_INIT,
		.later = LOOP_SOURCE_INIT,
		.dump_fd = -1,
	};
	r = start(links);
	if (r < 0)
		links_free(links);
	else
		*ret = links;
	return r;
}

struct links *links_free(struct links *links)
{
	if (!links)
		return NULL;
	loop_del(links->loop, &links->notifications);
	loop_del(links->loop, &links->later);
	if (links->dump_fd >= 0)
		close(links->dump_fd);
	for (uint32_t i = 0; i < links->n_entries; i++)
		free_entry(links->entries[i]);
	free(links->entries);
	free(links);
	return NULL;
}

const struct link *links_find(struct links *links, uint32_t ifindex)
{
	struct link_entry *entry = find_entry(links, ifindex);

	if (!entry && !links->is_reading) {
		read_notifications(links, TURN_OF_FIND);
		entry = find_entry(links, ifindex);
	}
	return entry ? &entry->link : NULL;
}

static struct link_entry *find_name(const struct links *links, const char *name)
{
	for (uint32_t i = 0; i < links->n_entries; i++)
		if (strcmp(links->entries[i]->link.name, name) == 0)
			return links->entries[i];
	return NULL;
}

const struct link *links_find_name(struct links *links, const char *name)
{
	struct link_entry *entry = find_name(links, name);

	if (!entry && !links->is_reading) {
		read_notifications(links, TURN_OF_FIND);
		entry = find_name(links, name);
	}
	return entry ? &entry->link : NULL;
}

bool links_has_address(const struct links *links, uint32_t ifindex, struct addr addr)
{
	struct link_entry *entry = find_entry(links, ifindex);

	if (entry && link_entry_has_address(entry, addr))
		return true;
	if (!addr_is_ipv4(addr))
		return false;
	for (uint32_t i = 0; i < links->n_entries; i++)
		if (link_entry_has_address(links->entries[i], addr))
			return true;
	return false;
}

int links_get_fd(const struct links *links)
{
	return links->notifications.fd;
}

const struct link *links_get(const struct links *links, unsigned int i)
{
	return i < links->n_entries ? &links->entries[i]->link : NULL;
}
