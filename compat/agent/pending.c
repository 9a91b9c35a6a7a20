/* SPDX-License-Identifier: BSD-2-Clause */
/* See pending.h. */
#include "agent/pending.h"

void pending_init(struct pending *pending)
{
	pthread_mutex_init(&pending->lock, NULL);
	pending->set.is_lost = pending->set.is_full = false;
	pending->set.n = 0;
}

static bool has_inode(const struct pending_set *set, uint64_t inode)
{
	for (uint32_t i = 0; i < set->n; i++)
		if (set->inodes[i] == inode)
			return true;
	return false;
}

static void fill(struct pending_set *set)
{
	set->is_lost = set->is_full = true;
	set->n = 0;
}

static void add(struct pending_set *set, uint64_t inode)
{
	if (set->is_full || has_inode(set, inode))
		return;
	if (set->n == PENDING_MAX)
		fill(set);
	else
		set->inodes[set->n++] = inode;
}

void pending_add(struct pending *pending, uint64_t inode)
{
	pthread_mutex_lock(&pending->lock);
	add(&pending->set, inode);
	pthread_mutex_unlock(&pending->lock);
}

void pending_add_lost(struct pending *pending)
{
	pthread_mutex_lock(&pending->lock);
	pending->set.is_lost = true;
	pthread_mutex_unlock(&pending->lock);
}

void pending_add_full(struct pending *pending)
{
	pthread_mutex_lock(&pending->lock);
	fill(&pending->set);
	pthread_mutex_unlock(&pending->lock);
}

void pending_take(struct pending *pending, struct pending_set *ret)
{
	pthread_mutex_lock(&pending->lock);
	*ret = pending->set;
	pending->set.is_lost = pending->set.is_full = false;
	pending->set.n = 0;
	pthread_mutex_unlock(&pending->lock);
}

void pending_put_back(struct pending *pending, const struct pending_set *set)
{
	pthread_mutex_lock(&pending->lock);
	if (set->is_lost)
		pending->set.is_lost = true;
	if (set->is_full)
		fill(&pending->set);
	for (uint32_t i = 0; i < set->n; i++)
		add(&pending->set, set->inodes[i]);
	pthread_mutex_unlock(&pending->lock);
}

bool pending_is_empty(struct pending *pending)
{
	bool is_empty;

	pthread_mutex_lock(&pending->lock);
	is_empty = !pending->set.is_lost && !pending->set.is_full && !pending->set.n;
	pthread_mutex_unlock(&pending->lock);
	return is_empty;
}

bool pending_set_has(const struct pending_set *set, uint64_t inode)
{
	return set->is_full || has_inode(set, inode);
}
