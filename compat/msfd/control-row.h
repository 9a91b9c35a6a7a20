/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * control-row: the rows of each subject. Only control*.c includes this.
 *
 * A maker goes one row on from its place. Makers are asked for a row when there is room
 * for one, so what they walk changes meanwhile: a row that is there all the time is told
 * once.
 */
#ifndef MSFD_CONTROL_ROW_H
#define MSFD_CONTROL_ROW_H

#include <jansson.h>

#include "msfd/msfd.h"

struct control_place {
	struct holdings_key *cursor;
	uint64_t *position;
	uid_t uid; /* who asks */
};

/* 1 and a row, NULL: no memory for it; 0: no more. */
typedef int control_maker(struct msfd *msfd, struct control_place *place, json_t **ret);

control_maker control_make_status;
control_maker control_make_membership;
control_maker control_make_group;
control_maker control_make_counter;
control_maker control_make_tunable;
control_maker control_make_limit;

/* Before the first row of MESSAGE_GROUPS: MESSAGE_DONE or MESSAGE_NO_MEMORY. */
enum message_reason control_look_at_groups(struct msfd *msfd);

/* Values of rows; NULL: no memory. */
json_t *control_new_address(struct addr addr);
json_t *control_new_sources(const struct source_set *set);
/* The name, or null where there is none now. */
json_t *control_new_interface(const struct msfd *msfd, uint32_t ifindex);
const char *control_name_mode(enum filter_mode mode);

#endif
