/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * netlink: what rtnetlink(7) tells of links, addresses, routes and bridges.  libnl
 * carries the messages; what it does not parse (settings of bridges, their
 * multicast database, the route entry that a lookup ends at) is parsed here.
 * Nobody needs a privilege for it.
 */
#ifndef MSFCTL_DOCTOR_NETLINK_H
#define MSFCTL_DOCTOR_NETLINK_H

#include <stdbool.h>
#include <stdint.h>
#include <net/if.h>
#include <sys/socket.h>

#define NETLINK_KIND_MAX 16

struct netlink_link {
	uint32_t ifindex;
	char name[IF_NAMESIZE];
	char kind[NETLINK_KIND_MAX];       /* "bridge", "veth", ...; empty: hardware */
	uint32_t master;                   /* index; 0: none */
	char slave_kind[NETLINK_KIND_MAX]; /* what the master is */

	/* of a port of a bridge */
	bool has_port;
	uint8_t port_router; /* MDB_RTR_TYPE_* */
	bool is_port_flooded;
};

struct netlink_bridge {
	uint32_t ifindex; /* 0: there is no bridge */
	char name[IF_NAMESIZE];
	bool is_snooping;
	bool is_querier; /* asks by itself */
	int version;     /* of IGMP or MLD that it asks with; 0: not told */
	bool has_other;  /* it has heard another querier, of the family in question */
	struct sockaddr_storage other;
};

struct netlink_address {
	struct sockaddr_storage address;
	uint8_t prefix_length;
	bool is_tentative, is_duplicate;
	bool is_link_local;
};

/* Where packets to an address would go. */
struct netlink_route {
	bool is_unicast;  /* not local, blackhole, ... */
	bool is_local;    /* an address of this host */
	uint32_t ifindex; /* of the first hop */
	bool uses_wanted; /* one of the hops leaves by the interface asked about */
	bool has_gateway;
};

struct netlink;

/* 0 or -errno. */
int netlink_new(struct netlink **ret);

/* Frees; NULL is fine. Returns NULL. */
struct netlink *netlink_free(struct netlink *netlink);

int netlink_get_link(struct netlink *netlink, uint32_t ifindex, struct netlink_link *ret);

/* -ENODEV: no bridge. family chooses what is told of queriers. */
int netlink_get_bridge(struct netlink *netlink, uint32_t ifindex, int family,
		       struct netlink_bridge *ret);

/* The first addresses of an interface, at most max of them; returns how many, or
 * -errno. */
int netlink_get_addresses(struct netlink *netlink, uint32_t ifindex, int family,
			  struct netlink_address *addresses, unsigned int max);

/* The entry that a lookup of the destination ends at; wanted is the interface that
 * uses_wanted speaks of, and the scope of link-local addresses.  0; -ENETUNREACH:
 * none; or -errno. */
int netlink_get_route(struct netlink *netlink, const struct sockaddr_storage *destination,
		      uint32_t wanted, struct netlink_route *ret);

/* Does the database of a bridge have an entry of the group for this port (or the
 * bridge itself, when the host has joined)? 1, 0, or -errno. */
int netlink_has_member(struct netlink *netlink, uint32_t bridge, uint32_t port,
		       const struct sockaddr_storage *group);

#endif
