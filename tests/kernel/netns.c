/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The namespace of a test: links, addresses, and what /proc says about its
 * memberships. It vanishes with the process.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "netns.h"
#include "raw.h"
#include "tap.h"

#define LINK_DEADLINE_MS 5000

int netns_ip(const char *lines)
{
	FILE *ip = popen("ip -batch -", "w");
	int status;

	if (ip == NULL)
		return -errno;
	fputs(lines, ip);
	status = pclose(ip);
	return status == 0 ? 0 : -EIO;
}

void netns_must_ip(const char *lines)
{
	if (netns_ip(lines) < 0)
		tap_bail_out("ip cannot do: %s", lines);
}

static int write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	ssize_t n;
	int r = 0;

	if (fd < 0)
		return -errno;
	n = write(fd, text, strlen(text));
	if (n < 0)
		r = -errno;
	close(fd);
	return r;
}

int netns_set_sysctl(const char *path, unsigned int value)
{
	char file[128], text[16];

	snprintf(file, sizeof(file), "/proc/sys/%s", path);
	snprintf(text, sizeof(text), "%u", value);
	return write_file(file, text);
}

static void enter_user_namespace(void)
{
	unsigned int uid = geteuid(), gid = getegid();
	char map[64];

	if (unshare(CLONE_NEWUSER) < 0)
		tap_bail_out("user namespace: %s", strerror(errno));
	snprintf(map, sizeof(map), "0 %u 1", uid);
	write_file("/proc/self/setgroups", "deny");
	write_file("/proc/self/uid_map", map);
	snprintf(map, sizeof(map), "0 %u 1", gid);
	write_file("/proc/self/gid_map", map);
}

static bool is_running(const char *name)
{
	struct ifreq request = { 0 };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	bool running;

	strcpy(request.ifr_name, name);
	running = ioctl(fd, SIOCGIFFLAGS, &request) == 0 &&
		  (request.ifr_flags & IFF_RUNNING) != 0;
	close(fd);
	return running;
}

/* Carrier comes a moment after both ends are up. */
void netns_await_link(const char *name)
{
	for (int waited = 0; waited < LINK_DEADLINE_MS; waited += 5) {
		if (is_running(name))
			return;
		poll(NULL, 0, 5);
	}
	tap_bail_out("%s has no carrier after %d ms", name, LINK_DEADLINE_MS);
}

/* The solicited-node groups of the addresses, which a kernel worker joins. */
static bool has_solicited_nodes(uint32_t ifindex)
{
	for (unsigned int i = 1; i <= NETNS_ADDRESSES; i++) {
		struct sockaddr_storage group;
		char text[32];

		snprintf(text, sizeof(text), "ff02::1:ff00:%u", i);
		group = netns_parse(text);
		if (netns_get_members(ifindex, &group) == 0)
			return false;
	}
	return true;
}

/* Nothing may join by itself once a test compares memberships. */
static void await_addresses(uint32_t ifindex)
{
	for (int waited = 0; waited < LINK_DEADLINE_MS; waited += 5) {
		if (has_solicited_nodes(ifindex))
			return;
		poll(NULL, 0, 5);
	}
	tap_bail_out("the addresses of interface %u do not settle", ifindex);
}

/* ifindex 0: any. */
static void add_link(struct netns *net, unsigned int l, uint32_t ifindex)
{
	char lines[1024], name[8], index[24] = "";
	int n;

	snprintf(name, sizeof(name), "m%u", l);
	if (ifindex != 0)
		snprintf(index, sizeof(index), "index %u", ifindex);
	n = snprintf(lines, sizeof(lines),
		     "link add name %s %s type veth peer name %sp\n"
		     "link set %s addrgenmode none\nlink set %sp addrgenmode none\n"
		     "link set %s up\nlink set %sp up\n",
		     name, index, name, name, name, name, name);
	for (unsigned int i = 1; i <= NETNS_ADDRESSES; i++)
		n += snprintf(lines + n, sizeof(lines) - n,
			      "addr add 10.9.%u.%u/24 dev %s\n"
			      "addr add fd09:%u::%u/64 dev %s nodad\n",
			      l, i, name, l, i, name);
	if (netns_ip(lines) < 0)
		tap_bail_out("cannot make the link %s", name);
	net->ifindex[l] = if_nametoindex(name);
	netns_await_link(name);
	await_addresses(net->ifindex[l]);
}

/*
 * Linux prints mcfilter and mcfilter6 from the first interface on whose newest
 * group has sources, and leaves out all before it. A source joined on lo, which is
 * the first of all, makes the files whole.
 */
static int open_anchor(int family)
{
	int fd = socket(family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct sockaddr_storage group = netns_parse(family == AF_INET ? "239.255.0.1"
								      : "ff15::ff");
	struct sockaddr_storage source = netns_source(family, 0, 0);

	if (fd < 0 ||
	    raw_delta(fd, MSF_JOIN_SOURCE, if_nametoindex("lo"), &group, &source) < 0)
		tap_bail_out("cannot join on lo");
	return fd;
}

void netns_init(struct netns *net)
{
	if (geteuid() != 0)
		enter_user_namespace();
	if (unshare(CLONE_NEWNET) < 0)
		tap_bail_out("network namespace: %s", strerror(errno));
	if (netns_ip("link set lo up\n") < 0)
		tap_bail_out("cannot run ip");
	net->anchor[0] = open_anchor(AF_INET);
	net->anchor[1] = open_anchor(AF_INET6);
	for (unsigned int l = 0; l < NETNS_LINKS; l++)
		add_link(net, l, 0);
	/* Index 0 means m0 for both families. */
	if (netns_ip("route add 224.0.0.0/4 dev m0\n"
		     "route add multicast ff00::/8 dev m0 table local metric 8\n") < 0)
		tap_bail_out("cannot add the multicast routes");
}

void netns_replace_link(struct netns *net, unsigned int link)
{
	char line[32];

	snprintf(line, sizeof(line), "link del m%u\n", link);
	if (netns_ip(line) < 0)
		tap_bail_out("cannot delete m%u", link);
	add_link(net, link, net->ifindex[link]);
}

static void append(char **text, size_t *len, const char *line)
{
	size_t n = strlen(line);

	*text = realloc(*text, *len + n + 1);
	if (*text == NULL)
		tap_bail_out("no memory");
	memcpy(*text + *len, line, n + 1);
	*len += n;
}

/* Timers and flags that queries change are cut: what is left only requests move. */
static void append_file(char **text, size_t *len, const char *path, unsigned int n_fields)
{
	FILE *file = fopen(path, "re");
	char line[256];

	if (file == NULL)
		tap_bail_out("%s: %s", path, strerror(errno));
	while (fgets(line, sizeof(line), file) != NULL) {
		char *saved = NULL, *field = strtok_r(line, " \t\n", &saved);

		for (unsigned int i = 0; i < n_fields && field != NULL; i++) {
			append(text, len, field);
			append(text, len, " ");
			field = strtok_r(NULL, " \t\n", &saved);
		}
		append(text, len, "\n");
	}
	fclose(file);
}

char *netns_get_memberships(void)
{
	char *text = NULL;
	size_t len = 0;

	append_file(&text, &len, "/proc/net/igmp", 2);
	append_file(&text, &len, "/proc/net/igmp6", 4);
	append_file(&text, &len, "/proc/net/mcfilter", 6);
	append_file(&text, &len, "/proc/net/mcfilter6", 6);
	return text;
}

/* An address as the two mcfilter files print it. */
static void print_hex(char text[40], const struct sockaddr_storage *address)
{
	if (address->ss_family == AF_INET) {
		const struct sockaddr_in *sin = (const void *)address;

		sprintf(text, "0x%08x", (unsigned int)ntohl(sin->sin_addr.s_addr));
	} else {
		const struct sockaddr_in6 *sin6 = (const void *)address;

		for (int i = 0; i < 16; i++)
			sprintf(text + 2 * i, "%02x", sin6->sin6_addr.s6_addr[i]);
	}
}

/* Counts the lines for the group; with a source also its two counts. */
static unsigned int read_filter(uint32_t ifindex, const struct sockaddr_storage *group,
				const struct sockaddr_storage *source,
				struct netns_users *ret)
{
	const char *path = group->ss_family == AF_INET ? "/proc/net/mcfilter"
						       : "/proc/net/mcfilter6";
	FILE *file = fopen(path, "re");
	char line[256], g[40], s[40] = "", name[32], got_g[40], got_s[40];
	unsigned int index, include, exclude, n = 0;

	if (file == NULL)
		tap_bail_out("%s: %s", path, strerror(errno));
	print_hex(g, group);
	if (source != NULL)
		print_hex(s, source);
	while (fgets(line, sizeof(line), file) != NULL) {
		if (sscanf(line, "%u %31s %39s %39s %u %u", &index, name, got_g, got_s,
			   &include, &exclude) != 6)
			continue;
		if (index != ifindex || strcmp(g, got_g) != 0)
			continue;
		n++;
		if (strcmp(s, got_s) == 0)
			*ret = (struct netns_users){ include, exclude };
	}
	fclose(file);
	return n;
}

unsigned int netns_count_groups(void)
{
	static const char *const paths[] = { "/proc/net/igmp", "/proc/net/igmp6" };
	unsigned int n = 0;
	char line[256];

	for (int i = 0; i < 2; i++) {
		FILE *file = fopen(paths[i], "re");

		if (file == NULL)
			tap_bail_out("%s: %s", paths[i], strerror(errno));
		while (fgets(line, sizeof(line), file) != NULL)
			n += i == 1 || line[0] == '\t';
		fclose(file);
	}
	return n;
}

struct netns_users netns_get_users(uint32_t ifindex, const struct sockaddr_storage *group,
				   const struct sockaddr_storage *source)
{
	struct netns_users users = { 0, 0 };

	read_filter(ifindex, group, source, &users);
	return users;
}

unsigned int netns_count_sources(uint32_t ifindex, const struct sockaddr_storage *group)
{
	struct netns_users users;

	return read_filter(ifindex, group, NULL, &users);
}

static unsigned int get_members4(FILE *file, uint32_t ifindex, uint32_t group)
{
	char line[256];
	unsigned int at = 0, value, users;

	while (fgets(line, sizeof(line), file) != NULL) {
		if (line[0] != '\t') {
			if (sscanf(line, "%u", &value) == 1)
				at = value;
		} else if (sscanf(line, "%x %u", &value, &users) == 2 && at == ifindex &&
			   value == group) {
			return users;
		}
	}
	return 0;
}

static unsigned int get_members6(FILE *file, uint32_t ifindex, const char *group)
{
	char line[256], name[32], got[40];
	unsigned int index, users;

	while (fgets(line, sizeof(line), file) != NULL)
		if (sscanf(line, "%u %31s %39s %u", &index, name, got, &users) == 4 &&
		    index == ifindex && strcmp(got, group) == 0)
			return users;
	return 0;
}

unsigned int netns_get_members(uint32_t ifindex, const struct sockaddr_storage *group)
{
	const struct sockaddr_in *sin = (const void *)group;
	bool is_ipv4 = group->ss_family == AF_INET;
	FILE *file = fopen(is_ipv4 ? "/proc/net/igmp" : "/proc/net/igmp6", "re");
	unsigned int users;
	char hex[40];

	if (file == NULL)
		tap_bail_out("/proc/net/igmp: %s", strerror(errno));
	print_hex(hex, group);
	users = is_ipv4 ? get_members4(file, ifindex, sin->sin_addr.s_addr)
			: get_members6(file, ifindex, hex);
	fclose(file);
	return users;
}

struct sockaddr_storage netns_parse(const char *text)
{
	struct sockaddr_storage address = { 0 };
	struct sockaddr_in *sin = (void *)&address;
	struct sockaddr_in6 *sin6 = (void *)&address;

	if (inet_pton(AF_INET, text, &sin->sin_addr) == 1) {
		sin->sin_family = AF_INET;
		return address;
	}
	memset(&address, 0, sizeof(address));
	if (inet_pton(AF_INET6, text, &sin6->sin6_addr) != 1)
		tap_bail_out("not an address: %s", text);
	sin6->sin6_family = AF_INET6;
	return address;
}

struct sockaddr_storage netns_source(int family, unsigned int link, unsigned int i)
{
	char text[64];

	if (family == AF_INET)
		snprintf(text, sizeof(text), "10.%u.%u.%u", 9 + i / 200, link,
			 i % 200 + 1);
	else
		snprintf(text, sizeof(text), "fd09:%x::%x", link, i + 1);
	return netns_parse(text);
}

struct sockaddr_storage netns_group(int family, unsigned int i)
{
	char text[64];

	if (family == AF_INET)
		snprintf(text, sizeof(text), "239.9.%u.%u", i / 250, i % 250 + 1);
	else
		snprintf(text, sizeof(text), "ff15::9:%x", i + 1);
	return netns_parse(text);
}
