/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * config: the configuration file of msfd (msfd.conf(5) is part of msfd(8)), read with
 * libinih. A file is taken as a whole or not at all: one that has a mistake changes
 * nothing, and every mistake is told with its line.
 *
 *	[msfd]
 *	suppress-kernel = yes
 *	ssm-range4 = 232.0.0.0/8
 *
 *	[tunables]                     the engine's names
 *	robustness = 2
 *
 *	[limits]                       limits.h's names
 *	user-groups = 1000
 *
 *	[interface eth0]
 *	igmp-version = 3               forced; 0: as the queriers speak
 *	mld-version = 0
 *
 *	[join eth0]                    static joins
 *	232.1.1.1 = 10.9.0.1, 10.9.0.2
 *	239.1.1.1 = any
 *	239.1.1.2 = any but 10.9.0.3
 */
#ifndef MSFD_CONFIG_H
#define MSFD_CONFIG_H

#include <stdbool.h>

#include "engine/engine.h"
#include "msfd/limits.h"
#include "msfd/statics.h"

struct config_interface {
	char name[IF_NAMESIZE];
	uint8_t version[ENGINE_FAMILIES]; /* forced; 0: none */
};

struct config {
	bool is_kernel_suppressed;
	bool is_journal_kept; /* "journal = yes", the default */
	bool leaves_on_exit;  /* "leave-on-exit = yes", the default */
	uint64_t tunables[ENGINE_TUNABLES];
	struct limits limits;
	struct {
		bool is_set;
		struct addr prefix;
		uint8_t prefix_len; /* of the family */
	} ssm[ENGINE_FAMILIES];
	struct config_interface *interfaces; /* owned */
	uint32_t n_interfaces;
	struct statics_join *joins; /* owned, with their sources */
	uint32_t n_joins;
};

/* The defaults. */
void config_init(struct config *ret);
void config_fini(struct config *config);

/* Reads the file. Each mistake goes to say(), "path:line: what". 0; -EINVAL: there are
 * mistakes; -ENOENT and its like. *ret is whole or untouched; what it had is not
 * freed. */
int config_read(struct config *ret, const char *path,
		void (*say)(void *context, const char *text), void *context);

#endif
