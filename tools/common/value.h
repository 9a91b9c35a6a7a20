/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * value: what people write behind options. What is wrong with it is said on
 * standard error, "tool: --option: value: why".
 */
#ifndef TOOLS_COMMON_VALUE_H
#define TOOLS_COMMON_VALUE_H

#include <stdint.h>

#include <popt.h>

/* "tool: what: why". Always -EINVAL. */
int value_refuse(const char *what, const char *why);

/* "tool: --option: value: why". Always -EINVAL. */
int value_refuse_word(const char *option, const char *text, const char *why);

/* What poptGetNextOpt() refused, and for an option that command ("mjoin", "msfctl show")
 * has not, where its own are told. Always -EINVAL. */
int value_refuse_option(poptContext popt, const char *command, int error);

/* An option whose second value would silently replace the first: takes value, which is
 * owned, into *word. -EINVAL, said: there is one; -ENOMEM: value is NULL. */
int value_take_once(char **word, char *value, const char *option);

/* Decimal seconds, 0.001 up to a century. -EINVAL: no number; -ERANGE. Nothing said. */
int value_read_seconds(const char *text, uint64_t *ret_ms);

/* The same. -EINVAL, said. */
int value_parse_seconds(const char *option, const char *text, uint64_t *ret_ms);

/* The same, from min_ms on. */
int value_parse_seconds_from(const char *option, const char *text, uint64_t min_ms,
			     uint64_t *ret_ms);

/* Decimal digits, from min to max. -EINVAL; nothing said. */
int value_read_count(const char *text, uint64_t min, uint64_t max, uint64_t *ret);

/* A number from min to max of what ("packets"). -EINVAL, said; max UINT64_MAX is not
 * spoken of. */
int value_parse_count(const char *option, const char *text, const char *what,
		      uint64_t min, uint64_t max, uint64_t *ret);

#endif
