/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * privilege: capabilities(7) are given up (see privilege.h).
 *
 * Invariant: what is kept was held before; nothing is ever added.
 */
#include "privilege.h"

#include <errno.h>
#include <sys/prctl.h>

#include <cap-ng.h>

static const unsigned int looking[] = { CAP_SYS_PTRACE, CAP_DAC_READ_SEARCH };

#define N_LOOKING (sizeof(looking) / sizeof(looking[0]))

int privilege_drop(bool is_looking)
{
	bool is_kept[N_LOOKING] = { false };
	capng_select_t set = CAPNG_SELECT_CAPS;

	if (capng_get_caps_process() < 0)
		return -EPERM;
	for (unsigned int i = 0; i < N_LOOKING; i++)
		is_kept[i] = is_looking &&
			     capng_have_capability(CAPNG_PERMITTED, looking[i]);
	/* The bounding set can be cut only with this one. */
	if (capng_have_capability(CAPNG_EFFECTIVE, CAP_SETPCAP))
		set = CAPNG_SELECT_BOTH;
	capng_clear(CAPNG_SELECT_BOTH);
	for (unsigned int i = 0; i < N_LOOKING; i++)
		if (is_kept[i])
			capng_update(CAPNG_ADD, CAPNG_EFFECTIVE | CAPNG_PERMITTED,
				     looking[i]);
	if (capng_apply(set) < 0)
		return -EPERM;
	/* The kernel's errno; it takes ambient ones away with the permitted. */
	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ? -errno : 0;
}
