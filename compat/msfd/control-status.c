/* SPDX-License-Identifier: BSD-2-Clause */
/* control: the rows about the agent and its interfaces (see control-row.h). */
#include "msfd/control-row.h"

#include <unistd.h>

#include "jsonline.h"
#include "msfd/clock.h"

static uint64_t get_memory(const struct msfd *msfd)
{
	return engine_get_counter(msfd->engine, ENGINE_MEMORY_MSFILTER) +
	       engine_get_counter(msfd->engine, ENGINE_MEMORY_MOPTIONS) +
	       engine_get_counter(msfd->engine, ENGINE_MEMORY_OTHER);
}

static uint32_t count_statics(const struct msfd *msfd)
{
	uint32_t n = 0;

	while (statics_get(msfd->statics, n))
		n++;
	return n;
}

static json_t *new_state(const struct msfd *msfd)
{
	struct clients_counts clients = clients_get_counts(msfd->clients);
	struct holdings_usage usage = holdings_get_usage(msfd->holdings);
	struct wire_counts wire = wire_get_counts(msfd->wire);
	uint32_t n_native = msfd->native ? native_count_groups(msfd->native) : 0;

	return json_pack(
		"{s:I s:I s:I s:I s:I s:I s:I s:I s:I s:I s:I s:I s:I s:I s:I}",
		"clients", (json_int_t)clients.now, "connections",
		(json_int_t)clients.connections, "messages", (json_int_t)clients.messages,
		"refused", (json_int_t)clients.refused, "broken",
		(json_int_t)clients.broken, "memberships", (json_int_t)usage.groups,
		"sources", (json_int_t)usage.sources, "static_joins",
		(json_int_t)count_statics(msfd), "native_groups", (json_int_t)n_native,
		"sent", (json_int_t)wire.sent, "sent_packet_socket",
		(json_int_t)wire.sent_packet_socket, "lost", (json_int_t)wire.lost,
		"received", (json_int_t)wire.received, "dropped",
		(json_int_t)wire.dropped, "memory", (json_int_t)get_memory(msfd));
}

static json_t *new_agent(const struct msfd *msfd)
{
	uint64_t uptime_s = (clock_now() - msfd->started) / ENGINE_SECOND;
	json_t *row = json_pack(
		"{s:s s:i s:s s:I s:o s:I s:b s:s s:b}", "event", "agent", "pid",
		(int)getpid(), "version", MSFD_VERSION, "netns", (json_int_t)msfd->netns,
		"socket", jsonline_new_text(msfd->path), "uptime_s", (json_int_t)uptime_s,
		"kernel_suppressed", msfd->suppress != NULL, "deaths",
		deaths_is_told(msfd->deaths) ? "told" : "polled", "journal",
		msfd->journal != NULL);
	json_t *state = row ? new_state(msfd) : NULL;

	if (!state || json_object_update(row, state) < 0) {
		json_decref(row);
		row = NULL;
	}
	json_decref(state);
	return row;
}

static json_t *new_source(const struct link *link, enum engine_family family)
{
	if (link->interface.source[family].state == ENGINE_ADDRESS_NONE)
		return json_null();
	return control_new_address(link->interface.source[family].addr);
}

static json_t *new_querier(const struct engine_status *status)
{
	if (addr_is_unspecified(status->querier))
		return json_null();
	return control_new_address(status->querier);
}

static json_t *new_interface(const struct link *link, enum engine_family family,
			     const struct engine_status *status)
{
	static const char *const states[] = {
		[ENGINE_ADDRESS_NONE] = "none",
		[ENGINE_ADDRESS_TENTATIVE] = "tentative",
		[ENGINE_ADDRESS_VALID] = "valid",
	};

	return json_pack(
		"{s:s s:o s:I s:s s:i s:i s:b s:o s:s s:o s:i s:I s:I s:I s:I s:I}",
		"event", "interface", "interface", jsonline_new_text(link->name),
		"ifindex", (json_int_t)link->interface.ifindex, "protocol",
		family == ENGINE_IPV4 ? "IGMP" : "MLD", "version", (int)status->version,
		"forced", (int)status->forced, "speaking", (int)status->is_speaking,
		"address", new_source(link, family), "address_state",
		states[link->interface.source[family].state], "querier",
		new_querier(status), "robustness", (int)status->robustness,
		"query_interval_s", (json_int_t)status->query_interval_s, "response_ms",
		(json_int_t)(status->response_us / 1000u), "older_v1_ms",
		(json_int_t)(status->older_us[0] / 1000u), "older_v2_ms",
		(json_int_t)(status->older_us[1] / 1000u), "groups",
		(json_int_t)status->n_groups);
}

/* *position: 0, the agent; 1, both families of the interfaces behind the cursor; 2, the
 * second family of the one at the cursor. */
static const struct link *next_link(struct msfd *msfd, struct control_place *place,
				    enum engine_family *ret_family)
{
	const struct link *link;
	unsigned int i;

	for (i = 0; (link = links_get(msfd->links, i)); i++) {
		uint32_t ifindex = link->interface.ifindex;

		if (*place->position == 2 && ifindex == place->cursor->ifindex) {
			*place->position = 1;
			*ret_family = ENGINE_IPV6;
			return link;
		}
		if (ifindex > place->cursor->ifindex) {
			place->cursor->ifindex = ifindex;
			*place->position = 2;
			*ret_family = ENGINE_IPV4;
			return link;
		}
	}
	return NULL;
}

int control_make_status(struct msfd *msfd, struct control_place *place, json_t **ret)
{
	const struct link *link;
	enum engine_family family;

	if (*place->position == 0) {
		*place->position = 1;
		*ret = new_agent(msfd);
		return 1;
	}
	while ((link = next_link(msfd, place, &family))) {
		struct engine_status status;

		if (engine_get_status(msfd->engine, link->interface.ifindex, family,
				      &status, clock_now()) < 0)
			continue;
		*ret = new_interface(link, family, &status);
		return 1;
	}
	return 0;
}
