/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The order, and who is asked for it by fault-calls.c (see fault.h).
 *
 * Invariant: an address is that of an object whose calls count only when it lies in
 * one of the ranges that were looked up when the names were set.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "fault.h"
#include "fault-due.h"

#define N_RANGES 16

static struct {
	struct fault_order order;
	struct {
		uintptr_t begin, end;
	} ranges[N_RANGES];
	unsigned int n_ranges;
	const char *objects;
	struct fault_board own;
	struct fault_board *board;
} faults = { .board = &faults.own };

static const struct {
	const char *name;
	unsigned int class;
} classes[] = {
	{ "alloc", FAULT_ALLOC },     { "socket", FAULT_SOCKET },
	{ "message", FAULT_MESSAGE }, { "wait", FAULT_WAIT },
	{ "file", FAULT_FILE },       { "stdio", FAULT_STDIO },
	{ "thread", FAULT_THREAD },   { "signal", FAULT_SIGNAL },
	{ "short", FAULT_SHORT },     { "option", FAULT_OPTION },
};

/* strerrorname_np() of those that are of use. */
static const int errors[] = { EINTR,  ENOMEM, ENOBUFS, EMFILE, EIO,
			      ENOSPC, EPIPE,  EAGAIN,  EPERM,  EACCES };

static bool is_named(const char *list, const char *name)
{
	for (const char *at = list; at; at = strchr(at, ','), at += at != NULL) {
		size_t len = strcspn(at, ",");

		if (len && !strncmp(at, name, len))
			return true;
	}
	return false;
}

static int add_ranges(struct dl_phdr_info *info, size_t size, void *data)
{
	const char *slash = strrchr(info->dlpi_name, '/');
	const char *name = slash              ? slash + 1
			   : *info->dlpi_name ? info->dlpi_name
					      : "main";

	(void)size;
	(void)data;
	for (int i = 0; is_named(faults.objects, name) && i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *segment = &info->dlpi_phdr[i];
		uintptr_t begin = info->dlpi_addr + segment->p_vaddr;

		if (segment->p_type != PT_LOAD || !(segment->p_flags & PF_X) ||
		    faults.n_ranges == N_RANGES)
			continue;
		faults.ranges[faults.n_ranges].begin = begin;
		faults.ranges[faults.n_ranges++].end = begin + segment->p_memsz;
	}
	return 0;
}

void fault_set_objects(const char *names)
{
	faults.objects = names;
	faults.n_ranges = 0;
	dl_iterate_phdr(add_ranges, NULL);
}

void fault_arm(const struct fault_order *order)
{
	memset(faults.board, 0, sizeof(*faults.board));
	faults.order = *order;
}

void fault_disarm(void)
{
	faults.order.classes = 0;
}

const struct fault_board *fault_get_board(void)
{
	return faults.board;
}

static bool is_counted(const void *from)
{
	for (unsigned int i = 0; i < faults.n_ranges; i++)
		if ((uintptr_t)from >= faults.ranges[i].begin &&
		    (uintptr_t)from < faults.ranges[i].end)
			return true;
	return false;
}

/* One of so many, but in no order: a loop of two calls must not meet the same one each
 * time. (The multiplier is Knuth's, of the golden ratio.) */
static bool is_chosen(unsigned int n)
{
	if (faults.order.every)
		return (n * 2654435761u >> 16) % faults.order.every == 0;
	return n == faults.order.at || (faults.order.is_lasting && n > faults.order.at);
}

/* dladdr() neither allocates nor opens anything. */
static void note(const char *call, const void *from)
{
	Dl_info info = { 0 };
	const char *name = "?";
	uintptr_t offset = 0;

	if (dladdr(from, &info) && info.dli_fname) {
		name = strrchr(info.dli_fname, '/');
		name = name ? name + 1 : info.dli_fname;
		offset = (uintptr_t)from - (uintptr_t)info.dli_fbase - 1;
	}
	snprintf(faults.board->where, sizeof(faults.board->where), "%s %s+0x%lx", call,
		 name, (unsigned long)offset);
}

bool fault_is_due(unsigned int of, const char *call, const void *from)
{
	if (!(faults.order.classes & of) || !is_counted(from) ||
	    !is_chosen(atomic_fetch_add(&faults.board->n_calls, 1)))
		return false;
	if (atomic_fetch_add(&faults.board->n_faults, 1) == 0)
		note(call, from);
	errno = faults.order.error;
	return true;
}

/*
 * The environment
 */

static unsigned int read_number(const char *variable, unsigned int otherwise)
{
	const char *text = getenv(variable);

	return text ? (unsigned int)strtoul(text, NULL, 10) : otherwise;
}

static void open_board(void)
{
	const char *path = getenv("MSF_FAULT_BOARD");
	int fd = path ? open(path, O_RDWR | O_CLOEXEC) : -1;
	void *map;

	if (fd < 0)
		return;
	map = mmap(NULL, sizeof(struct fault_board), PROT_READ | PROT_WRITE, MAP_SHARED,
		   fd, 0);
	close(fd);
	if (map != MAP_FAILED)
		faults.board = map;
}

static int find_error(const char *name)
{
	for (size_t i = 0; name && i < sizeof(errors) / sizeof(*errors); i++)
		if (!strcmp(strerrorname_np(errors[i]), name))
			return errors[i];
	return EIO;
}

__attribute__((constructor)) static void begin(void)
{
	const char *names = getenv("MSF_FAULT");
	const char *objects = getenv("MSF_FAULT_OBJECTS");
	struct fault_order order = {
		.at = read_number("MSF_FAULT_AT", UINT32_MAX),
		.every = read_number("MSF_FAULT_EVERY", 0),
		.is_lasting = read_number("MSF_FAULT_LASTING", 0) != 0,
		.error = find_error(getenv("MSF_FAULT_ERROR")),
	};

	fault_set_objects(objects ? objects : "main,libmsf.so");
	for (size_t i = 0; names && i < sizeof(classes) / sizeof(*classes); i++)
		if (is_named(names, classes[i].name))
			order.classes |= classes[i].class;
	if (!order.classes)
		return;
	open_board();
	fault_arm(&order);
}
