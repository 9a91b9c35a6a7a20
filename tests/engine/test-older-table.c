/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The transition tables of the older versions, every state by every event: IGMPv2 beside
 * an IGMPv2 and beside an IGMPv1 querier (five states), and MLDv1 (RFC 2710 5).
 *
 * The states are reached, and told from each other, by what is heard and joined alone: a
 * history leads to the state, the event comes, and three probes follow, each in a run of
 * its own that repeats all random numbers: nothing, a leave, and two queries. LAZY and
 * AWAKENING do not differ in anything that can be seen. What a timer would have done
 * without the event is known from a fourth run.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "older.h"

#define N_SEEDS    16
#define STATES_MAX 5
#define WAYS_MAX   4
#define PAUSE      (11 * SECOND) /* longer than any delay here */

/* What becomes of the timer. */
enum timing {
	NONE,  /* it does not run: nothing is sent */
	KEEP,  /* as if the event had not come */
	FRESH, /* random in (0, max] of the event */
	LOWER, /* kept when that is not above max, else fresh */
	ONCE,  /* sent at once */
};

struct cell {
	uint8_t next;
	enum timing timing;
};

/*
 * Histories and events are words of these letters: J joins, L leaves, . is a pause; r
 * or 1 and 2 are reports of others (MLDv1, IGMPv1, IGMPv2), i the own one looped back,
 * d a leave or Done of another; Q is an IGMPv1 query; q, s and z are General Queries of
 * IGMPv2 or MLDv1 with 10 s, 1 s, and without any time to respond; g is one for the
 * group (1 s), o for another group; n, c and N are those of the newest version, General
 * (10 s, and code 0) and for the group (1 s).
 */
struct event {
	const char *name, *rows;
	char letter;
	uint64_t max;             /* us */
	uint8_t version;          /* that is spoken then; 0: the same */
	const struct cell *cells; /* by the state */
};

struct state {
	const char *name;
	const char *ways[WAYS_MAX];
	bool is_leaving;  /* says so when it leaves */
	bool is_asleep;   /* does not answer the next query */
	bool is_delaying; /* its timer runs */
};

struct machine {
	const char *name;
	enum engine_family family;
	uint8_t version, older;
	const char *group, *other;
	const struct state *states;
	uint8_t n_states;
	const struct event *events[2];
	size_t n_events[2];
};

enum { DELAYING, IDLE, LAZY, SLEEPING, AWAKENING };

static const struct state v2_states[] = {
	[DELAYING] = { "DELAYING",
		       { "J", "J.q", "J2q", "J1qq" },
		       .is_leaving = true,
		       .is_delaying = true },
	[IDLE] = { "IDLE", { "J.", "J.q.", "J2s.", "J1qg." }, .is_leaving = true },
	[LAZY] = { "LAZY", { "J2", "J.2", "J.q2", "J1q2" } },
	[SLEEPING] = { "SLEEPING", { "J1", "J.1", "J21", "J.q12" }, .is_asleep = true },
	[AWAKENING] = { "AWAKENING", { "J1q", "J.1g", "J.1q.", "J21s" } },
};

/* Beside an IGMPv1 router nobody would hear that somebody leaves. */
static const struct state v1_states[] = {
	[DELAYING] = { "DELAYING", { "J", "J.Q", "J2Q", "J.1Q" }, .is_delaying = true },
	[IDLE] = { "IDLE", { "J.", "J.Q.", "J1Q.", "J.1Q." } },
	[LAZY] = { "LAZY", { "J1", "J2", "J.2", "J.Q1" } },
	[SLEEPING] = { "SLEEPING",
		       { "J.1", "J11", "J21", "J.Q12.1" },
		       .is_asleep = true },
	[AWAKENING] = { "AWAKENING", { "J.1q", "J11g", "J21q.", "J.1s" } },
};

/*
 * The columns of the table
 */

static const struct cell unchanged[] = {
	[DELAYING] = { DELAYING, KEEP },   [IDLE] = { IDLE, KEEP },
	[LAZY] = { LAZY, KEEP },           [SLEEPING] = { SLEEPING, KEEP },
	[AWAKENING] = { AWAKENING, KEEP },
};

static const struct cell asked[] = {
	[DELAYING] = { DELAYING, LOWER },  [IDLE] = { DELAYING, FRESH },
	[LAZY] = { DELAYING, FRESH },      [SLEEPING] = { AWAKENING, NONE },
	[AWAKENING] = { DELAYING, FRESH },
};

static const struct cell heard_v2[] = {
	[DELAYING] = { LAZY, NONE },  [IDLE] = { LAZY, NONE },
	[LAZY] = { LAZY, NONE },      [SLEEPING] = { SLEEPING, NONE },
	[AWAKENING] = { LAZY, NONE },
};

static const struct cell heard_v1[] = {
	[DELAYING] = { SLEEPING, NONE },  [IDLE] = { SLEEPING, NONE },
	[LAZY] = { SLEEPING, NONE },      [SLEEPING] = { SLEEPING, NONE },
	[AWAKENING] = { SLEEPING, NONE },
};

/* Beside an IGMPv1 router. */
static const struct cell heard_v1_at_v1[] = {
	[DELAYING] = { LAZY, NONE },      [IDLE] = { SLEEPING, NONE },
	[LAZY] = { SLEEPING, NONE },      [SLEEPING] = { SLEEPING, NONE },
	[AWAKENING] = { SLEEPING, NONE },
};

static const struct cell asked_v1[] = {
	[DELAYING] = { DELAYING, KEEP },   [IDLE] = { DELAYING, FRESH },
	[LAZY] = { DELAYING, FRESH },      [SLEEPING] = { DELAYING, FRESH },
	[AWAKENING] = { DELAYING, FRESH },
};

/* Not "same" where a timer runs: the mode changes, and that comes first (R-CMP-3,
 * R-CMP-8). */
static const struct cell turned_v1[] = {
	[DELAYING] = { DELAYING, FRESH },  [IDLE] = { DELAYING, FRESH },
	[LAZY] = { DELAYING, FRESH },      [SLEEPING] = { DELAYING, FRESH },
	[AWAKENING] = { DELAYING, FRESH },
};

static const struct cell expired[] = {
	[DELAYING] = { IDLE, KEEP },       [IDLE] = { IDLE, KEEP },
	[LAZY] = { LAZY, KEEP },           [SLEEPING] = { SLEEPING, KEEP },
	[AWAKENING] = { AWAKENING, KEEP },
};

static const struct cell left[STATES_MAX] = { { 0 } };

static const struct event igmp_events[] = {
	{ "an IGMPv2 General Query of 10 s", "[S-IGMP-20, R-V2-3]", 'q', 10 * SECOND, 0,
	  asked },
	{ "an IGMPv2 General Query of 1 s", "[S-IGMP-20, R-V2-3]", 's', SECOND, 0,
	  asked },
	{ "an IGMPv2 query for the group", "[S-IGMP-19, S-IGMP-20]", 'g', SECOND, 0,
	  asked },
	{ "an IGMPv2 query for another group", "[S-IGMP-19]", 'o', SECOND, 0, unchanged },
	{ "an IGMPv3 General Query", "[R-CMP-9, S-V3-19]", 'n', 10 * SECOND, 0, asked },
	/* Its first 8 bytes are a query of IGMPv1, which sets no mode here. */
	{ "an IGMPv3 General Query with code 0", "[R-CMP-9, S-V3-19]", 'c', 10 * SECOND,
	  0, asked_v1 },
	{ "an IGMPv3 query for the group", "[R-CMP-9, S-V3-19]", 'N', SECOND, 0, asked },
	{ "an IGMPv2 report", "[S-IGMP-27, R-V2-4]", '2', 0, 0, heard_v2 },
	{ "the own report looped back", "[S-IGMP-28, S-IGMP-38]", 'i', 0, 0, unchanged },
	{ "a Leave of another host", "[S-IGMP-9, R-FMT-11]", 'd', 0, 0, unchanged },
	{ "the timer's expiry", "[S-IGMP-35]", '.', 0, 0, expired },
	{ "a leave", "[S-IGMP-32, R-V2-5]", 'L', 0, 0, left },
};

static const struct event v2_events[] = {
	{ "an IGMPv1 query", "[S-IGMP-16, R-CMP-8]", 'Q', 10 * SECOND, 1, turned_v1 },
	{ "an IGMPv1 report", "[S-IGMP-26, R-V2-4]", '1', 0, 0, heard_v1 },
};

static const struct event v1_events[] = {
	{ "an IGMPv1 query", "[S-IGMP-16, R-V1-2]", 'Q', 10 * SECOND, 0, asked_v1 },
	{ "an IGMPv1 report", "[S-IGMP-26, R-V1-1]", '1', 0, 0, heard_v1_at_v1 },
};

/* Delaying and idle listeners, which have or have not reported last. */
enum { DELAYING_LAST, DELAYING_OTHER, IDLE_LAST, IDLE_OTHER };

static const struct state mld_states[] = {
	[DELAYING_LAST] = { "Delaying, reported last",
			    { "J", "J.q", "J.s" },
			    .is_leaving = true,
			    .is_delaying = true },
	[DELAYING_OTHER] = { "Delaying, another reported last",
			     { "Jrq", "J.rq", "J.qrg" },
			     .is_delaying = true },
	[IDLE_LAST] = { "Idle, reported last",
			{ "J.", "J.q.", "Jz", "J.rz" },
			.is_leaving = true },
	[IDLE_OTHER] = { "Idle, another reported last", { "Jr", "J.r", "J.qr.", "Jzr" } },
};

static const struct cell mld_unchanged[] = {
	[DELAYING_LAST] = { DELAYING_LAST, KEEP },
	[DELAYING_OTHER] = { DELAYING_OTHER, KEEP },
	[IDLE_LAST] = { IDLE_LAST, KEEP },
	[IDLE_OTHER] = { IDLE_OTHER, KEEP },
};

/* S-MLD-29: who has reported last is not touched. */
static const struct cell mld_asked[] = {
	[DELAYING_LAST] = { DELAYING_LAST, LOWER },
	[DELAYING_OTHER] = { DELAYING_OTHER, LOWER },
	[IDLE_LAST] = { DELAYING_LAST, FRESH },
	[IDLE_OTHER] = { DELAYING_OTHER, FRESH },
};

static const struct cell mld_asked_now[] = {
	[DELAYING_LAST] = { IDLE_LAST, ONCE },
	[DELAYING_OTHER] = { IDLE_LAST, ONCE },
	[IDLE_LAST] = { IDLE_LAST, ONCE },
	[IDLE_OTHER] = { IDLE_LAST, ONCE },
};

static const struct cell mld_heard[] = {
	[DELAYING_LAST] = { IDLE_OTHER, NONE },
	[DELAYING_OTHER] = { IDLE_OTHER, NONE },
	[IDLE_LAST] = { IDLE_OTHER, NONE },
	[IDLE_OTHER] = { IDLE_OTHER, NONE },
};

static const struct cell mld_expired[] = {
	[DELAYING_LAST] = { IDLE_LAST, KEEP },
	[DELAYING_OTHER] = { IDLE_LAST, KEEP },
	[IDLE_LAST] = { IDLE_LAST, KEEP },
	[IDLE_OTHER] = { IDLE_OTHER, KEEP },
};

static const struct event mld_events[] = {
	{ "a General Query of 10 s", "[S-MLD-17, S-MLD-29, R-M1-2]", 'q', 10 * SECOND, 0,
	  mld_asked },
	{ "a General Query of 1 s", "[S-MLD-17, S-MLD-29, R-M1-2]", 's', SECOND, 0,
	  mld_asked },
	{ "a query for the address", "[S-MLD-15, S-MLD-17]", 'g', SECOND, 0, mld_asked },
	{ "a query for another address", "[S-MLD-15]", 'o', SECOND, 0, mld_unchanged },
	{ "a query without a delay", "[S-MLD-16, R-M1-6]", 'z', 0, 0, mld_asked_now },
	{ "an MLDv2 General Query", "[R-CMP-9, S-MLD-10]", 'n', 10 * SECOND, 0,
	  mld_asked },
	{ "an MLDv2 query for the address", "[R-CMP-9, S-MLD-10]", 'N', SECOND, 0,
	  mld_asked },
	{ "a Report", "[S-MLD-18, S-MLD-29]", 'r', 0, 0, mld_heard },
	{ "the own Report looped back", "[S-MLD-18, S-MLD-24]", 'i', 0, 0,
	  mld_unchanged },
	{ "a Done of another listener", "[S-MLD-19, R-FMT-11]", 'd', 0, 0,
	  mld_unchanged },
	{ "the timer's expiry", "[S-MLD-20, S-MLD-28]", '.', 0, 0, mld_expired },
	{ "a stop", "[S-MLD-6, S-MLD-30, R-M1-2]", 'L', 0, 0, left },
};

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

static const struct machine machines[] = {
	{ "IGMPv2",
	  ENGINE_IPV4,
	  2,
	  2,
	  "239.1.1.1",
	  "239.1.1.9",
	  v2_states,
	  COUNT(v2_states),
	  { igmp_events, v2_events },
	  { COUNT(igmp_events), COUNT(v2_events) } },
	{ "IGMPv1",
	  ENGINE_IPV4,
	  1,
	  2,
	  "239.1.1.1",
	  "239.1.1.9",
	  v1_states,
	  COUNT(v1_states),
	  { igmp_events, v1_events },
	  { COUNT(igmp_events), COUNT(v1_events) } },
	{ "MLDv1",
	  ENGINE_IPV6,
	  1,
	  1,
	  "ff15::1",
	  "ff15::9",
	  mld_states,
	  COUNT(mld_states),
	  { mld_events },
	  { COUNT(mld_events) } },
};

/*
 * Playing
 */

static void ask(const struct machine *machine, struct rig *rig, uint8_t version,
		const char *group, uint64_t ms)
{
	if (older_specific(rig, machine->family, version, group, ms))
		tap_bail_out("a query of version %u is refused", version);
}

static void hear(const struct machine *machine, struct rig *rig, char letter)
{
	bool is_mld = machine->family == ENGINE_IPV6;
	struct raw raw = { .family = machine->family, .group = machine->group };

	if (letter == 'd') {
		raw.type = is_mld ? RAW_MLD_DONE : RAW_LEAVE;
		raw.to = is_mld ? "ff02::2" : "224.0.0.2";
	} else {
		raw.type = is_mld ? RAW_MLD_REPORT : RAW_V2_REPORT;
		raw.from = is_mld ? "fe80::1" : "10.9.0.1";
		raw.is_own = true;
	}
	if (older_hear(rig, &raw))
		tap_bail_out("%c is refused", letter);
}

static void change(const struct machine *machine, struct rig *rig, const char *filter)
{
	older_filter(rig, machine->group, filter);
}

static void play_query(const struct machine *machine, struct rig *rig, char letter)
{
	uint8_t newest = machine->family == ENGINE_IPV4 ? 3 : 2;

	switch (letter) {
	case 'Q':
		ask(machine, rig, 1, NULL, 10000);
		break;
	case 'q':
		ask(machine, rig, machine->older, NULL, 10000);
		break;
	case 's':
		ask(machine, rig, machine->older, NULL, 1000);
		break;
	case 'z':
		ask(machine, rig, machine->older, NULL, 0);
		break;
	case 'g':
		ask(machine, rig, machine->older, machine->group, 1000);
		break;
	case 'o':
		ask(machine, rig, machine->older, machine->other, 1000);
		break;
	case 'c':
		ask(machine, rig, newest, NULL, 0);
		break;
	case 'n':
		ask(machine, rig, newest, NULL, 10000);
		break;
	case 'N':
		ask(machine, rig, newest, machine->group, 1000);
		break;
	default:
		tap_bail_out("no letter '%c'", letter);
	}
}

static void play_letter(const struct machine *machine, struct rig *rig, char letter)
{
	int error = 0;

	switch (letter) {
	case 'J':
		change(machine, rig, "EX{}");
		break;
	case 'L':
		change(machine, rig, "NONE");
		break;
	case '.':
		rig_run(rig, PAUSE);
		break;
	case '1':
	case '2':
		error = rig_report(rig, machine->family, letter == '1' ? 1 : 2,
				   machine->group);
		break;
	case 'r':
		error = rig_report(rig, machine->family, 1, machine->group);
		break;
	case 'd':
	case 'i':
		hear(machine, rig, letter);
		break;
	default:
		play_query(machine, rig, letter);
	}
	if (error)
		tap_bail_out("a report is refused");
	rig_pull(rig);
}

static void play(const struct machine *machine, struct rig *rig, const char *letters)
{
	for (; *letters; letters++)
		play_letter(machine, rig, *letters);
}

/* Forced to the version, or by a querier, or by one of IGMPv1 beside a forced IGMPv2. */
static void enter(const struct machine *machine, struct rig *rig, unsigned int way)
{
	if (way % 3 == 0)
		older_force(rig, machine->family, machine->version);
	if (way % 3 == 1 && machine->family == ENGINE_IPV4)
		older_force(rig, machine->family, 2);
	if (way % 3)
		ask(machine, rig, machine->version, NULL, 10000);
	if (older_version(rig, machine->family) != machine->version)
		tap_bail_out("%s is not spoken", machine->name);
}

/* One run to the state, from the instant of which its lines count. */
struct run {
	const struct machine *machine;
	const struct state *state;
	const struct event *event;
	const char *way;
	unsigned int seed;
	uint64_t origin;
};

static void begin(struct run *run, struct rig *rig)
{
	rig_init(rig, run->seed);
	rig->room = ENGINE_BUFFER_MIN; /* older messages are small */
	enter(run->machine, rig, run->seed);
	play(run->machine, rig, run->way);
	/* Somewhere on the timer's way. */
	rig_run(rig, run->seed % 4 * 150 * MS);
	rig_clear(rig);
	run->origin = rig->now;
}

/* When the timer expires without the event, us behind the origin; 0: it does not run. */
static uint64_t find_expiry(struct run *run, struct tap *tap)
{
	struct rig rig;
	uint64_t when = 0;

	begin(run, &rig);
	rig_run(&rig, PAUSE);
	tap_expect(tap, rig.n_lines <= 1, "%zu lines without an event", rig.n_lines);
	if (rig.n_lines)
		when = rig.lines[0].when - run->origin;
	rig_fini(&rig, tap);
	return when;
}

/*
 * Expecting
 */

struct expected {
	char report[64], leave[64];
	struct step steps[8];
	size_t n_steps;
};

static void add(struct expected *expected, const char *text, uint64_t after,
		uint64_t until)
{
	expected->steps[expected->n_steps++] = (struct step){ text, after, until };
}

static void expected_init(struct expected *expected, const struct run *run)
{
	const struct machine *machine = run->machine;
	bool is_mld = machine->family == ENGINE_IPV6;
	unsigned int version = run->event->version ? run->event->version
						   : machine->version;

	expected->n_steps = 0;
	snprintf(expected->report, sizeof(expected->report), "%s%u REPORT(%s)",
		 is_mld ? "mld" : "v", version, machine->group);
	snprintf(expected->leave, sizeof(expected->leave), "%s%u %s(%s)",
		 is_mld ? "mld" : "v", version, is_mld ? "DONE" : "LEAVE",
		 machine->group);
}

static const struct cell *get_cell(const struct run *run)
{
	return &run->event->cells[run->state - run->machine->states];
}

/* The report that the event leaves pending. Returns whether it is a fresh one. */
static bool add_pending(struct expected *expected, const struct run *run, uint64_t expiry)
{
	uint64_t max = run->event->max;
	enum timing timing = get_cell(run)->timing;

	if (timing == LOWER)
		timing = expiry <= max ? KEEP : FRESH;
	if (timing == ONCE)
		add(expected, expected->report, 0, 0);
	if (timing == KEEP && expiry)
		add(expected, expected->report, expiry, expiry);
	if (timing == FRESH)
		add(expected, expected->report, 0, max);
	return timing == FRESH;
}

static const struct state *get_next(const struct run *run)
{
	return &run->machine->states[get_cell(run)->next];
}

/* Nobody is there any more behind a leave. */
static bool is_leave(const struct run *run)
{
	return run->event->letter == 'L';
}

static bool is_pause(const struct run *run)
{
	return run->event->letter == '.';
}

static bool is_heard(const struct run *run, const struct state *state)
{
	bool speaks_leaves = run->machine->family == ENGINE_IPV6 ||
			     (run->machine->version == 2 && !run->event->version);

	return speaks_leaves && state->is_leaving;
}

static void expect(const struct run *run, struct tap *tap, const struct rig *rig,
		   const struct expected *expected, const char *probe)
{
	char what[128];

	snprintf(what, sizeof(what), "seed %u, %s, %s, then %s", run->seed, run->way,
		 run->event->name, probe);
	older_expect(tap, rig, run->origin, expected->steps, expected->n_steps, what);
}

/*
 * Probes
 */

static void probe_nothing(struct run *run, struct tap *tap, uint64_t expiry,
			  struct spread *spread)
{
	struct expected expected;
	struct rig rig;

	begin(run, &rig);
	play_letter(run->machine, &rig, run->event->letter);
	rig_run(&rig, 5 * PAUSE);
	expected_init(&expected, run);
	if (is_leave(run) && is_heard(run, run->state))
		add(&expected, expected.leave, 0, 0);
	if (add_pending(&expected, run, expiry) && rig.n_lines)
		spread_add(spread, rig.lines[0].when - run->origin);
	expect(run, tap, &rig, &expected, "nothing");
	rig_fini(&rig, tap);
}

static void probe_leave(struct run *run, struct tap *tap, uint64_t expiry)
{
	uint64_t when = is_pause(run) ? PAUSE : 0;
	enum timing timing = get_cell(run)->timing;
	struct expected expected;
	struct rig rig;

	begin(run, &rig);
	play_letter(run->machine, &rig, run->event->letter);
	play(run->machine, &rig, "L.....");
	expected_init(&expected, run);
	if (is_pause(run) || timing == ONCE)
		add_pending(&expected, run, expiry);
	if (is_heard(run, get_next(run)))
		add(&expected, expected.leave, when, when);
	expect(run, tap, &rig, &expected, "a leave");
	rig_fini(&rig, tap);
}

/* Two queries of 10 s, each behind a pause. */
static void probe_queries(struct run *run, struct tap *tap, uint64_t expiry)
{
	uint64_t when = is_pause(run) ? 2 * PAUSE : PAUSE;
	struct expected expected;
	struct rig rig;

	begin(run, &rig);
	play_letter(run->machine, &rig, run->event->letter);
	play(run->machine, &rig, ".q.q.");
	expected_init(&expected, run);
	if (is_leave(run) && is_heard(run, run->state))
		add(&expected, expected.leave, 0, 0);
	add_pending(&expected, run, expiry);
	if (!is_leave(run) && !get_next(run)->is_asleep)
		add(&expected, expected.report, when, when + 10 * SECOND);
	if (!is_leave(run))
		add(&expected, expected.report, when + PAUSE, when + PAUSE + 10 * SECOND);
	expect(run, tap, &rig, &expected, "two queries");
	rig_fini(&rig, tap);
}

/* Where the timer was so short that it has expired already the state is another one. */
static bool test_seed(struct run *run, struct tap *tap, struct spread *spread)
{
	uint64_t expiry = find_expiry(run, tap);

	if (run->state->is_delaying && !expiry)
		return false;
	tap_expect(tap, run->state->is_delaying || !expiry, "%s: a timer runs", run->way);
	probe_nothing(run, tap, expiry, spread);
	if (!is_leave(run))
		probe_leave(run, tap, expiry);
	probe_queries(run, tap, expiry);
	return true;
}

static void test_way(struct run *run, struct tap *tap, struct spread *spread)
{
	unsigned int n = 0;

	for (run->seed = 1; run->seed <= N_SEEDS && !tap->n_surprises; run->seed++)
		n += test_seed(run, tap, spread);
	tap_expect(tap, tap->n_surprises || n > N_SEEDS / 2, "%s: in %u seeds only",
		   run->way, n);
}

static void test_cell(const struct machine *machine, const struct event *event,
		      const struct state *state, struct tap *tap)
{
	struct run run = { .machine = machine, .state = state, .event = event };
	struct spread spread;

	spread_init(&spread, event->max);
	for (int i = 0; i < WAYS_MAX && state->ways[i]; i++) {
		run.way = state->ways[i];
		test_way(&run, tap, &spread);
	}
	if (spread.n >= N_SEEDS)
		spread_expect(&spread, tap, "fresh delays");
	if (is_leave(&run))
		tap_end(tap, "%s: %s, %s: it %s %s", machine->name, state->name,
			event->name, is_heard(&run, state) ? "says so" : "is silent",
			event->rows);
	else
		tap_end(tap, "%s: %s, %s: %s %s", machine->name, state->name, event->name,
			get_next(&run)->name, event->rows);
}

static void test_machine(const struct machine *machine, const struct event *event,
			 struct tap *tap)
{
	for (uint8_t i = 0; i < machine->n_states; i++)
		test_cell(machine, event, &machine->states[i], tap);
}

int main(void)
{
	struct tap tap = { 0 };

	for (size_t i = 0; i < COUNT(machines); i++)
		for (int j = 0; j < 2; j++)
			for (size_t k = 0; k < machines[i].n_events[j]; k++)
				test_machine(&machines[i], &machines[i].events[j][k],
					     &tap);
	return tap_finish(&tap);
}
