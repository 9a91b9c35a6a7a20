/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * history-view: what a router on the link knows of the host by its state-change reports
 * alone (see history.h): since every change is told at once (RFC 9776 5.1), that is what
 * the model says whenever nothing more is due.
 *
 * What the host has said in an older version, or has not said because of a change of
 * version, the router does not know; a host that is silent for a while is forgotten, and
 * tells all of it when it is back.
 */
#include <string.h>

#include "history.h"

static bool is_same(const struct wish *a, const struct wish *b)
{
	return a->mode == b->mode && !memcmp(a->sources, b->sources, sizeof(a->sources));
}

/* Parts of one list that was split add up; a list of something else replaces it. */
static void hear_to_include(struct view *view, const struct wish *named,
			    const struct wish *told)
{
	if (view->filter.mode == FILTER_INCLUDE && is_same(&view->listed, told))
		wish_add(&view->filter, named);
	else
		view->filter = *named;
	view->filter.mode = FILTER_INCLUDE;
	view->listed = *told;
}

void view_hear(struct view *view, uint8_t type, const struct wish *named,
	       const struct wish *told)
{
	bool is_exclude = view->filter.mode == FILTER_EXCLUDE;

	/* Answers (IS_IN) may come amid a list; another change ends it. */
	if (type != 1 && type != 3)
		view->listed.mode = FILTER_NONE;
	switch (type) {
	case 1: /* IS_IN */
	case 5: /* ALLOW */
		if (is_exclude)
			wish_remove(&view->filter, named);
		else
			wish_add(&view->filter, named);
		break;
	case 3: /* TO_IN */
		hear_to_include(view, named, told);
		break;
	case 6: /* BLOCK */
		if (is_exclude)
			wish_add(&view->filter, named);
		else
			wish_remove(&view->filter, named);
		break;
	default: /* IS_EX, TO_EX */
		view->filter = *named;
		view->filter.mode = FILTER_EXCLUDE;
	}
}

static void forget(struct host_view *host)
{
	memset(host, 0, sizeof(*host));
	for (unsigned int i = 0; i < N_GROUPS; i++) {
		host->groups[i].filter.mode = FILTER_INCLUDE;
		host->groups[i].is_changed = true;
	}
}

/* The host as the last call has left it. */
static void observe(struct history *h, uint32_t ifindex, enum engine_family family)
{
	struct host_view *host = &h->views[ifindex - 1][family];
	struct engine_status status;

	if (engine_get_status(h->engine, ifindex, family, &status, h->now) < 0)
		forget(host);
	else if (status.version != (family == ENGINE_IPV4 ? 3 : 2))
		host->is_lost = true;
	else if (!status.is_speaking)
		forget(host);
}

void view_observe(struct history *h)
{
	for (uint32_t i = 0; i < N_INTERFACES * ENGINE_FAMILIES; i++)
		observe(h, 1 + i / ENGINE_FAMILIES,
			(enum engine_family)(i % ENGINE_FAMILIES));
}

void view_change_all(struct history *h)
{
	for (unsigned int i = 0; i < N_INTERFACES; i++) {
		for (unsigned int f = 0; f < ENGINE_FAMILIES; f++) {
			for (unsigned int j = 0; j < N_GROUPS; j++)
				h->views[i][f].groups[j].is_changed = true;
		}
	}
}

void view_change(struct history *h, uint32_t ifindex, enum engine_family family,
		 unsigned int group)
{
	h->views[ifindex - 1][family].groups[group].is_changed = true;
}

/* EXCLUDE lists are cut off where a packet ends; all else is told in full. */
static bool is_known(const struct wish *view, const struct wish *told)
{
	for (unsigned int i = 0; i < N_WORDS; i++) {
		if (view->sources[i] & ~told->sources[i])
			return false;
		if (told->mode == FILTER_INCLUDE && view->sources[i] != told->sources[i])
			return false;
	}
	return view->mode == told->mode;
}

static void check_host(struct history *h, uint32_t ifindex, enum engine_family family)
{
	const struct interface_model *model = model_find_interface(h, ifindex);
	struct host_view *host = &h->views[ifindex - 1][family];

	if (!model || host->is_lost || !check_is_speaking(h, ifindex, family))
		return;
	for (unsigned int i = 0; i < N_GROUPS; i++) {
		struct wish told;

		if (!host->groups[i].is_changed || model_is_silent(family, i) ||
		    model_is_linklocal(family, i))
			continue;
		host->groups[i].is_changed = false;
		told = model_get_told(h, model, family, i);
		target_expect(is_known(&host->groups[i].filter, &told),
			      "a router knows of every change");
	}
}

void view_check(struct history *h)
{
	view_observe(h);
	for (uint32_t i = 0; i < N_INTERFACES * ENGINE_FAMILIES; i++)
		check_host(h, 1 + i / ENGINE_FAMILIES,
			   (enum engine_family)(i % ENGINE_FAMILIES));
}
