/* SPDX-License-Identifier: BSD-2-Clause */
/* Children on older stacks. */
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <msf.h>

#include "stacks.h"

void stacks_visit(struct fixture *fixture, const struct old_stack *stack,
		  const char *name, void (*work)(struct fixture *fixture))
{
	struct tap *tap = &fixture->tap;
	int status = -1;
	pid_t child = fork();

	if (child == 0) {
		unsigned int before = tap->n_surprises;

		if (stack != NULL)
			old_stack_enter(stack);
		work(fixture);
		_exit(tap->n_surprises > before);
	}
	if (child < 0 || waitpid(child, &status, 0) != child)
		tap_bail_out("%s: no child", name);
	tap_expect(tap, status == 0, "%s: status 0x%x", name, status);
}

struct msf *stacks_make_context(enum msf_backend backend, bool receives)
{
	struct msf_config *config;
	struct msf *msf;

	if (msf_config_new(&config) < 0 || msf_config_set_backend(config, backend) < 0 ||
	    msf_config_set_receive_calls(config, receives) < 0 ||
	    msf_new(&msf, config) < 0)
		tap_bail_out("cannot make a context");
	msf_config_free(config);
	return msf;
}

int stacks_join(struct fixture *fixture, struct msf *msf, int fd, enum flavour flavour,
		unsigned int n)
{
	int family = flavour_get_family(flavour), r = 0;
	struct sockaddr_storage group = netns_group(family, 0);

	for (unsigned int i = 0; i < n && r == 0; i++) {
		struct sockaddr_storage source = netns_source(family, 0, i);

		r = msf_join_source(msf, fd, fixture->net.ifindex[0],
				    (const void *)&group, (const void *)&source);
	}
	return r;
}
