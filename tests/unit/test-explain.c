/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * msf_explain() about requests that are badly made: each of them is refused first, and
 * its sentence names what is wrong with it. tests/kernel/explain.c has those that are
 * refused for what the socket holds.
 */
#include <errno.h>
#include <msf.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tap.h"

static const struct sockaddr_in group = { .sin_family = AF_INET,
					  .sin_addr.s_addr = 0x010101e8 };
static const struct sockaddr_in6 group_ipv6 = {
	.sin6_family = AF_INET6,
	.sin6_addr.s6_addr = { 0xff, 0x3e, [12] = 0x80, [15] = 1 },
};
static const struct strange {
	sa_family_t family;
	char bytes[14];
} strange = { AF_UNIX, "" };
static const struct sockaddr_storage source = { .ss_family = AF_INET };

#define GROUP   ((const struct sockaddr *)&group)
#define GROUP6  ((const struct sockaddr *)&group_ipv6)
#define STRANGE ((const struct sockaddr *)&strange)
#define SOURCE  ((const struct sockaddr *)&source)

static const struct row {
	const char *name;
	struct msf_request request;
	int error;
	const char *word; /* that the sentence must have */
} rows[] = {
	{ "no group",
	  { .verb = MSF_JOIN_GROUP, .ifindex = 1 },
	  EFAULT,
	  "the group is NULL" },
	{ "no source",
	  { .verb = MSF_JOIN_SOURCE, .ifindex = 1, .group = GROUP },
	  EFAULT,
	  "the source is NULL" },
	{ "no source list",
	  { .verb = MSF_SET_FILTER,
	    .ifindex = 1,
	    .group = GROUP,
	    .fmode = 1,
	    .numsrc = 2 },
	  EFAULT,
	  "the source list is NULL" },
	{ "a family that has no multicast",
	  { .verb = MSF_JOIN_GROUP, .ifindex = 1, .group = STRANGE },
	  EAFNOSUPPORT,
	  "neither AF_INET nor AF_INET6" },
	{ "a group of the other family",
	  { .verb = MSF_JOIN_GROUP, .ifindex = 1, .group = GROUP6 },
	  0,
	  "socket" },
	{ "a verb that is none",
	  { .verb = (enum msf_verb)99, .ifindex = 1, .group = GROUP },
	  EINVAL,
	  "99 is no request" },
	{ "a list without end",
	  { .verb = MSF_SET_FILTER,
	    .ifindex = 1,
	    .group = GROUP,
	    .fmode = 1,
	    .numsrc = 1u << 30,
	    .slist = &source },
	  ENOBUFS,
	  "is the number right?" },
};

static void test_row(struct tap *tap, int fd, const struct row *row)
{
	char text[512] = "";
	int r = msf_apply_request(NULL, fd, &row->request);

	tap_expect(tap, r < 0, "it is accepted");
	tap_expect(tap, !row->error || r == -row->error, "%s", strerrorname_np(-r));
	tap_expect(tap, msf_explain(NULL, fd, &row->request, r, text, sizeof(text)) > 0,
		   "no sentence");
	tap_expect(tap, strstr(text, row->word), "\"%s\" has no \"%s\"", text, row->word);
	tap_end(tap, "%s", row->name);
}

int main(void)
{
	int fd = socket(AF_INET, SOCK_DGRAM, 0);
	struct tap tap = { 0 };

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		test_row(&tap, fd, &rows[i]);
	close(fd);
	return tap_finish(&tap);
}
