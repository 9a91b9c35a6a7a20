/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * older: sequences with times, and messages byte by byte (RFC 2236 2, RFC 2710 3). The
 * checksums are computed here a second time, so that no mistake of the engine's own
 * cancels itself.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "older.h"

#define BYTES_MAX 256

const struct protocol older_protocols[ENGINE_FAMILIES] = {
	{
		.family = ENGINE_IPV4,
		.older = 2,
		.newest = 3,
		.name = "IGMP",
		.group = "239.1.1.1",
		.other = "239.1.1.9",
		.source = "10.0.0.1",
		.report = "v2 REPORT(239.1.1.1)",
		.leave = "v2 LEAVE(239.1.1.1)",
		.join = "v3 TO_EX(239.1.1.1){}",
		.stop = "v3 TO_IN(239.1.1.1){}",
		.state = "v3 IS_EX(239.1.1.1){}",
		.our_reports = ENGINE_IGMP_RCV_OURREPORTS,
		.newest_sent = ENGINE_IGMP_SND_V3_REPORTS,
	},
	{
		.family = ENGINE_IPV6,
		.older = 1,
		.newest = 2,
		.name = "MLD",
		.group = "ff15::1",
		.other = "ff15::9",
		.source = "fd09::1",
		.report = "mld1 REPORT(ff15::1)",
		.leave = "mld1 DONE(ff15::1)",
		.join = "mld2 TO_EX(ff15::1){}",
		.stop = "mld2 TO_IN(ff15::1){}",
		.state = "mld2 IS_EX(ff15::1){}",
		.our_reports = ENGINE_MLD_RCV_OURREPORTS,
		.newest_sent = ENGINE_MLD_SND_V2_REPORTS,
	},
};

int older_run(const struct older_test *tests, size_t n_tests)
{
	struct tap tap = { 0 };

	for (size_t i = 0; i < n_tests; i++) {
		struct rig rig;

		rig_init(&rig, i + 1);
		tests[i].run(&tap, &rig);
		rig_fini(&rig, &tap);
		tap_end(&tap, "%s", tests[i].sentence);
	}
	return tap_finish(&tap);
}

void older_restart(struct rig *rig, struct tap *tap, uint64_t seed)
{
	rig_fini(rig, tap);
	rig_init(rig, seed);
}

static void print_lines(const struct rig *rig, uint64_t origin)
{
	for (size_t i = 0; i < rig->n_lines && i < 8; i++)
		tap_comment("sent at %+" PRId64 " us: %s",
			    (int64_t)(rig->lines[i].when - origin), rig->lines[i].text);
}

static bool is_then(const struct rig_line *line, uint64_t origin, const struct step *step)
{
	uint64_t when = line->when - origin;

	if (step->after == step->until)
		return when == step->after;
	return when > step->after && when <= step->until;
}

bool older_expect(struct tap *tap, const struct rig *rig, uint64_t origin,
		  const struct step *steps, size_t n_steps, const char *what)
{
	bool ok = tap_expect(tap, rig->n_lines == n_steps, "%s: %zu lines, not %zu", what,
			     rig->n_lines, n_steps);

	for (size_t i = 0; ok && i < n_steps; i++) {
		const struct rig_line *line = &rig->lines[i];

		ok = tap_expect(tap,
				!strcmp(line->text, steps[i].text) &&
					is_then(line, origin, &steps[i]),
				"%s: line %zu is not \"%s\" in (%" PRIu64 ", %" PRIu64
				"] us",
				what, i, steps[i].text, steps[i].after, steps[i].until);
	}
	if (!ok)
		print_lines(rig, origin);
	return ok;
}

bool older_expect_silence(struct tap *tap, const struct rig *rig, const char *what)
{
	bool ok = tap_expect(tap, rig->n_lines == 0, "%s: %zu lines, not none", what,
			     rig->n_lines);

	if (!ok)
		print_lines(rig, 0);
	return ok;
}

bool older_expect_bytes(struct tap *tap, const struct rig_line *line, const char *hex)
{
	const char *next = hex;
	char text[3];

	for (size_t i = 0; i < line->packet.len; i++) {
		snprintf(text, sizeof(text), "%02x", line->bytes[i]);
		for (int j = 0; j < 2; j++, next++) {
			next += strspn(next, " ");
			if (*next != '.' && *next != text[j])
				return tap_expect(tap, false, "%s: byte %zu is %s, in %s",
						  line->text, i, text, hex);
		}
	}
	return tap_expect(tap, !*next, "%s: %zu bytes, not %s", line->text,
			  line->packet.len, hex);
}

/* The sum of 16-bit words, not complemented. */
static uint16_t add_words(uint32_t sum, const uint8_t *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++)
		sum += i % 2 ? bytes[i] : (uint32_t)bytes[i] << 8;
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)sum;
}

/* Of the pseudo-header (RFC 8200 8.1). */
static uint16_t add_pseudo(struct addr source, struct addr destination, size_t len)
{
	uint8_t bytes[40] = { 0 };

	addr_to_bytes(source, bytes);
	addr_to_bytes(destination, bytes + 16);
	bytes[34] = (uint8_t)(len >> 8);
	bytes[35] = (uint8_t)len;
	bytes[39] = 58;
	return add_words(0, bytes, sizeof(bytes));
}

static void put16(uint8_t *bytes, uint16_t value)
{
	bytes[0] = (uint8_t)(value >> 8);
	bytes[1] = (uint8_t)value;
}

static void put_group(uint8_t *bytes, const struct raw *raw)
{
	uint8_t addr[16];

	if (!raw->group)
		return;
	addr_to_bytes(rig_addr(raw->group), addr);
	if (raw->family == ENGINE_IPV4)
		memcpy(bytes + 4, addr + 12, 4);
	else
		memcpy(bytes + 8, addr, 16);
}

/* Writes the message; returns its length. */
static size_t build(uint8_t *bytes, const struct raw *raw,
		    const struct engine_datagram *datagram)
{
	bool is_mld = raw->family == ENGINE_IPV6;
	size_t len = is_mld ? 24 : 8;
	uint16_t sum = 0;

	memset(bytes, 0, len);
	bytes[0] = raw->type;
	bytes[1] = raw->code;
	if (is_mld)
		put16(bytes + 4, raw->delay);
	put_group(bytes, raw);
	memset(bytes + len, 0xa5, raw->n_extra);
	len += raw->n_extra;
	if (is_mld)
		sum = add_pseudo(datagram->source, datagram->destination, len);
	sum = (uint16_t)~add_words(sum, bytes, len);
	put16(bytes + 2, raw->is_broken ? (uint16_t)(sum ^ 0x0400) : sum);
	return len;
}

static const char *get_destination(const struct raw *raw)
{
	if (raw->to)
		return raw->to;
	if (raw->group)
		return raw->group;
	return raw->family == ENGINE_IPV4 ? "224.0.0.1" : "ff02::1";
}

int older_hear_on(struct rig *rig, uint32_t ifindex, const struct raw *raw)
{
	bool is_mld = raw->family == ENGINE_IPV6;
	uint8_t bytes[BYTES_MAX];
	struct engine_datagram datagram = {
		.source = rig_addr(raw->from ? raw->from
				   : is_mld  ? "fe80::fe"
					     : "10.9.0.254"),
		.destination = rig_addr(get_destination(raw)),
		.hop_limit = raw->hop_limit ? raw->hop_limit : 1,
		.has_router_alert = !raw->is_without_alert,
		.is_own = raw->is_own,
	};
	size_t len = build(bytes, raw, &datagram);
	uint8_t *message;
	int result;

	len -= raw->n_cut;
	/* A block of its own, so that a byte read behind it is seen. */
	message = malloc(len ? len : 1);
	if (!message)
		tap_bail_out("no memory");
	memcpy(message, bytes, len);
	datagram.message = message;
	datagram.len = len;
	datagram.total_len = raw->total_len ? raw->total_len : len + (is_mld ? 48 : 24);
	result = engine_receive(rig->engine, ifindex, &datagram, rig->now);
	free(message);
	return result;
}

int older_hear(struct rig *rig, const struct raw *raw)
{
	return older_hear_on(rig, RIG_IFINDEX, raw);
}

int older_general(struct rig *rig, enum engine_family family, uint8_t version,
		  uint64_t max_response_ms)
{
	return older_specific(rig, family, version, NULL, max_response_ms);
}

int older_specific(struct rig *rig, enum engine_family family, uint8_t version,
		   const char *group, uint64_t max_response_ms)
{
	struct rig_query query = {
		.family = family,
		.version = version,
		.group = group,
		.max_response_ms = max_response_ms,
	};

	return rig_query(rig, &query);
}

struct engine_status older_status(const struct rig *rig, enum engine_family family)
{
	struct engine_status status;

	if (engine_get_status(rig->engine, RIG_IFINDEX, family, &status, rig->now) < 0)
		tap_bail_out("no status");
	return status;
}

uint8_t older_version(const struct rig *rig, enum engine_family family)
{
	return older_status(rig, family).version;
}

void older_force(struct rig *rig, enum engine_family family, uint8_t version)
{
	if (engine_force_version(rig->engine, RIG_IFINDEX, family, version, rig->now) < 0)
		tap_bail_out("version %u is not forced", version);
}

void older_tune(struct rig *rig, enum engine_tunable tunable, uint64_t value)
{
	if (engine_set_tunable(rig->engine, tunable, value, rig->now) < 0)
		tap_bail_out("tunable %d is not set", tunable);
}

uint64_t older_count(const struct rig *rig, enum engine_counter counter)
{
	return engine_get_counter(rig->engine, counter);
}

void older_filter(struct rig *rig, const char *group, const char *filter)
{
	int error = rig_set(rig, 1, group, filter);

	if (error < 0)
		tap_bail_out("%s of %s: %s", filter, group, strerror(-error));
	rig_pull(rig);
}

void spread_init(struct spread *spread, uint64_t max)
{
	*spread = (struct spread){ .max = max };
}

void spread_add(struct spread *spread, uint64_t delay)
{
	spread->n++;
	spread->has_fraction |= delay % MS != 0;
	if (delay == 0 || delay > spread->max) {
		spread->n_wrong++;
		spread->wrong = delay;
		return;
	}
	spread->quarter[(delay - 1) * 4 / spread->max]++;
}

bool spread_expect(const struct spread *spread, struct tap *tap, const char *what)
{
	bool ok = tap_expect(
		tap, spread->n_wrong == 0,
		"%s: %u of %u delays are not in (0, %" PRIu64 "] us, as %" PRIu64, what,
		spread->n_wrong, spread->n, spread->max, spread->wrong);

	for (int i = 0; i < 4; i++)
		ok &= tap_expect(tap, spread->quarter[i] > 0,
				 "%s: none of %u delays in quarter %d", what, spread->n,
				 i + 1);
	return ok;
}

void older_for_both(struct tap *tap, struct rig *rig,
		    void (*run)(const struct protocol *p, struct tap *tap,
				struct rig *rig))
{
	for (unsigned int i = 0; i < ENGINE_FAMILIES; i++) {
		older_restart(rig, tap, i + 1);
		run(&older_protocols[i], tap, rig);
	}
}

void older_expect_version(const struct protocol *p, struct tap *tap,
			  const struct rig *rig, uint8_t version, const char *when)
{
	uint8_t actual = older_version(rig, p->family);

	tap_expect(tap, actual == version, "%s, %s: version %u, not %u", p->name, when,
		   actual, version);
}

void older_settle(const struct protocol *p, struct rig *rig)
{
	older_filter(rig, p->group, "EX{}");
	rig_run(rig, 11 * SECOND);
	rig_clear(rig);
}

void older_expect_join(struct tap *tap, struct rig *rig, const char *group,
		       const char *line)
{
	rig_clear(rig);
	older_filter(rig, group, "EX{}");
	EXPECT_STEPS(tap, rig, rig->now, line, { line, 0, 0 });
	rig_clear(rig);
}

void older_ask_newest(const struct protocol *p, struct rig *rig, const char *group,
		      const char *sources)
{
	struct rig_query query = { .family = p->family,
				   .version = p->newest,
				   .group = group,
				   .sources = sources,
				   .max_response_ms = 10000 };

	if (rig_query(rig, &query))
		tap_bail_out("a query is refused");
}

void older_speak_igmp(struct rig *rig, uint8_t version)
{
	older_force(rig, ENGINE_IPV4, 2);
	if (version == 1 && older_general(rig, ENGINE_IPV4, 1, 0))
		tap_bail_out("a query is refused");
	if (older_version(rig, ENGINE_IPV4) != version)
		tap_bail_out("IGMPv%u is not spoken", version);
}

void older_settle_igmp(struct rig *rig, uint8_t version, const char *group)
{
	older_speak_igmp(rig, version);
	older_filter(rig, group, "EX{}");
	rig_run(rig, 11 * SECOND);
	rig_clear(rig);
}
