/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * queues: asked of sock_diag(7) (see queues.h).  libnl's own request asks for TCP only,
 * and its parser has no accessor for the memory of a socket.
 */
#include <errno.h>
#include <linux/inet_diag.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include <netlink/msg.h>
#include <netlink/netlink.h>

#include "queues.h"

/* The kernel fills one message after the other up to this size. */
#define DUMP_SIZE 32768

/* A look that is going on. */
struct looking {
	struct queue *queues;
	uint32_t n_queues, n_room;
	int error;
};

static int compare_queues(const void *a, const void *b)
{
	const struct queue *x = a, *y = b;

	return (x->inode > y->inode) - (x->inode < y->inode);
}

static int add(struct looking *looking, const struct queue *queue)
{
	if (looking->n_queues == looking->n_room) {
		uint32_t n = looking->n_room ? 2 * looking->n_room : 64;
		struct queue *queues = reallocarray(looking->queues, n, sizeof(*queues));

		if (!queues)
			return -ENOMEM;
		looking->queues = queues;
		looking->n_room = n;
	}
	looking->queues[looking->n_queues++] = *queue;
	return 0;
}

static int take_answer(struct nl_msg *message, void *data)
{
	struct nlmsghdr *header = nlmsg_hdr(message);
	struct looking *looking = data;
	const struct inet_diag_msg *msg = nlmsg_data(header);
	const struct nlattr *memory;
	struct queue queue = { 0 };

	if (header->nlmsg_type != SOCK_DIAG_BY_FAMILY ||
	    !nlmsg_valid_hdr(header, sizeof(*msg)))
		return NL_SKIP;
	memory = nlmsg_find_attr(header, sizeof(*msg), INET_DIAG_SKMEMINFO);
	if (!memory || nla_len(memory) < (SK_MEMINFO_DROPS + 1) * (int)sizeof(uint32_t)) {
		looking->error = -EOPNOTSUPP;
		return NL_STOP;
	}
	queue.inode = msg->idiag_inode;
	queue.address = address_make(msg->idiag_family,
				     (const uint8_t *)msg->id.idiag_src);
	queue.port = ntohs(msg->id.idiag_sport);
	queue.device = msg->id.idiag_if;
	memcpy(&queue.drops,
	       (const uint32_t *)nla_data((struct nlattr *)memory) + SK_MEMINFO_DROPS,
	       sizeof(queue.drops));
	looking->error = add(looking, &queue);
	return looking->error ? NL_STOP : NL_OK;
}

static int ask(struct nl_sock *sock, struct looking *looking, int family)
{
	struct inet_diag_req_v2 request = {
		.sdiag_family = (uint8_t)family,
		.sdiag_protocol = IPPROTO_UDP,
		.idiag_ext = 1 << (INET_DIAG_SKMEMINFO - 1),
		.idiag_states = UINT32_MAX,
	};
	int r = nl_send_simple(sock, SOCK_DIAG_BY_FAMILY, NLM_F_DUMP, &request,
			       sizeof(request));

	if (r >= 0)
		r = nl_recvmsgs_default(sock);
	if (looking->error)
		return looking->error;
	return r < 0 ? -EOPNOTSUPP : 0;
}

static int look(struct looking *looking)
{
	struct nl_sock *sock = nl_socket_alloc();
	int r = 0;

	if (!sock)
		return -ENOMEM;
	errno = 0;
	if (nl_connect(sock, NETLINK_SOCK_DIAG) < 0)
		r = errno ? -errno : -EIO;
	nl_socket_set_msg_buf_size(sock, DUMP_SIZE);
	nl_socket_modify_cb(sock, NL_CB_VALID, NL_CB_CUSTOM, take_answer, looking);
	if (r == 0)
		r = ask(sock, looking, AF_INET);
	/* A kernel without IPv6 has no such sockets. */
	if (r == 0 && ask(sock, looking, AF_INET6) == -ENOMEM)
		r = -ENOMEM;
	nl_socket_free(sock);
	return r;
}

/* A socket that is new has dropped all it has dropped since the look before. */
static void compare(struct queues *queues, struct looking *now)
{
	for (uint32_t i = 0; i < now->n_queues; i++) {
		struct queue *queue = &now->queues[i];
		const struct queue *before =
			queues->n_queues
				? bsearch(queue, queues->queues, queues->n_queues,
					  sizeof(*queue), compare_queues)
				: NULL;

		queues->has_new |= !before;
		if (queues->has_looked)
			queue->n_dropped = queue->drops - (before ? before->drops : 0);
	}
}

int queues_refresh(struct queues *queues)
{
	struct looking looking = { 0 };
	int r = look(&looking);

	if (r < 0) {
		free(looking.queues);
		queues_fini(queues);
		return r;
	}
	if (looking.n_queues)
		qsort(looking.queues, looking.n_queues, sizeof(*looking.queues),
		      compare_queues);
	queues->has_new = false;
	compare(queues, &looking);
	free(queues->queues);
	queues->queues = looking.queues;
	queues->n_queues = looking.n_queues;
	queues->has_looked = true;
	return 0;
}

void queues_fini(struct queues *queues)
{
	free(queues->queues);
	*queues = (struct queues){ 0 };
}

static bool is_address_heard(const struct address *address, const struct address *group)
{
	if (address_is_any(address))
		return address->is_ipv6 || !group->is_ipv6;
	return address_compare(address, group) == 0;
}

bool queue_hears(const struct queue *queue, const struct place *place, uint16_t port)
{
	struct sockaddr_storage address;
	struct address unmapped;

	address_set(&queue->address, &address);
	unmapped = address_unmap(&address);
	return queue->port == port && is_address_heard(&unmapped, &place->group) &&
	       (!queue->device || queue->device == place->ifindex);
}
