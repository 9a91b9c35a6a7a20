/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ring: blocks of packets that the kernel fills and we hand back (see ring.h), as
 * Documentation/networking/packet_mmap.rst has it.
 *
 * Invariant: the kernel owns every block but the one in hand, and that one until the
 * next ring_read().
 */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/virtio_net.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "link.h"
#include "prefilter.h"
#include "ring.h"

#define DEFAULT_SIZE (64u << 20)
#define BLOCK_SIZE   (1u << 20)
#define MIN_BLOCKS   2u

/* How long a packet waits at most in a block that does not fill up. */
#define RETIRE_MS 20

/* The kernel wrote the packets on another core: they are fetched so many packets before
 * they are read, three lines of the cache each. */
#define AHEAD      16u
#define CACHE_LINE 64u

/* The kernel asks for a frame size, but packs packets of any size. */
#define FRAME_SIZE 2048u

/* Linux 6.6 and later. */
#ifndef PACKET_VNET_HDR_SZ
#define PACKET_VNET_HDR_SZ 24
#endif
#ifndef VIRTIO_NET_HDR_GSO_UDP_L4
#define VIRTIO_NET_HDR_GSO_UDP_L4 5
#endif

struct ring {
	int fd;
	uint8_t *blocks; /* owned; MAP_FAILED: none */
	uint32_t n_blocks;
	uint32_t i_block;                 /* in hand, or the next to come */
	const struct tpacket3_hdr *frame; /* the next packet in it */
	uint32_t n_left;                  /* packets left in it */
	bool has_block, has_segments, has_all_multicast;
	bool was_down, is_removed; /* which was told */
	uint16_t arphrd;           /* what the prefilter was made for */
	uint64_t drops;
};

static struct tpacket_block_desc *get_block(const struct ring *ring)
{
	return (struct tpacket_block_desc *)(ring->blocks +
					     (size_t)ring->i_block * BLOCK_SIZE);
}

static int set_option(int fd, int level, int name, const void *value, socklen_t len)
{
	return setsockopt(fd, level, name, value, len) < 0 ? -errno : 0;
}

static int attach_prefilter(int fd, const struct prefilter *prefilter)
{
	struct sock_fprog program = { prefilter->n_lines,
				      (struct sock_filter *)prefilter->lines };

	int r = set_option(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program));

	/* It saves time, no more: a system may be without. */
	return r == -ENOPROTOOPT || r == -EOPNOTSUPP ? 0 : r;
}

/*
 * Glued datagrams come with their size in a header of virtio's. Kernels before 6.2 drop
 * them instead when that is asked for; those before 6.6 do not know this option.
 */
static bool ask_for_segments(int fd)
{
	int size = sizeof(struct virtio_net_hdr);

	return set_option(fd, SOL_PACKET, PACKET_VNET_HDR_SZ, &size, sizeof(size)) == 0;
}

static int map_blocks(struct ring *ring, uint32_t size)
{
	int version = TPACKET_V3;
	struct tpacket_req3 request = { .tp_block_size = BLOCK_SIZE,
					.tp_frame_size = FRAME_SIZE,
					.tp_retire_blk_tov = RETIRE_MS };
	int r = set_option(ring->fd, SOL_PACKET, PACKET_VERSION, &version,
			   sizeof(version));

	if (r < 0)
		return r;
	ring->has_segments = ask_for_segments(ring->fd);
	ring->n_blocks = (size ? size : DEFAULT_SIZE) / BLOCK_SIZE;
	if (ring->n_blocks < MIN_BLOCKS)
		ring->n_blocks = MIN_BLOCKS;
	request.tp_block_nr = ring->n_blocks;
	request.tp_frame_nr = ring->n_blocks * (BLOCK_SIZE / FRAME_SIZE);
	r = set_option(ring->fd, SOL_PACKET, PACKET_RX_RING, &request, sizeof(request));
	if (r < 0)
		return r;
	ring->blocks = mmap(NULL, (size_t)ring->n_blocks * BLOCK_SIZE,
			    PROT_READ | PROT_WRITE, MAP_SHARED, ring->fd, 0);
	return ring->blocks == MAP_FAILED ? -errno : 0;
}

static int add_all_multicast(int fd, uint32_t ifindex)
{
	struct packet_mreq request = { .mr_ifindex = (int)ifindex,
				       .mr_type = PACKET_MR_ALLMULTI };

	return set_option(fd, SOL_PACKET, PACKET_ADD_MEMBERSHIP, &request,
			  sizeof(request));
}

static int bind_to(int fd, uint32_t ifindex)
{
	/* All protocols: what this host sends is shown to nobody else. */
	struct sockaddr_ll place = { .sll_family = AF_PACKET,
				     .sll_protocol = htons(ETH_P_ALL),
				     .sll_ifindex = (int)ifindex };

	return bind(fd, (const struct sockaddr *)&place, sizeof(place)) < 0 ? -errno : 0;
}

/* What the socket had there went with an interface that was removed. */
static int watch(struct ring *ring, uint32_t ifindex)
{
	int r = ring->has_all_multicast ? add_all_multicast(ring->fd, ifindex) : 0;

	return r < 0 ? r : bind_to(ring->fd, ifindex);
}

static int set_up(struct ring *ring, const struct ring_settings *settings)
{
	int r = 0;

	if (settings->prefilter)
		r = attach_prefilter(ring->fd, settings->prefilter);
	if (r == 0)
		r = map_blocks(ring, settings->size);
	if (r == 0)
		r = link_find_kind(settings->ifindex, &ring->arphrd);
	ring->has_all_multicast = settings->has_all_multicast;
	return r < 0 ? r : watch(ring, settings->ifindex);
}

int ring_new(struct ring **ret, const struct ring_settings *settings)
{
	struct ring *ring = calloc(1, sizeof(*ring));
	int r;

	if (!ring)
		return -ENOMEM;
	ring->blocks = MAP_FAILED;
	/* Protocol 0: nothing comes before bind(2). */
	ring->fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	r = ring->fd < 0 ? -errno : set_up(ring, settings);
	if (r < 0) {
		ring_free(ring);
		return r;
	}
	*ret = ring;
	return 0;
}

struct ring *ring_free(struct ring *ring)
{
	if (!ring)
		return NULL;
	if (ring->blocks != MAP_FAILED)
		munmap(ring->blocks, (size_t)ring->n_blocks * BLOCK_SIZE);
	if (ring->fd >= 0)
		close(ring->fd);
	free(ring);
	return NULL;
}

int ring_get_fd(const struct ring *ring)
{
	return ring->fd;
}

static inline uint16_t get_segment_size(const struct ring *ring, const uint8_t *link)
{
	struct virtio_net_hdr header;

	if (!ring->has_segments)
		return 0;
	memcpy(&header, link - sizeof(header), sizeof(header));
	if (__builtin_expect(header.gso_type == VIRTIO_NET_HDR_GSO_NONE, 1))
		return 0;
	/* In the byte order of the host (PACKET_VNET_HDR, legacy virtio). */
	return header.gso_type == VIRTIO_NET_HDR_GSO_UDP_L4 ? header.gso_size : 0;
}

static inline void read_frame(const struct ring *ring, const struct tpacket3_hdr *frame,
			      struct ring_packet *ret)
{
	const uint8_t *start = (const uint8_t *)frame, *link = start + frame->tp_mac;
	const struct sockaddr_ll *from =
		(const void *)(start + TPACKET_ALIGN(sizeof(*frame)));
	uint32_t n_link;

	ret->vlan = 0;
	if (frame->tp_status & TP_STATUS_VLAN_VALID)
		ret->vlan = frame->hv1.tp_vlan_tci & LINK_VLAN_ID;
	if (__builtin_expect(link_is_ethernet(ring->arphrd), 1)) {
		n_link = link_read(link, frame->tp_snaplen, ret);
	} else {
		n_link = (uint32_t)(frame->tp_net - frame->tp_mac);
		ret->protocol = ntohs(from->sll_protocol);
		if (n_link > frame->tp_snaplen)
			n_link = frame->tp_snaplen;
	}
	ret->bytes = link + n_link;
	ret->n_bytes = frame->tp_snaplen - n_link;
	ret->length = frame->tp_len - n_link;
	ret->when_ns = frame->tp_sec * UINT64_C(1000000000) + frame->tp_nsec;
	ret->segment_size = get_segment_size(ring, link);
	ret->is_outgoing = from->sll_pkttype == PACKET_OUTGOING;
}

static void give_back(struct ring *ring)
{
	__atomic_store_n(&get_block(ring)->hdr.bh1.block_status, TP_STATUS_KERNEL,
			 __ATOMIC_RELEASE);
	ring->i_block = (ring->i_block + 1) % ring->n_blocks;
	ring->has_block = false;
}

/* Is there a block with packets? */
static bool take_block(struct ring *ring)
{
	while (!ring->n_left) {
		struct tpacket_block_desc *block;

		if (ring->has_block)
			give_back(ring);
		block = get_block(ring);
		if (!(__atomic_load_n(&block->hdr.bh1.block_status, __ATOMIC_ACQUIRE) &
		      TP_STATUS_USER))
			return false;
		ring->has_block = true;
		ring->n_left = block->hdr.bh1.num_pkts;
		ring->frame = (const void *)((const uint8_t *)block +
					     block->hdr.bh1.offset_to_first_pkt);
	}
	return true;
}

/* Was it removed? Then the kernel has let go of it. */
static bool is_removed(const struct ring *ring)
{
	struct sockaddr_ll place = { 0 };
	socklen_t len = sizeof(place);

	return getsockname(ring->fd, (struct sockaddr *)&place, &len) == 0 &&
	       place.sll_ifindex <= 0;
}

/* There is no packet: is there bad news?  An interface goes down before it is removed,
 * and the kernel tells the first of it only; packets from before may be read in between.
 * So when it was down once, it is always looked whether it is there. */
static int read_error(struct ring *ring)
{
	int error = 0;
	socklen_t len = sizeof(error);

	if (ring->is_removed)
		return 0;
	if (getsockopt(ring->fd, SOL_SOCKET, SO_ERROR, &error, &len) < 0)
		return -errno;
	if (error == 0 && !ring->was_down)
		return 0;
	if (is_removed(ring)) {
		ring->is_removed = true;
		return -ENODEV;
	}
	ring->was_down = ring->was_down || error == ENETDOWN;
	return -error;
}

int ring_renew(struct ring *ring, uint32_t ifindex)
{
	uint16_t arphrd;
	int r = link_find_kind(ifindex, &arphrd);

	if (r == 0 && arphrd != ring->arphrd)
		r = -EMEDIUMTYPE;
	if (r == 0)
		r = watch(ring, ifindex);
	if (r == 0)
		ring->was_down = ring->is_removed = false;
	return r;
}

bool ring_is_up(const struct ring *ring)
{
	struct sockaddr_ll place = { 0 };
	socklen_t len = sizeof(place);
	struct ifreq request = { 0 };

	if (getsockname(ring->fd, (struct sockaddr *)&place, &len) < 0)
		return false;
	request.ifr_ifindex = place.sll_ifindex;
	return ioctl(ring->fd, SIOCGIFNAME, &request) == 0 &&
	       ioctl(ring->fd, SIOCGIFFLAGS, &request) == 0 &&
	       (request.ifr_flags & IFF_UP) != 0;
}

int ring_read(struct ring *ring, struct ring_packet packets[], unsigned int max)
{
	const struct tpacket3_hdr *frame;
	unsigned int n;

	if (!take_block(ring))
		return read_error(ring);
	n = ring->n_left < max ? ring->n_left : max;
	frame = ring->frame;
	for (unsigned int i = 0; i < n; i++) {
		const uint8_t *ahead = (const uint8_t *)frame +
				       AHEAD * frame->tp_next_offset;

		__builtin_prefetch(ahead);
		__builtin_prefetch(ahead + CACHE_LINE);
		__builtin_prefetch(ahead + 2 * CACHE_LINE);
		read_frame(ring, frame, &packets[i]);
		frame = (const void *)((const uint8_t *)frame + frame->tp_next_offset);
	}
	ring->frame = frame;
	ring->n_left -= n;
	return (int)n;
}

uint64_t ring_get_drops(struct ring *ring)
{
	struct tpacket_stats_v3 stats = { 0 };
	socklen_t len = sizeof(stats);

	/* Reading it starts it anew. */
	if (getsockopt(ring->fd, SOL_PACKET, PACKET_STATISTICS, &stats, &len) == 0)
		ring->drops += stats.tp_drops;
	return ring->drops;
}
