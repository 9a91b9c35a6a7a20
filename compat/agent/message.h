/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * message: what programs and msfd, the agent of their network namespace, say to each
 * other over a Unix socket of type SOCK_SEQPACKET, and the only code that reads its
 * bytes. Both ends run on one machine: numbers are in its byte order, addresses those
 * of lib/base.
 *
 * Every message begins with a head that has its version, type and length. A program
 * that is asked for another version answers MESSAGE_ANSWER with -EPROTO and the version
 * that it speaks, in `value`.
 *
 * Invariant: what message_decode() has accepted is as long as it says, its type is known
 * and every number in it is in its range; lists of sources are ascending, each once.
 */
#ifndef AGENT_MESSAGE_H
#define AGENT_MESSAGE_H

#include <stddef.h>
#include <stdint.h>

#include "base/filter.h"

#define MESSAGE_VERSION 1u

enum message_type {
	/* of programs */
	MESSAGE_SET = 1, /* the filter of one membership of the socket that comes along
			  * (SCM_RIGHTS); answered */
	MESSAGE_SETTLE,  /* of that socket's memberships, those that were last told of
			  * before `stamp` have ended; answered */
	MESSAGE_ASK,     /* rows about a subject; answered by rows, then an answer */
	MESSAGE_TUNE,    /* sets the tunable `name`; answered */
	MESSAGE_STATIC,  /* a static join of the host, or its end; answered */
	/* of the agent */
	MESSAGE_ANSWER,
	MESSAGE_ROW, /* a JSON object, as text without NUL */
};

/* Why something was refused, beside the errno. */
enum message_reason {
	MESSAGE_DONE,
	MESSAGE_BAD,             /* EINVAL: not understood, or an argument is wrong */
	MESSAGE_NO_SOCKET,       /* EBADF: no socket came along */
	MESSAGE_OTHER_SOCKET,    /* EPROTOTYPE: it carries no datagrams of IPv4 or IPv6 */
	MESSAGE_OTHER_NAMESPACE, /* EXDEV: the socket is of another network namespace */
	MESSAGE_NO_INTERFACE,    /* ENODEV */
	MESSAGE_NO_MEMORY,       /* ENOMEM */
	MESSAGE_NOT_PERMITTED,   /* EPERM */
	MESSAGE_NOT_THERE,       /* ENOENT: no such tunable, no such static join */
	MESSAGE_OUT_OF_RANGE,    /* ERANGE: `name` and its range are in the tunables */
	/* Limits of msfd: ENOBUFS, of messages EAGAIN. */
	MESSAGE_CLIENT_GROUPS,
	MESSAGE_CLIENT_SOURCES,
	MESSAGE_CLIENT_MESSAGES,
	MESSAGE_USER_GROUPS,
	MESSAGE_USER_SOURCES,
	MESSAGE_USER_MESSAGES,
	MESSAGE_TOTAL_GROUPS,
	MESSAGE_TOTAL_SOURCES,
	MESSAGE_TOTAL_MESSAGES,
	MESSAGE_CLIENTS,      /* EUSERS: too many connections, of the user or in all */
	MESSAGE_ENGINE_LIMIT, /* ENOBUFS: maxsrcfilter, somaxsrc or maxgroups */
};
#define MESSAGE_REASONS 21u

/* What MESSAGE_ASK asks for. */
enum message_subject {
	MESSAGE_STATUS,      /* one row: the agent; then one an interface and family */
	MESSAGE_MEMBERSHIPS, /* one a socket and membership, static joins among them */
	MESSAGE_GROUPS,      /* one an interface and group: the merged filter */
	MESSAGE_STATS,       /* one a counter */
	MESSAGE_TUNABLES,    /* one a tunable */
	MESSAGE_LIMITS,      /* one a limit, with what the asking user has of it */
};
#define MESSAGE_SUBJECTS 6u

#define MESSAGE_NAME_MAX    32u   /* with its NUL */
#define MESSAGE_SOURCES_MAX 8192u /* of one filter */
#define MESSAGE_MAX         (16u * MESSAGE_SOURCES_MAX + 256u)
#define MESSAGE_ROW_MAX     MESSAGE_MAX

/* One message, decoded. What its type does not use is 0. */
struct message {
	enum message_type type;
	uint32_t serial; /* of a request; its answers and rows carry the same */

	/* SET, SETTLE: nanoseconds of CLOCK_MONOTONIC. Who changes a filter takes it
	 * after the change, under the lock of the socket; who reads one, before he reads.
	 * So of two reports the one with the later stamp is right. */
	uint64_t stamp;

	/* SET, STATIC */
	uint32_t ifindex; /* SET */
	struct addr group;
	struct filter filter; /* mode FILTER_NONE: none; the list is owned by the caller
			       * (encode), or aligned in the bytes (decode) */

	char name[MESSAGE_NAME_MAX]; /* TUNE: of the tunable; STATIC: of the interface */
	uint64_t value;              /* TUNE; ANSWER: the version spoken */

	enum message_subject subject; /* ASK */

	int error;                  /* ANSWER: 0 or -errno */
	enum message_reason reason; /* ANSWER */

	const char *text; /* ROW: not terminated */
	size_t text_len;
};

/* The length written, or -ENOBUFS (does not fit), -EINVAL (not a message: more than
 * MESSAGE_SOURCES_MAX sources, a name that is too long, ...). */
int message_encode(const struct message *message, void *buffer, size_t size);

/*
 * 0 and the message, which borrows from the buffer (aligned for uint64_t).
 * -EPROTO: of another version, only *ret's serial is set. -EBADMSG: broken.
 */
int message_decode(const void *buffer, size_t len, struct message *ret);

/* The errno (positive) of a reason. */
int message_get_error(enum message_reason reason);

/* A sentence for people, without a full stop: "msfd's limit of groups for one user". */
const char *message_describe(enum message_reason reason);

/* "/run/msfd/<inode of the calling thread's network namespace>.sock": 0; -errno: there
 * is no /proc. */
#define MESSAGE_PATH_MAX 108u
int message_get_path(char ret_path[MESSAGE_PATH_MAX]);

#endif
