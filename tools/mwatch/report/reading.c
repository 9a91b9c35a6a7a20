/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * reading: a record read line by line (see reading.h).
 */
#include "reading.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include <jansson.h>

#include "output.h"

#define NSEC_PER_SEC 1000000000ULL

/* More than that is no interval (ten years), and no time (the year 2262, when signed
 * nanoseconds end). */
#define MAX_SECONDS 3.2e8
#define MAX_TIME    9214646400LL

/* An interval is as long as a microsecond, or cannot be known. */
#define MIN_SECONDS 1e-6

struct reading {
	char *path; /* owned; NULL: standard input */
	FILE *file; /* owned */
	char *text; /* owned; the line in hand */
	size_t size;
	json_t *line, *flows; /* owned; borrowed */
	uint64_t n_line;      /* its number */
	uint64_t n_max;       /* lines of the first pass; 0: it is the first one */
};

const char *reading_get_name(const struct reading *reading)
{
	return reading->path ? basename(reading->path) : "standard input";
}

static void say(const struct reading *reading, int error)
{
	output_error(reading->path ? reading->path : reading_get_name(reading), "%s",
		     strerror(-error));
}

/* Says why; returns -EINVAL. */
static int refuse(const struct reading *reading, const char *why, const char *what)
{
	output_error(reading->path ? reading->path : reading_get_name(reading),
		     "line %llu: %s%s: not written by mwatch --record",
		     (unsigned long long)reading->n_line, why, what);
	return -EINVAL;
}

/* What cannot be read twice is kept in a file without a name. */
static FILE *spool(FILE *from)
{
	FILE *to = tmpfile();
	char buf[65536];
	size_t n;

	if (!to)
		return NULL;
	while ((n = fread(buf, 1, sizeof(buf), from)) > 0)
		if (fwrite(buf, 1, n, to) != n)
			break;
	if (ferror(from) || ferror(to) || fseeko(to, 0, SEEK_SET) < 0) {
		fclose(to);
		return NULL;
	}
	return to;
}

static bool is_regular(FILE *file)
{
	struct stat st;

	return fstat(fileno(file), &st) == 0 && S_ISREG(st.st_mode);
}

static int open_record(struct reading *reading, const char *path)
{
	FILE *from = stdin;

	if (path) {
		reading->path = strdup(path);
		if (!reading->path)
			return -ENOMEM;
		from = fopen(path, "re");
		if (!from)
			return -errno;
	}
	if (path && is_regular(from)) {
		reading->file = from;
		return 0;
	}
	errno = 0;
	reading->file = spool(from);
	if (path)
		fclose(from);
	return reading->file ? 0 : errno ? -errno : -EIO;
}

int reading_new(struct reading **ret, const char *path)
{
	struct reading *reading = calloc(1, sizeof(*reading));
	int r = reading ? open_record(reading, path) : -ENOMEM;

	if (r < 0) {
		output_error(path ? path : "standard input", "%s", strerror(-r));
		reading_free(reading);
		return r;
	}
	*ret = reading;
	return 0;
}

struct reading *reading_free(struct reading *reading)
{
	if (reading) {
		json_decref(reading->line);
		if (reading->file)
			fclose(reading->file);
		free(reading->text);
		free(reading->path);
		free(reading);
	}
	return NULL;
}

bool reading_is_file(const struct reading *reading, const char *path)
{
	struct stat record, other;

	return reading->path && stat(reading->path, &record) == 0 &&
	       stat(path, &other) == 0 && record.st_dev == other.st_dev &&
	       record.st_ino == other.st_ino;
}

int reading_rewind(struct reading *reading)
{
	json_decref(reading->line);
	reading->line = NULL;
	reading->n_max = reading->n_line;
	reading->n_line = 0;
	if (fseeko(reading->file, 0, SEEK_SET) < 0) {
		int r = -errno;

		say(reading, r);
		return r;
	}
	return 0;
}

/* RFC 3339 5.6, as jsonline.h writes it. */
static bool parse_time(const char *text, struct reading_line *ret)
{
	struct tm tm = { 0 };
	unsigned int ns = 0, unit = NSEC_PER_SEC / 10, hours, minutes;
	const char *rest = strptime(text, "%Y-%m-%dT%H:%M:%S", &tm);
	int n_read = 0;
	int64_t second;
	char sign;

	if (rest && *rest == '.')
		for (rest++; *rest >= '0' && *rest <= '9'; rest++, unit /= 10)
			ns += (unsigned int)(*rest - '0') * unit;
	if (!rest || sscanf(rest, "%c%2u:%2u%n", &sign, &hours, &minutes, &n_read) != 3 ||
	    rest[n_read] || (sign != '+' && sign != '-') || hours > 23 || minutes > 59)
		return false;
	ret->zone_s = (int32_t)(hours * 3600 + minutes * 60) * (sign == '-' ? -1 : 1);
	second = (int64_t)timegm(&tm) - ret->zone_s;
	if (second < 0 || second > MAX_TIME)
		return false;
	ret->when_ns = (uint64_t)second * NSEC_PER_SEC + ns;
	return true;
}

/* Absent and null are unknown. false: no number of 0 or more. */
static bool get_count(const json_t *object, const char *key, int64_t *ret)
{
	const json_t *value = json_object_get(object, key);

	*ret = READING_UNKNOWN;
	if (!value || json_is_null(value))
		return true;
	if (!json_is_integer(value) || json_integer_value(value) < 0)
		return false;
	*ret = json_integer_value(value);
	return true;
}

static bool get_number(const json_t *object, const char *key, double *ret)
{
	const json_t *value = json_object_get(object, key);

	*ret = READING_UNKNOWN;
	if (!value || json_is_null(value))
		return true;
	if (!json_is_number(value) || json_number_value(value) < 0)
		return false;
	*ret = json_number_value(value);
	return true;
}

static bool get_text(const json_t *object, const char *key, const char **ret)
{
	const json_t *value = json_object_get(object, key);

	*ret = json_string_value(value);
	return *ret || !value || json_is_null(value);
}

static bool get_event(const json_t *object, bool *ret_is_summary)
{
	const char *event = json_string_value(json_object_get(object, "event"));

	if (!event)
		return false;
	*ret_is_summary = strcmp(event, "summary") == 0;
	return *ret_is_summary || strcmp(event, "interval") == 0;
}

/* Counts of an object, and where they belong. */
struct count_field {
	const char *name;
	size_t offset;
};

static const struct count_field line_counts[] = {
	{ "packets", offsetof(struct reading_line, packets) },
	{ "bytes", offsetof(struct reading_line, bytes) },
	{ "kernel_drops", offsetof(struct reading_line, kernel_drops) },
	{ "evicted", offsetof(struct reading_line, evicted) },
	{ "malformed", offsetof(struct reading_line, malformed) },
	{ "orphans", offsetof(struct reading_line, orphans) },
};

static const struct count_field flow_counts[] = {
	{ "lost", offsetof(struct reading_flow, lost) },
	{ "duplicates", offsetof(struct reading_flow, duplicates) },
	{ "reordered", offsetof(struct reading_flow, reordered) },
	{ "ts_lost", offsetof(struct reading_flow, ts_lost) },
	{ "peak_1ms_pps", offsetof(struct reading_flow, peak_1ms_pps) },
	{ "peak_100ms_pps", offsetof(struct reading_flow, peak_100ms_pps) },
	{ "ttl", offsetof(struct reading_flow, ttl) },
};

#define N_LINE_COUNTS (sizeof(line_counts) / sizeof(*line_counts))
#define N_FLOW_COUNTS (sizeof(flow_counts) / sizeof(*flow_counts))

/* The name of one that is no count; NULL: all are. */
static const char *read_counts(const json_t *object, const struct count_field *fields,
			       size_t n, void *ret)
{
	for (size_t i = 0; i < n; i++) {
		int64_t count;

		if (!get_count(object, fields[i].name, &count))
			return fields[i].name;
		memcpy((char *)ret + fields[i].offset, &count, sizeof(count));
	}
	return NULL;
}

static int read_line(struct reading *reading, struct reading_line *ret)
{
	const json_t *object = reading->line;
	const char *time = json_string_value(json_object_get(object, "time"));
	struct reading_line line = { 0 };
	const char *wrong;

	if (!time || !parse_time(time, &line))
		return refuse(reading, "no ", "time");
	if (!get_event(object, &line.is_summary))
		return refuse(reading, "no ", "event interval or summary");
	if (!get_text(object, "interface", &line.interface) || !line.interface)
		return refuse(reading, "no ", "interface");
	if (!get_number(object, "seconds", &line.seconds) || line.seconds < 0 ||
	    line.seconds > MAX_SECONDS ||
	    (line.seconds > 0 && line.seconds < MIN_SECONDS))
		return refuse(reading, "no ", "seconds");
	wrong = read_counts(object, line_counts, N_LINE_COUNTS, &line);
	if (wrong)
		return refuse(reading, "no count: ", wrong);
	reading->flows = json_object_get(object, "flows");
	if (!json_is_array(reading->flows))
		return refuse(reading, "no ", "flows");
	line.n_flows = (uint32_t)json_array_size(reading->flows);
	*ret = line;
	return 1;
}

/* 1: a line that is not empty; 0: the end. */
static int read_text(struct reading *reading, size_t *ret_len)
{
	ssize_t len;

	do {
		if (reading->n_max && reading->n_line == reading->n_max)
			return 0;
		errno = 0;
		len = getline(&reading->text, &reading->size, reading->file);
		if (len < 0) {
			int r = ferror(reading->file) ? -errno : 0;

			if (r < 0)
				say(reading, r);
			return r;
		}
		reading->n_line++;
		/* A NUL is none of these. */
	} while (strspn(reading->text, " \t\r\n") == (size_t)len);
	*ret_len = (size_t)len;
	return 1;
}

static bool is_last_line(FILE *file)
{
	int c = getc(file);

	return c == EOF || ungetc(c, file) == EOF;
}

int reading_next(struct reading *reading, struct reading_line *ret)
{
	json_error_t error;
	size_t len = 0;
	int r = read_text(reading, &len);

	json_decref(reading->line);
	reading->line = NULL;
	if (r <= 0)
		return r;
	reading->line = json_loadb(reading->text, len, 0, &error);
	if (json_is_object(reading->line))
		return read_line(reading, ret);
	if (reading->n_line < 2 || reading->line || !is_last_line(reading->file))
		return refuse(reading, "no JSON object", "");
	if (!reading->n_max)
		output_warning(reading->path ? reading->path : reading_get_name(reading),
			       "line %llu is cut: it is left out",
			       (unsigned long long)reading->n_line);
	return 0;
}

static bool read_key(const json_t *object, struct reading_flow *ret)
{
	const char *direction;
	int64_t port, vlan;

	if (!get_text(object, "source", &ret->source) || !ret->source ||
	    !get_text(object, "group", &ret->group) || !ret->group ||
	    !get_count(object, "port", &port) || port < 0 || port > UINT16_MAX ||
	    !get_count(object, "vlan", &vlan) || vlan > UINT16_MAX ||
	    !get_text(object, "direction", &direction))
		return false;
	ret->port = (uint16_t)port;
	ret->vlan = vlan > 0 ? (uint16_t)vlan : 0;
	ret->is_outgoing = direction && strcmp(direction, "out") == 0;
	return true;
}

int reading_get_flow(struct reading *reading, uint32_t i, struct reading_flow *ret)
{
	const json_t *object = json_array_get(reading->flows, i);
	struct reading_flow flow = { 0 };
	int64_t packets, bytes;
	const char *wrong;

	if (!read_key(object, &flow))
		return refuse(reading, "a flow without ", "source, group or port");
	if (!get_count(object, "packets", &packets) || packets < 0 ||
	    !get_count(object, "bytes", &bytes) || bytes < 0)
		return refuse(reading, "a flow without ", "packets or bytes");
	if (!get_number(object, "jitter_us", &flow.jitter_us) ||
	    !get_number(object, "gap_us", &flow.gap_us) ||
	    !get_text(object, "sequence", &flow.sequence) ||
	    !get_text(object, "verdict", &flow.verdict))
		return refuse(reading, "a flow without ",
			      "jitter, gap, sequence or verdict");
	wrong = read_counts(object, flow_counts, N_FLOW_COUNTS, &flow);
	if (wrong)
		return refuse(reading, "a flow with no count: ", wrong);
	flow.packets = (uint64_t)packets;
	flow.bytes = (uint64_t)bytes;
	*ret = flow;
	return 0;
}
