/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * set: replaces a filter of another process whole (RFC 3678 5.2), with the ioctl of
 * its appendix A.
 *
 * Invariant: every word has been read and found good before the socket is looked for.
 */
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <popt.h>

#include <msf.h>

#include "dry-run.h"
#include "edit.h"
#include "options.h"
#include "output.h"
#include "sources.h"
#include "verb.h"

/* SOURCES_MAX addresses on lines of their own, with room for comments. */
#define STDIN_MAX (16u << 20)

#define FIRST_SIZE 4096

struct set_options {
	struct edit_options edit;
	int is_dry, is_idempotent;
};

struct wish {
	struct sockaddr_storage group;
	uint32_t fmode;
	struct sources sources;
	struct sockaddr_storage *slist; /* owned */
};

static int usage_error(const char *what, const char *why)
{
	output_error(what, "%s", why);
	return -EINVAL;
}

static int say_mistake(const struct sources_mistake *mistake)
{
	char what[128];

	if (mistake->line)
		snprintf(what, sizeof(what), "standard input:%zu: %s", mistake->line,
			 mistake->word);
	else
		snprintf(what, sizeof(what), "%s", mistake->word);
	return usage_error(what, mistake->why);
}

/* The whole of standard input, with a NUL behind it. */
static int read_stdin(char **ret_text, size_t *ret_len)
{
	size_t size = FIRST_SIZE, len = 0;
	char *text = NULL, *larger;

	for (;;) {
		larger = realloc(text, size);
		if (!larger)
			break;
		text = larger;
		errno = 0;
		len += fread(text + len, 1, size - len - 1, stdin);
		if (ferror(stdin) || len > STDIN_MAX)
			break;
		if (len < size - 1) {
			text[len] = '\0';
			*ret_text = text;
			*ret_len = len;
			return 0;
		}
		size *= 2;
	}
	free(text);
	if (!larger)
		return -ENOMEM;
	return len > STDIN_MAX ? -EFBIG : errno ? -errno : -EIO;
}

static int add_stdin(struct wish *wish)
{
	struct sources_mistake mistake;
	uint32_t n = wish->sources.n;
	char *text = NULL;
	size_t len = 0;
	int r = read_stdin(&text, &len);

	if (r < 0) {
		output_error("standard input", "%s", strerror(-r));
		return r;
	}
	r = sources_parse(&wish->sources, text, len, wish->group.ss_family, 1, &mistake);
	free(text);
	if (r == -EINVAL)
		return say_mistake(&mistake);
	/* What fails to make a list must not make this the empty one. */
	if (!r && wish->sources.n == n)
		return usage_error("standard input",
				   "no source is in it; an empty list is set by "
				   "naming no source at all, without -");
	return r;
}

static int add_word(struct wish *wish, const char *word)
{
	struct sources_mistake mistake;
	uint32_t n = wish->sources.n;
	int r = sources_parse(&wish->sources, word, strlen(word), wish->group.ss_family,
			      0, &mistake);

	if (r == -EINVAL)
		return say_mistake(&mistake);
	if (!r && wish->sources.n == n)
		return usage_error(*word ? word : "\"\"", "no source is in it");
	return r;
}

static int add_sources(struct wish *wish, const char **words)
{
	struct sources_mistake mistake;
	bool is_stdin_read = false;
	int r = 0;

	for (size_t i = 0; words[i] && !r; i++) {
		if (strcmp(words[i], "-") != 0) {
			r = add_word(wish, words[i]);
		} else if (is_stdin_read) {
			r = usage_error("-", "standard input can be read once only");
		} else {
			is_stdin_read = true;
			r = add_stdin(wish);
		}
	}
	if (!r && sources_sort(&wish->sources, &mistake) < 0)
		return say_mistake(&mistake);
	if (!r) {
		wish->slist = sources_get_list(&wish->sources);
		r = wish->slist ? 0 : -ENOMEM;
	}
	if (r == -ENOMEM)
		output_error(NULL, "%s", strerror(ENOMEM));
	return r;
}

static int read_mode(const char *word, uint32_t *ret)
{
	if (!strcmp(word, "include"))
		*ret = MCAST_INCLUDE;
	else if (!strcmp(word, "exclude"))
		*ret = MCAST_EXCLUDE;
	else
		return usage_error(word, "the filter mode is include or exclude");
	return 0;
}

static int apply_ioctl(int fd, const struct msf_request *request)
{
	struct group_filter *filter = calloc(1,
					     GROUP_FILTER_SIZE((size_t)request->numsrc));
	int r;

	if (!filter)
		return -ENOMEM;
	filter->gf_interface = request->ifindex;
	memcpy(&filter->gf_group, request->group, sizeof(filter->gf_group));
	filter->gf_fmode = request->fmode;
	filter->gf_numsrc = request->numsrc;
	if (request->numsrc)
		memcpy((char *)filter + GROUP_FILTER_SIZE(0), request->slist,
		       request->numsrc * sizeof(*request->slist));
	r = msf_ioctl(fd, SIOCSMSFILTER, filter) < 0 ? -errno : 0;
	free(filter);
	return r;
}

static int set(const struct edit *edit, const struct msf_request *request)
{
	int r;

	/* The ioctl has no place for a flag. */
	if (request->flags)
		r = msf_apply_request(NULL, edit->target.fd, request);
	else
		r = apply_ioctl(edit->target.fd, request);
	if (r < 0)
		return edit_refuse(edit, request, r);
	return edit_answer(edit, request);
}

static int run_wish(const struct set_options *options, const struct target_query *query,
		    const struct wish *wish)
{
	struct edit edit = { .is_json = options->edit.is_json };
	int status = OUTPUT_FAILED;

	if (!edit_open(&edit, query, query->interface)) {
		struct msf_request request = edit_get_request(&edit, MSF_SET_FILTER);

		request.fmode = wish->fmode;
		request.numsrc = wish->sources.n;
		request.slist = wish->slist;
		request.flags = options->is_idempotent ? MSF_IDEMPOTENT : 0;
		status = options->is_dry ? dry_run(&edit, &request)
					 : set(&edit, &request);
	}
	edit_close(&edit);
	return status;
}

static int run_words(const struct set_options *options, const struct verb *verb,
		     const char **words, int n)
{
	struct wish wish = { 0 };
	struct target_query query = { .group = &wish.group };
	int r, status;

	if (edit_options_parse(&options->edit, &query) < 0)
		return OUTPUT_USAGE;
	if (n < 3) {
		output_error(verb->name, "its arguments are %s", verb->arguments);
		return OUTPUT_USAGE;
	}
	r = options_parse_group(words[0], &wish.group);
	if (!r)
		r = read_mode(words[2], &wish.fmode);
	if (!r)
		r = add_sources(&wish, words + 3);
	query.interface = words[1];
	/* Nothing that leaves is the first word about a group. */
	query.is_creating = wish.fmode == MCAST_EXCLUDE || wish.sources.n;
	if (r < 0)
		status = output_get_status(r);
	else
		status = run_wish(options, &query, &wish);
	free(wish.slist);
	sources_fini(&wish.sources);
	return status;
}

static int run(const struct verb *verb, int argc, const char **argv)
{
	struct set_options options = { 0 };
	const struct poptOption table[] = {
		EDIT_OPTIONS(&options.edit),
		{ "dry-run", 'n', POPT_ARG_NONE, &options.is_dry, 0,
		  "show the difference, change nothing", NULL },
		{ "idempotent", 'i', POPT_ARG_NONE, &options.is_idempotent, 0,
		  "a filter that is in force already is no error", NULL },
		POPT_AUTOHELP POPT_TABLEEND
	};
	poptContext context;
	const char **words;
	int n, r = options_read(&context, verb, table, argc, argv, &words, &n);

	if (r < 0)
		r = output_get_status(r);
	else
		r = run_words(&options, verb, words, n);
	options_free(context);
	edit_options_fini(&options.edit);
	return r;
}

const struct verb set_verb = { "set", "-p PID GROUP IFACE include|exclude [SOURCE...]",
			       "replace a filter; - reads sources from standard input",
			       run };
