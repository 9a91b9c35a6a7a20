/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * table-kernel: the rows of the error table (msf_table_get_row()) on the running
 * kernel.  Each row is made concrete in every way that is known to matter: which
 * sources, and how its start state came to be, as Linux treats differently what reads
 * the same.  A row deviates when one of its cases does.
 */
#ifndef MSFCTL_TABLE_KERNEL_H
#define MSFCTL_TABLE_KERNEL_H

#include <stdbool.h>

#include <msf.h>

#define TABLE_KERNEL_ROWS  64u
#define TABLE_KERNEL_STATE 16u
#define TABLE_KERNEL_CASE  40u

/* What became of a row. The case told of is the first that deviates, or the first. */
struct table_kernel_row {
	unsigned int n_cases; /* carried out, of both families */
	unsigned int n_deviating;
	unsigned int n_unreached;       /* the start state could not be made */
	bool is_deviating[2];           /* IPv4, IPv6 */
	int error;                      /* positive errno value, or 0 */
	char state[TABLE_KERNEL_STATE]; /* in the words of the table */
	char when[TABLE_KERNEL_CASE];   /* the case: "B = {}" */
};

/* Zero-initialised but for semantics, and shared (isolate.h). */
struct table_kernel {
	enum msf_semantics semantics;
	unsigned int n_rows;
	bool has_family[2]; /* IPv4, IPv6 */
	struct table_kernel_row rows[TABLE_KERNEL_ROWS];
};

/* To be run in a namespace of its own: fills a struct table_kernel. */
void table_kernel_run(void *shared);

/* Rows that deviate. */
unsigned int table_kernel_count(const struct table_kernel *table);

#endif
