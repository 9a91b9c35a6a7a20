/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Random rulesets out of all that msfctl can judge, as text for nft. Each base chain
 * begins with a rule that lets the sentinel through (firewall-traffic.h).
 */
#ifndef FIREWALL_GRAMMAR_H
#define FIREWALL_GRAMMAR_H

#include <stdint.h>

/* xorshift64*; state is not 0. */
uint64_t grammar_random(uint64_t *state, uint64_t below);

/* From malloc(). */
char *grammar_generate(uint64_t *random);

#endif
