/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * verdict: what the filter in force says of a flow: accept, block, or unjoined.  Whose
 * filter, that is chosen: what the host as a whole wants of the interface (RFC 3376 3.2),
 * one process (the sockets that it has, by their ports), or mwatch's own
 * memberships (hold.h).
 */
#ifndef MWATCH_VERDICT_H
#define MWATCH_VERDICT_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include <msf.h>

#include "hold.h"
#include "sample.h"

struct verdict;

struct verdict_settings {
	pid_t pid;               /* that of this process; 0: not by process */
	const struct hold *hold; /* borrowed; NULL: not by our own */
	const struct msf_interface *interfaces; /* copied */
	uint32_t n_interfaces;
};

/* Looks for the first time. -ESRCH, -EPERM: the process cannot be looked at; -EXDEV: it
 * lives in another network namespace; -errno. */
int verdict_new(struct verdict **ret, const struct verdict_settings *settings);

/* Frees; NULL is fine. Returns NULL. */
struct verdict *verdict_free(struct verdict *verdict);

/* Had the process joined something when it was last looked at, with a UDP socket? */
bool verdict_has_memberships(const struct verdict *verdict);

/* Looks at the filters again, unless that took so long before that it would now take more
 * than a fifth of the time. 0; -ESRCH: the process has ended (from then on all is
 * unjoined); -errno: the verdicts are unknown until it succeeds. */
int verdict_refresh(struct verdict *verdict);

/* Fills the verdict of each flow. */
void verdict_judge(const struct verdict *verdict, struct sample *sample);

/* One flow; VLANs are judged by the interface of the VLAN, if there is one. */
enum sample_verdict verdict_judge_flow(const struct verdict *verdict,
				       const struct sample_flow *flow);

#endif
