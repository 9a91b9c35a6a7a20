/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * log: what msfd says of itself, a line an event on standard error: text, with syslog's
 * priority in front where the journal reads it, or JSON. The rate of each event is
 * limited, and how many lines were left out is said.
 *
 * The settings and the counts of events are the only mutable object of msfd at file
 * scope.
 */
#ifndef MSFD_LOG_H
#define MSFD_LOG_H

#include <syslog.h> /* LOG_ERR, LOG_WARNING, LOG_NOTICE, LOG_INFO, LOG_DEBUG */

enum log_format {
	LOG_FORMAT_AUTO, /* journal under systemd, else text */
	LOG_FORMAT_TEXT,
	LOG_FORMAT_JOURNAL,
	LOG_FORMAT_JSON,
};

void log_init(enum log_format format, int max_priority);

/* event: a word that scripts can rely on ("version-changed"), a literal. interface: the
 * name of one, or NULL. A burst of 20 lines of one event in 10 seconds is written. */
void log_write(int priority, const char *event, const char *interface, const char *format,
	       ...) __attribute__((format(printf, 4, 5)));

/* Says what was left out and is not said yet: for the end, and every ten seconds. */
void log_flush(void);

#endif
