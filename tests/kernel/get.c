/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Reading a filter (RFC 3678 4.2.2, 5.2.2): numsrc goes in as room and comes out
 * as the total, the sources ascend, and nothing is written behind what the caller
 * gave. Also: what is not a source filter request goes to the system untouched.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "model.h"
#include "raw.h"
#include "shape.h"
#include "system.h"
#include "tap.h"

#define N_HELD 5u
#define CANARY 0xa5

struct get {
	struct tap tap;
	struct netns net;
	struct model_place place;
};

/* INCLUDE of sources 0 to 4, joined in an order that is not theirs. */
static int open_holder(struct get *self)
{
	static const unsigned int order[N_HELD] = { 3, 0, 4, 2, 1 };
	int fd = traffic_open_receiver(self->place.flavour);

	for (unsigned int i = 0; i < N_HELD; i++) {
		struct sockaddr_storage source = netns_source(self->place.group.ss_family,
							      0, order[i]);

		if (system_delta(fd, MSF_JOIN_SOURCE, self->place.ifindex,
				 &self->place.group, &source) < 0)
			tap_bail_out("cannot prepare");
	}
	return fd;
}

static bool is_source(const struct sockaddr_storage *address, unsigned int i)
{
	struct sockaddr_storage source = netns_source(address->ss_family, 0, i);

	return memcmp(address, &source,
		      source.ss_family == AF_INET ? sizeof(struct sockaddr_in)
						  : sizeof(struct sockaddr_in6)) == 0;
}

static bool is_untouched(const void *from, size_t len)
{
	const unsigned char *bytes = from;

	for (size_t i = 0; i < len; i++)
		if (bytes[i] != CANARY)
			return false;
	return true;
}

static void check_room(struct get *self, const struct shape *shape)
{
	int fd = open_holder(self);
	struct model_request get = { .verb = MSF_GET_FILTER };
	struct model_call call;

	model_spell(&self->place, &get, &call);
	for (uint32_t room = 0; room < N_HELD + 3; room++) {
		struct raw_filter filter;
		uint32_t written = room < N_HELD ? room : N_HELD;
		int r;

		memset(&filter, CANARY, sizeof(filter));
		filter.numsrc = room;
		r = shape_get(shape, NULL, fd, &call.request, &filter);
		tap_expect(&self->tap,
			   r == 0 && filter.numsrc == N_HELD &&
				   filter.fmode == MCAST_INCLUDE,
			   "room for %u: %s, numsrc %u", room, strerror(-r),
			   filter.numsrc);
		for (uint32_t i = 0; i < written; i++)
			tap_expect(&self->tap, is_source(&filter.slist[i], i),
				   "room for %u: place %u is another source", room, i);
		tap_expect(&self->tap,
			   is_untouched(&filter.slist[written],
					sizeof(filter.slist) -
						written * sizeof(filter.slist[0])),
			   "room for %u: more than %u were written", room, written);
	}
	close(fd);
	tap_end(&self->tap, "%s: %s gives the total, and as many as fit, ascending",
		flavour_name(self->place.flavour), shape->name);
}

/* numsrc promises more than optlen has room for: Linux writes past optlen. */
static void check_canary(struct get *self, const struct shape *shape)
{
	int fd = open_holder(self);
	struct model_request get = { .verb = MSF_GET_FILTER };
	struct model_call call;

	model_spell(&self->place, &get, &call);
	for (uint32_t fits = 0; fits <= N_HELD; fits++) {
		struct shape_bytes bytes = { .door = DOOR_GETSOCKOPT };
		struct raw_filter filter;
		socklen_t len;
		int r;

		memset(bytes.room, CANARY, sizeof(bytes.room));
		call.request.numsrc = SHAPE_MAX_SOURCES - 1;
		shape->encode(&call.request, &bytes);
		len = bytes.is_ipv4_list ? IP_MSFILTER_SIZE(fits)
					 : GROUP_FILTER_SIZE(fits);
		bytes.len = len;
		r = shape_send(fd, &bytes);
		tap_expect(&self->tap, r == 0, "room for %u: %s", fits, strerror(-r));
		tap_expect(&self->tap, bytes.len <= len, "optlen grew from %u to %u", len,
			   bytes.len);
		tap_expect(&self->tap,
			   is_untouched(bytes.room + len, sizeof(bytes.room) - len),
			   "room for %u: written behind optlen", fits);
		shape_decode(&bytes, fits, &filter);
		tap_expect(&self->tap, filter.numsrc == N_HELD, "numsrc is %u",
			   filter.numsrc);
		for (uint32_t i = 0; i < fits; i++)
			tap_expect(&self->tap, is_source(&filter.slist[i], i),
				   "room for %u: place %u is another source", fits, i);
	}
	close(fd);
	tap_end(&self->tap, "%s: getsockopt %s never writes past optlen",
		flavour_name(self->place.flavour), shape->name);
}

static void check_null_list(struct get *self)
{
	int fd = open_holder(self);
	const struct sockaddr *group = (const void *)&self->place.group;
	uint32_t index = self->place.ifindex, fmode = 77, numsrc = 0;
	int r = msf_get_filter(NULL, fd, index, group, &fmode, &numsrc, NULL);

	tap_expect(&self->tap, r == 0 && numsrc == N_HELD && fmode == MCAST_INCLUDE,
		   "no list: %s, numsrc %u", strerror(-r), numsrc);
	fmode = 77;
	numsrc = 1;
	r = msf_get_filter(NULL, fd, index, group, &fmode, &numsrc, NULL);
	tap_expect(&self->tap, r == -EFAULT && fmode == 77 && numsrc == 1,
		   "no list, numsrc 1: %s, fmode %u, numsrc %u", strerror(-r), fmode,
		   numsrc);
	r = msf_get_filter(NULL, fd, index, group, NULL, &numsrc, NULL);
	tap_expect(&self->tap, r == -EFAULT, "no fmode: %s", strerror(-r));
	r = msf_get_filter(NULL, fd, index, group, &fmode, NULL, NULL);
	tap_expect(&self->tap, r == -EFAULT, "no numsrc: %s", strerror(-r));
	r = msf_set_filter(NULL, fd, index, group, MCAST_INCLUDE, 1, NULL, 0);
	tap_expect(&self->tap, r == -EFAULT, "set without a list: %s", strerror(-r));
	r = msf_join_source(NULL, fd, index, group, NULL);
	tap_expect(&self->tap, r == -EFAULT, "no source: %s", strerror(-r));
	close(fd);
	tap_end(&self->tap, "%s: a NULL list is legal with numsrc 0 and EFAULT otherwise",
		flavour_name(self->place.flavour));
}

static void check_delta_options(struct get *self)
{
	static const int options[] = {
		IP_ADD_MEMBERSHIP,         IP_DROP_MEMBERSHIP, IP_ADD_SOURCE_MEMBERSHIP,
		IP_DROP_SOURCE_MEMBERSHIP, IP_BLOCK_SOURCE,    IP_UNBLOCK_SOURCE,
	};
	static const int protocol_independent[] = {
		MCAST_JOIN_GROUP,         MCAST_LEAVE_GROUP,  MCAST_JOIN_SOURCE_GROUP,
		MCAST_LEAVE_SOURCE_GROUP, MCAST_BLOCK_SOURCE, MCAST_UNBLOCK_SOURCE,
	};
	bool is_ipv4 = self->place.group.ss_family == AF_INET;
	int level = is_ipv4 ? IPPROTO_IP : IPPROTO_IPV6, fd = open_holder(self);
	char room[512];

	for (size_t i = 0; i < 6; i++) {
		socklen_t len = sizeof(room);

		tap_expect(&self->tap,
			   msf_getsockopt(fd, level, protocol_independent[i], room,
					  &len) == -1 &&
				   errno == EOPNOTSUPP,
			   "MCAST option %d: %s", protocol_independent[i],
			   strerror(errno));
		len = sizeof(room);
		if (is_ipv4)
			tap_expect(&self->tap,
				   msf_getsockopt(fd, level, options[i], room, &len) ==
						   -1 &&
					   errno == EOPNOTSUPP,
				   "IP option %d: %s", options[i], strerror(errno));
	}
	close(fd);
	tap_end(&self->tap, "%s: getsockopt with a delta option is EOPNOTSUPP",
		flavour_name(self->place.flavour));
}

/* optlen one byte short of the list that numsrc announces. */
static void check_short_list(struct get *self, const struct shape *shape)
{
	int fd = open_holder(self), r;
	struct model_request set = { MSF_SET_FILTER, 0, MCAST_INCLUDE, 3 };
	struct model_call call;
	struct shape_bytes bytes = { .door = DOOR_SETSOCKOPT };

	model_spell(&self->place, &set, &call);
	shape->encode(&call.request, &bytes);
	bytes.len--;
	r = shape_send(fd, &bytes);
	tap_expect(&self->tap, r == -EINVAL, "one byte short: %s", strerror(-r));
	bytes.len += 9;
	r = shape_send(fd, &bytes);
	tap_expect(&self->tap, r == 0, "longer than it must be: %s", strerror(-r));
	close(fd);
	tap_end(&self->tap, "%s: setsockopt %s needs its whole list in optlen",
		flavour_name(self->place.flavour), shape->name);
}

static void check_pass_through(struct tap *tap)
{
	int fd = traffic_open_receiver(FLAVOUR_IPV4), raw, got = 0, size = 8192;
	socklen_t len = sizeof(got);

	tap_expect(tap,
		   msf_setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size)) == 0 &&
			   msf_getsockopt(fd, SOL_SOCKET, SO_RCVBUF, &got, &len) == 0 &&
			   got == 2 * size,
		   "SO_RCVBUF reads back %d", got);
	size = 3;
	tap_expect(tap,
		   msf_setsockopt(fd, IPPROTO_IP, IP_MULTICAST_TTL, &size,
				  sizeof(size)) == 0 &&
			   msf_getsockopt(fd, IPPROTO_IP, IP_MULTICAST_TTL, &got, &len) ==
				   0 &&
			   got == 3,
		   "IP_MULTICAST_TTL reads back %d", got);
	raw = raw_setsockopt(fd, IPPROTO_IP, 4711, &size, sizeof(size));
	tap_expect(tap,
		   msf_setsockopt(fd, IPPROTO_IP, 4711, &size, sizeof(size)) == -1 &&
			   errno == -raw,
		   "an unknown option: %s", strerror(errno));
	tap_expect(tap, msf_ioctl(fd, FIONREAD, &got) == 0 && got == 0, "FIONREAD: %d",
		   got);
	tap_expect(tap, msf_ioctl(fd, 0x4711, &got) == -1 && errno == ENOTTY,
		   "an unknown ioctl: %s", strerror(errno));
	close(fd);
	tap_end(tap, "options and ioctls of others go to the system as they are");
}

static void check_grouplen(struct get *self)
{
	struct sockaddr *group = (void *)&self->place.group;
	socklen_t len = group->sa_family == AF_INET ? sizeof(struct sockaddr_in)
						    : sizeof(struct sockaddr_in6);
	uint32_t fmode = 77, numsrc = 0, index = self->place.ifindex;
	int fd = open_holder(self);

	tap_expect(&self->tap,
		   msf_getsourcefilter(fd, index, group, len - 1, &fmode, &numsrc,
				       NULL) == -1 &&
			   errno == EINVAL && fmode == 77,
		   "get, one byte short: %s", strerror(errno));
	tap_expect(&self->tap,
		   msf_setsourcefilter(fd, index, group, len - 1, MCAST_EXCLUDE, 0,
				       NULL) == -1 &&
			   errno == EINVAL,
		   "set, one byte short: %s", strerror(errno));
	tap_expect(&self->tap,
		   msf_getsourcefilter(fd, index, group, len, &fmode, &numsrc, NULL) ==
				   0 &&
			   numsrc == N_HELD,
		   "get: %s", strerror(errno));
	close(fd);
	tap_end(&self->tap, "%s: *sourcefilter() with a short grouplen is EINVAL",
		flavour_name(self->place.flavour));
}

int main(void)
{
	struct get self = { 0 };

	netns_init(&self.net);
	system_init();
	for (enum flavour flavour = 0; flavour < N_FLAVOURS; flavour++) {
		self.place = (struct model_place){
			flavour, 0, self.net.ifindex[0],
			netns_group(flavour_get_family(flavour), 0)
		};
		for (unsigned int s = 0; s < n_shapes; s++) {
			if (!shape_can(&shapes[s], MSF_GET_FILTER, flavour))
				continue;
			check_room(&self, &shapes[s]);
			if (strcmp(shapes[s].name, "IP_*") == 0 ||
			    strcmp(shapes[s].name, "MCAST_*") == 0) {
				check_canary(&self, &shapes[s]);
				check_short_list(&self, &shapes[s]);
			}
		}
		check_null_list(&self);
		check_delta_options(&self);
		check_grouplen(&self);
	}
	check_pass_through(&self.tap);
	return tap_finish(&self.tap);
}
