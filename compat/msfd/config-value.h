/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * config-value: what stands behind the '=' of a configuration file. -EINVAL: it is none.
 */
#ifndef MSFD_CONFIG_VALUE_H
#define MSFD_CONFIG_VALUE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"

/* "yes" or "no". */
int config_value_parse_bool(const char *text, bool *ret);

/* IPv4 or IPv6, never v4-mapped. */
int config_value_parse_address(const char *text, struct addr *ret);

#define CONFIG_VALUE_NO_RANGE 255u /* longer than any address: holds no group */

/* "232.0.0.0/8", of the family: groups only, nothing behind the prefix; or "none". */
int config_value_parse_range(const char *text, bool is_ipv4, struct addr *ret_prefix,
			     uint8_t *ret_prefix_len);

/* Which of them was meant by a name that is none? NULL: nobody can tell. */
const char *config_value_guess(const char *name, const char *(*get)(unsigned int i));

#endif
