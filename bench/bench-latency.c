/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * bench-latency [--json] [--only TEXT] [--rounds N] [--budget MS] IFACE: from the call
 * that joins to the first packet of a stream that is already there, by turns with the
 * socket option and with libmsf's backends. A thread sends at full rate into the far end
 * of the link; every join is that of a new group, to which the stream has gone before.
 *
 * Where there is an interface mb3 (bench/run -b), a snooping bridge stands between: the
 * stream comes only when the bridge has heard the report of the join.
 */
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/time.h>

#include "figure.h"
#include "inject.h"
#include "options.h"
#include "sides.h"

#define FAR_END     "mb3"
#define PORT        5200
#define GROUPS_IPV4 0xe8030000u /* 232.3.0.0 */
#define GROUPS_IPV6 0x80030000u /* ff3e::8003:0 */
#define SOURCE_IPV4 0x0a090063u
#define SOURCE_IPV6 0x63u /* fd00:9::63 */
#define N_BATCH     4u
#define N_BEFORE    400u /* packets of the stream before the join */
#define N_FLOODED   100  /* that came to us then, at most: queries do */
#define MIN_SAMPLES 3
#define PATIENCE_S  15 /* until a bridge has found its querier */
#define PAUSE_NS    1000000

struct stream {
	int fd; /* as inject_open() */
	int family;
	atomic_uint group;  /* its number; 0: none so far */
	atomic_uint n_sent; /* to that group */
	atomic_bool is_over;
	int error; /* of the thread, when it is over */
};

struct bench {
	struct sides sides;
	struct stream stream;
	uint32_t n_groups; /* that were used, of both families */
	int is_bridged;
	const char *interface;
	struct series us[N_SIDES]; /* a median for each round */
};

static struct sockaddr_storage get_group(int family, uint32_t number)
{
	number %= 65536;
	return family == AF_INET ? sides_get_ipv4(GROUPS_IPV4 + number, PORT)
				 : sides_get_ipv6(0xff3e0000, GROUPS_IPV6 + number, PORT);
}

static struct sockaddr_storage get_source(int family)
{
	return family == AF_INET ? sides_get_ipv4(SOURCE_IPV4, PORT)
				 : sides_get_ipv6(0xfd000009, SOURCE_IPV6, PORT);
}

/*
 * The stream
 */

static void *run_stream(void *argument)
{
	struct stream *stream = argument;
	struct sockaddr_storage from = get_source(stream->family);
	const struct timespec pause = { .tv_nsec = PAUSE_NS };
	struct inject_frame frame, *frames[N_BATCH];
	uint32_t group = 0;

	for (unsigned int i = 0; i < N_BATCH; i++)
		frames[i] = &frame;
	while (!atomic_load(&stream->is_over) && !stream->error) {
		uint32_t now = atomic_load(&stream->group);

		if (now != group) {
			struct sockaddr_storage to = get_group(stream->family, now);

			inject_make(&frame,
				    &(struct inject_plan){ .from = &from, .to = &to });
			group = now;
			atomic_store(&stream->n_sent, 0);
		}
		if (!group) {
			nanosleep(&pause, NULL);
			continue;
		}
		stream->error = inject_send(stream->fd, frames, N_BATCH);
		atomic_fetch_add(&stream->n_sent, N_BATCH);
	}
	return NULL;
}

/* Until it has gone to that group for a while. */
static int direct_stream(struct stream *stream, uint32_t group)
{
	const struct timespec pause = { .tv_nsec = PAUSE_NS };
	uint64_t end = series_now() + PATIENCE_S * 1000000000ull;

	atomic_store(&stream->n_sent, 0);
	atomic_store(&stream->group, group);
	nanosleep(&pause, NULL); /* the old group's last packets */
	while (atomic_load(&stream->n_sent) < N_BEFORE) {
		if (series_now() > end)
			return -ETIMEDOUT;
		nanosleep(&pause, NULL);
	}
	return 0;
}

/*
 * One join
 */

static int open_receiver(int family)
{
	struct sockaddr_storage any = family == AF_INET ? sides_get_ipv4(INADDR_ANY, PORT)
							: sides_get_ipv6(0, 0, PORT);
	socklen_t len = family == AF_INET ? sizeof(struct sockaddr_in)
					  : sizeof(struct sockaddr_in6);
	int level = family == AF_INET ? IPPROTO_IP : IPPROTO_IPV6;
	int name = family == AF_INET ? IP_MULTICAST_ALL : IPV6_MULTICAST_ALL;
	struct timeval patience = { .tv_sec = PATIENCE_S };
	int fd = socket(family, SOCK_DGRAM | SOCK_CLOEXEC, 0), off = 0;

	if (fd < 0)
		return -errno;
	if (setsockopt(fd, level, name, &off, sizeof(off)) < 0 ||
	    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)) < 0 ||
	    bind(fd, (struct sockaddr *)&any, len) < 0) {
		int r = -errno;

		close(fd);
		return r;
	}
	return fd;
}

static long count_received(const char *interface)
{
	FILE *file = fopen("/proc/net/dev", "re");
	char line[512], name[IF_NAMESIZE + 1];
	long n = -1, packets;

	while (file && fgets(line, sizeof(line), file)) {
		if (sscanf(line, " %16[^:]: %*d %ld", name, &packets) == 2 &&
		    !strcmp(name, interface))
			n = packets;
	}
	if (file)
		fclose(file);
	return n;
}

static int time_join(struct bench *bench, enum side side, uint32_t number, int fd,
		     double *ret_us)
{
	struct sockaddr_storage group = get_group(bench->stream.family, number);
	struct sockaddr_storage source = get_source(bench->stream.family);
	uint64_t start = series_now();
	char packet[128];
	int r = sides_join(&bench->sides, side, fd, &group, &source);

	if (!r && recv(fd, packet, sizeof(packet), 0) < 0)
		r = errno == EAGAIN ? -ETIMEDOUT : -errno;
	*ret_us = (double)(series_now() - start) / 1e3;
	return r;
}

static int measure_join(struct bench *bench, enum side side, double *ret_us)
{
	uint32_t group = ++bench->n_groups;
	long n_before = count_received(bench->interface);
	int r = direct_stream(&bench->stream, group), fd;

	if (r < 0)
		return r;
	if (bench->is_bridged &&
	    count_received(bench->interface) - n_before > N_FLOODED) {
		fprintf(stderr, "bench-latency: the bridge floods\n");
		return -EPROTO;
	}
	fd = open_receiver(bench->stream.family);
	if (fd < 0)
		return fd;
	r = time_join(bench, side, group, fd, ret_us);
	close(fd);
	return r;
}

static int measure_round(struct bench *bench, const struct options *options)
{
	double end = (double)series_now() + (double)options->budget_ms * 1e6;
	struct series sample[N_SIDES] = { 0 };
	int r = 0;

	for (int i = 0; !r && (i < MIN_SAMPLES || (double)series_now() < end); i++) {
		for (int side = 0; !r && side < N_SIDES; side++) {
			double us;

			r = measure_join(bench, (enum side)side, &us);
			if (!r)
				r = series_add(&sample[side], us);
		}
	}
	for (int side = 0; side < N_SIDES; side++) {
		if (!r)
			r = series_add(&bench->us[side],
				       series_get_spread(&sample[side]).median);
		series_fini(&sample[side]);
	}
	return r;
}

/* A bridge that has found no querier yet forwards to nobody here, or to everybody. */
static int wait_for_bridge(struct bench *bench)
{
	uint64_t end = series_now() + PATIENCE_S * 1000000000ull;
	struct timespec pause = { .tv_nsec = 100 * PAUSE_NS };
	double us;
	int r;

	do {
		r = measure_join(bench, SIDE_RAW, &us);
		nanosleep(&pause, NULL);
	} while ((r == -EPROTO || r == -ETIMEDOUT) && series_now() < end);
	return r;
}

/*
 * The report
 */

static void print_side(struct bench *bench, enum side side, int is_json)
{
	char name[128];
	struct figure figure = { .name = name,
				 .peer = sides_get_name(SIDE_RAW),
				 .unit = "us" };

	snprintf(name, sizeof(name), "%s from join to first packet%s, %s",
		 bench->stream.family == AF_INET ? "IPv4" : "IPv6",
		 bench->is_bridged ? " behind a snooping bridge" : "",
		 sides_get_name(side));
	if (figure_compare(&figure, &bench->us[side], &bench->us[SIDE_RAW]))
		return;
	if (is_json)
		figure_print(&figure, stdout);
	else
		printf("%-64s %8.1f us  %-10s %8.1f us  %5.2f (%.2f..%.2f)\n", name,
		       figure.ours, figure.peer, figure.theirs, figure.ratio.median,
		       figure.ratio.q1, figure.ratio.q3);
}

static int run(struct bench *bench, const struct options *options, int family)
{
	pthread_t sender;
	int r;

	bench->stream.family = family;
	atomic_store(&bench->stream.group, 0);
	atomic_store(&bench->stream.is_over, false);
	r = pthread_create(&sender, NULL, run_stream, &bench->stream);
	if (r)
		return -r;
	r = bench->is_bridged ? wait_for_bridge(bench) : 0;
	for (long i = 0; !r && i < options->rounds; i++)
		r = measure_round(bench, options);
	atomic_store(&bench->stream.is_over, true);
	pthread_join(sender, NULL);
	r = r ? r : bench->stream.error;
	for (int side = SIDE_KERNEL; !r && side < N_SIDES; side++)
		print_side(bench, (enum side)side, options->json);
	for (int side = 0; side < N_SIDES; side++)
		series_fini(&bench->us[side]);
	return r;
}

static int bench_init(struct bench *bench, const struct options *options)
{
	uint32_t far_end = if_nametoindex(FAR_END);
	uint32_t ifindex = if_nametoindex(options->interface);
	int r = ifindex ? 0 : -errno;

	bench->interface = options->interface;
	bench->is_bridged = far_end != 0;
	bench->stream.fd = -1;
	if (!r && !far_end)
		r = inject_find_peer(options->interface, &far_end);
	if (!r) {
		bench->stream.fd = inject_open(far_end);
		r = bench->stream.fd < 0 ? bench->stream.fd : 0;
	}
	return r ? r : sides_init(&bench->sides, ifindex);
}

int main(int argc, char **argv)
{
	struct options options = { .rounds = 11, .budget_ms = 300 };
	struct bench bench = { 0 };
	int r;

	if (options_parse(&options, argc, argv) < 0) {
		fprintf(stderr, "usage: bench-latency [--json] [--rounds N] "
				"[--budget MS] IFACE\n");
		return 2;
	}
	r = bench_init(&bench, &options);
	if (!r)
		r = run(&bench, &options, AF_INET);
	if (!r)
		r = run(&bench, &options, AF_INET6);
	sides_fini(&bench.sides);
	if (bench.stream.fd >= 0)
		close(bench.stream.fd);
	if (r < 0)
		fprintf(stderr, "bench-latency: %s: %s\n", options.interface,
			strerror(-r));
	return r < 0;
}
