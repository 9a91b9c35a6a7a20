/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * IP_PKTINFO and IPV6_RECVPKTINFO of sockets for which the receive calls filter: they
 * stay on, and the application's wish decides what it is shown.
 */
#include "asm/option.h"

#include <errno.h>
#include <netinet/in.h>

#include "asm/store.h"

static bool *get_wish(const struct option *option, struct store_wishes *wishes)
{
	return option->level == IPPROTO_IP ? &wishes->wants_pktinfo
					   : &wishes->wants_pktinfo6;
}

int option_set_pktinfo(const struct option *option, struct option_value value)
{
	struct store_wishes wishes;
	int r, on;

	if (!store_get_wishes(option->carrier.key, &wishes))
		return option_set(option, value);
	r = option_parse(option, value, &on);
	if (r < 0)
		return r;
	*get_wish(option, &wishes) = on;
	store_set_wishes(option->carrier.key, &wishes);
	return 0;
}

int option_get_pktinfo(const struct option *option, struct option_answer answer)
{
	struct store_wishes wishes;

	if (!store_get_wishes(option->carrier.key, &wishes))
		return option_get(option, answer);
	return option_print(option, answer, *get_wish(option, &wishes));
}
