/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * counting: the thread between rings and flow table (see counting.h).
 *
 * Invariant: watches and the table are touched with the mutex held.  The thread holds it
 * while there are packets; it lets go of it while it waits for some, and between two
 * batches when somebody wants a sample, since a mutex alone would be taken again at once
 * by who gave it away.
 */
#include "counting.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "capture/prefilter.h"
#include "capture/link.h"
#include "watch.h"

#define NSEC_PER_SEC UINT64_C(1000000000)

/* Batches of one interface before the next one has its turn. */
#define N_BATCHES 64

/* What is not complete after this time never will be (as Linux has it). */
#define FRAGMENT_SEC 30
#define TEND_MS      1000

/* The kernel hands over a block that is not full within twice the time that the ring
 * asks for, and on a busy machine later. */
#define SETTLE_MS 100

#define STOP UINT32_MAX

struct counting {
	struct watch *watches; /* owned */
	uint32_t n_watches;
	struct flow_table *table;    /* owned */
	uint64_t start_ns, taken_ns; /* CLOCK_MONOTONIC */

	pthread_mutex_t mutex;
	pthread_cond_t is_free; /* nobody wants a sample any more */
	atomic_bool is_wanted;
	bool is_running;
	bool is_settled; /* the next sample is the last one */
	pthread_t thread;
	int epoll_fd, stop_fd;
};

static uint64_t get_time(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (uint64_t)now.tv_sec * NSEC_PER_SEC + (uint64_t)now.tv_nsec;
}

/*
 * Opening
 */

/* All groups of all endpoints; none when a filter could not test so many anyway. */
static int list_groups(const struct counting_settings *settings,
		       struct sockaddr_storage **ret, uint32_t *ret_n)
{
	struct sockaddr_storage *groups;
	uint32_t n = 0;

	for (uint32_t i = 0; i < settings->n_groups; i++) {
		n += settings->groups[i].n_groups;
		if (n > PREFILTER_MAX)
			return 0;
	}
	if (n == 0)
		return 0;
	groups = calloc(n, sizeof(*groups));
	if (!groups)
		return -ENOMEM;
	n = 0;
	for (uint32_t i = 0; i < settings->n_groups; i++)
		for (uint32_t j = 0; j < settings->groups[i].n_groups; j++)
			endpoint_get_group(&settings->groups[i], j, &groups[n++]);
	*ret = groups;
	*ret_n = n;
	return 0;
}

static int open_watch(struct counting *counting, const struct counting_settings *settings,
		      const struct prefilter_settings *filter, uint32_t i)
{
	const struct msf_interface *interface = &settings->interfaces[i];
	struct prefilter prefilter;
	struct ring_settings ring = { .size = settings->ring_size,
				      .has_all_multicast = settings->has_all_multicast,
				      .prefilter = &prefilter };
	struct epoll_event event = { .events = EPOLLIN, .data.u32 = i };
	uint16_t arphrd;
	int r = link_find_kind(interface->ifindex, &arphrd);

	if (r < 0)
		return r;
	prefilter_init(&prefilter, filter, arphrd);
	r = watch_init(&counting->watches[i], interface, (uint16_t)i, &ring);
	if (r < 0)
		return r;
	if (epoll_ctl(counting->epoll_fd, EPOLL_CTL_ADD,
		      ring_get_fd(counting->watches[i].ring), &event) < 0)
		return -errno;
	return 0;
}

/* Is there something to be read at any place?  Without its count nothing is known of a
 * datagram, and it may be glued behind others. */
static bool has_whole_payload(const struct flow_settings *flow)
{
	return flow->loss == FLOW_LOSS_TS ||
	       (flow->loss == FLOW_LOSS_FIELD && flow->has_count);
}

static int open_watches(struct counting *counting,
			const struct counting_settings *settings,
			uint32_t *ret_i_interface)
{
	struct sockaddr_storage *groups = NULL;
	struct prefilter_settings filter = {
		.n_payload = flow_table_get_payload_size(&settings->flow),
		.has_whole_payload = has_whole_payload(&settings->flow),
	};
	int r = list_groups(settings, &groups, &filter.n_groups);

	filter.groups = groups;
	for (uint32_t i = 0; i < settings->n_interfaces && r == 0; i++) {
		*ret_i_interface = i;
		r = open_watch(counting, settings, &filter, i);
	}
	free(groups);
	return r;
}

static int open_waiting(struct counting *counting)
{
	struct epoll_event event = { .events = EPOLLIN, .data.u32 = STOP };

	counting->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	counting->stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (counting->epoll_fd < 0 || counting->stop_fd < 0 ||
	    epoll_ctl(counting->epoll_fd, EPOLL_CTL_ADD, counting->stop_fd, &event) < 0)
		return -errno;
	return 0;
}

static int make_table(struct counting *counting, const struct counting_settings *settings)
{
	struct flow_settings flow = settings->flow;

	flow.n_interfaces = settings->n_interfaces;
	flow.groups = settings->groups;
	flow.n_groups = settings->n_groups;
	counting->watches = calloc(settings->n_interfaces, sizeof(*counting->watches));
	if (!counting->watches)
		return -ENOMEM;
	counting->n_watches = settings->n_interfaces;
	return flow_table_new(&counting->table, &flow);
}

int counting_new(struct counting **ret, const struct counting_settings *settings,
		 uint32_t *ret_i_interface)
{
	struct counting *counting = calloc(1, sizeof(*counting));
	int r;

	*ret_i_interface = 0;
	if (!counting)
		return -ENOMEM;
	counting->epoll_fd = counting->stop_fd = -1;
	pthread_mutex_init(&counting->mutex, NULL);
	pthread_cond_init(&counting->is_free, NULL);
	r = make_table(counting, settings);
	if (r == 0)
		r = open_waiting(counting);
	if (r == 0)
		r = open_watches(counting, settings, ret_i_interface);
	if (r < 0) {
		counting_free(counting);
		return r;
	}
	counting->start_ns = counting->taken_ns = get_time(CLOCK_MONOTONIC);
	*ret = counting;
	return 0;
}

static void stop(struct counting *counting)
{
	if (!counting->is_running)
		return;
	eventfd_write(counting->stop_fd, 1);
	pthread_join(counting->thread, NULL);
}

struct counting *counting_free(struct counting *counting)
{
	if (!counting)
		return NULL;
	stop(counting);
	for (uint32_t i = 0; i < counting->n_watches; i++)
		watch_fini(&counting->watches[i]);
	free(counting->watches);
	flow_table_free(counting->table);
	if (counting->epoll_fd >= 0)
		close(counting->epoll_fd);
	if (counting->stop_fd >= 0)
		close(counting->stop_fd);
	pthread_cond_destroy(&counting->is_free);
	pthread_mutex_destroy(&counting->mutex);
	free(counting);
	return NULL;
}

/*
 * The thread
 */

static void let_others(struct counting *counting)
{
	while (atomic_load(&counting->is_wanted))
		pthread_cond_wait(&counting->is_free, &counting->mutex);
}

/* As much as is there, within limits. */
static void count_some(struct counting *counting, struct watch *watch)
{
	for (int i = 0; i < N_BATCHES; i++) {
		let_others(counting);
		if (watch_count(watch, counting->table) == 0)
			return;
	}
}

/* What is due now and then, whether there are packets or not: that an interface that is
 * down was removed is found by a look only. */
static void tend(struct counting *counting, uint64_t *next_ns)
{
	uint64_t now_ns = get_time(CLOCK_MONOTONIC);
	uint64_t before_ns = get_time(CLOCK_REALTIME) - FRAGMENT_SEC * NSEC_PER_SEC;

	if (now_ns < *next_ns)
		return;
	*next_ns = now_ns + TEND_MS * 1000000;
	for (uint32_t i = 0; i < counting->n_watches; i++) {
		count_some(counting, &counting->watches[i]);
		watch_expire(&counting->watches[i], before_ns);
		watch_renew(&counting->watches[i]);
	}
}

static void *run(void *data)
{
	struct counting *counting = data;
	struct epoll_event events[16];
	bool is_stopping = false;
	uint64_t tend_ns = 0;

	while (!is_stopping) {
		int n = epoll_wait(counting->epoll_fd, events, 16, TEND_MS);

		pthread_mutex_lock(&counting->mutex);
		for (int i = 0; i < n; i++)
			if (events[i].data.u32 == STOP)
				is_stopping = true;
			else
				count_some(counting,
					   &counting->watches[events[i].data.u32]);
		tend(counting, &tend_ns);
		pthread_mutex_unlock(&counting->mutex);
	}
	return NULL;
}

int counting_start(struct counting *counting)
{
	sigset_t all, before;
	int r;

	/* Signals are for the main thread. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	r = pthread_create(&counting->thread, NULL, run, counting);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	counting->is_running = r == 0;
	return -r;
}

/*
 * Samples
 */

static void lock(struct counting *counting)
{
	atomic_store(&counting->is_wanted, true);
	pthread_mutex_lock(&counting->mutex);
}

static void unlock(struct counting *counting)
{
	atomic_store(&counting->is_wanted, false);
	pthread_cond_signal(&counting->is_free);
	pthread_mutex_unlock(&counting->mutex);
}

static int make_room(const struct counting *counting, struct sample *sample)
{
	uint32_t max = flow_table_get_max(counting->table);

	if (!sample->flows) {
		sample->flows = calloc(max, sizeof(*sample->flows));
		sample->max_flows = sample->flows ? max : 0;
	}
	if (!sample->interfaces) {
		sample->interfaces = calloc(counting->n_watches,
					    sizeof(*sample->interfaces));
		sample->n_interfaces = sample->interfaces ? counting->n_watches : 0;
	}
	return sample->flows && sample->interfaces ? 0 : -ENOMEM;
}

/* Packets that come meanwhile are left for later. */
static void drain(struct counting *counting, uint64_t until_ns)
{
	for (uint32_t i = 0; i < counting->n_watches; i++) {
		struct watch *watch = &counting->watches[i];

		while (watch_count(watch, counting->table) > 0)
			if (watch->last_ns >= until_ns)
				break;
	}
}

void counting_settle(struct counting *counting)
{
	struct timespec left = { .tv_nsec = SETTLE_MS * 1000000L };

	while (nanosleep(&left, &left) < 0 && errno == EINTR)
		;
	counting->is_settled = true;
}

/* Nobody waits any longer for pieces of datagrams. */
static void give_up_pieces(struct counting *counting)
{
	if (!counting->is_settled)
		return;
	counting->is_settled = false;
	for (uint32_t i = 0; i < counting->n_watches; i++)
		watch_expire(&counting->watches[i], UINT64_MAX);
}

int counting_take(struct counting *counting, struct sample *sample)
{
	uint64_t now_ns;
	int r = make_room(counting, sample);

	if (r < 0)
		return r;
	lock(counting);
	drain(counting, get_time(CLOCK_REALTIME));
	give_up_pieces(counting);
	now_ns = get_time(CLOCK_MONOTONIC);
	sample->when_ns = get_time(CLOCK_REALTIME);
	sample->interval_ns = now_ns - counting->taken_ns;
	sample->total_ns = now_ns - counting->start_ns;
	counting->taken_ns = now_ns;
	flow_table_take(counting->table, sample);
	for (uint32_t i = 0; i < counting->n_watches; i++)
		watch_take(&counting->watches[i], &sample->interfaces[i]);
	unlock(counting);
	return 0;
}
