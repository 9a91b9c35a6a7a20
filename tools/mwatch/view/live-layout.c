/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * live-layout: columns by their importance (see live-layout.h).
 */
#include "live-layout.h"

#include <stddef.h>

/* Cells that an address keeps in any case: those of any in IPv4, with its port. */
#define MIN_SOURCE 15
#define MIN_GROUP  21

static const struct {
	const char *title;
	unsigned int width;
	bool is_right;
} columns[] = {
	[LIVE_MARK] = { "", 1, false },
	[LIVE_SOURCE] = { "source", 6, false },
	[LIVE_GROUP] = { "group", 5, false },
	[LIVE_INTERFACE] = { "interface", 9, false },
	[LIVE_VLAN] = { "vlan", 4, true },
	[LIVE_RATE] = { "pps", 5, true },
	[LIVE_BITS] = { "bit/s", 5, true },
	[LIVE_LOST] = { "lost", 5, true },
	[LIVE_DUPLICATES] = { "dup", 5, true },
	[LIVE_REORDERED] = { "reord", 5, true },
	[LIVE_JITTER] = { "jitter", 6, true },
	[LIVE_GAP] = { "gap", 6, true },
	[LIVE_PEAK_1MS] = { "pk1ms", 5, true },
	[LIVE_PEAK_100MS] = { "pk100", 5, true },
	[LIVE_VERDICT] = { "verdict", 8, false },
	[LIVE_TTL] = { "ttl", 3, true },
	[LIVE_AGE] = { "age", 4, true },
	[LIVE_PACKETS] = { "packets", 12, true },
	[LIVE_BYTES] = { "bytes", 15, true },
	[LIVE_SEQUENCE] = { "seq", 5, false },
};

/* Shown although addresses must be cut for it. */
static const enum live_column core[] = {
	LIVE_RATE, LIVE_VERDICT, LIVE_LOST, LIVE_BITS, LIVE_GAP, LIVE_JITTER,
};

/* Shown when all addresses have their room, these first. */
static const enum live_column extra[] = {
	LIVE_INTERFACE, LIVE_VLAN,  LIVE_PEAK_1MS, LIVE_DUPLICATES,
	LIVE_REORDERED, LIVE_AGE,   LIVE_TTL,      LIVE_PEAK_100MS,
	LIVE_PACKETS,   LIVE_BYTES, LIVE_SEQUENCE,
};

const char *live_layout_get_title(enum live_column column)
{
	return columns[column].title;
}

bool live_layout_is_right(enum live_column column)
{
	return columns[column].is_right;
}

static unsigned int at_least(unsigned int a, unsigned int b)
{
	return a > b ? a : b;
}

static unsigned int at_most(unsigned int a, unsigned int b)
{
	return a < b ? a : b;
}

/* 0: there is nothing to show in it. */
static unsigned int get_width(enum live_column column, const struct live_needs *needs)
{
	if (column == LIVE_INTERFACE && needs->interface)
		return at_least(needs->interface, columns[column].width);
	if (column == LIVE_INTERFACE || (column == LIVE_VLAN && !needs->has_vlan))
		return 0;
	return columns[column].width;
}

/* Adds the columns for which there is room, up to the first one that has none. */
static unsigned int add(struct live_layout *layout, unsigned int room,
			const enum live_column list[], size_t n_list,
			const struct live_needs *needs)
{
	for (size_t i = 0; i < n_list; i++) {
		unsigned int width = get_width(list[i], needs);

		if (!width)
			continue;
		if (width + LIVE_COLUMN_GAP > room)
			break;
		layout->widths[list[i]] = width;
		room -= width + LIVE_COLUMN_GAP;
	}
	return room;
}

/* Shares out what the numbers leave; the source gives way first, down to its least. */
static void fit_addresses(struct live_layout *layout, unsigned int room,
			  unsigned int source, unsigned int group)
{
	if (source + group > room) {
		unsigned int least = at_most(source, MIN_SOURCE);

		source = room > group + least ? room - group : least;
		source = at_most(source, room / 2);
		group = room - source;
	}
	layout->widths[LIVE_SOURCE] = source;
	layout->widths[LIVE_GROUP] = group;
}

void live_layout_choose(struct live_layout *ret, unsigned int width,
			const struct live_needs *needs)
{
	unsigned int source = at_least(needs->source, columns[LIVE_SOURCE].width);
	unsigned int group = at_least(needs->group, columns[LIVE_GROUP].width);
	unsigned int least = at_most(source, MIN_SOURCE) + at_most(group, MIN_GROUP);
	/* The gaps of the mark and of the two addresses. */
	unsigned int fixed = columns[LIVE_MARK].width + 2 * LIVE_COLUMN_GAP;
	unsigned int room;

	*ret = (struct live_layout){ 0 };
	ret->widths[LIVE_MARK] = columns[LIVE_MARK].width;
	if (width < fixed + least) {
		fit_addresses(ret, width > fixed ? width - fixed : 0, source, group);
		return;
	}
	room = add(ret, width - fixed - least, core, sizeof(core) / sizeof(*core), needs);
	if (room + least < source + group) {
		fit_addresses(ret, room + least, source, group);
		return;
	}
	add(ret, room + least - source - group, extra, sizeof(extra) / sizeof(*extra),
	    needs);
	ret->widths[LIVE_SOURCE] = source;
	ret->widths[LIVE_GROUP] = group;
}
