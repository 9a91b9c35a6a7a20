/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * said: stands in for what tools say on standard error (tools/common/output.h), by the
 * linker's --wrap: a target that is refused a million times stays silent, and each
 * refusal has to have its words.
 */
#ifndef FUZZ_SAID_H
#define FUZZ_SAID_H

/* How often something was said since the program began. */
unsigned long said_count(void);

#endif
