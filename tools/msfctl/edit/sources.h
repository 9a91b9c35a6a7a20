/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sources: a list of source addresses as people and programs write it: any number on
 * a line, blanks and commas between them, and comments behind #.
 */
#ifndef MSFCTL_SOURCES_H
#define MSFCTL_SOURCES_H

#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

/* As many as the library looks at in one request. */
#define SOURCES_MAX 65536

/* Zero-initialise it. */
struct sources {
	uint32_t n;
	struct source *source; /* owned */
};

struct source {
	struct sockaddr_storage address;
	size_t line; /* of its text, from 1; 0: an argument */
};

struct sources_mistake {
	size_t line; /* 0: an argument */
	char word[64];
	const char *why; /* static */
};

/*
 * Adds the sources of a group of this family that stand in text, which ends at len and
 * has a NUL there. first_line: 1; or 0 for an argument, which has no lines and no
 * comments.  0; -EINVAL: the first mistake in *ret; -ENOMEM.
 */
int sources_parse(struct sources *sources, const char *text, size_t len, int family,
		  size_t first_line, struct sources_mistake *ret);

/* Ascending order. 0; -EINVAL: one stands there twice. */
int sources_sort(struct sources *sources, struct sources_mistake *ret);

/* The addresses alone, to be freed; NULL: no memory. */
struct sockaddr_storage *sources_get_list(const struct sources *sources);

void sources_fini(struct sources *sources);

#endif
