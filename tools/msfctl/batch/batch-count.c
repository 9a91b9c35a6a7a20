/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * batch-count: packets by source (see batch-count.h).
 *
 * Invariant: sources are in ascending order, each once; the sum of their packets and
 * of others is packets.
 */
#include <errno.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include <msf.h>

#include "batch-count.h"

#define PACKET_MAX 65536

/* Packets that are taken before the clock is asked again, and after the deadline:
 * more than a queue holds. */
#define BURST      256
#define LAST_BURST 65536

union address {
	struct sockaddr_storage storage;
	struct sockaddr_in sin;
	struct sockaddr_in6 sin6;
};

/* An IPv4 packet is one on a socket of IPv6 too, as in the filters. */
static struct sockaddr_storage get_source(const union address *from)
{
	union address source = { .storage.ss_family = AF_INET };

	if (from->storage.ss_family != AF_INET6) {
		source.sin.sin_addr = from->sin.sin_addr;
	} else if (IN6_IS_ADDR_V4MAPPED(&from->sin6.sin6_addr)) {
		memcpy(&source.sin.sin_addr, &from->sin6.sin6_addr.s6_addr[12], 4);
	} else {
		source.storage.ss_family = AF_INET6;
		source.sin6.sin6_addr = from->sin6.sin6_addr;
	}
	return source.storage;
}

/* All but family and address is zero in both. */
static int compare(const struct sockaddr_storage *a, const struct sockaddr_storage *b)
{
	return memcmp(a, b, sizeof(struct sockaddr_in6));
}

/* The place where it is, or belongs. */
static uint32_t find_place(const struct batch_counts *counts,
			   const struct sockaddr_storage *source)
{
	uint32_t low = 0, high = counts->n_sources;

	while (low < high) {
		uint32_t middle = (low + high) / 2;

		if (compare(&counts->sources[middle].source, source) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static void count(struct batch_counts *counts, const struct sockaddr_storage *source,
		  uint64_t bytes)
{
	uint32_t i = find_place(counts, source);
	struct batch_count *place = &counts->sources[i];

	counts->packets++;
	counts->bytes += bytes;
	if (i == counts->n_sources || compare(&place->source, source) != 0) {
		if (counts->n_sources == BATCH_COUNT_SOURCES_MAX) {
			counts->others++;
			return;
		}
		memmove(place + 1, place, (counts->n_sources - i) * sizeof(*place));
		*place = (struct batch_count){ .source = *source };
		counts->n_sources++;
	}
	place->packets++;
	place->bytes += bytes;
}

/* 1: maybe there is more; 0: nothing is left; or -errno. */
static int take_packet(int fd, struct batch_counts *counts)
{
	char payload[PACKET_MAX];
	union address from = { .storage.ss_family = AF_UNSPEC };
	struct sockaddr_storage source;
	socklen_t len = sizeof(from);
	ssize_t n;

	n = msf_recvfrom(fd, payload, sizeof(payload), MSG_DONTWAIT,
			 (struct sockaddr *)&from, &len);
	if (n < 0 && errno == EINTR)
		return 1;
	if (n < 0)
		return errno == EAGAIN ? 0 : -errno;
	source = get_source(&from);
	count(counts, &source, (uint64_t)n);
	return 1;
}

static int take_burst(int fd, struct batch_counts *counts, int max)
{
	int r = 1;

	for (int i = 0; i < max && r > 0; i++)
		r = take_packet(fd, counts);
	return r < 0 ? r : 0;
}

/* Since the socket was opened; -1: not known. */
static int64_t get_drops(int fd)
{
	uint32_t info[SK_MEMINFO_VARS] = { 0 };
	socklen_t len = sizeof(info);

	if (getsockopt(fd, SOL_SOCKET, SO_MEMINFO, info, &len) < 0 ||
	    len < (SK_MEMINFO_DROPS + 1) * sizeof(*info))
		return -1;
	return info[SK_MEMINFO_DROPS];
}

int batch_count_packets(int fd, const struct batch_wait *wait, uint64_t deadline,
			struct batch_counts *ret)
{
	int r;

	*ret = (struct batch_counts){ .drops = -1 };
	ret->sources = calloc(BATCH_COUNT_SOURCES_MAX, sizeof(*ret->sources));
	if (!ret->sources)
		return -ENOMEM;
	do {
		r = take_burst(fd, ret, BURST);
		if (r == 0)
			r = batch_wait_until(wait, fd, deadline);
	} while (r > 0 && batch_wait_get_now() < deadline);
	if (r >= 0)
		r = take_burst(fd, ret, LAST_BURST);
	ret->drops = get_drops(fd);
	return r;
}

void batch_counts_fini(struct batch_counts *counts)
{
	free(counts->sources);
	*counts = (struct batch_counts){ .drops = -1 };
}
