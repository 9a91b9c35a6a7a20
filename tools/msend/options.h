/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * options: msend's command line, checked as far as it can be without the system.
 */
#ifndef MSEND_OPTIONS_H
#define MSEND_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "endpoint.h"
#include "faults.h"
#include "packet.h"
#include "source.h"

/* Words; each may be a range. */
#define OPTIONS_MAX_SOURCES 1024

struct options {
	struct endpoint endpoint;
	char *interface;        /* owned */
	struct source *sources; /* owned */
	unsigned int n_sources; /* 0: one, of the kernel's choice */
	uint64_t count;         /* packets for each source; 0: no end */
	uint64_t duration;      /* ns; 0: no end */
	uint32_t rate;
	struct packet_shape shape;
	struct faults faults;
	uint32_t first;
	bool has_first;
	uint64_t restart; /* STREAM_NEVER: none */
	unsigned int n_gso;
	uint16_t vlan; /* 0: no tag */
	int ttl;
	bool is_raw;
	bool is_looped;
	bool is_quiet;
	bool is_json;
};

/*
 * 1: go on. 0: help or version was asked for and printed. -EINVAL: the reason
 * is on stderr. -ENOMEM.
 */
int options_parse(struct options *options, int argc, char **argv);
void options_fini(struct options *options);

bool options_has_faults(const struct options *options);

#endif
