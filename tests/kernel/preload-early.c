/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * preload-early [front|behind]: a program that joins before main() begins, with the shim
 * and, in front of it or behind, another preloaded library (preload-counter.c) that
 * stands at the same place.
 */
#include <dlfcn.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "system.h"
#include "tap.h"
#include "traffic.h"

struct early {
	struct netns net;
	struct sockaddr_storage group;
	int fd;
	int answer; /* of the join */
};

/* A constructor has nowhere else to leave it. */
static struct early early;

__attribute__((constructor)) static void join(void)
{
	struct group_source_req req = { 0 };

	unsetenv("LD_PRELOAD");
	netns_init(&early.net);
	system_init();
	early.group = netns_group(AF_INET, 0);
	early.fd = traffic_open_strict_receiver(FLAVOUR_IPV4);
	req.gsr_interface = early.net.ifindex[0];
	req.gsr_group = early.group;
	req.gsr_source = netns_source(AF_INET, 0, 0);
	early.answer = setsockopt(early.fd, IPPROTO_IP, MCAST_JOIN_SOURCE_GROUP, &req,
				  sizeof(req))
			       ? errno
			       : 0;
}

/* How often the other library saw the option. */
static unsigned int count(int optname)
{
	unsigned int (*counter)(int);
	void *found = dlsym(RTLD_DEFAULT, "preload_counter");

	if (found == NULL)
		tap_bail_out("the other library is not preloaded");
	memcpy(&counter, &found, sizeof(counter));
	return counter(optname);
}

static void test_other(struct tap *tap, const char *where)
{
	unsigned int asked = count(MCAST_JOIN_SOURCE_GROUP);
	unsigned int done = count(MCAST_JOIN_GROUP) + count(IP_ADD_MEMBERSHIP);

	if (!strcmp(where, "front"))
		tap_expect(tap, asked == 1 && done == 0, "%u asked, %u done", asked,
			   done);
	else
		tap_expect(tap, done == 1, "%u done", done);
	tap_end(tap, "the library %s sees what %s", where,
		strcmp(where, "front") ? "the shim does" : "the program asks");
}

int main(int argc, char **argv)
{
	struct traffic traffic;
	struct tap tap = { 0 };
	unsigned int heard;

	traffic_init(&traffic, &early.net);
	heard = traffic_hear(&traffic, early.fd, 0, &early.group);
	tap_expect(&tap, early.answer == 0 && heard == 1, "%s, heard %#x",
		   strerror(early.answer), heard);
	tap_end(&tap, "a constructor may join");
	if (argc > 1)
		test_other(&tap, argv[1]);
	traffic_fini(&traffic);
	close(early.fd);
	return tap_finish(&tap);
}
