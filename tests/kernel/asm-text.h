/* SPDX-License-Identifier: BSD-2-Clause */
/* A filter as text, so that processes can tell each other what they read. */
#ifndef ASM_TEXT_H
#define ASM_TEXT_H

#include "netns.h"

#define ASM_TEXT_SIZE 2048u

struct asm_place {
	uint32_t ifindex;
	struct sockaddr_storage group;
};

/* "INCLUDE 10.9.0.1 10.9.0.2", "EXCLUDE", "none", or an error. */
void asm_text_read(int fd, const struct asm_place *place, char text[ASM_TEXT_SIZE]);

/* INCLUDE of the sources of link 0 whose bits are set; "none" for none. */
void asm_text_include(const struct asm_place *place, unsigned int bits,
		      char text[ASM_TEXT_SIZE]);

#endif
