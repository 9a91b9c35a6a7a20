/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * batch-socket: sockets by name (see batch-socket.h).
 *
 * Invariant: the list is in the order of the names, each of which is there once, and
 * every descriptor in it is open.
 */
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <msf.h>

#include "batch-socket.h"
#include "endpoint.h"
#include "option-names.h"

#define DEFAULT_NAME "s"

/* Where the name is, or belongs. */
static size_t find_place(const struct batch_sockets *sockets, const char *name)
{
	size_t low = 0, high = sockets->n;

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (strcmp(sockets->sockets[middle].name, name) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static struct batch_socket *get(const struct batch_sockets *sockets, const char *name)
{
	size_t i = find_place(sockets, name);

	if (i == sockets->n || strcmp(sockets->sockets[i].name, name) != 0)
		return NULL;
	return &sockets->sockets[i];
}

int batch_socket_find(const struct batch_sockets *sockets, const char *name,
		      struct batch_socket **ret, char why[BATCH_SOCKET_WHY_MAX])
{
	struct batch_socket *socket = sockets->n == 1 ? sockets->sockets : NULL;

	if (*name)
		socket = get(sockets, name);
	if (socket) {
		*ret = socket;
		return 0;
	}
	if (*name)
		snprintf(why, BATCH_SOCKET_WHY_MAX,
			 "no socket %s is open: open %s opens it", name, name);
	else if (sockets->n == 0)
		snprintf(why, BATCH_SOCKET_WHY_MAX, "no socket is open: open one first");
	else
		snprintf(why, BATCH_SOCKET_WHY_MAX,
			 "%zu sockets are open: name one of them", sockets->n);
	return -EBADF;
}

static int reserve(struct batch_sockets *sockets)
{
	size_t size = sockets->size ? sockets->size * 2 : 4;
	struct batch_socket *larger;

	if (sockets->n < sockets->size)
		return 0;
	larger = reallocarray(sockets->sockets, size, sizeof(*larger));
	if (!larger)
		return -ENOMEM;
	sockets->sockets = larger;
	sockets->size = size;
	return 0;
}

static const char *get_socket_cure(int error)
{
	switch (error) {
	case EMFILE:
		return ": close one, or raise the limit (ulimit -n)";
	case EPERM:
	case EACCES:
		return ": raw sockets need CAP_NET_RAW, ping sockets a group in "
		       "net.ipv4.ping_group_range";
	case EPROTONOSUPPORT:
		return " by this kernel, or not of this family";
	default:
		return "";
	}
}

static const char *get_bind_cure(int error)
{
	switch (error) {
	case EADDRINUSE:
		return ": another socket has the port; reuse, on both, shares it";
	case EACCES:
		return ": ports below net.ipv4.ip_unprivileged_port_start need "
		       "CAP_NET_BIND_SERVICE";
	case EADDRNOTAVAIL:
		return ": no interface here has the address";
	case EINVAL:
		return ": link-local addresses are bound with their interface only; "
		       "bind :PORT alone";
	default:
		return "";
	}
}

static int set_options(int fd, const struct batch_open *open)
{
	static const int on = 1;
	int v6only = open->is_v6only;

	if (open->is_reuse &&
	    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) < 0)
		return -errno;
	/* Never by net.ipv6.bindv6only: a line means the same everywhere. */
	if (open->family == AF_INET6 && open->type != SOCK_RAW &&
	    setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &v6only, sizeof(v6only)) < 0)
		return -errno;
	return 0;
}

static int bind_socket(int fd, const struct batch_open *open)
{
	const struct sockaddr *address = (const struct sockaddr *)&open->address;

	if (open->has_address && bind(fd, address, endpoint_get_length(&open->address)))
		return -errno;
	return 0;
}

/* The descriptor or -errno. */
static int open_socket(const struct batch_open *open, char why[BATCH_SOCKET_WHY_MAX])
{
	int fd = socket(open->family, open->type | SOCK_CLOEXEC, open->protocol);
	int r = fd < 0 ? -errno : set_options(fd, open);

	if (r < 0) {
		snprintf(why, BATCH_SOCKET_WHY_MAX, "%s%s", strerror(-r),
			 get_socket_cure(-r));
	} else {
		r = bind_socket(fd, open);
		if (r < 0)
			snprintf(why, BATCH_SOCKET_WHY_MAX, "bind: %s%s", strerror(-r),
				 get_bind_cure(-r));
	}
	if (r < 0 && fd >= 0)
		close(fd);
	return r < 0 ? r : fd;
}

int batch_socket_open(struct batch_sockets *sockets, const char *name,
		      const struct batch_open *open, struct batch_socket **ret,
		      char why[BATCH_SOCKET_WHY_MAX])
{
	struct batch_socket socket = { .family = open->family };
	size_t i;
	int r = reserve(sockets);

	if (r < 0)
		return r;
	snprintf(socket.name, sizeof(socket.name), "%s", *name ? name : DEFAULT_NAME);
	if (get(sockets, socket.name)) {
		snprintf(why, BATCH_SOCKET_WHY_MAX,
			 "socket %s is open already: close it, or take another name",
			 socket.name);
		return -EEXIST;
	}
	socket.fd = open_socket(open, why);
	if (socket.fd < 0)
		return socket.fd;
	i = find_place(sockets, socket.name);
	memmove(&sockets->sockets[i + 1], &sockets->sockets[i],
		(sockets->n - i) * sizeof(socket));
	sockets->sockets[i] = socket;
	sockets->n++;
	*ret = &sockets->sockets[i];
	return 0;
}

void batch_socket_close(struct batch_sockets *sockets, struct batch_socket *socket)
{
	size_t i = (size_t)(socket - sockets->sockets);

	close(socket->fd);
	sockets->n--;
	memmove(socket, socket + 1, (sockets->n - i) * sizeof(*socket));
}

int batch_socket_set_all(const struct batch_socket *socket, bool is_on)
{
	int value = is_on;
	int r = msf_setsockopt(socket->fd, IPPROTO_IP, IP_MULTICAST_ALL, &value,
			       sizeof(value));

	if (socket->family == AF_INET)
		return r < 0 ? -errno : 0;
	/* Raw IPv6 sockets have none for IPv4. */
	r = msf_setsockopt(socket->fd, IPPROTO_IPV6, IPV6_MULTICAST_ALL, &value,
			   sizeof(value));
	return r < 0 ? -errno : 0;
}

void batch_socket_fini(struct batch_sockets *sockets)
{
	for (size_t i = 0; i < sockets->n; i++)
		close(sockets->sockets[i].fd);
	free(sockets->sockets);
	*sockets = (struct batch_sockets){ .n = 0 };
}
