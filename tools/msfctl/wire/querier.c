/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * querier: the queriers of all interfaces (see querier.h).
 *
 * Invariant: one querier for each interface and family; the lowest address wins, and
 * any address wins over 0.0.0.0 (RFC 4541 2.1.1).
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "querier.h"

/* RFC 3376 8.1 to 8.3, RFC 3810 9.1 to 9.3: where a query does not tell. */
#define ROBUSTNESS       2
#define QUERY_INTERVAL_S 125

struct querier_list {
	struct querier *queriers; /* owned */
	size_t n_queriers;
};

int querier_list_new(struct querier_list **ret)
{
	struct querier_list *list = calloc(1, sizeof(*list));

	if (!list)
		return -ENOMEM;
	*ret = list;
	return 0;
}

struct querier_list *querier_list_free(struct querier_list *list)
{
	if (list)
		free(list->queriers);
	free(list);
	return NULL;
}

static struct querier *find(const struct querier_list *list, uint32_t ifindex, int family)
{
	for (size_t i = 0; i < list->n_queriers; i++)
		if (list->queriers[i].ifindex == ifindex &&
		    list->queriers[i].family == family)
			return &list->queriers[i];
	return NULL;
}

const struct querier *querier_list_find(const struct querier_list *list, uint32_t ifindex,
					int family)
{
	return find(list, ifindex, family);
}

/* A general query that a host believes. */
static bool is_election(const struct wire_packet *packet)
{
	const struct sockaddr_in6 *source = (const void *)&packet->source;

	if (packet->kind != WIRE_QUERY || packet->group.ss_family != AF_UNSPEC)
		return false;
	return packet->family == AF_INET ||
	       (IN6_IS_ADDR_LINKLOCAL(&source->sin6_addr) && packet->ttl == 1 &&
		packet->has_router_alert);
}

static int compare(const struct sockaddr_storage *a, const struct sockaddr_storage *b)
{
	const struct sockaddr_in *x = (const void *)a, *y = (const void *)b;
	const struct sockaddr_in6 *x6 = (const void *)a, *y6 = (const void *)b;
	/* 0.0.0.0 becomes the highest. */
	uint32_t m = ntohl(x->sin_addr.s_addr) - 1, n = ntohl(y->sin_addr.s_addr) - 1;

	if (a->ss_family == AF_INET6)
		return memcmp(&x6->sin6_addr, &y6->sin6_addr, sizeof(x6->sin6_addr));
	return m < n ? -1 : m > n;
}

int64_t querier_get_patience(const struct querier *querier)
{
	int64_t robustness = querier->robustness ? querier->robustness : ROBUSTNESS;
	int64_t interval_s = querier->query_interval_s ? querier->query_interval_s
						       : QUERY_INTERVAL_S;

	return robustness * interval_s * 1000 + querier->max_response_ms / 2;
}

static bool is_silent(const struct querier *querier, int64_t now_ms)
{
	return now_ms - querier->heard_ms > querier_get_patience(querier);
}

static struct querier *add(struct querier_list *list, const struct wire_packet *packet)
{
	struct querier *queriers = reallocarray(list->queriers, list->n_queriers + 1,
						sizeof(*queriers));

	if (!queriers)
		return NULL;
	list->queriers = queriers;
	queriers += list->n_queriers++;
	*queriers = (struct querier){ .ifindex = packet->ifindex,
				      .family = packet->family };
	return queriers;
}

static void update(struct querier *querier, const struct wire_packet *packet,
		   int64_t now_ms)
{
	querier->address = packet->source;
	memcpy(querier->mac, packet->mac, sizeof(querier->mac));
	querier->is_own = packet->is_outgoing;
	querier->version = packet->version;
	querier->query_interval_s = packet->query_interval_s;
	querier->max_response_ms = packet->max_response_ms;
	querier->robustness = packet->robustness;
	querier->heard_ms = now_ms;
	querier->n_queries++;
}

int querier_list_observe(struct querier_list *list, const struct wire_packet *packet,
			 int64_t now_ms, const struct querier **ret)
{
	enum querier_change change = QUERIER_SAME;
	struct querier *querier;
	int order;

	if (!is_election(packet))
		return QUERIER_SAME;
	querier = find(list, packet->ifindex, packet->family);
	if (!querier) {
		querier = add(list, packet);
		if (!querier)
			return -ENOMEM;
		change = QUERIER_HEARD;
	} else {
		order = compare(&packet->source, &querier->address);
		if (order > 0 && !is_silent(querier, now_ms))
			return QUERIER_SAME;
		if (order || packet->version != querier->version)
			change = QUERIER_CHANGED;
	}
	if (change == QUERIER_CHANGED)
		querier->n_queries = 0;
	update(querier, packet, now_ms);
	if (ret)
		*ret = querier;
	return (int)change;
}

static void del(struct querier_list *list, struct querier *querier)
{
	*querier = list->queriers[--list->n_queriers];
}

enum querier_change querier_list_expire(struct querier_list *list, int64_t now_ms,
					struct querier *ret)
{
	for (size_t i = 0; i < list->n_queriers; i++)
		if (is_silent(&list->queriers[i], now_ms)) {
			*ret = list->queriers[i];
			del(list, &list->queriers[i]);
			return QUERIER_SILENT;
		}
	return QUERIER_SAME;
}

void querier_list_forget(struct querier_list *list, uint32_t ifindex)
{
	for (size_t i = list->n_queriers; i-- > 0;)
		if (list->queriers[i].ifindex == ifindex)
			del(list, &list->queriers[i]);
}
