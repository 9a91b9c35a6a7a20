/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * msfctl agent show: the filter of every socket that msfd speaks for, or what each
 * interface wants of them together.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "agent-row.h"
#include "agent-session.h"
#include "agent.h"
#include "columns.h"
#include "endpoint.h"
#include "output.h"

#define COLUMNS_MAX 8

/* A column is a member of the rows. */
struct column {
	const char *key, *title;
};

/* What there is to show; both kinds of rows have an interface and a group. */
struct subject {
	enum msf_agent_subject subject;
	unsigned int n;
	struct column columns[COLUMNS_MAX];
};

static const struct subject memberships = {
	MSF_AGENT_MEMBERSHIPS,
	8,
	{ { "kind", "KIND" },
	  { "pid", "-PID" },
	  { "uid", "-UID" },
	  { "socket", "-SOCKET" },
	  { "interface", "IFACE" },
	  { "group", "GROUP" },
	  { "mode", "MODE" },
	  { "sources", "SOURCES" } },
};

static const struct subject groups = {
	MSF_AGENT_GROUPS,
	5,
	{ { "interface", "IFACE" },
	  { "group", "GROUP" },
	  { "users", "-USERS" },
	  { "mode", "MODE" },
	  { "sources", "SOURCES" } },
};

struct show {
	struct session_options session;
	char *interface, *group; /* owned; NULL: all of them */
	int is_whole, is_interfaces;
	char group_text[ENDPOINT_TEXT_MAX]; /* canonical */
	const struct subject *subject;
	struct columns *columns; /* of the text */
};

static bool is_wanted(const struct show *show, const json_t *row)
{
	if (show->interface && strcmp(row_show(row, "interface"), show->interface) != 0)
		return false;
	return !show->group || !strcmp(row_show(row, "group"), show->group_text);
}

static int add_row(const struct show *show, const json_t *row)
{
	const struct subject *subject = show->subject;
	struct row_text store[COLUMNS_MAX];
	const char *texts[COLUMNS_MAX];
	char *sources;
	int r = row_format_sources(row, show->is_whole, &sources);

	if (r < 0)
		return r;
	for (unsigned int i = 0; i < subject->n; i++)
		texts[i] = row_get_cell(row, subject->columns[i].key, &store[i]);
	texts[subject->n - 1] = sources;
	r = columns_add(show->columns, texts);
	free(sources);
	return r;
}

static int read_row(void *context, json_t *row)
{
	const struct show *show = context;

	if (!is_wanted(show, row))
		return 0;
	return show->columns ? add_row(show, row) : session_print_json(NULL, row);
}

static int new_columns(struct show *show)
{
	const char *titles[COLUMNS_MAX];

	for (unsigned int i = 0; i < show->subject->n; i++)
		titles[i] = show->subject->columns[i].title;
	return columns_new(&show->columns, titles, show->subject->n);
}

static int print(struct show *show, struct msf_agent *agent)
{
	int r = show->session.is_json ? 0 : new_columns(show);

	if (!r)
		r = session_read(agent, show->subject->subject, read_row, show);
	if (!r && show->columns)
		r = columns_print(show->columns, stdout);
	show->columns = columns_free(show->columns);
	return r;
}

static int show_rows(struct show *show)
{
	struct msf_agent *agent;
	int r = session_open(&agent, &show->session);

	if (r < 0)
		return OUTPUT_FAILED;
	show->subject = show->is_interfaces ? &groups : &memberships;
	r = print(show, agent);
	msf_agent_free(agent);
	return session_report(r);
}

static int read_words(struct show *show, const char **words)
{
	struct sockaddr_storage group;
	int r;

	if (words[0]) {
		output_error(words[0], "show takes options only");
		return -EINVAL;
	}
	if (!show->group)
		return 0;
	r = options_parse_group(show->group, &group);
	if (!r)
		endpoint_format_address(&group, show->group_text,
					sizeof(show->group_text));
	return r;
}

static int run(const struct verb *verb, int argc, const char **argv)
{
	struct show show = { 0 };
	const struct poptOption table[] = {
		{ "interface", 'i', POPT_ARG_STRING, &show.interface, 0,
		  "only on this interface", "NAME" },
		{ "group", 'g', POPT_ARG_STRING, &show.group, 0, "only this group",
		  "GROUP" },
		{ "all", 'a', POPT_ARG_NONE, &show.is_whole, 0,
		  "every source, nothing shortened", NULL },
		{ "interfaces", 'I', POPT_ARG_NONE, &show.is_interfaces, 0,
		  "what each interface wants, of all sockets together", NULL },
		SESSION_OPTIONS(&show.session),
		POPT_AUTOHELP POPT_TABLEEND
	};
	const char **words;
	poptContext context;
	int n, r = options_read(&context, verb, table, argc, argv, &words, &n);

	if (!r)
		r = read_words(&show, words);
	r = r < 0 ? (int)output_get_status(r) : show_rows(&show);
	options_free(context);
	session_options_fini(&show.session);
	free(show.interface);
	free(show.group);
	return r;
}

const struct verb agent_show_command = {
	"show", "[--interfaces]", "the filters that msfd tells routers and switches", run
};
