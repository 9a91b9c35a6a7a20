/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * options: msend's command line, checked as far as it can be without the system.
 */
#ifndef MSEND_OPTIONS_H
#define MSEND_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "endpoint.h"

#define OPTIONS_MAX_SOURCES 1024

struct options {
	struct endpoint endpoint;
	char *interface;                  /* owned */
	struct sockaddr_storage *sources; /* owned */
	unsigned int n_sources;           /* 0: one, of the kernel's choice */
	uint64_t count;                   /* packets for each source; 0: no end */
	uint64_t duration;                /* ns; 0: no end */
	uint32_t rate;
	uint32_t size;
	int ttl;
	uint8_t payload_type;
	bool is_rtp;
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

#endif
