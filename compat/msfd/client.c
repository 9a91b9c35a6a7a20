/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * client: reads the messages of a connection and answers them (see client.h).
 *
 * Invariant: each descriptor that comes along is closed before the next message is
 * read, whatever the message was.
 */
#include "msfd/client.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "msfd/clock.h"
#include "msfd/log.h"

/* SCM_MAX_FD: more than one is an error already, but those that have no room the kernel
 * closes as they are, see close_fds(). */
#define FDS_MAX 253u

struct arrival {
	ssize_t len;
	int fds[FDS_MAX];
	unsigned int n_fds;
	bool is_there;    /* a message that says who sent it (SO_PASSCRED), not the end */
	bool is_cut;      /* longer than any message */
	bool has_lost_fd; /* there was no room for a descriptor, or none left for msfd */
};

/*
 * Sending
 */

int client_send(struct client *client, const struct message *message)
{
	struct clients *clients = client->clients;
	int len = message_encode(message, clients->output, sizeof(clients->output));

	if (len < 0)
		return len;
	if (client->is_deaf || send(client->source.fd, clients->output, (size_t)len,
				    MSG_DONTWAIT | MSG_NOSIGNAL) >= 0)
		return 0;
	if (errno == EPIPE || errno == ECONNRESET) {
		client->is_deaf = true;
		return 0;
	}
	return errno == EINTR ? -EAGAIN : -errno;
}

static int send_answer(struct client *client, const struct message *answer)
{
	int r = client_send(client, answer);

	client->is_answering = r == -EAGAIN;
	if (r == -EAGAIN && &client->answer != answer) {
		client->answer = *answer;
		client->since = clock_now();
		clients_start_tick(client->clients);
	}
	return r;
}

int client_answer(struct client *client, uint32_t serial, enum message_reason reason)
{
	struct message answer = { .type = MESSAGE_ANSWER,
				  .serial = serial,
				  .value = MESSAGE_VERSION,
				  .error = -message_get_error(reason),
				  .reason = reason };

	if (reason != MESSAGE_DONE)
		client->clients->counts.refused++;
	return send_answer(client, &answer);
}

static int answer_broken(struct client *client, uint32_t serial, int error)
{
	struct message answer = { .type = MESSAGE_ANSWER,
				  .serial = serial,
				  .value = MESSAGE_VERSION,
				  .error = error,
				  .reason = MESSAGE_BAD };
	int r;

	client->clients->counts.broken++;
	log_write(LOG_NOTICE, "client-broken", NULL,
		  "process %d of user %u sends what is no message%s", (int)client->pid,
		  (unsigned int)client->uid, error == -EPROTO ? " of this version" : "");
	r = send_answer(client, &answer);
	return ++client->n_broken < CLIENTS_BROKEN_MAX ? r : -EBADMSG;
}

/*
 * Receiving
 */

static void take_fds(struct arrival *arrival, struct msghdr *head)
{
	struct cmsghdr *control;

	for (control = CMSG_FIRSTHDR(head); control;
	     control = CMSG_NXTHDR(head, control)) {
		size_t size = control->cmsg_len - CMSG_LEN(0);

		if (control->cmsg_level != SOL_SOCKET ||
		    control->cmsg_type != SCM_RIGHTS || size > sizeof(arrival->fds))
			continue;
		memcpy(arrival->fds, CMSG_DATA(control), size);
		arrival->n_fds = (unsigned int)(size / sizeof(int));
	}
}

/* 0, or -errno of recvmsg(). */
static int receive(struct clients *clients, int fd, struct arrival *ret)
{
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(FDS_MAX * sizeof(int)) +
			   CMSG_SPACE(sizeof(struct ucred))];
	} control;
	struct iovec iov = { clients->input, sizeof(clients->input) };
	struct msghdr head = { .msg_iov = &iov,
			       .msg_iovlen = 1,
			       .msg_control = &control,
			       .msg_controllen = sizeof(control) };
	ssize_t n = recvmsg(fd, &head, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);

	if (n < 0)
		return -errno;
	ret->len = n;
	ret->n_fds = 0;
	ret->is_there = head.msg_controllen > 0;
	ret->is_cut = head.msg_flags & MSG_TRUNC;
	ret->has_lost_fd = head.msg_flags & MSG_CTRUNC;
	take_fds(ret, &head);
	return 0;
}

/* The last close() of a stream that lingers would wait for its peer, and all with it. */
static void close_fds(struct arrival *arrival)
{
	const struct linger none = { 0 };

	while (arrival->n_fds > 0) {
		int fd = arrival->fds[--arrival->n_fds];

		setsockopt(fd, SOL_SOCKET, SO_LINGER, &none, sizeof(none));
		close(fd);
	}
}

void client_close(struct clients *clients, int fd)
{
	struct arrival arrival = { 0 };
	int on = 1;

	setsockopt(fd, SOL_SOCKET, SO_PASSCRED, &on, sizeof(on));
	shutdown(fd, SHUT_RD);
	for (;;) {
		int r = receive(clients, fd, &arrival);

		if (r == -ECONNRESET || r == -EINTR)
			continue;
		if (r < 0 || !arrival.is_there)
			break;
		close_fds(&arrival);
	}
	close(fd);
}

static bool may_come_with_fd(const struct message *message)
{
	return message->type == MESSAGE_SET || message->type == MESSAGE_SETTLE;
}

/* A message of which less comes in, or is held, than before. */
static bool is_ending(const struct message *message)
{
	if (message->type == MESSAGE_SETTLE)
		return true;
	return message->type == MESSAGE_SET && (message->filter.mode == FILTER_NONE ||
						(message->filter.mode == FILTER_INCLUDE &&
						 message->filter.sources.n == 0));
}

static int obey(struct client *client, const struct message *message,
		struct arrival *arrival)
{
	uint64_t now = clock_now();
	enum message_reason reason = client_admit(client, is_ending(message), now);

	if (reason == MESSAGE_DONE)
		reason = client_obey(client, message,
				     arrival->n_fds > 0 ? arrival->fds[0] : -1, now);
	close_fds(arrival);
	if (reason == MESSAGE_DONE && message->type == MESSAGE_ASK) {
		client->is_telling = true;
		client->question = *message;
		client->cursor = (struct holdings_key){ 0 };
		client->position = 0;
		clients_add_due(client);
		return 0;
	}
	return client_answer(client, message->serial, reason);
}

/* The descriptors are closed before there is an answer: who has that may close the socket
 * and bind another one to its port. */
static int take_message(struct client *client, struct arrival *arrival)
{
	struct message message = { 0 };
	int r = -EBADMSG;

	if (!arrival->is_cut)
		r = message_decode(client->clients->input, (size_t)arrival->len,
				   &message);
	client->clients->counts.messages++;
	if (r == 0 && arrival->n_fds > may_come_with_fd(&message))
		r = -EINVAL;
	/* One was sent, and this process may have no more. */
	if (r == 0 && !arrival->has_lost_fd)
		return obey(client, &message, arrival);
	close_fds(arrival);
	if (r == 0)
		return client_answer(client, message.serial, MESSAGE_NO_MEMORY);
	return answer_broken(client, message.serial, r == -EPROTO ? -EPROTO : -EINVAL);
}

/* 1: a message was read; 0: none is there; -errno: the end. */
static int read_message(struct client *client)
{
	struct arrival arrival = { 0 };
	int r = receive(client->clients, client->source.fd, &arrival);

	/* ECONNRESET comes once, before what it had sent. */
	if (r == -ECONNRESET || r == -EINTR)
		return 1;
	if (r < 0)
		return r == -EAGAIN ? 0 : r;
	r = arrival.len == 0 ? -EPIPE : take_message(client, &arrival);
	close_fds(&arrival);
	return r == 0 || r == -EAGAIN ? 1 : r;
}

static bool is_reading(const struct client *client)
{
	/* Who has hung up has no more than a socket's buffer left to say. */
	return !client->is_answering && !client->is_telling &&
	       (!client->is_paused || client->is_deaf);
}

static int read_messages(struct client *client)
{
	unsigned int i;
	int r = 1;

	for (i = 0; r > 0 && i < CLIENT_TURN && is_reading(client); i++)
		r = read_message(client);
	return r < 0 ? r : 0;
}

/*
 * The states
 */

static void end(struct client *client, int error)
{
	if (error != -EPIPE)
		log_write(LOG_NOTICE, "client-ended", NULL,
			  "process %d of user %u: disconnected: %s", (int)client->pid,
			  (unsigned int)client->uid,
			  error == -ETIMEDOUT ? "it does not read its answers"
					      : strerror(-error));
	client_free(client);
}

void client_wait(struct client *client)
{
	bool reads = is_reading(client);
	bool writes = client->is_answering || (client->is_telling && !client->is_due);

	if (reads == client->reads && writes == client->writes)
		return;
	if (loop_want(client->clients->loop, &client->source, reads, writes) == 0) {
		client->reads = reads;
		client->writes = writes;
	}
}

/* What comes of a step. */
static void go_on(struct client *client, int r)
{
	if (r < 0 && r != -EAGAIN)
		end(client, r);
	else
		client_wait(client);
}

static int client_ready(void *data)
{
	struct client *client = data;
	int r = 0;

	/* Nothing was waited for: it has hung up. */
	if (!client->reads && !client->writes)
		client->is_deaf = true;
	if (client->is_answering)
		r = send_answer(client, &client->answer);
	else if (client->is_telling && client->is_deaf)
		r = client_tell(client);
	else if (client->is_telling)
		clients_add_due(client);
	else
		r = read_messages(client);
	go_on(client, r);
	return 0;
}

void client_take_turn(struct client *client)
{
	go_on(client, client_tell(client));
}

void client_tick(struct client *client, uint64_t now)
{
	uint64_t waited_ms = (now - client->since) / 1000u;

	if (client->is_answering && waited_ms >= CLIENTS_PATIENCE_MS) {
		end(client, -ETIMEDOUT);
		return;
	}
	if (client->is_paused && waited_ms >= CLIENTS_PAUSE_MS)
		client->is_paused = false;
	client_wait(client);
}

/*
 * Begin and end
 */

static void link_in(struct client *client)
{
	struct clients *clients = client->clients;

	client->link = &clients->first;
	client->next = clients->first;
	if (client->next)
		client->next->link = &client->next;
	clients->first = client;
	clients->counts.now++;
}

int client_start(struct clients *clients, int fd, pid_t pid, uid_t uid, uint64_t now)
{
	const struct limits *limits = clients->limits;
	struct client *client = calloc(1, sizeof(*client));
	int r = -ENOMEM;

	if (!client)
		goto close_fd;
	client->user = users_enter(&clients->users, uid, limits->user.messages, now);
	if (!client->user)
		goto free_client;
	r = loop_add(clients->loop, &client->source, fd, client_ready, client);
	if (r < 0)
		goto leave;
	client->clients = clients;
	client->number = ++clients->last_number;
	client->pid = pid;
	client->uid = uid;
	client->is_admin = uid == 0 || uid == geteuid();
	client->reads = true;
	bucket_init(&client->bucket, limits->client.messages, now);
	link_in(client);
	return 0;

leave:
	users_leave(client->user);
free_client:
	free(client);
close_fd:
	client_close(clients, fd);
	return r;
}

struct client *client_free(struct client *client)
{
	struct clients *clients = client->clients;
	int fd = client->source.fd;

	clients_del_due(client);
	deaths_forget_client(clients->deaths, client->number);
	holdings_forget_client(clients->holdings, client->number);
	users_leave(client->user);
	loop_del(clients->loop, &client->source);
	client_close(clients, fd);
	*client->link = client->next;
	if (client->next)
		client->next->link = client->link;
	clients->counts.now--;
	free(client);
	return NULL;
}
