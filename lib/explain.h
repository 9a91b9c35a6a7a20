/* SPDX-License-Identifier: BSD-2-Clause */
/* The parts of msf_explain(): each says what is the matter and what cures it. */
#ifndef LIB_EXPLAIN_H
#define LIB_EXPLAIN_H

#include "context.h"
#include "fault.h"
#include "kernel.h"
#include "request.h"
#include "text.h"

/* An argument; position is that of an address of the list. */
void explain_fault(struct text *text, int fd, const struct msf_request *request,
		   enum fault fault, uint32_t position);

/* ENOBUFS: which limit, its value here, what is needed, where it is set. */
void explain_limit(struct text *text, struct msf *msf, int fd, const struct request *rq,
		   const struct kernel_held *held);

/* Is the membership that the socket holds one of an interface that is gone, so
 * that the one which has its index now is not joined? */
bool explain_is_stale(const struct request *rq);

/* What a request that succeeded may yet suffer from. */
void explain_warnings(struct text *text, struct msf *msf, int fd,
		      const struct request *rq);

#endif
