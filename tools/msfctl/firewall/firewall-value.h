/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * firewall-value: numbers of which single bits may be unknown, what rules compare
 * them with, and the three answers that a comparison can have.
 *
 * Every value is 128 bits wide: numbers and IPv4 addresses stand at the lower end,
 * names of interfaces at the upper end with zeros behind them, so that a prefix of
 * an address and "eth*" are the same thing: a mask.
 */
#ifndef MSFCTL_FIREWALL_VALUE_H
#define MSFCTL_FIREWALL_VALUE_H

#include <stdbool.h>
#include <stdint.h>

#include <jansson.h>

enum truth {
	TRUTH_NO,
	TRUTH_YES,
	TRUTH_UNKNOWN,
};

struct bits {
	uint64_t high, low;
};

/* How a constant of the field is written. */
enum kind {
	KIND_NUMBER,
	KIND_ADDRESS,
	KIND_NAME,      /* "eth*" is a pattern */
	KIND_INTERFACE, /* of iif and oif: a name, or a number when it is gone */
	KIND_PROTOCOL,
	KIND_NFPROTO,
	KIND_ETHERTYPE,
	KIND_PACKET_TYPE,
	KIND_CT_STATE,
	KIND_IGMP_TYPE,
	KIND_ICMPV6_TYPE,
};

/* A field that the packet does not have is absent: the rule ends there, whatever
 * the comparison. */
struct value {
	bool is_absent;
	enum kind kind;
	unsigned int width; /* bits */
	struct bits bits;
	struct bits known; /* zero where the bit is not known */
};

/* Fits when the masked value is from low to high. */
struct pattern {
	struct bits low, high, mask;
};

enum truth truth_not(enum truth truth);
enum truth truth_and(enum truth a, enum truth b);

struct bits bits_of(uint64_t number);
struct bits bits_of_bytes(const void *bytes, unsigned int n_bytes);
struct bits bits_of_name(const char *name);
struct bits bits_and(struct bits a, struct bits b);
struct bits bits_or(struct bits a, struct bits b);
struct bits bits_not(struct bits a);
struct bits bits_shift_left(struct bits a, unsigned int n);
struct bits bits_shift_right(struct bits a, unsigned int n);
bool bits_are_zero(struct bits a);
/* n ones at the lower end; n is 128 at most. */
struct bits bits_ones(unsigned int n);

struct value value_known(enum kind kind, unsigned int width, struct bits bits);
struct value value_unknown(enum kind kind, unsigned int width);
bool value_is_known(const struct value *value);

/* What is known whichever of the two it is. */
struct value value_join(const struct value *a, const struct value *b);

/* The binary operations of rules: '&', '|', '^', '<', '>' (shifts). */
struct value value_combine(char op, const struct value *a, const struct value *b);

/* Any bit of the mask set? */
enum truth value_has_any(const struct value *value, struct bits mask);

enum truth pattern_fits(const struct pattern *pattern, const struct value *value);

/* value < number, and value <= number with or_equal. */
enum truth value_is_less(const struct value *value, struct bits number, bool or_equal);

/* A constant of a ruleset: a number, word, prefix, range, list of flags. False: it
 * is not one, or not one that we know. */
bool pattern_parse(struct pattern *ret, const json_t *json, enum kind kind,
		   unsigned int width);

/* The same where only one number will do. */
bool constant_parse(struct bits *ret, const json_t *json, enum kind kind,
		    unsigned int width);

#endif
