/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * deaths: what the kernel tells, what lists say, and what a passed descriptor is.
 *
 * Invariant: while the holdings have a socket of whose death nobody tells for certain,
 * the timer runs.
 */
#include "msfd/deaths.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

#include <linux/inet_diag.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "base/option-names.h"
#include "msfd/clock.h"
#include "msfd/socket-list.h"

#define POLL_MS  900u /* a death is noticed within a second */
#define AGAIN_MS 100u /* until all is looked at when messages were lost */
#define PROOF_MS 300u /* within which the kernel shows that it tells */

/* Deaths come in hundreds when a large process ends. Beyond the system's limit this
 * needs CAP_NET_ADMIN. */
#define BUFFER_SIZE (8 << 20)

#define MESSAGE_SIZE 4096u /* one is told of in a hundred bytes */

/* Messages that are read before others have their turn; those that may be left when some
 * were lost, which is what fits in the buffer. */
#define MESSAGES_MAX 256u
#define REST_MAX     65536u

struct deaths {
	struct loop *loop;
	struct holdings *holdings;
	void (*changed)(void *context);
	void *context;

	struct nl_sock *told; /* NULL: the kernel does not tell */
	bool is_proven;       /* it has */
	struct loop_source telling;
	struct loop_source timer;
	uint64_t n_ended;
	bool is_lost;      /* messages were, and the rest is not read yet */
	bool is_due;       /* all is to be looked at, by the timer */
	uint64_t patience; /* clock_now() when DEATHS_GRACE_MS are over */
	bool has_diag;     /* for lists */
	bool has_netns;
	uint64_t netns; /* its cookie */
};

static void end_socket(struct deaths *deaths, uint64_t cookie)
{
	deaths->n_ended += holdings_end_socket(deaths->holdings, cookie, clock_now());
}

/* Tells what has ended since n. */
static void tell(struct deaths *deaths, uint64_t n)
{
	if (deaths->n_ended != n)
		deaths->changed(deaths->context);
}

/*
 * By lists
 */

/* Is its death told of for certain? */
static bool is_certain(const struct deaths *deaths, const struct holdings_socket *socket)
{
	return deaths->is_proven && socket->type == SOCK_DGRAM &&
	       socket->protocol == IPPROTO_UDP &&
	       !holdings_is_doubtful(deaths->holdings, socket->cookie);
}

struct look {
	struct socket_list list;
	unsigned int kinds; /* that were read, each time */
	bool has_uncertain;
	bool has_missing;
};

/* The next socket whose death is not told of. */
static bool next_uncertain(const struct deaths *deaths, uint64_t *cookie,
			   struct holdings_socket *ret)
{
	while (holdings_next_socket(deaths->holdings, cookie, ret)) {
		if (!is_certain(deaths, ret))
			return true;
	}
	return false;
}

static bool is_missing(const struct look *look, const struct holdings_socket *socket)
{
	return (socket_list_get_kind(socket) & look->kinds) && socket->is_listed &&
	       !socket_list_has(&look->list, socket);
}

static void look_first(const struct deaths *deaths, struct look *look)
{
	struct holdings_socket socket;
	uint64_t cookie = 0;

	while (next_uncertain(deaths, &cookie, &socket)) {
		look->kinds |= socket_list_get_kind(&socket);
		look->has_uncertain = true;
	}
	look->kinds = socket_list_read(&look->list, deaths->has_diag, look->kinds);
	cookie = 0;
	while (!look->has_missing && next_uncertain(deaths, &cookie, &socket))
		look->has_missing = is_missing(look, &socket);
}

static bool is_abandoned(const struct deaths *deaths,
			 const struct holdings_socket *socket)
{
	return !socket->is_listed && clock_now() >= deaths->patience &&
	       !holdings_has_teller(deaths->holdings, socket->cookie, 0);
}

static void judge(struct deaths *deaths, const struct look *look)
{
	struct holdings_socket socket;
	uint64_t cookie = 0;

	while (next_uncertain(deaths, &cookie, &socket)) {
		if (socket_list_has(&look->list, &socket)) {
			holdings_set_listed(deaths->holdings, cookie);
			holdings_set_doubtful(deaths->holdings, cookie, false);
		} else if (is_missing(look, &socket) || is_abandoned(deaths, &socket)) {
			end_socket(deaths, cookie);
		}
	}
}

/* Looks at those sockets of whose death nobody tells. Are there any? */
static bool look_at_uncertain(struct deaths *deaths)
{
	struct look look = { .has_uncertain = false };

	look_first(deaths, &look);
	/* see socket-list.h */
	if (look.has_missing)
		look.kinds = socket_list_read(&look.list, deaths->has_diag, look.kinds);
	judge(deaths, &look);
	socket_list_fini(&look.list);
	return look.has_uncertain;
}

static int look_again(void *data)
{
	struct deaths *deaths = data;
	uint64_t n = deaths->n_ended;

	if (deaths->is_due)
		return deaths_check(deaths);
	if (!look_at_uncertain(deaths))
		loop_del(deaths->loop, &deaths->timer);
	tell(deaths, n);
	return 0;
}

static int start_timer(struct deaths *deaths, uint64_t first_ms)
{
	loop_del(deaths->loop, &deaths->timer);
	return loop_add_timer(deaths->loop, &deaths->timer, first_ms, POLL_MS, look_again,
			      deaths);
}

int deaths_check(struct deaths *deaths)
{
	struct holdings_socket socket;
	uint64_t n = deaths->n_ended, cookie = 0;
	int r = 0;

	deaths->is_due = false;
	deaths->patience = clock_now() + DEATHS_GRACE_MS * 1000ull;
	while (holdings_next_socket(deaths->holdings, &cookie, &socket))
		holdings_set_doubtful(deaths->holdings, cookie, true);
	if (look_at_uncertain(deaths) && deaths->timer.fd < 0)
		r = start_timer(deaths, POLL_MS);
	tell(deaths, n);
	return r;
}

/* The next that no list has, and that nobody else has told of. */
static bool next_orphan(const struct deaths *deaths, uint64_t client, uint64_t *cookie)
{
	struct holdings_socket socket;

	while (next_uncertain(deaths, cookie, &socket)) {
		if (!socket.is_listed &&
		    holdings_has_teller(deaths->holdings, *cookie, 0) &&
		    !holdings_has_teller(deaths->holdings, *cookie, client))
			return true;
	}
	return false;
}

void deaths_forget_client(struct deaths *deaths, uint64_t client)
{
	uint64_t n = deaths->n_ended, cookie = 0;

	/* the timer runs while there is anything uncertain */
	if (deaths->timer.fd < 0 ||
	    !holdings_get_client_usage(deaths->holdings, client).groups ||
	    !next_orphan(deaths, client, &cookie))
		return;
	look_at_uncertain(deaths); /* it may be bound by now */
	cookie = 0;
	while (next_orphan(deaths, client, &cookie))
		end_socket(deaths, cookie);
	tell(deaths, n);
}

/*
 * Told by the kernel
 */

/* The inode is 0 there, but the cookie is right. */
static int hear(struct nl_msg *message, void *data)
{
	struct nlmsghdr *header = nlmsg_hdr(message);
	struct deaths *deaths = data;
	const struct inet_diag_msg *socket = nlmsg_data(header);

	if (header->nlmsg_type != SOCK_DIAG_BY_FAMILY ||
	    !nlmsg_valid_hdr(header, sizeof(*socket)))
		return NL_SKIP;
	deaths->is_proven = true;
	end_socket(deaths, (uint64_t)socket->id.idiag_cookie[1] << 32 |
				   socket->id.idiag_cookie[0]);
	return NL_OK;
}

/* Within the second in which deaths are noticed else; and not again and again while they
 * come too fast. */
static int plan_check(struct deaths *deaths)
{
	deaths->is_lost = false;
	if (deaths->is_due)
		return 0;
	deaths->is_due = true;
	return start_timer(deaths, AGAIN_MS) < 0 ? deaths_check(deaths) : 0;
}

/*
 * After ENOBUFS (which is NLE_NOMEM, too) the kernel throws away all that follows,
 * without a further word, until what it has kept is read: only then it is time to look.
 */
static int hear_all(void *data)
{
	struct deaths *deaths = data;
	uint64_t n = deaths->n_ended;
	int r = 0;

	for (unsigned int i = 0; i < (deaths->is_lost ? REST_MAX : MESSAGES_MAX); i++) {
		r = nl_recvmsgs_default(deaths->told);
		if (r == -NLE_NOMEM)
			deaths->is_lost = true;
		else if (r < 0)
			break;
	}
	tell(deaths, n);
	return deaths->is_lost && r == -NLE_AGAIN ? plan_check(deaths) : 0;
}

static int subscribe(struct deaths *deaths)
{
	int size = BUFFER_SIZE, fd, r;

	r = socket_list_open(&deaths->told);
	if (r < 0)
		return r;
	nl_socket_set_msg_buf_size(deaths->told, MESSAGE_SIZE);
	fd = nl_socket_get_fd(deaths->told);
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)) < 0)
		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	nl_socket_disable_seq_check(deaths->told);
	nl_socket_modify_cb(deaths->told, NL_CB_VALID, NL_CB_CUSTOM, hear, deaths);
	r = nl_socket_add_memberships(deaths->told, SKNLGRP_INET_UDP_DESTROY,
				      SKNLGRP_INET6_UDP_DESTROY, 0);
	if (r < 0 || nl_socket_set_nonblocking(deaths->told) < 0)
		return -EOPNOTSUPP;
	return 0;
}

/*
 * A kernel may take the subscription and have nobody to write the messages (no udp_diag):
 * so a socket of our own dies first. Where its message is late the first one that comes
 * is the proof, and until then lists are read.
 */
static void prove(struct deaths *deaths)
{
	uint64_t end = clock_now() + PROOF_MS * 1000;
	struct pollfd wait = { nl_socket_get_fd(deaths->told), POLLIN, 0 };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, IPPROTO_UDP);

	if (fd < 0)
		fd = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, IPPROTO_UDP);
	if (fd >= 0)
		close(fd);
	while (!deaths->is_proven && clock_now() < end) {
		/* ENOBUFS is nothing here */
		if (poll(&wait, 1, (int)PROOF_MS) > 0)
			nl_recvmsgs_default(deaths->told);
	}
}

static void stop_telling(struct deaths *deaths)
{
	loop_del(deaths->loop, &deaths->telling);
	nl_socket_free(deaths->told);
	deaths->told = NULL;
}

static int start_telling(struct deaths *deaths)
{
	int r = subscribe(deaths);

	if (r == -EOPNOTSUPP) {
		stop_telling(deaths);
		return 0;
	}
	if (r < 0)
		return r;
	prove(deaths);
	return loop_add(deaths->loop, &deaths->telling, nl_socket_get_fd(deaths->told),
			hear_all, deaths);
}

bool deaths_is_told(const struct deaths *deaths)
{
	return deaths->is_proven;
}

/*
 * Descriptors
 */

static uint64_t get_cookie(int fd)
{
	uint64_t cookie = 0;
	socklen_t len = sizeof(cookie);

	if (getsockopt(fd, SOL_SOCKET, SO_COOKIE, &cookie, &len) < 0)
		return 0;
	return cookie;
}

static bool get_netns(int fd, uint64_t *ret)
{
	socklen_t len = sizeof(*ret);

	return getsockopt(fd, SOL_SOCKET, SO_NETNS_COOKIE, ret, &len) == 0;
}

static void find_netns(struct deaths *deaths)
{
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	deaths->has_netns = fd >= 0 && get_netns(fd, &deaths->netns);
	if (fd >= 0)
		close(fd);
}

static int get_option(int fd, int option)
{
	int value = -1;
	socklen_t len = sizeof(value);

	return getsockopt(fd, SOL_SOCKET, option, &value, &len) < 0 ? -1 : value;
}

/* Raw sockets are in their list from the beginning, others with their port, which stands
 * in the same place of both families' addresses. */
static bool is_bound(int fd, int type)
{
	struct sockaddr_in6 address = { 0 };
	socklen_t len = sizeof(address);

	return type == SOCK_RAW ||
	       (getsockname(fd, (struct sockaddr *)&address, &len) == 0 &&
		address.sin6_port != 0);
}

static bool is_of_namespace(struct deaths *deaths, int fd,
			    const struct holdings_socket *socket)
{
	struct socket_list list = { .cookies = { .items = NULL } };
	unsigned int kind = socket_list_get_kind(socket);
	uint64_t netns;
	bool is_here;

	if (deaths->has_netns)
		return get_netns(fd, &netns) && netns == deaths->netns;
	if (!socket->is_listed || holdings_has_socket(deaths->holdings, socket->cookie))
		return true;
	if (!kind)
		return true;
	is_here = socket_list_read(&list, deaths->has_diag, kind) != kind ||
		  socket_list_has(&list, socket);
	socket_list_fini(&list);
	return is_here;
}

enum message_reason deaths_identify(struct deaths *deaths, int fd,
				    struct holdings_socket *ret)
{
	struct holdings_socket socket;
	struct stat status;

	/* In this order: fstat() of somebody's file system may wait for him. */
	if (get_option(fd, SO_DOMAIN) < 0 || fstat(fd, &status) < 0)
		return MESSAGE_NO_SOCKET;
	socket = (struct holdings_socket){
		.cookie = get_cookie(fd),
		.inode = status.st_ino,
		.family = get_option(fd, SO_DOMAIN),
		.type = get_option(fd, SO_TYPE),
		.protocol = get_option(fd, SO_PROTOCOL),
	};
	if ((socket.family != AF_INET && socket.family != AF_INET6) ||
	    (socket.type != SOCK_DGRAM && socket.type != SOCK_RAW) || !socket.cookie)
		return MESSAGE_OTHER_SOCKET;
	socket.is_listed = is_bound(fd, socket.type);
	if (!is_of_namespace(deaths, fd, &socket))
		return MESSAGE_OTHER_NAMESPACE;
	/* It will be held, or the timer stops by itself. */
	if (!is_certain(deaths, &socket) && deaths->timer.fd < 0 &&
	    start_timer(deaths, POLL_MS) < 0)
		return MESSAGE_NO_MEMORY;
	*ret = socket;
	return MESSAGE_DONE;
}

/*
 * Life
 */

int deaths_new_lacking(struct deaths **ret, struct loop *loop, struct holdings *holdings,
		       void (*changed)(void *context), void *context, unsigned int lack)
{
	struct deaths *deaths = calloc(1, sizeof(*deaths));
	int r = 0;

	if (!deaths)
		return -ENOMEM;
	deaths->loop = loop;
	deaths->holdings = holdings;
	deaths->changed = changed;
	deaths->context = context;
	deaths->telling = deaths->timer = LOOP_SOURCE_INIT;
	if (!(lack & DEATHS_LACK_NETNS_COOKIE))
		find_netns(deaths);
	deaths->has_diag = !(lack & DEATHS_LACK_SOCK_DIAG);
	if (!(lack & (DEATHS_LACK_NOTIFICATIONS | DEATHS_LACK_SOCK_DIAG)))
		r = start_telling(deaths);
	if (r < 0) {
		deaths_free(deaths);
		return r;
	}
	*ret = deaths;
	return 0;
}

int deaths_new(struct deaths **ret, struct loop *loop, struct holdings *holdings,
	       void (*changed)(void *context), void *context)
{
	return deaths_new_lacking(ret, loop, holdings, changed, context, 0);
}

struct deaths *deaths_free(struct deaths *deaths)
{
	if (!deaths)
		return NULL;
	loop_del(deaths->loop, &deaths->timer);
	stop_telling(deaths);
	free(deaths);
	return NULL;
}
