/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * clients: who connects is let in, or told that there are too many (see clients.h).
 *
 * Invariant: the process has descriptors left when all connections are taken that the
 * limits allow, or says no before.
 */
#include "msfd/client.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "msfd/clock.h"
#include "msfd/log.h"
#include "msfd/statics.h"

/* For everything that is no connection: msfd's own; the sockets of static joins, at the
 * 20 that Linux allows each; and what comes along with a message (SCM_MAX_FD). */
#define OTHER_FDS (64u + STATICS_MAX / 20u + 253u)
#define REST_MS   1000u
#define TICK_MS   CLIENTS_PAUSE_MS

/*
 * Clients that wait
 */

static int tick(void *data)
{
	struct clients *clients = data;
	struct client *client, *next;
	uint64_t now = clock_now();
	bool has_waiting = false;

	for (client = clients->first; client; client = next) {
		next = client->next;
		if (!client->is_paused && !client->is_answering)
			continue;
		has_waiting = true;
		client_tick(client, now);
	}
	if (!has_waiting)
		loop_del(clients->loop, &clients->tick);
	return 0;
}

void clients_start_tick(struct clients *clients)
{
	int r;

	if (clients->tick.fd >= 0)
		return;
	r = loop_add_timer(clients->loop, &clients->tick, TICK_MS, TICK_MS, tick,
			   clients);
	if (r < 0)
		log_write(LOG_ERR, "timer-failed", NULL, "a timer: error %d", -r);
}

/*
 * Clients that are due
 */

void clients_add_due(struct client *client)
{
	struct clients *clients = client->clients;

	if (client->is_due)
		return;
	if (TAILQ_EMPTY(&clients->due))
		loop_want(clients->loop, &clients->turn, true, false);
	TAILQ_INSERT_TAIL(&clients->due, client, due);
	client->is_due = true;
}

void clients_del_due(struct client *client)
{
	struct clients *clients = client->clients;

	if (!client->is_due)
		return;
	TAILQ_REMOVE(&clients->due, client, due);
	client->is_due = false;
	if (TAILQ_EMPTY(&clients->due))
		loop_want(clients->loop, &clients->turn, false, false);
}

/* Of the user who had his last turn first, the one that has waited longest. */
static int give_turn(void *data)
{
	struct clients *clients = data;
	struct client *next = TAILQ_FIRST(&clients->due), *client;

	if (!next)
		return 0;
	TAILQ_FOREACH(client, &clients->due, due)
	if (client->user->last_turn < next->user->last_turn)
		next = client;
	next->user->last_turn = ++clients->n_turns;
	client_take_turn(next);
	return 0;
}

/* An eventfd that nobody reads is always ready, and waited for only when it is wanted. */
static int add_turn(struct clients *clients)
{
	int fd = eventfd(1, EFD_CLOEXEC | EFD_NONBLOCK);
	int r = fd < 0 ? -errno
		       : loop_add(clients->loop, &clients->turn, fd, give_turn, clients);

	if (r == 0) {
		clients->turn.is_owned = true;
		r = loop_want(clients->loop, &clients->turn, false, false);
	} else if (fd >= 0) {
		close(fd);
	}
	return r;
}

/*
 * Who comes
 */

static int end_rest(void *data)
{
	struct clients *clients = data;

	loop_del(clients->loop, &clients->rest);
	clients->reserve = eventfd(0, EFD_CLOEXEC);
	loop_want(clients->loop, &clients->listener, true, false);
	return 0;
}

static void close_reserve(struct clients *clients)
{
	if (clients->reserve >= 0)
		close(clients->reserve);
	clients->reserve = -1;
}

/* accept() that fails for want of descriptors or memory would be called for ever. */
static void rest(struct clients *clients, int error)
{
	log_write(LOG_WARNING, "accept-failed", NULL,
		  "no connections for a second: error %d", error);
	/* the timer needs one as well */
	close_reserve(clients);
	if (clients->rest.fd < 0 && loop_add_timer(clients->loop, &clients->rest, REST_MS,
						   0, end_rest, clients) == 0)
		loop_want(clients->loop, &clients->listener, false, false);
}

/* As many descriptors as may be had; how many of them are for connections. */
static uint32_t reserve_fds(const struct limits *limits)
{
	rlim_t wanted = (rlim_t)limits->clients + CLIENTS_RESERVE + OTHER_FDS;
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
		return limits->clients;
	if (limit.rlim_cur < wanted) {
		limit.rlim_cur = limit.rlim_max < wanted ? limit.rlim_max : wanted;
		setrlimit(RLIMIT_NOFILE, &limit);
		getrlimit(RLIMIT_NOFILE, &limit);
	}
	if (limit.rlim_cur <= CLIENTS_RESERVE + OTHER_FDS)
		return 1;
	return limit.rlim_cur > UINT32_MAX
		       ? UINT32_MAX - CLIENTS_RESERVE
		       : (uint32_t)limit.rlim_cur - CLIENTS_RESERVE - OTHER_FDS;
}

static enum message_reason check_room(struct clients *clients, uid_t uid)
{
	uint32_t n_max = clients->limits->clients, n_user = clients->limits->clients_user;

	if (n_max > clients->n_max) {
		/* The limit may have been raised since. */
		clients->n_max = reserve_fds(clients->limits);
		if (n_max > clients->n_max)
			n_max = clients->n_max;
	}
	if (uid == 0 || uid == geteuid()) {
		n_max += CLIENTS_RESERVE;
		n_user = n_max;
	}
	if (clients->counts.now < n_max &&
	    users_count_clients(&clients->users, uid) < n_user)
		return MESSAGE_DONE;
	return MESSAGE_CLIENTS;
}

/* What it has said already is read on closing, or the end of the connection would be told
 * to it before the answer. */
static void turn_away(struct clients *clients, int fd, const struct ucred *peer,
		      enum message_reason reason)
{
	struct message answer = { .type = MESSAGE_ANSWER,
				  .value = MESSAGE_VERSION,
				  .error = -message_get_error(reason),
				  .reason = reason };
	int len = message_encode(&answer, clients->output, sizeof(clients->output));

	clients->counts.refused++;
	log_write(LOG_WARNING, "clients-full", NULL, "process %d of user %u: %s",
		  (int)peer->pid, (unsigned int)peer->uid, message_describe(reason));
	if (len > 0)
		send(fd, clients->output, (size_t)len, MSG_DONTWAIT | MSG_NOSIGNAL);
	client_close(clients, fd);
}

static void meet(struct clients *clients, int fd)
{
	struct ucred peer = { .uid = (uid_t)-1 };
	socklen_t len = sizeof(peer);
	enum message_reason reason;
	int r;

	clients->counts.connections++;
	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) < 0) {
		close(fd);
		return;
	}
	reason = check_room(clients, peer.uid);
	if (reason != MESSAGE_DONE) {
		turn_away(clients, fd, &peer, reason);
		return;
	}
	r = client_start(clients, fd, peer.pid, peer.uid, clock_now());
	if (r < 0)
		rest(clients, -r);
}

static int listener_ready(void *data)
{
	struct clients *clients = data;
	unsigned int i;

	for (i = 0; i < CLIENT_TURN; i++) {
		int fd = accept4(clients->listener.fd, NULL, NULL,
				 SOCK_NONBLOCK | SOCK_CLOEXEC);

		if (fd >= 0)
			meet(clients, fd);
		else if (errno == EAGAIN)
			break;
		else if (errno != EINTR && errno != ECONNABORTED) {
			rest(clients, errno);
			break;
		}
	}
	return 0;
}

/*
 * Begin and end
 */

int clients_new(struct clients **ret, struct loop *loop, int fd,
		struct holdings *holdings, struct deaths *deaths,
		const struct limits *limits, const struct clients_handler *handler)
{
	struct clients *clients = calloc(1, sizeof(*clients));
	int r;

	if (!clients)
		return -ENOMEM;
	clients->loop = loop;
	clients->holdings = holdings;
	clients->deaths = deaths;
	clients->limits = limits;
	clients->handler = *handler;
	clients->rest = LOOP_SOURCE_INIT;
	clients->reserve = eventfd(0, EFD_CLOEXEC);
	clients->tick = LOOP_SOURCE_INIT;
	clients->n_max = reserve_fds(limits);
	bucket_init(&clients->bucket, limits->total.messages, clock_now());
	clients->turn = LOOP_SOURCE_INIT;
	TAILQ_INIT(&clients->due);
	r = add_turn(clients);
	if (r == 0)
		r = loop_add(loop, &clients->listener, fd, listener_ready, clients);
	if (r < 0) {
		loop_del(loop, &clients->turn);
		close_reserve(clients);
		free(clients);
		return r;
	}
	*ret = clients;
	return 0;
}

int clients_end(struct clients *clients)
{
	int fd = clients->listener.fd;

	while (clients->first)
		client_free(clients->first);
	users_fini(&clients->users);
	loop_del(clients->loop, &clients->listener);
	loop_del(clients->loop, &clients->rest);
	loop_del(clients->loop, &clients->tick);
	loop_del(clients->loop, &clients->turn);
	close_reserve(clients);
	free(clients);
	return fd;
}

struct clients *clients_free(struct clients *clients)
{
	if (clients)
		close(clients_end(clients));
	return NULL;
}

struct clients_counts clients_get_counts(const struct clients *clients)
{
	return clients->counts;
}

uint32_t clients_count_user(const struct clients *clients, uid_t uid)
{
	return users_count_clients(&clients->users, uid);
}
