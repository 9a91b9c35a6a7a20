/* SPDX-License-Identifier: BSD-2-Clause */
/* Requests to the ASM backend through its own door, in the words of the model. */
#ifndef ASM_RIG_H
#define ASM_RIG_H

#include "asm/asm.h"
#include "model.h"
#include "tap.h"

struct rig {
	struct tap tap;
	struct netns net;
	struct traffic traffic;
	struct asm_config config;
	struct model_place place;
};

void rig_init(struct rig *rig);
int rig_finish(struct rig *rig);

/* Another flavour, another group. */
void rig_go(struct rig *rig, enum flavour flavour, unsigned int group);

int rig_open(const struct rig *rig);
int rig_apply(const struct rig *rig, int fd, struct model_request request);

/* Expects 0. */
void rig_do(struct rig *rig, int fd, struct model_request request);

struct model_filter rig_get(struct rig *rig, int fd);
unsigned int rig_hear(struct rig *rig, int fd);

/* Does the socket hold this filter, and hear what it admits? */
void rig_expect(struct rig *rig, int fd, struct model_filter filter, const char *what);

/* Instructions on the socket, as the kernel has them. */
unsigned int rig_count_code(int fd);

/* n sources that never send, the first being number i. */
int rig_set_long(const struct rig *rig, int fd, uint32_t fmode, unsigned int i,
		 unsigned int n);

#endif
