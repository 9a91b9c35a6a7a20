/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Every shape in which a request can reach a kernel reads as one and the same
 * request, and structures of every length are read no further than they go.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <arpa/inet.h>

#include "abi.h"
#include "sockaddr.h"
#include "tap.h"

#define IFINDEX   7
#define N_SOURCES 2

/* What each shape is to say. */
struct said {
	struct sockaddr_storage group;
	struct sockaddr_storage sources[N_SOURCES];
};

static struct said say(int family)
{
	const char *text[] = { "232.1.1.1", "10.9.0.1", "10.9.0.2" };
	const char *text6[] = { "ff3e::1", "fd09::1", "fd09::2" };
	struct said said;
	struct sockaddr_storage *ss[] = { &said.group, &said.sources[0],
					  &said.sources[1] };
	uint8_t bytes[16];

	memset(&said, 0, sizeof(said));
	for (int i = 0; i < 3; i++) {
		struct addr a;

		if (family == AF_INET) {
			inet_pton(AF_INET, text[i], bytes);
			a = addr_from_ipv4((uint32_t)bytes[0] << 24 | bytes[1] << 16 |
					   bytes[2] << 8 | bytes[3]);
		} else {
			inet_pton(AF_INET6, text6[i], bytes);
			a = addr_from_bytes(bytes);
		}
		sockaddr_set(ss[i], family, a);
	}
	return said;
}

static struct in_addr in_of(const struct sockaddr_storage *ss)
{
	return ((const struct sockaddr_in *)ss)->sin_addr;
}

/* Writes the structure; returns its length. */
static size_t build(const struct abi_shape *shape, const struct said *said, void *buf)
{
	struct ip_mreqn mreqn = { in_of(&said->group), { 0 }, IFINDEX };
	struct ip_mreq_source mreqs = { in_of(&said->group),
					{ htonl(0x0a090009) },
					in_of(&said->sources[0]) };
	struct ipv6_mreq mreq6 = { .ipv6mr_interface = IFINDEX };
	struct group_req req = { IFINDEX, said->group };
	struct group_source_req reqs = { IFINDEX, said->group, said->sources[0] };
	struct ip_msfilter *imsf = buf;
	struct group_filter *gf = buf;

	switch (shape->layout) {
	case ABI_MREQ:
		memcpy(buf, &mreqn, sizeof(mreqn));
		return sizeof(mreqn);
	case ABI_MREQ_SOURCE:
		memcpy(buf, &mreqs, sizeof(mreqs));
		return sizeof(mreqs);
	case ABI_MSFILTER:
		imsf->imsf_multiaddr = in_of(&said->group);
		imsf->imsf_interface.s_addr = htonl(0x0a090009);
		imsf->imsf_fmode = MCAST_EXCLUDE;
		imsf->imsf_numsrc = N_SOURCES;
		imsf->imsf_slist[0] = in_of(&said->sources[0]);
		memcpy(&imsf->imsf_slist[0] + 1,
		       &((const struct sockaddr_in *)&said->sources[1])->sin_addr,
		       sizeof(struct in_addr));
		return IP_MSFILTER_SIZE(N_SOURCES);
	case ABI_MREQ6:
		mreq6.ipv6mr_multiaddr =
			((const struct sockaddr_in6 *)&said->group)->sin6_addr;
		memcpy(buf, &mreq6, sizeof(mreq6));
		return sizeof(mreq6);
	case ABI_GROUP_REQ:
		memcpy(buf, &req, sizeof(req));
		return sizeof(req);
	case ABI_GROUP_SOURCE_REQ:
		memcpy(buf, &reqs, sizeof(reqs));
		return sizeof(reqs);
	case ABI_GROUP_FILTER:
		gf->gf_interface = IFINDEX;
		gf->gf_group = said->group;
		gf->gf_fmode = MCAST_EXCLUDE;
		gf->gf_numsrc = N_SOURCES;
		memcpy(gf->gf_slist, said->sources, sizeof(said->sources));
		return GROUP_FILTER_SIZE(N_SOURCES);
	}
	return 0;
}

static bool is_addr(const struct sockaddr *sa, const struct sockaddr_storage *ss)
{
	struct addr a, b;

	return sockaddr_get(sa, &a) == SOCKADDR_OK &&
	       sockaddr_get((const struct sockaddr *)ss, &b) == SOCKADDR_OK &&
	       sa->sa_family == ss->ss_family && addr_equal(a, b);
}

static void expect_list(struct tap *tap, const struct abi_shape *shape,
			const struct request_input *input, const struct said *said)
{
	tap_expect(tap, input->request.numsrc == N_SOURCES, "two sources");
	tap_expect(tap, input->request.fmode == MCAST_EXCLUDE, "EXCLUDE");
	for (int i = 0; i < N_SOURCES; i++) {
		if (shape->layout == ABI_MSFILTER)
			tap_expect(tap,
				   input->ipv4_list[i].s_addr ==
					   in_of(&said->sources[i]).s_addr,
				   "source %d", i);
		else
			tap_expect(
				tap,
				is_addr((const struct sockaddr *)&input->request.slist[i],
					&said->sources[i]),
				"source %d", i);
	}
}

static void test_shape(struct tap *tap, int level, int optname, const char *name)
{
	const struct abi_shape *shape = abi_find_option(level, optname);
	int family = level == IPPROTO_IP ? AF_INET : AF_INET6;
	struct said said = say(family);
	char buf[GROUP_FILTER_SIZE(N_SOURCES)] __attribute__((aligned(8))) = { 0 };
	const struct request_input *input;
	struct abi_request asked;
	size_t len;

	if (!tap_expect(tap, shape, "%s is an option of this API", name))
		goto end;
	len = build(shape, &said, buf);
	abi_decode(shape, shape->verb, level, buf, len, &asked);
	input = &asked.input;
	tap_expect(tap, !input->fault, "no fault, not %d", input->fault);
	tap_expect(tap, input->family == family, "the level's family");
	tap_expect(tap, is_addr(input->request.group, &said.group), "the group");
	if (shape->layout == ABI_MREQ_SOURCE || shape->layout == ABI_GROUP_SOURCE_REQ)
		tap_expect(tap, is_addr(input->request.source, &said.sources[0]),
			   "the source");
	if (shape->verb == MSF_SET_FILTER)
		expect_list(tap, shape, input, &said);
	if (shape->layout == ABI_MREQ_SOURCE || shape->layout == ABI_MSFILTER)
		tap_expect(tap,
			   input->has_address &&
				   input->address.s_addr == htonl(0x0a090009),
			   "the interface by address");
	else
		tap_expect(tap, input->request.ifindex == IFINDEX, "the interface");

	/* every shorter length, in a buffer that ends there */
	for (size_t shorter = 0; shorter < len; shorter++) {
		char *cut = malloc(shorter + 1);
		bool is_mreq = shape->layout == ABI_MREQ &&
			       shorter >= sizeof(struct ip_mreq);

		memcpy(cut, buf, shorter);
		cut = realloc(cut, shorter ? shorter : 1);
		abi_decode(shape, shape->verb, level, cut, shorter, &asked);
		tap_expect(tap, (asked.input.fault == FAULT_LENGTH) == !is_mreq,
			   "%zu bytes are too short", shorter);
		free(cut);
	}
	abi_decode(shape, shape->verb, level, NULL, len, &asked);
	tap_expect(tap, asked.input.fault == FAULT_NULL, "NULL is a fault");
end:
	tap_end(tap, "%s at level %d reads as its request", name, level);
}

static bool is_list(const struct abi_shape *shape, const struct request_input *input,
		    const struct source_set *list)
{
	for (uint32_t i = 0; i < list->n; i++) {
		struct addr a;

		if (shape->layout == ABI_MSFILTER)
			a = addr_from_ipv4(ntohl(input->ipv4_list[i].s_addr));
		else
			sockaddr_get((const void *)&input->request.slist[i], &a);
		if (!addr_equal(a, list->addr[i]))
			return false;
	}
	return true;
}

/* What is written is read again: every layout says all that it has a place for. */
static void test_way_back(struct tap *tap, int level, int optname, const char *name)
{
	const struct abi_shape *shape = abi_find_option(level, optname);
	bool is_ipv4 = level == IPPROTO_IP;
	struct addr sources[2] = {
		is_ipv4 ? addr_from_ipv4(0x0a090001) : (struct addr){ 1, 2 },
		is_ipv4 ? addr_from_ipv4(0x0a090002) : (struct addr){ 1, 3 }
	};
	struct abi_values values = {
		.family = is_ipv4 ? AF_INET : AF_INET6,
		.ifindex = IFINDEX,
		.interface = { htonl(0x0a090009) },
		.group = is_ipv4 ? addr_from_ipv4(0xe8010101)
				 : (struct addr){ 0xff3e000000000000, 1 },
		.source = sources[0],
		.fmode = MCAST_EXCLUDE,
		.list = { 2, sources },
	};
	char buf[GROUP_FILTER_SIZE(2)] __attribute__((aligned(8))) = { 0 };
	const struct request_input *input;
	struct abi_request asked;
	struct addr a;

	abi_decode(shape, shape->verb, level, buf,
		   abi_encode(shape->layout, &values, buf), &asked);
	input = &asked.input;
	tap_expect(tap, !input->fault, "no fault, not %d", input->fault);
	tap_expect(tap,
		   sockaddr_get(input->request.group, &a) == SOCKADDR_OK &&
			   addr_equal(a, values.group),
		   "the group");
	tap_expect(tap,
		   input->request.ifindex == IFINDEX ||
			   (input->has_address &&
			    input->address.s_addr == values.interface.s_addr),
		   "the interface");
	if (shape->layout == ABI_MREQ_SOURCE || shape->layout == ABI_GROUP_SOURCE_REQ)
		tap_expect(tap,
			   sockaddr_get(input->request.source, &a) == SOCKADDR_OK &&
				   addr_equal(a, sources[0]),
			   "the source");
	if (shape->verb == MSF_SET_FILTER)
		tap_expect(tap,
			   input->request.fmode == MCAST_EXCLUDE &&
				   input->request.numsrc == 2 &&
				   is_list(shape, input, &values.list),
			   "mode and list");
	tap_end(tap, "%s at level %d is written as it is read", name, level);
}

int main(void)
{
	struct tap tap = { 0 };

#define SHAPE(level, optname)                                  \
	do {                                                   \
		test_shape(&tap, level, optname, #optname);    \
		test_way_back(&tap, level, optname, #optname); \
	} while (0)
	SHAPE(IPPROTO_IP, IP_ADD_MEMBERSHIP);
	SHAPE(IPPROTO_IP, IP_DROP_MEMBERSHIP);
	SHAPE(IPPROTO_IP, IP_ADD_SOURCE_MEMBERSHIP);
	SHAPE(IPPROTO_IP, IP_DROP_SOURCE_MEMBERSHIP);
	SHAPE(IPPROTO_IP, IP_BLOCK_SOURCE);
	SHAPE(IPPROTO_IP, IP_UNBLOCK_SOURCE);
	SHAPE(IPPROTO_IP, IP_MSFILTER);
	SHAPE(IPPROTO_IPV6, IPV6_JOIN_GROUP);
	SHAPE(IPPROTO_IPV6, IPV6_LEAVE_GROUP);
	for (int i = 0; i < 2; i++) {
		int level = i ? IPPROTO_IPV6 : IPPROTO_IP;

		SHAPE(level, MCAST_JOIN_GROUP);
		SHAPE(level, MCAST_LEAVE_GROUP);
		SHAPE(level, MCAST_JOIN_SOURCE_GROUP);
		SHAPE(level, MCAST_LEAVE_SOURCE_GROUP);
		SHAPE(level, MCAST_BLOCK_SOURCE);
		SHAPE(level, MCAST_UNBLOCK_SOURCE);
		SHAPE(level, MCAST_MSFILTER);
	}
	tap_expect(&tap, !abi_find_option(IPPROTO_IP, IP_TTL), "IP_TTL");
	tap_expect(&tap, !abi_find_option(SOL_SOCKET, MCAST_JOIN_GROUP), "SOL_SOCKET");
	tap_expect(&tap, !abi_find_option(IPPROTO_IPV6, IP_ADD_MEMBERSHIP),
		   "IP_ADD_MEMBERSHIP at level IPPROTO_IPV6");
	tap_end(&tap, "options of other APIs are left alone");
	for (uint32_t n = 1; n != 0; n *= 2) {
		const struct abi_shape *shape = abi_find_option(IPPROTO_IP,
								MCAST_MSFILTER);

		tap_expect(&tap,
			   abi_get_filter_size(shape, n) ==
				   GROUP_FILTER_SIZE(0) + UINT64_C(128) * n,
			   "%" PRIu32 " sources", n);
	}
	tap_end(&tap, "a size is told that no memory holds");
	return tap_finish(&tap);
}
