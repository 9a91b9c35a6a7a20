/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * edit: one change of one filter of another process (see edit.h).
 *
 * Invariant: the answer shows what was read back from the socket, not what was asked
 * for.
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "edit.h"
#include "jsonline.h"
#include "membership.h"
#include "options.h"
#include "output.h"
#include "sight.h"
#include "standard.h"
#include "target-fault.h"
#include "utf8.h"

void edit_options_fini(struct edit_options *options)
{
	free(options->pid);
	free(options->fd);
	*options = (struct edit_options){ 0 };
}

int edit_options_parse(const struct edit_options *options, struct target_query *ret)
{
	uint64_t fd;
	int r;

	if (!options->pid) {
		output_error("--pid", "it is missing: whose socket is meant?");
		return -EINVAL;
	}
	r = options_parse_pid(options->pid, &ret->pid);
	ret->fd = -1;
	if (r < 0 || !options->fd)
		return r;
	r = options_parse_number("--fd", options->fd, INT_MAX, &fd);
	if (!r)
		ret->fd = (int)fd;
	return r;
}

int edit_run(edit_words *run_words, const struct verb *verb, int argc, const char **argv)
{
	struct edit_options options = { 0 };
	const struct poptOption table[] = { EDIT_OPTIONS(&options),
					    POPT_AUTOHELP POPT_TABLEEND };
	poptContext context;
	const char **words;
	int n, r = options_read(&context, verb, table, argc, argv, &words, &n);

	if (r < 0)
		r = output_get_status(r);
	else
		r = run_words(&options, verb, words, n);
	options_free(context);
	edit_options_fini(&options);
	return r;
}

int edit_report(int r)
{
	if (r < 0 && !standard_say_output(r))
		output_error(NULL, "%s", strerror(-r));
	return r < 0 ? OUTPUT_FAILED : OUTPUT_DONE;
}

/*
 * The socket is not ours: its IP_MULTICAST_ALL stays as it is, and who filters for it
 * goes on to do so, whatever is the rule here.
 */
static int configure(const struct candidate *candidate)
{
	struct msf_config *config = NULL;
	int r = msf_config_new(&config);

	if (!r)
		r = msf_config_set_keep_multicast_all(config, 1);
	if (!r && candidate->n_memberships)
		r = msf_config_set_backend(config, candidate->socket.backend);
	if (!r)
		r = msf_configure_default(config);
	msf_config_free(config);
	if (r < 0)
		output_error(NULL, "%s", strerror(-r));
	return r;
}

/* What cannot be read would be overwritten. */
static int check_sight(const struct target *target)
{
	char what[TARGET_FAULT_NAME_MAX];
	enum sight sight;
	int r;

	if (target->candidate->n_memberships)
		return 0;
	r = sight_get(NULL, &sight);
	if (r == 0 && sight != SIGHT_BLIND)
		return 0;
	target_fault_format_name(target->pid, target->number, what);
	output_error(what, "%s",
		     r < 0 ? strerror(-r)
			   : "socket filters cannot be read back on this system, so the "
			     "filter that it may have is not known, and not changed");
	return r < 0 ? r : -EOPNOTSUPP;
}

static void set_name(struct edit *edit, const char *interface)
{
	char group[ENDPOINT_TEXT_MAX] = "";

	endpoint_format_address(&edit->group, group, sizeof(group));
	snprintf(edit->name, sizeof(edit->name), "%s on %.48s", group, interface);
	utf8_clean(edit->name, edit->name, sizeof(edit->name));
}

static void name_interface(struct edit *edit)
{
	char name[MEMBERSHIP_INTERFACE_MAX];
	struct msf_membership membership = { .ifindex = edit->interface.ifindex };

	memcpy(membership.interface, edit->interface.name, sizeof(membership.interface));
	membership_format_interface(&membership, name);
	set_name(edit, name);
}

int edit_open(struct edit *edit, const struct target_query *query, const char *interface)
{
	int r;

	edit->target.fd = -1;
	edit->group = *query->group;
	set_name(edit, interface);
	r = target_open(&edit->target, query);
	if (!r)
		r = configure(edit->target.candidate);
	if (!r)
		r = check_sight(&edit->target);
	if (!r)
		r = target_enter(&edit->target);
	if (!r)
		r = target_find_interface(&edit->target, &edit->group, interface,
					  &edit->interface);
	if (r < 0)
		return r;
	name_interface(edit);
	r = filter_read(&edit->was, edit->target.fd, edit->interface.ifindex,
			&edit->group);
	if (r < 0) {
		struct msf_request request = edit_get_request(edit, MSF_GET_FILTER);

		edit_refuse(edit, &request, r);
	}
	return r;
}

void edit_close(struct edit *edit)
{
	filter_fini(&edit->was);
	target_close(&edit->target);
}

struct msf_request edit_get_request(const struct edit *edit, enum msf_verb verb)
{
	return (struct msf_request){ .verb = verb,
				     .ifindex = edit->interface.ifindex,
				     .group = (const struct sockaddr *)&edit->group };
}

/* What msf_explain() says, to be freed. NULL: nothing, or no memory. */
static char *explain(const struct edit *edit, const struct msf_request *request,
		     int error)
{
	char *text = NULL;
	int n = msf_explain(NULL, edit->target.fd, request, error, NULL, 0);

	if (n > 0)
		text = malloc((size_t)n + 1);
	if (text &&
	    msf_explain(NULL, edit->target.fd, request, error, text, (size_t)n + 1) > 0)
		return text;
	free(text);
	return NULL;
}

/* libmsf tells the program that asks what to do; this one asks for another. */
static const char *explain_sight(int error)
{
	enum sight sight;

	if (error != EOPNOTSUPP || sight_get(NULL, &sight) < 0 || sight != SIGHT_NONE)
		return NULL;
	return "socket filters do nothing on this system, so that only the program "
	       "itself filters, if it does (libmsf-preload(7)): what it admits can be "
	       "neither seen nor changed from outside";
}

char *edit_explain(const struct edit *edit, const struct msf_request *request, int error)
{
	const char *name = strerrorname_np(error), *ours = explain_sight(error);
	char *why = ours ? strdup(ours) : explain(edit, request, error), *text;

	/* The sentence names the flag of the library, the user wants the option. */
	if (asprintf(&text, "%s: %s%s", name ? name : "error",
		     why ? why : strerror(error),
		     error == EADDRINUSE && request->verb == MSF_SET_FILTER
			     ? "; the option is --idempotent"
			     : "") < 0)
		text = NULL;
	free(why);
	return text;
}

int edit_refuse(const struct edit *edit, const struct msf_request *request, int error)
{
	char *text = edit_explain(edit, request, -error);

	output_error(edit->name, "%s", text ? text : strerror(-error));
	free(text);
	if (!edit->was.is_member && (error == -EADDRNOTAVAIL || error == -EINVAL) &&
	    edit->target.candidate->n_memberships)
		target_print_memberships(&edit->target);
	return OUTPUT_FAILED;
}

void edit_warn(const struct edit *edit, const struct msf_request *request)
{
	char *text = explain(edit, request, 0);

	if (text)
		output_warning(edit->name, "%s", text);
	free(text);
}

json_t *edit_new_object(const struct edit *edit, const struct filter *filter)
{
	/* No membership is INCLUDE {} (RFC 3376 3.1). */
	struct msf_membership membership = {
		.ifindex = edit->interface.ifindex,
		.group = edit->group,
		.fmode = filter->is_member ? filter->fmode : MCAST_INCLUDE,
		.numsrc = filter->numsrc,
		.slist = filter->slist,
	};
	json_t *object;
	int r;

	memcpy(membership.interface, edit->interface.name, sizeof(membership.interface));
	object = membership_new_object(&edit->target.candidate->socket, &membership);
	r = json_object_set_new(object, "left", json_boolean(!filter->is_member));
	r |= json_object_set_new(object, "was", filter_new_object(&edit->was));
	if (!r)
		return object;
	json_decref(object);
	return NULL;
}

static int print_line(const struct edit *edit, const struct filter *filter)
{
	char *was = filter_format(&edit->was);
	char *now = filter->is_member ? filter_format(filter) : strdup("left");
	int r = was && now ? 0 : -ENOMEM;

	if (!r && printf("%s: %s (was %s)\n", edit->name, now, was) < 0)
		r = -errno;
	free(now);
	free(was);
	return r;
}

int edit_answer(const struct edit *edit, const struct msf_request *request)
{
	struct filter filter = { 0 };
	int r;

	if (target_check(&edit->target) < 0)
		return OUTPUT_FAILED;
	r = filter_read(&filter, edit->target.fd, edit->interface.ifindex, &edit->group);
	if (r < 0)
		return edit_refuse(edit, request, r);
	edit_warn(edit, request);
	if (edit->is_json)
		r = jsonline_write(edit_new_object(edit, &filter), stdout);
	else
		r = print_line(edit, &filter);
	filter_fini(&filter);
	return edit_report(r);
}
