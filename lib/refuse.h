/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the contract looks for before the table, for whatever backend: of a socket that
 * is about to join, and of a request that was not carried out, where it costs nothing.
 */
#ifndef LIB_REFUSE_H
#define LIB_REFUSE_H

#include "context.h"
#include "request.h"

/* The error of a request that was not carried out. error may be 0: is there a fault
 * all the same? */
int refuse_request(struct msf *msf, int fd, const struct request *rq, int error);

/* May the socket begin a membership? *ret_is_dual: an IPv6 socket, an IPv4 group. */
int refuse_creator(struct msf *msf, int fd, const struct request *rq, bool *ret_is_dual);

#endif
