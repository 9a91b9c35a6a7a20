/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sample: values and their names (see sample.h).
 */
#include "sample.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#define NSEC_PER_SEC 1e9

void sample_fini(struct sample *sample)
{
	free(sample->interfaces);
	free(sample->flows);
	free(sample->deliveries);
	*sample = (struct sample){ 0 };
}

static int copy_array(void **to, const void *from, size_t n, size_t size)
{
	/* One more: realloc() of nothing would free. */
	void *copy = reallocarray(*to, n + 1, size);

	if (!copy)
		return -ENOMEM;
	*to = copy;
	if (n)
		memcpy(copy, from, n * size);
	return 0;
}

/* The numbers of entries are set last, so that they hold at any time. */
int sample_copy(struct sample *to, const struct sample *from)
{
	struct sample copy = *from;
	int r;

	to->n_flows = to->n_interfaces = to->n_deliveries = 0;
	r = copy_array((void **)&to->flows, from->flows, from->n_flows,
		       sizeof(*from->flows));
	if (r == 0)
		r = copy_array((void **)&to->interfaces, from->interfaces,
			       from->n_interfaces, sizeof(*from->interfaces));
	if (r == 0)
		r = copy_array((void **)&to->deliveries, from->deliveries,
			       from->n_deliveries, sizeof(*from->deliveries));
	if (r < 0)
		return r;
	copy.max_flows = from->n_flows;
	copy.flows = to->flows;
	copy.interfaces = to->interfaces;
	copy.deliveries = to->deliveries;
	*to = copy;
	return 0;
}

static void fill_address(int family, const uint8_t *bytes, struct sockaddr_storage *ret)
{
	struct sockaddr_in sin = { .sin_family = AF_INET };
	struct sockaddr_in6 sin6 = { .sin6_family = AF_INET6 };

	memset(ret, 0, sizeof(*ret));
	memcpy(&sin.sin_addr, bytes, sizeof(sin.sin_addr));
	memcpy(&sin6.sin6_addr, bytes, sizeof(sin6.sin6_addr));
	if (family == AF_INET6)
		memcpy(ret, &sin6, sizeof(sin6));
	else
		memcpy(ret, &sin, sizeof(sin));
}

void sample_get_source(const struct sample_flow *flow, struct sockaddr_storage *ret)
{
	fill_address(flow->family, flow->source, ret);
}

void sample_get_group(const struct sample_flow *flow, struct sockaddr_storage *ret)
{
	fill_address(flow->family, flow->group, ret);
}

double sample_get_rate(uint64_t count, uint64_t ns)
{
	return ns ? (double)count * NSEC_PER_SEC / (double)ns : 0;
}

bool sample_has_reordered(const struct sample_flow *flow)
{
	return flow->sequence != SAMPLE_NO_SEQUENCE && flow->sequence != SAMPLE_TS;
}

const char *sample_get_sequence_name(enum sample_sequence sequence)
{
	switch (sequence) {
	case SAMPLE_NO_SEQUENCE:
		break;
	case SAMPLE_RTP:
		return "rtp";
	case SAMPLE_TS:
		return "ts";
	case SAMPLE_MSEND:
		return "msend";
	case SAMPLE_FIELD:
		return "field";
	}
	return NULL;
}

const char *sample_get_clock_name(enum sample_clock clock)
{
	switch (clock) {
	case SAMPLE_NO_JITTER:
		break;
	case SAMPLE_RTP_CLOCK:
		return "rtp";
	case SAMPLE_MSEND_CLOCK:
		return "msend";
	case SAMPLE_ARRIVAL:
		return "arrival";
	}
	return NULL;
}

const char *sample_get_verdict_name(enum sample_verdict verdict)
{
	switch (verdict) {
	case SAMPLE_UNKNOWN:
		break;
	case SAMPLE_ACCEPT:
		return "accept";
	case SAMPLE_BLOCK:
		return "block";
	case SAMPLE_UNJOINED:
		return "unjoined";
	}
	return NULL;
}
