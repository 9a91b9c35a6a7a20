/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The head is the same in every version; behind it stands what a type has, of fixed
 * size, then sources or text up to the end. All sizes but that of a text are multiples
 * of 8, and every gap is 0, so that one message has one form.
 */
#include "agent/message.h"

#include <errno.h>
#include <stdalign.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#define ERROR_MAX 4095 /* of the errno values of Linux */

struct head {
	uint16_t version;
	uint16_t type;
	uint32_t length; /* of all */
	uint32_t serial;
	uint32_t zero;
};

struct set {
	uint64_t stamp;
	struct addr group;
	uint32_t ifindex;
	uint32_t mode;
	uint32_t n_sources;
	uint32_t zero;
};

struct settle {
	uint64_t stamp;
};

struct ask {
	uint32_t subject;
	uint32_t zero;
};

struct tune {
	char name[MESSAGE_NAME_MAX];
	uint64_t value;
};

struct host_join {
	char name[MESSAGE_NAME_MAX];
	struct addr group;
	uint32_t mode;
	uint32_t n_sources;
};

struct answer {
	int32_t error;
	uint32_t reason;
	uint64_t value;
};

struct fixed {
	struct head head;
	union {
		struct set set;
		struct settle settle;
		struct ask ask;
		struct tune tune;
		struct host_join host_join;
		struct answer answer;
	};
};

_Static_assert(sizeof(struct fixed) + MESSAGE_SOURCES_MAX * sizeof(struct addr) <=
		       MESSAGE_MAX,
	       "any message fits");

/* Of head and fixed part; 0: no such type. */
static size_t get_fixed_size(enum message_type type)
{
	switch (type) {
	case MESSAGE_SET:
		return sizeof(struct head) + sizeof(struct set);
	case MESSAGE_SETTLE:
		return sizeof(struct head) + sizeof(struct settle);
	case MESSAGE_ASK:
		return sizeof(struct head) + sizeof(struct ask);
	case MESSAGE_TUNE:
		return sizeof(struct head) + sizeof(struct tune);
	case MESSAGE_STATIC:
		return sizeof(struct head) + sizeof(struct host_join);
	case MESSAGE_ANSWER:
		return sizeof(struct head) + sizeof(struct answer);
	case MESSAGE_ROW:
		return sizeof(struct head);
	}
	return 0;
}

static bool has_filter(enum message_type type)
{
	return type == MESSAGE_SET || type == MESSAGE_STATIC;
}

/* What comes behind the fixed part. */
static size_t get_rest_size(const struct message *message)
{
	if (message->type == MESSAGE_ROW)
		return message->text_len;
	if (has_filter(message->type))
		return message->filter.sources.n * sizeof(struct addr);
	return 0;
}

/*
 * What is true of every message, in whichever direction
 */

/* RFC 3376 2, RFC 3810 3. Each source once, so one message has one form. */
static bool are_sources(const struct source_set *set, struct addr group)
{
	for (uint32_t i = 0; i < set->n; i++) {
		if (!addr_is_sender(set->addr[i]) ||
		    addr_is_ipv4(set->addr[i]) != addr_is_ipv4(group))
			return false;
		if (i && !addr_less(set->addr[i - 1], set->addr[i]))
			return false;
	}
	return true;
}

static bool is_filter(const struct filter *filter, struct addr group)
{
	if (!addr_is_multicast(group) || filter->sources.n > MESSAGE_SOURCES_MAX)
		return false;
	switch (filter->mode) {
	case FILTER_NONE:
		return !filter->sources.n;
	case FILTER_INCLUDE:
	case FILTER_EXCLUDE:
		return are_sources(&filter->sources, group);
	}
	return false;
}

/* Of an interface or a tunable: no blank, nothing that a terminal obeys, and behind the
 * end only NULs. */
static bool is_name(const char name[MESSAGE_NAME_MAX])
{
	size_t len = strnlen(name, MESSAGE_NAME_MAX);

	if (!len || len == MESSAGE_NAME_MAX)
		return false;
	for (size_t i = 0; i < len; i++) {
		if ((unsigned char)name[i] <= ' ' || name[i] == 0x7f)
			return false;
	}
	for (size_t i = len; i < MESSAGE_NAME_MAX; i++) {
		if (name[i])
			return false;
	}
	return true;
}

static bool is_answer(const struct message *message)
{
	if (message->error > 0 || message->error < -ERROR_MAX ||
	    message->reason >= MESSAGE_REASONS)
		return false;
	return (message->error == 0) == (message->reason == MESSAGE_DONE);
}

static bool is_text(const struct message *message)
{
	size_t room = MESSAGE_ROW_MAX - sizeof(struct head);

	return message->text_len > 0 && message->text_len <= room &&
	       !memchr(message->text, '\0', message->text_len);
}

static bool is_message(const struct message *message)
{
	switch (message->type) {
	case MESSAGE_SET:
		return message->ifindex > 0 && message->ifindex <= INT32_MAX &&
		       is_filter(&message->filter, message->group);
	case MESSAGE_SETTLE:
		return true;
	case MESSAGE_ASK:
		return message->subject < MESSAGE_SUBJECTS;
	case MESSAGE_TUNE:
		return is_name(message->name);
	case MESSAGE_STATIC:
		return is_name(message->name) &&
		       is_filter(&message->filter, message->group);
	case MESSAGE_ANSWER:
		return is_answer(message);
	case MESSAGE_ROW:
		return is_text(message);
	}
	return false;
}

/*
 * Out
 */

static void write_fixed(const struct message *message, struct fixed *fixed)
{
	switch (message->type) {
	case MESSAGE_SET:
		fixed->set.stamp = message->stamp;
		fixed->set.group = message->group;
		fixed->set.ifindex = message->ifindex;
		fixed->set.mode = message->filter.mode;
		fixed->set.n_sources = message->filter.sources.n;
		break;
	case MESSAGE_SETTLE:
		fixed->settle.stamp = message->stamp;
		break;
	case MESSAGE_ASK:
		fixed->ask.subject = message->subject;
		break;
	case MESSAGE_TUNE:
		memcpy(fixed->tune.name, message->name, MESSAGE_NAME_MAX);
		fixed->tune.value = message->value;
		break;
	case MESSAGE_STATIC:
		memcpy(fixed->host_join.name, message->name, MESSAGE_NAME_MAX);
		fixed->host_join.group = message->group;
		fixed->host_join.mode = message->filter.mode;
		fixed->host_join.n_sources = message->filter.sources.n;
		break;
	case MESSAGE_ANSWER:
		fixed->answer.error = message->error;
		fixed->answer.reason = message->reason;
		fixed->answer.value = message->value;
		break;
	case MESSAGE_ROW:
		break;
	}
}

static void write_rest(const struct message *message, void *at)
{
	if (message->type == MESSAGE_ROW)
		memcpy(at, message->text, message->text_len);
	else if (get_rest_size(message))
		memcpy(at, message->filter.sources.addr, get_rest_size(message));
}

int message_encode(const struct message *message, void *buffer, size_t size)
{
	struct fixed fixed;
	size_t n_fixed, length;

	if (!is_message(message))
		return -EINVAL;
	n_fixed = get_fixed_size(message->type);
	length = n_fixed + get_rest_size(message);
	if (length > size)
		return -ENOBUFS;
	memset(&fixed, 0, sizeof(fixed));
	fixed.head = (struct head){
		.version = MESSAGE_VERSION,
		.type = message->type,
		.length = length,
		.serial = message->serial,
	};
	write_fixed(message, &fixed);
	memcpy(buffer, &fixed, n_fixed);
	write_rest(message, (char *)buffer + n_fixed);
	return (int)length;
}

/*
 * In
 */

static bool read_filter(uint32_t mode, uint32_t n_sources, struct filter *ret)
{
	if (mode > FILTER_EXCLUDE || n_sources > MESSAGE_SOURCES_MAX)
		return false;
	ret->mode = mode;
	ret->sources.n = n_sources;
	return true;
}

static bool read_set(const struct set *set, struct message *message)
{
	message->stamp = set->stamp;
	message->group = set->group;
	message->ifindex = set->ifindex;
	return !set->zero && read_filter(set->mode, set->n_sources, &message->filter);
}

static bool read_ask(const struct ask *ask, struct message *message)
{
	if (ask->zero || ask->subject >= MESSAGE_SUBJECTS)
		return false;
	message->subject = ask->subject;
	return true;
}

static bool read_host_join(const struct host_join *host_join, struct message *message)
{
	memcpy(message->name, host_join->name, MESSAGE_NAME_MAX);
	message->group = host_join->group;
	return read_filter(host_join->mode, host_join->n_sources, &message->filter);
}

static bool read_answer(const struct answer *answer, struct message *message)
{
	if (answer->reason >= MESSAGE_REASONS)
		return false;
	message->error = answer->error;
	message->reason = answer->reason;
	message->value = answer->value;
	return true;
}

static bool read_fixed(const struct fixed *fixed, struct message *message)
{
	switch (message->type) {
	case MESSAGE_SET:
		return read_set(&fixed->set, message);
	case MESSAGE_SETTLE:
		message->stamp = fixed->settle.stamp;
		return true;
	case MESSAGE_ASK:
		return read_ask(&fixed->ask, message);
	case MESSAGE_TUNE:
		memcpy(message->name, fixed->tune.name, MESSAGE_NAME_MAX);
		message->value = fixed->tune.value;
		return true;
	case MESSAGE_STATIC:
		return read_host_join(&fixed->host_join, message);
	case MESSAGE_ANSWER:
		return read_answer(&fixed->answer, message);
	case MESSAGE_ROW:
		return true;
	}
	return false;
}

/* The rest is as long as the fixed part says, before anybody looks at it. */
static bool read_rest(const void *at, size_t len, struct message *message)
{
	if (message->type == MESSAGE_ROW) {
		message->text = at;
		message->text_len = len;
		return true;
	}
	/* nobody writes there: what was decoded is to be read */
	if (message->filter.sources.n)
		message->filter.sources.addr = (struct addr *)at;
	return len == get_rest_size(message);
}

static int read_head(const void *buffer, size_t len, struct head *ret)
{
	struct head head;

	if (len < sizeof(head) || (uintptr_t)buffer % alignof(struct addr))
		return -EBADMSG;
	memcpy(&head, buffer, sizeof(head));
	if (head.length != len)
		return -EBADMSG;
	*ret = head;
	return 0;
}

static int read_body(const struct head *head, const void *buffer, struct message *ret)
{
	struct message message = { .type = head->type, .serial = head->serial };
	size_t n_fixed = get_fixed_size(message.type);
	struct fixed fixed = { 0 };

	if (!n_fixed || head->zero || head->length < n_fixed ||
	    head->length > MESSAGE_MAX)
		return -EBADMSG;
	memcpy(&fixed, buffer, n_fixed);
	if (!read_fixed(&fixed, &message) ||
	    !read_rest((const char *)buffer + n_fixed, head->length - n_fixed,
		       &message) ||
	    !is_message(&message))
		return -EBADMSG;
	*ret = message;
	return 0;
}

int message_decode(const void *buffer, size_t len, struct message *ret)
{
	struct head head;
	int r = read_head(buffer, len, &head);

	if (r < 0)
		return r;
	if (head.version != MESSAGE_VERSION) {
		ret->serial = head.serial;
		return -EPROTO;
	}
	return read_body(&head, buffer, ret);
}

/*
 * Reasons
 */

static const struct {
	int error;
	const char *words;
} reasons[MESSAGE_REASONS] = {
	[MESSAGE_DONE] = { 0, "done" },
	[MESSAGE_BAD] = { EINVAL, "msfd does not understand the request" },
	[MESSAGE_NO_SOCKET] = { EBADF, "no socket came along with the request" },
	[MESSAGE_OTHER_SOCKET] = { EPROTOTYPE,
				   "the socket carries no datagrams of IPv4 or IPv6" },
	[MESSAGE_OTHER_NAMESPACE] = { EXDEV, "the socket is of a network namespace other "
					     "than msfd's" },
	[MESSAGE_NO_INTERFACE] = { ENODEV, "msfd knows no such interface" },
	[MESSAGE_NO_MEMORY] = { ENOMEM, "msfd has no memory left" },
	[MESSAGE_NOT_PERMITTED] = { EPERM, "only root and msfd's own user may do this" },
	[MESSAGE_NOT_THERE] = { ENOENT, "there is none of that name" },
	[MESSAGE_OUT_OF_RANGE] = { ERANGE, "the value is out of its range" },
	[MESSAGE_CLIENT_GROUPS] = { ENOBUFS, "msfd's limit of groups for one program" },
	[MESSAGE_CLIENT_SOURCES] = { ENOBUFS, "msfd's limit of sources for one program" },
	[MESSAGE_CLIENT_MESSAGES] = { EAGAIN, "msfd's limit of messages a second for one "
					      "program" },
	[MESSAGE_USER_GROUPS] = { ENOBUFS, "msfd's limit of groups for one user" },
	[MESSAGE_USER_SOURCES] = { ENOBUFS, "msfd's limit of sources for one user" },
	[MESSAGE_USER_MESSAGES] = { EAGAIN, "msfd's limit of messages a second for one "
					    "user" },
	[MESSAGE_TOTAL_GROUPS] = { ENOBUFS, "msfd's limit of groups in all" },
	[MESSAGE_TOTAL_SOURCES] = { ENOBUFS, "msfd's limit of sources in all" },
	[MESSAGE_TOTAL_MESSAGES] = { EAGAIN, "msfd's limit of messages a second in all" },
	[MESSAGE_CLIENTS] = { EUSERS, "msfd's limit of connections" },
	[MESSAGE_ENGINE_LIMIT] = { ENOBUFS,
				   "one of msfd's limits maxsrcfilter, somaxsrc and "
				   "maxgroups" },
};

int message_get_error(enum message_reason reason)
{
	return reason < MESSAGE_REASONS ? reasons[reason].error : EINVAL;
}

const char *message_describe(enum message_reason reason)
{
	return reason < MESSAGE_REASONS ? reasons[reason].words : "an unknown reason";
}

/* The namespace is that of a thread: /proc/self would be that of the first one. */
int message_get_path(char ret_path[MESSAGE_PATH_MAX])
{
	struct stat st;

	if (stat("/proc/thread-self/ns/net", &st) < 0)
		return -errno;
	snprintf(ret_path, MESSAGE_PATH_MAX, "/run/msfd/%ju.sock", (uintmax_t)st.st_ino);
	return 0;
}
