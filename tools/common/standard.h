/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * standard: descriptors 0, 1 and 2, which the starter may have left in any state.
 */
#ifndef TOOLS_COMMON_STANDARD_H
#define TOOLS_COMMON_STANDARD_H

#include <stdbool.h>

/*
 * First of all in main(): opens /dev/null where one of the three is closed, so that
 * no file or socket is taken for it; and sees to it that a program whose standard
 * output could not be written does not end with status 0.  0, or -errno, said.
 */
int standard_init(void);

/*
 * Was it standard output that failed with this -errno?  Then it says so, and forgets
 * what could not be written, so that it is said once.  Other errors are the caller's.
 */
bool standard_say_output(int error);

#endif
