/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Unit test of compat/msfd/log.h: the forms of a line, the rate of an event, and a reader
 * who does not read.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <jansson.h>

#include "msfd/log.h"
#include "tap.h"

/* Standard error while a test looks at it. */
struct catch
{
	int pipe[2], kept;
	char text[65536];
};

static void catch_begin(struct catch *catch)
{
	fflush(stderr);
	catch->kept = dup(STDERR_FILENO);
	if (catch->kept < 0 || pipe2(catch->pipe, O_CLOEXEC) < 0 ||
	    dup2(catch->pipe[1], STDERR_FILENO) < 0)
		tap_bail_out("no pipe: %s", strerror(errno));
	close(catch->pipe[1]);
}

static void catch_end(struct catch *catch)
{
	size_t len = 0;
	ssize_t n;

	dup2(catch->kept, STDERR_FILENO);
	close(catch->kept);
	while ((n = read(catch->pipe[0], catch->text + len,
			 sizeof(catch->text) - 1 - len)) > 0)
		len += (size_t)n;
	catch->text[len] = '\0';
	close(catch->pipe[0]);
}

static unsigned int count_lines(const char *text)
{
	unsigned int n = 0;

	for (; *text; text++)
		n += *text == '\n';
	return n;
}

static void test_forms(struct tap *tap)
{
	static struct catch catch;

	catch_begin(&catch);
	log_init(LOG_FORMAT_TEXT, LOG_NOTICE);
	log_write(LOG_NOTICE, "forms", "eth0", "IGMPv%d is spoken", 2);
	log_write(LOG_ERR, "forms", NULL, "no memory");
	log_write(LOG_INFO, "forms", NULL, "too much to be told");
	log_init(LOG_FORMAT_JOURNAL, LOG_DEBUG);
	log_write(LOG_WARNING, "forms", "eth0", "who\033[2J\nis there");
	log_write(LOG_DEBUG, "forms", NULL, "no interface");
	catch_end(&catch);
	tap_expect(tap,
		   strcmp(catch.text, "msfd: forms: eth0: IGMPv2 is spoken\n"
				      "msfd: forms: error: no memory\n"
				      "<4>forms: eth0: who?[2J?is there\n"
				      "<7>forms: no interface\n") == 0,
		   "%s", catch.text);
	tap_end(tap, "text and journal lines, with nothing that a terminal obeys");
}

static const char *get_string(const json_t *object, const char *key)
{
	const char *string = json_string_value(json_object_get(object, key));

	return string ? string : "";
}

static void test_json(struct tap *tap)
{
	static struct catch catch;
	json_error_t error;
	json_t *object;

	catch_begin(&catch);
	log_init(LOG_FORMAT_JSON, LOG_DEBUG);
	log_write(LOG_WARNING, "json", "eth0", "a \"word\"\n\xff\033");
	catch_end(&catch);
	object = json_loads(catch.text, 0, &error);
	tap_expect(tap, object != NULL, "%s: %s", catch.text, error.text);
	tap_expect(tap, count_lines(catch.text) == 1, "one line");
	tap_expect(tap, *get_string(object, "time"), "time");
	tap_expect(tap, strcmp(get_string(object, "event"), "json") == 0, "event");
	tap_expect(tap, strcmp(get_string(object, "priority"), "warning") == 0,
		   "priority");
	tap_expect(tap, strcmp(get_string(object, "interface"), "eth0") == 0,
		   "interface");
	tap_expect(tap, strncmp(get_string(object, "text"), "a \"word\"\n", 9) == 0,
		   "text");
	json_decref(object);
	tap_end(tap, "a JSON line is one object, whatever stands in it");
}

static void test_rate(struct tap *tap)
{
	static struct catch catch;

	log_init(LOG_FORMAT_TEXT, LOG_DEBUG);
	catch_begin(&catch);
	for (int i = 0; i < 1000; i++)
		log_write(LOG_NOTICE, "flood", NULL, "line %d", i);
	log_write(LOG_NOTICE, "trickle", NULL, "another");
	log_flush();
	log_flush();
	catch_end(&catch);
	tap_expect(tap, count_lines(catch.text) == 22, "%u lines",
		   count_lines(catch.text));
	tap_expect(tap, strstr(catch.text, "msfd: flood: line 19\n") != NULL, "the 20th");
	tap_expect(tap, strstr(catch.text, "line 20") == NULL, "the 21st");
	tap_expect(tap, strstr(catch.text, "msfd: trickle: another\n") != NULL,
		   "another event");
	tap_expect(tap,
		   strstr(catch.text, "msfd: flood: 980 more of these were left out\n") !=
			   NULL,
		   "%s", catch.text);
	tap_end(tap, "twenty lines of one event are written, and the others counted");
}

/* Each with a line of its own that is long. */
static void test_deaf(struct tap *tap)
{
	static struct catch catch;
	static char names[60][16];
	char text[1000];

	memset(text, 'x', sizeof(text));
	text[sizeof(text) - 1] = '\0';
	catch_begin(&catch);
	fcntl(STDERR_FILENO, F_SETPIPE_SZ, 4096);
	for (unsigned int i = 0; i < 60; i++) {
		snprintf(names[i], sizeof(names[i]), "deaf-%u", i);
		log_write(LOG_NOTICE, names[i], NULL, "%s", text);
	}
	catch_end(&catch);
	tap_expect(tap, count_lines(catch.text) > 0, "something is written");
	tap_expect(tap, catch.text[strlen(catch.text) - 1] == '\n', "whole lines");
	errno = ENOTTY;
	log_write(LOG_DEBUG, "errno", NULL, "kept");
	tap_expect(tap, errno == ENOTTY, "%s", strerror(errno));
	tap_end(tap, "a reader who does not read stops nothing");
}

static void test_auto(struct tap *tap)
{
	static struct catch catch;
	struct stat status;
	char stream[64];

	catch_begin(&catch);
	fstat(STDERR_FILENO, &status);
	snprintf(stream, sizeof(stream), "%ju:%ju", (uintmax_t)status.st_dev,
		 (uintmax_t)status.st_ino);
	setenv("JOURNAL_STREAM", stream, 1);
	log_init(LOG_FORMAT_AUTO, LOG_NOTICE);
	log_write(LOG_NOTICE, "auto", NULL, "journal");
	setenv("JOURNAL_STREAM", "1:1", 1);
	log_init(LOG_FORMAT_AUTO, LOG_NOTICE);
	log_write(LOG_NOTICE, "auto", NULL, "text");
	unsetenv("JOURNAL_STREAM");
	catch_end(&catch);
	tap_expect(tap, strcmp(catch.text, "<5>auto: journal\nmsfd: auto: text\n") == 0,
		   "%s", catch.text);
	tap_end(tap, "the journal's form is used where standard error is the journal");
}

int main(void)
{
	struct tap tap = { 0 };

	test_forms(&tap);
	test_json(&tap);
	test_rate(&tap);
	test_deaf(&tap);
	test_auto(&tap);
	return tap_finish(&tap);
}
