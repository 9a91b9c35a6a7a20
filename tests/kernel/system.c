/* SPDX-License-Identifier: BSD-2-Clause */
/* What the environment makes of the system. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "old-stack.h"
#include "system.h"
#include "tap.h"

#define BACKEND "MSF_BACKEND"
#define STACK   "MSF_TEST_STACK"

static const struct {
	const char *name;
	int error;
} errors[] = {
	{ "ENOPROTOOPT", ENOPROTOOPT },
	{ "EOPNOTSUPP", EOPNOTSUPP },
	{ "0", 0 },
};

static bool has_word(const char *name)
{
	const char *words = getenv(STACK);
	const char *at = words != NULL ? strstr(words, name) : NULL;
	char end;

	if (at == NULL)
		return false;
	end = at[strlen(name)];
	return (at == words || at[-1] == ',') && (end == ',' || end == '\0');
}

static int get_error(void)
{
	for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++)
		if (has_word(errors[i].name))
			return errors[i].error;
	tap_bail_out(STACK ": which errno?");
}

/* The tests receive with msf_recv(), and say so. */
struct msf_config *system_new_config(void)
{
	struct msf_config *config;

	if (msf_config_new(&config) < 0 ||
	    msf_config_set_receive_calls(config, system_is_receive_filtered()) < 0)
		tap_bail_out("cannot make a configuration");
	return config;
}

static void promise(void)
{
	struct msf_config *config = system_new_config();

	if (msf_configure_default(config) < 0)
		tap_bail_out("cannot configure the default context");
	msf_config_free(config);
}

struct msf *system_new_context(void)
{
	struct msf_config *config = system_new_config();
	struct msf *msf;

	if (msf_new(&msf, config) < 0)
		tap_bail_out("cannot make a context");
	msf_config_free(config);
	return msf;
}

void system_init(void)
{
	struct old_stack stack = { .filters = OLD_STACK_FILTERS_WORK };

	if (getenv(STACK) == NULL)
		return;
	stack.error = get_error();
	stack.lacks_group_join = has_word("group");
	if (has_word("blind"))
		stack.filters = OLD_STACK_FILTERS_BLIND;
	else if (has_word("fake"))
		stack.filters = OLD_STACK_FILTERS_FAKE;
	else if (has_word("absent"))
		stack.filters = OLD_STACK_FILTERS_ABSENT;
	old_stack_enter(&stack);
	if (system_is_receive_filtered())
		promise();
}

bool system_is_asm(void)
{
	const char *backend = getenv(BACKEND);

	return system_is_old() || (backend != NULL && strcmp(backend, "asm") == 0);
}

bool system_is_old(void)
{
	return getenv(STACK) != NULL;
}

bool system_is_receive_filtered(void)
{
	return has_word("fake") || has_word("absent");
}

bool system_is_private(void)
{
	return system_is_receive_filtered() || has_word("blind");
}

int system_delta(int fd, enum msf_verb verb, uint32_t ifindex,
		 const struct sockaddr_storage *group,
		 const struct sockaddr_storage *source)
{
	struct msf_request request = { .verb = verb,
				       .ifindex = ifindex,
				       .group = (const void *)group,
				       .source = (const void *)source };

	return system_is_asm() ? msf_apply_request(NULL, fd, &request)
			       : raw_delta(fd, verb, ifindex, group, source);
}

int system_get_filter(int fd, uint32_t ifindex, const struct sockaddr_storage *group,
		      struct raw_filter *ret)
{
	if (!system_is_asm())
		return raw_get_filter(fd, ifindex, group, ret);
	ret->numsrc = RAW_MAX_SOURCES;
	return msf_get_filter(NULL, fd, ifindex, (const void *)group, &ret->fmode,
			      &ret->numsrc, ret->slist);
}
