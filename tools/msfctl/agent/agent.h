/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * agent: the words behind "msfctl agent", a file each.
 */
#ifndef MSFCTL_AGENT_H
#define MSFCTL_AGENT_H

#include "verb.h"

/* argv[0] of each is "msfctl agent NAME". */
extern const struct verb agent_join_command;
extern const struct verb agent_leave_command;
extern const struct verb agent_limits_command;
extern const struct verb agent_show_command;
extern const struct verb agent_stats_command;
extern const struct verb agent_status_command;
extern const struct verb agent_tune_command;

#endif
