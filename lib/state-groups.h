/* SPDX-License-Identifier: BSD-2-Clause */
/* The merged state of every group on every interface; a part of struct msf_state. */
#ifndef LIB_STATE_GROUPS_H
#define LIB_STATE_GROUPS_H

struct state_groups;

/* NULL is fine. */
void state_groups_free(struct state_groups *groups);

#endif
