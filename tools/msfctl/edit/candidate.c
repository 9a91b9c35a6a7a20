/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * candidate: sockets of a process to choose from (see candidate.h).
 *
 * Invariant: a socket is one candidate, however many descriptors are left of it.
 */
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "candidate.h"
#include "columns.h"
#include "endpoint.h"
#include "sources.h"
#include "membership.h"

/* Memberships, and descriptors, that a cell names. */
#define NAMES_IN_CELL 4

int candidate_add(struct candidate *candidate, const struct msf_membership *membership)
{
	struct msf_membership *larger = reallocarray(
		candidate->memberships, candidate->n_memberships + 1, sizeof(*larger));

	if (!larger)
		return -ENOMEM;
	candidate->memberships = larger;
	larger[candidate->n_memberships++] = *membership;
	return 0;
}

static int add_candidate(struct candidate_list *list, const struct msf_socket *socket)
{
	struct candidate *larger = reallocarray(list->candidates, list->n + 1,
						sizeof(*larger));
	struct msf_membership membership;
	int r = 0;

	if (!larger)
		return -ENOMEM;
	list->candidates = larger;
	larger += list->n++;
	*larger = (struct candidate){ .socket = *socket };
	while (!r && msf_state_pop_membership(list->state, &membership) == 1)
		r = candidate_add(larger, &membership);
	return r;
}

int candidate_list_read(struct candidate_list *list, struct msf *msf, pid_t pid)
{
	struct msf_scan scan = { .pid = pid, .flags = MSF_SCAN_IDLE };
	struct msf_socket socket;
	int r = msf_state_scan(&list->state, msf, &scan);

	while (!r && msf_state_pop_socket(list->state, &socket) == 1)
		if (socket.n_holders)
			r = add_candidate(list, &socket);
	if (r < 0)
		candidate_list_fini(list);
	return r;
}

void candidate_list_fini(struct candidate_list *list)
{
	for (size_t i = 0; i < list->n; i++)
		free(list->candidates[i].memberships);
	free(list->candidates);
	msf_state_free(list->state);
	*list = (struct candidate_list){ 0 };
}

struct candidate *candidate_list_find(const struct candidate_list *list, pid_t pid,
				      int fd)
{
	for (size_t i = 0; i < list->n; i++) {
		const struct msf_socket *socket = &list->candidates[i].socket;

		for (unsigned int k = 0; k < socket->n_holders; k++)
			if (socket->holders[k].fd == fd && socket->holders[k].pid == pid)
				return &list->candidates[i];
	}
	return NULL;
}

/* Is the membership one of the interface with this name or index in digits? */
static bool is_on(const struct msf_membership *membership, const char *interface)
{
	char index[16];

	snprintf(index, sizeof(index), "%u", membership->ifindex);
	return !strcmp(index, interface) ||
	       (*interface && !strcmp(membership->interface, interface));
}

const struct msf_membership *candidate_find(const struct candidate *candidate,
					    const struct sockaddr_storage *group,
					    const char *interface)
{
	for (size_t i = 0; i < candidate->n_memberships; i++) {
		const struct msf_membership *m = &candidate->memberships[i];

		if ((!group || !endpoint_compare_addresses(&m->group, group)) &&
		    (!interface || is_on(m, interface)))
			return m;
	}
	return NULL;
}

static void print_memberships(FILE *out, const struct candidate *candidate)
{
	char group[ENDPOINT_TEXT_MAX], interface[MEMBERSHIP_INTERFACE_MAX];
	size_t n = candidate->n_memberships;

	for (size_t i = 0; i < n && i < NAMES_IN_CELL; i++) {
		const struct msf_membership *m = &candidate->memberships[i];

		endpoint_format_address(&m->group, group, sizeof(group));
		membership_format_interface(m, interface);
		fprintf(out, "%s%s on %s", i ? ", " : "", group, interface);
	}
	if (n > NAMES_IN_CELL)
		fprintf(out, " and %zu more", n - NAMES_IN_CELL);
}

static void print_holders(FILE *out, const struct msf_socket *socket)
{
	for (unsigned int i = 0; i < socket->n_holders && i < NAMES_IN_CELL; i++)
		fprintf(out, "%s%d", i ? "," : "", socket->holders[i].fd);
	if (socket->n_holders > NAMES_IN_CELL)
		fprintf(out, ",...");
}

static void print_address(FILE *out, const struct msf_socket *socket)
{
	const struct sockaddr_in6 *sin6 = (const struct sockaddr_in6 *)&socket->address;
	const struct sockaddr_in *sin = (const struct sockaddr_in *)&socket->address;
	char text[ENDPOINT_TEXT_MAX];
	struct endpoint endpoint = { .group = socket->address, .n_groups = 1 };

	if (socket->type == SOCK_DGRAM)
		endpoint.port = ntohs(socket->address.ss_family == AF_INET6
					      ? sin6->sin6_port
					      : sin->sin_port);
	if (endpoint_format(&endpoint, text, sizeof(text)) > 0)
		fputs(text, out);
}

static int add_row(struct columns *columns, const struct candidate *candidate)
{
	const struct msf_socket *socket = &candidate->socket;
	char *fds = NULL, *address = NULL, *memberships = NULL;
	size_t fds_len, address_len, memberships_len;
	FILE *out[] = { open_memstream(&fds, &fds_len),
			open_memstream(&address, &address_len),
			open_memstream(&memberships, &memberships_len) };
	int r = out[0] && out[1] && out[2] ? 0 : -ENOMEM;

	if (!r) {
		print_holders(out[0], socket);
		print_address(out[1], socket);
		print_memberships(out[2], candidate);
	}
	for (size_t i = 0; i < sizeof(out) / sizeof(out[0]); i++)
		if (out[i] && fclose(out[i]) == EOF)
			r = -ENOMEM;
	if (!r)
		r = columns_add(columns,
				(const char *const[]){
					fds, socket->family == AF_INET6 ? "IPv6" : "IPv4",
					membership_get_type(socket), address,
					*memberships ? memberships : NULL });
	free(memberships);
	free(address);
	free(fds);
	return r;
}

int candidate_list_print(const struct candidate_list *list, const bool *is_wanted,
			 FILE *out)
{
	static const char *const titles[] = { "FD", "FAMILY", "TYPE", "LOCAL ADDRESS",
					      "MEMBERSHIPS" };
	struct columns *columns;
	int r = columns_new(&columns, titles, sizeof(titles) / sizeof(titles[0]));

	if (r < 0)
		return r;
	for (size_t i = 0; i < list->n && !r; i++)
		if (!is_wanted || is_wanted[i])
			r = add_row(columns, &list->candidates[i]);
	if (!r)
		r = columns_print(columns, out);
	columns_free(columns);
	return r;
}
