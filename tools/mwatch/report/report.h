/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * report: a record as one self-contained HTML page, with plots in SVG, without scripts
 * or anything from elsewhere.
 */
#ifndef MWATCH_REPORT_H
#define MWATCH_REPORT_H

/* Reads the record (NULL: standard input) and writes the page, in one step: a page that
 * is there stays until the new one is whole. 0, or -errno, said on standard error. */
int report_make(const char *record, const char *page);

#endif
