/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * page-text: texts and times as they stand in a page.
 */
#ifndef MWATCH_PAGE_TEXT_H
#define MWATCH_PAGE_TEXT_H

#include <stdint.h>
#include <stdio.h>

#define PAGE_TIME_MAX 48

/* Text of others: what HTML or a reader could take for anything else is replaced. */
void page_put(FILE *out, const char *text);

/* As strftime(3), in the zone of the record. */
void page_format_time(uint64_t ns, int32_t zone_s, const char *format,
		      char buf[PAGE_TIME_MAX]);

/* +01:00 */
void page_format_zone(int32_t zone_s, char buf[PAGE_TIME_MAX]);

/* 1 h 2 min, 5 min 3 s, 1.5 s */
void page_format_length(double seconds, char buf[PAGE_TIME_MAX]);

#endif
