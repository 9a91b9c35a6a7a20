/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * doctor: one question, "why does nothing of this group arrive here?", what was looked
 * at to answer it, and the findings, one a check, in the order of the checks.
 *
 * A check only reads what the patient holds; it sees the findings of the checks before
 * it.  None of them changes anything on the host.
 */
#ifndef MSFCTL_DOCTOR_H
#define MSFCTL_DOCTOR_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include <msf.h>

#include "doctor-finding.h"
#include "doctor-netlink.h"
#include "doctor-sockets.h"
#include "doctor-watch.h"
#include "endpoint.h"

/* In their order. */
enum doctor_check {
	DOCTOR_INTERFACE,
	DOCTOR_ADDRESS,
	DOCTOR_ROUTE,
	DOCTOR_FIREWALL,
	DOCTOR_VERSION,
	DOCTOR_QUERIER,
	DOCTOR_REPORT,
	DOCTOR_WIRE,
	DOCTOR_SNOOPING,
	DOCTOR_TRAFFIC,
	DOCTOR_DROPS,
	DOCTOR_SENDERS,
	DOCTOR_TTL,
	DOCTOR_N_CHECKS,
};

struct patient {
	/* what was asked */
	struct sockaddr_storage group;
	uint16_t port; /* host order; 0: every port */
	bool has_source;
	struct sockaddr_storage source;
	const char *interface_name; /* as it was given */
	uint64_t wait_ms;
	bool is_asm; /* libmsf filters, the kernel does not: its reports name no source */
	enum msf_wire wire; /* whose reports do */

	/* what was found */
	int interface_error; /* 0: interface holds; else -errno */
	struct msf_interface interface;
	struct netlink *netlink; /* NULL: rtnetlink cannot be asked */
	struct netlink_link link;
	struct netlink_bridge bridge; /* that the interface is, or belongs to */
	struct sockets sockets;       /* of this host that hold the group */
	struct watch watch;

	struct finding findings[DOCTOR_N_CHECKS];
};

/* What stands in for an address in texts. */
struct doctor_text {
	char text[ENDPOINT_TEXT_MAX];
};

struct doctor_text doctor_format(const struct sockaddr_storage *address);

bool doctor_is_same(const struct sockaddr_storage *a, const struct sockaddr_storage *b);

/* Is it of the range that is for joins of one source (RFC 4607)? */
bool doctor_is_ssm(const struct sockaddr_storage *group);

bool doctor_is_loopback(const struct patient *patient);

/* Did the check end with this result? */
bool doctor_has(const struct patient *patient, enum doctor_check check,
		enum finding_result result);

/* The source that was asked for, else the first one that was seen. NULL: neither. */
const struct sockaddr_storage *doctor_get_source(const struct patient *patient);

/* Unknown, because the wire cannot be looked at. */
void doctor_say_blind(const struct patient *patient, struct finding *finding,
		      const char *what);

/* Why the wire cannot be looked at. */
const char *doctor_get_blindness(const struct patient *patient);

/* "interface", "address", ... */
const char *doctor_get_name(enum doctor_check check);

/* Datagrams on the wire that fit the port and the source asked about. */
uint64_t doctor_count_wire(const struct patient *patient);

/* The first flow to the group that fits. NULL: none. */
const struct flow *doctor_find_flow(const struct patient *patient);

/* The first one that does not fit. NULL: none. */
const struct flow *doctor_find_other(const struct patient *patient);

/* The first line of a file, as a number. -ENOENT and the like; -EINVAL. */
int doctor_read_number(const char *path, uint64_t *ret);

/* One check each. */
typedef void doctor_checker(const struct patient *patient, struct finding *finding);

doctor_checker doctor_check_interface, doctor_check_address; /* doctor-link.c */
doctor_checker doctor_check_route;                           /* doctor-route.c */
doctor_checker doctor_check_firewall;                        /* doctor-firewall.c */
doctor_checker doctor_check_version, doctor_check_querier;   /* doctor-querier.c */
doctor_checker doctor_check_report;                          /* doctor-report.c */
doctor_checker doctor_check_wire;                            /* doctor-wire.c */
doctor_checker doctor_check_snooping;                        /* doctor-bridge.c */
doctor_checker doctor_check_traffic, doctor_check_senders, doctor_check_ttl;
doctor_checker doctor_check_drops; /* doctor-sockets.c */

/*
 * The sentence that sums the findings up, and what it makes of the whole: pass,
 * fail (a check explains it, or the traffic does), or unknown (nothing arrived,
 * and nothing seen from here says why).
 */
void doctor_sum_up(const struct patient *patient, struct finding *ret);

#endif
