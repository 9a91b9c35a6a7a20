/* SPDX-License-Identifier: BSD-2-Clause */
/* See asm-rig.h. */
#include <errno.h>
#include <linux/filter.h>
#include <stdlib.h>
#include <string.h>

#include "asm-rig.h"
#include "raw.h"

void rig_init(struct rig *rig)
{
	*rig = (struct rig){ .config = { .filters = ASM_FILTERS_FULL } };
	netns_init(&rig->net);
	traffic_init(&rig->traffic, &rig->net);
	rig_go(rig, FLAVOUR_IPV4, 0);
}

int rig_finish(struct rig *rig)
{
	traffic_fini(&rig->traffic);
	return tap_finish(&rig->tap);
}

void rig_go(struct rig *rig, enum flavour flavour, unsigned int group)
{
	rig->place = (struct model_place){
		.flavour = flavour,
		.link = 1,
		.ifindex = rig->net.ifindex[1],
		.group = netns_group(flavour_get_family(flavour), group),
	};
}

int rig_open(const struct rig *rig)
{
	return traffic_open_receiver(rig->place.flavour);
}

static struct addr get_addr(const struct sockaddr_storage *sa)
{
	const struct sockaddr_in6 *sin6 = (const void *)sa;
	const struct sockaddr_in *sin = (const void *)sa;

	return sa->ss_family == AF_INET ? addr_from_ipv4(ntohl(sin->sin_addr.s_addr))
					: addr_from_bytes(sin6->sin6_addr.s6_addr);
}

static enum request_verb get_verb(const struct model_request *request)
{
	static const enum request_verb verbs[] = {
		[MSF_JOIN_GROUP] = JOIN_GROUP,     [MSF_LEAVE_GROUP] = LEAVE_GROUP,
		[MSF_JOIN_SOURCE] = JOIN_SOURCE,   [MSF_LEAVE_SOURCE] = LEAVE_SOURCE,
		[MSF_BLOCK_SOURCE] = BLOCK_SOURCE, [MSF_UNBLOCK_SOURCE] = UNBLOCK_SOURCE,
	};

	if (request->verb == MSF_SET_FILTER)
		return request->fmode == MCAST_INCLUDE ? SET_INCLUDE : SET_EXCLUDE;
	return verbs[request->verb];
}

static struct asm_request begin_request(const struct rig *rig)
{
	const struct model_place *place = &rig->place;

	return (struct asm_request){
		.family = place->group.ss_family,
		.ifindex = place->ifindex,
		.group = get_addr(&place->group),
		.is_dual = place->flavour == FLAVOUR_IPV4_ON_IPV6,
	};
}

static struct addr get_source(const struct rig *rig, unsigned int i)
{
	struct sockaddr_storage source = netns_source(rig->place.group.ss_family,
						      rig->place.link, i);

	return get_addr(&source);
}

int rig_apply(const struct rig *rig, int fd, struct model_request request)
{
	struct asm_request rq = begin_request(rig);
	struct addr list[32];

	rq.verb = get_verb(&request);
	rq.source = get_source(rig, request.source);
	rq.list.addr = list;
	for (unsigned int i = 0; i < 32; i++)
		if (request.set >> i & 1)
			list[rq.list.n++] = get_source(rig, i);
	return asm_apply(&rig->config, fd, &rq);
}

void rig_do(struct rig *rig, int fd, struct model_request request)
{
	char text[MODEL_TEXT];
	int r = rig_apply(rig, fd, request);

	tap_expect(&rig->tap, r == 0, "%s: %s", model_print_request(&request, text),
		   strerrorname_np(-r));
}

static int find_source(const struct rig *rig, struct addr source)
{
	for (int i = 0; i < 32; i++)
		if (addr_equal(get_source(rig, i), source))
			return i;
	return -1;
}

struct model_filter rig_get(struct rig *rig, int fd)
{
	struct asm_request rq = begin_request(rig);
	struct model_filter filter = { MODEL_NONE, 0 };
	struct filter got;
	int r = asm_get(&rig->config, fd, rq.ifindex, rq.group, &got);

	if (!tap_expect(&rig->tap, r == 0, "asm_get: %s", strerrorname_np(-r)))
		return filter;
	if (got.mode != FILTER_NONE)
		filter.mode = got.mode == FILTER_INCLUDE ? MODEL_INCLUDE : MODEL_EXCLUDE;
	for (uint32_t i = 0; i < got.sources.n; i++) {
		int source = find_source(rig, got.sources.addr[i]);

		if (tap_expect(&rig->tap, source >= 0, "a source that nobody gave"))
			filter.set |= 1u << source;
	}
	free(got.sources.addr);
	return filter;
}

unsigned int rig_hear(struct rig *rig, int fd)
{
	return traffic_hear(&rig->traffic, fd, rig->place.link, &rig->place.group);
}

void rig_expect(struct rig *rig, int fd, struct model_filter filter, const char *what)
{
	char wanted[MODEL_TEXT], got[MODEL_TEXT];
	struct model_filter held = rig_get(rig, fd);
	unsigned int heard = rig_hear(rig, fd);

	tap_expect(&rig->tap, model_is_equal(held, filter), "%s: it holds %s, not %s",
		   what, model_print_filter(held, got),
		   model_print_filter(filter, wanted));
	tap_expect(&rig->tap, heard == model_admit(filter), "%s: with %s it hears %x",
		   what, model_print_filter(filter, wanted), heard);
}

unsigned int rig_count_code(int fd)
{
	socklen_t n = 0;

	return raw_getsockopt(fd, SOL_SOCKET, SO_GET_FILTER, NULL, &n) ? 0 : n;
}

int rig_set_long(const struct rig *rig, int fd, uint32_t fmode, unsigned int i,
		 unsigned int n)
{
	struct asm_request rq = begin_request(rig);
	struct asm_config config = rig->config;
	struct addr base = rq.family == AF_INET
				   ? addr_from_ipv4(0xc6120000)
				   : (struct addr){ .hi = 0x20010db800000000 };
	int r;

	rq.verb = fmode == MCAST_INCLUDE ? SET_INCLUDE : SET_EXCLUDE;
	rq.list.n = n;
	rq.list.addr = calloc(n, sizeof(*rq.list.addr));
	if (rq.list.addr == NULL)
		tap_bail_out("no memory");
	for (unsigned int j = 0; j < n; j++) {
		rq.list.addr[j] = base;
		rq.list.addr[j].lo += 3ul * (i + j) + 1;
	}
	config.max_sources = 65536;
	r = asm_apply(&config, fd, &rq);
	free(rq.list.addr);
	return r;
}
