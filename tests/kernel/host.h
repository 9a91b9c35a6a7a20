/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A host of the test's own: a PID namespace, so that a scan sees nobody else's
 * processes, and children in it that hold sockets until they are stopped.
 */
#ifndef HOST_H
#define HOST_H

#include <msf.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* Goes on in a new process, in PID and mount namespaces of its own; the one that
 * called ends with its status. Before netns_init(). */
void host_enter(void);

/* Is this the real root, who may become somebody else? */
bool host_is_root(void);

#define HOST_SOCKETS 4u

/* What a child tells once it holds what it is to hold. */
struct host_report {
	pid_t tid;
	uint64_t netns;
	struct {
		int fd;
		uint64_t inode;
		uint16_t port; /* network order */
	} socket[HOST_SOCKETS];
	unsigned int n_sockets;
};

struct host_child {
	pid_t pid;
	struct host_report report;
};

/* Notes a socket in the report. Bails out when fd is none. */
void host_report_socket(struct host_report *report, int fd);

/* Tells the report; for children whose hold() does not return. */
void host_tell(const struct host_report *report);

/* Runs hold() in a child and waits for its report. hold() returns when the report
 * is filled in, and the child then waits for its end. */
void host_start(struct host_child *child,
		void (*hold)(void *argument, struct host_report *report), void *argument);
void host_stop(struct host_child *child);

/* Closes the socket, which lives on in flight between two Unix sockets: no process
 * has a descriptor of it until these are closed. pair may be NULL. */
void host_send_away(int fd, int pair[2]);

/* Makes an empty file for a namespace to be mounted on; path as for mkstemp(). */
void host_make_mount_point(char *path);

uint64_t host_get_inode(int fd);
uint64_t host_get_netns(void);

/* What a scan found. */
struct host_view {
	struct msf_state *state;
	struct msf_unseen unseen;
	struct host_seen {
		struct msf_socket socket;
		struct msf_membership *memberships; /* owned */
		unsigned int n_memberships;
	} * seen; /* owned */
	unsigned int n_seen;
};

/* Scans; scan NULL: everything. Returns what msf_state_scan() does. */
int host_view_init(struct host_view *view, const struct msf_scan *scan);
void host_view_fini(struct host_view *view);

/* NULL: it is not there; the test ends when it is there twice. */
const struct host_seen *host_view_find(const struct host_view *view, uint64_t inode);

/* "1/5 2/5": who holds it. */
const char *host_print_holders(const struct msf_socket *socket, char *buf, size_t len);

#endif
