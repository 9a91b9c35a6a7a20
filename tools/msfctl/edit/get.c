/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * get: the filters of one socket of a process, all of them or those of one group.
 */
#include <stdio.h>
#include <string.h>

#include "endpoint.h"
#include "edit.h"
#include "jsonline.h"
#include "membership.h"
#include "options.h"
#include "output.h"
#include "sight.h"
#include "sources.h"
#include "target-fault.h"
#include "verb.h"

/* Which memberships are asked for. */
struct wanted {
	const struct sockaddr_storage *group; /* NULL: any */
	uint32_t ifindex;                     /* 0: any */
};

static bool is_wanted(const struct wanted *wanted, const struct msf_membership *m)
{
	return (!wanted->group ||
		!endpoint_compare_addresses(&m->group, wanted->group)) &&
	       (!wanted->ifindex || m->ifindex == wanted->ifindex);
}

static int find_wanted(struct target *target, const struct target_query *query,
		       struct wanted *ret)
{
	struct msf_interface interface;
	int r;

	*ret = (struct wanted){ .group = query->group };
	if (!query->interface)
		return 0;
	/* What the socket holds has a name without going there. */
	if (!candidate_find(target->candidate, NULL, query->interface)) {
		r = target_enter(target);
		if (r < 0)
			return r;
	}
	r = target_find_interface(target, query->group, query->interface, &interface);
	if (!r)
		ret->ifindex = interface.ifindex;
	return r;
}

static int print_objects(const struct candidate *candidate, const struct wanted *wanted,
			 size_t *ret_n)
{
	int r = 0;

	for (size_t i = 0; i < candidate->n_memberships && !r; i++) {
		const struct msf_membership *m = &candidate->memberships[i];

		if (!is_wanted(wanted, m))
			continue;
		r = jsonline_write(membership_new_object(&candidate->socket, m), stdout);
		++*ret_n;
	}
	return r;
}

static int print_rows(const struct candidate *candidate, const struct wanted *wanted,
		      size_t *ret_n)
{
	struct columns *columns;
	int r = membership_new_columns(&columns);

	if (r < 0)
		return r;
	for (size_t i = 0; i < candidate->n_memberships && !r; i++) {
		const struct msf_membership *m = &candidate->memberships[i];

		if (!is_wanted(wanted, m))
			continue;
		r = membership_add_rows(columns, &candidate->socket, m, true);
		++*ret_n;
	}
	membership_hide_netns(columns);
	if (!r)
		r = columns_print(columns, stdout);
	columns_free(columns);
	return r;
}

/* Nothing is an answer where everything was asked for, else a failure. */
static int print_none(const struct target *target, const struct target_query *query,
		      bool is_json)
{
	char what[TARGET_FAULT_NAME_MAX], group[ENDPOINT_TEXT_MAX];

	target_fault_format_name(target->pid, target->number, what);
	sight_warn(what);
	if (!query->group) {
		if (!is_json)
			printf("%s: no membership\n", what);
		return OUTPUT_DONE;
	}
	endpoint_format_address(query->group, group, sizeof(group));
	if (target->candidate->n_memberships) {
		output_error(what, "it is not a member of %s%s%s, but has these:", group,
			     query->interface ? " on " : "",
			     query->interface ? query->interface : "");
		target_print_memberships(target);
	} else {
		output_error(what, "it is not a member of %s, nor of any group", group);
	}
	return OUTPUT_FAILED;
}

static int get(const struct target_query *query, bool is_json)
{
	struct target target = { .fd = -1 };
	int r = target_open(&target, query);
	struct wanted wanted = { 0 };
	size_t n = 0;

	if (!r)
		r = find_wanted(&target, query, &wanted);
	if (r < 0) {
		target_close(&target);
		return OUTPUT_FAILED;
	}
	r = is_json ? print_objects(target.candidate, &wanted, &n)
		    : print_rows(target.candidate, &wanted, &n);
	r = r || n ? edit_report(r) : print_none(&target, query, is_json);
	target_close(&target);
	return r;
}

static int run_words(const struct edit_options *options, const struct verb *verb,
		     const char **words, int n)
{
	struct target_query query = { 0 };
	struct sockaddr_storage group;

	if (edit_options_parse(options, &query) < 0)
		return OUTPUT_USAGE;
	if (n > 2) {
		output_error(words[2], "too many arguments; they are %s",
			     verb->arguments);
		return OUTPUT_USAGE;
	}
	if (n > 0 && options_parse_group(words[0], &group) < 0)
		return OUTPUT_USAGE;
	query.group = n > 0 ? &group : NULL;
	query.interface = n > 1 ? words[1] : NULL;
	return get(&query, options->is_json);
}

static int run(const struct verb *verb, int argc, const char **argv)
{
	return edit_run(run_words, verb, argc, argv);
}

const struct verb get_verb = { "get", "-p PID [GROUP [IFACE]]",
			       "the filters of one socket of a process", run };
