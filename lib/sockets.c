/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * libnl's own request (idiagnl_send_simple) asks for TCP only, so the request is
 * made here. Its parser has no accessor for INET_DIAG_SKMEMINFO: that one is taken
 * from the message.
 */
#include "sockets.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <arpa/inet.h>
#include <linux/inet_diag.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <netlink/attr.h>
#include <netlink/idiag/idiagnl.h>
#include <netlink/idiag/msg.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>

#include "namespace.h"
#include "proc.h"

#define FIRST_BUCKETS 256u

/* The kernel fills one message after the other up to this size. */
#define DUMP_SIZE 32768

struct listing {
	struct sockets *sockets;
	uint32_t namespace;
	int error;
};

void sockets_fini(struct sockets *sockets)
{
	vector_fini(&sockets->list);
	vector_fini(&sockets->groups);
	free(sockets->buckets);
	*sockets = (struct sockets){ 0 };
}

struct socket_entry *sockets_get(const struct sockets *sockets, uint32_t number)
{
	return (struct socket_entry *)sockets->list.items + number;
}

/* The bucket of that inode, or the free one where it belongs. */
static uint32_t *find_bucket(const struct sockets *sockets, uint64_t inode)
{
	uint32_t mask = sockets->n_buckets - 1;
	uint32_t i = (uint32_t)(inode * 0x9e3779b97f4a7c15ull >> 32) & mask;

	while (sockets->buckets[i] &&
	       sockets_get(sockets, sockets->buckets[i] - 1)->inode != inode)
		i = (i + 1) & mask;
	return &sockets->buckets[i];
}

uint32_t sockets_find(const struct sockets *sockets, uint64_t inode)
{
	uint32_t *bucket;

	if (!sockets->n_buckets)
		return SOCKETS_NONE;
	bucket = find_bucket(sockets, inode);
	return *bucket ? *bucket - 1 : SOCKETS_NONE;
}

/* Half of the buckets stay free. */
static int grow(struct sockets *sockets)
{
	uint32_t n = sockets->n_buckets ? 2 * sockets->n_buckets : FIRST_BUCKETS;
	uint32_t *buckets;

	if (sockets->list.n + 1 <= sockets->n_buckets / 2)
		return 0;
	buckets = calloc(n, sizeof(*buckets));
	if (!buckets)
		return -ENOMEM;
	free(sockets->buckets);
	sockets->buckets = buckets;
	sockets->n_buckets = n;
	for (uint32_t i = 0; i < sockets->list.n; i++)
		*find_bucket(sockets, sockets_get(sockets, i)->inode) = i + 1;
	return 0;
}

int sockets_add(struct sockets *sockets, const struct socket_entry *entry,
		uint32_t *ret_number)
{
	struct socket_entry *added;
	uint32_t number = sockets_find(sockets, entry->inode);

	if (number == SOCKETS_NONE) {
		if (grow(sockets) < 0)
			return -ENOMEM;
		added = vector_append(&sockets->list, sizeof(*added));
		if (!added)
			return -ENOMEM;
		*added = *entry;
		number = (uint32_t)sockets->list.n - 1;
		*find_bucket(sockets, entry->inode) = number + 1;
	}
	*ret_number = number;
	return 0;
}

static int add_listed(struct listing *listing, uint64_t inode, int32_t optmem,
		      struct addr address)
{
	struct socket_entry entry = { .inode = inode,
				      .namespace = listing->namespace,
				      .optmem = optmem,
				      .kind = SOCKET_LISTED };
	struct addr *group;
	uint32_t number;

	if (!inode)
		return 0; /* closed, packets are still on their way out */
	if (addr_is_multicast(address)) {
		group = vector_append(&listing->sockets->groups, sizeof(*group));
		if (!group)
			return -ENOMEM;
		*group = address;
	}
	return sockets_add(listing->sockets, &entry, &number);
}

/*
 * sock_diag
 */

static int32_t read_optmem(struct nlmsghdr *header)
{
	struct nlattr *attr = nlmsg_find_attr(header, sizeof(struct inet_diag_msg),
					      INET_DIAG_SKMEMINFO);
	const uint32_t *values;

	/* older kernels tell less */
	if (!attr || nla_len(attr) < (int)((SK_MEMINFO_OPTMEM + 1) * sizeof(*values)))
		return -1;
	values = nla_data(attr);
	return (int32_t)values[SK_MEMINFO_OPTMEM];
}

static struct addr read_address(const struct idiagnl_msg *msg)
{
	struct nl_addr *src = idiagnl_msg_get_src(msg);
	uint32_t ipv4;

	if (!src || nl_addr_get_len(src) == 0)
		return (struct addr){ 0 };
	if (nl_addr_get_family(src) == AF_INET6)
		return addr_from_bytes(nl_addr_get_binary_addr(src));
	memcpy(&ipv4, nl_addr_get_binary_addr(src), sizeof(ipv4));
	return addr_from_ipv4(ntohl(ipv4));
}

static int read_message(struct nl_msg *message, void *argument)
{
	struct nlmsghdr *header = nlmsg_hdr(message);
	struct listing *listing = argument;
	struct idiagnl_msg *msg;
	int r;

	if (header->nlmsg_type != SOCK_DIAG_BY_FAMILY)
		return NL_SKIP;
	r = idiagnl_msg_parse(header, &msg);
	if (r < 0) {
		listing->error = r == -NLE_NOMEM ? -ENOMEM : 0;
	} else {
		listing->error = add_listed(listing, idiagnl_msg_get_inode(msg),
					    read_optmem(header), read_address(msg));
		idiagnl_msg_put(msg);
	}
	return listing->error ? NL_STOP : NL_OK;
}

static int send_request(struct nl_sock *sock, int family, int protocol)
{
	struct inet_diag_req_v2 request = {
		.sdiag_family = (uint8_t)family,
		.sdiag_protocol = (uint8_t)protocol,
		.idiag_ext = 1 << (INET_DIAG_SKMEMINFO - 1),
		.idiag_states = UINT32_MAX,
	};

	return nl_send_simple(sock, SOCK_DIAG_BY_FAMILY, NLM_F_DUMP, &request,
			      sizeof(request));
}

/* 0, -ENOMEM, or -EOPNOTSUPP: this kernel does not list that protocol so. */
static int ask_diag(struct nl_sock *sock, struct listing *listing, int family,
		    int protocol)
{
	int r = send_request(sock, family, protocol);

	nl_socket_modify_cb(sock, NL_CB_VALID, NL_CB_CUSTOM, read_message, listing);
	listing->error = 0;
	if (r >= 0)
		r = nl_recvmsgs_default(sock);
	if (listing->error)
		return listing->error;
	if (r == -NLE_NOMEM)
		return -ENOMEM;
	return r < 0 ? -EOPNOTSUPP : 0;
}

/* 0 and NULL: there is no sock_diag. */
static int open_diag(struct nl_sock **ret)
{
	struct nl_sock *sock = nl_socket_alloc();
	int r;

	*ret = NULL;
	if (!sock)
		return -ENOMEM;
	errno = 0;
	r = nl_connect(sock, NETLINK_SOCK_DIAG);
	if (r < 0) {
		r = r == -NLE_NOMEM ? -ENOMEM : -errno;
		nl_socket_free(sock);
		return r == -EPROTONOSUPPORT || r == -EAFNOSUPPORT || r == -EPERM ? 0 : r;
	}
	nl_socket_set_msg_buf_size(sock, DUMP_SIZE);
	*ret = sock;
	return 0;
}

/*
 * /proc/net
 */

/* "  77: 00000000:0063 ... 0  0 17090122 2 ...": words are bytes as stored. */
static bool parse_line(const char *line, struct addr *ret_address, uint64_t *ret_inode)
{
	char digits[33];
	uint32_t word[4];

	if (sscanf(line,
		   " %*u: %32[0-9A-Fa-f]:%*x %*x:%*x %*x %*x:%*x %*x:%*x %*x %*u %*u "
		   "%" SCNu64,
		   digits, ret_inode) != 2)
		return false;
	if (sscanf(digits, "%8" SCNx32 "%8" SCNx32 "%8" SCNx32 "%8" SCNx32, &word[0],
		   &word[1], &word[2], &word[3]) == 4)
		*ret_address = addr_from_bytes((const uint8_t *)word);
	else
		*ret_address = addr_from_ipv4(ntohl(word[0]));
	return true;
}

static int read_file(struct listing *listing, const char *net, const char *name)
{
	char path[64], line[256];
	struct addr address;
	uint64_t inode;
	FILE *file;
	int r = 0;

	snprintf(path, sizeof(path), "%s/%s", net, name);
	file = fopen(path, "re");
	if (!file) /* without the protocol there is no file */
		return errno == ENOENT ? 0 : -errno;
	while (!r && fgets(line, sizeof(line), file))
		if (parse_line(line, &address, &inode))
			r = add_listed(listing, inode, -1, address);
	if (!r && ferror(file))
		r = -EIO;
	fclose(file);
	return r;
}

/* How each kind of socket is listed. */
struct protocol {
	int family;
	int protocol;
	bool has_diag;
	const char *file;
};

static const struct protocol protocols[] = {
	{ AF_INET, IPPROTO_UDP, true, "udp" },
	{ AF_INET6, IPPROTO_UDP, true, "udp6" },
	{ AF_INET, IPPROTO_UDPLITE, true, "udplite" },
	{ AF_INET6, IPPROTO_UDPLITE, true, "udplite6" },
	{ AF_INET, IPPROTO_RAW, false, "raw" },
	{ AF_INET6, IPPROTO_RAW, false, "raw6" },
	{ AF_INET, IPPROTO_ICMP, false, "icmp" },
	{ AF_INET6, IPPROTO_ICMPV6, false, "icmp6" },
};

#define N_PROTOCOLS (sizeof(protocols) / sizeof(protocols[0]))

int sockets_list(struct sockets *sockets, uint32_t namespace)
{
	struct listing listing = { .sockets = sockets, .namespace = namespace };
	struct nl_sock *sock;
	int r = open_diag(&sock);

	for (size_t i = 0; !r && i < N_PROTOCOLS; i++) {
		r = -EOPNOTSUPP;
		if (sock && protocols[i].has_diag)
			r = ask_diag(sock, &listing, protocols[i].family,
				     protocols[i].protocol);
		if (r == -EOPNOTSUPP)
			r = read_file(&listing, PROC_NET, protocols[i].file);
	}
	nl_socket_free(sock);
	return r;
}

int sockets_list_at(struct sockets *sockets, uint32_t namespace, const char *net)
{
	struct listing listing = { .sockets = sockets, .namespace = namespace };
	int r = access(net, R_OK) < 0 ? -errno : 0;

	for (size_t i = 0; !r && i < N_PROTOCOLS; i++)
		r = read_file(&listing, net, protocols[i].file);
	return r;
}
