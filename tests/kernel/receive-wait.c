/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How the receive calls wait where socket filters do nothing: as those of an
 * unfiltered socket, whatever arrives that is not admitted. And how poll() does.
 */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "asm/asm.h"
#include "asm/receive-wait.h"
#include "raw.h"
#include "receive-rig.h"

#define GAP_MS   8
#define LIMIT_MS 40

/* No wait of these tests is longer, but one that never ends. */
#define FOREVER_S 2.0

/* A sender in the background: the letters, one after each gap; the last one again and
 * again until it is stopped. */
struct later {
	pthread_t thread;
	struct rig *rig;
	const struct rig_socket *socket;
	const char *letters;
	bool is_endless;
	atomic_bool is_stopped;
};

static void *say_later(void *argument)
{
	struct later *later = argument;
	const char *at = later->letters;
	char letter[2] = "";

	do {
		poll(NULL, 0, GAP_MS);
		letter[0] = *at;
		rig_say(later->rig, later->socket, letter);
		if (!later->is_endless || at[1] != '\0')
			at++;
	} while (*at != '\0' && !atomic_load(&later->is_stopped));
	return NULL;
}

static void later_start(struct later *later, struct rig *rig,
			const struct rig_socket *socket, const char *letters,
			bool is_endless)
{
	sigset_t all, before;

	*later = (struct later){ .rig = rig, .socket = socket, .letters = letters };
	later->is_endless = is_endless;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	if (pthread_create(&later->thread, NULL, say_later, later) != 0)
		tap_bail_out("cannot make a thread");
	pthread_sigmask(SIG_SETMASK, &before, NULL);
}

static void later_stop(struct later *later)
{
	atomic_store(&later->is_stopped, true);
	pthread_join(later->thread, NULL);
}

static double get_cpu_time(void)
{
	struct timespec used;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
	return (double)used.tv_sec + (double)used.tv_nsec / 1e9;
}

static void test_goes_on(struct rig *rig, bool is_peek, unsigned int limit_ms)
{
	int flags = is_peek ? MSG_PEEK : 0;
	double cpu = get_cpu_time();
	struct rig_socket socket;
	struct later later;
	char buf[64];

	rig_open(rig, &socket, RIG_UDP4);
	rig_set_timeout(&socket, limit_ms);
	for (unsigned int i = 0; i < N_RIG_CALLS; i++) {
		if (is_peek && !rig_calls[i].has_flags)
			continue;
		rig_say(rig, &socket, "R");
		later_start(&later, rig, &socket, "RRA", false);
		rig_expect(rig, &socket, rig_calls[i].name, buf,
			   rig_calls[i].receive(socket.fd, buf, sizeof(buf), flags),
			   "A0");
		later_stop(&later);
		tap_expect(&rig->tap, rig_drain(&socket) == is_peek, "what is left");
	}
	tap_expect(&rig->tap, get_cpu_time() - cpu < 0.05, "%f s of computing",
		   get_cpu_time() - cpu);
	rig_close(&socket);
	tap_end(&rig->tap, "a %s waits on%s", is_peek ? "peek" : "call",
		limit_ms > 0 ? ", with a timeout" : "");
}

static void expect_time(struct rig *rig, const char *call, double start, double least)
{
	double took = rig_now() - start;

	tap_expect(&rig->tap, took >= least - 0.002 && took < FOREVER_S, "%s: %f s", call,
		   took);
}

static void test_timeout(struct rig *rig)
{
	double cpu = get_cpu_time();
	struct rig_socket socket;
	struct later later;
	char buf[64];

	rig_open(rig, &socket, RIG_UDP6);
	rig_set_timeout(&socket, LIMIT_MS);
	later_start(&later, rig, &socket, "R", true);
	for (unsigned int i = 0; i < N_RIG_CALLS; i++)
		for (int flags = 0; flags <= MSG_PEEK; flags += MSG_PEEK) {
			double start = rig_now();

			rig_expect_error(
				rig, rig_calls[i].name,
				rig_calls[i].receive(socket.fd, buf, sizeof(buf), flags),
				EAGAIN);
			expect_time(rig, rig_calls[i].name, start, LIMIT_MS / 1e3);
		}
	later_stop(&later);
	tap_expect(&rig->tap, get_cpu_time() - cpu < 0.1, "%f s of computing",
		   get_cpu_time() - cpu);
	rig_close(&socket);
	tap_end(&rig->tap, "SO_RCVTIMEO is the time of the whole call");
}

static atomic_uint n_signals;

static void count_signal(int number)
{
	(void)number;
	atomic_fetch_add(&n_signals, 1);
}

/* A signal every few milliseconds, as one could come between two system calls. */
static void tick(bool restarts, unsigned int ms)
{
	struct sigaction action = { .sa_handler = count_signal,
				    .sa_flags = restarts ? SA_RESTART : 0 };
	struct itimerval time = { { 0, ms * 1000 }, { 0, ms * 1000 } };

	sigaction(SIGALRM, &action, NULL);
	setitimer(ITIMER_REAL, &time, NULL);
	atomic_store(&n_signals, 0);
}

static void test_signals(struct rig *rig)
{
	struct rig_socket socket;
	struct later later;
	char buf[64];
	unsigned int n;

	rig_open(rig, &socket, RIG_UDP4);
	for (unsigned int i = 0; i < N_RIG_CALLS; i++) {
		rig_say(rig, &socket, "R");
		tick(false, 10);
		rig_expect_error(rig, rig_calls[i].name,
				 rig_calls[i].receive(socket.fd, buf, sizeof(buf), 0),
				 EINTR);
		tick(false, 0);
	}
	tap_end(&rig->tap, "a signal interrupts a call that has met a packet");

	for (unsigned int i = 0; i < N_RIG_CALLS; i++) {
		rig_say(rig, &socket, "R");
		tick(true, 4);
		later_start(&later, rig, &socket, "RRA", false);
		rig_expect(rig, &socket, rig_calls[i].name, buf,
			   rig_calls[i].receive(socket.fd, buf, sizeof(buf), 0), "A0");
		n = atomic_load(&n_signals);
		tick(true, 0);
		later_stop(&later);
		tap_expect(&rig->tap, n > 0, "no signal came");
	}
	tap_end(&rig->tap, "SA_RESTART restarts it");

	rig_set_timeout(&socket, 2000);
	for (unsigned int i = 0; i < N_RIG_CALLS; i++) {
		rig_say(rig, &socket, "R");
		tick(true, 10);
		rig_expect_error(rig, rig_calls[i].name,
				 rig_calls[i].receive(socket.fd, buf, sizeof(buf), 0),
				 EINTR);
		tick(true, 0);
	}
	rig_close(&socket);
	tap_end(&rig->tap, "but not one with a timeout, as in Linux");
}

static void *shut_later(void *argument)
{
	poll(NULL, 0, GAP_MS);
	shutdown(*(int *)argument, SHUT_RD);
	return NULL;
}

static void test_shutdown(struct rig *rig)
{
	struct pollfd poller = { .events = POLLIN };
	struct rig_socket socket;
	double start = rig_now();
	char buf[64];

	for (unsigned int i = 0; i < 2 * N_RIG_CALLS; i++) {
		const struct rig_call *call = &rig_calls[i / 2];
		pthread_t thread;
		int r;

		rig_open(rig, &socket, RIG_UDP4);
		rig_set_timeout(&socket, i % 2 == 0 ? 0 : 5000);
		rig_say(rig, &socket, "R");
		if (pthread_create(&thread, NULL, shut_later, &socket.fd) != 0)
			tap_bail_out("cannot make a thread");
		tap_expect(&rig->tap, call->receive(socket.fd, buf, sizeof(buf), 0) == 0,
			   "%s: %s", call->name, strerror(errno));
		pthread_join(thread, NULL);
		poller.fd = socket.fd;
		r = msf_poll(&poller, 1, 5000);
		tap_expect(&rig->tap, r == 1 && poller.revents == POLLIN, "poll: %d", r);
		rig_close(&socket);
	}
	tap_expect(&rig->tap, rig_now() - start < 5, "%f s", rig_now() - start);
	tap_end(&rig->tap, "a socket that is shut down ends calls and polls");
}

/* It is for streams: a datagram is there as a whole, as at a socket without a filter. */
static void test_low_water(struct rig *rig)
{
	struct pollfd pollers[2] = { { .events = POLLIN }, { .events = POLLIN } };
	struct rig_socket socket;
	char buf[64];
	int low = 4096;

	rig_open(rig, &socket, RIG_UDP4);
	pollers[0].fd = socket.fd;
	pollers[1].fd = rig_open_twin(&socket);
	for (int i = 0; i < 2; i++)
		raw_setsockopt(pollers[i].fd, SOL_SOCKET, SO_RCVLOWAT, &low, sizeof(low));
	for (unsigned int i = 0; i < N_RIG_CALLS; i++) {
		rig_say(rig, &socket, "RA");
		tap_expect(&rig->tap,
			   msf_poll(pollers, 2, 0) == 2 && pollers[0].revents == POLLIN &&
				   pollers[1].revents == POLLIN,
			   "poll: 0x%x, without a filter 0x%x",
			   (unsigned int)pollers[0].revents,
			   (unsigned int)pollers[1].revents);
		rig_expect(rig, &socket, rig_calls[i].name, buf,
			   rig_calls[i].receive(socket.fd, buf, sizeof(buf), 0), "A1");
		for (unsigned int n = 0; n < 2; n++)
			tap_expect(&rig->tap,
				   recv(pollers[1].fd, buf, sizeof(buf), MSG_DONTWAIT) ==
					   2,
				   "the other one: %s", strerror(errno));
	}
	close(pollers[1].fd);
	rig_close(&socket);
	tap_end(&rig->tap, "SO_RCVLOWAT changes nothing for datagrams");
}

/* However fast packets come: what was not there at the start is not waited for. */
static void test_bound(struct rig *rig)
{
	struct rig_socket socket;
	struct patience patience;
	uint32_t n = 0, depth;

	rig_open(rig, &socket, RIG_UDP4);
	depth = patience_get_depth(socket.fd);
	for (int is_timed = 0; is_timed < 2; is_timed++) {
		rig_set_timeout(&socket, is_timed ? 1 : 0);
		patience_init(&patience, socket.fd, is_timed ? 0 : MSG_DONTWAIT);
		poll(NULL, 0, 12); /* the kernel counts in its own ticks */
		for (n = 0; patience_spend(&patience) == 0 && n <= depth; n++)
			continue;
		tap_expect(&rig->tap, n == depth, "%u packets, not %u", n, depth);
	}
	rig_set_timeout(&socket, 0);
	patience_init(&patience, socket.fd, 0);
	for (n = 0; patience_spend(&patience) == 0 && n <= depth; n++)
		continue;
	tap_expect(&rig->tap, n > depth, "one that may wait ends");
	for (n = 0; n < depth; n++)
		rig_say(rig, &socket, "A");
	tap_expect(&rig->tap, rig_drain(&socket) < depth, "the queue holds more");
	rig_close(&socket);
	tap_end(&rig->tap, "a call at its end discards no more than a queue holds");
}

/* An error queue that is not empty makes poll() useless to wait with. */
static void test_full_error_queue(struct rig *rig)
{
	struct sockaddr_storage nobody = netns_source(AF_INET, 0, 0);
	double start, cpu;
	struct rig_socket socket;
	struct later later;
	int on = 1;
	char byte;

	rig_open(rig, &socket, RIG_UDP4);
	rig_set_timeout(&socket, LIMIT_MS);
	raw_setsockopt(socket.fd, IPPROTO_IP, IP_RECVERR, &on, sizeof(on));
	((struct sockaddr_in *)&nobody)->sin_port = htons(9);
	sendto(socket.fd, "?", 1, 0, (void *)&nobody, sizeof(struct sockaddr_in));
	rig_expect_error(rig, "the error", msf_recv(socket.fd, &byte, 1, 0),
			 ECONNREFUSED);
	rig_say(rig, &socket, "R");
	start = rig_now();
	cpu = get_cpu_time();
	rig_expect_error(rig, "nothing", msf_recv(socket.fd, &byte, 1, 0), EAGAIN);
	expect_time(rig, "recv", start, LIMIT_MS / 1e3);
	tap_expect(&rig->tap, get_cpu_time() - cpu < LIMIT_MS / 2e3, "%f s of computing",
		   get_cpu_time() - cpu);
	rig_say(rig, &socket, "R");
	later_start(&later, rig, &socket, "A", false);
	tap_expect(&rig->tap, msf_recv(socket.fd, &byte, 1, 0) == 1, "recv");
	later_stop(&later);
	rig_close(&socket);
	tap_end(&rig->tap, "an error queue that is not empty makes no busy loop");
}

static void test_waiting_batch(struct rig *rig)
{
	struct timespec limit = { 1, 0 }, unchanged = { 1, 0 };
	struct mmsghdr msgs[4] = { 0 };
	struct rig_socket socket;
	struct later later;

	rig_open(rig, &socket, RIG_UDP4);
	later_start(&later, rig, &socket, "RRA", false);
	tap_expect(&rig->tap, msf_recvmmsg(socket.fd, msgs, 4, MSG_WAITFORONE, NULL) == 1,
		   "MSG_WAITFORONE");
	later_stop(&later);
	later_start(&later, rig, &socket, "RARRA", false);
	tap_expect(&rig->tap, msf_recvmmsg(socket.fd, msgs, 2, 0, &limit) == 2, "both");
	later_stop(&later);
	tap_expect(&rig->tap, limit.tv_sec == 0 && limit.tv_nsec > 0, "%lld s are left",
		   (long long)limit.tv_sec);
	rig_expect_error(rig, "none",
			 msf_recvmmsg(socket.fd, msgs, 4, MSG_DONTWAIT, &unchanged),
			 EAGAIN);
	tap_expect(&rig->tap, unchanged.tv_sec == 1 && unchanged.tv_nsec == 0,
		   "the time was changed");
	rig_close(&socket);
	tap_end(&rig->tap, "recvmmsg waits for packets that are admitted");
}

/*
 * Readiness
 */

static void expect_poll(struct rig *rig, const char *what, int r, int n,
			const struct pollfd *poller, short revents)
{
	tap_expect(&rig->tap, r == n && poller->revents == revents, "%s: %d (%s), 0x%x",
		   what, r, r < 0 ? strerror(errno) : "", (unsigned int)poller->revents);
}

static void test_poll(struct rig *rig, enum rig_kind kind)
{
	struct rig_socket socket;
	struct pollfd poller = { .events = POLLIN | POLLRDNORM };
	struct later later;
	char buf[64];
	double start;
	int r;

	rig_open(rig, &socket, kind);
	poller.fd = socket.fd;
	rig_say(rig, &socket, "RR");
	expect_poll(rig, "no time", msf_poll(&poller, 1, 0), 0, &poller, 0);
	tap_expect(&rig->tap, rig_drain(&socket) == 0, "packets are left");
	later_start(&later, rig, &socket, "R", true);
	start = rig_now();
	expect_poll(rig, "some time", msf_poll(&poller, 1, LIMIT_MS), 0, &poller, 0);
	expect_time(rig, "poll", start, LIMIT_MS / 1e3);
	later_stop(&later);
	later_start(&later, rig, &socket, "RRA", false);
	r = msf_poll(&poller, 1, -1);
	expect_poll(rig, "all the time", r, 1, &poller, POLLIN | POLLRDNORM);
	rig_expect(rig, &socket, "recv", buf,
		   msf_recv(socket.fd, buf, sizeof(buf), MSG_DONTWAIT), "A0");
	later_stop(&later);
	rig_close(&socket);
	tap_end(&rig->tap, "%s: poll waits for packets that are admitted",
		rig_name(kind));
}

static void test_other_events(struct rig *rig)
{
	struct rig_socket one, two;
	struct pollfd pollers[4] = { { .events = POLLIN },
				     { .events = POLLIN | POLLOUT },
				     { .fd = -1, .events = POLLIN, .revents = 7 },
				     { .events = POLLIN } };
	int ends[2], r;

	if (pipe(ends) < 0 || write(ends[1], "x", 1) != 1)
		tap_bail_out("no pipe");
	rig_open(rig, &one, RIG_UDP4);
	rig_open(rig, &two, RIG_UDP6);
	pollers[0].fd = one.fd;
	pollers[1].fd = two.fd;
	pollers[3].fd = ends[0];
	rig_say(rig, &one, "R");
	rig_say(rig, &two, "R");
	r = msf_poll(pollers, 4, -1);
	expect_poll(rig, "unadmitted", r, 2, &pollers[0], 0);
	expect_poll(rig, "writable", r, 2, &pollers[1], POLLOUT);
	expect_poll(rig, "none", r, 2, &pollers[2], 0);
	expect_poll(rig, "a pipe", r, 2, &pollers[3], POLLIN);
	rig_say(rig, &one, "RA");
	r = msf_poll(pollers, 4, -1);
	expect_poll(rig, "admitted", r, 3, &pollers[0], POLLIN);
	expect_poll(rig, "writable", r, 3, &pollers[1], POLLOUT);
	close(ends[0]);
	close(ends[1]);
	rig_close(&one);
	rig_close(&two);
	tap_end(&rig->tap, "poll tells everything else beside it");
}

static void test_poll_error(struct rig *rig)
{
	struct sockaddr_storage nobody = netns_source(AF_INET, 0, 0);
	struct pollfd poller = { .events = POLLIN };
	struct rig_socket socket;
	char byte;
	int r;

	rig_open(rig, &socket, RIG_UDP4);
	poller.fd = socket.fd;
	rig_say(rig, &socket, "R");
	((struct sockaddr_in *)&nobody)->sin_port = htons(9);
	if (connect(socket.fd, (void *)&nobody, sizeof(struct sockaddr_in)) < 0 ||
	    send(socket.fd, "?", 1, 0) < 0)
		tap_bail_out("cannot send to nobody");
	r = msf_poll(&poller, 1, 0);
	tap_expect(&rig->tap, r == 1 && (poller.revents & POLLERR) != 0, "poll: %d", r);
	r = poll(&poller, 1, 0);
	tap_expect(&rig->tap, r == 1 && (poller.revents & POLLERR) != 0, "it is gone");
	/* what a caller does that was not told of the error */
	tap_expect(&rig->tap, asm_settle(socket.fd), "an error is something to read");
	rig_expect_error(rig, "recv", msf_recv(socket.fd, &byte, 1, MSG_DONTWAIT),
			 ECONNREFUSED);
	expect_poll(rig, "later", msf_poll(&poller, 1, 0), 0, &poller, 0);
	rig_close(&socket);
	tap_end(&rig->tap, "no look at the queue loses an error of the socket");
}

static void test_poll_arguments(struct rig *rig)
{
	/* the end of time, whichever time_t there is */
	time_t last = (time_t)(sizeof(time_t) == 8 ? INT64_MAX : INT32_MAX);
	struct timespec wrong = { 0, -1 }, longest = { last, 999999999 };
	struct rig_socket socket;
	struct pollfd poller = { .events = POLLIN };
	struct later later;
	sigset_t none, alarm;

	rig_open(rig, &socket, RIG_UDP4);
	poller.fd = socket.fd;
	rig_expect_error(rig, "a wrong time", asm_ppoll(&poller, 1, &wrong, NULL),
			 EINVAL);
	rig_expect_error(rig, "no array", asm_ppoll(NULL, 1, NULL, NULL), EFAULT);
	later_start(&later, rig, &socket, "RA", false);
	expect_poll(rig, "a long time", asm_ppoll(&poller, 1, &longest, NULL), 1, &poller,
		    POLLIN);
	later_stop(&later);
	sigemptyset(&none);
	sigemptyset(&alarm);
	sigaddset(&alarm, SIGALRM);
	rig_drain(&socket);
	rig_say(rig, &socket, "R");
	sigprocmask(SIG_BLOCK, &alarm, NULL);
	tick(true, 10);
	rig_expect_error(rig, "a mask", asm_ppoll(&poller, 1, NULL, &none), EINTR);
	tap_expect(&rig->tap, atomic_load(&n_signals) == 1, "no signal");
	tick(true, 0);
	sigprocmask(SIG_UNBLOCK, &alarm, NULL);
	rig_close(&socket);
	tap_end(&rig->tap, "ppoll takes time and mask as the kernel does");
}

int main(void)
{
	struct rig rig;

	rig_init(&rig);
	for (int is_peek = 0; is_peek < 2; is_peek++)
		for (unsigned int ms = 0; ms <= 5000; ms += 5000)
			test_goes_on(&rig, is_peek, ms);
	test_timeout(&rig);
	test_signals(&rig);
	test_shutdown(&rig);
	test_low_water(&rig);
	test_bound(&rig);
	test_full_error_queue(&rig);
	test_waiting_batch(&rig);
	for (enum rig_kind kind = 0; kind < N_RIG_KINDS; kind++)
		test_poll(&rig, kind);
	test_other_events(&rig);
	test_poll_error(&rig);
	test_poll_arguments(&rig);
	return tap_finish(&rig.tap);
}
