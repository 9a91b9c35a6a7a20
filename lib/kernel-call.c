/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * MCAST_* options serve both families and name the interface by index, so they
 * are the ones used; RFC 3678 5.1, 5.2.
 */
#include "kernel-call.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "abi.h"
#include "sockaddr.h"
#include "socket.h"

#define BUFFER_MIN 64u
#define SPARE_MAX  4096u /* a larger buffer is not kept */

/* Lists up to here are searched before a source is removed: a raw full-state set
 * can have stored it more than once, and the kernel removes one copy at a time.
 * The first look has room for very short ones. */
#define COPIES_MAX 64u
#define LOOK_ROOM  2u

/* From here on the quicker way to read pays for finding the address. */
#define LONG_LIST 64u

void kernel_buffer_free(struct kernel_buffer *buffer)
{
	if (buffer) {
		free(buffer->addr);
		free(buffer->filter);
		free(buffer);
	}
}

static struct kernel_buffer *buffer_new(uint32_t capacity)
{
	struct kernel_buffer *buffer = malloc(sizeof(*buffer));

	if (!buffer)
		return NULL;
	*buffer = (struct kernel_buffer){
		.capacity = capacity,
		.addr = malloc(2 * capacity * sizeof(*buffer->addr)),
		.filter = calloc(1, GROUP_FILTER_SIZE(capacity)),
	};
	if (!buffer->addr || !buffer->filter) {
		kernel_buffer_free(buffer);
		return NULL;
	}
	return buffer;
}

struct kernel_buffer *kernel_buffer_take(struct msf *msf, uint32_t capacity)
{
	struct kernel_buffer *buffer = atomic_exchange(&msf->spare, NULL);

	if (buffer && buffer->capacity >= capacity)
		return buffer;
	kernel_buffer_free(buffer);
	return buffer_new(capacity > BUFFER_MIN ? capacity : BUFFER_MIN);
}

void kernel_buffer_give(struct msf *msf, struct kernel_buffer *buffer)
{
	if (buffer && buffer->capacity > SPARE_MAX) {
		kernel_buffer_free(buffer);
		buffer = NULL;
	}
	kernel_buffer_free(atomic_exchange(&msf->spare, buffer));
}

static int level_of(const struct request *rq)
{
	return rq->family == AF_INET ? IPPROTO_IP : IPPROTO_IPV6;
}

static int send_structure(int fd, const struct request *rq, int optname,
			  enum abi_struct layout, const struct abi_values *values,
			  void *buf)
{
	socklen_t len = abi_encode(layout, values, buf);

	return setsockopt(fd, level_of(rq), optname, buf, len) ? -errno : 0;
}

int kernel_send_group(int fd, const struct request *rq, int optname)
{
	struct abi_values values = { .family = rq->family,
				     .ifindex = rq->ifindex,
				     .group = rq->group };
	struct group_req req = { 0 };

	return send_structure(fd, rq, optname, ABI_GROUP_REQ, &values, &req);
}

int kernel_send_source(int fd, const struct request *rq, int optname, struct addr source)
{
	struct abi_values values = { .family = rq->family,
				     .ifindex = rq->ifindex,
				     .group = rq->group,
				     .source = source };
	struct group_source_req req = { 0 };

	return send_structure(fd, rq, optname, ABI_GROUP_SOURCE_REQ, &values, &req);
}

int kernel_send_delta(int fd, const struct request *rq)
{
	switch (rq->verb) {
	case JOIN_GROUP:
		return kernel_send_group(fd, rq, MCAST_JOIN_GROUP);
	case LEAVE_GROUP:
		return kernel_send_group(fd, rq, MCAST_LEAVE_GROUP);
	case JOIN_SOURCE:
		return kernel_send_source(fd, rq, MCAST_JOIN_SOURCE_GROUP, rq->source);
	case LEAVE_SOURCE:
		return kernel_send_source(fd, rq, MCAST_LEAVE_SOURCE_GROUP, rq->source);
	case BLOCK_SOURCE:
		return kernel_send_source(fd, rq, MCAST_BLOCK_SOURCE, rq->source);
	case UNBLOCK_SOURCE:
		return kernel_send_source(fd, rq, MCAST_UNBLOCK_SOURCE, rq->source);
	case SET_INCLUDE:
	case SET_EXCLUDE:
	case GET_FILTER:
		break;
	}
	return -EINVAL;
}

int kernel_send_filter(int fd, const struct request *rq, struct kernel_buffer *buffer,
		       uint32_t fmode, const struct source_set *list)
{
	struct abi_values values = { .family = rq->family,
				     .ifindex = rq->ifindex,
				     .group = rq->group,
				     .fmode = fmode,
				     .list = *list };
	int r = send_structure(fd, rq, MCAST_MSFILTER, ABI_GROUP_FILTER, &values,
			       buffer->filter);

	/* IP_MSFILTER carries 32 times as many sources within the same option
	 * memory, but names the interface by an address */
	if (r != -ENOBUFS || rq->family != AF_INET || list->n <= LONG_LIST ||
	    !socket_find_address(fd, rq->ifindex, &values.interface))
		return r;
	return send_structure(fd, rq, IP_MSFILTER, ABI_MSFILTER, &values, buffer->filter);
}

/* At most room sources are written behind the head. */
static int read_filter(int fd, const struct request *rq, struct group_filter *gf,
		       uint32_t room, struct kernel_held *ret)
{
	socklen_t len = GROUP_FILTER_SIZE(room);

	*ret = (struct kernel_held){ .mode = FILTER_NONE };
	gf->gf_interface = rq->ifindex;
	gf->gf_fmode = MCAST_INCLUDE;
	gf->gf_numsrc = room;
	sockaddr_set(&gf->gf_group, rq->family, rq->group);
	if (getsockopt(fd, level_of(rq), MCAST_MSFILTER, gf, &len) < 0)
		return errno == EADDRNOTAVAIL ? 0 : -errno;
	ret->n_sources = gf->gf_numsrc;
	if (gf->gf_fmode == MCAST_EXCLUDE)
		ret->mode = FILTER_EXCLUDE;
	else if (gf->gf_numsrc)
		ret->mode = FILTER_INCLUDE;
	else
		ret->is_leftover = true;
	return 0;
}

int kernel_look(int fd, const struct request *rq, struct kernel_held *ret)
{
	struct group_filter gf;

	return read_filter(fd, rq, &gf, 0, ret);
}

static uint32_t count_copies(const struct group_filter *gf, uint32_t n,
			     struct addr source)
{
	const char *list = (const char *)gf + GROUP_FILTER_SIZE(0);
	struct addr a;
	uint32_t copies = 0;

	for (uint32_t i = 0; i < n; i++) {
		sockaddr_get(
			(const struct sockaddr *)(list +
						  i * sizeof(struct sockaddr_storage)),
			&a);
		copies += addr_equal(a, source);
	}
	return copies;
}

int kernel_look_for_source(struct msf *msf, int fd, const struct request *rq,
			   struct kernel_held *ret, uint32_t *ret_copies)
{
	union {
		struct group_filter gf;
		char bytes[GROUP_FILTER_SIZE(LOOK_ROOM)];
	} small;
	struct kernel_buffer *buffer;
	int r = read_filter(fd, rq, &small.gf, LOOK_ROOM, ret);
	uint32_t n = ret->n_sources;

	*ret_copies = 0;
	if (r < 0 || n > COPIES_MAX)
		return r;
	if (n <= LOOK_ROOM) {
		*ret_copies = count_copies(&small.gf, n, rq->source);
		return 0;
	}
	buffer = kernel_buffer_take(msf, n);
	if (!buffer)
		return -ENOMEM;
	r = read_filter(fd, rq, buffer->filter, n, ret);
	if (!r)
		*ret_copies = count_copies(buffer->filter,
					   ret->n_sources < n ? ret->n_sources : n,
					   rq->source);
	kernel_buffer_give(msf, buffer);
	return r;
}

/*
 * IP_MSFILTER reads long IPv4 lists forty times as fast as MCAST_MSFILTER, but
 * names the interface by an address. false: it has none of its own, or the
 * answer is not for the filter that held tells of.
 */
static bool read_ipv4_list(int fd, const struct request *rq, struct kernel_buffer *buffer,
			   const struct kernel_held *held)
{
	struct ip_msfilter *imsf = (struct ip_msfilter *)buffer->filter;
	socklen_t len = IP_MSFILTER_SIZE(held->n_sources);
	const char *list = (const char *)imsf + IP_MSFILTER_SIZE(0);
	uint32_t address;

	imsf->imsf_multiaddr.s_addr = htonl(addr_ipv4(rq->group));
	imsf->imsf_fmode = MCAST_INCLUDE;
	imsf->imsf_numsrc = held->n_sources;
	if (!socket_find_address(fd, rq->ifindex, &imsf->imsf_interface))
		return false;
	if (getsockopt(fd, IPPROTO_IP, IP_MSFILTER, imsf, &len) < 0 ||
	    imsf->imsf_numsrc != held->n_sources)
		return false;
	for (uint32_t i = 0; i < held->n_sources; i++) {
		memcpy(&address, list + i * sizeof(address), sizeof(address));
		buffer->addr[i] = addr_from_ipv4(ntohl(address));
	}
	return true;
}

static void read_list(struct kernel_buffer *buffer, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		sockaddr_get((struct sockaddr *)&buffer->filter->gf_slist[i],
			     &buffer->addr[i]);
}

static int read_sources(int fd, const struct request *rq, struct kernel_buffer **buffer,
			struct kernel_held *ret)
{
	bool is_ipv4 = rq->family == AF_INET;
	uint32_t room = is_ipv4 && (*buffer)->capacity > LONG_LIST ? LONG_LIST
								   : (*buffer)->capacity;
	int r;

	while (!(r = read_filter(fd, rq, (*buffer)->filter, room, ret)) &&
	       ret->n_sources > room) {
		room = ret->n_sources;
		if (room > (*buffer)->capacity) {
			kernel_buffer_free(*buffer);
			*buffer = buffer_new(room);
			if (!*buffer)
				return -ENOMEM;
		}
		if (is_ipv4 && read_ipv4_list(fd, rq, *buffer, ret))
			return 0;
	}
	if (!r)
		read_list(*buffer, ret->n_sources);
	return r;
}

int kernel_read_stored(int fd, const struct request *rq, struct kernel_buffer **buffer,
		       struct kernel_stored *ret)
{
	struct kernel_held held;
	struct addr *list;
	int r = read_sources(fd, rq, buffer, &held);

	if (r < 0)
		return r;
	list = (*buffer)->addr;
	ret->filter.mode = held.mode;
	ret->filter.sources.addr = list;
	ret->filter.sources.n = source_set_sort(list, held.n_sources,
						list + held.n_sources);
	ret->n_raw = held.n_sources;
	ret->is_leftover = held.is_leftover;
	return 0;
}
