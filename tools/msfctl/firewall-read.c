/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Reading the ruleset of this network namespace through libnftables, and whether
 * legacy iptables stands beside it. Nothing is changed.
 */
#include <errno.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <nftables/libnftables.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "firewall-ruleset.h"
#include "utf8.h"

static void set_obstacle(struct firewall *firewall, const char *what, int error)
{
	snprintf(firewall->obstacle, sizeof(firewall->obstacle), "%s: %s%s", what,
		 strerror(error),
		 error == EPERM || error == EACCES ? " (CAP_NET_ADMIN is needed)" : "");
}

/* Reads the answer, an acknowledgement or an error, of nf_tables. */
static int receive_answer(int fd)
{
	struct {
		struct nlmsghdr header;
		struct nlmsgerr error;
		char rest[512];
	} answer;
	ssize_t n = recv(fd, &answer, sizeof(answer), 0);

	if (n < 0)
		return -errno;
	if ((size_t)n < sizeof(answer.header) + sizeof(answer.error) ||
	    answer.header.nlmsg_type != NLMSG_ERROR)
		return 0; /* the generation itself */
	return answer.error.error;
}

/* Asks for the generation of the ruleset. libnftables prints or ends the process
 * where there is no nf_tables or no permission: it is called only behind this. */
static int check_permission(void)
{
	struct {
		struct nlmsghdr header;
		struct nfgenmsg family;
	} request = {
		.header = { .nlmsg_len = sizeof(request),
			    .nlmsg_type = NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_GETGEN,
			    .nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK },
	};
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_NETFILTER);
	int r;

	if (fd < 0)
		return -errno;
	r = send(fd, &request, sizeof(request), 0) < 0 ? -errno : receive_answer(fd);
	close(fd);
	return r;
}

/* One listing, from malloc(). 0 or -errno. */
static int list(struct nft_ctx *nft, unsigned int flags, char **ret)
{
	const char *text;

	nft_ctx_output_set_flags(nft, flags);
	errno = 0;
	if (nft_run_cmd_from_buffer(nft, "list ruleset") != 0)
		return errno ? -errno : -EIO;
	text = nft_ctx_get_output_buffer(nft);
	*ret = utf8_new(text ? text : "");
	return *ret ? 0 : -ENOMEM;
}

static int list_both(struct nft_ctx *nft, char **ret_json, char **ret_text)
{
	char *json;
	int r;

	if (nft_ctx_buffer_output(nft) != 0 || nft_ctx_buffer_error(nft) != 0)
		return -ENOMEM;
	r = list(nft, NFT_CTX_OUTPUT_JSON, &json);
	if (r < 0)
		return r;
	r = list(nft, NFT_CTX_OUTPUT_HANDLE | NFT_CTX_OUTPUT_STATELESS, ret_text);
	if (r < 0)
		free(json);
	else
		*ret_json = json;
	return r;
}

static int read_listings(char **ret_json, char **ret_text)
{
	struct nft_ctx *nft;
	int r = check_permission();

	if (r < 0)
		return r;
	nft = nft_ctx_new(NFT_CTX_DEFAULT);
	if (!nft)
		return -ENOMEM;
	r = list_both(nft, ret_json, ret_text);
	nft_ctx_free(nft);
	return r;
}

/* The names of tables that rules were loaded into; empty as long as nobody did. */
static bool has_line(const char *path)
{
	FILE *in = fopen(path, "re");
	bool has_one = in && getc(in) != EOF;

	if (in)
		fclose(in);
	return has_one;
}

int firewall_new(struct firewall **ret)
{
	struct firewall *firewall;
	char *json = NULL, *text = NULL;
	int r = read_listings(&json, &text);

	if (r == -ENOMEM)
		return r;
	if (r < 0) {
		firewall = calloc(1, sizeof(*firewall));
		if (!firewall)
			return -ENOMEM;
		set_obstacle(firewall, "the nftables ruleset cannot be read", -r);
		*ret = firewall;
		return 0;
	}
	r = ruleset_new(&firewall, json, strlen(json), text);
	free(json);
	if (r < 0)
		return r;
	firewall->has_legacy = has_line("/proc/thread-self/net/ip_tables_names") ||
			       has_line("/proc/thread-self/net/ip6_tables_names");
	*ret = firewall;
	return 0;
}
