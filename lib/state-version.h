/* SPDX-License-Identifier: BSD-2-Clause */
/* Forced protocol versions of an interface, by its name. */
#ifndef LIB_STATE_VERSION_H
#define LIB_STATE_VERSION_H

/* As msf_state_get_forced_version(): IGMP 1, 2, MLD 1, or 0. */
int state_version_get_forced(int family, const char *interface);

#endif
