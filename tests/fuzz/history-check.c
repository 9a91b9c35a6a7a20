/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * history-check: the engine against the model (see history.h). What it sends is read by
 * msfctl's parser, which knows nothing of the engine, and may say nothing but what is
 * true of the model at that moment.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <string.h>

#include "history.h"
#include "wire.h"

/* Bounds of memory: bytes in all, for an interface, a group on it, a filter of a socket,
 * a source of any of these, and a recorded one. */
#define BYTES_FOR_ENGINE    16384u
#define BYTES_FOR_INTERFACE 8192u
#define BYTES_FOR_GROUP     1024u
#define BYTES_FOR_SOURCE    128u
/* Room for more groups, interfaces or members. */
#define BYTES_SPARE         2048u

void check_filter(const struct history *h, uint32_t ifindex, enum engine_family family,
		  unsigned int group)
{
	const struct interface_model *model = &h->interfaces[ifindex - 1];
	struct addr list[N_SOURCES];
	enum filter_mode mode;
	uint32_t n = N_SOURCES;
	struct wish wish;
	int r = engine_get_filter(h->engine, ifindex, model_get_group(family, group),
				  &mode, list, &n);

	if (!model->is_known || !model_is_wanted(model->wishes[family][group])) {
		target_expect(r == (model->is_known ? -ENOENT : -ENODEV), "no filter");
		return;
	}
	target_expect(r == 0, "a filter");
	wish = model_merge(model->wishes[family][group], false);
	target_expect(mode == wish.mode, "the merged mode");
	target_expect(n == wish_count(&wish), "as many sources as the merged filter");
	for (uint32_t i = 0; i < n; i++)
		target_expect(wish_has(&wish, model_find_source(family, list[i])),
			      "a source of the merged filter");
}

static void check_walk(const struct history *h, uint32_t ifindex,
		       enum engine_family family)
{
	const struct interface_model *model = &h->interfaces[ifindex - 1];
	bool was_seen[N_GROUPS] = { false };
	struct addr group = { 0, 0 };
	unsigned int i;
	int r;

	while ((r = engine_next_group(h->engine, ifindex, family, &group)) == 0) {
		i = model_find_group(family, group);
		target_expect(i < N_GROUPS && !was_seen[i], "each group once");
		was_seen[i] = true;
	}
	target_expect(r == (model->is_known ? -ENOENT : -ENODEV), "the walk ends");
	for (i = 0; i < N_GROUPS; i++)
		target_expect(was_seen[i] == (model->is_known &&
					      model_is_wanted(model->wishes[family][i])),
			      "every group that is wanted, and no other");
}

void check_all(const struct history *h)
{
	for (uint32_t ifindex = 1; ifindex <= N_INTERFACES; ifindex++) {
		for (unsigned int f = 0; f < ENGINE_FAMILIES; f++) {
			check_walk(h, ifindex, (enum engine_family)f);
			for (unsigned int i = 0; i < N_GROUPS; i++)
				check_filter(h, ifindex, (enum engine_family)f, i);
		}
	}
}

void snapshot_take(const struct history *h, struct snapshot *ret)
{
	memset(ret, 0, sizeof(*ret));
	for (uint32_t i = 0; i < N_INTERFACES; i++) {
		for (unsigned int f = 0; f < ENGINE_FAMILIES; f++)
			ret->is_known[i][f] =
				engine_get_status(h->engine, i + 1, (enum engine_family)f,
						  &ret->status[i][f], h->now) == 0;
	}
	for (unsigned int i = 0; i < 3; i++)
		ret->memory[i] = engine_get_counter(
			h->engine, (enum engine_counter)(ENGINE_MEMORY_MSFILTER + i));
}

static bool is_same_status(const struct engine_status *a, const struct engine_status *b)
{
	return a->version == b->version && a->forced == b->forced &&
	       a->is_speaking == b->is_speaking && a->older_us[0] == b->older_us[0] &&
	       a->older_us[1] == b->older_us[1] && a->robustness == b->robustness &&
	       a->query_interval_s == b->query_interval_s &&
	       a->response_us == b->response_us && addr_equal(a->querier, b->querier) &&
	       a->n_groups == b->n_groups;
}

void snapshot_expect(const struct history *h, const struct snapshot *before)
{
	struct snapshot after;

	snapshot_take(h, &after);
	for (uint32_t i = 0; i < N_INTERFACES; i++) {
		for (unsigned int f = 0; f < ENGINE_FAMILIES; f++)
			target_expect(before->is_known[i][f] == after.is_known[i][f] &&
					      is_same_status(&before->status[i][f],
							     &after.status[i][f]),
				      "a refused call leaves the status");
	}
	/* Room that was made before the refusal may stay. */
	for (unsigned int i = 0; i < 3; i++)
		target_expect(after.memory[i] >= before->memory[i] &&
				      after.memory[i] <= before->memory[i] + BYTES_SPARE,
			      "a refused call leaves the memory");
}

uint64_t check_count_groups(const struct history *h)
{
	struct engine_status status;
	uint64_t n = 0;

	for (uint32_t i = 0; i < N_INTERFACES * ENGINE_FAMILIES; i++) {
		if (engine_get_status(h->engine, 1 + i / ENGINE_FAMILIES,
				      (enum engine_family)(i % ENGINE_FAMILIES), &status,
				      h->now) == 0)
			n += status.n_groups;
	}
	return n;
}

bool check_is_speaking(const struct history *h, uint32_t ifindex,
		       enum engine_family family)
{
	struct engine_status status;

	return engine_get_status(h->engine, ifindex, family, &status, h->now) == 0 &&
	       status.is_speaking;
}

/* Bytes that the state, as it is, may take: sources that are blocked, but not told yet,
 * were of a filter before. */
static uint64_t get_allowance(const struct history *h)
{
	uint64_t n = engine_get_counter(h->engine, ENGINE_RECORDED_SOURCES);

	return (n + 2 * h->n_wished) * BYTES_FOR_SOURCE +
	       check_count_groups(h) * BYTES_FOR_GROUP;
}

void check_memory(struct history *h)
{
	uint64_t n = h->n_outside, allowance = get_allowance(h);

	for (unsigned int i = 0; i < 3; i++)
		n += engine_get_counter(
			h->engine, (enum engine_counter)(ENGINE_MEMORY_MSFILTER + i));
	target_expect(n == h->n_used, "the gauges are what was asked for");
	target_expect(engine_get_counter(h->engine, ENGINE_RECORDED_SOURCES) <=
			      h->max_recorded,
		      "no more sources recorded than allowed");
	if (allowance > h->peak_bytes)
		h->peak_bytes = allowance;
	target_expect(h->n_used <= BYTES_FOR_ENGINE + N_INTERFACES * BYTES_FOR_INTERFACE +
					   h->peak_bytes,
		      "memory is bounded by what there is");
}

static struct addr get_addr(const struct sockaddr_storage *from)
{
	if (from->ss_family == AF_INET)
		return addr_from_ipv4(
			ntohl(((const struct sockaddr_in *)from)->sin_addr.s_addr));
	return addr_from_bytes(((const struct sockaddr_in6 *)from)->sin6_addr.s6_addr);
}

static bool accepts(const struct wish *told, unsigned int source)
{
	return wish_has(told, source) == (told->mode == FILTER_INCLUDE);
}

/* Is a source with a record of that type what the filter says of it? */
static bool is_true_source(const struct wish *told, uint8_t type, unsigned int source)
{
	/* IS_EX, TO_EX and BLOCK name what is not listened to; the others what is. */
	return accepts(told, source) == (type == 1 || type == 3 || type == 5);
}

static struct wish check_sources(enum engine_family family, const struct wish *told,
				 const struct wire_record *record)
{
	struct wish named = { FILTER_NONE, { 0 } };
	struct sockaddr_storage addr;
	unsigned int source;

	for (uint32_t i = 0; i < record->n_sources; i++) {
		wire_read_source(family == ENGINE_IPV4 ? AF_INET : AF_INET6,
				 record->sources, i, &addr);
		source = model_find_source(family, get_addr(&addr));
		target_expect(is_true_source(told, record->type, source),
			      "a source is told as it is");
		wish_add_range(named.sources, source, 1);
	}
	return named;
}

static void check_record(struct history *h, const struct interface_model *model,
			 enum engine_family family, const struct wire_record *record)
{
	unsigned int group = model_find_group(family, get_addr(&record->group));
	struct wish told, named;

	target_expect(group < N_GROUPS, "a group that was wanted");
	target_expect(!model_is_silent(family, group), "not of a silent group");
	target_expect(record->type >= 1 && record->type <= 6, "a type");
	target_expect(record->n_sources || record->type == 2 || record->type == 3 ||
			      record->type == 4,
		      "only EXCLUDE and TO_IN have no sources");
	told = model_get_told(h, model, family, group);
	if (record->type == 2 || record->type == 4)
		target_expect(told.mode == FILTER_EXCLUDE, "EXCLUDE");
	if (record->type == 3)
		target_expect(told.mode == FILTER_INCLUDE, "INCLUDE");
	named = check_sources(family, &told, record);
	view_hear(&h->views[model->set.ifindex - 1][family].groups[group], record->type,
		  &named, &told);
}

static void check_records(struct history *h, const struct interface_model *model,
			  enum engine_family family, const struct wire_packet *wire)
{
	struct addr to = family == ENGINE_IPV4 ? addr_from_ipv4(0xe0000016)
					       : model_make_ipv6(0xff020000, 0x16);
	struct wire_record record;
	uint32_t offset = 0;

	target_expect(addr_equal(get_addr(&wire->destination), to),
		      "224.0.0.22, ff02::16");
	target_expect(wire->n_records > 0, "a report has records");
	for (uint32_t i = 0; i < wire->n_records; i++) {
		target_expect(wire_read_record(wire, &offset, &record) == 0, "a record");
		check_record(h, model, family, &record);
	}
	target_expect(offset == wire->n_payload, "nothing behind the records");
}

static void check_older(const struct interface_model *model, enum engine_family family,
			const struct wire_packet *wire)
{
	struct addr routers = family == ENGINE_IPV4 ? addr_from_ipv4(0xe0000002)
						    : model_make_ipv6(0xff020000, 2);
	struct addr addr = get_addr(&wire->group);
	unsigned int group = model_find_group(family, addr);

	target_expect(group < N_GROUPS, "a group that was wanted");
	target_expect(!model_is_silent(family, group), "not of a silent group");
	target_expect(model_is_wanted(model->wishes[family][group]) == !wire->is_leave,
		      "a report of what is wanted, a leave of what is not");
	target_expect(
		addr_equal(get_addr(&wire->destination), wire->is_leave ? routers : addr),
		"a report to its group, a leave to the routers");
	target_expect(!wire->is_leave || family == ENGINE_IPV6 || wire->version == 2,
		      "IGMPv1 knows no leave");
}

static void check_source(const struct interface_model *model,
			 const struct engine_packet *packet)
{
	struct addr none = packet->family == ENGINE_IPV4 ? addr_from_ipv4(0)
							 : model_make_ipv6(0, 0);
	bool is_valid = model->set.source[packet->family].state == ENGINE_ADDRESS_VALID;

	target_expect(
		addr_equal(packet->source,
			   is_valid ? model->set.source[packet->family].addr : none),
		"from the interface's address, or none");
}

void check_packet(struct history *h, const struct engine_packet *packet,
		  const uint8_t *bytes, size_t size)
{
	const struct interface_model *model = model_find_interface(h, packet->ifindex);
	struct engine_status status;
	struct wire_packet wire;

	target_expect(model != NULL, "from an interface that is known");
	target_expect(packet->len <= size && packet->len <= model->set.mtu,
		      "no larger than buffer and MTU");
	target_expect(wire_parse(bytes, (uint32_t)packet->len, &wire) == 1 &&
			      wire.kind == WIRE_REPORT && wire.length == packet->len,
		      "a whole report with right checksums");
	target_expect(
		wire.family == (packet->family == ENGINE_IPV4 ? AF_INET : AF_INET6) &&
			wire.ttl == 1,
		"its family, TTL 1");
	target_expect(packet->family == ENGINE_IPV4 || wire.has_router_alert,
		      "MLD has a Router Alert");
	target_expect(
		addr_equal(get_addr(&wire.source), packet->source) &&
			addr_equal(get_addr(&wire.destination), packet->destination),
		"the addresses that are told");
	check_source(model, packet);
	target_expect(engine_get_status(h->engine, packet->ifindex, packet->family,
					&status, h->now) == 0 &&
			      status.is_speaking && status.version == wire.version,
		      "in the version in force, where it may speak");
	if (wire.version == (packet->family == ENGINE_IPV4 ? 3 : 2))
		check_records(h, model, packet->family, &wire);
	else
		check_older(model, packet->family, &wire);
}

/* Packets of one instant: for each group as many as its sources could need, and the
 * records without one. */
