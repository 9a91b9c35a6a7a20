/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The system calls of the kernel backend: one request out, one filter in.
 * Nothing here decides anything.
 */
#ifndef LIB_KERNEL_CALL_H
#define LIB_KERNEL_CALL_H

#include "context.h"
#include "request.h"

/* Room for one filter on its way from or to the kernel. */
struct kernel_buffer {
	uint32_t capacity;           /* sources */
	struct addr *addr;           /* owned: twice the capacity, to sort in */
	struct group_filter *filter; /* owned */
};

/*
 * A context keeps one buffer between requests, because to fault its pages in
 * anew would cost as much as the request. NULL: no memory.
 */
struct kernel_buffer *kernel_buffer_take(struct msf *msf, uint32_t capacity);
void kernel_buffer_give(struct msf *msf, struct kernel_buffer *buffer);
void kernel_buffer_free(struct kernel_buffer *buffer);

/* All: 0, or the negative errno value of the system call. */
int kernel_send_group(int fd, const struct request *rq, int optname);
int kernel_send_source(int fd, const struct request *rq, int optname, struct addr source);
int kernel_send_delta(int fd, const struct request *rq); /* by its verb */
int kernel_send_filter(int fd, const struct request *rq, struct kernel_buffer *buffer,
		       uint32_t fmode, const struct source_set *list);

/* What the kernel holds for a membership, in short. */
struct kernel_held {
	enum filter_mode mode; /* FILTER_NONE also for a leftover */
	uint32_t n_sources;    /* as stored: duplicates count */
	bool is_leftover;      /* a membership INCLUDE {}, which is none */
};

int kernel_look(int fd, const struct request *rq, struct kernel_held *ret);

/*
 * The same, and how often the source of the request is stored; *ret_copies is 0
 * also where the list is too long to look. -ENOMEM.
 */
int kernel_look_for_source(struct msf *msf, int fd, const struct request *rq,
			   struct kernel_held *ret, uint32_t *ret_copies);

/* The whole filter; its sources lie in the buffer. */
struct kernel_stored {
	struct filter filter;
	uint32_t n_raw; /* duplicates counted */
	bool is_leftover;
};

/* The buffer is replaced where it is too small; NULL with -ENOMEM. */
int kernel_read_stored(int fd, const struct request *rq, struct kernel_buffer **buffer,
		       struct kernel_stored *ret);

#endif
