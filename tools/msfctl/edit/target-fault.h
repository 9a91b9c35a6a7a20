/* SPDX-License-Identifier: BSD-2-Clause */
/* target-fault: why a socket of a process cannot be had, and what cures it. */
#ifndef MSFCTL_TARGET_FAULT_H
#define MSFCTL_TARGET_FAULT_H

#include <stdbool.h>
#include <sys/types.h>

/* Says why; fd -1: no descriptor was named. error is what msf_state_open_socket() or
 * msf_state_scan() answered; -ENOENT: there is no socket to choose.  Returns error. */
int target_fault_print(pid_t pid, int fd, int error);

/* Can a socket of this kind hold memberships? Says it where it cannot. */
bool target_fault_check_kind(pid_t pid, int fd, int socket);

/* "process 12", "process 12, descriptor 3" */
#define TARGET_FAULT_NAME_MAX 48
void target_fault_format_name(pid_t pid, int fd, char buf[TARGET_FAULT_NAME_MAX]);

#endif
