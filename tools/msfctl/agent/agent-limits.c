/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * msfctl agent limits: how much clients and users may make msfd keep, and what the
 * calling user has of it.
 */
#include "agent-row.h"
#include "agent-session.h"
#include "agent.h"
#include "columns.h"

static const char *const keys[] = { "name", "value", "used", "unit", "help" };
static const char *const titles[] = { "NAME", "-VALUE", "-USED", "UNIT", "LIMIT OF" };

#define N_COLUMNS (sizeof(keys) / sizeof(*keys))

static int add_row(void *context, json_t *row)
{
	struct row_text store[N_COLUMNS];
	const char *cells[N_COLUMNS];

	for (size_t i = 0; i < N_COLUMNS; i++)
		cells[i] = row_get_cell(row, keys[i], &store[i]);
	return columns_add(context, cells);
}

static int print_text(struct msf_agent *agent)
{
	struct columns *columns;
	int r = columns_new(&columns, titles, N_COLUMNS);

	if (r < 0)
		return r;
	r = session_read(agent, MSF_AGENT_LIMITS, add_row, columns);
	if (!r)
		r = columns_print(columns, stdout);
	columns_free(columns);
	return r;
}

static int run(const struct verb *verb, int argc, const char **argv)
{
	return session_run(verb, argc, argv, MSF_AGENT_LIMITS, print_text);
}

const struct verb agent_limits_command = {
	"limits", "", "what msfd keeps for clients and users at most", run
};
