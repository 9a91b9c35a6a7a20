/* SPDX-License-Identifier: BSD-2-Clause */
/* lies: one small experiment each, on a socket of its own (see lies.h). */
#include <errno.h>
#include <string.h>
#include <unistd.h>
#include <netinet/in.h>

#include "kernel.h"
#include "lies.h"

#define CANARY 0xa5

static enum lies_answer yes_if(int condition)
{
	return condition ? LIES_YES : LIES_NO;
}

static int level_of(int family)
{
	return family == AF_INET ? IPPROTO_IP : IPPROTO_IPV6;
}

/* A refused request must not change the state. */
static enum lies_answer ask_refused(int fd, int family)
{
	struct kernel_filter found;

	if (kernel_send_group(fd, family, MCAST_JOIN_GROUP) < 0)
		return LIES_UNKNOWN;
	if (!kernel_send_source(fd, family, MCAST_LEAVE_SOURCE_GROUP, 0))
		return LIES_NO; /* not refused: the table's business */
	found = kernel_get_filter(fd, family);
	if (found.mode == KERNEL_UNREADABLE)
		return LIES_UNKNOWN;
	return yes_if(found.mode != KERNEL_EXCLUDE || found.set);
}

/* RFC 3678 4.1.3: a source-specific request after an any-source join. */
static enum lies_answer ask_flip(int fd, int family)
{
	if (kernel_send_group(fd, family, MCAST_JOIN_GROUP) < 0)
		return LIES_UNKNOWN;
	return yes_if(!kernel_send_source(fd, family, MCAST_JOIN_SOURCE_GROUP, 0));
}

static enum lies_answer ask_identical(int fd, int family)
{
	static const unsigned int list[] = { 0 };

	if (kernel_send_source(fd, family, MCAST_JOIN_SOURCE_GROUP, 0) < 0)
		return LIES_UNKNOWN;
	return yes_if(!kernel_send_filter(fd, family, MCAST_INCLUDE, 1, list));
}

/* README 4-2: a full-state set needs no join. */
static enum lies_answer ask_prior_join(int fd, int family)
{
	static const unsigned int list[] = { 0 };
	int r = kernel_send_filter(fd, family, MCAST_INCLUDE, 1, list);

	return r < 0 && r != -EINVAL ? LIES_UNKNOWN : yes_if(r < 0);
}

static enum lies_answer ask_duplicates(int fd, int family)
{
	static const unsigned int list[] = { 0, 0 };
	struct kernel_filter found;

	if (kernel_send_source(fd, family, MCAST_JOIN_SOURCE_GROUP, 1) < 0)
		return LIES_UNKNOWN;
	if (kernel_send_filter(fd, family, MCAST_INCLUDE, 2, list) < 0)
		return LIES_NO;
	found = kernel_get_filter(fd, family);
	return found.mode == KERNEL_UNREADABLE ? LIES_UNKNOWN : yes_if(found.numsrc > 1);
}

/* A multicast address cannot be a sender. */
static enum lies_answer ask_multicast_source(int fd, int family)
{
	struct sockaddr_storage source = kernel_group(family);
	int r = kernel_send_address(fd, family, MCAST_JOIN_SOURCE_GROUP, &source);

	return r == -ENOPROTOOPT ? LIES_UNKNOWN : yes_if(!r);
}

/* The caller says how long his buffer is; behind that nothing is to be written. */
static enum lies_answer ask_overrun(int fd, int family)
{
	union {
		struct group_filter filter;
		unsigned char bytes[GROUP_FILTER_SIZE(2)];
	} room;
	socklen_t len = GROUP_FILTER_SIZE(1);

	if (kernel_send_source(fd, family, MCAST_JOIN_SOURCE_GROUP, 0) < 0 ||
	    kernel_send_source(fd, family, MCAST_JOIN_SOURCE_GROUP, 1) < 0)
		return LIES_UNKNOWN;
	memset(&room, 0, sizeof(room));
	memset(room.bytes + len, CANARY, sizeof(room) - len);
	room.filter.gf_interface = 1;
	room.filter.gf_group = kernel_group(family);
	room.filter.gf_numsrc = 2;
	if (getsockopt(fd, level_of(family), MCAST_MSFILTER, &room, &len))
		return LIES_NO;
	for (size_t i = GROUP_FILTER_SIZE(1); i < sizeof(room); i++)
		if (room.bytes[i] != CANARY)
			return LIES_YES;
	return LIES_NO;
}

/* RFC 3678 4.1.3: EOPNOTSUPP. */
static enum lies_answer ask_delta_get(int fd, int family)
{
	struct group_req request = { .gr_interface = 1 };
	socklen_t len = sizeof(request);

	request.gr_group = kernel_group(family);
	if (!getsockopt(fd, level_of(family), MCAST_JOIN_GROUP, &request, &len))
		return LIES_YES;
	return yes_if(errno != EOPNOTSUPP);
}

/* Some stacks say 0 to options that they do not know. */
static enum lies_answer ask_ignored(int fd, int family)
{
	struct kernel_filter found;

	if (kernel_send_source(fd, family, MCAST_JOIN_SOURCE_GROUP, 0) < 0)
		return LIES_NO;
	found = kernel_get_filter(fd, family);
	return yes_if(found.mode != KERNEL_INCLUDE || found.set != 1);
}

/* What reads the same should act the same. */
static enum lies_answer ask_emptied(int fd, int family)
{
	int fresh, emptied, other;

	if (kernel_send_group(fd, family, MCAST_JOIN_GROUP) < 0 ||
	    kernel_send_source(fd, family, MCAST_BLOCK_SOURCE, 0) < 0 ||
	    kernel_send_source(fd, family, MCAST_UNBLOCK_SOURCE, 0) < 0)
		return LIES_UNKNOWN;
	emptied = kernel_send_source(fd, family, MCAST_JOIN_SOURCE_GROUP, 0);
	other = kernel_open(family);
	if (other < 0)
		return LIES_UNKNOWN;
	kernel_send_group(other, family, MCAST_JOIN_GROUP);
	fresh = kernel_send_source(other, family, MCAST_JOIN_SOURCE_GROUP, 0);
	close(other);
	return yes_if(fresh != emptied);
}

const struct lies_lie lies[] = {
	{ "refused_changes_state", "leave_source after join_group",
	  "the refused call leaves INCLUDE {}, and the socket receives nothing",
	  ask_refused },
	{ "join_source_flips_mode", "join_source after join_group",
	  "it succeeds, and other sources are heard no more", ask_flip },
	{ "identical_set_succeeds", "MCAST_MSFILTER with the filter in force",
	  "a repeated request is not told from a new one", ask_identical },
	{ "set_needs_join", "MCAST_MSFILTER without a membership",
	  "EINVAL: to open a filter takes a join first, which may let others in",
	  ask_prior_join },
	{ "duplicates_kept", "MCAST_MSFILTER with a source twice",
	  "it is stored twice, and takes two leaves", ask_duplicates },
	{ "hidden_state", "join_source after block and unblock",
	  "what reads as EXCLUDE {} is answered in two ways", ask_emptied },
	{ "multicast_source_taken", "join_source with a multicast address",
	  "wrong sources are stored and never heard", ask_multicast_source },
	{ "getsockopt_overruns", "MCAST_MSFILTER with a short buffer",
	  "the kernel writes past optlen: the caller's memory is overwritten",
	  ask_overrun },
	{ "getsockopt_errno", "getsockopt(MCAST_JOIN_GROUP)",
	  "not EOPNOTSUPP, as RFC 3678 4.1.3 asks for", ask_delta_get },
	{ "ignored_with_success", "MCAST_JOIN_SOURCE_GROUP, read back",
	  "the option returns 0 and does nothing", ask_ignored },
};

const unsigned int n_lies = sizeof(lies) / sizeof(*lies);

static enum lies_answer ask(const struct lies_lie *lie, int family)
{
	enum lies_answer answer;
	int fd = kernel_open(family);

	if (fd < 0)
		return LIES_UNKNOWN;
	answer = lie->ask(fd, family);
	close(fd);
	return answer;
}

void lies_run(void *shared)
{
	enum lies_answer *answers = shared;

	for (unsigned int i = 0; i < n_lies; i++) {
		enum lies_answer ipv4 = ask(&lies[i], AF_INET);
		enum lies_answer ipv6 = ask(&lies[i], AF_INET6);

		answers[i] = ipv4 > ipv6 ? ipv4 : ipv6;
	}
}
