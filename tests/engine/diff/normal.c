/* SPDX-License-Identifier: BSD-2-Clause */
/* See normal.h. */
#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "normal.h"

void normal_clear(struct normal *normal)
{
	normal->n = 0;
	normal->n_strange = 0;
	normal->n_twice = 0;
	normal->strange[0] = '\0';
	normal->longest = 0;
}

static struct addr get_addr(const struct sockaddr_storage *address)
{
	const struct sockaddr_in *sin = (const void *)address;
	const struct sockaddr_in6 *sin6 = (const void *)address;

	if (address->ss_family == AF_INET)
		return addr_from_ipv4(ntohl(sin->sin_addr.s_addr));
	return addr_from_bytes(sin6->sin6_addr.s6_addr);
}

static void add_strange(struct normal *normal, const char *what,
			const struct sockaddr_storage *address)
{
	char text[INET6_ADDRSTRLEN] = "";
	const struct sockaddr_in *sin = (const void *)address;
	const struct sockaddr_in6 *sin6 = (const void *)address;

	if (normal->n_strange++ > 0)
		return;
	if (address->ss_family == AF_INET)
		inet_ntop(AF_INET, &sin->sin_addr, text, sizeof(text));
	else
		inet_ntop(AF_INET6, &sin6->sin6_addr, text, sizeof(text));
	snprintf(normal->strange, sizeof(normal->strange), "%s %s", what, text);
}

static bool is_same(const struct note *a, const struct note *b)
{
	return a->version == b->version && a->type == b->type && a->group == b->group &&
	       bits_equal(&a->sources, &b->sources);
}

void normal_add(struct normal *normal, const struct note *note)
{
	for (unsigned int i = 0; i < normal->n; i++)
		if (is_same(&normal->notes[i], note)) {
			normal->notes[i].n += note->n;
			return;
		}
	if (normal->n == NORMAL_MAX)
		normal->n_strange++;
	else
		normal->notes[normal->n++] = *note;
}

/* The number of a group that is told; -1: it is noise, or a stranger. */
static int read_group(struct normal *normal, const struct sockaddr_storage *address)
{
	int group = names_find_group(get_addr(address));

	if (group < 0 && !names_is_noise(get_addr(address)))
		add_strange(normal, "group", address);
	return group;
}

static void read_source(struct normal *normal, const struct sockaddr_storage *address,
			struct source_bits *bits)
{
	int source = names_find_source(get_addr(address));

	if (source < 0)
		add_strange(normal, "source", address);
	else if (bits_has(bits, (unsigned int)source))
		normal->n_twice++;
	else
		bits_add(bits, (unsigned int)source);
}

static void add_record(struct normal *normal, const struct wire_packet *packet,
		       const struct wire_record *record)
{
	struct note note = { .version = (uint8_t)packet->version,
			     .type = record->type,
			     .n = 1 };
	int group = read_group(normal, &record->group);

	if (group < 0)
		return;
	note.group = (uint8_t)group;
	for (uint32_t i = 0; i < record->n_sources; i++) {
		struct sockaddr_storage source;

		wire_read_source(packet->family, record->sources, i, &source);
		read_source(normal, &source, &note.sources);
	}
	normal_add(normal, &note);
}

static void add_older(struct normal *normal, const struct wire_packet *packet)
{
	struct note note = { .version = (uint8_t)packet->version,
			     .type = packet->is_leave ? NOTE_LEAVE : NOTE_REPORT,
			     .n = 1 };
	int group = read_group(normal, &packet->group);

	if (group < 0)
		return;
	note.group = (uint8_t)group;
	normal_add(normal, &note);
}

void normal_add_packet(struct normal *normal, const struct wire_packet *packet)
{
	struct wire_record record;
	uint32_t offset = 0;

	if (packet->length > normal->longest)
		normal->longest = packet->length;
	if (packet->kind != WIRE_REPORT) {
		add_strange(normal, "no report: to", &packet->destination);
	} else if (packet->group.ss_family != AF_UNSPEC) {
		add_older(normal, packet);
	} else {
		for (uint32_t i = 0; i < packet->n_records; i++)
			if (wire_read_record(packet, &offset, &record) == 0)
				add_record(normal, packet, &record);
			else
				add_strange(normal, "broken: to", &packet->destination);
	}
}

bool normal_has_group(const struct normal *normal, unsigned int group)
{
	for (unsigned int i = 0; i < normal->n; i++)
		if (normal->notes[i].group == group)
			return true;
	return false;
}

static uint32_t count_note(const struct normal *normal, const struct note *note)
{
	for (unsigned int i = 0; i < normal->n; i++)
		if (is_same(&normal->notes[i], note))
			return normal->notes[i].n;
	return 0;
}

static bool is_part(const struct normal *a, const struct normal *b, unsigned int group)
{
	for (unsigned int i = 0; i < a->n; i++)
		if (a->notes[i].group == group &&
		    count_note(b, &a->notes[i]) != a->notes[i].n)
			return false;
	return true;
}

bool normal_equal(const struct normal *a, const struct normal *b, unsigned int group)
{
	return is_part(a, b, group) && is_part(b, a, group);
}

bool normal_equal_more(const struct normal *a, const struct normal *b, unsigned int group)
{
	for (unsigned int i = 0; i < a->n; i++)
		if (a->notes[i].group == group &&
		    (count_note(b, &a->notes[i]) == 0 ||
		     count_note(b, &a->notes[i]) > a->notes[i].n))
			return false;
	for (unsigned int i = 0; i < b->n; i++)
		if (b->notes[i].group == group && count_note(a, &b->notes[i]) == 0)
			return false;
	return true;
}

/* What is told of a group, added up. */
struct tally {
	uint32_t n_told[8][NAMES_SOURCES];
	uint32_t n_empty[16]; /* records without sources, and older messages */
	uint32_t n_cut[8][NAMES_SOURCES + 1]; /* by number of sources */
};

static void add_up(const struct normal *normal, unsigned int group, unsigned int max,
		   struct tally *tally)
{
	memset(tally, 0, sizeof(*tally));
	for (unsigned int i = 0; i < normal->n; i++) {
		const struct note *note = &normal->notes[i];
		unsigned int n = bits_count(&note->sources), type = note->type & 7u;

		if (note->group != group)
			continue;
		if (n == 0)
			tally->n_empty[note->type & 15u] += note->n;
		else if (n >= max && (type == NOTE_IS_EX || type == NOTE_TO_EX))
			tally->n_cut[type][n] += note->n;
		else
			for (unsigned int j = 0; j < NAMES_SOURCES; j++)
				if (bits_has(&note->sources, j))
					tally->n_told[type][j] += note->n;
	}
}

bool normal_equal_wide(const struct normal *a, const struct normal *b, unsigned int group,
		       unsigned int max)
{
	struct tally left, right;

	add_up(a, group, max, &left);
	add_up(b, group, max, &right);
	return memcmp(&left, &right, sizeof(left)) == 0;
}

void normal_print(const struct normal *normal, unsigned int group, char *text,
		  size_t size)
{
	static const char *const names[] = { "?",     "IS_IN", "IS_EX",  "TO_IN", "TO_EX",
					     "ALLOW", "BLOCK", "REPORT", "LEAVE" };
	size_t len = 0;

	text[0] = '\0';
	for (unsigned int i = 0; i < normal->n && len + 64 < size; i++) {
		const struct note *note = &normal->notes[i];

		if (note->group != group)
			continue;
		len += (size_t)snprintf(text + len, size - len, " %ux v%u %s", note->n,
					note->version,
					names[note->type > 8 ? 0 : note->type]);
		len += bits_print(&note->sources, text + len, size - len);
	}
	if (len == 0)
		snprintf(text, size, " nothing");
}
