/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * notify: the service manager (see notify.h).
 */
#include "msfd/notify.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <systemd/sd-daemon.h>

#include "msfd/log.h"

static int refuse(int n, const char *why)
{
	log_write(LOG_ERR, "activation", NULL, "%s", why);
	for (int i = 0; i < n; i++)
		close(SD_LISTEN_FDS_START + i);
	return -EINVAL;
}

int notify_take_socket(void)
{
	/* For those that msfd starts there is nothing: it starts nobody. */
	int n = sd_listen_fds(1), fd = SD_LISTEN_FDS_START, flags;

	if (n < 0) {
		log_write(LOG_ERR, "activation", NULL, "LISTEN_FDS: %s", strerror(-n));
		return -EINVAL;
	}
	if (n == 0)
		return -ENOENT;
	if (n > 1)
		return refuse(n, "more than one socket was passed: msfd listens on one");
	if (sd_is_socket_unix(fd, SOCK_SEQPACKET, 1, NULL, 0) <= 0)
		return refuse(n, "what was passed is no listening Unix socket of type "
				 "SOCK_SEQPACKET (ListenSequentialPacket=)");
	flags = fcntl(fd, F_GETFL);
	if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0)
		return refuse(n, strerror(errno));
	return fd;
}

/* A manager that cannot be told is no reason to end. */
static void tell(const char *text)
{
	int r = sd_notify(0, text);

	if (r < 0)
		log_write(LOG_DEBUG, "notify", NULL, "%s", strerror(-r));
}

void notify_ready(void)
{
	tell("READY=1");
}

void notify_reloading(void)
{
	struct timespec now;
	char text[64];

	clock_gettime(CLOCK_MONOTONIC, &now);
	snprintf(text, sizeof(text), "RELOADING=1\nMONOTONIC_USEC=%" PRIu64,
		 (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000);
	tell(text);
}

void notify_stopping(void)
{
	tell("STOPPING=1");
}

static int feed(void *data)
{
	(void)data;
	tell("WATCHDOG=1");
	return 0;
}

int notify_start_watchdog(struct loop *loop, struct loop_source *source)
{
	uint64_t patience_us;
	int r = sd_watchdog_enabled(0, &patience_us);

	if (r <= 0)
		return r;
	/* Twice in the time that it waits, as sd_watchdog_enabled(3) wants it. */
	return loop_add_timer(loop, source, 1, patience_us / 2000 + 1, feed, NULL);
}
