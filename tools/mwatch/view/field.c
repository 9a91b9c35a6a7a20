/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * field: what is told of a flow to programs (see field.h).
 *
 * There may be 65,536 flows every second, and two who want them: jansson takes 6 us for
 * one of them, this table a tenth.  A value is made of digits, addresses and our own
 * words only, so that there is nothing to escape.
 */
#include "field.h"

#include <string.h>

#include "endpoint.h"

#define NSEC_PER_SEC       1000000000ULL
#define BITS_PER_BYTE      8
#define PEAK_1MS_PER_SEC   1000
#define PEAK_100MS_PER_SEC 10

/* Where the seconds and microseconds stand in RFC 3339's text. */
#define AT_SECONDS      17
#define AT_MICROSECONDS 20

/* With zeros in front. */
static void put_digits(char *end, uint32_t value, unsigned int n)
{
	while (n-- > 0) {
		end[n] = (char)('0' + value % 10);
		value /= 10;
	}
}

static char *put_number(char *end, uint64_t value)
{
	unsigned int n = 1;

	for (uint64_t limit = 10; value >= limit && n < 20; n++)
		limit *= 10;
	for (unsigned int i = n; i-- > 0;) {
		end[i] = (char)('0' + value % 10);
		value /= 10;
	}
	return end + n;
}

/* Three digits behind the point, but for zeros at the end. */
static char *put_fraction(char *end, double value)
{
	uint64_t thousandths = (uint64_t)(value * 1000 + 0.5);
	unsigned int rest = (unsigned int)(thousandths % 1000);

	end = put_number(end, thousandths / 1000);
	if (rest) {
		*end++ = '.';
		for (unsigned int unit = 100; rest; unit /= 10) {
			*end++ = (char)('0' + rest / unit);
			rest %= unit;
		}
	}
	return end;
}

static char *put_text(char *end, const char *text)
{
	return text ? stpcpy(end, text) : end;
}

void field_format_time(struct field_clock *clock, uint64_t ns,
		       char buf[JSONLINE_TIME_MAX])
{
	uint64_t minute = ns / NSEC_PER_SEC / 60;
	unsigned int i = minute % FIELD_N_MINUTES;

	if (!clock->minutes[i].is_set || clock->minutes[i].minute != minute) {
		const struct timespec when = { .tv_sec = (time_t)(minute * 60) };

		jsonline_format_time(&when, clock->minutes[i].text);
		clock->minutes[i].minute = minute;
		clock->minutes[i].is_set = true;
	}
	memcpy(buf, clock->minutes[i].text, JSONLINE_TIME_MAX);
	/* The zone is one of whole minutes. */
	put_digits(buf + AT_SECONDS, (uint32_t)(ns / NSEC_PER_SEC % 60), 2);
	put_digits(buf + AT_MICROSECONDS, (uint32_t)(ns % NSEC_PER_SEC / 1000), 6);
}

static char *put_time(char *end, struct field_clock *clock, uint64_t ns)
{
	if (ns == 0)
		return end;
	field_format_time(clock, ns, end);
	return end + strlen(end);
}

/* A field's value behind end, and where it ends then. */
typedef char *put_field(char *end, struct field_context *context,
			const struct sample_flow *flow,
			const struct sample_counts *counts);

#define FIELD(name, value)                                                \
	static char *put_##name(char *end, struct field_context *context, \
				const struct sample_flow *flow,           \
				const struct sample_counts *counts)       \
	{                                                                 \
		(void)context;                                            \
		(void)flow;                                               \
		(void)counts;                                             \
		return value;                                             \
	}

static char *put_ipv4(char *end, const uint8_t address[4])
{
	for (int i = 0; i < 4; i++) {
		if (i)
			*end++ = '.';
		end = put_number(end, address[i]);
	}
	return end;
}

static char *put_ipv6(char *end, const struct sockaddr_storage *address)
{
	int len = endpoint_format_address(address, end, ENDPOINT_TEXT_MAX);

	return len > 0 ? end + len : end;
}

static char *put_source(char *end, struct field_context *context,
			const struct sample_flow *flow,
			const struct sample_counts *counts)
{
	struct sockaddr_storage address;

	(void)context;
	(void)counts;
	if (flow->family == AF_INET)
		return put_ipv4(end, flow->source);
	sample_get_source(flow, &address);
	return put_ipv6(end, &address);
}

static char *put_group(char *end, struct field_context *context,
		       const struct sample_flow *flow, const struct sample_counts *counts)
{
	struct sockaddr_storage address;

	(void)context;
	(void)counts;
	if (flow->family == AF_INET)
		return put_ipv4(end, flow->group);
	sample_get_group(flow, &address);
	return put_ipv6(end, &address);
}

/* A number that only a sequence tells. */
static char *put_known(char *end, const struct sample_flow *flow, uint64_t value)
{
	return flow->sequence == SAMPLE_NO_SEQUENCE ? end : put_number(end, value);
}

static double get_rate(const struct field_context *context, uint64_t count)
{
	return sample_get_rate(count, context->ns);
}

static char *put_us(char *end, bool is_known, uint64_t ns)
{
	return is_known ? put_fraction(end, (double)ns / 1e3) : end;
}

FIELD(port, put_number(end, flow->port))
FIELD(direction, put_text(end, flow->is_outgoing ? "out" : "in"))
FIELD(vlan, flow->vlan ? put_number(end, flow->vlan) : end)
FIELD(packets, put_number(end, counts->packets))
FIELD(bytes, put_number(end, counts->bytes))
FIELD(pps, put_fraction(end, get_rate(context, counts->packets)))
FIELD(bps, put_fraction(end, get_rate(context, counts->bytes) * BITS_PER_BYTE))
FIELD(lost, put_known(end, flow, counts->lost))
FIELD(duplicates, put_known(end, flow, counts->duplicates))
FIELD(reordered, sample_has_reordered(flow) ? put_number(end, counts->reordered) : end)
FIELD(restarts, put_known(end, flow, counts->restarts))
FIELD(ts_lost, flow->has_ts ? put_number(end, counts->ts_lost) : end)
FIELD(jitter, put_us(end, flow->clock != SAMPLE_NO_JITTER, flow->jitter_ns))
FIELD(gap, put_us(end, counts->gap_ns > 0, counts->gap_ns))
FIELD(peak_1ms, put_number(end, (uint64_t)counts->peak_1ms *PEAK_1MS_PER_SEC))
FIELD(peak_100ms, put_number(end, (uint64_t)counts->peak_100ms *PEAK_100MS_PER_SEC))
FIELD(ttl, put_number(end, flow->ttl))
FIELD(sequence, put_text(end, sample_get_sequence_name(flow->sequence)))
FIELD(clock, put_text(end, sample_get_clock_name(flow->clock)))
FIELD(first, put_time(end, &context->clock, flow->first_ns))
FIELD(last, put_time(end, &context->clock, flow->last_ns))
FIELD(verdict, put_text(end, sample_get_verdict_name(flow->verdict)))

static const struct {
	const char *name;
	put_field *put;
	bool is_text;
} fields[] = {
	{ "source", put_source, true },
	{ "group", put_group, true },
	{ "port", put_port, false },
	{ "direction", put_direction, true },
	{ "vlan", put_vlan, false },
	{ "packets", put_packets, false },
	{ "bytes", put_bytes, false },
	{ "pps", put_pps, false },
	{ "bps", put_bps, false },
	{ "lost", put_lost, false },
	{ "duplicates", put_duplicates, false },
	{ "reordered", put_reordered, false },
	{ "restarts", put_restarts, false },
	{ "ts_lost", put_ts_lost, false },
	{ "jitter_us", put_jitter, false },
	{ "gap_us", put_gap, false },
	{ "peak_1ms_pps", put_peak_1ms, false },
	{ "peak_100ms_pps", put_peak_100ms, false },
	{ "ttl", put_ttl, false },
	{ "sequence", put_sequence, true },
	{ "clock", put_clock, true },
	{ "first", put_first, true },
	{ "last", put_last, true },
	{ "verdict", put_verdict, true },
};

_Static_assert(sizeof(fields) / sizeof(*fields) == FIELD_N, "FIELD_N");

const char *field_get_name(unsigned int i)
{
	return fields[i].name;
}

bool field_is_text(unsigned int i)
{
	return fields[i].is_text;
}

size_t field_format(unsigned int i, struct field_context *context,
		    const struct sample_flow *flow, char buf[FIELD_TEXT_MAX])
{
	const struct sample_counts *counts = context->is_total ? &flow->total
							       : &flow->interval;
	char *end = fields[i].put(buf, context, flow, counts);

	*end = '\0';
	return (size_t)(end - buf);
}
