/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * files: the soft limit (see files.h), which is for programs that use select(2).
 */
#include <sys/resource.h>

#include "files.h"

void files_raise_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
		return;
	limit.rlim_cur = limit.rlim_max;
	/* Refused: then socket(2) will say which one is one too many. */
	setrlimit(RLIMIT_NOFILE, &limit);
}
