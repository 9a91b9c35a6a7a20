/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Input: a record of mwatch that --report makes a page of. Sent by: whoever handed the
 * file over, a provider or a customer; the page is then opened in a browser.
 *
 * Any bytes end as an error that was said, or as a page in which nothing of the record
 * is markup, a script or a control character.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "report/history.h"
#include "report/page.h"
#include "report/reading.h"
#include "said.h"
#include "target.h"

/* What no page has, whatever the record says. */
static const char *const words[] = { "<script", "<img", "<iframe", "<!--", "src=\"" };

static void check_page(const char *page, size_t len)
{
	target_expect(strlen(page) == len, "no NUL");
	for (size_t i = 0; i < len; i++)
		target_expect((unsigned char)page[i] >= ' ' || page[i] == '\n' ||
				      page[i] == '\t',
			      "no control characters");
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		target_expect(!strstr(page, words[i]), "no markup of others");
	target_expect(!strncmp(page, "<!DOCTYPE html>", 15) && strstr(page, "</html>"),
		      "a whole page");
}

static void make_page(struct reading *reading)
{
	struct history history = { 0 };
	unsigned long n_said = said_count();
	int r = history_read(&history, reading);
	char *page;
	size_t len;
	FILE *out;

	target_expect(r == 0 || said_count() > n_said, "what is refused was said");
	if (r == 0) {
		target_expect(history.n_slots > 0 && history.n_slots <= HISTORY_MAX_SLOTS,
			      "as many slots as there may be");
		out = open_memstream(&page, &len);
		target_expect(out != NULL, "no memory");
		page_print(&history, "<img src=x>", out);
		target_expect(fclose(out) == 0, "no memory");
		check_page(page, len);
		free(page);
	}
	history_fini(&history);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	int fd = memfd_create("record", MFD_CLOEXEC);
	struct reading *reading;
	char path[64];

	target_expect(fd >= 0 && write(fd, data, len) == (ssize_t)len, "a file");
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	target_expect(reading_new(&reading, path) == 0, "it can be opened");
	make_page(reading);
	reading_free(reading);
	close(fd);
	return 0;
}
