/* SPDX-License-Identifier: BSD-2-Clause */
/* See tell.h. */
#include "asm/tell.h"

#include <errno.h>
#include <stdlib.h>

#include "agent/agent.h"

/* The lists go over to *ret. */
static int move_memberships(struct asm_list *list, struct agent_membership **ret)
{
	struct agent_membership *memberships = calloc(list->n, sizeof(*memberships));

	if (!memberships)
		return -ENOMEM;
	for (uint32_t i = 0; i < list->n; i++) {
		struct asm_membership *from = &list->memberships[i];

		memberships[i] = (struct agent_membership){ from->ifindex, from->group,
							    from->filter };
		from->filter.sources = (struct source_set){ 0 };
	}
	*ret = memberships;
	return (int)list->n;
}

static int read_memberships(int fd, enum asm_filters filters,
			    struct agent_membership **ret)
{
	struct asm_list list;
	int r = asm_list_init(&list, fd, filters);

	if (r <= 0)
		return r;
	r = move_memberships(&list, ret);
	asm_list_fini(&list);
	return r;
}

static int read_stored(int fd, struct agent_membership **ret)
{
	return read_memberships(fd, ASM_FILTERS_NONE, ret);
}

static int read_program(int fd, struct agent_membership **ret)
{
	return read_memberships(fd, ASM_FILTERS_FULL, ret);
}

static void release(struct agent_membership *memberships, int n)
{
	for (int i = 0; i < n; i++)
		free(memberships[i].filter.sources.addr);
	free(memberships);
}

/* Where the state is, the thread has no context to ask. */
static const struct agent_reader *get_reader(enum asm_filters filters)
{
	static const struct agent_reader stored = { read_stored, release };
	static const struct agent_reader program = { read_program, release };

	return filters == ASM_FILTERS_FULL ? &program : &stored;
}

void tell_prepare(void)
{
	agent_prepare();
}

int tell_filter(const struct carrier *carrier, const char *path, uint32_t ifindex,
		struct addr group, const struct filter *filter)
{
	struct agent_change change = {
		.path = path,
		.reader = get_reader(carrier->filters),
		.fd = carrier->fd,
		.inode = carrier->key,
		.ifindex = ifindex,
		.group = group,
		.filter = filter,
	};

	return agent_tell(&change);
}
