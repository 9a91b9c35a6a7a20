/* SPDX-License-Identifier: BSD-2-Clause */
/* client: what its messages ask for, and whether it may ask (see client.h). */
#include "msfd/client.h"

#include <errno.h>

#include "msfd/log.h"

static void pause_client(struct client *client, uint64_t now)
{
	client->is_paused = true;
	client->since = now;
	clients_start_tick(client->clients);
}

enum message_reason client_admit(struct client *client, bool is_ending, uint64_t now)
{
	struct clients *clients = client->clients;
	struct bucket *own = &client->bucket, *user = &client->user->bucket;
	enum message_reason reason = MESSAGE_DONE;

	bucket_fill(own, clients->limits->client.messages, now);
	bucket_fill(user, clients->limits->user.messages, now);
	bucket_fill(&clients->bucket, clients->limits->total.messages, now);
	if (!bucket_has(own))
		reason = MESSAGE_CLIENT_MESSAGES;
	else if (client->uid != 0 && !bucket_has(user)) /* root: those of all */
		reason = MESSAGE_USER_MESSAGES;
	else if (!bucket_has(&clients->bucket))
		reason = MESSAGE_TOTAL_MESSAGES;
	if (reason != MESSAGE_DONE)
		pause_client(client, now);
	if (reason != MESSAGE_DONE && !is_ending)
		return reason;
	bucket_take(own);
	bucket_take(user);
	bucket_take(&clients->bucket);
	return MESSAGE_DONE;
}

/* The interface may have come a moment ago: it is looked for before that is said. */
static enum message_reason set(struct client *client, const struct message *message,
			       const struct holdings_socket *socket, uint64_t now)
{
	struct clients *clients = client->clients;
	struct holdings_teller teller = { client->number, client->pid, client->uid };
	enum message_reason reason = holdings_set(clients->holdings, socket, &teller,
						  message->ifindex, message->group,
						  &message->filter, message->stamp, now);

	if (reason != MESSAGE_NO_INTERFACE ||
	    !clients->handler.has_interface(clients->handler.context, message->ifindex))
		return reason;
	return holdings_set(clients->holdings, socket, &teller, message->ifindex,
			    message->group, &message->filter, message->stamp, now);
}

static enum message_reason obey_socket(struct client *client,
				       const struct message *message, int fd,
				       uint64_t now)
{
	struct clients *clients = client->clients;
	struct holdings_socket socket;
	enum message_reason reason = MESSAGE_NO_SOCKET;

	if (fd >= 0)
		reason = deaths_identify(clients->deaths, fd, &socket);
	if (reason != MESSAGE_DONE)
		return reason;
	if (message->type == MESSAGE_SET)
		reason = set(client, message, &socket, now);
	else
		holdings_settle(clients->holdings, socket.cookie, message->stamp, now);
	if (reason == MESSAGE_DONE)
		clients->handler.changed(clients->handler.context);
	else
		log_write(LOG_NOTICE, "client-refused", NULL, "process %d of user %u: %s",
			  (int)client->pid, (unsigned int)client->uid,
			  message_describe(reason));
	return reason;
}

enum message_reason client_obey(struct client *client, const struct message *message,
				int fd, uint64_t now)
{
	const struct clients_handler *handler = &client->clients->handler;

	switch (message->type) {
	case MESSAGE_SET:
	case MESSAGE_SETTLE:
		return obey_socket(client, message, fd, now);
	case MESSAGE_ASK:
	case MESSAGE_TUNE:
	case MESSAGE_STATIC:
		return handler->handle(handler->context, message, client->is_admin,
				       client->uid);
	case MESSAGE_ANSWER:
	case MESSAGE_ROW:
		break;
	}
	return MESSAGE_BAD;
}

/* A row for which there is no room is made again when there is some. 1: told; 0: there
 * is none behind the last. */
static int tell_row(struct client *client)
{
	struct clients *clients = client->clients;
	const struct clients_handler *handler = &clients->handler;
	struct holdings_key cursor = client->cursor;
	uint64_t position = client->position;
	struct message row = { .type = MESSAGE_ROW,
			       .serial = client->question.serial,
			       .text = clients->text };
	ssize_t n = handler->make_row(handler->context, client->question.subject,
				      client->uid, &cursor, &position, clients->text,
				      sizeof(clients->text));
	int r;

	if (n <= 0)
		return (int)n;
	row.text_len = (size_t)n;
	r = client_send(client, &row);
	if (r < 0)
		return r;
	client->cursor = cursor;
	client->position = position;
	return 1;
}

static int tell_end(struct client *client, enum message_reason reason)
{
	struct message answer = { .type = MESSAGE_ANSWER,
				  .serial = client->question.serial,
				  .value = MESSAGE_VERSION,
				  .error = -message_get_error(reason),
				  .reason = reason };
	int r = client_send(client, &answer);

	client->is_telling = r == -EAGAIN;
	return r;
}

int client_tell(struct client *client)
{
	unsigned int i;
	int r = 1;

	clients_del_due(client);
	for (i = 0; r == 1 && i < CLIENT_TURN; i++)
		r = client->is_deaf ? 0 : tell_row(client);
	if (r == 1)
		clients_add_due(client);
	else if (r == 0)
		r = tell_end(client, MESSAGE_DONE);
	else if (r == -ENOMEM)
		r = tell_end(client, MESSAGE_NO_MEMORY);
	return r > 0 ? 0 : r;
}
