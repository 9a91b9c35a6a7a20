/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The contract, row by row, on the real kernel: every state that can be made of
 * three sources, every request over four, every flavour of socket and group, and
 * every shape that can spell the request. The state before is made by another
 * shape each time, or by the kernel alone. Looked at: errno, the kernel's own
 * read-back, who is heard, and the source counts of the interface. Where the ASM
 * backend serves (system.h) the read-back is the library's, and the interface must know
 * of no source.
 *
 * usage: table [linux] CONTRACT.csv
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "model.h"
#include "raw.h"
#include "shape.h"
#include "system.h"
#include "tap.h"

#define N_SENDERS NETNS_ADDRESSES

struct table {
	struct tap tap;
	struct netns net;
	struct traffic traffic;
	struct contract contract;
	enum msf_semantics semantics;
	struct msf *msf;
	unsigned int turn; /* which shape makes the next state */
};

/* One cell: a request in a state, by one shape. */
struct cell {
	struct model_place place;
	const struct shape *shape;
	const struct contract_row *row;
	struct model_filter before;
	struct model_request request;
	unsigned int n_cases;
};

enum way { WAY_DELTAS, WAY_SET, WAY_RAW, N_WAYS };

static const struct shape *pick_shape(struct table *table, enum msf_verb verb,
				      enum flavour flavour)
{
	for (;;) {
		const struct shape *shape = &shapes[table->turn++ % n_shapes];

		if (shape_can(shape, verb, flavour))
			return shape;
	}
}

static void do_one(struct table *table, const struct model_place *place, int fd,
		   const struct model_request *request, bool is_raw)
{
	struct model_call call;
	const struct shape *shape;
	char text[MODEL_TEXT];
	int r;

	model_spell(place, request, &call);
	if (is_raw) {
		r = raw_delta(fd, request->verb, place->ifindex, &place->group,
			      &call.source);
		shape = NULL;
	} else {
		shape = pick_shape(table, request->verb, place->flavour);
		r = shape_apply(shape, table->msf, fd, &call.request);
	}
	tap_expect(&table->tap, r == 0, "to prepare, %s by %s: %s",
		   model_print_request(request, text),
		   shape != NULL ? shape->name : "the kernel", strerror(-r));
}

/* Brings a socket without membership into the state. */
static void prepare(struct table *table, const struct model_place *place, int fd,
		    struct model_filter filter, enum way way)
{
	struct model_request request = { .set = filter.set };
	bool is_include = filter.mode == MODEL_INCLUDE;

	if (filter.mode == MODEL_NONE)
		return;
	if (way == WAY_SET) {
		request.verb = MSF_SET_FILTER;
		request.fmode = is_include ? MCAST_INCLUDE : MCAST_EXCLUDE;
		do_one(table, place, fd, &request, false);
		return;
	}
	if (!is_include) {
		request.verb = MSF_JOIN_GROUP;
		do_one(table, place, fd, &request, way == WAY_RAW);
	}
	request.verb = is_include ? MSF_JOIN_SOURCE : MSF_BLOCK_SOURCE;
	for (unsigned int i = 0; i < N_SENDERS; i++) {
		request.source = i;
		if (filter.set >> i & 1)
			do_one(table, place, fd, &request, way == WAY_RAW);
	}
}

/* State and delivery are those of the filter, and the interface knows. */
static void expect_filter(struct table *table, const struct cell *cell, int fd,
			  struct model_filter filter, const char *when)
{
	struct model_filter seen;
	char a[MODEL_TEXT], b[MODEL_TEXT], q[MODEL_TEXT], p[MODEL_TEXT];
	bool is_sound = model_look(fd, &cell->place, &seen);
	unsigned int heard;

	model_print_request(&cell->request, q);
	tap_expect(&table->tap, is_sound && model_is_equal(seen, filter),
		   "%s %s in %s: the kernel holds %s%s, not %s", when, q,
		   model_print_filter(cell->before, p), model_print_filter(seen, a),
		   is_sound ? "" : " (unsound)", model_print_filter(filter, b));
	heard = traffic_hear(&table->traffic, fd, cell->place.link, &cell->place.group);
	tap_expect(&table->tap, heard == model_admit(filter),
		   "%s %s in %s: heard 0x%x of 0x%x", when, q,
		   model_print_filter(cell->before, p), heard, model_admit(filter));
	for (unsigned int i = 0; i < N_SENDERS; i++) {
		struct sockaddr_storage source = netns_source(cell->place.group.ss_family,
							      cell->place.link, i);
		struct netns_users users = netns_get_users(cell->place.ifindex,
							   &cell->place.group, &source);
		unsigned int has = filter.mode != MODEL_NONE ? filter.set >> i & 1 : 0;

		if (system_is_asm())
			has = 0;
		tap_expect(&table->tap,
			   users.include == (filter.mode == MODEL_INCLUDE ? has : 0) &&
				   users.exclude ==
					   (filter.mode == MODEL_EXCLUDE ? has : 0),
			   "%s %s in %s: interface has source %u as %u/%u", when, q,
			   model_print_filter(cell->before, p), i, users.include,
			   users.exclude);
	}
}

/* The answer of a get: mode, total, and the sources in ascending order. */
static void expect_answer(struct table *table, const struct cell *cell,
			  const struct raw_filter *answer)
{
	uint32_t n = 0, fmode = cell->before.mode == MODEL_INCLUDE ? MCAST_INCLUDE
								   : MCAST_EXCLUDE;

	tap_expect(&table->tap, answer->fmode == fmode, "fmode is %u", answer->fmode);
	for (unsigned int i = 0; i < N_SENDERS; i++) {
		struct sockaddr_storage source = netns_source(cell->place.group.ss_family,
							      cell->place.link, i);
		socklen_t len = source.ss_family == AF_INET ? sizeof(struct sockaddr_in)
							    : sizeof(struct sockaddr_in6);

		if (!(cell->before.set >> i & 1))
			continue;
		tap_expect(&table->tap, memcmp(&answer->slist[n], &source, len) == 0,
			   "place %u of the answer is not source %u", n, i);
		n++;
	}
	tap_expect(&table->tap, answer->numsrc == n, "numsrc is %u", answer->numsrc);
}

static int do_request(struct table *table, const struct cell *cell, int fd)
{
	struct model_call call;
	struct raw_filter answer = { .numsrc = 8 };
	int r;

	model_spell(&cell->place, &cell->request, &call);
	if (cell->request.verb != MSF_GET_FILTER)
		return shape_apply(cell->shape, table->msf, fd, &call.request);
	r = shape_get(cell->shape, table->msf, fd, &call.request, &answer);
	if (r == 0)
		expect_answer(table, cell, &answer);
	return r;
}

static void run_case(struct table *table, struct cell *cell)
{
	enum way way = table->turn++ % N_WAYS;
	char q[MODEL_TEXT], p[MODEL_TEXT], *before, *after;
	int fd = traffic_open_strict_receiver(cell->place.flavour), r;

	/* The linux table has no full-state call without a membership. */
	if (way == WAY_SET && table->semantics == MSF_SEMANTICS_LINUX)
		way = WAY_DELTAS;
	if (way == WAY_RAW && system_is_asm())
		way = WAY_DELTAS;
	/* Every other case with somebody else on the interface. */
	cell->place.group = netns_group(flavour_get_family(cell->place.flavour),
					cell->n_cases & 1);
	cell->n_cases++;
	prepare(table, &cell->place, fd, cell->before, way);
	expect_filter(table, cell, fd, cell->before, "before");
	before = netns_get_memberships();
	r = do_request(table, cell, fd);
	tap_expect(&table->tap, r == -cell->row->error, "%s in %s: %s, not %s",
		   model_print_request(&cell->request, q),
		   model_print_filter(cell->before, p), strerror(-r),
		   strerror(cell->row->error));
	expect_filter(table, cell, fd,
		      contract_get_next(cell->row, cell->before, &cell->request),
		      "after");
	after = netns_get_memberships();
	if (cell->row->error != 0)
		tap_expect(&table->tap, strcmp(before, after) == 0,
			   "%s in %s was refused, but the interface changed", q, p);
	free(before);
	free(after);
	close(fd);
}

static void run_cell(struct table *table, struct cell *cell)
{
	const struct contract_row *row = cell->row;

	cell->before = (struct model_filter){ MODEL_NONE, 0 };
	do {
		cell->request = (struct model_request){ .verb = MSF_JOIN_GROUP };
		do {
			if (shape_can(cell->shape, cell->request.verb,
				      cell->place.flavour) &&
			    contract_find(&table->contract, cell->before,
					  &cell->request) == row)
				run_case(table, cell);
		} while (contract_next_request(&cell->request, N_SENDERS));
	} while (contract_next_filter(&cell->before, N_SENDERS - 1));
	if (cell->n_cases == 0)
		return;
	tap_end(&table->tap, "%s: %s in %s (%s) by %s: %s, %s; %u cases",
		flavour_name(cell->place.flavour), row->request, row->state,
		row->argument, cell->shape->name,
		row->error != 0 ? strerrorname_np(row->error) : "0", row->next_state,
		cell->n_cases);
}

static void run_flavour(struct table *table, enum flavour flavour)
{
	struct sockaddr_storage busy = netns_group(flavour_get_family(flavour), 1);
	struct cell cell = { .place = { flavour, 0, table->net.ifindex[0], busy } };
	int other = traffic_open_receiver(flavour);

	if (system_delta(other, MSF_JOIN_GROUP, table->net.ifindex[0], &busy, NULL) < 0)
		tap_bail_out("the other socket cannot join");
	for (unsigned int i = 0; i < table->contract.n_rows; i++)
		for (unsigned int s = 0; s < n_shapes; s++) {
			cell.row = &table->contract.rows[i];
			cell.shape = &shapes[s];
			cell.n_cases = 0;
			run_cell(table, &cell);
		}
	close(other);
}

/* The second witness that the random walk uses says what the contract says. */
static void check_model(struct table *table)
{
	struct model_filter filter = { MODEL_NONE, 0 }, next;
	char p[MODEL_TEXT], q[MODEL_TEXT];

	do {
		struct model_request request = { .verb = MSF_JOIN_GROUP };

		do {
			const struct contract_row *row = contract_find(&table->contract,
								       filter, &request);
			int r = model_apply(filter, &request, table->semantics, &next);

			tap_expect(&table->tap,
				   r == -row->error &&
					   model_is_equal(next,
							  contract_get_next(row, filter,
									    &request)),
				   "%s in %s", model_print_request(&request, q),
				   model_print_filter(filter, p));
		} while (contract_next_request(&request, N_SENDERS));
	} while (contract_next_filter(&filter, N_SENDERS - 1));
	tap_end(&table->tap, "the model of the random walk agrees with the contract");
}

static void check_data(struct table *table)
{
	struct msf_table_row row;

	for (unsigned int i = 0; i < table->contract.n_rows; i++) {
		const struct contract_row *ours = &table->contract.rows[i];
		int r = msf_table_get_row(table->semantics, i, &row);

		if (!tap_expect(&table->tap, r == 0, "row %u: %s", i, strerror(-r)))
			continue;
		tap_expect(&table->tap,
			   strcmp(row.state, ours->state) == 0 &&
				   strcmp(row.request, ours->request) == 0 &&
				   strcmp(row.argument, ours->argument) == 0 &&
				   strcmp(row.next_state, ours->next_state) == 0 &&
				   row.error == ours->error,
			   "row %u differs: %s %s %s", i, row.state, row.request,
			   row.argument);
	}
	tap_expect(&table->tap,
		   msf_table_get_row(table->semantics, table->contract.n_rows, &row) ==
			   -ENOENT,
		   "there are more rows than in the contract");
	tap_end(&table->tap, "msf_table_get_row() gives the contract, row by row");
}

int main(int argc, char **argv)
{
	struct table table = { .semantics = MSF_SEMANTICS_TABLE };
	struct msf_config *config;

	if (argc > 1 && strcmp(argv[1], "linux") == 0) {
		table.semantics = MSF_SEMANTICS_LINUX;
		argv++;
		argc--;
	}
	contract_read(&table.contract, argc > 1 ? argv[1] : NULL);
	netns_init(&table.net);
	system_init();
	traffic_init(&table.traffic, &table.net);
	table.traffic.receive = msf_recv;
	config = system_new_config();
	if (msf_config_set_semantics(config, table.semantics) < 0 ||
	    msf_configure_default(config) < 0 || msf_new(&table.msf, config) < 0)
		tap_bail_out("cannot make a context");
	msf_config_free(config);
	check_data(&table);
	check_model(&table);
	for (enum flavour flavour = 0; flavour < N_FLAVOURS; flavour++)
		run_flavour(&table, flavour);
	msf_free(table.msf);
	traffic_fini(&table.traffic);
	return tap_finish(&table.tap);
}
