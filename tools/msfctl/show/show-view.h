/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * show-view: an interface, with all that holds for the groups on it, and how it is
 * printed.
 */
#ifndef MSFCTL_SHOW_VIEW_H
#define MSFCTL_SHOW_VIEW_H

#include <stdbool.h>
#include <stdint.h>

#include <msf.h>

#include "columns.h"
#include "endpoint.h"
#include "show-link.h"
#include "wire/querier.h"

#define SHOW_UNKNOWN "unknown"

#define SHOW_VERSION_MAX 12 /* digits and sign of an int */

enum {
	SHOW_IGMP,
	SHOW_MLD,
	SHOW_N_PROTOCOLS,
};

struct show_protocol {
	const char *name;
	int family;
	char version[SHOW_VERSION_MAX]; /* in force, or SHOW_UNKNOWN */
	int forced;                     /* version; 0: none; -1: not known */
	char querier[ENDPOINT_TEXT_MAX];
	int querier_version; /* 0: not known */
};

struct show_view {
	uint32_t ifindex;
	char interface[IF_NAMESIZE];
	struct show_protocol protocols[SHOW_N_PROTOCOLS];
	struct show_link link;
};

/* Looks at an interface; queriers NULL: nobody listened. */
void show_view_look(struct show_view *view, const struct querier_list *queriers,
		    uint32_t ifindex, const char *name);

/* "include", "exclude", "unknown" */
const char *show_view_get_mode(const struct msf_group *group);

/* One object. 0 or -errno. */
int show_view_json_group(const struct show_view *view, const struct msf_group *group);

/* The counters of the interface; view NULL: of the namespace. 0 or -errno. */
int show_view_json_counters(const struct show_view *view);

/* The lines above the table; view NULL: of the namespace. 0 or -errno. */
int show_view_print(const struct show_view *view);

/* The table: 0 or -ENOMEM. */
int show_view_new_columns(struct columns **ret);
int show_view_add_row(struct columns *columns, const struct msf_group *group,
		      bool is_whole);

#endif
