/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * target: what the fuzz targets for mjoin's parsers expect of a parser.
 */
#ifndef FUZZ_TARGET_H
#define FUZZ_TARGET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "channel.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* A copy with a NUL behind it, in memory of just that size. */
char *target_text(const uint8_t *data, size_t len);
void target_free(char *text);

/* Ends the process when it is false. */
void target_expect(bool is_so, const char *what);

/* The result r of a parser: channels that are whole, or a mistake. */
void target_check(const struct channel_list *list, const struct mistake *mistake,
		  const char *text, size_t len, int r);

#endif
