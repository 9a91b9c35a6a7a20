/* SPDX-License-Identifier: BSD-2-Clause */
/* The version of the header in its three forms, and that of the library. */
#include <stdio.h>
#include <string.h>

#include <msf.h>

#include "tap.h"

/* The preprocessor has to understand them. */
#if !MSF_VERSION_AT_LEAST(0, 1, 0)
#error "the version is less than the first one"
#endif
#if MSF_VERSION_AT_LEAST(MSF_VERSION_MAJOR, MSF_VERSION_MINOR, MSF_VERSION_PATCH + 1)
#error "the version is more than it is"
#endif

static void test_text(struct tap *tap)
{
	char text[32];

	snprintf(text, sizeof(text), "%d.%d.%d", MSF_VERSION_MAJOR, MSF_VERSION_MINOR,
		 MSF_VERSION_PATCH);
	tap_expect(tap, strcmp(text, MSF_VERSION_STRING) == 0, "%s is not %s", text,
		   MSF_VERSION_STRING);
	tap_end(tap, "the text of the version has its numbers");
}

static void test_order(struct tap *tap)
{
	tap_expect(tap, MSF_VERSION_NUMBER(0, 1, 0) < MSF_VERSION_NUMBER(0, 1, 1),
		   "patch");
	tap_expect(tap, MSF_VERSION_NUMBER(0, 1, 255) < MSF_VERSION_NUMBER(0, 2, 0),
		   "minor");
	tap_expect(tap, MSF_VERSION_NUMBER(0, 255, 255) < MSF_VERSION_NUMBER(1, 0, 0),
		   "major");
	tap_expect(tap, MSF_VERSION_AT_LEAST(MSF_VERSION_MAJOR, MSF_VERSION_MINOR, 0),
		   "its own minor");
	tap_expect(tap, !MSF_VERSION_AT_LEAST(MSF_VERSION_MAJOR + 1, 0, 0),
		   "the next major");
	tap_end(tap, "versions compare as numbers: major before minor before patch");
}

static void test_library(struct tap *tap)
{
	tap_expect(tap, msf_get_version() == MSF_VERSION, "%#x, not %#x",
		   msf_get_version(), MSF_VERSION);
	tap_end(tap, "the library is of the version of its header");
}

int main(void)
{
	struct tap tap = { 0 };

	test_text(&tap);
	test_order(&tap);
	test_library(&tap);
	return tap_finish(&tap);
}
