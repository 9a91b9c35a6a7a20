/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * metrics-accept: which of the text formats a client wants (RFC 9110 12.5.1).
 */
#ifndef MWATCH_METRICS_ACCEPT_H
#define MWATCH_METRICS_ACCEPT_H

#include "metrics.h"

/* accept: what the field of that name says; NULL: nothing. The older format only for
 * those who like it better; a client that takes neither gets OpenMetrics. */
enum metrics_format metrics_accept_choose(const char *accept);

#endif
