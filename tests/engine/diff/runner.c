/* SPDX-License-Identifier: BSD-2-Clause */
/* See runner.h. */
#include <stdlib.h>
#include <string.h>

#include "engine-side.h"
#include "kernel-side.h"
#include "runner.h"
#include "tap.h"

#define TICK_US     4000u /* a jiffy at 250 Hz */
#define ROUND_US    500u  /* the packets of one report come within */
#define GRACE_US    2000u
#define V1_QUERY_US 10000000u /* RFC 1112: what a version 1 host takes */
#define QUERY_US    110000u /* the shortest answer to an older query takes up to 0.1 s */
#define LOOSE_US    250000u
#define DEADLINE_US 5000000u /* a busy machine may be late */
#define SETTLE_MS   50
#define MAX_SHOWN   12u

enum phase { PHASE_FIRST, PHASE_LAST, PHASE_OVER };

struct host {
	const struct plan *plan;
	unsigned int number, wide_max;
	struct script script;
	struct script_step step;
	struct engine_side engine;
	struct normal kernel_said, engine_said;
	enum phase phase;
	bool is_torn;
	bool is_over; /* its history */
	/* us; 0: not yet */
	uint64_t burst_end, first_packet, last_call;
};

struct runner {
	uint64_t seed;
	struct kernel kernel;
	struct host hosts[KERNEL_HOSTS];
	struct runner_score scores[PLANS][SCRIPT_KINDS];
	unsigned int exceptions[EXCEPTIONS];
	unsigned int n_wrong, n_shown, n_late;
};

/* How many sources fit into a report of their own (R-FMT-10). */
static unsigned int get_wide_max(const struct script_plan *plan)
{
	if (!plan->is_wide)
		return NAMES_SOURCES;
	if (plan->family == ENGINE_IPV4)
		return (plan->mtu - 20 - 4 - 8 - 8) / 4;
	return (plan->mtu - 40 - 8 - 8 - 20) / 16;
}

static void init_host(struct host *host, const struct plan *plan, unsigned int number,
		      uint64_t *random, unsigned int percent)
{
	*host = (struct host){ .plan = plan,
			       .number = number,
			       .wide_max = get_wide_max(&plan->script),
			       .phase = PHASE_OVER };
	script_init(&host->script, &plan->script, script_draw(random));
	if (!plan->script.direct)
		host->script.n_left = (plan->script.n_steps * percent + 99) / 100;
	engine_side_init(&host->engine, &plan->script, script_draw(random));
}

struct runner *runner_new(uint64_t seed, unsigned int percent)
{
	const struct script_plan *scripts[KERNEL_HOSTS];
	struct runner *runner = calloc(1, sizeof(*runner));
	uint64_t random = seed;
	unsigned int n = 0;

	if (!runner)
		tap_bail_out("no memory");
	runner->seed = seed;
	for (unsigned int i = 0; i < PLANS; i++)
		for (unsigned int j = 0; j < plans[i].n_hosts && n < KERNEL_HOSTS; j++) {
			init_host(&runner->hosts[n], &plans[i], n, &random, percent);
			scripts[n++] = &plans[i].script;
		}
	kernel_init(&runner->kernel, scripts, n);
	return runner;
}

struct runner *runner_free(struct runner *runner)
{
	kernel_fini(&runner->kernel);
	free(runner);
	return NULL;
}

static void call(struct runner *runner, struct host *host, unsigned int i)
{
	kernel_call(&runner->kernel, host->number, &host->step.calls[i]);
	engine_side_call(&host->engine, &host->step.calls[i]);
}

static void hear(struct runner *runner, struct host *host)
{
	struct message_bytes bytes;
	uint64_t first = kernel_get_time();

	for (unsigned int i = 0; i < host->step.n_messages; i++) {
		const struct script_message *message = &host->step.messages[i];

		message_make(message, host->script.plan->family,
			     script_is_newest(&host->script), host->step.n_messages > 1,
			     &bytes);
		kernel_hear(&runner->kernel, host->number, &bytes);
		engine_side_hear(&host->engine, &bytes);
	}
	if (kernel_get_time() > first + TICK_US / 2)
		host->is_torn = true;
}

static void set_link(struct runner *runner, struct host *host)
{
	if (host->step.kind != SCRIPT_LINK)
		return;
	kernel_set_link(&runner->kernel, host->number, false);
	engine_side_set_link(&host->engine, false);
	kernel_set_link(&runner->kernel, host->number, true);
	engine_side_set_link(&host->engine, true);
}

/* What was left to do is done; now all of it is waited for. */
static void end_calls(struct runner *runner, struct host *host)
{
	if (host->step.kind == SCRIPT_OVERLAP)
		for (unsigned int i = host->step.split; i < host->step.n_calls; i++)
			call(runner, host, i);
	hear(runner, host);
	host->last_call = kernel_get_time();
	host->phase = PHASE_LAST;
	engine_side_run(&host->engine, &host->engine_said);
}

static void begin_step(struct runner *runner, struct host *host)
{
	bool is_overlap = host->step.kind == SCRIPT_OVERLAP;
	unsigned int n = is_overlap ? host->step.split : host->step.n_calls;

	normal_clear(&host->kernel_said);
	normal_clear(&host->engine_said);
	host->is_torn = false;
	host->burst_end = host->first_packet = host->last_call = 0;
	for (unsigned int i = 0; i < n; i++)
		call(runner, host, i);
	set_link(runner, host);
	host->burst_end = kernel_get_time();
	if (!is_overlap) {
		end_calls(runner, host);
		return;
	}
	engine_side_pull(&host->engine, &host->engine_said);
	host->phase = PHASE_FIRST;
}

/* Has the kernel repeated a report of an older version? */
static bool is_repeated(const struct normal *said)
{
	for (unsigned int i = 0; i < said->n; i++)
		if (said->notes[i].type == NOTE_REPORT && said->notes[i].n > 1)
			return true;
	return false;
}

/* An MLD query may be answered before the next one is heard. */
static bool is_answered_twice(const struct host *host)
{
	unsigned int n = 0;

	if (host->step.n_messages < 2 || host->script.plan->family == ENGINE_IPV4)
		return false;
	for (unsigned int i = 0; i < host->kernel_said.n; i++)
		if (host->kernel_said.notes[i].type <= NOTE_IS_EX)
			n += host->kernel_said.notes[i].n;
	return n > 1;
}

/*
 * Was the packet sent where it should not? In older versions the calls themselves send,
 * and the repetition of a report is all that can come too early.
 */
static void note_packet(struct host *host, uint64_t time)
{
	bool is_first = host->first_packet == 0;
	bool is_early = host->phase == PHASE_FIRST || time <= host->last_call + ROUND_US;

	if (is_first)
		host->first_packet = time;
	if (!script_is_newest(&host->script)) {
		if (is_early && host->step.kind == SCRIPT_OVERLAP &&
		    is_repeated(&host->kernel_said))
			host->is_torn = true;
		return;
	}
	if (is_answered_twice(host))
		host->is_torn = true;
	if (time <= host->burst_end &&
	    (host->step.n_calls > 1 || host->step.n_messages > 0))
		host->is_torn = true;
	if (is_early && !is_first && time > host->first_packet + ROUND_US &&
	    host->step.kind == SCRIPT_OVERLAP)
		host->is_torn = true;
}

static void take_packet(struct runner *runner, int ms)
{
	struct wire_packet packet;
	unsigned int number;
	uint64_t time;

	while (kernel_pop(&runner->kernel, ms, &number, &packet, &time) == 1) {
		struct host *host = &runner->hosts[number];

		runner->n_late += host->is_over;
		normal_add_packet(&host->kernel_said, &packet);
		if (host->kernel_said.n > 0)
			note_packet(host, time);
		ms = 0;
	}
}

/* Has the kernel told all groups that the engine has told? */
static bool is_first_over(const struct host *host)
{
	for (unsigned int g = 0; g < NAMES_GROUPS; g++)
		if (normal_has_group(&host->engine_said, g) &&
		    !normal_has_group(&host->kernel_said, g))
			return false;
	return true;
}

static void try_second(struct runner *runner, struct host *host, uint64_t now)
{
	bool is_late = now > host->burst_end + DEADLINE_US / 10;

	if (!is_first_over(host) && !is_late)
		return;
	end_calls(runner, host);
	if (is_late)
		host->is_torn = true;
}

static bool is_equal(const struct host *host, unsigned int group)
{
	/* Linux may tell all of it again when the carrier comes, later than the link is
	 * up (RFC 9777 5.2.13). */
	if (host->step.kind == SCRIPT_LINK && host->plan->script.family == ENGINE_IPV6)
		return normal_equal_more(&host->kernel_said, &host->engine_said, group);
	if (host->plan->script.is_wide)
		return normal_equal_wide(&host->kernel_said, &host->engine_said, group,
					 host->wide_max);
	return normal_equal(&host->kernel_said, &host->engine_said, group);
}

static struct episode get_episode(const struct host *host)
{
	return (struct episode){ &host->script, &host->step, &host->kernel_said,
				 &host->engine_said };
}

static bool is_settled(const struct host *host, uint64_t now)
{
	struct episode episode = get_episode(host);

	for (unsigned int g = 0; g < NAMES_GROUPS; g++) {
		int exception;

		if (is_equal(host, g))
			continue;
		exception = exceptions_find(&episode, g);
		if (exception < 0 ||
		    (exceptions[exception].is_loose && now < host->last_call + LOOSE_US))
			return false;
	}
	return true;
}

/* How long the kernel may take to answer. */
static uint64_t get_answer_time(const struct host *host)
{
	bool is_newest = script_is_newest(&host->script);
	uint64_t longest = 0;

	for (unsigned int i = 0; i < host->step.n_messages; i++) {
		const struct script_message *message = &host->step.messages[i];

		if (message->is_report || host->script.plan->family == ENGINE_IPV6)
			continue;
		if (message->version == 1)
			longest = V1_QUERY_US;
		else if ((message->version == 2 || !is_newest) && longest < QUERY_US)
			longest = QUERY_US;
	}
	return longest;
}

/* When it can have nothing more to say: each transmission takes two ticks. */
static uint64_t get_quiet(const struct host *host)
{
	unsigned int n = host->script.robustness > 2 ? host->script.robustness : 2;
	uint64_t quiet = (n + 1) * 2 * TICK_US + GRACE_US;
	uint64_t answer = get_answer_time(host);

	/* Linux may have another idea of it. */
	if (host->step.kind == SCRIPT_LINK ||
	    (host->script.robustness == 0 && host->script.plan->family == ENGINE_IPV6))
		return LOOSE_US;
	if (!script_is_newest(&host->script))
		quiet += KERNEL_OLDER_MS * 1000;
	if (host->step.n_messages > 1 && host->script.plan->family == ENGINE_IPV6)
		quiet += MESSAGE_MLD_MS * 1000;
	return quiet > answer || answer == V1_QUERY_US ? quiet : answer;
}

static void show(struct runner *runner, const struct host *host, unsigned int group)
{
	char step[1500], kernel[700], engine[700], merged[300] = "";
	struct script_filter filter = script_get_merged(&host->script, group);

	if (runner->n_shown++ >= MAX_SHOWN)
		return;
	script_print_step(&host->step, step, sizeof(step));
	normal_print(&host->kernel_said, group, kernel, sizeof(kernel));
	normal_print(&host->engine_said, group, engine, sizeof(engine));
	bits_print(&filter.sources, merged, sizeof(merged));
	tap_comment("%s, --seed %llu, host %u, step %u:%s", host->plan->name,
		    (unsigned long long)runner->seed, host->number,
		    host->script.n_steps - 1, step);
	tap_comment("  g%u: kernel%s; engine%s; afterwards %s%s, RV %u%s", group, kernel,
		    engine,
		    filter.mode == FILTER_NONE      ? "nothing"
		    : filter.mode == FILTER_EXCLUDE ? "EX"
						    : "IN",
		    filter.mode == FILTER_NONE ? "" : merged, host->script.robustness,
		    host->step.is_reborn[group] ? ", left EXCLUDE in between" : "");
}

static void note_strange(struct runner *runner, const struct host *host,
			 const struct normal *normal, const char *who)
{
	char step[1500];

	if (normal->n_strange == 0)
		return;
	runner->n_wrong++;
	script_print_step(&host->step, step, sizeof(step));
	tap_comment("%s, --seed %llu, host %u, step %u:%s", host->plan->name,
		    (unsigned long long)runner->seed, host->number,
		    host->script.n_steps - 1, step);
	tap_comment("  %s told %u strange things: %s", who, normal->n_strange,
		    normal->strange);
}

/* A source twice in a record. */
static void note_twice(struct runner *runner, const struct host *host)
{
	bool is_dead = false;

	for (unsigned int g = 0; g < NAMES_GROUPS; g++)
		is_dead |= host->step.is_dead[g];
	if (host->kernel_said.n_twice > 0 && is_dead)
		runner->exceptions[EXCEPTION_TWICE]++;
	else if (host->kernel_said.n_twice > 0)
		runner->n_wrong++;
	runner->n_wrong += host->engine_said.n_twice;
}

/* The verdict about a step. */
static void judge(struct runner *runner, struct host *host)
{
	struct runner_score *score = &runner->scores[host->plan - plans][host->step.kind];
	struct episode episode = get_episode(host);
	bool is_wrong = false;

	score->n_steps++;
	score->n_torn += host->is_torn;
	if (host->is_torn)
		return;
	score->n_notes += host->kernel_said.n;
	for (unsigned int g = 0; g < NAMES_GROUPS; g++) {
		int exception;

		if (is_equal(host, g))
			continue;
		exception = exceptions_find(&episode, g);
		if (exception >= 0) {
			runner->exceptions[exception]++;
			continue;
		}
		is_wrong = true;
		show(runner, host, g);
	}
	score->n_wrong += is_wrong;
	runner->n_wrong += is_wrong;
	note_twice(runner, host);
	note_strange(runner, host, &host->kernel_said, "kernel");
	note_strange(runner, host, &host->engine_said, "engine");
	if (host->engine_said.longest > host->engine.interface.mtu) {
		tap_comment("a packet of %zu bytes", host->engine_said.longest);
		runner->n_wrong++;
	}
}

/* What is wrong is wrong: with many of them a run shall end all the same. */
static uint64_t get_patience(const struct runner *runner)
{
	return runner->n_shown > MAX_SHOWN ? DEADLINE_US / 10 : DEADLINE_US;
}

static void try_end(struct runner *runner, struct host *host, uint64_t now)
{
	uint64_t quiet = host->last_call + get_quiet(host);

	if (now < quiet)
		return;
	if (now < host->last_call + get_answer_time(host) + get_patience(runner) &&
	    (host->is_torn ? now < quiet + get_quiet(host) : !is_settled(host, now)))
		return;
	judge(runner, host);
	host->phase = PHASE_OVER;
}

/* false: its history is over. */
static bool advance(struct runner *runner, struct host *host)
{
	uint64_t now = kernel_get_time();

	switch (host->phase) {
	case PHASE_FIRST:
		try_second(runner, host, now);
		break;
	case PHASE_LAST:
		try_end(runner, host, now);
		break;
	case PHASE_OVER:
		host->is_over = !script_make_step(&host->script, &host->step);
		if (!host->is_over)
			begin_step(runner, host);
		break;
	}
	return !host->is_over;
}

void runner_run(struct runner *runner)
{
	bool is_running = true;

	while (is_running) {
		is_running = false;
		for (unsigned int i = 0; i < runner->kernel.n_hosts; i++) {
			is_running |= advance(runner, &runner->hosts[i]);
			take_packet(runner, 0);
		}
		take_packet(runner, 1);
	}
	take_packet(runner, SETTLE_MS);
	if (runner->n_late > 0)
		tap_comment("%u packets behind the end", runner->n_late);
	runner->n_wrong += runner->n_late;
	if (wire_take_drops(runner->kernel.wire) > 0)
		tap_bail_out("the capture has lost packets");
}

const struct runner_score *runner_get_score(const struct runner *runner,
					    unsigned int plan, enum script_kind kind)
{
	return &runner->scores[plan][kind];
}

unsigned int runner_get_exception(const struct runner *runner, unsigned int exception)
{
	return runner->exceptions[exception];
}

unsigned int runner_count_wrong(const struct runner *runner)
{
	return runner->n_wrong;
}

size_t runner_count_leaks(struct runner *runner)
{
	size_t n = 0;

	for (unsigned int i = 0; i < runner->kernel.n_hosts; i++) {
		runner->n_wrong += runner->hosts[i].engine.n_wrong;
		n += engine_side_fini(&runner->hosts[i].engine);
	}
	return n;
}
