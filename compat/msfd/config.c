/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * config: sections and keys (see config.h). A file is read into a configuration of its
 * own, which takes the place of the caller's when there was no mistake.
 */
#include "msfd/config.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "msfd/config-file.h"
#include "msfd/config-join.h"
#include "msfd/config-value.h"
#include "value.h"

#define INTERFACES_MAX 10000u

enum section {
	SECTION_NONE,
	SECTION_MSFD,
	SECTION_TUNABLES,
	SECTION_LIMITS,
	SECTION_INTERFACE,
	SECTION_JOIN
};

enum key {
	KEY_SUPPRESS_KERNEL,
	KEY_JOURNAL,
	KEY_LEAVE_ON_EXIT,
	KEY_SSM_RANGE4,
	KEY_SSM_RANGE6,
	KEY_END
};

static const char *const keys[] = {
	[KEY_SUPPRESS_KERNEL] = "suppress-kernel", [KEY_JOURNAL] = "journal",
	[KEY_LEAVE_ON_EXIT] = "leave-on-exit",     [KEY_SSM_RANGE4] = "ssm-range4",
	[KEY_SSM_RANGE6] = "ssm-range6",
};

/* In the order of enum engine_family. */
static const char *const versions[ENGINE_FAMILIES] = { "igmp-version", "mld-version" };
static const uint8_t versions_max[ENGINE_FAMILIES] = { 3, 2 };

struct reading {
	struct config_file file;
	struct config config;
	struct config_joins joins;
	enum section section;
	bool has_section;            /* one has begun, if a wrong one */
	char interface[IF_NAMESIZE]; /* of the section */
	/* Where each key stands; 0: nowhere yet. */
	unsigned int key_lines[KEY_END];
	unsigned int tunable_lines[ENGINE_TUNABLES];
	unsigned int limit_lines[LIMITS_COUNT];
	unsigned int (*version_lines)[ENGINE_FAMILIES]; /* owned, one an interface */
};

static const char *get_section(unsigned int i)
{
	static const char *const sections[] = { "msfd", "tunables", "limits", "interface",
						"join" };

	return i < sizeof(sections) / sizeof(sections[0]) ? sections[i] : NULL;
}

static const char *get_key(unsigned int i)
{
	return i < KEY_END ? keys[i] : NULL;
}

static const char *get_tunable(unsigned int i)
{
	const struct engine_tunable_info *info = engine_get_tunable_info(i);

	return info ? info->name : NULL;
}

static const char *get_limit(unsigned int i)
{
	const struct limits_info *info = limits_get_info(i);

	return info ? info->name : NULL;
}

static const char *get_version(unsigned int i)
{
	return i < ENGINE_FAMILIES ? versions[i] : NULL;
}

/* The number of the name; -ENOENT: said, with what may be meant. */
static int find_name(struct reading *reading, const char *what, const char *name,
		     const char *(*get)(unsigned int i))
{
	const char *candidate, *guess;

	for (unsigned int i = 0; (candidate = get(i)); i++)
		if (strcmp(candidate, name) == 0)
			return (int)i;
	guess = config_value_guess(name, get);
	config_file_refuse(&reading->file, 0, "%s: no such %s%s%s%s", name, what,
			   guess ? " (is it " : "", guess ? guess : "",
			   guess ? "?)" : "");
	return -ENOENT;
}

/* The first time? Else it is said. */
static bool is_first(struct reading *reading, const char *name, unsigned int *line)
{
	if (*line) {
		config_file_refuse(&reading->file, 0, "%s: is there already, in line %u",
				   name, *line);
		return false;
	}
	*line = reading->file.line;
	return true;
}

static bool is_bool(const char *unit)
{
	return strcmp(unit, "bool") == 0;
}

/* A number in its range; yes and no of what is no number. -EINVAL, said. */
static int take_number(struct reading *reading, const char *name, const char *value,
		       const char *unit, uint64_t min, uint64_t max, uint64_t *ret)
{
	bool is_yes;

	if (is_bool(unit) && config_value_parse_bool(value, &is_yes) == 0) {
		*ret = is_yes;
		return 0;
	}
	if (value_read_count(value, min, max, ret) == 0)
		return 0;
	if (is_bool(unit))
		config_file_refuse(&reading->file, 0, "%s: %s: yes or no", name, value);
	else
		config_file_refuse(&reading->file, 0, "%s: %s: %llu to %llu", name, value,
				   (unsigned long long)min, (unsigned long long)max);
	return -EINVAL;
}

/*
 * [msfd]
 */

static void take_bool(struct reading *reading, const char *name, const char *value,
		      bool *ret)
{
	if (config_value_parse_bool(value, ret) < 0)
		config_file_refuse(&reading->file, 0, "%s: %s: yes or no", name, value);
}

static void take_range(struct reading *reading, const char *name, const char *value,
		       enum engine_family family)
{
	struct config *config = &reading->config;
	bool is_ipv4 = family == ENGINE_IPV4;

	if (config_value_parse_range(value, is_ipv4, &config->ssm[family].prefix,
				     &config->ssm[family].prefix_len) < 0)
		config_file_refuse(&reading->file, 0,
				   "%s: %s: a range of groups such as %s, or none", name,
				   value, is_ipv4 ? "232.0.0.0/8" : "ff3e::/32");
	else
		config->ssm[family].is_set = true;
}

static void take_key(struct reading *reading, const char *name, const char *value)
{
	struct config *config = &reading->config;
	int key = find_name(reading, "key of [msfd]", name, get_key);

	if (key < 0 || !is_first(reading, name, &reading->key_lines[key]))
		return;
	switch ((enum key)key) {
	case KEY_SUPPRESS_KERNEL:
		take_bool(reading, name, value, &config->is_kernel_suppressed);
		break;
	case KEY_JOURNAL:
		take_bool(reading, name, value, &config->is_journal_kept);
		break;
	case KEY_LEAVE_ON_EXIT:
		take_bool(reading, name, value, &config->leaves_on_exit);
		break;
	case KEY_SSM_RANGE4:
		take_range(reading, name, value, ENGINE_IPV4);
		break;
	case KEY_SSM_RANGE6:
		take_range(reading, name, value, ENGINE_IPV6);
		break;
	case KEY_END:
		break;
	}
}

/*
 * [tunables], [limits]
 */

static void take_tunable(struct reading *reading, const char *name, const char *value)
{
	const struct engine_tunable_info *info;
	int i = find_name(reading, "tunable", name, get_tunable);
	uint64_t number;

	if (i < 0 || !is_first(reading, name, &reading->tunable_lines[i]))
		return;
	info = engine_get_tunable_info((unsigned int)i);
	if (take_number(reading, name, value, info->unit, info->min, info->max,
			&number) == 0)
		reading->config.tunables[info->tunable] = number;
}

static void take_limit(struct reading *reading, const char *name, const char *value)
{
	const struct limits_info *info;
	int i = find_name(reading, "limit", name, get_limit);
	uint64_t number;

	if (i < 0 || !is_first(reading, name, &reading->limit_lines[i]))
		return;
	info = limits_get_info((unsigned int)i);
	if (take_number(reading, name, value, info->unit, info->min, info->max,
			&number) == 0)
		limits_set(&reading->config.limits, info, (uint32_t)number);
}

/*
 * [interface NAME]
 */

/* Which one? It is added where it is new. -ENOMEM; -ENOSPC, said. */
static int find_interface(struct reading *reading, const char *name)
{
	struct config *config = &reading->config;
	struct config_interface *interfaces;
	unsigned int(*lines)[ENGINE_FAMILIES];
	uint32_t n = config->n_interfaces;

	for (uint32_t i = 0; i < n; i++)
		if (strcmp(config->interfaces[i].name, name) == 0)
			return (int)i;
	if (n == INTERFACES_MAX) {
		config_file_refuse(&reading->file, 0, "%s: one interface too many", name);
		return -ENOSPC;
	}
	interfaces = reallocarray(config->interfaces, n + 1, sizeof(*interfaces));
	if (!interfaces)
		return -ENOMEM;
	config->interfaces = interfaces;
	lines = reallocarray(reading->version_lines, n + 1, sizeof(*lines));
	if (!lines)
		return -ENOMEM;
	reading->version_lines = lines;
	interfaces[n] = (struct config_interface){ 0 };
	memcpy(interfaces[n].name, name, strlen(name));
	memset(lines[n], 0, sizeof(lines[n]));
	return (int)config->n_interfaces++;
}

static void take_version(struct reading *reading, const char *name, const char *value)
{
	int family = find_name(reading, "key of [interface]", name, get_version), i;
	uint64_t version;

	if (family < 0)
		return;
	i = find_interface(reading, reading->interface);
	if (i == -ENOMEM)
		reading->file.error = i;
	if (i < 0 || !is_first(reading, name, &reading->version_lines[i][family]))
		return;
	if (take_number(reading, name, value, "version", 0, versions_max[family],
			&version) == 0)
		reading->config.interfaces[i].version[family] = (uint8_t)version;
}

/*
 * The file
 */

static void take(void *context, const char *key, const char *value, bool is_more)
{
	struct reading *reading = context;

	if (reading->file.error)
		return;
	if (is_more && reading->section != SECTION_JOIN &&
	    reading->section != SECTION_NONE) {
		config_file_refuse(&reading->file, 0,
				   "%s: only lists of sources go on in a second line: a "
				   "key begins without a blank",
				   value);
		return;
	}
	switch (reading->section) {
	case SECTION_NONE:
		if (!reading->has_section)
			config_file_refuse(&reading->file, 0, "%s: stands in no section",
					   key);
		break;
	case SECTION_MSFD:
		take_key(reading, key, value);
		break;
	case SECTION_TUNABLES:
		take_tunable(reading, key, value);
		break;
	case SECTION_LIMITS:
		take_limit(reading, key, value);
		break;
	case SECTION_INTERFACE:
		take_version(reading, key, value);
		break;
	case SECTION_JOIN:
		config_joins_take(&reading->joins, reading->interface, key, value,
				  is_more);
		break;
	}
}

/* As the kernel takes it. */
static bool is_interface_name(const char *name)
{
	return *name && strlen(name) < IF_NAMESIZE && !strpbrk(name, "/ \t:") &&
	       strcmp(name, ".") != 0 && strcmp(name, "..") != 0;
}

/* The words of the section: what it is of, and the name of an interface. */
static void open_named(struct reading *reading, const char *text, enum section section,
		       const char *name)
{
	bool is_named = section == SECTION_INTERFACE || section == SECTION_JOIN;

	if (is_named && !is_interface_name(name))
		config_file_refuse(&reading->file, 0, "[%s]: no name of an interface",
				   text);
	else if (!is_named && *name)
		config_file_refuse(&reading->file, 0, "[%s]: has no name", text);
	else
		reading->section = section;
	if (reading->section != SECTION_NONE && is_named)
		memcpy(reading->interface, name, strlen(name) + 1);
}

static void open_section(void *context, const char *text)
{
	struct reading *reading = context;
	char word[CONFIG_FILE_KEY_MAX];
	size_t len = strcspn(text, " \t");
	int i;

	config_joins_end(&reading->joins);
	reading->section = SECTION_NONE;
	reading->has_section = true;
	snprintf(word, sizeof(word), "%.*s",
		 (int)(len < sizeof(word) ? len : sizeof(word)), text);
	i = find_name(reading, "section", word, get_section);
	if (i >= 0)
		open_named(reading, text, (enum section)(i + SECTION_MSFD),
			   text + len + strspn(text + len, " \t"));
}

void config_init(struct config *ret)
{
	const struct engine_tunable_info *info;

	*ret = (struct config){ .is_journal_kept = true, .leaves_on_exit = true };
	for (unsigned int i = 0; (info = engine_get_tunable_info(i)); i++)
		ret->tunables[info->tunable] = info->value;
	limits_init(&ret->limits);
}

void config_fini(struct config *config)
{
	for (uint32_t i = 0; i < config->n_joins; i++)
		free(config->joins[i].filter.sources.addr);
	free(config->joins);
	free(config->interfaces);
	*config = (struct config){ 0 };
}

/* The joins become the configuration's. */
static void move_joins(struct reading *reading)
{
	reading->config.joins = reading->joins.joins;
	reading->config.n_joins = reading->joins.n;
	reading->joins = (struct config_joins){ 0 };
}

static int read_file(struct reading *reading)
{
	int r;

	r = config_file_read(&reading->file);
	config_joins_end(&reading->joins);
	if (r == 0 && reading->file.error && reading->file.error != -ENODATA)
		r = reading->file.error;
	return r == 0 && reading->file.n_mistakes ? -EINVAL : r;
}

int config_read(struct config *ret, const char *path,
		void (*say)(void *context, const char *text), void *context)
{
	struct reading reading = {
		.file = { .path = path,
			  .open = open_section,
			  .take = take,
			  .context = &reading,
			  .say = say,
			  .say_context = context },
		.joins.file = &reading.file,
	};
	int r;

	config_init(&reading.config);
	r = read_file(&reading);
	if (r == 0) {
		move_joins(&reading);
		*ret = reading.config;
	} else {
		config_fini(&reading.config);
	}
	config_joins_fini(&reading.joins);
	free(reading.version_lines);
	return r;
}
