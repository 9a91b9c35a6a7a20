/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * metrics-family: what is told of a sample: names, types, units, and where the values
 * stand (OpenMetrics 1.0, "MetricFamily").
 */
#ifndef MWATCH_METRICS_FAMILY_H
#define MWATCH_METRICS_FAMILY_H

#include <stdbool.h>
#include <stdint.h>

#include "sample.h"

/* Room for the name of an interface as a label: each byte may become three; and a
 * mark. */
#define METRICS_LABEL_MAX (3 * IF_NAMESIZE + 16)

enum metrics_type {
	METRICS_COUNTER,
	METRICS_GAUGE,
	METRICS_STATESET,
	METRICS_INFO,
};

/* What the items are of which a family tells. */
enum metrics_scope {
	METRICS_RUN,       /* struct sample */
	METRICS_HOST,      /* struct sample_delivery, the first one of a family */
	METRICS_INTERFACE, /* struct metrics_interface */
	METRICS_FLOW,      /* struct sample_flow */
	METRICS_DELIVERY,  /* struct sample_delivery */
};

struct metrics_interface {
	char label[METRICS_LABEL_MAX]; /* its name, escaped */
	uint64_t n_flows;
	bool is_up;
	struct sample_wire total;
};

enum metrics_flags {
	METRICS_TIME = 1,    /* nanoseconds, told in seconds */
	METRICS_SIGNED = 2,  /* below 0: it cannot be known */
	METRICS_CREATED = 4, /* tells since when it counts */
};

/* One of several values that a family tells of an item. */
struct metrics_series {
	const char *label; /* NAME="VALUE", beside those of the item */
	uint16_t offset;   /* where the value stands in the item */
	uint8_t size;      /* its bytes; 0: nowhere, it is 1 */
	uint32_t detail;   /* of a state set: 1 for this value, 0 for others; else: times
			    * this */
};

struct metrics_family {
	const char *name; /* without _total and _info */
	const char *unit; /* NULL: none */
	enum metrics_type type;
	enum metrics_scope scope;
	uint16_t offset; /* where the value stands in the item, if it is just one */
	uint8_t size;
	unsigned int flags;
	bool (*is_known)(const void *item); /* NULL: always */
	const char *help;
	const struct metrics_series *series; /* NULL: just one */
	unsigned int n_series;
};

/* NULL behind the last one. */
const struct metrics_family *metrics_family_get(unsigned int i);

/* How many values it tells of an item. */
unsigned int metrics_family_get_count(const struct metrics_family *family);

/* The label of value number i; NULL: it needs none. */
const char *metrics_family_get_label(const struct metrics_family *family, unsigned int i);

/* Value number i of the item. False: it cannot be known. */
bool metrics_family_get_value(const struct metrics_family *family, unsigned int i,
			      const void *item, uint64_t *ret);

#endif
