/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Receivers on a stack where socket filters do nothing, so that the receive calls
 * filter. Each holds INCLUDE {source 0} on m0 for a group and a port of its own; a
 * witness beside it takes everything, and tells that a packet has been delivered.
 */
#ifndef RECEIVE_RIG_H
#define RECEIVE_RIG_H

#include <msf.h>

#include "tap.h"
#include "traffic.h"

enum rig_kind {
	RIG_UDP4,
	RIG_UDP4_ON_6,
	RIG_UDP6,
	RIG_RAW4, /* data begins with the IP header */
	RIG_RAW6, /* data begins with the UDP header */
	N_RIG_KINDS
};

struct rig {
	struct tap tap;
	struct netns net;
	struct traffic traffic;
};

/* Enters the namespace, then the old stack; the default context filters receives. Or
 * in two steps. */
void rig_init(struct rig *rig);
void rig_init_network(struct rig *rig);
void rig_enter_old_stack(void);

struct rig_socket {
	enum rig_kind kind;
	int fd;
	int witness;
	struct sockaddr_storage to; /* group and port */
	size_t n_head;              /* bytes before the payload */
};

const char *rig_name(enum rig_kind kind);

/* The socket without and with its membership. It blocks. */
void rig_open_bare(struct rig *rig, struct rig_socket *ret, enum rig_kind kind);
void rig_open(struct rig *rig, struct rig_socket *ret, enum rig_kind kind);
/* Another one beside it, with the same port; without a membership. */
int rig_open_twin(const struct rig_socket *socket);
void rig_close(struct rig_socket *socket);

/* A packet from that source of m0, which is in the queue on return. */
void rig_send(struct rig *rig, const struct rig_socket *socket, unsigned int source,
	      const void *data, size_t len);

/* One packet a letter: A, from source 0, is admitted, R, from source 1, is not. The
 * payload is the letter and its place, "A0", "R1"; for small letters 300 of them. */
void rig_say(struct rig *rig, const struct rig_socket *socket, const char *letters);

/* The next packet by each of the calls. */
struct rig_call {
	const char *name;
	ssize_t (*receive)(int fd, char *buf, size_t len, int flags);
	bool has_flags;
};

#define N_RIG_CALLS 6u
extern const struct rig_call rig_calls[N_RIG_CALLS];

/* What the queue of the kernel holds is none of the calls' business any more: reads
 * it past the library up to EAGAIN. Returns how many packets there were. */
unsigned int rig_drain(const struct rig_socket *socket);

/* Expects a payload of the call that returned n. */
void rig_expect(struct rig *rig, const struct rig_socket *socket, const char *call,
		const char *buf, ssize_t n, const char *payload);

/* Expects -1 and that errno of a call. */
void rig_expect_error(struct rig *rig, const char *call, ssize_t r, int error);

double rig_now(void); /* seconds */

void rig_set_timeout(const struct rig_socket *socket, unsigned int ms);
void rig_set_nonblocking(const struct rig_socket *socket);

#endif
