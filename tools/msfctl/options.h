/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * options: the words behind a verb, read with popt. What is wrong is said on
 * standard error here.
 */
#ifndef MSFCTL_OPTIONS_H
#define MSFCTL_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include <popt.h>

#include <msf.h>

#include "verb.h"

/* A line of a verb's option table that every verb has. */
#define OPTIONS_JSON(is_json)                                                            \
	{                                                                                \
		"json", 'j', POPT_ARG_NONE, (is_json), 0, "one JSON object a line", NULL \
	}

/*
 * Reads the options into the table's variables and the rest into *ret_arguments
 * (of the context, NULL-terminated; counted in *ret_n). A string option given twice is a
 * usage error. --help prints and ends the process with 0.
 * 0; or -EINVAL (usage) and -ENOMEM, said.  Always followed by options_free().
 */
int options_read(poptContext *ret, const struct verb *verb,
		 const struct poptOption *table, int argc, const char **argv,
		 const char ***ret_arguments, int *ret_n);

/* The same for options in front of a command, whose own options are left alone. */
int options_read_command(poptContext *ret, const struct verb *verb,
			 const struct poptOption *table, int argc, const char **argv,
			 const char ***ret_command, int *ret_n);

void options_free(poptContext context);

/* Words as numbers and addresses. 0, or -EINVAL, said with the word and why. */
int options_parse_pid(const char *word, pid_t *ret);
int options_parse_number(const char *name, const char *word, uint64_t max, uint64_t *ret);
int options_parse_seconds(const char *name, const char *word, uint64_t *ret_ms);
int options_parse_group(const char *word, struct sockaddr_storage *ret);
int options_parse_source(const char *word, struct sockaddr_storage *ret);

/* 0; or -errno, said. */
int options_find_interface(const char *word, struct msf_interface *ret);

#endif
