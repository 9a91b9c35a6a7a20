/* SPDX-License-Identifier: BSD-2-Clause */
/* See wire-option.h. */
#include "msfd/wire-option.h"

#include <sys/socket.h>

#include "msfd/wire.h"

#define ROOM (4 * 1024 * 1024)

void wire_option_set(int fd, int level, int name, int value)
{
	(void)setsockopt(fd, level, name, &value, sizeof(value));
}

void wire_option_set_room(int fd, int forced, int asked)
{
	int size = ROOM;

	/* More than the system's limit needs CAP_NET_ADMIN. */
	if (setsockopt(fd, SOL_SOCKET, forced, &size, sizeof(size)) < 0)
		wire_option_set(fd, SOL_SOCKET, asked, size);
}

void wire_option_set_mark(int fd)
{
	/* Linux before 5.17 wants CAP_NET_ADMIN. Who has not got that cannot have the
	 * kernel's reports suppressed either, which is what the mark is for. */
	wire_option_set(fd, SOL_SOCKET, SO_MARK, WIRE_MARK);
}
