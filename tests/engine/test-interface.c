/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Interfaces: they come and go, are up and down, and get addresses (RFC 9776 3.2, RFC
 * 9777 5.2.13, RFC 3590), and each works for itself.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "script.h"

#define SECOND_IFINDEX (RIG_IFINDEX + 1)

static void change(struct script *s, const struct engine_interface *interface)
{
	int r = rig_change(&s->rig, interface);

	tap_expect(s->tap, r == 0, "engine_set_interface(): %d", r);
}

static void set_up(struct script *s, bool is_up)
{
	struct engine_interface interface = s->rig.interface;

	interface.is_up = is_up;
	change(s, &interface);
}

static void set_mtu(struct script *s, uint32_t mtu)
{
	struct engine_interface interface = s->rig.interface;

	interface.mtu = mtu;
	change(s, &interface);
}

static void set_state(struct script *s, enum engine_address_state state)
{
	struct engine_interface interface = s->rig.interface;

	interface.source[s->family].state = state;
	change(s, &interface);
}

static void force(struct script *s, uint8_t version)
{
	int r = engine_force_version(s->rig.engine, RIG_IFINDEX, s->family, version,
				     s->rig.now);

	tap_expect(s->tap, r == 0, "engine_force_version(): %d", r);
}

static void begin(struct script *s)
{
	set(s, 1, "G", "EX{a}");
	set(s, 2, "H", "IN{a,b}");
	settle(s);
}

/* All that was sent, and something was, is from there. */
static void expect_source(struct script *s, const char *ipv4, const char *ipv6)
{
	struct addr source = rig_addr(s->family == ENGINE_IPV4 ? ipv4 : ipv6);

	tap_expect(s->tap, s->rig.n_lines > 0, "nothing is sent");
	for (size_t i = 0; i < s->rig.n_lines; i++)
		tap_expect(s->tap, addr_equal(s->rig.lines[i].packet.source, source),
			   "packet %zu is from another source", i);
}

/*
 * Coming and going
 */

static void independent(struct script *s)
{
	const char *group = script_name(s, "G");

	rig_add_interface(&s->rig, SECOND_IFINDEX);
	set(s, 1, "G", "IN{a}");
	twice(s, "* ALLOW(G){a}");
	tap_expect(s->tap, rig_set_on(&s->rig, SECOND_IFINDEX, 1, group, "EX{}") == 0,
		   "second");
	rig_pull(&s->rig);
	tap_expect(s->tap,
		   s->rig.n_lines == 1 &&
			   s->rig.lines[0].packet.ifindex == SECOND_IFINDEX,
		   "not on the second one");
	rig_expect(&s->rig, s->tap, "the second one", script_name(s, "* TO_EX(G){}"));
	in_ms(s, 1000, "* TO_EX(G){}");
	merged(s, "G", "IN{a}");
	hear(s, (struct rig_query){ .robustness = 5, .max_response_ms = 1000 });
	in_ms(s, 1000, "* IS_IN(G){a}");
	hear(s, (struct rig_query){ .ifindex = SECOND_IFINDEX, .max_response_ms = 1000 });
	in_ms(s, 1000, "* IS_EX(G){}");
	set(s, 1, "G", "NONE");
	rig_run(&s->rig, 10 * ENGINE_SECOND);
	tap_expect(s->tap, s->rig.n_lines == 5, "%zu, not 5", s->rig.n_lines);
	rig_clear(&s->rig);
	rig_set_on(&s->rig, SECOND_IFINDEX, 1, group, "NONE");
	twice(s, "* TO_IN(G){}");
}

static void modes_are_independent(struct script *s)
{
	struct engine_status status;
	uint8_t older = s->family == ENGINE_IPV4 ? 2 : 1;

	rig_add_interface(&s->rig, SECOND_IFINDEX);
	hear(s, (struct rig_query){ .version = older,
				    .ifindex = SECOND_IFINDEX,
				    .max_response_ms = 1000 });
	tap_expect(s->tap, get_status(s).version == older + 1,
		   "the first one has changed");
	engine_get_status(s->rig.engine, SECOND_IFINDEX, s->family, &status, s->rig.now);
	tap_expect(s->tap, status.version == older, "the second one has not");
	set(s, 1, "G", "EX{}");
	now(s, "* TO_EX(G){}");
	in_ms(s, 10000, "* TO_EX(G){}");
}

static void goes(struct script *s)
{
	int r;

	begin(s);
	set(s, 1, "J", "EX{}");
	now(s, "* TO_EX(J){}");
	ask(s, 10000, NULL, NULL);
	ask(s, 10000, "G", NULL);
	ask(s, 10000, "H", "a");
	set(s, 3, "H", "IN{c}");
	r = engine_del_interface(s->rig.engine, RIG_IFINDEX, s->rig.now);
	tap_expect(s->tap, r == 0, "it returns %d", r);
	quiet(s);
	tap_expect(
		s->tap,
		engine_get_counter(s->rig.engine, ENGINE_MEMORY_MSFILTER) == 0 &&
			engine_get_counter(s->rig.engine, ENGINE_MEMORY_MOPTIONS) == 0 &&
			engine_get_counter(s->rig.engine, ENGINE_RECORDED_SOURCES) == 0,
		"memory is left");
	r = engine_del_interface(s->rig.engine, RIG_IFINDEX, s->rig.now);
	tap_expect(s->tap, r == -ENODEV, "once more: %d", r);
	set_fails(s, 1, "G", "EX{}", -ENODEV);
	r = hear(s, (struct rig_query){ .max_response_ms = 1000 });
	tap_expect(s->tap, r == -ENODEV, "a query: %d", r);
}

static void comes_back_empty(struct script *s)
{
	begin(s);
	force(s, s->family == ENGINE_IPV4 ? 2 : 1);
	ask(s, 10000, NULL, NULL);
	engine_del_interface(s->rig.engine, RIG_IFINDEX, s->rig.now);
	change(s, &s->rig.interface);
	quiet(s);
	merged(s, "G", "NONE");
	tap_expect(s->tap,
		   get_status(s).n_groups == 0 && get_status(s).forced == 0 &&
			   get_status(s).version == (s->family == ENGINE_IPV4 ? 3 : 2),
		   "something has stayed");
	begin(s);
	ask(s, 1000, NULL, NULL);
	in_ms(s, 1000, "* IS_EX(G){a} IS_IN(H){a,b}");
}

static void gives_memory_back(struct script *s)
{
	size_t n_used = s->rig.n_used;

	for (int i = 0; i < 10; i++) {
		rig_add_interface(&s->rig, SECOND_IFINDEX);
		rig_set_on(&s->rig, SECOND_IFINDEX, 1, script_name(s, "G"),
			   script_name(s, "IN{a,b}"));
		rig_set_on(&s->rig, SECOND_IFINDEX, 2, script_name(s, "H"),
			   script_name(s, "EX{a}"));
		if (i % 2)
			rig_run(&s->rig, 500 * RIG_MS);
		hear(s, (struct rig_query){ .group = "H",
					    .sources = "a,b,c",
					    .ifindex = SECOND_IFINDEX,
					    .max_response_ms = 1000 });
		engine_del_interface(s->rig.engine, SECOND_IFINDEX, s->rig.now);
		rig_clear(&s->rig);
		s->rig.n_others = 0;
		tap_expect(s->tap, s->rig.n_used == n_used, "turn %d: %zu bytes are %zu",
			   i, n_used, s->rig.n_used);
		quiet(s);
	}
}

static void many_interfaces(struct script *s)
{
	for (uint32_t i = 0; i < 3; i++) {
		rig_add_interface(&s->rig, RIG_IFINDEX + 3 - i);
		rig_set_on(&s->rig, RIG_IFINDEX + 3 - i, 1, script_name(s, "G"), "EX{}");
	}
	rig_pull(&s->rig);
	tap_expect(s->tap, s->rig.n_lines == 3, "%zu packets", s->rig.n_lines);
	for (uint32_t i = 0; i < 3 && i < s->rig.n_lines; i++)
		tap_expect(s->tap, s->rig.lines[i].packet.ifindex == RIG_IFINDEX + 3 - i,
			   "packet %u is on %u", i, s->rig.lines[i].packet.ifindex);
	rig_clear(&s->rig);
	engine_del_interface(s->rig.engine, RIG_IFINDEX + 2, s->rig.now);
	rig_run(&s->rig, ENGINE_SECOND);
	tap_expect(s->tap, s->rig.n_lines == 2, "%zu packets of two", s->rig.n_lines);
	rig_clear(&s->rig);
	quiet(s);
}

static void refuses(struct script *s)
{
	struct engine_interface bad = s->rig.interface, none = { .ifindex = 99 };
	int r;

	begin(s);
	bad.ifindex = 0;
	r = engine_set_interface(s->rig.engine, &bad, s->rig.now);
	tap_expect(s->tap, r == -EINVAL, "index 0: %d", r);
	bad = s->rig.interface;
	bad.mtu = ENGINE_MTU_MIN - 1;
	r = engine_set_interface(s->rig.engine, &bad, s->rig.now);
	tap_expect(s->tap, r == -EINVAL, "MTU 67: %d", r);
	r = engine_set_interface(s->rig.engine, &none, s->rig.now);
	tap_expect(s->tap, r == -EINVAL, "MTU 0: %d", r);
	bad = s->rig.interface;
	bad.is_up = false;
	bad.source[s->family].addr = bad.source[!s->family].addr;
	r = engine_set_interface(s->rig.engine, &bad, s->rig.now);
	tap_expect(s->tap, r == -EINVAL, "another family: %d", r);
	ask(s, 1000, NULL, NULL);
	in_ms(s, 1000, "* IS_EX(G){a} IS_IN(H){a,b}");
	quiet(s);
}

/* What no report can be from (R-FMT-9). */
static const char *const bad_sources[ENGINE_FAMILIES][6] = {
	{ "0.0.0.0", "224.0.0.5", "239.1.1.1", "255.255.255.255", "fe80::1" },
	{ "::", "fd00::1", "2001:db8::1", "ff02::1", "fec0::1", "10.9.0.1" },
};

static void refuses_addresses(struct script *s)
{
	begin(s);
	for (int i = 0; i < 6 && bad_sources[s->family][i]; i++) {
		struct engine_interface bad = s->rig.interface;
		const char *address = bad_sources[s->family][i];
		int r;

		bad.mtu = 1400;
		bad.is_up = false;
		bad.source[s->family].addr = rig_addr(address);
		r = engine_set_interface(s->rig.engine, &bad, s->rig.now);
		tap_expect(s->tap, r == -EINVAL, "%s: %d", address, r);
		bad.ifindex = SECOND_IFINDEX;
		r = engine_set_interface(s->rig.engine, &bad, s->rig.now);
		tap_expect(s->tap, r == -EINVAL, "new, %s: %d", address, r);
		r = rig_set_on(&s->rig, SECOND_IFINDEX, 1, script_name(s, "G"), "EX{}");
		tap_expect(s->tap, r == -ENODEV, "%s: it is known: %d", address, r);
	}
	tap_expect(s->tap, get_status(s).is_speaking, "it is down");
	ask(s, 1000, NULL, NULL);
	rig_run(&s->rig, ENGINE_SECOND);
	expect_source(s, "10.9.0.1", "fe80::1");
	rig_expect(&s->rig, s->tap, "the answer",
		   script_name(s, "* IS_EX(G){a} IS_IN(H){a,b}"));
	quiet(s);
}

/* Where it is not valid, it does not matter. */
static void takes_addresses(struct script *s)
{
	struct engine_interface interface = s->rig.interface;

	begin(s);
	interface.source[s->family].state = ENGINE_ADDRESS_TENTATIVE;
	interface.source[s->family].addr = rig_addr("ff02::1");
	change(s, &interface);
	interface.source[s->family].state = ENGINE_ADDRESS_NONE;
	change(s, &interface);
	ask(s, 1000, NULL, NULL);
	rig_run(&s->rig, ENGINE_SECOND);
	expect_source(s, "0.0.0.0", "::");
	settle(s);
}

static void runs_out_of_memory(struct script *s)
{
	struct engine_interface interface = s->rig.interface;
	int r = -ENOMEM;

	for (uint32_t i = 1; r == -ENOMEM && i < 20; i++) {
		interface.ifindex = 20;
		s->rig.fails_at = s->rig.n_calls + i;
		r = engine_set_interface(s->rig.engine, &interface, s->rig.now);
		s->rig.fails_at = 0;
		tap_expect(s->tap,
			   r == 0 || engine_del_interface(s->rig.engine, 20,
							  s->rig.now) == -ENODEV,
			   "call %u leaves an interface", i);
	}
	tap_expect(s->tap, r == 0, "it never works: %d", r);
	quiet(s);
}

/*
 * Up and down
 */

static void comes_up_again(struct script *s)
{
	begin(s);
	set_up(s, false);
	quiet(s);
	tap_expect(s->tap, !get_status(s).is_speaking, "it speaks");
	merged(s, "G", "EX{a}");
	set_up(s, true);
	tap_expect(s->tap, get_status(s).is_speaking, "it does not speak");
	twice(s, "* TO_EX(G){a} ALLOW(H){a,b}");
	set_up(s, true);
	quiet(s);
}

static void tells_with_robustness(struct script *s)
{
	set_tunable(s, ENGINE_ROBUSTNESS, 4);
	begin(s);
	set_up(s, false);
	set_up(s, true);
	now(s, "* TO_EX(G){a} ALLOW(H){a,b}");
	in_ms(s, 3000,
	      "* TO_EX(G){a} ALLOW(H){a,b}\n"
	      "* TO_EX(G){a} ALLOW(H){a,b}\n"
	      "* TO_EX(G){a} ALLOW(H){a,b}");
	quiet(s);
}

static void down_forgets_what_is_pending(struct script *s)
{
	size_t n_used;

	begin(s);
	n_used = s->rig.n_used;
	for (int i = 0; i < 5; i++) {
		set(s, 1, "G", i % 2 ? "EX{a}" : "EX{a,c}");
		if (i % 3)
			rig_pull(&s->rig);
		ask(s, 10000, NULL, NULL);
		ask(s, 10000, "G", "c,d");
		ask(s, 10000, "H", NULL);
		rig_clear(&s->rig);
		set_up(s, false);
		quiet(s);
		tap_expect(s->tap,
			   engine_get_counter(s->rig.engine, ENGINE_RECORDED_SOURCES) ==
				   0,
			   "sources stay recorded");
		set_up(s, true);
		settle(s);
	}
	set(s, 1, "G", "EX{a}");
	settle(s);
	tap_expect(s->tap, s->rig.n_used == n_used, "%zu bytes are %zu", n_used,
		   s->rig.n_used);
}

static void down_forgets_leaves(struct script *s)
{
	begin(s);
	set(s, 2, "H", "NONE");
	now(s, "* BLOCK(H){a,b}");
	set_up(s, false);
	tap_expect(s->tap, get_status(s).n_groups == 1, "the leave is kept");
	set_up(s, true);
	twice(s, "* TO_EX(G){a}");
}

static void changes_while_down(struct script *s)
{
	begin(s);
	set_up(s, false);
	set(s, 1, "G", "IN{c}");
	set(s, 2, "H", "NONE");
	set(s, 3, "J", "EX{}");
	quiet(s);
	tap_expect(s->tap, get_status(s).n_groups == 2, "H is kept");
	merged(s, "G", "IN{c}");
	ask(s, 1000, NULL, NULL);
	ask(s, 1000, "G", NULL);
	quiet(s);
	set_up(s, true);
	twice(s, "* ALLOW(G){c} TO_EX(J){}");
}

/* Twice is enough: a change while it is announced is merged. */
static void changes_while_announcing(struct script *s)
{
	begin(s);
	set_up(s, false);
	set_up(s, true);
	now(s, "* TO_EX(G){a} ALLOW(H){a,b}");
	set_up(s, false);
	set_up(s, true);
	set(s, 1, "H", "EX{}");
	rig_pull(&s->rig);
	rig_expect(&s->rig, s->tap, "again", script_name(s, "* TO_EX(G){a} TO_EX(H){}"));
	in_ms(s, 1000, "* TO_EX(G){a} TO_EX(H){}");
	quiet(s);
}

static void born_down(struct script *s)
{
	struct engine_interface interface = s->rig.interface;

	engine_del_interface(s->rig.engine, RIG_IFINDEX, s->rig.now);
	interface.is_up = false;
	change(s, &interface);
	set(s, 1, "G", "IN{a}");
	quiet(s);
	set_up(s, true);
	twice(s, "* ALLOW(G){a}");
}

/* RFC 8200 5 */
static void small_mtu(struct script *s)
{
	begin(s);
	set(s, 1, "J", "EX{}");
	now(s, "* TO_EX(J){}");
	set_mtu(s, 1279);
	if (s->family == ENGINE_IPV4) {
		in_ms(s, 1000, "* TO_EX(J){}");
		quiet(s);
		set_mtu(s, 1280);
		quiet(s);
		return;
	}
	tap_expect(s->tap, !get_status(s).is_speaking, "it speaks");
	quiet(s);
	set(s, 1, "J", "NONE");
	ask(s, 1000, NULL, NULL);
	quiet(s);
	set_mtu(s, 1280);
	twice(s, "* TO_EX(G){a} ALLOW(H){a,b}");
}

/*
 * Addresses
 */

static void no_address(struct script *s, enum engine_address_state state)
{
	set_state(s, state);
	quiet(s);
	set(s, 1, "G", "EX{}");
	rig_pull(&s->rig);
	rig_run(&s->rig, ENGINE_SECOND);
	expect_source(s, "0.0.0.0", "::");
	rig_expect(&s->rig, s->tap, "without an address",
		   script_name(s, "* TO_EX(G){}\n* TO_EX(G){}"));
	set_state(s, ENGINE_ADDRESS_VALID);
	rig_run(&s->rig, ENGINE_SECOND);
	expect_source(s, "10.9.0.1", "fe80::1");
	rig_expect(&s->rig, s->tap, "with one",
		   script_name(s, "* TO_EX(G){}\n* TO_EX(G){}"));
	quiet(s);
	set(s, 1, "G", "NONE");
	settle(s);
}

static void without_an_address(struct script *s)
{
	no_address(s, ENGINE_ADDRESS_NONE);
}

static void with_a_tentative_one(struct script *s)
{
	no_address(s, ENGINE_ADDRESS_TENTATIVE);
	no_address(s, ENGINE_ADDRESS_NONE);
}

/* What is repeated when the address comes is sent from it. */
static void address_while_telling(struct script *s)
{
	set_state(s, ENGINE_ADDRESS_TENTATIVE);
	set(s, 1, "G", "IN{a}");
	now(s, "* ALLOW(G){a}");
	set(s, 1, "H", "EX{}");
	set_state(s, ENGINE_ADDRESS_VALID);
	rig_run(&s->rig, ENGINE_SECOND);
	expect_source(s, "10.9.0.1", "fe80::1");
	tap_expect(s->tap,
		   s->rig.n_lines == 2 &&
			   rig_count_like(&s->rig, script_name(s, "TO_EX(H){}")) == 2 &&
			   rig_count_like(&s->rig, script_name(s, "ALLOW(G){a}")) == 2,
		   "%zu packets, not both twice", s->rig.n_lines);
	rig_clear(&s->rig);
	quiet(s);
}

static void other_address(struct script *s)
{
	struct engine_interface interface = s->rig.interface;
	bool is_ipv4 = s->family == ENGINE_IPV4;

	begin(s);
	interface.source[s->family].addr = rig_addr(is_ipv4 ? "10.9.0.200" : "fe80::200");
	change(s, &interface);
	quiet(s);
	ask(s, 1000, NULL, NULL);
	rig_run(&s->rig, ENGINE_SECOND);
	expect_source(s, "10.9.0.200", "fe80::200");
	rig_expect(&s->rig, s->tap, "the answer",
		   script_name(s, "* IS_EX(G){a} IS_IN(H){a,b}"));
	quiet(s);
}

/* Snooping switches heed it, if routers do not (RFC 3590 4). */
static void asked_without_an_address(struct script *s)
{
	begin(s);
	for (enum engine_address_state i = ENGINE_ADDRESS_NONE;
	     i <= ENGINE_ADDRESS_TENTATIVE; i++) {
		set_state(s, i);
		quiet(s);
		ask(s, 1000, NULL, NULL);
		rig_run(&s->rig, ENGINE_SECOND);
		expect_source(s, "0.0.0.0", "::");
		rig_expect(&s->rig, s->tap, "without",
			   script_name(s, "* IS_EX(G){a} IS_IN(H){a,b}"));
		quiet(s);
	}
}

static void older_without_an_address(struct script *s)
{
	static const char *const lines[ENGINE_FAMILIES][2] = {
		{ "v2 REPORT(G)", "v2 LEAVE(G)" }, { "mld1 REPORT(G)", "mld1 DONE(G)" }
	};
	const char *report = lines[s->family][0], *leave = lines[s->family][1];

	force(s, s->family == ENGINE_IPV4 ? 2 : 1);
	for (enum engine_address_state i = ENGINE_ADDRESS_NONE;
	     i <= ENGINE_ADDRESS_TENTATIVE; i++) {
		set_state(s, i);
		set(s, 1, "G", "IN{a}");
		rig_run(&s->rig, 10 * ENGINE_SECOND);
		set(s, 1, "G", "NONE");
		rig_pull(&s->rig);
		expect_source(s, "0.0.0.0", "::");
		tap_expect(s->tap,
			   s->rig.n_lines == 3 &&
				   rig_count(&s->rig, script_name(s, report)) == 2 &&
				   rig_count(&s->rig, script_name(s, leave)) == 1,
			   "%zu packets", s->rig.n_lines);
		rig_clear(&s->rig);
		quiet(s);
		set(s, 1, "G", "EX{}");
		settle(s);
		set_state(s, ENGINE_ADDRESS_VALID);
		now(s, report);
		in_ms(s, 10000, report);
		quiet(s);
		set(s, 1, "G", "NONE");
		now(s, leave);
	}
}

/* Each family has its own. */
static void address_of_the_other_family(struct script *s)
{
	struct engine_interface interface = s->rig.interface;

	begin(s);
	interface.source[!s->family].state = ENGINE_ADDRESS_NONE;
	change(s, &interface);
	quiet(s);
	interface.source[!s->family].state = ENGINE_ADDRESS_VALID;
	change(s, &interface);
	quiet(s);
	rig_set(&s->rig, 1, s->family == ENGINE_IPV4 ? "ff0e::1" : "239.1.1.1", "EX{}");
	rig_expect_now(&s->rig, s->tap, "the other family",
		       s->family == ENGINE_IPV4 ? "mld2 TO_EX(ff0e::1){}"
						: "v3 TO_EX(239.1.1.1){}");
	settle(s);
	ask(s, 1000, NULL, NULL);
	in_ms(s, 1000, "* IS_EX(G){a} IS_IN(H){a,b}");
	quiet(s);
}

static const struct script_test tests[] = {
	{ "two interfaces have filters, answers and Robustness of their own [R-MRG-10]",
	  independent },
	{ "two interfaces speak versions of their own [R-MRG-10]",
	  modes_are_independent },
	{ "an interface that goes takes with it all that is pending, and all memory "
	  "[B-16]",
	  goes },
	{ "when it comes back it is new [R-MRG-10, B-16]", comes_back_empty },
	{ "coming and going takes no memory for good [B-16]", gives_memory_back },
	{ "four interfaces send each their own [R-MRG-10]", many_interfaces },
	{ "an interface that cannot be is refused and changes nothing [R-MRG-10]",
	  refuses },
	{ "an address that no report can be from is refused and changes nothing "
	  "[R-FMT-9]",
	  refuses_addresses },
	{ "unless it is not valid yet [R-FMT-9]", takes_addresses },
	{ "an interface that there is no memory for is not there [R-MRG-10, R-MRG-11]",
	  runs_out_of_memory },
	{ "a link that comes up again is told everything, twice [R-CHG-1, R-CHG-4]",
	  comes_up_again },
	{ "as often as the Robustness Variable says [R-CHG-4]", tells_with_robustness },
	{ "a link that goes down drops what is pending, and nothing leaks "
	  "[R-CHG-5, R-QRY-2]",
	  down_forgets_what_is_pending },
	{ "a leave that was being told is forgotten when the link goes down [R-CHG-5]",
	  down_forgets_leaves },
	{ "filters that change while the link is down are told when it is up, queries "
	  "are not heard [R-CHG-1, R-QRY-1]",
	  changes_while_down },
	{ "a link that goes down while it is being told begins anew [R-CHG-5]",
	  changes_while_announcing },
	{ "an interface may be known before it is up [R-CHG-1]", born_down },
	{ "below an MTU of 1,280 bytes there is no MLD, and everything is told anew "
	  "behind that [R-CHG-1]",
	  small_mtu },
	{ "without an address reports are from 0.0.0.0 or ::, and all is told anew "
	  "once there is one [R-FMT-9, R-M1-4]",
	  without_an_address },
	{ "a tentative address is none [R-FMT-9, R-M1-4]", with_a_tentative_one },
	{ "what is being told when the address comes is told from it [R-FMT-9]",
	  address_while_telling },
	{ "another address is sent from, and tells nothing [R-FMT-9]", other_address },
	{ "queries are answered without an address, too [R-FMT-9, R-M1-4]",
	  asked_without_an_address },
	{ "older reports, Leave and Done are from 0.0.0.0 or ::, too [R-M1-4, R-FMT-9]",
	  older_without_an_address },
	{ "the addresses of the families have nothing to do with each other [R-FMT-9]",
	  address_of_the_other_family },
};

int main(void)
{
	struct tap tap = { 0 };

	script_run(&tap, tests, sizeof(tests) / sizeof(tests[0]));
	return tap_finish(&tap);
}
