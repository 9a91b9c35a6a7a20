/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * endpoint: addresses as people write them on a command line or in a file.
 *
 *	232.1.1.1	232.1.1.1:5000		232.1.1.1+20:5000
 *	ff3e::1		[ff3e::1]:5000		[ff3e::1]+3:5000
 *
 * GROUP+N is N groups in all, counted upwards from GROUP.  Nothing is looked up:
 * host names are no addresses.  Whether an address is fit to be a group or a
 * source is for the caller (RFC 3678 4.1) to say; an endpoint is only well-formed,
 * and its range does not leave the multicast addresses (RFC 5771, RFC 4291 2.7).
 */
#ifndef TOOLS_COMMON_ENDPOINT_H
#define TOOLS_COMMON_ENDPOINT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#define ENDPOINT_MAX_GROUPS 65535

/* Room for the longest text that endpoint_format() makes, NUL included. */
#define ENDPOINT_TEXT_MAX 64

struct endpoint {
	struct sockaddr_storage group; /* the first one; its port field is 0 */
	uint32_t n_groups;             /* 1 to ENDPOINT_MAX_GROUPS */
	uint16_t port;                 /* host order; 0: none was written */
	/* An IPv6 address without brackets that ends as a port may do: in
	 * ff3e::1:5000 this is 5000, although the text is one address. */
	uint16_t doubtful_port;
};

/*
 * Reads GROUP[+N][:PORT].  0, or -EINVAL with the reason in *ret_why, a static
 * text without the words of the input; then *ret is untouched.
 */
int endpoint_parse(const char *text, struct endpoint *ret, const char **ret_why);

/* Reads one address without anything behind it; errors as above. */
int endpoint_parse_address(const char *text, struct sockaddr_storage *ret,
			   const char **ret_why);

/* Group number i, from 0, with the port in it. -ERANGE: no such group. */
int endpoint_get_group(const struct endpoint *endpoint, uint32_t i,
		       struct sockaddr_storage *ret);

/* The same in canonical text; returns its length. -ENOSPC: buf is too short. */
int endpoint_format(const struct endpoint *endpoint, char *buf, size_t len);

/* The address alone in canonical text. -ENOSPC; -EAFNOSUPPORT. */
int endpoint_format_address(const struct sockaddr_storage *address, char *buf,
			    size_t len);

bool endpoint_is_multicast(const struct sockaddr_storage *address);

/* Why the address cannot be that of a sender, a static text; NULL: it can. */
const char *endpoint_explain_source(const struct sockaddr_storage *address);

/* For qsort(): struct sockaddr_storage by family and address, ports aside. */
int endpoint_compare_addresses(const void *a, const void *b);

/* Length of the sockaddr in it, by its family. */
socklen_t endpoint_get_length(const struct sockaddr_storage *address);

#endif
