/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Input: /proc/net/igmp and igmp6, as msfd reads them. Sent by: the kernel.
 *
 * Any text is refused as a whole, or every line is a group on an interface. The parser
 * copes with texts that end anywhere: so does this, without a NUL behind them.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "msfd/native-list.h"
#include "target.h"

static void check(struct native_list *list, int r)
{
	size_t i;

	target_expect(r == 0 || r == -EBADMSG, "the answer is known");
	target_expect(r == 0 || !list->n, "what is broken is refused as a whole");
	for (i = 0; i < list->n; i++) {
		target_expect(list->entries[i].ifindex != 0, "an interface has an index");
		target_expect(addr_is_multicast(list->entries[i].group), "it is a group");
	}
	native_list_sort(list);
	for (i = 1; i < list->n; i++)
		target_expect(
			native_list_compare(&list->entries[i - 1], &list->entries[i]) < 0,
			"sorted, each once");
	native_list_fini(list);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct native_list list = { 0 };
	char *text = malloc(len ? len : 1);

	if (!text)
		return 0;
	if (len)
		memcpy(text, data, len);
	check(&list, native_list_parse_igmp(&list, text, len));
	check(&list, native_list_parse_igmp6(&list, text, len));
	free(text);
	return 0;
}
