/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * script: tests whose texts name groups and sources by letters (see script.h).
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "script.h"

#define SEED 20260101u

static const char *const heads[ENGINE_FAMILIES] = { "v3", "mld2" };
static const char *const labels[ENGINE_FAMILIES] = { "IGMPv3", "MLDv2" };

static const struct {
	char name;
	const char *text[ENGINE_FAMILIES];
} groups[] = {
	{ 'G', { "239.1.1.1", "ff0e::1" } }, { 'H', { "239.1.1.2", "ff0e::2" } },
	{ 'J', { "239.1.1.3", "ff0e::3" } }, { 'K', { "239.1.1.4", "ff0e::4" } },
	{ 'P', { "232.1.1.1", "ff3e::1" } }, { 'Q', { "232.1.1.2", "ff3e::2" } },
	{ 'L', { "10.1.0.0", "fd01::" } },
};

/* Letters that stand beside others are words. */
static bool is_name(const char *text, const char *at)
{
	bool is_before = at > text && (isalnum((unsigned char)at[-1]) || at[-1] == '_');
	bool is_behind = isalnum((unsigned char)at[1]) || at[1] == '_' || at[1] == ':';

	return isalpha((unsigned char)*at) && !is_before && !is_behind &&
	       !(at > text && at[-1] == ':');
}

static void write_name(FILE *stream, enum engine_family family, char name)
{
	if (islower((unsigned char)name)) {
		fprintf(stream, family == ENGINE_IPV4 ? "10.0.0.%d" : "fd00::%x",
			name - 'a' + 1);
		return;
	}
	for (size_t i = 0; i < sizeof(groups) / sizeof(groups[0]); i++) {
		if (groups[i].name == name) {
			fputs(groups[i].text[family], stream);
			return;
		}
	}
	tap_bail_out("no group is called %c", name);
}

char *script_text(const struct script *script, const char *text)
{
	char *ret = NULL;
	size_t len;
	FILE *stream = open_memstream(&ret, &len);

	if (!stream)
		tap_bail_out("no memory");
	for (const char *at = text; *at; at++) {
		if (*at == '*')
			fputs(heads[script->family], stream);
		else if (is_name(text, at))
			write_name(stream, script->family, *at);
		else
			fputc(*at, stream);
	}
	if (fclose(stream))
		tap_bail_out("no memory");
	return ret;
}

const char *script_name(const struct script *script, const char *name)
{
	static char names[8][256];
	static unsigned int n_names;
	char *text = script_text(script, name), *ret = names[n_names++ % 8];

	if (strlen(text) >= sizeof(names[0]))
		tap_bail_out("%s is too long", text);
	strcpy(ret, text);
	free(text);
	return ret;
}

void script_reseed(struct script *script, uint64_t seed)
{
	rig_fini(&script->rig, script->tap);
	rig_init(&script->rig, seed);
	script->seed = seed;
}

static void run_one(struct script *script, const struct script_test *test)
{
	rig_init(&script->rig, SEED);
	script->seed = SEED;
	test->run(script);
	rig_fini(&script->rig, script->tap);
	tap_end(script->tap, "%s: %s", labels[script->family], test->sentence);
}

void script_run(struct tap *tap, const struct script_test *tests, size_t n_tests)
{
	struct script *script = malloc(sizeof(*script));

	if (!script)
		tap_bail_out("no memory");
	script->tap = tap;
	for (size_t i = 0; i < n_tests; i++) {
		for (script->family = ENGINE_IPV4; script->family < ENGINE_FAMILIES;
		     script->family++)
			run_one(script, &tests[i]);
	}
	free(script);
}

void set_fails(struct script *script, uint64_t socket, const char *group,
	       const char *filter, int result)
{
	char *text = script_text(script, filter);
	int r = rig_set(&script->rig, socket, script_name(script, group), text);

	tap_expect(script->tap, r == result, "%s %s returns %d, not %d", group, filter, r,
		   result);
	free(text);
}

void set(struct script *script, uint64_t socket, const char *group, const char *filter)
{
	set_fails(script, socket, group, filter, 0);
}

void merged(struct script *script, const char *group, const char *filter)
{
	char *expected = script_text(script, filter);
	char *text = rig_get_on(&script->rig, RIG_IFINDEX, script_name(script, group));

	tap_expect(script->tap, strcmp(text, expected) == 0, "%s is %s, not %s", group,
		   text, expected);
	free(expected);
	free(text);
}

void now(struct script *script, const char *lines)
{
	char *text = script_text(script, lines);

	rig_expect_now(&script->rig, script->tap, "now", text);
	free(text);
}

void in_ms(struct script *script, uint64_t ms, const char *lines)
{
	char *text = script_text(script, lines), what[32];

	rig_expect_now(&script->rig, script->tap, "before that", "");
	snprintf(what, sizeof(what), "in %llu ms", (unsigned long long)ms);
	rig_expect_in(&script->rig, script->tap, ms * RIG_MS, what, text);
	free(text);
}

void quiet(struct script *script)
{
	rig_expect_now(&script->rig, script->tap, "quiet", "");
	tap_expect(script->tap, engine_get_deadline(script->rig.engine) == ENGINE_NEVER,
		   "quiet: something is pending");
	rig_expect_in(&script->rig, script->tap, 1000 * ENGINE_SECOND, "quiet", "");
}

void twice(struct script *script, const char *lines)
{
	now(script, lines);
	in_ms(script, 1000, lines);
	quiet(script);
}

void settle(struct script *script)
{
	rig_run(&script->rig, 1000 * ENGINE_SECOND);
	tap_expect(script->tap, engine_get_deadline(script->rig.engine) == ENGINE_NEVER,
		   "it does not settle");
	rig_clear(&script->rig);
}

int hear(struct script *script, struct rig_query query)
{
	char *group = query.group ? script_text(script, query.group) : NULL;
	char *sources = query.sources ? script_text(script, query.sources) : NULL;
	int r;

	query.family = script->family;
	query.group = group;
	query.sources = sources;
	if (!query.version)
		query.version = script->family == ENGINE_IPV4 ? 3 : 2;
	r = rig_query(&script->rig, &query);
	free(group);
	free(sources);
	return r;
}

void ask(struct script *script, uint64_t ms, const char *group, const char *sources)
{
	int r = hear(script, (struct rig_query){
				     .group = group,
				     .sources = sources,
				     .max_response_ms = ms,
			     });

	tap_expect(script->tap, r == 0, "a query for %s {%s} returns %d",
		   group ? group : "all", sources ? sources : "", r);
}

uint64_t get_counter(struct script *script, enum engine_counter igmp,
		     enum engine_counter mld)
{
	return engine_get_counter(script->rig.engine,
				  script->family == ENGINE_IPV4 ? igmp : mld);
}

void set_tunable(struct script *script, enum engine_tunable tunable, uint64_t value)
{
	int r = engine_set_tunable(script->rig.engine, tunable, value, script->rig.now);

	tap_expect(script->tap, r == 0, "tunable %d: %d", tunable, r);
}

struct engine_status get_status(struct script *script)
{
	struct engine_status status;

	if (engine_get_status(script->rig.engine, RIG_IFINDEX, script->family, &status,
			      script->rig.now))
		tap_bail_out("no status");
	return status;
}
