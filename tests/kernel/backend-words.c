/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What msf_explain() and msf_probe_*() say with the ASM backend. Every refusal is a
 * real one, and where a cure is named it is taken, and has to help.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <msf.h>

#include "ebpf.h"
#include "facts.h"
#include "stacks.h"

#define TEXT_LEN  512
#define N_SOURCES 700u

#ifndef SO_ATTACH_BPF
#define SO_ATTACH_BPF 50
#endif

/* A list for one group, and its request. */
struct asked {
	struct sockaddr_storage group;
	struct sockaddr_storage slist[N_SOURCES];
	struct msf_request request;
};

static uint32_t next_random(uint64_t *state)
{
	*state = *state * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(*state >> 32);
}

/* IPv6 ones have nothing in common. */
static void ask(const struct fixture *self, int family, uint32_t n, struct asked *ret)
{
	uint64_t random = 1;

	ret->group = netns_group(family, 0);
	for (uint32_t i = 0; i < n; i++) {
		struct sockaddr_in6 *sin6 = (void *)&ret->slist[i];

		ret->slist[i] = netns_source(family, 0, i);
		for (int j = 0; family == AF_INET6 && j < 4; j++)
			sin6->sin6_addr.s6_addr32[j] = next_random(&random);
		if (family == AF_INET6)
			sin6->sin6_addr.s6_addr[0] = 0x20;
	}
	ret->request = (struct msf_request){
		.verb = MSF_SET_FILTER,
		.ifindex = self->net.ifindex[0],
		.group = (const void *)&ret->group,
		.source = (const void *)&ret->slist[0],
		.fmode = MCAST_INCLUDE,
		.numsrc = n,
		.slist = ret->slist,
	};
}

/* Refused with that error, for which the sentence has these words. */
static void expect_words(struct fixture *self, struct msf *msf, int fd,
			 const struct asked *asked, int error, const char *const *words)
{
	int r = msf_apply_request(msf, fd, &asked->request), n;
	char text[TEXT_LEN] = "";

	tap_expect(&self->tap, r == -error, "%s, not %s", strerror(-r), strerror(error));
	n = msf_explain(msf, fd, &asked->request, error, text, sizeof(text));
	tap_expect(&self->tap, n == (int)strlen(text), "%d for %zu characters", n,
		   strlen(text));
	tap_comment("%s: %s", strerrorname_np(error), text);
	for (; *words != NULL; words++)
		tap_expect(&self->tap, strstr(text, *words) != NULL, "no \"%s\" in: %s",
			   *words, text);
}

static void expect_done(struct fixture *self, struct msf *msf, int fd,
			const struct asked *asked, const char *when)
{
	int r = msf_apply_request(msf, fd, &asked->request);

	tap_expect(&self->tap, r == 0, "%s: %s", when, strerror(-r));
}

static struct msf *make_wide_context(uint32_t max_sources)
{
	struct msf_config *config;
	struct msf *msf;

	if (msf_config_new(&config) < 0 ||
	    msf_config_set_backend(config, MSF_BACKEND_ASM) < 0 ||
	    msf_config_set_max_sources(config, max_sources) < 0 ||
	    msf_new(&msf, config) < 0)
		tap_bail_out("cannot make a context");
	msf_config_free(config);
	return msf;
}

/*
 * Limits
 */

static void test_own_limit(struct fixture *self)
{
	static const char *const unset[] = { "limit is 64", "65 are needed",
					     "MSF_MAX_SOURCES=65",
					     "msf_config_set_max_sources()", NULL };
	static const char *const set[] = { "limit is 20", "by this program",
					   "MSF_MAX_SOURCES=21", NULL };
	struct msf *msf = stacks_make_context(MSF_BACKEND_ASM, false);
	int fd = traffic_open_receiver(FLAVOUR_IPV4);
	struct asked asked;

	ask(self, AF_INET, 65, &asked);
	expect_words(self, msf, fd, &asked, ENOBUFS, unset);
	ask(self, AF_INET, 64, &asked);
	expect_done(self, msf, fd, &asked, "64 sources");
	asked.request.verb = MSF_JOIN_SOURCE;
	asked.slist[0] = netns_source(AF_INET, 0, 99);
	expect_words(self, msf, fd, &asked, ENOBUFS, unset);
	msf_free(msf);
	msf = make_wide_context(65);
	expect_done(self, msf, fd, &asked, "with the limit raised");
	msf_free(msf);
	msf = make_wide_context(20);
	ask(self, AF_INET, 21, &asked);
	expect_words(self, msf, fd, &asked, ENOBUFS, set);
	msf_free(msf);
	close(fd);
	tap_end(&self->tap, "ENOBUFS: the backend's limit, the need, how it is raised");
}

static void test_instructions(struct fixture *self)
{
	static const char *const words[] = { "4096 instructions", "700 sources",
					     "several sockets", NULL };
	struct msf *msf = make_wide_context(5000);
	int fd = traffic_open_receiver(FLAVOUR_IPV6), other;
	struct asked asked;

	ask(self, AF_INET6, N_SOURCES, &asked);
	expect_words(self, msf, fd, &asked, ENOBUFS, words);
	other = traffic_open_receiver(FLAVOUR_IPV6);
	asked.request.numsrc = N_SOURCES / 2;
	expect_done(self, msf, fd, &asked, "one half");
	asked.request.slist += N_SOURCES / 2;
	expect_done(self, msf, other, &asked, "the other");
	msf_free(msf);
	close(other);
	close(fd);
	tap_end(&self->tap, "ENOBUFS: the instructions, which several sockets cure");
}

static void test_memory(struct fixture *self)
{
	static const char *const words[] = { "400 sources",
					     "net.core.optmem_max is 10240",
					     "sysctl -w net.core.optmem_max=65536",
					     NULL };
	struct msf *msf = make_wide_context(5000);
	int fd = traffic_open_receiver(FLAVOUR_IPV6);
	struct asked asked;

	netns_set_sysctl("net/core/optmem_max", 10240);
	ask(self, AF_INET6, 400, &asked);
	expect_words(self, msf, fd, &asked, ENOBUFS, words);
	netns_set_sysctl("net/core/optmem_max", 65536);
	expect_done(self, msf, fd, &asked, "with more memory");
	netns_set_sysctl("net/core/optmem_max", 131072);
	msf_free(msf);
	close(fd);
	tap_end(&self->tap, "ENOBUFS: the option memory, its sysctl, and that it helps");
}

static void test_groups(struct fixture *self)
{
	static const char *const words[] = { "net.ipv4.igmp_max_memberships is 3",
					     "net.ipv4.igmp_max_memberships=4", NULL };
	struct msf *msf = stacks_make_context(MSF_BACKEND_ASM, false);
	int fd = traffic_open_receiver(FLAVOUR_IPV4);
	struct asked asked;

	netns_set_sysctl("net/ipv4/igmp_max_memberships", 3);
	ask(self, AF_INET, 2, &asked);
	for (unsigned int i = 0; i < 3; i++) {
		asked.group = netns_group(AF_INET, i);
		expect_done(self, msf, fd, &asked, "within the limit");
	}
	asked.group = netns_group(AF_INET, 3);
	expect_words(self, msf, fd, &asked, ENOBUFS, words);
	netns_set_sysctl("net/ipv4/igmp_max_memberships", 4);
	expect_done(self, msf, fd, &asked, "with the limit raised");
	netns_set_sysctl("net/ipv4/igmp_max_memberships", 20);
	msf_free(msf);
	close(fd);
	tap_end(&self->tap, "ENOBUFS: too many groups, as with the kernel's filters");
}

/*
 * What the application did
 */

static void test_lock(struct fixture *self)
{
	static const char *const words[] = { "SO_LOCK_FILTER", "another socket", NULL };
	struct msf *msf = stacks_make_context(MSF_BACKEND_ASM, false);
	int fd = traffic_open_receiver(FLAVOUR_IPV4), on = 1;
	uint32_t fmode, numsrc = 0;
	struct asked asked;
	int r;

	ask(self, AF_INET, 2, &asked);
	expect_done(self, msf, fd, &asked, "before");
	setsockopt(fd, SOL_SOCKET, SO_LOCK_FILTER, &on, sizeof(on));
	asked.request.numsrc = 3;
	asked.slist[2] = netns_source(AF_INET, 0, 9);
	expect_words(self, msf, fd, &asked, EPERM, words);
	r = msf_get_filter(msf, fd, asked.request.ifindex, asked.request.group, &fmode,
			   &numsrc, NULL);
	tap_expect(&self->tap, r == 0 && numsrc == 2, "get: %s, %u sources", strerror(-r),
		   numsrc);
	msf_free(msf);
	close(fd);
	tap_end(&self->tap, "EPERM: a locked filter, which can still be read");
}

static void test_ebpf(struct fixture *self)
{
	static const char *const words[] = { "eBPF", "SO_ATTACH_BPF", "SO_ATTACH_FILTER",
					     NULL };
	struct msf *msf = stacks_make_context(MSF_BACKEND_ASM, false);
	int fd = traffic_open_receiver(FLAVOUR_IPV4), unused = 0, program = ebpf_load();
	struct asked asked;

	if (program == -EPERM || program == -EACCES) {
		tap_skip(&self->tap, "may not load one here");
		tap_end(&self->tap, "EBUSY: an eBPF filter");
		msf_free(msf);
		close(fd);
		return;
	}
	ask(self, AF_INET, 2, &asked);
	tap_expect(&self->tap,
		   setsockopt(fd, SOL_SOCKET, SO_ATTACH_BPF, &program, sizeof(program)) ==
			   0,
		   "attach: %s", strerror(errno));
	expect_words(self, msf, fd, &asked, EBUSY, words);
	setsockopt(fd, SOL_SOCKET, SO_DETACH_BPF, &unused, sizeof(unused));
	expect_done(self, msf, fd, &asked, "without it");
	msf_free(msf);
	close(program);
	close(fd);
	tap_end(&self->tap, "EBUSY: an eBPF filter, until it is detached");
}

/* Joined past the library, where nothing tells what is on the socket. */
static void work_unseen(struct fixture *self)
{
	static const char *const words[] = { "option memory",  "SO_ATTACH_BPF",
					     "joined past it", "msf_setsockopt()",
					     "msfctl run",     NULL };
	int fd = traffic_open_receiver(FLAVOUR_IPV4);
	struct ip_mreqn mreq = { .imr_ifindex = (int)self->net.ifindex[0] };
	struct asked asked;

	ask(self, AF_INET, 2, &asked);
	inet_pton(AF_INET, "239.1.2.3", &mreq.imr_multiaddr);
	setsockopt(fd, IPPROTO_IP, IP_ADD_MEMBERSHIP, &mreq, sizeof(mreq));
	expect_words(self, NULL, fd, &asked, EBUSY, words);
	setsockopt(fd, IPPROTO_IP, IP_DROP_MEMBERSHIP, &mreq, sizeof(mreq));
	expect_done(self, NULL, fd, &asked, "left");
	close(fd);
}

static void test_unseen(struct fixture *self)
{
	static const struct old_stack blind = { ENOPROTOOPT, true,
						OLD_STACK_FILTERS_BLIND };

	stacks_visit(self, &blind, "blind", work_unseen);
	tap_end(&self->tap, "EBUSY: what cannot be seen, until it is gone");
}

static void work_fake(struct fixture *self)
{
	static const char *const words[] = { "msf_recvmsg()",
					     "msf_config_set_receive_calls()",
					     "msfctl run", NULL };
	struct msf *msf = stacks_make_context(MSF_BACKEND_AUTO, true);
	int fd = traffic_open_receiver(FLAVOUR_IPV4);
	struct asked asked;

	ask(self, AF_INET, 2, &asked);
	expect_words(self, NULL, fd, &asked, EOPNOTSUPP, words);
	expect_done(self, msf, fd, &asked, "with the promise");
	msf_free(msf);
}

static void test_fake(struct fixture *self)
{
	static const struct old_stack fake = { 0, false, OLD_STACK_FILTERS_FAKE };

	stacks_visit(self, &fake, "fake filters", work_fake);
	tap_end(&self->tap, "EOPNOTSUPP: no socket filters, until the receive calls do");
}

/*
 * Warnings
 */

static void expect_warning(struct fixture *self, struct msf *msf, int fd,
			   const struct asked *asked, const char *words)
{
	char text[TEXT_LEN] = "";
	int n;

	expect_done(self, msf, fd, asked, "to be warned of");
	n = msf_explain(msf, fd, &asked->request, 0, text, sizeof(text));
	if (words == NULL)
		tap_expect(&self->tap, n == 0, "a warning without need: %s", text);
	else
		tap_expect(&self->tap, strstr(text, words) != NULL, "no \"%s\" in: %s",
			   words, text);
}

static void test_warnings(struct fixture *self)
{
	struct msf *msf = stacks_make_context(MSF_BACKEND_ASM, false);
	int fd = traffic_open_receiver(FLAVOUR_IPV4);
	struct asked asked;

	ask(self, AF_INET, 2, &asked);
	expect_warning(self, msf, fd, &asked, "see a join for every source");
	asked.group = netns_parse("232.1.1.1");
	expect_warning(self, msf, fd, &asked, "routers ignore in the source-specific");
	ask(self, AF_INET, 0, &asked);
	asked.group = netns_group(AF_INET, 5);
	asked.request.fmode = MCAST_EXCLUDE;
	expect_warning(self, msf, fd, &asked, NULL);
	asked.request.verb = MSF_BLOCK_SOURCE;
	asked.slist[0] = netns_source(AF_INET, 0, 0);
	expect_warning(self, msf, fd, &asked, "see a join for every source");
	close(fd);
	fd = traffic_open_receiver(FLAVOUR_IPV6);
	ask(self, AF_INET6, 0, &asked);
	asked.request.fmode = MCAST_EXCLUDE;
	expect_warning(self, msf, fd, &asked, NULL);
	/* each interface has its own filter, which Linux does not manage */
	asked.request.ifindex = self->net.ifindex[1];
	expect_warning(self, msf, fd, &asked, NULL);
	msf_free(msf);
	close(fd);
	tap_end(&self->tap, "requests with sources are warned of the wire, others not");
}

/* Linux keeps a membership for the next interface with that index, and joins nothing
 * there: what is done to it is warned of. */
static void test_replaced(struct fixture *self)
{
	static const char *const words[] = { "was replaced", "leave the group", NULL };
	struct msf *msf = stacks_make_context(MSF_BACKEND_ASM, false);
	int fd = traffic_open_receiver(FLAVOUR_IPV4), r;
	struct asked asked;

	ask(self, AF_INET, 2, &asked);
	asked.request.ifindex = self->net.ifindex[1];
	expect_done(self, msf, fd, &asked, "before");
	netns_replace_link(&self->net, 1);
	asked.request.numsrc = 1;
	expect_warning(self, msf, fd, &asked, "was replaced");
	asked.request.verb = MSF_JOIN_GROUP;
	expect_words(self, msf, fd, &asked, EADDRINUSE, words);
	r = msf_leave_group(msf, fd, asked.request.ifindex, asked.request.group);
	tap_expect(&self->tap, r == 0, "leave: %s", strerror(-r));
	asked.request.verb = MSF_JOIN_SOURCE;
	expect_done(self, msf, fd, &asked, "joined again");
	tap_expect(&self->tap,
		   netns_get_members(asked.request.ifindex, &asked.group) == 1,
		   "the new interface is not joined");
	msf_free(msf);
	close(fd);
	tap_end(&self->tap, "an interface that was replaced is told, and how to go on");
}

/*
 * Facts
 */

static void test_list(struct fixture *self)
{
	static const char *const names[] = {
		"backend",
		"semantics",
		"kernel",
		"ipv6",
		"igmp_max_memberships",
		"mld_max_memberships",
		"socket_filters",
		"max_sources",
		"instructions",
		"optmem_max",
		"wire",
		"multicast_all",
		"multicast_all6",
		"mtu lo",
	};
	struct msf *msf = stacks_make_context(MSF_BACKEND_ASM, false);

	facts_expect_names(&self->tap, msf, names, sizeof(names) / sizeof(names[0]));
	msf_free(msf);
	tap_end(&self->tap, "the facts of the ASM backend come in their order");
}

static void work_old_stack(struct fixture *self)
{
	facts_expect(&self->tap, NULL, "backend", "asm|",
		     "this system has no source filters");
}

static void work_yes_sayer(struct fixture *self)
{
	facts_expect(&self->tap, NULL, "backend", "asm|",
		     "a request that must fail did not");
}

static void test_facts(struct fixture *self)
{
	static const struct old_stack old = { ENOPROTOOPT, true, OLD_STACK_FILTERS_WORK };
	static const struct old_stack yes = { 0, true, OLD_STACK_FILTERS_WORK };
	struct msf *msf = stacks_make_context(MSF_BACKEND_ASM, false);

	facts_expect(&self->tap, msf, "backend", "asm|",
		     "this system has source filters");
	facts_expect(&self->tap, msf, "socket_filters", "full|", "survives");
	facts_expect(&self->tap, msf, "max_sources", "64|sources|", "raised");
	facts_expect(&self->tap, msf, "instructions", "4096|", "4000 IPv4");
	facts_expect(&self->tap, msf, "optmem_max", "131072|bytes|", "4000 IPv4 or 570");
	netns_set_sysctl("net/core/optmem_max", 20480);
	facts_expect(&self->tap, msf, "optmem_max", "20480|bytes|",
		     "1635 IPv4 or 231 unrelated IPv6 sources: sysctl -w "
		     "net.core.optmem_max=65536");
	netns_set_sysctl("net/core/optmem_max", 131072);
	facts_expect(&self->tap, msf, "wire", "asm|", "a join for every source");
	facts_expect(&self->tap, msf, "igmp_max_msf", "absent", "");
	msf_free(msf);
	msf = make_wide_context(77);
	facts_expect(&self->tap, msf, "max_sources", "77|sources|", "own limit");
	msf_free(msf);
	stacks_visit(self, &old, "old stack", work_old_stack);
	stacks_visit(self, &yes, "yes-sayer", work_yes_sayer);
	tap_end(&self->tap, "the facts say how the backend was found, and what it holds");
}

/* What the facts say of the option memory is about what it holds. */
static void test_estimates(struct fixture *self)
{
	struct msf *msf = make_wide_context(5000);
	struct asked asked;

	netns_set_sysctl("net/core/optmem_max", 20480);
	for (uint32_t n = 200; n <= 260; n += 60) {
		int fd = traffic_open_receiver(FLAVOUR_IPV6), r;

		ask(self, AF_INET6, n, &asked);
		r = msf_apply_request(msf, fd, &asked.request);
		tap_expect(&self->tap, r == (n < 231 ? 0 : -ENOBUFS), "%u: %s", n,
			   strerror(-r));
		close(fd);
	}
	netns_set_sysctl("net/core/optmem_max", 131072);
	msf_free(msf);
	tap_end(&self->tap, "the option memory holds about what the facts say");
}

static void test_limits(struct fixture *self)
{
	struct msf *msf = stacks_make_context(MSF_BACKEND_ASM, false);
	struct msf_limits limits;
	int r = msf_probe_limits(msf, AF_INET, &limits);

	tap_expect(&self->tap,
		   r == 0 && limits.groups == 20 && limits.sources == 64 &&
			   limits.set_sources == 64,
		   "IPv4: %s, %u, %u, %u", strerror(-r), limits.groups, limits.sources,
		   limits.set_sources);
	msf_free(msf);
	msf = make_wide_context(1000);
	r = msf_probe_limits(msf, AF_INET6, &limits);
	tap_expect(&self->tap,
		   r == 0 && limits.groups == UINT32_MAX && limits.sources == 1000 &&
			   limits.set_sources == 1000,
		   "IPv6: %s, %u, %u, %u", strerror(-r), limits.groups, limits.sources,
		   limits.set_sources);
	r = msf_probe_limits(msf, AF_UNIX, &limits);
	tap_expect(&self->tap, r == -EAFNOSUPPORT, "AF_UNIX: %s", strerror(-r));
	msf_free(msf);
	tap_end(&self->tap, "the limits are the backend's, those of groups the kernel's");
}

int main(void)
{
	struct fixture self = { 0 };

	netns_init(&self.net);
	netns_set_sysctl("net/core/optmem_max", 131072);
	netns_set_sysctl("net/ipv4/igmp_max_memberships", 20);
	test_own_limit(&self);
	test_instructions(&self);
	test_memory(&self);
	test_groups(&self);
	test_lock(&self);
	test_ebpf(&self);
	test_unseen(&self);
	test_fake(&self);
	test_warnings(&self);
	test_replaced(&self);
	test_list(&self);
	test_facts(&self);
	test_estimates(&self);
	test_limits(&self);
	return tap_finish(&self.tap);
}
