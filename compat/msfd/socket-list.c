/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * libnl's own request (idiagnl_send_simple) asks for TCP only, so requests are made here,
 * and of the answers the fixed part is all that is needed.
 */
#include "msfd/socket-list.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include <linux/inet_diag.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>
#include <sys/socket.h>

#define NET "/proc/thread-self/net/"

/* The kernel fills one message after the other up to this size. */
#define DUMP_SIZE 32768u

struct kind {
	int family, type, protocol; /* protocol 0: any */
	bool has_diag;
	const char *path;
};

static const struct kind kinds[] = {
	{ AF_INET, SOCK_DGRAM, IPPROTO_UDP, true, NET "udp" },
	{ AF_INET6, SOCK_DGRAM, IPPROTO_UDP, true, NET "udp6" },
	{ AF_INET, SOCK_DGRAM, IPPROTO_UDPLITE, true, NET "udplite" },
	{ AF_INET6, SOCK_DGRAM, IPPROTO_UDPLITE, true, NET "udplite6" },
	{ AF_INET, SOCK_DGRAM, IPPROTO_ICMP, false, NET "icmp" },
	{ AF_INET6, SOCK_DGRAM, IPPROTO_ICMPV6, false, NET "icmp6" },
	{ AF_INET, SOCK_RAW, 0, false, NET "raw" },
	{ AF_INET6, SOCK_RAW, 0, false, NET "raw6" },
};

#define N_KINDS (sizeof(kinds) / sizeof(kinds[0]))

unsigned int socket_list_get_kind(const struct holdings_socket *socket)
{
	for (size_t i = 0; i < N_KINDS; i++) {
		if (kinds[i].family == socket->family && kinds[i].type == socket->type &&
		    (!kinds[i].protocol || kinds[i].protocol == socket->protocol))
			return 1u << i;
	}
	return 0;
}

void socket_list_fini(struct socket_list *list)
{
	free(list->cookies.items);
	free(list->inodes.items);
	*list = (struct socket_list){ 0 };
}

static int add(struct socket_numbers *numbers, uint64_t number)
{
	size_t max = numbers->max ? 2 * numbers->max : 256;
	uint64_t *items;

	if (numbers->n == numbers->max) {
		items = reallocarray(numbers->items, max, sizeof(*items));
		if (!items)
			return -ENOMEM;
		numbers->items = items;
		numbers->max = max;
	}
	numbers->items[numbers->n++] = number;
	return 0;
}

static int compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

static void sort(struct socket_numbers *numbers)
{
	if (numbers->n)
		qsort(numbers->items, numbers->n, sizeof(*numbers->items), compare);
}

static bool has(const struct socket_numbers *numbers, uint64_t number)
{
	return numbers->n && bsearch(&number, numbers->items, numbers->n,
				     sizeof(*numbers->items), compare);
}

bool socket_list_has(const struct socket_list *list, const struct holdings_socket *socket)
{
	return has(&list->cookies, socket->cookie) || has(&list->inodes, socket->inode);
}

/*
 * sock_diag
 */

int socket_list_open(struct nl_sock **ret)
{
	struct nl_sock *sock = nl_socket_alloc();
	int r;

	if (!sock)
		return -ENOMEM;
	r = nl_connect(sock, NETLINK_SOCK_DIAG);
	if (r < 0) {
		nl_socket_free(sock);
		return r == -NLE_NOMEM ? -ENOMEM : -EOPNOTSUPP;
	}
	nl_socket_set_msg_buf_size(sock, DUMP_SIZE);
	*ret = sock;
	return 0;
}

struct dump {
	struct socket_list *list;
	int error;
};

static int read_message(struct nl_msg *message, void *argument)
{
	struct nlmsghdr *header = nlmsg_hdr(message);
	struct dump *dump = argument;
	const struct inet_diag_msg *socket = nlmsg_data(header);
	const uint32_t *cookie = socket->id.idiag_cookie;

	if (header->nlmsg_type != SOCK_DIAG_BY_FAMILY ||
	    !nlmsg_valid_hdr(header, sizeof(*socket)) || !socket->idiag_inode)
		return NL_SKIP;
	if (!dump->error)
		dump->error = add(&dump->list->cookies,
				  (uint64_t)cookie[1] << 32 | cookie[0]);
	return NL_OK;
}

/* 0; -ENOMEM; -EOPNOTSUPP: this kernel does not list them so. After an error the socket
 * is of no use: the rest of the answer may still come. */
static int ask(struct nl_sock *sock, struct socket_list *list, const struct kind *kind)
{
	struct inet_diag_req_v2 request = {
		.sdiag_family = (uint8_t)kind->family,
		.sdiag_protocol = (uint8_t)kind->protocol,
		.idiag_states = UINT32_MAX,
	};
	struct dump dump = { .list = list };
	int r = nl_send_simple(sock, SOCK_DIAG_BY_FAMILY, NLM_F_DUMP, &request,
			       sizeof(request));

	nl_socket_modify_cb(sock, NL_CB_VALID, NL_CB_CUSTOM, read_message, &dump);
	if (r >= 0)
		r = nl_recvmsgs_default(sock);
	if (dump.error || r == -NLE_NOMEM)
		return -ENOMEM;
	return r < 0 ? -EOPNOTSUPP : 0;
}

/*
 * /proc/net
 */

/* "  77: 00000000:0063 ... 0  0 17090122 2 ..." */
static bool parse_inode(const char *line, uint64_t *ret_inode)
{
	return sscanf(line,
		      " %*u: %*[0-9A-Fa-f]:%*x %*[0-9A-Fa-f]:%*x %*x %*x:%*x %*x:%*x %*x "
		      "%*u %*u %" SCNu64,
		      ret_inode) == 1;
}

static int read_file(struct socket_list *list, const char *path)
{
	FILE *file = fopen(path, "re");
	char line[512];
	uint64_t inode;
	int r = 0;

	if (!file)
		return -errno;
	while (!r && fgets(line, sizeof(line), file)) {
		if (parse_inode(line, &inode) && inode)
			r = add(&list->inodes, inode);
	}
	if (!r && ferror(file))
		r = -EIO;
	fclose(file);
	return r;
}

/* With a socket of its own: what is left of an answer that failed is not for the next. */
static int read_kind(struct socket_list *list, bool has_diag, const struct kind *kind)
{
	struct nl_sock *sock = NULL;
	int r = -EOPNOTSUPP;

	if (has_diag && kind->has_diag)
		r = socket_list_open(&sock);
	if (r == 0)
		r = ask(sock, list, kind);
	nl_socket_free(sock);
	return r == -EOPNOTSUPP ? read_file(list, kind->path) : r;
}

unsigned int socket_list_read(struct socket_list *list, bool has_diag,
			      unsigned int wanted)
{
	unsigned int done = 0;

	for (size_t i = 0; i < N_KINDS; i++) {
		if ((wanted & 1u << i) && read_kind(list, has_diag, &kinds[i]) == 0)
			done |= 1u << i;
	}
	sort(&list->cookies);
	sort(&list->inodes);
	return done;
}
