/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Packets for firewalls: some come in at m0 from other hosts, as frames on the far end
 * of the link; some are reports that this host sends. Behind them goes a sentinel
 * that every ruleset lets through: what has not come before it does not come.
 */
#ifndef FIREWALL_TRAFFIC_H
#define FIREWALL_TRAFFIC_H

#include <stdbool.h>
#include <stdint.h>

#include "firewall.h"

#define N_SOURCES             4u
#define N_GROUPS              3u
#define N_PORTS               4u
#define TRAFFIC_PORT          5000u
#define TRAFFIC_SOURCE_PORT   40000u
#define TRAFFIC_SENTINEL_PORT 65000u

extern const char *const traffic_sources4[N_SOURCES], *const traffic_sources6[N_SOURCES];
extern const char *const traffic_groups4[N_GROUPS], *const traffic_groups6[N_GROUPS];

struct firewall_traffic;

/* In the namespace of netns_init(). */
struct firewall_traffic *firewall_traffic_new(void);
void firewall_traffic_free(struct firewall_traffic *traffic);

/* A packet that can be sent, with all that is to be known of it. */
void firewall_traffic_draw(const struct firewall_traffic *traffic, uint64_t *random,
			   struct firewall_packet *ret);

/* Sends them, then the sentinels; which ones came? */
void firewall_traffic_send(struct firewall_traffic *traffic,
			   const struct firewall_packet *packets, unsigned int n_packets,
			   bool *ret_came);

#endif
