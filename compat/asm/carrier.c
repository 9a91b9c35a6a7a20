/* SPDX-License-Identifier: BSD-2-Clause */
/* See carrier.h. */
#include "asm/carrier.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/bpf_common.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "asm/attach.h"
#include "asm/closed.h"
#include "asm/program.h"
#include "asm/store.h"

int carrier_init(struct carrier *ret, int fd, enum asm_filters filters)
{
	struct carrier carrier = { .fd = fd, .filters = filters };
	socklen_t len = sizeof(carrier.family);
	struct stat st;

	if (fstat(fd, &st) < 0)
		return -errno;
	if (!S_ISSOCK(st.st_mode))
		return -ENOTSOCK;
	if (getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &carrier.family, &len) < 0)
		return -errno;
	carrier.key = st.st_ino;
	*ret = carrier;
	return 0;
}

/*
 * The program of a locked carrier
 */

/* How often a request begins anew. Where others are faster each time it takes what it
 * has read last for the newest. */
#define STALE_MAX 16u

struct carrier_program {
	bool is_known;
	bool is_locked; /* the record lock, when it was last asked for */
	unsigned int n_stale;
	int error; /* of reading it: 0 or -errno */
	uint32_t n;
	struct sock_filter code[BPF_MAXINSNS];
	struct sock_filter other[BPF_MAXINSNS];
};

static void note_program(const struct carrier *carrier, const struct sock_filter *code,
			 uint32_t n)
{
	struct carrier_program *program = carrier->program;

	if (!program)
		return;
	if (n)
		memcpy(program->code, code, n * sizeof(*code));
	program->n = n;
	program->error = 0;
	program->is_known = true;
}

static int read_known(const struct carrier *carrier, struct asm_state *ret)
{
	struct carrier_program *program = carrier->program;

	program->n = BPF_MAXINSNS;
	program->error = attach_read(carrier->fd, program->code, &program->n);
	program->is_known = true;
	return program->error < 0 ? program->error
				  : program_decode(program->code, program->n, ret);
}

static bool has_changed(const struct carrier *carrier)
{
	struct carrier_program *program = carrier->program;
	uint32_t n = BPF_MAXINSNS;
	int r = attach_read(carrier->fd, program->other, &n);

	if (r < 0 || program->error < 0)
		return r != program->error;
	return n != program->n ||
	       memcmp(program->code, program->other, n * sizeof(*program->code)) != 0;
}

/*
 * The record lock, which is a process's. No thread waits for it while it holds another.
 */

#define PATIENCE_S   1
#define N_YIELDS     8u
#define PAUSE_MIN_NS 20000L
#define PAUSE_MAX_NS 1000000L

static bool is_past(const struct timespec *deadline)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec > deadline->tv_sec ||
	       (now.tv_sec == deadline->tv_sec && now.tv_nsec >= deadline->tv_nsec);
}

/* 0, or -errno: -EAGAIN, somebody else's; or no such locks here. */
static int set_record(int fd, short type)
{
	struct flock lock = { .l_type = type, .l_whence = SEEK_SET };

	if (fcntl(fd, F_SETLK, &lock) == 0)
		return 0;
	return errno == EACCES ? -EAGAIN : -errno;
}

/* Linux wakes nobody up in turn, and F_SETLKW would wait for ever. */
static bool wait_for_record(const struct carrier *carrier)
{
	struct timespec pause = { .tv_nsec = PAUSE_MIN_NS };
	unsigned int n = 0;
	int r;

	while ((r = set_record(carrier->fd, F_WRLCK)) == -EAGAIN) {
		if (n++ < N_YIELDS) {
			sched_yield();
			continue;
		}
		if (is_past(&carrier->deadline))
			break;
		nanosleep(&pause, NULL);
		if (pause.tv_nsec < PAUSE_MAX_NS)
			pause.tv_nsec *= 2;
	}
	return r == 0;
}

/*
 * Locking
 */

static struct carrier_program *new_program(void)
{
	struct carrier_program *program = malloc(sizeof(*program));

	if (program) {
		program->is_known = false;
		program->n_stale = 0;
	}
	return program;
}

static void unlock_threads(struct carrier *carrier)
{
	store_unlock(carrier->key, &carrier->mask);
	pthread_setcancelstate(carrier->cancel_state, NULL);
}

int carrier_lock(struct carrier *ret, int fd, enum asm_filters filters)
{
	struct carrier carrier;
	int r = carrier_init(&carrier, fd, filters);

	if (r < 0)
		return r;
	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &carrier.cancel_state);
	store_lock(carrier.key, &carrier.mask);
	if (filters == ASM_FILTERS_FULL) {
		carrier.program = new_program();
		if (!carrier.program) {
			unlock_threads(&carrier);
			return -ENOMEM;
		}
	}
	clock_gettime(CLOCK_MONOTONIC, &carrier.deadline);
	carrier.deadline.tv_sec += PATIENCE_S;
	carrier_lock_again(&carrier);
	*ret = carrier;
	return 0;
}

void carrier_lock_again(const struct carrier *carrier)
{
	if (carrier->program)
		carrier->program->is_locked = wait_for_record(carrier);
}

void carrier_unlock(struct carrier *carrier)
{
	if (carrier->program)
		set_record(carrier->fd, F_UNLCK);
	free(carrier->program);
	carrier->program = NULL;
	unlock_threads(carrier);
}

int carrier_confirm(const struct carrier *carrier)
{
	struct carrier_program *program = carrier->program;

	if (!program || !program->is_known || program->n_stale == STALE_MAX)
		return 0;
	if (!(program->is_locked && set_record(carrier->fd, F_WRLCK) == -EAGAIN) &&
	    !has_changed(carrier))
		return 0;
	program->n_stale++;
	return -ESTALE;
}

bool carrier_was_stale(const struct carrier *carrier)
{
	return carrier->program && carrier->program->n_stale;
}

/*
 * Reading and writing
 */

static int read_program(int fd, struct asm_state *ret)
{
	struct sock_filter *code = malloc(BPF_MAXINSNS * sizeof(*code));
	uint32_t n = BPF_MAXINSNS;
	int r;

	if (!code)
		return -ENOMEM;
	r = attach_read(fd, code, &n);
	if (r == 0)
		r = program_decode(code, n, ret);
	free(code);
	return r;
}

static int read_full(const struct carrier *carrier, struct asm_state *ret)
{
	int r = carrier->program ? read_known(carrier, ret)
				 : read_program(carrier->fd, ret);

	return r == -EACCES ? -EBUSY : r;
}

int carrier_read(const struct carrier *carrier, struct asm_state *ret)
{
	struct asm_state state = ASM_STATE_INIT;
	int r = 0;

	switch (carrier->filters) {
	case ASM_FILTERS_NONE:
	case ASM_FILTERS_BLIND:
		r = store_get(carrier->key, &state);
		break;
	case ASM_FILTERS_FULL:
		r = read_full(carrier, &state);
		break;
	}
	if (r >= 0)
		*ret = state;
	return r;
}

static int write_program(const struct carrier *carrier, const struct asm_state *old,
			 const struct asm_state *state)
{
	struct program program;
	int r = program_encode(&program, state, carrier->family);

	if (r < 0)
		return r;
	r = carrier_confirm(carrier);
	if (r == 0)
		r = attach_replace(carrier->fd, old, &program, carrier->family);
	if (r == 0)
		note_program(carrier, program.code, program.n);
	program_fini(&program);
	return r;
}

static int write_both(const struct carrier *carrier, const struct asm_state *old,
		      const struct asm_state *state)
{
	int r = write_program(carrier, old, state);

	if (r < 0)
		return r;
	r = store_put(carrier->key, state);
	if (r < 0)
		write_program(carrier, state, old);
	return r;
}

/*
 * The receive calls learn a packet's destination and interface from these; packets
 * that came before they were on do not tell.
 */
static int get_pktinfo(int fd, int level, int option)
{
	int value = 0;
	socklen_t len = sizeof(value);

	return getsockopt(fd, level, option, &value, &len) < 0 ? -errno : value;
}

static void set_pktinfo(const struct carrier *carrier, int is_on, int is_on6)
{
	setsockopt(carrier->fd, IPPROTO_IP, IP_PKTINFO, &is_on, sizeof(is_on));
	if (carrier->family == AF_INET6)
		setsockopt(carrier->fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, &is_on6,
			   sizeof(is_on6));
}

static struct store_wishes read_wishes(const struct carrier *carrier)
{
	struct store_wishes wishes = {
		.wants_pktinfo = get_pktinfo(carrier->fd, IPPROTO_IP, IP_PKTINFO) > 0,
	};

	if (carrier->family == AF_INET6)
		wishes.wants_pktinfo6 = get_pktinfo(carrier->fd, IPPROTO_IPV6,
						    IPV6_RECVPKTINFO) > 0;
	return wishes;
}

/* Does every packet of its groups pass? */
static bool is_unfiltered(const struct asm_state *state)
{
	for (uint32_t i = 0; i < state->n; i++) {
		const struct filter *filter = &state->memberships[i].filter;

		if (filter->mode != FILTER_EXCLUDE || filter->sources.n)
			return false;
	}
	return true;
}

static int write_stored(const struct carrier *carrier, const struct asm_state *state,
			bool is_receive_filtered)
{
	struct store_wishes wishes = { 0 };
	bool has_wishes = store_get_wishes(carrier->key, &wishes);
	bool begins = is_receive_filtered && !has_wishes && state->n;
	int r;

	if (!is_receive_filtered && !has_wishes && !is_unfiltered(state))
		return -EOPNOTSUPP;
	if (begins) {
		wishes = read_wishes(carrier);
		set_pktinfo(carrier, 1, 1);
	}
	r = store_put(carrier->key, state);
	if (begins && r == 0)
		store_set_wishes(carrier->key, &wishes);
	else if (begins || (has_wishes && !state->n && !state->n_application))
		set_pktinfo(carrier, wishes.wants_pktinfo, wishes.wants_pktinfo6);
	return r;
}

int carrier_write(const struct carrier *carrier, const struct asm_state *old,
		  const struct asm_state *state, bool is_receive_filtered)
{
	switch (carrier->filters) {
	case ASM_FILTERS_NONE:
		return write_stored(carrier, state, is_receive_filtered);
	case ASM_FILTERS_BLIND:
		return write_both(carrier, old, state);
	case ASM_FILTERS_FULL:
		return write_program(carrier, old, state);
	}
	return -EINVAL;
}
