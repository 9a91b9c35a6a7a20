/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * link: packets on their way, between the router and the hosts. It loses, delays,
 * reorders and duplicates them, to each receiver differently.
 *
 * The bound of BOUNDED_LOSS. The protocol promises something when fewer than RV
 * packets in a row are lost, and "in a row" is about what they tell, not about
 * packets: a host that tells two groups in turn could lose every second packet and all
 * of one group. So the link counts for each host, group and source what was lost since
 * the last packet that came through and told of it:
 *
 * - Changes. ALLOW and BLOCK tell of the sources that they name, TO_EX of all, TO_IN
 *   of those that it names and those that nobody wants. A host tells each change RV
 *   times in a row, so of RV in a row one must come through. One that is overtaken by
 *   an older packet about the same (late, or a duplicate), which would undo it, counts
 *   as lost.
 * - Answers. A query that is lost and an answer that is lost cost one each; an answer
 *   that serves n queries costs n, because the router asks no more than RV times
 *   before it acts. Only of sources that the host wants when it is asked: nobody
 *   answers for others.
 */
#ifndef SIM_LINK_H
#define SIM_LINK_H

#include "station.h"
#include "router.h"

#define TO_ROUTER   HOSTS_MAX
#define LETTERS_MAX 512u

struct letter {
	uint64_t arrival;
	uint64_t number;
	unsigned int to;      /* a host, or TO_ROUTER */
	struct report report; /* to the router */
	size_t len;           /* to a host */
	uint8_t bytes[QUERY_LEN_MAX];
};

/* What was lost of a host's, about a group, for each source and the others. */
struct losses {
	unsigned int changes[SOURCES_MAX + 1];
	unsigned int answers[SOURCES_MAX + 1];
	unsigned int asked[SOURCES_MAX + 1];
	uint64_t last_arrival[SOURCES_MAX + 1];
};

struct link {
	const struct history *history;
	FILE *trace; /* NULL: none */
	uint64_t number;
	unsigned long n_lost, n_twice;
	unsigned int n_sent[HOSTS_MAX][2];
	uint64_t informed[HOSTS_MAX]; /* when the host was sure to know RV; 0: not yet */
	struct losses losses[HOSTS_MAX][GROUPS_MAX];
	unsigned int n_letters;
	struct letter letters[LETTERS_MAX];
};

void link_init(struct link *link, const struct history *history, FILE *trace);

/* bytes: of the packet, for those that listen to reports of the older versions. */
void link_send_report(struct link *link, const struct station *from,
		      const struct report *report, const uint8_t *bytes, size_t len,
		      uint64_t now);

void link_send_query(struct link *link, const struct station *hosts,
		     const struct router_query *query, uint64_t now);

/* The next that has arrived by now. */
bool link_pop(struct link *link, struct letter *ret, uint64_t now);
uint64_t link_get_deadline(const struct link *link);

#endif
