/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What goes on the wire: a refused request sends nothing. Reports are late by up to
 * a second and come twice, so marks are used: a join of another group whose reports
 * must come, with everything that the interface had to say before it.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "model.h"
#include "raw.h"
#include "shape.h"
#include "tap.h"

#define DEADLINE_MS 15000
#define ROBUSTNESS  2 /* RFC 3376 8.1: every change is reported that often */
#define MARK        40u
#define N_STATES    4u

struct wire {
	struct tap tap;
	struct netns net;
	int capture; /* what leaves m0, seen by its peer */
	enum flavour flavour;
	unsigned int n_groups; /* in use so far */
};

static int open_capture(void)
{
	struct sockaddr_ll peer = { .sll_family = AF_PACKET,
				    .sll_protocol = htons(ETH_P_ALL),
				    .sll_ifindex = (int)if_nametoindex("m0p") };
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK,
			htons(ETH_P_ALL));

	if (fd < 0 || bind(fd, (const void *)&peer, sizeof(peer)) < 0)
		tap_bail_out("cannot capture: %s", strerror(errno));
	return fd;
}

/* The group's address, anywhere behind the IP header's own. */
static bool is_named(const unsigned char *packet, size_t len,
		     const struct sockaddr_storage *group)
{
	const struct sockaddr_in *sin = (const void *)group;
	const struct sockaddr_in6 *sin6 = (const void *)group;
	size_t head = ETH_HLEN + (group->ss_family == AF_INET ? 20 : 40);

	if (len <= head)
		return false;
	if (group->ss_family == AF_INET)
		return memmem(packet + head, len - head, &sin->sin_addr, 4) != NULL;
	return memmem(packet + head, len - head, &sin6->sin6_addr, 16) != NULL;
}

/* Reads reports until the mark was named n times. Counts those that name a group
 * below n_groups. */
static unsigned int read_to_mark(struct wire *self, const struct sockaddr_storage *mark,
				 int n)
{
	struct pollfd poller = { .fd = self->capture, .events = POLLIN };
	long deadline = tap_get_ms() + DEADLINE_MS;
	unsigned char packet[2048];
	unsigned int n_named = 0;

	while (n > 0) {
		ssize_t len = recv(self->capture, packet, sizeof(packet), 0);

		if (len < 0) {
			if (tap_get_ms() > deadline || poll(&poller, 1, DEADLINE_MS) <= 0)
				tap_bail_out("the report of the mark does not come");
			continue;
		}
		n -= is_named(packet, (size_t)len, mark);
		for (unsigned int g = 0; g < self->n_groups; g++) {
			struct sockaddr_storage group = netns_group(mark->ss_family, g);

			n_named += is_named(packet, (size_t)len, &group);
		}
	}
	return n_named;
}

static int join_mark(struct wire *self, unsigned int number,
		     struct sockaddr_storage *ret_mark)
{
	int fd = traffic_open_receiver(self->flavour);

	*ret_mark = netns_group(flavour_get_family(self->flavour), MARK + number);
	if (raw_delta(fd, MSF_JOIN_GROUP, self->net.ifindex[0], ret_mark, NULL) < 0)
		tap_bail_out("cannot join the mark");
	return fd;
}

static const struct model_filter states[N_STATES] = { { MODEL_NONE, 0 },
						      { MODEL_INCLUDE, 3 },
						      { MODEL_EXCLUDE, 0 },
						      { MODEL_EXCLUDE, 3 } };

/* Every request that the table refuses in the state, by every shape. */
static unsigned int refuse_all(struct wire *self, int fd, const struct model_place *place,
			       struct model_filter state)
{
	unsigned int n_refused = 0;

	for (enum msf_verb verb = MSF_JOIN_GROUP; verb <= MSF_SET_FILTER; verb++)
		for (unsigned int i = 0; i < 8; i++) {
			struct model_request request = {
				verb, i, i < 4 ? MCAST_INCLUDE : MCAST_EXCLUDE, i % 4
			};
			struct model_filter next;
			struct model_call call;

			if (model_apply(state, &request, MSF_SEMANTICS_TABLE, &next) == 0)
				continue;
			model_spell(place, &request, &call);
			for (unsigned int s = 0; s < n_shapes; s++) {
				if (!shape_can(&shapes[s], verb, place->flavour))
					continue;
				tap_expect(&self->tap,
					   shape_apply(&shapes[s], NULL, fd,
						       &call.request) < 0,
					   "%s was not refused", shapes[s].name);
				n_refused++;
			}
		}
	return n_refused;
}

static void check_refusals(struct wire *self)
{
	int family = flavour_get_family(self->flavour), fd[N_STATES], marks[2];
	struct model_place place = { self->flavour, 0, self->net.ifindex[0], { 0 } };
	struct sockaddr_storage mark;
	unsigned int n_refused = 0, n_named;

	self->n_groups = N_STATES;
	for (unsigned int i = 0; i < N_STATES; i++) {
		struct model_request request = { MSF_SET_FILTER, 0,
						 states[i].mode == MODEL_INCLUDE
							 ? MCAST_INCLUDE
							 : MCAST_EXCLUDE,
						 states[i].set };
		struct model_call call;

		fd[i] = traffic_open_receiver(self->flavour);
		place.group = netns_group(family, i);
		model_spell(&place, &request, &call);
		if (states[i].mode != MODEL_NONE)
			tap_expect(&self->tap,
				   msf_apply_request(NULL, fd[i], &call.request) == 0,
				   "cannot prepare state %u", i);
	}
	marks[0] = join_mark(self, 0, &mark);
	n_named = read_to_mark(self, &mark, ROBUSTNESS);
	tap_expect(&self->tap, n_named >= N_STATES - 1, "only %u reports were seen",
		   n_named);
	for (unsigned int i = 0; i < N_STATES; i++) {
		place.group = netns_group(family, i);
		n_refused += refuse_all(self, fd[i], &place, states[i]);
	}
	marks[1] = join_mark(self, 1, &mark);
	n_named = read_to_mark(self, &mark, ROBUSTNESS);
	tap_expect(&self->tap, n_named == 0, "%u reports of refused requests", n_named);
	for (unsigned int i = 0; i < N_STATES; i++)
		close(fd[i]);
	close(marks[0]);
	close(marks[1]);
	tap_end(&self->tap, "%s: %u refused requests send no report",
		flavour_name(self->flavour), n_refused);
}

/* The judge can see: the same with requests that are granted. */
static void check_granted(struct wire *self)
{
	int family = flavour_get_family(self->flavour);
	struct sockaddr_storage group = netns_group(family, 0), mark;
	struct sockaddr_storage source = netns_source(family, 0, 0);
	int fd = traffic_open_receiver(self->flavour), mark_fd;
	unsigned int n_named;

	self->n_groups = 1;
	tap_expect(&self->tap,
		   msf_join_source(NULL, fd, self->net.ifindex[0], (const void *)&group,
				   (const void *)&source) == 0,
		   "join_source");
	mark_fd = join_mark(self, 2, &mark);
	n_named = read_to_mark(self, &mark, ROBUSTNESS);
	tap_expect(&self->tap, n_named > 0, "no report of a granted request");
	close(fd);
	close(mark_fd);
	tap_end(&self->tap, "%s: a granted request sends its report",
		flavour_name(self->flavour));
}

int main(void)
{
	struct wire self = { .flavour = FLAVOUR_IPV4 };

	netns_init(&self.net);
	self.capture = open_capture();
	for (; self.flavour < N_FLAVOURS; self.flavour++) {
		check_granted(&self);
		check_refusals(&self);
	}
	close(self.capture);
	return tap_finish(&self.tap);
}
