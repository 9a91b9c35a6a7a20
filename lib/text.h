/* SPDX-License-Identifier: BSD-2-Clause */
/* A sentence under construction, in a buffer that may be too short for it. */
#ifndef LIB_TEXT_H
#define LIB_TEXT_H

#include <netinet/in.h>
#include <sys/socket.h>

#include "base/addr.h"

struct text {
	char *buf;
	size_t size;
	size_t length; /* of the whole text, as snprintf() counts */
};

__attribute__((format(printf, 2, 3))) void text_add(struct text *text, const char *format,
						    ...);

/* "10.0.0.1", in canonical form. */
const char *text_format_address(int family, struct addr a, char buf[INET6_ADDRSTRLEN]);
const char *text_format_sockaddr(const struct sockaddr *sa, char buf[INET6_ADDRSTRLEN]);

/* "eth0", or "index 7" where it has no name any more. */
#define TEXT_INTERFACE_SIZE 24
const char *text_format_interface(uint32_t ifindex, char buf[TEXT_INTERFACE_SIZE]);

#endif
