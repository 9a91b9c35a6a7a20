/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * batch-line: the words of a line and what they mean (see batch-line.h).
 *
 * Invariant: a line is read as a whole or refused with the word that is wrong;
 * nothing here looks at the system.
 */
#include <errno.h>
#include <netinet/in.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "batch-line.h"
#include "endpoint.h"

#define DIGITS  "0123456789"
#define LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"

#define ERRNO_MAX 4095 /* of Linux */

/* The longest time that can be asked for: a century. */
#define SECONDS_MAX 3.2e9

#define ELLIPSIS_AT 40 /* characters of a word that a message repeats */

struct reader {
	const char *bytes; /* the line as it was given, borrowed */
	char *copy;        /* the same, a NUL behind each word */
	char **words;      /* into copy */
	size_t n_words, next;
	const struct batch_usage *usage;
	char *why;
};

typedef int parse_function(struct reader *reader, struct batch_line *line);

static parse_function parse_open, parse_name, parse_membership, parse_delta, parse_set,
	parse_get, parse_all, parse_recv, parse_sleep, parse_echo, parse_nothing;

static const struct {
	struct batch_usage usage;
	parse_function *parse;
} commands[BATCH_N_COMMANDS] = {
	[BATCH_OPEN] = { { "open",
			   "[NAME] [inet|inet6] [udp|udplite|ping|tcp|raw PROTOCOL] "
			   "[bind [ADDRESS][:PORT]] [reuse] [v6only]",
			   "open a socket; inet, udp, unbound" },
			 parse_open },
	[BATCH_CLOSE] = { { "close", "[NAME]", "close it" }, parse_name },
	[BATCH_JOIN] = { { "join", "[NAME] GROUP IFACE", "join for every source" },
			 parse_membership },
	[BATCH_LEAVE] = { { "leave", "[NAME] GROUP IFACE",
			    "leave, whatever the filter is" },
			  parse_membership },
	[BATCH_JOIN_SOURCE] = { { "join-source", "[NAME] GROUP IFACE SOURCE",
				  "join one source, or one more" },
				parse_delta },
	[BATCH_LEAVE_SOURCE] = { { "leave-source", "[NAME] GROUP IFACE SOURCE",
				   "leave one source" },
				 parse_delta },
	[BATCH_BLOCK] = { { "block", "[NAME] GROUP IFACE SOURCE",
			    "block a source of a joined group" },
			  parse_delta },
	[BATCH_UNBLOCK] = { { "unblock", "[NAME] GROUP IFACE SOURCE", "unblock it" },
			    parse_delta },
	[BATCH_ALLOW] = { { "allow", "[NAME] GROUP IFACE SOURCE",
			    "unblock in EXCLUDE mode, else join-source" },
			  parse_delta },
	[BATCH_INCLUDE] = { { "include", "[NAME] GROUP IFACE [idempotent] [SOURCE...]",
			      "set the whole filter: these sources" },
			    parse_set },
	[BATCH_EXCLUDE] = { { "exclude", "[NAME] GROUP IFACE [idempotent] [SOURCE...]",
			      "set the whole filter: all but these" },
			    parse_set },
	[BATCH_GET] = { { "get",
			  "[NAME] [GROUP IFACE [none|include|exclude [SOURCE...]]]",
			  "read the filter, or all; fail if it is not that" },
			parse_get },
	[BATCH_ALL] = { { "all", "[NAME] on|off", "set IP_MULTICAST_ALL, and of IPv6" },
			parse_all },
	[BATCH_RECV] = { { "recv", "[NAME] SECONDS [none|SOURCE...]",
			   "count packets; fail if not of those sources" },
			 parse_recv },
	[BATCH_SLEEP] = { { "sleep", "SECONDS", "wait" }, parse_sleep },
	[BATCH_ECHO] = { { "echo", "[TEXT]", "print it" }, parse_echo },
	[BATCH_HELP] = { { "help", "", "list the commands" }, parse_nothing },
	[BATCH_QUIT] = { { "quit", "", "end here" }, parse_nothing },
};

const struct batch_usage *batch_line_get_usage(enum batch_command command)
{
	return commands[command].usage.name ? &commands[command].usage : NULL;
}

/* "WORD: why"; word NULL: why alone. */
__attribute__((format(printf, 3, 4))) static int refuse(struct reader *reader,
							const char *word,
							const char *format, ...)
{
	char why[BATCH_LINE_WHY_MAX - ELLIPSIS_AT - 8];
	va_list ap;

	va_start(ap, format);
	vsnprintf(why, sizeof(why), format, ap);
	va_end(ap);
	if (word)
		snprintf(reader->why, BATCH_LINE_WHY_MAX, "%.*s%s: %s", ELLIPSIS_AT, word,
			 strlen(word) > ELLIPSIS_AT ? "..." : "", why);
	else
		snprintf(reader->why, BATCH_LINE_WHY_MAX, "%s", why);
	return -EINVAL;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static bool is_control(char c)
{
	return ((unsigned char)c < ' ' && c != '\t') || c == '\177';
}

static int split(struct reader *reader, size_t len)
{
	bool is_inside = false;

	for (size_t i = 0; i < len; i++) {
		char *c = &reader->copy[i];

		if (*c == '#' && !is_inside)
			return 0;
		if (is_control(*c))
			return refuse(reader, NULL,
				      "byte 0x%02x in column %zu: control characters "
				      "are not allowed",
				      (unsigned char)*c, i + 1);
		if (is_blank(*c))
			*c = '\0';
		else if (!is_inside)
			reader->words[reader->n_words++] = c;
		is_inside = *c != '\0';
	}
	return 0;
}

/* NULL: there is none. */
static const char *peek(const struct reader *reader)
{
	return reader->next < reader->n_words ? reader->words[reader->next] : NULL;
}

static const char *take(struct reader *reader)
{
	const char *word = peek(reader);

	if (word)
		reader->next++;
	return word;
}

/* The next word, when it is this one. */
static bool take_if(struct reader *reader, const char *wanted)
{
	const char *word = peek(reader);

	if (!word || strcmp(word, wanted) != 0)
		return false;
	reader->next++;
	return true;
}

static int refuse_end(struct reader *reader, const char *what)
{
	return refuse(reader, NULL, "%s is missing: %s %s", what, reader->usage->name,
		      reader->usage->arguments);
}

static bool is_name(const char *word)
{
	return word && strspn(word, LETTERS) > 0 &&
	       strspn(word, LETTERS DIGITS "_-") == strlen(word);
}

static int take_name(struct reader *reader, struct batch_line *line)
{
	const char *word = take(reader);

	if (strlen(word) >= BATCH_LINE_NAME_MAX)
		return refuse(reader, word, "a socket's name has %d characters at most",
			      BATCH_LINE_NAME_MAX - 1);
	memcpy(line->name, word, strlen(word) + 1);
	return 0;
}

static int parse_socket(struct reader *reader, struct batch_line *line)
{
	return is_name(peek(reader)) ? take_name(reader, line) : 0;
}

static int parse_name(struct reader *reader, struct batch_line *line)
{
	const char *word = peek(reader);

	if (word && !is_name(word))
		return refuse(reader, word,
			      "no name of a socket: a letter, then letters, digits, "
			      "_ and -");
	return parse_socket(reader, line);
}

static int parse_nothing(struct reader *reader, struct batch_line *line)
{
	(void)reader;
	(void)line;
	return 0;
}

static int parse_address(struct reader *reader, const char *word,
			 struct sockaddr_storage *ret)
{
	const char *why;

	if (endpoint_parse_address(word, ret, &why) == 0)
		return 0;
	return refuse(reader, word, "%s", why);
}

static int take_group(struct reader *reader, struct batch_line *line)
{
	const char *word = take(reader);
	int r = word ? parse_address(reader, word, &line->group)
		     : refuse_end(reader, "GROUP");

	line->has_group = r == 0;
	return r;
}

static int take_interface(struct reader *reader, struct batch_line *line)
{
	const char *word = take(reader);

	if (!word)
		return refuse_end(reader, "IFACE");
	if (strlen(word) >= BATCH_LINE_INTERFACE_MAX)
		return refuse(reader, word, "too long for an interface");
	memcpy(line->interface, word, strlen(word) + 1);
	return 0;
}

static int parse_membership(struct reader *reader, struct batch_line *line)
{
	int r = parse_socket(reader, line);

	if (r == 0)
		r = take_group(reader, line);
	return r == 0 ? take_interface(reader, line) : r;
}

/* As many as there are words left, up to max. */
static int take_sources(struct reader *reader, struct batch_line *line, size_t max)
{
	size_t n = reader->n_words - reader->next;
	int r = 0;

	if (n == 0)
		return 0;
	line->sources = calloc(n < max ? n : max, sizeof(*line->sources));
	if (!line->sources)
		return -ENOMEM;
	while (r == 0 && peek(reader) && line->n_sources < max)
		r = parse_address(reader, take(reader),
				  &line->sources[line->n_sources++]);
	return r;
}

static int compare_sources(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct sockaddr_storage));
}

/* What is to be found: the order does not matter, so it is always the same. */
static int take_wanted_sources(struct reader *reader, struct batch_line *line)
{
	int r = take_sources(reader, line, SIZE_MAX);

	if (r == 0 && line->n_sources > 1)
		qsort(line->sources, line->n_sources, sizeof(*line->sources),
		      compare_sources);
	return r;
}

static int parse_delta(struct reader *reader, struct batch_line *line)
{
	int r = parse_membership(reader, line);

	if (r == 0 && !peek(reader))
		return refuse_end(reader, "SOURCE");
	return r == 0 ? take_sources(reader, line, 1) : r;
}

static int parse_set(struct reader *reader, struct batch_line *line)
{
	int r = parse_membership(reader, line);

	if (r < 0)
		return r;
	line->is_idempotent = take_if(reader, "idempotent");
	return take_sources(reader, line, SIZE_MAX);
}

static int parse_get(struct reader *reader, struct batch_line *line)
{
	int r = parse_socket(reader, line);

	if (r < 0 || !peek(reader))
		return r;
	r = take_group(reader, line);
	if (r == 0)
		r = take_interface(reader, line);
	if (r < 0 || !peek(reader))
		return r;
	if (take_if(reader, "none")) {
		line->wanted = BATCH_WANT_NONE;
		return 0;
	}
	if (take_if(reader, "include"))
		line->wanted = BATCH_WANT_INCLUDE;
	else if (take_if(reader, "exclude"))
		line->wanted = BATCH_WANT_EXCLUDE;
	else
		return refuse(reader, peek(reader), "must be none, include or exclude");
	return take_wanted_sources(reader, line);
}

static int parse_all(struct reader *reader, struct batch_line *line)
{
	int r = 0;

	if (reader->n_words - reader->next > 1)
		r = parse_name(reader, line);
	if (r < 0)
		return r;
	line->is_on = take_if(reader, "on");
	if (line->is_on || take_if(reader, "off"))
		return 0;
	return peek(reader) ? refuse(reader, peek(reader), "must be on or off")
			    : refuse_end(reader, "on or off");
}

static int parse_sleep(struct reader *reader, struct batch_line *line)
{
	const char *word = take(reader);
	double seconds;
	char *end;

	if (!word)
		return refuse_end(reader, "SECONDS");
	seconds = strtod(word, &end);
	if (strspn(word, DIGITS ".") != strlen(word) || *end || end == word)
		return refuse(reader, word,
			      "must be a number of seconds, such as 2 or 0.5");
	if (seconds > SECONDS_MAX)
		return refuse(reader, word, "too long a time");
	line->wait_ms = (uint64_t)(seconds * 1000 + 0.5);
	return 0;
}

static int parse_recv(struct reader *reader, struct batch_line *line)
{
	int r = parse_socket(reader, line);

	if (r == 0)
		r = parse_sleep(reader, line);
	if (r < 0 || !peek(reader))
		return r;
	line->wanted = BATCH_WANT_INCLUDE;
	if (take_if(reader, "none")) {
		line->wanted = BATCH_WANT_NONE;
		return 0;
	}
	return take_wanted_sources(reader, line);
}

/* As it was written, from its first word to its last. */
static int parse_echo(struct reader *reader, struct batch_line *line)
{
	const char *last = reader->words[reader->n_words - 1];
	size_t start, end;

	if (!peek(reader)) {
		line->text = strdup("");
		return line->text ? 0 : -ENOMEM;
	}
	start = (size_t)(peek(reader) - reader->copy);
	end = (size_t)(last - reader->copy) + strlen(last);
	line->text = calloc(1, end - start + 1);
	if (!line->text)
		return -ENOMEM;
	memcpy(line->text, reader->bytes + start, end - start); /* has no NUL */
	reader->next = reader->n_words;
	return 0;
}

/* The options of open */

struct open_words {
	int family; /* AF_UNSPEC: not given, as the zeroes below */
	bool is_raw;
	int type, protocols[2]; /* IPv4, IPv6 */
	bool is_any;            /* bind :PORT */
	struct endpoint endpoint;
};

static const struct {
	const char *name;
	int type, protocols[2];
} open_types[] = {
	{ "udp", SOCK_DGRAM, { IPPROTO_UDP, IPPROTO_UDP } },
	{ "udplite", SOCK_DGRAM, { IPPROTO_UDPLITE, IPPROTO_UDPLITE } },
	{ "ping", SOCK_DGRAM, { IPPROTO_ICMP, IPPROTO_ICMPV6 } },
	{ "tcp", SOCK_STREAM, { IPPROTO_TCP, IPPROTO_TCP } },
};

#define N_OPEN_TYPES (sizeof(open_types) / sizeof(*open_types))

/* Words that are no names of sockets there. */
static bool is_open_word(const char *word)
{
	static const char *const words[] = { "inet", "inet6", "raw",
					     "bind", "reuse", "v6only" };

	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
		if (!strcmp(word, words[i]))
			return true;
	for (size_t i = 0; i < N_OPEN_TYPES; i++)
		if (!strcmp(word, open_types[i].name))
			return true;
	return false;
}

static bool take_family(struct reader *reader, int *ret)
{
	if (take_if(reader, "inet"))
		*ret = AF_INET;
	else if (take_if(reader, "inet6"))
		*ret = AF_INET6;
	else
		return false;
	return true;
}

static bool take_type(struct reader *reader, struct open_words *words)
{
	for (size_t i = 0; i < N_OPEN_TYPES; i++)
		if (take_if(reader, open_types[i].name)) {
			words->type = open_types[i].type;
			words->protocols[0] = open_types[i].protocols[0];
			words->protocols[1] = open_types[i].protocols[1];
			return true;
		}
	return false;
}

static int take_protocol(struct reader *reader, struct open_words *words)
{
	const char *word = take(reader);
	int value;

	if (!word)
		return refuse_end(reader, "PROTOCOL");
	value = strspn(word, DIGITS) == strlen(word) && strlen(word) <= 3 ? atoi(word)
									  : 0;
	if (value < 1 || value > UINT8_MAX)
		return refuse(reader, word,
			      "must be the number of a protocol, 1 to 255 (2: IGMP)");
	words->type = SOCK_RAW;
	words->protocols[0] = words->protocols[1] = value;
	return 0;
}

/* [ADDRESS][:PORT], at least one of them. */
static int take_bind(struct reader *reader, struct open_words *words)
{
	const char *word = take(reader);
	char with_address[ENDPOINT_TEXT_MAX];
	const char *why;

	if (!word)
		return refuse_end(reader, "[ADDRESS][:PORT]");
	words->is_any = word[0] == ':' && word[1] != ':';
	if (words->is_any) {
		snprintf(with_address, sizeof(with_address), "0.0.0.0%.32s", word);
		if (endpoint_parse(with_address, &words->endpoint, &why) < 0)
			return refuse(reader, word, "%s", why);
		return 0;
	}
	if (endpoint_parse(word, &words->endpoint, &why) < 0)
		return refuse(reader, word, "%s", why);
	if (words->endpoint.n_groups > 1)
		return refuse(reader, word, "a socket is bound to one address");
	return 0;
}

static int take_option(struct reader *reader, struct open_words *words,
		       struct batch_open *open)
{
	const char *word = peek(reader);

	if (!words->family && take_family(reader, &words->family))
		return 0;
	if (!words->type && take_type(reader, words))
		return 0;
	if (!words->type && take_if(reader, "raw"))
		return take_protocol(reader, words);
	if (!open->has_address && take_if(reader, "bind")) {
		open->has_address = true;
		return take_bind(reader, words);
	}
	if (!open->is_reuse && take_if(reader, "reuse")) {
		open->is_reuse = true;
		return 0;
	}
	if (!open->is_v6only && take_if(reader, "v6only")) {
		open->is_v6only = true;
		return 0;
	}
	if (is_open_word(word))
		return refuse(reader, word, "given twice, or with its contrary");
	return refuse(reader, word, "no option of open: open %s",
		      reader->usage->arguments);
}

static void set_address(struct batch_open *open, const struct open_words *words)
{
	struct endpoint endpoint = words->endpoint;

	if (words->is_any && open->family == AF_INET6)
		endpoint.group = (struct sockaddr_storage){ .ss_family = AF_INET6 };
	endpoint_get_group(&endpoint, 0, &open->address);
}

static int check_open(struct reader *reader, struct batch_open *open,
		      struct open_words *words)
{
	int bound = AF_UNSPEC;

	if (open->has_address && !words->is_any)
		bound = words->endpoint.group.ss_family;
	if (open->is_v6only && !words->family && !bound)
		words->family = AF_INET6;
	open->family = words->family ? words->family : bound ? bound : AF_INET;
	if (bound && bound != open->family)
		return refuse(reader, "bind", "an address of the other family");
	if (open->is_v6only && open->family != AF_INET6)
		return refuse(reader, "v6only", "only for inet6");
	open->type = words->type ? words->type : SOCK_DGRAM;
	open->protocol = words->protocols[open->family == AF_INET6];
	if (!words->type)
		open->protocol = IPPROTO_UDP;
	if (open->has_address)
		set_address(open, words);
	return 0;
}

static int parse_open(struct reader *reader, struct batch_line *line)
{
	struct open_words words = { .family = AF_UNSPEC };
	int r = 0;

	if (peek(reader) && !is_open_word(peek(reader)) && is_name(peek(reader)))
		r = take_name(reader, line);
	while (r == 0 && peek(reader))
		r = take_option(reader, &words, &line->open);
	return r == 0 ? check_open(reader, &line->open, &words) : r;
}

/* Before the command */

static int find_errno(const char *name)
{
	for (int i = 1; i <= ERRNO_MAX; i++) {
		const char *known = strerrorname_np(i);

		if (known && !strcmp(known, name))
			return i;
	}
	if (!strcmp(name, "ENOTSUP"))
		return ENOTSUP;
	return !strcmp(name, "EWOULDBLOCK") ? EWOULDBLOCK : 0;
}

static int parse_expect(struct reader *reader, struct batch_line *line)
{
	const char *word;

	if (!take_if(reader, "expect"))
		return 0;
	word = take(reader);
	if (!word)
		return refuse(reader, NULL, "expect: ok or the name of an errno follows");
	line->has_expect = true;
	line->expect = find_errno(word);
	if (!line->expect && strcmp(word, "ok") != 0)
		return refuse(reader, word,
			      "neither ok nor the name of an errno, such as EINVAL");
	if (!peek(reader))
		return refuse(reader, NULL, "expect %s: a command follows", word);
	return 0;
}

static enum batch_command find_command(const char *name)
{
	for (int i = 0; i < BATCH_N_COMMANDS; i++)
		if (commands[i].usage.name && !strcmp(commands[i].usage.name, name))
			return (enum batch_command)i;
	return BATCH_NOTHING;
}

static int parse_words(struct reader *reader, struct batch_line *line)
{
	const char *word;
	int r;

	if (reader->n_words == 0)
		return 0;
	r = parse_expect(reader, line);
	if (r < 0)
		return r;
	word = take(reader);
	line->command = find_command(word);
	if (line->command == BATCH_NOTHING)
		return refuse(reader, word, "no such command; help lists them");
	reader->usage = &commands[line->command].usage;
	r = commands[line->command].parse(reader, line);
	if (r == 0 && peek(reader))
		return refuse(reader, peek(reader), "one word too many: %s %s",
			      reader->usage->name, reader->usage->arguments);
	return r;
}

static int parse_bytes(struct reader *reader, size_t len, struct batch_line *line)
{
	int r;

	reader->copy = malloc(len + 1);
	reader->words = calloc(len / 2 + 1, sizeof(*reader->words));
	if (!reader->copy || !reader->words)
		return -ENOMEM;
	memcpy(reader->copy, reader->bytes, len);
	reader->copy[len] = '\0';
	r = split(reader, len);
	return r == 0 ? parse_words(reader, line) : r;
}

int batch_line_parse(const char *bytes, size_t len, struct batch_line *ret,
		     char why[BATCH_LINE_WHY_MAX])
{
	struct reader reader = { .bytes = bytes, .why = why };
	struct batch_line line = { .command = BATCH_NOTHING };
	int r;

	if (len > BATCH_LINE_MAX)
		return refuse(&reader, NULL, "longer than %d bytes", BATCH_LINE_MAX);
	if (len > 0 && bytes[len - 1] == '\r')
		len--;
	r = parse_bytes(&reader, len, &line);
	free(reader.copy);
	free(reader.words);
	if (r < 0)
		batch_line_fini(&line);
	else
		*ret = line;
	return r;
}

void batch_line_fini(struct batch_line *line)
{
	free(line->sources);
	free(line->text);
	*line = (struct batch_line){ .command = BATCH_NOTHING };
}
