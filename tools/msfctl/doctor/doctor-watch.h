/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * watch: what is seen while the doctor waits.  A socket of its own joins the group,
 * as any receiver would, and an observer of the interface sees what passes: queries,
 * reports, datagrams.  Ends when all is decided, when the time is over, or with a
 * signal; then the socket has left the group.
 */
#ifndef MSFCTL_DOCTOR_WATCH_H
#define MSFCTL_DOCTOR_WATCH_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include "doctor-flow.h"

struct patient;

#define WATCH_WHY_MAX 512

/* The last general query that was heard, and how many were. */
struct watch_queries {
	uint64_t n;
	int oldest_version; /* the lowest one heard */
	struct sockaddr_storage source;
	uint32_t interval_s; /* 0: not told */
	bool is_outgoing;    /* this host asks */
};

/* Our reports of the group. */
struct watch_reports {
	uint64_t n;       /* that left, of any kind */
	uint64_t n_right; /* that say what our join has asked for */
	int version;      /* of the last one */
};

struct watch {
	bool is_run;    /* the interface was fit to wait at */
	int join_error; /* 0, or -errno with the reason in join_why */
	char join_why[WATCH_WHY_MAX];
	int wire_error; /* 0, or -errno: nothing below was looked at */
	bool is_deaf;   /* no socket to compare with, for the reason in deaf_why */
	char deaf_why[WATCH_WHY_MAX];

	struct watch_queries queries;
	struct watch_reports reports;
	struct flow_table flows; /* on the wire */
	uint64_t n_delivered;    /* to our socket, from the source if one was given */
	struct sockaddr_storage delivered_source; /* of the first of them */
	int has_member;  /* of the bridge's database, while joined; -errno: not known */
	uint64_t n_lost; /* that the observer was too slow for */
	uint64_t waited_ms;
	bool is_interrupted;
	uint64_t socket_inode; /* of ours */
};

/* Joins, waits, leaves. What cannot be done is in the watch; -errno only when
 * nothing could be. */
int watch_run(struct patient *patient);

#endif
