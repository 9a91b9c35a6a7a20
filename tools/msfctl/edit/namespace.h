/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * namespace: the network namespace of a socket, which need not be that of the process
 * that holds it.
 */
#ifndef MSFCTL_NAMESPACE_H
#define MSFCTL_NAMESPACE_H

#include <stdint.h>

/*
 * Moves this process there, unless it is there.  inode is that of the namespace; 0:
 * not known.  Only for a process with one thread.  0; -EPERM: not permitted; -errno.
 */
int namespace_enter(int fd, uint64_t inode);

#endif
