/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * batch-line: one line of msfctl batch, as bytes and as what it asks for.
 *
 *	[expect ok|ERRNO] COMMAND [NAME] [ARGUMENT...]	# comment
 *
 * Words stand between blanks and tabs; NAME is that of a socket: a letter, then
 * letters, digits, "_" and "-", which no address looks like.  Reading a line asks
 * nobody: whether an interface is there, a socket open or a group multicast is seen
 * when the line is run.
 */
#ifndef MSFCTL_BATCH_LINE_H
#define MSFCTL_BATCH_LINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#define BATCH_LINE_MAX           65535 /* bytes, without the end of the line */
#define BATCH_LINE_NAME_MAX      16    /* with their NULs, as all below */
#define BATCH_LINE_INTERFACE_MAX 64
#define BATCH_LINE_WHY_MAX       320

enum batch_command {
	BATCH_NOTHING, /* a blank line, or a comment alone */
	BATCH_OPEN,
	BATCH_CLOSE,
	BATCH_JOIN,
	BATCH_LEAVE,
	BATCH_JOIN_SOURCE,
	BATCH_LEAVE_SOURCE,
	BATCH_BLOCK,
	BATCH_UNBLOCK,
	BATCH_ALLOW,
	BATCH_INCLUDE,
	BATCH_EXCLUDE,
	BATCH_GET,
	BATCH_ALL,
	BATCH_RECV,
	BATCH_SLEEP,
	BATCH_ECHO,
	BATCH_HELP,
	BATCH_QUIT,
	BATCH_N_COMMANDS,
};

/* What to open. */
struct batch_open {
	int family, type, protocol; /* as socket(2) takes them */
	bool has_address;
	bool is_reuse, is_v6only;
	struct sockaddr_storage address; /* to bind to; its port, too */
};

/* What get and recv are to find. */
enum batch_wanted {
	BATCH_WANT_ANY,     /* whatever it is */
	BATCH_WANT_NONE,    /* no membership; no packet */
	BATCH_WANT_INCLUDE, /* and the sources; of recv: packets of all sources */
	BATCH_WANT_EXCLUDE,
};

struct batch_line {
	enum batch_command command;
	bool has_expect;
	int expect;                     /* 0: ok; else an errno value */
	char name[BATCH_LINE_NAME_MAX]; /* of the socket; empty: the only one */
	struct batch_open open;
	bool has_group;
	struct sockaddr_storage group;
	char interface[BATCH_LINE_INTERFACE_MAX]; /* as it was written */
	uint32_t n_sources;
	struct sockaddr_storage *sources; /* owned; of get and recv: ascending */
	bool is_idempotent;
	enum batch_wanted wanted;
	bool is_on;
	uint64_t wait_ms;
	char *text; /* owned */
};

/* Reads a line without its end. 0; -EINVAL with the reason in why, without control
 * characters; -ENOMEM. *ret is untouched then, else batch_line_fini() it. */
int batch_line_parse(const char *bytes, size_t len, struct batch_line *ret,
		     char why[BATCH_LINE_WHY_MAX]);

void batch_line_fini(struct batch_line *line);

/* How a command is written, and what it does. Static. */
struct batch_usage {
	const char *name, *arguments, *help;
};

/* NULL for BATCH_NOTHING. */
const struct batch_usage *batch_line_get_usage(enum batch_command command);

#endif
