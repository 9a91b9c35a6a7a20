/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Every shape in which the API takes a request: the msf_*() calls, the socket
 * options of RFC 3678 4.1 and 5.1, the full-state calls of 4.2 and 5.2, and the
 * ioctls of its appendix A.
 */
#ifndef SHAPE_H
#define SHAPE_H

#include <msf.h>
#include <stdbool.h>

#include "raw.h"
#include "traffic.h"

#define SHAPE_MAX_SOURCES 70u

enum shape_door { DOOR_SETSOCKOPT, DOOR_GETSOCKOPT, DOOR_IOCTL };

/* A request as bytes for msf_setsockopt(), msf_getsockopt() or msf_ioctl(). */
struct shape_bytes {
	enum shape_door door;
	int level;
	int optname;
	unsigned long ioctl;
	socklen_t len;
	bool is_ipv4_list; /* ip_msfilter rather than group_filter */
	union {
		struct ip_mreq mreq;
		struct ip_mreqn mreqn;
		struct ip_mreq_source mreq_source;
		struct ip_msfilter msfilter;
		struct ipv6_mreq mreq6;
		struct group_req group_req;
		struct group_source_req source_req;
		struct group_filter filter;
		unsigned char room[GROUP_FILTER_SIZE(SHAPE_MAX_SOURCES)];
	};
};

struct shape {
	const char *name;
	unsigned int verbs;    /* bits of enum msf_verb */
	unsigned int flavours; /* bits of enum flavour */
	/* Either bytes, or a function call. */
	void (*encode)(const struct msf_request *request, struct shape_bytes *ret);
	int (*apply)(struct msf *msf, int fd, const struct msf_request *request);
	int (*get)(struct msf *msf, int fd, const struct msf_request *request,
		   struct raw_filter *filter);
};

extern const struct shape shapes[];
extern const unsigned int n_shapes;

bool shape_can(const struct shape *shape, enum msf_verb verb, enum flavour flavour);

/* Sends what encode() made. 0 or -errno. */
int shape_send(int fd, struct shape_bytes *bytes);

/* Carries out any verb but MSF_GET_FILTER. 0 or -errno. The struct msf serves the
 * msf_*() calls, the default context the others. */
int shape_apply(const struct shape *shape, struct msf *msf, int fd,
		const struct msf_request *request);

/* MSF_GET_FILTER. filter->numsrc in: room; out: the total. 0 or -errno. */
int shape_get(const struct shape *shape, struct msf *msf, int fd,
	      const struct msf_request *request, struct raw_filter *filter);

/* The list of a full-state answer, as struct sockaddr_storage. */
void shape_decode(const struct shape_bytes *bytes, uint32_t room,
		  struct raw_filter *filter);

#endif
