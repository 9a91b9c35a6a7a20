/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * edit: what the verbs that change a filter have in common: their words, the filter
 * before and after, and the answer.  What goes wrong here has been said when it
 * returns.
 */
#ifndef MSFCTL_EDIT_H
#define MSFCTL_EDIT_H

#include <stdbool.h>

#include <msf.h>

#include "endpoint.h"
#include "filter.h"
#include "target.h"
#include "verb.h"

/* Lines of an option table, and what popt leaves in them. Zero-initialise it. */
struct edit_options {
	char *pid, *fd; /* owned */
	int is_json;
};

#define EDIT_OPTIONS(options)                                                      \
	{ "pid", 'p', POPT_ARG_STRING, &(options)->pid, 0, "the process", "PID" }, \
		{ "fd",                                                            \
		  'f',                                                             \
		  POPT_ARG_STRING,                                                 \
		  &(options)->fd,                                                  \
		  0,                                                               \
		  "its descriptor of the socket; else the only socket that fits",  \
		  "FD" },                                                          \
		OPTIONS_JSON(&(options)->is_json)

void edit_options_fini(struct edit_options *options);

/* --pid, which must be there, and --fd. 0 or -EINVAL. */
int edit_options_parse(const struct edit_options *options, struct target_query *ret);

/* Reads the words of a verb that has these options only, and carries it out. Returns an
 * exit status (output.h). */
typedef int edit_words(const struct edit_options *options, const struct verb *verb,
		       const char **words, int n);
int edit_run(edit_words *run_words, const struct verb *verb, int argc, const char **argv);

/* "232.1.1.1 on eth0", in the words of the user until the interface is known, fit for
 * a terminal. */
#define EDIT_NAME_MAX (ENDPOINT_TEXT_MAX + 64)

/* Zero-initialise it. */
struct edit {
	struct target target;
	struct sockaddr_storage group;
	struct msf_interface interface;
	struct filter was;
	char name[EDIT_NAME_MAX];
	bool is_json;
};

/*
 * Opens the socket, goes to its network namespace and reads the filter that it has.
 * Nothing has been changed, nor will be but what is asked for: the default context is
 * told to leave IP_MULTICAST_ALL alone.  Always followed by edit_close().
 * 0 or -errno.
 */
int edit_open(struct edit *edit, const struct target_query *query, const char *interface);

void edit_close(struct edit *edit);

/* The request with group and interface in it. */
struct msf_request edit_get_request(const struct edit *edit, enum msf_verb verb);

/* Says why the request was refused with this -errno, and what the socket is a member of
 * where it is none of the group; an exit status. */
int edit_refuse(const struct edit *edit, const struct msf_request *request, int error);

/* The sentence of msf_explain() behind the name of the errno value, to be freed; NULL:
 * no memory. */
char *edit_explain(const struct edit *edit, const struct msf_request *request, int error);

/* Says what the request that succeeded may yet suffer from. */
void edit_warn(const struct edit *edit, const struct msf_request *request);

/* The object of the contract for the filter that is in force. NULL: no memory. */
json_t *edit_new_object(const struct edit *edit, const struct filter *filter);

/* Sees to it that the socket is still there, warns, and prints the filter that is in
 * force; an exit status. */
int edit_answer(const struct edit *edit, const struct msf_request *request);

/* For an error of printing; an exit status. */
int edit_report(int r);

#endif
