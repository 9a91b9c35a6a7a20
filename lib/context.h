/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The context: configuration resolved once, and what requests share. Immutable
 * after msf_new() but for the spare buffer, which is passed around atomically.
 */
#ifndef LIB_CONTEXT_H
#define LIB_CONTEXT_H

#include <pthread.h>
#include <stdatomic.h>

#include <msf.h>

#include "base/table.h"

struct kernel_buffer;

struct msf {
	enum msf_backend backend;
	enum table table;
	uint32_t max_sources; /* 0: the kernel's limit alone */
	bool is_multicast_all_kept;
	bool is_exclusive;
	_Atomic(struct kernel_buffer *) spare; /* owned */
};

/*
 * The context itself, or the default one for NULL, made on first use. Returns
 * 0 or the errors of msf_new().
 */
int context_get(struct msf *msf, struct msf **ret);

/*
 * Requests for one group are serialised in the whole process, whatever context
 * and file descriptor they come through: by group, because a lock by descriptor
 * would miss the duplicates of one socket.
 */
pthread_mutex_t *context_lock_group(struct addr group);

#endif
