/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The functions of docs/porting.md, side by side: what "before" and "after" leave
 * behind on a socket is the same filter. tests/docs/porting cuts the functions out
 * into porting-functions.h. Runs in a network namespace of its own, where only lo is,
 * with multicast on.
 */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "porting-functions.h"

static int n_tests, n_failed;
static uint32_t lo;
static struct sockaddr_in group4 = { .sin_family = AF_INET };
static struct sockaddr_in source4 = { .sin_family = AF_INET };
static struct sockaddr_in6 group6 = { .sin6_family = AF_INET6 };
static struct sockaddr_in6 source6 = { .sin6_family = AF_INET6 };
static struct in_addr interface4;

/* A socket that is closed at the end of the test. */
static int open_socket(int family)
{
	int fd = socket(family, SOCK_DGRAM, 0);

	if (fd < 0) {
		perror("socket");
		exit(1);
	}
	return fd;
}

/* "result MODE: addresses" */
static void describe(int fd, int result, struct sockaddr *group, char *text, size_t len)
{
	struct sockaddr_storage slist[4];
	uint32_t fmode, numsrc = 4;
	char name[INET6_ADDRSTRLEN] = "-";
	int error = msf_get_filter(NULL, fd, lo, group, &fmode, &numsrc, slist);
	void *address = &((struct sockaddr_in *)slist)->sin_addr;

	if (error) {
		snprintf(text, len, "%d error %d", result, error);
	} else {
		if (slist[0].ss_family == AF_INET6)
			address = &((struct sockaddr_in6 *)slist)->sin6_addr;
		if (numsrc)
			inet_ntop(slist[0].ss_family, address, name, sizeof(name));
		snprintf(text, len, "%d mode %u of %u: %s", result, fmode, numsrc, name);
	}
	close(fd);
}

static void compare(const char *name, const char *wanted, const char *text)
{
	int is_same = !strcmp(wanted, text);

	n_failed += !is_same;
	printf("%sok %d - %s\n", is_same ? "" : "not ", ++n_tests, name);
	if (!is_same)
		printf("# %s, not %s\n", text, wanted);
}

/* Evaluates the call with a socket fd of the group's family. */
#define TRY(name, wanted, group, call)                                              \
	do {                                                                        \
		char text[128];                                                     \
		int fd = open_socket(((struct sockaddr *)group)->sa_family);        \
		int result = call;                                                  \
                                                                                    \
		describe(fd, result, (struct sockaddr *)group, text, sizeof(text)); \
		compare(name, wanted, text);                                        \
	} while (0)

#define SA(address) ((struct sockaddr *)&(address))
#define ANY         "0 mode 0 of 0: -"
#define ONE4        "0 mode 1 of 1: 10.9.0.1"
#define ONE6        "0 mode 1 of 1: fd09::1"

static void try_deltas(void)
{
	struct in_addr group = group4.sin_addr, source = source4.sin_addr;

	TRY("before_mreq", ANY, &group4, before_mreq(fd, group, interface4));
	TRY("drop_in_mreq", ANY, &group4, drop_in_mreq(fd, group, interface4));
	TRY("after_mreq", ANY, &group4, after_mreq(fd, SA(group4), "lo"));
	TRY("after_mreq, IPv6", ANY, &group6, after_mreq(fd, SA(group6), "lo"));
	TRY("before_mreq_source", ONE4, &group4,
	    before_mreq_source(fd, group, interface4, source));
	TRY("after_mreq_source", ONE4, &group4,
	    after_mreq_source(fd, SA(group4), "lo", SA(source4)));
	TRY("before_group_source_req", ONE4, &group4,
	    before_group_source_req(fd, lo, SA(group4), SA(source4)));
	TRY("after_group_source_req", ONE4, &group4,
	    after_group_source_req(fd, lo, SA(group4), SA(source4)));
	TRY("before_group_source_req, IPv6", ONE6, &group6,
	    before_group_source_req(fd, lo, SA(group6), SA(source6)));
	TRY("after_group_source_req, IPv6", ONE6, &group6,
	    after_group_source_req(fd, lo, SA(group6), SA(source6)));
}

static void try_full_state(void)
{
	struct in_addr group = group4.sin_addr, source = source4.sin_addr;
	struct sockaddr_storage list4 = { 0 }, list6 = { 0 };
	socklen_t len4 = sizeof(group4), len6 = sizeof(group6);

	memcpy(&list4, &source4, sizeof(source4));
	memcpy(&list6, &source6, sizeof(source6));
	TRY("before_setsourcefilter", ONE4, &group4,
	    before_setsourcefilter(fd, lo, SA(group4), len4, 1, &list4));
	TRY("after_setsourcefilter", ONE4, &group4,
	    after_setsourcefilter(fd, lo, SA(group4), len4, 1, &list4));
	TRY("before_setsourcefilter, IPv6", ONE6, &group6,
	    before_setsourcefilter(fd, lo, SA(group6), len6, 1, &list6));
	TRY("after_setsourcefilter, IPv6", ONE6, &group6,
	    after_setsourcefilter(fd, lo, SA(group6), len6, 1, &list6));
	TRY("after_set_filter", ONE4, &group4,
	    after_set_filter(fd, lo, SA(group4), 1, &list4));
	TRY("after_setipv4sourcefilter", ONE4, &group4,
	    after_setipv4sourcefilter(fd, interface4, group, 1, &source));
	TRY("after_sioc_ip", ONE4, &group4, after_sioc_ip(fd, interface4, group, source));
	TRY("after_sioc", ONE4, &group4,
	    after_sioc(fd, lo, SA(group4), len4, SA(source4)));
	TRY("after_sioc, IPv6", ONE6, &group6,
	    after_sioc(fd, lo, SA(group6), len6, SA(source6)));
}

/* What reads, and what explains. */
static void try_answers(void)
{
	struct sockaddr_storage slist[4];
	char why[256] = "", text[320];
	uint32_t numsrc = 0;
	int fd = open_socket(AF_INET), fmode, error;

	after_group_source_req(fd, lo, SA(group4), SA(source4));
	fmode = after_getsourcefilter(fd, lo, SA(group4), sizeof(group4), slist, 4,
				      &numsrc);
	snprintf(text, sizeof(text), "mode %d of %u", fmode, numsrc);
	compare("after_getsourcefilter", "mode 1 of 1", text);
	error = join_and_say_why(fd, lo, SA(group4), SA(source4), why, sizeof(why));
	snprintf(text, sizeof(text), "%s, %s", strerror(-error),
		 strstr(why, "joined") ? "explained" : why);
	compare("join_and_say_why", "Cannot assign requested address, explained", text);
	close(fd);
}

int main(void)
{
	lo = if_nametoindex("lo");
	interface4.s_addr = htonl(INADDR_LOOPBACK);
	inet_pton(AF_INET, "232.1.1.1", &group4.sin_addr);
	inet_pton(AF_INET, "10.9.0.1", &source4.sin_addr);
	inet_pton(AF_INET6, "ff3e::1", &group6.sin6_addr);
	inet_pton(AF_INET6, "fd09::1", &source6.sin6_addr);
	try_deltas();
	try_full_state();
	try_answers();
	printf("1..%d\n", n_tests);
	return n_failed ? 1 : 0;
}
