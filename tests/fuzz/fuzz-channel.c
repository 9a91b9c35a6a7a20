/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Input: files of channels for mjoin (--file). Sent by: whoever made the file.
 *
 * Any text ends with channels that are fit to be joined, or with a mistake in a line
 * of the text.
 */
#include <string.h>

#include <msf.h>

#include "target.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static const struct channel_preset presets[] = {
		{ MCAST_EXCLUDE, NULL },
		{ MCAST_INCLUDE, "10.9.0.1,10.9.0.2" },
		{ MCAST_EXCLUDE, "fd09::1" },
	};

	for (size_t i = 0; i < sizeof(presets) / sizeof(presets[0]); i++) {
		struct channel_list list = { 0 };
		struct mistake mistake = { 0 };
		char *text = target_text(data, len);
		int r = channel_list_parse_file(&list, &presets[i], text, len, &mistake);

		target_check(&list, &mistake, text, len, r);
		channel_list_fini(&list);
		target_free(text);
	}
	return 0;
}
