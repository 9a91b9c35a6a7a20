/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sight: asked of libmsf, which tries what socket filters are good for (see sight.h).
 */
#include <stddef.h>
#include <string.h>

#include "environment.h"
#include "output.h"
#include "sight.h"

static enum sight read_fact(const struct msf_fact *fact)
{
	if (fact->value && !strcmp(fact->value, "blind"))
		return SIGHT_BLIND;
	if (fact->value && !strcmp(fact->value, "none"))
		return SIGHT_NONE;
	return SIGHT_FULL;
}

int sight_get(struct msf *msf, enum sight *ret)
{
	int r = msf_probe_backend(msf);
	struct msf_probe *probe;
	struct msf_fact fact;

	if (r < 0)
		return r;
	*ret = r == MSF_BACKEND_KERNEL ? SIGHT_KERNEL : SIGHT_FULL;
	if (r == MSF_BACKEND_KERNEL)
		return 0;
	r = msf_probe_new(&probe, msf);
	if (r < 0)
		return r;
	while (msf_probe_pop_fact(probe, &fact) > 0)
		if (!strcmp(fact.name, "socket_filters"))
			*ret = read_fact(&fact);
	msf_probe_free(probe);
	return 0;
}

void sight_warn(const char *what)
{
	static const char *const whys[] = {
		[SIGHT_KERNEL] = NULL,
		[SIGHT_FULL] = "so that only those are shown that libmsf filters for",
		[SIGHT_BLIND] = "and the filters of libmsf cannot be read back, so that "
				"only the programs themselves know them",
		[SIGHT_NONE] = "and socket filters do nothing, so that only the programs "
			       "themselves know them",
	};
	enum sight sight = SIGHT_KERNEL;
	struct msf *msf = NULL;

	/* What the variables choose does not change what the kernel tells. */
	if (environment_new_auto(&msf) == 0 && sight_get(msf, &sight) == 0 && whys[sight])
		output_warning(what,
			       "this kernel does not tell which groups a socket joined, "
			       "%s; msfctl show --interfaces has the groups",
			       whys[sight]);
	msf_free(msf);
}
