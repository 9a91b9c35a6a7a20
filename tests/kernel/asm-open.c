/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Never open: four sources send at full rate to a group that another socket has joined
 * for everybody, while the ASM backend changes the filter of one socket thousands of
 * times. Every packet tells which state was in force when it was sent; it may be there
 * only if a state between that one and the one in force when it is read admits it. So
 * a source that no state admits is wrong at any time, and one that some states admit
 * is wrong in the others.
 *
 * A source that every state admits must not be missed either: the witness, a socket on
 * the same port, gets as many packets of it.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/filter.h>
#include <linux/sock_diag.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/option-names.h"
#include "bench/inject.h"
#include "netns.h"
#include "raw.h"
#include "tap.h"
#include "traffic.h"

#define PORT          5300
#define MIN_CHANGES   600u
#define MIN_SENT      20000u
#define MAX_AHEAD     32768u /* packets that are sent and not read, at most */
#define TRUESIZE      1024u  /* what a packet takes of a queue, or less */
#define MIN_MEANWHILE 2000u  /* packets sent while the filter changes */
#define MIN_MS        60
#define DEADLINE_MS   20000
#define RECEIVE_SPACE (64 << 20)
#define N_FILLERS     60u
#define N_BATCH       16u   /* frames with the same stamp */
#define N_HISTORY     4096u /* states that are remembered; a power of 2 */
#define OPTMEM        "net/core/optmem_max"
#define OPTMEM_MAX    131072u

/* The senders, as bits of what a state admits. */
enum sender { A, B, X, W, N_SENDERS };

#define ONLY(sender) (1u << (sender))
#define NOBODY       0u
#define EVERYBODY    ((1u << N_SENDERS) - 1)

struct step {
	enum msf_verb verb; /* MSF_GET_FILTER: another, new socket */
	enum sender source; /* of the deltas; of a list the only sender */
	uint32_t fmode;
	unsigned int admitted; /* afterwards, by the filter */
};

#define MAX_STEPS 4u

struct scenario {
	const char *name;
	struct step before[1]; /* changes nothing on the way: nobody is sending yet */
	unsigned int n_before;
	struct step steps[MAX_STEPS]; /* again and again */
	unsigned int n_steps;
	bool needs_prior_join; /* the linux table refuses it */
	bool is_seamless;      /* all states admit A */
};

static const struct scenario scenarios[] = {
	{
		.name = "none -> INCLUDE {a} -> none",
		.steps = { { MSF_SET_FILTER, A, MCAST_INCLUDE, ONLY(A) },
			   { .verb = MSF_LEAVE_GROUP } },
		.n_steps = 2,
		.needs_prior_join = true,
	},
	{
		.name = "none -> EXCLUDE {x} -> none",
		.steps = { { MSF_SET_FILTER, X, MCAST_EXCLUDE, EVERYBODY & ~ONLY(X) },
			   { .verb = MSF_LEAVE_GROUP } },
		.n_steps = 2,
		.needs_prior_join = true,
	},
	{
		.name = "INCLUDE {a} <-> EXCLUDE {x}",
		.before = { { MSF_JOIN_SOURCE, A, 0, ONLY(A) } },
		.n_before = 1,
		.steps = { { MSF_SET_FILTER, X, MCAST_EXCLUDE, EVERYBODY & ~ONLY(X) },
			   { MSF_SET_FILTER, A, MCAST_INCLUDE, ONLY(A) } },
		.n_steps = 2,
		.is_seamless = true,
	},
	{
		.name = "INCLUDE {a} <-> INCLUDE {a, b}",
		.before = { { MSF_JOIN_SOURCE, A, 0, ONLY(A) } },
		.n_before = 1,
		.steps = { { MSF_JOIN_SOURCE, B, 0, ONLY(A) | ONLY(B) },
			   { MSF_LEAVE_SOURCE, B, 0, ONLY(A) } },
		.n_steps = 2,
		.is_seamless = true,
	},
	{
		.name = "EXCLUDE {x} <-> EXCLUDE {b, x}",
		.before = { { MSF_JOIN_GROUP, A, 0, EVERYBODY } },
		.n_before = 1,
		.steps = { { MSF_BLOCK_SOURCE, X, 0, EVERYBODY & ~ONLY(X) },
			   { MSF_BLOCK_SOURCE, B, 0, ONLY(A) | ONLY(W) },
			   { MSF_UNBLOCK_SOURCE, B, 0, EVERYBODY & ~ONLY(X) },
			   { MSF_UNBLOCK_SOURCE, X, 0, EVERYBODY } },
		.n_steps = 4,
		.is_seamless = true,
	},
	{
		.name = "a new socket -> INCLUDE {a} -> INCLUDE {a, b}",
		.steps = { { .verb = MSF_GET_FILTER },
			   { MSF_JOIN_SOURCE, A, 0, ONLY(A) },
			   { MSF_JOIN_SOURCE, B, 0, ONLY(A) | ONLY(B) } },
		.n_steps = 3,
	},
	{
		.name = "joins and leaves by source and by group",
		.steps = { { MSF_JOIN_SOURCE, A, 0, ONLY(A) },
			   { MSF_LEAVE_SOURCE, A, 0, NOBODY },
			   { MSF_JOIN_SOURCE, B, 0, ONLY(B) },
			   { .verb = MSF_LEAVE_GROUP } },
		.n_steps = 4,
	},
};

#define N_SCENARIOS (sizeof(scenarios) / sizeof(scenarios[0]))

/* Who decides about a group that is not joined. */
static const struct variant {
	const char *name;
	enum msf_semantics semantics;
	bool is_all_kept;
} variants[] = {
	{ "IP_MULTICAST_ALL off", MSF_SEMANTICS_TABLE, false },
	{ "IP_MULTICAST_ALL on", MSF_SEMANTICS_TABLE, true },
	{ "IP_MULTICAST_ALL on, linux table", MSF_SEMANTICS_LINUX, true },
};

#define N_VARIANTS (sizeof(variants) / sizeof(variants[0]))

struct open {
	struct tap tap;
	struct netns net;
	int wire; /* sends */
	unsigned int n_ahead;
	enum flavour flavour;
	int family; /* of the group */
	struct sockaddr_storage group;
	struct sockaddr_storage sources[N_SENDERS];
	struct inject_frame frames[N_BATCH];
	cpu_set_t cpus[2]; /* for the changes, for the senders */

	/* Number of the state in force, twice; odd while it changes. */
	atomic_uint epoch;
	atomic_bool is_over;
	atomic_uint n_sent;
	atomic_uint n_meanwhile; /* those sent while it changed */
	atomic_uint n_read;      /* up to here all that came was read */
	pthread_t sender;
};

/* One scenario as it goes on. */
struct run {
	struct open *open;
	struct scenario scenario;
	struct msf *msf;
	unsigned int without; /* admitted where there is no membership */
	uint32_t n_fillers;
	bool is_seamless; /* the witness tells what is to come */
	int fd;
	int witness;
	unsigned int admitted[N_HISTORY]; /* by state number */
	unsigned int n_changes, n_refused;
	unsigned int n_received, n_wrong;
	unsigned int n_seen, n_witnessed; /* packets of A */
};

static long now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* The senders */

/* One CPU sends, another one changes, where there are two. */
static void pin(struct open *self)
{
	cpu_set_t all;
	int n = 0;

	if (sched_getaffinity(0, sizeof(all), &all) < 0)
		tap_bail_out("sched_getaffinity: %s", strerror(errno));
	self->cpus[0] = self->cpus[1] = all;
	for (int cpu = 0; cpu < CPU_SETSIZE && n < 2; cpu++) {
		if (!CPU_ISSET(cpu, &all))
			continue;
		CPU_ZERO(&self->cpus[n]);
		CPU_SET(cpu, &self->cpus[n++]);
	}
	if (n == 2)
		sched_setaffinity(0, sizeof(self->cpus[0]), &self->cpus[0]);
}

static void make_frames(struct open *self)
{
	struct sockaddr_storage to = self->group;

	((struct sockaddr_in *)&to)->sin_port = htons(PORT); /* sin6_port, too */
	for (unsigned int i = 0; i < N_BATCH; i++) {
		struct inject_plan plan = { .from = &self->sources[i % N_SENDERS],
					    .to = &to,
					    .tag = i % N_SENDERS };

		inject_make(&self->frames[i], &plan);
	}
}

static void *send_packets(void *argument)
{
	struct inject_frame *batch[N_BATCH];
	struct open *self = argument;

	sched_setaffinity(0, sizeof(self->cpus[1]), &self->cpus[1]);
	for (unsigned int i = 0; i < N_BATCH; i++)
		batch[i] = &self->frames[i];
	while (!atomic_load(&self->is_over)) {
		unsigned int epoch = atomic_load(&self->epoch);

		for (unsigned int i = 0; i < N_BATCH; i++)
			inject_set_stamp(&self->frames[i], epoch);
		if (inject_send(self->wire, batch, N_BATCH) < 0)
			tap_bail_out("cannot send: %s", strerror(errno));
		atomic_fetch_add(&self->n_sent, N_BATCH);
		if (epoch & 1)
			atomic_fetch_add(&self->n_meanwhile, N_BATCH);
		while (atomic_load(&self->n_sent) - atomic_load(&self->n_read) >
			       self->n_ahead &&
		       !atomic_load(&self->is_over))
			sched_yield();
	}
	return NULL;
}

static void start_senders(struct open *self)
{
	atomic_store(&self->is_over, false);
	atomic_store(&self->n_sent, 0);
	atomic_store(&self->n_meanwhile, 0);
	atomic_store(&self->n_read, 0);
	if (pthread_create(&self->sender, NULL, send_packets, self) != 0)
		tap_bail_out("cannot make a thread");
}

static void stop_senders(struct open *self)
{
	atomic_store(&self->is_over, true);
	pthread_join(self->sender, NULL);
}

/* The receivers */

static int open_receiver(const struct open *self, bool is_all)
{
	int family = flavour_get_domain(self->flavour);
	struct sockaddr_in6 any = { .sin6_family = family, .sin6_port = htons(PORT) };
	int fd = socket(family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int space = RECEIVE_SPACE, one = 1, off = 0;

	if (!is_all) {
		raw_setsockopt(fd, IPPROTO_IP, IP_MULTICAST_ALL, &off, sizeof(off));
		raw_setsockopt(fd, IPPROTO_IPV6, IPV6_MULTICAST_ALL, &off, sizeof(off));
	}
	/* refused to those who are root in a user namespace only */
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &space, sizeof(space)) < 0)
		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &space, sizeof(space));
	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) < 0 ||
	    bind(fd, (void *)&any, sizeof(any)) < 0)
		tap_bail_out("cannot make a receiver: %s", strerror(errno));
	return fd;
}

/* It has joined for everybody, but keeps nothing but the packets of A. */
static int open_witness(const struct open *self)
{
	uint32_t tag = htonl(A);
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 16),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, tag, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, 0xffff),
		BPF_STMT(BPF_RET | BPF_K, 0),
	};
	struct sock_fprog program = { sizeof(code) / sizeof(code[0]), code };
	int fd = open_receiver(self, true);

	if (raw_setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program)) ||
	    raw_delta(fd, MSF_JOIN_GROUP, self->net.ifindex[0], &self->group, NULL))
		tap_bail_out("cannot make the witness");
	return fd;
}

/* How many packets its queue holds for sure. */
static unsigned int get_ahead(int fd)
{
	unsigned int space = 0;
	socklen_t len = sizeof(space);

	raw_getsockopt(fd, SOL_SOCKET, SO_RCVBUF, &space, &len);
	return space / TRUESIZE < MAX_AHEAD ? space / TRUESIZE : MAX_AHEAD;
}

/* Up to INJECT_BATCH packets, without waiting. */
static unsigned int receive(int fd, struct inject_payload ret[INJECT_BATCH])
{
	struct mmsghdr messages[INJECT_BATCH];
	struct iovec pieces[INJECT_BATCH];
	int n;

	memset(messages, 0, sizeof(messages));
	for (unsigned int i = 0; i < INJECT_BATCH; i++) {
		pieces[i] = (struct iovec){ &ret[i], sizeof(ret[i]) };
		messages[i].msg_hdr.msg_iov = &pieces[i];
		messages[i].msg_hdr.msg_iovlen = 1;
	}
	n = recvmmsg(fd, messages, INJECT_BATCH, MSG_DONTWAIT, NULL);
	if (n < 0 && errno != EAGAIN && errno != EINTR)
		tap_bail_out("recvmmsg: %s", strerror(errno));
	return n < 0 ? 0 : (unsigned int)n;
}

/* What the states between the sending and now admit. */
static unsigned int get_admitted(const struct run *run, unsigned int epoch_sent)
{
	unsigned int last = atomic_load(&run->open->epoch) / 2, admitted = 0;
	unsigned int first = epoch_sent / 2;

	if (last - first >= N_HISTORY)
		return EVERYBODY;
	for (unsigned int state = first; state <= last; state++)
		admitted |= run->admitted[state % N_HISTORY];
	return admitted;
}

static void judge(struct run *run)
{
	struct inject_payload payload[INJECT_BATCH];
	unsigned int n;

	do {
		n = receive(run->fd, payload);
		run->n_received += n;
		for (unsigned int i = 0; i < n; i++) {
			unsigned int sender = payload[i].tag;

			run->n_seen += sender == A;
			if (get_admitted(run, payload[i].stamp) >> sender & 1)
				continue;
			if (run->n_wrong++ < 3)
				tap_comment("wrong: a packet of %c, sent at %u, read at "
					    "%u",
					    "abxw"[sender & 3], payload[i].stamp,
					    atomic_load(&run->open->epoch));
		}
	} while (n == INJECT_BATCH);
}

static void count_witnessed(struct run *run)
{
	struct inject_payload payload[INJECT_BATCH];
	unsigned int n;

	do {
		n = receive(run->witness, payload);
		run->n_witnessed += n;
	} while (n == INJECT_BATCH);
}

static void read_all(struct run *run)
{
	unsigned int n = atomic_load(&run->open->n_sent);

	judge(run);
	count_witnessed(run);
	atomic_store(&run->open->n_read, n);
}

/* The changes */

static struct sockaddr_storage get_filler(int family, uint32_t i)
{
	return netns_source(family, 0, 400 + 3 * i);
}

static int apply(struct run *run, const struct step *step)
{
	struct open *self = run->open;
	struct sockaddr_storage list[1 + N_FILLERS];
	struct msf_request request = {
		.verb = step->verb,
		.ifindex = self->net.ifindex[0],
		.group = (const void *)&self->group,
		.source = (const void *)&self->sources[step->source],
		.fmode = step->fmode,
		.numsrc = 1 + run->n_fillers,
		.slist = list,
	};

	if (step->verb == MSF_GET_FILTER) {
		close(run->fd);
		run->fd = open_receiver(self, run->without != NOBODY);
		return 0;
	}
	list[0] = self->sources[step->source];
	for (uint32_t i = 0; i < run->n_fillers; i++)
		list[1 + i] = get_filler(self->family, i);
	return msf_apply_request(run->msf, run->fd, &request);
}

/* The state's number goes up with it, refused or not. */
static void change(struct run *run, const struct step *step)
{
	struct open *self = run->open;
	unsigned int number = atomic_load(&self->epoch) / 2 + 1;
	bool is_none = step->admitted == NOBODY;
	int r;

	run->admitted[number % N_HISTORY] = is_none ? run->without : step->admitted;
	atomic_store(&self->epoch, 2 * number - 1);
	r = apply(run, step);
	atomic_store(&self->epoch, 2 * number);
	run->n_changes++;
	if (r < 0 && run->n_refused++ < 3)
		tap_comment("change %u: %s", run->n_changes, strerror(-r));
}

static bool is_enough(const struct run *run, long ms)
{
	return ms > DEADLINE_MS || (run->n_changes >= MIN_CHANGES && ms >= MIN_MS &&
				    atomic_load(&run->open->n_sent) >= MIN_SENT);
}

static void change_all_the_time(struct run *run)
{
	long start = now_ms();

	for (unsigned int i = 0; !is_enough(run, now_ms() - start); i++) {
		change(run, &run->scenario.steps[i % run->scenario.n_steps]);
		read_all(run);
	}
}

/* What is still on its way comes; or not, then there is no more to wait for. */
static void await_rest(struct run *run)
{
	struct pollfd poller = { .fd = run->fd, .events = POLLIN };
	long end = now_ms() + 2000;

	do {
		read_all(run);
		if (!run->is_seamless || run->n_seen == run->n_witnessed)
			return;
		poll(&poller, 1, 10);
	} while (now_ms() < end);
}

static struct msf *open_context(const struct variant *variant)
{
	struct msf_config *config;
	struct msf *msf;
	int r = msf_config_new(&config);

	if (r == 0)
		r = msf_config_set_backend(config, MSF_BACKEND_ASM);
	if (r == 0)
		r = msf_config_set_semantics(config, variant->semantics);
	if (r == 0)
		r = msf_config_set_keep_multicast_all(config, variant->is_all_kept);
	if (r == 0)
		r = msf_new(&msf, config);
	if (r < 0)
		tap_bail_out("no context: %s", strerror(-r));
	msf_config_free(config);
	return msf;
}

static void run_init(struct run *run, struct open *self, const struct scenario *scenario,
		     const struct variant *variant)
{
	*run = (struct run){ .open = self,
			     .scenario = *scenario,
			     .is_seamless = scenario->is_seamless };
	run->msf = open_context(variant);
	run->without = variant->is_all_kept ? EVERYBODY : NOBODY;
	/* the library is to turn it off */
	run->fd = open_receiver(self, true);
	run->witness = open_witness(self);
	self->n_ahead = get_ahead(run->witness);
	atomic_store(&self->epoch, 0);
	run->admitted[0] = NOBODY;
}

static void run_fini(struct run *run)
{
	close(run->fd);
	close(run->witness);
	msf_free(run->msf);
}

static void run_scenario(struct run *run, const char *where)
{
	struct open *self = run->open;

	for (unsigned int i = 0; i < run->scenario.n_before; i++)
		change(run, &run->scenario.before[i]);
	/* so that the state in force is that of a whole round */
	for (unsigned int i = 0; i < run->scenario.n_steps; i++)
		change(run, &run->scenario.steps[i]);
	start_senders(self);
	change_all_the_time(run);
	stop_senders(self);
	await_rest(run);
	tap_expect(&self->tap, run->n_refused == 0, "%u changes refused", run->n_refused);
	tap_expect(&self->tap, run->n_wrong == 0, "%u wrong packets", run->n_wrong);
	tap_expect(&self->tap, run->n_received > 0, "nothing was received");
	tap_expect(&self->tap, run->n_changes >= MIN_CHANGES, "%u changes in %d ms",
		   run->n_changes, DEADLINE_MS);
	if (run->is_seamless)
		tap_expect(&self->tap, run->n_seen == run->n_witnessed,
			   "%u packets of a, the witness got %u", run->n_seen,
			   run->n_witnessed);
	tap_comment(
		"%u changes; packets: %u sent, %u of them during a change, %u received, "
		"%u wrong",
		run->n_changes, atomic_load(&self->n_sent),
		atomic_load(&self->n_meanwhile), run->n_received, run->n_wrong);
	tap_end(&self->tap, "%s, %s: %s", flavour_name(self->flavour), where,
		run->scenario.name);
}

/*
 * Little option memory: room for one program, not for two.
 */

static uint32_t get_optmem(int fd)
{
	uint32_t info[SK_MEMINFO_VARS] = { 0 };
	socklen_t len = sizeof(info);

	raw_getsockopt(fd, SOL_SOCKET, SO_MEMINFO, info, &len);
	return info[SK_MEMINFO_OPTMEM];
}

static void test_closed_moment(struct open *self)
{
	const struct scenario *scenario = &scenarios[2];
	struct run run;
	uint32_t used = 0, limit;

	run_init(&run, self, scenario, &variants[0]);
	run.n_fillers = N_FILLERS;
	run.is_seamless = false; /* nothing is admitted between the two */
	run.scenario.n_before = 0;
	for (unsigned int i = 0; i < scenario->n_steps; i++) {
		change(&run, &scenario->steps[i]);
		if (get_optmem(run.fd) > used)
			used = get_optmem(run.fd);
	}
	limit = used + used / 2;
	if (netns_set_sysctl(OPTMEM, limit) < 0) {
		tap_skip(&self->tap, OPTMEM " cannot be set");
		tap_end(&self->tap, "room for one program only");
	} else {
		tap_comment("a program takes %u bytes of %u", used, limit);
		run_scenario(&run, "room for one program only");
	}
	netns_set_sysctl(OPTMEM, OPTMEM_MAX);
	run_fini(&run);
}

static void test_variant(struct open *self, const struct variant *variant)
{
	struct run run;

	for (unsigned int i = 0; i < N_SCENARIOS; i++) {
		if (variant->semantics == MSF_SEMANTICS_LINUX &&
		    scenarios[i].needs_prior_join)
			continue;
		run_init(&run, self, &scenarios[i], variant);
		run_scenario(&run, variant->name);
		run_fini(&run);
	}
}

static void test_flavour(struct open *self, enum flavour flavour)
{
	self->flavour = flavour;
	self->family = flavour_get_family(flavour);
	self->group = netns_group(self->family, 0);
	for (unsigned int i = 0; i < N_SENDERS; i++)
		self->sources[i] = netns_source(self->family, 0, 100 + i);
	make_frames(self);
	test_variant(self, &variants[0]);
	/* an AF_INET6 socket is born with IP_MULTICAST_ALL off */
	for (unsigned int v = 1; flavour != FLAVOUR_IPV4_ON_IPV6 && v < N_VARIANTS; v++)
		test_variant(self, &variants[v]);
	test_closed_moment(self);
}

int main(void)
{
	static struct open self;

	netns_init(&self.net);
	netns_set_sysctl("net/ipv4/conf/all/rp_filter", 0);
	netns_set_sysctl("net/ipv4/conf/m0/rp_filter", 0);
	pin(&self);
	self.wire = inject_open(if_nametoindex("m0p"));
	if (self.wire < 0)
		tap_bail_out("m0p: %s", strerror(-self.wire));
	for (enum flavour f = 0; f < N_FLAVOURS; f++)
		test_flavour(&self, f);
	close(self.wire);
	return tap_finish(&self.tap);
}
