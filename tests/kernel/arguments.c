/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Every wrong argument of semantics.md, alone and in pairs, in every shape that
 * can spell it: the earlier row decides, and nothing is left behind, neither on
 * the socket nor on an interface. The namespace has no route to any group.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "model.h"
#include "raw.h"
#include "shape.h"
#include "system.h"
#include "tap.h"

#define N_LIST    3u
#define N_ENDLESS 65537u

struct arguments {
	struct tap tap;
	struct netns net;
	int closed_fd; /* a number that is not open */
	int file_fd;
	int good_fd[N_FLAVOURS];
	int tcp_fd[N_FLAVOURS];
	int unix_fd;
	int ipv4_fd; /* AF_INET, for IPv6 groups */
};

/* One request with one or two arguments spoilt. */
struct attempt {
	const struct arguments *arguments;
	struct model_place place;
	const struct shape *shape;
	struct model_call call;
	int fd;
	bool is_null;
	bool is_short;
};

/* Two spoilers go together when they touch different fields. */
enum field {
	FIELD_FD = 1,
	FIELD_BYTES = 2,
	FIELD_MODE = 4,
	FIELD_GROUP = 8,
	FIELD_SOURCE = 16,
	FIELD_LIST = 32,
	FIELD_INTERFACE = 64,
};

#define BIT(x) (1u << (x))
#define ALL    0xffffu
#define SET    BIT(MSF_SET_FILTER)
#define WITH_SRC                                                                \
	(BIT(MSF_JOIN_SOURCE) | BIT(MSF_LEAVE_SOURCE) | BIT(MSF_BLOCK_SOURCE) | \
	 BIT(MSF_UNBLOCK_SOURCE) | SET)
#define V4   (BIT(FLAVOUR_IPV4) | BIT(FLAVOUR_IPV4_ON_IPV6))
#define V6   BIT(FLAVOUR_IPV6)
#define BOTH (V4 | V6)

static void put_source(struct attempt *attempt, const char *text)
{
	attempt->call.source = netns_parse(text);
	attempt->call.slist[0] = attempt->call.source;
}

static void put_group(struct attempt *attempt, const char *text)
{
	attempt->place.group = netns_parse(text);
}

static void spoil_closed(struct attempt *attempt)
{
	attempt->fd = attempt->arguments->closed_fd;
}

static void spoil_file(struct attempt *attempt)
{
	attempt->fd = attempt->arguments->file_fd;
}

static void spoil_tcp(struct attempt *attempt)
{
	attempt->fd = attempt->arguments->tcp_fd[attempt->place.flavour];
}

static void spoil_unix(struct attempt *attempt)
{
	attempt->fd = attempt->arguments->unix_fd;
}

static void spoil_null(struct attempt *attempt)
{
	attempt->is_null = true;
}

static void spoil_length(struct attempt *attempt)
{
	attempt->is_short = true;
}

static void spoil_mode(struct attempt *attempt)
{
	attempt->call.request.fmode = 2;
}

static void spoil_domain(struct attempt *attempt)
{
	attempt->fd = attempt->arguments->ipv4_fd;
}

static void spoil_family4(struct attempt *attempt)
{
	put_source(attempt, "fd09::77");
}

static void spoil_family6(struct attempt *attempt)
{
	put_source(attempt, "10.9.0.77");
}

static void spoil_group4(struct attempt *attempt)
{
	put_group(attempt, "10.9.0.9");
}

static void spoil_group6(struct attempt *attempt)
{
	put_group(attempt, "fd09::9");
}

static void spoil_mapped_group(struct attempt *attempt)
{
	put_group(attempt, "::ffff:239.1.2.3");
}

static void spoil_source_multicast4(struct attempt *attempt)
{
	put_source(attempt, "239.1.1.1");
}

static void spoil_source_any4(struct attempt *attempt)
{
	put_source(attempt, "0.0.0.0");
}

static void spoil_source_zeronet(struct attempt *attempt)
{
	put_source(attempt, "0.1.2.3");
}

static void spoil_source_broadcast(struct attempt *attempt)
{
	put_source(attempt, "255.255.255.255");
}

static void spoil_source_multicast6(struct attempt *attempt)
{
	put_source(attempt, "ff02::1");
}

static void spoil_source_any6(struct attempt *attempt)
{
	put_source(attempt, "::");
}

static void spoil_source_mapped(struct attempt *attempt)
{
	put_source(attempt, "::ffff:10.9.0.1");
}

static void spoil_duplicate(struct attempt *attempt)
{
	attempt->call.slist[N_LIST - 1] = attempt->call.slist[N_LIST - 2];
}

static void spoil_interface(struct attempt *attempt)
{
	attempt->call.request.ifindex = 4242;
}

static void spoil_route(struct attempt *attempt)
{
	attempt->call.request.ifindex = 0;
}

static const struct spoiler {
	const char *name;
	int error;
	unsigned int fields, verbs, flavours;
	void (*spoil)(struct attempt *attempt);
} spoilers[] = {
	{ "closed fd", EBADF, FIELD_FD, ALL, BOTH, spoil_closed },
	{ "not a socket", ENOTSOCK, FIELD_FD, ALL, BOTH, spoil_file },
	{ "TCP", EOPNOTSUPP, FIELD_FD, ALL, BOTH, spoil_tcp },
	{ "Unix", EOPNOTSUPP, FIELD_FD, ALL, BOTH, spoil_unix },
	{ "NULL", EFAULT, FIELD_BYTES, ALL, BOTH, spoil_null },
	{ "short", EINVAL, FIELD_BYTES, ALL, BOTH, spoil_length },
	{ "fmode 2", EINVAL, FIELD_MODE, SET, BOTH, spoil_mode },
	{ "IPv6 on AF_INET", EAFNOSUPPORT, FIELD_FD, ALL, V6, spoil_domain },
	{ "IPv6 source", EAFNOSUPPORT, FIELD_SOURCE, WITH_SRC, V4, spoil_family4 },
	{ "IPv4 source", EAFNOSUPPORT, FIELD_SOURCE, WITH_SRC, V6, spoil_family6 },
	{ "unicast group", EINVAL, FIELD_GROUP, ALL, V4, spoil_group4 },
	{ "unicast group", EINVAL, FIELD_GROUP, ALL, V6, spoil_group6 },
	{ "v4-mapped group", EINVAL, FIELD_GROUP, ALL, V6, spoil_mapped_group },
	{ "source 239.1.1.1", EINVAL, FIELD_SOURCE, WITH_SRC, V4,
	  spoil_source_multicast4 },
	{ "source 0.0.0.0", EINVAL, FIELD_SOURCE, WITH_SRC, V4, spoil_source_any4 },
	{ "source 0.1.2.3", EINVAL, FIELD_SOURCE, WITH_SRC, V4, spoil_source_zeronet },
	{ "source 255.255.255.255", EINVAL, FIELD_SOURCE, WITH_SRC, V4,
	  spoil_source_broadcast },
	{ "source ff02::1", EINVAL, FIELD_SOURCE, WITH_SRC, V6, spoil_source_multicast6 },
	{ "source ::", EINVAL, FIELD_SOURCE, WITH_SRC, V6, spoil_source_any6 },
	{ "v4-mapped source", EINVAL, FIELD_SOURCE, WITH_SRC, V6, spoil_source_mapped },
	{ "duplicate", EINVAL, FIELD_LIST, SET, BOTH, spoil_duplicate },
	{ "no such interface", ENODEV, FIELD_INTERFACE, ALL, BOTH, spoil_interface },
	{ "no route", ENODEV, FIELD_INTERFACE, ALL, BOTH, spoil_route },
};
#define N_SPOILERS (sizeof(spoilers) / sizeof(spoilers[0]))

/* Can the shape spell it at all? */
static bool can_spell(const struct shape *shape, const struct spoiler *spoiler,
		      const struct attempt *attempt)
{
	bool has_sockaddr = shape_can(shape, attempt->call.request.verb, FLAVOUR_IPV6);
	struct shape_bytes bytes = { .door = DOOR_SETSOCKOPT };

	if (!(spoiler->verbs >> attempt->call.request.verb & 1) ||
	    !(spoiler->flavours >> attempt->place.flavour & 1))
		return false;
	if (spoiler->error == EAFNOSUPPORT && spoiler->fields == FIELD_SOURCE)
		return has_sockaddr;
	if (spoiler->spoil != spoil_length)
		return true;
	if (shape->encode == NULL)
		return false;
	shape->encode(&attempt->call.request, &bytes);
	return bytes.door != DOOR_IOCTL;
}

static void init_attempt(struct attempt *attempt, const struct arguments *arguments,
			 const struct model_place *place, const struct shape *shape,
			 enum msf_verb verb)
{
	struct model_request request = { .verb = verb, .source = 0, .set = 7 };

	*attempt = (struct attempt){ .arguments = arguments,
				     .place = *place,
				     .shape = shape,
				     .fd = arguments->good_fd[place->flavour] };
	model_spell(place, &request, &attempt->call);
	attempt->call.request.group = (const void *)&attempt->place.group;
	attempt->call.request.source = (const void *)&attempt->call.source;
	attempt->call.request.slist = attempt->call.slist;
}

static int send_bytes(struct attempt *attempt, const struct msf_request *request)
{
	struct shape_bytes bytes = { .door = DOOR_SETSOCKOPT };
	socklen_t *len = &bytes.len;
	void *optval;
	int r;

	attempt->shape->encode(request, &bytes);
	optval = attempt->is_null ? NULL : bytes.room;
	if (attempt->is_short)
		*len = request->verb == MSF_GET_FILTER ? 12 : 7;
	if (bytes.door == DOOR_SETSOCKOPT)
		r = msf_setsockopt(attempt->fd, bytes.level, bytes.optname, optval, *len);
	else if (bytes.door == DOOR_GETSOCKOPT)
		r = msf_getsockopt(attempt->fd, bytes.level, bytes.optname, optval, len);
	else
		r = msf_ioctl(attempt->fd, bytes.ioctl, optval);
	return r < 0 ? -errno : 0;
}

/* In the function shapes it is the group that is NULL; where that is a value,
 * the list, or what the answer goes to. */
static int call_with_null(struct attempt *attempt, struct msf_request *request)
{
	struct raw_filter answer = { .numsrc = 4 };
	struct in_addr any = { 0 };
	const struct sockaddr_in *group = (const void *)&attempt->place.group;

	if (strcmp(attempt->shape->name, "*ipv4sourcefilter()") == 0) {
		request->slist = NULL;
		if (request->verb == MSF_SET_FILTER)
			return attempt->shape->apply(NULL, attempt->fd, request);
		return msf_getipv4sourcefilter(attempt->fd, any, group->sin_addr, NULL,
					       &answer.numsrc, NULL) < 0
			       ? -errno
			       : 0;
	}
	request->group = NULL;
	if (request->verb == MSF_GET_FILTER)
		return attempt->shape->get(NULL, attempt->fd, request, &answer);
	return attempt->shape->apply(NULL, attempt->fd, request);
}

static int do_attempt(struct attempt *attempt)
{
	struct msf_request request = attempt->call.request;
	struct raw_filter answer = { .fmode = 77, .numsrc = 3 };
	int r;

	/* A get has room for a list, and sends none. */
	request.numsrc = request.verb == MSF_SET_FILTER   ? N_LIST
			 : request.verb == MSF_GET_FILTER ? 3
							  : 0;
	if (attempt->shape->encode != NULL)
		return send_bytes(attempt, &request);
	if (attempt->is_null)
		return call_with_null(attempt, &request);
	if (request.verb != MSF_GET_FILTER)
		return attempt->shape->apply(NULL, attempt->fd, &request);
	r = attempt->shape->get(NULL, attempt->fd, &request, &answer);
	return r < 0 && (answer.fmode != 77 || answer.numsrc != 3) ? -EXDEV : r;
}

/* b may be NULL: one wrong argument alone. */
static void check_pair(struct arguments *self, const struct attempt *base,
		       const struct spoiler *a, const struct spoiler *b,
		       const char *memberships)
{
	struct model_filter before, after;
	struct attempt attempt = *base;
	char *now, text[MODEL_TEXT];
	bool is_seen;
	int r;

	attempt.call.request.group = (const void *)&attempt.place.group;
	attempt.call.request.source = (const void *)&attempt.call.source;
	attempt.call.request.slist = attempt.call.slist;
	model_look(base->fd, &base->place, &before);
	a->spoil(&attempt);
	if (b != NULL)
		b->spoil(&attempt);
	r = do_attempt(&attempt);
	tap_expect(&self->tap, r == -a->error, "%s%s%s: %s, not %s", a->name,
		   b != NULL ? " and " : "", b != NULL ? b->name : "",
		   r == -EXDEV ? "results were written" : strerror(-r),
		   strerror(a->error));
	is_seen = model_look(base->fd, &base->place, &after);
	tap_expect(&self->tap, is_seen && model_is_equal(before, after),
		   "%s: the socket has %s now", a->name,
		   is_seen ? model_print_filter(after, text) : "what cannot be seen");
	now = netns_get_memberships();
	tap_expect(&self->tap, strcmp(now, memberships) == 0,
		   "%s: an interface has changed", a->name);
	free(now);
}

static void check_pairs(struct arguments *self, const struct attempt *base)
{
	char *memberships = netns_get_memberships();

	for (size_t i = 0; i < N_SPOILERS; i++) {
		if (!can_spell(base->shape, &spoilers[i], base))
			continue;
		check_pair(self, base, &spoilers[i], NULL, memberships);
		for (size_t j = i + 1; j < N_SPOILERS; j++)
			if (can_spell(base->shape, &spoilers[j], base) &&
			    !(spoilers[i].fields & spoilers[j].fields))
				check_pair(self, base, &spoilers[i], &spoilers[j],
					   memberships);
	}
	free(memberships);
}

static void check_verb(struct arguments *self, const struct model_place *place,
		       const struct shape *shape, enum msf_verb verb)
{
	int fd = self->good_fd[place->flavour], family = place->group.ss_family;
	struct sockaddr_storage blocked = netns_source(family, place->link, 3);
	struct model_request request = { .verb = verb };
	struct attempt base;
	char text[MODEL_TEXT];

	init_attempt(&base, self, place, shape, verb);
	check_pairs(self, &base);
	system_delta(fd, MSF_JOIN_GROUP, place->ifindex, &place->group, NULL);
	system_delta(fd, MSF_BLOCK_SOURCE, place->ifindex, &place->group, &blocked);
	check_pairs(self, &base);
	system_delta(fd, MSF_LEAVE_GROUP, place->ifindex, &place->group, NULL);
	model_print_request(&request, text);
	text[strcspn(text, " {")] = '\0';
	tap_end(&self->tap,
		"%s: %s%s by %s: of two wrong arguments the earlier row decides",
		flavour_name(place->flavour), text,
		verb == MSF_SET_FILTER ? "filter" : "", shape->name);
}

/* An option's level says which family its addresses are of. */
static void check_levels(struct arguments *self)
{
	struct sockaddr_storage group4 = netns_group(AF_INET, 0);
	struct sockaddr_storage group6 = netns_group(AF_INET6, 0);
	struct group_req request = { .gr_interface = self->net.ifindex[0] };
	const struct {
		const char *name;
		int fd, level;
		const struct sockaddr_storage *group;
	} rows[] = {
		{ "an IPv6 group at IPPROTO_IP", self->good_fd[FLAVOUR_IPV6], IPPROTO_IP,
		  &group6 },
		{ "an IPv4 group at IPPROTO_IPV6", self->good_fd[FLAVOUR_IPV6],
		  IPPROTO_IPV6, &group4 },
		{ "an IPv4 group at IPPROTO_IPV6 on AF_INET", self->good_fd[FLAVOUR_IPV4],
		  IPPROTO_IPV6, &group4 },
		{ "an IPv6 group at IPPROTO_IPV6 on AF_INET", self->good_fd[FLAVOUR_IPV4],
		  IPPROTO_IPV6, &group6 },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		int r;

		request.gr_group = *rows[i].group;
		r = msf_setsockopt(rows[i].fd, rows[i].level, MCAST_JOIN_GROUP, &request,
				   sizeof(request));
		tap_expect(&self->tap, r == -1 && errno == EAFNOSUPPORT, "%s: %d, %s",
			   rows[i].name, r, strerror(errno));
	}
	tap_end(&self->tap,
		"a group of another family than the option's is EAFNOSUPPORT");
}

/* A list longer than any that is looked at; what is wrong with the group
 * comes before the length. */
static void check_endless_list(struct arguments *self)
{
	struct sockaddr_storage *slist = calloc(N_ENDLESS, sizeof(*slist));
	struct sockaddr_storage group4 = netns_group(AF_INET, 0);
	struct sockaddr_storage group6 = netns_group(AF_INET6, 0);
	struct sockaddr_storage unicast4 = netns_parse("10.9.0.9");
	struct sockaddr_storage unicast6 = netns_parse("fd09::9");
	struct sockaddr_storage mapped = netns_parse("::ffff:239.1.2.3");
	struct sockaddr_storage local = { .ss_family = AF_UNIX };
	int fd4 = self->good_fd[FLAVOUR_IPV4], fd6 = self->good_fd[FLAVOUR_IPV6];
	const struct {
		const char *name;
		int fd, error;
		const struct sockaddr_storage *group;
	} rows[] = {
		{ "unicast IPv4", fd4, EINVAL, &unicast4 },
		{ "unicast IPv6", fd6, EINVAL, &unicast6 },
		{ "v4-mapped", fd6, EINVAL, &mapped },
		{ "AF_UNIX", fd4, EAFNOSUPPORT, &local },
		{ "IPv6 on AF_INET", fd4, EAFNOSUPPORT, &group6 },
		{ "TCP", self->tcp_fd[FLAVOUR_IPV4], EOPNOTSUPP, &group4 },
		{ "IPv4", fd4, ENOBUFS, &group4 },
		{ "IPv6", fd6, ENOBUFS, &group6 },
	};

	if (slist == NULL)
		tap_bail_out("no memory");
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		int r;

		for (unsigned int j = 0; j < N_ENDLESS; j++)
			slist[j] = netns_source(
				rows[i].group->ss_family == AF_INET6 ? AF_INET6 : AF_INET,
				0, 1);
		r = msf_set_filter(NULL, rows[i].fd, self->net.ifindex[0],
				   (const void *)rows[i].group, MCAST_INCLUDE, N_ENDLESS,
				   slist, 0);
		tap_expect(&self->tap, r == -rows[i].error, "%s: %s, not %s",
			   rows[i].name, strerror(-r), strerror(rows[i].error));
	}
	free(slist);
	tap_end(&self->tap, "a wrong group or family comes before a list of %u sources",
		N_ENDLESS);
}

static void remove_routes(void)
{
	if (netns_ip("route del 224.0.0.0/4 dev m0\n") < 0 ||
	    system("ip -6 route flush table local type multicast") != 0)
		tap_bail_out("cannot remove the multicast routes");
}

static void init(struct arguments *self)
{
	netns_init(&self->net);
	system_init();
	remove_routes();
	self->file_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	self->closed_fd = 1023;
	self->unix_fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	self->ipv4_fd = traffic_open_receiver(FLAVOUR_IPV4);
	for (enum flavour flavour = 0; flavour < N_FLAVOURS; flavour++) {
		self->good_fd[flavour] = traffic_open_receiver(flavour);
		self->tcp_fd[flavour] = socket(flavour_get_domain(flavour),
					       SOCK_STREAM | SOCK_CLOEXEC, 0);
	}
}

static void fini(struct arguments *self)
{
	close(self->file_fd);
	close(self->unix_fd);
	close(self->ipv4_fd);
	for (enum flavour flavour = 0; flavour < N_FLAVOURS; flavour++) {
		close(self->good_fd[flavour]);
		close(self->tcp_fd[flavour]);
	}
}

int main(void)
{
	struct arguments self = { 0 };

	init(&self);
	for (enum flavour flavour = 0; flavour < N_FLAVOURS; flavour++) {
		struct model_place place = { flavour, 0, self.net.ifindex[0],
					     netns_group(flavour_get_family(flavour),
							 0) };

		for (unsigned int s = 0; s < n_shapes; s++)
			for (enum msf_verb verb = 0; verb <= MSF_GET_FILTER; verb++)
				if (shape_can(&shapes[s], verb, flavour))
					check_verb(&self, &place, &shapes[s], verb);
	}
	check_levels(&self);
	check_endless_list(&self);
	fini(&self);
	return tap_finish(&self.tap);
}
