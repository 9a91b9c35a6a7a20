/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * list: doubly linked, with the links in the objects. A list is a link that points to
 * itself while it is empty; a link that is in no list does the same, so that taking it
 * out once more does no harm.
 */
#ifndef ENGINE_LIST_H
#define ENGINE_LIST_H

#include <stdbool.h>
#include <stddef.h>

struct link {
	struct link *prev, *next;
};

/* The object that holds a link. */
#define list_entry(link, type, member) \
	((type *)(void *)((char *)(link)-offsetof(type, member)))

static inline void list_init(struct link *list)
{
	list->prev = list->next = list;
}

static inline bool list_is_empty(const struct link *list)
{
	return list->next == list;
}

static inline struct link *list_get_first(const struct link *list)
{
	return list_is_empty(list) ? NULL : list->next;
}

static inline void list_del(struct link *link)
{
	link->prev->next = link->next;
	link->next->prev = link->prev;
	list_init(link);
}

/* At the end, taken out of where it was. */
static inline void list_add(struct link *list, struct link *link)
{
	list_del(link);
	link->prev = list->prev;
	link->next = list;
	list->prev->next = link;
	list->prev = link;
}

/* Moves all of from to the end of list. */
static inline void list_splice(struct link *list, struct link *from)
{
	if (list_is_empty(from))
		return;
	from->next->prev = list->prev;
	list->prev->next = from->next;
	from->prev->next = list;
	list->prev = from->prev;
	list_init(from);
}

#endif
