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

/* What is counted of both protocols. */
enum tally {
	TOTAL,
	TOO_SHORT,
	TOO_LONG,
	BAD_CHECKSUM,
	BAD_TTL,
	NO_ALERT,
	BAD_QUERY,
	REPORT,
	BAD_REPORT,
	OUR_REPORT,
};

static const enum engine_counter tallies[ENGINE_FAMILIES][10] = {
	[ENGINE_IPV4] = {
		[TOTAL] = ENGINE_IGMP_RCV_TOTAL,
		[TOO_SHORT] = ENGINE_IGMP_RCV_TOOSHORT,
		[TOO_LONG] = ENGINE_IGMP_RCV_TOOLONG,
		[BAD_CHECKSUM] = ENGINE_IGMP_RCV_BADSUM,
		[BAD_TTL] = ENGINE_IGMP_RCV_BADTTL,
		[NO_ALERT] = ENGINE_IGMP_RCV_NORA,
		[BAD_QUERY] = ENGINE_IGMP_RCV_BADQUERIES,
		[REPORT] = ENGINE_IGMP_RCV_REPORTS,
		[BAD_REPORT] = ENGINE_IGMP_RCV_BADREPORTS,
		[OUR_REPORT] = ENGINE_IGMP_RCV_OURREPORTS,
	},
	[ENGINE_IPV6] = {
		[TOTAL] = ENGINE_MLD_RCV_TOTAL,
		[TOO_SHORT] = ENGINE_MLD_RCV_TOOSHORT,
		[TOO_LONG] = ENGINE_MLD_RCV_TOOLONG,
		[BAD_CHECKSUM] = ENGINE_MLD_RCV_BADSUM,
		[BAD_TTL] = ENGINE_MLD_RCV_BADHOPLIMIT,
		[NO_ALERT] = ENGINE_MLD_RCV_NORA,
		[BAD_QUERY] = ENGINE_MLD_RCV_BADQUERIES,
		[REPORT] = ENGINE_MLD_RCV_REPORTS,
		[BAD_REPORT] = ENGINE_MLD_RCV_BADREPORTS,
		[OUR_REPORT] = ENGINE_MLD_RCV_OURREPORTS,
	},
};

static const enum engine_counter queries[ENGINE_FAMILIES][3] = {
	[ENGINE_IPV4] = { ENGINE_IGMP_RCV_V1_QUERIES, ENGINE_IGMP_RCV_V2_QUERIES,
			  ENGINE_IGMP_RCV_V3_QUERIES },
	[ENGINE_IPV6] = { ENGINE_MLD_RCV_V1_QUERIES, ENGINE_MLD_RCV_V2_QUERIES },
};

static void tally(const struct host *host, enum tally what)
{
	engine_count(host->engine, tallies[host->proto->family][what]);
}

/* fe80::/10. */
static bool is_linklocal(struct addr addr)
{
	return addr.hi >> 54 == 0x3fa;
}

static int drop(const struct host *host, enum tally what)
{
	tally(host, what);
	return ENGINE_DROPPED;
}

/* RFC 9777 6.2: a router on the link has sent it, or nobody. */
static int check_mld(const struct host *host, const struct engine_datagram *datagram,
		     const struct message *message)
{
	if (!is_linklocal(datagram->source)) {
		engine_count(host->engine, ENGINE_MLD_RCV_BADSOURCE);
		if (message->kind == MESSAGE_QUERY)
			host_log(host, ENGINE_BAD_QUERY_SOURCE, message->group,
				 datagram->source);
		return ENGINE_DROPPED;
	}
	if (datagram->hop_limit != 1)
		return drop(host, BAD_TTL);
	if (!datagram->has_router_alert)
		return drop(host, NO_ALERT);
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
		tally(host, BAD_TTL);
		if (value[ENGINE_DROPWITHBADTTL])
			r = ENGINE_DROPPED;
	}
	if (!datagram->has_router_alert && message->version > 1) {
		tally(host, NO_ALERT);
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
	engine_count(host->engine, queries[host->proto->family][message->version - 1]);
}

static int hear_query(struct host *host, const struct engine_datagram *datagram,
		      const struct message *message)
{
	int r;

	count_query(host, message);
	if (host->interface->settings.is_loopback)
		return 0;
	if (message->kind == MESSAGE_BAD_QUERY)
		return drop(host, BAD_QUERY);
	r = check(host, datagram, message);
	if (r != 0)
		return r;
	if (is_misdirected(host, datagram, message))
		return drop(host, BAD_QUERY);
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

	tally(host, REPORT);
	if (host->interface->settings.is_loopback)
		return 0;
	if (message->kind == MESSAGE_BAD_REPORT)
		return drop(host, BAD_REPORT);
	r = check(host, datagram, message);
	if (r != 0)
		return r;
	group = group_find(host, message->group);
	if (!group || !group->n_members)
		return 0;
	tally(host, OUR_REPORT);
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
	tally(host, TOTAL);
	if (datagram->total_len > host->interface->settings.mtu)
		tally(host, TOO_LONG);
}

static int hear(struct host *host, const struct engine_datagram *datagram,
		const struct message *message)
{
	switch (message->kind) {
	case MESSAGE_QUERY:
	case MESSAGE_BAD_QUERY:
		return hear_query(host, datagram, message);
	case MESSAGE_REPORT:
	case MESSAGE_BAD_REPORT:
		return hear_report(host, datagram, message);
	case MESSAGE_SHORT:
		return drop(host, TOO_SHORT);
	case MESSAGE_BAD_CHECKSUM:
		return drop(host, BAD_CHECKSUM);
	case MESSAGE_UNKNOWN_LENGTH:
		return drop(host, BAD_QUERY);
	case MESSAGE_LEAVE:
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
	if (datagram->is_own)
		return 0;
	engine_advance(engine, now);
	return hear(host, datagram, &message);
}
