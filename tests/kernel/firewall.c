/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The firewall of msfctl against the kernel's: random rulesets are loaded, packets
 * are sent, and what came is compared with the verdicts.
 *
 *   test-kernel-firewall [SEED [RULESETS]]
 */
#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <nftables/libnftables.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "firewall-grammar.h"
#include "firewall-traffic.h"
#include "firewall.h"
#include "netns.h"
#include "tap.h"

#define SEED         20260101u
#define RULESETS     200u
#define PACKETS      10u
#define REFUSALS_MAX 50u /* one after the other */
#define EACH_PERCENT 15u /* at least, of each verdict */

struct counts {
	unsigned int n_accepted, n_dropped, n_maybe;
	unsigned int n_false_accepts, n_false_drops;
	unsigned int n_hidden, n_hidden_maybe, n_hidden_wrong;
	unsigned int n_named,
		n_unnamed; /* drops, and whether the text of the rule is told */
	unsigned int n_refused;
};

struct trial {
	uint64_t random;
	struct nft_ctx *nft;
	struct firewall_traffic *traffic;
	struct counts counts;
};

static bool load(struct trial *trial, const char *ruleset)
{
	char *command;
	bool is_loaded;

	if (asprintf(&command, "flush ruleset\n%s", ruleset) < 0)
		tap_bail_out("no memory");
	is_loaded = nft_run_cmd_from_buffer(trial->nft, command) == 0;
	free(command);
	/* Takes the buffer back. */
	nft_ctx_get_error_buffer(trial->nft);
	return is_loaded;
}

/* Intervals that overlap and their likes are refused. */
static char *load_random(struct trial *trial)
{
	for (unsigned int i = 0; i < REFUSALS_MAX; i++) {
		char *ruleset = grammar_generate(&trial->random);

		if (load(trial, ruleset))
			return ruleset;
		free(ruleset);
		trial->counts.n_refused++;
	}
	tap_bail_out("nft refuses all rulesets: %s",
		     nft_ctx_get_error_buffer(trial->nft));
}

static const char *format_address(const struct sockaddr_storage *address, char *text)
{
	const struct sockaddr_in *sin = (const void *)address;
	const struct sockaddr_in6 *sin6 = (const void *)address;

	if (address->ss_family == AF_INET)
		return inet_ntop(AF_INET, &sin->sin_addr, text, INET6_ADDRSTRLEN);
	return inet_ntop(AF_INET6, &sin6->sin6_addr, text, INET6_ADDRSTRLEN);
}

static void tell(const char *what, const char *ruleset,
		 const struct firewall_packet *packet,
		 const struct firewall_finding *finding)
{
	char from[INET6_ADDRSTRLEN], to[INET6_ADDRSTRLEN], text[2048];
	char *copy = strdup(ruleset), *rest = copy, *line;

	firewall_format(finding, text, sizeof(text));
	tap_comment("%s: %s, protocol %u, %s:%u > %s:%u, type %u, ttl %u, length %u; %s",
		    what, packet->is_outgoing ? "out" : "in", packet->protocol,
		    format_address(&packet->source, from), packet->source_port,
		    format_address(&packet->destination, to), packet->port, packet->type,
		    packet->ttl, packet->length, text);
	while (copy && (line = strsep(&rest, "\n")))
		tap_comment("  %s", line);
	free(copy);
}

static void compare(struct trial *trial, const struct firewall *firewall,
		    const char *ruleset, const struct firewall_packet *packet, bool came)
{
	struct counts *counts = &trial->counts;
	struct firewall_finding finding;
	enum firewall_verdict verdict = firewall_judge(firewall, packet, &finding);

	switch (verdict) {
	case FIREWALL_ACCEPT:
		counts->n_accepted++;
		if (!came && !counts->n_false_accepts++)
			tell("accepted, did not come", ruleset, packet, &finding);
		return;
	case FIREWALL_DROP:
		counts->n_dropped++;
		/* Without the listing it would be JSON. */
		if (finding.rule[0] && finding.rule[0] != '[' && finding.table[0])
			counts->n_named++;
		else
			counts->n_unnamed++;
		if (came && !counts->n_false_drops++)
			tell("dropped, but came", ruleset, packet, &finding);
		return;
	case FIREWALL_MAYBE:
		if (!counts->n_maybe++)
			tell("maybe", ruleset, packet, &finding);
		return;
	case FIREWALL_UNREADABLE:
		break;
	}
	tap_bail_out("the ruleset cannot be read: %s", finding.why);
}

/* Who knows less may say "maybe", but nothing that is wrong. */
static void compare_hidden(struct trial *trial, const struct firewall *firewall,
			   const char *ruleset, struct firewall_packet packet, bool came)
{
	struct counts *counts = &trial->counts;
	struct firewall_finding finding;
	uint64_t hidden = 1 + grammar_random(&trial->random, 63);
	enum firewall_verdict verdict;

	if (hidden & 1)
		packet.source.ss_family = AF_UNSPEC;
	packet.has_source_port = packet.has_source_port && !(hidden & 2);
	packet.has_port = packet.has_port && !(hidden & 4);
	packet.has_ttl = packet.has_ttl && !(hidden & 8);
	packet.has_length = packet.has_length && !(hidden & 16);
	packet.has_type = packet.has_type && !(hidden & 32);
	verdict = firewall_judge(firewall, &packet, &finding);
	counts->n_hidden++;
	if (verdict == FIREWALL_MAYBE) {
		counts->n_hidden_maybe++;
		if (!finding.why[0] || !finding.table[0])
			counts->n_hidden_wrong++;
		return;
	}
	if (came != (verdict == FIREWALL_ACCEPT) && !counts->n_hidden_wrong++)
		tell("wrong without all fields", ruleset, &packet, &finding);
}

static void try_ruleset(struct trial *trial)
{
	char *ruleset = load_random(trial);
	struct firewall_packet packets[PACKETS];
	struct firewall *firewall;
	bool came[PACKETS];

	for (unsigned int i = 0; i < PACKETS; i++)
		firewall_traffic_draw(trial->traffic, &trial->random, &packets[i]);
	if (firewall_new(&firewall) < 0)
		tap_bail_out("firewall_new() fails: %s", ruleset);
	firewall_traffic_send(trial->traffic, packets, PACKETS, came);
	for (unsigned int i = 0; i < PACKETS; i++) {
		compare(trial, firewall, ruleset, &packets[i], came[i]);
		compare_hidden(trial, firewall, ruleset, packets[i], came[i]);
	}
	firewall_free(firewall);
	free(ruleset);
}

static void report(struct tap *tap, const struct counts *c, unsigned int n_rulesets)
{
	unsigned int n = n_rulesets * PACKETS;

	tap_comment("%u rulesets (%u refused by nft), %u packets: %u accepted, %u "
		    "dropped, %u maybe; with fields hidden %u maybe",
		    n_rulesets, c->n_refused, n, c->n_accepted, c->n_dropped, c->n_maybe,
		    c->n_hidden_maybe);
	tap_expect(tap, c->n_false_accepts == 0, "%u of %u", c->n_false_accepts,
		   c->n_accepted);
	tap_end(tap, "what the firewall accepts comes");
	tap_expect(tap, c->n_false_drops == 0, "%u of %u", c->n_false_drops,
		   c->n_dropped);
	tap_end(tap, "what the firewall drops does not come");
	tap_expect(tap, c->n_unnamed == 0, "%u of %u", c->n_unnamed, c->n_dropped);
	tap_end(tap, "a drop names the rule or the policy as nft writes it");
	tap_expect(tap, c->n_maybe == 0, "%u of %u", c->n_maybe, n);
	tap_end(tap, "no verdict is \"maybe\" when all fields are known");
	tap_expect(tap, c->n_hidden_wrong == 0, "%u of %u", c->n_hidden_wrong,
		   c->n_hidden);
	tap_end(tap, "fields that are not known make a verdict \"maybe\", never wrong");
	tap_expect(tap, c->n_accepted * 100 >= n * EACH_PERCENT, "accepted: %u",
		   c->n_accepted);
	tap_expect(tap, c->n_dropped * 100 >= n * EACH_PERCENT, "dropped: %u",
		   c->n_dropped);
	tap_end(tap, "the rulesets accept some packets and drop some");
}

/* In a user namespace of its own the process has no power over the network. */
static int judge_without_power(const struct firewall_packet *packet)
{
	struct firewall_finding finding;
	struct firewall *firewall;
	enum firewall_verdict verdict;

	if (unshare(CLONE_NEWUSER) < 0 || firewall_new(&firewall) < 0)
		return 2;
	verdict = firewall_judge(firewall, packet, &finding);
	firewall_free(firewall);
	return verdict == FIREWALL_UNREADABLE && finding.why[0] && !finding.table[0] ? 0
										     : 1;
}

static void test_unreadable(struct tap *tap, struct trial *trial)
{
	struct firewall_packet packet;
	int status = -1;
	pid_t child;

	firewall_traffic_draw(trial->traffic, &trial->random, &packet);
	child = fork();
	if (child == 0)
		_exit(judge_without_power(&packet));
	tap_expect(tap, child > 0 && waitpid(child, &status, 0) == child && status == 0,
		   "status %d", status);
	tap_end(tap, "a ruleset that may not be read is said to be unreadable");
}

int main(int argc, char **argv)
{
	struct trial trial = { .random = argc > 1 ? strtoull(argv[1], NULL, 0) : SEED };
	unsigned int n = argc > 2 ? (unsigned int)strtoul(argv[2], NULL, 0) : RULESETS;
	struct tap tap = { 0 };
	struct netns net;

	netns_init(&net);
	trial.nft = nft_ctx_new(NFT_CTX_DEFAULT);
	if (!trial.nft || !trial.random || nft_ctx_buffer_error(trial.nft) != 0 ||
	    nft_ctx_buffer_output(trial.nft) != 0)
		tap_bail_out("libnftables cannot be used");
	trial.traffic = firewall_traffic_new();
	for (unsigned int i = 0; i < n; i++)
		try_ruleset(&trial);
	report(&tap, &trial.counts, n);
	test_unreadable(&tap, &trial);
	firewall_traffic_free(trial.traffic);
	nft_ctx_free(trial.nft);
	return tap_finish(&tap);
}
