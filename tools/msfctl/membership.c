/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * membership: one socket and one of its memberships, printed (see membership.h).
 *
 * Invariants: what cannot be known is "-" in a table and null in JSON, never 0;
 * jansson's setters return -1 for a value that could not be built, so one look at the
 * end of an object tells whether it is whole.
 */
#include <errno.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "endpoint.h"
#include "jsonline.h"
#include "membership.h"

/* Sources of a row that is not whole: those that fit, and the first one. */
#define SOURCES_WIDTH 32

#define NUMBER_MAX 24 /* "18446744073709551615", or "4294967295 +4294967295" */

enum {
	COLUMN_PID,
	COLUMN_COMMAND,
	COLUMN_FD,
	COLUMN_PROTO,
	COLUMN_INTERFACE,
	COLUMN_GROUP,
	COLUMN_PORT,
	COLUMN_MODE,
	COLUMN_SOURCES,
	COLUMN_DROPS,
	COLUMN_ALL,
	COLUMN_NETNS,
	N_COLUMNS,
};

static const char *const titles[N_COLUMNS] = {
	[COLUMN_PID] = "-PID",        [COLUMN_COMMAND] = "COMMAND",
	[COLUMN_FD] = "FD",           [COLUMN_PROTO] = "PROTO",
	[COLUMN_INTERFACE] = "IFACE", [COLUMN_GROUP] = "GROUP",
	[COLUMN_PORT] = "-PORT",      [COLUMN_MODE] = "MODE",
	[COLUMN_SOURCES] = "SOURCES", [COLUMN_DROPS] = "-DROPS",
	[COLUMN_ALL] = "ALL",         [COLUMN_NETNS] = "NETNS",
};

static const struct {
	int type, protocol;
	const char *name;
} types[] = {
	{ SOCK_DGRAM, IPPROTO_UDP, "udp" },   { SOCK_DGRAM, IPPROTO_UDPLITE, "udplite" },
	{ SOCK_DGRAM, IPPROTO_ICMP, "ping" }, { SOCK_DGRAM, IPPROTO_ICMPV6, "ping" },
	{ SOCK_STREAM, IPPROTO_TCP, "tcp" },
};

#define N_TYPES (sizeof(types) / sizeof(*types))

const char *membership_get_type(const struct msf_socket *socket)
{
	if (socket->type == SOCK_RAW) /* of any protocol */
		return "raw";
	for (size_t i = 0; i < N_TYPES; i++)
		if (types[i].type == socket->type &&
		    types[i].protocol == socket->protocol)
			return types[i].name;
	return NULL;
}

const char *membership_get_mode(const struct msf_membership *membership)
{
	return membership->fmode == MCAST_INCLUDE ? "include" : "exclude";
}

void membership_format_interface(const struct msf_membership *membership,
				 char buf[MEMBERSHIP_INTERFACE_MAX])
{
	if (*membership->interface)
		snprintf(buf, MEMBERSHIP_INTERFACE_MAX, "%s", membership->interface);
	else
		snprintf(buf, MEMBERSHIP_INTERFACE_MAX, "index %" PRIu32 " (gone)",
			 membership->ifindex);
}

/* In host order; 0: not bound, or without ports. */
static uint16_t get_port(const struct msf_socket *socket)
{
	const struct sockaddr_in *in = (const struct sockaddr_in *)&socket->address;
	const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)&socket->address;

	if (socket->type == SOCK_RAW || socket->protocol == IPPROTO_ICMP ||
	    socket->protocol == IPPROTO_ICMPV6)
		return 0;
	return ntohs(socket->address.ss_family == AF_INET6 ? in6->sin6_port
							   : in->sin_port);
}

static int get_multicast_all(const struct msf_socket *socket,
			     const struct msf_membership *membership)
{
	return membership->group.ss_family == AF_INET6 ? socket->multicast_all6
						       : socket->multicast_all;
}

int membership_new_columns(struct columns **ret)
{
	return columns_new(ret, titles, N_COLUMNS);
}

void membership_hide_netns(struct columns *columns)
{
	columns_hide(columns, COLUMN_NETNS);
}

static void print_sources(const struct msf_membership *membership, bool is_whole,
			  FILE *out)
{
	size_t width = 0;
	uint32_t i;

	for (i = 0; i < membership->numsrc; i++) {
		char text[ENDPOINT_TEXT_MAX] = "?";

		endpoint_format_address(&membership->slist[i], text, sizeof(text));
		width += strlen(text) + 1;
		if (i && !is_whole && width > SOURCES_WIDTH)
			break;
		fprintf(out, "%s%s", i ? "," : "", text);
	}
	if (i < membership->numsrc)
		fprintf(out, " +%" PRIu32, membership->numsrc - i);
}

/* The cell of the sources, to be freed; *ret is NULL where there are none. */
static int format_sources(const struct msf_membership *membership, bool is_whole,
			  char **ret)
{
	char *text = NULL;
	size_t len;
	FILE *out;

	*ret = NULL;
	if (!membership->numsrc)
		return 0;
	out = open_memstream(&text, &len);
	if (!out)
		return -ENOMEM;
	print_sources(membership, is_whole, out);
	if (fclose(out) == EOF) {
		free(text);
		return -ENOMEM;
	}
	*ret = text;
	return 0;
}

struct holder_cells {
	char pid[NUMBER_MAX], fd[NUMBER_MAX];
};

static void fill_holder(const struct msf_holder *holder, unsigned int n_others,
			struct holder_cells *store, const char *cells[N_COLUMNS])
{
	snprintf(store->pid, sizeof(store->pid), "%d", (int)holder->pid);
	if (n_others)
		snprintf(store->fd, sizeof(store->fd), "%d +%u", holder->fd, n_others);
	else
		snprintf(store->fd, sizeof(store->fd), "%d", holder->fd);
	cells[COLUMN_PID] = store->pid;
	cells[COLUMN_FD] = store->fd;
	cells[COLUMN_COMMAND] = holder->command;
}

static int add_more_holders(struct columns *columns, const struct msf_socket *socket)
{
	int r = 0;

	for (unsigned int i = 1; i < socket->n_holders && !r; i++) {
		const char *cells[N_COLUMNS];
		struct holder_cells store = { "", "" };

		for (unsigned int j = 0; j < N_COLUMNS; j++)
			cells[j] = "";
		fill_holder(&socket->holders[i], 0, &store, cells);
		r = columns_add(columns, cells);
	}
	return r;
}

static const char *const yes_no[] = { "no", "yes" };

static int add_row(struct columns *columns, const struct msf_socket *socket,
		   const struct msf_membership *membership, bool is_whole,
		   const char *sources)
{
	char interface[MEMBERSHIP_INTERFACE_MAX], group[ENDPOINT_TEXT_MAX] = "?";
	char port[NUMBER_MAX], drops[NUMBER_MAX], netns[NUMBER_MAX], proto[NUMBER_MAX];
	char mode[NUMBER_MAX];
	int all = get_multicast_all(socket, membership);
	const char *type = membership_get_type(socket);
	struct holder_cells store = { "", "" };
	const char *cells[N_COLUMNS] = {
		[COLUMN_PROTO] = type ? proto : NULL,
		[COLUMN_INTERFACE] = interface,
		[COLUMN_GROUP] = group,
		[COLUMN_PORT] = get_port(socket) ? port : NULL,
		[COLUMN_MODE] = mode,
		[COLUMN_SOURCES] = sources,
		[COLUMN_DROPS] = socket->drops >= 0 ? drops : NULL,
		[COLUMN_ALL] = all >= 0 ? yes_no[!!all] : NULL,
		[COLUMN_NETNS] = socket->netns ? netns : NULL,
	};

	if (socket->n_holders)
		fill_holder(socket->holders, is_whole ? 0 : socket->n_holders - 1, &store,
			    cells);
	snprintf(proto, sizeof(proto), "%s%s", type ? type : "",
		 socket->family == AF_INET6 ? "6" : "");
	membership_format_interface(membership, interface);
	endpoint_format_address(&membership->group, group, sizeof(group));
	snprintf(port, sizeof(port), "%u", get_port(socket));
	/* Who filters is worth a word where it is not the kernel. */
	snprintf(mode, sizeof(mode), "%s%s", membership_get_mode(membership),
		 socket->backend == MSF_BACKEND_ASM ? " (asm)" : "");
	snprintf(drops, sizeof(drops), "%" PRId64, socket->drops);
	snprintf(netns, sizeof(netns), "%" PRIu64, socket->netns);
	return columns_add(columns, cells);
}

int membership_add_rows(struct columns *columns, const struct msf_socket *socket,
			const struct msf_membership *membership, bool is_whole)
{
	char *sources;
	int r = format_sources(membership, is_whole, &sources);

	if (r < 0)
		return r;
	r = add_row(columns, socket, membership, is_whole, sources);
	free(sources);
	return !r && is_whole ? add_more_holders(columns, socket) : r;
}

static json_t *number_or_null(int64_t value, bool is_known)
{
	return is_known ? json_integer(value) : json_null();
}

static json_t *new_sources(const struct msf_membership *membership)
{
	json_t *sources = json_array();
	int r = sources ? 0 : -1;

	for (uint32_t i = 0; i < membership->numsrc && !r; i++)
		r = json_array_append_new(sources,
					  jsonline_new_address(&membership->slist[i]));
	if (!r)
		return sources;
	json_decref(sources);
	return NULL;
}

static json_t *new_holders(const struct msf_socket *socket)
{
	json_t *holders = json_array();
	int r = holders ? 0 : -1;

	for (unsigned int i = 0; i < socket->n_holders && !r; i++) {
		const struct msf_holder *h = &socket->holders[i];

		r = json_array_append_new(
			holders,
			json_pack("{s:i, s:o, s:i}", "pid", (int)h->pid, "command",
				  jsonline_new_text(h->command), "fd", h->fd));
	}
	if (!r)
		return holders;
	json_decref(holders);
	return NULL;
}

static int set_socket(json_t *o, const struct msf_socket *socket)
{
	const char *type = membership_get_type(socket);
	int r = 0;

	r |= json_object_set_new(o, "netns",
				 number_or_null((int64_t)socket->netns, socket->netns));
	r |= json_object_set_new(o, "socket",
				 number_or_null((int64_t)socket->inode, socket->inode));
	r |= json_object_set_new(
		o, "family", json_string(socket->family == AF_INET6 ? "inet6" : "inet"));
	r |= json_object_set_new(o, "type", jsonline_new_text(type));
	return r;
}

static int set_membership(json_t *o, const struct msf_socket *socket,
			  const struct msf_membership *membership)
{
	const char *interface = membership->interface;
	uint16_t port = get_port(socket);
	int r = 0;

	r |= json_object_set_new(o, "interface",
				 jsonline_new_text(*interface ? interface : NULL));
	r |= json_object_set_new(o, "ifindex", json_integer(membership->ifindex));
	r |= json_object_set_new(o, "group", jsonline_new_address(&membership->group));
	r |= json_object_set_new(o, "port", number_or_null(port, port));
	r |= json_object_set_new(o, "mode", json_string(membership_get_mode(membership)));
	r |= json_object_set_new(o, "sources", new_sources(membership));
	return r;
}

static const char *const backends[] = {
	[MSF_BACKEND_KERNEL] = "kernel",
	[MSF_BACKEND_ASM] = "asm",
};

json_t *membership_new_object(const struct msf_socket *socket,
			      const struct msf_membership *membership)
{
	int all = get_multicast_all(socket, membership);
	json_t *o = jsonline_new(NULL, NULL);
	int r = set_socket(o, socket);

	r |= set_membership(o, socket, membership);
	r |= json_object_set_new(o, "multicast_all",
				 all < 0 ? json_null() : json_boolean(all));
	r |= json_object_set_new(o, "drops",
				 number_or_null(socket->drops, socket->drops >= 0));
	r |= json_object_set_new(o, "backend",
				 jsonline_new_text(backends[socket->backend]));
	r |= json_object_set_new(o, "holders", new_holders(socket));
	if (!r)
		return o;
	json_decref(o);
	return NULL;
}
