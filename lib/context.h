/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The context: configuration resolved once, and what requests share. Immutable
 * after msf_new() but for what is found out on first use, and the spare buffer, which
 * is passed around; atomically, all of it.
 */
#ifndef LIB_CONTEXT_H
#define LIB_CONTEXT_H

#include <pthread.h>
#include <stdatomic.h>

#include <msf.h>

#include "agent/message.h"
#include "base/table.h"

struct kernel_buffer;

struct msf {
	_Atomic(enum msf_backend) backend; /* AUTO until it is found out */
	atomic_int filters;                /* enum asm_filters; -1 until they are tried */
	enum table table;
	bool is_backend_given; /* else it is the system's */
	uint32_t max_sources;  /* 0: the backend's own limit */
	bool is_receive_filtered;
	bool is_multicast_all_kept;
	bool is_exclusive;
	char agent[MESSAGE_PATH_MAX];          /* "": that of the namespace */
	_Atomic(struct kernel_buffer *) spare; /* owned */
};

/*
 * The context itself, or the default one for NULL, made on first use. Returns
 * 0 or the errors of msf_new().
 */
int context_get(struct msf *msf, struct msf **ret);

/* The path of the agent's socket, or "off"; NULL: that of the namespace. */
const char *context_get_agent(const struct msf *msf);

/*
 * Requests for one group are serialised in the whole process, whatever context
 * and file descriptor they come through: by group, because a lock by descriptor
 * would miss the duplicates of one socket.
 */
pthread_mutex_t *context_lock_group(struct addr group);

#endif
