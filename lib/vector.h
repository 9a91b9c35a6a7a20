/* SPDX-License-Identifier: BSD-2-Clause */
/* A list that grows. Items move when it does: keep numbers, not pointers. */
#ifndef LIB_VECTOR_H
#define LIB_VECTOR_H

#include <stddef.h>
#include <stdlib.h>

struct vector {
	void *items; /* owned */
	size_t n;
	size_t capacity;
};

/* Room for n more items of that size behind the last one. NULL: no memory. */
static inline void *vector_reserve(struct vector *vector, size_t n, size_t size)
{
	size_t capacity = vector->capacity ? vector->capacity : 16;
	void *items;

	while (capacity - vector->n < n)
		capacity *= 2;
	if (capacity != vector->capacity) {
		items = reallocarray(vector->items, capacity, size);
		if (!items)
			return NULL;
		vector->items = items;
		vector->capacity = capacity;
	}
	return (char *)vector->items + vector->n * size;
}

/* A new last item, not filled in. NULL: no memory. */
static inline void *vector_append(struct vector *vector, size_t size)
{
	void *item = vector_reserve(vector, 1, size);

	vector->n += item != NULL;
	return item;
}

static inline void vector_fini(struct vector *vector)
{
	free(vector->items);
	*vector = (struct vector){ 0 };
}

#endif
