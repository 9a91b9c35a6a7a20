/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The rate. Sender and receiver are one thread: a batch goes into the far end of the
 * link, which the kernel receives at once, and is read. So the time is that of
 * everything between, and the same but for the filter. The sides take turns, a
 * millisecond each; every one has a group and a port of its own.
 */
#include "rate.h"

#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <arpa/inet.h>
#include <linux/filter.h>

#include "inject.h"

#define PORT          5100
#define N_FRAMES      1024u /* a power of 2 */
#define N_BATCHES     8u    /* of one turn */
#define RECEIVE_SPACE (8 << 20)
#define MIN_TURNS     3
#define ACCEPT        0x40000u
#define LINEAR_MAX    1400u

/* A receiver and what is sent to it. */
struct lane {
	struct inject_frame *frames; /* owned: one of each source */
	struct series sample;
	int fd;
	uint32_t next; /* of the order */
	uint32_t order[N_FRAMES];
};

struct sockaddr_storage rate_get_source(int family, uint32_t i)
{
	struct sockaddr_storage ss = { .ss_family = (sa_family_t)family };
	struct sockaddr_in *sin = (struct sockaddr_in *)&ss;
	struct sockaddr_in6 *sin6 = (struct sockaddr_in6 *)&ss;

	if (family == AF_INET) {
		sin->sin_addr.s_addr = htonl(0x0a100001u + 7 * i);
		return ss;
	}
	inet_pton(AF_INET6, "2001:db8::", &sin6->sin6_addr);
	sin6->sin6_addr.s6_addr[14] = (uint8_t)((7 * i + 1) >> 8);
	sin6->sin6_addr.s6_addr[15] = (uint8_t)(7 * i + 1);
	return ss;
}

struct sockaddr_storage rate_get_group(int family, enum rate_side side)
{
	struct sockaddr_storage ss = { .ss_family = (sa_family_t)family };
	struct sockaddr_in *sin = (struct sockaddr_in *)&ss;
	struct sockaddr_in6 *sin6 = (struct sockaddr_in6 *)&ss;

	sin->sin_port = htons((uint16_t)(PORT + side)); /* sin6_port lies there too */
	if (family == AF_INET) {
		sin->sin_addr.s_addr = htonl(0xef090901u + side);
		return ss;
	}
	inet_pton(AF_INET6, "ff15::9:1", &sin6->sin6_addr);
	sin6->sin6_addr.s6_addr[15] = (uint8_t)(side + 1);
	return ss;
}

static int join_plainly(const struct rate *rate, int fd,
			const struct sockaddr_storage *group)
{
	struct group_req req = { .gr_interface = rate->ifindex, .gr_group = *group };
	int level = group->ss_family == AF_INET ? IPPROTO_IP : IPPROTO_IPV6;

	return setsockopt(fd, level, MCAST_JOIN_GROUP, &req, sizeof(req)) < 0 ? -errno
									      : 0;
}

static int set_kernel(const struct rate *rate, int fd,
		      const struct sockaddr_storage *group,
		      const struct sockaddr_storage *list, uint32_t n)
{
	int level = group->ss_family == AF_INET ? IPPROTO_IP : IPPROTO_IPV6;
	struct group_filter *filter = calloc(1, GROUP_FILTER_SIZE(n));
	int r = filter ? join_plainly(rate, fd, group) : -ENOMEM;

	if (!r) {
		filter->gf_interface = rate->ifindex;
		filter->gf_group = *group;
		filter->gf_fmode = MCAST_INCLUDE;
		filter->gf_numsrc = n;
		memcpy(filter->gf_slist, list, n * sizeof(*list));
		if (setsockopt(fd, level, MCAST_MSFILTER, filter, GROUP_FILTER_SIZE(n)) <
		    0)
			r = -errno;
	}
	free(filter);
	return r;
}

/* A word of an address that stands at that offset of the IP header. */
static struct sock_filter load(uint32_t offset)
{
	return (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
					    (uint32_t)SKF_NET_OFF + offset);
}

static int attach_linear(int fd, const struct sockaddr_storage *list, uint32_t n)
{
	int is_ipv6 = list->ss_family == AF_INET6;
	size_t at = is_ipv6 ? offsetof(struct sockaddr_in6, sin6_addr) + 12
			    : offsetof(struct sockaddr_in, sin_addr);
	struct sock_filter code[2 * LINEAR_MAX + 2] = { load(is_ipv6 ? 20 : 12) };
	struct sock_fprog program = { (unsigned short)(2 * n + 2), code };

	for (uint32_t i = 0; i < n; i++) {
		uint32_t word;

		memcpy(&word, (const char *)&list[i] + at, sizeof(word));
		code[2 * i + 1] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K,
							       ntohl(word), 0, 1);
		code[2 * i + 2] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, ACCEPT);
	}
	code[2 * n + 1] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, 0);
	return setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program)) < 0
		       ? -errno
		       : 0;
}

static int set_filter(const struct rate *rate, int fd, enum rate_side side,
		      const struct sockaddr_storage *group, uint32_t n)
{
	struct sockaddr_storage *list = calloc(n, sizeof(*list));
	int r = -ENOMEM;

	if (!list)
		return r;
	for (uint32_t i = 0; i < n; i++)
		list[i] = rate_get_source(group->ss_family, i);
	switch (side) {
	case RATE_NONE:
		r = join_plainly(rate, fd, group);
		break;
	case RATE_KERNEL:
		r = set_kernel(rate, fd, group, list, n);
		break;
	case RATE_ASM:
		r = msf_set_filter(rate->msf, fd, rate->ifindex, (struct sockaddr *)group,
				   MCAST_INCLUDE, n, list, 0);
		break;
	case RATE_LINEAR:
		r = n > LINEAR_MAX ? -ENOBUFS : join_plainly(rate, fd, group);
		if (!r)
			r = attach_linear(fd, list, n);
		break;
	case N_RATE_SIDES:
		break;
	}
	free(list);
	return r;
}

int rate_open(const struct rate *rate, enum rate_side side,
	      const struct sockaddr_storage *group, uint32_t n_sources)
{
	int fd = socket(group->ss_family, SOCK_DGRAM | SOCK_CLOEXEC, 0), r = 0;
	int space = RECEIVE_SPACE;
	struct sockaddr_in6 any = { .sin6_family = group->ss_family };

	if (fd < 0)
		return -errno;
	any.sin6_port = ((const struct sockaddr_in6 *)group)->sin6_port;
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &space, sizeof(space)) < 0 ||
	    bind(fd, (struct sockaddr *)&any, sizeof(any)) < 0)
		r = -errno;
	if (!r)
		r = set_filter(rate, fd, side, group, n_sources);
	if (r < 0)
		close(fd);
	return r < 0 ? r : fd;
}

/* Every source equally often, in an order of chance. */
static int lane_init(struct lane *lane, const struct rate *rate,
		     const struct rate_cell *cell, enum rate_side side)
{
	struct sockaddr_storage group = rate_get_group(cell->family, side);
	uint32_t seed = 3678;

	lane->frames = calloc(cell->n_sources, sizeof(*lane->frames));
	if (!lane->frames)
		return -ENOMEM;
	for (uint32_t i = 0; i < cell->n_sources; i++) {
		struct sockaddr_storage from = rate_get_source(cell->family, i);
		struct inject_plan plan = { .from = &from, .to = &group, .tag = i };

		inject_make(&lane->frames[i], &plan);
	}
	for (uint32_t i = 0; i < N_FRAMES; i++)
		lane->order[i] = i % cell->n_sources;
	for (uint32_t i = N_FRAMES - 1; i > 0; i--) {
		uint32_t swap = lane->order[i], j;

		seed = seed * 1664525u + 1013904223u;
		j = (seed >> 8) % (i + 1);
		lane->order[i] = lane->order[j];
		lane->order[j] = swap;
	}
	lane->fd = rate_open(rate, side, &group, cell->n_sources);
	return lane->fd < 0 ? lane->fd : 0;
}

static void lane_fini(struct lane *lane)
{
	if (lane->fd >= 0)
		close(lane->fd);
	free(lane->frames);
	series_fini(&lane->sample);
}

static int receive_batch(int fd)
{
	struct inject_payload payload[INJECT_BATCH];
	struct mmsghdr messages[INJECT_BATCH];
	struct iovec pieces[INJECT_BATCH];
	unsigned int n = 0;
	int r;

	memset(messages, 0, sizeof(messages));
	for (unsigned int i = 0; i < INJECT_BATCH; i++) {
		pieces[i] = (struct iovec){ &payload[i], sizeof(payload[i]) };
		messages[i].msg_hdr.msg_iov = &pieces[i];
		messages[i].msg_hdr.msg_iovlen = 1;
	}
	/* a kernel thread may have taken over: then they come a little later */
	for (int tries = 0; n < INJECT_BATCH && tries < 1000; tries++) {
		r = recvmmsg(fd, messages + n, INJECT_BATCH - n, MSG_DONTWAIT, NULL);
		if (r < 0 && errno != EAGAIN && errno != EINTR)
			return -errno;
		if (r > 0)
			n += (unsigned int)r;
		else
			sched_yield();
	}
	return n == INJECT_BATCH ? 0 : -EIO;
}

static int take_turn(const struct rate *rate, struct lane *lane, int is_warm)
{
	struct inject_frame *batch[INJECT_BATCH];
	uint64_t start = series_now();
	int r = 0;

	for (unsigned int b = 0; !r && b < N_BATCHES; b++) {
		for (unsigned int i = 0; i < INJECT_BATCH; i++)
			batch[i] = &lane->frames[lane->order[lane->next++ % N_FRAMES]];
		r = inject_send(rate->sender, batch, INJECT_BATCH);
		if (!r)
			r = receive_batch(lane->fd);
	}
	if (r || !is_warm)
		return r;
	return series_add(&lane->sample,
			  (double)(series_now() - start) / (N_BATCHES * INJECT_BATCH));
}

static int take_turns(const struct rate *rate, struct lane lanes[N_RATE_SIDES])
{
	double start = (double)series_now();
	int r = 0;

	for (unsigned int turn = 0; !r; turn++) {
		if (turn > MIN_TURNS &&
		    (double)series_now() - start > rate->budget_ns * N_RATE_SIDES)
			break;
		for (unsigned int i = 0; !r && i < N_RATE_SIDES; i++)
			r = take_turn(rate, &lanes[(turn + i) % N_RATE_SIDES], turn > 0);
	}
	return r;
}

static int finish_round(struct rate_cell *cell, struct lane lanes[N_RATE_SIDES])
{
	double ns[N_RATE_SIDES];
	int r = 0;

	for (int i = 0; !r && i < N_RATE_SIDES; i++) {
		ns[i] = series_get_spread(&lanes[i].sample).median;
		r = series_add(&cell->ns[i], ns[i]);
	}
	if (!r)
		r = series_add(&cell->asm_per_kernel, ns[RATE_KERNEL] / ns[RATE_ASM]);
	if (!r)
		r = series_add(&cell->asm_per_none, ns[RATE_NONE] / ns[RATE_ASM]);
	cell->is_measured = !r;
	return r;
}

int rate_measure(const struct rate *rate, struct rate_cell *cell)
{
	struct lane lanes[N_RATE_SIDES] = { 0 };
	int r = 0;

	for (int i = 0; i < N_RATE_SIDES; i++)
		lanes[i].fd = -1;
	for (int i = 0; !r && i < N_RATE_SIDES; i++)
		r = lane_init(&lanes[i], rate, cell, (enum rate_side)i);
	if (!r)
		r = take_turns(rate, lanes);
	if (!r)
		r = finish_round(cell, lanes);
	for (int i = 0; i < N_RATE_SIDES; i++)
		lane_fini(&lanes[i]);
	return r == -ENOBUFS ? 0 : r;
}

void rate_fini(struct rate_cell *cell)
{
	for (int i = 0; i < N_RATE_SIDES; i++)
		series_fini(&cell->ns[i]);
	series_fini(&cell->asm_per_kernel);
	series_fini(&cell->asm_per_none);
}
