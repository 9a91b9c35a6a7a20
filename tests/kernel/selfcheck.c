/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Before the library is judged, its judges are: the kernel alone, through the
 * helpers of these tests, must show memberships, delivery and counts as it should.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "model.h"
#include "raw.h"
#include "tap.h"

struct selfcheck {
	struct tap tap;
	struct netns net;
	struct traffic traffic;
};

static void check_include(struct selfcheck *self, struct model_place *place)
{
	struct tap *tap = &self->tap;
	int fd = traffic_open_strict_receiver(place->flavour);
	int family = place->group.ss_family;
	struct model_filter filter;

	tap_expect(tap, traffic_hear(&self->traffic, fd, place->link, &place->group) == 0,
		   "heard something without a membership");
	for (unsigned int i = 0; i < NETNS_ADDRESSES; i++) {
		struct sockaddr_storage source = netns_source(family, place->link, i);
		unsigned int wanted = (2u << i) - 1, heard;
		int r = raw_delta(fd, MSF_JOIN_SOURCE, place->ifindex, &place->group,
				  &source);

		tap_expect(tap, r == 0, "join_source %u: %s", i, strerror(-r));
		heard = traffic_hear(&self->traffic, fd, place->link, &place->group);
		tap_expect(tap, heard == wanted, "heard 0x%x, not 0x%x", heard, wanted);
		tap_expect(tap,
			   model_look(fd, place, &filter) &&
				   filter.mode == MODEL_INCLUDE && filter.set == wanted,
			   "state 0x%x, not 0x%x", filter.set, wanted);
		tap_expect(
			tap,
			netns_get_users(place->ifindex, &place->group, &source).include ==
				1,
			"mcfilter does not count source %u", i);
	}
	tap_expect(tap, netns_get_members(place->ifindex, &place->group) == 1,
		   "the interface does not count the member");
	tap_expect(tap, netns_count_sources(place->ifindex, &place->group) == 4,
		   "mcfilter does not have four sources");
	close(fd);
	tap_end(tap, "%s on link %u: the kernel's INCLUDE filter is heard and counted",
		flavour_name(place->flavour), place->link);
}

static void check_exclude(struct selfcheck *self, struct model_place *place)
{
	struct tap *tap = &self->tap;
	int fd = traffic_open_strict_receiver(place->flavour);
	struct sockaddr_storage source = netns_source(place->group.ss_family, place->link,
						      2);
	char *before = netns_get_memberships(), *after;

	raw_delta(fd, MSF_JOIN_GROUP, place->ifindex, &place->group, NULL);
	tap_expect(tap,
		   traffic_hear(&self->traffic, fd, place->link, &place->group) == 0xf,
		   "not everything is heard");
	raw_delta(fd, MSF_BLOCK_SOURCE, place->ifindex, &place->group, &source);
	tap_expect(tap,
		   traffic_hear(&self->traffic, fd, place->link, &place->group) == 0xb,
		   "the blocked source is heard, or another one is not");
	tap_expect(tap,
		   netns_get_users(place->ifindex, &place->group, &source).exclude == 1,
		   "mcfilter does not count the blocked source");
	raw_delta(fd, MSF_LEAVE_GROUP, place->ifindex, &place->group, NULL);
	after = netns_get_memberships();
	tap_expect(tap, strcmp(before, after) == 0, "something stays after the leave");
	free(before);
	free(after);
	close(fd);
	tap_end(tap, "%s on link %u: the kernel's EXCLUDE filter is heard and counted",
		flavour_name(place->flavour), place->link);
}

/* Linux gives IP_MULTICAST_ALL to AF_INET sockets only. */
static void check_leaky_socket(struct selfcheck *self, struct model_place *place)
{
	int fd = traffic_open_receiver(place->flavour);
	int other = traffic_open_receiver(place->flavour);
	int leaks = place->flavour != FLAVOUR_IPV4_ON_IPV6;
	struct tap *tap = &self->tap;
	unsigned int heard;

	raw_delta(other, MSF_JOIN_GROUP, place->ifindex, &place->group, NULL);
	tap_expect(tap, traffic_get_multicast_all(fd, place->group.ss_family) == leaks,
		   "MULTICAST_ALL is not %d", leaks);
	heard = traffic_hear(&self->traffic, fd, place->link, &place->group);
	tap_expect(tap, heard == (leaks ? 0xf : 0), "without a membership: 0x%x", heard);
	traffic_set_multicast_all(fd, 0);
	heard = traffic_hear(&self->traffic, fd, place->link, &place->group);
	tap_expect(tap, heard == 0, "MULTICAST_ALL off: 0x%x", heard);
	close(fd);
	close(other);
	tap_end(tap, "%s on link %u: a neighbour's join is heard %s",
		flavour_name(place->flavour), place->link,
		leaks ? "until MULTICAST_ALL is off" : "never");
}

int main(void)
{
	struct selfcheck self = { 0 };

	netns_init(&self.net);
	traffic_init(&self.traffic, &self.net);
	for (enum flavour flavour = 0; flavour < N_FLAVOURS; flavour++)
		for (unsigned int l = 0; l < NETNS_LINKS; l++) {
			struct model_place place = {
				flavour, l, self.net.ifindex[l],
				netns_group(flavour_get_family(flavour), 0)
			};

			check_include(&self, &place);
			check_exclude(&self, &place);
			check_leaky_socket(&self, &place);
		}
	traffic_fini(&self.traffic);
	return tap_finish(&self.tap);
}
