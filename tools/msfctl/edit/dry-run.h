/* SPDX-License-Identifier: BSD-2-Clause */
/* dry-run: what a full-state request would change, and whether it would be taken. */
#ifndef MSFCTL_DRY_RUN_H
#define MSFCTL_DRY_RUN_H

#include "edit.h"

/* Prints the difference and changes nothing; the exit status of the real one. */
int dry_run(const struct edit *edit, const struct msf_request *request);

#endif
