/* SPDX-License-Identifier: BSD-2-Clause */
/* What the calls ask: am I the one that fails? Then errno is set. */
#ifndef FAULT_DUE_H
#define FAULT_DUE_H

#include <stdbool.h>

/* of: the classes that the call belongs to; from: its return address. */
bool fault_is_due(unsigned int of, const char *call, const void *from);

#endif
