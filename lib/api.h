/* SPDX-License-Identifier: BSD-2-Clause */
/* From a request as it arrived to its outcome: check, table, backend. */
#ifndef LIB_API_H
#define LIB_API_H

#include "request.h"

/* Any request but MSF_GET_FILTER. 0 or a negative errno value. */
int api_apply(struct msf *msf, int fd, const struct request_input *input);

/* MSF_GET_FILTER; as msf_get_filter(). */
int api_get(struct msf *msf, int fd, struct request_input *input, uint32_t *fmode,
	    uint32_t *numsrc, struct sockaddr_storage *slist);

#endif
