/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * msfctl doctor: why does nothing of this group arrive here?
 *
 * Invariant: the one thing that it does to the host is a join of the group, which is
 * left when it ends; everything else is looking.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <netinet/in.h>

#include "doctor.h"
#include "environment.h"
#include "jsonline.h"
#include "options.h"
#include "output.h"
#include "standard.h"
#include "utf8.h"
#include "verb.h"

#define WAIT_DEFAULT_MS 10000

#define LINE_LENGTH 64

static const struct check {
	const char *name;
	doctor_checker *run;
	bool is_early; /* does not need the wait */
} checks[DOCTOR_N_CHECKS] = {
	[DOCTOR_INTERFACE] = { "interface", doctor_check_interface, true },
	[DOCTOR_ADDRESS] = { "address", doctor_check_address, false },
	[DOCTOR_ROUTE] = { "route", doctor_check_route, false },
	[DOCTOR_FIREWALL] = { "firewall", doctor_check_firewall, false },
	[DOCTOR_VERSION] = { "version", doctor_check_version, false },
	[DOCTOR_QUERIER] = { "querier", doctor_check_querier, false },
	[DOCTOR_REPORT] = { "report", doctor_check_report, false },
	[DOCTOR_WIRE] = { "wire", doctor_check_wire, false },
	[DOCTOR_SNOOPING] = { "snooping", doctor_check_snooping, false },
	[DOCTOR_TRAFFIC] = { "traffic", doctor_check_traffic, false },
	[DOCTOR_DROPS] = { "drops", doctor_check_drops, false },
	[DOCTOR_SENDERS] = { "senders", doctor_check_senders, false },
	[DOCTOR_TTL] = { "ttl", doctor_check_ttl, false },
};

struct doctor_text doctor_format(const struct sockaddr_storage *address)
{
	struct doctor_text text = { "?" };

	(void)endpoint_format_address(address, text.text, sizeof(text.text));
	return text;
}

bool doctor_is_same(const struct sockaddr_storage *a, const struct sockaddr_storage *b)
{
	const struct sockaddr_in6 *a6 = (const struct sockaddr_in6 *)a;
	const struct sockaddr_in6 *b6 = (const struct sockaddr_in6 *)b;

	if (a->ss_family != b->ss_family)
		return false;
	if (a->ss_family == AF_INET6)
		return IN6_ARE_ADDR_EQUAL(&a6->sin6_addr, &b6->sin6_addr);
	return ((const struct sockaddr_in *)a)->sin_addr.s_addr ==
	       ((const struct sockaddr_in *)b)->sin_addr.s_addr;
}

/* RFC 4607 1: 232/8 and ff3x::/32. */
bool doctor_is_ssm(const struct sockaddr_storage *group)
{
	const struct sockaddr_in *sin = (const struct sockaddr_in *)group;
	const uint8_t *bytes = ((const struct sockaddr_in6 *)group)->sin6_addr.s6_addr;

	if (group->ss_family == AF_INET)
		return ntohl(sin->sin_addr.s_addr) >> 24 == 232;
	return (bytes[1] & 0xf0) == 0x30 && bytes[2] == 0 && bytes[3] == 0;
}

bool doctor_is_loopback(const struct patient *patient)
{
	return (patient->interface.flags & IFF_LOOPBACK) != 0;
}

bool doctor_has(const struct patient *patient, enum doctor_check check,
		enum finding_result result)
{
	return patient->findings[check].result == result;
}

const char *doctor_get_name(enum doctor_check check)
{
	return checks[check].name;
}

/* Of the flows the first one to the port. */
const struct sockaddr_storage *doctor_get_source(const struct patient *patient)
{
	const struct flow_table *flows = &patient->watch.flows;

	if (patient->has_source)
		return &patient->source;
	for (unsigned int i = 0; i < flows->n_flows; i++)
		if (patient->port == 0 || flows->flows[i].port == patient->port)
			return &flows->flows[i].source;
	if (patient->watch.n_delivered > 0)
		return &patient->watch.delivered_source;
	return NULL;
}

const char *doctor_get_blindness(const struct patient *patient)
{
	int error = patient->watch.wire_error;

	return error == -EPERM || error == -EACCES ? "that needs CAP_NET_RAW"
						   : strerror(-error);
}

void doctor_say_blind(const struct patient *patient, struct finding *finding,
		      const char *what)
{
	finding_unknown(finding, "%s cannot be seen: %s", what,
			doctor_get_blindness(patient));
	finding_cure(finding, "run it as root");
}

int doctor_read_number(const char *path, uint64_t *ret)
{
	char line[LINE_LENGTH], *end;
	FILE *file = fopen(path, "re");
	uint64_t value;
	bool is_read;

	if (!file)
		return -errno;
	is_read = fgets(line, sizeof(line), file) != NULL;
	fclose(file);
	if (!is_read)
		return -EIO;
	value = strtoull(line, &end, 10);
	if (end == line)
		return -EINVAL;
	*ret = value;
	return 0;
}

static int print_json(const char *name, const struct finding *finding)
{
	json_t *object = jsonline_new(NULL, NULL);
	json_t *cure = jsonline_new_text(finding->cure[0] ? finding->cure : NULL);

	if (!object || json_object_set_new(object, "check", json_string(name)) < 0 ||
	    json_object_set_new(object, "result",
				json_string(finding_get_name(finding->result))) < 0 ||
	    json_object_set_new(object, "detail", jsonline_new_text(finding->detail)) <
		    0 ||
	    json_object_set(object, "cure", cure) < 0) {
		json_decref(object);
		object = NULL;
	}
	json_decref(cure);
	return jsonline_write(object, stdout);
}

static int print_text(const char *name, const struct finding *finding)
{
	char text[FINDING_TEXT_MAX];

	utf8_clean(finding->detail, text, sizeof(text));
	errno = 0;
	printf("%-8s %-10s %s\n", finding_get_name(finding->result), name, text);
	if (finding->cure[0]) {
		utf8_clean(finding->cure, text, sizeof(text));
		printf("%-8s %-10s cure: %s\n", "", "", text);
	}
	if (fflush(stdout) == EOF || ferror(stdout))
		return errno ? -errno : -EIO;
	return 0;
}

static int print(const char *name, const struct finding *finding, bool is_json)
{
	int r = is_json ? print_json(name, finding) : print_text(name, finding);

	if (r < 0 && !standard_say_output(r))
		output_error(NULL, "%s", strerror(-r));
	return r;
}

/* The checks that need the wait, or those that do not. */
static int run_checks(struct patient *patient, bool is_early, bool is_json)
{
	int r = 0;

	for (size_t i = 0; i < DOCTOR_N_CHECKS && r == 0; i++) {
		struct finding *finding = &patient->findings[i];

		if (checks[i].is_early != is_early)
			continue;
		if (patient->interface_error && i != DOCTOR_INTERFACE)
			finding_unknown(finding, "there is no interface to look at");
		else
			checks[i].run(patient, finding);
		r = print(checks[i].name, finding, is_json);
	}
	return r;
}

/* Whether it is a bridge, or belongs to one, is no more than help. */
static void look_at_link(struct patient *patient)
{
	struct netlink *netlink = patient->netlink;
	uint32_t ifindex = patient->interface.ifindex;
	int family = patient->group.ss_family;

	if (!netlink || netlink_get_link(netlink, ifindex, &patient->link) < 0)
		return;
	if (!strcmp(patient->link.slave_kind, "bridge"))
		ifindex = patient->link.master;
	else if (strcmp(patient->link.kind, "bridge") != 0)
		return;
	(void)netlink_get_bridge(netlink, ifindex, family, &patient->bridge);
}

static enum msf_wire find_wire(const struct patient *patient)
{
	int wire = msf_probe_wire(NULL);

	if (wire >= 0)
		return (enum msf_wire)wire;
	return patient->is_asm ? MSF_WIRE_ASM : MSF_WIRE_KERNEL;
}

/* Its own socket is received from with msf_recvmsg() only. */
static int open_library(struct patient *patient)
{
	struct msf_config *config = NULL;
	int r = msf_config_new(&config);

	if (r == 0)
		r = msf_config_set_receive_calls(config, 1);
	if (r == 0)
		r = msf_configure_default(config);
	msf_config_free(config);
	r = environment_judge(r);
	if (r < 0)
		return r;
	patient->is_asm = msf_probe_backend(NULL) == MSF_BACKEND_ASM;
	patient->wire = find_wire(patient);
	return 0;
}

static int look_at_interface(struct patient *patient)
{
	int r = msf_find_interface(NULL, patient->interface_name, &patient->interface);

	patient->interface_error = r;
	if (r < 0 && r != -ENODEV) {
		output_error(patient->interface_name, "cannot ask for interfaces: %s",
			     strerror(-r));
		return r;
	}
	if (netlink_new(&patient->netlink) < 0)
		patient->netlink = NULL;
	if (patient->interface_error == 0)
		look_at_link(patient);
	return 0;
}

/* Nothing comes through an interface that is not there, or down. */
static int look_at_traffic(struct patient *patient)
{
	const unsigned int wanted = IFF_UP | IFF_RUNNING;
	int r;

	if (patient->interface_error)
		return 0;
	sockets_look_before(patient);
	if ((patient->interface.flags & wanted) == wanted) {
		r = watch_run(patient);
		if (r < 0) {
			output_error(patient->interface.name, "cannot wait: %s",
				     strerror(-r));
			return r;
		}
	}
	sockets_look_after(patient);
	return 0;
}

static int sum_up(struct patient *patient, bool is_json)
{
	static const int statuses[] = {
		[FINDING_UNKNOWN] = OUTPUT_NOT_ARRIVED,
		[FINDING_PASS] = OUTPUT_DONE,
		[FINDING_FAIL] = OUTPUT_FAILED,
	};
	struct finding summary = { 0 };

	doctor_sum_up(patient, &summary);
	if (print("summary", &summary, is_json) < 0)
		return OUTPUT_FAILED;
	return statuses[summary.result];
}

static int examine(struct patient *patient, bool is_json)
{
	if (open_library(patient) < 0 || look_at_interface(patient) < 0 ||
	    run_checks(patient, true, is_json) < 0 || look_at_traffic(patient) < 0 ||
	    run_checks(patient, false, is_json) < 0)
		return OUTPUT_FAILED;
	return sum_up(patient, is_json);
}

static int usage_error(const char *what, const char *why)
{
	output_error(what, "%s", why);
	return -EINVAL;
}

static int parse_group(const char *word, struct patient *patient)
{
	struct endpoint endpoint;
	const char *why;

	if (endpoint_parse(word, &endpoint, &why) < 0)
		return usage_error(word, why);
	if (!endpoint_is_multicast(&endpoint.group))
		return usage_error(word, "not a multicast group");
	if (endpoint.n_groups != 1)
		return usage_error(word, "one group at a time");
	if (endpoint.doubtful_port)
		return usage_error(word, "group or group and port? Write [GROUP]:PORT");
	patient->group = endpoint.group;
	patient->port = endpoint.port;
	return 0;
}

static int parse_source(const char *word, struct patient *patient)
{
	int r = options_parse_source(word, &patient->source);

	if (r < 0)
		return r;
	if (patient->source.ss_family != patient->group.ss_family)
		return usage_error(word, "the group is of the other family");
	patient->has_source = true;
	return 0;
}

static int parse(struct patient *patient, const char **arguments, int n,
		 const char *source, const char *wait)
{
	int r;

	if (n != 2)
		return usage_error(NULL, n < 2 ? "a group and an interface are needed; "
						 "msfctl doctor --help tells more"
					       : "one group and one interface only");
	patient->interface_name = arguments[1];
	r = parse_group(arguments[0], patient);
	if (r == 0 && source)
		r = parse_source(source, patient);
	if (r == 0 && wait)
		r = options_parse_seconds("--wait", wait, &patient->wait_ms);
	return r;
}

static int run(const struct verb *verb, int argc, const char **argv)
{
	char *source = NULL, *wait = NULL;
	int is_json = 0, n, r, status = OUTPUT_USAGE;
	const struct poptOption table[] = {
		{ "source", 's', POPT_ARG_STRING, &source, 0, "the sender", "ADDR" },
		{ "wait", 'w', POPT_ARG_STRING, &wait, 0,
		  "look at the wire for so long at most (10)", "SECONDS" },
		OPTIONS_JSON(&is_json),
		POPT_AUTOHELP POPT_TABLEEND
	};
	struct patient *patient = calloc(1, sizeof(*patient));
	const char **arguments;
	poptContext context;

	if (!patient) {
		output_error(NULL, "no memory");
		return OUTPUT_FAILED;
	}
	patient->wait_ms = WAIT_DEFAULT_MS;
	r = options_read(&context, verb, table, argc, argv, &arguments, &n);
	if (r == 0)
		r = parse(patient, arguments, n, source, wait);
	if (r == -ENOMEM)
		status = OUTPUT_FAILED;
	else if (r == 0)
		status = examine(patient, is_json);
	netlink_free(patient->netlink);
	free(patient);
	free(source);
	free(wait);
	options_free(context);
	return status;
}

const struct verb doctor_verb = { "doctor", "GROUP[:PORT] IFACE",
				  "tell why nothing of a group arrives", run };
