/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which backend serves: found out by behaviour on every kind of stack, or said by
 * configuration and environment; without a trace, and without a descriptor to spare.
 * And what is shared with the application, which is nothing where the kernel filters.
 */
#include <dirent.h>
#include <errno.h>
#include <linux/filter.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <msf.h>

#include "raw.h"
#include "stacks.h"

/* A stack that answers MCAST_MSFILTER so, and has no other option for sources. */
#define OWN_FILTER(set, get)                                                      \
	{                                                                         \
		.error = ENOPROTOOPT, .has_own_filter = true, .set_error = (set), \
		.get_error = (get)                                                \
	}

static const struct kind {
	const char *name;
	struct old_stack stack;
	const char *filters; /* what socket filters are found to be */
} kinds[] = {
	{ "ENOPROTOOPT", { ENOPROTOOPT, false, OLD_STACK_FILTERS_WORK }, "full" },
	{ "EOPNOTSUPP", { EOPNOTSUPP, false, OLD_STACK_FILTERS_WORK }, "full" },
	{ "no MCAST_JOIN_GROUP", { ENOPROTOOPT, true, OLD_STACK_FILTERS_WORK }, "full" },
	{ "0 for all", { 0, true, OLD_STACK_FILTERS_WORK }, "full" },
	{ "not read back", { ENOPROTOOPT, true, OLD_STACK_FILTERS_BLIND }, "blind" },
	{ "0, and so for filters", { 0, false, OLD_STACK_FILTERS_FAKE }, "none" },
	{ "fake filters", { ENOPROTOOPT, true, OLD_STACK_FILTERS_FAKE }, "none" },
	{ "IPv6 alone",
	  { ENOPROTOOPT, false, OLD_STACK_FILTERS_WORK, .has_ipv4 = true },
	  "full" },
	{ "no SO_COOKIE", { ENOPROTOOPT, true, OLD_STACK_FILTERS_FATAL }, "blind" },
	/* what one of two questions finds out */
	{ "set EINVAL, get ENOPROTOOPT", OWN_FILTER(EINVAL, ENOPROTOOPT), "full" },
	{ "set EINVAL, get 0", OWN_FILTER(EINVAL, 0), "full" },
	{ "set ENOPROTOOPT, get as ever", OWN_FILTER(ENOPROTOOPT, EADDRNOTAVAIL),
	  "full" },
	{ "set 0, get as ever", OWN_FILTER(0, EADDRNOTAVAIL), "full" },
	{ "no filters", { EOPNOTSUPP, true, OLD_STACK_FILTERS_ABSENT }, "none" },
};

#define N_KINDS (sizeof(kinds) / sizeof(kinds[0]))

/* "" where there is none. */
static void get_fact(struct msf *msf, const char *name, char value[64])
{
	struct msf_probe *probe;
	struct msf_fact fact;

	strcpy(value, "");
	if (msf_probe_new(&probe, msf) < 0)
		return;
	while (msf_probe_pop_fact(probe, &fact) == 1)
		if (strcmp(fact.name, name) == 0 && fact.value != NULL)
			snprintf(value, 64, "%s", fact.value);
	msf_probe_free(probe);
}

static void expect_fact(struct fixture *self, struct msf *msf, const char *name,
			const char *wanted)
{
	char value[64];

	get_fact(msf, name, value);
	tap_expect(&self->tap, strcmp(value, wanted) == 0, "%s is \"%s\", not \"%s\"",
		   name, value, wanted);
}

static void expect_backend(struct fixture *self, struct msf *msf, int wanted,
			   const char *when)
{
	int backend = msf_probe_backend(msf);

	tap_expect(&self->tap, backend == wanted, "%s: backend %d, not %d", when, backend,
		   wanted);
}

/*
 * By behaviour
 */

/* A source is joined and no other is heard. */
static void expect_filter(struct fixture *self, struct msf *msf, enum flavour flavour)
{
	struct sockaddr_storage group = netns_group(flavour_get_family(flavour), 0);
	int fd = traffic_open_receiver(flavour), r;
	unsigned int heard;

	r = stacks_join(self, msf, fd, flavour, 1);
	tap_expect(&self->tap, r == 0, "%s: %s", flavour_name(flavour), strerror(-r));
	heard = traffic_hear(&self->traffic, fd, 0, &group);
	tap_expect(&self->tap, heard == 1, "%s: heard 0x%x", flavour_name(flavour),
		   heard);
	close(fd);
}

static void expect_refused(struct fixture *self, struct msf *msf)
{
	struct sockaddr_storage group = netns_group(AF_INET, 0);
	int fd = traffic_open_receiver(FLAVOUR_IPV4);
	int r = stacks_join(self, msf, fd, FLAVOUR_IPV4, 1);

	tap_expect(&self->tap, r == -EOPNOTSUPP, "without a promise: %s", strerror(-r));
	tap_expect(&self->tap, netns_get_members(self->net.ifindex[0], &group) == 0,
		   "without a promise: joined");
	r = msf_join_group(msf, fd, self->net.ifindex[0], (const void *)&group);
	tap_expect(&self->tap, r == 0, "a join for every source: %s", strerror(-r));
	close(fd);
}

static void work_found(struct fixture *self, const char *filters)
{
	bool is_none = strcmp(filters, "none") == 0;
	struct msf *msf = stacks_make_context(MSF_BACKEND_AUTO, is_none);

	expect_backend(self, NULL, MSF_BACKEND_ASM, "default context");
	if (is_none)
		expect_refused(self, NULL);
	for (enum flavour flavour = 0; flavour < N_FLAVOURS; flavour++)
		expect_filter(self, msf, flavour);
	expect_backend(self, msf, MSF_BACKEND_ASM, "after a request");
	expect_fact(self, msf, "backend", "asm");
	expect_fact(self, msf, "socket_filters", filters);
	expect_fact(self, msf, "wire", "asm");
	msf_free(msf);
}

static void work_full(struct fixture *self)
{
	work_found(self, "full");
}

static void work_blind(struct fixture *self)
{
	work_found(self, "blind");
}

static void work_none(struct fixture *self)
{
	work_found(self, "none");
}

static void test_kinds(struct fixture *self)
{
	for (size_t i = 0; i < N_KINDS; i++) {
		const struct kind *kind = &kinds[i];
		bool is_full = strcmp(kind->filters, "full") == 0;
		bool is_none = strcmp(kind->filters, "none") == 0;

		stacks_visit(self, &kind->stack, kind->name,
			     is_full   ? work_full
			     : is_none ? work_none
				       : work_blind);
		tap_end(&self->tap,
			"a stack without source filters (%s): asm, filters %s",
			kind->name, kind->filters);
	}
}

static void work_here(struct fixture *self)
{
	expect_backend(self, NULL, MSF_BACKEND_KERNEL, "here");
	expect_filter(self, NULL, FLAVOUR_IPV4);
	expect_filter(self, NULL, FLAVOUR_IPV6);
	expect_fact(self, NULL, "backend", "kernel");
	expect_fact(self, NULL, "socket_filters", "");
}

static unsigned int count_descriptors(void)
{
	DIR *dir = opendir("/proc/self/fd");
	unsigned int n = 0;

	while (readdir(dir) != NULL)
		n++;
	closedir(dir);
	return n;
}

static void work_traceless(struct fixture *self)
{
	char *before = netns_get_memberships(), *after;
	unsigned int n = count_descriptors();

	msf_probe_backend(NULL);
	after = netns_get_memberships();
	tap_expect(&self->tap, strcmp(before, after) == 0, "an interface has changed");
	tap_expect(&self->tap, count_descriptors() == n, "a descriptor is left");
	free(before);
	free(after);
}

static void test_here(struct fixture *self)
{
	stacks_visit(self, NULL, "here", work_here);
	tap_end(&self->tap, "this kernel has source filters: kernel");
	stacks_visit(self, NULL, "here", work_traceless);
	stacks_visit(self, &kinds[0].stack, kinds[0].name, work_traceless);
	stacks_visit(self, &kinds[3].stack, kinds[3].name, work_traceless);
	tap_end(&self->tap, "to find out leaves no trace");
}

/*
 * By configuration and environment
 */

/* The kernel has a source, or a join for every source. */
static void expect_carried(struct fixture *self, struct msf *msf, bool is_kernel,
			   const char *when)
{
	struct sockaddr_storage group = netns_group(AF_INET, 0);
	struct sockaddr_storage source = netns_source(AF_INET, 0, 0);
	int fd = traffic_open_receiver(FLAVOUR_IPV4);
	int r = stacks_join(self, msf, fd, FLAVOUR_IPV4, 1);
	struct netns_users users = netns_get_users(self->net.ifindex[0], &group, &source);

	tap_expect(&self->tap,
		   r == 0 && users.include == is_kernel &&
			   netns_get_members(self->net.ifindex[0], &group) == 1,
		   "%s: %s, the kernel has %u sources", when, strerror(-r),
		   users.include);
	close(fd);
}

static void test_words(struct fixture *self)
{
	struct msf *msf;

	setenv("MSF_BACKEND", "asm", 1);
	if (msf_new(&msf, NULL) < 0)
		tap_bail_out("no context");
	expect_backend(self, msf, MSF_BACKEND_ASM, "MSF_BACKEND=asm");
	expect_carried(self, msf, false, "MSF_BACKEND=asm");
	msf_free(msf);
	msf = stacks_make_context(MSF_BACKEND_KERNEL, false);
	expect_carried(self, msf, true, "the configuration says kernel");
	msf_free(msf);
	msf = stacks_make_context(MSF_BACKEND_AUTO, false);
	expect_backend(self, msf, MSF_BACKEND_KERNEL, "the configuration says auto");
	expect_carried(self, msf, true, "the configuration says auto");
	msf_free(msf);
	setenv("MSF_BACKEND", "kernel", 1);
	msf = stacks_make_context(MSF_BACKEND_ASM, false);
	expect_carried(self, msf, false, "the configuration says asm");
	msf_free(msf);
	unsetenv("MSF_BACKEND");
	tap_end(&self->tap, "configuration, then environment say the backend");
}

static void work_kernel_forced(struct fixture *self)
{
	struct msf *msf = stacks_make_context(MSF_BACKEND_KERNEL, false);
	int fd = traffic_open_receiver(FLAVOUR_IPV4);
	int r = stacks_join(self, msf, fd, FLAVOUR_IPV4, 1);

	expect_backend(self, msf, MSF_BACKEND_KERNEL, "said");
	tap_expect(&self->tap, r == -ENOPROTOOPT, "join: %s", strerror(-r));
	expect_fact(self, msf, "backend", "kernel");
	msf_free(msf);
	close(fd);
}

static void test_forced(struct fixture *self)
{
	stacks_visit(self, &kinds[0].stack, kinds[0].name, work_kernel_forced);
	tap_end(&self->tap, "kernel where the kernel cannot: its own error, and no look");
}

/*
 * Without a descriptor to spare
 */

static void limit_descriptors(bool is_full)
{
	struct rlimit limit;
	int next = dup(0);

	getrlimit(RLIMIT_NOFILE, &limit);
	limit.rlim_cur = is_full ? (rlim_t)next : limit.rlim_max;
	close(next);
	if (setrlimit(RLIMIT_NOFILE, &limit) < 0)
		tap_bail_out("cannot limit descriptors: %s", strerror(errno));
}

static void work_full_table(struct fixture *self)
{
	int fd = traffic_open_receiver(FLAVOUR_IPV6), r;
	int ipv4 = traffic_open_receiver(FLAVOUR_IPV4);

	limit_descriptors(true);
	r = msf_probe_backend(NULL);
	tap_expect(&self->tap, r == -EMFILE, "probe: %d", r);
	r = stacks_join(self, NULL, -1, FLAVOUR_IPV4, 1);
	tap_expect(&self->tap, r == -EBADF, "no socket: %s", strerror(-r));
	r = stacks_join(self, NULL, 0, FLAVOUR_IPV4, 1);
	tap_expect(&self->tap, r == -ENOTSOCK, "not a socket: %s", strerror(-r));
	r = stacks_join(self, NULL, fd, FLAVOUR_IPV6, 2);
	tap_expect(&self->tap, r == 0, "IPv6: %s", strerror(-r));
	r = stacks_join(self, NULL, ipv4, FLAVOUR_IPV4, 2);
	tap_expect(&self->tap, r == 0, "IPv4: %s", strerror(-r));
	expect_backend(self, NULL, MSF_BACKEND_KERNEL, "found on the socket itself");
}

static void work_full_table_asm(struct fixture *self)
{
	struct sockaddr_storage group = netns_group(AF_INET, 0);
	struct sockaddr_storage source = netns_source(AF_INET, 0, 0);
	struct msf_request request = { .verb = MSF_JOIN_SOURCE,
				       .ifindex = self->net.ifindex[0],
				       .group = (const void *)&group,
				       .source = (const void *)&source };
	int fd = traffic_open_receiver(FLAVOUR_IPV4), r;
	char text[512] = "";

	limit_descriptors(true);
	r = msf_apply_request(NULL, fd, &request);
	tap_expect(&self->tap, r == -EMFILE, "join: %s", strerror(-r));
	msf_explain(NULL, fd, &request, r, text, sizeof(text));
	tap_expect(&self->tap, strstr(text, "ulimit -n") != NULL, "explained: %s", text);
	limit_descriptors(false);
	tap_expect(&self->tap, netns_get_members(self->net.ifindex[0], &group) == 0,
		   "joined");
	r = msf_apply_request(NULL, fd, &request);
	tap_expect(&self->tap, r == 0, "with descriptors: %s", strerror(-r));
	/* what is known does not need them */
	limit_descriptors(true);
	r = msf_leave_group(NULL, fd, request.ifindex, request.group);
	tap_expect(&self->tap, r == 0, "leave: %s", strerror(-r));
}

static void test_full_table(struct fixture *self)
{
	stacks_visit(self, NULL, "kernel", work_full_table);
	tap_end(&self->tap, "without a descriptor the caller's own socket tells");
	stacks_visit(self, &kinds[0].stack, "asm", work_full_table_asm);
	tap_end(&self->tap, "what socket filters can do needs a descriptor, once");
}

/*
 * Shared options
 */

/* Only packets of four bytes and more, at the socket's own offsets: a stand-in for
 * what an application may want. */
static struct sock_filter pass_all[] = { BPF_STMT(BPF_LD | BPF_W | BPF_LEN, 0),
					 BPF_STMT(BPF_RET | BPF_K, UINT32_MAX) };
static const struct sock_fprog pass = { 2, pass_all };

/* How many instructions the kernel, or the library, says the filter has. */
static int count_instructions(int fd, bool is_raw)
{
	struct sock_filter code[BPF_MAXINSNS];
	socklen_t len = BPF_MAXINSNS;
	int r = is_raw ? raw_getsockopt(fd, SOL_SOCKET, SO_GET_FILTER, code, &len)
		       : msf_getsockopt(fd, SOL_SOCKET, SO_GET_FILTER, code, &len);

	return r < 0 ? r : (int)len;
}

static void work_attach(struct fixture *self)
{
	struct sockaddr_storage group = netns_group(AF_INET, 0);
	int fd = traffic_open_receiver(FLAVOUR_IPV4), r, unused = 0;

	r = stacks_join(self, NULL, fd, FLAVOUR_IPV4, 2);
	tap_expect(&self->tap, r == 0, "join: %s", strerror(-r));
	r = msf_setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &pass, sizeof(pass));
	tap_expect(&self->tap, r == 0, "attach: %s", strerror(errno));
	tap_expect(&self->tap, traffic_hear(&self->traffic, fd, 0, &group) == 3,
		   "the source filter is gone");
	tap_expect(&self->tap, count_instructions(fd, false) == 2, "read back: %d",
		   count_instructions(fd, false));
	tap_expect(&self->tap, count_instructions(fd, true) > 2, "the kernel has %d",
		   count_instructions(fd, true));
	r = msf_setsockopt(fd, SOL_SOCKET, SO_DETACH_FILTER, &unused, sizeof(unused));
	tap_expect(&self->tap, r == 0, "detach: %s", strerror(errno));
	tap_expect(&self->tap, traffic_hear(&self->traffic, fd, 0, &group) == 3,
		   "the source filter went with the application's");
	close(fd);
}

/* The default context has not been used, but the socket was. */
static void work_attach_first(struct fixture *self)
{
	struct sockaddr_storage group = netns_group(AF_INET, 0);
	struct msf *msf = stacks_make_context(MSF_BACKEND_AUTO, false);
	int fd = traffic_open_receiver(FLAVOUR_IPV4), r;

	r = stacks_join(self, msf, fd, FLAVOUR_IPV4, 2);
	tap_expect(&self->tap, r == 0, "join: %s", strerror(-r));
	r = msf_setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &pass, sizeof(pass));
	tap_expect(&self->tap, r == 0, "attach: %s", strerror(errno));
	tap_expect(&self->tap, traffic_hear(&self->traffic, fd, 0, &group) == 3,
		   "the source filter is gone");
	msf_free(msf);
	close(fd);
}

/* All but the first source, by the number that senders put into their packets. */
static struct sock_filter pass_others[] = { BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 12),
					    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0, 0, 1),
					    BPF_STMT(BPF_RET | BPF_K, 0),
					    BPF_STMT(BPF_RET | BPF_K, UINT32_MAX) };
static const struct sock_fprog all_but_first = { 4, pass_others };

/* Before anything else. */
static void work_attach_before(struct fixture *self)
{
	struct sockaddr_storage group = netns_group(AF_INET, 0);
	int fd = traffic_open_receiver(FLAVOUR_IPV4), r;
	unsigned int heard;

	errno = 77;
	r = msf_setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &all_but_first,
			   sizeof(all_but_first));
	tap_expect(&self->tap, r == 0 && errno == 77, "attach: %s", strerror(errno));
	r = stacks_join(self, NULL, fd, FLAVOUR_IPV4, 2);
	tap_expect(&self->tap, r == 0, "join: %s", strerror(-r));
	heard = traffic_hear(&self->traffic, fd, 0, &group);
	tap_expect(&self->tap, heard == 2, "heard 0x%x", heard);
	close(fd);
}

/* On a kernel with source filters the application is alone with its filter. */
static void work_attach_here(struct fixture *self)
{
	int fd = traffic_open_receiver(FLAVOUR_IPV4), r, unused = 0;

	r = msf_setsockopt(fd, SOL_SOCKET, SO_DETACH_FILTER, &unused, sizeof(unused));
	tap_expect(&self->tap, r == -1 && errno == ENOENT, "nothing to detach: %s",
		   strerror(errno));
	for (int i = 0; i < 2; i++) {
		r = msf_setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &pass, sizeof(pass));
		tap_expect(&self->tap, r == 0, "attach: %s", strerror(errno));
		tap_expect(&self->tap,
			   count_instructions(fd, false) == 2 &&
				   count_instructions(fd, true) == 2,
			   "the kernel has %d", count_instructions(fd, true));
		r = stacks_join(self, NULL, fd, FLAVOUR_IPV4, 2);
		tap_expect(&self->tap, r == (i ? -EADDRNOTAVAIL : 0), "join: %s",
			   strerror(-r));
	}
	close(fd);
}

static void work_wrong_environment(struct fixture *self)
{
	int fd = traffic_open_receiver(FLAVOUR_IPV4), r;

	setenv("MSF_MAX_SOURCES", "many", 1);
	r = stacks_join(self, NULL, fd, FLAVOUR_IPV4, 1);
	tap_expect(&self->tap, r == -EINVAL, "join: %s", strerror(-r));
	r = msf_setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &pass, sizeof(pass));
	tap_expect(&self->tap, r == 0, "attach: %s", strerror(errno));
	close(fd);
}

static void test_shared(struct fixture *self)
{
	stacks_visit(self, &kinds[0].stack, "asm", work_attach);
	tap_end(&self->tap, "the application's filter goes behind the library's");
	stacks_visit(self, &kinds[0].stack, "asm", work_attach_first);
	tap_end(&self->tap, "also where another context made that one");
	stacks_visit(self, &kinds[0].stack, "asm", work_attach_before);
	stacks_visit(self, &kinds[4].stack, "blind", work_attach_before);
	stacks_visit(self, NULL, "kernel", work_attach_before);
	tap_end(&self->tap, "and where it was the first thing that was asked for");
	stacks_visit(self, NULL, "kernel", work_attach_here);
	tap_end(&self->tap, "where the kernel filters the application is left alone");
	stacks_visit(self, NULL, "kernel", work_wrong_environment);
	tap_end(&self->tap, "its options work without a context, too");
}

/*
 * As on the kernel
 */

/* A filter that is in force already is confirmed, an interface that is not there never
 * is; a filter of an interface that is gone can be ended. */
static void test_idempotent(struct fixture *self)
{
	struct msf *msf = stacks_make_context(MSF_BACKEND_ASM, false);
	struct sockaddr_storage group = netns_group(AF_INET, 0);
	const struct sockaddr *sa = (const void *)&group;
	int fd = traffic_open_receiver(FLAVOUR_IPV4), r;
	int tcp = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	uint32_t link = self->net.ifindex[0];

	r = msf_set_filter(msf, fd, 4242, sa, MCAST_INCLUDE, 0, NULL, MSF_IDEMPOTENT);
	tap_expect(&self->tap, r == -ENODEV, "no interface: %s", strerror(-r));
	r = msf_set_filter(msf, tcp, link, sa, MCAST_INCLUDE, 0, NULL, MSF_IDEMPOTENT);
	tap_expect(&self->tap, r == -EOPNOTSUPP, "TCP: %s", strerror(-r));
	r = msf_set_filter(msf, fd, link, sa, MCAST_INCLUDE, 0, NULL, MSF_IDEMPOTENT);
	tap_expect(&self->tap, r == 0, "nothing: %s", strerror(-r));
	for (int i = 0; i < 2; i++) {
		r = msf_set_filter(msf, fd, link, sa, MCAST_EXCLUDE, 0, NULL,
				   MSF_IDEMPOTENT);
		tap_expect(&self->tap, r == 0, "EXCLUDE {}, %d: %s", i, strerror(-r));
	}
	msf_free(msf);
	close(tcp);
	close(fd);
	tap_end(&self->tap, "MSF_IDEMPOTENT confirms what could be in force");
}

static struct msf *make_table_context(enum msf_backend backend,
				      enum msf_semantics semantics)
{
	struct msf_config *config;
	struct msf *msf;

	if (msf_config_new(&config) < 0 || msf_config_set_backend(config, backend) < 0 ||
	    msf_config_set_semantics(config, semantics) < 0 || msf_new(&msf, config) < 0)
		tap_bail_out("cannot make a context");
	msf_config_free(config);
	return msf;
}

/* Sockets that cannot have the filter, or are none; -1: not open. */
static const struct {
	const char *name;
	int family, type, protocol;
	bool is_v6only;
} misfits[] = {
	{ "not open", -1, 0, 0, false },
	{ "Unix", AF_UNIX, SOCK_DGRAM, 0, false },
	{ "Unix, stream", AF_UNIX, SOCK_STREAM, 0, false },
	{ "netlink", AF_NETLINK, SOCK_RAW, 0, false },
	{ "IPV6_V6ONLY", AF_INET6, SOCK_DGRAM, 0, true },
	{ "raw, IPv6", AF_INET6, SOCK_RAW, 253, false },
	{ "UDP, IPv4", AF_INET, SOCK_DGRAM, 0, false },
};

#define N_MISFITS (sizeof(misfits) / sizeof(misfits[0]))

static int open_misfit(size_t i)
{
	int fd = -1, on = 1;

	if (misfits[i].family >= 0)
		fd = socket(misfits[i].family, misfits[i].type | SOCK_CLOEXEC,
			    misfits[i].protocol);
	if (misfits[i].is_v6only)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on));
	return fd;
}

static int try_misfit(const struct fixture *self, struct msf *msf, size_t misfit,
		      enum msf_verb verb, int family, bool has_interface)
{
	struct sockaddr_storage group = netns_group(family, 0);
	struct sockaddr_storage source = netns_source(family, 0, 0);
	struct msf_request request = {
		.verb = verb,
		.ifindex = has_interface ? self->net.ifindex[0] : 4242,
		.group = (const void *)&group,
		.source = (const void *)&source,
		.fmode = MCAST_EXCLUDE,
	};
	int fd = open_misfit(misfit), r;

	r = msf_apply_request(msf, fd, &request);
	if (fd >= 0)
		close(fd);
	return r;
}

static void expect_same(struct fixture *self, size_t misfit, struct msf *const msf[2],
			const char *table)
{
	for (int i = 0; i < 4 * MSF_GET_FILTER; i++) {
		enum msf_verb verb = i / 4;
		int family = i & 1 ? AF_INET : AF_INET6, r[2];

		for (int b = 0; b < 2; b++)
			r[b] = try_misfit(self, msf[b], misfit, verb, family, i & 2);
		tap_expect(&self->tap, r[0] == r[1],
			   "%s, %s, verb %d, family %d: %s, the kernel's is %s",
			   misfits[misfit].name, table, verb, family, strerror(-r[1]),
			   strerror(-r[0]));
	}
}

static void test_misfits(struct fixture *self)
{
	static const char *const names[] = { "table", "linux" };

	for (int t = 0; t < 2; t++) {
		enum msf_semantics semantics = t ? MSF_SEMANTICS_LINUX
						 : MSF_SEMANTICS_TABLE;
		struct msf *msf[2] = { make_table_context(MSF_BACKEND_KERNEL, semantics),
				       make_table_context(MSF_BACKEND_ASM, semantics) };

		for (size_t i = 0; i < N_MISFITS; i++)
			expect_same(self, i, msf, names[t]);
		msf_free(msf[0]);
		msf_free(msf[1]);
		tap_end(&self->tap,
			"%s: sockets that cannot have the filter get the kernel's answer",
			names[t]);
	}
}

int main(void)
{
	struct fixture self = { 0 };

	netns_init(&self.net);
	traffic_init(&self.traffic, &self.net);
	self.traffic.receive = msf_recv;
	test_kinds(&self);
	test_here(&self);
	test_words(&self);
	test_forced(&self);
	test_full_table(&self);
	test_shared(&self);
	test_idempotent(&self);
	test_misfits(&self);
	traffic_fini(&self.traffic);
	return tap_finish(&self.tap);
}
