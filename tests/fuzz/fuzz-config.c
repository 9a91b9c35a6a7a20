/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Input: msfd.conf. Sent by: root, and whoever he took it from.
 *
 * Any bytes are a whole configuration whose values are in their ranges, or mistakes,
 * each with the line of the file, and nothing else.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "msfd/config.h"
#include "target.h"

struct said {
	const char *path;
	unsigned int n, n_lines;
};

static void say(void *context, const char *text)
{
	struct said *said = context;
	size_t len = strlen(said->path);
	unsigned long line;
	char *end;

	if (strcmp(text, "and so on") == 0)
		return;
	said->n++;
	target_expect(strncmp(text, said->path, len) == 0 && text[len] == ':',
		      "a mistake is of the file");
	line = strtoul(text + len + 1, &end, 10);
	target_expect(line > 0 && line <= said->n_lines && *end == ':',
		      "a mistake is in a line of the file");
}

static void check_filter(const struct filter *filter, struct addr group)
{
	const struct source_set *sources = &filter->sources;

	target_expect(filter->mode == FILTER_EXCLUDE ||
			      (filter->mode == FILTER_INCLUDE && sources->n > 0),
		      "a join has a filter");
	for (uint32_t i = 0; i < sources->n; i++) {
		target_expect(addr_is_sender(sources->addr[i]), "sources send");
		target_expect(addr_is_ipv4(sources->addr[i]) == addr_is_ipv4(group),
			      "sources are of the family");
		target_expect(i == 0 || addr_less(sources->addr[i - 1], sources->addr[i]),
			      "sources ascend");
	}
}

static void check_config(const struct config *config)
{
	const struct engine_tunable_info *tunable;
	const struct limits_info *limit;

	for (unsigned int i = 0; (tunable = engine_get_tunable_info(i)); i++)
		target_expect(config->tunables[i] >= tunable->min &&
				      config->tunables[i] <= tunable->max,
			      "tunables are in their range");
	for (unsigned int i = 0; (limit = limits_get_info(i)); i++)
		target_expect(limits_get(&config->limits, limit) >= limit->min &&
				      limits_get(&config->limits, limit) <= limit->max,
			      "limits are in their range");
	for (uint32_t i = 0; i < config->n_interfaces; i++)
		target_expect(config->interfaces[i].version[ENGINE_IPV4] <= 3 &&
				      config->interfaces[i].version[ENGINE_IPV6] <= 2 &&
				      config->interfaces[i].name[0],
			      "there are such versions");
	for (uint32_t i = 0; i < config->n_joins; i++) {
		target_expect(addr_is_multicast(config->joins[i].group), "groups");
		target_expect(config->joins[i].interface[0] != '\0', "interfaces");
		check_filter(&config->joins[i].filter, config->joins[i].group);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	int fd = memfd_create("msfd.conf", MFD_CLOEXEC), r;
	struct config config;
	struct said said;
	char path[64];

	target_expect(fd >= 0 && write(fd, data, len) == (ssize_t)len, "a file");
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	said = (struct said){ .path = path, .n_lines = 1 };
	for (size_t i = 0; i < len; i++)
		said.n_lines += data[i] == '\n';
	r = config_read(&config, path, say, &said);
	close(fd);
	target_expect(r == (said.n ? -EINVAL : 0), "0, or -EINVAL and mistakes");
	if (r == 0) {
		check_config(&config);
		config_fini(&config);
	}
	return 0;
}
