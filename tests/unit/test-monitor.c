/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Unit test of tools/msfctl/monitor-groups.h: looks and notifications come in any order,
 * and each change is told once.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "endpoint.h"
#include "monitor-groups.h"
#include "tap.h"

#define LINES_MAX 4096

struct fixture {
	struct tap tap;
	FILE *file;
	struct outlet *outlet;
	struct monitor_report report;
	struct monitor_links *links;
	struct monitor_groups *groups;
	long told; /* bytes that were looked at */
};

static const struct timespec now = { 1800000000, 0 };

static void init(struct fixture *self)
{
	self->file = tmpfile();
	if (!self->file || outlet_new(&self->outlet, fileno(self->file)) < 0)
		tap_bail_out("no file");
	self->report = (struct monitor_report){ .outlet = self->outlet,
						.out = outlet_get_file(self->outlet) };
	if (monitor_links_new(&self->links, NULL, 0, &self->report) < 0 ||
	    monitor_groups_new(&self->groups, self->links, &self->report) < 0)
		tap_bail_out("no memory");
}

static void fini(struct fixture *self)
{
	monitor_groups_free(self->groups);
	monitor_links_free(self->links);
	outlet_free(self->outlet);
	fclose(self->file);
}

static struct sockaddr_storage parse(const char *text)
{
	struct sockaddr_storage address;
	const char *why;

	if (endpoint_parse_address(text, &address, &why) < 0)
		tap_bail_out("%s", why);
	return address;
}

/* What was told since the last time, without the times: "e0 join 239.1.1.1". */
static void expect_told(struct fixture *self, const char *wanted)
{
	char lines[LINES_MAX] = "", told[LINES_MAX] = "", *line, *rest = lines;
	ssize_t n = pread(fileno(self->file), lines, sizeof(lines) - 1, self->told);

	self->told += n > 0 ? n : 0;
	while ((line = strsep(&rest, "\n")) && *line) {
		char *text = strchr(line, ' ');

		strncat(told, *told ? " | " : "", sizeof(told) - strlen(told) - 1);
		strncat(told, text ? text + 1 : line, sizeof(told) - strlen(told) - 1);
	}
	tap_expect(&self->tap, !strcmp(told, wanted), "told: '%s'", told);
}

static struct msf_event make_event(const char *group)
{
	return (struct msf_event){ .ifindex = 7, .address = parse(group) };
}

static void join(struct fixture *self, const char *group, const struct msf_group *seen)
{
	struct msf_event event = make_event(group);

	tap_expect(&self->tap, monitor_groups_join(self->groups, &event, &now, seen) == 0,
		   "join");
}

static void leave(struct fixture *self, const char *group)
{
	struct msf_event event = make_event(group);

	monitor_groups_leave(self->groups, &event, &now);
}

static struct msf_group make_group(const char *group, uint32_t users, int fmode)
{
	return (struct msf_group){ .ifindex = 7,
				   .interface = "e0",
				   .group = parse(group),
				   .users = users,
				   .fmode = fmode,
				   .has_sources = fmode >= 0 };
}

/* A look that found one group, or none. */
static void look(struct fixture *self, const struct msf_group *group)
{
	struct msf_group groups[1];
	struct monitor_look seen = { .groups = groups, .when = now };

	if (group)
		groups[seen.n_groups++] = *group;
	tap_expect(&self->tap, monitor_groups_compare(self->groups, &seen) == 0, "look");
}

static void test_notification_first(struct fixture *self)
{
	struct msf_group seen = make_group("239.1.1.1", 1, MCAST_EXCLUDE);

	join(self, "239.1.1.1", &seen);
	expect_told(self, "e0 join 239.1.1.1 any source");
	look(self, &seen);
	expect_told(self, "");
	leave(self, "239.1.1.1");
	expect_told(self, "e0 leave 239.1.1.1");
	look(self, NULL);
	expect_told(self, "");
	tap_end(&self->tap, "a look behind a notification tells nothing new");
}

static void test_look_first(struct fixture *self)
{
	struct msf_group seen = make_group("239.1.1.1", 1, MCAST_EXCLUDE);

	look(self, &seen);
	expect_told(self, "e0 join 239.1.1.1 any source");
	join(self, "239.1.1.1", NULL);
	expect_told(self, "");
	look(self, NULL);
	expect_told(self, "e0 leave 239.1.1.1");
	leave(self, "239.1.1.1");
	expect_told(self, "");
	tap_end(&self->tap, "a notification behind a look tells nothing new");
}

static void test_late_filter(struct fixture *self)
{
	struct msf_group seen = make_group("239.1.1.1", 2, MCAST_EXCLUDE);

	join(self, "239.1.1.1", NULL);
	look(self, &seen);
	leave(self, "239.1.1.1");
	/* There is no interface of this index. */
	expect_told(self,
		    "index 7 join 239.1.1.1 | e0 sources 239.1.1.1 any source, 2 users; "
		    "was not known | e0 leave 239.1.1.1");
	tap_end(&self->tap, "a filter that a join was told without comes later");
}

static void test_sources(struct fixture *self)
{
	struct msf_group_source old[2] = { { parse("10.9.0.1"), 1, 0 },
					   { parse("10.9.0.3"), 1, 0 } };
	struct msf_group_source new[2] = { { parse("10.9.0.2"), 1, 0 },
					   { parse("10.9.0.3"), 2, 1 } };
	struct msf_group seen = make_group("232.1.1.1", 1, MCAST_INCLUDE);

	seen.slist = old;
	seen.numsrc = 2;
	look(self, &seen);
	expect_told(self, "e0 join 232.1.1.1 include 10.9.0.1, 10.9.0.3");
	seen.slist = new;
	seen.users = 3;
	look(self, &seen);
	expect_told(self,
		    "e0 sources 232.1.1.1 include 10.9.0.2, 10.9.0.3 (2/1), 3 users; "
		    "was include, 1 user +10.9.0.2 -10.9.0.1");
	seen.fmode = MCAST_EXCLUDE;
	look(self, &seen);
	expect_told(self,
		    "e0 sources 232.1.1.1 exclude 10.9.0.2 (1/0), 10.9.0.3 (2/1), 3 "
		    "users; was include");
	look(self, NULL);
	expect_told(self, "e0 leave 232.1.1.1");
	tap_end(&self->tap, "sources, counts, users and modes are compared");
}

static void test_unknown(struct fixture *self)
{
	struct msf_group_source source[1] = { { parse("10.9.0.1"), 1, 0 } };
	struct msf_group seen = make_group("232.1.1.1", 1, MCAST_INCLUDE);
	struct msf_group unknown = make_group("232.1.1.1", 1, -1);

	seen.slist = source;
	seen.numsrc = 1;
	look(self, &seen);
	expect_told(self, "e0 join 232.1.1.1 include 10.9.0.1");
	look(self, &unknown);
	look(self, &seen);
	look(self, &unknown);
	expect_told(self, "");
	tap_end(&self->tap, "what cannot be known for a while has not changed");
	unknown.users = 2;
	look(self, &unknown);
	expect_told(self, "e0 sources 232.1.1.1, 2 users; was include, 1 user");
	look(self, NULL);
	expect_told(self, "e0 leave 232.1.1.1");
	tap_end(&self->tap, "but with other users it is unknown");
}

static void test_interface(struct fixture *self)
{
	struct msf_group seen = make_group("239.1.1.1", 1, MCAST_EXCLUDE);

	look(self, &seen);
	expect_told(self, "e0 join 239.1.1.1 any source");
	monitor_groups_leave_all(self->groups, 8, &now);
	expect_told(self, "");
	monitor_groups_leave_all(self->groups, 7, &now);
	expect_told(self, "e0 leave 239.1.1.1");
	tap_end(&self->tap, "with an interface its groups are left, and no others");
}

static void test_claim(struct fixture *self)
{
	struct msf_group groups[2] = { make_group("239.1.1.1", 1, MCAST_EXCLUDE),
				       make_group("239.1.1.2", 1, MCAST_EXCLUDE) };
	bool is_claimed[2] = { false, false };
	struct monitor_look seen = {
		.groups = groups, .is_claimed = is_claimed, .n_groups = 2, .when = now
	};
	struct msf_event event = make_event("239.1.1.2");
	struct msf_event other = make_event("239.1.1.3");

	tap_expect(&self->tap, monitor_look_claim(&seen, &event) == &groups[1], "first");
	tap_expect(&self->tap, !monitor_look_claim(&seen, &event), "second");
	tap_expect(&self->tap, !monitor_look_claim(&seen, &other), "another group");
	tap_end(&self->tap, "only the last event of a group is what a look found");
}

static void test_count(struct fixture *self)
{
	self->report.n_told = 0;
	self->report.count = 2;
	join(self, "239.1.1.1", NULL);
	join(self, "239.1.1.2", NULL);
	join(self, "239.1.1.3", NULL);
	expect_told(self, "index 7 join 239.1.1.1 | index 7 join 239.1.1.2");
	tap_expect(&self->tap, monitor_report_is_full(&self->report), "it is full");
	tap_end(&self->tap, "behind the last event that is wanted nothing is told");
}

static void test_versions(struct fixture *self)
{
	const struct monitor_place place = { .ifindex = 7, .interface = "eth0" };

	self->report.count = 0;
	monitor_report_version(&self->report, &now, &place, AF_INET, 2, 3, 0);
	monitor_report_version(&self->report, &now, &place, AF_INET6, 1, 0, 1);
	monitor_report_version(&self->report, &now, &place, AF_INET, 0, 3, 0);
	expect_told(self, "eth0 version IGMPv2; was v3 | eth0 version MLDv1, forced | "
			  "eth0 version IGMP not known; was v3");
	tap_end(&self->tap, "the version that a host speaks is told as text");
}

int main(void)
{
	struct fixture self = { 0 };

	init(&self);
	test_notification_first(&self);
	test_look_first(&self);
	test_late_filter(&self);
	test_sources(&self);
	test_unknown(&self);
	test_interface(&self);
	test_claim(&self);
	test_count(&self);
	test_versions(&self);
	fini(&self);
	return tap_finish(&self.tap);
}
