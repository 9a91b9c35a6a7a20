/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Input: messages to msfd. Sent by: any local program, for its socket is open to all.
 *
 * Bytes end as no message, or as one that lies within them, keeps to every rule, and
 * when it is written again gives the same bytes. As most changes break the length in
 * the head, each input is read with the right one as well.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "agent/message.h"
#include "target.h"

#define HEAD_LENGTH 4 /* where it is */

static uint64_t again[MESSAGE_MAX / sizeof(uint64_t) + 1];

static void check_sources(const struct message *message, const uint8_t *bytes, size_t len)
{
	const struct source_set *sources = &message->filter.sources;
	const uint8_t *at = (const uint8_t *)sources->addr;

	target_expect(sources->n <= MESSAGE_SOURCES_MAX, "sources have a limit");
	if (!sources->n)
		return;
	target_expect(at > bytes && sources->n * sizeof(*sources->addr) <=
					    (size_t)(bytes + len - at),
		      "sources lie within the message");
	for (uint32_t i = 1; i < sources->n; i++)
		target_expect(addr_less(sources->addr[i - 1], sources->addr[i]),
			      "sources ascend");
}

static void check(const struct message *message, const uint8_t *bytes, size_t len)
{
	int r;

	check_sources(message, bytes, len);
	target_expect(memchr(message->name, '\0', sizeof(message->name)) != NULL,
		      "a name ends");
	target_expect(message->text_len <= len, "text lies within the message");
	r = message_encode(message, again, sizeof(again));
	target_expect(r == (int)len, "what was read can be written");
	target_expect(!memcmp(again, bytes, len), "as it was");
}

static void read_one(const uint8_t *bytes, size_t len)
{
	struct message message = { 0 };
	int r = message_decode(bytes, len, &message);

	target_expect(r == 0 || r == -EPROTO || r == -EBADMSG, "the answer is known");
	if (r == 0)
		check(&message, bytes, len);
}

/* Version and length are right: the rest decides. */
static void mend_head(uint8_t *bytes, size_t len)
{
	uint16_t version = MESSAGE_VERSION;
	uint32_t length = (uint32_t)len;

	memcpy(bytes, &version, sizeof(version));
	memcpy(bytes + HEAD_LENGTH, &length, sizeof(length));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	uint8_t *bytes = calloc(1, len ? len : 1);

	if (!bytes)
		return 0;
	if (len)
		memcpy(bytes, data, len);
	read_one(bytes, len);
	if (len >= HEAD_LENGTH + sizeof(uint32_t)) {
		mend_head(bytes, len);
		read_one(bytes, len);
	}
	free(bytes);
	return 0;
}
