/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The monitor's events of groups: the first join and the last leave on an interface,
 * of both families, as the kernel tells them (rtnetlink groups 37 and 38), messages
 * that are not what they should be, and kernels that tell of no groups.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "raw.h"
#include "tap.h"
#include "traffic.h"

#define DEADLINE_MS 5000
#define NOWHERE     77u /* the interface of messages made by hand */

struct fixture {
	struct tap tap;
	struct netns net;
};

static struct msf_monitor *start(void)
{
	struct msf_monitor *monitor;
	int r = msf_monitor_new(&monitor, NULL);

	if (r < 0)
		tap_bail_out("cannot make a monitor: %s", strerror(-r));
	return monitor;
}

static void watch(struct msf_monitor *monitor)
{
	int r = msf_monitor_watch_groups(monitor);

	if (r < 0)
		tap_bail_out("cannot watch groups: %s", strerror(-r));
}

/* "+3/239.9.0.1 " for a group event of that interface; nothing for others. */
static void add_event(char *text, size_t size, const struct msf_event *event,
		      uint32_t ifindex)
{
	const struct sockaddr_in *sin = (const void *)&event->address;
	const struct sockaddr_in6 *sin6 = (const void *)&event->address;
	char address[INET6_ADDRSTRLEN];

	if ((event->type != MSF_EVENT_GROUP && event->type != MSF_EVENT_GROUP_GONE) ||
	    event->ifindex != ifindex)
		return;
	if (event->address.ss_family == AF_INET)
		inet_ntop(AF_INET, &sin->sin_addr, address, sizeof(address));
	else
		inet_ntop(AF_INET6, &sin6->sin6_addr, address, sizeof(address));
	text += strlen(text);
	snprintf(text, size, "%c%u/%s ", event->type == MSF_EVENT_GROUP ? '+' : '-',
		 event->ifindex, address);
}

#define TOLD_SIZE 1024

/* All group events of the interface up to those of a new link. */
static void list_events(struct msf_monitor *monitor, uint32_t ifindex,
			char told[TOLD_SIZE])
{
	struct pollfd poller = { .fd = msf_monitor_get_fd(monitor), .events = POLLIN };
	long deadline = tap_get_ms() + DEADLINE_MS;
	struct msf_event event;
	bool is_over = false;

	netns_must_ip("link add name mark type veth peer name markp\n");
	*told = '\0';
	while (!is_over && tap_get_ms() < deadline &&
	       poll(&poller, 1, deadline - tap_get_ms()) > 0) {
		if (msf_monitor_dispatch(monitor) < 0)
			break;
		while (!is_over && msf_monitor_pop_event(monitor, &event) == 1) {
			add_event(told, TOLD_SIZE - strlen(told), &event, ifindex);
			is_over = event.type == MSF_EVENT_LINK &&
				  strcmp(event.name, "mark") == 0;
		}
	}
	if (!is_over)
		tap_bail_out("the link is not told");
	netns_must_ip("link del mark\n");
	/* its end must not pass for the next one */
	msf_monitor_dispatch(monitor);
	while (msf_monitor_pop_event(monitor, &event) == 1)
		;
}

/* Nothing but the first join and the last leave of the group of each family. */
static void test_group_events(struct fixture *self)
{
	struct msf_monitor *monitor = start(), *deaf = start();
	char told[TOLD_SIZE], wanted[TOLD_SIZE];
	uint32_t index = self->net.ifindex[0];

	watch(monitor);
	tap_expect(&self->tap, msf_monitor_watch_groups(monitor) == 0,
		   "a second msf_monitor_watch_groups() fails");
	for (enum flavour flavour = 0; flavour < N_FLAVOURS; flavour++) {
		struct sockaddr_storage group = netns_group(flavour_get_family(flavour),
							    flavour);
		const void *any = &group;
		struct sockaddr_storage source = netns_source(group.ss_family, 0, 1);
		int first = traffic_open_receiver(flavour);
		int second = traffic_open_receiver(flavour);

		msf_join_source(NULL, first, index, any, (const void *)&source);
		msf_join_group(NULL, second, index, any);
		msf_block_source(NULL, second, index, any, (const void *)&source);
		msf_leave_group(NULL, first, index, any);
		close(first);
		close(second);
	}
	snprintf(wanted, sizeof(wanted),
		 "+%u/239.9.0.1 -%u/239.9.0.1 +%u/239.9.0.2 -%u/239.9.0.2 "
		 "+%u/ff15::9:3 -%u/ff15::9:3 ",
		 index, index, index, index, index, index);
	list_events(monitor, index, told);
	tap_expect(&self->tap, strcmp(told, wanted) == 0, "told: %s", told);
	list_events(deaf, index, told);
	tap_expect(&self->tap, *told == '\0', "told without being asked: %s", told);
	msf_monitor_free(monitor);
	msf_monitor_free(deaf);
	tap_end(&self->tap,
		"the first join and the last leave of a group are told, nothing else");
}

/* A message as rtnetlink would send it, but for what is wrong with it. */
static const struct {
	const char *name;
	unsigned char family;
	unsigned short type;        /* of the attribute */
	unsigned int length;        /* of what is in it */
	unsigned int claimed_extra; /* and it says that there is more */
	unsigned int cut;           /* bytes that are not sent */
} malformed[] = {
	{ "no attribute", AF_INET, 0, 0, 0, 4 },
	{ "an address attribute in place of the group", AF_INET, IFA_ADDRESS, 4, 0, 0 },
	{ "an IPv4 group of three bytes", AF_INET, IFA_MULTICAST, 3, 0, 0 },
	{ "an IPv4 group of 16 bytes", AF_INET, IFA_MULTICAST, 16, 0, 0 },
	{ "an IPv6 group of four bytes", AF_INET6, IFA_MULTICAST, 4, 0, 0 },
	{ "an empty group", AF_INET6, IFA_MULTICAST, 0, 0, 0 },
	{ "a group of no family", AF_UNSPEC, IFA_MULTICAST, 0, 0, 0 },
	{ "a group of another family", AF_PACKET, IFA_MULTICAST, 4, 0, 0 },
	{ "a group longer than the message", AF_INET6, IFA_MULTICAST, 16, 64, 0 },
	{ "half an attribute head", AF_INET, IFA_MULTICAST, 0, 0, 2 },
	{ "half a struct ifaddrmsg", AF_INET, IFA_MULTICAST, 0, 0, 8 },
};

static void send_message(int to, unsigned short type, unsigned char family,
			 unsigned short attribute, unsigned int length,
			 unsigned int claimed_extra, unsigned int cut)
{
	struct {
		struct nlmsghdr header;
		struct ifaddrmsg info;
		struct nlattr attribute;
		unsigned char bytes[16];
	} message = { 0 };
	struct sockaddr_nl address = { .nl_family = AF_NETLINK };
	socklen_t size = sizeof(address);
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	unsigned int n = sizeof(message) - sizeof(message.bytes) + length - cut;

	message.header.nlmsg_len = n;
	message.header.nlmsg_type = type;
	message.info.ifa_family = family;
	message.info.ifa_index = NOWHERE;
	message.attribute.nla_len = NLA_HDRLEN + length + claimed_extra;
	message.attribute.nla_type = attribute;
	memset(message.bytes, 0xe1, sizeof(message.bytes));
	if (getsockname(to, (void *)&address, &size) < 0 ||
	    sendto(fd, &message, n, 0, (void *)&address, size) != (ssize_t)n)
		tap_bail_out("cannot send to the monitor: %s", strerror(errno));
	close(fd);
}

static void test_malformed(struct fixture *self)
{
	struct msf_monitor *monitor = start();
	int fd = msf_monitor_get_fd(monitor);
	char told[TOLD_SIZE];

	watch(monitor);
	for (unsigned short type = 56; type <= 57; type++) {
		for (size_t i = 0; i < sizeof(malformed) / sizeof(malformed[0]); i++)
			send_message(fd, type, malformed[i].family, malformed[i].type,
				     malformed[i].length, malformed[i].claimed_extra,
				     malformed[i].cut);
		list_events(monitor, NOWHERE, told);
		tap_expect(&self->tap, *told == '\0', "type %u: told: %s", type, told);
	}
	send_message(fd, 56, AF_INET, IFA_MULTICAST, 4, 0, 0);
	send_message(fd, 57, AF_INET6, IFA_MULTICAST, 16, 0, 0);
	list_events(monitor, NOWHERE, told);
	tap_expect(&self->tap,
		   strcmp(told, "+77/225.225.225.225 "
				"-77/e1e1:e1e1:e1e1:e1e1:e1e1:e1e1:e1e1:e1e1 ") == 0,
		   "of two sound messages is told: %s", told);
	msf_monitor_free(monitor);
	tap_end(&self->tap, "malformed messages about groups are passed over");
}

/* Between libnl and the kernel: one that has fewer multicast groups. The library gets
 * no argument of ours, so its orders must be reachable. */
static struct {
	int last_group; /* 0: no limit */
	int n_refused;
	int error;
} old_kernel;

int setsockopt(int fd, int level, int optname, const void *optval, socklen_t optlen)
{
	int r;

	if (level == SOL_NETLINK && optname == NETLINK_ADD_MEMBERSHIP &&
	    old_kernel.last_group > 0 && *(const int *)optval > old_kernel.last_group) {
		old_kernel.n_refused++;
		errno = old_kernel.error;
		return -1;
	}
	r = raw_setsockopt(fd, level, optname, optval, optlen);
	if (r < 0)
		errno = -r;
	return r < 0 ? -1 : 0;
}

/* What the interposed kernel says must be what this one says of a group too far. */
static void test_old_kernel(struct fixture *self)
{
	static const struct {
		int last_group, error, result;
	} rows[] = { { 36, EINVAL, -EOPNOTSUPP },
		     { 37, EINVAL, -EOPNOTSUPP },
		     { 36, ENOMEM, -ENOMEM } };
	int too_far = 4000;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct msf_monitor *monitor = start();
		int fd = traffic_open_receiver(FLAVOUR_IPV4), r;
		struct sockaddr_storage group = netns_group(AF_INET, 0);
		char told[TOLD_SIZE];

		r = raw_setsockopt(msf_monitor_get_fd(monitor), SOL_NETLINK,
				   NETLINK_ADD_MEMBERSHIP, &too_far, sizeof(too_far));
		tap_expect(&self->tap, r == -EINVAL, "group %d: %s", too_far,
			   strerror(-r));
		old_kernel.last_group = rows[i].last_group;
		old_kernel.error = rows[i].error;
		old_kernel.n_refused = 0;
		r = msf_monitor_watch_groups(monitor);
		old_kernel.last_group = 0;
		tap_expect(&self->tap, old_kernel.n_refused > 0, "nothing was refused");
		tap_expect(&self->tap, r == rows[i].result, "groups up to %d: %s",
			   rows[i].last_group, strerror(-r));
		msf_join_group(NULL, fd, self->net.ifindex[0], (const void *)&group);
		close(fd);
		list_events(monitor, self->net.ifindex[0], told);
		tap_expect(&self->tap, *told == '\0', "told all the same: %s", told);
		msf_monitor_free(monitor);
	}
	tap_end(&self->tap,
		"a kernel without group events is EOPNOTSUPP and the monitor goes on");
}

int main(void)
{
	struct fixture self = { 0 };

	netns_init(&self.net);
	test_group_events(&self);
	test_malformed(&self);
	test_old_kernel(&self);
	return tap_finish(&self.tap);
}
