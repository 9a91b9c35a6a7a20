/* SPDX-License-Identifier: BSD-2-Clause */
/* netlink-readers: the monitor's, which is private to its file. */
#include "../../lib/monitor.c"

#include "netlink-readers.h"
#include "target.h"

void netlink_readers_hear_event(struct nl_msg *message)
{
	struct msf_monitor monitor = { 0 };
	struct msf_event event;

	read_message(message, &monitor);
	while (msf_monitor_pop_event(&monitor, &event))
		target_expect(memchr(event.name, '\0', sizeof(event.name)) != NULL,
			      "a name ends");
	free(monitor.events);
}
