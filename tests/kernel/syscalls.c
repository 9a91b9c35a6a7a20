/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which system calls a request makes. The library reaches the kernel through
 * setsockopt() and getsockopt(); this program defines both, writes down what
 * passes, and hands it on. Looked at: an identical set writes nothing, one changed
 * source is one delta, and a membership is opened by a source, never for all.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "model.h"
#include "raw.h"
#include "shape.h"
#include "tap.h"

#define MAX_CALLS 64

struct log_entry {
	int optname;
	int result;
};

/* Interposed functions get no argument of ours: the log must be reachable. */
static struct {
	struct log_entry writes[MAX_CALLS];
	unsigned int n_writes;
	unsigned int n_reads;
} call_log;

struct syscalls {
	struct tap tap;
	struct netns net;
	struct msf *msf;
	struct model_place place;
};

static bool is_filter_option(int level, int optname)
{
	if (level != IPPROTO_IP && level != IPPROTO_IPV6)
		return false;
	return (level == IPPROTO_IP && optname >= IP_ADD_MEMBERSHIP &&
		optname <= IP_MSFILTER) ||
	       (level == IPPROTO_IPV6 &&
		(optname == IPV6_JOIN_GROUP || optname == IPV6_LEAVE_GROUP)) ||
	       (optname >= MCAST_JOIN_GROUP && optname <= MCAST_MSFILTER);
}

int setsockopt(int fd, int level, int optname, const void *optval, socklen_t optlen)
{
	int r = syscall(SYS_setsockopt, fd, level, optname, optval, optlen);

	if (is_filter_option(level, optname) && call_log.n_writes < MAX_CALLS)
		call_log.writes[call_log.n_writes++] = (struct log_entry){ optname, r };
	return r;
}

int getsockopt(int fd, int level, int optname, void *restrict optval,
	       socklen_t *restrict optlen)
{
	if (is_filter_option(level, optname))
		call_log.n_reads++;
	return syscall(SYS_getsockopt, fd, level, optname, optval, optlen);
}

static void clear_log(void)
{
	memset(&call_log, 0, sizeof(call_log));
}

static bool has_written(int optname)
{
	for (unsigned int i = 0; i < call_log.n_writes; i++)
		if (call_log.writes[i].optname == optname)
			return true;
	return false;
}

/* Any option that joins for every source. */
static bool has_joined_all(void)
{
	return has_written(MCAST_JOIN_GROUP) || has_written(IP_ADD_MEMBERSHIP) ||
	       has_written(IPV6_JOIN_GROUP);
}

static unsigned int count_done(void)
{
	unsigned int n = 0;

	for (unsigned int i = 0; i < call_log.n_writes; i++)
		n += call_log.writes[i].result == 0;
	return n;
}

static bool is_delta(int optname, enum msf_verb verb)
{
	switch (verb) {
	case MSF_JOIN_SOURCE:
		return optname == MCAST_JOIN_SOURCE_GROUP ||
		       optname == IP_ADD_SOURCE_MEMBERSHIP;
	case MSF_LEAVE_SOURCE:
		return optname == MCAST_LEAVE_SOURCE_GROUP ||
		       optname == IP_DROP_SOURCE_MEMBERSHIP;
	case MSF_BLOCK_SOURCE:
		return optname == MCAST_BLOCK_SOURCE || optname == IP_BLOCK_SOURCE;
	case MSF_UNBLOCK_SOURCE:
		return optname == MCAST_UNBLOCK_SOURCE || optname == IP_UNBLOCK_SOURCE;
	case MSF_JOIN_GROUP:
	case MSF_LEAVE_GROUP:
	case MSF_SET_FILTER:
	case MSF_GET_FILTER:
		break;
	}
	return false;
}

static int do_request(struct syscalls *self, int fd, struct model_request request)
{
	struct model_call call;

	model_spell(&self->place, &request, &call);
	clear_log();
	return shape_apply(&shapes[0], self->msf, fd, &call.request);
}

static int do_set(struct syscalls *self, int fd, uint32_t fmode, unsigned int set)
{
	return do_request(self, fd,
			  (struct model_request){ MSF_SET_FILTER, 0, fmode, set });
}

static void expect_log(struct syscalls *self, int r, int error, unsigned int n_writes,
		       const char *what)
{
	tap_expect(&self->tap, r == -error, "%s: %s", what, strerror(-r));
	tap_expect(&self->tap, call_log.n_writes == n_writes, "%s: %u writes, not %u",
		   what, call_log.n_writes, n_writes);
	for (unsigned int i = 0; i < call_log.n_writes; i++)
		if (call_log.n_writes != n_writes)
			tap_comment("write %u: option %d: %d", i,
				    call_log.writes[i].optname,
				    call_log.writes[i].result);
}

static void test_identical(struct syscalls *self)
{
	static const uint32_t modes[] = { MCAST_INCLUDE, MCAST_EXCLUDE };
	struct model_request again = { MSF_SET_FILTER, 0, 0, 0x1f };
	struct model_call call;

	for (int i = 0; i < 2; i++) {
		int fd = traffic_open_receiver(self->place.flavour), r;

		do_set(self, fd, modes[i], 0x1f);
		r = do_set(self, fd, modes[i], 0x1f);
		expect_log(self, r, EADDRINUSE, 0, "identical");
		again.fmode = modes[i];
		model_spell(&self->place, &again, &call);
		call.request.flags = MSF_IDEMPOTENT;
		clear_log();
		r = shape_apply(&shapes[0], self->msf, fd, &call.request);
		expect_log(self, r, 0, 0, "identical with MSF_IDEMPOTENT");
		close(fd);
	}
	tap_end(&self->tap, "%s: an identical set makes no writing call",
		flavour_name(self->place.flavour));
}

static void test_one_source(struct syscalls *self)
{
	static const struct {
		const char *name;
		uint32_t fmode;
		unsigned int from, to;
		enum msf_verb verb;
	} rows[] = {
		{ "one more INCLUDE", MCAST_INCLUDE, 0x0f, 0x1f, MSF_JOIN_SOURCE },
		{ "one less INCLUDE", MCAST_INCLUDE, 0x1f, 0x1b, MSF_LEAVE_SOURCE },
		{ "one more EXCLUDE", MCAST_EXCLUDE, 0x0f, 0x1f, MSF_BLOCK_SOURCE },
		{ "one less EXCLUDE", MCAST_EXCLUDE, 0x1f, 0x0f, MSF_UNBLOCK_SOURCE },
		{ "first EXCLUDE", MCAST_EXCLUDE, 0, 1, MSF_BLOCK_SOURCE },
		{ "last EXCLUDE", MCAST_EXCLUDE, 1, 0, MSF_UNBLOCK_SOURCE },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		int fd = traffic_open_receiver(self->place.flavour), r;
		struct model_filter seen;

		do_set(self, fd, rows[i].fmode, rows[i].from);
		r = do_set(self, fd, rows[i].fmode, rows[i].to);
		expect_log(self, r, 0, 1, rows[i].name);
		tap_expect(&self->tap, is_delta(call_log.writes[0].optname, rows[i].verb),
			   "%s: option %d", rows[i].name, call_log.writes[0].optname);
		tap_expect(&self->tap,
			   model_look(fd, &self->place, &seen) && seen.set == rows[i].to,
			   "%s: the list is 0x%x", rows[i].name, seen.set);
		close(fd);
	}
	tap_end(&self->tap, "%s: a set that differs by one source is one delta",
		flavour_name(self->place.flavour));
}

static void test_opening(struct syscalls *self)
{
	static const struct model_filter rows[] = {
		{ MODEL_INCLUDE, 0x1 }, { MODEL_INCLUDE, 0x3 }, { MODEL_INCLUDE, 0x1f },
		{ MODEL_EXCLUDE, 0x0 }, { MODEL_EXCLUDE, 0x1 }, { MODEL_EXCLUDE, 0x1f },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		int fd = traffic_open_receiver(self->place.flavour), r;
		bool is_any = rows[i].mode == MODEL_EXCLUDE && rows[i].set == 0;
		struct model_filter seen;

		r = do_set(self, fd,
			   rows[i].mode == MODEL_INCLUDE ? MCAST_INCLUDE : MCAST_EXCLUDE,
			   rows[i].set);
		tap_expect(&self->tap, r == 0, "row %zu: %s", i, strerror(-r));
		/* EXCLUDE {} is what a plain join makes: nothing to leak there. */
		tap_expect(&self->tap, is_any || !has_joined_all(),
			   "row %zu: joined for every source first", i);
		tap_expect(&self->tap,
			   model_look(fd, &self->place, &seen) &&
				   model_is_equal(seen, rows[i]),
			   "row %zu: the state is %d 0x%x", i, seen.mode, seen.set);
		close(fd);
	}
	tap_end(&self->tap,
		"%s: a membership with sources is never opened by a plain join",
		flavour_name(self->place.flavour));
}

static void test_too_long(struct syscalls *self)
{
	unsigned int limit = raw_await_source_limit(self->place.group.ss_family);
	static const uint32_t modes[] = { MCAST_INCLUDE, MCAST_EXCLUDE };
	struct sockaddr_storage slist[80];

	for (unsigned int i = 0; i <= limit; i++)
		slist[i] = netns_source(self->place.group.ss_family, 0, i);
	for (int i = 0; i < 2; i++) {
		int fd = traffic_open_receiver(self->place.flavour), r;

		clear_log();
		r = msf_set_filter(self->msf, fd, self->place.ifindex,
				   (const void *)&self->place.group, modes[i], limit + 1,
				   slist, 0);
		tap_expect(&self->tap, r == -ENOBUFS, "mode %u: %s", modes[i],
			   strerror(-r));
		tap_expect(&self->tap, count_done() == 0, "mode %u: %u writes were done",
			   modes[i], count_done());
		close(fd);
	}
	tap_end(&self->tap, "%s: a list that does not fit is refused before any join",
		flavour_name(self->place.flavour));
}

/* Refusals are known before the kernel is asked to write, or the kernel says no:
 * not one write of a refused request is done. */
static void test_refusals(struct syscalls *self)
{
	struct model_filter states[] = { { MODEL_NONE, 0 },
					 { MODEL_INCLUDE, 3 },
					 { MODEL_EXCLUDE, 0 },
					 { MODEL_EXCLUDE, 3 } };
	unsigned int n_refused = 0;

	for (size_t i = 0; i < sizeof(states) / sizeof(states[0]); i++)
		for (enum msf_verb verb = MSF_JOIN_GROUP; verb <= MSF_UNBLOCK_SOURCE;
		     verb++)
			for (unsigned int source = 0; source < 3; source += 2) {
				struct model_request request = { verb, source, 0, 0 };
				int fd = traffic_open_receiver(self->place.flavour), r;

				if (states[i].mode != MODEL_NONE)
					do_set(self, fd,
					       states[i].mode == MODEL_INCLUDE
						       ? MCAST_INCLUDE
						       : MCAST_EXCLUDE,
					       states[i].set);
				r = do_request(self, fd, request);
				if (r < 0) {
					n_refused++;
					tap_expect(&self->tap, count_done() == 0,
						   "state %zu, verb %d: %u writes", i,
						   verb, count_done());
				}
				close(fd);
			}
	tap_expect(&self->tap, n_refused > 20, "only %u were refused", n_refused);
	tap_end(&self->tap, "%s: no write of a refused request is carried out",
		flavour_name(self->place.flavour));
}

/* What a delta on a membership costs: one write, and two looks at most: one for a
 * leftover or a join for every source, one for a source that is stored twice. */
static const struct {
	enum msf_verb verb;
	uint32_t fmode;
	unsigned int set, source;
	unsigned int n_exclusive; /* looks of an exclusive context */
} deltas[] = {
	{ MSF_JOIN_SOURCE, MCAST_INCLUDE, 1, 1, 1 },
	{ MSF_LEAVE_SOURCE, MCAST_INCLUDE, 3, 1, 2 },
	{ MSF_BLOCK_SOURCE, MCAST_EXCLUDE, 1, 1, 0 },
	{ MSF_UNBLOCK_SOURCE, MCAST_EXCLUDE, 3, 1, 0 },
	{ MSF_LEAVE_GROUP, MCAST_EXCLUDE, 3, 1, 0 },
};

static void check_deltas(struct syscalls *self, bool is_exclusive)
{
	for (size_t i = 0; i < sizeof(deltas) / sizeof(deltas[0]); i++) {
		unsigned int most = is_exclusive ? deltas[i].n_exclusive : 2;
		int fd = traffic_open_receiver(self->place.flavour), r;

		do_set(self, fd, deltas[i].fmode, deltas[i].set);
		r = do_request(
			self, fd,
			(struct model_request){ deltas[i].verb, deltas[i].source, 0, 0 });
		expect_log(self, r, 0, 1, "delta");
		tap_expect(&self->tap, call_log.n_reads <= most,
			   "row %zu: %u reads, not %u", i, call_log.n_reads, most);
		close(fd);
	}
}

static void test_deltas(struct syscalls *self)
{
	struct msf *usual = self->msf;
	struct msf_config *config;

	check_deltas(self, false);
	tap_end(&self->tap,
		"%s: a delta on a membership is one write and two looks at most",
		flavour_name(self->place.flavour));
	if (msf_config_new(&config) < 0 || msf_config_set_exclusive(config, 1) < 0 ||
	    msf_new(&self->msf, config) < 0)
		tap_bail_out("cannot make a context");
	msf_config_free(config);
	check_deltas(self, true);
	msf_free(self->msf);
	self->msf = usual;
	tap_end(&self->tap,
		"%s: an exclusive context blocks, unblocks and leaves without a look",
		flavour_name(self->place.flavour));
}

int main(void)
{
	static void (*const tests[])(struct syscalls *) = {
		test_identical, test_one_source, test_opening,
		test_too_long,  test_refusals,   test_deltas,
	};
	struct syscalls self = { 0 };

	netns_init(&self.net);
	if (msf_new(&self.msf, NULL) < 0)
		tap_bail_out("cannot make a context");
	for (enum flavour flavour = 0; flavour < N_FLAVOURS; flavour++) {
		self.place = (struct model_place){
			flavour, 0, self.net.ifindex[0],
			netns_group(flavour_get_family(flavour), 0)
		};
		for (size_t i = 0; i < sizeof(tests) / sizeof(tests[0]); i++)
			tests[i](&self);
	}
	msf_free(self.msf);
	/* The log itself must be alive, or every test above proves nothing. */
	clear_log();
	setsockopt(-1, IPPROTO_IP, MCAST_JOIN_GROUP, NULL, 0);
	tap_expect(&self.tap, call_log.n_writes == 1 && has_joined_all(), "nothing seen");
	tap_end(&self.tap, "the interposed setsockopt() sees what passes");
	return tap_finish(&self.tap);
}
