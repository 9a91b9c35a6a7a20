/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * An agent that writes down what it is told and answers what the test says. It is a
 * process of its own, as msfd is: descriptors that it is sent never become the test's,
 * and it can be killed. The test sees its notes in shared memory.
 */
#ifndef FAKE_AGENT_H
#define FAKE_AGENT_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "agent/message.h"

#define FAKE_NOTES_MAX 16384u

struct fake_note {
	enum message_type type;
	pid_t pid;      /* of who connected */
	uint64_t inode; /* of the socket that came along; 0: none */
	uint32_t ifindex;
	struct addr group;
	enum filter_mode mode;
	uint32_t n_sources;
};

struct fake_agent;

/* Forks before anything else does; the program ends when that fails. */
struct fake_agent *fake_agent_new(void);
struct fake_agent *fake_agent_free(struct fake_agent *agent);

const char *fake_agent_get_path(const struct fake_agent *agent);

/* Both wait until it is so. Each one that is started is another process. */
void fake_agent_start(struct fake_agent *agent);
void fake_agent_kill(struct fake_agent *agent);

/* What is answered from now on; silent: nothing at all is read. */
void fake_agent_set_reason(struct fake_agent *agent, enum message_reason reason);
void fake_agent_set_silent(struct fake_agent *agent, bool is_silent);
void fake_agent_set_version(struct fake_agent *agent, unsigned int version);

uint32_t fake_agent_count_notes(const struct fake_agent *agent);
const struct fake_note *fake_agent_get_note(const struct fake_agent *agent, uint32_t i);
uint32_t fake_agent_count_connections(const struct fake_agent *agent);

/* The first note from there on of this kind about the socket, by that process (0: by
 * any); waits for it. NULL: none within two seconds more than the longest backoff. */
const struct fake_note *fake_agent_wait(const struct fake_agent *agent, uint32_t from,
					enum message_type type, uint64_t inode,
					pid_t pid);

/* Waits until it holds, as long. */
bool fake_wait_for(bool (*holds)(void *context), void *context);

#endif
