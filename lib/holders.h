/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Who has descriptors of sockets, found by reading the links in /proc/PID/fd; and
 * descriptors of our own for the same sockets (pidfd_getfd(2)).
 */
#ifndef LIB_HOLDERS_H
#define LIB_HOLDERS_H

#include "namespace.h"
#include "sockets.h"

#define HOLDERS_COMMAND_SIZE 16

struct holder {
	uint32_t socket;    /* its number */
	uint32_t command;   /* its number */
	uint32_t namespace; /* of the process */
	pid_t pid;
	int fd;
	bool is_thread; /* with a descriptor table of its own */
};

/* Zero-initialised it is empty. */
struct holders {
	struct vector list;     /* struct holder */
	struct vector commands; /* char[HOLDERS_COMMAND_SIZE] */
	unsigned int n_hidden;  /* processes whose descriptors may not be read */
};

void holders_fini(struct holders *holders);

/*
 * Adds what a process and its threads hold of the sockets that are wanted. Sockets
 * that are in no list are added to it when is_open; else they are passed over.
 * 0; -ENOENT: it has ended; -EACCES: not permitted, and counted; or -errno.
 */
int holders_add_process(struct holders *holders, struct sockets *sockets,
			const struct process *process, bool is_open);

/* By socket, processes before threads, by PID and descriptor. */
void holders_sort(struct holders *holders);

/* A pidfd of the process or thread. -ESRCH, -ENOSYS, ... */
int holders_open_process(pid_t pid);

/* A descriptor of our own for its descriptor fd. -EPERM, -EBADF, -ESRCH, ... */
int holders_fetch(int pidfd, int fd);

#endif
