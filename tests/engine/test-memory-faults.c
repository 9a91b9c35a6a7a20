/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Memory that runs out: a long history is lived by two engines. In the first one the
 * k-th allocation fails, for every k there is; the second one has memory and is spared
 * the call that failed. From then on nobody can tell them apart.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rig.h"

#define SECOND      1000u /* ms, as acts have it */
#define SECOND_ONE  (RIG_IFINDEX + 1)
#define CROWD       200u /* groups, so that the table grows again and again */
#define ACTS_MAX    1024u
#define WINDOW      24u /* acts without any memory */
#define WINDOW_STEP 8u
#define RECENT      20u /* acts whose filters are compared after a failure */

enum act_kind {
	ACT_FILTER,  /* text is the filter */
	ACT_QUERY,   /* text is the sources, or NULL */
	ACT_REPORT,  /* of IGMPv2 or MLDv1 */
	ACT_RUN,     /* n ms; 0: pull */
	ACT_LINK,    /* n: is it up? */
	ACT_DELETE,  /* the second interface */
	ACT_TUNE,    /* n: LIGHTWEIGHT */
	ACT_VERSION, /* n of group's family */
};

struct act {
	enum act_kind kind;
	uint32_t ifindex;
	unsigned int n; /* socket, version, ms */
	const char *group, *text;
};

#define FILTER(socket, group, text)                          \
	{                                                    \
		ACT_FILTER, RIG_IFINDEX, socket, group, text \
	}
#define OTHER(socket, group, text)                          \
	{                                                   \
		ACT_FILTER, SECOND_ONE, socket, group, text \
	}
#define QUERY(version, group, text)                          \
	{                                                    \
		ACT_QUERY, RIG_IFINDEX, version, group, text \
	}
#define REPORT(group)                                   \
	{                                               \
		ACT_REPORT, RIG_IFINDEX, 0, group, NULL \
	}
#define RUN(ms)                            \
	{                                  \
		ACT_RUN, 0, ms, NULL, NULL \
	}
#define LINK(ifindex, is_up)                         \
	{                                            \
		ACT_LINK, ifindex, is_up, NULL, NULL \
	}

/* What happens before the crowd comes and after; IPv4 queries name 239.1.1.x. */
static const struct act script[] = {
	LINK(SECOND_ONE, 1),
	FILTER(1, "239.1.1.1", "EX{}"),
	RUN(0),
	FILTER(2, "239.1.1.1", "IN{10.1.0.0+40}"),
	FILTER(1, "239.1.1.1", "EX{10.1.0.20+40}"),
	RUN(300),
	FILTER(1, "239.1.1.1", "NONE"),
	FILTER(3, "239.1.1.1", "IN{10.1.0.30+64}"),
	RUN(5 * SECOND),
	FILTER(3, "239.1.1.1", "EX{10.1.0.0+64}"),
	FILTER(2, "239.1.1.1", "EX{10.1.0.0,10.1.0.2,10.1.0.4}"),
	RUN(100),
	FILTER(2, "239.1.1.1", "IN{10.1.0.5,10.1.0.9}"),
	FILTER(1, "232.1.1.1", "IN{10.2.0.1}"),
	FILTER(2, "232.1.1.1", "IN{10.2.0.1,10.2.0.7}"),
	FILTER(3, "232.1.1.1", "EX{}"),
	RUN(5 * SECOND),
	FILTER(1, "ff3e::1", "IN{2001:db8::1+64}"),
	FILTER(2, "ff0e::1", "EX{2001:db8::1+64}"),
	FILTER(1, "ff0e::1", "IN{2001:db8::2+9}"),
	RUN(200),
	QUERY(3, "239.1.1.1", "10.1.0.0+20"),
	QUERY(3, "239.1.1.1", "10.3.0.0+70"),
	QUERY(3, "232.1.1.1", "10.2.0.1,10.2.0.9"),
	QUERY(2, "ff0e::1", "2001:db8::3+30"),
	RUN(20 * SECOND),
	QUERY(3, "239.1.1.1", "10.3.0.0+80"),
	QUERY(3, "239.1.1.1", "10.4.0.0+80"), /* more than maxquerysrc */
	RUN(50),
	QUERY(3, NULL, NULL),
	QUERY(2, "ff0e::1", "2001:db8::9+80"),
	FILTER(2, "ff0e::1", "NONE"),
	RUN(3 * SECOND),
	OTHER(1, "239.1.1.1", "EX{}"),
	OTHER(1, "ff0e::1", "IN{2001:db8::1}"),
	OTHER(2, "ff0e::2", "EX{2001:db8::1}"),
	RUN(100),
	LINK(RIG_IFINDEX, 0),
	FILTER(4, "239.1.1.2", "EX{10.1.0.1}"),
	FILTER(3, "239.1.1.1", "NONE"),
	LINK(RIG_IFINDEX, 1),
	RUN(5 * SECOND),
	{ ACT_DELETE, SECOND_ONE, 0, NULL, NULL },
	RUN(10),
	LINK(SECOND_ONE, 1),
	OTHER(1, "239.1.1.5", "EX{}"),
	{ ACT_TUNE, 0, 1, NULL, NULL },
	FILTER(5, "239.1.1.6", "EX{10.1.0.1+3}"),
	FILTER(5, "239.1.1.6", "IN{10.1.0.1+3}"),
	RUN(5 * SECOND),
	{ ACT_TUNE, 0, 0, NULL, NULL },
	/* Older queriers, and back. */
	QUERY(2, NULL, NULL),
	FILTER(6, "239.1.1.7", "EX{}"),
	FILTER(6, "239.1.1.8", "IN{10.1.0.1}"),
	RUN(SECOND),
	REPORT("239.1.1.7"),
	FILTER(6, "239.1.1.7", "NONE"),
	FILTER(6, "239.1.1.8", "NONE"),
	QUERY(1, NULL, NULL),
	FILTER(6, "239.1.1.9", "EX{}"),
	{ ACT_VERSION, RIG_IFINDEX, 1, "ff0e::1", NULL },
	FILTER(6, "ff0e::3", "EX{}"),
	RUN(15 * SECOND),
	FILTER(6, "ff0e::3", "NONE"),
	{ ACT_VERSION, RIG_IFINDEX, 0, "ff0e::1", NULL },
	RUN(600 * SECOND),
	FILTER(2, "239.1.1.1", "IN{10.1.0.1,10.1.0.4}"),
	FILTER(6, "239.1.1.9", "NONE"),
	RUN(100),
};

/* After the crowd has come. */
static const struct act ending[] = {
	RUN(2 * SECOND),
	QUERY(3, NULL, NULL),
	QUERY(3, "239.7.0.9", "10.1.0.0+64"),
	RUN(30 * SECOND),
};

struct act_list {
	size_t n;
	struct act acts[ACTS_MAX];
	char groups[CROWD][RIG_ADDR_TEXT];
};

static void add_acts(struct act_list *list, const struct act *acts, size_t n)
{
	if (list->n + n > ACTS_MAX)
		tap_bail_out("too many acts");
	memcpy(list->acts + list->n, acts, n * sizeof(*acts));
	list->n += n;
}

static void add_act(struct act_list *list, struct act act)
{
	add_acts(list, &act, 1);
}

/* Each group of the crowd has two sources of a socket, every third another socket, and
 * every second one leaves. */
static void add_crowd(struct act_list *list)
{
	for (unsigned int i = 0; i < CROWD; i++) {
		const char *group = list->groups[i];

		snprintf(list->groups[i], RIG_ADDR_TEXT, "239.7.%u.%u", i >> 8, i & 255);
		add_act(list, (struct act)FILTER(1, group, "IN{10.1.0.1,10.1.0.2}"));
		if (i % 3 == 0)
			add_act(list, (struct act)FILTER(2, group, "EX{}"));
		if (i % 50 == 0)
			add_act(list, (struct act)RUN(20));
	}
	for (unsigned int i = 0; i < CROWD; i += 2)
		add_act(list, (struct act)FILTER(1, list->groups[i], "NONE"));
}

static void list_init_acts(struct act_list *list)
{
	list->n = 0;
	add_acts(list, script, sizeof(script) / sizeof(script[0]));
	add_crowd(list);
	add_acts(list, ending, sizeof(ending) / sizeof(ending[0]));
}

/*
 * One act
 */

static int set_link(struct rig *rig, const struct act *act)
{
	const struct engine_interface *known = rig_find(rig, act->ifindex);
	struct engine_interface set = known ? *known : rig->interface;

	set.ifindex = act->ifindex;
	set.is_up = act->n;
	return rig_change(rig, &set);
}

static int query(struct rig *rig, const struct act *act, const char *sources)
{
	bool is_ipv6 = act->group && strchr(act->group, ':');
	struct rig_query query = {
		.family = is_ipv6 ? ENGINE_IPV6 : ENGINE_IPV4,
		.version = (uint8_t)act->n,
		.group = act->group,
		.sources = sources,
		.max_response_ms = 10000,
	};

	return rig_query(rig, &query);
}

static int force_version(struct rig *rig, const struct act *act)
{
	return engine_force_version(rig->engine, act->ifindex, ENGINE_IPV6,
				    (uint8_t)act->n, rig->now);
}

/* sources: what queries name. */
static int perform(struct rig *rig, const struct act *act, const char *sources)
{
	switch (act->kind) {
	case ACT_FILTER:
		return rig_set_on(rig, act->ifindex, act->n, act->group, act->text);
	case ACT_QUERY:
		return query(rig, act, sources);
	case ACT_REPORT:
		return rig_report(rig, ENGINE_IPV4, 2, act->group);
	case ACT_RUN:
		rig_run(rig, act->n * RIG_MS);
		return 0;
	case ACT_LINK:
		return set_link(rig, act);
	case ACT_DELETE:
		return engine_del_interface(rig->engine, act->ifindex, rig->now);
	case ACT_TUNE:
		return engine_set_tunable(rig->engine, ENGINE_LIGHTWEIGHT, act->n,
					  rig->now);
	case ACT_VERSION:
		return force_version(rig, act);
	}
	return 0;
}

/*
 * Two engines
 */

struct pair {
	struct rig *poor, *rich;
	struct tap *tap;
	size_t n_failed; /* allocations */
};

static void pair_init(struct pair *pair, struct tap *tap)
{
	*pair = (struct pair){ calloc(1, sizeof(struct rig)),
			       calloc(1, sizeof(struct rig)), tap, 0 };
	if (!pair->poor || !pair->rich)
		tap_bail_out("no memory");
	rig_init(pair->poor, 1);
	rig_init(pair->rich, 1);
	/* A call that fails may have drawn already. */
	pair->poor->is_fixed = pair->rich->is_fixed = true;
	pair->poor->fixed_draw = pair->rich->fixed_draw = 0x60000000;
}

static void pair_fini(struct pair *pair)
{
	rig_fini(pair->poor, pair->tap);
	rig_fini(pair->rich, pair->tap);
	free(pair->poor);
	free(pair->rich);
}

static bool expect_same_filter(const struct pair *pair, const struct act *act)
{
	char *poor = rig_get_on(pair->poor, act->ifindex, act->group);
	char *rich = rig_get_on(pair->rich, act->ifindex, act->group);
	bool ok = tap_expect(pair->tap, strcmp(poor, rich) == 0, "%s: %s, not %s",
			     act->group, poor, rich);

	free(poor);
	free(rich);
	return ok;
}

static bool expect_same_status(const struct pair *pair, uint32_t ifindex,
			       enum engine_family family)
{
	struct engine_status poor = { 0 }, rich = { 0 };
	int r_poor = engine_get_status(pair->poor->engine, ifindex, family, &poor,
				       pair->poor->now);
	int r_rich = engine_get_status(pair->rich->engine, ifindex, family, &rich,
				       pair->rich->now);

	return tap_expect(pair->tap,
			  r_poor == r_rich && poor.version == rich.version &&
				  poor.is_speaking == rich.is_speaking &&
				  poor.older_us[0] == rich.older_us[0] &&
				  poor.older_us[1] == rich.older_us[1] &&
				  poor.n_groups == rich.n_groups,
			  "status of %u: %zu groups, not %zu", ifindex, poor.n_groups,
			  rich.n_groups);
}

/* The filters that the acts from first on are about, and the interfaces. */
static bool expect_same(const struct pair *pair, const struct act_list *list,
			size_t first, size_t n)
{
	bool ok = true;

	for (size_t i = first; i < n && ok; i++) {
		if (list->acts[i].kind == ACT_FILTER)
			ok = expect_same_filter(pair, &list->acts[i]);
	}
	for (uint32_t i = RIG_IFINDEX; i <= SECOND_ONE && ok; i++)
		ok = expect_same_status(pair, i, ENGINE_IPV4) &&
		     expect_same_status(pair, i, ENGINE_IPV6);
	return ok;
}

static bool expect_same_lines(const struct pair *pair)
{
	char *poor = rig_print(pair->poor), *rich = rig_print(pair->rich);
	size_t at = 0;
	bool ok = strcmp(poor, rich) == 0;

	while (poor[at] && poor[at] == rich[at])
		at++;
	while (at > 0 && poor[at - 1] != '\n')
		at--;
	tap_expect(pair->tap, ok, "sent \"%.80s\", not \"%.80s\"", poor + at, rich + at);
	free(poor);
	free(rich);
	rig_clear(pair->poor);
	rig_clear(pair->rich);
	return ok;
}

static uint64_t get_fails(const struct rig *rig)
{
	return engine_get_counter(rig->engine, ENGINE_IGMP_RCV_QUERY_FAILS) +
	       engine_get_counter(rig->engine, ENGINE_MLD_RCV_QUERY_FAILS);
}

/*
 * The poor one acts; the rich one does what is left of it. A filter or an interface is
 * refused; a query whose sources cannot be recorded is answered with the whole group
 * (R-SEC-1).
 */
static bool act_both(struct pair *pair, const struct act *act)
{
	size_t n_calls = pair->poor->n_calls;
	uint64_t n_fails = get_fails(pair->poor);
	int r = perform(pair->poor, act, act->text), r_rich;
	bool has_failed = pair->poor->fails_at > n_calls &&
			  pair->poor->fails_at <= pair->poor->n_calls;
	bool is_counted = get_fails(pair->poor) > n_fails;

	pair->n_failed += has_failed;
	if (has_failed && r == -ENOMEM)
		return true;
	r_rich = perform(pair->rich, act,
			 has_failed && act->kind == ACT_QUERY ? NULL : act->text);
	tap_expect(pair->tap, r == r_rich, "act %d returns %d, not %d", act->kind, r,
		   r_rich);
	if (has_failed && act->kind == ACT_QUERY)
		tap_expect(pair->tap, is_counted, "a query that failed is not counted");
	tap_expect(pair->tap,
		   pair->poor->n_calls == n_calls || act->kind == ACT_FILTER ||
			   act->kind == ACT_LINK || act->kind == ACT_QUERY,
		   "act %d asks for memory", act->kind);
	return r == r_rich;
}

/* Fails allocation k, or every one of the acts from first to last. */
struct plan {
	size_t k, first, last;
};

/* Returns how many allocations failed; *ret_n_calls: how many there were. */
static size_t live(const struct act_list *list, const struct plan *plan, struct tap *tap,
		   size_t *ret_n_calls)
{
	struct pair pair;
	bool ok = true;
	size_t n_before, n_failed = 0;

	pair_init(&pair, tap);
	n_before = pair.poor->n_calls;
	pair.poor->fails_at = plan->k ? n_before + plan->k : 0;
	for (size_t i = 0; i < list->n && ok; i++) {
		if (!plan->k)
			pair.poor->fails_at = i >= plan->first && i < plan->last
						      ? pair.poor->n_calls + 1
						      : 0;
		ok = act_both(&pair, &list->acts[i]);
		if (ok && pair.n_failed > n_failed)
			ok = expect_same(&pair, list, i > RECENT ? i - RECENT : 0, i + 1);
		n_failed = pair.n_failed;
		if (!ok)
			tap_comment("allocation %zu, act %zu", plan->k, i);
	}
	if (ok && !(expect_same(&pair, list, 0, list->n) && expect_same_lines(&pair)))
		tap_comment("allocation %zu, acts %zu to %zu", plan->k, plan->first,
			    plan->last);
	*ret_n_calls = pair.poor->n_calls - n_before;
	pair_fini(&pair);
	return n_failed;
}

/*
 * Tests
 */

static void test_one_by_one(struct tap *tap, const struct act_list *list)
{
	size_t n_calls, n_failed = 0;
	struct plan plan = { 0, 0, 0 };

	live(list, &plan, tap, &n_calls);
	tap_expect(tap, n_calls > 2 * CROWD, "only %zu allocations", n_calls);
	for (plan.k = 1; plan.k <= n_calls && !tap->n_surprises; plan.k++) {
		size_t n;

		n_failed += live(list, &plan, tap, &n);
	}
	tap_expect(tap, n_failed == n_calls, "%zu of %zu allocations failed", n_failed,
		   n_calls);
	tap_comment("%zu allocations failed, one at a time", n_failed);
	tap_end(tap,
		"an allocation that fails fails its call, which leaves all filters and "
		"all reports as if it had not been made [R-MRG-11, S-IGMP-31]");
}

static void test_droughts(struct tap *tap, const struct act_list *list)
{
	struct plan plan = { 0, 0, WINDOW };
	size_t n, n_failed = 0;

	for (; plan.first < list->n && !tap->n_surprises; plan.first += WINDOW_STEP) {
		plan.last = plan.first + WINDOW;
		n_failed += live(list, &plan, tap, &n);
	}
	tap_expect(tap, n_failed > list->n, "only %zu allocations failed", n_failed);
	tap_end(tap, "an engine without any memory for a while goes on as if what it "
		     "refused then had not been asked for [R-MRG-11, S-V3-11]");
}

/* The same for the table of groups alone, which need not grow. */
static void test_table(struct tap *tap)
{
	struct rig *rig = calloc(1, sizeof(*rig));
	char group[RIG_ADDR_TEXT];
	unsigned int n = 0;
	struct addr walk = { 0, 0 };
	int r = 0;

	if (!rig)
		tap_bail_out("no memory");
	rig_init(rig, 1);
	for (unsigned int i = 0; i < CROWD; i++) {
		snprintf(group, sizeof(group), "239.7.%u.%u", i >> 8, i & 255);
		rig->fails_at = rig->n_calls + 1;
		r = rig_set(rig, 1, group, "EX{}");
		rig->fails_at = 0;
		tap_expect(tap, r == 0 || r == -ENOMEM, "%s: %d", group, r);
		if (r < 0)
			r = rig_set(rig, 1, group, "EX{}");
		tap_expect(tap, r == 0, "%s: %d at the second time", group, r);
	}
	while (engine_next_group(rig->engine, RIG_IFINDEX, ENGINE_IPV4, &walk) == 0)
		n++;
	tap_expect(tap, n == CROWD, "%u groups", n);
	rig_fini(rig, tap);
	free(rig);
	tap_end(tap, "what is refused for want of memory can be asked again [R-MRG-11]");
}

/* A query is told in every version and family; none may need more than its sources do. */
static void test_hearing(struct tap *tap)
{
	static const struct act acts[] = {
		QUERY(3, NULL, NULL),         QUERY(3, "239.1.1.1", NULL),
		QUERY(2, NULL, NULL),         QUERY(2, "239.1.1.1", NULL),
		QUERY(1, NULL, NULL),         QUERY(2, "ff0e::1", NULL),
		QUERY(1, "ff0e::1", NULL),    REPORT("239.1.1.1"),
		QUERY(3, "239.1.1.77", NULL), RUN(30 * SECOND),
	};
	struct rig *rig = calloc(1, sizeof(*rig));
	size_t n_calls;

	if (!rig)
		tap_bail_out("no memory");
	rig_init(rig, 1);
	tap_expect(tap, rig_set(rig, 1, "239.1.1.1", "EX{10.1.0.1}") == 0,
		   "a join fails");
	tap_expect(tap, rig_set(rig, 1, "ff0e::1", "EX{}") == 0, "a join fails");
	rig_run(rig, 5 * ENGINE_SECOND);
	n_calls = rig->n_calls;
	for (size_t i = 0; i < sizeof(acts) / sizeof(acts[0]); i++)
		tap_expect(tap, perform(rig, &acts[i], NULL) == 0, "act %zu fails", i);
	tap_expect(tap, rig->n_calls == n_calls, "%zu allocations",
		   rig->n_calls - n_calls);
	rig_fini(rig, tap);
	free(rig);
	tap_end(tap,
		"what an older querier or a query without sources asks needs no memory "
		"to note or to answer [S-IGMP-3]");
}

/* Memory of a fixed number of allocations. */
struct purse {
	size_t n_left, n_used;
};

static void *spend(void *context, void *memory, size_t old_len, size_t len)
{
	struct purse *purse = context;

	if (len > old_len && !purse->n_left)
		return NULL;
	purse->n_left -= len > old_len;
	purse->n_used += len - old_len;
	if (len)
		return realloc(memory, len);
	free(memory);
	return NULL;
}

static uint32_t draw(void *context)
{
	(void)context;
	return 4;
}

static void test_beginning(struct tap *tap)
{
	struct purse purse = { 0, 0 };
	const struct engine_config config = { spend, draw, NULL, &purse };
	struct engine *const untouched = (struct engine *)&purse;
	struct engine *engine = untouched;
	size_t n = 0;
	int r;

	while ((r = engine_new(&engine, &config)) == -ENOMEM && n < 100) {
		tap_expect(tap, engine == untouched, "the result is touched");
		tap_expect(tap, purse.n_used == 0, "%zu bytes are left", purse.n_used);
		purse.n_left = ++n;
	}
	tap_expect(tap, r == 0 && n > 0, "engine_new() returns %d after %zu", r, n);
	tap_expect(tap, engine_free(engine) == NULL, "not NULL");
	tap_expect(tap, engine_free(NULL) == NULL, "not NULL");
	tap_expect(tap, purse.n_used == 0, "%zu bytes are left", purse.n_used);
	tap_end(tap,
		"an engine that finds no memory is not made and leaves none [S-V3-11]");
}

int main(void)
{
	struct act_list *list = calloc(1, sizeof(*list));
	struct tap tap = { 0 };

	if (!list)
		tap_bail_out("no memory");
	list_init_acts(list);
	test_beginning(&tap);
	test_hearing(&tap);
	test_table(&tap);
	test_one_by_one(&tap, list);
	test_droughts(&tap, list);
	free(list);
	return tap_finish(&tap);
}
