/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One call that libmsf makes fails, for each of them: an allocation, a socket, an option,
 * a message, a file. What is asked for is done, or refused; a refusal leaves the filter
 * of the socket, the interfaces and the descriptors as they were, and it works when it
 * is asked for again. What a signal interrupts, and what is read in pieces, is done.
 *
 * On the kernel, and where the ASM backend serves (system.h). test-fault-library
 * [STRIDE [SEED]]: every so many-th call of a kind only, from one on that the seed names.
 */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "attempt.h"
#include "fault.h"

#define MAX_CALLS 1000u

struct faults {
	struct attempt_bench bench;
	unsigned int n_faults;
	unsigned int stride, seed; /* every which call fails, and which one first */
	const struct manner *manner;
};

/* How calls fail, and whether anybody may notice. */
static const struct manner {
	const char *name;
	struct fault_order order;
	bool is_hidden;
	/* libnl's calls fail, too: what it says of them is to be understood */
	bool is_of_libnl;
} manners[] = {
	{ "memory", { .classes = FAULT_ALLOC, .error = ENOMEM } },
	{ "all memory", { .classes = FAULT_ALLOC, .error = ENOMEM, .is_lasting = true } },
	{ "ENOMEM of an option", { .classes = FAULT_OPTION, .error = ENOMEM } },
	{ "EMFILE", { .classes = FAULT_SOCKET, .error = EMFILE }, .is_of_libnl = true },
	{ "ENOMEM of a socket",
	  { .classes = FAULT_SOCKET, .error = ENOMEM },
	  .is_of_libnl = true },
	{ "ENOBUFS of a message", { .classes = FAULT_MESSAGE, .error = ENOBUFS } },
	{ "EMFILE of a file", { .classes = FAULT_FILE, .error = EMFILE } },
	{ "EIO of a stream", { .classes = FAULT_STDIO, .error = EIO } },
	{ "a signal", { .classes = FAULT_SIGNAL, .error = EINTR }, .is_hidden = true },
	{ "signals",
	  { .classes = FAULT_SIGNAL, .error = EINTR, .every = 2 },
	  .is_hidden = true },
	{ "single bytes", { .classes = FAULT_SHORT, .every = 1 }, .is_hidden = true },
};

#define N_MANNERS (sizeof(manners) / sizeof(manners[0]))

static unsigned int count_descriptors(void)
{
	DIR *dir = opendir("/proc/self/fd");
	unsigned int n = 0;

	if (!dir)
		tap_bail_out("no /proc");
	while (readdir(dir))
		n++;
	closedir(dir);
	return n;
}

/* With all that it needs. */
static unsigned int count_all(struct attempt_bench *bench, const struct attempt *attempt)
{
	unsigned int n = ATTEMPT_UNKNOWN;
	void *made = NULL;

	if (attempt->run(bench, &made) == 0)
		n = attempt->count(made);
	attempt->tidy(made);
	return n;
}

static void expect_success(struct attempt_bench *bench, const struct attempt *attempt,
			   void *made, const char *where)
{
	unsigned int n, wanted;

	attempt_expect_filter(bench, attempt_get_next(bench, attempt), where);
	if (attempt->count) {
		n = attempt->count(made);
		wanted = count_all(bench, attempt);
		tap_expect(&bench->tap, n == wanted || n == ATTEMPT_UNKNOWN,
			   "%s: %u of %u", where, n, wanted);
	}
	attempt->tidy(made);
}

static void expect_refusal(struct attempt_bench *bench, const struct attempt *attempt,
			   int r, void *made, const char *memberships, const char *where)
{
	tap_expect(&bench->tap,
		   r == -ENOMEM || r == -ENOBUFS || r == -EMFILE || r == -EIO, "%s: %s",
		   where, strerror(-r));
	attempt_expect_refusal(bench, attempt, made, memberships, where);
}

/* Returns how many calls failed. */
static unsigned int fail_one(struct faults *self, const struct attempt *attempt,
			     unsigned int n)
{
	const struct manner *manner = self->manner;
	struct attempt_bench *bench = &self->bench;
	const struct fault_board *board = fault_get_board();
	struct fault_order order = manner->order;
	unsigned int n_descriptors = count_descriptors(), n_faults;
	const char *where = board->where;
	char *memberships;
	void *made = NULL;
	int r;

	attempt_prepare(bench);
	memberships = netns_get_memberships();
	order.at = n;
	fault_arm(&order);
	r = attempt->run(bench, &made);
	fault_disarm();
	n_faults = board->n_faults;
	tap_expect(&bench->tap, r == 0 || (n_faults > 0 && !manner->is_hidden),
		   "%s of %u at %s: %s", manner->name, n, where, strerror(-r));
	if (r < 0)
		expect_refusal(bench, attempt, r, made, memberships, where);
	else
		expect_success(bench, attempt, made, where);
	free(memberships);
	attempt_clear(bench);
	tap_expect(&bench->tap, count_descriptors() == n_descriptors,
		   "%s of %u at %s: descriptors leak", manner->name, n, where);
	return n_faults;
}

static void fail_all(struct faults *self, const struct attempt *attempt,
		     const char *objects)
{
	const struct manner *manner = self->manner;
	unsigned int n = manner->order.every ? 0 : self->seed++ % self->stride, n_faults;

	fault_set_objects(objects);
	do {
		n_faults = fail_one(self, attempt, n);
		n += self->stride;
		self->n_faults += n_faults;
	} while (n_faults && n < MAX_CALLS && !manner->order.every);
	tap_expect(&self->bench.tap, n < MAX_CALLS, "there is no end");
}

static void fail_request(void *data, const struct attempt *attempt)
{
	fail_all(data, attempt, "libmsf.so");
}

static void check_other(void *data, const struct attempt *attempt)
{
	struct faults *self = data;
	unsigned int before = self->n_faults;

	fail_all(self, attempt,
		 self->manner->is_of_libnl ? "libmsf.so,libnl" : "libmsf.so");
	tap_end(&self->bench.tap, "%s: %s against %s (%u faults)",
		flavour_name(self->bench.place.flavour), attempt->name,
		self->manner->name, self->n_faults - before);
}

static void check_manner(struct faults *self)
{
	struct attempt_bench *bench = &self->bench;
	unsigned int before = self->n_faults;

	attempt_each_request(bench, fail_request, self);
	bench->place.ifindex = 0;
	attempt_each_request(bench, fail_request, self);
	bench->place.ifindex = bench->net.ifindex[0];
	tap_end(&bench->tap, "%s: requests are done or refused against %s (%u faults)",
		flavour_name(bench->place.flavour), self->manner->name,
		self->n_faults - before);
	/* what is no request does much that has no family */
	if (bench->place.flavour != FLAVOUR_IPV4_ON_IPV6)
		attempt_each_other(bench, check_other, self);
}

int main(int argc, char **argv)
{
	struct faults self = { .stride = 1, .seed = (unsigned int)time(NULL) };
	struct tap *tap = &self.bench.tap;

	if (argc > 1)
		self.stride = (unsigned int)strtoul(argv[1], NULL, 10);
	if (argc > 2)
		self.seed = (unsigned int)strtoul(argv[2], NULL, 10);
	if (!self.stride)
		self.stride = 1;
	attempt_init(&self.bench);
	tap_comment("stride %u, seed %u", self.stride, self.seed);
	for (enum flavour flavour = 0; flavour < N_FLAVOURS; flavour++) {
		attempt_choose(&self.bench, flavour);
		for (size_t i = 0; i < N_MANNERS; i++) {
			self.manner = &manners[i];
			check_manner(&self);
		}
	}
	tap_expect(tap, self.n_faults > 1000 / self.stride, "%u", self.n_faults);
	tap_end(tap, "%u calls failed", self.n_faults);
	return tap_finish(tap);
}
