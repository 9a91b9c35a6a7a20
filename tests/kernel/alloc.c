/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The n-th allocation fails, for every n until the call gets through; once alone
 * and once with all that follow. A call that fails says ENOMEM, leaves the socket
 * and the interfaces as they were, frees what it had, and works when repeated.
 *
 * Built twice: with -Wl,--wrap against the static library, where only libmsf's own
 * allocations fail and the sanitizers may watch, and with ALLOC_OF_ALL, where this
 * program's malloc() is that of libnl too.
 */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "attempt.h"
#include "system.h"

#ifdef ALLOC_OF_ALL
#define OUTER(name) name
#define INNER(name) __libc_##name
#else
#define OUTER(name) __wrap_##name
#define INNER(name) __real_##name
#endif

#define MAX_ALLOCS 400u

void *INNER(malloc)(size_t size);
void *INNER(calloc)(size_t n, size_t size);
void *INNER(realloc)(void *p, size_t size);
void INNER(free)(void *p);
void *OUTER(malloc)(size_t size);
void *OUTER(calloc)(size_t n, size_t size);
void *OUTER(realloc)(void *p, size_t size);
void *OUTER(reallocarray)(void *p, size_t n, size_t size);
void OUTER(free)(void *p);

/* An allocator gets no argument of ours: its orders must be reachable. */
static struct {
	bool is_armed;
	bool is_lasting;   /* all after the one that fails fail too */
	unsigned int left; /* allocations before the one that fails */
	unsigned int n_failed;
	long n_live;
} faults;

static bool is_to_fail(void)
{
	if (!faults.is_armed)
		return false;
	if (faults.left > 0) {
		faults.left--;
		return false;
	}
	if (faults.n_failed > 0 && !faults.is_lasting)
		return false;
	faults.n_failed++;
	errno = ENOMEM;
	return true;
}

static void *count(void *p)
{
	faults.n_live += p != NULL;
	return p;
}

void *OUTER(malloc)(size_t size)
{
	return is_to_fail() ? NULL : count(INNER(malloc)(size));
}

void *OUTER(calloc)(size_t n, size_t size)
{
	return is_to_fail() ? NULL : count(INNER(calloc)(n, size));
}

void *OUTER(realloc)(void *p, size_t size)
{
	if (is_to_fail())
		return NULL;
	return p == NULL ? count(INNER(realloc)(p, size)) : INNER(realloc)(p, size);
}

void *OUTER(reallocarray)(void *p, size_t n, size_t size)
{
	if (size != 0 && n > SIZE_MAX / size) {
		errno = ENOMEM;
		return NULL;
	}
	return OUTER(realloc)(p, n * size);
}

void OUTER(free)(void *p)
{
	faults.n_live -= p != NULL;
	INNER(free)(p);
}

struct alloc {
	struct attempt_bench bench;
	unsigned int n_failed;
	unsigned int n_failed_in_all;
};

/* Returns whether an allocation failed. */
static bool fail_one(struct alloc *self, const struct attempt *attempt, unsigned int n,
		     bool is_lasting)
{
	struct tap *tap = &self->bench.tap;
	char *memberships, where[32];
	void *made = NULL;
	long n_live;
	int r;

	snprintf(where, sizeof(where), "allocation %u", n);
	n_live = faults.n_live;
	attempt_prepare(&self->bench);
	memberships = netns_get_memberships();
	faults.n_failed = 0;
	faults.left = n;
	faults.is_lasting = is_lasting;
	faults.is_armed = true;
	r = attempt->run(&self->bench, &made);
	faults.is_armed = false;
	if (r < 0) {
		tap_expect(tap, faults.n_failed > 0, "failed with all the memory: %s",
			   strerror(-r));
		tap_expect(tap, r == -ENOMEM, "%s: %s", where, strerror(-r));
		attempt_expect_refusal(&self->bench, attempt, made, memberships, where);
	} else {
		attempt->tidy(made);
	}
	attempt_clear(&self->bench);
	free(memberships);
	/* What the default context makes on its first use is no leak. */
	if (n < MAX_ALLOCS)
		tap_expect(tap, faults.n_live == n_live, "%s: %ld leaked", where,
			   faults.n_live - n_live);
	return faults.n_failed > 0;
}

static void fail_all(void *data, const struct attempt *attempt)
{
	struct alloc *self = data;

	fail_one(self, attempt, MAX_ALLOCS, false);
	for (int is_lasting = 0; is_lasting < 2; is_lasting++) {
		unsigned int n = 0;

		while (n < MAX_ALLOCS && fail_one(self, attempt, n, is_lasting))
			n++;
		tap_expect(&self->bench.tap, n < MAX_ALLOCS, "there is no end");
		self->n_failed += n;
		self->n_failed_in_all += n;
	}
}

static void check_requests(struct alloc *self, const char *what)
{
	struct attempt_bench *bench = &self->bench;

	self->n_failed = 0;
	attempt_each_request(bench, fail_all, self);
	tap_end(&bench->tap, "%s: %s %s (%u failures)",
		flavour_name(bench->place.flavour), bench->shape->name, what,
		self->n_failed);
}

/* What a shape allocates is the same for both backends. */
static void check_shapes(struct alloc *self)
{
	struct attempt_bench *bench = &self->bench;

	for (unsigned int s = 0; s < (system_is_asm() ? 1 : n_shapes); s++) {
		if (!(shapes[s].flavours >> bench->place.flavour & 1))
			continue;
		bench->shape = &shapes[s];
		check_requests(self, "undoes itself without memory");
		bench->place.ifindex = 0;
		check_requests(self, "does so with index 0");
		bench->place.ifindex = bench->net.ifindex[0];
	}
}

static void check_other(void *data, const struct attempt *attempt)
{
	struct alloc *self = data;

	self->n_failed = 0;
	fail_all(self, attempt);
	tap_end(&self->bench.tap, "%s: %s undoes itself without memory (%u failures)",
		flavour_name(self->bench.place.flavour), attempt->name, self->n_failed);
}

int main(void)
{
	struct alloc self = { 0 };

	attempt_init(&self.bench);
	for (enum flavour flavour = 0; flavour < N_FLAVOURS; flavour++) {
		attempt_choose(&self.bench, flavour);
		check_shapes(&self);
		attempt_each_other(&self.bench, check_other, &self);
	}
	/* or nothing above proves anything */
	tap_expect(&self.bench.tap, self.n_failed_in_all > 100, "%u failures",
		   self.n_failed_in_all);
	tap_end(&self.bench.tap, "the failing allocator is the one that libmsf uses");
	return tap_finish(&self.bench.tap);
}
