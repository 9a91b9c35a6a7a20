/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * suppress: one table of nftables with the flag "owner" (see suppress.h).
 *
 * Invariant: the context of libnftables, and with it the netlink socket that owns the
 * table, is open as long as the object lives, and does nothing else: the kernel deletes
 * the table when that socket is closed.
 *
 * libnftables writes to standard error and ends the process where it may not talk to the
 * kernel at all; so the kernel is asked first, without it.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>

#include <nftables/libnftables.h>

#include "msfd/log.h"
#include "msfd/suppress.h"
#include "msfd/wire.h"

struct suppress {
	struct nft_ctx *context;
};

_Static_assert(WIRE_MARK == 0x16a9u, "the table lets that mark pass");

/*
 * One transaction. Reports and leaves only: queries of a router on this host pass, and
 * what msfd sends has its mark. libnftables 1.0.6 forgets the chains in the block of
 * "create table", and "add table" is content with a table of somebody else's.
 */
static const char table[] =
	"create table inet msfd { flags owner; }\n"
	"add chain inet msfd output { type filter hook output priority filter; }\n"
	"add rule inet msfd output meta mark 0x16a9 accept\n"
	"add rule inet msfd output igmp type { 0x12, 0x16, 0x17, 0x22 } drop\n"
	"add rule inet msfd output icmpv6 type mld-listener-report drop\n"
	"add rule inet msfd output icmpv6 type mld-listener-done drop\n"
	"add rule inet msfd output icmpv6 type mld2-listener-report drop\n";

/* Asks for the generation of the rules, which changes nothing. The errno that the kernel
 * answers with, negative; 0. */
static int ask_kernel(int fd)
{
	struct {
		struct nlmsghdr head;
		struct nfgenmsg family;
	} question = {
		.head = { .nlmsg_len = sizeof(question),
			  .nlmsg_type = NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_GETGEN,
			  .nlmsg_flags = NLM_F_REQUEST },
	};
	union {
		struct nlmsghdr head;
		char bytes[1024];
	} answer;
	struct nlmsgerr *error;
	ssize_t n;

	while (send(fd, &question, sizeof(question), 0) < 0)
		if (errno != EINTR)
			return -errno;
	do {
		n = recv(fd, &answer, sizeof(answer), 0);
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	if (!NLMSG_OK(&answer.head, (size_t)n))
		return -EBADMSG;
	if (answer.head.nlmsg_type != NLMSG_ERROR)
		return 0;
	error = NLMSG_DATA(&answer.head);
	return answer.head.nlmsg_len < NLMSG_LENGTH(sizeof(*error)) ? -EBADMSG
								    : error->error;
}

/* CAP_NET_ADMIN counts in the user namespace that the network namespace belongs to: only
 * the kernel knows. */
static int check_kernel(void)
{
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_NETFILTER);
	int r;

	if (fd < 0)
		return errno == EMFILE || errno == ENFILE ? -errno : -EOPNOTSUPP;
	r = ask_kernel(fd);
	close(fd);
	return r == 0 || r == -EPERM || r == -ENOMEM ? r : -EOPNOTSUPP;
}

/* libnftables has no errno, but words with the kernel's in it. Of who may change
 * rules at all, EPERM means a table that somebody else owns. */
static int find_error(const char *words)
{
	static const struct {
		int said, meant;
	} errors[] = {
		{ EPERM, EEXIST },
		{ EEXIST, EEXIST },
		{ ENOMEM, ENOMEM },
	};
	size_t i;

	for (i = 0; i < sizeof(errors) / sizeof(*errors); i++)
		if (strstr(words, strerror(errors[i].said)))
			return -errors[i].meant;
	return -EOPNOTSUPP;
}

static int add_table(struct nft_ctx *context)
{
	const char *words;
	int r;

	if (nft_ctx_buffer_output(context) || nft_ctx_buffer_error(context))
		return -ENOMEM;
	if (!nft_run_cmd_from_buffer(context, table))
		return 0;
	words = nft_ctx_get_error_buffer(context);
	r = find_error(words);
	if (r == -EEXIST)
		log_write(LOG_ERR, "suppress-failed", NULL,
			  "there is a table \"inet msfd\" already: another msfd of this "
			  "network namespace?");
	else
		log_write(LOG_ERR, "suppress-failed", NULL, "nftables: %.*s",
			  (int)strcspn(words, "\n"), words);
	return r;
}

int suppress_new(struct suppress **ret)
{
	struct suppress *suppress;
	int r = check_kernel();

	if (r < 0)
		return r;
	suppress = calloc(1, sizeof(*suppress));
	if (!suppress)
		return -ENOMEM;
	suppress->context = nft_ctx_new(NFT_CTX_DEFAULT);
	r = suppress->context ? add_table(suppress->context) : -ENOMEM;
	if (r < 0) {
		suppress_free(suppress);
		return r;
	}
	*ret = suppress;
	return 0;
}

struct suppress *suppress_free(struct suppress *suppress)
{
	if (suppress && suppress->context)
		nft_ctx_free(suppress->context);
	free(suppress);
	return NULL;
}
