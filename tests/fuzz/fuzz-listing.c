/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Input: the ruleset as text ("nft -a list ruleset"), of which `msfctl doctor` takes what
 * the JSON leaves out. Sent by: the kernel, in whose words stand names and comments of
 * whoever may set rules in the network namespace.
 *
 * Any text has an outline; what is shown of a rule moves no cursor.
 */
#include <stdlib.h>
#include <string.h>

#include "firewall-ruleset.h"
#include "target.h"

static void find(const struct firewall *firewall, json_int_t handle)
{
	json_t *rule = json_pack("{s:s, s:s, s:I}", "family", "inet", "table", "f",
				 "handle", handle);
	char text[FIREWALL_TEXT_MAX] = "";

	target_expect(rule != NULL, "no memory");
	if (listing_find_rule(firewall, rule, text, sizeof(text)))
		for (const char *at = text; *at; at++)
			target_expect((unsigned char)*at >= ' ' && *at != 0x7f,
				      "nothing moves a cursor");
	json_decref(rule);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	char *text = target_text(data, len);
	struct firewall firewall = { .listing = text };

	/* no name in it is anything but UTF-8 to libnftables' JSON */
	if (listing_outline(text, &firewall.outline) == 0) {
		target_expect(json_is_array(firewall.outline), "a list of tables");
		firewall.tables = json_object();
		firewall.chains = json_object();
		target_expect(listing_annotate(&firewall) == 0, "nothing to annotate");
		json_decref(firewall.tables);
		json_decref(firewall.chains);
		json_decref(firewall.outline);
	}
	for (json_int_t handle = 0; handle < 4; handle++)
		find(&firewall, handle);
	target_free(text);
	return 0;
}
