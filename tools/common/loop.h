/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * loop: waits for descriptors, timers and signals, and calls their handlers.
 *
 * A source stands in the struct of its owner, who adds and removes it. Handlers
 * may add and remove any source, their own too.
 */
#ifndef TOOLS_COMMON_LOOP_H
#define TOOLS_COMMON_LOOP_H

#include <stdbool.h>
#include <stdint.h>

struct loop;

/* 0: go on; anything else ends loop_run() with this value. */
typedef int loop_handler(void *data);

struct loop_source {
	int fd;        /* -1: not added */
	bool is_owned; /* closed by loop_del() */
	bool is_timer; /* read before the handler is called */
	loop_handler *handler;
	void *data;
};

#define LOOP_SOURCE_INIT ((struct loop_source){ .fd = -1 })

int loop_new(struct loop **ret);

/* Frees; NULL is fine. Sources that are not removed keep their descriptors. */
struct loop *loop_free(struct loop *loop);

/* Calls the handler whenever fd is readable. 0 or -errno. */
int loop_add(struct loop *loop, struct loop_source *source, int fd, loop_handler *handler,
	     void *data);

/* Calls the handler also whenever fd can be written to, or no longer. 0 or -errno. */
int loop_want_write(struct loop *loop, struct loop_source *source, bool is_wanted);

/* Calls it when fd is readable, when it can be written to, when either, or when neither:
 * a hang-up is told of always. 0 or -errno. */
int loop_want(struct loop *loop, struct loop_source *source, bool reads, bool writes);

/* A timer: first_ms from now (at least 1), then every interval_ms; 0: once. */
int loop_add_timer(struct loop *loop, struct loop_source *source, uint64_t first_ms,
		   uint64_t interval_ms, loop_handler *handler, void *data);

/* SIGINT and SIGTERM, which are blocked from here on. */
int loop_add_signals(struct loop *loop, struct loop_source *source, loop_handler *handler,
		     void *data);

/* SIGINT and SIGTERM end the process at once from here on, whoever blocked them. */
void loop_release_signals(void);

/* Takes one of them; the next one ends the process at once, also when there was none
 * to take. The number or -errno (-EAGAIN: none). */
int loop_take_signal(struct loop_source *source);

/* Removes; nothing to do for a source that is not added. */
void loop_del(struct loop *loop, struct loop_source *source);

/* Until a handler ends it: its value; or -errno. */
int loop_run(struct loop *loop);

#endif
