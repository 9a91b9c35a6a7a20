/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The calls of libc as a program makes them that knows nothing of the library, with the
 * shim preloaded: what they answer, what is heard, and what they leave alone. The
 * environment says what system it is (system.h).
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <msf.h>

#include "raw.h"
#include "system.h"
#include "tap.h"
#include "traffic.h"

#define SENTINEL_ERRNO 4711 /* of nobody */

#define BIT(i) (1u << (i))

struct calls {
	struct tap tap;
	struct netns net;
	struct traffic traffic;
	/* the case in hand */
	enum flavour flavour;
	int fd;
	struct sockaddr_storage group;
};

static void begin(struct calls *self, enum flavour flavour)
{
	self->flavour = flavour;
	self->fd = traffic_open_strict_receiver(flavour);
	self->group = netns_group(flavour_get_family(flavour), 0);
}

static int get_level(const struct calls *self)
{
	return self->flavour == FLAVOUR_IPV6 ? IPPROTO_IPV6 : IPPROTO_IP;
}

static struct sockaddr_storage source_of(const struct calls *self, unsigned int i)
{
	return netns_source(flavour_get_family(self->flavour), 0, i);
}

static void expect_heard(struct calls *self, unsigned int wanted)
{
	unsigned int heard = traffic_hear(&self->traffic, self->fd, 0, &self->group);

	tap_expect(&self->tap, heard == wanted, "heard %#x, not %#x", heard, wanted);
}

/* The answer of a call that was made with this errno: 0 leaves it. */
static void expect(struct calls *self, const char *call, int r, int error)
{
	int got = errno;

	if (error)
		tap_expect(&self->tap, r == -1 && got == error, "%s: %d, %s, not %s",
			   call, r, strerror(got), strerror(error));
	else
		tap_expect(&self->tap, r == 0 && got == SENTINEL_ERRNO,
			   "%s: %d, errno %d", call, r, got);
	errno = SENTINEL_ERRNO;
}

static int do_source(struct calls *self, int optname, unsigned int source)
{
	struct group_source_req req = { .gsr_interface = self->net.ifindex[0],
					.gsr_group = self->group,
					.gsr_source = source_of(self, source) };

	errno = SENTINEL_ERRNO;
	return setsockopt(self->fd, get_level(self), optname, &req, sizeof(req));
}

static int do_group(struct calls *self, int optname)
{
	struct group_req req = { .gr_interface = self->net.ifindex[0],
				 .gr_group = self->group };

	errno = SENTINEL_ERRNO;
	return setsockopt(self->fd, get_level(self), optname, &req, sizeof(req));
}

static void test_deltas(struct calls *self)
{
	expect(self, "join", do_source(self, MCAST_JOIN_SOURCE_GROUP, 0), 0);
	expect_heard(self, BIT(0));
	expect(self, "join", do_source(self, MCAST_JOIN_SOURCE_GROUP, 2), 0);
	expect_heard(self, BIT(0) | BIT(2));
	expect(self, "leave", do_source(self, MCAST_LEAVE_SOURCE_GROUP, 0), 0);
	expect_heard(self, BIT(2));
	expect(self, "leave", do_source(self, MCAST_LEAVE_SOURCE_GROUP, 2), 0);
	expect_heard(self, 0);
	expect(self, "join", do_group(self, MCAST_JOIN_GROUP), 0);
	expect(self, "block", do_source(self, MCAST_BLOCK_SOURCE, 1), 0);
	expect_heard(self, BIT(0) | BIT(2) | BIT(3));
	expect(self, "unblock", do_source(self, MCAST_UNBLOCK_SOURCE, 1), 0);
	expect_heard(self, 0xf);
	expect(self, "leave", do_group(self, MCAST_LEAVE_GROUP), 0);
	expect_heard(self, 0);
	tap_end(&self->tap, "%s: deltas by MCAST_ options decide who is heard",
		flavour_name(self->flavour));
}

/* Linux's own answers: RFC 3678 says EADDRNOTAVAIL where Linux says EINVAL. */
static void test_refusals(struct calls *self)
{
	expect(self, "block without a join", do_source(self, MCAST_BLOCK_SOURCE, 0),
	       EINVAL);
	expect(self, "leave a source", do_source(self, MCAST_LEAVE_SOURCE_GROUP, 0),
	       EINVAL);
	expect(self, "leave without a join", do_group(self, MCAST_LEAVE_GROUP),
	       EADDRNOTAVAIL);
	expect(self, "join", do_source(self, MCAST_JOIN_SOURCE_GROUP, 0), 0);
	expect(self, "join again", do_source(self, MCAST_JOIN_SOURCE_GROUP, 0),
	       EADDRNOTAVAIL);
	expect(self, "block in include mode", do_source(self, MCAST_BLOCK_SOURCE, 1),
	       EINVAL);
	expect(self, "join without a source", do_group(self, MCAST_JOIN_GROUP),
	       EADDRINUSE);
	expect_heard(self, BIT(0));
	tap_end(&self->tap, "%s: what Linux refuses is refused, and changes nothing",
		flavour_name(self->flavour));
}

static void expect_list(struct calls *self, const char *call, uint32_t fmode,
			uint32_t numsrc, const struct sockaddr_storage *list,
			unsigned int wanted)
{
	unsigned int got = 0;

	for (unsigned int i = 0; i < numsrc && i < NETNS_ADDRESSES; i++)
		for (unsigned int s = 0; s < NETNS_ADDRESSES; s++) {
			struct sockaddr_storage source = source_of(self, s);

			if (list[i].ss_family == source.ss_family &&
			    !memcmp(&list[i], &source, sizeof(struct sockaddr_in)) &&
			    (source.ss_family == AF_INET ||
			     !memcmp(&((const struct sockaddr_in6 *)&list[i])->sin6_addr,
				     &((struct sockaddr_in6 *)&source)->sin6_addr, 16)))
				got |= BIT(s);
		}
	tap_expect(&self->tap, fmode == MCAST_INCLUDE && got == wanted,
		   "%s: mode %u, %u sources, %#x", call, fmode, numsrc, got);
}

/* Linux replaces the filter of a member only. */
static void test_rfc_calls(struct calls *self)
{
	struct sockaddr_storage list[NETNS_ADDRESSES] = { source_of(self, 3),
							  source_of(self, 1) };
	socklen_t len = self->flavour == FLAVOUR_IPV6 ? sizeof(struct sockaddr_in6)
						      : sizeof(struct sockaddr_in);
	uint32_t fmode = MCAST_EXCLUDE, numsrc = NETNS_ADDRESSES;

	expect(self, "join", do_group(self, MCAST_JOIN_GROUP), 0);
	expect(self, "setsourcefilter",
	       setsourcefilter(self->fd, self->net.ifindex[0], (void *)&self->group, len,
			       MCAST_INCLUDE, 2, list),
	       0);
	expect_heard(self, BIT(1) | BIT(3));
	memset(list, 0, sizeof(list));
	errno = SENTINEL_ERRNO;
	expect(self, "getsourcefilter",
	       getsourcefilter(self->fd, self->net.ifindex[0], (void *)&self->group, len,
			       &fmode, &numsrc, list),
	       0);
	tap_expect(&self->tap, numsrc == 2, "%u sources", numsrc);
	expect_list(self, "getsourcefilter", fmode, numsrc, list, BIT(1) | BIT(3));
	errno = SENTINEL_ERRNO;
	expect(self, "a group longer than any",
	       getsourcefilter(self->fd, self->net.ifindex[0], (void *)&self->group,
			       sizeof(self->group) + 1, &fmode, &numsrc, list),
	       EINVAL);
	tap_end(&self->tap, "%s: setsourcefilter() and getsourcefilter() (RFC 3678 5.2)",
		flavour_name(self->flavour));
}

static void test_ioctls(struct calls *self)
{
	_Alignas(struct group_filter) char room[GROUP_FILTER_SIZE(NETNS_ADDRESSES)];
	struct group_filter *gf = (struct group_filter *)room;

	memset(room, 0, sizeof(room));
	gf->gf_interface = self->net.ifindex[0];
	gf->gf_group = self->group;
	gf->gf_fmode = MCAST_INCLUDE;
	gf->gf_numsrc = 1;
	gf->gf_slist[0] = source_of(self, 2);
	expect(self, "join", do_group(self, MCAST_JOIN_GROUP), 0);
	expect(self, "SIOCSMSFILTER", ioctl(self->fd, SIOCSMSFILTER, gf), 0);
	expect_heard(self, BIT(2));
	gf->gf_numsrc = NETNS_ADDRESSES;
	gf->gf_fmode = MCAST_EXCLUDE;
	memset(gf->gf_slist, 0, NETNS_ADDRESSES * sizeof(*gf->gf_slist));
	errno = SENTINEL_ERRNO;
	expect(self, "SIOCGMSFILTER", ioctl(self->fd, SIOCGMSFILTER, gf), 0);
	expect_list(self, "SIOCGMSFILTER", gf->gf_fmode, gf->gf_numsrc, gf->gf_slist,
		    BIT(2));
	tap_end(&self->tap, "%s: the ioctls of RFC 3678 A set and get",
		flavour_name(self->flavour));
}

/* struct ip_mreq_source names the interface by address, or leaves it open. */
static void test_ipv4(struct calls *self)
{
	struct sockaddr_storage source = source_of(self, 1), other = source_of(self, 2);
	struct in_addr group = ((struct sockaddr_in *)&self->group)->sin_addr, list[4];
	struct in_addr interface = ((struct sockaddr_in *)&source)->sin_addr;
	struct ip_mreq_source mreqs = { .imr_multiaddr = group,
					.imr_sourceaddr = interface };
	struct in_addr any = { INADDR_ANY };
	uint32_t fmode = MCAST_EXCLUDE, numsrc = 4;

	errno = SENTINEL_ERRNO;
	expect(self, "IP_ADD_SOURCE_MEMBERSHIP",
	       setsockopt(self->fd, IPPROTO_IP, IP_ADD_SOURCE_MEMBERSHIP, &mreqs,
			  sizeof(mreqs)),
	       0);
	expect_heard(self, BIT(1));
	list[0] = ((struct sockaddr_in *)&other)->sin_addr;
	expect(self, "setipv4sourcefilter",
	       setipv4sourcefilter(self->fd, interface, group, MCAST_INCLUDE, 1, list),
	       0);
	expect_heard(self, BIT(2));
	list[0].s_addr = 0;
	expect(self, "getipv4sourcefilter",
	       getipv4sourcefilter(self->fd, any, group, &fmode, &numsrc, list), 0);
	tap_expect(&self->tap,
		   fmode == MCAST_INCLUDE && numsrc == 1 &&
			   list[0].s_addr ==
				   ((struct sockaddr_in *)&other)->sin_addr.s_addr,
		   "mode %u, %u sources", fmode, numsrc);
	tap_end(&self->tap, "IPv4: interfaces by address and by route (RFC 3678 4)");
}

/* Nothing of this concerns source filters. */
static void test_others(struct calls *self)
{
	int fds[2], value = 7, stream = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	socklen_t len = sizeof(value);
	char text[8] = "";

	errno = SENTINEL_ERRNO;
	expect(self, "IP_TTL",
	       setsockopt(self->fd, IPPROTO_IP, IP_TTL, &value, sizeof(value)), 0);
	value = 0;
	expect(self, "IP_TTL", getsockopt(self->fd, IPPROTO_IP, IP_TTL, &value, &len), 0);
	tap_expect(&self->tap, value == 7, "IP_TTL: %d", value);
	expect(self, "SO_KEEPALIVE",
	       setsockopt(stream, SOL_SOCKET, SO_KEEPALIVE, &value, sizeof(value)), 0);
	expect(self, "no option", setsockopt(self->fd, SOL_SOCKET, 9999, &value, len),
	       ENOPROTOOPT);
	expect(self, "no socket", setsockopt(-1, SOL_SOCKET, SO_KEEPALIVE, &value, len),
	       EBADF);
	if (pipe2(fds, O_CLOEXEC) < 0)
		tap_bail_out("pipe: %s", strerror(errno));
	tap_expect(&self->tap,
		   write(fds[1], "abc", 3) == 3 && ioctl(fds[0], FIONREAD, &value) == 0 &&
			   value == 3 && read(fds[0], text, sizeof(text)) == 3 &&
			   !strcmp(text, "abc"),
		   "a pipe: %d bytes, %s", value, text);
	errno = SENTINEL_ERRNO;
	expect(self, "an ioctl of a pipe", ioctl(fds[0], SIOCSMSFILTER, &value), ENOTTY);
	expect(self, "no descriptor", (int)read(-1, text, sizeof(text)), EBADF);
	close(fds[0]);
	close(fds[1]);
	close(stream);
	tap_end(&self->tap, "what is none of ours is libc's, with its errno");
}

/* The state is the socket's: duplicates and children have it, wherever it is kept. */
static void test_children(struct calls *self)
{
	int copy, status = -1, fd = self->fd;
	pid_t child;

	expect(self, "join", do_source(self, MCAST_JOIN_SOURCE_GROUP, 0), 0);
	copy = fcntl(fd, F_DUPFD_CLOEXEC, 200);
	self->fd = copy;
	expect(self, "join by a duplicate", do_source(self, MCAST_JOIN_SOURCE_GROUP, 1),
	       0);
	close(fd);
	expect_heard(self, BIT(0) | BIT(1));
	child = fork();
	if (child == 0) {
		bool is_right = do_source(self, MCAST_LEAVE_SOURCE_GROUP, 0) == 0 &&
				traffic_hear(&self->traffic, copy, 0, &self->group) ==
					BIT(1);

		_exit(is_right ? 0 : 1);
	}
	waitpid(child, &status, 0);
	tap_expect(&self->tap, status == 0, "the child: status %#x", status);
	/* the parent finds what the child has changed, where the socket tells it */
	if (getenv("MSF_TEST_STACK") == NULL ||
	    !strcmp(getenv("MSF_TEST_STACK"), "ENOPROTOOPT"))
		expect_heard(self, BIT(1));
	tap_end(&self->tap, "%s: duplicates and children share the filter",
		flavour_name(self->flavour));
}

/* IPv6 without an interface: the membership ends wherever it is, whatever the route. */
static void test_leave_anywhere(struct calls *self)
{
	struct group_req req = { .gr_group = self->group };
	struct ipv6_mreq mreq = { .ipv6mr_interface = 0 };

	mreq.ipv6mr_multiaddr = ((struct sockaddr_in6 *)&self->group)->sin6_addr;
	errno = SENTINEL_ERRNO;
	expect(self, "leave",
	       setsockopt(self->fd, IPPROTO_IPV6, MCAST_LEAVE_GROUP, &req, sizeof(req)),
	       EADDRNOTAVAIL);
	for (unsigned int i = 0; i < NETNS_LINKS; i++) {
		req.gr_interface = self->net.ifindex[i];
		expect(self, "join",
		       setsockopt(self->fd, IPPROTO_IPV6, MCAST_JOIN_GROUP, &req,
				  sizeof(req)),
		       0);
		req.gr_interface = 0;
		expect(self, "leave by MCAST_LEAVE_GROUP",
		       setsockopt(self->fd, IPPROTO_IPV6, MCAST_LEAVE_GROUP, &req,
				  sizeof(req)),
		       0);
		mreq.ipv6mr_interface = self->net.ifindex[i];
		expect(self, "join",
		       setsockopt(self->fd, IPPROTO_IPV6, IPV6_JOIN_GROUP, &mreq,
				  sizeof(mreq)),
		       0);
		mreq.ipv6mr_interface = 0;
		expect(self, "leave by IPV6_LEAVE_GROUP",
		       setsockopt(self->fd, IPPROTO_IPV6, IPV6_LEAVE_GROUP, &mreq,
				  sizeof(mreq)),
		       0);
	}
	expect_heard(self, 0);
	tap_end(&self->tap, "IPv6: a leave without an interface finds the membership");
}

/* IPv4 takes an int, or a char from who has less room. */
static void test_packet_info(struct calls *self)
{
	unsigned char bytes[4] = { 7, 7, 7, 7 };
	socklen_t len = 3;
	int value = 1;

	expect(self, "join", do_source(self, MCAST_JOIN_SOURCE_GROUP, 0), 0);
	expect(self, "IP_PKTINFO in a char",
	       setsockopt(self->fd, IPPROTO_IP, IP_PKTINFO, "\1", 1), 0);
	expect(self, "IP_PKTINFO into 3 bytes",
	       getsockopt(self->fd, IPPROTO_IP, IP_PKTINFO, bytes, &len), 0);
	tap_expect(&self->tap, len == 1 && bytes[0] == 1 && bytes[1] == 7,
		   "%u bytes: %u %u", len, bytes[0], bytes[1]);
	expect(self, "IP_PKTINFO of no length",
	       setsockopt(self->fd, IPPROTO_IP, IP_PKTINFO, NULL, 0), 0);
	len = sizeof(value);
	expect(self, "IP_PKTINFO",
	       getsockopt(self->fd, IPPROTO_IP, IP_PKTINFO, &value, &len), 0);
	tap_expect(&self->tap, value == 0, "no length is %d", value);
	len = (socklen_t)-1;
	expect(self, "IP_PKTINFO of a negative length",
	       getsockopt(self->fd, IPPROTO_IP, IP_PKTINFO, &value, &len), EINVAL);
	tap_end(&self->tap, "options of ours take lengths as Linux does");
}

/* Sockets that know nothing of groups say so in their own words. */
static void test_strangers(struct calls *self)
{
	int local = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0), value = 1;
	struct group_req req = { .gr_group = self->group };
	socklen_t len = sizeof(req);

	errno = SENTINEL_ERRNO;
	expect(self, "too short a join of AF_UNIX",
	       setsockopt(local, IPPROTO_IP, MCAST_JOIN_GROUP, &req, 1), EOPNOTSUPP);
	expect(self, "a filter of AF_UNIX",
	       getsockopt(local, IPPROTO_IP, MCAST_MSFILTER, &req, &len), EOPNOTSUPP);
	expect(self, "a join by the level of IPv6",
	       setsockopt(self->fd, IPPROTO_IPV6, MCAST_JOIN_GROUP, &req, len),
	       ENOPROTOOPT);
	expect(self, "a question by the level of IPv6",
	       getsockopt(self->fd, IPPROTO_IPV6, MCAST_JOIN_GROUP, &req, &len),
	       EOPNOTSUPP);
	expect(self, "IPV6_MULTICAST_ALL",
	       setsockopt(self->fd, IPPROTO_IPV6, IPV6_MULTICAST_ALL, &value,
			  sizeof(value)),
	       ENOPROTOOPT);
	expect(self, "no length and nowhere",
	       setsockopt(self->fd, IPPROTO_IP, MCAST_JOIN_GROUP, NULL, 1), EINVAL);
	expect(self, "nowhere",
	       setsockopt(self->fd, IPPROTO_IP, MCAST_JOIN_GROUP, NULL, len), EFAULT);
	close(local);
	tap_end(&self->tap, "sockets of other kinds answer for themselves");
}

/* Where the kernel has source filters the shim adds nothing to it. */
static void test_transparent(struct calls *self)
{
	void *nowhere = mmap(NULL, 1, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	errno = SENTINEL_ERRNO;
	expect(self, "join",
	       setsockopt(self->fd, IPPROTO_IP, MCAST_JOIN_SOURCE_GROUP, nowhere,
			  sizeof(struct group_source_req)),
	       EFAULT);
	expect(self, "attach",
	       setsockopt(self->fd, SOL_SOCKET, SO_ATTACH_FILTER, nowhere,
			  sizeof(struct sock_fprog)),
	       EFAULT);
	expect(self, "join", do_group(self, MCAST_JOIN_GROUP), 0);
	expect(self, "join a source", do_source(self, MCAST_JOIN_SOURCE_GROUP, 0), 0);
	expect(self, "leave another", do_source(self, MCAST_LEAVE_SOURCE_GROUP, 1),
	       EADDRNOTAVAIL);
	munmap(nowhere, 1);
	tap_end(&self->tap, "a kernel with source filters answers for itself");
}

/* Past the shim: an older stack tells that it has no filters. */
static void test_system(struct calls *self)
{
	struct raw_filter filter;
	int r = raw_get_filter(self->fd, self->net.ifindex[0], &self->group, &filter);

	tap_expect(&self->tap, r == (system_is_asm() ? -ENOPROTOOPT : -EADDRNOTAVAIL),
		   "%s", strerror(-r));
	tap_end(&self->tap, "the system is the one that was asked for");
}

static void run_all(struct calls *self)
{
	static void (*const tests[])(struct calls *) = {
		test_deltas, test_refusals, test_rfc_calls, test_ioctls, test_children,
	};

	for (enum flavour f = 0; f < N_FLAVOURS; f++)
		for (size_t i = 0; i < sizeof(tests) / sizeof(tests[0]); i++) {
			begin(self, f);
			tests[i](self);
			close(self->fd);
		}
	begin(self, FLAVOUR_IPV4);
	test_system(self);
	test_ipv4(self);
	close(self->fd);
	begin(self, FLAVOUR_IPV4);
	test_others(self);
	test_strangers(self);
	test_packet_info(self);
	close(self->fd);
	begin(self, FLAVOUR_IPV6);
	test_leave_anywhere(self);
	close(self->fd);
	begin(self, FLAVOUR_IPV4);
	if (!system_is_asm())
		test_transparent(self);
	close(self->fd);
}

int main(void)
{
	struct calls self = { .tap = { 0 } };

	unsetenv("LD_PRELOAD"); /* ours from here on, and no child's */
	netns_init(&self.net);
	system_init();
	traffic_init(&self.traffic, &self.net);
	run_all(&self);
	traffic_fini(&self.traffic);
	return tap_finish(&self.tap);
}
