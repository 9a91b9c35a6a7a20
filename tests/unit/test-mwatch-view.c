/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Unit test of what mwatch shows: samples made by hand, and what text, JSON, CSV and a
 * record make of them.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <jansson.h>

#include "export/record.h"
#include "order.h"
#include "sample.h"
#include "sample-rig.h"
#include "tap.h"
#include "view/view.h"

#define MAX_FLOWS 65536
#define COLUMNS   100

/* One flow of which everything is known. */
static struct sample new_known_sample(void)
{
	struct sample sample = new_sample(1, 1);
	struct sample_flow *flow = &sample.flows[0];

	set_flow(flow, "10.9.0.1", "232.1.1.1");
	flow->sequence = SAMPLE_RTP;
	flow->clock = SAMPLE_RTP_CLOCK;
	flow->verdict = SAMPLE_ACCEPT;
	flow->jitter_ns = 12345;
	flow->has_ts = true;
	flow->vlan = 7;
	flow->interval = (struct sample_counts){
		.packets = 1500,
		.bytes = 150000,
		.lost = 3,
		.duplicates = 2,
		.reordered = 1,
		.restarts = 4,
		.ts_lost = 5,
		.gap_ns = 1500000,
		.peak_1ms = 6,
		.peak_100ms = 200,
	};
	flow->total = flow->interval;
	flow->total.packets = 15000;
	sample.interfaces[0].interval = (struct sample_wire){
		.packets = 1500,
		.bytes = 150000,
		.kernel_drops = 9,
		.malformed = 8,
		.orphans = 7,
		.evicted = 6,
	};
	sample.interfaces[0].total = sample.interfaces[0].interval;
	return sample;
}

static void add_delivery(struct sample *sample)
{
	sample->deliveries = calloc(1, sizeof(*sample->deliveries));
	if (!sample->deliveries)
		tap_bail_out("no memory");
	sample->n_deliveries = 1;
	sample->deliveries[0] = (struct sample_delivery){ .family = AF_INET,
							  .group = { 232, 1, 1, 1 },
							  .port = 5000,
							  .wire = 100,
							  .socket = 90,
							  .queue_drops = 10,
							  .checksum_drops = -1,
							  .under_way = 3 };
}

typedef int new_view(struct sink *ret, const struct view_settings *settings);

static char *read_all(int fd)
{
	off_t len = lseek(fd, 0, SEEK_END);
	char *text = calloc(1, (size_t)len + 1);

	if (!text || pread(fd, text, (size_t)len, 0) != len)
		tap_bail_out("what was written cannot be read");
	return text;
}

/* What the view makes of the sample, once, and at the end. */
static char *show(new_view *new, const struct view_settings *wanted,
		  const struct sample *sample, bool has_interval, bool has_end)
{
	struct view_settings settings = *wanted;
	int fd = memfd_create("view", MFD_CLOEXEC);
	struct sink sink;
	char *text;

	if (fd < 0 || outlet_new(&settings.outlet, fd) < 0 || new (&sink, &settings) < 0)
		tap_bail_out("no view");
	if (has_interval && sink.put(sink.data, sample) < 0)
		tap_bail_out("the sample cannot be put");
	if (has_end && sink.end(sink.data, sample) < 0)
		tap_bail_out("the sample cannot be put at the end");
	sink.free(sink.data);
	outlet_free(settings.outlet);
	text = read_all(fd);
	close(fd);
	return text;
}

static void expect_text(struct tap *tap, const char *text, const char *wanted)
{
	tap_expect(tap, strcmp(text, wanted) == 0, "%s\ninstead of\n%s", text, wanted);
}

static const struct view_settings plain = { 0 };

static void check_text(struct tap *tap)
{
	struct sample sample = new_known_sample();
	char *text;

	sample.flows[0].vlan = 0;
	sample.flows[0].has_ts = false;
	text = show(view_text_new, &plain, &sample, true, false);
	expect_text(tap, text,
		    "03:04:05 eth0: 1500 packets, 1.2 Mbit/s, 1 flow, 9 dropped by the "
		    "kernel, 6 flows evicted, 8 malformed, 7 datagrams in fragments that "
		    "were not complete\n"
		    "SOURCE    GROUP:PORT       PPS  BIT/S  LOST  DUP  LATE  JITTER    "
		    "GAP  PEAK  VERDICT\n"
		    "10.9.0.1  232.1.1.1:5000  1.5k   1.2M     3    2     1    12us  "
		    "1.5ms    6k  accept\n\n");
	free(text);
	sample.flows[0].total.restarts = 0;
	text = show(view_text_new, &plain, &sample, false, true);
	expect_text(tap, text,
		    "in all, 10.0 s\n"
		    "eth0: 1500 packets, 120 kbit/s, 1 flow, 9 dropped by the kernel, 6 "
		    "flows evicted, 8 malformed, 7 datagrams in fragments that were not "
		    "complete\n"
		    "SOURCE    GROUP:PORT      PACKETS  BYTES  LOST  DUP  LATE  TTL  "
		    "FIRST     LAST      VERDICT\n"
		    "10.9.0.1  232.1.1.1:5000    15000   150k     3    2     1    1  "
		    "03:03:55  03:04:05  accept\n");
	free(text);
	sample_fini(&sample);
	tap_end(tap, "text: a line an interface, and a row a flow");
}

static void check_text_unknown(struct tap *tap)
{
	struct sample sample = new_sample(1, 1);
	char *text;

	set_flow(&sample.flows[0], "fd09::1", "ff3e::1");
	text = show(view_text_new, &plain, &sample, true, false);
	expect_text(tap, text,
		    "03:04:05 eth0: 0 packets, 0 bit/s, 1 flow\n"
		    "SOURCE   GROUP:PORT      PPS  BIT/S  LOST  DUP  LATE  JITTER  GAP  "
		    "PEAK  VERDICT\n"
		    "fd09::1  [ff3e::1]:5000    0      0     -    -     -       -    -  "
		    "   0  -\n\n");
	free(text);
	sample.n_flows = 0;
	text = show(view_text_new, &plain, &sample, true, false);
	expect_text(tap, text, "03:04:05 eth0: 0 packets, 0 bit/s, 0 flows\n\n");
	free(text);
	sample_fini(&sample);
	tap_end(tap, "text: what cannot be known is -");
}

static void explain(const struct sample_delivery *delivery, char *buf, size_t len)
{
	snprintf(buf, len, "port %u \033[2J", delivery->port);
}

static void check_text_extras(struct tap *tap)
{
	struct sample sample = new_sample(2, 3);
	struct view_settings settings = { .top = 2, .explain = explain };
	char *text;

	for (uint32_t i = 0; i < 3; i++)
		set_flow(&sample.flows[i], "10.9.0.1", "232.1.1.1");
	sample.flows[1].i_interface = 1;
	sample.flows[1].vlan = 42;
	sample.flows[0].is_outgoing = true;
	sample.interfaces[1].is_gone = true;
	strcpy(sample.interfaces[0].name, "a\033[2Jb");
	add_delivery(&sample);
	text = show(view_text_new, &settings, &sample, true, false);
	tap_expect(tap, strstr(text, "03:04:05 a?[2Jb: "), "%s", text);
	tap_expect(tap, strstr(text, "eth1 (down): "), "%s", text);
	tap_expect(tap, strstr(text, "\nINTERFACE  VLAN  DIR  SOURCE "), "%s", text);
	tap_expect(tap, strstr(text, "\na?[2Jb     -     out  10.9.0.1 "), "%s", text);
	tap_expect(tap, strstr(text, "\neth1       42    in   10.9.0.1 "), "%s", text);
	tap_expect(tap, strstr(text, "\nand 1 more flows (--top 2)\n"), "%s", text);
	tap_expect(tap, strstr(text, "\na?[2Jb: port 5000 ?[2J\n"), "%s", text);
	tap_expect(tap, !strchr(text, '\033'), "a control character");
	free(text);
	sample_fini(&sample);
	tap_end(tap, "text: interface, VLAN, direction, --top, deliveries, safely");
}

/* One that sent nothing for this long, and all in all seven packets. */
static void set_silent(struct sample_flow *flow, const char *source, uint64_t ns)
{
	set_flow(flow, source, "232.1.1.1");
	flow->last_ns = WHEN - ns;
	flow->total.packets = 7;
}

static uint32_t count(const char *text, const char *word)
{
	uint32_t n = 0;

	for (; (text = strstr(text, word)); text += strlen(word))
		n++;
	return n;
}

static void check_silence(struct tap *tap)
{
	new_view *const views[] = { view_text_new, view_json_new, view_csv_new };
	const struct view_settings settings[] = { plain, { .top = 2 } };
	struct sample sample = new_sample(1, 4);

	set_silent(&sample.flows[0], "10.9.0.1", 60 * SECOND + 1);
	set_silent(&sample.flows[1], "10.9.0.2", 60 * SECOND);
	/* It sent in a long interval, and then no more. */
	set_silent(&sample.flows[2], "10.9.0.3", 90 * SECOND);
	sample.flows[2].interval.packets = 1;
	set_silent(&sample.flows[3], "10.9.0.4", 0);
	sample.flows[3].last_ns = WHEN + SECOND; /* the clock was set back */
	tap_expect(tap, order_select(&sample, ORDER_PACKETS, false, 2) == 0, "no memory");
	for (size_t i = 0; i < sizeof(views) / sizeof(*views); i++) {
		char *all = show(views[i], &settings[0], &sample, true, false);
		char *top = show(views[i], &settings[1], &sample, true, false);

		tap_expect(tap, count(all, "10.9.0.") == 3 && !strstr(all, "10.9.0.1"),
			   "%s", all);
		tap_expect(tap, count(top, "10.9.0.") == 2 && !strstr(top, "10.9.0.1"),
			   "%s", top);
		tap_expect(tap,
			   i != 0 || (strstr(all, " 3 flows\n") &&
				      strstr(top, "\nand 1 more flows ")),
			   "%s", top);
		tap_expect(tap,
			   i != 1 || (strstr(top, "\"flows_shown\":2") &&
				      strstr(top, "\"flows_total\":3")),
			   "%s", top);
		free(all);
		free(top);
	}
	sample_fini(&sample);
	tap_end(tap, "flows that are silent for more than a minute are left out");
}

static void check_silence_at_end(struct tap *tap)
{
	new_view *const views[] = { view_text_new, view_json_new };
	struct sample sample = new_sample(1, 2);

	set_silent(&sample.flows[0], "10.9.0.1", 3600 * SECOND);
	set_silent(&sample.flows[1], "10.9.0.2", 0);
	tap_expect(tap, order_select(&sample, ORDER_SOURCE, true, 0) == 0, "no memory");
	for (size_t i = 0; i < sizeof(views) / sizeof(*views); i++) {
		char *text = show(views[i], &plain, &sample, false, true);
		const char *first = strstr(text, "10.9.0.1");

		tap_expect(tap, first && strstr(first, "10.9.0.2"), "%s", text);
		free(text);
	}
	sample_fini(&sample);
	tap_end(tap, "the summary tells of them as well");
}

static size_t get_widest(const char *text)
{
	size_t widest = 0;

	while (*text) {
		size_t len = strcspn(text, "\n");

		widest = len > widest ? len : widest;
		text += len + (text[len] == '\n');
	}
	return widest;
}

static void check_text_width(struct tap *tap)
{
	struct sample sample = new_known_sample();
	struct sample_flow *flow = &sample.flows[0];
	char *text;

	sample.interfaces[0].interval = (struct sample_wire){ .packets = 123456 };
	set_flow(flow, "192.168.100.200", "239.255.100.100");
	flow->port = 50000;
	flow->vlan = 0;
	flow->has_ts = false;
	flow->verdict = SAMPLE_UNJOINED;
	flow->interval = (struct sample_counts){ .packets = 123456,
						 .bytes = 123456789,
						 .lost = 9999,
						 .duplicates = 999,
						 .reordered = 9999,
						 .gap_ns = 1500000,
						 .peak_1ms = 999,
						 .peak_100ms = 9999 };
	text = show(view_text_new, &plain, &sample, true, false);
	tap_expect(tap, get_widest(text) <= COLUMNS, "%zu columns:\n%s", get_widest(text),
		   text);
	free(text);
	sample_fini(&sample);
	tap_end(tap, "text: a flow of IPv4 fits into 100 columns");
}

static void check_json(struct tap *tap)
{
	struct sample sample = new_known_sample();
	char *text;

	add_delivery(&sample);
	text = show(view_json_new, &plain, &sample, true, false);
	expect_text(
		tap, text,
		"{\"time\":\"2026-01-02T03:04:05.678901+00:00\",\"event\":\"interval\","
		"\"interface\":\"eth0\",\"seconds\":1.0,\"packets\":1500,"
		"\"bytes\":150000,\"flows\":[{\"source\":\"10.9.0.1\","
		"\"group\":\"232.1.1.1\",\"port\":5000,\"direction\":\"in\","
		"\"vlan\":7,\"packets\":1500,\"bytes\":150000,\"pps\":1500,"
		"\"bps\":1200000,\"lost\":3,\"duplicates\":2,\"reordered\":1,"
		"\"restarts\":4,\"ts_lost\":5,\"jitter_us\":12.345,\"gap_us\":1500,"
		"\"peak_1ms_pps\":6000,\"peak_100ms_pps\":2000,\"ttl\":1,"
		"\"sequence\":\"rtp\",\"clock\":\"rtp\","
		"\"first\":\"2026-01-02T03:03:55.678901+00:00\","
		"\"last\":\"2026-01-02T03:04:05.678901+00:00\","
		"\"verdict\":\"accept\"}],\"kernel_drops\":9,\"evicted\":6,"
		"\"malformed\":8,\"orphans\":7,\"deliveries\":["
		"{\"group\":\"232.1.1.1\",\"port\":5000,\"wire\":100,\"socket\":90,"
		"\"queue_drops\":10,\"checksum_drops\":null,\"memory_drops\":0,"
		"\"route_drops\":0,\"under_way\":3}]}\n");
	free(text);
	text = show(view_json_new, &plain, &sample, false, true);
	tap_expect(tap, strstr(text, "\"event\":\"summary\""), "%s", text);
	tap_expect(tap, strstr(text, "\"seconds\":10.0"), "%s", text);
	tap_expect(tap, strstr(text, "\"packets\":15000,\"bytes\":150000,\"pps\":1500,"),
		   "%s", text);
	free(text);
	sample_fini(&sample);
	tap_end(tap, "JSON: the fields of the contract, in its order");
}

static void check_json_null(struct tap *tap)
{
	static const char *const unknown[] = { "vlan",      "lost",     "duplicates",
					       "reordered", "restarts", "ts_lost",
					       "jitter_us", "gap_us",   "sequence",
					       "clock",     "verdict" };
	struct sample sample = new_sample(1, 1);
	json_t *o, *flow;
	char *text;

	set_flow(&sample.flows[0], "10.9.0.1", "232.1.1.1");
	text = show(view_json_new, &plain, &sample, true, false);
	o = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
	flow = json_array_get(json_object_get(o, "flows"), 0);
	tap_expect(tap, flow, "%s", text);
	for (size_t i = 0; i < sizeof(unknown) / sizeof(*unknown); i++)
		tap_expect(tap, json_is_null(json_object_get(flow, unknown[i])), "%s",
			   unknown[i]);
	tap_expect(tap, !json_object_get(o, "deliveries"), "deliveries");
	tap_expect(tap, !json_object_get(o, "flows_total"), "flows_total");
	json_decref(o);
	free(text);
	sample_fini(&sample);
	tap_end(tap, "JSON: what cannot be known is null");
}

static void check_json_lines(struct tap *tap)
{
	struct sample sample = new_sample(3, 4);
	struct view_settings settings = { .top = 2 };
	json_t *lines[3];
	char *text, *at;

	for (uint32_t i = 0; i < 4; i++) {
		set_flow(&sample.flows[i], "10.9.0.1", "232.1.1.1");
		sample.flows[i].i_interface = i % 2;
	}
	memcpy(sample.interfaces[0].name, "a\"\\\001\377\177b", 8);
	text = at = show(view_json_new, &settings, &sample, true, false);
	for (size_t i = 0; i < 3; i++) {
		size_t len = strcspn(at, "\n");

		lines[i] = json_loadb(at, len, 0, NULL);
		tap_expect(tap, lines[i], "line %zu: %s", i, at);
		at += len + 1;
	}
	tap_expect(tap, *at == '\0', "more lines: %s", at);
	for (const char *c = text; *c; c++)
		tap_expect(tap, *c == '\n' || (*c >= ' ' && *c <= '~'), "octet %d", *c);
	tap_expect(tap,
		   strcmp(json_string_value(json_object_get(lines[0], "interface")),
			  "a\"\\\001\357\277\275\177b") == 0,
		   "%s", text);
	tap_expect(tap, json_array_size(json_object_get(lines[0], "flows")) == 1,
		   "flows");
	tap_expect(tap, json_integer_value(json_object_get(lines[1], "flows_shown")) == 1,
		   "flows_shown");
	tap_expect(tap, json_integer_value(json_object_get(lines[1], "flows_total")) == 2,
		   "flows_total");
	tap_expect(tap, json_array_size(json_object_get(lines[2], "flows")) == 0,
		   "flows");
	for (size_t i = 0; i < 3; i++)
		json_decref(lines[i]);
	free(text);
	sample_fini(&sample);
	tap_end(tap, "JSON: a line an interface, valid for any name; --top is told");
}

/* Flows of both families with the largest numbers there are. */
static void check_json_extremes(struct tap *tap)
{
	struct sample sample = new_known_sample();
	struct sample_flow *flow = &sample.flows[0];
	json_t *o;
	char *text;

	memset(&flow->interval, 0xff, sizeof(flow->interval));
	flow->interval.packets = INT64_MAX;
	flow->interval.bytes = INT64_MAX;
	flow->jitter_ns = INT64_MAX;
	set_flow(flow, "ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255",
		 "ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255");
	sample.interval_ns = 0;
	flow->interval.lost = flow->interval.duplicates = flow->interval.reordered =
		flow->interval.restarts = flow->interval.ts_lost = INT64_MAX;
	text = show(view_json_new, &plain, &sample, true, false);
	o = json_loads(text, 0, NULL);
	tap_expect(tap, o, "%s", text);
	tap_expect(tap, strstr(text, "\"pps\":0,\"bps\":0,"), "%s", text);
	tap_expect(tap, strstr(text, "\"peak_1ms_pps\":4294967295000,"), "%s", text);
	json_decref(o);
	free(text);
	text = show(view_text_new, &plain, &sample, true, true);
	tap_expect(tap, strstr(text, "9.22E"), "%s", text);
	free(text);
	sample_fini(&sample);
	tap_end(tap, "the largest numbers and the longest addresses have room");
}

static void check_json_many(struct tap *tap)
{
	struct sample sample = new_shuffled_sample(MAX_FLOWS);
	struct timespec begin, end;
	size_t n_flows = 0;
	double seconds;
	json_t *lines;
	char *text, *second;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &begin);
	text = show(view_json_new, &plain, &sample, true, false);
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &end);
	seconds = (double)(end.tv_sec - begin.tv_sec) +
		  (double)(end.tv_nsec - begin.tv_nsec) / 1e9;
	tap_comment("%u flows as JSON: %zu octets in %.3f s of CPU", MAX_FLOWS,
		    strlen(text), seconds);
	second = strchr(text, '\n') + 1;
	for (char *line = text; line; line = line == text ? second : NULL) {
		lines = json_loadb(line, strcspn(line, "\n"), 0, NULL);
		tap_expect(tap, lines, "no object");
		n_flows += json_array_size(json_object_get(lines, "flows"));
		json_decref(lines);
	}
	tap_expect(tap, n_flows == MAX_FLOWS, "%zu flows", n_flows);
	free(text);
	sample_fini(&sample);
	tap_end(tap, "JSON: 65,536 flows");
}

static void check_csv(struct tap *tap)
{
	struct sample sample = new_known_sample();
	char *text, *second;

	strcpy(sample.interfaces[0].name, "a\",\033b");
	text = show(view_csv_new, &plain, &sample, true, true);
	expect_text(tap, text,
		    "time,interface,seconds,source,group,port,direction,vlan,packets,"
		    "bytes,pps,bps,lost,duplicates,reordered,restarts,ts_lost,jitter_us,"
		    "gap_us,peak_1ms_pps,peak_100ms_pps,ttl,sequence,clock,first,last,"
		    "verdict\r\n"
		    "2026-01-02T03:04:05.678901+00:00,\"a\"\",?b\",1.000000,10.9.0.1,"
		    "232.1.1.1,5000,in,7,1500,150000,1500,1200000,3,2,1,4,5,12.345,1500,"
		    "6000,2000,1,rtp,rtp,2026-01-02T03:03:55.678901+00:00,"
		    "2026-01-02T03:04:05.678901+00:00,accept\r\n");
	free(text);
	sample.flows[0].sequence = SAMPLE_NO_SEQUENCE;
	sample.flows[0].verdict = SAMPLE_UNKNOWN;
	text = show(view_csv_new, &plain, &sample, true, false);
	second = strchr(text, '\n') + 1;
	tap_expect(tap, strstr(second, ",1200000,,,,,5,12.345,"), "%s", second);
	tap_expect(tap, strstr(second, "+00:00,\r\n"), "%s", second);
	free(text);
	sample_fini(&sample);
	tap_end(tap, "CSV: a title, then a line a flow, quoted as RFC 4180 wants it");
}

static void check_full(struct tap *tap)
{
	static new_view *const views[] = { view_text_new, view_json_new, view_csv_new };
	struct sample sample = new_known_sample();

	for (size_t i = 0; i < sizeof(views) / sizeof(*views); i++) {
		FILE *full = fopen("/dev/full", "w");
		struct view_settings settings = { 0 };
		struct sink sink;

		if (!full || outlet_new(&settings.outlet, fileno(full)) < 0 ||
		    views[i](&sink, &settings) < 0)
			tap_bail_out("no view");
		tap_expect(tap, sink.put(sink.data, &sample) == -ENOSPC, "view %zu", i);
		sink.free(sink.data);
		outlet_free(settings.outlet);
		fclose(full);
	}
	sample_fini(&sample);
	tap_end(tap, "what cannot be written is an error");
}

static void check_record(struct tap *tap)
{
	char directory[] = "/tmp/mwatch-record-XXXXXX", path[64];
	struct sample sample = new_known_sample();
	struct stat st;
	struct sink sink;
	char *text, *twice;
	FILE *file;

	if (!mkdtemp(directory))
		tap_bail_out("no directory in /tmp");
	snprintf(path, sizeof(path), "%s/record", directory);
	tap_expect(tap, record_new(&sink, path) == 0, "no record");
	tap_expect(tap, sink.put(sink.data, &sample) == 0, "not put");
	tap_expect(tap, stat(path, &st) == 0 && st.st_size > 500, "nothing is there yet");
	tap_expect(tap, sink.end(sink.data, &sample) == 0, "not put");
	sink.free(sink.data);
	text = show(view_json_new, &plain, &sample, true, true);
	file = fopen(path, "r");
	twice = file ? read_all(fileno(file)) : NULL;
	tap_expect(tap, twice && strcmp(text, twice) == 0, "not what --json writes");
	tap_expect(tap, record_new(&sink, path) == -EEXIST, "an old one is written over");
	tap_expect(tap,
		   file && fclose(file) == 0 && stat(path, &st) == 0 &&
			   st.st_size == (off_t)strlen(text),
		   "it was changed");
	unlink(path);
	tap_expect(tap,
		   symlink("nowhere", path) == 0 && record_new(&sink, path) == -EEXIST,
		   "a link");
	unlink(path);
	rmdir(directory);
	tap_expect(tap, record_new(&sink, path) == -ENOENT, "no directory");
	tap_expect(tap, record_new(&sink, "/dev/null") == 0, "/dev/null");
	sink.free(sink.data);
	tap_expect(tap, record_new(&sink, "/dev/full") == 0, "/dev/full");
	tap_expect(tap, sink.put(sink.data, &sample) == -ENOSPC, "a full disk");
	sink.free(sink.data);
	free(text);
	free(twice);
	sample_fini(&sample);
	tap_end(tap, "record: what --json writes, in a new file");
}

int main(void)
{
	struct tap tap = { 0 };

	setenv("TZ", "UTC", true);
	check_text(&tap);
	check_text_unknown(&tap);
	check_text_extras(&tap);
	check_text_width(&tap);
	check_silence(&tap);
	check_silence_at_end(&tap);
	check_json(&tap);
	check_json_null(&tap);
	check_json_lines(&tap);
	check_json_extremes(&tap);
	check_json_many(&tap);
	check_csv(&tap);
	check_full(&tap);
	check_record(&tap);
	return tap_finish(&tap);
}
