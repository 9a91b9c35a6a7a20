/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Network namespaces: those that processes and threads are in, and those that are
 * mounted (ip-netns(8)). One that only a descriptor or a socket keeps alive is
 * found when that socket is looked at.
 */
#ifndef LIB_NAMESPACE_H
#define LIB_NAMESPACE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "vector.h"

#define NAMESPACE_UNKNOWN UINT32_MAX

struct namespace
{
	uint64_t inode;     /* of /proc/PID/ns/net; 0: not to be read */
	uint64_t net_inode; /* of a file in /proc/PID/net, to be read by all; 0: none */
	pid_t pid;          /* a process or thread that is in it; 0: none is known */
	char *path;         /* owned: where it is mounted; NULL: not, as far as known */
	uint32_t ifindex_max;
	struct vector groups; /* struct proc_group: of all its interfaces */
};

struct process {
	pid_t pid;
	uint32_t namespace; /* number in the list, or NAMESPACE_UNKNOWN */
	bool has_threads;
};

/* A list whose first member is the namespace of the calling thread. */
struct namespaces {
	struct vector list; /* struct namespace */
};

/* 0, or -errno. What is made is to be released by namespaces_fini() either way. */
int namespaces_init(struct namespaces *namespaces);
void namespaces_fini(struct namespaces *namespaces);

struct namespace *namespaces_get(const struct namespaces *namespaces, uint32_t number);

/*
 * Adds the namespaces of a process and its threads, if they are new, and tells of
 * the process in *ret. 0, -ESRCH, -ENOMEM.
 */
int namespaces_add_process(struct namespaces *namespaces, pid_t pid, struct process *ret);

/* Adds those that are mounted. 0 or -errno. */
int namespaces_add_mounts(struct namespaces *namespaces);

/* Adds that of a descriptor of one. 0 and its number, or -errno. */
int namespaces_add_fd(struct namespaces *namespaces, int fd, uint32_t *ret);

/* Is the process or thread in it? */
bool namespace_has(const struct namespace *namespace, pid_t pid);

/*
 * Calls work() in a thread of its own that has entered the namespace: the caller's
 * never moves. fd: a descriptor of the namespace, or -1. Returns what work() does,
 * or the -errno of getting there.
 */
int namespace_visit(const struct namespace *namespace, int fd,
		    int (*work)(void *argument), void *argument);

#endif
