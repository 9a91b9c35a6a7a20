/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * environment: what the variables of libmsf (MSF_BACKEND and its kin) must be.
 */
#ifndef TOOLS_COMMON_ENVIRONMENT_H
#define TOOLS_COMMON_ENVIRONMENT_H

#include <msf.h>

/* What libmsf answered to a configuration that is sound: returns it, and says errors.
 * With -EINVAL one of the variables is wrong: says which, and what it must be. */
int environment_judge(int r);

/* Are they all right, for a tool that looks before it asks libmsf? 0, or -errno, said. */
int environment_check(void);

/* The configuration for sockets that are the tool's alone, where nothing was written for
 * another table: the variables choose the rest. 0 or -errno. */
int environment_new_own(struct msf_config **ret);

/* A context whose backend is found out, whatever the variables choose. 0 or -errno. */
int environment_new_auto(struct msf **ret);

/* Was the kernel's backend asked for where there is none? Some kernels would answer 0
 * and do nothing. 0, or -EOPNOTSUPP, said. */
int environment_check_backend(struct msf *msf);

#endif
