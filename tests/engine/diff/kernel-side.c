/* SPDX-License-Identifier: BSD-2-Clause */
/* See kernel-side.h. */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "kernel-side.h"
#include "netns.h"
#include "raw.h"
#include "tap.h"

#define SETTLE_MS   60 /* without a packet */
#define DEADLINE_MS 10000

static const uint8_t sender_mac[ETH_ALEN] = { 2, 0, 0, 0, 0, 9 };

uint64_t kernel_get_time(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

static struct sockaddr_storage to_sockaddr(struct addr a)
{
	struct sockaddr_storage address = { 0 };
	struct sockaddr_in *sin = (void *)&address;
	struct sockaddr_in6 *sin6 = (void *)&address;

	if (addr_is_ipv4(a)) {
		sin->sin_family = AF_INET;
		sin->sin_addr.s_addr = htonl(addr_ipv4(a));
	} else {
		sin6->sin6_family = AF_INET6;
		addr_to_bytes(a, sin6->sin6_addr.s6_addr);
	}
	return address;
}

static void set_sysctl(const struct kernel_host *host, const char *family,
		       const char *name, unsigned int value)
{
	char path[96];

	snprintf(path, sizeof(path), "net/%s/conf/%s/%s", family, host->name, name);
	if (netns_set_sysctl(path, value) < 0)
		tap_bail_out("cannot set %s", path);
}

/* Every link at once: ip is slow to start. */
static void add_links(struct kernel *kernel)
{
	char *lines = NULL;
	size_t len = 0;
	FILE *file = open_memstream(&lines, &len);

	if (!file)
		tap_bail_out("no memory");
	for (unsigned int i = 0; i < kernel->n_hosts; i++) {
		const char *name = kernel->hosts[i].name;
		unsigned int mtu = kernel->hosts[i].plan->mtu;

		mtu = mtu ? mtu : 1500;
		fprintf(file, "link add name %s mtu %u type veth peer name %sp mtu %u\n",
			name, mtu, name, mtu);
		if (kernel->hosts[i].plan->family == ENGINE_IPV6)
			fprintf(file, "link set %s addrgenmode none\n", name);
	}
	fclose(file);
	if (netns_ip(lines) < 0)
		tap_bail_out("cannot make the links");
	free(lines);
}

/* IPv6 is off in the namespace, but where it is asked for. */
static void set_versions(const struct kernel_host *host)
{
	const struct script_plan *plan = host->plan;
	unsigned int forced = plan->is_forced ? plan->version : 0;

	if (plan->family == ENGINE_IPV4) {
		set_sysctl(host, "ipv4", "igmpv3_unsolicited_report_interval", 1);
		set_sysctl(host, "ipv4", "igmpv2_unsolicited_report_interval",
			   KERNEL_OLDER_MS);
		set_sysctl(host, "ipv4", "force_igmp_version", forced);
		return;
	}
	set_sysctl(host, "ipv6", "disable_ipv6", 0);
	set_sysctl(host, "ipv6", "mldv2_unsolicited_report_interval", 1);
	set_sysctl(host, "ipv6", "mldv1_unsolicited_report_interval", KERNEL_OLDER_MS);
	set_sysctl(host, "ipv6", "force_mld_version", forced);
	set_sysctl(host, "ipv6", "accept_ra", 0);
	set_sysctl(host, "ipv6", "router_solicitations", 0);
}

static void start_links(struct kernel *kernel)
{
	char *lines = NULL;
	size_t len = 0;
	FILE *file = open_memstream(&lines, &len);

	if (!file)
		tap_bail_out("no memory");
	for (unsigned int i = 0; i < kernel->n_hosts; i++) {
		const struct kernel_host *host = &kernel->hosts[i];

		fprintf(file, "link set %s up\nlink set %sp up\n", host->name,
			host->name);
		if (host->plan->family == ENGINE_IPV4)
			fprintf(file, "addr add 10.9.%u.1/24 dev %s\n", i + 1,
				host->name);
		else
			fprintf(file, "addr add fe80::1/64 dev %s nodad\n", host->name);
	}
	fclose(file);
	if (netns_ip(lines) < 0)
		tap_bail_out("cannot start the links");
	free(lines);
}

static int open_socket(const struct kernel_host *host)
{
	int fd = socket(host->plan->family == ENGINE_IPV4 ? AF_INET : AF_INET6,
			SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		tap_bail_out("socket: %s", strerror(errno));
	return fd;
}

static void open_host(struct kernel_host *host)
{
	char peer[sizeof(host->name) + 1];

	snprintf(peer, sizeof(peer), "%sp", host->name);
	host->ifindex = if_nametoindex(host->name);
	host->peer = if_nametoindex(peer);
	if (host->ifindex == 0 || host->peer == 0)
		tap_bail_out("%s is gone", host->name);
	for (unsigned int i = 0; i < SCRIPT_SOCKETS; i++)
		host->sockets[i] = open_socket(host);
	netns_await_link(host->name);
}

static void settle(struct kernel *kernel)
{
	struct wire_packet packet;
	unsigned int host;
	uint64_t time;

	while (kernel_pop(kernel, SETTLE_MS, &host, &packet, &time) == 1)
		;
}

static void set_limits(void)
{
	if (netns_set_sysctl("net/ipv6/conf/default/disable_ipv6", 1) < 0 ||
	    netns_set_sysctl("net/ipv4/igmp_max_msf", NAMES_SOURCES) < 0 ||
	    netns_set_sysctl("net/ipv4/conf/all/rp_filter", 0) < 0 ||
	    netns_set_sysctl("net/ipv4/conf/default/rp_filter", 0) < 0)
		tap_bail_out("cannot set sysctls of the namespace");
}

void kernel_init(struct kernel *kernel, const struct script_plan *const *plans,
		 unsigned int n_hosts)
{
	struct netns net;

	netns_init(&net);
	set_limits();
	*kernel = (struct kernel){ .n_hosts = n_hosts };
	for (unsigned int i = 0; i < n_hosts; i++) {
		kernel->hosts[i].plan = plans[i];
		snprintf(kernel->hosts[i].name, sizeof(kernel->hosts[i].name), "d%u", i);
	}
	add_links(kernel);
	for (unsigned int i = 0; i < n_hosts; i++)
		set_versions(&kernel->hosts[i]);
	if (wire_new(&kernel->wire, 0, WIRE_CONTROL) < 0)
		tap_bail_out("cannot capture");
	kernel->sender = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
	if (kernel->sender < 0)
		tap_bail_out("cannot send: %s", strerror(errno));
	start_links(kernel);
	for (unsigned int i = 0; i < n_hosts; i++)
		open_host(&kernel->hosts[i]);
	settle(kernel);
}

void kernel_fini(struct kernel *kernel)
{
	for (unsigned int i = 0; i < kernel->n_hosts; i++)
		for (unsigned int s = 0; s < SCRIPT_SOCKETS; s++)
			close(kernel->hosts[i].sockets[s]);
	close(kernel->sender);
	kernel->wire = wire_free(kernel->wire);
}

static int set_filter(const struct kernel_host *host, const struct script_call *call,
		      const struct sockaddr_storage *group)
{
	struct sockaddr_storage sources[NAMES_SOURCES];
	uint32_t n = 0;

	for (unsigned int i = 0; i < NAMES_SOURCES; i++)
		if (bits_has(&call->after.sources, i))
			sources[n++] =
				to_sockaddr(names_get_source(host->plan->family, i));
	return raw_set_filter(host->sockets[call->socket], host->ifindex, group,
			      call->after.mode == FILTER_EXCLUDE ? MCAST_EXCLUDE
								 : MCAST_INCLUDE,
			      n, sources);
}

void kernel_call(struct kernel *kernel, unsigned int host, const struct script_call *call)
{
	static const enum msf_verb verbs[] = {
		[SCRIPT_JOIN_GROUP] = MSF_JOIN_GROUP,
		[SCRIPT_LEAVE_GROUP] = MSF_LEAVE_GROUP,
		[SCRIPT_JOIN_SOURCE] = MSF_JOIN_SOURCE,
		[SCRIPT_LEAVE_SOURCE] = MSF_LEAVE_SOURCE,
		[SCRIPT_BLOCK] = MSF_BLOCK_SOURCE,
		[SCRIPT_UNBLOCK] = MSF_UNBLOCK_SOURCE,
	};
	struct kernel_host *at = &kernel->hosts[host];
	enum engine_family family = at->plan->family;
	struct sockaddr_storage group = to_sockaddr(names_get_group(family, call->group));
	struct sockaddr_storage source;
	int r = 0;

	if (call->verb == SCRIPT_CLOSE) {
		close(at->sockets[call->socket]);
		at->sockets[call->socket] = open_socket(at);
	} else if (call->verb == SCRIPT_SET_FILTER) {
		r = set_filter(at, call, &group);
	} else {
		source = to_sockaddr(names_get_source(family, call->source));
		r = raw_delta(at->sockets[call->socket], verbs[call->verb], at->ifindex,
			      &group, &source);
	}
	if (r < 0)
		tap_bail_out("%s refuses a legal call %u: %s", at->name, call->verb,
			     strerror(-r));
}

void kernel_hear(struct kernel *kernel, unsigned int host,
		 const struct message_bytes *message)
{
	uint8_t frame[ETH_HLEN + MESSAGE_MAX];
	bool is_ipv6 = kernel->hosts[host].plan->family == ENGINE_IPV6;
	uint16_t type = htons(is_ipv6 ? ETHERTYPE_IPV6 : ETHERTYPE_IP);
	struct sockaddr_ll place = { .sll_family = AF_PACKET,
				     .sll_ifindex = (int)kernel->hosts[host].peer };
	size_t len = ETH_HLEN + message->len;

	memcpy(frame, message->mac, ETH_ALEN);
	memcpy(frame + ETH_ALEN, sender_mac, ETH_ALEN);
	memcpy(frame + 2 * ETH_ALEN, &type, sizeof(type));
	memcpy(frame + ETH_HLEN, message->bytes, message->len);
	if (sendto(kernel->sender, frame, len, 0, (const struct sockaddr *)&place,
		   sizeof(place)) != (ssize_t)len)
		tap_bail_out("cannot send a query: %s", strerror(errno));
}

void kernel_set_link(struct kernel *kernel, unsigned int host, bool is_up)
{
	struct ifreq request = { 0 };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	strcpy(request.ifr_name, kernel->hosts[host].name);
	if (ioctl(fd, SIOCGIFFLAGS, &request) < 0)
		tap_bail_out("%s: %s", request.ifr_name, strerror(errno));
	request.ifr_flags &= ~IFF_UP;
	if (is_up)
		request.ifr_flags |= IFF_UP;
	if (ioctl(fd, SIOCSIFFLAGS, &request) < 0)
		tap_bail_out("%s: %s", request.ifr_name, strerror(errno));
	close(fd);
	if (is_up)
		netns_await_link(kernel->hosts[host].name);
}

static bool find_host(const struct kernel *kernel, uint32_t ifindex,
		      unsigned int *ret_host)
{
	for (unsigned int i = 0; i < kernel->n_hosts; i++)
		if (kernel->hosts[i].ifindex == ifindex) {
			*ret_host = i;
			return true;
		}
	return false;
}

int kernel_pop(struct kernel *kernel, int ms, unsigned int *ret_host,
	       struct wire_packet *ret_packet, uint64_t *ret_time)
{
	struct pollfd pollfd = { wire_get_fd(kernel->wire), POLLIN, 0 };

	for (;;) {
		int r = wire_pop(kernel->wire, ret_packet);

		if (r < 0)
			tap_bail_out("capture: %s", strerror(-r));
		if (r == 0) {
			if (ms == 0 || poll(&pollfd, 1, ms) == 0)
				return 0;
		} else if (ret_packet->is_outgoing && ret_packet->kind == WIRE_REPORT &&
			   find_host(kernel, ret_packet->ifindex, ret_host)) {
			*ret_time = (uint64_t)ret_packet->when.tv_sec * 1000000 +
				    (uint64_t)ret_packet->when.tv_nsec / 1000;
			return 1;
		}
	}
}
