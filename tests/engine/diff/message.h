/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * message: queries, and reports of another host, as IP datagrams, written byte by byte:
 * kernel and engine hear the same ones. They come from 10.9.0.254 or fe80::fe, with TTL
 * or hop limit 1 and Router Alert.
 */
#ifndef DIFF_MESSAGE_H
#define DIFF_MESSAGE_H

#include "script.h"

#define MESSAGE_MAX    4200u
#define MESSAGE_MLD_MS 40u /* Maximum Response Delay, of slow ones */

struct message_bytes {
	uint8_t bytes[MESSAGE_MAX];
	size_t len;
	uint8_t mac[6]; /* where a link sends it */
};

/* With the shortest Max Resp Code that the version knows. is_newest: so does the host
 * speak. is_slow: another one follows, and the answer shall be to both. */
void message_make(const struct script_message *message, enum engine_family family,
		  bool is_newest, bool is_slow, struct message_bytes *ret);

#endif
