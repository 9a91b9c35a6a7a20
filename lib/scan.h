/* SPDX-License-Identifier: BSD-2-Clause */
/* A scan of the host while it goes on, for the files that carry it out. */
#ifndef LIB_SCAN_H
#define LIB_SCAN_H

#include <errno.h>
#include <stdbool.h>

#include "holders.h"
#include "namespace.h"
#include "sockets.h"
#include "state.h"

struct scan {
	struct msf *msf;
	enum msf_backend backend; /* of sockets without a program of ours */
	pid_t pid;                /* 0: all */
	bool is_idle_wanted;
	bool is_here_only;
	struct msf_state *state;
	struct namespaces namespaces;
	struct vector processes; /* struct process */
	struct sockets sockets;
	struct holders holders;
	struct vector guesses; /* struct addr, ascending */
	struct vector missing; /* uint32_t: sockets that could not be asked */
	pid_t pidfd_owner;
	int pidfd; /* of that process, or -errno */
};

/* One that is held: which, and its holders. */
struct held {
	uint32_t socket;
	pid_t pid; /* the first one's */
	int fd;
	size_t first;
	size_t n;
};

/* Errors of this process or of the whole system, not of what is looked at. */
static inline bool scan_is_fatal(int r)
{
	return r == -ENOMEM || r == -EMFILE || r == -ENFILE;
}

/*
 * Lists sockets and groups of a namespace, whichever is not NULL. fd: the namespace,
 * or -1. 0 or -errno.
 */
int scan_list_namespace(struct scan *scan, uint32_t number, struct sockets *sockets,
			struct vector *groups, int fd);

/* The same for all that are known up to here. Those that cannot be listed are
 * counted. */
int scan_list_namespaces(struct scan *scan);

/* Finds the groups that a membership on an interface that is gone may be of. */
int scan_find_guesses(struct scan *scan);

/* Looks at one socket, of which fd is a descriptor of our own, and adds it to the
 * state if it is to be shown. 0 or -errno. */
int scan_look(struct scan *scan, const struct held *held, int fd);

#endif
