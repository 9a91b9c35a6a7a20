/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sockets: what else holds the group on this host, and check "drops" (see
 * doctor-sockets.h).
 *
 * Invariant: the doctor's own socket is none of them.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <netinet/in.h>

#include "doctor.h"
#include "utf8.h"

#define LINE_LENGTH 1024

#define RMEM_MAX "/proc/sys/net/core/rmem_max"

/* The number under a title of /proc/net/snmp: a line of titles, one of numbers. -1:
 * not there. */
static int64_t read_snmp(const char *title)
{
	char titles[LINE_LENGTH], numbers[LINE_LENGTH];
	FILE *file = fopen("/proc/net/snmp", "re");
	int64_t ret = -1;

	while (file && ret < 0 && fgets(titles, sizeof(titles), file) &&
	       fgets(numbers, sizeof(numbers), file)) {
		char *at_title, *at_number, *next, *end;

		if (strncmp(titles, "Udp:", 4) != 0)
			continue;
		next = strtok_r(titles, " \n", &at_title);
		end = strtok_r(numbers, " \n", &at_number);
		while (next && end && strcmp(next, title) != 0) {
			next = strtok_r(NULL, " \n", &at_title);
			end = strtok_r(NULL, " \n", &at_number);
		}
		if (next && end)
			ret = strtoll(end, NULL, 10);
	}
	if (file)
		fclose(file);
	return ret;
}

/* The same of /proc/net/snmp6: a title and a number on each line. */
static int64_t read_snmp6(const char *title)
{
	FILE *file = fopen("/proc/net/snmp6", "re");
	char line[LINE_LENGTH];
	size_t len = strlen(title);
	int64_t ret = -1;

	while (file && ret < 0 && fgets(line, sizeof(line), file))
		if (!strncmp(line, title, len) && (line[len] == ' ' || line[len] == '\t'))
			ret = strtoll(line + len, NULL, 10);
	if (file)
		fclose(file);
	return ret;
}

static int64_t read_errors(int family)
{
	return family == AF_INET ? read_snmp("RcvbufErrors")
				 : read_snmp6("Udp6RcvbufErrors");
}

static int64_t read_checksums(int family)
{
	return family == AF_INET ? read_snmp("InCsumErrors")
				 : read_snmp6("Udp6InCsumErrors");
}

static const struct msf_group_source *find_source(const struct msf_group *group,
						  const struct sockaddr_storage *source)
{
	for (uint32_t i = 0; i < group->numsrc; i++)
		if (doctor_is_same(&group->slist[i].address, source))
			return &group->slist[i];
	return NULL;
}

/* Would our join change what the interface asks for (RFC 3376 3.2)? */
static bool is_change(const struct patient *patient, const struct msf_group *group)
{
	const struct msf_group_source *source;

	/* The kernel knows of any-source joins, whatever libmsf filters. */
	if (patient->sockets.has_emulated || patient->is_asm)
		return false;
	if (!patient->has_source)
		return group->fmode != MCAST_EXCLUDE || group->numsrc > 0;
	source = find_source(group, &patient->source);
	if (group->fmode == MCAST_EXCLUDE)
		return source && source->include == 0;
	return !source || source->include == 0;
}

static void look_at_groups(struct patient *patient)
{
	struct sockets *sockets = &patient->sockets;
	struct msf_state *state = NULL;
	struct msf_group group;

	sockets->is_report_due = true;
	if (msf_state_scan_groups(&state, NULL) < 0)
		return;
	sockets->is_due_known = true;
	while (msf_state_pop_group(state, &group) > 0) {
		if (group.ifindex != patient->interface.ifindex ||
		    !doctor_is_same(&group.group, &patient->group))
			continue;
		sockets->is_due_known = (group.fmode >= 0 && group.has_sources) ||
					sockets->has_emulated || patient->is_asm;
		sockets->is_report_due = !sockets->is_due_known ||
					 is_change(patient, &group);
	}
	msf_state_free(state);
}

static struct sockets_one *find(struct sockets *sockets, uint64_t inode)
{
	for (unsigned int i = 0; i < sockets->n_ones; i++)
		if (sockets->ones[i].inode == inode)
			return &sockets->ones[i];
	return NULL;
}

static uint16_t get_port(const struct sockaddr_storage *address)
{
	return ntohs(address->ss_family == AF_INET6
			     ? ((const struct sockaddr_in6 *)address)->sin6_port
			     : ((const struct sockaddr_in *)address)->sin_port);
}

/* Those that wait for another port are of no interest; raw sockets have none. */
static bool is_wanted(const struct patient *patient, const struct msf_socket *sock)
{
	return sock->inode != patient->watch.socket_inode &&
	       (patient->port == 0 || sock->type == SOCK_RAW ||
		get_port(&sock->address) == patient->port);
}

static void add(struct patient *patient, const struct msf_socket *sock,
		const struct msf_membership *membership)
{
	struct sockets *sockets = &patient->sockets;
	struct sockets_one *one = find(sockets, sock->inode);

	if (!one) {
		if (sockets->n_ones == SOCKETS_MAX) {
			sockets->n_uncounted++;
			return;
		}
		one = &sockets->ones[sockets->n_ones++];
		*one = (struct sockets_one){ .inode = sock->inode,
					     .drops_before = sock->drops };
		memcpy(one->interface, membership->interface, sizeof(one->interface));
		if (sock->n_holders > 0) {
			char command[SOCKETS_COMMAND_MAX + 1] = "";

			memcpy(command, sock->holders[0].command, SOCKETS_COMMAND_MAX);
			one->pid = sock->holders[0].pid;
			utf8_clean(command, one->command, sizeof(one->command));
		}
	}
	one->drops = sock->drops;
	if (membership->ifindex == patient->interface.ifindex)
		one->is_here = true;
}

static void look_at_socket(struct patient *patient, struct msf_state *state,
			   const struct msf_socket *sock)
{
	struct msf_membership membership;

	while (msf_state_pop_membership(state, &membership) > 0) {
		if (!doctor_is_same(&membership.group, &patient->group))
			continue;
		if (membership.ifindex == patient->interface.ifindex &&
		    sock->inode != patient->watch.socket_inode)
			patient->sockets.has_emulated |= sock->backend == MSF_BACKEND_ASM;
		if (is_wanted(patient, sock))
			add(patient, sock, &membership);
	}
}

static void look_at_sockets(struct patient *patient)
{
	const struct msf_scan scan = { .flags = MSF_SCAN_HERE };
	struct sockets *sockets = &patient->sockets;
	struct msf_state *state = NULL;
	struct msf_unseen unseen;
	struct msf_socket sock;

	sockets->error = msf_state_scan(&state, NULL, &scan);
	if (sockets->error < 0)
		return;
	while (msf_state_pop_socket(state, &sock) > 0)
		look_at_socket(patient, state, &sock);
	msf_state_get_unseen(state, &unseen);
	sockets->n_unseen = unseen.processes;
	msf_state_free(state);
}

void sockets_look_before(struct patient *patient)
{
	int family = patient->group.ss_family;

	look_at_sockets(patient);
	look_at_groups(patient);
	patient->sockets.errors_before = read_errors(family);
	patient->sockets.checksums_before = read_checksums(family);
}

void sockets_look_after(struct patient *patient)
{
	int family = patient->group.ss_family;

	look_at_sockets(patient);
	patient->sockets.errors = read_errors(family);
	patient->sockets.checksums = read_checksums(family);
}

static void say_cure(struct finding *finding)
{
	uint64_t rmem_max;

	if (doctor_read_number(RMEM_MAX, &rmem_max) < 0)
		finding_cure(finding, "let the program read faster, or set a larger "
				      "SO_RCVBUF; net.core.rmem_max is its limit");
	else
		finding_cure(finding,
			     "let the program read faster, or set a larger SO_RCVBUF; "
			     "net.core.rmem_max (%llu) is its limit",
			     (unsigned long long)rmem_max);
}

/* Nobody seen here has dropped anything. */
static void judge_rest(const struct sockets *sockets, struct finding *finding)
{
	int64_t n_errors = sockets->errors - sockets->errors_before;

	if (sockets->errors_before >= 0 && n_errors > 0 && sockets->n_unseen > 0) {
		finding_unknown(finding,
				"%lld datagrams of any kind found a full receive queue "
				"on this host, and %u processes may not be looked at",
				(long long)n_errors, sockets->n_unseen);
		finding_cure(finding, "run it as root");
		return;
	}
	if (sockets->n_ones == 0)
		finding_pass(finding, "no other socket that can be looked at holds the "
				      "group");
	else
		finding_pass(finding,
			     "sockets that hold the group: %u; none has dropped "
			     "anything meanwhile",
			     sockets->n_ones);
	if (sockets->n_unseen > 0)
		finding_add(finding, "processes that may not be looked at: %u",
			    sockets->n_unseen);
}

void doctor_check_drops(const struct patient *patient, struct finding *finding)
{
	const struct sockets *sockets = &patient->sockets;
	const struct sockets_one *worst = NULL;
	unsigned int n_dropping = 0;
	int64_t n_worst = 0;

	if (sockets->error < 0) {
		finding_unknown(finding, "sockets cannot be looked at: %s",
				strerror(-sockets->error));
		return;
	}
	for (unsigned int i = 0; i < sockets->n_ones; i++) {
		const struct sockets_one *one = &sockets->ones[i];
		int64_t n = one->drops - one->drops_before;

		if (one->drops_before < 0 || n <= 0)
			continue;
		n_dropping++;
		if (n > n_worst) {
			n_worst = n;
			worst = one;
		}
	}
	if (!worst) {
		judge_rest(sockets, finding);
		return;
	}
	finding_fail(finding,
		     "%s (process %d) has dropped %lld packets meanwhile: its "
		     "receive queue is full",
		     worst->command, (int)worst->pid, (long long)n_worst);
	if (n_dropping > 1)
		finding_add(finding, "so has each of %u more", n_dropping - 1);
	say_cure(finding);
}
