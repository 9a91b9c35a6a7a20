/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * links: the interfaces of the namespace as the engine has to know them (libnl): index,
 * name, flags, MTU, and the addresses that reports are sent from, with the state of their
 * duplicate address detection (RFC 4862 5.4). Notifications that were lost are made up
 * for by a look at everything.
 */
#ifndef MSFD_LINKS_H
#define MSFD_LINKS_H

#include <stdbool.h>

#include <net/if.h>

#include "engine/engine.h"
#include "loop.h"

struct links;

struct link {
	struct engine_interface interface;
	char name[IF_NAMESIZE];
	bool is_multicast;    /* IFF_MULTICAST */
	uint8_t hardware_len; /* of a link-layer address; 0: none */
	uint16_t type;        /* ARPHRD_* */
};

struct links_listener {
	/* The interface is new or has changed: engine_set_interface() has been called. */
	void (*changed)(void *context, const struct link *link);
	/* It goes: engine_del_interface() is called after this. */
	void (*gone)(void *context, const struct link *link);
	void *context;
};

/* Looks at everything once: changed() is called for each interface that is there, before
 * *ret is set. 0 or -errno. */
int links_new(struct links **ret, struct loop *loop, struct engine *engine,
	      const struct links_listener *listener);
struct links *links_free(struct links *links);

/* NULL: none. A look that is up to date: what the kernel has said and nobody read yet is
 * read first where the index or name is not known. */
const struct link *links_find(struct links *links, uint32_t ifindex);
const struct link *links_find_name(struct links *links, const char *name);

/* Is it an address of this host: IPv4 of any interface, IPv6 (link-local) of this one? */
bool links_has_address(const struct links *links, uint32_t ifindex, struct addr addr);

/* Where notifications come in: for a test that makes the room for them small. */
int links_get_fd(const struct links *links);

/* Link i in ascending order of the index, or NULL behind the last. */
const struct link *links_get(const struct links *links, unsigned int i);

#endif
