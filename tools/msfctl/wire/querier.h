/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * querier: who asks for reports on an interface, as the host sees it: the querier
 * election from outside (RFC 3376 6.6.2, RFC 3810 7.6.2).  General queries
 * count, since switches and hosts' own routers send the others too; those that a host
 * is not to believe (RFC 3810 6.2: source, hop limit, router alert) do not.
 */
#ifndef MSFCTL_QUERIER_H
#define MSFCTL_QUERIER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include "wire.h"

struct querier {
	uint32_t ifindex;
	int family;
	struct sockaddr_storage address; /* 0.0.0.0: a switch that has none (RFC 4541) */
	uint8_t mac[WIRE_MAC];
	bool is_own;               /* this host itself */
	int version;               /* IGMP 1, 2, 3; MLD 1, 2 */
	uint32_t query_interval_s; /* 0: not told */
	uint32_t max_response_ms;
	uint8_t robustness; /* 0: not told */
	int64_t heard_ms;   /* last, on the caller's clock */
	uint32_t n_queries;
};

/* What a query changed. */
enum querier_change {
	QUERIER_SAME,
	QUERIER_HEARD,   /* there was none */
	QUERIER_CHANGED, /* another address, or version */
	QUERIER_SILENT,  /* not heard for querier_get_patience() */
};

struct querier_list;

/* 0 or -ENOMEM. */
int querier_list_new(struct querier_list **ret);

/* Frees; NULL is fine. Returns NULL. */
struct querier_list *querier_list_free(struct querier_list *list);

/* Takes a packet of any kind; *ret (NULL: not wanted) is the querier, borrowed until the
 * next call, when the change is not QUERIER_SAME. enum querier_change; or -ENOMEM. */
int querier_list_observe(struct querier_list *list, const struct wire_packet *packet,
			 int64_t now_ms, const struct querier **ret);

/* QUERIER_SILENT and a copy of one that is not heard any more, which is forgotten;
 * or QUERIER_SAME. Call it until then. */
enum querier_change querier_list_expire(struct querier_list *list, int64_t now_ms,
					struct querier *ret);

/* The querier of an interface; NULL: none heard. */
const struct querier *querier_list_find(const struct querier_list *list, uint32_t ifindex,
					int family);

/* The interface is gone. */
void querier_list_forget(struct querier_list *list, uint32_t ifindex);

/* Other Querier Present Interval (RFC 3376 8.5): how long it may be silent. */
int64_t querier_get_patience(const struct querier *querier);

#endif
