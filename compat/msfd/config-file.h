/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * config-file: the lines of a configuration file, as libinih takes them apart, and what
 * is wrong with them. What libinih would get wrong without a word is put right before
 * it sees a line: lines longer than its buffer, a group of IPv6 before the '=' (it takes
 * ':' for one), comments behind continued lines, and lines that are nothing.
 *
 *	[section]
 *	key = value		; a comment
 *	  more of the value	# another
 */
#ifndef MSFD_CONFIG_FILE_H
#define MSFD_CONFIG_FILE_H

#include <stdbool.h>
#include <stdio.h>

#define CONFIG_FILE_KEY_MAX 64u

struct config_file {
	/* The caller's: */
	const char *path;
	/* A section begins; its words. */
	void (*open)(void *context, const char *section);
	/* A value; is_more: of the key before. */
	void (*take)(void *context, const char *key, const char *value, bool is_more);
	void *context;
	void (*say)(void *context, const char *text); /* each mistake */
	void *say_context;

	/* As far as it was read: */
	FILE *stream;
	unsigned int line;
	unsigned int n_mistakes;
	unsigned int n_bytes;
	int error;        /* -errno: reading ends */
	bool has_key;     /* in this section: a line may be more of it */
	bool is_more;     /* this line is */
	bool is_awaiting; /* this line has something, of which libinih has said nothing */
};

/* 0, -EINVAL: there are mistakes, -errno. */
int config_file_read(struct config_file *file);

/* "path:line: what". line 0: the one that was read last. */
void config_file_refuse(struct config_file *file, unsigned int line, const char *format,
			...) __attribute__((format(printf, 3, 4)));

#endif
