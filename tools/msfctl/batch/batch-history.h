/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * batch-history: where the lines of earlier prompts are kept.
 */
#ifndef MSFCTL_BATCH_HISTORY_H
#define MSFCTL_BATCH_HISTORY_H

#include <histedit.h>

/* Reads what was kept. It is no error that there is none. 0 or -errno. */
int batch_history_load(History *history);

/* Keeps it, readable for the user alone. 0 or -errno; -ENOENT: there is no place. */
int batch_history_save(History *history);

#endif
