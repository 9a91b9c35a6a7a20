/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * bucket: how often somebody may speak: `rate` tokens a second flow in, up to twice
 * that, and each message takes one. The rate may change at any time.
 */
#ifndef MSFD_BUCKET_H
#define MSFD_BUCKET_H

#include <stdbool.h>
#include <stdint.h>

#define BUCKET_TOKEN   1000000u /* levels are millionths of a token */
#define BUCKET_SECONDS 2u       /* that fill it */

struct bucket {
	uint64_t level;
	uint64_t filled; /* when: microseconds */
};

/* Full at first. */
static inline void bucket_init(struct bucket *bucket, uint32_t rate, uint64_t now)
{
	bucket->level = (uint64_t)BUCKET_SECONDS * rate * BUCKET_TOKEN;
	bucket->filled = now;
}

static inline void bucket_fill(struct bucket *bucket, uint32_t rate, uint64_t now)
{
	uint64_t full = (uint64_t)BUCKET_SECONDS * rate * BUCKET_TOKEN;
	uint64_t longest = BUCKET_SECONDS * 1000000ull;
	uint64_t elapsed = now > bucket->filled ? now - bucket->filled : 0;

	if (elapsed > longest)
		elapsed = longest;
	bucket->level += elapsed * rate;
	if (bucket->level > full)
		bucket->level = full;
	bucket->filled = now;
}

static inline bool bucket_has(const struct bucket *bucket)
{
	return bucket->level >= BUCKET_TOKEN;
}

/* What is not there is not owed either. */
static inline void bucket_take(struct bucket *bucket)
{
	bucket->level -= bucket_has(bucket) ? BUCKET_TOKEN : bucket->level;
}

#endif
