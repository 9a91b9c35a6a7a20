/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What only untyped arguments can have: structures of any alignment, lengths that
 * are negative in the kernel's eyes, pointers that are NULL. The rows of RFC 3678
 * 4.1.3 must hold for the first, the others change nothing.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "model.h"
#include "raw.h"
#include "shape.h"
#include "system.h"
#include "tap.h"

#define OFFSET 1u /* no structure's alignment */

struct dropin {
	struct tap tap;
	struct netns net;
	struct model_place place;
};

/* As shape_send(), with the structure where none may lie in C. */
static int send_misaligned(int fd, struct shape_bytes *bytes)
{
	_Alignas(16) unsigned char room[sizeof(bytes->room) + OFFSET];
	void *optval = room + OFFSET;
	int r;

	memcpy(optval, bytes->room, sizeof(bytes->room));
	if (bytes->door == DOOR_SETSOCKOPT)
		r = msf_setsockopt(fd, bytes->level, bytes->optname, optval, bytes->len);
	else if (bytes->door == DOOR_GETSOCKOPT)
		r = msf_getsockopt(fd, bytes->level, bytes->optname, optval, &bytes->len);
	else
		r = msf_ioctl(fd, bytes->ioctl, optval);
	memcpy(bytes->room, optval, sizeof(bytes->room));
	return r < 0 ? -errno : 0;
}

static void expect_get(struct dropin *self, const struct shape *shape, int fd,
		       struct model_filter wanted)
{
	struct model_request request = { .verb = MSF_GET_FILTER };
	struct shape_bytes bytes = { .door = DOOR_GETSOCKOPT };
	unsigned int n = __builtin_popcount(wanted.set), at = 0;
	struct raw_filter filter = { 0 };
	struct model_call call;
	int r;

	model_spell(&self->place, &request, &call);
	call.request.numsrc = n;
	shape->encode(&call.request, &bytes);
	r = send_misaligned(fd, &bytes);
	if (!tap_expect(&self->tap, r == 0, "get: %s", strerror(-r)))
		return;
	shape_decode(&bytes, n, &filter);
	tap_expect(&self->tap,
		   filter.numsrc == n && (filter.fmode == MCAST_INCLUDE) ==
						 (wanted.mode == MODEL_INCLUDE),
		   "get: fmode %u, %u sources, not %u", filter.fmode, filter.numsrc, n);
	/* In ascending order, as netns_source() counts. */
	for (unsigned int i = 0; i < 32 && at < filter.numsrc; i++) {
		struct sockaddr_storage source = netns_source(self->place.group.ss_family,
							      self->place.link, i);

		if (wanted.set >> i & 1)
			tap_expect(&self->tap,
				   memcmp(&filter.slist[at++], &source, sizeof(source)) ==
					   0,
				   "get: source %u is another one", i);
	}
}

static const struct row {
	struct model_filter before;
	struct model_request request;
	struct model_filter after;
} rows[] = {
	{ { 0 }, { MSF_JOIN_GROUP, 0, 0, 0 }, { MODEL_EXCLUDE, 0 } },
	{ { MODEL_EXCLUDE, 0 }, { MSF_LEAVE_GROUP, 0, 0, 0 }, { 0 } },
	{ { 0 }, { MSF_JOIN_SOURCE, 1, 0, 0 }, { MODEL_INCLUDE, 2 } },
	{ { MODEL_INCLUDE, 3 }, { MSF_LEAVE_SOURCE, 0, 0, 0 }, { MODEL_INCLUDE, 2 } },
	{ { MODEL_EXCLUDE, 0 }, { MSF_BLOCK_SOURCE, 2, 0, 0 }, { MODEL_EXCLUDE, 4 } },
	{ { MODEL_EXCLUDE, 3 }, { MSF_UNBLOCK_SOURCE, 1, 0, 0 }, { MODEL_EXCLUDE, 1 } },
	{ { 0 }, { MSF_SET_FILTER, 0, MCAST_INCLUDE, 7 }, { MODEL_INCLUDE, 7 } },
	{ { MODEL_INCLUDE, 1 },
	  { MSF_SET_FILTER, 0, MCAST_EXCLUDE, 0xfffff },
	  { MODEL_EXCLUDE, 0xfffff } },
};

static void make_filter(struct dropin *self, int fd, struct model_filter filter)
{
	struct model_request request = { MSF_SET_FILTER, 0, MCAST_EXCLUDE, filter.set };
	struct model_call call;

	if (filter.mode == MODEL_NONE)
		return;
	if (filter.mode == MODEL_INCLUDE)
		request.fmode = MCAST_INCLUDE;
	model_spell(&self->place, &request, &call);
	if (msf_apply_request(NULL, fd, &call.request) < 0)
		tap_bail_out("cannot make the filter before");
}

static void do_misaligned(struct dropin *self, const struct shape *shape,
			  const struct row *row)
{
	int fd = traffic_open_receiver(self->place.flavour), r;
	struct shape_bytes bytes = { .door = DOOR_SETSOCKOPT };
	char text[MODEL_TEXT], name[MODEL_TEXT];
	struct model_filter seen;
	struct model_call call;
	bool is_sound;

	make_filter(self, fd, row->before);
	model_spell(&self->place, &row->request, &call);
	shape->encode(&call.request, &bytes);
	r = send_misaligned(fd, &bytes);
	is_sound = model_look(fd, &self->place, &seen);
	tap_expect(&self->tap, r == 0 && is_sound && model_is_equal(seen, row->after),
		   "%s: %s, %s", model_print_request(&row->request, name), strerror(-r),
		   model_print_filter(seen, text));
	if (row->after.mode != MODEL_NONE &&
	    shape_can(shape, MSF_GET_FILTER, self->place.flavour))
		expect_get(self, shape, fd, row->after);
	close(fd);
}

static void test_misaligned(struct dropin *self, const struct shape *shape)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (shape_can(shape, rows[i].request.verb, self->place.flavour))
			do_misaligned(self, shape, &rows[i]);
	tap_end(&self->tap, "%s: %s works at any address",
		flavour_name(self->place.flavour), shape->name);
}

static void expect_none(struct dropin *self, int fd, const char *when)
{
	struct model_filter seen;

	tap_expect(&self->tap,
		   model_look(fd, &self->place, &seen) && seen.mode == MODEL_NONE,
		   "%s: there is a membership", when);
}

/* As setsockopt(2) itself, which takes the length for an int. */
static void test_negative_length(struct dropin *self, const struct shape *shape,
				 enum msf_verb verb)
{
	static const socklen_t lengths[] = { (socklen_t)-1, (socklen_t)INT32_MIN };
	struct model_request request = { .verb = verb, .fmode = MCAST_INCLUDE, .set = 1 };

	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		int fd = traffic_open_receiver(self->place.flavour), r;
		struct shape_bytes bytes = { .door = DOOR_SETSOCKOPT };
		struct model_call call;

		model_spell(&self->place, &request, &call);
		shape->encode(&call.request, &bytes);
		bytes.len = lengths[i];
		r = shape_send(fd, &bytes);
		tap_expect(&self->tap, r == -EINVAL, "verb %d, length %d: %s", verb,
			   (int)lengths[i], strerror(-r));
		tap_expect(&self->tap, bytes.len == lengths[i],
			   "verb %d: the length was written", verb);
		expect_none(self, fd, "after it");
		close(fd);
	}
}

static void test_lengths(struct dropin *self, const struct shape *shape)
{
	for (enum msf_verb verb = 0; verb <= MSF_GET_FILTER; verb++)
		if (shape_can(shape, verb, self->place.flavour))
			test_negative_length(self, shape, verb);
	tap_end(&self->tap, "%s: %s with a negative length is EINVAL",
		flavour_name(self->place.flavour), shape->name);
}

static void test_null(struct dropin *self)
{
	int fd = traffic_open_receiver(self->place.flavour), r;
	struct msf_request request = { .verb = MSF_JOIN_GROUP,
				       .ifindex = self->place.ifindex,
				       .group = (const void *)&self->place.group };
	struct msf_interface found = { .ifindex = 77 };
	char text[64] = "as it was";

	r = msf_apply_request(NULL, fd, NULL);
	tap_expect(&self->tap, r == -EFAULT, "msf_apply_request: %s", strerror(-r));
	r = msf_apply_request(NULL, -1, NULL);
	tap_expect(&self->tap, r == -EBADF, "the same on no socket: %s", strerror(-r));
	r = msf_find_interface(NULL, NULL, &found);
	tap_expect(&self->tap, r == -EFAULT && found.ifindex == 77,
		   "msf_find_interface: %s", strerror(-r));
	r = msf_explain(NULL, fd, NULL, EINVAL, text, sizeof(text));
	tap_expect(&self->tap, r == -EFAULT && strcmp(text, "as it was") == 0,
		   "msf_explain without a request: %s", strerror(-r));
	r = msf_explain(NULL, fd, &request, EINVAL, NULL, sizeof(text));
	tap_expect(&self->tap, r == -EFAULT, "msf_explain without a buffer: %s",
		   strerror(-r));
	r = msf_explain(NULL, fd, &request, EINVAL, NULL, 0);
	tap_expect(&self->tap, r > 0, "msf_explain asked for a length: %d", r);
	expect_none(self, fd, "after them");
	close(fd);
	tap_end(&self->tap, "%s: a request or a text that is NULL is EFAULT",
		flavour_name(self->place.flavour));
}

int main(void)
{
	struct dropin self = { 0 };

	netns_init(&self.net);
	system_init();
	netns_set_sysctl("net/ipv4/igmp_max_msf", 64);
	for (enum flavour flavour = 0; flavour < N_FLAVOURS; flavour++) {
		self.place = (struct model_place){
			flavour, 0, self.net.ifindex[0],
			netns_group(flavour_get_family(flavour), 0)
		};
		for (unsigned int s = 0; s < n_shapes; s++) {
			if (shapes[s].encode == NULL ||
			    !(shapes[s].flavours >> flavour & 1))
				continue;
			test_misaligned(&self, &shapes[s]);
			if (strncmp(shapes[s].name, "SIOC", 4) != 0)
				test_lengths(&self, &shapes[s]);
		}
		test_null(&self);
	}
	return tap_finish(&self.tap);
}
