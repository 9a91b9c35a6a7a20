/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Linux keeps a socket's membership when its interface is deleted, and takes it
 * for one of the next interface with the same index, on which nothing is joined.
 * What libmsf carries out there must reach the new interface, or be warned of.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "model.h"
#include "raw.h"
#include "tap.h"

#define LINK 1u /* the one without the routes */

struct stale {
	struct tap tap;
	struct netns net;
	struct traffic traffic;
	struct model_place place;
	struct msf *msf;
};

enum start { START_EXCLUDE, START_INCLUDE, START_LEFTOVER };

/* The leftover of a refused leave_source after a join. */
static void prepare(const struct stale *self, int fd, enum start start)
{
	const struct sockaddr_storage *group = &self->place.group;

	for (unsigned int i = 0; i < 2; i++) {
		struct sockaddr_storage source = netns_source(group->ss_family, LINK, i);

		if (start == START_INCLUDE)
			raw_delta(fd, MSF_JOIN_SOURCE, self->place.ifindex, group,
				  &source);
		else if (i == 0)
			raw_delta(fd, MSF_JOIN_GROUP, self->place.ifindex, group, NULL);
		else if (start == START_LEFTOVER)
			raw_delta(fd, MSF_LEAVE_SOURCE, self->place.ifindex, group,
				  &source);
	}
}

/* A socket with a membership EXCLUDE {}, INCLUDE {01} or INCLUDE {} on an interface
 * that is gone; another one has its index. */
static int open_stale(struct stale *self, enum start start)
{
	int fd = traffic_open_strict_receiver(self->place.flavour);
	struct raw_filter filter;

	prepare(self, fd, start);
	traffic_fini(&self->traffic);
	netns_replace_link(&self->net, LINK);
	traffic_init(&self->traffic, &self->net);
	if (raw_get_filter(fd, self->place.ifindex, &self->place.group, &filter) < 0 ||
	    netns_get_members(self->place.ifindex, &self->place.group) != 0)
		tap_bail_out("this kernel does not keep memberships as it did");
	return fd;
}

static int apply(struct stale *self, int fd, struct model_request request)
{
	struct model_call call;

	model_spell(&self->place, &request, &call);
	return msf_apply_request(self->msf, fd, &call.request);
}

static void warn(struct stale *self, int fd, struct model_request request, char *text,
		 size_t size)
{
	struct model_call call;

	model_spell(&self->place, &request, &call);
	text[0] = '\0';
	msf_explain(self->msf, fd, &call.request, 0, text, size);
}

/* Socket, interface and delivery agree. */
static void expect_joined(struct stale *self, int fd, struct model_filter wanted,
			  const char *name)
{
	const struct sockaddr_storage *group = &self->place.group;
	uint32_t ifindex = self->place.ifindex;
	struct model_filter seen;
	char text[MODEL_TEXT];
	bool is_sound = model_look(fd, &self->place, &seen);
	unsigned int n;

	tap_expect(&self->tap, is_sound && model_is_equal(seen, wanted),
		   "%s: the socket has %s", name, model_print_filter(seen, text));
	n = netns_get_members(ifindex, group);
	tap_expect(&self->tap, n == 1, "%s: the interface has %u members", name, n);
	n = netns_count_sources(ifindex, group);
	tap_expect(&self->tap, n == (unsigned int)__builtin_popcount(wanted.set),
		   "%s: the interface has %u sources", name, n);
	n = traffic_hear(&self->traffic, fd, LINK, group);
	tap_expect(&self->tap, n == model_admit(wanted), "%s: heard 0x%x, not 0x%x", name,
		   n, model_admit(wanted));
}

static const struct row {
	enum start start;
	struct model_request request;
	struct model_filter next;
} rows[] = {
	{ START_INCLUDE,
	  { MSF_SET_FILTER, 0, MCAST_INCLUDE, 0xc },
	  { MODEL_INCLUDE, 0xc } },
	{ START_INCLUDE, { MSF_SET_FILTER, 0, MCAST_EXCLUDE, 5 }, { MODEL_EXCLUDE, 5 } },
	{ START_EXCLUDE, { MSF_SET_FILTER, 0, MCAST_INCLUDE, 7 }, { MODEL_INCLUDE, 7 } },
	{ START_EXCLUDE, { MSF_SET_FILTER, 0, MCAST_EXCLUDE, 6 }, { MODEL_EXCLUDE, 6 } },
	{ START_LEFTOVER, { MSF_SET_FILTER, 0, MCAST_INCLUDE, 7 }, { MODEL_INCLUDE, 7 } },
	{ START_LEFTOVER, { MSF_SET_FILTER, 0, MCAST_INCLUDE, 2 }, { MODEL_INCLUDE, 2 } },
	{ START_LEFTOVER, { MSF_SET_FILTER, 0, MCAST_EXCLUDE, 0 }, { MODEL_EXCLUDE, 0 } },
	{ START_LEFTOVER, { MSF_SET_FILTER, 0, MCAST_EXCLUDE, 6 }, { MODEL_EXCLUDE, 6 } },
	{ START_LEFTOVER, { MSF_JOIN_SOURCE, 1, 0, 0 }, { MODEL_INCLUDE, 2 } },
	{ START_LEFTOVER, { MSF_JOIN_GROUP, 0, 0, 0 }, { MODEL_EXCLUDE, 0 } },
};

static const char *const starts[] = { "EXCLUDE{}", "INCLUDE{01}", "a leftover" };

static void test_joins(struct stale *self, const struct row *row)
{
	int fd = open_stale(self, row->start), r;
	char name[MODEL_TEXT], text[512];

	model_print_request(&row->request, name);
	r = apply(self, fd, row->request);
	tap_expect(&self->tap, r == 0, "%s: %s", name, strerror(-r));
	expect_joined(self, fd, row->next, name);
	warn(self, fd, row->request, text, sizeof(text));
	tap_expect(&self->tap, strstr(text, "replaced") == NULL, "%s: it is warned: %s",
		   name, text);
	close(fd);
	tap_expect(&self->tap,
		   netns_get_members(self->place.ifindex, &self->place.group) == 0,
		   "%s: the interface keeps a member", name);
	tap_end(&self->tap, "%s: %s on %s of a replaced interface joins the new one",
		flavour_name(self->place.flavour), name, starts[row->start]);
}

/*
 * Linux answers 0 to these and changes the socket alone, so that the library does
 * not notice: deltas, sets that differ by one source, EXCLUDE {}. Whoever asks
 * must be told, unless it was joined.
 */
static const struct row unnoticed[] = {
	{ START_EXCLUDE, { MSF_BLOCK_SOURCE, 2, 0, 0 }, { MODEL_EXCLUDE, 4 } },
	{ START_INCLUDE, { MSF_JOIN_SOURCE, 2, 0, 0 }, { MODEL_INCLUDE, 7 } },
	{ START_INCLUDE, { MSF_SET_FILTER, 0, MCAST_INCLUDE, 7 }, { MODEL_INCLUDE, 7 } },
	{ START_INCLUDE, { MSF_SET_FILTER, 0, MCAST_INCLUDE, 2 }, { MODEL_INCLUDE, 2 } },
	{ START_INCLUDE, { MSF_SET_FILTER, 0, MCAST_EXCLUDE, 0 }, { MODEL_EXCLUDE, 0 } },
	{ START_EXCLUDE, { MSF_SET_FILTER, 0, MCAST_EXCLUDE, 2 }, { MODEL_EXCLUDE, 2 } },
};

static void expect_cure(struct stale *self, int fd)
{
	struct model_request leave = { .verb = MSF_LEAVE_GROUP };
	struct model_request join = { .verb = MSF_JOIN_GROUP };
	char text[512];
	int r;

	r = apply(self, fd, leave);
	tap_expect(&self->tap, r == 0, "leave: %s", strerror(-r));
	r = apply(self, fd, join);
	tap_expect(&self->tap, r == 0, "join: %s", strerror(-r));
	expect_joined(self, fd, (struct model_filter){ MODEL_EXCLUDE, 0 },
		      "leave and join");
	warn(self, fd, join, text, sizeof(text));
	tap_expect(&self->tap, strstr(text, "replaced") == NULL,
		   "after leave and join: %s", text);
}

static void test_warnings(struct stale *self, const struct row *row)
{
	int fd = open_stale(self, row->start), r;
	char name[MODEL_TEXT], text[512];

	model_print_request(&row->request, name);
	r = apply(self, fd, row->request);
	tap_expect(&self->tap, r == 0, "%s: %s", name, strerror(-r));
	warn(self, fd, row->request, text, sizeof(text));
	if (netns_get_members(self->place.ifindex, &self->place.group) == 0)
		tap_expect(&self->tap, strstr(text, "was replaced") != NULL,
			   "%s: the warning is \"%s\"", name, text);
	else
		expect_joined(self, fd, row->next, name);
	expect_cure(self, fd);
	close(fd);
	tap_end(&self->tap,
		"%s: %s on %s of a replaced interface is warned of, and leave and join "
		"cure it",
		flavour_name(self->place.flavour), name, starts[row->start]);
}

int main(void)
{
	struct stale self = { 0 };

	netns_init(&self.net);
	traffic_init(&self.traffic, &self.net);
	if (msf_new(&self.msf, NULL) < 0)
		tap_bail_out("cannot make a context");
	for (enum flavour flavour = 0; flavour < N_FLAVOURS; flavour++) {
		self.place = (struct model_place){
			flavour, LINK, self.net.ifindex[LINK],
			netns_group(flavour_get_family(flavour), 0)
		};
		for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
			test_joins(&self, &rows[i]);
		for (size_t i = 0; i < sizeof(unnoticed) / sizeof(unnoticed[0]); i++)
			test_warnings(&self, &unnoticed[i]);
	}
	msf_free(self.msf);
	traffic_fini(&self.traffic);
	return tap_finish(&self.tap);
}
