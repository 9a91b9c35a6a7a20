/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * run-elf: what the loader will make of a file: for which machine it is, and whether a
 * dynamic linker loads it.
 */
#ifndef MSFCTL_RUN_ELF_H
#define MSFCTL_RUN_ELF_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>

struct run_elf {
	unsigned char width; /* ELFCLASS* */
	unsigned char order; /* ELFDATA* */
	uint16_t machine;    /* EM_*; of a file of the other order: its bytes as ours */
	char linker
		[PATH_MAX]; /* PT_INTERP; empty: none. Of files of our own kind only. */
};

/* 1; 0: it is no ELF file; or -errno. */
int run_elf_read(const char *path, struct run_elf *ret);

/* For the same machine? */
bool run_elf_is_alike(const struct run_elf *a, const struct run_elf *b);

#endif
