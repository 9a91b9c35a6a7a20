/* SPDX-License-Identifier: BSD-2-Clause */
/* Messages of programs and msfd: what is written is read as the same, nothing else is. */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "agent/message.h"
#include "tap.h"

#define SERIAL 0xfeedu

static struct addr many[MESSAGE_SOURCES_MAX + 1];

struct wire {
	uint64_t bytes[MESSAGE_MAX / sizeof(uint64_t) + 1];
	size_t len;
};

static struct wire wire;

static void check(struct tap *tap, bool ok, const char *sentence)
{
	tap_expect(tap, ok, "it does not hold");
	tap_end(tap, "%s", sentence);
}

static struct addr ipv4(uint32_t address)
{
	return addr_from_ipv4(address);
}

static struct addr ipv6(uint64_t lo)
{
	return (struct addr){ 0xfd09ull << 48, lo };
}

static struct message make_set(enum filter_mode mode, struct addr *sources, uint32_t n)
{
	return (struct message){
		.type = MESSAGE_SET,
		.serial = SERIAL,
		.stamp = 1234567890123456789ull,
		.ifindex = 7,
		.group = ipv4(0xe8010101),
		.filter = { mode, { n, sources } },
	};
}

static struct message make_named(enum message_type type, const char *name)
{
	struct message message = { .type = type, .serial = SERIAL };

	snprintf(message.name, sizeof(message.name), "%s", name);
	return message;
}

static int encode(const struct message *message)
{
	int r = message_encode(message, wire.bytes, sizeof(wire.bytes));

	wire.len = r < 0 ? 0 : (size_t)r;
	return r;
}

static int decode(struct message *ret)
{
	return message_decode(wire.bytes, wire.len, ret);
}

/* Is it refused both by who writes it and by who reads it? */
static bool is_refused(const struct message *message)
{
	return encode(message) == -EINVAL;
}

static bool is_equal(const struct message *a, const struct message *b)
{
	return a->type == b->type && a->serial == b->serial && a->stamp == b->stamp &&
	       a->ifindex == b->ifindex && addr_equal(a->group, b->group) &&
	       filter_equal(&a->filter, &b->filter) &&
	       !memcmp(a->name, b->name, sizeof(a->name)) && a->value == b->value &&
	       a->subject == b->subject && a->error == b->error &&
	       a->reason == b->reason && a->text_len == b->text_len &&
	       (!a->text_len || !memcmp(a->text, b->text, a->text_len));
}

static bool comes_back(const struct message *message)
{
	struct message got;

	return encode(message) > 0 && decode(&got) == 0 && is_equal(message, &got);
}

/* One 32-bit word of what was encoded becomes another. */
static int decode_with(size_t offset, uint32_t value)
{
	struct message got;

	memcpy((char *)wire.bytes + offset, &value, sizeof(value));
	return decode(&got);
}

static void test_whole(struct tap *tap)
{
	struct addr sources[] = { ipv4(0x0a090001), ipv4(0x0a090002) };
	struct message set = make_set(FILTER_INCLUDE, sources, 2);
	struct message settle = { .type = MESSAGE_SETTLE, .serial = 1, .stamp = 5 };
	struct message row = { .type = MESSAGE_ROW, .text = "{}", .text_len = 2 };
	struct message tune = make_named(MESSAGE_TUNE, "robustness");
	struct message host = make_named(MESSAGE_STATIC, "eth0");
	struct message answer = { .type = MESSAGE_ANSWER,
				  .error = -ENOBUFS,
				  .reason = MESSAGE_USER_GROUPS,
				  .value = UINT64_MAX };

	check(tap, comes_back(&set), "a filter with sources comes back from its bytes");
	check(tap, comes_back(&settle), "the end of a socket's report comes back");
	check(tap, comes_back(&row), "a row of text comes back");
	tune.value = 7;
	check(tap, comes_back(&tune), "a tunable and its value come back");
	host.group = (struct addr){ 0xff3eull << 48, 1 };
	check(tap, comes_back(&host), "the end of a static join comes back");
	check(tap, comes_back(&answer), "an answer comes back");
	for (unsigned int i = 0; i < MESSAGE_SUBJECTS; i++) {
		struct message ask = { .type = MESSAGE_ASK, .subject = i };

		tap_expect(tap, comes_back(&ask), "subject %u", i);
	}
	tap_end(tap, "each subject that there is comes back");
}

static void test_filters(struct tap *tap)
{
	struct addr descending[] = { ipv4(0x0a090002), ipv4(0x0a090001) };
	struct addr twice[] = { ipv4(0x0a090001), ipv4(0x0a090001) };
	struct addr other[] = { ipv6(1) };
	struct addr group[] = { ipv4(0xe8000001) };
	struct message message = make_set(FILTER_EXCLUDE, NULL, 0);

	check(tap, comes_back(&message), "EXCLUDE {} is a filter");
	message.filter.mode = FILTER_INCLUDE;
	check(tap, comes_back(&message), "INCLUDE {} is one, too");
	message.filter.mode = FILTER_EXCLUDE + 1;
	check(tap, is_refused(&message), "a filter mode that there is not is refused");
	message = make_set(FILTER_INCLUDE, descending, 2);
	check(tap, is_refused(&message), "sources that descend are refused");
	message = make_set(FILTER_INCLUDE, twice, 2);
	check(tap, is_refused(&message), "a source that is there twice is refused");
	message = make_set(FILTER_INCLUDE, other, 1);
	check(tap, is_refused(&message), "a source of the other family is refused");
	message = make_set(FILTER_INCLUDE, group, 1);
	check(tap, is_refused(&message), "a group is no source");
	message = make_set(FILTER_NONE, other, 1);
	check(tap, is_refused(&message), "no membership has no sources");
	message = make_set(FILTER_NONE, NULL, 0);
	message.group = ipv4(0x0a090001);
	check(tap, is_refused(&message), "a group is multicast");
	message = make_set(FILTER_EXCLUDE, NULL, 0);
	message.ifindex = 0;
	check(tap, is_refused(&message), "an interface has an index");
	message.ifindex = 1u << 31;
	check(tap, is_refused(&message), "which is no more than an int holds");
}

static void test_sizes(struct tap *tap)
{
	struct message message = make_set(FILTER_INCLUDE, many, MESSAGE_SOURCES_MAX);
	char text[MESSAGE_ROW_MAX];
	struct message row = { .type = MESSAGE_ROW, .text = text };
	int len;

	for (uint32_t i = 0; i <= MESSAGE_SOURCES_MAX; i++)
		many[i] = ipv4(0x0a000001 + i);
	check(tap, comes_back(&message), "as many sources as a message holds come back");
	len = (int)wire.len;
	check(tap,
	      message_encode(&message, wire.bytes, (size_t)len - 1) == -ENOBUFS &&
		      message_encode(&message, wire.bytes, (size_t)len) == len,
	      "a message is written where there is room for it");
	message.filter.sources.n++;
	check(tap, is_refused(&message), "one source more is refused");
	memset(text, 'x', sizeof(text));
	row.text_len = MESSAGE_ROW_MAX - 16;
	check(tap, comes_back(&row) && wire.len == MESSAGE_MAX,
	      "a row fills the largest message");
	row.text_len++;
	check(tap, is_refused(&row), "and no more");
	row.text_len = 0;
	check(tap, is_refused(&row), "a row has text");
	text[3] = '\0';
	row.text_len = 5;
	check(tap, is_refused(&row), "and no NUL in it");
}

static void test_names(struct tap *tap)
{
	struct message message = make_named(MESSAGE_TUNE, "a-name");

	message.name[10] = 'x';
	check(tap, is_refused(&message), "nothing is behind the end of a name");
	message = make_named(MESSAGE_TUNE, "");
	check(tap, is_refused(&message), "a name is not empty");
	message = make_named(MESSAGE_TUNE, "two words");
	check(tap, is_refused(&message), "nor has it blanks");
	message = make_named(MESSAGE_TUNE, "\033[2J");
	check(tap, is_refused(&message), "or what a terminal obeys");
	memset(message.name, 'n', sizeof(message.name));
	check(tap, is_refused(&message), "and it ends");
	message.name[MESSAGE_NAME_MAX - 1] = '\0';
	check(tap, comes_back(&message), "the longest name comes back");
}

static void test_answers(struct tap *tap)
{
	struct message message = { .type = MESSAGE_ANSWER, .error = -EINVAL };

	check(tap, is_refused(&message), "what is refused has a reason");
	message.reason = MESSAGE_REASONS;
	check(tap, is_refused(&message), "which is one of those that there are");
	message.error = EINVAL;
	message.reason = MESSAGE_BAD;
	check(tap, is_refused(&message), "errors are below zero");
	message.error = INT_MIN;
	check(tap, is_refused(&message), "and errno values");
	message.error = 0;
	check(tap, is_refused(&message), "what is done has no reason");
}

static void test_bytes(struct tap *tap)
{
	struct addr sources[] = { ipv4(0x0a090001), ipv4(0x0a090002) };
	struct message message = make_set(FILTER_EXCLUDE, sources, 2), got = { 0 };
	size_t len;

	encode(&message);
	len = wire.len;
	for (wire.len = 0; wire.len < len; wire.len++)
		tap_expect(tap, decode(&got) == -EBADMSG, "%zu bytes", wire.len);
	wire.len = len + 1;
	tap_expect(tap, decode(&got) == -EBADMSG, "one more");
	tap_end(tap, "a message that is shorter or longer than it says is broken");
	memmove((char *)wire.bytes + 1, wire.bytes, len);
	tap_expect(tap, message_decode((char *)wire.bytes + 1, len, &got) == -EBADMSG,
		   "off by one");
	tap_end(tap, "one that is not aligned is never looked at");
	encode(&message);
	check(tap, decode_with(2, 99 | (uint32_t)len << 16) == -EBADMSG,
	      "a type that there is not is broken");
	encode(&message);
	check(tap, decode_with(12, 1) == -EBADMSG, "so is a gap that is not empty");
	encode(&message);
	check(tap, decode_with(48, 0x10000001) == -EBADMSG,
	      "so is a number of sources that would be right if it were cut off");
	encode(&message);
	check(tap, decode_with(48, 1) == -EBADMSG, "or that leaves some over");
	encode(&message);
	check(tap, decode_with(44, FILTER_EXCLUDE + 1) == -EBADMSG,
	      "so is a filter mode that there is not");
}

static void test_version(struct tap *tap)
{
	struct message message = make_set(FILTER_NONE, NULL, 0);
	struct message got = { .type = MESSAGE_ROW, .serial = 1 };

	encode(&message);
	((uint16_t *)wire.bytes)[0] = MESSAGE_VERSION + 1;
	check(tap,
	      decode(&got) == -EPROTO && got.serial == SERIAL && got.type == MESSAGE_ROW,
	      "of another version only the serial is read");
	wire.len -= 8;
	check(tap, decode(&got) == -EBADMSG, "and its length has to be right");
}

static void test_reasons(struct tap *tap)
{
	check(tap, message_get_error(MESSAGE_DONE) == 0, "what is done is no error");
	for (unsigned int i = 1; i < MESSAGE_REASONS; i++) {
		const char *words = message_describe(i);
		size_t len = words ? strlen(words) : 0;

		tap_expect(tap, message_get_error(i) > 0, "%u has no errno", i);
		tap_expect(tap, len > 4 && words[len - 1] != '.', "%u: %s", i, words);
	}
	tap_end(tap, "every reason has an errno and a sentence");
	for (unsigned int i = MESSAGE_CLIENT_GROUPS; i <= MESSAGE_TOTAL_MESSAGES; i++) {
		bool is_rate = i == MESSAGE_CLIENT_MESSAGES ||
			       i == MESSAGE_USER_MESSAGES || i == MESSAGE_TOTAL_MESSAGES;

		tap_expect(tap, message_get_error(i) == (is_rate ? EAGAIN : ENOBUFS),
			   "%u", i);
	}
	tap_end(tap, "limits are ENOBUFS, those of messages EAGAIN");
}

static void test_path(struct tap *tap)
{
	char path[MESSAGE_PATH_MAX], end[8] = "";
	unsigned long inode = 0;

	tap_expect(tap, message_get_path(path) == 0, "no path");
	tap_expect(tap,
		   sscanf(path, "/run/msfd/%lu.%7s", &inode, end) == 2 && inode > 0 &&
			   !strcmp(end, "sock"),
		   "%s", path);
	tap_end(tap, "the path of the agent names the namespace by its inode");
}

int main(void)
{
	struct tap tap = { 0 };

	test_whole(&tap);
	test_filters(&tap);
	test_sizes(&tap);
	test_names(&tap);
	test_answers(&tap);
	test_bytes(&tap);
	test_version(&tap);
	test_reasons(&tap);
	test_path(&tap);
	return tap_finish(&tap);
}
