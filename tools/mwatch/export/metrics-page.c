/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * metrics-page: the text of OpenMetrics, made as it is read (see metrics-page.h).
 *
 * Invariant: a line is written whole; all lines of a family stand together, under the
 * lines that describe it, which come only if it has any ("MetricFamily").
 */
#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "metrics-family.h"
#include "metrics-page.h"
#include "utf8.h"

/* Far more than interface, two addresses, port, VLAN and direction need. */
#define LABELS_MAX 320

#define NS_PER_SECOND 1000000000u

struct metrics_page {
	const struct sample *sample; /* borrowed */
	enum metrics_format format;
	struct metrics_interface *interfaces; /* owned */
	/* The first delivery of each family tells of the host. */
	const struct sample_delivery *hosts[2];
	uint32_t n_hosts;
	unsigned int i_family;
	uint32_t i_item;
	bool has_header;
};

/* What the types are called; the older format knows two of them only. */
static const char *const type_names[][2] = {
	[METRICS_COUNTER] = { "counter", "counter" },
	[METRICS_GAUGE] = { "gauge", "gauge" },
	[METRICS_STATESET] = { "stateset", "gauge" },
	[METRICS_INFO] = { "info", "gauge" },
};

static char *put_text(char *at, const char *text)
{
	return stpcpy(at, text);
}

/* "Escaping": of backslash, quote and line feed. */
static void escape_label(const char *text, char *buf)
{
	for (; *text; text++) {
		if (*text == '\\' || *text == '"' || *text == '\n')
			*buf++ = '\\';
		*buf++ = *text == '\n' ? 'n' : *text;
	}
	*buf = '\0';
}

/* Names that are told apart by bytes that are no UTF-8 only, are told apart by a mark. */
static void mark_label(struct metrics_page *page, uint32_t i)
{
	struct metrics_interface *interfaces = page->interfaces;
	char *label = interfaces[i].label;

	for (uint32_t k = 0; k < i; k++)
		if (strcmp(interfaces[k].label, label) == 0) {
			sprintf(label + strlen(label), "#%" PRIu32,
				page->sample->interfaces[i].ifindex);
			return;
		}
}

static int fill_interfaces(struct metrics_page *page)
{
	const struct sample *sample = page->sample;

	for (uint32_t i = 0; i < sample->n_interfaces; i++) {
		char *name = utf8_new(sample->interfaces[i].name);

		if (!name)
			return -ENOMEM;
		escape_label(name, page->interfaces[i].label);
		mark_label(page, i);
		free(name);
		page->interfaces[i].total = sample->interfaces[i].total;
		page->interfaces[i].is_up = !sample->interfaces[i].is_gone;
	}
	for (uint32_t i = 0; i < sample->n_flows; i++)
		page->interfaces[sample->flows[i].i_interface].n_flows++;
	return 0;
}

static void find_hosts(struct metrics_page *page)
{
	const struct sample *sample = page->sample;
	static const int families[] = { AF_INET, AF_INET6 };

	for (unsigned int k = 0; k < 2; k++)
		for (uint32_t i = 0; i < sample->n_deliveries; i++)
			if (sample->deliveries[i].family == families[k]) {
				page->hosts[page->n_hosts++] = &sample->deliveries[i];
				break;
			}
}

int metrics_page_new(struct metrics_page **ret, const struct sample *sample,
		     enum metrics_format format)
{
	struct metrics_page *page = calloc(1, sizeof(*page));
	int r = -ENOMEM;

	if (!page)
		return r;
	page->sample = sample;
	page->format = format;
	page->interfaces = calloc(sample->n_interfaces + 1, sizeof(*page->interfaces));
	if (page->interfaces)
		r = fill_interfaces(page);
	find_hosts(page);
	if (r < 0)
		metrics_page_free(page);
	else
		*ret = page;
	return r;
}

struct metrics_page *metrics_page_free(struct metrics_page *page)
{
	if (page)
		free(page->interfaces);
	free(page);
	return NULL;
}

/* Item number i of those that the family tells of; NULL behind the last. */
static const void *get_item(const struct metrics_page *page, enum metrics_scope scope,
			    uint32_t i)
{
	const struct sample *sample = page->sample;

	if (!sample)
		return NULL;
	switch (scope) {
	case METRICS_RUN:
		return i == 0 ? sample : NULL;
	case METRICS_HOST:
		return i < page->n_hosts ? page->hosts[i] : NULL;
	case METRICS_INTERFACE:
		return i < sample->n_interfaces ? &page->interfaces[i] : NULL;
	case METRICS_FLOW:
		return i < sample->n_flows ? &sample->flows[i] : NULL;
	case METRICS_DELIVERY:
		return i < sample->n_deliveries ? &sample->deliveries[i] : NULL;
	}
	return NULL;
}

static char *put_address(char *at, const char *name, int family, const uint8_t *bytes)
{
	at = put_text(at, name);
	at = put_text(at, "=\"");
	inet_ntop(family, bytes, at, INET6_ADDRSTRLEN);
	at += strlen(at);
	return put_text(at, "\",");
}

static char *put_interface(const struct metrics_page *page, char *at, uint32_t i)
{
	at = put_text(at, "interface=\"");
	at = put_text(at, page->interfaces[i].label);
	return put_text(at, "\",");
}

static char *put_flow(const struct metrics_page *page, char *at,
		      const struct sample_flow *flow)
{
	at = put_interface(page, at, flow->i_interface);
	at = put_address(at, "source", flow->family, flow->source);
	at = put_address(at, "group", flow->family, flow->group);
	at += sprintf(at, "port=\"%u\",", flow->port);
	if (flow->vlan)
		at += sprintf(at, "vlan=\"%u\",", flow->vlan);
	return put_text(at,
			flow->is_outgoing ? "direction=\"out\"," : "direction=\"in\",");
}

static char *put_delivery(const struct metrics_page *page, char *at,
			  const struct sample_delivery *delivery)
{
	at = put_interface(page, at, delivery->i_interface);
	at = put_address(at, "group", delivery->family, delivery->group);
	return at + sprintf(at, "port=\"%u\",", delivery->port);
}

static char *put_host(char *at, const struct sample_delivery *delivery)
{
	bool is_ipv6 = delivery->family == AF_INET6;

	return put_text(at, is_ipv6 ? "family=\"ipv6\"," : "family=\"ipv4\",");
}

/* The labels of the item under hand, a comma behind each. */
static void fill_labels(const struct metrics_page *page, enum metrics_scope scope,
			const void *item, char buf[LABELS_MAX])
{
	*buf = '\0';
	switch (scope) {
	case METRICS_RUN:
		break;
	case METRICS_HOST:
		put_host(buf, item);
		break;
	case METRICS_INTERFACE:
		put_interface(page, buf, page->i_item);
		break;
	case METRICS_FLOW:
		put_flow(page, buf, item);
		break;
	case METRICS_DELIVERY:
		put_delivery(page, buf, item);
		break;
	}
}

static char *put_labels(char *at, const char *labels, const char *extra)
{
	size_t len = strlen(labels);

	if (!len && !extra)
		return at;
	*at++ = '{';
	at = mempcpy(at, labels, len);
	if (extra)
		at = put_text(at, extra);
	else
		at--; /* the last comma */
	return put_text(at, "}");
}

static char *put_value(char *at, uint64_t value, bool is_time)
{
	if (!is_time)
		return at + sprintf(at, " %" PRIu64 "\n", value);
	return at + sprintf(at, " %" PRIu64 ".%09u\n", value / NS_PER_SECOND,
			    (unsigned int)(value % NS_PER_SECOND));
}

static const char *get_suffix(const struct metrics_family *family)
{
	switch (family->type) {
	case METRICS_COUNTER:
		return "_total";
	case METRICS_INFO:
		return "_info";
	case METRICS_GAUGE:
	case METRICS_STATESET:
		break;
	}
	return "";
}

/* Before OpenMetrics a family was called as its lines are. */
static char *put_header(const struct metrics_page *page, char *at,
			const struct metrics_family *family)
{
	bool is_open = page->format == METRICS_OPENMETRICS;
	bool is_text = page->format == METRICS_TEXT;
	/* As a gauge, an info keeps its suffix as a part of its name. */
	bool has_suffix = is_text || (!is_open && family->type == METRICS_INFO);
	const char *suffix = has_suffix ? get_suffix(family) : "";

	at += sprintf(at, "# TYPE %s%s %s\n", family->name, suffix,
		      type_names[family->type][!is_open]);
	if (family->unit && !is_text)
		at += sprintf(at, "# UNIT %s %s\n", family->name, family->unit);
	return at + sprintf(at, "# HELP %s%s %s\n", family->name, suffix, family->help);
}

static char *put_created(char *at, const struct metrics_family *family,
			 const char *labels, const struct sample_flow *flow)
{
	at = put_text(at, family->name);
	at = put_text(at, "_created");
	at = put_labels(at, labels, NULL);
	return put_value(at, flow->first_ns, true);
}

/* All that is known of the item. */
static char *put_item(struct metrics_page *page, char *at,
		      const struct metrics_family *family, const void *item)
{
	unsigned int n = metrics_family_get_count(family);
	char labels[LABELS_MAX];
	uint64_t value;

	*labels = '\0';
	for (unsigned int i = 0; i < n; i++) {
		if (!metrics_family_get_value(family, i, item, &value))
			continue;
		if (!page->has_header)
			at = put_header(page, at, family);
		page->has_header = true;
		if (!*labels)
			fill_labels(page, family->scope, item, labels);
		at = put_text(at, family->name);
		at = put_text(at, get_suffix(family));
		at = put_labels(at, labels, metrics_family_get_label(family, i));
		at = put_value(at, value, family->flags & METRICS_TIME);
	}
	if (family->flags & METRICS_CREATED && page->format == METRICS_OPENMETRICS)
		at = put_created(at, family, labels, item);
	return at;
}

size_t metrics_page_read(struct metrics_page *page, char *buf, size_t len)
{
	const struct metrics_family *family;
	char *at = buf;

	while ((family = metrics_family_get(page->i_family)) &&
	       (size_t)(at - buf) + METRICS_PAGE_MIN <= len) {
		const void *item = get_item(page, family->scope, page->i_item);

		if (item) {
			at = put_item(page, at, family, item);
			page->i_item++;
			continue;
		}
		page->i_item = 0;
		page->has_header = false;
		page->i_family++;
		if (!metrics_family_get(page->i_family) && page->format != METRICS_TEXT)
			at = put_text(at, "# EOF\n");
	}
	return (size_t)(at - buf);
}
