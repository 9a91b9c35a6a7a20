/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Counts what comes through while a filter changes: one thread sends at full
 * rate from a source that neither the old filter nor the new one admits, the
 * other changes the filter and counts what arrives of it. Done by libmsf and by
 * the socket options that open with a plain join, side by side.
 *
 * bench-flip INTERFACE: needs the addresses that bench/run gives it.
 */
#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <arpa/inet.h>

#include <msf.h>

#define SECONDS_A_LINE 2
#define PORT           5009

struct family {
	int family;
	int level;
	const char *name;
	const char *group;
	const char *wanted;    /* a source that nobody sends from */
	const char *forbidden; /* the source that sends */
};

static const struct family families[] = {
	{ AF_INET, IPPROTO_IP, "IPv4", "239.9.9.9", "10.9.0.77", "10.9.0.2" },
	{ AF_INET6, IPPROTO_IPV6, "IPv6", "ff15::9", "fd00:9::77", "fd00:9::2" },
};

struct bench {
	const struct family *family;
	struct msf *msf;
	uint32_t ifindex;
	int fd;
	struct sockaddr_storage group;
	struct sockaddr_storage wanted;
	struct sockaddr_storage forbidden;
	atomic_bool is_over;
	uint64_t n_sent;
};

static void fail(const char *what)
{
	fprintf(stderr, "bench-flip: %s: %s\n", what, strerror(errno));
	exit(1);
}

static void check(int r, const char *what)
{
	if (r < 0) {
		errno = r == -1 ? errno : -r;
		fail(what);
	}
}

static struct sockaddr_storage address(const struct family *f, const char *text, int port)
{
	struct sockaddr_storage ss = { .ss_family = (sa_family_t)f->family };
	struct sockaddr_in6 *sin6 = (struct sockaddr_in6 *)&ss;
	struct sockaddr_in *sin = (struct sockaddr_in *)&ss;

	sin->sin_port = htons((uint16_t)port); /* sin6_port lies there too */
	inet_pton(f->family, text,
		  f->family == AF_INET ? (void *)&sin->sin_addr : &sin6->sin6_addr);
	return ss;
}

static int open_socket(const struct bench *b, const struct sockaddr_storage *local)
{
	int fd = socket(b->family->family, SOCK_DGRAM | SOCK_CLOEXEC, 0), one = 1;
	struct ip_mreqn mreqn = { .imr_ifindex = (int)b->ifindex };
	int index = (int)b->ifindex;

	check(fd < 0 ? -errno : 0, "socket");
	check(setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)),
	      "SO_REUSEADDR");
	if (b->family->family == AF_INET)
		check(setsockopt(fd, IPPROTO_IP, IP_MULTICAST_IF, &mreqn, sizeof(mreqn)),
		      "IP_MULTICAST_IF");
	else
		check(setsockopt(fd, IPPROTO_IPV6, IPV6_MULTICAST_IF, &index,
				 sizeof(index)),
		      "IPV6_MULTICAST_IF");
	check(bind(fd, (const struct sockaddr *)local, sizeof(*local)), "bind");
	return fd;
}

static void *send_forbidden(void *argument)
{
	struct bench *b = argument;
	int fd = open_socket(b, &b->forbidden);
	struct sockaddr_storage to = address(b->family, b->family->group, PORT);

	while (!atomic_load_explicit(&b->is_over, memory_order_relaxed)) {
		if (sendto(fd, "x", 1, 0, (struct sockaddr *)&to, sizeof(to)) == 1)
			b->n_sent++;
	}
	close(fd);
	return NULL;
}

/*
 * One round: two changes of the filter. Before the first the socket is as the
 * last left it.
 */
typedef void round_fn(struct bench *b);

static void set(struct bench *b, uint32_t fmode, const struct sockaddr_storage *source)
{
	check(msf_set_filter(b->msf, b->fd, b->ifindex, (struct sockaddr *)&b->group,
			     fmode, 1, source, MSF_IDEMPOTENT),
	      "msf_set_filter");
}

static void flip(struct bench *b)
{
	set(b, MCAST_INCLUDE, &b->wanted);
	set(b, MCAST_EXCLUDE, &b->forbidden);
}

static void leave(struct bench *b)
{
	check(msf_leave_group(b->msf, b->fd, b->ifindex, (struct sockaddr *)&b->group),
	      "msf_leave_group");
}

static void open_exclude(struct bench *b)
{
	set(b, MCAST_EXCLUDE, &b->forbidden);
	leave(b);
}

static void open_include(struct bench *b)
{
	set(b, MCAST_INCLUDE, &b->wanted);
	leave(b);
}

/* The sequence of programs without the library: join, then narrow. */
static void open_raw(struct bench *b, uint32_t fmode,
		     const struct sockaddr_storage *source)
{
	struct group_req req = { b->ifindex, b->group };
	struct group_filter gf = { .gf_interface = b->ifindex,
				   .gf_group = b->group,
				   .gf_fmode = fmode,
				   .gf_numsrc = 1 };
	int level = b->family->level;

	gf.gf_slist[0] = *source;
	check(setsockopt(b->fd, level, MCAST_JOIN_GROUP, &req, sizeof(req)), "join");
	check(setsockopt(b->fd, level, MCAST_MSFILTER, &gf, GROUP_FILTER_SIZE(1)), "set");
	check(setsockopt(b->fd, level, MCAST_LEAVE_GROUP, &req, sizeof(req)), "leave");
}

static void open_exclude_raw(struct bench *b)
{
	open_raw(b, MCAST_EXCLUDE, &b->forbidden);
}

static void open_include_raw(struct bench *b)
{
	open_raw(b, MCAST_INCLUDE, &b->wanted);
}

static uint64_t count_arrived(int fd)
{
	char byte;
	uint64_t n = 0;

	while (recv(fd, &byte, 1, MSG_DONTWAIT) >= 0)
		n++;
	return n;
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void stop_multicast_all(const struct bench *b)
{
	int off = 0;

	check(setsockopt(b->fd, b->family->level,
			 b->family->family == AF_INET ? IP_MULTICAST_ALL : 29, &off,
			 sizeof(off)),
	      "multicast_all");
}

static void run(struct bench *b, const char *what, round_fn *round)
{
	struct sockaddr_storage local = address(b->family, b->family->group, PORT);
	uint64_t n_rounds = 0, n_arrived = 0;
	pthread_t sender;
	double end;

	b->fd = open_socket(b, &local);
	stop_multicast_all(b);
	b->n_sent = 0;
	atomic_store(&b->is_over, false);
	if (round == flip)
		set(b, MCAST_EXCLUDE, &b->forbidden);
	if (pthread_create(&sender, NULL, send_forbidden, b))
		fail("pthread_create");
	for (end = now() + SECONDS_A_LINE; now() < end; n_rounds++) {
		round(b);
		if (!(n_rounds & 0xff))
			n_arrived += count_arrived(b->fd);
	}
	atomic_store(&b->is_over, true);
	pthread_join(sender, NULL);
	n_arrived += count_arrived(b->fd);
	printf("%s %-34s %10" PRIu64 " %12" PRIu64 " %10" PRIu64 "\n", b->family->name,
	       what, n_rounds, b->n_sent, n_arrived);
	fflush(stdout);
	close(b->fd);
}

static void run_family(const struct family *f, uint32_t ifindex)
{
	struct bench b = { .family = f, .ifindex = ifindex };

	check(msf_new(&b.msf, NULL), "msf_new");
	b.group = address(f, f->group, 0);
	b.wanted = address(f, f->wanted, 0);
	b.forbidden = address(f, f->forbidden, 0);
	run(&b, "INCLUDE {a} <-> EXCLUDE {x}  libmsf", flip);
	run(&b, "none -> INCLUDE {a}          libmsf", open_include);
	run(&b, "none -> INCLUDE {a}          raw", open_include_raw);
	run(&b, "none -> EXCLUDE {x}          libmsf", open_exclude);
	run(&b, "none -> EXCLUDE {x}          raw", open_exclude_raw);
	msf_free(b.msf);
}

int main(int argc, char **argv)
{
	uint32_t ifindex = argc == 2 ? if_nametoindex(argv[1]) : 0;

	if (!ifindex) {
		fprintf(stderr, "usage: bench-flip INTERFACE\n");
		return 2;
	}
	printf("packets of x, which neither filter admits, that arrived while it "
	       "changed\n");
	printf("%-40s %10s %12s %10s\n", "change", "rounds", "sent", "arrived");
	for (size_t i = 0; i < sizeof(families) / sizeof(families[0]); i++)
		run_family(&families[i], ifindex);
	return 0;
}
