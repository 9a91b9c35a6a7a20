/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The same script of random packets and calls on two sockets: one with the kernel's
 * own source filter and libc's calls, one where nothing but the receive calls filters.
 * Whatever the application can see is to be the same, byte by byte; but for the rest
 * of its buffers behind the data, where ours may leave some of what was discarded.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include "raw.h"
#include "receive-rig.h"

#define N_ROUNDS   400u
#define N_MESSAGES 3u
#define N_BUFFERS  3u
#define ROOM       256u
#define FILLER     0xaa

/* An option of the socket that adds control data. */
static const struct option {
	int level, name;
	bool is_ipv6;
} options[] = {
	{ SOL_SOCKET, SO_TIMESTAMP, false },
	{ SOL_SOCKET, SO_TIMESTAMPNS, false },
	{ SOL_SOCKET, SO_RXQ_OVFL, false },
	{ IPPROTO_IP, IP_PKTINFO, false },
	{ IPPROTO_IP, IP_RECVTTL, false },
	{ IPPROTO_IP, IP_RECVTOS, false },
	{ IPPROTO_IP, IP_RECVORIGDSTADDR, false },
	{ IPPROTO_IPV6, IPV6_RECVPKTINFO, true },
	{ IPPROTO_IPV6, IPV6_RECVHOPLIMIT, true },
	{ IPPROTO_IPV6, IPV6_RECVTCLASS, true },
};

#define N_OPTIONS (sizeof(options) / sizeof(*options))

struct twins {
	struct rig_socket socket; /* fd: whose receive calls filter */
	int kernel_fd;
};

/* What the caller asks. */
enum call { RECV, RECVFROM, RECVMSG, RECVMMSG, READ, READV, N_CALLS };

struct shot {
	enum call call;
	int flags;
	bool has_name, has_control;
	socklen_t name_room;
	size_t control_room;
	unsigned int n_messages, n_buffers;
	size_t lengths[N_BUFFERS];
};

/* What it sees. */
struct view {
	ssize_t result;
	int error;
	socklen_t fromlen;
	struct seen {
		socklen_t namelen;
		size_t controllen;
		int flags;
		unsigned int len;
		unsigned char name[sizeof(struct sockaddr_storage)];
		unsigned char control[ROOM];
		unsigned char data[N_BUFFERS * ROOM];
	} seen[N_MESSAGES];
};

struct calls {
	ssize_t (*recv)(int, void *, size_t, int);
	ssize_t (*recvfrom)(int, void *, size_t, int, struct sockaddr *, socklen_t *);
	ssize_t (*recvmsg)(int, struct msghdr *, int);
	int (*recvmmsg)(int, struct mmsghdr *, unsigned int, int, struct timespec *);
	ssize_t (*read)(int, void *, size_t);
	ssize_t (*readv)(int, const struct iovec *, int);
};

static ssize_t libc_recvfrom(int fd, void *buf, size_t len, int flags,
			     struct sockaddr *from, socklen_t *fromlen)
{
	return recvfrom(fd, buf, len, flags, from, fromlen);
}

static const struct calls kernels = {
	recv, libc_recvfrom, recvmsg, recvmmsg, read, readv
};
static const struct calls ours = { msf_recv,     msf_recvfrom, msf_recvmsg,
				   msf_recvmmsg, msf_read,     msf_readv };

static unsigned int pick(unsigned int n)
{
	return (unsigned int)random() % n;
}

static struct shot make_shot(void)
{
	static const int flags[] = { 0,
				     0,
				     0,
				     MSG_PEEK,
				     MSG_TRUNC,
				     MSG_PEEK | MSG_TRUNC,
				     MSG_ERRQUEUE,
				     MSG_DONTWAIT };
	static const size_t lengths[] = { 0, 1, 2, 40, ROOM, ROOM };
	struct shot shot = {
		.call = pick(N_CALLS),
		.flags = flags[pick(8)],
		.has_name = pick(4) > 0,
		.has_control = pick(4) > 0,
		.name_room = pick(sizeof(struct sockaddr_in6) + 4),
		.control_room = pick(2) ? ROOM : pick(ROOM),
		.n_messages = pick(N_MESSAGES + 1),
		.n_buffers = pick(N_BUFFERS + 1),
	};

	if (shot.call == RECVMMSG && pick(2) == 1)
		shot.flags |= MSG_WAITFORONE;
	for (unsigned int i = 0; i < N_BUFFERS; i++)
		shot.lengths[i] = lengths[pick(6)];
	return shot;
}

static void prepare(const struct shot *shot, struct view *view, struct mmsghdr *msgs,
		    struct iovec (*iov)[N_BUFFERS])
{
	memset(view, FILLER, sizeof(*view));
	memset(msgs, 0, N_MESSAGES * sizeof(*msgs));
	for (unsigned int i = 0; i < N_MESSAGES; i++) {
		struct msghdr *msg = &msgs[i].msg_hdr;
		unsigned char *at = view->seen[i].data;

		for (unsigned int k = 0; k < N_BUFFERS; k++) {
			iov[i][k] = (struct iovec){ at, shot->lengths[k] };
			at += shot->lengths[k];
		}
		msg->msg_iov = iov[i];
		msg->msg_iovlen = shot->n_buffers;
		msg->msg_name = shot->has_name ? view->seen[i].name : NULL;
		msg->msg_namelen = shot->name_room;
		msg->msg_control = shot->has_control ? view->seen[i].control : NULL;
		msg->msg_controllen = shot->control_room;
		msg->msg_flags = FILLER;
	}
}

static ssize_t fire(const struct calls *calls, int fd, const struct shot *shot,
		    struct view *view, struct mmsghdr *msgs)
{
	struct msghdr *msg = &msgs[0].msg_hdr;

	switch (shot->call) {
	case RECV:
		return calls->recv(fd, view->seen[0].data, shot->lengths[0], shot->flags);
	case RECVFROM:
		return calls->recvfrom(fd, view->seen[0].data, shot->lengths[0],
				       shot->flags, msg->msg_name, &view->fromlen);
	case RECVMSG:
		return calls->recvmsg(fd, msg, shot->flags);
	case RECVMMSG:
		return calls->recvmmsg(fd, msgs, shot->n_messages, shot->flags, NULL);
	case READ:
		return calls->read(fd, view->seen[0].data, shot->lengths[0]);
	case READV:
		return calls->readv(fd, msg->msg_iov, (int)shot->n_buffers);
	case N_CALLS:
		break;
	}
	abort();
}

/* Behind the data there may be anything. */
static void forget_rest(struct seen *seen, ssize_t n)
{
	size_t kept = n < 0 ? 0 : (size_t)n;

	if (kept < sizeof(seen->data))
		memset(seen->data + kept, 0, sizeof(seen->data) - kept);
}

static void shoot(const struct calls *calls, int fd, const struct shot *shot,
		  struct view *view)
{
	struct iovec iov[N_MESSAGES][N_BUFFERS];
	struct mmsghdr msgs[N_MESSAGES];

	prepare(shot, view, msgs, iov);
	view->fromlen = shot->name_room;
	errno = 0;
	view->result = fire(calls, fd, shot, view, msgs);
	view->error = errno;
	for (unsigned int i = 0; i < N_MESSAGES; i++) {
		struct seen *seen = &view->seen[i];
		bool is_filled = shot->call == RECVMMSG ? (ssize_t)i < view->result
							: i == 0;

		seen->namelen = msgs[i].msg_hdr.msg_namelen;
		seen->controllen = msgs[i].msg_hdr.msg_controllen;
		seen->flags = msgs[i].msg_hdr.msg_flags;
		seen->len = msgs[i].msg_len;
		forget_rest(seen, !is_filled               ? 0
				  : shot->call == RECVMMSG ? (ssize_t)seen->len
							   : view->result);
	}
}

static bool is_same(const struct view *a, const struct view *b)
{
	if (a->result != b->result || a->error != b->error || a->fromlen != b->fromlen)
		return false;
	for (unsigned int i = 0; i < N_MESSAGES; i++) {
		const struct seen *one = &a->seen[i], *other = &b->seen[i];

		if (one->namelen != other->namelen ||
		    one->controllen != other->controllen || one->flags != other->flags ||
		    one->len != other->len ||
		    memcmp(one->name, other->name, sizeof(one->name)) != 0 ||
		    memcmp(one->control, other->control, sizeof(one->control)) != 0 ||
		    memcmp(one->data, other->data, sizeof(one->data)) != 0)
			return false;
	}
	return true;
}

static bool compare(struct rig *rig, const struct twins *twins, const struct shot *shot,
		    ssize_t *ret)
{
	static struct view kernel, own;

	shoot(&kernels, twins->kernel_fd, shot, &kernel);
	shoot(&ours, twins->socket.fd, shot, &own);
	*ret = kernel.result;
	return tap_expect(&rig->tap, is_same(&kernel, &own),
			  "call %d, flags 0x%x, room %zu: %zd (%s), namelen %u, control "
			  "%zu, 0x%x; ours %zd (%s), %u, %zu, 0x%x",
			  (int)shot->call, (unsigned int)shot->flags, shot->control_room,
			  kernel.result, strerror(kernel.error), kernel.seen[0].namelen,
			  kernel.seen[0].controllen, (unsigned int)kernel.seen[0].flags,
			  own.result, strerror(own.error), own.seen[0].namelen,
			  own.seen[0].controllen, (unsigned int)own.seen[0].flags);
}

/* With empty queues: what a packet tells is partly written down when it arrives. */
static void change_option(const struct twins *twins)
{
	const struct option *option = &options[pick(N_OPTIONS)];
	int on = (int)pick(2);
	bool is_ipv6_socket = twins->socket.kind != RIG_UDP4 &&
			      twins->socket.kind != RIG_RAW4;

	if (option->is_ipv6 && !is_ipv6_socket)
		return;
	raw_setsockopt(twins->kernel_fd, option->level, option->name, &on, sizeof(on));
	msf_setsockopt(twins->socket.fd, option->level, option->name, &on, sizeof(on));
}

static void send_some(struct rig *rig, const struct twins *twins)
{
	static const size_t lengths[] = { 0, 1, 8, 100, 700 };
	unsigned char data[700];
	unsigned int source;

	for (unsigned int n = pick(6); n > 0; n--) {
		memset(data, (int)pick(256), sizeof(data));
		source = pick(3);
		/* Linux does not look into the filters of raw IPv6 sockets */
		if (twins->socket.kind == RIG_RAW6)
			source &= 2;
		rig_send(rig, &twins->socket, source, data, lengths[pick(5)]);
	}
}

static bool is_last(const struct shot *shot, ssize_t n)
{
	return n < 0 && (shot->flags & MSG_ERRQUEUE) == 0;
}

static void test_script(struct rig *rig, const struct twins *twins)
{
	unsigned int n_received = 0, n_shots = 0;
	ssize_t n;

	for (unsigned int i = 0; i < N_ROUNDS; i++) {
		struct shot shot;

		change_option(twins);
		send_some(rig, twins);
		do {
			shot = make_shot();
			if (!compare(rig, twins, &shot, &n))
				return;
			n_received += n > 0;
			n_shots++;
		} while (!is_last(&shot, n));
	}
	tap_expect(&rig->tap, n_received > N_ROUNDS, "%u of %u calls received",
		   n_received, n_shots);
}

/* Before the old stack. */
static void open_kernels(struct rig *rig, struct twins *twins, enum rig_kind kind)
{
	struct sockaddr_storage sources[2];
	int r = 0;

	rig_open_bare(rig, &twins->socket, kind);
	twins->kernel_fd = rig_open_twin(&twins->socket);
	for (unsigned int i = 0; i < 2; i++) {
		sources[i] = netns_source(twins->socket.to.ss_family, 0, 2 * i);
		if (r == 0)
			r = raw_delta(twins->kernel_fd, MSF_JOIN_SOURCE,
				      rig->net.ifindex[0], &twins->socket.to,
				      &sources[i]);
	}
	traffic_set_multicast_all(twins->kernel_fd, 0);
	fcntl(twins->kernel_fd, F_SETFL, O_NONBLOCK);
	if (r < 0)
		tap_bail_out("%s: the kernel's filter: %s", rig_name(kind), strerror(-r));
}

static void open_ours(struct rig *rig, struct twins *twins)
{
	int r = 0;

	/* a new one: without a membership a raw socket has heard what was sent before */
	close(twins->socket.fd);
	twins->socket.fd = rig_open_twin(&twins->socket);
	for (unsigned int i = 0; i < 2; i++) {
		struct sockaddr_storage source = netns_source(twins->socket.to.ss_family,
							      0, 2 * i);

		if (r == 0)
			r = msf_join_source(NULL, twins->socket.fd, rig->net.ifindex[0],
					    (void *)&twins->socket.to, (void *)&source);
	}
	rig_set_nonblocking(&twins->socket);
	if (r < 0)
		tap_bail_out("cannot join: %s", strerror(-r));
}

/*
 * The kernel begins to note when packets arrive a moment after the first socket asked
 * for it; before, the time of receipt stands in for it, and no two are the same.
 */
static void await_timestamps(struct rig *rig, const struct rig_socket *socket)
{
	_Alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(struct timespec))];
	int fd = socket->witness, on = 1;
	double start = rig_now();
	struct timespec noted, sent;

	raw_setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof(on));
	do {
		struct msghdr msg = { .msg_control = control,
				      .msg_controllen = sizeof(control) };

		poll(NULL, 0, 1);
		sendto(rig->traffic.fd[0][0][0], "", 0, 0, (const void *)&socket->to,
		       sizeof(struct sockaddr_in));
		clock_gettime(CLOCK_REALTIME, &sent);
		if (rig_now() - start > 5 || recvmsg(fd, &msg, 0) < 0)
			tap_bail_out("no timestamp");
		memcpy(&noted, CMSG_DATA(CMSG_FIRSTHDR(&msg)), sizeof(noted));
	} while (noted.tv_sec > sent.tv_sec ||
		 (noted.tv_sec == sent.tv_sec && noted.tv_nsec > sent.tv_nsec));
}

int main(void)
{
	struct twins twins[N_RIG_KINDS];
	struct rig_socket clock;
	struct rig rig;

	srandom(3678);
	rig_init_network(&rig);
	for (enum rig_kind kind = 0; kind < N_RIG_KINDS; kind++)
		open_kernels(&rig, &twins[kind], kind);
	rig_enter_old_stack();
	rig_open_bare(&rig, &clock, RIG_UDP4);
	await_timestamps(&rig, &clock);
	/* raw sockets first: they hear what is sent to the others */
	for (unsigned int i = N_RIG_KINDS; i-- > 0;) {
		open_ours(&rig, &twins[i]);
		test_script(&rig, &twins[i]);
		tap_end(&rig.tap, "%s: calls answer as under the kernel's own filter",
			rig_name((enum rig_kind)i));
		rig_close(&twins[i].socket);
		close(twins[i].kernel_fd);
	}
	rig_close(&clock);
	return tap_finish(&rig.tap);
}
