/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Unit test of compat/msfd/config.h: every key, every mistake with its line, and that a
 * file is taken as a whole or not at all.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <arpa/inet.h>

#include "msfd/config.h"
#include "tap.h"

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

/* What was said, one line a mistake, without the path. */
struct said {
	char text[8192];
	unsigned int n;
};

static void say(void *context, const char *text)
{
	struct said *said = context;
	size_t len = strlen(said->text);
	const char *behind = strchr(text, ':');

	said->n++;
	snprintf(said->text + len, sizeof(said->text) - len, "%s\n",
		 behind ? behind + 1 : text);
}

static int read_bytes(const char *text, size_t len, struct config *ret, struct said *said)
{
	int fd = memfd_create("msfd.conf", MFD_CLOEXEC), r;
	char path[64];

	*said = (struct said){ .n = 0 };
	if (fd < 0 || write(fd, text, len) != (ssize_t)len)
		tap_bail_out("no file: %s", strerror(errno));
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	r = config_read(ret, path, say, said);
	close(fd);
	return r;
}

static int read_text(const char *text, struct config *ret, struct said *said)
{
	return read_bytes(text, strlen(text), ret, said);
}

static struct addr ipv4(const char *text)
{
	struct in_addr in;

	inet_pton(AF_INET, text, &in);
	return addr_from_ipv4(ntohl(in.s_addr));
}

static struct addr ipv6(const char *text)
{
	uint8_t bytes[16];

	inet_pton(AF_INET6, text, bytes);
	return addr_from_bytes(bytes);
}

/* The sources as text, "10.9.0.1 10.9.0.2 ". */
static const char *list_sources(const struct statics_join *join)
{
	static char list[512];
	size_t len = 0;

	list[0] = '\0';
	for (uint32_t i = 0; i < join->filter.sources.n; i++) {
		char text[INET6_ADDRSTRLEN];
		uint8_t bytes[16];
		bool is_ipv4 = addr_is_ipv4(join->filter.sources.addr[i]);

		addr_to_bytes(join->filter.sources.addr[i], bytes);
		inet_ntop(is_ipv4 ? AF_INET : AF_INET6, is_ipv4 ? bytes + 12 : bytes,
			  text, sizeof(text));
		len += (size_t)snprintf(list + len, sizeof(list) - len, "%s ", text);
	}
	return list;
}

static void test_defaults(struct tap *tap)
{
	const struct engine_tunable_info *info;
	struct config config;
	struct said said;
	int r = read_text("# nothing\n\n; at all\n[msfd]\n", &config, &said);

	tap_expect(tap, r == 0 && said.n == 0, "%d: %s", r, said.text);
	tap_expect(tap, config.is_journal_kept && config.leaves_on_exit,
		   "yes by default");
	tap_expect(tap, !config.is_kernel_suppressed, "no by default");
	tap_expect(tap, !config.ssm[0].is_set && !config.ssm[1].is_set, "no SSM range");
	for (unsigned int i = 0; (info = engine_get_tunable_info(i)); i++)
		tap_expect(tap, config.tunables[info->tunable] == info->value, "%s",
			   info->name);
	for (unsigned int i = 0; i < LIMITS_COUNT; i++)
		tap_expect(tap,
			   limits_get(&config.limits, limits_get_info(i)) ==
				   limits_get_info(i)->value,
			   "%s", limits_get_info(i)->name);
	config_fini(&config);
	tap_end(tap, "a file without a key has the defaults");
}

static void test_msfd_keys(struct tap *tap)
{
	struct config config;
	struct said said;
	int r = read_text(
		"[msfd]\nsuppress-kernel = yes\njournal=no\nleave-on-exit : no\n"
		"ssm-range4 = 239.232.0.0/16\nssm-range6=ff3e::/16\n",
		&config, &said);

	tap_expect(tap, r == 0, "%d: %s", r, said.text);
	tap_expect(tap, config.is_kernel_suppressed, "suppress-kernel");
	tap_expect(tap, !config.is_journal_kept, "journal");
	tap_expect(tap, !config.leaves_on_exit, "leave-on-exit");
	tap_expect(
		tap,
		config.ssm[ENGINE_IPV4].is_set &&
			addr_equal(config.ssm[ENGINE_IPV4].prefix, ipv4("239.232.0.0")) &&
			config.ssm[ENGINE_IPV4].prefix_len == 16,
		"ssm-range4");
	tap_expect(tap,
		   config.ssm[ENGINE_IPV6].is_set &&
			   addr_equal(config.ssm[ENGINE_IPV6].prefix, ipv6("ff3e::")) &&
			   config.ssm[ENGINE_IPV6].prefix_len == 16,
		   "ssm-range6");
	config_fini(&config);
	r = read_text("[msfd]\nssm-range4 = none\nssm-range6 = none\n", &config, &said);
	tap_expect(tap, r == 0 && config.ssm[ENGINE_IPV4].prefix_len > 32, "%s",
		   said.text);
	tap_expect(tap, config.ssm[ENGINE_IPV6].prefix_len > 128, "no range of IPv6");
	config_fini(&config);
	tap_end(tap, "the keys of [msfd]");
}

/* Each name with each end of its range, and one beyond. */
static void check_number(struct tap *tap, const char *section, const char *name,
			 uint64_t min, uint64_t max)
{
	const uint64_t values[] = { min, max, min - 1, max + 1 };
	struct config config;
	struct said said;

	for (unsigned int i = 0; i < ARRAY_SIZE(values); i++) {
		bool is_wrong = values[i] < min || values[i] > max;
		char text[128];
		int r;

		snprintf(text, sizeof(text), "[%s]\n%s = %llu\n", section, name,
			 (unsigned long long)values[i]);
		r = read_text(text, &config, &said);
		tap_expect(tap, r == (is_wrong ? -EINVAL : 0), "%s: %d", text, r);
		tap_expect(tap, said.n == is_wrong, "%s: %s", text, said.text);
		if (r == 0)
			config_fini(&config);
	}
}

static void test_numbers(struct tap *tap)
{
	const struct engine_tunable_info *tunable;
	const struct limits_info *limit;

	for (unsigned int i = 0; (tunable = engine_get_tunable_info(i)); i++)
		check_number(tap, "tunables", tunable->name, tunable->min, tunable->max);
	for (unsigned int i = 0; (limit = limits_get_info(i)); i++)
		check_number(tap, "limits", limit->name, limit->min, limit->max);
	tap_end(tap, "every tunable and every limit has its range, ends included");
}

static void test_values(struct tap *tap)
{
	struct config config;
	struct said said;
	int r = read_text("[limits]\nuser-groups = 77\n[tunables]\nrobustness = 5\n"
			  "always_v3 = yes\nsendwithra = no\n[limits]\nclients = 99\n"
			  "[interface eth0]\nigmp-version = 2\n[interface wlan0.7]\n"
			  "mld-version = 1\n[interface eth0]\nmld-version = 0\n",
			  &config, &said);

	tap_expect(tap, r == 0, "%d: %s", r, said.text);
	tap_expect(tap, config.limits.user.groups == 77 && config.limits.clients == 99,
		   "limits");
	tap_expect(tap, config.tunables[ENGINE_ROBUSTNESS] == 5, "robustness");
	tap_expect(tap, config.tunables[ENGINE_ALWAYS_V3] == 1, "always_v3");
	tap_expect(tap, config.tunables[ENGINE_SENDWITHRA] == 0, "sendwithra");
	tap_expect(tap, config.n_interfaces == 2, "%u interfaces", config.n_interfaces);
	if (config.n_interfaces == 2) {
		const struct config_interface *interface = config.interfaces;

		tap_expect(tap, strcmp(interface[0].name, "eth0") == 0, "eth0");
		tap_expect(tap, interface[0].version[ENGINE_IPV4] == 2, "IGMPv2");
		tap_expect(tap, strcmp(interface[1].name, "wlan0.7") == 0, "wlan0.7");
		tap_expect(tap, interface[1].version[ENGINE_IPV6] == 1, "MLDv1");
	}
	config_fini(&config);
	tap_end(tap, "tunables, limits and forced versions are taken; sections may be "
		     "parted");
}

static const struct {
	const char *line, *group, *sources;
	enum filter_mode mode;
} joins[] = {
	{ "232.1.1.1 = 10.9.0.2, 10.9.0.1", "232.1.1.1", "10.9.0.1 10.9.0.2 ",
	  FILTER_INCLUDE },
	{ "239.1.1.1 = any", "239.1.1.1", "", FILTER_EXCLUDE },
	{ "239.1.1.2 = any but 10.9.0.3", "239.1.1.2", "10.9.0.3 ", FILTER_EXCLUDE },
	{ "239.1.1.3 = any  but\n  10.9.0.3,\n\t10.9.0.4 # no more\n\n  10.9.0.1 ; one",
	  "239.1.1.3", "10.9.0.1 10.9.0.3 10.9.0.4 ", FILTER_EXCLUDE },
	{ "ff3e::1 = fd09::2 fd09::1", "ff3e::1", "fd09::1 fd09::2 ", FILTER_INCLUDE },
	{ "FF3E:0:0::2=\n fd09::1", "ff3e::2", "fd09::1 ", FILTER_INCLUDE },
	{ "ff15::3 = any", "ff15::3", "", FILTER_EXCLUDE },
};

static void check_join(struct tap *tap, size_t i)
{
	bool is_ipv4 = !strchr(joins[i].group, ':');
	struct config config;
	struct said said;
	char text[256];
	int r;

	snprintf(text, sizeof(text), "[join eth0]\n%s\n[msfd]\njournal = yes\n",
		 joins[i].line);
	r = read_text(text, &config, &said);
	if (!tap_expect(tap, r == 0, "%s: %s", text, said.text))
		return;
	tap_expect(tap, config.n_joins == 1, "%s: %u joins", text, config.n_joins);
	if (config.n_joins == 1) {
		const struct statics_join *join = config.joins;

		tap_expect(tap, strcmp(join->interface, "eth0") == 0, "%s", text);
		tap_expect(tap, join->is_configured && join->ifindex == 0, "%s", text);
		tap_expect(tap,
			   addr_equal(join->group, is_ipv4 ? ipv4(joins[i].group)
							   : ipv6(joins[i].group)),
			   "%s", text);
		tap_expect(tap, join->filter.mode == joins[i].mode, "%s", text);
		tap_expect(tap, strcmp(list_sources(join), joins[i].sources) == 0,
			   "%s: %s", text, list_sources(join));
	}
	config_fini(&config);
}

static void test_joins(struct tap *tap)
{
	for (size_t i = 0; i < ARRAY_SIZE(joins); i++)
		check_join(tap, i);
	tap_end(tap, "static joins of both families, and lists over several lines");
}

/* A file and all that is said of it, by lines. */
static const struct {
	const char *text, *said;
} mistakes[] = {
	{ "journal = yes\n", "1: journal: stands in no section\n" },
	{ "\n[msfd]\nnonsense\n", "3: neither [SECTION] nor KEY = VALUE\n" },
	{ "[msfd\njournal = no\n",
	  "1: a section without ']' at its end\n2: journal: stands in no section\n" },
	{ "[]\n", "1: : no such section\n" },
	{ "[tunabels]\nrobustness = 99\n",
	  "1: tunabels: no such section (is it tunables?)\n" },
	{ "[msfd eth0]\n", "1: [msfd eth0]: has no name\n" },
	{ "[interface]\n", "1: [interface]: no name of an interface\n" },
	{ "[interface a/b]\n", "1: [interface a/b]: no name of an interface\n" },
	{ "[join an-interface--16]\n239.1.1.1 = any\n",
	  "1: [join an-interface--16]: no name of an interface\n" },
	{ "[msfd]\njurnal = yes\n",
	  "2: jurnal: no such key of [msfd] (is it journal?)\n" },
	{ "[msfd]\nunlike-any = yes\n", "2: unlike-any: no such key of [msfd]\n" },
	{ "[msfd]\njournal = maybe\nleave-on-exit =\n",
	  "2: journal: maybe: yes or no\n3: leave-on-exit: : yes or no\n" },
	{ "[msfd]\njournal = yes\n\njournal = yes\n",
	  "4: journal: is there already, in line 2\n" },
	{ "[msfd]\njournal = yes\n  suppress-kernel = yes\n",
	  "3: suppress-kernel = yes: only lists of sources go on in a second line: a "
	  "key begins without a blank\n" },
	{ "[msfd]\nssm-range4 = 10.0.0.0/8\nssm-range6 = 232.0.0.0/8\n",
	  "2: ssm-range4: 10.0.0.0/8: a range of groups such as 232.0.0.0/8, or none\n"
	  "3: ssm-range6: 232.0.0.0/8: a range of groups such as ff3e::/32, or none\n" },
	{ "[msfd]\nssm-range4 = 232.1.0.0/8\n",
	  "2: ssm-range4: 232.1.0.0/8: a range of groups such as "
	  "232.0.0.0/8, or none\n" },
	{ "[msfd]\nssm-range4 = 224.0.0.0/3\n",
	  "2: ssm-range4: 224.0.0.0/3: a range of groups such as "
	  "232.0.0.0/8, or none\n" },
	{ "[tunables]\nrobustness = 9\n", "2: robustness: 9: 2 to 7\n" },
	{ "[tunables]\nrobustness = 2 times\n", "2: robustness: 2 times: 2 to 7\n" },
	{ "[tunables]\nalways_v3 = 2\n", "2: always_v3: 2: yes or no\n" },
	{ "[tunables]\nrobustnes = 3\n",
	  "2: robustnes: no such tunable (is it robustness?)\n" },
	{ "[tunables]\nrobustness = 3\n[limits]\n[tunables]\nrobustness = 4\n",
	  "5: robustness: is there already, in line 2\n" },
	{ "[limits]\nuser-group = 3\n",
	  "2: user-group: no such limit (is it user-groups?)\n" },
	{ "[interface eth0]\nigmp-version = 4\nmld-version = 3\nversion = 1\n",
	  "2: igmp-version: 4: 0 to 3\n3: mld-version: 3: 0 to 2\n"
	  "4: version: no such key of [interface]\n" },
	{ "[interface eth0]\nigmp-version = 2\nigmp-version = 2\n",
	  "3: igmp-version: is there already, in line 2\n" },
	{ "[join eth0]\n10.1.1.1 = any\neth0 = any\n::ffff:232.1.1.1 = any\n",
	  "2: 10.1.1.1: no multicast group\n3: eth0: no multicast group\n"
	  "4: ::ffff:232.1.1.1: no multicast group\n" },
	{ "[join eth0]\n232.1.1.1 =\n232.1.1.2 = any but\n",
	  "2: no source: \"any\" stands for all\n3: no source: \"any\" "
	  "stands for all\n" },
	{ "[join eth0]\n239.1.1.1 = any 10.9.0.1\n",
	  "2: any 10.9.0.1: \"any\" or \"any but SOURCE, ...\" is expected\n" },
	{ "[join eth0]\n239.1.1.1 = any\n  10.9.0.1\n",
	  "3: 10.9.0.1: \"any\" has no list that goes on\n" },
	{ "[join eth0]\n232.1.1.1 = 10.9.0.1, fd09::1, 239.1.1.1, 0.0.0.0, host,\n"
	  "  10.9.0.1\n",
	  "2: fd09::1: not of the group's family\n2: 239.1.1.1: no address of a sender\n"
	  "2: 0.0.0.0: no address of a sender\n2: host: no address\n"
	  "3: 10.9.0.1: named twice\n" },
	{ "[join eth0]\nff3e::1 = fd09::1\n[join eth1]\nff3e::1 = fd09::1\n[join eth0]\n"
	  "ff3e:0::1 = fd09::2\n",
	  "6: ff3e:0::1: joined twice there: a list goes on in lines that begin with a "
	  "blank\n" },
	{ "[join eth0]\n232.1.1.1 = 10.9.0.1\n[interface eth0]\n igmp-version = 9\n",
	  "4: igmp-version: 9: 0 to 3\n" },
};

static void test_mistakes(struct tap *tap)
{
	for (size_t i = 0; i < ARRAY_SIZE(mistakes); i++) {
		struct config config, before;
		struct said said;
		int r;

		memset(&config, 0x5a, sizeof(config));
		memcpy(&before, &config, sizeof(config));
		r = read_text(mistakes[i].text, &config, &said);
		tap_expect(tap, r == -EINVAL, "%s: %d", mistakes[i].text, r);
		tap_expect(tap, strcmp(said.text, mistakes[i].said) == 0,
			   "%s: %s instead of %s", mistakes[i].text, said.text,
			   mistakes[i].said);
		tap_expect(tap, memcmp(&config, &before, sizeof(config)) == 0,
			   "%s: touched", mistakes[i].text);
	}
	tap_end(tap, "every mistake is told with its line, and a file with one changes "
		     "nothing");
}

/* libinih cuts long lines, and takes the rest for another. */
static void test_long_lines(struct tap *tap)
{
	char text[4096] = "[join eth0]\n232.1.1.1 =";
	struct config config;
	struct said said;
	int r;

	for (int i = 1; i < 100; i++)
		sprintf(text + strlen(text), "%s10.9.0.%d", i % 10 ? " " : "\n ", i);
	r = read_text(text, &config, &said);
	tap_expect(tap, r == 0, "%d: %s", r, said.text);
	if (r == 0)
		tap_expect(tap, config.joins->filter.sources.n == 99, "%u sources",
			   config.joins->filter.sources.n);
	if (r == 0)
		config_fini(&config);
	for (char *c = strchr(text, '=') + 1; *c; c++)
		if (*c == '\n')
			*c = ' ';
	strcat(text, "\n[msfd]\njurnal = yes\n");
	r = read_text(text, &config, &said);
	tap_expect(tap, r == -EINVAL && said.n == 2, "%d: %s", r, said.text);
	tap_expect(tap, strncmp(said.text, "2: a line is longer than ", 25) == 0, "%s",
		   said.text);
	tap_expect(tap, strstr(said.text, "\n4: jurnal") != NULL, "%s", said.text);
	tap_end(tap, "a long line is refused, not cut, and lists go on in the next");
}

static void test_bytes(struct tap *tap)
{
	static const char nul[] = "[msfd]\njour\0nal = no\n";
	struct config config;
	struct said said;
	int r = read_text("\xef\xbb\xbf[msfd]\r\njournal = no\r\n", &config, &said);

	tap_expect(tap, r == 0 && !config.is_journal_kept, "mark and CR: %s", said.text);
	if (r == 0)
		config_fini(&config);
	r = read_text("[msfd]\njournal = no", &config, &said);
	tap_expect(tap, r == 0 && !config.is_journal_kept, "no newline: %s", said.text);
	if (r == 0)
		config_fini(&config);
	r = read_bytes(nul, sizeof(nul) - 1, &config, &said);
	tap_expect(tap, r == -EINVAL, "%d", r);
	tap_expect(tap, strcmp(said.text, "2: a control character\n") == 0, "%s",
		   said.text);
	r = read_text("[msfd]\n\x1b[2Jjournal = no\n", &config, &said);
	tap_expect(tap, r == -EINVAL, "%d", r);
	tap_end(tap,
		"byte order mark, CR, and a last line without an end are fine; NUL and "
		"escapes are not");
}

static void test_endless(struct tap *tap)
{
	struct config config;
	struct said said = { .n = 0 };
	int r = config_read(&config, "/dev/zero", say, &said);

	tap_expect(tap, r == -EFBIG, "%d", r);
	tap_end(tap, "a file without an end is refused");
}

static void test_no_file(struct tap *tap)
{
	struct config config;
	struct said said = { .n = 0 };

	tap_expect(tap, config_read(&config, "/nonexistent/x", say, &said) == -ENOENT,
		   "no file");
	tap_expect(tap, config_read(&config, "/", say, &said) == -EISDIR, "a folder");
	tap_expect(tap, config_read(&config, "/dev/zero", say, &said) == -EFBIG,
		   "without end");
	tap_expect(tap, said.n == 0, "%s", said.text);
	tap_end(tap, "what is no file is an error, and nothing is said of its lines");
}

int main(void)
{
	struct tap tap = { 0 };

	test_defaults(&tap);
	test_msfd_keys(&tap);
	test_numbers(&tap);
	test_values(&tap);
	test_joins(&tap);
	test_mistakes(&tap);
	test_long_lines(&tap);
	test_bytes(&tap);
	test_endless(&tap);
	test_no_file(&tap);
	return tap_finish(&tap);
}
