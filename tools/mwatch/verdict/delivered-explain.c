/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * delivered-explain: where packets vanish, as a sentence with the cure (see
 * delivered.h).
 */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#include "address.h"
#include "delivered.h"
#include "endpoint.h"

struct sentence {
	char *buf;
	size_t len, at;
};

static void append(struct sentence *sentence, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static void append(struct sentence *sentence, const char *format, ...)
{
	va_list args;
	int n;

	if (sentence->at >= sentence->len)
		return;
	va_start(args, format);
	n = vsnprintf(sentence->buf + sentence->at, sentence->len - sentence->at, format,
		      args);
	va_end(args);
	sentence->at += n > 0 ? (size_t)n : 0;
}

static void append_endpoint(struct sentence *sentence,
			    const struct sample_delivery *delivery)
{
	struct address group = address_make(delivery->family, delivery->group);
	struct endpoint endpoint = { .n_groups = 1, .port = delivery->port };
	char text[ENDPOINT_TEXT_MAX] = "";

	address_set(&group, &endpoint.group);
	endpoint_format(&endpoint, text, sizeof(text));
	append(sentence, "%s: %" PRIu64 " on the wire", text, delivery->wire);
}

static void append_queue(struct sentence *sentence,
			 const struct sample_delivery *delivery)
{
	if (delivery->queue_drops > 0)
		append(sentence,
		       ", %" PRId64 " found the receive queue full: raise SO_RCVBUF (at "
		       "most net.core.rmem_max) or read faster",
		       delivery->queue_drops);
}

/* Counters of the namespace: they tell of other groups, too. */
static void append_causes(struct sentence *sentence,
			  const struct sample_delivery *delivery)
{
	bool is_told = false;

	if (delivery->route_drops > 0)
		append(sentence,
		       "; dropped before: the reverse-path check counted %" PRId64
		       " (net.ipv4.conf.*.rp_filter; is there a route to the source?)",
		       delivery->route_drops);
	if (delivery->checksum_drops > 0)
		append(sentence,
		       "; dropped before: %" PRId64 " bad UDP checksums were counted",
		       delivery->checksum_drops);
	if (delivery->memory_drops > 0)
		append(sentence,
		       "; dropped before: %" PRId64 " found no UDP memory (net.ipv4."
		       "udp_mem)",
		       delivery->memory_drops);
	is_told = delivery->route_drops > 0 || delivery->checksum_drops > 0 ||
		  delivery->memory_drops > 0;
	if (!is_told)
		append(sentence, "; dropped before, and no counter tells by whom: look "
				 "for a firewall (nft list ruleset) or tc filters");
}

/* Why there is nothing to compare with. */
static const char *find_reason(const struct sample_delivery *delivery)
{
	switch (-delivery->socket) {
	case -DELIVERED_OUTGOING:
		return "this host sends to the group itself";
	case -DELIVERED_SHORT:
		return "it was too short, or nothing came since it began";
	case ENOENT:
		return "no UDP socket is bound to the port";
	case EADDRINUSE:
		return "the port is not to be shared: a program has it without "
		       "SO_REUSEADDR";
	case EACCES:
	case EPERM:
		return "ports this low need CAP_NET_BIND_SERVICE, or a lower "
		       "net.ipv4.ip_unprivileged_port_start";
	case EOPNOTSUPP:
	case ENOPROTOOPT:
		return "socket filters, which it is counted with, do nothing here";
	case EMFILE:
	case ENFILE:
		return "too many files are open: raise ulimit -n";
	}
	return "it is not known which sources the host admits";
}

static bool is_missing(const struct sample_delivery *delivery)
{
	uint64_t socket = (uint64_t)delivery->socket;

	return delivery->wire > socket && delivery->wire - socket > delivery->under_way;
}

static void append_socket(struct sentence *sentence,
			  const struct sample_delivery *delivery)
{
	append(sentence, ", %" PRId64 " came to sockets", delivery->socket);
	if (delivery->under_way)
		append(sentence,
		       " (give or take %" PRIu64 ": packets came before it "
		       "began)",
		       delivery->under_way);
}

void delivered_explain(const struct sample_delivery *delivery, char *buf, size_t len)
{
	struct sentence sentence = { .buf = buf, .len = len };

	if (len)
		buf[0] = '\0';
	append_endpoint(&sentence, delivery);
	if (delivery->socket < 0) {
		append(&sentence, "; what came to sockets cannot be known: %s",
		       find_reason(delivery));
		append_queue(&sentence, delivery);
		return;
	}
	append_socket(&sentence, delivery);
	append_queue(&sentence, delivery);
	if (is_missing(delivery))
		append_causes(&sentence, delivery);
	else if (delivery->checksum_drops > 0)
		append(&sentence,
		       "; of all that came, %" PRId64 " bad UDP checksums were counted, "
		       "which programs do not get",
		       delivery->checksum_drops);
}
