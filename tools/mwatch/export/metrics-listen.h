/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * metrics-listen: the socket on which metrics are asked for.
 */
#ifndef MWATCH_METRICS_LISTEN_H
#define MWATCH_METRICS_LISTEN_H

#include <sys/socket.h>

/* ADDR:PORT, [ADDR]:PORT or PORT, which is that of 127.0.0.1. *ret has the port in it.
 * -EINVAL with the reason in *ret_why, a static text. */
int metrics_listen_parse(const char *text, struct sockaddr_storage *ret,
			 const char **ret_why);

/* A descriptor that listens, or -errno, said on standard error. */
int metrics_listen_open(const char *text);

#endif
