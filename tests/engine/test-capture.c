/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The kernel's own reports, leaves and Done, taken from a link of a namespace while its
 * sockets join and leave: byte by byte, from the IP header on, they are what the engine's
 * encoder makes of the same records. And the kernel answers our queries.
 *
 * Some things of IPv4 headers differ on purpose and are made equal (normalise()): the
 * identification, for which a datagram that is no fragment has no use; Don't Fragment,
 * which the kernel sets; the header's checksum for that; and of older versions TOS, which
 * only IGMPv3 asks for, and Router Alert, which IGMPv1 does not know (S-IGMP-37, S-V3-6,
 * S-V3-28). MLD is not touched.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "netns.h"
#include "raw.h"
#include "tap.h"
#include "vectors.h"

#define DEADLINE_MS  15000
#define SETTLED      6u  /* changes in a row that the kernel tells of alone */
#define ROBUSTNESS   2u  /* net.ipv4.igmp_qrv: so often everything is reported */
#define INTERVAL_MS  100 /* between them, at most */
#define MANY         400u
#define FIRST_OF_399 365u /* RFC 9776 4.2.16 at 1500 bytes: (1500 - 24 - 8 - 8) / 4 */
#define EXPECTED_MAX 2u

#define LINK_WITH_ADDRESS    0u /* 10.9.0.1, fe80::1 */
#define LINK_WITHOUT_ADDRESS 1u /* no link-local one */

static const char *const sources4[NETNS_LINKS] = { "10.9.0.1", "10.9.1.1" };
static const char *const sources6[NETNS_LINKS] = { "fe80::1", "::" };

struct capture {
	struct tap tap;
	struct netns net;
	int fd[NETNS_LINKS]; /* what the peers of the links receive */
	enum engine_family family;
	unsigned int link;
	const char *group; /* in hand; packets that do not name it are passed over */
	size_t n_expected;
	struct vector expected[EXPECTED_MAX];
	struct vector kernel;
};

static struct capture capture;

static int open_peer(unsigned int link)
{
	char name[8];
	struct sockaddr_ll peer = { .sll_family = AF_PACKET,
				    .sll_protocol = htons(ETH_P_ALL) };
	int fd = socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	snprintf(name, sizeof(name), "m%up", link);
	peer.sll_ifindex = (int)if_nametoindex(name);
	if (fd < 0 || bind(fd, (const void *)&peer, sizeof(peer)) < 0)
		tap_bail_out("cannot capture: %s", strerror(errno));
	return fd;
}

static void set_sysctl(const char *format, unsigned int value)
{
	char path[128];

	for (unsigned int l = 0; l < NETNS_LINKS; l++) {
		snprintf(path, sizeof(path), format, l);
		if (netns_set_sysctl(path, value) < 0)
			tap_bail_out("cannot set %s", path);
	}
}

static void init(struct capture *self)
{
	netns_init(&self->net);
	if (netns_ip("addr add fe80::1/64 dev m0 nodad\n") < 0)
		tap_bail_out("cannot add fe80::1");
	set_sysctl("net/ipv4/conf/m%u/igmpv2_unsolicited_report_interval", INTERVAL_MS);
	set_sysctl("net/ipv4/conf/m%u/igmpv3_unsolicited_report_interval", INTERVAL_MS);
	set_sysctl("net/ipv6/conf/m%u/mldv1_unsolicited_report_interval", INTERVAL_MS);
	set_sysctl("net/ipv6/conf/m%u/mldv2_unsolicited_report_interval", INTERVAL_MS);
	if (netns_set_sysctl("net/ipv4/igmp_max_msf", MANY) < 0)
		tap_bail_out("cannot set igmp_max_msf");
	for (unsigned int l = 0; l < NETNS_LINKS; l++)
		self->fd[l] = open_peer(l);
}

static void put_16(uint8_t *bytes, size_t value)
{
	bytes[0] = (uint8_t)(value >> 8);
	bytes[1] = (uint8_t)value;
}

/* See above. The header's checksum has to be right before. */
static void normalise(struct tap *tap, struct vector *of, uint8_t version)
{
	size_t header_len = (of->bytes[0] & 0x0f) * 4u;

	if (of->bytes[0] >> 4 != 4)
		return;
	tap_expect(tap, vector_sum(of->bytes, header_len) == 0xffff,
		   "the checksum of the IPv4 header");
	memset(of->bytes + 4, 0, 2);
	of->bytes[6] &= (uint8_t)~0x40;
	memset(of->bytes + 10, 0, 2);
	if (version < 3)
		of->bytes[1] = 0;
	if (version > 1 || header_len == 20)
		return;
	memmove(of->bytes + 20, of->bytes + header_len, of->len - header_len);
	of->len -= header_len - 20;
	of->bytes[0] = 0x45;
	put_16(of->bytes + 2, of->len);
}

/* Does it tell of the group in hand? Queries of ours do not come here. */
static bool is_ours(const struct capture *self, const struct vector *of)
{
	struct addr group = vector_addr(self->group);
	size_t head = self->family == ENGINE_IPV4 ? 20 : 40;
	uint8_t bytes[16];

	if (of->len <= head || (of->bytes[0] >> 4 == 4) != (self->family == ENGINE_IPV4))
		return false;
	addr_to_bytes(group, bytes);
	if (self->family == ENGINE_IPV4)
		return memmem(of->bytes + head, of->len - head, bytes + 12, 4) != NULL;
	return memmem(of->bytes + head, of->len - head, bytes, 16) != NULL;
}

/* The next packet that tells of the group. */
static void next_packet(struct capture *self)
{
	struct pollfd poller = { .fd = self->fd[self->link], .events = POLLIN };
	struct sockaddr_ll from = { 0 };
	long deadline = tap_get_ms() + DEADLINE_MS;

	for (;;) {
		socklen_t from_len = sizeof(from);
		ssize_t n = recvfrom(poller.fd, self->kernel.bytes,
				     sizeof(self->kernel.bytes), 0, (void *)&from,
				     &from_len);

		if (n < 0 &&
		    (tap_get_ms() > deadline || poll(&poller, 1, DEADLINE_MS) <= 0))
			tap_bail_out("the kernel says nothing about %s", self->group);
		if (n < 0 || from.sll_pkttype == PACKET_OUTGOING)
			continue;
		self->kernel.len = (size_t)n;
		if (is_ours(self, &self->kernel))
			return;
	}
}

static void print_bytes(const char *who, const struct vector *of)
{
	char text[1024];
	size_t n = 0;

	for (size_t i = 0; i < of->len && n + 3 < sizeof(text); i++)
		n += (size_t)snprintf(text + n, sizeof(text) - n, "%02x", of->bytes[i]);
	tap_comment("%s %s", who, text);
}

/* Which of the expected packets is it? Their number: none. */
static size_t find_expected(const struct capture *self)
{
	for (size_t i = 0; i < self->n_expected; i++)
		if (self->expected[i].len == self->kernel.len &&
		    memcmp(self->expected[i].bytes, self->kernel.bytes,
			   self->kernel.len) == 0)
			return i;
	return self->n_expected;
}

static bool is_complete(const struct capture *self, const size_t *n_seen, size_t n_copies)
{
	for (size_t i = 0; i < self->n_expected; i++)
		if (n_seen[i] < n_copies)
			return false;
	return true;
}

/* Reads until each of the expected packets came so often, and no other. */
static void await(struct capture *self, uint8_t version, size_t n_copies)
{
	size_t n_seen[EXPECTED_MAX + 1] = { 0 };

	for (size_t i = 0; i < self->n_expected; i++)
		normalise(&self->tap, &self->expected[i], version);
	while (!is_complete(self, n_seen, n_copies)) {
		size_t i;

		next_packet(self);
		normalise(&self->tap, &self->kernel, version);
		i = find_expected(self);
		n_seen[i]++;
		if (tap_expect(&self->tap, i < self->n_expected, "another packet"))
			continue;
		print_bytes("kernel", &self->kernel);
		print_bytes("engine", &self->expected[0]);
		break;
	}
	self->n_expected = 0;
}

static const char *get_source(const struct capture *self)
{
	return (self->family == ENGINE_IPV4 ? sources4 : sources6)[self->link];
}

static uint8_t get_newest(const struct capture *self)
{
	return self->family == ENGINE_IPV4 ? 3 : 2;
}

static void expect_records(struct capture *self, const char *records)
{
	vector_encode_report(&self->expected[self->n_expected++], self->family,
			     get_source(self), records, true);
}

static void await_records(struct capture *self, const char *records)
{
	expect_records(self, records);
	await(self, 3, ROBUSTNESS);
}

static void await_older(struct capture *self, uint8_t version, bool is_leave)
{
	vector_encode_older(&self->expected[self->n_expected++], self->family,
			    get_source(self), version, self->group, is_leave, true);
	await(self, version, is_leave ? 1 : ROBUSTNESS);
}

static int open_socket(const struct capture *self)
{
	int fd = socket(self->family == ENGINE_IPV4 ? AF_INET : AF_INET6,
			SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		tap_bail_out("socket: %s", strerror(errno));
	return fd;
}

static void ask(struct capture *self, int fd, enum msf_verb verb, const char *source)
{
	struct sockaddr_storage group = netns_parse(self->group);
	struct sockaddr_storage from = netns_parse(source ? source : self->group);
	int r = raw_delta(fd, verb, self->net.ifindex[self->link], &group, &from);

	tap_expect(&self->tap, r == 0, "the kernel refuses: %s", strerror(-r));
}

static void set_filter(struct capture *self, int fd, uint32_t fmode, const char *first,
		       const char *second)
{
	struct sockaddr_storage group = netns_parse(self->group);
	struct sockaddr_storage list[2] = { netns_parse(first), netns_parse(second) };
	int r = raw_set_filter(fd, self->net.ifindex[self->link], &group, fmode, 2, list);

	tap_expect(&self->tap, r == 0, "the kernel refuses: %s", strerror(-r));
}

/* What sockets do, and the records that it means. */
struct names {
	const char *group;
	const char *source[4];
};

static const char *format(const struct names *names, const char *records)
{
	static char text[512];
	size_t n = 0;

	for (; *records; records++) {
		if (*records == 'G')
			n += (size_t)snprintf(text + n, sizeof(text) - n, "(%s)",
					      names->group);
		else if (*records >= '0' && *records <= '3')
			n += (size_t)snprintf(text + n, sizeof(text) - n, "%s",
					      names->source[*records - '0']);
		else
			text[n++] = *records;
	}
	text[n] = '\0';
	return text;
}

/* Reads the two packets that a change of the group in hand makes. Is the last one just
 * what is expected? */
static bool is_alone(struct capture *self, const char *records)
{
	bool is_same;

	expect_records(self, records);
	normalise(&self->tap, &self->expected[0], 3);
	for (unsigned int i = 0; i < ROBUSTNESS; i++)
		next_packet(self);
	normalise(&self->tap, &self->kernel, 3);
	is_same = find_expected(self) == 0;
	self->n_expected = 0;
	return is_same;
}

/* Until the kernel has told of the groups that it has joined itself: it would tell of
 * ours in the same packets. */
static void settle(struct capture *self, const struct names *mark)
{
	long deadline = tap_get_ms() + DEADLINE_MS;
	int fd = open_socket(self);
	unsigned int n_alone = 0;
	bool is_same;

	self->group = mark->group;
	do {
		ask(self, fd, MSF_JOIN_GROUP, NULL);
		is_same = is_alone(self, format(mark, "TO_EXG{}"));
		ask(self, fd, MSF_LEAVE_GROUP, NULL);
		is_same = is_alone(self, format(mark, "TO_ING{}")) && is_same;
		n_alone = is_same ? n_alone + 1 : 0;
	} while (n_alone < SETTLED && tap_get_ms() < deadline);
	tap_expect(&self->tap, n_alone == SETTLED,
		   "the kernel tells of its own groups for ever");
	close(fd);
}

static void tell_changes(struct capture *self, const struct names *names)
{
	int fd = open_socket(self), any = open_socket(self);

	self->group = names->group;
	ask(self, fd, MSF_JOIN_SOURCE, names->source[0]);
	await_records(self, format(names, "ALLOWG{0}"));
	ask(self, fd, MSF_JOIN_SOURCE, names->source[1]);
	await_records(self, format(names, "ALLOWG{1}"));
	set_filter(self, fd, MCAST_INCLUDE, names->source[1], names->source[2]);
	await_records(self, format(names, "ALLOWG{2} BLOCKG{0}"));
	ask(self, any, MSF_JOIN_GROUP, NULL);
	await_records(self, format(names, "TO_EXG{}"));
	ask(self, any, MSF_BLOCK_SOURCE, names->source[3]);
	await_records(self, format(names, "BLOCKG{3}"));
	ask(self, any, MSF_LEAVE_GROUP, NULL);
	await_records(self, format(names, "TO_ING{1,2}"));
	close(any);
	close(fd);
	/* The kernel turns the list of a group that is left round. */
	await_records(self, format(names, "BLOCKG{2,1}"));
}

static void tell_modes(struct capture *self, const struct names *names)
{
	int fd = open_socket(self);

	self->group = names->group;
	ask(self, fd, MSF_JOIN_GROUP, NULL);
	await_records(self, format(names, "TO_EXG{}"));
	set_filter(self, fd, MCAST_INCLUDE, names->source[0], names->source[1]);
	await_records(self, format(names, "TO_ING{0,1}"));
	set_filter(self, fd, MCAST_EXCLUDE, names->source[2], names->source[3]);
	await_records(self, format(names, "TO_EXG{2,3}"));
	close(fd);
	await_records(self, format(names, "TO_ING{}"));
}

static const struct names changes4 = {
	"239.9.0.1", { "10.1.0.1", "10.1.0.2", "10.1.0.3", "10.1.0.4" }
};
static const struct names modes4 = { "239.9.0.2",
				     { "10.1.0.1", "10.1.0.2", "10.1.0.3", "10.1.0.4" } };
static const struct names changes6 = {
	"ff15::9:1", { "fd00::91", "fd00::92", "fd00::93", "fd00::94" }
};
static const struct names modes6 = { "ff15::9:2",
				     { "fd00::91", "fd00::92", "fd00::93", "fd00::94" } };

static const struct names mark6 = { "ff15::9:9", { NULL } };

static void test_records(struct capture *self)
{
	self->family = ENGINE_IPV4;
	self->link = LINK_WITH_ADDRESS;
	tell_changes(self, &changes4);
	tell_modes(self, &modes4);
	tap_end(&self->tap, "the kernel's IGMPv3 reports are those of our encoder "
			    "[R-FMT-1, R-FMT-2, R-FMT-7, R-FMT-8, S-V3-28]");
	self->family = ENGINE_IPV6;
	settle(self, &mark6);
	tell_changes(self, &changes6);
	tell_modes(self, &modes6);
	tap_end(&self->tap, "the kernel's MLDv2 reports are those of our encoder "
			    "[R-FMT-1, R-FMT-2, R-FMT-7, R-FMT-8, S-MLD-1, S-MLD-2]");
	self->link = LINK_WITHOUT_ADDRESS;
	settle(self, &mark6);
	tell_modes(self, &modes6);
	tap_end(&self->tap, "so are those from :: of a link without a link-local address "
			    "[R-FMT-9]");
}

/* "ALLOW(GROUP){10.1.A.B,...}" of sources [first, end), from malloc(). */
static char *print_many(const char *group, unsigned int first, unsigned int end)
{
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);

	if (!out)
		tap_bail_out("no memory");
	fprintf(out, "ALLOW(%s){", group);
	for (unsigned int i = first; i < end; i++)
		fprintf(out, "%s10.1.%u.%u", i > first ? "," : "", i / 200, i % 200 + 1);
	fputc('}', out);
	fclose(out);
	return text;
}

static int set_many(const struct capture *self, int fd)
{
	size_t len = IP_MSFILTER_SIZE(MANY);
	struct ip_msfilter *filter = calloc(1, len);
	int r;

	if (!filter)
		tap_bail_out("no memory");
	filter->imsf_multiaddr.s_addr = inet_addr(self->group);
	filter->imsf_interface.s_addr = inet_addr(sources4[self->link]);
	filter->imsf_fmode = MCAST_INCLUDE;
	filter->imsf_numsrc = MANY;
	for (unsigned int i = 0; i < MANY; i++) {
		struct in_addr source = { htonl(0x0a010000u + (i / 200 << 8) + i % 200 +
						1) };

		memcpy((char *)filter + IP_MSFILTER_SIZE(0) + i * sizeof(source), &source,
		       sizeof(source));
	}
	r = raw_setsockopt(fd, IPPROTO_IP, IP_MSFILTER, filter, (socklen_t)len);
	free(filter);
	return r;
}

static void test_full_report(struct capture *self)
{
	int fd;
	char *text;

	self->family = ENGINE_IPV4;
	self->link = LINK_WITH_ADDRESS;
	self->group = "232.9.0.3";
	fd = open_socket(self);
	ask(self, fd, MSF_JOIN_SOURCE, "10.1.0.1");
	await_records(self, "ALLOW(232.9.0.3){10.1.0.1}");
	tap_expect(&self->tap, set_many(self, fd) == 0, "the kernel refuses %u sources",
		   MANY);
	text = print_many(self->group, 1, 1 + FIRST_OF_399);
	expect_records(self, text);
	free(text);
	text = print_many(self->group, 1 + FIRST_OF_399, MANY);
	expect_records(self, text);
	free(text);
	tap_expect(&self->tap, self->expected[0].len == 1500, "it is not full");
	await(self, 3, ROBUSTNESS);
	/* The socket stays: its leave would be told beside the next change. */
	tap_end(&self->tap,
		"399 sources are 365 in a full packet of 1500 bytes and 34 in "
		"another [R-FMT-10, R-CHG-11]");
}

static void tell_older(struct capture *self, uint8_t version, const char *group)
{
	int fd = open_socket(self);

	self->group = group;
	ask(self, fd, MSF_JOIN_GROUP, NULL);
	await_older(self, version, false);
	ask(self, fd, MSF_LEAVE_GROUP, NULL);
	if (self->family == ENGINE_IPV6 || version > 1)
		await_older(self, version, true);
	close(fd);
}

static void test_older(struct capture *self)
{
	self->family = ENGINE_IPV4;
	self->link = LINK_WITH_ADDRESS;
	set_sysctl("net/ipv4/conf/m%u/force_igmp_version", 1);
	tell_older(self, 1, "239.9.0.4");
	tap_end(&self->tap, "the kernel's IGMPv1 reports are those of our encoder "
			    "[R-FMT-8, R-FMT-11, R-V1-1]");
	set_sysctl("net/ipv4/conf/m%u/force_igmp_version", 2);
	tell_older(self, 2, "239.9.0.5");
	tap_end(&self->tap, "the kernel's IGMPv2 reports and leaves are those of our "
			    "encoder [R-FMT-8, R-FMT-11, S-V3-40]");
	set_sysctl("net/ipv4/conf/m%u/force_igmp_version", 0);
	self->family = ENGINE_IPV6;
	set_sysctl("net/ipv6/conf/m%u/force_mld_version", 1);
	tell_older(self, 1, "ff15::9:4");
	self->link = LINK_WITHOUT_ADDRESS;
	tell_older(self, 1, "ff15::9:5");
	tap_end(&self->tap,
		"the kernel's MLDv1 reports and Done are those of our encoder, "
		"from :: too [R-FMT-1, R-FMT-8, R-FMT-11, R-M1-4, S-MLD-1, "
		"S-MLD-23]");
	set_sysctl("net/ipv6/conf/m%u/force_mld_version", 0);
}

/* Our query of the group in hand, from the peer. */
static void send_query(struct capture *self, const char *from, uint8_t version,
		       const char *source)
{
	static struct vector query;
	struct addr sources = vector_addr(source ? source : self->group);
	struct query_fields fields = {
		.version = version,
		.source = vector_addr(from),
		.destination = vector_addr(self->group),
		.group = vector_addr(self->group),
		.max_response = 100000,
		.robustness = ROBUSTNESS,
		.interval_s = 125,
		.sources = &sources,
		.n_sources = source ? 1 : 0,
	};
	struct sockaddr_ll to = { .sll_family = AF_PACKET, .sll_halen = 6 };
	uint8_t group[16];
	char name[8];

	snprintf(name, sizeof(name), "m%up", self->link);
	to.sll_ifindex = (int)if_nametoindex(name);
	to.sll_protocol = htons(self->family == ENGINE_IPV4 ? ETH_P_IP : ETH_P_IPV6);
	addr_to_bytes(fields.group, group);
	memset(to.sll_addr, 0x33, 2);
	memcpy(to.sll_addr + 2, group + 12, 4);
	if (self->family == ENGINE_IPV4) {
		memcpy(to.sll_addr, "\x01\x00\x5e", 3);
		to.sll_addr[3] &= 0x7f;
	}
	query.len = vector_protos[self->family]->encode_query(query.bytes, &fields);
	if (sendto(self->fd[self->link], query.bytes, query.len, 0, (const void *)&to,
		   sizeof(to)) < 0)
		tap_bail_out("cannot send a query: %s", strerror(errno));
}

static void ask_kernel(struct capture *self, const char *from, const struct names *names)
{
	int fd = open_socket(self);

	self->group = names->group;
	ask(self, fd, MSF_JOIN_SOURCE, names->source[0]);
	await_records(self, format(names, "ALLOWG{0}"));
	ask(self, fd, MSF_JOIN_SOURCE, names->source[1]);
	await_records(self, format(names, "ALLOWG{1}"));
	send_query(self, from, get_newest(self), NULL);
	expect_records(self, format(names, "IS_ING{0,1}"));
	await(self, 3, 1);
	send_query(self, from, get_newest(self), names->source[1]);
	expect_records(self, format(names, "IS_ING{1}"));
	await(self, 3, 1);
	close(fd);
	await_records(self, format(names, "BLOCKG{1,0}"));
}

static void test_queries(struct capture *self)
{
	static const struct names names4 = { "239.9.0.6", { "10.1.0.1", "10.1.0.2" } };
	static const struct names names6 = { "ff15::9:6", { "fd00::91", "fd00::92" } };

	self->link = LINK_WITH_ADDRESS;
	self->family = ENGINE_IPV4;
	ask_kernel(self, "10.9.0.254", &names4);
	self->family = ENGINE_IPV6;
	ask_kernel(self, "fe80::fe", &names6);
	tap_end(&self->tap,
		"the kernel answers queries that our encoder made, for a group "
		"and for a source of it [R-FMT-2, R-FMT-7, R-QRY-12]");
}

int main(void)
{
	init(&capture);
	test_records(&capture);
	test_full_report(&capture);
	test_queries(&capture);
	test_older(&capture);
	return tap_finish(&capture.tap);
}
