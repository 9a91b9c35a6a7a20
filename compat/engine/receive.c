/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What is heard: counted, then checked for what no host may believe (RFC 9776 9.1, RFC
 * 9777 6.2), then passed on.
 */
#include <errno.h>

#include "engine/group.h"
#include "engine/interface.h"
#include "engine/older.h"
#include "engine/query.h"
#include "engine/tally.h"

static int drop(const struct host *host, enum tally what)
{
	tally(host, what);
	return ENGINE_DROPPED;
}

/* RFC 9777 6.2: a router on the link has sent it, or nobody. */
static int check_mld(const struct host *host, const struct engine_datagram *datagram,
		     const struct message *message)
{
	if (!host_is_linklocal(datagram->source)) {
		engine_count(host->engine, ENGINE_MLD_RCV_BADSOURCE);
		if (message->kind == MESSAGE_QUERY)
			host_log(host, ENGINE_BAD_QUERY_SOURCE, message->group,
				 datagram->source);
		return ENGINE_DROPPED;
	}
	if (datagram->hop_limit != 1)
		return drop(host, TALLY_BAD_TTL);
	if (!datagram->has_router_alert)
		return drop(host, TALLY_NO_ALERT);
	return 0;
}

/* Many routers and switches do not keep to it, so what lacks it is counted, and dropped
 * on request (S-V3-7). IGMPv1 knows no Router Alert. */
static int check_igmp(const struct host *host, const struct engine_datagram *datagram,
		      const struct message *message)
{
	const uint64_t *value = host->engine->tunables.value;
	int r = 0;

	if (datagram->hop_limit != 1) {
		tally(host, TALLY_BAD_TTL);
		if (value[ENGINE_DROPWITHBADTTL])
			r = ENGINE_DROPPED;
	}
	if (!datagram->has_router_alert && message->version > 1) {
		tally(host, TALLY_NO_ALERT);
		if (value[ENGINE_DROPWITHNORA])
			r = ENGINE_DROPPED;
	}
	return r;
}

static int check(const struct host *host, const struct engine_datagram *datagram,
		 const struct message *message)
{
	return host->proto->family == ENGINE_IPV6 ? check_mld(host, datagram, message)
						  : check_igmp(host, datagram, message);
}

/* R-QRY-6: any address of the interface will do, but a General Query to a group that is
 * not all hosts is forged. */
static bool is_misdirected(const struct host *host,
			   const struct engine_datagram *datagram,
			   const struct message *message)
{
	return host->proto->family == ENGINE_IPV4 &&
	       addr_is_unspecified(message->group) &&
	       addr_is_multicast(datagram->destination) &&
	       !addr_equal(datagram->destination, host->proto->all_hosts);
}

static void count_query(const struct host *host, const struct message *message)
{
	tally(host, TALLY_V1_QUERY + message->version - 1u);
}

static int hear_query(struct host *host, const struct engine_datagram *datagram,
		      const struct message *message)
{
	int r;

	count_query(host, message);
	if (host->interface->settings.is_loopback)
		return 0;
	if (message->kind == MESSAGE_BAD_QUERY)
		return drop(host, TALLY_BAD_QUERY);
	r = check(host, datagram, message);
	if (r != 0)
		return r;
	if (is_misdirected(host, datagram, message))
		return drop(host, TALLY_BAD_QUERY);
	if (host->is_speaking)
		query_hear(host, message, datagram->source);
	return 0;
}

/* R-CMP-7: in the newest version reports of others change nothing. */
static int hear_report(struct host *host, const struct engine_datagram *datagram,
		       const struct message *message)
{
	struct group *group;
	int r;

	tally(host, TALLY_REPORT);
	if (host->interface->settings.is_loopback)
		return 0;
	if (message->kind == MESSAGE_BAD_REPORT)
		return drop(host, TALLY_BAD_REPORT);
	r = check(host, datagram, message);
	if (r != 0)
		return r;
	group = group_find(host, message->group);
	if (!group || !group->n_members)
		return 0;
	tally(host, TALLY_OUR_REPORT);
	if (!host_is_newest(host))
		older_hear_report(group, message->version);
	return 0;
}

/* ICMPv6 has many other messages. */
static bool is_foreign(const struct host *host, const struct message *message)
{
	return message->kind == MESSAGE_OTHER && host->proto->family == ENGINE_IPV6;
}

static void count_any(const struct host *host, const struct engine_datagram *datagram)
{
	tally(host, TALLY_TOTAL);
	if (datagram->total_len > host->interface->settings.mtu)
		tally(host, TALLY_TOO_LONG);
}

/* Nothing to a host, but counted and dropped as any other message (S-V3-7). */
static int hear_leave(const struct host *host, const struct engine_datagram *datagram,
		      const struct message *message)
{
	if (host->interface->settings.is_loopback || host->proto->family == ENGINE_IPV6)
		return 0;
	return check_igmp(host, datagram, message);
}

/* The host's own reports come back to it where multicast loops. */
static bool is_own_report(const struct engine_datagram *datagram,
			  const struct message *message)
{
	return datagram->is_own && message->kind == MESSAGE_REPORT;
}

static int hear(struct host *host, const struct engine_datagram *datagram,
		const struct message *message)
{
	if (is_own_report(datagram, message))
		return 0;
	switch (message->kind) {
	case MESSAGE_QUERY:
	case MESSAGE_BAD_QUERY:
		return hear_query(host, datagram, message);
	case MESSAGE_REPORT:
	case MESSAGE_BAD_REPORT:
		return hear_report(host, datagram, message);
	case MESSAGE_LEAVE:
		return hear_leave(host, datagram, message);
	case MESSAGE_SHORT:
		return drop(host, TALLY_TOO_SHORT);
	case MESSAGE_BAD_CHECKSUM:
		return drop(host, TALLY_BAD_CHECKSUM);
	case MESSAGE_UNKNOWN_LENGTH:
		return drop(host, TALLY_BAD_QUERY);
	case MESSAGE_RECORDS:
	case MESSAGE_OTHER:
		break;
	}
	return 0;
}

int engine_receive(struct engine *engine, uint32_t ifindex,
		   const struct engine_datagram *datagram, uint64_t now)
{
	struct host *host = interface_find_host(engine, ifindex,
						engine_get_family(datagram->destination));
	struct message message;

	if (!host)
		return -ENODEV;
	host->proto->decode(datagram, &message);
	if (is_foreign(host, &message))
		return 0;
	count_any(host, datagram);
	engine_advance(engine, now);
	return hear(host, datagram, &message);
}
