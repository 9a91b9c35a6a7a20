/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * batch-answer: answers as text and JSON (see batch-answer.h).
 *
 * Invariant: whatever a line did, its text begins with "ok" when nothing failed, and
 * only then.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "batch-answer.h"
#include "endpoint.h"
#include "jsonline.h"
#include "utf8.h"

#define NUMBER_TEXT 32

void batch_answer_fini(struct batch_answer *answer)
{
	free(answer->slist);
	free(answer->text);
	free(answer->memberships);
	msf_state_free(answer->state);
	batch_counts_fini(&answer->counts);
	*answer = (struct batch_answer){ .error = 0 };
}

bool batch_answer_is_failure(const struct batch_line *line,
			     const struct batch_answer *answer)
{
	return answer->is_unexpected || (answer->error && !line->has_expect);
}

/* "EADDRINUSE" or, for a number without a name, "errno 4000" in buf. */
static const char *get_errno_name(int error, char buf[NUMBER_TEXT])
{
	const char *name = error ? strerrorname_np(error) : "ok";

	if (name)
		return name;
	snprintf(buf, NUMBER_TEXT, "errno %d", error);
	return buf;
}

static const char *get_mode(uint32_t fmode)
{
	return fmode == MCAST_INCLUDE ? "include" : "exclude";
}

/* As text */

static void put_address(FILE *out, const struct sockaddr_storage *address)
{
	char text[ENDPOINT_TEXT_MAX];

	if (endpoint_format_address(address, text, sizeof(text)) < 0)
		fputs("?", out);
	else
		fputs(text, out);
}

/* INCLUDE {a, b} */
static void put_filter(FILE *out, uint32_t fmode, uint32_t numsrc,
		       const struct sockaddr_storage *slist)
{
	fputs(fmode == MCAST_INCLUDE ? "INCLUDE {" : "EXCLUDE {", out);
	for (uint32_t i = 0; i < numsrc; i++) {
		if (i)
			fputs(", ", out);
		put_address(out, &slist[i]);
	}
	fputc('}', out);
}

static void put_found_filter(FILE *out, const struct batch_answer *answer)
{
	if (answer->is_member)
		put_filter(out, answer->fmode, answer->numsrc, answer->slist);
	else
		fputs("none", out);
}

static void put_clean(FILE *out, const char *text)
{
	char *clean = strdup(text);

	if (clean) {
		utf8_clean(clean, clean, strlen(clean) + 1);
		fputs(clean, out);
	}
	free(clean);
}

static void put_membership(FILE *out, const struct msf_membership *membership)
{
	char name[IF_NAMESIZE];

	put_address(out, &membership->group);
	utf8_clean(membership->interface, name, sizeof(name));
	if (*name)
		fprintf(out, " %s ", name);
	else
		fprintf(out, " %u ", membership->ifindex);
	put_filter(out, membership->fmode, membership->numsrc, membership->slist);
}

static void put_memberships(FILE *out, const struct batch_answer *answer)
{
	for (size_t i = 0; i < answer->n_memberships; i++) {
		if (i)
			fputs("; ", out);
		put_membership(out, &answer->memberships[i]);
	}
	if (answer->n_memberships == 0)
		fputs("none", out);
}

static void put_packets(FILE *out, const struct batch_counts *counts)
{
	fprintf(out, "%llu packet%s", (unsigned long long)counts->packets,
		counts->packets == 1 ? "" : "s");
	for (uint32_t i = 0; i < counts->n_sources; i++) {
		fputs(i ? ", " : ": ", out);
		put_address(out, &counts->sources[i].source);
		fprintf(out, " %llu", (unsigned long long)counts->sources[i].packets);
	}
	if (counts->others)
		fprintf(out, ", of other sources %llu",
			(unsigned long long)counts->others);
	if (counts->drops > 0)
		fprintf(out, "; dropped since open %lld", (long long)counts->drops);
}

/* Of help there are several. */
static void put_lines(FILE *out, const char *text)
{
	char *lines = strdup(text), *rest = lines;
	const char *line = strsep(&rest, "\n");

	while (line) {
		put_clean(out, line);
		line = strsep(&rest, "\n");
		if (line)
			fputc('\n', out);
	}
	free(lines);
}

static void put_found(FILE *out, const struct batch_answer *answer)
{
	switch (answer->found) {
	case BATCH_FOUND_NOTHING:
		fputs("ok", out);
		break;
	case BATCH_FOUND_FILTER:
		put_found_filter(out, answer);
		break;
	case BATCH_FOUND_MEMBERSHIPS:
		put_memberships(out, answer);
		break;
	case BATCH_FOUND_PACKETS:
		put_packets(out, &answer->counts);
		break;
	case BATCH_FOUND_TEXT:
		put_lines(out, answer->text);
		break;
	}
}

static void put_error(FILE *out, const struct batch_answer *answer)
{
	char name[NUMBER_TEXT];

	fputs(get_errno_name(answer->error, name), out);
	if (!*answer->detail)
		return;
	fputs(": ", out);
	put_clean(out, answer->detail);
}

static void put_wanted_sources(FILE *out, const struct batch_line *line)
{
	fputs("packets of ", out);
	for (uint32_t i = 0; i < line->n_sources; i++) {
		if (i)
			fputs(" and ", out);
		put_address(out, &line->sources[i]);
	}
}

static void put_wanted(FILE *out, const struct batch_line *line)
{
	char name[NUMBER_TEXT];

	if (line->has_expect && (line->expect || line->wanted == BATCH_WANT_ANY))
		fputs(get_errno_name(line->expect, name), out);
	else if (line->wanted == BATCH_WANT_NONE)
		fputs("none", out);
	else if (line->command == BATCH_RECV)
		put_wanted_sources(out, line);
	else
		put_filter(out,
			   line->wanted == BATCH_WANT_INCLUDE ? MCAST_INCLUDE
							      : MCAST_EXCLUDE,
			   line->n_sources, line->sources);
}

static void put_answer(FILE *out, const struct batch_line *line,
		       const struct batch_answer *answer)
{
	bool is_bare = answer->found == BATCH_FOUND_NOTHING ||
		       answer->found == BATCH_FOUND_TEXT;

	if (answer->is_unexpected) {
		fputs("unexpected, not ", out);
		put_wanted(out, line);
		fputs(": ", out);
	} else if (answer->error && line->has_expect) {
		fputs("ok, expected: ", out);
	} else if (!answer->error && !is_bare) {
		fputs("ok ", out);
	}
	if (answer->error)
		put_error(out, answer);
	else
		put_found(out, answer);
}

/* What is put while memory is short is not the whole: then there is nothing. */
static char *end_text(FILE *out, char **text)
{
	bool is_whole = !ferror(out);

	if (fclose(out) == EOF || !is_whole) {
		free(*text);
		return NULL;
	}
	return *text;
}

char *batch_answer_format(const struct batch_line *line,
			  const struct batch_answer *answer)
{
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	if (!out)
		return NULL;
	put_answer(out, line, answer);
	return end_text(out, &text);
}

char *batch_answer_format_mistake(const char *why)
{
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	if (!out)
		return NULL;
	fputs("syntax: ", out);
	put_clean(out, why);
	return end_text(out, &text);
}

/* As JSON */

static json_t *new_addresses(const struct sockaddr_storage *list, uint32_t n)
{
	json_t *array = json_array();

	for (uint32_t i = 0; i < n && array; i++)
		if (json_array_append_new(array, jsonline_new_address(&list[i])) < 0) {
			json_decref(array);
			return NULL;
		}
	return array;
}

static int set_filter(json_t *object, const struct batch_answer *answer)
{
	return json_object_set_new(object, "mode",
				   answer->is_member
					   ? json_string(get_mode(answer->fmode))
					   : json_null()) |
	       json_object_set_new(object, "sources",
				   new_addresses(answer->slist, answer->numsrc));
}

static json_t *new_membership(const struct msf_membership *membership)
{
	return json_pack("{s:o, s:I, s:o, s:s, s:o}", "interface",
			 *membership->interface ? jsonline_new_text(membership->interface)
						: json_null(),
			 "ifindex", (json_int_t)membership->ifindex, "group",
			 jsonline_new_address(&membership->group), "mode",
			 get_mode(membership->fmode), "sources",
			 new_addresses(membership->slist, membership->numsrc));
}

static int set_memberships(json_t *object, const struct batch_answer *answer)
{
	json_t *array = json_array();
	int r = json_object_set_new(object, "memberships", array);

	for (size_t i = 0; i < answer->n_memberships && r == 0; i++)
		r = json_array_append_new(array, new_membership(&answer->memberships[i]));
	return r;
}

static json_t *new_flow(const struct batch_count *flow)
{
	return json_pack("{s:o, s:I, s:I}", "source", jsonline_new_address(&flow->source),
			 "packets", (json_int_t)flow->packets, "bytes",
			 (json_int_t)flow->bytes);
}

static int set_packets(json_t *object, const struct batch_counts *counts)
{
	json_t *flows = json_array();
	int r;

	r = json_object_set_new(object, "packets",
				json_integer((json_int_t)counts->packets)) |
	    json_object_set_new(object, "bytes",
				json_integer((json_int_t)counts->bytes)) |
	    json_object_set_new(object, "others",
				json_integer((json_int_t)counts->others)) |
	    json_object_set_new(object, "kernel_drops",
				counts->drops < 0 ? json_null()
						  : json_integer(counts->drops)) |
	    json_object_set_new(object, "flows", flows);
	for (uint32_t i = 0; i < counts->n_sources && r == 0; i++)
		r = json_array_append_new(flows, new_flow(&counts->sources[i]));
	return r;
}

static int set_found(json_t *object, const struct batch_answer *answer)
{
	if (answer->error)
		return 0;
	switch (answer->found) {
	case BATCH_FOUND_NOTHING:
		break;
	case BATCH_FOUND_FILTER:
		return set_filter(object, answer);
	case BATCH_FOUND_MEMBERSHIPS:
		return set_memberships(object, answer);
	case BATCH_FOUND_PACKETS:
		return set_packets(object, &answer->counts);
	case BATCH_FOUND_TEXT:
		return json_object_set_new(object, "text",
					   jsonline_new_text(answer->text));
	}
	return 0;
}

/* Adds the fields, which are taken. 0 or -1: no memory. */
static int merge(json_t *object, json_t *fields)
{
	int r = object && fields ? json_object_update(object, fields) : -1;

	json_decref(fields);
	return r;
}

static json_t *new_name(const char *text)
{
	return *text ? jsonline_new_text(text) : json_null();
}

static int set_result(json_t *object, const struct batch_line *line,
		      const struct batch_answer *answer)
{
	char error[NUMBER_TEXT], expected[NUMBER_TEXT];

	return merge(
		object,
		json_pack("{s:s?, s:s?, s:b, s:o}", "error",
			  answer->error ? get_errno_name(answer->error, error) : NULL,
			  "expected",
			  line->has_expect ? get_errno_name(line->expect, expected)
					   : NULL,
			  "failed", (int)batch_answer_is_failure(line, answer), "detail",
			  new_name(answer->detail)));
}

static json_t *new_answer(size_t n_line, const char *command, const char *socket)
{
	json_t *object = jsonline_new("answer", NULL);

	if (merge(object, json_pack("{s:I, s:s?, s:o}", "line", (json_int_t)n_line,
				    "command", command, "socket", new_name(socket))) == 0)
		return object;
	json_decref(object);
	return NULL;
}

json_t *batch_answer_new_object(size_t n_line, const struct batch_line *line,
				const struct batch_answer *answer)
{
	json_t *object = new_answer(n_line, batch_line_get_usage(line->command)->name,
				    answer->name);

	if (object && set_result(object, line, answer) == 0 &&
	    set_found(object, answer) == 0)
		return object;
	json_decref(object);
	return NULL;
}

json_t *batch_answer_new_mistake(size_t n_line, const char *why)
{
	json_t *object = new_answer(n_line, NULL, "");

	if (merge(object, json_pack("{s:s, s:n, s:b, s:o}", "error", "syntax", "expected",
				    "failed", 1, "detail", jsonline_new_text(why))) == 0)
		return object;
	json_decref(object);
	return NULL;
}
