/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * reading: a record (--record) read line by line, as often as one likes.
 *
 * Invariant: nothing of a line is taken before all of it was checked; numbers are in
 * range, or unknown.
 */
#ifndef MWATCH_READING_H
#define MWATCH_READING_H

#include <stdbool.h>
#include <stdint.h>

#define READING_UNKNOWN (-1)

/* An interval, or the summary, of one interface; its text is valid until the next one. */
struct reading_line {
	uint64_t when_ns;
	int32_t zone_s; /* east of UTC */
	bool is_summary;
	const char *interface;
	double seconds;
	/* READING_UNKNOWN: the record does not tell */
	int64_t packets, bytes, kernel_drops, evicted, malformed, orphans;
	uint32_t n_flows;
};

struct reading_flow {
	const char *source, *group; /* text, not checked */
	uint16_t port, vlan;
	bool is_outgoing;
	const char *sequence, *verdict; /* NULL: unknown */
	uint64_t packets, bytes;
	/* READING_UNKNOWN: it cannot be known */
	int64_t lost, duplicates, reordered, ts_lost;
	int64_t peak_1ms_pps, peak_100ms_pps, ttl;
	double jitter_us, gap_us;
};

struct reading;

/* path NULL: standard input. -errno, said on standard error. */
int reading_new(struct reading **ret, const char *path);

/* Frees; NULL is fine. Returns NULL. */
struct reading *reading_free(struct reading *reading);

/*
 * The next line. 1: it is in *ret; 0: there is none. -EINVAL: no line of a record,
 * said with its number. A last line that is broken is no error: it was cut when the
 * recording ended, which is said as a warning.
 */
int reading_next(struct reading *reading, struct reading_line *ret);

/* Flow i of the line in hand. 0; -EINVAL, said. */
int reading_get_flow(struct reading *reading, uint32_t i, struct reading_flow *ret);

/* From the beginning again, up to where the first pass ended, though the record may grow.
 * 0 or -errno, said. */
int reading_rewind(struct reading *reading);

/* The name without its folder; "standard input". */
const char *reading_get_name(const struct reading *reading);

/* Is that file the record itself? */
bool reading_is_file(const struct reading *reading, const char *path);

#endif
