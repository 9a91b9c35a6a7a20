/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * facts: one of them as text, and the names of all (see facts.h).
 */
#include <stdio.h>
#include <string.h>

#include "facts.h"

#define TEXT_SIZE 512

static const char *or_null(const char *text)
{
	return text ? text : "NULL";
}

static void get_fact(struct msf *msf, const char *name, char text[TEXT_SIZE])
{
	struct msf_probe *probe;
	struct msf_fact fact;
	int r = msf_probe_new(&probe, msf);

	if (r < 0)
		tap_bail_out("msf_probe_new(): %s", strerror(-r));
	strcpy(text, "absent");
	while (msf_probe_pop_fact(probe, &fact) == 1)
		if (strcmp(fact.name, name) == 0)
			snprintf(text, TEXT_SIZE, "%s|%s|%s|%s", or_null(fact.value),
				 or_null(fact.unit), or_null(fact.source),
				 or_null(fact.note));
	if (msf_probe_free(probe) != NULL)
		tap_bail_out("free is not NULL");
}

void facts_expect(struct tap *tap, struct msf *msf, const char *name, const char *head,
		  const char *part)
{
	char text[TEXT_SIZE];

	get_fact(msf, name, text);
	tap_expect(tap,
		   strncmp(text, head, strlen(head)) == 0 && strstr(text, part) != NULL,
		   "%s: %s, not %s...%s", name, text, head, part);
}

size_t facts_expect_names(struct tap *tap, struct msf *msf, const char *const *names,
			  size_t n_names)
{
	struct msf_probe *probe;
	struct msf_fact fact;
	size_t n = 0;
	int r = msf_probe_new(&probe, msf);

	tap_expect(tap, r == 0, "new: %s", strerror(-r));
	if (r < 0)
		return 0;
	while ((r = msf_probe_pop_fact(probe, &fact)) == 1) {
		if (n < n_names)
			tap_expect(tap, strcmp(fact.name, names[n]) == 0,
				   "%zu: %s, not %s", n, fact.name, names[n]);
		tap_expect(tap, fact.source != NULL && *fact.source != '\0',
			   "%s: no source", fact.name);
		n++;
	}
	tap_expect(tap, r == 0 && n >= n_names, "%zu facts: %s", n, strerror(-r));
	msf_probe_free(probe);
	return n;
}
