/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * utf8: bytes of others made harmless (see utf8.h).
 *
 * Invariant: what is copied is whole characters, of RFC 3629 3: none of the longer
 * forms of a shorter one, no surrogates, nothing above U+10FFFF.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "utf8.h"

#define REPLACEMENT "\357\277\275" /* U+FFFD */

/* RFC 3629 4: what a character of so many bytes begins with, and its range. */
static const struct {
	uint8_t mask, head;
	uint32_t first, last;
} forms[] = {
	{ 0x80, 0x00, 0x1, 0x7f },
	{ 0xe0, 0xc0, 0x80, 0x7ff },
	{ 0xf0, 0xe0, 0x800, 0xffff },
	{ 0xf8, 0xf0, 0x10000, 0x10ffff },
};

#define N_FORMS (sizeof(forms) / sizeof(*forms))

/* Characters that do more than be seen: Unicode's Cc, Zl and Zp, and the bidirectional
 * ones of Cf (UAX 9). */
static const struct {
	uint32_t first, last;
} hidden[] = {
	{ 0x1, 0x1f },      { 0x7f, 0x9f },     { 0x61c, 0x61c },
	{ 0x200e, 0x200f }, { 0x2028, 0x202e }, { 0x2066, 0x2069 },
};

#define N_HIDDEN (sizeof(hidden) / sizeof(*hidden))

/* The length of the first character of a text that is not empty; 0: it has none. */
static size_t read_character(const char *text, uint32_t *ret)
{
	const uint8_t *bytes = (const uint8_t *)text;
	size_t form = 0;
	uint32_t value;

	while (form < N_FORMS && (bytes[0] & forms[form].mask) != forms[form].head)
		form++;
	if (form == N_FORMS)
		return 0;
	value = bytes[0] & (uint8_t)~forms[form].mask;
	for (size_t i = 1; i <= form; i++) {
		if ((bytes[i] & 0xc0) != 0x80) /* the NUL, too */
			return 0;
		value = value << 6 | (bytes[i] & 0x3f);
	}
	if (value < forms[form].first || value > forms[form].last ||
	    (value >= 0xd800 && value <= 0xdfff))
		return 0;
	*ret = value;
	return form + 1;
}

static bool is_hidden(uint32_t character)
{
	for (size_t i = 0; i < N_HIDDEN; i++)
		if (character >= hidden[i].first && character <= hidden[i].last)
			return true;
	return false;
}

size_t utf8_clean(const char *text, char *buf, size_t len)
{
	size_t n = 0;

	while (*text) {
		uint32_t character = 0;
		size_t n_read = read_character(text, &character);
		bool is_plain = n_read && !is_hidden(character);
		size_t n_written = is_plain ? n_read : 1;

		if (n_written >= len - n)
			break;
		if (is_plain)
			memmove(buf + n, text, n_read);
		else
			buf[n] = '?';
		n += n_written;
		text += n_read ? n_read : 1;
	}
	buf[n] = '\0';
	return n;
}

size_t utf8_get_width(const char *text)
{
	size_t width = 0;

	for (; *text; text++)
		width += ((uint8_t)*text & 0xc0) != 0x80;
	return width;
}

char *utf8_new(const char *text)
{
	size_t max = strlen(text) * strlen(REPLACEMENT) + 1;
	char *copy = malloc(max), *end = copy;

	if (!copy)
		return NULL;
	while (*text) {
		uint32_t character;
		size_t n_read = read_character(text, &character);

		if (n_read)
			end = mempcpy(end, text, n_read);
		else
			end = stpcpy(end, REPLACEMENT);
		text += n_read ? n_read : 1;
	}
	*end = '\0';
	return copy;
}
