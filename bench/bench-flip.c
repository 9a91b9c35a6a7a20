/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Counts what comes through while a filter changes: one thread sends at full
 * rate from a source that neither the old filter nor the new one admits, the
 * other changes the filter and counts what arrives of it. Done by libmsf and by
 * the usual socket options, by turns.
 *
 * bench-flip [--json] [--only TEXT] [--rounds N] [--budget MS] IFACE: needs the addresses
 * that bench/run gives it.
 */
#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <arpa/inet.h>

#include <msf.h>

#include "figure.h"
#include "options.h"

#define PORT 5009

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
	double budget_ns;
};

enum side { SIDE_MSF, SIDE_RAW, N_SIDES };

/* What a side came to: packets of each round. */
struct result {
	struct series leaked; /* arrived, of a million sent */
	uint64_t n_changes, n_sent, n_arrived;
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

/* Two changes of the filter. Before the first the socket is as the last left it. */
typedef void change_fn(struct bench *b);

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

/*
 * The sequences of programs without the library
 */

static void set_membership(struct bench *b, int option)
{
	struct group_req req = { b->ifindex, b->group };

	check(setsockopt(b->fd, b->family->level, option, &req, sizeof(req)), "group");
}

static void set_source(struct bench *b, int option, const struct sockaddr_storage *source)
{
	struct group_source_req req = { b->ifindex, b->group, *source };

	check(setsockopt(b->fd, b->family->level, option, &req, sizeof(req)), "source");
}

/* RFC 3678 4.1.3: from one mode to the other by leaving and joining. */
static void flip_raw(struct bench *b)
{
	set_membership(b, MCAST_LEAVE_GROUP);
	set_source(b, MCAST_JOIN_SOURCE_GROUP, &b->wanted);
	set_membership(b, MCAST_LEAVE_GROUP);
	set_membership(b, MCAST_JOIN_GROUP);
	set_source(b, MCAST_BLOCK_SOURCE, &b->forbidden);
}

/* Join, then narrow. */
static void open_raw(struct bench *b, uint32_t fmode,
		     const struct sockaddr_storage *source)
{
	struct group_filter gf = { .gf_interface = b->ifindex,
				   .gf_group = b->group,
				   .gf_fmode = fmode,
				   .gf_numsrc = 1 };

	gf.gf_slist[0] = *source;
	set_membership(b, MCAST_JOIN_GROUP);
	check(setsockopt(b->fd, b->family->level, MCAST_MSFILTER, &gf,
			 GROUP_FILTER_SIZE(1)),
	      "set");
	set_membership(b, MCAST_LEAVE_GROUP);
}

static void open_exclude_raw(struct bench *b)
{
	open_raw(b, MCAST_EXCLUDE, &b->forbidden);
}

static void open_include_raw(struct bench *b)
{
	open_raw(b, MCAST_INCLUDE, &b->wanted);
}

static const struct line {
	const char *name;
	change_fn *change[N_SIDES];
	bool is_flip;
} lines[] = {
	{ "INCLUDE {a} <-> EXCLUDE {x}", { flip, flip_raw }, true },
	{ "none -> INCLUDE {a}", { open_include, open_include_raw }, false },
	{ "none -> EXCLUDE {x}", { open_exclude, open_exclude_raw }, false },
};

#define N_LINES (sizeof(lines) / sizeof(lines[0]))

static uint64_t count_arrived(int fd)
{
	char byte;
	uint64_t n = 0;

	while (recv(fd, &byte, 1, MSG_DONTWAIT) >= 0)
		n++;
	return n;
}

static void stop_multicast_all(const struct bench *b)
{
	int off = 0;

	check(setsockopt(b->fd, b->family->level,
			 b->family->family == AF_INET ? IP_MULTICAST_ALL : 29, &off,
			 sizeof(off)),
	      "multicast_all");
}

static void run_side(struct bench *b, const struct line *line, enum side side,
		     struct result *result)
{
	struct sockaddr_storage local = address(b->family, b->family->group, PORT);
	uint64_t n_arrived = 0, n_changes = 0;
	pthread_t sender;
	double end;

	b->fd = open_socket(b, &local);
	stop_multicast_all(b);
	b->n_sent = 0;
	atomic_store(&b->is_over, false);
	if (line->is_flip)
		set(b, MCAST_EXCLUDE, &b->forbidden);
	if (pthread_create(&sender, NULL, send_forbidden, b))
		fail("pthread_create");
	for (end = (double)series_now() + b->budget_ns; (double)series_now() < end;) {
		line->change[side](b);
		if (!(n_changes++ & 0xff))
			n_arrived += count_arrived(b->fd);
	}
	atomic_store(&b->is_over, true);
	pthread_join(sender, NULL);
	n_arrived += count_arrived(b->fd);
	close(b->fd);
	result->n_changes += n_changes;
	result->n_sent += b->n_sent;
	result->n_arrived += n_arrived;
	check(series_add(&result->leaked,
			 1e6 * (double)n_arrived / (double)(b->n_sent ? b->n_sent : 1)),
	      "series");
}

static void print_side(const char *name, const char *side, const struct result *result)
{
	printf("%-34s %-6s %10" PRIu64 " %12" PRIu64 " %10" PRIu64 "\n", name, side,
	       result->n_changes, result->n_sent, result->n_arrived);
}

static void print_line(const struct bench *b, const struct line *line,
		       struct result result[N_SIDES], bool is_json)
{
	char name[128];
	struct figure figure = {
		.name = name,
		.peer = "setsockopt",
		.unit = "of 1e6",
	};

	snprintf(name, sizeof(name), "%s%s %s", b->family->name,
		 is_json ? " forbidden packets during" : "", line->name);
	if (!is_json) {
		print_side(name, "libmsf", &result[SIDE_MSF]);
		print_side("", "raw", &result[SIDE_RAW]);
	} else if (!figure_compare(&figure, &result[SIDE_MSF].leaked,
				   &result[SIDE_RAW].leaked)) {
		figure_print(&figure, stdout);
	}
	fflush(stdout);
}

static void run_line(struct bench *b, const struct line *line,
		     const struct options *options)
{
	struct result result[N_SIDES] = { 0 };

	for (long i = 0; i < options->rounds; i++)
		for (int side = 0; side < N_SIDES; side++)
			run_side(b, line, (enum side)side, &result[side]);
	print_line(b, line, result, options->json);
	for (int side = 0; side < N_SIDES; side++)
		series_fini(&result[side].leaked);
}

static void run_family(const struct family *f, uint32_t ifindex,
		       const struct options *options)
{
	struct bench b = { .family = f,
			   .ifindex = ifindex,
			   .budget_ns = (double)options->budget_ms * 1e6 };

	check(msf_new(&b.msf, NULL), "msf_new");
	b.group = address(f, f->group, 0);
	b.wanted = address(f, f->wanted, 0);
	b.forbidden = address(f, f->forbidden, 0);
	for (size_t i = 0; i < N_LINES; i++) {
		if (!options->only || strstr(lines[i].name, options->only))
			run_line(&b, &lines[i], options);
	}
	msf_free(b.msf);
}

int main(int argc, char **argv)
{
	struct options options = { .rounds = 5, .budget_ms = 400 };
	uint32_t ifindex = options_parse(&options, argc, argv) < 0
				   ? 0
				   : if_nametoindex(options.interface);

	if (!ifindex) {
		fprintf(stderr, "usage: bench-flip [--json] [--only TEXT] [--rounds N] "
				"[--budget MS] IFACE\n");
		return 2;
	}
	if (!options.json)
		printf("packets of x, which neither filter admits, that arrived while it "
		       "changed\n%-41s %10s %12s %10s\n",
		       "change", "rounds", "sent", "arrived");
	for (size_t i = 0; i < sizeof(families) / sizeof(families[0]); i++)
		run_family(&families[i], ifindex, &options);
	return 0;
}
