/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tools/mwatch/capture/ring.h when things go wrong: the ring is full, the interface goes
 * down, is removed and comes back, or the caller has no right to it.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "frame.h"
#include "netns.h"
#include "tap.h"
#include "ring-reader.h"

#define DEADLINE_MS 10000
#define FLOOD       40000u /* more than the ring holds */
#define ROUND       500u   /* fewer than one block holds */
#define N_ROUNDS    20u    /* so that every block comes around again and again */

struct life {
	struct tap tap;
	struct netns net;
};

/* Sends frames that are numbered in their payload. */
static void send_numbers(int fd, uint32_t from, uint32_t to)
{
	for (uint32_t i = from; i < to; i++) {
		struct frame_plan plan = { .length = 20 };
		uint32_t number = htonl(i);
		struct frame frame;

		memcpy(plan.payload, &number, sizeof(number));
		frame_make(&frame, &plan);
		frame_send(fd, &frame);
	}
}

static bool is_number(const struct ring_packet *packet, uint32_t want)
{
	struct datagram_fragment fragment;
	struct datagram datagram;
	uint32_t number;

	if (!packet || datagram_parse(packet, &datagram, &fragment) != DATAGRAM_WHOLE ||
	    datagram.n_payload < sizeof(number))
		return false;
	memcpy(&number, datagram.payload, sizeof(number));
	return ntohl(number) == want;
}

/* What is sent is shown at once, in order, so that counts are exact. */
static void test_rounds(struct life *self)
{
	int peer = frame_open("m0p");
	uint32_t number = 0;
	struct reader reader;

	reader_init(&reader, "m0p", false);
	for (unsigned int round = 0; round < N_ROUNDS; round++) {
		send_numbers(peer, number, number + ROUND);
		for (uint32_t end = number + ROUND; number < end; number++)
			if (!tap_expect(&self->tap,
					is_number(reader_pop(&reader), number),
					"number %u", number))
				break;
		tap_expect(&self->tap, reader_is_silent(&reader), "nothing more");
	}
	tap_expect(&self->tap, ring_get_drops(reader.ring) == 0, "no drops");
	reader_fini(&reader);
	close(peer);
	tap_end(&self->tap, "every packet comes once and in order, round after round");
}

static void test_full(struct life *self)
{
	int peer = frame_open("m0p");
	uint32_t n_read = 0;
	struct reader reader;
	uint64_t drops;

	reader_init(&reader, "m0p", false);
	send_numbers(peer, 0, FLOOD);
	drops = ring_get_drops(reader.ring);
	tap_expect(&self->tap, drops > 0 && drops < FLOOD, "%lu drops",
		   (unsigned long)drops);
	while (n_read + drops < FLOOD && is_number(reader_pop(&reader), n_read))
		n_read++;
	tap_expect(&self->tap, n_read + drops == FLOOD, "%u read", n_read);
	tap_expect(&self->tap, reader_is_silent(&reader), "no more than that");

	send_numbers(peer, FLOOD, FLOOD + 1);
	tap_expect(&self->tap, is_number(reader_pop(&reader), FLOOD),
		   "there is room again");
	tap_expect(&self->tap, ring_get_drops(reader.ring) == drops,
		   "drops are since the beginning");
	send_numbers(peer, 0, FLOOD);
	tap_expect(&self->tap, ring_get_drops(reader.ring) > drops, "and go on");
	reader_fini(&reader);
	close(peer);
	tap_end(&self->tap, "what finds the ring full is counted, each one");
}

static void expect_life(struct tap *tap, struct reader *reader, const char *when)
{
	int peer = frame_open("m0p");

	send_numbers(peer, 7, 8);
	tap_expect(tap, is_number(reader_pop(reader), 7), "packets come %s", when);
	tap_expect(tap, ring_is_up(reader->ring), "it is up %s", when);
	close(peer);
}

static void set_link(const char *line)
{
	if (netns_ip(line) < 0)
		tap_bail_out("ip %s", line);
}

/* Carrier comes a moment after both ends are up. */
static void set_up(const char *interface)
{
	struct ifreq request = { 0 };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	set_link("link set m0 up\n");
	strcpy(request.ifr_name, interface);
	for (int waited = 0; waited < DEADLINE_MS; waited += 5) {
		if (ioctl(fd, SIOCGIFFLAGS, &request) == 0 &&
		    request.ifr_flags & IFF_RUNNING) {
			close(fd);
			return;
		}
		poll(NULL, 0, 5);
	}
	tap_bail_out("%s has no carrier", interface);
}

static void test_down(struct life *self)
{
	struct tap *tap = &self->tap;
	struct reader reader;

	reader_init(&reader, "m0", false);
	expect_life(tap, &reader, "before");
	for (int times = 0; times < 2; times++) {
		set_link("link set m0 down\n");
		tap_expect(tap, reader_await_error(&reader) == -ENETDOWN, "it is down");
		tap_expect(tap, reader_is_silent(&reader), "that is told once");
		tap_expect(tap, !ring_is_up(reader.ring), "and can be asked");
		set_up("m0");
		expect_life(tap, &reader, "when it is up again");
	}
	reader_fini(&reader);
	tap_end(tap, "an interface that goes down and up is watched again by itself");
}

static void test_born_down(struct life *self)
{
	struct tap *tap = &self->tap;
	struct reader reader;

	set_link("link set m0 down\n");
	reader_init(&reader, "m0", false);
	tap_expect(tap, reader_await_error(&reader) == -ENETDOWN, "it is down");
	tap_expect(tap, reader_is_silent(&reader), "that is told once");
	set_up("m0");
	expect_life(tap, &reader, "when it is up");
	reader_fini(&reader);
	tap_end(tap, "an interface may be down at first");
}

static void test_removed(struct life *self, bool is_told_first)
{
	struct tap *tap = &self->tap;
	struct reader reader;

	reader_init(&reader, "m0", true);
	if (is_told_first) {
		set_link("link set m0 down\n");
		tap_expect(tap, reader_await_error(&reader) == -ENETDOWN, "it is down");
	}
	netns_replace_link(&self->net, 0);
	tap_expect(tap, reader_await_error(&reader) == -ENODEV, "it is gone");
	tap_expect(tap, reader_is_silent(&reader), "that is told once");
	tap_expect(tap, !ring_is_up(reader.ring), "and can be asked");
	tap_expect(tap, ring_renew(reader.ring, 99999) == -ENODEV,
		   "there is no such one");

	tap_expect(tap, ring_renew(reader.ring, self->net.ifindex[0]) == 0, "renewed");
	expect_life(tap, &reader, "when it is renewed");
	set_link("link set m0 down\n");
	tap_expect(tap, reader_await_error(&reader) == -ENETDOWN,
		   "news of the new one are told");
	set_up("m0");
	reader_fini(&reader);
	tap_end(tap, "an interface that is removed%s and comes back can be watched again",
		is_told_first ? " when it is down" : "");
}

static void set_down(const char *interface)
{
	struct ifreq request = { 0 };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	strcpy(request.ifr_name, interface);
	if (ioctl(fd, SIOCGIFFLAGS, &request) < 0)
		tap_bail_out("SIOCGIFFLAGS: %s", strerror(errno));
	request.ifr_flags &= (short)~IFF_UP;
	if (ioctl(fd, SIOCSIFFLAGS, &request) < 0)
		tap_bail_out("SIOCSIFFLAGS: %s", strerror(errno));
	close(fd);
}

/* What came right before it went down is handed over after that was told, or before on
 * a machine that is slow. */
static bool has_news_and_packet(struct reader *reader, uint32_t number)
{
	bool has_packet = false, is_down = false;

	while (!has_packet || !is_down) {
		int r = reader_read(reader);

		if (r == 1 && !has_packet)
			has_packet = is_number(&reader->packets[0], number);
		else if (r == -ENETDOWN && !is_down)
			is_down = true;
		else
			return false;
	}
	return true;
}

static void test_removed_busy(struct life *self)
{
	struct tap *tap = &self->tap;
	struct reader reader;
	int peer;

	set_up("m0");
	reader_init(&reader, "m0", false);
	expect_life(tap, &reader, "before");
	peer = frame_open("m0p");
	send_numbers(peer, 7, 8);
	set_down("m0");
	tap_expect(tap, has_news_and_packet(&reader, 7), "it is down; the last packet");
	close(peer);
	netns_replace_link(&self->net, 0);
	tap_expect(tap, reader_await_error(&reader) == -ENODEV, "it is gone");
	tap_expect(tap, ring_renew(reader.ring, self->net.ifindex[0]) == 0, "renewed");
	set_up("m0");
	expect_life(tap, &reader, "when it is renewed");
	reader_fini(&reader);
	tap_end(tap, "an interface that is removed with packets on their way is told");
}

static void test_other_kind(struct life *self)
{
	struct ifreq request = { .ifr_name = "t0", .ifr_flags = IFF_TUN | IFF_NO_PI };
	int tun = open("/dev/net/tun", O_RDWR | O_CLOEXEC);
	struct reader reader;

	if (tun < 0 || ioctl(tun, TUNSETIFF, &request) < 0)
		tap_bail_out("cannot make a tun interface: %s", strerror(errno));
	reader_init(&reader, "m0", false);
	tap_expect(&self->tap,
		   ring_renew(reader.ring, if_nametoindex("t0")) == -EMEDIUMTYPE,
		   "it has no link headers");
	expect_life(&self->tap, &reader, "from the old one");
	reader_fini(&reader);
	close(tun);
	tap_end(&self->tap, "a ring is not renewed on another kind of interface");
}

/* A user namespace would do, too, but for a sanitizer, which has a thread. */
static int run_without_rights(void)
{
	struct __user_cap_header_struct header = { _LINUX_CAPABILITY_VERSION_3, 0 };
	struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = { 0 };
	struct ring_settings settings = { .ifindex = 1 };
	struct ring *ring = NULL;

	if (syscall(SYS_capset, &header, none) < 0)
		return EXIT_FAILURE;
	return ring_new(&ring, &settings) == -EPERM && !ring ? EXIT_SUCCESS
							     : EXIT_FAILURE;
}

static void test_refusals(struct life *self)
{
	struct ring_settings settings = { .ifindex = 99999 };
	struct ring *ring = NULL;
	int status = -1;
	pid_t pid = fork();

	if (pid == 0)
		_exit(run_without_rights());
	tap_expect(&self->tap, pid > 0 && waitpid(pid, &status, 0) == pid && status == 0,
		   "without CAP_NET_RAW: EPERM");
	tap_expect(&self->tap, ring_new(&ring, &settings) == -ENODEV && !ring,
		   "no such interface: ENODEV");
	tap_expect(&self->tap, ring_free(NULL) == NULL, "nothing can be freed");
	tap_end(&self->tap, "what cannot be watched is refused");
}

int main(void)
{
	struct life self = { .tap = { 0 } };

	netns_init(&self.net);
	test_refusals(&self);
	test_rounds(&self);
	test_full(&self);
	test_down(&self);
	test_born_down(&self);
	test_removed(&self, false);
	test_removed(&self, true);
	test_removed_busy(&self);
	test_other_kind(&self);
	return tap_finish(&self.tap);
}
