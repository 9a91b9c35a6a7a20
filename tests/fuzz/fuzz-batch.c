/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Input: lines of msfctl batch. Sent by: whoever wrote the file, or types.
 *
 * Any bytes end with a line that is whole, or with a reason that is fit to be printed.
 */
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "batch-line.h"
#include "endpoint.h"
#include "target.h"

/* A century. */
#define WAIT_MAX_MS 3200000000000u

static void check_why(const char why[BATCH_LINE_WHY_MAX])
{
	size_t len = strnlen(why, BATCH_LINE_WHY_MAX);

	target_expect(len > 0 && len < BATCH_LINE_WHY_MAX, "a refusal says why");
	for (size_t i = 0; i < len; i++)
		target_expect((unsigned char)why[i] >= ' ' && why[i] != '\177',
			      "a reason has no control characters");
}

static bool is_address(const struct sockaddr_storage *address)
{
	return address->ss_family == AF_INET || address->ss_family == AF_INET6;
}

static void check_sources(const struct batch_line *line)
{
	bool is_sorted = line->command == BATCH_GET || line->command == BATCH_RECV;

	for (uint32_t i = 0; i < line->n_sources; i++) {
		target_expect(is_address(&line->sources[i]), "a source is an address");
		target_expect(!is_sorted || i == 0 ||
				      memcmp(&line->sources[i - 1], &line->sources[i],
					     sizeof(line->sources[i])) <= 0,
			      "what is wanted is in order");
	}
	target_expect(line->wanted == BATCH_WANT_ANY || is_sorted,
		      "only get and recv want something");
	target_expect(line->wanted != BATCH_WANT_NONE || line->n_sources == 0,
		      "none has no sources");
}

static void check_open(const struct batch_open *open)
{
	target_expect(open->family == AF_INET || open->family == AF_INET6,
		      "a socket has a family");
	target_expect(open->type == SOCK_DGRAM || open->type == SOCK_RAW ||
			      open->type == SOCK_STREAM,
		      "a socket has a type");
	target_expect(open->protocol > 0 && open->protocol <= UINT8_MAX,
		      "a socket has a protocol");
	target_expect(!open->has_address || open->address.ss_family == open->family,
		      "a socket is bound to an address of its family");
	target_expect(!open->is_v6only || open->family == AF_INET6, "v6only is for IPv6");
}

/* The commands that change or read one filter. */
static bool has_membership(enum batch_command command)
{
	return command >= BATCH_JOIN && command <= BATCH_EXCLUDE;
}

static void check_line(const struct batch_line *line)
{
	const struct batch_usage *usage = batch_line_get_usage(line->command);

	target_expect((line->command == BATCH_NOTHING) == (usage == NULL),
		      "a command has a usage");
	target_expect(memchr(line->name, '\0', sizeof(line->name)) != NULL,
		      "a name ends");
	target_expect(memchr(line->interface, '\0', sizeof(line->interface)) != NULL,
		      "an interface ends");
	target_expect(line->has_group == (*line->interface != '\0'),
		      "a group has an interface");
	target_expect(!line->has_group || is_address(&line->group),
		      "a group is an address");
	target_expect(line->has_group || !has_membership(line->command),
		      "a request has a group");
	target_expect(line->expect >= 0 && (line->has_expect || !line->expect),
		      "an errno is one that is expected");
	target_expect(line->wait_ms <= WAIT_MAX_MS, "a wait ends");
	target_expect(line->command != BATCH_ECHO || line->text, "echo has a text");
	check_sources(line);
	if (line->command == BATCH_OPEN)
		check_open(&line->open);
}

/* In memory of just that size: nothing behind it may be read. */
static void run_line(const uint8_t *data, size_t len)
{
	char why[BATCH_LINE_WHY_MAX] = "";
	struct batch_line line;
	char *bytes = malloc(len ? len : 1);
	int r;

	target_expect(bytes != NULL, "no memory");
	if (len > 0)
		memcpy(bytes, data, len);
	r = batch_line_parse(bytes, len, &line, why);
	target_expect(r == 0 || r == -EINVAL, "0 or -EINVAL");
	if (r < 0) {
		check_why(why);
	} else {
		check_line(&line);
		batch_line_fini(&line);
	}
	free(bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	run_line(data, len);
	while (len > 0) {
		const uint8_t *end = memchr(data, '\n', len);
		size_t n = end ? (size_t)(end - data) : len;

		run_line(data, n);
		len -= n + (end != NULL);
		data += n + (end != NULL);
	}
	return 0;
}
