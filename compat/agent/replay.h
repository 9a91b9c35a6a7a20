/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * replay: msfd is told again, of sockets as they are now. They are found among the
 * descriptors of the process, which belong to the program: a number may be another
 * socket's from one call to the next. So each is looked at again after it was sent, and
 * nothing here duplicates or closes one: closing any takes the record locks away
 * (compat/asm/carrier.h).
 */
#ifndef AGENT_REPLAY_H
#define AGENT_REPLAY_H

#include "agent/connection.h"

/*
 * Tells all that is pending; what could not be told still is. 0: that is nothing.
 * -EAGAIN: msfd or a limit of it refuses; -EPIPE, -ETIMEDOUT, ...: it is gone, or silent.
 * Slows down to what msfd is willing to take; requests go first.
 */
int replay_run(struct connection *connection);

#endif
