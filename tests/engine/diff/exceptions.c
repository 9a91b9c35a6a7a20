/* SPDX-License-Identifier: BSD-2-Clause */
/* See exceptions.h. */
#include "exceptions.h"

#define TYPE(type) (1u << (type))

/* Are all notes of the group of these types? */
static bool has_only(const struct normal *normal, unsigned int group, unsigned int types)
{
	for (unsigned int i = 0; i < normal->n; i++)
		if (normal->notes[i].group == group &&
		    !(types & TYPE(normal->notes[i].type)))
			return false;
	return true;
}

/* The only note of the group; NULL: it has none, or several. */
static const struct note *get_only(const struct normal *normal, unsigned int group)
{
	const struct note *only = NULL;

	for (unsigned int i = 0; i < normal->n; i++) {
		if (normal->notes[i].group != group)
			continue;
		if (only)
			return NULL;
		only = &normal->notes[i];
	}
	return only;
}

/* How often such records of the group tell the source; -1: have none. */
static uint32_t count(const struct normal *normal, unsigned int group, unsigned int types,
		      int source)
{
	uint32_t n = 0;

	for (unsigned int i = 0; i < normal->n; i++) {
		const struct note *note = &normal->notes[i];

		if (note->group != group || !(types & TYPE(note->type)))
			continue;
		if (source < 0 ? bits_count(&note->sources) == 0
			       : bits_has(&note->sources, (unsigned int)source))
			n += note->n;
	}
	return n;
}

/* Are records of the type told as often by both? */
static bool has_same(const struct episode *episode, unsigned int group,
		     enum note_type type)
{
	for (int i = -1; i < (int)NAMES_SOURCES; i++)
		if (count(episode->kernel, group, TYPE(type), i) !=
		    count(episode->engine, group, TYPE(type), i))
			return false;
	return true;
}

/*
 * EX(A) to nothing to IN(B) is EX(A) to IN(B), also when the steps are close together.
 * Linux forgets that the group left EXCLUDE mode: ALLOW for TO_IN.
 */
static bool forgets_leave(const struct episode *episode, unsigned int group)
{
	const unsigned int types = TYPE(NOTE_TO_IN) | TYPE(NOTE_ALLOW);

	if (!episode->step->is_reborn[group] || !script_is_newest(episode->script))
		return false;
	for (int i = 0; i < (int)NAMES_SOURCES; i++)
		if (count(episode->kernel, group, types, i) !=
		    count(episode->engine, group, types, i))
			return false;
	if (!has_same(episode, group, NOTE_TO_EX))
		return false;
	return !has_only(episode->engine, group, ~TYPE(NOTE_TO_IN));
}

/*
 * The same when nobody wants the group in the end: BLOCK for TO_IN({}). Sources that were
 * told before, as ALLOW, come along.
 */
static bool forgets_change(const struct episode *episode, unsigned int group)
{
	const struct normal *kernel = episode->kernel, *engine = episode->engine;
	uint32_t n_kernel = count(kernel, group, TYPE(NOTE_TO_IN), -1);
	uint32_t n_engine = count(engine, group, TYPE(NOTE_TO_IN), -1);
	bool is_blocked = false;

	if (!episode->step->is_dead[group] || !script_is_newest(episode->script))
		return false;
	for (int i = 0; i < (int)NAMES_SOURCES; i++) {
		uint32_t n = count(kernel, group, TYPE(NOTE_BLOCK), i);
		uint32_t n_all = count(engine, group, TYPE(NOTE_BLOCK), i) + n_engine;

		if (n > 0 && n + n_kernel > n_all)
			return false;
		is_blocked = is_blocked || (n > 0 && n + n_kernel == n_all);
	}
	return is_blocked && n_engine > n_kernel && has_same(episode, group, NOTE_TO_EX);
}

/* All that was asked about the group in the step. */
static struct source_bits get_asked(const struct script_step *step, unsigned int group)
{
	struct source_bits asked = { { 0 } };

	for (unsigned int i = 0; i < step->n_messages; i++)
		if (!step->messages[i].is_report && step->messages[i].group == group)
			asked = bits_union(asked, step->messages[i].sources);
	return asked;
}

/* Is each source of the set, and no other, told once by records of the type? */
static bool tells(const struct normal *normal, unsigned int group, enum note_type type,
		  const struct source_bits *sources)
{
	for (unsigned int i = 0; i < NAMES_SOURCES; i++)
		if (count(normal, group, TYPE(type), (int)i) != bits_has(sources, i))
			return false;
	return true;
}

static bool has_same_changes(const struct episode *episode, unsigned int group)
{
	for (int type = NOTE_TO_IN; type <= NOTE_BLOCK; type++)
		if (!has_same(episode, group, (enum note_type)type))
			return false;
	return true;
}

/* EX(A), asked about B: all of A, or what fits of it, where IS_IN(B-A) is asked for. */
static bool tells_all(const struct episode *episode, unsigned int group)
{
	struct script_filter merged = script_get_merged(episode->script, group);
	struct source_bits asked = get_asked(episode->step, group);

	asked = bits_difference(asked, merged.sources);
	if (merged.mode != FILTER_EXCLUDE || bits_count(&asked) == 0 ||
	    !tells(episode->engine, group, NOTE_IS_IN, &asked) ||
	    !has_same_changes(episode, group))
		return false;
	if (bits_count(&merged.sources) == 0)
		return count(episode->kernel, group, TYPE(NOTE_IS_EX), -1) == 1;
	return tells(episode->kernel, group, NOTE_IS_EX, &merged.sources) ||
	       (episode->script->plan->is_wide &&
		!has_only(episode->kernel, group, ~TYPE(NOTE_IS_EX)));
}

/* IN(A), asked about B and then about C, where A*C is empty: A, not A*B. */
static bool forgets_asked(const struct episode *episode, unsigned int group)
{
	struct script_filter merged = script_get_merged(episode->script, group);
	struct source_bits asked = get_asked(episode->step, group);

	asked = bits_intersection(asked, merged.sources);
	return merged.mode == FILTER_INCLUDE && episode->step->n_messages == 2 &&
	       tells(episode->kernel, group, NOTE_IS_IN, &merged.sources) &&
	       tells(episode->engine, group, NOTE_IS_IN, &asked) &&
	       has_same_changes(episode, group);
}

/* With a socket in EXCLUDE mode other sockets change nothing for Linux. */
static bool tells_ssm(const struct episode *episode, unsigned int group)
{
	return group == NAMES_GROUP_SSM &&
	       has_only(episode->engine, group, TYPE(NOTE_ALLOW) | TYPE(NOTE_BLOCK)) &&
	       has_only(episode->kernel, group, TYPE(NOTE_TO_EX) | TYPE(NOTE_TO_IN));
}

static bool tells_local(const struct episode *episode, unsigned int group)
{
	return group == NAMES_GROUP_LOCAL && !script_is_newest(episode->script) &&
	       episode->script->plan->family == ENGINE_IPV4 &&
	       !normal_has_group(episode->engine, group) &&
	       has_only(episode->kernel, group, TYPE(NOTE_REPORT) | TYPE(NOTE_LEAVE));
}

static bool tells_once(const struct episode *episode, unsigned int group)
{
	const struct note *kernel = get_only(episode->kernel, group);
	const struct note *engine = get_only(episode->engine, group);

	return episode->script->robustness == 1 && kernel && engine &&
	       kernel->type == engine->type && kernel->n == 1 && engine->n == 2 &&
	       bits_equal(&kernel->sources, &engine->sources);
}

static bool keeps_robustness(const struct episode *episode, unsigned int group)
{
	const struct note *kernel = get_only(episode->kernel, group);
	const struct note *engine = get_only(episode->engine, group);

	return episode->script->plan->family == ENGINE_IPV6 &&
	       episode->script->robustness == 0 && kernel && engine &&
	       kernel->type == engine->type && kernel->n == 3 && engine->n == 2 &&
	       bits_equal(&kernel->sources, &engine->sources);
}

static bool switches_version(const struct episode *episode, unsigned int group)
{
	const struct note *kernel = get_only(episode->kernel, group);
	const struct note *engine = get_only(episode->engine, group);

	return episode->script->is_asked_by_older && kernel && engine &&
	       kernel->type == NOTE_REPORT && engine->type < NOTE_REPORT &&
	       kernel->n == engine->n;
}

static bool hears_misled(const struct episode *episode, unsigned int group)
{
	return episode->step->messages[0].is_misled &&
	       !normal_has_group(episode->engine, group) &&
	       has_only(episode->kernel, group, TYPE(NOTE_IS_EX) | TYPE(NOTE_IS_IN));
}

static bool is_awake(const struct episode *episode, unsigned int group)
{
	const struct note *kernel = get_only(episode->kernel, group);

	return episode->script->is_heard[group] &&
	       !episode->step->messages[0].is_report &&
	       episode->step->messages[0].version == 2 && kernel && kernel->n == 1 &&
	       kernel->type == NOTE_REPORT && !normal_has_group(episode->engine, group);
}

static bool leaves_silently(const struct episode *episode, unsigned int group)
{
	const struct note *engine = get_only(episode->engine, group);

	return episode->script->plan->family == ENGINE_IPV4 &&
	       script_get_version(episode->script) == 2 && episode->step->n_calls == 2 &&
	       episode->step->calls[0].verb == SCRIPT_JOIN_GROUP &&
	       episode->step->calls[1].verb == SCRIPT_LEAVE_GROUP && engine &&
	       engine->type == NOTE_LEAVE && engine->n == 1 &&
	       !normal_has_group(episode->kernel, group);
}

const struct exception exceptions[EXCEPTIONS] = {
	{ "Linux forgets TO_IN when a source is joined close behind an any-source leave "
	  "(RFC 9776 5.1) [R-CHG-5, R-CHG-7]",
	  forgets_leave, true },
	{ "Linux forgets TO_IN when the last source is left close behind the last "
	  "any-source leave (RFC 9776 5.1) [R-CHG-5, R-CHG-7]",
	  forgets_change, true },
	{ "Linux tells its whole EXCLUDE list when asked about sources (RFC 9776 5.2) "
	  "[R-QRY-5]",
	  tells_all, false },
	{ "Linux forgets what it was asked when it is then asked about sources that it "
	  "has not (RFC 9776 5.2) [R-QRY-3, R-QRY-5]",
	  forgets_asked, false },
	{ "Linux tells EXCLUDE mode of source-specific groups (RFC 4604 2.2) [R-SSM-1]",
	  tells_ssm, true },
	{ "Linux reports 224.0.0.x to older IGMP queriers, as RFC 2236 6 has it and the "
	  "seed has not [S-IGMP-30, S-V3-29]",
	  tells_local, true },
	{ "Linux takes a QRV of 1 (RFC 9776 8.1) [R-QRY-9, R-SEC-2]", tells_once, false },
	{ "Linux keeps the last QRV at an MLD query that tells none (RFC 9777 5.1.8) "
	  "[R-QRY-9]",
	  keeps_robustness, false },
	{ "Linux falls back at older Group-Specific Queries (RFC 9776 7.2.1, RFC 9777 "
	  "8.2.1) [R-CMP-2]",
	  switches_version, false },
	{ "Linux answers General Queries to any group's address (RFC 9776 9.1) [R-QRY-6]",
	  hears_misled, true },
	{ "Linux answers an IGMPv2 query behind a version 1 report, where the seed only "
	  "wakes up [S-IGMP-20, S-IGMP-26]",
	  is_awake, false },
	{ "Linux sends no Leave for a group that was left before its first report (RFC "
	  "2236 3) [R-V2-5]",
	  leaves_silently, true },
	[EXCEPTION_TWICE] = { "Linux names a source twice in a record when it is left "
			      "with its group close behind EXCLUDE mode (RFC 9776 5.1) "
			      "[R-CHG-9]",
			      NULL, false },
};

int exceptions_find(const struct episode *episode, unsigned int group)
{
	for (unsigned int i = 0; i < EXCEPTIONS; i++)
		if (exceptions[i].explains && exceptions[i].explains(episode, group))
			return (int)i;
	return -1;
}
