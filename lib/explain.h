/* SPDX-License-Identifier: BSD-2-Clause */
/* The parts of msf_explain(): each says what is the matter and what cures it. */
#ifndef LIB_EXPLAIN_H
#define LIB_EXPLAIN_H

#include "backend.h"
#include "context.h"
#include "fault.h"
#include "request.h"
#include "text.h"

/* An argument; position is that of an address of the list. */
void explain_fault(struct text *text, struct msf *msf, int fd,
		   const struct msf_request *request, enum fault fault,
		   uint32_t position);

/* ENOBUFS: which limit, its value here, what is needed, where it is set. */
void explain_limit(struct text *text, struct msf *msf, int fd, const struct request *rq,
		   const struct kernel_held *held);

/* The same on the ASM backend. */
void explain_asm_limit(struct text *text, struct msf *msf, int fd,
		       const struct request *rq, const struct kernel_held *held);

/* The errors that only the ASM backend has: EPERM, EBUSY, EOPNOTSUPP, and of msfd EXDEV
 * and EUSERS. false: it is none of them. */
bool explain_asm_error(struct text *text, struct msf *msf, int fd, int error);

/* How many sources the filter is to have after the request, or would have. */
uint32_t explain_count_wanted(const struct request *rq, const struct kernel_held *held);

/* The groups of a family that the socket is a member of, as far as they are seen. */
uint32_t explain_count_groups(struct msf *msf, int fd, int family);

void explain_groups(struct text *text, uint32_t limit, uint32_t held);

/* What net.core.optmem_max is here, and how it is set; wanted: to what, 0: to twice
 * that. */
void explain_option_memory(struct text *text, long wanted);

/* Is the membership that the socket holds one of an interface that is gone, so
 * that the one which has its index now is not joined? */
bool explain_is_stale(const struct request *rq);

/* What a request that succeeded may yet suffer from. */
void explain_warnings(struct text *text, struct msf *msf, int fd,
		      const struct request *rq);

#endif
