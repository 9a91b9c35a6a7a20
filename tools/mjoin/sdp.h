/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sdp: the channels of a session description (RFC 4566) with its source filters
 * (RFC 4570).
 */
#ifndef MJOIN_SDP_H
#define MJOIN_SDP_H

#include "channel.h"

/*
 * Adds a channel for each multicast address and port of the description.  text
 * has a NUL at text[len].  0, and a mistake that is a warning when media that are
 * not multicast were left out; -EINVAL and the mistake with its line, also when
 * there is no media to receive; -ENOMEM.
 */
int sdp_parse(struct channel_list *list, const struct channel_preset *preset,
	      const char *text, size_t len, const char *interface,
	      struct mistake *mistake);

#endif
