/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * metrics-listen: --listen, read and bound (see metrics-listen.h).
 */
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "endpoint.h"
#include "metrics-listen.h"
#include "output.h"

#define OPTION  "--listen"
#define DIGITS  "0123456789"
#define BACKLOG 64

static const char bad_port[] = "the port must be a number from 1 to 65535";

static void set_port(struct sockaddr_storage *address, uint16_t port)
{
	if (address->ss_family == AF_INET6)
		((struct sockaddr_in6 *)address)->sin6_port = htons(port);
	else
		((struct sockaddr_in *)address)->sin_port = htons(port);
}

static const char *parse_port(const char *text, struct sockaddr_storage *ret)
{
	struct sockaddr_in sin = { .sin_family = AF_INET,
				   .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	unsigned long port = strlen(text) <= 5 ? strtoul(text, NULL, 10) : 0;

	if (port == 0 || port > UINT16_MAX)
		return bad_port;
	memcpy(ret, &sin, sizeof(sin));
	set_port(ret, (uint16_t)port);
	return NULL;
}

static const char *parse_both(const char *text, struct sockaddr_storage *ret)
{
	struct endpoint endpoint;
	const char *why;

	if (*text == ':')
		return "for every address of the host, write 0.0.0.0 or [::] before it";
	if (strchr(text, '/'))
		return "neither a URL nor a prefix: write an address, as in "
		       "127.0.0.1:9478";
	if (endpoint_parse(text, &endpoint, &why) < 0)
		return why;
	if (strchr(text, '+'))
		return "one address is wanted";
	if (!endpoint.port)
		return "a port is missing, as in 127.0.0.1:9478 or [::1]:9478";
	if (endpoint_is_multicast(&endpoint.group))
		return "a multicast address cannot be listened on";
	*ret = endpoint.group;
	set_port(ret, endpoint.port);
	return NULL;
}

int metrics_listen_parse(const char *text, struct sockaddr_storage *ret,
			 const char **ret_why)
{
	struct sockaddr_storage address = { 0 };
	const char *why;

	if (*text && strspn(text, DIGITS) == strlen(text))
		why = parse_port(text, &address);
	else
		why = parse_both(text, &address);
	if (why) {
		*ret_why = why;
		return -EINVAL;
	}
	*ret = address;
	return 0;
}

static const char *get_cure(int error)
{
	switch (error) {
	case EADDRINUSE:
		return "; another program listens there: end it, or choose another port";
	case EADDRNOTAVAIL:
		return "; this host has no such address: choose one that \"ip address\" "
		       "shows";
	case EACCES:
		return "; a port below 1024 needs CAP_NET_BIND_SERVICE: choose one from "
		       "1024 on";
	case EAFNOSUPPORT:
		return "; this kernel has no IPv6: choose an IPv4 address";
	default:
		return "";
	}
}

static int listen_on(const struct sockaddr_storage *address)
{
	int on = 1, off = 0, error;
	int fd = socket(address->ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK,
			0);

	if (fd < 0)
		return -errno;
	/* [::] serves both families, whatever net.ipv6.bindv6only says. */
	if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) == 0 &&
	    (address->ss_family == AF_INET ||
	     setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off)) == 0) &&
	    bind(fd, (const struct sockaddr *)address, endpoint_get_length(address)) ==
		    0 &&
	    listen(fd, BACKLOG) == 0)
		return fd;
	error = -errno;
	close(fd);
	return error;
}

int metrics_listen_open(const char *text)
{
	struct sockaddr_storage address;
	const char *why;
	int fd;

	if (metrics_listen_parse(text, &address, &why) < 0) {
		output_error(OPTION, "%s: %s", text, why);
		return -EINVAL;
	}
	fd = listen_on(&address);
	if (fd < 0)
		output_error(OPTION, "%s: %s%s", text, strerror(-fd), get_cure(-fd));
	return fd;
}
