/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * msfd: the agent of a network namespace, put together of its parts.
 */
#ifndef MSFD_MSFD_H
#define MSFD_MSFD_H

#include <sys/stat.h>

#include "msfd/clients.h"
#include "msfd/config.h"
#include "msfd/control.h"
#include "msfd/deaths.h"
#include "msfd/holdings.h"
#include "msfd/journal.h"
#include "msfd/links.h"
#include "msfd/native.h"
#include "msfd/options.h"
#include "msfd/speaker.h"
#include "msfd/statics.h"
#include "msfd/suppress.h"
#include "msfd/wire.h"

struct msfd {
	const struct options *options; /* borrowed */
	struct loop *loop;
	struct config config; /* in force */
	struct engine *engine;
	uint64_t random; /* state of the engine's generator */
	struct wire *wire;
	struct links *links;
	struct speaker *speaker;
	struct holdings *holdings;
	struct deaths *deaths;
	struct clients *clients;
	struct statics *statics;
	struct suppress *suppress; /* NULL: the kernel speaks as well */
	struct native *native;     /* with suppress */
	struct journal *journal;   /* NULL: none is kept */
	struct loop_source signals, watchdog, flush;
	int listener; /* until clients has it; -1: none */
	bool is_listener_passed;
	struct stat name; /* of the listener's path, if it is msfd's */
	struct control_groups groups;
	uint64_t started; /* clock_now() */
	uint64_t netns;   /* inode */
	char path[MESSAGE_PATH_MAX];
};

/* How loop_run() ends. */
enum msfd_end {
	MSFD_LEAVE = 1, /* SIGTERM, SIGINT */
	MSFD_QUIT,      /* SIGUSR1: the next msfd goes on with what is held */
};

/*
 * Reads the configuration, opens what needs privileges, gives those up, and is there for
 * clients. 0; -errno: logged, and nothing is left of it. *msfd is written in any case,
 * and msfd_stop() is only for 0.
 */
int msfd_start(struct msfd *msfd, const struct options *options);

/* Ends as it was told to. */
void msfd_stop(struct msfd *msfd, enum msfd_end how);

/* Something has changed: the engine is to speak, and what follows is looked at. */
void msfd_poke(struct msfd *msfd);

/*
 * Settings (msfd-config.c)
 */

/* The file that options name; each mistake goes to say(). 0 and *ret; -errno. */
int msfd_read_config(struct config *ret, const struct options *options,
		     void (*say)(void *context, const char *text), void *context);

/* Each mistake to the log. */
void msfd_log_mistake(void *context, const char *text);

/* Tells the engine what stands in the configuration, but what is said of interfaces. */
void msfd_apply_config(struct msfd *msfd);

/* What is said of this one. */
void msfd_apply_interface(struct msfd *msfd, const struct link *link);

/* Reads the file again, and takes it as a whole or not at all. */
void msfd_reload(struct msfd *msfd);

#endif
