/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * monitor-report: events as lines (see monitor-report.h).
 *
 * Invariant: each function builds one line in the form that is wanted and hands it to
 * finish_text() or finish_object(), the only places that count and flush.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "endpoint.h"
#include "jsonline.h"
#include "monitor-address.h"
#include "monitor-report.h"
#include "utf8.h"

/* Sources that a line for people names before it says how many more there are. */
#define NAMES_IN_LINE 8

static bool is_over(const struct monitor_report *report)
{
	return report->error || monitor_report_is_full(report);
}

bool monitor_report_is_full(const struct monitor_report *report)
{
	return report->count && report->n_told >= report->count;
}

static void finish(struct monitor_report *report, int r)
{
	if (r == 0)
		r = outlet_flush(report->outlet);
	if (r < 0)
		report->error = r;
	report->n_told++;
}

/* 04:12:33.123456 eth0 join */
static void begin_text(struct monitor_report *report, const struct timespec *when,
		       const struct monitor_place *place, const char *event)
{
	char date[16] = "", interface[IF_NAMESIZE];
	struct tm tm = { 0 };

	localtime_r(&when->tv_sec, &tm);
	strftime(date, sizeof(date), "%H:%M:%S", &tm);
	fprintf(report->out, "%s.%06ld ", date, when->tv_nsec / 1000);
	if (place && *place->interface) {
		utf8_clean(place->interface, interface, sizeof(interface));
		fprintf(report->out, "%s ", interface);
	} else if (place) {
		fprintf(report->out, "index %" PRIu32 " ", place->ifindex);
	}
	fputs(event, report->out);
}

static void finish_text(struct monitor_report *report)
{
	fputc('\n', report->out);
	finish(report, 0);
}

static json_t *begin_object(const struct timespec *when,
			    const struct monitor_place *place, const char *event)
{
	json_t *object = jsonline_new(event, when);

	json_object_set_new(
		object, "interface",
		jsonline_new_text(*place->interface ? place->interface : NULL));
	json_object_set_new(object, "ifindex", json_integer(place->ifindex));
	return object;
}

static void finish_object(struct monitor_report *report, json_t *object)
{
	finish(report, jsonline_write(object, report->out));
}

static json_t *new_number(bool is_known, uint32_t number)
{
	return is_known ? json_integer(number) : json_null();
}

static const char *get_mode(const struct msf_group *group)
{
	return group->fmode < 0                ? NULL
	       : group->fmode == MCAST_INCLUDE ? "include"
					       : "exclude";
}

/* The address comes first in a source. */
static int compare_sources(const void *a, const void *b)
{
	return monitor_address_compare(a, b);
}

/* Lists are in ascending order. */
static bool has_source(const struct msf_group *group,
		       const struct sockaddr_storage *address)
{
	return group->numsrc && bsearch(address, group->slist, group->numsrc,
					sizeof(*group->slist), compare_sources);
}

/* What one list has and the other one, when both are known, has not. */
static bool is_only_in(const struct msf_group *group, const struct msf_group *other,
		       uint32_t i)
{
	return group->has_sources && other->has_sources &&
	       !has_source(other, &group->slist[i].address);
}

static json_t *new_sources(const struct msf_group *group)
{
	json_t *list = json_array();

	if (!group->has_sources) {
		json_decref(list);
		return json_null();
	}
	for (uint32_t i = 0; i < group->numsrc; i++) {
		const struct msf_group_source *source = &group->slist[i];

		json_array_append_new(list,
				      json_pack("{s:o, s:I, s:I}", "address",
						jsonline_new_address(&source->address),
						"include", (json_int_t)source->include,
						"exclude", (json_int_t)source->exclude));
	}
	return list;
}

static json_t *new_difference(const struct msf_group *group,
			      const struct msf_group *other)
{
	json_t *list = json_array();

	for (uint32_t i = 0; i < group->numsrc; i++)
		if (is_only_in(group, other, i))
			json_array_append_new(
				list, jsonline_new_address(&group->slist[i].address));
	return list;
}

static json_t *new_mode(const struct msf_group *group)
{
	const char *mode = get_mode(group);

	return mode ? json_string(mode) : json_null();
}

static json_t *new_group_object(const struct timespec *when, const char *event,
				const struct msf_group *now, const struct msf_group *was)
{
	struct monitor_place place = { now->ifindex, now->interface };
	json_t *object = begin_object(when, &place, event);

	json_object_set_new(object, "group", jsonline_new_address(&now->group));
	json_object_set_new(object, "mode", new_mode(now));
	json_object_set_new(object, "sources", new_sources(now));
	json_object_set_new(object, "users",
			    new_number(now->users || now->has_sources, now->users));
	if (was) {
		json_object_set_new(object, "was_mode", new_mode(was));
		json_object_set_new(object, "was_users",
				    new_number(was->users > 0, was->users));
		json_object_set_new(object, "added", new_difference(now, was));
		json_object_set_new(object, "removed", new_difference(was, now));
	}
	return object;
}

static void print_address(FILE *out, const char *before,
			  const struct sockaddr_storage *address)
{
	char text[ENDPOINT_TEXT_MAX] = "?";

	endpoint_format_address(address, text, sizeof(text));
	fprintf(out, "%s%s", before, text);
}

/* 10.9.0.1 (2/1): counts of INCLUDE and EXCLUDE, where they say more than the mode. */
static void print_source(FILE *out, const struct msf_group *group, uint32_t i)
{
	const struct msf_group_source *source = &group->slist[i];
	bool is_include = group->fmode == MCAST_INCLUDE;

	print_address(out, i ? ", " : " ", &source->address);
	if (source->include != is_include || source->exclude == is_include)
		fprintf(out, " (%" PRIu32 "/%" PRIu32 ")", source->include,
			source->exclude);
}

static void print_filter(FILE *out, const struct msf_group *group)
{
	const char *mode = get_mode(group);

	if (group->fmode == MCAST_EXCLUDE && group->has_sources && !group->numsrc)
		fputs(" any source", out);
	else if (mode)
		fprintf(out, " %s", mode);
	if (mode && !group->has_sources)
		fputs(" (sources not known)", out);
	for (uint32_t i = 0; i < group->numsrc && i < NAMES_IN_LINE; i++)
		print_source(out, group, i);
	if (group->numsrc > NAMES_IN_LINE)
		fprintf(out, " and %" PRIu32 " more", group->numsrc - NAMES_IN_LINE);
	if (group->users > 1)
		fprintf(out, ", %" PRIu32 " users", group->users);
}

static void print_list(FILE *out, char sign, const struct msf_group *group,
		       const struct msf_group *other)
{
	const char before[] = { ' ', sign, '\0' };
	uint32_t n = 0;

	for (uint32_t i = 0; i < group->numsrc; i++)
		if (is_only_in(group, other, i) && n++ < NAMES_IN_LINE)
			print_address(out, before, &group->slist[i].address);
	if (n > NAMES_IN_LINE)
		fprintf(out, " %c%" PRIu32 " more", sign, n - NAMES_IN_LINE);
}

/* ; was include, 2 users +10.9.0.1 -10.9.0.2 */
static void print_difference(FILE *out, const struct msf_group *now,
			     const struct msf_group *was)
{
	const char *mode = get_mode(was);

	fprintf(out, "; was %s", mode ? mode : "not known");
	if (was->users != now->users && was->users)
		fprintf(out, ", %" PRIu32 " user%s", was->users,
			was->users == 1 ? "" : "s");
	print_list(out, '+', now, was);
	print_list(out, '-', was, now);
}

void monitor_report_group(struct monitor_report *report, const struct timespec *when,
			  const char *event, const struct msf_group *now,
			  const struct msf_group *was)
{
	struct monitor_place place = { now->ifindex, now->interface };

	if (is_over(report))
		return;
	if (report->is_json) {
		finish_object(report, new_group_object(when, event, now, was));
		return;
	}
	begin_text(report, when, &place, event);
	print_address(report->out, " ", &now->group);
	print_filter(report->out, now);
	if (was)
		print_difference(report->out, now, was);
	finish_text(report);
}

void monitor_report_link(struct monitor_report *report, const struct timespec *when,
			 const struct monitor_place *place, const char *change,
			 unsigned int flags, const char *was)
{
	char name[IF_NAMESIZE];
	json_t *object;

	if (is_over(report))
		return;
	if (report->is_json) {
		object = begin_object(when, place, "link");
		json_object_set_new(object, "change", json_string(change));
		json_object_set_new(object, "up", json_boolean(flags & IFF_UP));
		json_object_set_new(object, "carrier", json_boolean(flags & IFF_RUNNING));
		json_object_set_new(object, "was", jsonline_new_text(was));
		finish_object(report, object);
		return;
	}
	begin_text(report, when, place, "link");
	fprintf(report->out, " %s", change);
	if (was) {
		utf8_clean(was, name, sizeof(name));
		fprintf(report->out, "; was %s", name);
	}
	finish_text(report);
}

void monitor_report_address(struct monitor_report *report, const struct timespec *when,
			    const struct monitor_place *place, const char *change,
			    const struct sockaddr_storage *address)
{
	json_t *object;

	if (is_over(report))
		return;
	if (report->is_json) {
		object = begin_object(when, place, "address");
		json_object_set_new(object, "change", json_string(change));
		json_object_set_new(object, "address", jsonline_new_address(address));
		finish_object(report, object);
		return;
	}
	begin_text(report, when, place, "address");
	fprintf(report->out, " %s", change);
	print_address(report->out, " ", address);
	finish_text(report);
}

static const char *get_protocol(int family)
{
	return family == AF_INET ? "igmp" : "mld";
}

static void print_version(FILE *out, int family, int version)
{
	fprintf(out, " %s", family == AF_INET ? "IGMP" : "MLD");
	if (version)
		fprintf(out, "v%d", version);
	else
		fputs(" not known", out);
}

void monitor_report_version(struct monitor_report *report, const struct timespec *when,
			    const struct monitor_place *place, int family, int version,
			    int was, int forced)
{
	json_t *object;

	if (is_over(report))
		return;
	if (report->is_json) {
		object = begin_object(when, place, "version");
		json_object_set_new(object, "protocol",
				    json_string(get_protocol(family)));
		json_object_set_new(object, "version",
				    new_number(version > 0, (uint32_t)version));
		json_object_set_new(object, "was", new_number(was > 0, (uint32_t)was));
		json_object_set_new(object, "forced",
				    new_number(forced > 0, (uint32_t)forced));
		finish_object(report, object);
		return;
	}
	begin_text(report, when, place, "version");
	print_version(report->out, family, version);
	if (was)
		fprintf(report->out, "; was v%d", was);
	fputs(forced ? ", forced" : "", report->out);
	finish_text(report);
}

static json_t *new_querier_object(const struct timespec *when,
				  const struct monitor_place *place,
				  const struct querier *querier, const char *change)
{
	json_t *object = begin_object(when, place, "querier");
	const uint8_t *mac = querier->mac;
	char text[3 * WIRE_MAC];

	snprintf(text, sizeof(text), "%02x:%02x:%02x:%02x:%02x:%02x", mac[0], mac[1],
		 mac[2], mac[3], mac[4], mac[5]);
	json_object_set_new(object, "change", json_string(change));
	json_object_set_new(object, "protocol",
			    json_string(get_protocol(querier->family)));
	json_object_set_new(object, "version", json_integer(querier->version));
	json_object_set_new(object, "address", jsonline_new_address(&querier->address));
	json_object_set_new(object, "mac", json_string(text));
	json_object_set_new(object, "own", json_boolean(querier->is_own));
	json_object_set_new(
		object, "query_interval_s",
		new_number(querier->query_interval_s > 0, querier->query_interval_s));
	json_object_set_new(object, "max_response_ms",
			    json_integer(querier->max_response_ms));
	return object;
}

void monitor_report_querier(struct monitor_report *report, const struct timespec *when,
			    const struct monitor_place *place,
			    const struct querier *querier, enum querier_change change)
{
	static const char *const changes[] = {
		[QUERIER_HEARD] = "heard",
		[QUERIER_CHANGED] = "changed",
		[QUERIER_SILENT] = "silent",
	};

	if (is_over(report))
		return;
	if (report->is_json) {
		finish_object(report,
			      new_querier_object(when, place, querier, changes[change]));
		return;
	}
	begin_text(report, when, place, "querier");
	fprintf(report->out, " %s", changes[change]);
	print_address(report->out, " ", &querier->address);
	print_version(report->out, querier->family, querier->version);
	fputs(querier->is_own ? ", this host" : "", report->out);
	finish_text(report);
}

void monitor_report_overrun(struct monitor_report *report, const struct timespec *when)
{
	if (is_over(report))
		return;
	if (report->is_json) {
		finish_object(report, jsonline_new("overrun", when));
		return;
	}
	begin_text(report, when, NULL, "overrun");
	finish_text(report);
}
