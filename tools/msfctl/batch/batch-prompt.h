/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * batch-prompt: lines that a person writes, with editing, completion of commands and
 * interfaces, and a history that is kept in $XDG_STATE_HOME/libmsf/history or
 * ~/.local/state/libmsf/history.
 */
#ifndef MSFCTL_BATCH_PROMPT_H
#define MSFCTL_BATCH_PROMPT_H

#include <stddef.h>

#include "batch-wait.h"

struct batch_prompt;

/* On standard input and output, which are terminals. wait is borrowed. 0 or -ENOMEM. */
int batch_prompt_new(struct batch_prompt **ret, const struct batch_wait *wait);

/* Keeps the history and frees; NULL is fine. Returns NULL. What hinders keeping it is
 * said. */
struct batch_prompt *batch_prompt_free(struct batch_prompt *prompt);

/* 1 and the next line without its end, which lives until the next call; 0: there is
 * none; -EINTR: a signal came first, and waits to be taken. */
int batch_prompt_next(struct batch_prompt *prompt, const char **ret, size_t *ret_len);

#endif
