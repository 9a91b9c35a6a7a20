/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * station: an engine with the sockets of a host, and what they want by the definition:
 * a host wants a source if a socket of it does (RFC 9776 3.2 says no more than that).
 */
#ifndef SIM_STATION_H
#define SIM_STATION_H

#include "history.h"

struct station {
	const struct history *history;
	unsigned int index;
	struct engine *engine;
	uint64_t random;
	bool is_present, is_up;
	enum engine_address_state address;
	struct {
		enum filter_mode mode;
		unsigned int sources;
	} filters[GROUPS_MAX][SOCKETS_MAX];
	unsigned int n_sent, n_allowed; /* packets */
};

/* 0 or -errno. */
int station_init(struct station *station, const struct history *history,
		 unsigned int index, uint64_t now);
void station_fini(struct station *station);

/* 0, or what the engine returns and should not. */
int station_apply(struct station *station, const struct event *event, uint64_t now);

/* Takes a packet from the link, if it can. 0 or -errno. */
int station_hear(struct station *station, const uint8_t *bytes, size_t len, uint64_t now);

/* Is it on the link, and believed by the router? */
bool station_is_believed(const struct station *station);

unsigned int station_get_wanted(const struct station *station, unsigned int group);
bool station_is_member(const struct station *station, unsigned int group);

#endif
