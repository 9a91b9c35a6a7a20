/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * rig-text: lists of addresses as the rig writes them.
 */
#ifndef ENGINE_RIG_TEXT_H
#define ENGINE_RIG_TEXT_H

#include <stdint.h>
#include <stdio.h>

#include "base/addr.h"

/* "{a,b+365}" */
void rig_write_list(FILE *stream, const struct addr *list, uint32_t n);

#endif
