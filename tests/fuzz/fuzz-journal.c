/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Input: the journal of msfd. Sent by: msfd before it was killed; a broken disk;
 * nobody else, as the file is its own.
 *
 * Whatever is in the file, what is read of it is fit to be held, and is written as it
 * was read. Once as it is, and once with sums that are right, or nothing would ever be
 * looked at.
 */
#include <errno.h>
#include <stdalign.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "msfd/journal-record.h"
#include "target.h"

static alignas(uint64_t) uint8_t buffer[JOURNAL_RECORD_MAX];
static alignas(uint64_t) uint8_t again[JOURNAL_RECORD_MAX];

static void take(void *context, const struct holding *holding)
{
	unsigned int *n = context;
	int len = journal_record_encode(holding, again, sizeof(again));

	(*n)++;
	target_expect(addr_is_multicast(holding->group), "it is of a group");
	target_expect(holding->ifindex != 0, "it is of an interface");
	target_expect(len > 0 && memcmp(again, buffer, (size_t)len) == 0,
		      "it is written as it was read");
}

static void read_journal(const uint8_t *data, size_t len, const struct journal_mark *mark)
{
	unsigned int n = 0;
	FILE *in;
	int r;

	if (!len)
		return; /* fmemopen() knows no empty file */
	in = fmemopen((void *)(uintptr_t)data, len, "r");
	target_expect(in != NULL, "a file");
	r = journal_record_read(in, mark, buffer, take, &n);
	target_expect(r == 0 || r == -EXDEV || r == -EBADMSG, "0, -EXDEV or -EBADMSG");
	target_expect(r != -EXDEV || n == 0, "nothing is taken of another namespace");
	fclose(in);
}

static uint64_t get_sum(const uint8_t *bytes, size_t len)
{
	uint64_t sum = 0xcbf29ce484222325u;

	for (size_t i = 0; i < len; i++)
		sum = (sum ^ bytes[i]) * 0x100000001b3u;
	return sum;
}

/* The first 8 bytes of a record are its sum, the next 4 its length. */
static void mend(uint8_t *data, size_t len, const struct journal_mark *mark)
{
	size_t at = JOURNAL_HEADER_SIZE;

	if (len < at)
		return;
	journal_record_encode_mark(mark, data);
	while (len - at > 12) {
		uint32_t length;
		uint64_t sum;

		memcpy(&length, data + at + 8, sizeof(length));
		if (length <= 8 || length > len - at)
			return;
		sum = get_sum(data + at + 8, length - 8);
		memcpy(data + at, &sum, sizeof(sum));
		at += length;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static const struct journal_mark mark = { .boot = "boot", .netns = 1 };
	uint8_t *copy = (uint8_t *)target_text(data, len);

	read_journal(data, len, &mark);
	mend(copy, len, &mark);
	read_journal(copy, len, &mark);
	target_free((char *)copy);
	return 0;
}
