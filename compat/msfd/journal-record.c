/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * journal-record: the bytes of a journal (see journal-record.h).
 */
#include "msfd/journal-record.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/option-names.h"

#define MAGIC "msfd-j1\n"

struct header {
	char magic[8];
	struct journal_mark mark;
	uint64_t sum; /* of what stands before it */
};

struct head {
	uint64_t sum;    /* of all behind it */
	uint32_t length; /* of all */
	int32_t family;
	uint64_t cookie;
	uint64_t inode;
	int32_t type;
	int32_t protocol;
	int32_t pid;
	uint32_t uid;
	uint32_t is_listed;
	uint32_t zero;
};

_Static_assert(sizeof(struct header) == JOURNAL_HEADER_SIZE, "no gaps");
_Static_assert(sizeof(struct head) == 56, "no gaps; the message is aligned");

/* FNV-1a. */
static uint64_t get_sum(const void *bytes, size_t len)
{
	const uint8_t *byte = bytes;
	uint64_t sum = 0xcbf29ce484222325u;

	for (size_t i = 0; i < len; i++)
		sum = (sum ^ byte[i]) * 0x100000001b3u;
	return sum;
}

static uint64_t get_record_sum(const void *record, size_t len)
{
	const size_t skip = sizeof(uint64_t);

	return get_sum((const uint8_t *)record + skip, len - skip);
}

static int read_boot(char *ret, size_t size)
{
	FILE *file = fopen("/proc/sys/kernel/random/boot_id", "re");
	size_t n;

	if (!file)
		return -errno;
	n = fread(ret, 1, size - 1, file);
	fclose(file);
	return n ? 0 : -EIO;
}

static uint64_t get_netns_cookie(void)
{
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	uint64_t cookie = 0;
	socklen_t len = sizeof(cookie);

	if (fd < 0)
		return 0;
	if (getsockopt(fd, SOL_SOCKET, SO_NETNS_COOKIE, &cookie, &len) < 0)
		cookie = 0;
	close(fd);
	return cookie;
}

int journal_mark_get(struct journal_mark *ret)
{
	struct journal_mark mark = { .cookie = get_netns_cookie() };
	struct stat status;
	int r = read_boot(mark.boot, sizeof(mark.boot));

	if (r < 0)
		return r;
	if (stat("/proc/self/ns/net", &status) < 0)
		return -errno;
	mark.netns = status.st_ino;
	*ret = mark;
	return 0;
}

int journal_record_encode_mark(const struct journal_mark *mark, void *buffer)
{
	struct header header = { .mark = *mark };

	memcpy(header.magic, MAGIC, sizeof(header.magic));
	header.sum = get_sum(&header, offsetof(struct header, sum));
	memcpy(buffer, &header, sizeof(header));
	return sizeof(header);
}

int journal_record_encode(const struct holding *holding, void *buffer, size_t size)
{
	struct message message = {
		.type = MESSAGE_SET,
		.stamp = holding->stamp,
		.ifindex = holding->ifindex,
		.group = holding->group,
		.filter = holding->filter,
	};
	struct head head = {
		.family = holding->socket.family,
		.cookie = holding->socket.cookie,
		.inode = holding->socket.inode,
		.type = holding->socket.type,
		.protocol = holding->socket.protocol,
		.pid = holding->teller.pid,
		.uid = holding->teller.uid,
		.is_listed = holding->socket.is_listed,
	};
	int len;

	if (size < sizeof(head))
		return -ENOBUFS;
	if (message.filter.mode == FILTER_NONE)
		message.filter.sources.n = 0;
	len = message_encode(&message, (uint8_t *)buffer + sizeof(head),
			     size - sizeof(head));
	if (len < 0)
		return len;
	len += (int)sizeof(head);
	head.length = (uint32_t)len;
	memcpy(buffer, &head, sizeof(head));
	head.sum = get_record_sum(buffer, (size_t)len);
	memcpy(buffer, &head, sizeof(head));
	return len;
}

/* -ENODATA: the file ends here, as it should. */
static int fetch(FILE *in, void *buffer, size_t len)
{
	size_t n = fread(buffer, 1, len, in);

	if (ferror(in))
		return -EIO;
	return n == len ? 0 : n ? -EBADMSG : -ENODATA;
}

static int read_header(FILE *in, const struct journal_mark *mark)
{
	struct header header;
	int r = fetch(in, &header, sizeof(header));

	if (r < 0)
		return r == -ENODATA ? -EBADMSG : r;
	if (memcmp(header.magic, MAGIC, sizeof(header.magic)) != 0 ||
	    header.sum != get_sum(&header, offsetof(struct header, sum)))
		return -EBADMSG;
	return memcmp(&header.mark, mark, sizeof(*mark)) == 0 ? 0 : -EXDEV;
}

/* What has a sum that is right is read nevertheless as if anybody had written it. */
static int decode(const uint8_t *record, const struct head *head, struct holding *ret)
{
	struct message message;

	if (head->sum != get_record_sum(record, head->length))
		return -EBADMSG;
	if (message_decode(record + sizeof(*head), head->length - sizeof(*head),
			   &message) < 0 ||
	    message.type != MESSAGE_SET || message.serial || head->is_listed > 1 ||
	    head->zero)
		return -EBADMSG;
	*ret = (struct holding){
		.socket = { .cookie = head->cookie,
			    .inode = head->inode,
			    .family = head->family,
			    .type = head->type,
			    .protocol = head->protocol,
			    .is_listed = head->is_listed },
		.teller = { .pid = head->pid, .uid = head->uid },
		.ifindex = message.ifindex,
		.group = message.group,
		.filter = message.filter,
		.stamp = message.stamp,
	};
	return 0;
}

/* -ENODATA: there are no more. */
static int read_record(FILE *in, uint8_t *buffer, struct holding *ret)
{
	struct head head;
	int r = fetch(in, &head, sizeof(head));

	if (r < 0)
		return r;
	if (head.length <= sizeof(head) || head.length > JOURNAL_RECORD_MAX)
		return -EBADMSG;
	memcpy(buffer, &head, sizeof(head));
	r = fetch(in, buffer + sizeof(head), head.length - sizeof(head));
	if (r < 0)
		return r == -ENODATA ? -EBADMSG : r;
	return decode(buffer, &head, ret);
}

int journal_record_read(FILE *in, const struct journal_mark *mark, void *buffer,
			void (*take)(void *context, const struct holding *holding),
			void *context)
{
	int r = read_header(in, mark);

	while (r == 0) {
		struct holding holding;

		r = read_record(in, buffer, &holding);
		if (r == 0)
			take(context, &holding);
	}
	return r == -ENODATA ? 0 : r;
}
