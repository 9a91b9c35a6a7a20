/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Unit test of tools/msend/numbers.h and faults.h: slot by slot, what leaves is what a
 * plain model says that takes all packets, gives each its time of leaving, and sorts.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "faults.h"
#include "tap.h"

#define N_PACKETS 300u

struct leaving {
	uint64_t number;
	uint64_t slot;
	bool is_late;
	bool is_duplicate;
};

struct row {
	struct leaving packets[2 * N_PACKETS];
	unsigned int n;
	unsigned int n_reordered;
};

static const struct {
	const char *what;
	const char *lose;
	const char *duplicate;
	const char *reorder;
} rows[] = {
	{ "no faults", "", "", "" },
	{ "loss of one, a range and every 10th", "0,20-29,*/10", "", "" },
	{ "loss of all", "0-299", "", "" },
	{ "duplicates", "", "0,1,5-8,*/50", "" },
	{ "one late packet", "", "", "40" },
	{ "late ones that overtake one another", "", "", "10:5,11:3,12:1,10-12" },
	{ "a late range", "", "", "100-120:4" },
	{ "two late ones in one slot, the longer way first", "", "", "50:2,48:4" },
	{ "every packet but the first late", "", "", "*/1" },
	{ "every 7th far behind, every 11th lost", "*/11", "", "*/7:100" },
	{ "late duplicates", "", "9,*/3", "9:2,*/6:9" },
	{ "all that is between is lost", "41-43", "", "40:3" },
	{ "all at once", "*/13,5", "*/4", "*/5:2,*/9:30,7,100-110:7" },
};

#define N_ROWS (sizeof(rows) / sizeof(*rows))

static bool read_list(struct numbers *numbers, const char *text, bool has_distances)
{
	char *copy = strdup(text);
	const char *why;
	bool ok = !*text ||
		  (copy && numbers_add(numbers, copy, has_distances, &why) == 0);

	free(copy);
	return ok;
}

static bool read_row(struct faults *faults, size_t i)
{
	uint64_t number;

	*faults = (struct faults){ 0 };
	return read_list(&faults->lose, rows[i].lose, false) &&
	       read_list(&faults->duplicate, rows[i].duplicate, false) &&
	       read_list(&faults->reorder, rows[i].reorder, true) &&
	       !faults_prepare(faults, N_PACKETS, &number);
}

static uint64_t find_delay(const struct faults *faults, uint64_t number)
{
	uint64_t delay = 0;

	for (unsigned int i = 0; i < faults->reorder.n_rules; i++) {
		const struct numbers_rule *rule = &faults->reorder.rules[i];

		if (numbers_rule_has(rule, number) && rule->distance > delay)
			delay = rule->distance;
	}
	return delay;
}

static int compare(const void *a, const void *b)
{
	const struct leaving *x = a, *y = b;

	if (x->slot != y->slot)
		return x->slot < y->slot ? -1 : 1;
	if (x->is_late != y->is_late)
		return x->is_late ? 1 : -1;
	if (x->number != y->number)
		return x->number < y->number ? -1 : 1;
	return x->is_duplicate - y->is_duplicate;
}

static void play_model(struct row *row, const struct faults *faults)
{
	uint64_t highest = 0;

	*row = (struct row){ 0 };
	for (uint64_t number = 0; number < N_PACKETS; number++) {
		uint64_t delay = find_delay(faults, number);
		struct leaving packet = { number, number + delay, delay > 0, false };

		if (numbers_has(&faults->lose, number))
			continue;
		row->packets[row->n++] = packet;
		packet.is_duplicate = true;
		if (numbers_has(&faults->duplicate, number))
			row->packets[row->n++] = packet;
	}
	qsort(row->packets, row->n, sizeof(*row->packets), compare);
	for (unsigned int i = 0; i < row->n; i++) {
		const struct leaving *packet = &row->packets[i];

		if (packet->number < highest && !packet->is_duplicate)
			row->n_reordered++;
		if (packet->number > highest)
			highest = packet->number;
	}
}

static void play_slots(struct row *row, const struct faults *faults)
{
	*row = (struct row){ 0 };
	for (uint64_t slot = 0; slot < N_PACKETS; slot++)
		for (unsigned int part = 0; part < faults_count_parts(faults); part++) {
			struct leaving packet = { .slot = slot };

			if (!faults_get(faults, slot, part, &packet.number))
				continue;
			packet.is_late = packet.number != slot;
			packet.is_duplicate = faults_is_duplicate(part);
			row->n_reordered += !packet.is_duplicate &&
					    faults_is_reordered(faults, packet.number,
								slot);
			if (row->n < 2 * N_PACKETS)
				row->packets[row->n++] = packet;
		}
}

static void test_row(struct tap *tap, size_t i)
{
	static struct row wanted, got;
	struct faults faults;

	if (tap_expect(tap, read_row(&faults, i), "the lists are refused")) {
		play_model(&wanted, &faults);
		play_slots(&got, &faults);
		tap_expect(tap, got.n == wanted.n, "%u leave, not %u", got.n, wanted.n);
		tap_expect(tap, got.n_reordered == wanted.n_reordered,
			   "%u reordered, not %u", got.n_reordered, wanted.n_reordered);
		for (unsigned int k = 0; k < got.n && k < wanted.n; k++)
			tap_expect(tap, !compare(&got.packets[k], &wanted.packets[k]),
				   "place %u: packet %llu, not %llu", k,
				   (unsigned long long)got.packets[k].number,
				   (unsigned long long)wanted.packets[k].number);
	}
	tap_end(tap, "%s", rows[i].what);
}

static void test_known_row(struct tap *tap)
{
	static const uint64_t wanted[] = { 0, 2, 1, 4, 4, 5 };
	static struct row got;
	struct faults faults = { 0 };

	tap_expect(tap,
		   read_list(&faults.lose, "3", false) &&
			   read_list(&faults.duplicate, "4", false) &&
			   read_list(&faults.reorder, "1", true),
		   "the lists are refused");
	play_slots(&got, &faults);
	tap_expect(tap, got.n == N_PACKETS, "%u packets", got.n);
	for (unsigned int i = 0; i < sizeof(wanted) / sizeof(*wanted); i++)
		tap_expect(tap, got.packets[i].number == wanted[i], "place %u: %llu", i,
			   (unsigned long long)got.packets[i].number);
	tap_end(tap, "a row that was written by hand");
}

static void test_end(struct tap *tap)
{
	struct faults faults = { 0 };
	uint64_t number = 0;
	const char *option;

	read_list(&faults.reorder, "*/10:5", true);
	option = faults_prepare(&faults, 100, &number);
	tap_expect(tap, !option, "%s", option);
	tap_expect(tap, numbers_has(&faults.reorder, 90), "90 is not late");
	tap_expect(tap, !numbers_has(&faults.reorder, 100), "100 is late");
	option = faults_prepare(&faults, 94, &number);
	tap_expect(tap, !option && !numbers_has(&faults.reorder, 90), "90 is late");
	read_list(&faults.reorder, "89:5", true);
	option = faults_prepare(&faults, 94, &number);
	tap_expect(tap, option && !strcmp(option, "--reorder") && number == 89,
		   "89 would leave at the end");
	tap_end(tap, "nothing is late for longer than the stream is");
}

int main(void)
{
	struct tap tap = { 0 };

	for (size_t i = 0; i < N_ROWS; i++)
		test_row(&tap, i);
	test_known_row(&tap);
	test_end(&tap);
	return tap_finish(&tap);
}
