/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * files: how many descriptors this process may have.
 */
#ifndef MWATCH_VERDICT_FILES_H
#define MWATCH_VERDICT_FILES_H

/* As many as there may be: IPv4 allows twenty groups a socket, and a probe is one. */
void files_raise_limit(void);

#endif
