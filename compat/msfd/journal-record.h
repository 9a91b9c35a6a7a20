/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * journal-record: the bytes of a journal. A header says which boot and namespace it
 * belongs to; each record is a socket, who told of it last, and a MESSAGE_SET, and has a
 * sum. All numbers are in the byte order of the machine, which is that of the boot.
 *
 * Invariant: what is read back is what was written, or reading has ended before it.
 */
#ifndef MSFD_JOURNAL_RECORD_H
#define MSFD_JOURNAL_RECORD_H

#include <stdio.h>

#include "msfd/holdings.h"

#define JOURNAL_HEADER_SIZE 72u
#define JOURNAL_RECORD_SIZE 112u /* without sources, each of which is 16 */
#define JOURNAL_RECORD_MAX  (JOURNAL_RECORD_SIZE + MESSAGE_MAX)

/* What a journal belongs to. */
struct journal_mark {
	char boot[40];   /* /proc/sys/kernel/random/boot_id, zeroes behind it */
	uint64_t netns;  /* inode of the namespace: may come again when it is gone */
	uint64_t cookie; /* SO_NETNS_COOKIE: does not; 0: this kernel has none */
};

/* Of this process. -errno. */
int journal_mark_get(struct journal_mark *ret);

/* The length: JOURNAL_HEADER_SIZE. The buffer has room for it. */
int journal_record_encode_mark(const struct journal_mark *mark, void *buffer);

/* The length, -ENOBUFS or -EINVAL as message_encode(). The buffer is aligned for
 * uint64_t. */
int journal_record_encode(const struct holding *holding, void *buffer, size_t size);

/*
 * Reads a journal: take() gets each record, in order; mode FILTER_NONE: it has ended. The
 * buffer is aligned for uint64_t and has JOURNAL_RECORD_MAX bytes. 0; -EXDEV: of another
 * boot or namespace; -EBADMSG: broken, from there on it counts for nothing; -EIO.
 */
int journal_record_read(FILE *in, const struct journal_mark *mark, void *buffer,
			void (*take)(void *context, const struct holding *holding),
			void *context);

#endif
