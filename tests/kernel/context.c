/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Contexts: what the configuration says goes before the environment, and that
 * before the default; the default context is configured before its first use or
 * never. Which table holds is seen by an answer in which the tables differ.
 */
#include <errno.h>
#include <msf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "netns.h"
#include "tap.h"
#include "traffic.h"

struct fixture {
	struct tap tap;
	struct netns net;
	struct sockaddr_storage group;
	struct sockaddr_storage source;
};

/* leave_source without a membership is EINVAL on Linux. */
static int ask_table(const struct fixture *self, struct msf *msf)
{
	int fd = traffic_open_receiver(FLAVOUR_IPV4), r;

	r = msf_leave_source(msf, fd, self->net.ifindex[0], (const void *)&self->group,
			     (const void *)&self->source);
	close(fd);
	return r;
}

static struct msf_config *make_config(void)
{
	struct msf_config *config;

	if (msf_config_new(&config) < 0)
		tap_bail_out("no configuration");
	return config;
}

static void expect_table(struct fixture *self, const struct msf_config *config,
			 int wanted, const char *when)
{
	struct msf *msf = NULL;
	int r = msf_new(&msf, config);

	if (tap_expect(&self->tap, r == 0, "%s: %s", when, strerror(-r))) {
		r = ask_table(self, msf);
		tap_expect(&self->tap, r == wanted, "%s: %s", when, strerror(-r));
		tap_expect(&self->tap, msf_probe_backend(msf) == MSF_BACKEND_KERNEL,
			   "%s: another backend", when);
	}
	tap_expect(&self->tap, msf_free(msf) == NULL, "free is not NULL");
}

static void test_precedence(struct fixture *self)
{
	struct msf_config *config = make_config();

	unsetenv("MSF_SEMANTICS");
	expect_table(self, NULL, -EADDRNOTAVAIL, "by default");
	setenv("MSF_SEMANTICS", "linux", 1);
	expect_table(self, NULL, -EINVAL, "MSF_SEMANTICS=linux");
	expect_table(self, config, -EINVAL, "MSF_SEMANTICS=linux, empty configuration");
	msf_config_set_semantics(config, MSF_SEMANTICS_TABLE);
	expect_table(self, config, -EADDRNOTAVAIL, "the configuration says table");
	setenv("MSF_SEMANTICS", "table", 1);
	msf_config_set_semantics(config, MSF_SEMANTICS_LINUX);
	expect_table(self, config, -EINVAL, "the configuration says linux");
	unsetenv("MSF_SEMANTICS");
	msf_config_free(config);
	tap_end(&self->tap, "configuration goes before environment, that before default");
}

static void test_wrong_words(struct fixture *self)
{
	static const struct {
		const char *name, *value;
		int error;
	} rows[] = {
		{ "MSF_SEMANTICS", "bsd", EINVAL },
		{ "MSF_SEMANTICS", "LINUX", EINVAL },
		{ "MSF_BACKEND", "gvisor", EINVAL },
		{ "MSF_BACKEND", "kernel", 0 },
		{ "MSF_BACKEND", "auto", 0 },
		{ "MSF_BACKEND", "asm", 0 },
		{ "MSF_MAX_SOURCES", "1000", 0 },
		{ "MSF_MAX_SOURCES", "0", 0 },
		{ "MSF_MAX_SOURCES", "", 0 },
		{ "MSF_MAX_SOURCES", "many", EINVAL },
		{ "MSF_MAX_SOURCES", "-1", EINVAL },
		{ "MSF_MAX_SOURCES", " 7", EINVAL },
		{ "MSF_MAX_SOURCES", "7x", EINVAL },
		{ "MSF_MAX_SOURCES", "4294967296", EINVAL },
		{ "MSF_MAX_SOURCES", "99999999999999999999999", EINVAL },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct msf *msf = NULL;
		int r;

		setenv(rows[i].name, rows[i].value, 1);
		r = msf_new(&msf, NULL);
		tap_expect(&self->tap, r == -rows[i].error, "%s=%s: %s", rows[i].name,
			   rows[i].value, strerror(-r));
		tap_expect(&self->tap, (msf != NULL) == (r == 0), "%s=%s: the result",
			   rows[i].name, rows[i].value);
		msf_free(msf);
		unsetenv(rows[i].name);
	}
	tap_end(&self->tap, "an environment variable with another word is EINVAL");
}

static void test_wrong_values(struct fixture *self)
{
	struct msf_config *config = make_config();

	tap_expect(&self->tap,
		   msf_config_set_backend(config, (enum msf_backend)77) == -EINVAL,
		   "backend 77");
	tap_expect(&self->tap,
		   msf_config_set_semantics(config, (enum msf_semantics)77) == -EINVAL,
		   "semantics 77");
	expect_table(self, config, -EADDRNOTAVAIL, "after the wrong values");
	tap_expect(&self->tap, msf_config_free(config) == NULL, "free is not NULL");
	tap_expect(&self->tap, msf_config_free(NULL) == NULL && msf_free(NULL) == NULL,
		   "free(NULL) is not NULL");
	tap_end(&self->tap,
		"a wrong value in a configuration is EINVAL and changes nothing");
}

/* The default context is one for the process, so each try has a process. */
static void test_default(struct fixture *self)
{
	struct msf_config *config = make_config();
	int status = -1;
	pid_t child = fork();

	msf_config_set_semantics(config, MSF_SEMANTICS_LINUX);
	if (child == 0) {
		int wrong = msf_configure_default(config) != 0;

		msf_config_free(config);
		wrong += ask_table(self, NULL) != -EINVAL;
		wrong += msf_configure_default(NULL) != -EBUSY;
		wrong += ask_table(self, NULL) != -EINVAL;
		_exit(wrong);
	}
	tap_expect(&self->tap,
		   child > 0 && waitpid(child, &status, 0) == child && status == 0,
		   "configured first: status 0x%x", status);
	tap_expect(&self->tap, ask_table(self, NULL) == -EADDRNOTAVAIL, "not configured");
	tap_expect(&self->tap, msf_configure_default(config) == -EBUSY,
		   "configured after its first use");
	msf_config_free(config);
	tap_end(&self->tap,
		"the default context is configured before its first use or never");
}

/* The linux table for the drop-in calls; the status of the child that has it. */
static int ask_delta_option(void)
{
	int level = IPPROTO_IP, value = 77, fd = traffic_open_receiver(FLAVOUR_IPV4);
	socklen_t len = sizeof(value);
	int wrong = 0;

	setenv("MSF_SEMANTICS", "linux", 1);
	for (int i = 0; i < 2; i++) {
		wrong += msf_getsockopt(fd, level,
					i ? MCAST_JOIN_GROUP : IP_ADD_MEMBERSHIP, &value,
					&len) != -1 ||
			 errno != ENOPROTOOPT;
		wrong += getsockopt(fd, level, i ? MCAST_JOIN_GROUP : IP_ADD_MEMBERSHIP,
				    &value, &len) != -1 ||
			 errno != ENOPROTOOPT;
	}
	close(fd);
	wrong += msf_getsockopt(fd, level, IP_ADD_MEMBERSHIP, &value, &len) != -1 ||
		 errno != EBADF;
	return wrong + (value != 77 || len != sizeof(value));
}

/* The status of the child, or -1. */
static int await(pid_t child)
{
	int status = -1;

	return child > 0 && waitpid(child, &status, 0) == child ? status : -1;
}

static void test_delta_option(struct fixture *self)
{
	pid_t child = fork();
	int status;

	if (child == 0)
		_exit(ask_delta_option());
	status = await(child);
	tap_expect(&self->tap, status == 0, "wrong answers: status 0x%x", status);
	tap_end(&self->tap, "to get a delta is ENOPROTOOPT in the linux table, as on "
			    "Linux");
}

/* In a process that has no default context yet. */
static int explain_wrong_word(const struct fixture *self, const char *name)
{
	struct msf_request request = { .verb = MSF_JOIN_GROUP,
				       .ifindex = self->net.ifindex[0],
				       .group = (const void *)&self->group };
	int fd = traffic_open_receiver(FLAVOUR_IPV4), r, wrong = 0;
	char text[512] = "";

	setenv(name, "gvisor", 1);
	r = msf_apply_request(NULL, fd, &request);
	wrong += r != -EINVAL;
	r = msf_explain(NULL, fd, &request, r, text, sizeof(text));
	wrong += r != (int)strlen(text) || strstr(text, name) == NULL;
	if (wrong)
		tap_comment("%s: %d, \"%s\"", name, r, text);
	close(fd);
	return wrong;
}

static void test_explained_words(struct fixture *self)
{
	static const char *const names[] = { "MSF_BACKEND", "MSF_SEMANTICS",
					     "MSF_MAX_SOURCES" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		pid_t child = fork();
		int status;

		if (child == 0)
			_exit(explain_wrong_word(self, names[i]));
		status = await(child);
		tap_expect(&self->tap, status == 0, "%s: status 0x%x", names[i], status);
	}
	tap_end(&self->tap, "msf_explain() names the variable with another word");
}

static void test_requests(struct fixture *self)
{
	struct msf_request request = { .verb = MSF_GET_FILTER,
				       .ifindex = self->net.ifindex[0],
				       .group = (const void *)&self->group };
	int fd = traffic_open_receiver(FLAVOUR_IPV4);

	tap_expect(&self->tap, msf_apply_request(NULL, fd, &request) == -EINVAL,
		   "MSF_GET_FILTER");
	request.verb = (enum msf_verb)77;
	tap_expect(&self->tap, msf_apply_request(NULL, fd, &request) == -EINVAL,
		   "verb 77");
	close(fd);
	tap_end(&self->tap, "msf_apply_request() carries out no get and no verb unknown");
}

static void test_limits(struct fixture *self)
{
	struct msf_limits limits = { 7, 7, 7 };
	int r;

	netns_set_sysctl("net/ipv4/igmp_max_msf", 33);
	netns_set_sysctl("net/ipv4/igmp_max_memberships", 44);
	netns_set_sysctl("net/core/optmem_max", 20480);
	r = msf_probe_limits(NULL, AF_INET, &limits);
	tap_expect(&self->tap,
		   r == 0 && limits.sources == 33 && limits.groups == 44 &&
			   limits.set_sources == (20480 - 16) / 4,
		   "IPv4: %s, %u sources, %u groups, %u in a set", strerror(-r),
		   limits.sources, limits.groups, limits.set_sources);
	r = msf_probe_limits(NULL, AF_INET6, &limits);
	tap_expect(&self->tap,
		   r == 0 && limits.groups == UINT32_MAX &&
			   limits.set_sources == (20480 - 144) / 128,
		   "IPv6: %s, %u groups", strerror(-r), limits.groups);
	limits.groups = 7;
	r = msf_probe_limits(NULL, AF_UNIX, &limits);
	tap_expect(&self->tap, r == -EAFNOSUPPORT && limits.groups == 7, "AF_UNIX: %s",
		   strerror(-r));
	netns_set_sysctl("net/core/optmem_max", 131072);
	tap_end(&self->tap, "msf_probe_limits() tells the limits of this namespace");
}

static void expect_sources(struct fixture *self, const struct msf_config *config,
			   uint32_t wanted, const char *when)
{
	struct msf_limits limits = { 0 };
	struct msf *msf = NULL;
	int r = msf_new(&msf, config);

	if (r == 0)
		r = msf_probe_limits(msf, AF_INET, &limits);
	tap_expect(&self->tap, r == 0 && limits.sources == wanted,
		   "%s: %s, %u sources, not %u", when, strerror(-r), limits.sources,
		   wanted);
	msf_free(msf);
}

static void test_max_sources(struct fixture *self)
{
	struct msf_config *config = make_config();

	netns_set_sysctl("net/ipv4/igmp_max_msf", 33);
	expect_sources(self, NULL, 33, "by default");
	setenv("MSF_MAX_SOURCES", "5", 1);
	expect_sources(self, NULL, 5, "the environment says 5");
	expect_sources(self, config, 5, "the same with a configuration of others");
	msf_config_set_max_sources(config, 6);
	expect_sources(self, config, 6, "the configuration says 6");
	msf_config_set_max_sources(config, 0);
	expect_sources(self, config, 33, "the configuration says none");
	setenv("MSF_MAX_SOURCES", "1000", 1);
	expect_sources(self, NULL, 33, "the environment says more than the kernel");
	unsetenv("MSF_MAX_SOURCES");
	msf_config_free(config);
	tap_end(&self->tap, "MSF_MAX_SOURCES limits sources, and goes behind the "
			    "configuration");
}

int main(void)
{
	struct fixture self = { .group = netns_group(AF_INET, 0),
				.source = netns_source(AF_INET, 0, 0) };

	netns_init(&self.net);
	test_precedence(&self);
	test_wrong_words(&self);
	test_wrong_values(&self);
	/* Their children must be the first to use the default context. */
	test_delta_option(&self);
	test_explained_words(&self);
	test_default(&self);
	test_requests(&self);
	test_limits(&self);
	test_max_sources(&self);
	return tap_finish(&self.tap);
}
