/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Answers to source filter requests, one a line, for a kernel with source filters and
 * the preload shim on one without to be compared: every row of the contract, in every
 * flavour of socket and group, by every shape in which libc's calls take the request;
 * then what is wrong in its arguments. Three columns with tabs between: what was asked,
 * the answer, and what the contract says, which is "-" behind wrong arguments.
 *
 * usage: preload-table INTERFACE CONTRACT.csv
 */
#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "preload-table.h"
#include "tap.h"

#define N_STATE_SOURCES   2u
#define N_REQUEST_SOURCES 3u

struct sockaddr_storage place_source(const struct place *place, unsigned int i)
{
	return netns_source(place->group.ss_family, 0, i);
}

struct plain_request place_spell(const struct place *place, enum plain_shape shape,
				 const struct model_request *request)
{
	struct plain_request rq = {
		.shape = shape,
		.verb = request->verb,
		.level = place->group.ss_family == AF_INET ? IPPROTO_IP : IPPROTO_IPV6,
		.ifindex = place->ifindex,
		.ifaddr = place->ifaddr,
		.group = place->group,
		.source = place_source(place, request->source),
		.fmode = request->fmode,
	};

	/* Descending: lists are sets, the order must not matter. */
	for (unsigned int i = PLAIN_MAX_SOURCES; i-- > 0;)
		if (request->set >> i & 1)
			rq.list[rq.n_list++] = place_source(place, i);
	if (request->verb == MSF_GET_FILTER)
		rq.n_list = PLAIN_MAX_SOURCES;
	rq.numsrc = rq.n_list;
	return rq;
}

/* The words of model.c, which asks the library. */
static const char *name_set(const char *word, unsigned int set, char text[MODEL_TEXT])
{
	char digits[MODEL_TEXT / 2];
	size_t n = 0;

	for (unsigned int i = 0; i < 16; i++)
		if (set >> i & 1)
			n += snprintf(digits + n, sizeof(digits) - n, "%x", i);
	digits[n] = '\0';
	snprintf(text, MODEL_TEXT, "%s{%s}", word, digits);
	return text;
}

const char *place_name_filter(struct model_filter filter, char text[MODEL_TEXT])
{
	if (filter.mode == MODEL_NONE)
		return "none";
	return name_set(filter.mode == MODEL_INCLUDE ? "INCLUDE" : "EXCLUDE", filter.set,
			text);
}

const char *place_name_request(const struct model_request *request, char text[MODEL_TEXT])
{
	static const char *const names[] = {
		[MSF_JOIN_GROUP] = "join_group",
		[MSF_LEAVE_GROUP] = "leave_group",
		[MSF_JOIN_SOURCE] = "join_source",
		[MSF_LEAVE_SOURCE] = "leave_source",
		[MSF_BLOCK_SOURCE] = "block_source",
		[MSF_UNBLOCK_SOURCE] = "unblock_source",
		[MSF_GET_FILTER] = "get",
	};

	if (request->verb == MSF_SET_FILTER)
		return name_set(request->fmode == MCAST_INCLUDE ? "set_include"
								: "set_exclude",
				request->set, text);
	if (request->verb < MSF_JOIN_SOURCE || request->verb > MSF_UNBLOCK_SOURCE)
		return names[request->verb];
	snprintf(text, MODEL_TEXT, "%s %x", names[request->verb], request->source);
	return text;
}

static void prepare(const struct place *place, int fd, enum msf_verb verb,
		    unsigned int source)
{
	struct model_request request = { .verb = verb, .source = source };
	struct plain_request rq = place_spell(place, PLAIN_MCAST, &request);
	char text[MODEL_TEXT];
	int r = plain_send(fd, &rq, NULL);

	if (r < 0)
		tap_bail_out("to prepare, %s: %s", place_name_request(&request, text),
			     strerror(-r));
}

int place_open(const struct place *place, struct model_filter filter, bool is_emptied)
{
	int fd = socket(flavour_get_domain(place->flavour), SOCK_DGRAM | SOCK_CLOEXEC, 0);
	bool is_include = filter.mode == MODEL_INCLUDE;

	if (fd < 0)
		tap_bail_out("socket: %s", strerror(errno));
	if (filter.mode == MODEL_EXCLUDE)
		prepare(place, fd, MSF_JOIN_GROUP, 0);
	for (unsigned int i = 0; filter.mode != MODEL_NONE && i < 32; i++)
		if (filter.set >> i & 1)
			prepare(place, fd,
				is_include ? MSF_JOIN_SOURCE : MSF_BLOCK_SOURCE, i);
	if (is_emptied) {
		prepare(place, fd, MSF_BLOCK_SOURCE, 0);
		prepare(place, fd, MSF_UNBLOCK_SOURCE, 0);
	}
	return fd;
}

static const char *name_error(int error)
{
	return error == 0 ? "0" : strerrorname_np(error);
}

void place_ask(const struct place *place, int fd, const struct plain_request *rq,
	       char text[ANSWER_TEXT])
{
	struct plain_filter filter = { .is_joined = false };
	char answer[PLAIN_TEXT] = "", state[PLAIN_TEXT];
	int r = plain_send(fd, rq, &filter);

	if (filter.is_joined)
		plain_print(&filter, answer);
	plain_look(fd, place->ifindex, &place->group, state);
	snprintf(text, ANSWER_TEXT, "%s%s%s, %s", name_error(-r),
		 filter.is_joined ? " " : "", answer, state);
}

static void print_expected(const struct contract_row *row, struct model_filter before,
			   const struct model_request *request, char text[ANSWER_TEXT])
{
	struct model_filter next = contract_get_next(row, before, request);
	bool has_answer = request->verb == MSF_GET_FILTER && row->error == 0;
	char a[MODEL_TEXT], b[MODEL_TEXT];

	snprintf(text, ANSWER_TEXT, "%s%s%s, %s", name_error(row->error),
		 has_answer ? " " : "", has_answer ? place_name_filter(before, a) : "",
		 place_name_filter(next, b));
}

/* One request in one state, by every shape. */
static void run_case(const struct place *place, const struct contract_row *row,
		     struct model_filter before, bool is_emptied,
		     const struct model_request *request)
{
	char answer[ANSWER_TEXT], expected[ANSWER_TEXT], p[MODEL_TEXT], q[MODEL_TEXT];

	print_expected(row, before, request, expected);
	for (enum plain_shape shape = 0; shape < N_PLAIN_SHAPES; shape++) {
		struct plain_request rq;
		int fd;

		if (!plain_can(shape, request->verb, place->group.ss_family))
			continue;
		rq = place_spell(place, shape, request);
		fd = place_open(place, before, is_emptied);
		place_ask(place, fd, &rq, answer);
		close(fd);
		printf("%s %s: %s %s %s: %s%s, %s\t%s\t%s\n",
		       flavour_name(place->flavour), plain_name(shape), row->state,
		       row->request, row->argument, place_name_filter(before, p),
		       is_emptied ? " emptied" : "", place_name_request(request, q),
		       answer, expected);
	}
}

static void run_row(const struct place *place, const struct contract *contract,
		    const struct contract_row *row)
{
	struct model_filter before = { MODEL_NONE, 0 };
	unsigned int n_cases = 0;

	do {
		struct model_request request = { .verb = MSF_JOIN_GROUP };
		bool is_empty = before.mode == MODEL_EXCLUDE && before.set == 0;

		do {
			if (contract_find(contract, before, &request) != row)
				continue;
			run_case(place, row, before, false, &request);
			if (is_empty)
				run_case(place, row, before, true, &request);
			n_cases++;
		} while (contract_next_request(&request, N_REQUEST_SOURCES));
	} while (contract_next_filter(&before, N_STATE_SOURCES));
	if (n_cases == 0)
		tap_bail_out("no case for a row: %s %s %s", row->state, row->request,
			     row->argument);
}

static struct in_addr get_address(const char *name)
{
	struct ifreq request = { 0 };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", name);
	if (fd < 0 || ioctl(fd, SIOCGIFADDR, &request) < 0)
		tap_bail_out("the address of %s: %s", name, strerror(errno));
	close(fd);
	return ((struct sockaddr_in *)(void *)&request.ifr_addr)->sin_addr;
}

int main(int argc, char **argv)
{
	struct contract contract;
	struct place place;

	if (argc != 3)
		tap_bail_out("usage: preload-table INTERFACE CONTRACT.csv");
	contract_read(&contract, argv[2]);
	place.ifindex = if_nametoindex(argv[1]);
	place.ifaddr = get_address(argv[1]);
	for (place.flavour = 0; place.flavour < N_FLAVOURS; place.flavour++) {
		place.group = netns_group(flavour_get_family(place.flavour), 0);
		for (unsigned int i = 0; i < contract.n_rows; i++)
			run_row(&place, &contract, &contract.rows[i]);
		wrong_run(&place);
	}
	return fflush(stdout) == 0 ? 0 : 1;
}
