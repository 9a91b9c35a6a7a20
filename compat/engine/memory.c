/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * memory: the caller's allocator, and the bytes asked of it and not given back, by what
 * they are for (S-V3-11). The sums are exact: whoever frees says the length again.
 */
#include "engine/memory.h"

void *memory_get(struct memory *memory, enum memory_kind kind, size_t len)
{
	return memory_resize(memory, kind, NULL, 0, len);
}

void *memory_put(struct memory *memory, enum memory_kind kind, void *block, size_t len)
{
	if (block)
		memory_resize(memory, kind, block, len, 0);
	return NULL;
}

void *memory_resize(struct memory *memory, enum memory_kind kind, void *block,
		    size_t old_len, size_t len)
{
	void *resized = memory->resize(memory->context, block, old_len, len);

	if (resized || !len)
		memory->used[kind] += (uint64_t)len - old_len;
	return resized;
}
