/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * config-join: the lines of a [join INTERFACE] section, each a group and who may send to
 * it: "SOURCE, ...", "any", "any but SOURCE, ...". Lists may go on in further lines.
 */
#ifndef MSFD_CONFIG_JOIN_H
#define MSFD_CONFIG_JOIN_H

#include "msfd/config-file.h"
#include "msfd/statics.h"

#define CONFIG_JOINS_MAX 10000u

struct config_joins {
	struct config_file
		*file; /* is told the mistakes; its error is -ENOMEM for want of
				   * memory */
	struct statics_join *joins; /* owned, with their sources */
	uint32_t n, n_room;
	uint32_t n_sources_room; /* of the last one */
	unsigned int line;       /* where the last one begins */
	enum {
		CONFIG_JOIN_NONE, /* or a mistake: what follows is of it */
		CONFIG_JOIN_ANY,  /* nothing may follow */
		CONFIG_JOIN_LIST, /* lines with sources may follow */
	} state;
};

/* A group; is_more: more sources of the last one. */
void config_joins_take(struct config_joins *joins, const char *interface,
		       const char *group, const char *value, bool is_more);

/* Nothing more comes of the last one. */
void config_joins_end(struct config_joins *joins);

void config_joins_fini(struct config_joins *joins);

#endif
