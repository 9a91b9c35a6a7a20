/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * membership: one socket and one of its memberships, as rows of a table and as the
 * JSON object that show, get and set print.
 */
#ifndef MSFCTL_MEMBERSHIP_H
#define MSFCTL_MEMBERSHIP_H

#include <stdbool.h>

#include <jansson.h>

#include <msf.h>

#include "columns.h"

/* Room for the longest name that membership_format_interface() makes. */
#define MEMBERSHIP_INTERFACE_MAX 32

/* The interface's name, or "index N (gone)". */
void membership_format_interface(const struct msf_membership *membership,
				 char buf[MEMBERSHIP_INTERFACE_MAX]);

/* "udp", "udplite", "raw", "ping"; NULL: none of them. */
const char *membership_get_type(const struct msf_socket *socket);

/* "include", "exclude". */
const char *membership_get_mode(const struct msf_membership *membership);

/* An empty table for membership_add_rows(). 0 or -ENOMEM. */
int membership_new_columns(struct columns **ret);

/*
 * Adds a row. Of many holders the first one is shown and "+N" for the others, of many
 * sources the first ones and "+N"; is_whole: all sources, and a row for each holder.
 * 0 or -ENOMEM.
 */
int membership_add_rows(struct columns *columns, const struct msf_socket *socket,
			const struct msf_membership *membership, bool is_whole);

/* Leaves the column of the network namespace out. */
void membership_hide_netns(struct columns *columns);

/* The object of the contract, with its time. NULL: no memory. */
json_t *membership_new_object(const struct msf_socket *socket,
			      const struct msf_membership *membership);

#endif
