/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * finding: what one check of the doctor says: a result, what was seen, and the cure.
 */
#ifndef MSFCTL_DOCTOR_FINDING_H
#define MSFCTL_DOCTOR_FINDING_H

#define FINDING_TEXT_MAX 512

enum finding_result {
	FINDING_UNKNOWN, /* what a check that says nothing has found */
	FINDING_PASS,
	FINDING_FAIL,
};

struct finding {
	enum finding_result result;
	char detail[FINDING_TEXT_MAX];
	char cure[FINDING_TEXT_MAX]; /* empty: none is known, or needed */
};

#define FINDING_PRINTF(n) __attribute__((format(printf, n, (n) + 1)))

/* Each of them replaces what was found before, the cure too. */
void finding_pass(struct finding *finding, const char *format, ...) FINDING_PRINTF(2);
void finding_fail(struct finding *finding, const char *format, ...) FINDING_PRINTF(2);
void finding_unknown(struct finding *finding, const char *format, ...) FINDING_PRINTF(2);

/* Behind the detail, with "; " between. */
void finding_add(struct finding *finding, const char *format, ...) FINDING_PRINTF(2);

void finding_cure(struct finding *finding, const char *format, ...) FINDING_PRINTF(2);

/* "pass", "fail", "unknown" */
const char *finding_get_name(enum finding_result result);

#endif
