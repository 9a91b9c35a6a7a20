/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lies: what the stack says that is not so, or does that it should not, each found by
 * trying it.
 */
#ifndef MSFCTL_LIES_H
#define MSFCTL_LIES_H

enum lies_answer { LIES_UNKNOWN, LIES_NO, LIES_YES };

struct lies_lie {
	const char *name;
	const char *test; /* what was tried */
	const char *note; /* what follows from a yes */
	enum lies_answer (*ask)(int fd, int family);
};

extern const struct lies_lie lies[];
extern const unsigned int n_lies;

#define LIES_MAX 16u

/* To be run in a namespace of its own (isolate.h): fills an array of LIES_MAX enum
 * lies_answer, in the order of the lies. A yes of one family is a yes. */
void lies_run(void *shared);

#endif
