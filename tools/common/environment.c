/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * environment: the variables of libmsf, looked at again (see environment.h).
 */
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "environment.h"
#include "output.h"

/* unix(7) */
#define AGENT_LENGTH_MAX 107

/* Is there such a variable, and is it none of the words? An empty one counts as none. */
static bool is_none_of(const char *variable, const char *const words[])
{
	const char *value = secure_getenv(variable);

	if (!value || !*value)
		return false;
	for (; *words; words++)
		if (!strcmp(value, *words))
			return false;
	return true;
}

static void say_mistake(void)
{
	static const char *const backends[] = { "auto", "kernel", "asm", NULL };
	static const char *const tables[] = { "table", "linux", NULL };
	const char *agent = secure_getenv("MSF_AGENT");

	if (is_none_of("MSF_BACKEND", backends))
		output_error("MSF_BACKEND", "must be auto, kernel or asm");
	else if (is_none_of("MSF_SEMANTICS", tables))
		output_error("MSF_SEMANTICS", "must be table or linux");
	else if (agent && strlen(agent) > AGENT_LENGTH_MAX)
		output_error("MSF_AGENT",
			     "must be the path of a Unix socket (%d bytes "
			     "at most), or off",
			     AGENT_LENGTH_MAX);
	else
		output_error("MSF_MAX_SOURCES", "must be a number of sources");
}

int environment_judge(int r)
{
	if (r == -EINVAL)
		say_mistake();
	else if (r < 0)
		output_error("libmsf", "%s", strerror(-r));
	return r;
}

int environment_check(void)
{
	struct msf *msf = NULL;
	int r = msf_new(&msf, NULL);

	msf_free(msf);
	return environment_judge(r);
}

int environment_new_own(struct msf_config **ret)
{
	struct msf_config *config = NULL;
	int r = msf_config_new(&config);

	if (r == 0)
		r = msf_config_set_semantics(config, MSF_SEMANTICS_TABLE);
	if (r == 0)
		r = msf_config_set_exclusive(config, 1);
	if (r < 0) {
		msf_config_free(config);
		return r;
	}
	*ret = config;
	return 0;
}

int environment_new_auto(struct msf **ret)
{
	struct msf_config *config = NULL;
	int r = msf_config_new(&config);

	if (r == 0)
		r = msf_config_set_backend(config, MSF_BACKEND_AUTO);
	if (r == 0)
		r = msf_new(ret, config);
	msf_config_free(config);
	return r;
}

/* What would be chosen if nobody asked for another one. */
static int find_backend(void)
{
	struct msf *msf = NULL;
	int r = environment_new_auto(&msf);

	if (r == 0)
		r = msf_probe_backend(msf);
	msf_free(msf);
	return r;
}

int environment_check_backend(struct msf *msf)
{
	if (msf_probe_backend(msf) != MSF_BACKEND_KERNEL ||
	    find_backend() != MSF_BACKEND_ASM)
		return 0;
	output_error("backend", "this kernel has no source filters: choose asm, or auto");
	return -EOPNOTSUPP;
}
