/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Sockets that a library in the program itself filters, above us: a second libmsf, on
 * the ASM backend. That joins plainly and attaches its programs, and for us to do the
 * same beneath it would be once too often.
 *
 * They are known by their inodes, which outlive duplicates and come again after 2^32
 * other sockets, so a number that is used again is another socket.
 */
#ifndef PRELOAD_ABOVE_H
#define PRELOAD_ABOVE_H

#include <stdbool.h>

/* One atomic load as long as there are none. errno stays as it is. */
bool above_has(int fd);

/* 1: noted; 0: it was before; -ENOMEM: there are too many; or why it is no socket. Those
 * that the process has closed make room. */
int above_add(int fd);
void above_del(int fd);

#endif
