/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * batch-session: sockets by name, and the lines that are run on them.
 */
#ifndef MSFCTL_BATCH_SESSION_H
#define MSFCTL_BATCH_SESSION_H

#include <msf.h>

#include "batch-answer.h"
#include "batch-line.h"
#include "batch-wait.h"

struct batch_session;

/* Context and wait are borrowed. 0 or -ENOMEM. */
int batch_session_new(struct batch_session **ret, struct msf *msf,
		      const struct batch_wait *wait);

/* Closes all sockets; NULL is fine. Returns NULL. */
struct batch_session *batch_session_free(struct batch_session *session);

/* Runs a line that is not BATCH_NOTHING; BATCH_QUIT is ok and nothing else. A signal
 * ends a wait with EINTR and stays to be taken. 0 with an answer, to be finished by
 * batch_answer_fini(); or -ENOMEM. */
int batch_session_run(struct batch_session *session, const struct batch_line *line,
		      struct batch_answer *ret);

#endif
