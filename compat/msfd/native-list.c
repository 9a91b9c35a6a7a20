/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * native-list: reads /proc/net/igmp and igmp6 (see native-list.h).
 *
 * Invariant: a scanner never looks at or behind its end, and one that has failed stays
 * where it is: so a line is read without asking after each word, and at its end once.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <net/if.h>

#include "msfd/native-list.h"

/* Of the caller's thread, and there whatever else of /proc is hidden (ProcSubset=). */
#define IGMP_PATH  "/proc/thread-self/net/igmp"
#define IGMP6_PATH "/proc/thread-self/net/igmp6"

/* Somebody's mistake, not a host's groups. */
#define TEXT_MAX (64u << 20)

struct scanner {
	const char *next, *end;
	bool has_failed;
};

static int scanner_peek(const struct scanner *scanner)
{
	return scanner->next < scanner->end ? (unsigned char)*scanner->next : -1;
}

static void scanner_literal(struct scanner *scanner, const char *literal)
{
	size_t len = strlen(literal);

	if (scanner->has_failed || (size_t)(scanner->end - scanner->next) < len ||
	    memcmp(scanner->next, literal, len) != 0)
		scanner->has_failed = true;
	else
		scanner->next += len;
}

static void scanner_spaces(struct scanner *scanner)
{
	while (scanner_peek(scanner) == ' ')
		scanner->next++;
}

static int digit_value(int c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return 16;
}

/* At least one digit, at most max_digits, no more than max. */
static uint64_t scanner_number(struct scanner *scanner, unsigned int base,
			       unsigned int max_digits, uint64_t max)
{
	uint64_t value = 0;
	unsigned int n = 0;
	int digit;

	while ((digit = digit_value(scanner_peek(scanner))) < (int)base &&
	       n < max_digits) {
		value = value * base + (unsigned int)digit;
		scanner->next++;
		n++;
	}
	if (!n || value > max || digit < (int)base)
		scanner->has_failed = true;
	return value;
}

/* Exactly so many digits, 16 at most. */
static uint64_t scanner_hex(struct scanner *scanner, unsigned int n_digits)
{
	uint64_t value = 0;
	int digit;

	while (n_digits-- && !scanner->has_failed) {
		digit = digit_value(scanner_peek(scanner));
		scanner->has_failed = digit > 15;
		value = value << 4 | (unsigned int)(digit & 15);
		scanner->next += !scanner->has_failed;
	}
	return value;
}

/* The name of an interface, which has no colon, no space and no control character. */
static void scanner_name(struct scanner *scanner)
{
	unsigned int n = 0;
	int c;

	while ((c = scanner_peek(scanner)) > ' ' && c != ':' && n < IF_NAMESIZE) {
		scanner->next++;
		n++;
	}
	if (!n || n == IF_NAMESIZE)
		scanner->has_failed = true;
}

/* Decimal, with spaces before it; signed numbers of the kernel that nobody needs. */
static void scanner_skip_number(struct scanner *scanner)
{
	scanner_spaces(scanner);
	if (scanner_peek(scanner) == '-')
		scanner->next++;
	scanner_number(scanner, 10, 20, UINT64_MAX);
}

static uint32_t scanner_ifindex(struct scanner *scanner)
{
	uint32_t ifindex = (uint32_t)scanner_number(scanner, 10, 10, INT32_MAX);

	if (!ifindex)
		scanner->has_failed = true;
	return ifindex;
}

static int list_add(struct native_list *list, const struct native_entry *entry)
{
	size_t room = list->room ? 2 * list->room : 64;
	struct native_entry *entries;

	if (list->n == list->room) {
		entries = reallocarray(list->entries, room, sizeof(*entries));
		if (!entries)
			return -ENOMEM;
		list->entries = entries;
		list->room = room;
	}
	list->entries[list->n++] = *entry;
	return 0;
}

void native_list_fini(struct native_list *list)
{
	free(list->entries);
	*list = (struct native_list){ 0 };
}

/* "2\teth0      :     1      V3" */
static int parse_igmp_interface(struct scanner *scanner, struct native_entry *ret)
{
	uint32_t ifindex = scanner_ifindex(scanner);

	scanner_literal(scanner, "\t");
	scanner_name(scanner);
	scanner_spaces(scanner);
	scanner_literal(scanner, ":");
	scanner_skip_number(scanner);
	scanner_spaces(scanner);
	scanner_literal(scanner, "V");
	scanner_number(scanner, 10, 1, 3);
	scanner_literal(scanner, "\n");
	if (scanner->has_failed)
		return -EBADMSG;
	ret->ifindex = ifindex;
	return 0;
}

/* "\t\t\t\t010000E0     1 0:00000000\t\t0": the group as it lies in memory, printed as
 * one number. */
static int parse_igmp_group(struct scanner *scanner, struct native_entry *ret)
{
	uint32_t group;

	scanner_literal(scanner, "\t\t\t\t");
	group = ntohl((uint32_t)scanner_hex(scanner, 8));
	scanner_spaces(scanner);
	ret->users = (uint32_t)scanner_number(scanner, 10, 10, INT32_MAX);
	scanner_literal(scanner, " ");
	scanner_number(scanner, 10, 1, 1);
	scanner_literal(scanner, ":");
	scanner_number(scanner, 16, 16, UINT64_MAX);
	scanner_literal(scanner, "\t\t");
	scanner_skip_number(scanner);
	scanner_literal(scanner, "\n");
	if (scanner->has_failed || !ret->ifindex)
		return -EBADMSG;
	ret->group = addr_from_ipv4(group);
	return addr_is_multicast(ret->group) ? 1 : -EBADMSG;
}

/* One line: 1 and a group, 0: none, or -EBADMSG. *entry is what the lines before say. */
typedef int parse_line(struct scanner *scanner, struct native_entry *entry);

static int parse_igmp_line(struct scanner *scanner, struct native_entry *entry)
{
	return scanner_peek(scanner) == '\t' ? parse_igmp_group(scanner, entry)
					     : parse_igmp_interface(scanner, entry);
}

/* "2    eth0            ff020000000000000000000000000001     1 0000000C 0" */
static int parse_igmp6_line(struct scanner *scanner, struct native_entry *entry)
{
	entry->ifindex = scanner_ifindex(scanner);
	scanner_literal(scanner, " ");
	scanner_spaces(scanner);
	scanner_name(scanner);
	scanner_literal(scanner, " ");
	scanner_spaces(scanner);
	entry->group.hi = scanner_hex(scanner, 16);
	entry->group.lo = scanner_hex(scanner, 16);
	scanner_literal(scanner, " ");
	scanner_spaces(scanner);
	entry->users = (uint32_t)scanner_number(scanner, 10, 10, INT32_MAX);
	scanner_literal(scanner, " ");
	scanner_hex(scanner, 8);
	scanner_skip_number(scanner);
	scanner_literal(scanner, "\n");
	if (scanner->has_failed || addr_is_ipv4(entry->group))
		return -EBADMSG;
	return addr_is_multicast(entry->group) ? 1 : -EBADMSG;
}

static int parse_lines(struct native_list *list, struct scanner *scanner,
		       parse_line *parse)
{
	struct native_entry entry = { 0 };
	size_t n = list->n;
	int r = 0;

	while (r >= 0 && scanner->next < scanner->end) {
		r = parse(scanner, &entry);
		if (r > 0)
			r = list_add(list, &entry);
	}
	if (r < 0)
		list->n = n;
	return r < 0 ? r : 0;
}

int native_list_parse_igmp(struct native_list *list, const char *text, size_t len)
{
	struct scanner scanner = { .next = text, .end = text + len };

	scanner_literal(&scanner, "Idx\tDevice    : Count Querier\t"
				  "Group    Users Timer\tReporter\n");
	return scanner.has_failed ? -EBADMSG
				  : parse_lines(list, &scanner, parse_igmp_line);
}

int native_list_parse_igmp6(struct native_list *list, const char *text, size_t len)
{
	struct scanner scanner = { .next = text, .end = text + len };

	return parse_lines(list, &scanner, parse_igmp6_line);
}

int native_list_compare(const struct native_entry *a, const struct native_entry *b)
{
	if (a->ifindex != b->ifindex)
		return a->ifindex < b->ifindex ? -1 : 1;
	return addr_compare(a->group, b->group);
}

static int compare(const void *a, const void *b)
{
	return native_list_compare(a, b);
}

void native_list_sort(struct native_list *list)
{
	size_t i, n = 0;

	if (list->n)
		qsort(list->entries, list->n, sizeof(*list->entries), compare);
	for (i = 0; i < list->n; i++)
		if (!n || native_list_compare(&list->entries[n - 1], &list->entries[i]))
			list->entries[n++] = list->entries[i];
	list->n = n;
}

struct text {
	char *bytes; /* owned */
	size_t n, room;
};

static int text_reserve(struct text *text)
{
	size_t room = text->room ? 2 * text->room : 16384;
	char *bytes;

	if (text->n < text->room)
		return 0;
	bytes = room <= TEXT_MAX ? realloc(text->bytes, room) : NULL;
	if (!bytes)
		return -ENOMEM;
	text->bytes = bytes;
	text->room = room;
	return 0;
}

static int text_read(struct text *text, int fd)
{
	ssize_t n;
	int r;

	for (;;) {
		r = text_reserve(text);
		if (r < 0)
			return r;
		n = read(fd, text->bytes + text->n, text->room - text->n);
		if (n > 0)
			text->n += (size_t)n;
		else if (n == 0 || errno != EINTR)
			return n < 0 ? -errno : 0;
	}
}

static int read_file(struct native_list *list, const char *path,
		     int (*parse)(struct native_list *, const char *, size_t))
{
	struct text text = { 0 };
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	int r;

	if (fd < 0)
		return errno == ENOENT ? 0 : -errno;
	r = text_read(&text, fd);
	close(fd);
	if (r == 0 && text.n)
		r = parse(list, text.bytes, text.n);
	free(text.bytes);
	return r;
}

int native_list_read(struct native_list *list)
{
	int r;

	list->n = 0;
	r = read_file(list, IGMP_PATH, native_list_parse_igmp);
	if (r == 0)
		r = read_file(list, IGMP6_PATH, native_list_parse_igmp6);
	if (r < 0)
		list->n = 0;
	native_list_sort(list);
	return r;
}
