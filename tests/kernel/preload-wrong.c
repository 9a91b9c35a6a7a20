/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Everything that can be wrong in a request, or looks as if it were: by every shape
 * that can say it, to sockets in four states and to descriptors that are no UDP
 * sockets. What Linux answers is the other side's business.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "preload-table.h"
#include "tap.h"

#define NO_INTERFACE 4242u

/* Returns whether the request can be wrong in this way. */
typedef bool wrong_fn(const struct place *place, struct plain_request *rq);

static bool is_ipv4(const struct plain_request *rq)
{
	return rq->group.ss_family == AF_INET;
}

static bool is_set(const struct plain_request *rq)
{
	return rq->verb == MSF_SET_FILTER;
}

static bool is_source(const struct plain_request *rq)
{
	return rq->verb >= MSF_JOIN_SOURCE && rq->verb <= MSF_UNBLOCK_SOURCE;
}

static bool is_option(const struct plain_request *rq)
{
	return rq->shape != PLAIN_CALL && rq->shape != PLAIN_CALL4;
}

/* Does the shape say families? */
static bool has_family(const struct plain_request *rq)
{
	return rq->shape == PLAIN_MCAST || rq->shape == PLAIN_CALL;
}

static bool nothing(const struct place *place, struct plain_request *rq)
{
	(void)place;
	(void)rq;
	return true;
}

static bool unicast_group(const struct place *place, struct plain_request *rq)
{
	rq->group = place_source(place, 2);
	return true;
}

static bool no_group(const struct place *place, struct plain_request *rq)
{
	(void)place;
	rq->group = netns_parse(is_ipv4(rq) ? "0.0.0.0" : "::");
	return true;
}

static bool other_group(const struct place *place, struct plain_request *rq)
{
	(void)place;
	rq->group = netns_group(is_ipv4(rq) ? AF_INET6 : AF_INET, 0);
	return has_family(rq);
}

static bool no_family(const struct place *place, struct plain_request *rq)
{
	(void)place;
	rq->group.ss_family = AF_UNSPEC;
	return has_family(rq);
}

static bool mapped_group(const struct place *place, struct plain_request *rq)
{
	bool is_possible = !is_ipv4(rq);

	(void)place;
	rq->group = netns_parse("::ffff:239.1.2.3");
	return is_possible;
}

static bool other_level(const struct place *place, struct plain_request *rq)
{
	(void)place;
	rq->level = is_ipv4(rq) ? IPPROTO_IPV6 : IPPROTO_IP;
	return rq->shape == PLAIN_MCAST;
}

static bool put_source(struct plain_request *rq, const struct sockaddr_storage *source)
{
	rq->source = *source;
	rq->list[0] = *source;
	return is_source(rq) || (is_set(rq) && rq->n_list > 0);
}

static bool other_source(const struct place *place, struct plain_request *rq)
{
	struct sockaddr_storage source = netns_source(is_ipv4(rq) ? AF_INET6 : AF_INET, 0,
						      2);

	(void)place;
	return has_family(rq) && put_source(rq, &source);
}

static bool multicast_source(const struct place *place, struct plain_request *rq)
{
	struct sockaddr_storage source = netns_group(place->group.ss_family, 4);

	return put_source(rq, &source);
}

static bool no_source(const struct place *place, struct plain_request *rq)
{
	struct sockaddr_storage source = netns_parse(is_ipv4(rq) ? "0.0.0.0" : "::");

	(void)place;
	return put_source(rq, &source);
}

static bool same_source(const struct place *place, struct plain_request *rq)
{
	(void)place;
	rq->list[1] = rq->list[0];
	return is_set(rq) && rq->n_list > 1;
}

static bool ports(const struct place *place, struct plain_request *rq)
{
	struct sockaddr_in *group = (void *)&rq->group, *source = (void *)&rq->source;

	(void)place;
	group->sin_port = 5000;
	source->sin_port = 5001;
	return has_family(rq);
}

static bool scopes(const struct place *place, struct plain_request *rq)
{
	struct sockaddr_in6 *group = (void *)&rq->group, *source = (void *)&rq->source;
	bool is_possible = has_family(rq) && !is_ipv4(rq);

	(void)place;
	group->sin6_scope_id = NO_INTERFACE;
	source->sin6_scope_id = NO_INTERFACE;
	return is_possible;
}

static bool no_interface(const struct place *place, struct plain_request *rq)
{
	struct sockaddr_storage nobody = netns_parse("192.0.2.1");

	(void)place;
	rq->ifindex = NO_INTERFACE;
	rq->ifaddr = ((struct sockaddr_in *)(void *)&nobody)->sin_addr;
	return true;
}

/* The route to the group decides. */
static bool any_interface(const struct place *place, struct plain_request *rq)
{
	(void)place;
	rq->ifindex = 0;
	rq->ifaddr.s_addr = INADDR_ANY;
	return true;
}

static bool no_route(const struct place *place, struct plain_request *rq)
{
	bool is_possible = is_ipv4(rq);

	any_interface(place, rq);
	rq->group = netns_parse("239.10.0.1");
	return is_possible;
}

static bool wrong_mode(const struct place *place, struct plain_request *rq)
{
	(void)place;
	rq->fmode = 7;
	return is_set(rq);
}

static bool many_sources(const struct place *place, struct plain_request *rq)
{
	(void)place;
	rq->numsrc = rq->n_list + 1;
	return is_set(rq) && is_option(rq);
}

static bool too_many_sources(const struct place *place, struct plain_request *rq)
{
	(void)place;
	rq->numsrc = 0x1ffffff;
	return is_set(rq) && is_option(rq);
}

static bool few_sources(const struct place *place, struct plain_request *rq)
{
	(void)place;
	rq->numsrc = rq->n_list - 1;
	return is_set(rq) && rq->n_list > 1;
}

static bool no_room(const struct place *place, struct plain_request *rq)
{
	(void)place;
	rq->numsrc = 0;
	return rq->verb == MSF_GET_FILTER;
}

static bool is_short(const struct place *place, struct plain_request *rq)
{
	(void)place;
	/* The joins by ip_mreqn may be as short as an ip_mreq. */
	rq->n_longer = rq->shape == PLAIN_IP ? -5 : -1;
	return is_option(rq) && rq->verb != MSF_GET_FILTER;
}

static bool is_long(const struct place *place, struct plain_request *rq)
{
	(void)place;
	rq->n_longer = 1;
	return is_option(rq) && rq->verb != MSF_GET_FILTER;
}

static bool is_headless(const struct place *place, struct plain_request *rq)
{
	(void)place;
	rq->n_list = 0;
	rq->n_longer = -1;
	return is_option(rq) && rq->verb >= MSF_SET_FILTER;
}

static bool is_empty(const struct place *place, struct plain_request *rq)
{
	(void)place;
	rq->is_empty = true;
	return is_option(rq);
}

static bool is_null(const struct place *place, struct plain_request *rq)
{
	(void)place;
	rq->is_null = true;
	return is_option(rq);
}

static bool is_asked(const struct place *place, struct plain_request *rq)
{
	(void)place;
	rq->is_asked = true;
	return is_option(rq) && rq->verb < MSF_SET_FILTER;
}

static const struct {
	const char *name;
	wrong_fn *make;
} wrongs[] = {
	{ "a unicast group", unicast_group },
	{ "no group", no_group },
	{ "a group of the other family", other_group },
	{ "a group of no family", no_family },
	{ "a v4-mapped group", mapped_group },
	{ "the other level", other_level },
	{ "a source of the other family", other_source },
	{ "a multicast source", multicast_source },
	{ "no source", no_source },
	{ "the same source twice", same_source },
	{ "ports", ports },
	{ "scope ids", scopes },
	{ "no such interface", no_interface },
	{ "any interface", any_interface },
	{ "any interface without a route", no_route },
	{ "a wrong mode", wrong_mode },
	{ "more sources than bytes", many_sources },
	{ "far more sources than bytes", too_many_sources },
	{ "fewer sources than bytes", few_sources },
	{ "no room", no_room },
	{ "too few bytes", is_short },
	{ "too many bytes", is_long },
	{ "half a head", is_headless },
	{ "no bytes", is_empty },
	{ "NULL", is_null },
	{ "getsockopt()", is_asked },
};

static const struct model_request requests[] = {
	{ .verb = MSF_JOIN_GROUP },
	{ .verb = MSF_LEAVE_GROUP },
	{ .verb = MSF_JOIN_SOURCE },
	{ .verb = MSF_LEAVE_SOURCE },
	{ .verb = MSF_BLOCK_SOURCE },
	{ .verb = MSF_UNBLOCK_SOURCE },
	{ .verb = MSF_SET_FILTER, .fmode = MCAST_INCLUDE },
	{ .verb = MSF_SET_FILTER, .fmode = MCAST_INCLUDE, .set = 6 },
	{ .verb = MSF_SET_FILTER, .fmode = MCAST_EXCLUDE, .set = 6 },
	{ .verb = MSF_GET_FILTER },
};

#define N_REQUESTS (sizeof(requests) / sizeof(requests[0]))

static void print_wrong(const struct place *place, int fd, struct plain_request *rq,
			const char *what, const char *state,
			const struct model_request *request)
{
	char answer[ANSWER_TEXT], q[MODEL_TEXT];

	place_ask(place, fd, rq, answer);
	printf("%s %s: %s: %s, %s\t%s\t-\n", flavour_name(place->flavour),
	       plain_name(rq->shape), what, state, place_name_request(request, q),
	       answer);
}

static void run_wrong(const struct place *place, const char *what, wrong_fn *make,
		      const struct model_request *request)
{
	static const struct model_filter states[] = {
		{ MODEL_NONE, 0 },
		{ MODEL_INCLUDE, 1 },
		{ MODEL_EXCLUDE, 0 },
		{ MODEL_EXCLUDE, 1 },
	};
	char p[MODEL_TEXT];

	for (enum plain_shape shape = 0; shape < N_PLAIN_SHAPES; shape++)
		for (unsigned int s = 0; s < 4; s++) {
			struct plain_request rq;
			int fd;

			if (!plain_can(shape, request->verb, place->group.ss_family))
				continue;
			rq = place_spell(place, shape, request);
			if (!make(place, &rq))
				continue;
			fd = place_open(place, states[s], false);
			print_wrong(place, fd, &rq, what, place_name_filter(states[s], p),
				    request);
			close(fd);
		}
}

static int open_kind(const char *kind, int domain)
{
	if (strcmp(kind, "closed") == 0)
		return -1;
	if (strcmp(kind, "file") == 0)
		return open("/dev/null", O_RDWR | O_CLOEXEC);
	if (strcmp(kind, "UNIX") == 0)
		return socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (strcmp(kind, "netlink") == 0)
		return socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, 0);
	if (strcmp(kind, "raw") == 0)
		return socket(domain, SOCK_RAW | SOCK_CLOEXEC, 99);
	if (strcmp(kind, "UDP-Lite") == 0)
		return socket(domain, SOCK_DGRAM | SOCK_CLOEXEC, IPPROTO_UDPLITE);
	return socket(domain, SOCK_STREAM | SOCK_CLOEXEC, 0);
}

static void run_kind(const struct place *place, const char *kind,
		     const struct model_request *request)
{
	for (enum plain_shape shape = 0; shape < N_PLAIN_SHAPES; shape++) {
		struct plain_request rq;
		int fd;

		if (!plain_can(shape, request->verb, place->group.ss_family))
			continue;
		fd = open_kind(kind, flavour_get_domain(place->flavour));
		rq = place_spell(place, shape, request);
		print_wrong(place, fd, &rq, kind, "none", request);
		if (fd >= 0)
			close(fd);
	}
}

void wrong_run(const struct place *place)
{
	static const char *const kinds[] = { "closed",   "file", "UNIX", "netlink",
					     "UDP-Lite", "raw",  "TCP" };

	for (unsigned int r = 0; r < N_REQUESTS; r++) {
		run_wrong(place, "nothing", nothing, &requests[r]);
		for (unsigned int w = 0; w < sizeof(wrongs) / sizeof(wrongs[0]); w++)
			run_wrong(place, wrongs[w].name, wrongs[w].make, &requests[r]);
		for (unsigned int k = 0; k < sizeof(kinds) / sizeof(kinds[0]); k++)
			run_kind(place, kinds[k], &requests[r]);
	}
}
