/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * aside: what is said on standard error while another part has the terminal is laid
 * aside, and said when that has given it back.
 */
#ifndef MWATCH_ASIDE_H
#define MWATCH_ASIDE_H

struct aside {
	int terminal; /* -1: nothing is laid aside */
	int kept;
};

#define ASIDE_INIT ((struct aside){ .terminal = -1, .kept = -1 })

/* From now on; nothing to do when standard error is no terminal. 0 or -errno. */
int aside_start(struct aside *aside);

/* Says what was laid aside. Nothing to do without a start. */
void aside_stop(struct aside *aside);

#endif
