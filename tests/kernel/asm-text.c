/* SPDX-License-Identifier: BSD-2-Clause */
/* Filters as text (see asm-text.h). */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <msf.h>

#include "asm-text.h"

#define MAX_SOURCES 32u

static void add_address(char text[ASM_TEXT_SIZE], const struct sockaddr_storage *address)
{
	const void *bytes = &((const struct sockaddr_in *)address)->sin_addr;
	size_t n = strlen(text);

	if (address->ss_family == AF_INET6)
		bytes = &((const struct sockaddr_in6 *)address)->sin6_addr;
	text[n] = ' ';
	inet_ntop(address->ss_family, bytes, text + n + 1, INET6_ADDRSTRLEN);
}

void asm_text_read(int fd, const struct asm_place *place, char text[ASM_TEXT_SIZE])
{
	struct sockaddr_storage list[MAX_SOURCES];
	uint32_t fmode = 0, n = MAX_SOURCES;
	int r = msf_get_filter(NULL, fd, place->ifindex, (const void *)&place->group,
			       &fmode, &n, list);

	if (r < 0 || n > MAX_SOURCES) {
		snprintf(text, ASM_TEXT_SIZE, "%s",
			 r == -EADDRNOTAVAIL ? "none" : strerror(-r));
		return;
	}
	snprintf(text, ASM_TEXT_SIZE, "%s",
		 fmode == MCAST_INCLUDE ? "INCLUDE" : "EXCLUDE");
	for (uint32_t i = 0; i < n; i++)
		add_address(text, &list[i]);
}

void asm_text_include(const struct asm_place *place, unsigned int bits,
		      char text[ASM_TEXT_SIZE])
{
	snprintf(text, ASM_TEXT_SIZE, "%s", bits ? "INCLUDE" : "none");
	for (unsigned int i = 0; i < MAX_SOURCES; i++) {
		struct sockaddr_storage source = netns_source(place->group.ss_family, 0,
							      i);

		if (bits >> i & 1)
			add_address(text, &source);
	}
}
