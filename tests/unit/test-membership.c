/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Unit test of tools/msfctl/membership.h: each socket and membership is the row and the
 * object that stand beside it; what is not known is "-" and null.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "jsonline.h"
#include "membership.h"
#include "tap.h"

#define N_SOURCES_MAX 6

static const struct msf_holder holders[] = {
	{ 100, 3, "iperf" },
	{ 100, 4, "iperf" },
	{ 2000000, 10, "\033[31m\377" },
};

static const struct {
	const char *what;
	int family, type, protocol;
	uint16_t port;
	int all, all6;
	int64_t drops;
	uint64_t netns;
	unsigned int n_holders;
	uint32_t ifindex;
	const char *interface;
	const char *group;
	uint32_t fmode;
	const char *sources[N_SOURCES_MAX];
	bool is_whole;
	const char *rows;
	const char *object;
} cases[] = {
	{ "include on UDP",
	  AF_INET,
	  SOCK_DGRAM,
	  IPPROTO_UDP,
	  5001,
	  1,
	  -1,
	  7,
	  9,
	  1,
	  2,
	  "eth0",
	  "232.1.1.1",
	  MCAST_INCLUDE,
	  { "10.9.0.1" },
	  false,
	  "100 iperf 3 udp eth0 232.1.1.1 5001 include 10.9.0.1 7 yes 9\n",
	  "{\"netns\":9,\"socket\":77,\"family\":\"inet\",\"type\":\"udp\","
	  "\"interface\":\"eth0\",\"ifindex\":2,\"group\":\"232.1.1.1\",\"port\":5001,"
	  "\"mode\":\"include\",\"sources\":[\"10.9.0.1\"],\"multicast_all\":true,"
	  "\"drops\":7,\"backend\":\"kernel\","
	  "\"holders\":[{\"pid\":100,\"command\":\"iperf\",\"fd\":3}]}" },
	{ "nothing is known",
	  AF_INET6,
	  SOCK_RAW,
	  99,
	  0,
	  -1,
	  -1,
	  -1,
	  0,
	  0,
	  4,
	  "",
	  "ff15::1",
	  MCAST_EXCLUDE,
	  { NULL },
	  false,
	  "- - - raw6 index 4 (gone) ff15::1 - exclude - - - -\n",
	  "{\"netns\":null,\"socket\":77,\"family\":\"inet6\",\"type\":\"raw\","
	  "\"interface\":null,\"ifindex\":4,\"group\":\"ff15::1\",\"port\":null,"
	  "\"mode\":\"exclude\",\"sources\":[],\"multicast_all\":null,\"drops\":null,"
	  "\"backend\":\"kernel\",\"holders\":[]}" },
	{ "an IPv4 group on IPv6 UDP-Lite",
	  AF_INET6,
	  SOCK_DGRAM,
	  IPPROTO_UDPLITE,
	  6000,
	  0,
	  1,
	  0,
	  9,
	  1,
	  2,
	  "eth0",
	  "239.1.1.1",
	  MCAST_EXCLUDE,
	  { NULL },
	  false,
	  "100 iperf 3 udplite6 eth0 239.1.1.1 6000 exclude - 0 no 9\n",
	  "{\"netns\":9,\"socket\":77,\"family\":\"inet6\",\"type\":\"udplite\","
	  "\"interface\":\"eth0\",\"ifindex\":2,\"group\":\"239.1.1.1\",\"port\":6000,"
	  "\"mode\":\"exclude\",\"sources\":[],\"multicast_all\":false,\"drops\":0,"
	  "\"backend\":\"kernel\","
	  "\"holders\":[{\"pid\":100,\"command\":\"iperf\",\"fd\":3}]}" },
	{ "the identifier of a ping socket is no port",
	  AF_INET6,
	  SOCK_DGRAM,
	  IPPROTO_ICMPV6,
	  4711,
	  1,
	  0,
	  0,
	  9,
	  1,
	  2,
	  "eth0",
	  "ff15::1",
	  MCAST_EXCLUDE,
	  { NULL },
	  false,
	  "100 iperf 3 ping6 eth0 ff15::1 - exclude - 0 no 9\n",
	  "{\"netns\":9,\"socket\":77,\"family\":\"inet6\",\"type\":\"ping\","
	  "\"interface\":\"eth0\",\"ifindex\":2,\"group\":\"ff15::1\",\"port\":null,"
	  "\"mode\":\"exclude\",\"sources\":[],\"multicast_all\":false,\"drops\":0,"
	  "\"backend\":\"kernel\","
	  "\"holders\":[{\"pid\":100,\"command\":\"iperf\",\"fd\":3}]}" },
	{ "holders and sources in short",
	  AF_INET,
	  SOCK_DGRAM,
	  IPPROTO_UDP,
	  0,
	  1,
	  -1,
	  0,
	  9,
	  3,
	  2,
	  "e\tth",
	  "239.1.1.1",
	  MCAST_EXCLUDE,
	  { "10.9.0.1", "10.9.0.2", "10.9.0.3", "10.9.0.4" },
	  false,
	  "100 iperf 3 +2 udp e?th 239.1.1.1 - exclude "
	  "10.9.0.1,10.9.0.2,10.9.0.3 +1 0 yes 9\n",
	  "{\"netns\":9,\"socket\":77,\"family\":\"inet\",\"type\":\"udp\","
	  "\"interface\":\"e\\tth\",\"ifindex\":2,\"group\":\"239.1.1.1\","
	  "\"port\":null,\"mode\":\"exclude\",\"sources\":[\"10.9.0.1\",\"10.9.0.2\","
	  "\"10.9.0.3\",\"10.9.0.4\"],\"multicast_all\":true,\"drops\":0,"
	  "\"backend\":\"kernel\","
	  "\"holders\":[{\"pid\":100,\"command\":\"iperf\",\"fd\":3},"
	  "{\"pid\":100,\"command\":\"iperf\",\"fd\":4},"
	  "{\"pid\":2000000,\"command\":\"\\u001b[31m\\ufffd\",\"fd\":10}]}" },
	{ "and whole",
	  AF_INET,
	  SOCK_DGRAM,
	  IPPROTO_UDP,
	  0,
	  1,
	  -1,
	  0,
	  9,
	  3,
	  2,
	  "eth0",
	  "239.1.1.1",
	  MCAST_EXCLUDE,
	  { "10.9.0.1", "10.9.0.2", "10.9.0.3", "10.9.0.4" },
	  true,
	  "100 iperf 3 udp eth0 239.1.1.1 - exclude "
	  "10.9.0.1,10.9.0.2,10.9.0.3,10.9.0.4 0 yes 9\n"
	  "100 iperf 4\n"
	  "2000000 ?[31m? 10\n",
	  NULL },
	{ "one source is always shown",
	  AF_INET6,
	  SOCK_DGRAM,
	  IPPROTO_UDP,
	  0,
	  1,
	  1,
	  0,
	  9,
	  1,
	  2,
	  "eth0",
	  "ff3e::1",
	  MCAST_INCLUDE,
	  { "fd09:aaaa:bbbb:cccc:dddd:eeee:ffff:1111", "fd09:bbbb::1" },
	  false,
	  "100 iperf 3 udp6 eth0 ff3e::1 - include "
	  "fd09:aaaa:bbbb:cccc:dddd:eeee:ffff:1111 +1 0 yes 9\n",
	  NULL },
};

static void set_address(struct sockaddr_storage *address, const char *text)
{
	struct sockaddr_in *in = (struct sockaddr_in *)address;
	struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)address;

	*address = (struct sockaddr_storage){ .ss_family = AF_INET };
	if (inet_pton(AF_INET, text, &in->sin_addr) == 1)
		return;
	address->ss_family = AF_INET6;
	if (inet_pton(AF_INET6, text, &in6->sin6_addr) != 1)
		tap_bail_out("%s is no address", text);
}

static void set_up(size_t i, struct msf_socket *socket, struct msf_membership *m,
		   struct sockaddr_storage *slist)
{
	struct sockaddr_in *in = (struct sockaddr_in *)&socket->address;
	struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)&socket->address;

	*socket = (struct msf_socket){
		.netns = cases[i].netns,
		.inode = 77,
		.family = cases[i].family,
		.type = cases[i].type,
		.protocol = cases[i].protocol,
		.multicast_all = cases[i].all,
		.multicast_all6 = cases[i].all6,
		.drops = cases[i].drops,
		.backend = MSF_BACKEND_KERNEL,
		.n_holders = cases[i].n_holders,
		.holders = holders,
	};
	set_address(&socket->address, cases[i].family == AF_INET6 ? "::" : "0.0.0.0");
	if (cases[i].family == AF_INET6)
		in6->sin6_port = htons(cases[i].port);
	else
		in->sin_port = htons(cases[i].port);
	*m = (struct msf_membership){
		.ifindex = cases[i].ifindex,
		.fmode = cases[i].fmode,
		.slist = slist,
	};
	strcpy(m->interface, cases[i].interface);
	set_address(&m->group, cases[i].group);
	while (m->numsrc < N_SOURCES_MAX && cases[i].sources[m->numsrc]) {
		set_address(&slist[m->numsrc], cases[i].sources[m->numsrc]);
		m->numsrc++;
	}
}

/* Blanks are for columns' own test. */
static void squeeze(char *text)
{
	char *end = text;

	for (const char *c = text; *c; c++)
		if (*c != ' ' || (end > text && end[-1] != ' ' && end[-1] != '\n'))
			*end++ = *c;
	*end = '\0';
}

static void check_rows(struct tap *tap, size_t i, const struct msf_socket *socket,
		       const struct msf_membership *m)
{
	struct columns *columns = NULL;
	char *text = NULL, *rows;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	tap_expect(tap, !membership_new_columns(&columns) && out, "no memory");
	tap_expect(tap, !membership_add_rows(columns, socket, m, cases[i].is_whole),
		   "not added");
	tap_expect(tap, !columns_print(columns, out), "not printed");
	fclose(out);
	rows = strchr(text, '\n') + 1;
	squeeze(rows);
	tap_expect(tap, !strcmp(rows, cases[i].rows), "%s", rows);
	columns_free(columns);
	free(text);
	tap_end(tap, "row: %s", cases[i].what);
}

static void check_object(struct tap *tap, size_t i, const struct msf_socket *socket,
			 const struct msf_membership *m)
{
	json_t *o = membership_new_object(socket, m);
	char *text;

	tap_expect(tap, json_is_string(json_object_get(o, "time")), "no time");
	json_object_del(o, "time");
	text = json_dumps(o, JSON_COMPACT | JSON_ENSURE_ASCII);
	if (tap_expect(tap, text, "no object"))
		tap_expect(tap, !strcasecmp(text, cases[i].object), "%s", text);
	free(text);
	json_decref(o);
	tap_end(tap, "object: %s", cases[i].what);
}

static void check_netns(struct tap *tap)
{
	struct sockaddr_storage slist[N_SOURCES_MAX];
	struct columns *columns = NULL;
	struct msf_membership m;
	struct msf_socket socket;
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	set_up(0, &socket, &m, slist);
	tap_expect(tap, !membership_new_columns(&columns) && out, "no memory");
	tap_expect(tap, !membership_add_rows(columns, &socket, &m, false), "not added");
	membership_hide_netns(columns);
	tap_expect(tap, !columns_print(columns, out), "not printed");
	fclose(out);
	tap_expect(tap, !strstr(text, "NETNS") && strstr(text, "  ALL\n"), "%s", text);
	columns_free(columns);
	free(text);
	tap_end(tap, "the network namespace is left out");
}

int main(void)
{
	struct tap tap = { 0 };

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct sockaddr_storage slist[N_SOURCES_MAX];
		struct msf_membership m;
		struct msf_socket socket;

		set_up(i, &socket, &m, slist);
		check_rows(&tap, i, &socket, &m);
		if (cases[i].object)
			check_object(&tap, i, &socket, &m);
	}
	check_netns(&tap);
	return tap_finish(&tap);
}
