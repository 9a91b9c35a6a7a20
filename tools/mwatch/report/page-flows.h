/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * page-flows: the flows of a page: a table of all, and a plot of each of the largest.
 */
#ifndef MWATCH_PAGE_FLOWS_H
#define MWATCH_PAGE_FLOWS_H

#include <stdio.h>

#include "history.h"

void page_flows_print_table(const struct history *history, FILE *out);

void page_flows_print_plots(const struct history *history, FILE *out);

#endif
