/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * show-querier: listens for queriers (see show-querier.h).
 *
 * Invariant: the wire is read until the time is over, however much is on it.
 */
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <time.h>

#include "show-querier.h"
#include "wire/wire.h"

static int64_t get_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int take_all(struct querier_list *list, struct wire *wire, int64_t deadline)
{
	struct wire_packet packet;
	int64_t now = get_ms();
	int r = 0;

	while (r >= 0 && now < deadline && (r = wire_pop(wire, &packet)) > 0) {
		r = querier_list_observe(list, &packet, now, NULL);
		now = get_ms();
	}
	return r < 0 ? r : 0;
}

static int listen_until(struct querier_list *list, struct wire *wire, int64_t deadline)
{
	struct pollfd pfd = { .fd = wire_get_fd(wire), .events = POLLIN };
	int64_t left;
	int r = 0;

	while (!r && (left = deadline - get_ms()) > 0) {
		if (poll(&pfd, 1, left > INT_MAX ? INT_MAX : (int)left) < 0)
			r = errno == EINTR ? 0 : -errno;
		else
			r = take_all(list, wire, deadline);
	}
	return r;
}

int show_querier_listen(struct querier_list **ret, uint32_t ifindex, uint64_t ms)
{
	struct querier_list *list;
	struct wire *wire;
	int r = querier_list_new(&list);

	if (r < 0)
		return r;
	r = wire_new(&wire, ifindex, WIRE_CONTROL);
	if (!r) {
		r = listen_until(list, wire, get_ms() + (int64_t)ms);
		wire_free(wire);
	}
	if (r < 0) {
		querier_list_free(list);
		return r;
	}
	*ret = list;
	return 0;
}
