/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Unit test of tools/mwatch/capture/prefilter.h: its programs run in the kernel, on a
 * socket pair, beside datagram_parse(): what that takes passes, and enough of it.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "capture/datagram.h"
#include "capture/link.h"
#include "capture/prefilter.h"
#include "frame.h"
#include "tap.h"

#define ROUNDS 60000

#define HEADERS(...) \
	.n_headers = sizeof((uint8_t[]){ __VA_ARGS__ }), .headers = { __VA_ARGS__ }
#define PIECE(from, n) .has_piece = true, .offset = (from), .n_piece = (n)

struct pair {
	int fd[2];
};

static void pair_init(struct pair *pair, const struct prefilter_settings *settings)
{
	static struct prefilter prefilter;
	struct sock_fprog program = { .filter = prefilter.lines };

	prefilter_init(&prefilter, settings, ARPHRD_ETHER);
	program.len = prefilter.n_lines;
	if (socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair->fd) <
		    0 ||
	    setsockopt(pair->fd[1], SOL_SOCKET, SO_ATTACH_FILTER, &program,
		       sizeof(program)) < 0)
		tap_bail_out("a program of %u lines: %s", program.len, strerror(errno));
}

static void pair_fini(struct pair *pair)
{
	close(pair->fd[0]);
	close(pair->fd[1]);
}

/* How much of the frame passes; 0: it is dropped. */
static uint32_t pass(const struct pair *pair, const struct frame *frame)
{
	static uint8_t bytes[FRAME_MAX];
	ssize_t n;

	if (send(pair->fd[0], frame->bytes, frame->n, 0) < 0 && errno != EPERM)
		tap_bail_out("send: %s", strerror(errno));
	n = recv(pair->fd[1], bytes, sizeof(bytes), 0);
	if (n < 0 && errno != EAGAIN)
		tap_bail_out("recv: %s", strerror(errno));
	return n < 0 ? 0 : (uint32_t)n;
}

/* What it is when so many bytes were captured. */
static enum datagram_kind read_frame(const struct frame *frame, uint32_t n_captured,
				     struct datagram *ret,
				     struct datagram_fragment *piece)
{
	struct ring_packet packet = { 0 };
	uint32_t n_link = link_read(frame->bytes, n_captured, &packet);

	packet.bytes = frame->bytes + n_link;
	packet.n_bytes = n_captured - n_link;
	packet.length = frame->n - n_link;
	memset(ret, 0, sizeof(*ret));
	memset(piece, 0, sizeof(*piece));
	return datagram_parse(&packet, ret, piece);
}

static const struct frame_plan plans[] = {
	{ .length = 100 },
	{ .length = 0 },
	{ .length = 1400, .payload = { 0x47 } },
	{ .length = 1400, .payload = { 0x80, 33, [12] = 0x47 } },
	{ .length = 2000 },
	{ .length = 100, .n_options = 8 },
	{ .length = 100, .tags = { 5 }, .n_tags = 1 },
	{ .length = 100, .tags = { 5, 6 }, .tag_types = { ETH_P_8021AD }, .n_tags = 2 },
	{ .length = 100, .tags = { 5 }, .tag_types = { ETH_P_QINQ1 }, .n_tags = 1 },
	{ .length = 100, PIECE(0, 48), .has_more = true },
	{ .length = 100, PIECE(48, 60) },
	{ .length = 100, .group_end = 7 },
	{ .length = 100, .protocol = IPPROTO_TCP },
	{ .is_ipv6 = true, .length = 100 },
	{ .is_ipv6 = true, .length = 0 },
	{ .is_ipv6 = true, .length = 1400, .payload = { 0x47 } },
	{ .is_ipv6 = true, .length = 1400, .payload = { 0x80, 33, [12] = 0x47 } },
	{ .is_ipv6 = true, .length = 2000 },
	{ .is_ipv6 = true, .length = 100, .tags = { 5 }, .n_tags = 1 },
	{ .is_ipv6 = true, .length = 100, .tags = { 5, 6 }, .n_tags = 2 },
	{ .is_ipv6 = true, .length = 100, .group_end = 7 },
	{ .is_ipv6 = true, .length = 100, HEADERS(IPPROTO_HOPOPTS) },
	{ .is_ipv6 = true, .length = 100, HEADERS(IPPROTO_DSTOPTS, IPPROTO_ROUTING) },
	{ .is_ipv6 = true, .length = 100, HEADERS(IPPROTO_ROUTING, IPPROTO_AH) },
	{ .is_ipv6 = true, .length = 100, HEADERS(IPPROTO_AH) },
	{ .is_ipv6 = true,
	  .length = 100,
	  HEADERS(IPPROTO_FRAGMENT),
	  PIECE(0, 48),
	  .has_more = true },
	{ .is_ipv6 = true, .length = 100, HEADERS(IPPROTO_FRAGMENT), PIECE(48, 60) },
	{ .is_ipv6 = true,
	  .length = 100,
	  HEADERS(IPPROTO_HOPOPTS),
	  .protocol = IPPROTO_ICMPV6 },
};

#define N_PLANS (sizeof(plans) / sizeof(plans[0]))

static uint64_t next_random(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

/* Changes bytes of the headers, or the length of the frame. */
static void mutate(struct frame *frame, uint64_t *random)
{
	unsigned int n = next_random(random) % 4;

	while (n-- > 0)
		frame->bytes[12 + next_random(random) % 70] =
			next_random(random) % 2 ? (uint8_t)next_random(random)
						: (uint8_t)(next_random(random) % 64);
	if (next_random(random) % 8 == 0)
		frame->n = 1 + (uint32_t)(next_random(random) % frame->n);
}

/* The groups that the settings name. */
static bool is_asked_for(const struct prefilter_settings *settings,
			 const struct datagram *datagram)
{
	const struct sockaddr_in *sin;
	const struct sockaddr_in6 *sin6;

	if (!settings->groups)
		return true;
	for (uint32_t i = 0; i < settings->n_groups; i++) {
		sin = (const void *)&settings->groups[i];
		sin6 = (const void *)&settings->groups[i];
		if (datagram->key.is_ipv6
			    ? sin6->sin6_family == AF_INET6 &&
				      !memcmp(&sin6->sin6_addr, datagram->key.group, 16)
			    : sin->sin_family == AF_INET &&
				      !memcmp(&sin->sin_addr, datagram->key.group, 4))
			return true;
	}
	return false;
}

static uint32_t min(uint32_t a, uint32_t b)
{
	return a < b ? a : b;
}

/* Is what was captured as good as all of it, for who reads n bytes of payload? */
static bool is_same(const struct prefilter_settings *settings, const struct frame *frame,
		    uint32_t n, const struct datagram *all, enum datagram_kind kind,
		    const struct datagram_fragment *piece)
{
	uint32_t need = settings->has_whole_payload ? UINT32_MAX : settings->n_payload;
	struct datagram_fragment cut_piece;
	struct datagram cut;

	if (read_frame(frame, n, &cut, &cut_piece) != kind)
		return false;
	return !memcmp(&all->key, &cut.key, sizeof(cut.key)) &&
	       all->length == cut.length && all->ttl == cut.ttl &&
	       cut.n_payload >= min(need, all->n_payload) &&
	       !memcmp(piece, &cut_piece, sizeof(cut_piece));
}

static const char *describe(const struct frame *frame)
{
	static char text[3 * 100 + 1];
	uint32_t n = min(frame->n, 100);

	for (uint32_t i = 0; i < n; i++)
		for (unsigned int half = 0; half < 2; half++)
			text[2 * i + half] =
				"0123456789abcdef"[frame->bytes[i] >> (half ? 0 : 4) &
						   15];
	text[2 * n] = '\0';
	return text;
}

static void test_random(struct tap *tap, const struct prefilter_settings *settings,
			const char *name)
{
	uint64_t random = 20260401;
	unsigned int n_taken = 0;
	struct frame frame;
	struct pair pair;

	pair_init(&pair, settings);
	for (int i = 0; i < ROUNDS; i++) {
		struct datagram_fragment piece;
		struct datagram all;
		enum datagram_kind kind;
		uint32_t n;

		frame_make(&frame, &plans[next_random(&random) % N_PLANS]);
		mutate(&frame, &random);
		kind = read_frame(&frame, frame.n, &all, &piece);
		n = pass(&pair, &frame);
		if (kind != DATAGRAM_WHOLE && kind != DATAGRAM_FRAGMENT)
			continue;
		if (!is_asked_for(settings, &all)) {
			tap_expect(tap, n == 0, "not asked for: %s", describe(&frame));
			continue;
		}
		n_taken++;
		tap_expect(tap, n > 0 && is_same(settings, &frame, n, &all, kind, &piece),
			   "%u bytes pass of %u: %s", n, frame.n, describe(&frame));
	}
	tap_expect(tap, n_taken > 1000, "%u packets were taken", n_taken);
	pair_fini(&pair);
	tap_end(tap, "what datagram_parse() takes passes: %s", name);
}

static const struct row {
	const char *name;
	struct frame_plan plan;
	uint32_t n;        /* that pass, with 32 bytes of payload */
	uint8_t at, value; /* a byte of the frame is changed; 0: none */
} rows[] = {
	{ "IPv4", { .length = 100 }, .n = 14 + 28 + 32 },
	{ "IPv6", { .is_ipv6 = true, .length = 100 }, .n = 14 + 48 + 32 },
	{ "IPv4 in a VLAN",
	  { .length = 100, .tags = { 5 }, .n_tags = 1 },
	  .n = 18 + 28 + 32 },
	{ "a long one", { .length = 1400 }, .n = 14 + 28 + 32 },
	{ "TS", { .length = 1316, .payload = { 0x47 } }, .n = 14 + 28 + 1316 },
	{ "TS in RTP",
	  { .is_ipv6 = true, .length = 1328, .payload = { 0x80, 33, [12] = 0x47 } },
	  .n = 14 + 48 + 1328 },
	{ "one packet of TS",
	  { .length = 188, .payload = { 0x47 } },
	  .n = 14 + 28 + 188 },
	{ "one packet of TS in RTP, in two VLANs",
	  { .is_ipv6 = true,
	    .length = 200,
	    .payload = { 0x80, 33, [12] = 0x47 },
	    .tags = { 5, 6 },
	    .n_tags = 2 },
	  .n = 22 + 48 + 200 },
	{ "TS in RTP with a source",
	  { .length = 1332, .payload = { 0x81, 0x80 | 33 } },
	  .n = 14 + 28 + 1332 },
	{ "RTP of another type with a source",
	  { .length = 1332, .payload = { 0x81, 34 } },
	  .n = 14 + 28 + 32 },
	{ "one byte", { .length = 1, .payload = { 0x47 } }, .n = 14 + 28 + 1 },
	{ "glued ones", { .length = 3000 }, .n = 14 + 28 + 3000 },
	{ "unicast", { .length = 9 }, .n = 0, .at = 14 + 16, .value = 10 },
	{ "TCP", { .length = 9, .protocol = IPPROTO_TCP }, .n = 0 },
	{ "ICMPv6",
	  { .is_ipv6 = true, .length = 9, .protocol = IPPROTO_ICMPV6 },
	  .n = 0 },
	{ "MLD",
	  { .is_ipv6 = true,
	    .length = 9,
	    HEADERS(IPPROTO_HOPOPTS),
	    .protocol = IPPROTO_ICMPV6 },
	  .n = 0 },
	{ "PIM", { .is_ipv6 = true, .length = 9, .protocol = 103 }, .n = 0 },
	{ "three tags",
	  { .length = 9, .tags = { 5, 6 }, .n_tags = 2 },
	  .n = 0,
	  .at = 20,
	  .value = 0x81 },
};

static void test_rows(struct tap *tap)
{
	struct prefilter_settings settings = { .n_payload = 32 };
	struct pair pair;

	pair_init(&pair, &settings);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct frame frame;
		uint32_t n;

		frame_make(&frame, &rows[i].plan);
		if (rows[i].at)
			frame.bytes[rows[i].at] = rows[i].value;
		n = pass(&pair, &frame);
		tap_expect(tap, n == rows[i].n, "%u bytes of %s pass, not %u", n,
			   rows[i].name, rows[i].n);
	}
	pair_fini(&pair);
	tap_end(tap, "what nobody asked for stays out, and packets are cut");
}

static void set_group(struct sockaddr_storage *ret, bool is_ipv6, uint8_t end)
{
	struct sockaddr_in6 *sin6 = (void *)ret;
	struct sockaddr_in *sin = (void *)ret;

	memset(ret, 0, sizeof(*ret));
	if (is_ipv6) {
		sin6->sin6_family = AF_INET6;
		sin6->sin6_addr = (struct in6_addr){ { { 0xff, 0x3e, [15] = end } } };
	} else {
		sin->sin_family = AF_INET;
		sin->sin_addr.s_addr = htonl(0xe8010100u + end);
	}
}

/* How many of the groups that end in 1 to 40 pass. */
static unsigned int count_groups(const struct pair *pair, bool is_ipv6)
{
	unsigned int n = 0;

	for (uint8_t end = 1; end <= 40; end++) {
		struct frame_plan plan = { .is_ipv6 = is_ipv6, .group_end = end };
		struct frame frame;

		frame_make(&frame, &plan);
		n += pass(pair, &frame) > 0;
	}
	return n;
}

static void test_groups(struct tap *tap)
{
	static const struct {
		unsigned int n_ipv4, n_ipv6, want_ipv4, want_ipv6;
	} lists[] = {
		{ 1, 0, 1, 0 },   { 0, 1, 0, 1 },     { 3, 4, 3, 4 },    { 32, 0, 32, 0 },
		{ 0, 32, 0, 32 }, { 16, 16, 16, 16 }, { 33, 0, 40, 40 }, { 0, 0, 40, 40 },
	};
	struct sockaddr_storage groups[40];

	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
		struct prefilter_settings settings = { .groups = groups };
		unsigned int n_ipv4, n_ipv6;
		struct pair pair;

		for (uint8_t k = 1; k <= lists[i].n_ipv4; k++)
			set_group(&groups[settings.n_groups++], false, k);
		for (uint8_t k = 1; k <= lists[i].n_ipv6; k++)
			set_group(&groups[settings.n_groups++], true, k);
		pair_init(&pair, &settings);
		n_ipv4 = count_groups(&pair, false);
		n_ipv6 = count_groups(&pair, true);
		pair_fini(&pair);
		tap_expect(tap,
			   n_ipv4 == lists[i].want_ipv4 && n_ipv6 == lists[i].want_ipv6,
			   "of list %zu: %u and %u groups", i, n_ipv4, n_ipv6);
	}
	tap_end(tap, "a few groups are told from others, many are taken as all");
}

int main(void)
{
	struct sockaddr_storage groups[4];
	struct prefilter_settings named = { .groups = groups,
					    .n_groups = 4,
					    .n_payload = 20 };
	struct prefilter_settings headers = { .n_payload = 0 },
				  usual = { .n_payload = 64 };
	struct prefilter_settings all = { .n_payload = UINT32_MAX,
					  .has_whole_payload = true };
	struct prefilter_settings far = { .n_payload = UINT32_MAX };
	struct tap tap = { 0 };

	set_group(&groups[0], false, 7);
	set_group(&groups[1], true, 9);
	set_group(&groups[2], true, 7);
	set_group(&groups[3], false, 9);
	test_random(&tap, &headers, "headers alone are read");
	test_random(&tap, &usual, "64 bytes of payload are read");
	test_random(&tap, &all, "all is read");
	test_random(&tap, &far, "payload is read up to its end");
	test_random(&tap, &named, "four groups");
	test_rows(&tap);
	test_groups(&tap);
	return tap_finish(&tap);
}
