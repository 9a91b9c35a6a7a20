/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Unit test of tools/msfctl/firewall.h: rulesets as JSON, and what is said of a
 * packet. The kernel test of the same name compares the same with a kernel; here is
 * what a kernel cannot show: what is not known, and what is not fit to be read.
 */
#include <errno.h>
#include <netinet/in.h>
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "firewall.h"
#include "tap.h"

#define SECONDS_MAX 20

/* JSON with ' for ". */
#define CHAIN(family, name, rest)                                                        \
	",{'chain':{'family':'" family "','table':'t','name':'" name "','handle':1" rest \
	"}}"
#define BASE(family, name, hook, policy) \
	CHAIN(family, name,              \
	      ",'type':'filter','hook':'" hook "','prio':0,'policy':'" policy "'")
#define RULE_IN(family, chain, expr)                                  \
	",{'rule':{'family':'" family "','table':'t','chain':'" chain \
	"','handle':7,'expr':[" expr "]}}"
#define RULE(expr)      RULE_IN("ip", "in", expr)
#define INPUT(policy)   BASE("ip", "in", "input", policy)
#define MATCH(op, l, r) "{'match':{'op':'" op "','left':" l ",'right':" r "}}"
#define PAYLOAD(p, f)   "{'payload':{'protocol':'" p "','field':'" f "'}}"
#define SHIFT(op, l, r) "{'" op "':[" l "," r "]}"
#define META(key)       "{'meta':{'key':'" key "'}}"
#define SADDR           MATCH("==", PAYLOAD("ip", "saddr"), "'10.9.0.9'")
#define DPORT(port)     MATCH("==", PAYLOAD("udp", "dport"), port)
#define DROP            "{'drop':null}"
#define ACCEPT          "{'accept':null}"
#define LIMIT           "{'limit':{'rate':5,'per':'second'}}"
#define JUMP(to)        "{'jump':{'target':'" to "'}}"
#define SET(name, rest)                                                                \
	",{'set':{'family':'ip','name':'" name "','table':'t','type':'ipv4_addr'" rest \
	"}}"

enum packet_kind {
	FROM_SOURCE,  /* all is known: 10.9.0.9:4000 > 232.1.1.1:5000 */
	FROM_UNKNOWN, /* but the source, its port, TTL and length */
	IPV6,
	QUERY,  /* IGMP */
	REPORT, /* IGMP, outgoing */
	MLD,    /* report, outgoing */
};

struct sample {
	const char *name;
	const char *objects; /* behind the first one */
	enum packet_kind packet;
	enum firewall_verdict verdict;
	const char *rule, *why; /* parts of the finding; NULL: it has none */
};

static const struct sample samples[] = {
	{ "no ruleset lets all in", "", FROM_SOURCE, FIREWALL_ACCEPT, NULL, NULL },
	{ "the policy decides", INPUT("drop"), FROM_SOURCE, FIREWALL_DROP, "policy drop",
	  NULL },
	{ "a chain of the other family is passed by", INPUT("drop"), IPV6,
	  FIREWALL_ACCEPT, NULL, NULL },
	{ "a chain for what goes out is passed by", BASE("ip", "o", "output", "drop"),
	  FROM_SOURCE, FIREWALL_ACCEPT, NULL, NULL },
	{ "a chain for what is routed is passed by", BASE("ip", "f", "forward", "drop"),
	  FROM_SOURCE, FIREWALL_ACCEPT, NULL, NULL },
	{ "a rule drops", INPUT("accept") RULE(DPORT("5000") "," DROP), FROM_SOURCE,
	  FIREWALL_DROP, "dport", NULL },
	{ "a rule for another port does not",
	  INPUT("accept") RULE(DPORT("5001") "," DROP), FROM_SOURCE, FIREWALL_ACCEPT,
	  NULL, NULL },
	{ "a source that is not known makes it a maybe",
	  INPUT("accept") RULE(SADDR "," DROP), FROM_UNKNOWN, FIREWALL_MAYBE, "saddr",
	  "ip saddr is not known" },
	{ "a source that is not known does not matter to another port",
	  INPUT("accept") RULE(SADDR "," DPORT("5001") "," DROP), FROM_UNKNOWN,
	  FIREWALL_ACCEPT, NULL, NULL },
	{ "the same verdict in both cases is no maybe",
	  INPUT("drop") RULE(SADDR "," DROP), FROM_UNKNOWN, FIREWALL_DROP, "policy drop",
	  NULL },
	{ "an exception that is not known before a policy of drop is named",
	  INPUT("drop") RULE(SADDR "," ACCEPT), FROM_UNKNOWN, FIREWALL_MAYBE, "saddr",
	  "ip saddr is not known" },
	{ "what one chain may drop another surely does",
	  INPUT("accept") RULE(SADDR "," DROP) BASE("ip", "in2", "input", "drop"),
	  FROM_UNKNOWN, FIREWALL_DROP, "policy drop", NULL },
	{ "known bits of an unknown TTL count",
	  INPUT("accept") RULE(MATCH(">", PAYLOAD("ip", "ttl"), "255") "," DROP),
	  FROM_UNKNOWN, FIREWALL_ACCEPT, NULL, NULL },
	{ "a TTL that is not known is a maybe",
	  INPUT("accept") RULE(MATCH("<", PAYLOAD("ip", "ttl"), "64") "," DROP),
	  FROM_UNKNOWN, FIREWALL_MAYBE, "ttl", "ip ttl is not known" },
	{ "a rate is a maybe", INPUT("drop") RULE(LIMIT "," ACCEPT), FROM_SOURCE,
	  FIREWALL_MAYBE, "limit", "limits a rate" },
	{ "a rate for the log is not",
	  INPUT("accept") RULE(LIMIT ",{'log':null}") RULE(DROP), FROM_SOURCE,
	  FIREWALL_DROP, "drop", NULL },
	{ "a reverse path check is a maybe",
	  INPUT("accept")
		  RULE(MATCH("==", "{'fib':{'result':'oif','flags':['saddr','iif']}}",
			     "false") "," DROP),
	  FROM_SOURCE, FIREWALL_MAYBE, "fib", "reverse path" },
	{ "what iptables made is a maybe", INPUT("accept") RULE("{'xt':null}"),
	  FROM_SOURCE, FIREWALL_MAYBE, "xt", "iptables -S" },
	{ "a match of iptables that only counts is none",
	  INPUT("accept") RULE("{'xt':{'type':'match','name':'x'}},{'counter':null}"),
	  FROM_SOURCE, FIREWALL_ACCEPT, NULL, NULL },
	{ "a statement that is not known may be a verdict",
	  INPUT("accept") RULE("{'from the future':null}"), FROM_SOURCE, FIREWALL_MAYBE,
	  "future", "from the future is not known" },
	{ "a program decides", INPUT("accept") RULE("{'queue':{'num':1}}"), FROM_SOURCE,
	  FIREWALL_MAYBE, "queue", "a program decides" },
	{ "a jump to the chain itself ends",
	  INPUT("accept") CHAIN("ip", "a", "") RULE_IN("ip", "a", JUMP("a"))
		  RULE(JUMP("a")),
	  FROM_SOURCE, FIREWALL_MAYBE, "jump", "deeper" },
	{ "a jump to nowhere is a maybe", INPUT("accept") RULE(JUMP("a")), FROM_SOURCE,
	  FIREWALL_MAYBE, "jump", "not listed" },
	{ "an unknown jump to a chain that decides nothing does not matter",
	  INPUT("accept") CHAIN("ip", "a", "") RULE_IN("ip", "a", "{'return':null}")
		  RULE(SADDR "," JUMP("a")) RULE(DROP),
	  FROM_UNKNOWN, FIREWALL_DROP, "drop", NULL },
	{ "behind a goto nothing comes back",
	  INPUT("accept") CHAIN("ip", "a", "") RULE("{'goto':{'target':'a'}}") RULE(DROP),
	  FROM_SOURCE, FIREWALL_ACCEPT, NULL, NULL },
	{ "marks that may be set are not known",
	  INPUT("accept") RULE(SADDR ",{'mangle':{'key':" META("mark") ",'value':7}}")
		  RULE(MATCH("==", META("mark"), "7") "," DROP),
	  FROM_UNKNOWN, FIREWALL_MAYBE, "mark", "meta mark is not known" },
	{ "marks that are set are",
	  INPUT("accept") RULE("{'mangle':{'key':" META("mark") ",'value':7}}")
		  RULE(MATCH("==", META("mark"), "7") "," DROP),
	  FROM_UNKNOWN, FIREWALL_DROP, "mark", NULL },
	{ "bits are shifted to the right",
	  INPUT("accept") RULE(
		  MATCH("==", SHIFT(">>", PAYLOAD("udp", "dport"), "8"), "19") "," DROP),
	  FROM_SOURCE, FIREWALL_DROP, "dport", NULL },
	{ "bits that are shifted to the left fall out at the end",
	  INPUT("accept") RULE(MATCH("==", SHIFT("<<", PAYLOAD("udp", "dport"), "8"),
				     "34816") "," DROP),
	  FROM_SOURCE, FIREWALL_DROP, "dport", NULL },
	{ "bits that are known are known elsewhere",
	  INPUT("accept")
		  RULE(MATCH("==", SHIFT(">>", PAYLOAD("ip", "ttl"), "8"), "1") "," DROP),
	  FROM_UNKNOWN, FIREWALL_ACCEPT, NULL, NULL },
	{ "a shift by what is not known is a maybe",
	  INPUT("accept") RULE(
		  MATCH("==", SHIFT(">>", PAYLOAD("udp", "dport"), PAYLOAD("ip", "ttl")),
			"19") "," DROP),
	  FROM_UNKNOWN, FIREWALL_MAYBE, "dport", "ip ttl is not known" },
	{ "a rewritten port is a maybe",
	  INPUT("accept")
		  RULE("{'mangle':{'key':" PAYLOAD("udp", "dport") ",'value':7}}"),
	  FROM_SOURCE, FIREWALL_MAYBE, "mangle", "rewrites" },
	{ "a translated destination is a maybe",
	  INPUT("accept") RULE("{'dnat':{'addr':'10.9.0.1'}}"), FROM_SOURCE,
	  FIREWALL_MAYBE, "dnat", "changes the addresses" },
	{ "a report may be masqueraded",
	  BASE("ip", "p", "postrouting", "accept")
		  RULE_IN("ip", "p", "{'masquerade':null}"),
	  REPORT, FIREWALL_ACCEPT, NULL, NULL },
	{ "a report is IGMP",
	  BASE("inet", "o", "output", "accept")
		  RULE_IN("inet", "o",
			  MATCH("==", PAYLOAD("igmp", "type"),
				"'membership-report-v3'") "," DROP),
	  REPORT, FIREWALL_DROP, "igmp", NULL },
	{ "a report has the Router Alert option in its header",
	  BASE("ip", "o", "output", "accept") RULE_IN(
		  "ip", "o", MATCH("==", PAYLOAD("ip", "hdrlength"), "6") "," DROP),
	  REPORT, FIREWALL_DROP, "hdrlength", NULL },
	{ "the next header of MLD is the hop-by-hop header",
	  BASE("inet", "o", "output", "accept")
		  RULE_IN("inet", "o",
			  MATCH("==", PAYLOAD("ip6", "nexthdr"), "'ipv6-icmp'") "," DROP),
	  MLD, FIREWALL_ACCEPT, NULL, NULL },
	{ "MLD is not tracked",
	  BASE("inet", "o", "output", "accept")
		  RULE_IN("inet", "o",
			  MATCH("in", "{'ct':{'key':'state'}}", "'untracked'") "," DROP),
	  MLD, FIREWALL_DROP, "untracked", NULL },
	{ "th of a protocol without ports is not known",
	  INPUT("accept") RULE(MATCH("==", PAYLOAD("th", "dport"), "5000") "," DROP),
	  QUERY, FIREWALL_MAYBE, "th", "th dport is not known" },
	{ "a port of another protocol does not fit, whatever the operator",
	  INPUT("accept") RULE(MATCH("!=", PAYLOAD("udp", "dport"), "5000") "," DROP),
	  QUERY, FIREWALL_ACCEPT, NULL, NULL },
	{ "a number that libnftables cut is not known",
	  INPUT("accept") RULE(MATCH(
		  "==", "{'payload':{'base':'nh','offset':0,'len':128}}", "5") "," DROP),
	  FROM_SOURCE, FIREWALL_MAYBE, "nh", "@nh is not known" },
	{ "an empty set has nothing",
	  SET("s", "") INPUT("accept")
		  RULE(MATCH("==", PAYLOAD("ip", "daddr"), "'@s'") "," DROP),
	  FROM_SOURCE, FIREWALL_ACCEPT, NULL, NULL },
	{ "a set that is not listed is not known",
	  INPUT("accept") RULE(MATCH("==", PAYLOAD("ip", "daddr"), "'@s'") "," DROP),
	  FROM_SOURCE, FIREWALL_MAYBE, "@s", "ip daddr is not known" },
	{ "a set that rules change is not known",
	  SET("s", "") INPUT("accept") RULE(
		  "{'set':{'op':'add','elem':" PAYLOAD("ip", "saddr") ",'set':'@s'}}")
		  RULE(MATCH("==", PAYLOAD("ip", "daddr"), "'@s'") "," DROP),
	  FROM_SOURCE, FIREWALL_MAYBE, "@s", "rules change the set @s" },
	{ "a map of verdicts with a catch-all",
	  INPUT("accept") RULE("{'vmap':{'key':" PAYLOAD(
		  "ip", "daddr") ",'data':{'set':[['*',{'drop':null}],['232.1.1.1',"
				 "{'accept':null}]]}}}"),
	  FROM_SOURCE, FIREWALL_ACCEPT, NULL, NULL },
	{ "a map of verdicts whose key is not known",
	  INPUT("accept") RULE("{'vmap':{'key':" PAYLOAD(
		  "ip", "saddr") ",'data':{'set':[['10.9.0.9',{'drop':null}]]}}}"),
	  FROM_UNKNOWN, FIREWALL_MAYBE, "vmap", "ip saddr is not known" },
	{ "a map in a map is not followed",
	  INPUT("accept") RULE("{'vmap':{'key':" PAYLOAD(
		  "ip", "daddr") ",'data':{'set':[['*',{'vmap':null}]]}}}"),
	  FROM_SOURCE, FIREWALL_MAYBE, "vmap", "vmap is not known" },
	{ "a table that sleeps is passed by",
	  ",{'table':{'family':'ip','name':'t','flags':'dormant'}}" INPUT("drop"),
	  FROM_SOURCE, FIREWALL_ACCEPT, NULL, NULL },
	{ "a flag that was garbled is a maybe",
	  ",{'table':{'family':'ip','name':'t','flags':'t'}}" INPUT("drop"), FROM_SOURCE,
	  FIREWALL_MAYBE, "policy drop", "whether the chain is in use" },
	{ "a device that is not told is a maybe", BASE("netdev", "n", "ingress", "drop"),
	  FROM_SOURCE, FIREWALL_MAYBE, "policy drop", "whether the chain is in use" },
	{ "a chain of another device is passed by",
	  CHAIN("netdev", "n", ",'hook':'ingress','prio':0,'policy':'drop','dev':'m1'"),
	  FROM_SOURCE, FIREWALL_ACCEPT, NULL, NULL },
	{ "a chain of several devices is not",
	  CHAIN("netdev", "n",
		",'hook':'ingress','prio':0,'policy':'drop','dev':['m1','m0']"),
	  FROM_SOURCE, FIREWALL_DROP, "policy drop", NULL },
};

static const struct {
	const char *name, *text;
} unfit[] = {
	{ "nothing", "" },
	{ "half an object", "{'nftables':[" },
	{ "no list", "{'nftables':7}" },
	{ "another object", "{}" },
	{ "a chain without a table",
	  "{'nftables':[{'chain':{'family':'ip','name':'x'}}]}" },
	{ "a chain that is a number", "{'nftables':[{'chain':7}]}" },
	{ "a rule without its chain",
	  "{'nftables':[{'rule':{'family':'ip','table':'t','chain':'x','expr':[]}}]}" },
	{ "a rule without expressions",
	  "{'nftables':[{'chain':{'family':'ip','table':'t','name':'x'}},"
	  "{'rule':{'family':'ip','table':'t','chain':'x'}}]}" },
	{ "a priority beyond all",
	  "{'nftables':[{'chain':{'family':'ip','table':'t','name':'x','hook':'input',"
	  "'prio':99999999999}}]}" },
};

static void set_address(struct sockaddr_storage *ret, int family, const char *text)
{
	struct sockaddr_in *sin = (struct sockaddr_in *)ret;
	struct sockaddr_in6 *sin6 = (struct sockaddr_in6 *)ret;

	ret->ss_family = (sa_family_t)family;
	inet_pton(family, text,
		  family == AF_INET ? (void *)&sin->sin_addr : (void *)&sin6->sin6_addr);
}

static struct firewall_packet make_packet(enum packet_kind kind)
{
	struct firewall_packet packet = { .interface = "m0",
					  .ifindex = 3,
					  .family = kind == IPV6 || kind == MLD ? AF_INET6
										: AF_INET,
					  .is_outgoing = kind == REPORT || kind == MLD };
	bool is_ipv4 = packet.family == AF_INET;

	set_address(&packet.destination, packet.family,
		    is_ipv4 ? "232.1.1.1" : "ff3e::8000:1");
	set_address(&packet.source, packet.family, is_ipv4 ? "10.9.0.9" : "fe80::1");
	packet.protocol = IPPROTO_UDP;
	packet.has_port = packet.has_source_port = true;
	packet.port = 5000;
	packet.source_port = 4000;
	packet.has_ttl = packet.has_length = true;
	packet.ttl = 16;
	packet.length = 60;
	if (kind == FROM_UNKNOWN) {
		packet.source.ss_family = AF_UNSPEC;
		packet.has_source_port = packet.has_ttl = packet.has_length = false;
	}
	if (kind == QUERY || kind == REPORT || kind == MLD) {
		packet.protocol = is_ipv4 ? IPPROTO_IGMP : IPPROTO_ICMPV6;
		packet.has_port = packet.has_source_port = false;
		packet.has_type = true;
		packet.type = kind == QUERY ? 0x11 : is_ipv4 ? 0x22 : 143;
	}
	return packet;
}

/* Quotes as JSON has them. From malloc(). */
static char *make_json(const char *start, const char *text, const char *end)
{
	char *json;

	if (asprintf(&json, "%s%s%s", start, text, end) < 0)
		tap_bail_out("no memory");
	for (char *at = json; *at; at++)
		if (*at == '\'')
			*at = '"';
	return json;
}

static bool has_part(const char *text, const char *part)
{
	return part ? strstr(text, part) != NULL : text[0] == '\0';
}

static void test_sample(struct tap *tap, const struct sample *sample)
{
	char *json = make_json("{'nftables':[{'metainfo':{}}", sample->objects, "]}");
	struct firewall_packet packet = make_packet(sample->packet);
	struct firewall_finding finding;
	struct firewall *firewall = NULL;
	enum firewall_verdict verdict;
	int r = firewall_new_from_json(&firewall, json, strlen(json));

	if (tap_expect(tap, r == 0, "%s", strerror(-r))) {
		verdict = firewall_judge(firewall, &packet, &finding);
		tap_expect(tap, verdict == sample->verdict, "verdict %d", verdict);
		tap_expect(tap, has_part(finding.rule, sample->rule), "rule: %s",
			   finding.rule);
		tap_expect(tap, has_part(finding.why, sample->why), "why: %s",
			   finding.why);
		tap_expect(tap,
			   (finding.table[0] && finding.chain[0]) ==
				   (verdict != FIREWALL_ACCEPT),
			   "table %s, chain %s", finding.table, finding.chain);
	}
	tap_end(tap, "%s", sample->name);
	firewall_free(firewall);
	free(json);
}

static void test_unfit(struct tap *tap)
{
	for (size_t i = 0; i < sizeof(unfit) / sizeof(*unfit); i++) {
		char *json = make_json("", unfit[i].text, "");
		struct firewall *firewall = NULL;
		int r = firewall_new_from_json(&firewall, json, strlen(json));

		tap_expect(tap, r == -EBADMSG && !firewall, "%s: %d", unfit[i].name, r);
		firewall_free(firewall);
		free(json);
	}
	tap_end(tap, "what is no ruleset is refused");
}

/* c0 jumps to c1 four times, c1 to c2, and so on. */
static char *make_bomb(void)
{
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		tap_bail_out("no memory");
	fputs("{'nftables':[{'metainfo':{}}" INPUT("accept"), out);
	for (int i = 0; i < 16; i++)
		fprintf(out, CHAIN("ip", "c%d", ""), i);
	fputs(RULE(JUMP("c0")), out);
	for (int i = 0; i < 15 * 4; i++)
		fprintf(out, RULE_IN("ip", "c%d", JUMP("c%d")), i / 4, i / 4 + 1);
	fputs("]}", out);
	fclose(out);
	return text;
}

static void test_bomb(struct tap *tap)
{
	char *text = make_bomb(), *json = make_json("", text, "");
	struct firewall_packet packet = make_packet(FROM_SOURCE);
	struct firewall_finding finding;
	struct firewall *firewall = NULL;
	enum firewall_verdict verdict;
	clock_t start = clock();
	int r = firewall_new_from_json(&firewall, json, strlen(json));

	if (tap_expect(tap, r == 0, "%s", strerror(-r))) {
		verdict = firewall_judge(firewall, &packet, &finding);
		tap_expect(tap, verdict == FIREWALL_MAYBE, "verdict %d", verdict);
		tap_expect(tap, has_part(finding.why, "too large"), "%s", finding.why);
		tap_expect(tap, clock() - start < SECONDS_MAX * CLOCKS_PER_SEC,
			   "takes long");
	}
	tap_end(tap, "chains that jump to each other a thousand million times end");
	firewall_free(firewall);
	free(json);
	free(text);
}

static void test_text(struct tap *tap)
{
	static const char text[] =
		",{'chain':{'family':'ip','table':'t\\u001b[2J','name':'"
		"\\u202e','hook':'input','prio':0,'policy':'drop'}}";
	char *json = make_json("{'nftables':[{'metainfo':{}}", text, "]}");
	struct firewall_packet packet = make_packet(FROM_SOURCE);
	struct firewall_finding finding = { 0 };
	struct firewall *firewall = NULL;
	char line[1024] = "";

	if (tap_expect(tap, !firewall_new_from_json(&firewall, json, strlen(json)),
		       "not read")) {
		firewall_judge(firewall, &packet, &finding);
		firewall_format(&finding, line, sizeof(line));
	}
	tap_expect(tap, !strcmp(line, "table ip t?[2J, chain ?: policy drop"), "%s",
		   line);
	tap_end(tap, "names cannot move the cursor");
	firewall_free(firewall);
	free(json);
}

int main(void)
{
	struct tap tap = { 0 };

	for (size_t i = 0; i < sizeof(samples) / sizeof(*samples); i++)
		test_sample(&tap, &samples[i]);
	test_unfit(&tap);
	test_bomb(&tap);
	test_text(&tap);
	tap_expect(&tap, firewall_free(NULL) == NULL, "not NULL");
	tap_end(&tap, "freeing nothing is fine");
	return tap_finish(&tap);
}
