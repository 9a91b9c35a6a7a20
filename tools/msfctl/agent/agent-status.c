/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * msfctl agent status: how msfd is, and what it speaks on each interface.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "agent-row.h"
#include "agent-session.h"
#include "agent.h"
#include "columns.h"
#include "utf8.h"

/* The members of an interface's row, and their titles. */
static const struct {
	const char *key, *title;
} cells[] = {
	{ "interface", "IFACE" },
	{ "protocol", "PROTOCOL" },
	{ "version", "-VERSION" },
	{ "forced", "-FORCED" },
	{ "speaking", "SPEAKING" },
	{ "address", "ADDRESS" },
	{ "querier", "QUERIER" },
	{ "robustness", "-ROBUSTNESS" },
	{ "query_interval_s", "-INTERVAL/S" },
	{ "response_ms", "-RESPONSE/MS" },
	{ "groups", "-GROUPS" },
};

#define N_COLUMNS (sizeof(cells) / sizeof(*cells))

#define CELL_MAX 80
#define TIME_MAX 64

struct time_text {
	char text[TIME_MAX];
};

/* 93784 -> "1 d 2 h" */
static struct time_text format_time(int64_t seconds)
{
	static const struct {
		int64_t seconds;
		const char *name;
	} units[] = { { 86400, "d" }, { 3600, "h" }, { 60, "min" }, { 1, "s" } };
	struct time_text text;
	size_t i = 0;

	while (i + 2 < sizeof(units) / sizeof(*units) && seconds < units[i].seconds)
		i++;
	snprintf(text.text, sizeof(text.text), "%" PRId64 " %s %" PRId64 " %s",
		 seconds / units[i].seconds, units[i].name,
		 seconds % units[i].seconds / units[i + 1].seconds, units[i + 1].name);
	return text;
}

static void print_path(const json_t *row)
{
	char path[CELL_MAX * 2];

	utf8_clean(row_show(row, "socket"), path, sizeof(path));
	printf("  socket   %s\n", path);
}

static void print_habits(const json_t *row)
{
	bool is_told = !strcmp(row_show(row, "deaths"), "told");

	printf("  kernel   %s\n", row_is(row, "kernel_suppressed")
					  ? "its own reports are kept off the wire"
					  : "sends its own any-source reports as well");
	printf("  deaths   %s\n", is_told ? "the kernel tells when a socket ends"
					  : "found by looking once a second");
	printf("  journal  %s\n", row_is(row, "journal") ? "kept" : "not kept");
}

static void print_counts(const json_t *row)
{
	printf("  clients  %s now, %s connections, %s messages, %s refused, %s broken\n",
	       row_format(row, "clients").text, row_format(row, "connections").text,
	       row_format(row, "messages").text, row_format(row, "refused").text,
	       row_format(row, "broken").text);
	printf("  holds    %s memberships with %s sources, %s static joins, %s groups "
	       "of the kernel\n",
	       row_format(row, "memberships").text, row_format(row, "sources").text,
	       row_format(row, "static_joins").text,
	       row_format(row, "native_groups").text);
	printf("  wire     %s sent (%s through packet sockets), %s lost, %s received, "
	       "%s dropped\n",
	       row_format(row, "sent").text, row_format(row, "sent_packet_socket").text,
	       row_format(row, "lost").text, row_format(row, "received").text,
	       row_format(row, "dropped").text);
	printf("  memory   %s bytes of the engine\n", row_format(row, "memory").text);
}

static int print_agent(const json_t *row)
{
	printf("msfd %s, process %s, network namespace %s, up for %s\n",
	       row_show(row, "version"), row_format(row, "pid").text,
	       row_format(row, "netns").text,
	       format_time(row_get_number(row, "uptime_s")).text);
	print_path(row);
	print_habits(row);
	print_counts(row);
	return ferror(stdout) ? -EIO : 0;
}

/* An address that may not be sent from yet is worth a word. */
static const char *get_address(const json_t *row, char *buffer)
{
	const char *address = row_get_text(row, "address");
	const char *state = row_show(row, "address_state");

	if (!address || strcmp(state, "tentative") != 0)
		return address;
	snprintf(buffer, CELL_MAX, "%s (tentative)", address);
	return buffer;
}

static int add_interface(struct columns *columns, const json_t *row)
{
	struct row_text store[N_COLUMNS];
	const char *texts[N_COLUMNS];
	char address[CELL_MAX];

	for (size_t i = 0; i < N_COLUMNS; i++) {
		const char *key = cells[i].key;

		if (!strcmp(key, "speaking"))
			texts[i] = row_is(row, key) ? "yes" : "no";
		else if (!strcmp(key, "address"))
			texts[i] = get_address(row, address);
		else if (!strcmp(key, "forced") && !row_get_number(row, key))
			texts[i] = NULL;
		else
			texts[i] = row_get_cell(row, key, &store[i]);
	}
	return columns_add(columns, texts);
}

static int read_row(void *context, json_t *row)
{
	if (!strcmp(row_show(row, "event"), "interface"))
		return add_interface(context, row);
	return print_agent(row);
}

static int print_text(struct msf_agent *agent)
{
	const char *titles[N_COLUMNS];
	struct columns *columns;
	int r;

	for (size_t i = 0; i < N_COLUMNS; i++)
		titles[i] = cells[i].title;
	r = columns_new(&columns, titles, N_COLUMNS);
	if (r < 0)
		return r;
	r = session_read(agent, MSF_AGENT_STATUS, read_row, columns);
	if (!r)
		putchar('\n');
	if (!r)
		r = columns_print(columns, stdout);
	columns_free(columns);
	return r;
}

static int run(const struct verb *verb, int argc, const char **argv)
{
	return session_run(verb, argc, argv, MSF_AGENT_STATUS, print_text);
}

const struct verb agent_status_command = {
	"status", "", "how msfd is, and what it speaks on each interface", run
};
