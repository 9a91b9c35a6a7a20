/* SPDX-License-Identifier: BSD-2-Clause */
/* See script.h. */
#include <stdio.h>
#include <string.h>

#include "script.h"

#define RANDOM_GROUPS NAMES_GROUP_SSM
#define LIST_MAX      60u /* less than 64, which is all that mld_max_msf allows */

/* What a burst must not touch twice, and what became of the groups in a step. */
struct progress {
	bool is_touched[NAMES_GROUPS];
	enum filter_mode mode[NAMES_GROUPS];
	bool was_exclude[NAMES_GROUPS], is_dead[NAMES_GROUPS];
};

/* splitmix64. */
uint64_t script_draw(uint64_t *random)
{
	uint64_t z = *random += 0x9e3779b97f4a7c15;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return z ^ z >> 31;
}

static unsigned int choose(struct script *script, unsigned int n)
{
	return (unsigned int)(script_draw(&script->random) % n);
}

void script_init(struct script *script, const struct script_plan *plan, uint64_t seed)
{
	*script = (struct script){
		.plan = plan, .random = seed, .robustness = 2, .n_left = plan->n_steps
	};
}

bool script_is_newest(const struct script *script)
{
	if (script->is_older)
		return false;
	return script->plan->version == (script->plan->family == ENGINE_IPV4 ? 3 : 2);
}

uint8_t script_get_version(const struct script *script)
{
	if (!script->is_older)
		return script->plan->version;
	return script->plan->family == ENGINE_IPV4 ? 2 : 1;
}

/* RFC 9776 3.2, of sockets' filters and not of counts, as the engine has them. */
struct script_filter script_get_merged(const struct script *script, unsigned int group)
{
	struct script_filter merged = { FILTER_NONE, { { 0 } } };
	struct source_bits included = { { 0 } };

	for (unsigned int i = 0; i < SCRIPT_SOCKETS; i++) {
		const struct script_filter *filter = &script->filters[i][group];

		if (filter->mode == FILTER_INCLUDE) {
			included = bits_union(included, filter->sources);
			if (merged.mode == FILTER_NONE)
				merged.mode = FILTER_INCLUDE;
		} else if (filter->mode == FILTER_EXCLUDE) {
			merged.sources = merged.mode == FILTER_EXCLUDE
						 ? bits_intersection(merged.sources,
								     filter->sources)
						 : filter->sources;
			merged.mode = FILTER_EXCLUDE;
		}
	}
	if (merged.mode == FILTER_EXCLUDE)
		merged.sources = bits_difference(merged.sources, included);
	else
		merged.sources = included;
	return merged;
}

/* A set of any size that fits into a list. */
static struct source_bits draw_sources(struct script *script)
{
	unsigned int n_sources = script->plan->n_sources, n;
	struct source_bits bits = { { 0 } };

	if (script->plan->is_wide)
		n = choose(script, 3) == 0 ? choose(script, 4) : LIST_MAX;
	else
		n = choose(script, n_sources / 2 + 1);
	while (n-- > 0)
		bits_add(&bits, choose(script, n_sources));
	return bits;
}

/* A source that is in the set, or is not; -1: there is none. */
static int draw_source(struct script *script, const struct source_bits *set, bool is_in)
{
	unsigned int n_sources = script->plan->n_sources;
	unsigned int first = choose(script, n_sources);

	if (!is_in && bits_count(set) >= LIST_MAX)
		return -1;
	for (unsigned int i = 0; i < n_sources; i++) {
		unsigned int source = (first + i) % n_sources;

		if (bits_has(set, source) == is_in)
			return (int)source;
	}
	return -1;
}

static void set_filter(struct script *script, struct script_call *call)
{
	static const enum filter_mode modes[] = { FILTER_INCLUDE, FILTER_EXCLUDE };

	call->verb = SCRIPT_SET_FILTER;
	call->after.mode = modes[choose(script, 2)];
	call->after.sources = draw_sources(script);
}

/* One source more, or less: true. */
static bool step_source(struct script *script, struct script_call *call, bool is_more,
			enum script_verb verb)
{
	int source = draw_source(script, &call->after.sources, !is_more);

	if (source < 0)
		return false;
	call->verb = verb;
	call->source = (uint8_t)source;
	if (is_more)
		bits_add(&call->after.sources, (unsigned int)source);
	else
		bits_del(&call->after.sources, (unsigned int)source);
	return true;
}

static void leave_group(struct script_call *call)
{
	call->verb = SCRIPT_LEAVE_GROUP;
	call->after = (struct script_filter){ FILTER_NONE, { { 0 } } };
}

static void draw_join(struct script *script, struct script_call *call)
{
	if (choose(script, 3) == 0) {
		call->verb = SCRIPT_JOIN_GROUP;
		call->after.mode = FILTER_EXCLUDE;
		return;
	}
	call->after.mode = FILTER_INCLUDE;
	step_source(script, call, true, SCRIPT_JOIN_SOURCE);
}

static void draw_change(struct script *script, struct script_call *call)
{
	bool is_include = call->after.mode == FILTER_INCLUDE;
	/* In older versions nothing else matters. */
	unsigned int what = choose(script, script_is_newest(script) ? 12 : 24);

	if (what < 4 && step_source(script, call, true,
				    is_include ? SCRIPT_JOIN_SOURCE : SCRIPT_BLOCK))
		return;
	if (what < 6 && step_source(script, call, false,
				    is_include ? SCRIPT_LEAVE_SOURCE : SCRIPT_UNBLOCK))
		return;
	if (what < 9)
		set_filter(script, call);
	else
		leave_group(call);
}

static void draw_call(struct script *script, struct script_call *call)
{
	*call = (struct script_call){
		.socket = (uint8_t)choose(script, script->plan->n_sockets),
		.group = (uint8_t)choose(script, RANDOM_GROUPS),
	};
	call->after = script->filters[call->socket][call->group];
	if (choose(script, 24) == 0)
		call->verb = SCRIPT_CLOSE;
	else if (call->after.mode == FILTER_NONE)
		draw_join(script, call);
	else
		draw_change(script, call);
	if (call->verb == SCRIPT_CLOSE ||
	    (call->after.mode == FILTER_INCLUDE && bits_count(&call->after.sources) == 0))
		call->after.mode = FILTER_NONE;
}

/*
 * In older versions some messages are sent by Linux within the call, others after a
 * moment; so a burst that changes a group twice has no defined answer.
 */
static bool may_touch(const struct script *script, const struct script_call *call,
		      const struct progress *progress)
{
	if (script_is_newest(script))
		return true;
	if (call->verb != SCRIPT_CLOSE)
		return !progress->is_touched[call->group];
	for (unsigned int g = 0; g < NAMES_GROUPS; g++)
		if (progress->is_touched[g])
			return false;
	return true;
}

static void note_mode(struct script_step *step, struct progress *progress,
		      unsigned int group, enum filter_mode mode)
{
	if (progress->mode[group] == FILTER_EXCLUDE)
		progress->was_exclude[group] = true;
	if (mode == FILTER_EXCLUDE)
		progress->was_exclude[group] = progress->is_dead[group] = false;
	if (mode == FILTER_NONE && progress->was_exclude[group])
		progress->is_dead[group] = step->is_dead[group] = true;
	if (mode == FILTER_INCLUDE && progress->is_dead[group])
		step->is_reborn[group] = true;
	progress->mode[group] = mode;
}

static void apply_call(struct script *script, const struct script_call *call,
		       struct script_step *step, struct progress *progress)
{
	for (unsigned int g = 0; g < NAMES_GROUPS; g++) {
		if (call->verb == SCRIPT_CLOSE)
			script->filters[call->socket][g].mode = FILTER_NONE;
		else if (g == call->group)
			script->filters[call->socket][g] = call->after;
		else
			continue;
		progress->is_touched[g] = true;
		if (script->filters[call->socket][g].mode == FILTER_NONE)
			script->filters[call->socket][g].sources =
				(struct source_bits){ { 0 } };
		note_mode(step, progress, g, script_get_merged(script, g).mode);
	}
}

static void draw_calls(struct script *script, struct script_step *step,
		       unsigned int n_wanted, struct progress *progress)
{
	memset(progress->is_touched, 0, sizeof(progress->is_touched));
	for (unsigned int i = 0; i < n_wanted; i++) {
		struct script_call *call = &step->calls[step->n_calls];

		draw_call(script, call);
		if (!may_touch(script, call, progress))
			continue;
		apply_call(script, call, step, progress);
		step->n_calls++;
	}
}

static void begin_progress(const struct script *script, struct progress *progress)
{
	*progress = (struct progress){ 0 };
	for (unsigned int g = 0; g < NAMES_GROUPS; g++)
		progress->mode[g] = script_get_merged(script, g).mode;
}

static uint8_t draw_version(struct script *script)
{
	if (script_is_newest(script))
		return script->plan->version;
	if (script->plan->family == ENGINE_IPV4)
		return script->plan->version == 2 && choose(script, 4) == 0 ? 3 : 2;
	return choose(script, 4) == 0 ? 2 : 1;
}

static struct script_message *add_message(struct script_step *step)
{
	return &step->messages[step->n_messages++];
}

static void draw_query(struct script *script, struct script_step *step,
		       enum script_kind kind)
{
	static const uint8_t robustness[] = { 0, 2, 2, 2, 3, 4 };
	struct script_message *message = add_message(step);

	message->version = draw_version(script);
	message->robustness = robustness[choose(script, 6)];
	/* An exception where it follows another one. */
	if (message->robustness == 0 && script->plan->family == ENGINE_IPV6)
		message->robustness = 2;
	message->group = (uint8_t)choose(script, RANDOM_GROUPS);
	if (kind == SCRIPT_GENERAL_QUERY)
		message->group = SCRIPT_GENERAL;
	else
		message->is_to_all = script_get_merged(script, message->group).mode ==
				     FILTER_NONE;
	if (kind != SCRIPT_SOURCE_QUERY)
		return;
	message->sources = draw_sources(script);
	bits_add(&message->sources, choose(script, script->plan->n_sources));
}

/* R-QRY-3: about other sources of the same group, or about all of it. */
static void draw_second_query(struct script *script, struct script_step *step)
{
	struct script_message *message;

	if (choose(script, 3))
		return;
	message = add_message(step);
	*message = step->messages[0];
	message->sources = (struct source_bits){ { 0 } };
	if (choose(script, 3))
		bits_add(&message->sources, choose(script, script->plan->n_sources));
}

static void draw_report(struct script *script, struct script_step *step)
{
	struct script_message *message = add_message(step);

	message->is_report = true;
	message->version = script_get_version(script);
	message->group = (uint8_t)choose(script, RANDOM_GROUPS);
}

static void draw_older_query(struct script *script, struct script_step *step)
{
	struct script_message *message = add_message(step);

	message->version = script->plan->family == ENGINE_IPV4 ? 2 : 1;
	message->group = SCRIPT_GENERAL;
}

static enum script_kind draw_kind(struct script *script)
{
	const unsigned int *weights = script->plan->weights;
	unsigned int sum = 0, at, kind = 0;

	for (unsigned int i = 0; i < SCRIPT_KINDS; i++)
		sum += weights[i];
	for (at = choose(script, sum); at >= weights[kind]; kind++)
		at -= weights[kind];
	return (enum script_kind)kind;
}

/* Queries, while changes are still told. */
static void draw_burst(struct script *script, struct script_step *step,
		       struct progress *progress)
{
	draw_calls(script, step, 1 + choose(script, SCRIPT_CALLS / 2), progress);
	if (script->plan->weights[SCRIPT_GENERAL_QUERY] && script_is_newest(script) &&
	    choose(script, 8) == 0)
		draw_query(script, step, SCRIPT_GENERAL_QUERY + choose(script, 3));
}

/* The repetition of an older report may end because another host sends it. */
static void draw_overlap(struct script *script, struct script_step *step,
			 struct progress *progress)
{
	draw_calls(script, step, 1 + choose(script, SCRIPT_CALLS / 2), progress);
	step->split = step->n_calls;
	if (script->plan->weights[SCRIPT_HEARD] && choose(script, 3) == 0)
		draw_report(script, step);
	else
		draw_calls(script, step, 1 + choose(script, SCRIPT_CALLS / 2), progress);
}

static void draw_step(struct script *script, struct script_step *step)
{
	struct progress progress;

	begin_progress(script, &progress);
	step->kind = draw_kind(script);
	switch (step->kind) {
	case SCRIPT_BURST:
		draw_burst(script, step, &progress);
		break;
	case SCRIPT_OVERLAP:
		draw_overlap(script, step, &progress);
		break;
	case SCRIPT_SOURCE_QUERY:
		draw_query(script, step, step->kind);
		draw_second_query(script, step);
		break;
	case SCRIPT_GENERAL_QUERY:
	case SCRIPT_GROUP_QUERY:
		draw_query(script, step, step->kind);
		break;
	case SCRIPT_OLDER_QUERY:
		draw_older_query(script, step);
		break;
	case SCRIPT_HEARD:
		draw_report(script, step);
		break;
	case SCRIPT_LINK:
		break;
	}
}

/* What a message leaves behind. */
static void note_message(struct script *script, const struct script_message *message)
{
	unsigned int newest = script->plan->family == ENGINE_IPV4 ? 3 : 2;

	if (message->is_report) {
		if (message->version == 1 && message->group < NAMES_GROUPS)
			script->is_heard[message->group] = true;
	} else if (message->version == newest) {
		script->robustness = message->robustness;
	} else if (script_is_newest(script)) {
		if (message->group == SCRIPT_GENERAL)
			script->is_older = true;
		else
			script->is_asked_by_older = true;
	}
}

static bool direct_step(struct script *script, struct script_step *step)
{
	struct progress progress;

	if (!script->plan->direct(script->n_steps, step))
		return false;
	begin_progress(script, &progress);
	for (unsigned int i = 0; i < step->n_calls; i++)
		apply_call(script, &step->calls[i], step, &progress);
	return true;
}

bool script_make_step(struct script *script, struct script_step *ret)
{
	memset(ret, 0, sizeof(*ret));
	if (script->plan->direct) {
		if (!direct_step(script, ret))
			return false;
	} else if (script->n_left == 0) {
		return false;
	} else {
		script->n_left--;
		draw_step(script, ret);
	}
	for (unsigned int i = 0; i < ret->n_messages; i++)
		note_message(script, &ret->messages[i]);
	script->n_steps++;
	return true;
}

static size_t print_call(const struct script_call *call, char *text, size_t size)
{
	static const char *const names[] = {
		[SCRIPT_JOIN_GROUP] = "join",     [SCRIPT_LEAVE_GROUP] = "leave",
		[SCRIPT_JOIN_SOURCE] = "include", [SCRIPT_LEAVE_SOURCE] = "drop",
		[SCRIPT_BLOCK] = "block",         [SCRIPT_UNBLOCK] = "unblock",
		[SCRIPT_SET_FILTER] = "set",      [SCRIPT_CLOSE] = "close",
	};
	size_t len = (size_t)snprintf(text, size, " s%u:%s", call->socket,
				      names[call->verb]);

	if (call->verb == SCRIPT_CLOSE)
		return len;
	len += (size_t)snprintf(text + len, size - len, "(g%u)%s", call->group,
				call->after.mode == FILTER_EXCLUDE   ? "EX"
				: call->after.mode == FILTER_INCLUDE ? "IN"
								     : "");
	return len + bits_print(&call->after.sources, text + len, size - len);
}

static size_t print_message(const struct script_message *message, char *text, size_t size)
{
	size_t len = (size_t)snprintf(
		text, size, " %s v%u g%u QRV %u ", message->is_report ? "heard" : "query",
		message->version, message->group, message->robustness);

	return len + bits_print(&message->sources, text + len, size - len);
}

void script_print_step(const struct script_step *step, char *text, size_t size)
{
	size_t len = 0;

	text[0] = '\0';
	for (unsigned int i = 0; i < step->n_calls && len + 64 < size; i++) {
		if (i == step->split && step->kind == SCRIPT_OVERLAP)
			len += (size_t)snprintf(text + len, size - len, " |");
		len += print_call(&step->calls[i], text + len, size - len);
	}
	if (step->kind == SCRIPT_LINK && len + 64 < size)
		len += (size_t)snprintf(text + len, size - len, " down, up");
	for (unsigned int i = 0; i < step->n_messages && len + 64 < size; i++)
		len += print_message(&step->messages[i], text + len, size - len);
}
