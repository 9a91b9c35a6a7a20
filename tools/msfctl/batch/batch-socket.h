/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * batch-socket: sockets by name.
 */
#ifndef MSFCTL_BATCH_SOCKET_H
#define MSFCTL_BATCH_SOCKET_H

#include <stddef.h>

#include "batch-line.h"

/* Room for a sentence. */
#define BATCH_SOCKET_WHY_MAX 256

struct batch_socket {
	char name[BATCH_LINE_NAME_MAX];
	int fd;
	int family;
};

struct batch_sockets {
	size_t n, size;
	struct batch_socket *sockets; /* owned; ascending by name */
};

/* The socket of that name; name empty: the only one that is open. 0; or -EBADF with the
 * reason in why. */
int batch_socket_find(const struct batch_sockets *sockets, const char *name,
		      struct batch_socket **ret, char why[BATCH_SOCKET_WHY_MAX]);

/* Opens and binds; name empty: "s". 0; -EEXIST, or what the system says, with the
 * reason in why; then nothing is open that was not before. */
int batch_socket_open(struct batch_sockets *sockets, const char *name,
		      const struct batch_open *open, struct batch_socket **ret,
		      char why[BATCH_SOCKET_WHY_MAX]);

void batch_socket_close(struct batch_sockets *sockets, struct batch_socket *socket);

/* IP_MULTICAST_ALL and, on IPv6 sockets, IPV6_MULTICAST_ALL. 0 or -errno. */
int batch_socket_set_all(const struct batch_socket *socket, bool is_on);

void batch_socket_fini(struct batch_sockets *sockets);

#endif
