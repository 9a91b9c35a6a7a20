/* SPDX-License-Identifier: BSD-2-Clause */
/* See text.h. */
#include "text.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <arpa/inet.h>
#include <net/if.h>

#include "sockaddr.h"

void text_add(struct text *text, const char *format, ...)
{
	size_t used = text->length < text->size ? text->length : text->size;
	va_list ap;
	int n;

	va_start(ap, format);
	n = vsnprintf(text->size ? text->buf + used : NULL, text->size - used, format,
		      ap);
	va_end(ap);
	if (n > 0)
		text->length += (size_t)n;
}

const char *text_format_address(int family, struct addr a, char buf[INET6_ADDRSTRLEN])
{
	struct sockaddr_storage ss;

	sockaddr_set(&ss, family, a);
	return text_format_sockaddr((struct sockaddr *)&ss, buf);
}

const char *text_format_sockaddr(const struct sockaddr *sa, char buf[INET6_ADDRSTRLEN])
{
	const void *address =
		sa->sa_family == AF_INET
			? (const void *)&((const struct sockaddr_in *)sa)->sin_addr
			: &((const struct sockaddr_in6 *)sa)->sin6_addr;

	if (!sockaddr_length(sa->sa_family) ||
	    !inet_ntop(sa->sa_family, address, buf, INET6_ADDRSTRLEN))
		snprintf(buf, INET6_ADDRSTRLEN, "(family %d)", sa->sa_family);
	return buf;
}

const char *text_format_interface(uint32_t ifindex, char buf[TEXT_INTERFACE_SIZE])
{
	char name[IF_NAMESIZE];

	if (if_indextoname(ifindex, name))
		snprintf(buf, TEXT_INTERFACE_SIZE, "%s", name);
	else
		snprintf(buf, TEXT_INTERFACE_SIZE, "index %u", ifindex);
	return buf;
}
