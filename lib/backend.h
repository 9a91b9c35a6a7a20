/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Who carries a checked request out: the kernel's own source filters, or the ASM
 * backend (compat/asm).
 */
#ifndef LIB_BACKEND_H
#define LIB_BACKEND_H

#include "asm/asm.h"
#include "kernel.h"

/* Any request but GET_FILTER: 0 or a negative errno value. */
int backend_apply(struct msf *msf, int fd, const struct request *rq);

/* As kernel_get(). */
int backend_get(struct msf *msf, int fd, const struct request *rq, uint32_t *fmode,
		uint32_t *numsrc, struct sockaddr_storage *slist);

/* As kernel_look(). */
int backend_look(struct msf *msf, int fd, const struct request *rq,
		 struct kernel_held *ret);

/*
 * The backend of a context, found out on first use where the configuration leaves it
 * open; fd, when it is not -1, is asked where no socket can be opened for that. 0, or
 * -errno.
 */
int backend_resolve(struct msf *msf, int fd, enum msf_backend *ret);

/* What this system is good for, whatever a context says; else the same. */
int backend_find(int fd, enum msf_backend *ret);

/* How the ASM backend is to work for a context; what socket filters are good for is
 * tried once. 0, or -errno where that cannot be told. */
int backend_get_asm_config(struct msf *msf, struct asm_config *ret);

/*
 * The memberships that the ASM backend has on a socket, through whatever context and
 * in whatever process: 1 and the list, or 0 for none. optmem: the option memory of the
 * socket, which tells without a further look that there are none; -1: not known.
 */
int backend_list(struct msf *msf, int fd, int32_t optmem, struct asm_list *ret);

/*
 * Is this option of the socket one that the ASM backend shares with the application?
 * A context whose backend is not found out yet looks for it only where the socket may
 * carry a program of ours.
 */
bool backend_is_shared(struct msf *msf, int fd, int level, int optname,
		       struct asm_config *ret);

#endif
