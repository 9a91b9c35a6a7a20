/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Arithmetic on values of which single bits may be unknown (see firewall-value.h).
 *
 * Invariant: an answer is YES or NO only if it is the same for every value that the
 * unknown bits allow.
 */
#include <net/if.h>
#include <string.h>

#include "firewall-value.h"

#define WIDTH_MAX 128u

enum truth truth_not(enum truth truth)
{
	switch (truth) {
	case TRUTH_NO:
		return TRUTH_YES;
	case TRUTH_YES:
		return TRUTH_NO;
	case TRUTH_UNKNOWN:
		break;
	}
	return TRUTH_UNKNOWN;
}

enum truth truth_and(enum truth a, enum truth b)
{
	if (a == TRUTH_NO || b == TRUTH_NO)
		return TRUTH_NO;
	return a == TRUTH_YES && b == TRUTH_YES ? TRUTH_YES : TRUTH_UNKNOWN;
}

struct bits bits_of(uint64_t number)
{
	return (struct bits){ 0, number };
}

struct bits bits_of_bytes(const void *bytes, unsigned int n_bytes)
{
	const uint8_t *octets = bytes;
	struct bits result = { 0 };

	for (unsigned int i = 0; i < n_bytes; i++)
		result = bits_or(bits_shift_left(result, 8), bits_of(octets[i]));
	return result;
}

struct bits bits_of_name(const char *name)
{
	char bytes[IF_NAMESIZE] = { 0 };

	memcpy(bytes, name, strnlen(name, sizeof(bytes)));
	return bits_of_bytes(bytes, sizeof(bytes));
}

struct bits bits_and(struct bits a, struct bits b)
{
	return (struct bits){ a.high & b.high, a.low & b.low };
}

struct bits bits_or(struct bits a, struct bits b)
{
	return (struct bits){ a.high | b.high, a.low | b.low };
}

struct bits bits_not(struct bits a)
{
	return (struct bits){ ~a.high, ~a.low };
}

static struct bits bits_xor(struct bits a, struct bits b)
{
	return (struct bits){ a.high ^ b.high, a.low ^ b.low };
}

struct bits bits_shift_left(struct bits a, unsigned int n)
{
	if (n >= WIDTH_MAX)
		return bits_of(0);
	if (n >= 64)
		return (struct bits){ a.low << (n - 64), 0 };
	if (n == 0)
		return a;
	return (struct bits){ a.high << n | a.low >> (64 - n), a.low << n };
}

struct bits bits_shift_right(struct bits a, unsigned int n)
{
	if (n >= WIDTH_MAX)
		return bits_of(0);
	if (n >= 64)
		return (struct bits){ 0, a.high >> (n - 64) };
	if (n == 0)
		return a;
	return (struct bits){ a.high >> n, a.low >> n | a.high << (64 - n) };
}

bool bits_are_zero(struct bits a)
{
	return a.high == 0 && a.low == 0;
}

struct bits bits_ones(unsigned int n)
{
	return bits_shift_right(bits_not(bits_of(0)), WIDTH_MAX - n);
}

static bool is_below(struct bits a, struct bits b)
{
	return a.high < b.high || (a.high == b.high && a.low < b.low);
}

struct value value_known(enum kind kind, unsigned int width, struct bits bits)
{
	return (struct value){ .kind = kind,
			       .width = width,
			       .bits = bits_and(bits, bits_ones(width)),
			       .known = bits_ones(WIDTH_MAX) };
}

struct value value_unknown(enum kind kind, unsigned int width)
{
	return (struct value){ .kind = kind,
			       .width = width,
			       .known = bits_not(bits_ones(width)) };
}

bool value_is_known(const struct value *value)
{
	return !value->is_absent && bits_are_zero(bits_not(value->known));
}

struct value value_join(const struct value *a, const struct value *b)
{
	struct value joined = *a;

	if (a->is_absent && b->is_absent)
		return joined;
	if (a->is_absent || b->is_absent)
		return value_unknown(a->kind, a->width);
	joined.known = bits_and(bits_and(a->known, b->known),
				bits_not(bits_xor(a->bits, b->bits)));
	joined.bits = bits_and(a->bits, joined.known);
	return joined;
}

static struct value shift(char op, struct value value, const struct value *count)
{
	unsigned int n = count->bits.low < WIDTH_MAX ? (unsigned int)count->bits.low
						     : WIDTH_MAX;

	if (!value_is_known(count))
		return value_unknown(value.kind, value.width);
	if (op == '>') {
		value.bits = bits_shift_right(value.bits, n);
		value.known = bits_not(bits_shift_right(bits_not(value.known), n));
		return value;
	}
	value.known = bits_not(bits_shift_left(bits_not(value.known), n));
	value.known = bits_or(value.known, bits_not(bits_ones(value.width)));
	value.bits = bits_and(bits_shift_left(value.bits, n), bits_ones(value.width));
	return value;
}

struct value value_combine(char op, const struct value *a, const struct value *b)
{
	struct bits ones_a = bits_and(a->bits, a->known), zeros_a, zeros_b;
	struct bits ones_b = bits_and(b->bits, b->known), ones, zeros;
	struct value result = *a;

	if (a->is_absent || b->is_absent) {
		result.is_absent = true;
		return result;
	}
	zeros_a = bits_and(bits_not(a->bits), a->known);
	zeros_b = bits_and(bits_not(b->bits), b->known);
	switch (op) {
	case '&':
		ones = bits_and(ones_a, ones_b);
		zeros = bits_or(zeros_a, zeros_b);
		break;
	case '|':
		ones = bits_or(ones_a, ones_b);
		zeros = bits_and(zeros_a, zeros_b);
		break;
	case '^':
		ones = bits_or(bits_and(ones_a, zeros_b), bits_and(zeros_a, ones_b));
		zeros = bits_or(bits_and(ones_a, ones_b), bits_and(zeros_a, zeros_b));
		break;
	default:
		return shift(op, *a, b);
	}
	result.bits = ones;
	result.known = bits_or(ones, zeros);
	return result;
}

enum truth value_has_any(const struct value *value, struct bits mask)
{
	if (!bits_are_zero(bits_and(bits_and(value->bits, value->known), mask)))
		return TRUTH_YES;
	return bits_are_zero(bits_and(bits_not(value->known), mask)) ? TRUTH_NO
								     : TRUTH_UNKNOWN;
}

/* Is every, some or no value from lowest to highest within the pattern? */
static enum truth is_between(struct bits lowest, struct bits highest, struct bits low,
			     struct bits high)
{
	if (is_below(highest, low) || is_below(high, lowest))
		return TRUTH_NO;
	if (!is_below(lowest, low) && !is_below(high, highest))
		return TRUTH_YES;
	return TRUTH_UNKNOWN;
}

enum truth pattern_fits(const struct pattern *pattern, const struct value *value)
{
	struct bits unknown = bits_and(bits_not(value->known), pattern->mask);
	struct bits lowest = bits_and(bits_and(value->bits, value->known), pattern->mask);

	if (bits_are_zero(bits_xor(pattern->low, pattern->high)) &&
	    !bits_are_zero(bits_and(bits_xor(pattern->low, lowest),
				    bits_and(pattern->mask, value->known))))
		return TRUTH_NO;
	return is_between(lowest, bits_or(lowest, unknown), pattern->low, pattern->high);
}

enum truth value_is_less(const struct value *value, struct bits number, bool or_equal)
{
	struct bits lowest = bits_and(value->bits, value->known);
	struct bits highest = bits_or(lowest, bits_not(value->known));

	if (is_below(highest, number) || (or_equal && !is_below(number, highest)))
		return TRUTH_YES;
	if (is_below(number, lowest) || (!or_equal && !is_below(lowest, number)))
		return TRUTH_NO;
	return TRUTH_UNKNOWN;
}
