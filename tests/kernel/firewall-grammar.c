/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The grammar of random rulesets (see firewall-grammar.h): lines with holes, "$S", and
 * where each may stand. The values in the holes are those that the packets of
 * firewall-traffic.c have, and a few others.
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "firewall-grammar.h"
#include "firewall-traffic.h"
#include "tap.h"

#define N(table) (sizeof(table) / sizeof(*(table)))

/* Families of tables */
#define IP     1u
#define IP6    2u
#define INET   4u
#define NETDEV 8u
#define ANY    15u
#define WITH4  (IP | INET | NETDEV)
#define WITH6  (IP6 | INET | NETDEV)
#define LAYER3 (IP | IP6 | INET)

/* Places of base chains; a chain that rules call has none of them. */
#define IN      1u /* prerouting and input */
#define OUT     2u
#define RAW     4u /* before connection tracking */
#define ENDS    8u /* input and output, where reject may stand */
#define NOWHERE 0u

#define CHAINS_MAX 3

#define OTHERS_MAX 4

/* The kinds of packets that a rule may be for: the words of the others. Beside it nft
 * refuses them, or (1.0.6) lists a rule for no packet at all as one for some. */
static const char *const others3[][OTHERS_MAX] = {
	{ "ip6 ", "icmpv6 ", "!= { ip, arp }", "nfproto !=" },
	{ "ip ", "igmp ", "protocol ip", "nfproto ipv4" },
};
static const char *const others4[][OTHERS_MAX] = {
	{ "igmp type", "icmpv6 type", "tcp dport" },
	{ "igmp type", "icmpv6 type", "tcp dport" },
	{ "udp", "tcp dport" },
	{ "udp", "type" },
};

struct grammar {
	uint64_t *random;
	FILE *out;
	const char *const *others[2]; /* of this rule */
	bool has_unlike;
	unsigned int family, places;
	unsigned int first_chain; /* that may be jumped to */
};

struct line {
	unsigned int families, places; /* any of the places will do */
	const char *text;
};

static const struct {
	unsigned int family;
	const char *name;
} families[] = {
	{ INET, "inet" },
	{ IP, "ip" },
	{ IP6, "ip6" },
	{ NETDEV, "netdev" },
};

static const struct line hooks[] = {
	{ LAYER3, IN | RAW, "prerouting priority -300" },
	{ LAYER3, IN, "prerouting priority -150" },
	{ LAYER3, IN, "prerouting priority 0" },
	{ LAYER3, IN | ENDS, "input priority 0" },
	{ LAYER3, IN | ENDS, "input priority 10" },
	{ LAYER3, OUT | RAW, "output priority -300" },
	{ LAYER3, OUT | ENDS, "output priority 0" },
	{ LAYER3, OUT, "postrouting priority 100" },
	{ NETDEV | INET, NOWHERE, "ingress device m0 priority 0" },
	{ NETDEV, NOWHERE, "ingress device m1 priority 2" },
	{ NETDEV, NOWHERE, "ingress devices = { m0, m1 } priority 5" },
	{ NETDEV, NOWHERE, "egress device m0 priority 0" },
};

static const struct line matches[] = {
	{ WITH4, NOWHERE, "ip saddr $S" },
	{ WITH4, NOWHERE, "ip saddr != $S" },
	{ WITH4, NOWHERE, "ip saddr { $S, 10.9.0.20 }" },
	{ WITH4, NOWHERE, "ip saddr != { 10.9.0.10-10.9.0.11, 10.9.0.40 }" },
	{ WITH4, NOWHERE, "ip saddr 10.9.0.12/30" },
	{ WITH4, NOWHERE, "ip saddr != 10.9.0.0/24" },
	{ WITH4, NOWHERE, "ip saddr 10.9.0.10-10.9.0.11" },
	{ WITH4, NOWHERE, "ip saddr != 10.9.0.11-10.9.0.12" },
	{ WITH4, NOWHERE, "ip saddr @sources4" },
	{ WITH4, NOWHERE, "ip saddr & 0.0.0.1 == 0.0.0.1" },
	{ WITH4, NOWHERE, "ip saddr < 10.9.0.12" },
	{ WITH4, NOWHERE, "ip daddr $G" },
	{ WITH4, NOWHERE, "ip daddr != $G" },
	{ WITH4, NOWHERE, "ip daddr 224.0.0.0/4" },
	{ WITH4, NOWHERE, "ip daddr != { 232.1.1.2, 239.0.0.0/8 }" },
	{ WITH4, NOWHERE, "ip daddr @groups4" },
	{ WITH4, NOWHERE, "ip daddr != @groups4" },
	{ WITH4, NOWHERE, "ip daddr . udp dport @flows4" },
	{ WITH4, NOWHERE, "ip daddr . udp dport != @flows4" },
	{ WITH4, NOWHERE,
	  "ip daddr . udp dport { 232.1.1.1 . $P, 239.0.0.0/8 . 5001-5002 }" },
	{ WITH4, NOWHERE, "iifname . ip saddr { \"m0\" . $S, \"m1\" . 10.9.0.10 }" },
	{ WITH4, NOWHERE, "ip ttl $L" },
	{ WITH4, NOWHERE, "ip ttl < $L" },
	{ WITH4, NOWHERE, "ip ttl >= $L" },
	{ WITH4, NOWHERE, "ip ttl != { 1, 3-60 }" },
	{ WITH4, NOWHERE, "ip length > $Z" },
	{ WITH4, NOWHERE, "ip length != 30-$Z" },
	{ WITH4, NOWHERE, "ip protocol igmp" },
	{ WITH4, NOWHERE, "ip protocol != udp" },
	{ WITH4, NOWHERE, "ip protocol { udp, tcp }" },
	{ WITH4, NOWHERE, "ip protocol . ip daddr { udp . $G, igmp . 232.1.1.1 }" },
	{ WITH4, NOWHERE, "ip version 4" },
	{ WITH4, NOWHERE, "ip frag-off & 0x1fff != 0" },
	{ WITH4, NOWHERE, "ip frag-off & 0x1fff == 0" },
	{ WITH4, NOWHERE, "igmp type membership-query" },
	{ WITH4, NOWHERE, "igmp type != { membership-report-v2, leave-group }" },
	{ WITH6, NOWHERE, "ip6 saddr $T" },
	{ WITH6, NOWHERE, "ip6 saddr != { $T, fd09:0:0:1::/64 }" },
	{ WITH6, NOWHERE, "ip6 saddr fd09::10-fd09::11" },
	{ WITH6, NOWHERE, "ip6 saddr & ::1 == ::1" },
	{ WITH6, NOWHERE, "ip6 saddr @sources6" },
	{ WITH6, NOWHERE, "ip6 daddr $H" },
	{ WITH6, NOWHERE, "ip6 daddr != $H" },
	{ WITH6, NOWHERE, "ip6 daddr ff3e::/16" },
	{ WITH6, NOWHERE,
	  "ip6 daddr . udp dport { ff3e::8000:1 . $P, ff15::/16 . 5001-5002 }" },
	{ WITH6, NOWHERE, "ip6 hoplimit $L" },
	{ WITH6, NOWHERE, "ip6 hoplimit <= $L" },
	{ WITH6, NOWHERE, "ip6 length > $Z" },
	{ WITH6, NOWHERE, "ip6 nexthdr udp" },
	{ WITH6, NOWHERE, "ip6 nexthdr ipv6-icmp" },
	{ WITH6, NOWHERE, "icmpv6 type mld-listener-query" },
	{ WITH6, NOWHERE, "icmpv6 type != { mld2-listener-report, echo-request }" },
	{ INET, NOWHERE, "meta nfproto ipv4" },
	{ INET, NOWHERE, "meta nfproto != ipv4" },
	{ ANY, NOWHERE, "udp dport $P" },
	{ ANY, NOWHERE, "udp dport != $P" },
	{ ANY, NOWHERE, "udp dport { 5000, 5002-5003 }" },
	{ ANY, NOWHERE, "udp dport != { 5001 }" },
	{ ANY, NOWHERE, "udp dport >= $P" },
	{ ANY, NOWHERE, "udp dport != 5001-5002" },
	{ ANY, NOWHERE, "udp sport $Q" },
	{ ANY, NOWHERE, "udp sport != $Q" },
	{ ANY, NOWHERE, "udp sport . udp dport { $Q . $P, 7 . 9 }" },
	{ ANY, NOWHERE, "udp length > $Z" },
	{ ANY, NOWHERE, "meta l4proto udp th dport $P" },
	{ ANY, NOWHERE, "meta l4proto udp @th,16,16 $P" },
	{ ANY, NOWHERE, "meta l4proto udp" },
	{ ANY, NOWHERE, "meta l4proto != udp" },
	{ ANY, NOWHERE, "meta l4proto { igmp, ipv6-icmp }" },
	{ ANY, NOWHERE, "tcp dport 5000" },
	{ ANY, NOWHERE, "meta protocol ip" },
	{ ANY, NOWHERE, "meta protocol != { ip, arp }" },
	{ ANY, NOWHERE, "meta mark $N" },
	{ ANY, NOWHERE, "meta mark != $N" },
	{ ANY, NOWHERE, "meta mark & 1 == 1" },
	{ ANY, NOWHERE, "meta mark & 6 != 0" },
	{ ANY, NOWHERE, "meta mark | 1 == 3" },
	{ ANY, NOWHERE, "meta mark > 1" },
	{ ANY, NOWHERE, "meta mark { 0, 4-7 }" },
	{ LAYER3, NOWHERE, "iifname $I" },
	{ LAYER3, NOWHERE, "iifname != $I" },
	{ LAYER3, NOWHERE, "iifname { \"lo\", $I }" },
	{ LAYER3, NOWHERE, "iifname @names" },
	{ LAYER3, IN, "iif m0" },
	{ LAYER3, IN, "iif != m0" },
	{ LAYER3, IN, "iif { lo, m1 }" },
	{ LAYER3, OUT, "oif m0" },
	{ LAYER3, OUT, "oifname != $I" },
	{ LAYER3, IN, "meta pkttype multicast" },
	{ LAYER3, IN, "meta pkttype != { unicast, broadcast }" },
	{ LAYER3, IN, "meta length > $Z" },
	{ LAYER3, NOWHERE, "ct state new" },
	{ LAYER3, NOWHERE, "ct state != new" },
	{ LAYER3, NOWHERE, "ct state established,related" },
	{ LAYER3, NOWHERE, "ct state { established, new }" },
	{ LAYER3, NOWHERE, "ct state invalid,untracked" },
	{ LAYER3, NOWHERE, "ct state & (new | untracked) == 0" },
};

static const struct line changes[] = {
	{ ANY, NOWHERE, "counter" },
	{ ANY, NOWHERE, "meta mark set $N" },
	{ ANY, NOWHERE, "meta mark set meta mark | 4" },
	{ ANY, NOWHERE, "meta mark set meta mark & 5" },
	{ ANY, NOWHERE, "meta mark set meta mark ^ 3" },
	{ ANY, NOWHERE, "meta mark set udp dport map { 5000 : 1, 5001-5002 : 7 }" },
	{ WITH4, NOWHERE, "meta mark set ip daddr map @marks4" },
	{ LAYER3, RAW, "notrack" },
};

static const struct line verdicts[] = {
	{ ANY, NOWHERE, "accept" },
	{ ANY, NOWHERE, "drop" },
	{ ANY, NOWHERE, "drop comment \"a # handle 1 b\"" },
	{ ANY, NOWHERE, "return" },
	{ ANY, NOWHERE, "continue" },
	{ ANY, NOWHERE, "$J" },
	{ ANY, NOWHERE, "$J" },
	{ LAYER3, ENDS, "reject" },
	{ WITH4, NOWHERE,
	  "ip daddr vmap { 232.1.1.1 : drop, 239.0.0.0/8 : accept, * : return }" },
	{ WITH4, NOWHERE, "ip saddr vmap { 10.9.0.10 : $J, 10.9.0.12/30 : drop }" },
	{ WITH4, NOWHERE,
	  "ip daddr . udp dport vmap { $G . $P : drop, 225.0.0.0/8 . "
	  "5000 : accept }" },
	{ WITH6, NOWHERE, "ip6 daddr vmap { ff3e::8000:1 : drop, ff15::/16 : accept }" },
	{ ANY, NOWHERE, "udp dport vmap @ports" },
	{ ANY, NOWHERE, "meta l4proto vmap { udp : $J, igmp : drop }" },
	{ LAYER3, NOWHERE, "ct state vmap { new : $J, established : drop }" },
};

static const char sets[] =
	"  set sources4 { type ipv4_addr; elements = { 10.9.0.10, 10.9.0.13 } }\n"
	"  set sources6 { type ipv6_addr; elements = { fd09::11 } }\n"
	"  set groups4 { type ipv4_addr; flags interval;\n"
	"    elements = { 232.1.1.1, 239.1.0.0/16, 225.0.0.1-225.0.0.9 } }\n"
	"  set flows4 { type ipv4_addr . inet_service; flags interval,timeout;\n"
	"    timeout 1h; elements = { 232.1.1.1 . 5000-5001, 239.0.0.0/8 . 5002 } }\n"
	"  set names { type ifname; flags interval; elements = { \"lo\", \"m*\" } }\n"
	"  set empty { type ipv4_addr; }\n"
	"  map ports { type inet_service : verdict;\n"
	"    elements = { 5000 : drop, 5001 : accept, 5003 : return } }\n"
	"  map marks4 { type ipv4_addr : mark;\n"
	"    elements = { 232.1.1.1 : 1, 239.1.1.1 : 2 } }\n";

uint64_t grammar_random(uint64_t *state, uint64_t below)
{
	*state ^= *state >> 12;
	*state ^= *state << 25;
	*state ^= *state >> 27;
	return (*state * 0x2545f4914f6cdd1du >> 16) % below;
}

static const char *pick(struct grammar *g, const char *const *words, size_t n)
{
	return words[grammar_random(g->random, n)];
}

static void print_jump(struct grammar *g)
{
	unsigned int n = CHAINS_MAX - g->first_chain;

	if (n == 0)
		fputs("return", g->out);
	else
		fprintf(g->out, "%s c%u", grammar_random(g->random, 3) ? "jump" : "goto",
			g->first_chain + (unsigned int)grammar_random(g->random, n));
}

static void print_hole(struct grammar *g, char hole)
{
	static const char *const ttls[] = { "1", "2", "64" };
	static const char *const marks[] = { "0", "1", "3", "7" };
	static const char *const names[] = { "\"m0\"", "\"m*\"", "\"m1\"", "\"eth*\"" };
	static const char *const lengths[] = { "35", "45", "60", "90" };

	switch (hole) {
	case 'S':
		fputs(pick(g, traffic_sources4, N_SOURCES), g->out);
		break;
	case 'T':
		fputs(pick(g, traffic_sources6, N_SOURCES), g->out);
		break;
	case 'G':
		fputs(pick(g, traffic_groups4, 2), g->out);
		break;
	case 'H':
		fputs(pick(g, traffic_groups6, 2), g->out);
		break;
	case 'P':
		fprintf(g->out, "%u",
			TRAFFIC_PORT + (unsigned int)grammar_random(g->random, N_PORTS));
		break;
	case 'Q':
		fprintf(g->out, "%u",
			TRAFFIC_SOURCE_PORT + (unsigned int)grammar_random(g->random, 2));
		break;
	case 'L':
		fputs(pick(g, ttls, N(ttls)), g->out);
		break;
	case 'N':
		fputs(pick(g, marks, N(marks)), g->out);
		break;
	case 'I':
		fputs(pick(g, names, N(names)), g->out);
		break;
	case 'Z':
		fputs(pick(g, lengths, N(lengths)), g->out);
		break;
	default:
		print_jump(g);
		break;
	}
}

static bool is_of_others(const struct grammar *g, const char *text)
{
	for (unsigned int layer = 0; layer < 2; layer++)
		for (unsigned int i = 0; i < OTHERS_MAX && g->others[layer][i]; i++)
			if (strstr(text, g->others[layer][i]))
				return true;
	return false;
}

static const struct line *pick_line(struct grammar *g, const struct line *lines, size_t n)
{
	for (;;) {
		const struct line *line = &lines[grammar_random(g->random, n)];

		if ((line->families & g->family) && !is_of_others(g, line->text) &&
		    (!line->places || (line->places & g->places)))
			return line;
	}
}

static void print_line(struct grammar *g, const struct line *line)
{
	for (const char *at = line->text; *at; at++) {
		if (*at == '$')
			print_hole(g, *++at);
		else
			fputc(*at, g->out);
	}
	fputc(' ', g->out);
}

/*
 * nft 1.0.6 puts two fields that are beside each other in the packet into one
 * comparison, of "!=" too: then it is enough that one of them differs, and the listing
 * says otherwise. So there is only one "!=" of a header in a rule.
 */
static bool is_second_unlike(const struct grammar *g, const struct line *line)
{
	return g->has_unlike && strstr(line->text, "!=") != NULL;
}

static void print_match(struct grammar *g)
{
	const struct line *line;

	do
		line = pick_line(g, matches, N(matches));
	while (is_second_unlike(g, line));
	g->has_unlike = g->has_unlike || strstr(line->text, "!=");
	print_line(g, line);
}

static void print_rule(struct grammar *g)
{
	unsigned int n_matches = (unsigned int)grammar_random(g->random, 3);

	g->others[0] = others3[grammar_random(g->random, N(others3))];
	g->others[1] = others4[grammar_random(g->random, N(others4))];
	g->has_unlike = false;
	fputs("    ", g->out);
	for (unsigned int i = 0; i < n_matches; i++)
		print_match(g);
	if (grammar_random(g->random, 3) == 0) {
		print_match(g);
		print_line(g, pick_line(g, changes, N(changes)));
	}
	/* A verdict for all would end most chains. */
	if (n_matches || grammar_random(g->random, 8) == 0)
		print_line(g, pick_line(g, verdicts, N(verdicts)));
	else
		fputs("counter", g->out);
	fputc('\n', g->out);
}

static void print_rules(struct grammar *g)
{
	uint64_t n = 1 + grammar_random(g->random, 5);

	while (n--)
		print_rule(g);
	fputs("  }\n", g->out);
}

static void print_base(struct grammar *g, unsigned int i)
{
	const struct line *hook;

	/* The places of the hook are given, not asked for. */
	do
		hook = &hooks[grammar_random(g->random, N(hooks))];
	while (!(hook->families & g->family));
	g->places = hook->places;
	fprintf(g->out, "  chain b%u {\n    type filter hook %s; policy %s;\n", i,
		hook->text, grammar_random(g->random, 3) ? "accept" : "drop");
	fprintf(g->out, "    udp sport %u accept\n", TRAFFIC_SENTINEL_PORT);
	print_rules(g);
}

static void print_table(struct grammar *g, unsigned int i)
{
	size_t f = grammar_random(g->random, N(families));
	uint64_t n_bases = 1 + grammar_random(g->random, 2);

	g->family = families[f].family;
	fprintf(g->out, "table %s t%u {\n%s%s", families[f].name, i,
		grammar_random(g->random, 12) ? "" : "  flags dormant;\n", sets);
	g->places = NOWHERE;
	/* From the last on, so that each one may jump to those that exist. */
	for (unsigned int c = CHAINS_MAX; c-- > 0;) {
		g->first_chain = c + 1;
		fprintf(g->out, "  chain c%u {\n", c);
		print_rules(g);
	}
	g->first_chain = 0;
	for (unsigned int b = 0; b < n_bases; b++)
		print_base(g, b);
	fputs("}\n", g->out);
}

char *grammar_generate(uint64_t *random)
{
	struct grammar g = { .random = random };
	char *text = NULL;
	size_t size = 0;
	uint64_t n_tables = 1 + grammar_random(random, 3);

	g.out = open_memstream(&text, &size);
	if (!g.out)
		tap_bail_out("no memory");
	for (unsigned int i = 0; i < n_tables; i++)
		print_table(&g, i);
	if (fclose(g.out) != 0)
		tap_bail_out("no memory");
	return text;
}
