/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A network namespace of the test's own with two links, m0 and m1, each with
 * four IPv4 and four IPv6 addresses. What is sent out of a link from one of them
 * loops back to the receivers of this namespace, so it is all a test of source
 * filters needs. The peers of the links have no addresses.
 *
 * Address i of link l is 10.9.l.(i+1) and fd09:l::(i+1).
 */
#ifndef NETNS_H
#define NETNS_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#define NETNS_LINKS     2u
#define NETNS_ADDRESSES 4u

struct netns {
	uint32_t ifindex[NETNS_LINKS];
	int anchor[2]; /* see netns.c */
};

/* Enters the new namespace; the program ends when that fails. */
void netns_init(struct netns *net);

/* Deletes the link, with its addresses and routes, and makes another one with the
 * same name, index and addresses: what sockets hold on it is stale then. */
void netns_replace_link(struct netns *net, unsigned int link);

/* Runs the lines as one `ip -batch`. Returns 0 or -errno; the other ends the program. */
int netns_ip(const char *lines);
void netns_must_ip(const char *lines);

/* Waits for the carrier of the link. */
void netns_await_link(const char *name);

/* Writes a file below /proc/sys. Returns 0 or -errno. */
int netns_set_sysctl(const char *path, unsigned int value);

/* Memberships of the interfaces and their source filters, without the timers, as
 * text from malloc(). Equal texts: nobody's request reached an interface. */
char *netns_get_memberships(void);

/* How many sockets include or exclude the source on the interface, as
 * /proc/net/mcfilter and mcfilter6 have it. */
struct netns_users {
	unsigned int include;
	unsigned int exclude;
};

struct netns_users netns_get_users(uint32_t ifindex, const struct sockaddr_storage *group,
				   const struct sockaddr_storage *source);

/* Lines of mcfilter (or mcfilter6) for the group on the interface. */
unsigned int netns_count_sources(uint32_t ifindex, const struct sockaddr_storage *group);

/* Groups in /proc/net/igmp and igmp6, which have a line each. */
unsigned int netns_count_groups(void);

/* Users of the group on the interface, of /proc/net/igmp and igmp6. */
unsigned int netns_get_members(uint32_t ifindex, const struct sockaddr_storage *group);

/* Addresses; i may be larger than NETNS_ADDRESSES for sources that never send. */
struct sockaddr_storage netns_source(int family, unsigned int link, unsigned int i);
struct sockaddr_storage netns_group(int family, unsigned int i);
struct sockaddr_storage netns_parse(const char *text);

#endif
