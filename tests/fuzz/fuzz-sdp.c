/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Input: session descriptions for mjoin (--sdp). Sent by: whoever announces or mails
 * the session.
 *
 * Any text ends with channels that are fit to be joined, at least one, or with a
 * mistake in a line of the text.
 */
#include <string.h>

#include <msf.h>

#include "sdp.h"
#include "target.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static const struct channel_preset presets[] = {
		{ MCAST_EXCLUDE, NULL },
		{ MCAST_INCLUDE, "10.9.0.1" },
	};

	for (size_t i = 0; i < sizeof(presets) / sizeof(presets[0]); i++) {
		struct channel_list list = { 0 };
		struct mistake mistake = { 0 };
		char *text = target_text(data, len);
		int r = sdp_parse(&list, &presets[i], text, len, "eth0", &mistake);

		target_check(&list, &mistake, text, len, r);
		target_expect(r < 0 || list.n_channels > 0, "no channel, no mistake");
		channel_list_fini(&list);
		target_free(text);
	}
	return 0;
}
