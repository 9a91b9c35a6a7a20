/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * msf_explain(): the limits by name, value and need, and for every errno that
 * several rows share a sentence of its own for each of them. The refusals are real
 * ones: each request is made first, and must fail with the errno of its row.
 */
#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "model.h"
#include "raw.h"
#include "shape.h"
#include "system.h"
#include "tap.h"

#define TEXT_LEN 512
#define MAX_ROWS 48

#define ASM_SOURCES 64u /* of the ASM backend, unless raised */

struct explain {
	struct tap tap;
	struct netns net;
	struct model_place place;
	struct msf *msf;
};

/* What was made wrong with the request. */
enum spoil {
	SPOIL_NOTHING,
	SPOIL_INDEX,
	SPOIL_ROUTE,
	SPOIL_MODE,
	SPOIL_FLAGS,
	SPOIL_GROUP,
	SPOIL_MAPPED_GROUP,
	SPOIL_SOURCE_MULTICAST,
	SPOIL_SOURCE_ANY,
	SPOIL_SOURCE_BROADCAST,
	SPOIL_SOURCE_MAPPED,
	SPOIL_SOURCE_FAMILY,
	SPOIL_DUPLICATE,
	SPOIL_LEFTOVER,
};

static const struct row {
	const char *name;
	int error;
	struct model_filter before;
	struct model_request request;
	enum spoil spoil;
	const char *words[3]; /* that the sentence must have */
} rows[] = {
	{ "no such interface",
	  ENODEV,
	  { 0, 0 },
	  { MSF_JOIN_GROUP, 0, 0, 0 },
	  SPOIL_INDEX,
	  { "4242", "interface" } },
	{ "no route for index 0",
	  ENODEV,
	  { 0, 0 },
	  { MSF_JOIN_GROUP, 0, 0, 0 },
	  SPOIL_ROUTE,
	  { "route", "interface" } },
	{ "leave_group without a membership",
	  EADDRNOTAVAIL,
	  { 0, 0 },
	  { MSF_LEAVE_GROUP, 0, 0, 0 },
	  0,
	  { "not a member", "m0" } },
	{ "set INCLUDE{} without a membership",
	  EADDRNOTAVAIL,
	  { 0, 0 },
	  { MSF_SET_FILTER, 0, MCAST_INCLUDE, 0 },
	  0,
	  { "not a member", "INCLUDE {}" } },
	{ "join_source of a joined one",
	  EADDRNOTAVAIL,
	  { MODEL_INCLUDE, 3 },
	  { MSF_JOIN_SOURCE, 1, 0, 0 },
	  0,
	  { "joined", "already" } },
	{ "leave_source of an unjoined one",
	  EADDRNOTAVAIL,
	  { MODEL_INCLUDE, 3 },
	  { MSF_LEAVE_SOURCE, 2, 0, 0 },
	  0,
	  { "not among", "joined" } },
	{ "block_source of a blocked one",
	  EADDRNOTAVAIL,
	  { MODEL_EXCLUDE, 3 },
	  { MSF_BLOCK_SOURCE, 1, 0, 0 },
	  0,
	  { "blocked", "already" } },
	{ "unblock_source of one not blocked",
	  EADDRNOTAVAIL,
	  { MODEL_EXCLUDE, 3 },
	  { MSF_UNBLOCK_SOURCE, 2, 0, 0 },
	  0,
	  { "not among", "blocked" } },
	{ "join_group on INCLUDE",
	  EADDRINUSE,
	  { MODEL_INCLUDE, 3 },
	  { MSF_JOIN_GROUP, 0, 0, 0 },
	  0,
	  { "already", "INCLUDE", "2" } },
	{ "join_group on EXCLUDE",
	  EADDRINUSE,
	  { MODEL_EXCLUDE, 0 },
	  { MSF_JOIN_GROUP, 0, 0, 0 },
	  0,
	  { "already", "every source" } },
	{ "the identical INCLUDE set",
	  EADDRINUSE,
	  { MODEL_INCLUDE, 3 },
	  { MSF_SET_FILTER, 0, MCAST_INCLUDE, 3 },
	  0,
	  { "INCLUDE", "MSF_IDEMPOTENT" } },
	{ "the identical EXCLUDE set",
	  EADDRINUSE,
	  { MODEL_EXCLUDE, 3 },
	  { MSF_SET_FILTER, 0, MCAST_EXCLUDE, 3 },
	  0,
	  { "EXCLUDE", "MSF_IDEMPOTENT" } },
	{ "block_source without a membership",
	  EINVAL,
	  { 0, 0 },
	  { MSF_BLOCK_SOURCE, 1, 0, 0 },
	  0,
	  { "not a member", "join" } },
	{ "block_source on INCLUDE",
	  EINVAL,
	  { MODEL_INCLUDE, 3 },
	  { MSF_BLOCK_SOURCE, 1, 0, 0 },
	  0,
	  { "INCLUDE", "leave_source" } },
	{ "join_source on EXCLUDE",
	  EINVAL,
	  { MODEL_EXCLUDE, 3 },
	  { MSF_JOIN_SOURCE, 1, 0, 0 },
	  0,
	  { "EXCLUDE", "leave the group" } },
	{ "join_source on a plain join",
	  EINVAL,
	  { MODEL_EXCLUDE, 0 },
	  { MSF_JOIN_SOURCE, 1, 0, 0 },
	  0,
	  { "EXCLUDE" } },
	{ "a filter mode that is none",
	  EINVAL,
	  { 0, 0 },
	  { MSF_SET_FILTER, 0, MCAST_INCLUDE, 3 },
	  SPOIL_MODE,
	  { "mode", "MCAST_INCLUDE" } },
	{ "unknown flags",
	  EINVAL,
	  { 0, 0 },
	  { MSF_SET_FILTER, 0, MCAST_INCLUDE, 3 },
	  SPOIL_FLAGS,
	  { "flags" } },
	{ "a unicast group",
	  EINVAL,
	  { 0, 0 },
	  { MSF_JOIN_GROUP, 0, 0, 0 },
	  SPOIL_GROUP,
	  { "not a multicast" } },
	{ "a multicast source",
	  EINVAL,
	  { 0, 0 },
	  { MSF_JOIN_SOURCE, 0, 0, 0 },
	  SPOIL_SOURCE_MULTICAST,
	  { "multicast" } },
	{ "an unspecified source",
	  EINVAL,
	  { 0, 0 },
	  { MSF_JOIN_SOURCE, 0, 0, 0 },
	  SPOIL_SOURCE_ANY,
	  { "unspecified" } },
	{ "the broadcast address as source",
	  EINVAL,
	  { 0, 0 },
	  { MSF_JOIN_SOURCE, 0, 0, 0 },
	  SPOIL_SOURCE_BROADCAST,
	  { "255.255.255.255", "broadcast" } },
	{ "a v4-mapped group",
	  EINVAL,
	  { 0, 0 },
	  { MSF_JOIN_GROUP, 0, 0, 0 },
	  SPOIL_MAPPED_GROUP,
	  { "group", "mapped" } },
	{ "a v4-mapped source",
	  EINVAL,
	  { 0, 0 },
	  { MSF_JOIN_SOURCE, 0, 0, 0 },
	  SPOIL_SOURCE_MAPPED,
	  { "source", "mapped" } },
	{ "a source twice in a list",
	  EINVAL,
	  { 0, 0 },
	  { MSF_SET_FILTER, 0, MCAST_INCLUDE, 7 },
	  SPOIL_DUPLICATE,
	  { "twice" } },
	{ "a source of the other family",
	  EAFNOSUPPORT,
	  { 0, 0 },
	  { MSF_JOIN_SOURCE, 0, 0, 0 },
	  SPOIL_SOURCE_FAMILY,
	  { "IPv4", "IPv6" } },
	{ "leave_group of a leftover INCLUDE{}",
	  EADDRNOTAVAIL,
	  { MODEL_EXCLUDE, 0 },
	  { MSF_LEAVE_GROUP, 0, 0, 0 },
	  SPOIL_LEFTOVER,
	  { "not a member" } },
};
#define N_ROWS (sizeof(rows) / sizeof(rows[0]))

static bool has_row(const struct row *row, int family)
{
	if (row->spoil == SPOIL_SOURCE_BROADCAST)
		return family == AF_INET;
	if (row->spoil == SPOIL_MAPPED_GROUP || row->spoil == SPOIL_SOURCE_MAPPED)
		return family == AF_INET6;
	return row->spoil != SPOIL_LEFTOVER || !system_is_asm();
}

static void spoil(struct model_call *call, struct sockaddr_storage *group,
		  enum spoil what)
{
	bool is_ipv4 = group->ss_family == AF_INET;

	switch (what) {
	case SPOIL_INDEX:
		call->request.ifindex = 4242;
		break;
	case SPOIL_ROUTE:
		call->request.ifindex = 0;
		break;
	case SPOIL_MODE:
		call->request.fmode = 7;
		break;
	case SPOIL_FLAGS:
		call->request.flags = 0x40;
		break;
	case SPOIL_GROUP:
		*group = netns_parse(is_ipv4 ? "10.9.0.9" : "fd09::9");
		break;
	case SPOIL_MAPPED_GROUP:
		*group = netns_parse("::ffff:239.1.2.3");
		break;
	case SPOIL_SOURCE_MULTICAST:
		call->source = netns_parse(is_ipv4 ? "239.1.1.1" : "ff02::1");
		break;
	case SPOIL_SOURCE_ANY:
		call->source = netns_parse(is_ipv4 ? "0.0.0.0" : "::");
		break;
	case SPOIL_SOURCE_BROADCAST:
		call->source = netns_parse("255.255.255.255");
		break;
	case SPOIL_SOURCE_MAPPED:
		call->source = netns_parse("::ffff:10.9.0.1");
		break;
	case SPOIL_SOURCE_FAMILY:
		call->source = netns_parse(is_ipv4 ? "fd09::1" : "10.9.0.1");
		break;
	case SPOIL_DUPLICATE:
		call->slist[2] = call->slist[0];
		break;
	case SPOIL_NOTHING:
	case SPOIL_LEFTOVER:
		break;
	}
}

static void prepare(const struct model_place *place, int fd, struct model_filter filter)
{
	int family = place->group.ss_family;
	enum msf_verb verb = filter.mode == MODEL_INCLUDE ? MSF_JOIN_SOURCE
							  : MSF_BLOCK_SOURCE;

	if (filter.mode == MODEL_EXCLUDE)
		system_delta(fd, MSF_JOIN_GROUP, place->ifindex, &place->group, NULL);
	for (unsigned int i = 0; i < NETNS_ADDRESSES; i++) {
		struct sockaddr_storage source = netns_source(family, place->link, i);

		if (filter.set >> i & 1)
			system_delta(fd, verb, place->ifindex, &place->group, &source);
	}
}

static void explain_row(struct explain *self, const struct row *row, char text[TEXT_LEN])
{
	struct model_place place = self->place;
	int fd = traffic_open_receiver(place.flavour), r, len;
	struct model_call call;

	prepare(&place, fd, row->before);
	model_spell(&place, &row->request, &call);
	if (row->spoil == SPOIL_LEFTOVER)
		raw_delta(fd, MSF_LEAVE_SOURCE, place.ifindex, &place.group,
			  &call.source);
	spoil(&call, &place.group, row->spoil);
	r = msf_apply_request(self->msf, fd, &call.request);
	tap_expect(&self->tap, r == -row->error, "%s: %s", row->name, strerror(-r));
	strcpy(text, "");
	len = msf_explain(self->msf, fd, &call.request, r, text, TEXT_LEN);
	tap_expect(&self->tap, len > 0 && strlen(text) == (size_t)len,
		   "%s: returned %d for %zu characters", row->name, len, strlen(text));
	for (int i = 0; i < 3 && row->words[i] != NULL; i++)
		tap_expect(&self->tap, strstr(text, row->words[i]) != NULL,
			   "%s: no \"%s\" in: %s", row->name, row->words[i], text);
	tap_comment("%s: %s", strerrorname_np(row->error), text);
	close(fd);
}

static void check_rows(struct explain *self)
{
	static char texts[MAX_ROWS][TEXT_LEN];
	int family = self->place.group.ss_family;

	for (size_t i = 0; i < N_ROWS; i++) {
		if (!has_row(&rows[i], family))
			continue;
		explain_row(self, &rows[i], texts[i]);
		for (size_t j = 0; j < i; j++)
			if (has_row(&rows[j], family) && rows[i].error == rows[j].error &&
			    rows[i].spoil != SPOIL_LEFTOVER)
				tap_expect(&self->tap, strcmp(texts[i], texts[j]) != 0,
					   "%s and %s have the same sentence",
					   rows[i].name, rows[j].name);
		tap_end(&self->tap, "%s: %s has a sentence of its own for %s",
			flavour_name(self->place.flavour), strerrorname_np(rows[i].error),
			rows[i].name);
	}
}

static void expect_words(struct explain *self, const char *text, const char *const *words)
{
	for (; *words != NULL; words++)
		tap_expect(&self->tap, strstr(text, *words) != NULL, "no \"%s\" in: %s",
			   *words, text);
}

/* A limit of 5 groups and one more: the value is this namespace's. */
static void check_groups(struct explain *self, unsigned int limit)
{
	int fd = traffic_open_receiver(FLAVOUR_IPV4), r = 0;
	struct msf_request request = { .verb = MSF_JOIN_GROUP,
				       .ifindex = self->net.ifindex[0] };
	struct sockaddr_storage group;
	char text[TEXT_LEN] = "", value[24], needed[64];
	const char *const words[] = { "igmp_max_memberships", "group", value, needed,
				      NULL };
	char *before, *after;

	netns_set_sysctl("net/ipv4/igmp_max_memberships", limit);
	snprintf(value, sizeof(value), " %u", limit);
	snprintf(needed, sizeof(needed), "net.ipv4.igmp_max_memberships=%u", limit + 1);
	for (unsigned int i = 0; i < limit; i++) {
		group = netns_group(AF_INET, i);
		request.group = (const void *)&group;
		r = msf_apply_request(self->msf, fd, &request);
		tap_expect(&self->tap, r == 0, "group %u: %s", i, strerror(-r));
	}
	before = netns_get_memberships();
	group = netns_group(AF_INET, limit);
	r = msf_apply_request(self->msf, fd, &request);
	tap_expect(&self->tap, r == -ENOBUFS, "one more: %s", strerror(-r));
	after = netns_get_memberships();
	tap_expect(&self->tap, strcmp(before, after) == 0, "something was joined");
	msf_explain(self->msf, fd, &request, r, text, sizeof(text));
	expect_words(self, text, words);
	tap_comment("%s", text);
	free(before);
	free(after);
	close(fd);
	tap_end(&self->tap,
		"group %u on one socket: the limit, its value, the sysctl, the need",
		limit + 1);
}

static void check_sources(struct explain *self, const char *name)
{
	int family = self->place.group.ss_family, r;
	unsigned int limit = system_is_asm() ? ASM_SOURCES
					     : raw_await_source_limit(family);
	int fd = traffic_open_receiver(self->place.flavour);
	struct sockaddr_storage slist[RAW_MAX_SOURCES],
		source = netns_source(family, 0, limit);
	char text[TEXT_LEN] = "", value[24], needed[64];
	const char *const words[] = { name, "source", value, needed, NULL };
	struct msf_request request = { .verb = MSF_SET_FILTER,
				       .ifindex = self->place.ifindex,
				       .group = (const void *)&self->place.group,
				       .source = (const void *)&source,
				       .fmode = MCAST_INCLUDE,
				       .numsrc = limit + 1,
				       .slist = slist };

	snprintf(value, sizeof(value), " %u", limit);
	snprintf(needed, sizeof(needed), "%s=%u", name, limit + 1);
	for (unsigned int i = 0; i <= limit; i++)
		slist[i] = netns_source(family, 0, i);
	r = msf_apply_request(self->msf, fd, &request);
	tap_expect(&self->tap, r == -ENOBUFS, "set of %u: %s", limit + 1, strerror(-r));
	msf_explain(self->msf, fd, &request, r, text, sizeof(text));
	expect_words(self, text, words);
	request.numsrc = limit;
	r = msf_apply_request(self->msf, fd, &request);
	tap_expect(&self->tap, r == 0, "set of %u: %s", limit, strerror(-r));
	request.verb = MSF_JOIN_SOURCE;
	r = msf_apply_request(self->msf, fd, &request);
	tap_expect(&self->tap, r == -ENOBUFS, "join_source: %s", strerror(-r));
	strcpy(text, "");
	msf_explain(self->msf, fd, &request, r, text, sizeof(text));
	expect_words(self, text, words);
	tap_comment("%s", text);
	close(fd);
	tap_end(&self->tap,
		"%s: source %u of a filter: the limit, its value, the sysctl, the need",
		flavour_name(self->place.flavour), limit + 1);
}

/* What a warning must say of a request that succeeded; NULL: nothing. */
static void expect_warning(struct explain *self, int fd,
			   const struct msf_request *request, const char *word)
{
	char text[TEXT_LEN] = "";
	int len = msf_explain(self->msf, fd, request, 0, text, sizeof(text));

	tap_expect(&self->tap, len == (int)strlen(text), "returned %d", len);
	if (word == NULL)
		tap_expect(&self->tap, len == 0, "a warning without need: %s", text);
	else
		tap_expect(&self->tap, strstr(text, word) != NULL, "no \"%s\" in: %s",
			   word, text);
}

static void check_warnings(struct explain *self)
{
	int fd = traffic_open_receiver(self->place.flavour);
	int family = self->place.group.ss_family;
	struct sockaddr_storage ssm = netns_parse(family == AF_INET ? "232.1.1.1"
								    : "ff3e::8000:1");
	struct sockaddr_storage source = netns_source(family, 0, 0);
	struct msf_request request = { .verb = MSF_JOIN_GROUP,
				       .ifindex = self->net.ifindex[0],
				       .group = (const void *)&self->place.group,
				       .source = (const void *)&source };
	int r = msf_apply_request(self->msf, fd, &request);

	tap_expect(&self->tap, r == 0, "join_group: %s", strerror(-r));
	expect_warning(self, fd, &request, NULL);
	request.ifindex = self->net.ifindex[1];
	msf_apply_request(self->msf, fd, &request);
	expect_warning(self, fd, &request,
		       family == AF_INET6 && !system_is_asm() ? "most recent" : NULL);
	request.group = (const void *)&ssm;
	request.ifindex = self->net.ifindex[0];
	r = msf_apply_request(self->msf, fd, &request);
	tap_expect(&self->tap, r == 0, "join_group in the SSM range: %s", strerror(-r));
	expect_warning(self, fd, &request, "RFC 4607");
	msf_leave_group(self->msf, fd, request.ifindex, request.group);
	request.verb = MSF_JOIN_SOURCE;
	request.ifindex = self->net.ifindex[1];
	msf_apply_request(self->msf, fd, &request);
	expect_warning(self, fd, &request,
		       system_is_asm() ? "a join for every source, which routers ignore"
				       : NULL);
	netns_ip("link set m1 down\n");
	expect_warning(self, fd, &request, "is down");
	netns_ip("link set m1 up\nlink set m1 multicast off\n");
	expect_warning(self, fd, &request, "without multicast");
	netns_ip("link set m1 multicast on\n");
	close(fd);
	tap_end(&self->tap,
		"%s: error 0 asks for warnings, and there are none without need",
		flavour_name(self->place.flavour));
}

static void check_buffer(struct explain *self)
{
	int fd = traffic_open_receiver(self->place.flavour), whole, r;
	struct msf_request request = { .verb = MSF_LEAVE_GROUP,
				       .ifindex = self->net.ifindex[0],
				       .group = (const void *)&self->place.group };
	char text[TEXT_LEN], part[TEXT_LEN];

	whole = msf_explain(self->msf, fd, &request, EADDRNOTAVAIL, text, sizeof(text));
	r = msf_explain(self->msf, fd, &request, EADDRNOTAVAIL, NULL, 0);
	tap_expect(&self->tap, r == whole && whole > 0, "without a buffer: %d", r);
	memset(part, '#', sizeof(part));
	r = msf_explain(self->msf, fd, &request, -EADDRNOTAVAIL, part, 10);
	tap_expect(&self->tap, r == whole, "with 10 bytes: %d, not %d", r, whole);
	tap_expect(&self->tap, strlen(part) == 9 && strncmp(part, text, 9) == 0,
		   "with 10 bytes: other text");
	tap_expect(&self->tap, part[10] == '#', "more than 10 bytes were written");
	close(fd);
	tap_end(&self->tap, "%s: msf_explain() counts and cuts as snprintf() does",
		flavour_name(self->place.flavour));
}

static void check_sockets(struct explain *self)
{
	struct msf_request request = { .verb = MSF_JOIN_GROUP,
				       .ifindex = self->net.ifindex[0],
				       .group = (const void *)&self->place.group };
	int domain = flavour_get_domain(self->place.flavour);
	int tcp = socket(domain, SOCK_STREAM | SOCK_CLOEXEC, 0), file = dup(1);
	const struct {
		int fd, error;
		const char *word;
	} bad[] = {
		{ 1023, EBADF, "1023" },
		{ file, ENOTSOCK, "not a socket" },
		{ tcp, EOPNOTSUPP, "TCP" },
	};
	char text[TEXT_LEN];

	for (size_t i = 0; i < 3; i++) {
		int r = msf_apply_request(self->msf, bad[i].fd, &request);

		tap_expect(&self->tap, r == -bad[i].error, "%zu: %s", i, strerror(-r));
		strcpy(text, "");
		msf_explain(self->msf, bad[i].fd, &request, r, text, sizeof(text));
		tap_expect(&self->tap, strstr(text, bad[i].word) != NULL,
			   "no \"%s\" in: %s", bad[i].word, text);
	}
	close(tcp);
	close(file);
	tap_end(&self->tap, "%s: a wrong descriptor is named",
		flavour_name(self->place.flavour));
}

static void remove_routes(void)
{
	if (netns_ip("route del 224.0.0.0/4 dev m0\n") < 0 ||
	    system("ip -6 route flush table local type multicast") != 0)
		tap_bail_out("cannot remove the multicast routes");
}

static void check_source_limits(struct explain *self, bool is_ipv6)
{
	if (system_is_asm()) {
		check_sources(self, "MSF_MAX_SOURCES");
		return;
	}
	netns_set_sysctl("net/ipv4/igmp_max_msf", 10);
	check_sources(self, is_ipv6 ? "net.ipv6.mld_max_msf" : "net.ipv4.igmp_max_msf");
	netns_set_sysctl("net/ipv4/igmp_max_msf", 7);
	if (!is_ipv6)
		check_sources(self, "net.ipv4.igmp_max_msf");
}

int main(void)
{
	struct explain self = { 0 };

	netns_init(&self.net);
	system_init();
	self.msf = system_new_context();
	for (enum flavour flavour = 0; flavour < N_FLAVOURS; flavour++) {
		self.place = (struct model_place){
			flavour, 0, self.net.ifindex[0],
			netns_group(flavour_get_family(flavour), 0)
		};
		check_warnings(&self);
		check_buffer(&self);
		check_sockets(&self);
		check_source_limits(&self, flavour == FLAVOUR_IPV6);
	}
	check_groups(&self, 20);
	check_groups(&self, 5);
	remove_routes();
	for (enum flavour flavour = 0; flavour < N_FLAVOURS; flavour++) {
		self.place.flavour = flavour;
		self.place.group = netns_group(flavour_get_family(flavour), 0);
		check_rows(&self);
	}
	msf_free(self.msf);
	return tap_finish(&self.tap);
}
