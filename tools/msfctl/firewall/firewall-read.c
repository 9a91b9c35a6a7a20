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
	ssize_t n;

	do {
		n = recv(fd, &answer, sizeof(answer), 0);
	} while (n < 0 && errno == EINTR);
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
	ssize_t n;
	int r;

	if (fd < 0)
		return -errno;
	do {
		n = send(fd, &request, sizeof(request), 0);
	} while (n < 0 && errno == EINTR);
	r = n < 0 ? -errno : receive_answer(fd);
	close(fd);
	return r;
}

/* What a command prints, from malloc(). 0 or -errno. */
static int run(struct nft_ctx *nft, unsigned int flags, const char *command, char **ret)
{
	const char *text;

	nft_ctx_output_set_flags(nft, flags);
	errno = 0;
	if (nft_run_cmd_from_buffer(nft, command) != 0)
		return errno ? -errno : -EIO;
	text = nft_ctx_get_output_buffer(nft);
	*ret = utf8_new(text ? text : "");
	return *ret ? 0 : -ENOMEM;
}

/* Adds the objects of a listing to those of root. */
static int append(struct nft_ctx *nft, const char *command, json_t *root)
{
	json_t *listed;
	char *text = NULL;
	int r = run(nft, NFT_CTX_OUTPUT_JSON, command, &text);

	if (r < 0)
		return r;
	listed = json_loads(text, 0, NULL);
	free(text);
	/* A command that finds nothing may print nothing. */
	r = json_array_extend(json_object_get(root, "nftables"),
			      json_object_get(listed, "nftables")) < 0 &&
			    listed
		    ? -EBADMSG
		    : 0;
	json_decref(listed);
	return r;
}

/* Commands in JSON: names may be any words. */
static int append_object(struct nft_ctx *nft, const char *kind, const json_t *table,
			 const char *name, json_t *root)
{
	json_t *command =
		json_pack("{s:[{s:{s:{s:O, s:O*, s:s}}}]}", "nftables", "list", kind,
			  "family", json_object_get(table, "family"), "table",
			  !strcmp(kind, "table") ? NULL : json_object_get(table, "name"),
			  "name", name);
	char *text = json_dumps(command, 0);
	int r = text ? append(nft, text, root) : -ENOMEM;

	free(text);
	json_decref(command);
	return r;
}

static bool has_flag(const json_t *table, const char *flag)
{
	const json_t *word;
	size_t i;

	json_array_foreach(json_object_get(table, "flags"), i,
			   word) if (!strcmp(json_string_value(word), flag)) return true;
	return false;
}

static bool has_flags(const json_t *table)
{
	return json_array_size(json_object_get(table, "flags")) > 0;
}

static int append_table(struct nft_ctx *nft, const json_t *table, json_t *root)
{
	const char *name = json_string_value(json_object_get(table, "name"));
	const json_t *chain;
	size_t i;
	int r = 0;

	if (!has_flags(table))
		return append_object(nft, "table", table, name, root);
	if (has_flag(table, "dormant"))
		return 0; /* the kernel does not look at it either */
	json_array_foreach(json_object_get(table, "chains"), i, chain)
	{
		name = json_string_value(json_object_get(chain, "name"));
		r = r < 0 ? r : append_object(nft, "chain", table, name, root);
	}
	return r;
}

/*
 * libnftables up to 1.0.6 frees the flag of a table twice where it writes it in JSON.
 * So tables with flags are never asked for, but what is in them.
 */
static int append_around_flags(struct nft_ctx *nft, const json_t *outline, json_t *root)
{
	const json_t *table;
	size_t i;
	int r = append(nft, "list sets", root);

	if (r == 0)
		r = append(nft, "list maps", root);
	json_array_foreach(outline, i, table) r = r < 0 ? r
							: append_table(nft, table, root);
	return r;
}

static int append_ruleset(struct nft_ctx *nft, const json_t *outline, json_t *root)
{
	const json_t *table;
	size_t i;

	json_array_foreach(
		outline, i,
		table) if (has_flags(table)) return append_around_flags(nft, outline,
									root);
	return append(nft, "list ruleset", root);
}

struct reading {
	json_t *root, *outline;
	char *listing;
};

static int read_all(struct nft_ctx *nft, struct reading *reading)
{
	int r;

	if (nft_ctx_buffer_output(nft) != 0 || nft_ctx_buffer_error(nft) != 0)
		return -ENOMEM;
	r = run(nft, NFT_CTX_OUTPUT_HANDLE | NFT_CTX_OUTPUT_STATELESS, "list ruleset",
		&reading->listing);
	if (r == 0)
		r = listing_outline(reading->listing, &reading->outline);
	reading->root = json_pack("{s:[]}", "nftables");
	if (!reading->root)
		return -ENOMEM;
	return r < 0 ? r : append_ruleset(nft, reading->outline, reading->root);
}

/* 0, or -errno and nothing to be freed. */
static int read_ruleset(struct reading *reading)
{
	struct nft_ctx *nft;
	int r = check_permission();

	if (r < 0)
		return r;
	nft = nft_ctx_new(NFT_CTX_DEFAULT);
	if (!nft)
		return -ENOMEM;
	r = read_all(nft, reading);
	nft_ctx_free(nft);
	if (r < 0) {
		json_decref(reading->root);
		json_decref(reading->outline);
		free(reading->listing);
	}
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

static int new_unreadable(struct firewall **ret, int error)
{
	struct firewall *firewall = calloc(1, sizeof(*firewall));

	if (!firewall)
		return -ENOMEM;
	set_obstacle(firewall, "the nftables ruleset cannot be read", error);
	*ret = firewall;
	return 0;
}

int firewall_new(struct firewall **ret)
{
	struct reading reading = { 0 };
	int r = read_ruleset(&reading);

	if (r == -ENOMEM || r == -EBADMSG)
		return r;
	if (r < 0)
		return new_unreadable(ret, -r);
	r = ruleset_new(ret, reading.root, reading.outline, reading.listing);
	if (r < 0)
		return r;
	(*ret)->has_legacy = has_line("/proc/thread-self/net/ip_tables_names") ||
			     has_line("/proc/thread-self/net/ip6_tables_names");
	return 0;
}
