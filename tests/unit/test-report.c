/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Unit test of mwatch --report: records made by hand, good ones and broken ones, and what
 * stands in their pages.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "report/report.h"
#include "tap.h"

#define TEXT_MAX      8192
#define HISTORY_PLOTS 50
#define ROWS          500

struct place {
	char directory[32];
	char record[64], page[64];
};

static void write_record(const struct place *place, const char *text)
{
	FILE *file = fopen(place->record, "w");

	if (!file || fputs(text, file) == EOF || fclose(file) == EOF)
		tap_bail_out("%s cannot be written", place->record);
}

static char *read_page(const struct place *place)
{
	FILE *file = fopen(place->page, "r");
	char *text = NULL;
	size_t size = 0;

	if (!file)
		return NULL;
	if (getdelim(&text, &size, '\0', file) < 0)
		tap_bail_out("%s cannot be read", place->page);
	fclose(file);
	return text;
}

/* The page of a record; NULL: there is none. */
static char *make(const struct place *place, const char *text, int *ret)
{
	write_record(place, text);
	unlink(place->page);
	*ret = report_make(place->record, place->page);
	return read_page(place);
}

static unsigned int count(const char *text, const char *what)
{
	unsigned int n = 0;

	while ((text = strstr(text, what))) {
		text += strlen(what);
		n++;
	}
	return n;
}

/* The number of points of the first polyline. */
static unsigned int count_points(const char *text)
{
	const char *points = strstr(text, "<polyline");
	unsigned int n = 0;

	for (; points && *points && *points != '>'; points++)
		n += *points == ',';
	return n;
}

static void append(char *text, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static void append(char *text, const char *format, ...)
{
	size_t len = strlen(text);
	va_list ap;

	va_start(ap, format);
	vsnprintf(text + len, TEXT_MAX - len, format, ap);
	va_end(ap);
}

static void append_interval(char *text, unsigned int second, unsigned int packets,
			    const char *lost)
{
	append(text,
	       "{\"time\":\"2026-01-02T03:04:%02u.000000+01:00\",\"event\":\"interval\","
	       "\"interface\":\"eth0\",\"seconds\":1.0,\"packets\":%u,\"bytes\":%u,"
	       "\"flows\":[{\"source\":\"10.9.0.1\",\"group\":\"232.1.1.1\","
	       "\"port\":5000,\"packets\":%u,\"bytes\":%u,\"lost\":%s,"
	       "\"duplicates\":%s,\"reordered\":%s,\"peak_1ms_pps\":3000,"
	       "\"jitter_us\":12.5,\"gap_us\":1500,\"ttl\":7,\"verdict\":\"accept\"}],"
	       "\"kernel_drops\":0,\"evicted\":0,\"malformed\":0,\"new_field\":[1]}\n",
	       second, packets, packets * 100, packets, packets * 100, lost, lost, lost);
}

static void check_page(struct tap *tap, const struct place *place)
{
	char record[TEXT_MAX] = "";
	char *page;
	int r;

	append_interval(record, 6, 1000, "0");
	append_interval(record, 7, 2000, "5");
	append_interval(record, 8, 3000, "0");
	page = make(place, record, &r);
	if (tap_expect(tap, r == 0 && page, "no page: %d", r)) {
		tap_expect(tap,
			   strstr(page, "2026-01-02 03:04:05 to 03:04:08 (UTC+01:00), "
					"3 s: 3 intervals of 1 s"),
			   "another span");
		tap_expect(tap, strstr(page, "1 flow, <strong>6,000</strong> packets"),
			   "another number of packets");
		tap_expect(tap, strstr(page, "<td class=\"n some\">5</td>"), "no loss");
		tap_expect(tap, strstr(page, "<td class=\"n\">0.0833 %</td>"),
			   "no share");
		tap_expect(tap, strstr(page, "<td class=\"n\">3k</td>"), "no peak");
		tap_expect(tap, count(page, "class=\"rate\"") == 2, "%u rates",
			   count(page, "class=\"rate\""));
		tap_expect(tap, count_points(page) == 6, "%u points", count_points(page));
		tap_expect(tap, count(page, "<rect class=\"lost\"") == 1, "no bar");
		tap_expect(tap, strstr(page, "2,000 packets/s, 1.6 Mbit/s, 5 lost"),
			   "no words for a slot");
		tap_expect(tap, strstr(page, "The capture itself dropped nothing."),
			   "doubts");
		tap_expect(tap,
			   !strstr(page, "<script") && !strstr(page, "http:") &&
				   !strstr(page, "https:") && !strstr(page, "src="),
			   "something from elsewhere");
	}
	free(page);
	tap_end(tap, "a page shows the numbers of its record");
}

static void check_unknown(struct tap *tap, const struct place *place)
{
	char record[TEXT_MAX] = "";
	char *page;
	int r;

	append_interval(record, 6, 1000, "null");
	page = make(place, record, &r);
	if (tap_expect(tap, r == 0 && page, "no page: %d", r)) {
		tap_expect(tap, strstr(page, "Loss of 1 cannot be known"), "no sentence");
		tap_expect(tap, strstr(page, "carry no sequence number"), "no reason");
		tap_expect(tap, count(page, "title=\"cannot be known\"") == 4, "%u cells",
			   count(page, "title=\"cannot be known\""));
		tap_expect(tap, !strstr(page, "class=\"lost\""), "a bar");
	}
	free(page);
	tap_end(tap, "what the record does not know the page does not claim");
}

static void check_escapes(struct tap *tap, const struct place *place)
{
	static const char record[] =
		"{\"time\":\"2026-01-02T03:04:05.0Z\"}\n"
		"{\"time\":\"2026-01-02T03:04:05+00:00\",\"event\":\"interval\","
		"\"interface\":\"<script>alert('1')</script>&\\u001b[2J\\\"\","
		"\"seconds\":1,\"flows\":[{\"source\":\"<img src=x>\","
		"\"group\":\"\\\"><b>\",\"port\":1,\"packets\":1,\"bytes\":1,"
		"\"verdict\":\"<i>accept\"}]}\n";
	char *page;
	int r;

	page = make(place, strchr(record, '\n') + 1, &r);
	if (tap_expect(tap, r == 0 && page, "no page: %d", r)) {
		tap_expect(tap, !strstr(page, "<script>"), "a script");
		tap_expect(tap,
			   !strstr(page, "<img") && !strstr(page, "<b>") &&
				   !strstr(page, "<i>"),
			   "an element of the record");
		tap_expect(tap, !strchr(page, '\033'), "a control character");
		tap_expect(tap,
			   strstr(page, "&lt;script&gt;alert(&#39;1&#39;)&lt;/script"
					"&gt;&amp;?[2J&quot;"),
			   "not escaped");
		tap_expect(tap, strstr(page, "&quot;&gt;&lt;b&gt;"), "not escaped");
	}
	free(page);
	tap_end(tap, "text of the record is text in the page");
}

static void check_summary(struct tap *tap, const struct place *place)
{
	char record[TEXT_MAX] = "";
	char *page;
	int r;

	append_interval(record, 6, 1000, "5");
	append(record, "{\"time\":\"2026-01-02T03:04:06+01:00\",\"event\":\"summary\","
		       "\"interface\":\"eth0\",\"seconds\":1,\"flows\":[{"
		       "\"source\":\"10.9.0.1\",\"group\":\"232.1.1.1\",\"port\":5000,"
		       "\"packets\":1003,\"bytes\":1,\"lost\":2,\"duplicates\":0,"
		       "\"reordered\":3}]}\n");
	page = make(place, record, &r);
	tap_expect(tap,
		   r == 0 && page && strstr(page, "<td class=\"n\">1,003</td>") &&
			   strstr(page, "<td class=\"n some\">2</td>"),
		   "not what the summary says");
	free(page);
	tap_end(tap, "a late packet that the summary knows of is not lost");
}

static void check_doubts(struct tap *tap, const struct place *place)
{
	static const char record[] =
		"{\"time\":\"2026-01-02T03:04:05+00:00\",\"event\":\"interval\","
		"\"interface\":\"eth1\",\"seconds\":1,\"flows\":[],"
		"\"kernel_drops\":1234,\"evicted\":5,\"malformed\":6}\n";
	char *page;
	int r;

	page = make(place, record, &r);
	if (tap_expect(tap, r == 0 && page, "no page: %d", r)) {
		tap_expect(tap, strstr(page, "dropped <strong>1,234</strong> packets"),
			   "no drops");
		tap_expect(tap, strstr(page, "<strong>5</strong> times one was evicted"),
			   "no evictions");
		tap_expect(tap,
			   strstr(page, "03:04:04: 1,234 packets dropped by the "
					"capture, 5 flows evicted, 6 malformed"),
			   "no event");
	}
	free(page);
	tap_end(tap, "what the capture itself missed is said");
}

static void check_refused(struct tap *tap, const struct place *place)
{
#define HEAD "{\"time\":\"2026-01-02T03:04:05+00:00\",\"event\":\"interval\","
#define LINE HEAD "\"interface\":\"e\",\"seconds\":1,\"flows\":["
#define KEY  "\"source\":\"a\",\"group\":\"b\",\"port\":"
	static const char *const records[] = {
		"hello\n",
		"",
		"\n\n",
		"[]\n",
		"{}\n",
		"{\"time\":\"now\",\"event\":\"interval\"}\n",
		"{\"time\":\"2026-01-02T03:04:05\",\"event\":\"interval\"}\n",
		"{\"time\":\"2026-01-02T03:04:05+00:00\",\"event\":\"joined\"}\n",
		HEAD "\"interface\":7}\n",
		HEAD "\"interface\":\"e\",\"seconds\":-1,\"flows\":[]}\n",
		HEAD "\"interface\":\"e\",\"seconds\":1e300,\"flows\":[]}\n",
		HEAD "\"interface\":\"e\",\"seconds\":5e-324,\"flows\":[]}\n",
		"{\"time\":\"2262-06-01T03:04:05+00:00\",\"event\":\"interval\","
		"\"interface\":\"e\",\"seconds\":1,\"flows\":[]}\n",
		HEAD "\"interface\":\"e\",\"seconds\":1,\"flows\":{}}\n",
		LINE "],\"kernel_drops\":\"1\"}\n",
		LINE "7]}\n",
		LINE "{" KEY "65536,\"packets\":1,\"bytes\":1}]}\n",
		LINE "{" KEY "1,\"packets\":-1,\"bytes\":1}]}\n",
		LINE "{" KEY "1,\"packets\":1.5,\"bytes\":1}]}\n",
		LINE "{" KEY "1,\"packets\":1,\"bytes\":1,\"lost\":true}]}\n",
		LINE "{" KEY "1,\"packets\":1,\"bytes\":1,\"jitter_us\":\"\"}]}\n",
		LINE "]}\n{\"broken\n" LINE "]}\n",
	};
	char *page;
	int r;

	for (size_t i = 0; i < sizeof(records) / sizeof(*records); i++) {
		page = make(place, records[i], &r);
		tap_expect(tap, r < 0 && !page, "record %zu: %d", i, r);
		free(page);
	}
	tap_end(tap, "what is no record is refused, and no page is written");
}

static void check_cut(struct tap *tap, const struct place *place)
{
	char record[TEXT_MAX] = "";
	char *page;
	int r;

	append_interval(record, 6, 1000, "0");
	append_interval(record, 7, 1000, "0");
	record[strlen(record) - 30] = '\0';
	page = make(place, record, &r);
	tap_expect(tap, r == 0 && page && strstr(page, ">1,000</strong> packets"),
		   "no page of what is whole: %d", r);
	free(page);
	tap_end(tap, "a last line that is cut is left out");
}

/* As many flows as there is a plot for, and rows for, and more. */
static void check_many(struct tap *tap, const struct place *place)
{
	FILE *file = fopen(place->record, "w");
	char *page;
	int r;

	if (!file)
		tap_bail_out("%s cannot be written", place->record);
	for (int second = 1; second <= 3; second++) {
		fprintf(file, LINE);
		for (int i = 0; i < ROWS + 7; i++)
			fprintf(file,
				"%s{\"source\":\"10.0.%d.%d\",\"group\":\"232.1.1.1\","
				"\"port\":5000,\"packets\":%d,\"bytes\":1}",
				i ? "," : "", i / 256, i % 256, i);
		fprintf(file, "]}\n");
	}
	fclose(file);
	unlink(place->page);
	r = report_make(place->record, place->page);
	page = read_page(place);
	if (tap_expect(tap, r == 0 && page, "no page: %d", r)) {
		tap_expect(tap, count(page, "<figure class=\"flow\"") == HISTORY_PLOTS,
			   "%u plots", count(page, "<figure class=\"flow\""));
		tap_expect(tap,
			   strstr(page, "The 50 flows with the most packets are drawn; "
					"457 are not."),
			   "not said");
		tap_expect(tap, strstr(page, ">7 flows with fewer packets are left out"),
			   "not said");
		tap_expect(tap, strstr(page, "id=\"flow-1\"><figcaption><h3>10.0.1.250 "),
			   "the largest is not first");
	}
	free(page);
	tap_end(tap, "the largest flows are drawn, and it is said how many are not");
}

/* Eleven hours, second by second, one of two flows for half of them. */
static void check_long(struct tap *tap, const struct place *place)
{
	FILE *file = fopen(place->record, "w");
	char *page;
	int r;

	if (!file)
		tap_bail_out("%s cannot be written", place->record);
	for (int i = 0; i < 39600; i++)
		fprintf(file,
			"{\"time\":\"2026-01-02T%02d:%02d:%02d-03:30\","
			"\"event\":\"interval\",\"interface\":\"e\",\"seconds\":1,"
			"\"flows\":[{" KEY
			"%d,\"packets\":10,\"bytes\":10,\"lost\":%d}]}\n",
			i / 3600, i / 60 % 60, i % 60, i < 19800 ? 1 : 2, i % 7200 == 0);
	fclose(file);
	unlink(place->page);
	r = report_make(place->record, place->page);
	page = read_page(place);
	if (tap_expect(tap, r == 0 && page, "no page: %d", r)) {
		tap_expect(tap, strstr(page, "(UTC-03:30), 11 h 0 min: 39,600 intervals"),
			   "another span");
		tap_expect(tap, count_points(page) == 360, "%u points",
			   count_points(page));
		tap_expect(tap, strstr(page, ">lost in 1 min 50 s<"), "another slot");
		tap_expect(tap, strstr(page, ">04:00</text>"), "no hours");
		tap_expect(tap, count(page, "<rect class=\"lost\"") == 6, "%u bars",
			   count(page, "<rect class=\"lost\""));
	}
	free(page);
	tap_end(tap, "a long record is drawn in as many points as a short one");
}

static void check_files(struct tap *tap, const struct place *place)
{
	char record[TEXT_MAX] = "", old[] = "old";
	struct stat st;
	FILE *file;
	char *page;
	int r;

	append_interval(record, 6, 1000, "0");
	write_record(place, record);
	tap_expect(tap, report_make(place->record, place->record) == -EINVAL,
		   "the record is replaced");
	tap_expect(tap, report_make("/nonexistent/record", place->page) == -ENOENT,
		   "a record that is not there");
	tap_expect(tap, report_make(place->record, "/nonexistent/page") == -ENOENT,
		   "a folder that is not there");
	tap_expect(tap, report_make(place->record, "/dev/full") == -ENOSPC,
		   "a full disk");
	tap_expect(tap, report_make(place->record, place->directory) < 0, "a folder");
	file = fopen(place->page, "w");
	if (!file || fputs(old, file) == EOF || fclose(file) == EOF)
		tap_bail_out("%s cannot be written", place->page);
	page = NULL;
	write_record(place, "hello\n");
	r = report_make(place->record, place->page);
	page = read_page(place);
	tap_expect(tap, r < 0 && page && strcmp(page, old) == 0, "the old page is gone");
	free(page);
	write_record(place, record);
	r = report_make(place->record, place->page);
	tap_expect(tap,
		   r == 0 && stat(place->page, &st) == 0 && st.st_size > 1000 &&
			   (st.st_mode & 0777) == 0644,
		   "not replaced: %d", r);
	tap_end(tap, "a page is replaced in one step, or not at all");
}

int main(void)
{
	struct place place = { .directory = "/tmp/mwatch-report-XXXXXX" };
	struct tap tap = { 0 };

	umask(022);
	if (!mkdtemp(place.directory))
		tap_bail_out("no directory in /tmp");
	snprintf(place.record, sizeof(place.record), "%s/record", place.directory);
	snprintf(place.page, sizeof(place.page), "%s/page", place.directory);
	check_page(&tap, &place);
	check_unknown(&tap, &place);
	check_escapes(&tap, &place);
	check_summary(&tap, &place);
	check_doubts(&tap, &place);
	check_refused(&tap, &place);
	check_cut(&tap, &place);
	check_many(&tap, &place);
	check_long(&tap, &place);
	check_files(&tap, &place);
	unlink(place.record);
	unlink(place.page);
	tap_expect(&tap, rmdir(place.directory) == 0, "more files: %s", place.directory);
	tap_end(&tap, "nothing else is left behind");
	return tap_finish(&tap);
}
