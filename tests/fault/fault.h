/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Faults on order: the n-th call of a class fails, or each second one. Only calls made
 * by chosen objects count (the program and libmsf by default): what libraries of others
 * do without memory is theirs, and so is the loader's and the sanitizers'.
 *
 * It is preloaded in front of a program, which the environment then gives its order
 *
 *	MSF_FAULT=CLASS[,CLASS...]    what counts
 *	MSF_FAULT_ERROR=NAME          what is answered (ENOMEM, EINTR, ...)
 *	MSF_FAULT_AT=N                the call that fails, from 0; else none does
 *	MSF_FAULT_LASTING=1           all behind it fail, too
 *	MSF_FAULT_EVERY=N             one of N calls fails, in no order
 *	MSF_FAULT_OBJECTS=NAME[,...]  whose calls count, by the beginning of the file's
 *				      name; "main" is the program
 *	MSF_FAULT_BOARD=FILE          where a struct fault_board is kept
 *
 * or linked into a test, which calls fault_arm().
 */
#ifndef FAULT_H
#define FAULT_H

#include <stdatomic.h>
#include <stdbool.h>

enum fault_class {
	FAULT_ALLOC = 1u << 0,   /* malloc() and what is made of it */
	FAULT_SOCKET = 1u << 1,  /* socket(), bind(), listen(), ... */
	FAULT_MESSAGE = 1u << 2, /* send(), recv() and their kin */
	FAULT_WAIT = 1u << 3,    /* poll(), epoll, timers, signalfd() */
	FAULT_FILE = 1u << 4,    /* open(), read(), write(), ioctl(), ... */
	FAULT_STDIO = 1u << 5,   /* fgets(), getline(), fread() */
	FAULT_THREAD = 1u << 6,  /* pthread_create(), mmap() */
	FAULT_SIGNAL = 1u << 7,  /* whatever a signal may interrupt */
	FAULT_SHORT = 1u << 8,   /* read() and write() that do one byte */
	FAULT_OPTION = 1u << 9,  /* setsockopt(); getsockopt() of filters */
};

struct fault_order {
	unsigned int classes;
	unsigned int at;    /* from 0 */
	unsigned int every; /* one of so many; 0: the one at that number */
	bool is_lasting;
	int error;
};

/* Shared with who watches; it outlives the program. */
struct fault_board {
	atomic_uint n_calls;
	atomic_uint n_faults;
	char where[120]; /* of the first fault: call, object and offset */
};

/* Whose calls count: names as in MSF_FAULT_OBJECTS. */
void fault_set_objects(const char *names);

void fault_arm(const struct fault_order *order);
void fault_disarm(void);

/* Of the last order. */
const struct fault_board *fault_get_board(void);

#endif
