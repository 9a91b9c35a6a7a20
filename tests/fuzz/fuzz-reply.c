/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Input: what the agent answers to a program that asks it, and the rows that `msfctl
 * agent` shows. Sent by: whoever listens at the socket: msfd, which root or its unit
 * started in /run/msfd, or what MSF_AGENT and --socket name.
 *
 * An input is a row of messages, each behind two octets of length, of which the heads
 * are mended to belong to the request. Each ends as a row, an answer or an error.
 */
#include "../../lib/agent.c"

#include "agent/agent-row.h"
#include "target.h"

#define HEAD_SIZE   16u
#define SERIAL      7u
#define MESSAGES_IN 16u

static void show_row(const char *text, size_t len)
{
	json_t *row = json_loadb(text, len, 0, NULL);
	struct row_text store;
	char *sources = NULL;

	if (json_is_object(row)) {
		target_expect(row_show(row, "interface") != NULL, "a text or a dash");
		row_get_cell(row, "sources", &store);
		row_get_cell(row, "users", &store);
		store = row_format(row, "value");
		target_expect(memchr(store.text, '\0', sizeof(store.text)) != NULL,
			      "a number ends");
		target_expect(row_format_sources(row, *text == '{', &sources) == 0,
			      "no memory");
		free(sources);
	}
	json_decref(row);
}

/* Version, length and serial are right: the rest decides. */
static void mend(uint8_t *bytes, size_t len)
{
	uint16_t version = MESSAGE_VERSION;
	uint32_t length = (uint32_t)len, serial = SERIAL;

	if (len < HEAD_SIZE)
		return;
	memcpy(bytes, &version, sizeof(version));
	memcpy(bytes + 4, &length, sizeof(length));
	memcpy(bytes + 8, &serial, sizeof(serial));
}

static void send_all(int fd, const uint8_t *data, size_t len)
{
	for (unsigned int i = 0; len > 2 && i < MESSAGES_IN; i++) {
		size_t n = ((size_t)data[0] << 8 | data[1]) % 4096;
		uint8_t *bytes;

		n = n < len - 2 ? n : len - 2;
		bytes = (uint8_t *)target_text(data + 2, n);
		mend(bytes, n);
		target_expect(!n || send(fd, bytes, n, MSG_DONTWAIT) == (ssize_t)n,
			      "it is sent");
		target_free((char *)bytes);
		data += 2 + n;
		len -= 2 + n;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct msf_agent *agent = calloc(1, sizeof(*agent));
	const char *text;
	size_t n;
	int fds[2], r;

	target_expect(
		agent && !socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0, fds),
		"a connection");
	agent->fd = fds[0];
	agent->serial = SERIAL;
	agent->is_asking = true;
	send_all(fds[1], data, len);
	close(fds[1]);
	while ((r = msf_agent_pop_row(agent, &text, &n)) > 0) {
		target_expect(text[n] == '\0' && n <= MESSAGE_ROW_MAX, "a row ends");
		show_row(text, n);
	}
	target_expect(r <= 0 && !agent->is_asking, "rows have an end");
	target_expect(msf_agent_pop_row(agent, &text, &n) == 0, "which stays so");
	msf_agent_get_reason(agent);
	msf_agent_free(agent);
	return 0;
}
