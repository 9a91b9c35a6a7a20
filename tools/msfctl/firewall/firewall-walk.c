/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Chains and verdicts (see firewall-walk.h), as nft_do_chain() of the kernel: a
 * verdict ends the base chain, "return" and the end of a chain go back to the caller,
 * "goto" leaves nothing to come back to, and behind a base chain stands its policy.
 *
 * Invariant: each way that the packet may take ends in record_accept() or
 * record_drop(); a flow with a doubt is one of several.
 */
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "firewall-walk.h"

#define DEPTH_MAX 16 /* of jumps: NFT_JUMP_STACK_SIZE of the kernel */

/* The packet at some place, if it may come there. */
struct flow {
	bool is_alive;
	struct walk_doubt doubt;
	struct field_state state;
};

/* One rule at work. */
struct step {
	struct walk *walk;
	struct match *match;
	const json_t *rule;
	unsigned int depth;
	bool is_last;          /* statement of its rule */
	struct flow *here;     /* the rule has matched so far */
	struct flow *passed;   /* it has not: on to the next rule */
	struct flow *returned; /* back to the caller */
};

static void walk_chain(struct walk *walk, const json_t *rules, struct flow *flow,
		       unsigned int depth);

static void record_accept(struct walk *walk, const struct flow *flow)
{
	if (walk->may_accept)
		field_join(&walk->accepted, &flow->state);
	else
		walk->accepted = flow->state;
	walk->may_accept = true;
	walk->n_ends++;
}

static void record_drop(struct walk *walk, const struct flow *flow, const json_t *object)
{
	if (!walk->may_drop)
		walk->maybe = flow->doubt;
	if (!walk->may_drop && !walk->maybe.object)
		walk->maybe.object = object;
	walk->may_drop = true;
	walk->dropped_by = object;
	walk->n_ends++;
}

static void doubt(struct flow *flow, const json_t *rule, const char *why)
{
	if (flow->doubt.object)
		return;
	flow->doubt.object = rule;
	snprintf(flow->doubt.why, sizeof(flow->doubt.why), "%s", why);
}

static void join(struct flow *flow, const struct flow *other)
{
	if (!other->is_alive)
		return;
	if (!flow->is_alive) {
		*flow = *other;
		return;
	}
	field_join(&flow->state, &other->state);
	if (!flow->doubt.object)
		flow->doubt = other->doubt;
}

/* The packet may be one that the rule does not match: it goes on there too. */
static void fork_passed(struct step *step)
{
	doubt(step->here, step->rule, step->match->why);
	join(step->passed, step->here);
}

static void stop(struct step *step)
{
	join(step->passed, step->here);
	step->here->is_alive = false;
}

static void apply_truth(struct step *step, enum truth truth)
{
	if (truth == TRUTH_NO)
		stop(step);
	else if (truth == TRUTH_UNKNOWN)
		fork_passed(step);
}

/* Whatever may come of it. */
static void give_up(struct step *step, const char *why)
{
	doubt(step->here, step->rule, why);
	record_drop(step->walk, step->here, step->rule);
	record_accept(step->walk, step->here);
}

static void run_match(struct step *step, const json_t *statement)
{
	apply_truth(step, match_test(step->match, json_object_get(statement, "match")));
}

static void run_nothing(struct step *step, const json_t *statement)
{
	(void)step;
	(void)statement;
}

static void run_accept(struct step *step, const json_t *statement)
{
	(void)statement;
	record_accept(step->walk, step->here);
	step->here->is_alive = false;
}

static void run_drop(struct step *step, const json_t *statement)
{
	(void)statement;
	record_drop(step->walk, step->here, step->rule);
	step->here->is_alive = false;
}

/* "reject with icmp ..." is a rule for IPv4 alone, and so on: the listing does not
 * repeat it. */
static void run_reject(struct step *step, const json_t *statement)
{
	const char *type = json_string_value(
		json_object_get(json_object_get(statement, "reject"), "type"));
	const struct field_state *state = &step->here->state;

	if (type && ((!strcmp(type, "icmp") && state->family != AF_INET) ||
		     (!strcmp(type, "icmpv6") && state->family != AF_INET6) ||
		     (!strcmp(type, "tcp reset") && state->protocol != IPPROTO_TCP)))
		stop(step);
	else
		run_drop(step, statement);
}

static void run_queue(struct step *step, const json_t *statement)
{
	match_explain(step->match, statement);
	give_up(step, step->match->why);
	step->here->is_alive = false;
}

/* Accepts, but for another destination. */
static void run_nat(struct step *step, const json_t *statement)
{
	(void)statement;
	give_up(step, "it changes the addresses of the packet");
	step->here->is_alive = false;
}

/* What leaves may well have another source: the one that the interface has. */
static void run_source_nat(struct step *step, const json_t *statement)
{
	if (step->walk->is_outgoing)
		run_accept(step, statement);
	else
		run_nat(step, statement);
}

static void run_return(struct step *step, const json_t *statement)
{
	(void)statement;
	join(step->returned, step->here);
	step->here->is_alive = false;
}

static void run_jump(struct step *step, const json_t *statement)
{
	const json_t *jump = json_object_get(statement, "jump");
	const char *target = json_string_value(json_object_get(jump, "target"));
	const json_t *rules = target ? ruleset_get_rules(step->walk->firewall, step->rule,
							 target)
				     : NULL;

	if (!rules) {
		give_up(step, "the chain that it names is not listed");
		return;
	}
	if (step->depth >= DEPTH_MAX) {
		give_up(step, "chains jump deeper than the kernel goes");
		step->here->is_alive = false;
		return;
	}
	walk_chain(step->walk, rules, step->here, step->depth + 1);
}

static void run_goto(struct step *step, const json_t *statement)
{
	json_t *jump = json_pack("{s:O}", "jump", json_object_get(statement, "goto"));

	run_jump(step, jump);
	json_decref(jump);
	run_return(step, statement);
}

static void run_notrack(struct step *step, const json_t *statement)
{
	(void)statement;
	field_untrack(&step->here->state);
}

static void run_mangle(struct step *step, const json_t *statement)
{
	const json_t *mangle = json_object_get(statement, "mangle");
	const json_t *field = json_object_get(mangle, "key");
	struct value old = field_get(&step->here->state, field), value;
	bool has_cause = step->match->why[0] != '\0';
	struct field_state before = step->here->state;

	if (old.is_absent) {
		stop(step);
		return;
	}
	value = match_compute(step->match, json_object_get(mangle, "value"), &old);
	if (value.is_absent) {
		stop(step);
		return;
	}
	/* What is not in the map ends the rule. */
	if (!value_is_known(&value) &&
	    json_object_get(json_object_get(mangle, "value"), "map"))
		fork_passed(step);
	else if (!has_cause)
		step->match->why[0] = '\0'; /* it matters where the field is read */
	field_set(&step->here->state, field, &value);
	if (!field_is_same_flow(&before, &step->here->state))
		give_up(step, "it rewrites addresses or ports of the packet");
}

/* It may be no match at all, but a verdict, where it is the last one. */
static void run_unknown(struct step *step, const json_t *statement)
{
	match_explain(step->match, statement);
	if (step->is_last)
		give_up(step, step->match->why);
	fork_passed(step);
}

/* Says what it is in newer versions of libnftables. */
static void run_xt(struct step *step, const json_t *statement)
{
	const char *type = json_string_value(
		json_object_get(json_object_get(statement, "xt"), "type"));

	match_explain(step->match, statement);
	if (type && !strcmp(type, "match"))
		fork_passed(step);
	else
		run_unknown(step, statement);
}

static void run_state(struct step *step, const json_t *statement)
{
	match_explain(step->match, statement);
	fork_passed(step);
}

static void run_vmap(struct step *step, const json_t *statement);

static const struct {
	const char *name;
	void (*run)(struct step *step, const json_t *statement);
} statements[] = {
	{ "match", run_match },
	{ "counter", run_nothing },
	{ "log", run_nothing },
	{ "last", run_nothing },
	{ "dup", run_nothing },
	{ "ct helper", run_nothing },
	{ "ct timeout", run_nothing },
	{ "ct expectation", run_nothing },
	{ "secmark", run_nothing },
	{ "continue", run_nothing },
	{ "accept", run_accept },
	{ "drop", run_drop },
	{ "reject", run_reject },
	{ "fwd", run_drop },
	{ "queue", run_queue },
	{ "dnat", run_nat },
	{ "snat", run_source_nat },
	{ "redirect", run_nat },
	{ "masquerade", run_source_nat },
	{ "tproxy", run_nat },
	{ "return", run_return },
	{ "jump", run_jump },
	{ "goto", run_goto },
	{ "vmap", run_vmap },
	{ "notrack", run_notrack },
	{ "mangle", run_mangle },
	{ "limit", run_state },
	{ "quota", run_state },
	{ "ct count", run_state },
	{ "set", run_state },
	{ "map", run_state },
	{ "xt", run_xt },
};

static void run_statement(struct step *step, const json_t *statement)
{
	for (size_t i = 0; i < sizeof(statements) / sizeof(*statements); i++) {
		if (!json_object_get(statement, statements[i].name))
			continue;
		statements[i].run(step, statement);
		return;
	}
	run_unknown(step, statement);
}

/* The verdict of a map, for a packet that may or does have its key. What comes back
 * from it goes on behind the map. */
static void run_element(struct step *step, const json_t *verdict, struct flow *behind)
{
	struct flow flow = *step->here;
	struct step inner = *step;

	inner.here = &flow;
	/* A map in a map is none of libnftables. */
	if (json_object_get(verdict, "vmap"))
		run_unknown(&inner, verdict);
	else
		run_statement(&inner, verdict);
	join(behind, &flow);
}

static void run_elements(struct step *step, const json_t *vmap,
			 const struct match_key *key, const json_t *elements,
			 struct flow *behind)
{
	const json_t *pair, *catch_all = NULL;
	size_t i;

	json_array_foreach(elements, i, pair)
	{
		const json_t *verdict = json_array_get(pair, 1);
		enum truth truth;

		if (match_is_catch_all(json_array_get(pair, 0))) {
			catch_all = verdict;
			continue;
		}
		truth = match_test_element(step->match, key, json_array_get(pair, 0));
		if (truth == TRUTH_NO)
			continue;
		if (truth == TRUTH_UNKNOWN) {
			match_explain(step->match, json_object_get(vmap, "key"));
			doubt(step->here, step->rule, step->match->why);
		}
		run_element(step, verdict, behind);
		if (truth == TRUTH_YES)
			return;
	}
	if (catch_all)
		run_element(step, catch_all, behind);
	else
		join(step->passed, step->here);
}

static void run_vmap(struct step *step, const json_t *statement)
{
	const json_t *vmap = json_object_get(statement, "vmap"), *elements;
	struct flow behind = { 0 };
	struct match_key key;
	bool is_touched;

	match_read_key(step->match, json_object_get(vmap, "key"), &key);
	if (key.is_absent) {
		stop(step);
		return;
	}
	elements = match_get_elements(step->match, json_object_get(vmap, "data"),
				      &is_touched);
	if (!elements || is_touched || key.n_values == 0) {
		run_unknown(step, statement);
		return;
	}
	run_elements(step, vmap, &key, elements, &behind);
	*step->here = behind;
}

static void walk_rule(struct walk *walk, const json_t *rule, struct flow *flow,
		      struct flow *returned, unsigned int depth)
{
	const json_t *expr = json_object_get(rule, "expr"), *statement;
	struct walk_doubt doubt_before = flow->doubt;
	struct flow passed = { 0 };
	struct match match = { .firewall = walk->firewall,
			       .rule = rule,
			       .state = &flow->state,
			       .budget = &walk->budget };
	struct step step = { .walk = walk,
			     .match = &match,
			     .rule = rule,
			     .depth = depth,
			     .here = flow,
			     .passed = &passed,
			     .returned = returned };
	unsigned int n_ends = walk->n_ends;
	size_t i;

	json_array_foreach(expr, i, statement)
	{
		if (!flow->is_alive)
			break;
		step.is_last = i + 1 == json_array_size(expr);
		run_statement(&step, statement);
	}
	join(flow, &passed);
	/* Whatever it was that we do not know, it changed nothing. */
	if (walk->n_ends == n_ends && !returned->is_alive)
		flow->doubt = doubt_before;
}

static void walk_chain(struct walk *walk, const json_t *rules, struct flow *flow,
		       unsigned int depth)
{
	struct walk_doubt doubt_before = flow->doubt;
	struct flow returned = { 0 };
	unsigned int n_ends = walk->n_ends;
	const json_t *rule;
	size_t i;

	json_array_foreach(rules, i, rule)
	{
		if (!flow->is_alive)
			break;
		if (walk->budget == 0) {
			doubt(flow, rule,
			      "the ruleset is too large to be looked through");
			record_drop(walk, flow, rule);
			record_accept(walk, flow);
			flow->is_alive = false;
			break;
		}
		walk->budget--;
		walk_rule(walk, rule, flow, &returned, depth);
	}
	join(flow, &returned);
	if (walk->n_ends == n_ends)
		flow->doubt = doubt_before;
}

void walk_base(struct walk *walk, const struct base_chain *base, bool is_sure,
	       const struct field_state *state)
{
	const char *name = json_string_value(json_object_get(base->chain, "name"));
	const json_t *rules = ruleset_get_rules(walk->firewall, base->chain, name);
	struct flow flow = { .is_alive = true, .state = *state };

	walk->is_outgoing = base->hook >= FIELD_OUTPUT;
	field_enter(&flow.state, base->hook, base->priority);
	if (!is_sure) {
		doubt(&flow, base->chain, "it is not known whether the chain is in use");
		record_accept(walk, &flow);
	}
	/* Only what is tracked comes to a chain of type nat. */
	if (base->is_nat && flow.state.is_untracked != TRUTH_NO) {
		record_accept(walk, &flow);
		if (flow.state.is_untracked == TRUTH_YES)
			return;
		doubt(&flow, base->chain,
		      "it is not known whether the packet is tracked");
	}
	walk_chain(walk, rules, &flow, 0);
	if (!flow.is_alive)
		return;
	if (base->is_drop_policy)
		record_drop(walk, &flow, base->chain);
	else
		record_accept(walk, &flow);
}
