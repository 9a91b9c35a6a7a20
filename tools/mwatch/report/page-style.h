/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * page-style: how a page looks: on light and dark screens, and on paper.
 */
#ifndef MWATCH_PAGE_STYLE_H
#define MWATCH_PAGE_STYLE_H

extern const char page_style[];

#endif
