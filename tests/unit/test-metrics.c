/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Unit test of the metrics of mwatch: what stands on a page, which counters only grow,
 * who gets which format, and what --listen takes.
 *
 *	test-metrics			the tests
 *	test-metrics FORMAT [FLOWS]	a page with nasty labels, for a strict parser
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "endpoint.h"
#include "export/metrics-accept.h"
#include "export/metrics-listen.h"
#include "export/metrics-page.h"
#include "export/metrics-snapshot.h"
#include "export/metrics.h"
#include "tap.h"

#define N_INTERFACES 4
#define N_FLOWS      6
#define PORT         5000
#define SECOND       1000000000

static const char *const formats[] = {
	[METRICS_OPENMETRICS] = "openmetrics",
	[METRICS_TEXT] = "text",
	[METRICS_BOTH] = "both",
};

#define N_FORMATS (sizeof(formats) / sizeof(*formats))

/* Names of interfaces may hold any byte but a slash and white space. */
static const char *const names[N_INTERFACES] = { "eth0", "a\"b\\n{},=#\x01", "\xff\xc3(",
						 "\xfe\xc3(" };

static void fill_interface(struct sample_interface *interface, uint32_t i)
{
	*interface = (struct sample_interface){
		.ifindex = i + 2,
		.is_gone = i == 1,
		.total = { 1000 + i, 2000 + i, 30 + i, 40 + i, 50 + i, 60 + i },
	};
	strcpy(interface->name, names[i]);
}

/* 10.9.0.1 to 232.1.1.1, fd09::1 to ff3e::1, and so on by turns. */
static void fill_flow(struct sample_flow *flow, uint32_t i)
{
	uint32_t source = htonl(0x0a090001 + i), group = htonl(0xe8010101);

	*flow = (struct sample_flow){
		.id = i + 1,
		.family = i % 2 ? AF_INET6 : AF_INET,
		.port = PORT,
		.ttl = 64,
		.i_interface = i % N_INTERFACES,
		.sequence = SAMPLE_RTP,
		.clock = SAMPLE_RTP_CLOCK,
		.verdict = SAMPLE_BLOCK,
		.jitter_ns = 1500,
		.first_ns = 1700000000123456789,
		.last_ns = 1700000001000000001,
		.interval = { .gap_ns = 2000000, .peak_1ms = 3, .peak_100ms = 7 },
		.total = { 100 + i, 64, 5, 6, 7, 8, 0, 0, 0, 0 },
	};
	memcpy(flow->source, &source, sizeof(source));
	memcpy(flow->group, &group, sizeof(group));
	if (flow->family == AF_INET6) {
		inet_pton(AF_INET6, "fd09::1", flow->source);
		inet_pton(AF_INET6, "ff3e::1", flow->group);
		memcpy(flow->source + 8, &source, sizeof(source));
	}
}

/* Flow 0 has all, flow 1 little, flow 2 TS, flow 3 is our own, flow 4 is in a VLAN. */
static void make_sample(struct sample *sample, uint32_t n_flows)
{
	*sample = (struct sample){
		.when_ns = 1700000002000000000,
		.interval_ns = SECOND,
		.total_ns = 2ull * SECOND,
		.interfaces = calloc(N_INTERFACES, sizeof(*sample->interfaces)),
		.n_interfaces = N_INTERFACES,
		.flows = calloc(n_flows, sizeof(*sample->flows)),
		.n_flows = n_flows,
		.deliveries = calloc(2, sizeof(*sample->deliveries)),
		.n_deliveries = 2,
	};
	if (!sample->interfaces || !sample->flows || !sample->deliveries)
		tap_bail_out("no memory");
	for (uint32_t i = 0; i < N_INTERFACES; i++)
		fill_interface(&sample->interfaces[i], i);
	for (uint32_t i = 0; i < n_flows; i++)
		fill_flow(&sample->flows[i], i);
	for (uint32_t i = 0; i < 2; i++) {
		sample->deliveries[i] = (struct sample_delivery){
			0,  AF_INET, { 232, 1, 1, 1 }, (uint16_t)(PORT + i), 9, 8, 1, 11,
			12, 13
		};
	}
	inet_pton(AF_INET6, "ff3e::1", sample->deliveries[1].group);
	sample->deliveries[1].family = AF_INET6;
	sample->deliveries[1].route_drops = -1;
	sample->deliveries[1].socket = -1;
	sample->deliveries[1].queue_drops = -1;
	if (n_flows < N_FLOWS)
		return;
	sample->flows[1].sequence = SAMPLE_NO_SEQUENCE;
	sample->flows[1].clock = SAMPLE_NO_JITTER;
	sample->flows[1].verdict = SAMPLE_UNKNOWN;
	sample->flows[1].interval.gap_ns = 0;
	sample->flows[2].sequence = SAMPLE_TS;
	sample->flows[2].has_ts = true;
	sample->flows[2].total.ts_lost = 9;
	sample->flows[3].is_outgoing = true;
	sample->flows[4].vlan = 4094;
}

/* The page as it is printed; to be freed. */
static char *print_page(const struct sample *sample, enum metrics_format format)
{
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	if (!out || metrics_print(sample, format, out) < 0 || fclose(out) == EOF)
		tap_bail_out("the page cannot be printed");
	return text;
}

/* The line that begins so, or NULL. */
static const char *find_line(const char *page, const char *start)
{
	for (const char *at = page; (at = strstr(at, start)); at++)
		if (at == page || at[-1] == '\n')
			return at;
	return NULL;
}

static unsigned int count_lines(const char *page, const char *start)
{
	unsigned int n = 0;

	for (const char *at = page; (at = find_line(at, start)); at++)
		n++;
	return n;
}

static void test_lines(struct tap *tap)
{
#define FLOW0                                                                        \
	"{interface=\"eth0\",source=\"10.9.0.1\",group=\"232.1.1.1\",port=\"5000\"," \
	"direction=\"in\""
#define FLOW4                                                                        \
	"{interface=\"eth0\",source=\"10.9.0.5\",group=\"232.1.1.1\",port=\"5000\"," \
	"vlan=\"4094\",direction=\"in\""
	static const char *const lines[] = {
		"# TYPE msf_flow_packets counter\n",
		"# UNIT msf_flow_packets packets\n",
		"# HELP msf_flow_packets UDP datagrams.\n",
		"msf_flow_packets_total" FLOW0 "} 100\n",
		"msf_flow_packets_created" FLOW0 "} 1700000000.123456789\n",
		"msf_flow_payload_bytes_total" FLOW0 "} 64\n",
		"msf_flow_lost_packets_total" FLOW0 "} 5\n",
		"msf_flow_duplicate_packets_total" FLOW0 "} 6\n",
		"msf_flow_reordered_packets_total" FLOW0 "} 7\n",
		"msf_flow_restarts_total" FLOW0 "} 8\n",
		"msf_flow_jitter_seconds" FLOW0 "} 0.000001500\n",
		"msf_flow_max_gap_seconds" FLOW0 "} 0.002000000\n",
		"msf_flow_peak_packets_per_second" FLOW0 ",window=\"1ms\"} 3000\n",
		"msf_flow_peak_packets_per_second" FLOW0 ",window=\"100ms\"} 70\n",
		"msf_flow_ttl" FLOW0 "} 64\n",
		"msf_flow_last_seen_timestamp_seconds" FLOW0 "} 1700000001.000000001\n",
		"# TYPE msf_flow_verdict stateset\n",
		"msf_flow_verdict" FLOW0 ",msf_flow_verdict=\"accept\"} 0\n",
		"msf_flow_verdict" FLOW0 ",msf_flow_verdict=\"block\"} 1\n",
		"msf_flow_verdict" FLOW0 ",msf_flow_verdict=\"unjoined\"} 0\n",
		"msf_flow_packets_total" FLOW4 "} 104\n",
		"# TYPE msf_mwatch info\n",
		"msf_mwatch_info{version=\"",
		"msf_mwatch_sample_timestamp_seconds 1700000002.000000000\n",
		"msf_mwatch_interval_seconds 1.000000000\n",
		"msf_interface_up{interface=\"eth0\"} 1\n",
		"msf_interface_packets_total{interface=\"eth0\"} 1000\n",
		"msf_interface_payload_bytes_total{interface=\"eth0\"} 2000\n",
		"msf_interface_dropped_packets_total{interface=\"eth0\"} 30\n",
		"msf_interface_malformed_packets_total{interface=\"eth0\"} 40\n",
		"msf_interface_orphaned_datagrams_total{interface=\"eth0\"} 50\n",
		"msf_flows{interface=\"eth0\"} 2\n",
		"msf_flows_evicted_total{interface=\"eth0\"} 60\n",
		"msf_delivery_wire_packets_total{interface=\"eth0\",group=\"232.1.1.1\","
		"port=\"5000\"} 9\n",
		"msf_delivery_socket_packets_total{interface=\"eth0\","
		"group=\"232.1.1.1\",port=\"5000\"} 8\n",
		"msf_delivery_queue_dropped_packets_total{interface=\"eth0\","
		"group=\"232.1.1.1\",port=\"5000\"} 1\n",
		"msf_host_checksum_dropped_packets_total{family=\"ipv4\"} 11\n",
		"msf_host_memory_dropped_packets_total{family=\"ipv4\"} 12\n",
		"msf_host_route_dropped_packets_total{family=\"ipv4\"} 13\n",
	};
	struct sample sample;
	char *page;

	make_sample(&sample, N_FLOWS);
	page = print_page(&sample, METRICS_OPENMETRICS);
	for (size_t i = 0; i < sizeof(lines) / sizeof(*lines); i++)
		tap_expect(tap, count_lines(page, lines[i]) == 1, "once: %s", lines[i]);
	tap_end(tap, "every value has its line, with type, unit and labels");
	free(page);
	sample_fini(&sample);
}

static void test_unknown(struct tap *tap)
{
	static const struct {
		const char *start;
		unsigned int n;
	} lines[] = {
		{ "msf_flow_packets_total{", N_FLOWS },
		{ "msf_flow_lost_packets_total{", N_FLOWS - 2 },
		{ "msf_flow_duplicate_packets_total{", N_FLOWS - 2 },
		{ "msf_flow_reordered_packets_total{", N_FLOWS - 2 },
		{ "msf_flow_restarts_total{", N_FLOWS - 2 },
		{ "msf_flow_ts_lost_packets_total{", 1 },
		{ "msf_flow_jitter_seconds{", N_FLOWS - 1 },
		{ "msf_flow_max_gap_seconds{", N_FLOWS - 1 },
		{ "msf_flow_verdict{", 3 * (N_FLOWS - 1) },
		{ "msf_delivery_wire_packets_total{", 2 },
		{ "msf_delivery_socket_packets_total{", 1 },
		{ "msf_delivery_queue_dropped_packets_total{", 1 },
		{ "msf_host_memory_dropped_packets_total{", 2 },
		{ "msf_host_route_dropped_packets_total{", 1 },
	};
	struct sample sample;
	char *page;

	make_sample(&sample, N_FLOWS);
	page = print_page(&sample, METRICS_OPENMETRICS);
	for (size_t i = 0; i < sizeof(lines) / sizeof(*lines); i++)
		tap_expect(tap, count_lines(page, lines[i].start) == lines[i].n,
			   "%u lines: %s", lines[i].n, lines[i].start);
	tap_expect(tap, strstr(page, "direction=\"out\"") != NULL,
		   "our own are told apart");
	tap_end(tap, "what cannot be known has no line");
	free(page);

	sample.n_flows = 0;
	sample.n_deliveries = 0;
	page = print_page(&sample, METRICS_OPENMETRICS);
	tap_expect(tap, !strstr(page, "msf_flow_") && !strstr(page, "msf_delivery_"),
		   "none");
	tap_expect(tap, find_line(page, "msf_flows{interface=\"eth0\"} 0\n") != NULL,
		   "0");
	tap_end(tap, "a family without lines is not spoken of");
	free(page);
	sample_fini(&sample);
}

static void test_labels(struct tap *tap)
{
	static const char *const lines[] = {
		"msf_interface_up{interface=\"a\\\"b\\\\n{},=#\x01\"} 0\n",
		"msf_interface_up{interface=\"\xef\xbf\xbd\xef\xbf\xbd(\"} 1\n",
		"msf_interface_up{interface=\"\xef\xbf\xbd\xef\xbf\xbd(#5\"} 1\n",
	};
	struct sample sample;
	char *page;

	make_sample(&sample, N_FLOWS);
	page = print_page(&sample, METRICS_OPENMETRICS);
	for (size_t i = 0; i < sizeof(lines) / sizeof(*lines); i++)
		tap_expect(tap, count_lines(page, lines[i]) == 1, "once: %s", lines[i]);
	tap_end(tap, "labels are escaped, are UTF-8, and differ where names differ");
	free(page);

	strcpy(sample.interfaces[0].name, "\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"");
	strcpy(sample.interfaces[2].name,
	       "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"
	       "\xff\xff\xff");
	strcpy(sample.interfaces[3].name, sample.interfaces[2].name);
	sample.interfaces[3].ifindex = UINT32_MAX;
	memset(sample.flows[1].source, 0xff, sizeof(sample.flows[1].source));
	memset(sample.flows[1].group, 0xff, sizeof(sample.flows[1].group));
	sample.flows[1].vlan = 4095;
	sample.flows[1].port = UINT16_MAX;
	sample.flows[1].i_interface = 3;
	sample.flows[1].total.packets = UINT64_MAX;
	sample.flows[1].first_ns = UINT64_MAX;
	page = print_page(&sample, METRICS_OPENMETRICS);
	tap_expect(tap, strstr(page, "#4294967295\"") != NULL, "the mark");
	tap_expect(tap, strstr(page, "} 18446744073709551615\n") != NULL, "the number");
	tap_expect(tap, strstr(page, "} 18446744073.709551615\n") != NULL, "the time");
	tap_end(tap, "the longest labels and numbers fit");
	free(page);
	sample_fini(&sample);
}

static void test_formats(struct tap *tap)
{
	struct sample sample;
	char *text, *both;

	make_sample(&sample, N_FLOWS);
	text = print_page(&sample, METRICS_TEXT);
	both = print_page(&sample, METRICS_BOTH);
	tap_expect(tap,
		   find_line(text, "# TYPE msf_flow_packets_total counter\n") != NULL,
		   "called as its lines are");
	tap_expect(tap, find_line(text, "# HELP msf_flow_packets_total ") != NULL,
		   "help");
	tap_expect(tap, find_line(text, "# TYPE msf_mwatch_info gauge\n") != NULL,
		   "info");
	tap_expect(tap, !find_line(text, "# UNIT") && !find_line(text, "# EOF"),
		   "no more");
	tap_expect(tap, !strstr(text, "_created{"), "nor created");
	tap_end(tap, "the older format knows counters and gauges only");

	tap_expect(tap, find_line(both, "# TYPE msf_flow_packets counter\n") != NULL,
		   "type");
	tap_expect(tap, find_line(both, "# TYPE msf_flow_verdict gauge\n") != NULL,
		   "gauge");
	tap_expect(tap, find_line(both, "# TYPE msf_mwatch_info gauge\n") != NULL,
		   "info");
	tap_expect(tap, strcmp(both + strlen(both) - 6, "# EOF\n") == 0, "the end");
	tap_end(tap, "what is for both has no type that the older one refuses");
	free(text);
	free(both);
	sample_fini(&sample);
}

static void test_pieces(struct tap *tap)
{
	struct metrics_page *page;
	struct sample sample;
	char *whole, *at;
	char piece[METRICS_PAGE_MIN];
	size_t n;

	make_sample(&sample, 100);
	whole = print_page(&sample, METRICS_OPENMETRICS);
	at = whole;
	if (metrics_page_new(&page, &sample, METRICS_OPENMETRICS) < 0)
		tap_bail_out("no memory");
	while ((n = metrics_page_read(page, piece, sizeof(piece))) > 0) {
		if (!tap_expect(tap, strncmp(at, piece, n) == 0 && piece[n - 1] == '\n',
				"%zu bytes at %zu", n, (size_t)(at - whole)))
			break;
		at += n;
	}
	tap_expect(tap, *at == '\0', "all of it");
	tap_expect(tap, metrics_page_read(page, piece, sizeof(piece)) == 0,
		   "the end stays");
	tap_end(tap, "in small pieces it is the same page, cut between lines");
	metrics_page_free(page);
	free(whole);
	sample_fini(&sample);
}

/* The snapshot after previous, which is let go. */
static struct metrics_snapshot *follow(struct metrics_snapshot *previous,
				       const struct sample *sample)
{
	struct metrics_snapshot *snapshot;

	if (metrics_snapshot_new(&snapshot, sample, previous) < 0)
		tap_bail_out("no memory");
	metrics_snapshot_unref(previous);
	return snapshot;
}

static void test_snapshot(struct tap *tap)
{
	struct metrics_snapshot *snapshot;
	const struct sample_flow *flows;
	struct sample sample;

	make_sample(&sample, N_FLOWS);
	snapshot = follow(NULL, &sample);
	sample.flows[0].total.lost = 3; /* two came late */
	sample.flows[2].total.ts_lost = 1;
	sample.flows[4].total.lost = 6;
	sample.flows[5].id = 77; /* another one in its place */
	sample.flows[5].total.lost = 0;
	snapshot = follow(snapshot, &sample);
	flows = metrics_snapshot_get_sample(snapshot)->flows;
	tap_expect(tap, flows[0].total.lost == 5, "%ju", (uintmax_t)flows[0].total.lost);
	tap_expect(tap, flows[2].total.ts_lost == 9, "%ju",
		   (uintmax_t)flows[2].total.ts_lost);
	tap_expect(tap, flows[4].total.lost == 6, "%ju", (uintmax_t)flows[4].total.lost);
	tap_expect(tap, flows[5].total.lost == 0, "%ju", (uintmax_t)flows[5].total.lost);
	tap_end(tap, "what was told as lost stays told, for the same flow");

	snapshot = follow(snapshot, &sample);
	flows = metrics_snapshot_get_sample(snapshot)->flows;
	tap_expect(tap, flows[0].total.lost == 5, "%ju", (uintmax_t)flows[0].total.lost);
	sample.flows[0].total.lost = 6;
	snapshot = follow(snapshot, &sample);
	flows = metrics_snapshot_get_sample(snapshot)->flows;
	tap_expect(tap, flows[0].total.lost == 6, "%ju", (uintmax_t)flows[0].total.lost);
	tap_end(tap, "it stays for good, and makes up for what is lost later");

	metrics_snapshot_ref(snapshot);
	sample_fini(&sample);
	metrics_snapshot_unref(snapshot);
	flows = metrics_snapshot_get_sample(snapshot)->flows;
	tap_expect(tap, flows[0].total.lost == 6 && flows[3].is_outgoing, "the copy");
	tap_end(tap, "it lives as long as somebody reads it");
	metrics_snapshot_unref(snapshot);
}

static void test_accept(struct tap *tap)
{
	static const struct {
		const char *accept;
		enum metrics_format format;
	} fields[] = {
		{ NULL, METRICS_OPENMETRICS },
		{ "", METRICS_OPENMETRICS },
		{ "*/*", METRICS_OPENMETRICS },
		{ "text/plain", METRICS_TEXT },
		{ "text/plain;version=0.0.4", METRICS_TEXT },
		{ "TEXT/Plain ; version=0.0.4 ; Q=0.5", METRICS_TEXT },
		{ "text/*", METRICS_TEXT },
		{ "text/plainer", METRICS_OPENMETRICS },
		{ "image/png", METRICS_OPENMETRICS },
		{ "application/openmetrics-text", METRICS_OPENMETRICS },
		{ "application/*;q=0.5, text/plain;q=0.4", METRICS_OPENMETRICS },
		{ "application/*;q=0.5, text/plain;q=0.501", METRICS_TEXT },
		{ "*/*, application/openmetrics-text;q=0", METRICS_TEXT },
		{ "*/*;q=0.1,text/plain;q=0", METRICS_OPENMETRICS },
		{ "application/openmetrics-text;version=1.0.0;q=0.5,"
		  "application/openmetrics-text;version=0.0.1;q=0.4,"
		  "text/plain;version=0.0.4;q=0.3,*/*;q=0.1",
		  METRICS_OPENMETRICS },
		{ "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
		  METRICS_OPENMETRICS },
		{ ";;;,,,q=1,;q=", METRICS_OPENMETRICS },
	};

	for (size_t i = 0; i < sizeof(fields) / sizeof(*fields); i++) {
		enum metrics_format format = metrics_accept_choose(fields[i].accept);

		tap_expect(tap, format == fields[i].format, "%s: %s",
			   fields[i].accept ? fields[i].accept : "nothing",
			   formats[format]);
	}
	tap_end(tap, "the older format is for those who like it better");
}

static void test_listen(struct tap *tap)
{
	static const struct {
		const char *text;
		const char *address; /* NULL: refused */
		uint16_t port;
	} words[] = {
		{ "9478", "127.0.0.1", 9478 },
		{ "1", "127.0.0.1", 1 },
		{ "65535", "127.0.0.1", 65535 },
		{ "127.0.0.1:9478", "127.0.0.1", 9478 },
		{ "0.0.0.0:80", "0.0.0.0", 80 },
		{ "[::1]:9478", "::1", 9478 },
		{ "[::]:9478", "::", 9478 },
		{ "", NULL, 0 },
		{ "0", NULL, 0 },
		{ "65536", NULL, 0 },
		{ "99999999999999999999", NULL, 0 },
		{ ":9478", NULL, 0 },
		{ "-1", NULL, 0 },
		{ "127.0.0.1", NULL, 0 },
		{ "127.0.0.1:", NULL, 0 },
		{ "127.0.0.1:0", NULL, 0 },
		{ "127.0.0.1:http", NULL, 0 },
		{ "127.0.0.1+1:9478", NULL, 0 },
		{ "::1", NULL, 0 },
		{ "::1:9478", NULL, 0 },
		{ "[::1]", NULL, 0 },
		{ "localhost:9478", NULL, 0 },
		{ "239.1.1.1:9478", NULL, 0 },
		{ "[ff02::1]:9478", NULL, 0 },
	};

	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++) {
		struct sockaddr_storage address = { 0 };
		const struct sockaddr_in *sin = (const struct sockaddr_in *)&address;
		char text[INET6_ADDRSTRLEN] = "";
		const char *why = NULL;
		int r = metrics_listen_parse(words[i].text, &address, &why);

		if (!words[i].address) {
			tap_expect(tap, r == -EINVAL && why && *why, "refused: \"%s\"",
				   words[i].text);
			continue;
		}
		endpoint_format_address(&address, text, sizeof(text));
		/* The port of both families stands in the same place. */
		tap_expect(tap,
			   r == 0 && strcmp(text, words[i].address) == 0 &&
				   ntohs(sin->sin_port) == words[i].port,
			   "\"%s\": %s", words[i].text, text);
	}
	tap_end(tap, "--listen takes ADDR:PORT and PORT, and nothing else");
}

static int dump(const char *name, uint32_t n_flows)
{
	struct sample sample;
	int r = -EINVAL;

	make_sample(&sample, n_flows);
	for (size_t i = 0; i < N_FORMATS; i++)
		if (strcmp(name, formats[i]) == 0)
			r = metrics_print(&sample, (enum metrics_format)i, stdout);
	sample_fini(&sample);
	return r < 0 || fflush(stdout) == EOF;
}

int main(int argc, char **argv)
{
	struct tap tap = { 0 };

	if (argc > 1)
		return dump(argv[1], argc > 2 ? (uint32_t)atoi(argv[2]) : N_FLOWS);
	test_lines(&tap);
	test_unknown(&tap);
	test_labels(&tap);
	test_formats(&tap);
	test_pieces(&tap);
	test_snapshot(&tap);
	test_accept(&tap);
	test_listen(&tap);
	return tap_finish(&tap);
}
