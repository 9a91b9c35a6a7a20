/* SPDX-License-Identifier: BSD-2-Clause */
/* coverage-tell: the end of coverage-exit in each program and library. */
#include "coverage-exit.h"

/* Of gcc, hidden: writes the counts of the object that it is linked into. */
void __gcov_dump(void);

__attribute__((constructor)) static void tell(void)
{
	coverage_add(__gcov_dump);
}

/* Before gcc's own, which writes the counts and has a priority. */
__attribute__((destructor)) static void begin(void)
{
	coverage_begin();
}
