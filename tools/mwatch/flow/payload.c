/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * payload: sequence numbers and times in datagrams (see payload.h).
 *
 * Invariant: the sequence of a flow holds numbers of its kind only, and none while the
 * kind is unknown.
 */
#include "payload.h"

#include <string.h>

#include "rtp.h"

#define NSEC_PER_SEC 1000000000

/* After so many packets in a row that do not fit, a flow is looked at anew. */
#define MAX_MISFITS 32

/* RFC 3550 A.1 */
#define MAX_MISORDER 100

/* tools/msend/packet.h */
#define MSEND_SEQUENCE 4
#define MSEND_TIME     8
#define MSEND_SIZE     16
static const uint8_t msend_magic[MSEND_SEQUENCE] = { 'm', 's', 'n', 'd' };
static const struct flow_field msend_sequence = { .offset = MSEND_SEQUENCE, .size = 4 };
static const struct flow_field msend_time = { .offset = MSEND_TIME, .size = 8 };

/* msend asks for the time once for so many packets at most (tools/msend/batch.h). */
#define MSEND_BATCH 64

#define RTP_BITS   16
#define MSEND_BITS 32

void payload_init(struct payload *payload, const struct flow_settings *settings,
		  struct ts_pool *pool)
{
	*payload = (struct payload){ .loss = settings->loss,
				     .sequence = settings->sequence,
				     .count = settings->count,
				     .has_count = settings->has_count,
				     .rtp_clock = settings->rtp_clock,
				     .size = flow_table_get_payload_size(settings),
				     .pool = pool };
	sequence_space_init(&payload->rtp_space, RTP_BITS, false);
	sequence_space_init(&payload->msend_space, MSEND_BITS, false);
	if (settings->loss == FLOW_LOSS_FIELD)
		sequence_space_init(&payload->field_space, settings->sequence.size * 8u,
				    settings->has_count);
}

void payload_start(const struct payload *payload, struct flow *flow)
{
	static const uint8_t kinds[] = {
		[FLOW_LOSS_AUTO] = SAMPLE_NO_SEQUENCE,
		[FLOW_LOSS_RTP] = SAMPLE_RTP,
		[FLOW_LOSS_TS] = SAMPLE_NO_SEQUENCE,
		[FLOW_LOSS_MSEND] = SAMPLE_MSEND,
		[FLOW_LOSS_FIELD] = SAMPLE_FIELD,
		[FLOW_LOSS_NONE] = SAMPLE_NO_SEQUENCE,
	};

	flow->kind = kinds[payload->loss];
}

void payload_end(const struct payload *payload, struct flow_rest *rest)
{
	ts_fini(&rest->ts, payload->pool);
}

static bool read_field(const struct flow_field *field, const uint8_t *bytes, uint32_t n,
		       uint64_t *ret)
{
	uint64_t value = 0;

	if (n < field->size || n - field->size < field->offset)
		return false;
	bytes += field->offset;
	for (unsigned int i = 0; i < field->size; i++)
		value = value << 8 |
			bytes[field->is_little_endian ? field->size - 1 - i : i];
	*ret = value;
	return true;
}

static bool is_msend(const uint8_t *bytes, uint32_t n)
{
	return n >= MSEND_SIZE && memcmp(bytes, msend_magic, sizeof(msend_magic)) == 0;
}

/* msend behind an RTP header, which is of the shortest kind. */
static bool is_rtp_msend(const struct payload_bytes *datagram)
{
	struct rtp_header header;

	return rtp_parse(datagram->bytes, datagram->n, &header) &&
	       header.size == RTP_HEADER_SIZE &&
	       is_msend(datagram->bytes + header.size, datagram->n - header.size);
}

static bool has_no_sent_time(const struct flow *flow)
{
	return flow->kind == SAMPLE_NO_SEQUENCE || flow->kind == SAMPLE_FIELD;
}

/* Gaps are the only clock. */
static void count_arrival(struct flow *flow, const struct payload_bytes *datagram)
{
	if (datagram->is_first)
		return;
	if (flow->clock != FLOW_NO_CLOCK)
		jitter_count(&flow->jitter, datagram->since_ns,
			     (int64_t)flow->jitter.sent);
	flow->clock = flow->clock == FLOW_NO_CLOCK ? FLOW_STARTED : FLOW_RUNNING;
	flow->jitter.sent = datagram->since_ns;
}

/* sent_ns: from the sender's time of the packet before to that of this one. */
static void count_sent(struct flow *flow, const struct payload_bytes *datagram,
		       int64_t sent_ns)
{
	if (flow->clock != FLOW_NO_CLOCK)
		jitter_count(&flow->jitter, datagram->since_ns, sent_ns);
	flow->clock = flow->clock == FLOW_NO_CLOCK ? FLOW_STARTED : FLOW_RUNNING;
}

static void count_rtp_time(const struct payload *payload, struct flow *flow,
			   const struct payload_bytes *datagram,
			   const struct rtp_header *header)
{
	int64_t ticks = (int32_t)(header->timestamp - (uint32_t)flow->jitter.sent);
	uint32_t clock = payload->rtp_clock;

	if (!clock)
		clock = rtp_get_clock(header->payload_type);
	count_sent(flow, datagram, ticks * NSEC_PER_SEC / clock);
	flow->jitter.sent = header->timestamp;
}

/* Times and TS counters behind a jump do not go on from those before it, there and
 * back. */
static void follow(struct flow *flow, struct flow_rest *rest, bool was_jumping,
		   enum sequence_step step)
{
	if (step == SEQUENCE_RESTART) {
		flow->jitter.sum = 0;
	} else if (step != SEQUENCE_GAP && (step == SEQUENCE_JUMP || was_jumping)) {
		flow->clock = FLOW_NO_CLOCK;
		ts_forget(&rest->ts);
	}
}

/* Another SSRC is another sequence; two packets must say so, since sources may share
 * a group and port. */
static enum sequence_step count_rtp(const struct payload *payload, struct flow *flow,
				    struct flow_rest *rest,
				    const struct payload_bytes *datagram,
				    const struct rtp_header *header)
{
	struct sequence *sequence = &flow->sequence;
	bool was_jumping = sequence->is_jumping;
	enum sequence_step step;

	flow->n_proofs = 0;
	if (!sequence->is_started)
		flow->ssrc = header->ssrc;
	if (header->ssrc != flow->ssrc || sequence->is_jumping) {
		if (header->ssrc != rest->new_ssrc)
			sequence->is_jumping = false;
		rest->new_ssrc = header->ssrc;
	}
	if (header->ssrc == flow->ssrc)
		step = sequence_count(sequence, &rest->log, &payload->rtp_space,
				      header->sequence, 1);
	else
		step = sequence_count_other(sequence, &rest->log, &payload->rtp_space,
					    header->sequence);
	if (step == SEQUENCE_RESTART)
		flow->ssrc = header->ssrc;
	follow(flow, rest, was_jumping, step);
	count_rtp_time(payload, flow, datagram, header);
	return step;
}

/* Does msend begin anew with number 0, although that is near? What the network brings
 * twice has its first sending time; what was sent later was sent anew. */
static bool is_anew(const struct flow *flow, const struct flow_rest *rest,
		    const struct sequence_space *space, uint64_t number, uint64_t sent)
{
	const struct sequence *sequence = &flow->sequence;

	if (number >= sequence->next || sent < flow->jitter.sent)
		return false;
	if (sequence->is_jumping)
		return true;
	if (number != 0 || sequence->next <= 1 ||
	    !sequence_has(sequence, &rest->log, space, number))
		return false;
	return sent > flow->jitter.sent || sequence->next > MSEND_BATCH;
}

static void count_msend(const struct payload *payload, struct flow *flow,
			struct flow_rest *rest, const struct payload_bytes *datagram,
			const uint8_t *bytes)
{
	const struct sequence_space *space = &payload->msend_space;
	bool was_jumping = flow->sequence.is_jumping;
	uint64_t number = 0, sent = 0;
	enum sequence_step step;

	flow->n_proofs = 0;
	read_field(&msend_sequence, bytes, MSEND_SIZE, &number);
	read_field(&msend_time, bytes, MSEND_SIZE, &sent);
	if (is_anew(flow, rest, space, number, sent))
		step = sequence_count_other(&flow->sequence, &rest->log, space, number);
	else
		step = sequence_count(&flow->sequence, &rest->log, space, number, 1);
	follow(flow, rest, was_jumping, step);
	count_sent(flow, datagram, (int64_t)(sent - flow->jitter.sent));
	flow->jitter.sent = sent;
}

static void count_field(const struct payload *payload, struct flow *flow,
			struct flow_rest *rest, const struct payload_bytes *datagram)
{
	uint64_t number, n = 1;

	if (!read_field(&payload->sequence, datagram->bytes, datagram->n, &number))
		return;
	if (payload->has_count &&
	    !read_field(&payload->count, datagram->bytes, datagram->n, &n))
		return;
	/* No datagram holds so many: MoldUDP64 marks the end of a session so. */
	if (n > datagram->length)
		n = 0;
	sequence_count(&flow->sequence, &rest->log, &payload->field_space, number, n);
}

/* From now on numbers and times are of this kind. */
static void become(struct flow *flow, struct flow_rest *rest, enum sample_sequence kind)
{
	sequence_forget(&flow->sequence, &rest->log);
	flow->kind = kind;
	flow->n_proofs = 0;
	flow->jitter = (struct jitter){ 0 };
	flow->clock = FLOW_NO_CLOCK;
}

/* Do the numbers go on? They may come late or twice. */
static bool is_near(uint16_t before, uint16_t number, uint64_t max_ahead)
{
	return (uint16_t)(number - before) < max_ahead ||
	       (uint16_t)(before - number) <= MAX_MISORDER;
}

/* Adds a sign of RTP; true: that was enough of them. */
static bool add_proof(const struct payload *payload, struct flow *flow,
		      struct flow_rest *rest, const struct rtp_header *header)
{
	uint64_t max_ahead = payload->rtp_space.max_ahead;
	uint16_t *proofs = rest->proofs;

	if (!rtp_is_plausible(header->payload_type)) {
		flow->n_proofs = 0;
		return false;
	}
	if (flow->n_proofs &&
	    (header->ssrc != flow->ssrc ||
	     !is_near(proofs[flow->n_proofs - 1], header->sequence, max_ahead)))
		flow->n_proofs = 0;
	flow->ssrc = header->ssrc;
	proofs[flow->n_proofs++] = header->sequence;
	if (flow->n_proofs < FLOW_N_PROOFS)
		return false;
	flow->n_proofs = 0;
	/* Always the same bytes are no sequence. */
	return (uint16_t)(header->sequence - proofs[0] - 1) < FLOW_N_PROOFS * max_ahead;
}

static enum sequence_step become_proven_rtp(const struct payload *payload,
					    struct flow *flow, struct flow_rest *rest,
					    const struct payload_bytes *datagram,
					    const struct rtp_header *header)
{
	become(flow, rest, SAMPLE_RTP);
	for (int i = 0; i < FLOW_N_PROOFS - 1; i++)
		sequence_count(&flow->sequence, &rest->log, &payload->rtp_space,
			       rest->proofs[i], 1);
	return count_rtp(payload, flow, rest, datagram, header);
}

/* Something else came: if there is more of it, the flow is something else. */
static void count_misfit(struct flow *flow, struct flow_rest *rest)
{
	flow->clock = FLOW_NO_CLOCK;
	if (++flow->n_proofs == MAX_MISFITS)
		become(flow, rest, SAMPLE_NO_SEQUENCE);
}

/* The kind is unknown, or the packet does not fit it. */
static enum sequence_step look_anew(const struct payload *payload, struct flow *flow,
				    struct flow_rest *rest,
				    const struct payload_bytes *datagram)
{
	struct rtp_header header;

	if (is_msend(datagram->bytes, datagram->n)) {
		become(flow, rest, SAMPLE_MSEND);
		count_msend(payload, flow, rest, datagram, datagram->bytes);
	} else if (flow->kind != SAMPLE_RTP && is_rtp_msend(datagram)) {
		rtp_parse(datagram->bytes, datagram->n, &header);
		become(flow, rest, SAMPLE_RTP);
		return count_rtp(payload, flow, rest, datagram, &header);
	} else if (flow->kind != SAMPLE_NO_SEQUENCE) {
		count_misfit(flow, rest);
	} else if (!rtp_parse(datagram->bytes, datagram->n, &header)) {
		flow->n_proofs = 0;
	} else if (add_proof(payload, flow, rest, &header)) {
		return become_proven_rtp(payload, flow, rest, datagram, &header);
	}
	return SEQUENCE_ON;
}

static enum sequence_step count_auto(const struct payload *payload, struct flow *flow,
				     struct flow_rest *rest,
				     const struct payload_bytes *datagram)
{
	struct rtp_header header;

	if (flow->kind == SAMPLE_RTP && rtp_parse(datagram->bytes, datagram->n, &header))
		return count_rtp(payload, flow, rest, datagram, &header);
	if (flow->kind != SAMPLE_MSEND || !is_msend(datagram->bytes, datagram->n))
		return look_anew(payload, flow, rest, datagram);
	count_msend(payload, flow, rest, datagram, datagram->bytes);
	return SEQUENCE_ON;
}

static void count_forced_rtp(const struct payload *payload, struct flow *flow,
			     struct flow_rest *rest, const struct payload_bytes *datagram)
{
	struct rtp_header header;

	if (rtp_parse(datagram->bytes, datagram->n, &header))
		count_rtp(payload, flow, rest, datagram, &header);
}

static void count_forced_msend(const struct payload *payload, struct flow *flow,
			       struct flow_rest *rest,
			       const struct payload_bytes *datagram)
{
	if (is_msend(datagram->bytes, datagram->n))
		count_msend(payload, flow, rest, datagram, datagram->bytes);
	else if (is_rtp_msend(datagram))
		count_msend(payload, flow, rest, datagram,
			    datagram->bytes + RTP_HEADER_SIZE);
}

/* Where TS packets would begin: they fill the datagram, or stand behind an RTP header
 * (RFC 2250 2). UINT32_MAX: that was not captured. */
static uint32_t find_ts(const struct payload_bytes *datagram)
{
	struct rtp_header header;

	if (!rtp_parse(datagram->bytes, datagram->n, &header))
		return 0;
	return header.size ? header.size : UINT32_MAX;
}

/* What RTP says about the order tells what the counters cannot. */
static void count_ts_stream(const struct payload *payload, struct flow_rest *rest,
			    const uint8_t *bytes, uint32_t n, enum sequence_step step)
{
	if (step == SEQUENCE_BACK)
		return;
	if (step == SEQUENCE_LATE) {
		ts_count_late(&rest->ts, bytes, n);
		return;
	}
	if (step == SEQUENCE_OVER)
		ts_expect_gap(&rest->ts);
	ts_count(&rest->ts, payload->pool, bytes, n);
	/* Who says that it is TS is believed. */
	if (payload->loss == FLOW_LOSS_TS)
		rest->ts.is_proven |= rest->ts.packets > 1;
}

static void count_ts(const struct payload *payload, struct flow *flow,
		     struct flow_rest *rest, const struct payload_bytes *datagram,
		     enum sequence_step step)
{
	uint32_t at = find_ts(datagram);
	bool has_sync = at < datagram->n && datagram->bytes[at] == TS_SYNC_BYTE;
	bool is_cut = datagram->n < datagram->length;

	/* The rest of a flow is elsewhere in memory. */
	if (!flow->is_ts && (!has_sync || is_cut))
		return;
	if (is_cut && (has_sync || at == UINT32_MAX)) {
		ts_forget(&rest->ts);
	} else if (has_sync && ts_is_stream(datagram->bytes + at, datagram->n - at)) {
		flow->is_ts = true;
		count_ts_stream(payload, rest, datagram->bytes + at, datagram->n - at,
				step);
	} else if (flow->is_ts) {
		flow->is_ts = ts_count_misfit(&rest->ts, payload->pool);
	}
}

static const struct sequence_space *get_space(const struct payload *payload,
					      const struct flow *flow)
{
	switch (flow->kind) {
	case SAMPLE_RTP:
		return &payload->rtp_space;
	case SAMPLE_MSEND:
		return &payload->msend_space;
	default:
		return &payload->field_space;
	}
}

void payload_count(const struct payload *payload, struct flow *flow,
		   struct flow_rest *rest, const struct payload_bytes *datagram)
{
	switch (payload->loss) {
	case FLOW_LOSS_AUTO:
		count_ts(payload, flow, rest, datagram,
			 count_auto(payload, flow, rest, datagram));
		break;
	case FLOW_LOSS_RTP:
		count_forced_rtp(payload, flow, rest, datagram);
		break;
	case FLOW_LOSS_TS:
		count_ts(payload, flow, rest, datagram, SEQUENCE_ON);
		break;
	case FLOW_LOSS_MSEND:
		count_forced_msend(payload, flow, rest, datagram);
		break;
	case FLOW_LOSS_FIELD:
		count_field(payload, flow, rest, datagram);
		break;
	case FLOW_LOSS_NONE:
		break;
	}
	if (has_no_sent_time(flow))
		count_arrival(flow, datagram);
}

void payload_count_unseen(const struct payload *payload, struct flow *flow,
			  struct flow_rest *rest, const struct payload_bytes *datagram)
{
	struct sequence *sequence = &flow->sequence;

	if (flow->is_ts)
		ts_forget(&rest->ts);
	if (has_no_sent_time(flow))
		count_arrival(flow, datagram);
	else
		flow->clock = FLOW_NO_CLOCK;
	if (!sequence->is_started)
		return;
	if (payload->has_count)
		sequence_skip(sequence);
	else
		sequence_count(sequence, &rest->log, get_space(payload, flow),
			       sequence->next, 1);
}

bool payload_has_ts(const struct flow_rest *rest)
{
	return rest->ts.is_proven && !rest->ts.is_overflown;
}

enum sample_sequence payload_get_sequence(const struct flow *flow,
					  const struct flow_rest *rest)
{
	if (flow->kind == SAMPLE_NO_SEQUENCE && payload_has_ts(rest))
		return SAMPLE_TS;
	return rest->log.is_known ? flow->kind : SAMPLE_NO_SEQUENCE;
}

enum sample_clock payload_get_clock(const struct flow *flow)
{
	if (flow->clock != FLOW_RUNNING)
		return SAMPLE_NO_JITTER;
	if (flow->kind == SAMPLE_RTP)
		return SAMPLE_RTP_CLOCK;
	return flow->kind == SAMPLE_MSEND ? SAMPLE_MSEND_CLOCK : SAMPLE_ARRIVAL;
}

uint32_t flow_table_get_payload_size(const struct flow_settings *settings)
{
	uint32_t size, count;

	switch (settings->loss) {
	case FLOW_LOSS_TS:
		return UINT32_MAX;
	case FLOW_LOSS_RTP:
		return RTP_HEADER_SIZE;
	case FLOW_LOSS_AUTO:
	case FLOW_LOSS_MSEND:
		return RTP_HEADER_SIZE + MSEND_SIZE;
	case FLOW_LOSS_FIELD:
		size = settings->sequence.offset + settings->sequence.size;
		count = settings->has_count
				? settings->count.offset + settings->count.size
				: 0;
		return size > count ? size : count;
	case FLOW_LOSS_NONE:
		break;
	}
	return 0;
}
