/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * run-marker: is a file libmsf-preload.so, and could the loader load it? ld.so(8) goes
 * on without a library that it cannot load, and takes any that it can.
 */
#ifndef MSFCTL_RUN_MARKER_H
#define MSFCTL_RUN_MARKER_H

/* 0, or -errno, said. One for another machine than ours is not looked into. */
int run_marker_check(const char *library);

#endif
