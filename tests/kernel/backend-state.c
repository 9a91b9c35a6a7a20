/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What sockets of the ASM backend hold, as others see it: the filters of their programs
 * instead of the joins for every source that the kernel has, on this kernel and on
 * older stacks; and with what backend to change them.
 */
#include <errno.h>
#include <linux/filter.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <msf.h>

#include "host.h"
#include "raw.h"
#include "stacks.h"

static const struct old_stack old_stack = { ENOPROTOOPT, true, OLD_STACK_FILTERS_WORK };
static const struct old_stack fake_stack = { 0, false, OLD_STACK_FILTERS_FAKE };

#define TEXT_SIZE 512

/* "m0 239.9.0.1 INCLUDE 2, " for each membership. */
static void add_membership(const struct fixture *self, const struct msf_membership *m,
			   char text[TEXT_SIZE])
{
	size_t n = strlen(text);
	unsigned int g = 0, l = m->ifindex == self->net.ifindex[1];
	struct sockaddr_storage group, source;

	do
		group = netns_group(m->group.ss_family, g);
	while (memcmp(&group, &m->group, sizeof(group)) != 0 && ++g < 9);
	n += snprintf(text + n, TEXT_SIZE - n, "%s group %u %s", m->interface, g,
		      m->fmode == MCAST_INCLUDE ? "INCLUDE" : "EXCLUDE");
	for (uint32_t i = 0; i < m->numsrc; i++) {
		source = netns_source(m->group.ss_family, l, i);
		n += snprintf(text + n, TEXT_SIZE - n, " %s",
			      memcmp(&source, &m->slist[i], sizeof(source)) == 0
				      ? "ok"
				      : "another");
	}
	snprintf(text + n, TEXT_SIZE - n, ", ");
}

static void expect_state(struct fixture *self, struct msf *msf, int fd,
			 const char *wanted, const char *when)
{
	char text[TEXT_SIZE] = "";
	struct msf_membership m;
	struct msf_state *state;
	int r = msf_state_new(&state, msf, fd);

	tap_expect(&self->tap, r == 0, "%s: %s", when, strerror(-r));
	while (r == 0 && msf_state_pop_membership(state, &m) == 1)
		add_membership(self, &m, text);
	if (r == 0)
		msf_state_free(state);
	tap_expect(&self->tap, strcmp(text, wanted) == 0, "%s: %s, not %s", when, text,
		   wanted);
}

/* Sources 0 and 1 of group 0 on m0, and on AF_INET6 sockets of both families. */
static int open_member(struct fixture *self, struct msf *msf, enum flavour flavour)
{
	int fd = traffic_open_receiver(flavour);
	int r = stacks_join(self, msf, fd, flavour, 2);

	if (r < 0)
		tap_bail_out("cannot join: %s", strerror(-r));
	return fd;
}

static void expect_flavours(struct fixture *self, struct msf *msf, struct msf *reader)
{
	for (enum flavour flavour = 0; flavour < N_FLAVOURS; flavour++) {
		int fd = open_member(self, msf, flavour);

		expect_state(self, reader, fd, "m0 group 0 INCLUDE ok ok, ",
			     flavour_name(flavour));
		close(fd);
	}
}

static void test_here(struct fixture *self)
{
	struct msf *msf = stacks_make_context(MSF_BACKEND_ASM, false);
	struct sockaddr_storage group = netns_group(AF_INET, 3);
	int fd;

	expect_flavours(self, msf, msf);
	expect_flavours(self, msf, NULL);
	tap_end(&self->tap, "the program's filter stands for the kernel's plain join");
	fd = open_member(self, msf, FLAVOUR_IPV4);
	msf_join_group(msf, fd, self->net.ifindex[1], (const void *)&group);
	raw_delta(fd, MSF_JOIN_GROUP, self->net.ifindex[0], &group, NULL);
	expect_state(self, NULL, fd,
		     "m0 group 0 INCLUDE ok ok, m1 group 3 EXCLUDE, m0 group 3 EXCLUDE, ",
		     "with one more");
	close(fd);
	msf_free(msf);
	tap_end(&self->tap, "a membership joined past the library is shown beside it");
}

static void work_old_stack(struct fixture *self)
{
	struct sockaddr_storage group = netns_group(AF_INET, 3);
	const struct sockaddr_in *sin = (const void *)&group;
	struct ip_mreqn mreq = { .imr_multiaddr = sin->sin_addr,
				 .imr_ifindex = (int)self->net.ifindex[0] };
	int fd;

	expect_flavours(self, NULL, NULL);
	fd = open_member(self, NULL, FLAVOUR_IPV4);
	raw_setsockopt(fd, IPPROTO_IP, IP_ADD_MEMBERSHIP, &mreq, sizeof(mreq));
	expect_state(self, NULL, fd, "m0 group 0 INCLUDE ok ok, ", "joined past us");
	close(fd);
}

static void work_fake_stack(struct fixture *self)
{
	struct msf *msf = stacks_make_context(MSF_BACKEND_AUTO, true);

	expect_flavours(self, msf, msf);
	expect_flavours(self, msf, NULL);
	msf_free(msf);
}

static void test_stacks(struct fixture *self)
{
	stacks_visit(self, &old_stack, "old stack", work_old_stack);
	tap_end(&self->tap, "where the kernel cannot be asked the program tells");
	stacks_visit(self, &fake_stack, "fake filters", work_fake_stack);
	tap_end(&self->tap, "without socket filters the table of the process tells");
}

/*
 * Other processes
 */

struct holding {
	struct fixture *fixture;
	enum flavour flavour;
	enum msf_backend backend;
	const struct old_stack *stack; /* NULL: none */
};

static void hold(void *argument, struct host_report *report)
{
	const struct holding *holding = argument;
	struct msf *msf;

	if (holding->stack != NULL)
		old_stack_enter(holding->stack);
	msf = stacks_make_context(holding->backend, false);
	host_report_socket(report, open_member(holding->fixture, msf, holding->flavour));
	host_report_socket(report, traffic_open_receiver(holding->flavour));
	msf_free(msf);
}

static void expect_seen(struct fixture *self, const struct host_view *view,
			uint64_t inode, enum msf_backend backend, const char *wanted)
{
	const struct host_seen *seen = host_view_find(view, inode);
	char text[TEXT_SIZE] = "";

	if (!tap_expect(&self->tap, seen != NULL, "a socket is not there"))
		return;
	for (unsigned int i = 0; i < seen->n_memberships; i++)
		add_membership(self, &seen->memberships[i], text);
	tap_expect(&self->tap, strcmp(text, wanted) == 0, "it holds %s, not %s", text,
		   wanted);
	tap_expect(&self->tap, seen->socket.backend == backend, "backend %d, not %d",
		   seen->socket.backend, backend);
}

/* idle: the backend of sockets that hold nothing, as the observer's system has it. */
static void expect_holder(struct fixture *self, struct holding holding,
			  enum msf_backend idle)
{
	static const struct msf_scan scan = { .flags = MSF_SCAN_IDLE | MSF_SCAN_HERE };
	enum msf_backend backend = holding.backend == MSF_BACKEND_AUTO ? MSF_BACKEND_ASM
								       : holding.backend;
	struct host_child child;
	struct host_view view;
	int r;

	holding.fixture = self;
	host_start(&child, hold, &holding);
	r = host_view_init(&view, &scan);
	tap_expect(&self->tap, r == 0, "scan: %s", strerror(-r));
	expect_seen(self, &view, child.report.socket[0].inode, backend,
		    "m0 group 0 INCLUDE ok ok, ");
	expect_seen(self, &view, child.report.socket[1].inode, idle, "");
	host_view_fini(&view);
	host_stop(&child);
}

static void work_observe(struct fixture *self)
{
	struct holding holding = { .backend = MSF_BACKEND_AUTO };

	for (enum flavour flavour = 0; flavour < N_FLAVOURS; flavour++) {
		holding.flavour = flavour;
		expect_holder(self, holding, MSF_BACKEND_ASM);
	}
}

static void test_scan(struct fixture *self)
{
	for (enum flavour flavour = 0; flavour < N_FLAVOURS; flavour++) {
		struct holding holding = { .flavour = flavour };

		holding.backend = MSF_BACKEND_KERNEL;
		expect_holder(self, holding, MSF_BACKEND_KERNEL);
		holding.backend = MSF_BACKEND_ASM;
		expect_holder(self, holding, MSF_BACKEND_KERNEL);
		holding.backend = MSF_BACKEND_AUTO;
		holding.stack = &old_stack;
		expect_holder(self, holding, MSF_BACKEND_KERNEL);
	}
	tap_end(&self->tap, "a scan shows filters of both backends, and whose they are");
	stacks_visit(self, &old_stack, "old stack", work_observe);
	tap_end(&self->tap, "so it does from an older stack, where all is ASM");
}

/* Opens the socket of another process, and changes it with the backend of the scan. */
static void change_foreign(struct fixture *self, enum msf_backend backend)
{
	struct holding holding = { self, FLAVOUR_IPV4, backend, NULL };
	struct sockaddr_storage group = netns_group(AF_INET, 0);
	struct sockaddr_storage source = netns_source(AF_INET, 0, 2);
	const struct host_seen *seen;
	struct host_child child;
	struct host_view view;
	struct msf *msf;
	int fd, r;

	host_start(&child, hold, &holding);
	r = host_view_init(&view, NULL);
	seen = r ? NULL : host_view_find(&view, child.report.socket[0].inode);
	if (seen == NULL)
		tap_bail_out("the socket of a child is not there");
	msf = stacks_make_context(seen->socket.backend, false);
	fd = msf_state_open_socket(msf, child.pid, child.report.socket[0].fd);
	tap_expect(&self->tap, fd >= 0, "open: %s", strerror(-fd));
	r = msf_join_source(msf, fd, self->net.ifindex[0], (const void *)&group,
			    (const void *)&source);
	tap_expect(&self->tap, r == 0, "join: %s", strerror(-r));
	expect_state(self, NULL, fd, "m0 group 0 INCLUDE ok ok ok, ", "changed");
	tap_expect(&self->tap, traffic_hear(&self->traffic, fd, 0, &group) == 7,
		   "other sources are heard");
	close(fd);
	msf_free(msf);
	host_view_fini(&view);
	host_stop(&child);
}

static void test_foreign(struct fixture *self)
{
	change_foreign(self, MSF_BACKEND_KERNEL);
	change_foreign(self, MSF_BACKEND_ASM);
	tap_end(&self->tap,
		"the backend of a scan is the one to change another's socket with");
}

/* A socket whose interface is gone still has its filter. */
static void test_gone(struct fixture *self)
{
	struct msf *msf = stacks_make_context(MSF_BACKEND_ASM, false);
	struct sockaddr_storage group = netns_group(AF_INET, 0);
	int fd = traffic_open_receiver(FLAVOUR_IPV4), r;

	if (netns_ip("link add name z9 index 9000 type veth peer name z9p\n") < 0)
		tap_bail_out("cannot make a link");
	r = msf_join_group(msf, fd, 9000, (const void *)&group);
	tap_expect(&self->tap, r == 0, "join: %s", strerror(-r));
	netns_ip("link del z9\n");
	expect_state(self, NULL, fd, " group 0 EXCLUDE, ", "gone");
	r = msf_leave_group(msf, fd, 9000, (const void *)&group);
	tap_expect(&self->tap, r == 0, "leave: %s", strerror(-r));
	expect_state(self, NULL, fd, "", "left");
	msf_free(msf);
	close(fd);
	tap_end(&self->tap,
		"a membership of an interface that is gone is found, and left");
}

/* A program like one of ours on a socket that has joined nothing. */
static void work_invented(struct fixture *self)
{
	struct msf *msf = stacks_make_context(MSF_BACKEND_ASM, false);
	struct sock_filter code[BPF_MAXINSNS];
	socklen_t n = BPF_MAXINSNS;
	struct sock_fprog fprog = { .filter = code };
	int model = open_member(self, msf, FLAVOUR_IPV4);
	int fd = traffic_open_receiver(FLAVOUR_IPV4);

	raw_getsockopt(model, SOL_SOCKET, SO_GET_FILTER, code, &n);
	close(model);
	fprog.len = (unsigned short)n;
	tap_expect(&self->tap,
		   raw_setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &fprog,
				  sizeof(fprog)) == 0,
		   "attach");
	expect_state(self, msf, fd, "", "invented");
	msf_free(msf);
	close(fd);
}

static void test_invented(struct fixture *self)
{
	stacks_visit(self, NULL, "kernel", work_invented);
	stacks_visit(self, &old_stack, "old stack", work_invented);
	tap_end(&self->tap, "a group that nobody joined is no membership, whatever a "
			    "socket filter says");
}

/* SO_GET_FILTER would end the process. */
static void work_fatal(struct fixture *self)
{
	struct sockaddr_storage group = netns_group(AF_INET, 3);
	struct msf *msf = stacks_make_context(MSF_BACKEND_AUTO, false);
	int fd = traffic_open_receiver(FLAVOUR_IPV4);

	msf_join_group(msf, fd, self->net.ifindex[0], (const void *)&group);
	expect_state(self, NULL, fd, "m0 group 3 EXCLUDE, ", "first");
	expect_state(self, msf, fd, "m0 group 3 EXCLUDE, ", "again");
	msf_free(msf);
	close(fd);
}

static void test_fatal(struct fixture *self)
{
	static const struct old_stack fatal = { ENOPROTOOPT, true,
						OLD_STACK_FILTERS_FATAL };

	stacks_visit(self, &fatal, "no SO_COOKIE", work_fatal);
	tap_end(&self->tap, "where to read a filter back is fatal nobody tries");
}

int main(void)
{
	struct fixture self = { 0 };

	host_enter();
	netns_init(&self.net);
	traffic_init(&self.traffic, &self.net);
	self.traffic.receive = msf_recv;
	/* first: who has asked knows what filters are good for */
	test_stacks(&self);
	test_fatal(&self);
	test_here(&self);
	test_scan(&self);
	test_foreign(&self);
	test_gone(&self);
	test_invented(&self);
	traffic_fini(&self.traffic);
	return tap_finish(&self.tap);
}
