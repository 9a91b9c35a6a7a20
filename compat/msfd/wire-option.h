/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * wire-option: options that the sockets of wire have in common. None is a reason not to
 * speak: what is refused stays as it is.
 */
#ifndef MSFD_WIRE_OPTION_H
#define MSFD_WIRE_OPTION_H

void wire_option_set(int fd, int level, int name, int value);

/* SO_SNDBUFFORCE and SO_SNDBUF, or SO_RCVBUFFORCE and SO_RCVBUF. */
void wire_option_set_room(int fd, int forced, int asked);

void wire_option_set_mark(int fd);

#endif
