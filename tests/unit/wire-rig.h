/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * wire-rig: a namespace (netns.h) with the engine, the loop and the links of an msfd in
 * it, and nothing else of it.
 */
#ifndef WIRE_RIG_H
#define WIRE_RIG_H

#include "engine/engine.h"
#include "loop.h"
#include "msfd/links.h"
#include "netns.h"
#include "tap.h"

#define RIG_DEADLINE_MS 15000
#define RIG_EVENTS_SIZE 65536u

struct rig {
	struct tap tap;
	struct netns net;
	struct loop *loop;
	struct engine *engine;
	struct links *links;
	uint32_t random;
	bool is_out_of_memory;        /* the engine gets none */
	char events[RIG_EVENTS_SIZE]; /* "+m0 -t0 ": changed and gone */
};

/* The links are not looked at yet. */
void rig_init(struct rig *rig);
void rig_start_links(struct rig *rig);
int rig_finish(struct rig *rig);

/* Runs the loop until it is done, or for RIG_DEADLINE_MS: false. */
bool rig_await(struct rig *rig, bool (*is_done)(struct rig *rig, const void *data),
	       const void *data);

/* Runs the loop until what is waiting has been handled. */
void rig_run(struct rig *rig);

/* As `ip -batch`; the program ends when one fails. */
void rig_ip(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* "up 1500 10.9.0.1 none", "tentative" where it is; "-" for no link. */
#define RIG_LINK_SIZE 160u
void rig_print_link(const struct link *link, char text[RIG_LINK_SIZE]);

/* Waits until the interface is what the text says. */
bool rig_await_link(struct rig *rig, const char *name, const char *text);

/* Are the links what a look at everything says? Waits for it. */
bool rig_await_truth(struct rig *rig);

#endif
