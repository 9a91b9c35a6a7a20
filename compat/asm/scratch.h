/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Socket filters tried on a socket that carries nothing: an AF_UNIX one, which any
 * process may open and which no network sees.
 */
#ifndef ASM_SCRATCH_H
#define ASM_SCRATCH_H

#include <linux/filter.h>

/* Would the kernel take it, on a socket without anything else? Its own error, or
 * that of socket(). */
int scratch_try(const struct sock_fprog *fprog);

#endif
