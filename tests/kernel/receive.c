/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The receive calls where socket filters do nothing: each call, each flag, what a
 * caller sees of a packet and what not.
 */
#include <errno.h>
#include <limits.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "asm/receive-stash.h"
#include "raw.h"
#include "receive-rig.h"

static void test_admits(struct rig *rig, enum rig_kind kind)
{
	struct rig_socket socket;
	char buf[2048];

	rig_open(rig, &socket, kind);
	for (unsigned int i = 0; i < N_RIG_CALLS; i++) {
		rig_say(rig, &socket, "RARRA");
		rig_expect(rig, &socket, rig_calls[i].name, buf,
			   rig_calls[i].receive(socket.fd, buf, sizeof(buf), 0), "A1");
		rig_expect(rig, &socket, rig_calls[i].name, buf,
			   rig_calls[i].receive(socket.fd, buf, sizeof(buf), 0), "A4");
	}
	tap_expect(&rig->tap, rig_drain(&socket) == 0, "packets are left");
	rig_close(&socket);
	tap_end(&rig->tap, "%s: every call gives the packets of the admitted source",
		rig_name(kind));
}

static void set(int fd, int level, int option, int value)
{
	if (msf_setsockopt(fd, level, option, &value, sizeof(value)) < 0)
		tap_bail_out("option %d: %s", option, strerror(errno));
}

static void test_excludes(struct rig *rig, enum rig_kind kind)
{
	struct sockaddr_storage source, self;
	struct rig_socket socket;
	char buf[64];
	int r;

	rig_open_bare(rig, &socket, kind);
	source = netns_source(socket.to.ss_family, 0, 1);
	r = msf_join_group(NULL, socket.fd, rig->net.ifindex[0], (void *)&socket.to);
	if (r == 0)
		r = msf_block_source(NULL, socket.fd, rig->net.ifindex[0],
				     (void *)&socket.to, (void *)&source);
	tap_expect(&rig->tap, r == 0, "join and block: %s", strerror(-r));
	rig_say(rig, &socket, "RA");
	rig_expect(rig, &socket, "recv", buf, msf_recv(socket.fd, buf, sizeof(buf), 0),
		   "A1");
	/* the blocked source by unicast, which is for one socket only */
	close(socket.witness);
	socket.witness = -1;
	self = netns_source(socket.to.ss_family, 0, 0);
	((struct sockaddr_in *)&self)->sin_port =
		((struct sockaddr_in *)&socket.to)->sin_port;
	sendto(rig->traffic.fd[0][socket.to.ss_family == AF_INET6][1], "U", 1, 0,
	       (const void *)&self, sizeof(self));
	rig_set_timeout(&socket, 5000);
	rig_expect(rig, &socket, "recv", buf, msf_recv(socket.fd, buf, sizeof(buf), 0),
		   "U");
	rig_close(&socket);
	tap_end(&rig->tap, "%s: a blocked source is heard by unicast only",
		rig_name(kind));
}

static void test_nothing_there(struct rig *rig, enum rig_kind kind)
{
	struct rig_socket socket;
	char buf[64];

	rig_open(rig, &socket, kind);
	for (unsigned int i = 0; i < N_RIG_CALLS; i++) {
		if (!rig_calls[i].has_flags)
			continue;
		rig_say(rig, &socket, "RRR");
		rig_expect_error(
			rig, rig_calls[i].name,
			rig_calls[i].receive(socket.fd, buf, sizeof(buf), MSG_DONTWAIT),
			EAGAIN);
		tap_expect(&rig->tap, rig_drain(&socket) == 0, "packets are left");
		rig_say(rig, &socket, "RR");
		rig_expect_error(rig, rig_calls[i].name,
				 rig_calls[i].receive(socket.fd, buf, sizeof(buf),
						      MSG_DONTWAIT | MSG_PEEK),
				 EAGAIN);
		tap_expect(&rig->tap, rig_drain(&socket) == 0, "packets are left");
	}
	rig_set_nonblocking(&socket);
	for (unsigned int i = 0; i < N_RIG_CALLS; i++) {
		rig_say(rig, &socket, "RR");
		rig_expect_error(rig, rig_calls[i].name,
				 rig_calls[i].receive(socket.fd, buf, sizeof(buf), 0),
				 EAGAIN);
		tap_expect(&rig->tap, rig_drain(&socket) == 0, "packets are left");
	}
	rig_close(&socket);
	tap_end(&rig->tap, "%s: EAGAIN where only unadmitted packets are, which are gone",
		rig_name(kind));
}

static void test_peek(struct rig *rig, enum rig_kind kind)
{
	struct rig_socket socket;
	char buf[64];

	rig_open(rig, &socket, kind);
	for (unsigned int i = 0; i < N_RIG_CALLS; i++) {
		if (!rig_calls[i].has_flags)
			continue;
		rig_say(rig, &socket, "RRARA");
		for (int turn = 0; turn < 3; turn++)
			rig_expect(rig, &socket, rig_calls[i].name, buf,
				   rig_calls[i].receive(socket.fd, buf, sizeof(buf),
							turn < 2 ? MSG_PEEK : 0),
				   "A2");
		rig_expect(rig, &socket, rig_calls[i].name, buf,
			   rig_calls[i].receive(socket.fd, buf, sizeof(buf), MSG_PEEK),
			   "A4");
		rig_expect(rig, &socket, rig_calls[i].name, buf,
			   rig_calls[i].receive(socket.fd, buf, sizeof(buf), 0), "A4");
		tap_expect(&rig->tap, rig_drain(&socket) == 0, "packets are left");
	}
	rig_close(&socket);
	tap_end(&rig->tap,
		"%s: a peek discards what is not admitted, and consumes nothing",
		rig_name(kind));
}

static void test_truncation(struct rig *rig)
{
	struct rig_socket socket;
	char buf[512];
	struct iovec iov = { buf, 10 };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };

	rig_open(rig, &socket, RIG_UDP4);
	rig_say(rig, &socket, "rararara");
	tap_expect(&rig->tap, msf_recv(socket.fd, buf, 10, 0) == 10, "recv");
	tap_expect(&rig->tap, msf_recv(socket.fd, buf, 10, MSG_TRUNC) == 300,
		   "MSG_TRUNC");
	tap_expect(&rig->tap,
		   msf_recvmsg(socket.fd, &msg, MSG_PEEK | MSG_TRUNC) == 300 &&
			   msg.msg_flags == MSG_TRUNC,
		   "a peek: flags 0x%x", msg.msg_flags);
	tap_expect(&rig->tap,
		   msf_recvmsg(socket.fd, &msg, 0) == 10 && msg.msg_flags == MSG_TRUNC,
		   "recvmsg: flags 0x%x", msg.msg_flags);
	iov.iov_len = sizeof(buf);
	tap_expect(&rig->tap,
		   msf_recvmsg(socket.fd, &msg, MSG_TRUNC) == 300 && msg.msg_flags == 0,
		   "recvmsg with room: flags 0x%x", msg.msg_flags);
	rig_close(&socket);
	tap_end(&rig->tap, "lengths and MSG_TRUNC are those of the admitted packet");
}

static void test_empty_datagram(struct rig *rig)
{
	struct rig_socket socket;
	char buf[8];

	rig_open(rig, &socket, RIG_UDP6);
	rig_send(rig, &socket, 1, "", 0);
	rig_send(rig, &socket, 0, "", 0);
	rig_send(rig, &socket, 1, "", 0);
	tap_expect(&rig->tap, msf_recv(socket.fd, buf, sizeof(buf), MSG_PEEK) == 0,
		   "a peek");
	tap_expect(&rig->tap, msf_recv(socket.fd, NULL, 0, MSG_DONTWAIT) == 0, "recv");
	rig_expect_error(rig, "recv", msf_recv(socket.fd, NULL, 0, MSG_DONTWAIT), EAGAIN);
	rig_close(&socket);
	tap_end(&rig->tap, "a datagram without data is one");
}

static void test_read_of_nothing(struct rig *rig)
{
	struct iovec iov[2] = { { NULL, 0 }, { NULL, 0 } };
	struct rig_socket socket;
	char buf[8];

	rig_open(rig, &socket, RIG_UDP4);
	rig_say(rig, &socket, "RA");
	tap_expect(&rig->tap, msf_read(socket.fd, buf, 0) == 0, "read");
	tap_expect(&rig->tap, msf_readv(socket.fd, iov, 2) == 0, "readv");
	tap_expect(&rig->tap, msf_readv(socket.fd, iov, 0) == 0, "readv of no buffer");
	rig_expect(rig, &socket, "read", buf, msf_read(socket.fd, buf, sizeof(buf)),
		   "A1");
	rig_close(&socket);
	tap_end(&rig->tap, "a read of no bytes takes no packet");
}

#define N_BATCH 6u

struct batch {
	struct mmsghdr msgs[N_BATCH];
	struct iovec iov[N_BATCH];
	char buf[N_BATCH][32];
};

static void fill_batch(struct batch *batch)
{
	memset(batch, 0, sizeof(*batch));
	for (unsigned int i = 0; i < N_BATCH; i++) {
		batch->iov[i] = (struct iovec){ batch->buf[i], sizeof(batch->buf[i]) };
		batch->msgs[i].msg_hdr.msg_iov = &batch->iov[i];
		batch->msgs[i].msg_hdr.msg_iovlen = 1;
	}
}

static void expect_batch(struct rig *rig, const struct rig_socket *socket,
			 const struct batch *batch, int r, int n,
			 const char *const *texts)
{
	tap_expect(&rig->tap, r == n, "recvmmsg: %d, not %d", r, n);
	for (int i = 0; i < r && i < n; i++)
		rig_expect(rig, socket, "recvmmsg", batch->buf[i],
			   (ssize_t)batch->msgs[i].msg_len, texts[i]);
}

static void test_batches(struct rig *rig)
{
	static const char *const some[] = { "A1", "A2", "A5" };
	static const char *const all[] = { "A0", "A1", "A2", "A3", "A4", "A5" };
	struct timespec no_time = { 0, 0 }, wrong = { 0, 1000000000 };
	struct rig_socket socket;
	struct batch batch;
	int r;

	rig_open(rig, &socket, RIG_UDP4);
	for (int turn = 0; turn < 2; turn++) {
		fill_batch(&batch);
		rig_say(rig, &socket, "RAARRAR");
		r = msf_recvmmsg(socket.fd, batch.msgs, N_BATCH,
				 turn == 0 ? MSG_DONTWAIT : MSG_WAITFORONE, NULL);
		expect_batch(rig, &socket, &batch, r, 3, some);
	}
	fill_batch(&batch);
	rig_say(rig, &socket, "AAAAAA");
	r = msf_recvmmsg(socket.fd, batch.msgs, N_BATCH, 0, NULL);
	expect_batch(rig, &socket, &batch, r, N_BATCH, all);
	rig_say(rig, &socket, "RAAA");
	r = msf_recvmmsg(socket.fd, batch.msgs, N_BATCH, 0, &no_time);
	expect_batch(rig, &socket, &batch, r, 1, some);
	tap_expect(&rig->tap, no_time.tv_sec == 0 && no_time.tv_nsec == 0,
		   "the time that is left");
	rig_expect_error(rig, "a wrong time",
			 msf_recvmmsg(socket.fd, batch.msgs, N_BATCH, 0, &wrong), EINVAL);
	tap_expect(&rig->tap, msf_recvmmsg(socket.fd, batch.msgs, 0, 0, NULL) == 0,
		   "a batch of none");
	rig_close(&socket);
	tap_end(&rig->tap, "recvmmsg leaves no holes, and ends where the kernel's does");
}

/* A connected socket, whose peer is not there. */
static void refuse_peer(const struct rig *rig, const struct rig_socket *socket)
{
	struct sockaddr_storage nobody = netns_source(AF_INET, 0, 0);

	(void)rig;
	((struct sockaddr_in *)&nobody)->sin_port = htons(9);
	if (connect(socket->fd, (void *)&nobody, sizeof(struct sockaddr_in)) < 0 ||
	    send(socket->fd, "?", 1, 0) < 0)
		tap_bail_out("cannot send to nobody: %s", strerror(errno));
}

static void disconnect(const struct rig_socket *socket)
{
	struct sockaddr_storage nobody = { .ss_family = AF_UNSPEC };

	connect(socket->fd, (void *)&nobody, sizeof(nobody));
}

static void test_socket_errors(struct rig *rig)
{
	struct rig_socket socket;
	char buf[32];

	rig_open(rig, &socket, RIG_UDP4);
	for (unsigned int i = 0; i < N_RIG_CALLS; i++) {
		rig_say(rig, &socket, "RA");
		refuse_peer(rig, &socket);
		rig_expect_error(rig, rig_calls[i].name,
				 rig_calls[i].receive(socket.fd, buf, sizeof(buf), 0),
				 ECONNREFUSED);
		disconnect(&socket);
		rig_expect(rig, &socket, rig_calls[i].name, buf,
			   rig_calls[i].receive(socket.fd, buf, sizeof(buf), 0), "A1");
	}
	rig_close(&socket);
	tap_end(&rig->tap, "a pending error of the socket comes first, and once");
}

static void test_late_error(struct rig *rig)
{
	struct rig_socket socket;
	struct batch batch;
	char byte;

	rig_open(rig, &socket, RIG_UDP4);
	fill_batch(&batch);
	batch.iov[1].iov_base = NULL;
	rig_say(rig, &socket, "RARAA");
	tap_expect(&rig->tap, msf_recvmmsg(socket.fd, batch.msgs, N_BATCH, 0, NULL) == 1,
		   "recvmmsg");
	rig_expect_error(rig, "recv", msf_recv(socket.fd, &byte, 1, 0), EFAULT);
	tap_expect(&rig->tap, msf_recv(socket.fd, &byte, 1, 0) == 1, "recv");
	rig_close(&socket);
	tap_end(&rig->tap, "an error behind the first packet of recvmmsg is told next");
}

static void test_wrong_arguments(struct rig *rig)
{
	static struct iovec many[UIO_MAXIOV + 1];
	struct iovec nowhere = { NULL, 8 };
	struct msghdr msg = { .msg_iov = many, .msg_iovlen = UIO_MAXIOV + 1 };
	struct sockaddr_storage from;
	struct rig_socket socket;
	char byte;

	rig_open(rig, &socket, RIG_UDP4);
	rig_say(rig, &socket, "AAAAAA");
	rig_expect_error(rig, "recv", msf_recv(socket.fd, NULL, 8, 0), EFAULT);
	rig_expect_error(rig, "read", msf_read(socket.fd, NULL, 8), EFAULT);
	rig_expect_error(rig, "readv", msf_readv(socket.fd, &nowhere, 1), EFAULT);
	rig_expect_error(rig, "recvfrom",
			 msf_recvfrom(socket.fd, &byte, 1, 0, (void *)&from, NULL),
			 EFAULT);
	tap_expect(&rig->tap, rig_drain(&socket) == 2, "these take the packet, as ever");
	rig_say(rig, &socket, "A");
	rig_expect_error(rig, "readv", msf_readv(socket.fd, NULL, 1), EFAULT);
	rig_expect_error(rig, "readv", msf_readv(socket.fd, &nowhere, -1), EINVAL);
	rig_expect_error(rig, "readv", msf_readv(socket.fd, many, UIO_MAXIOV + 1),
			 EINVAL);
	rig_expect_error(rig, "recvmsg", msf_recvmsg(socket.fd, NULL, 0), EFAULT);
	rig_expect_error(rig, "recvmsg", msf_recvmsg(socket.fd, &msg, 0), EMSGSIZE);
	msg = (struct msghdr){ .msg_iovlen = 1 };
	rig_expect_error(rig, "recvmsg", msf_recvmsg(socket.fd, &msg, 0), EFAULT);
	msg = (struct msghdr){ .msg_name = &from, .msg_namelen = (socklen_t)-1 };
	rig_expect_error(rig, "recvmsg", msf_recvmsg(socket.fd, &msg, 0), EINVAL);
	rig_expect_error(rig, "recvmmsg", msf_recvmmsg(socket.fd, NULL, 1, 0, NULL),
			 EFAULT);
	tap_expect(&rig->tap, rig_drain(&socket) == 1, "these take none");
	rig_close(&socket);
	tap_end(&rig->tap, "wrong arguments are answered as the kernel does");
}

static void test_other_descriptors(struct rig *rig)
{
	struct rig_socket socket;
	char buf[8] = "";
	int ends[2];

	rig_open(rig, &socket, RIG_UDP4);
	rig_expect_error(rig, "a closed one", msf_recv(-1, buf, 1, 0), EBADF);
	rig_expect_error(rig, "a closed one", msf_read(1000, buf, 1), EBADF);
	if (pipe(ends) < 0 || write(ends[1], "pipe", 4) != 4)
		tap_bail_out("no pipe");
	rig_expect_error(rig, "a pipe", msf_recv(ends[0], buf, 1, 0), ENOTSOCK);
	tap_expect(&rig->tap,
		   msf_read(ends[0], buf, sizeof(buf)) == 4 && !strcmp(buf, "pipe"),
		   "a pipe");
	close(ends[0]);
	close(ends[1]);
	if (socketpair(AF_UNIX, SOCK_DGRAM, 0, ends) < 0 ||
	    send(ends[1], "unix", 4, 0) < 0)
		tap_bail_out("no pair");
	tap_expect(&rig->tap, msf_recv(ends[0], buf, sizeof(buf), 0) == 4, "a Unix one");
	close(ends[0]);
	close(ends[1]);
	rig_close(&socket);
	tap_end(&rig->tap, "descriptors of other kinds are left to the kernel");
}

/* The control data that comes with the next packet, by type. */
struct seen {
	unsigned int n;
	int type[4];
	int flags;
	size_t len;
};

static struct seen see_control(int fd, int flags, size_t room)
{
	_Alignas(struct cmsghdr) char control[512];
	struct msghdr msg = { .msg_control = control, .msg_controllen = room };
	struct seen seen = { 0 };

	if (msf_recvmsg(fd, &msg, flags) < 0)
		tap_bail_out("recvmsg: %s", strerror(errno));
	for (struct cmsghdr *cmsg = CMSG_FIRSTHDR(&msg); cmsg != NULL;
	     cmsg = CMSG_NXTHDR(&msg, cmsg))
		if (seen.n < 4)
			seen.type[seen.n++] = cmsg->cmsg_type;
	seen.flags = msg.msg_flags & ~MSG_TRUNC;
	seen.len = msg.msg_controllen;
	return seen;
}

static void expect_control(struct rig *rig, const struct seen *seen, const char *what,
			   unsigned int n, int first, int second, int flags)
{
	tap_expect(&rig->tap,
		   seen->n == n && (n < 1 || seen->type[0] == first) &&
			   (n < 2 || seen->type[1] == second) && seen->flags == flags,
		   "%s: %u (%d, %d), flags 0x%x", what, seen->n, seen->type[0],
		   seen->type[1], seen->flags);
}

static void test_control(struct rig *rig, enum rig_kind kind)
{
	bool is_ipv6 = kind == RIG_UDP6 || kind == RIG_RAW6;
	int level = is_ipv6 ? IPPROTO_IPV6 : IPPROTO_IP;
	int hops = is_ipv6 ? IPV6_HOPLIMIT : IP_TTL;
	int info = is_ipv6 ? IPV6_PKTINFO : IP_PKTINFO;
	size_t small = CMSG_LEN(sizeof(int)), large = 512;
	struct rig_socket socket;
	struct seen seen;

	rig_open(rig, &socket, kind);
	rig_say(rig, &socket, "RARARARA");
	seen = see_control(socket.fd, 0, large);
	expect_control(rig, &seen, "nothing asked", 0, 0, 0, 0);
	tap_expect(&rig->tap, seen.len == 0, "%zu bytes", seen.len);
	seen = see_control(socket.fd, 0, 0);
	expect_control(rig, &seen, "nothing asked, no room", 0, 0, 0, 0);
	set(socket.fd, level, is_ipv6 ? IPV6_RECVHOPLIMIT : IP_RECVTTL, 1);
	seen = see_control(socket.fd, 0, small);
	expect_control(rig, &seen, "hops, just fitting", 1, hops, 0, 0);
	seen = see_control(socket.fd, 0, small - 1);
	expect_control(rig, &seen, "hops, without room", 1, hops, 0, MSG_CTRUNC);
	set(socket.fd, level, is_ipv6 ? IPV6_RECVPKTINFO : IP_PKTINFO, 1);
	rig_say(rig, &socket, "RARARA");
	seen = see_control(socket.fd, MSG_PEEK, large);
	expect_control(rig, &seen, "both, a peek", 2, info, hops, 0);
	seen = see_control(socket.fd, 0, large);
	expect_control(rig, &seen, "both", 2, info, hops, 0);
	seen = see_control(socket.fd, 0, 0);
	expect_control(rig, &seen, "both, no room", 0, 0, 0, MSG_CTRUNC);
	set(socket.fd, level, is_ipv6 ? IPV6_RECVPKTINFO : IP_PKTINFO, 0);
	seen = see_control(socket.fd, 0, large);
	expect_control(rig, &seen, "hops again", 1, hops, 0, 0);
	rig_close(&socket);
	tap_end(&rig->tap, "%s: the caller sees the control data that it asked for",
		rig_name(kind));
}

static void test_stays_out(struct rig *rig)
{
	char buf[32] = "before", control[128] = "before", name[64] = "before";
	struct iovec iov = { buf, sizeof(buf) };
	struct msghdr msg = { name, sizeof(name), &iov, 1, control, sizeof(control), 77 };
	struct rig_socket socket;
	socklen_t len = sizeof(name);

	rig_open(rig, &socket, RIG_UDP4);
	rig_say(rig, &socket, "RR");
	rig_expect_error(rig, "recvmsg", msf_recvmsg(socket.fd, &msg, MSG_DONTWAIT),
			 EAGAIN);
	rig_say(rig, &socket, "RR");
	rig_expect_error(rig, "recvfrom",
			 msf_recvfrom(socket.fd, buf, sizeof(buf), MSG_DONTWAIT,
				      (void *)name, &len),
			 EAGAIN);
	tap_expect(&rig->tap,
		   !strcmp(name, "before") && !strcmp(control, "before") &&
			   msg.msg_namelen == sizeof(name) && len == sizeof(name) &&
			   msg.msg_controllen == sizeof(control) && msg.msg_flags == 77,
		   "something was written");
	rig_close(&socket);
	tap_end(&rig->tap,
		"an unadmitted packet leaves no trace in name, control, flags");
}

static void test_error_queue(struct rig *rig)
{
	struct rig_socket socket;
	struct seen seen;
	char buf[32];

	rig_open(rig, &socket, RIG_UDP4);
	set(socket.fd, IPPROTO_IP, IP_RECVERR, 1);
	rig_say(rig, &socket, "RA");
	refuse_peer(rig, &socket);
	seen = see_control(socket.fd, MSG_ERRQUEUE, 512);
	expect_control(rig, &seen, "the error", 1, IP_RECVERR, 0, MSG_ERRQUEUE);
	rig_expect_error(rig, "one more",
			 msf_recv(socket.fd, buf, sizeof(buf), MSG_ERRQUEUE), EAGAIN);
	tap_expect(&rig->tap, rig_drain(&socket) == 2, "packets are gone");
	rig_close(&socket);
	tap_end(&rig->tap, "MSG_ERRQUEUE goes to the error queue and nowhere else");
}

static void test_hidden_pktinfo(struct rig *rig)
{
	struct rig_socket socket;
	int off = 0, on;
	socklen_t len = sizeof(on);
	char buf[32];

	rig_open(rig, &socket, RIG_UDP4);
	raw_setsockopt(socket.fd, IPPROTO_IP, IP_PKTINFO, &off, sizeof(off));
	rig_say(rig, &socket, "RA");
	rig_expect_error(rig, "recv", msf_recv(socket.fd, buf, sizeof(buf), MSG_DONTWAIT),
			 EAGAIN);
	raw_getsockopt(socket.fd, IPPROTO_IP, IP_PKTINFO, &on, &len);
	tap_expect(&rig->tap, on == 1, "it stays off");
	rig_say(rig, &socket, "RA");
	rig_expect(rig, &socket, "recv", buf, msf_recv(socket.fd, buf, sizeof(buf), 0),
		   "A1");
	rig_close(&socket);
	tap_end(&rig->tap, "IP_PKTINFO turned off past the library opens nothing");
}

/* What two threads or processes do to each other, one step after the other: a call
 * that meant to discard has received a packet that is admitted. */
static void discard(struct rig *rig, const struct rig_socket *socket, int n)
{
	struct receiver receiver;

	if (!receiver_init(&receiver, socket->fd))
		tap_bail_out("the socket is not in the table");
	for (int i = 0; i < n; i++)
		tap_expect(&rig->tap, stash_discard(&receiver) == 0, "discard");
}

static int hear_in_child(int fd)
{
	pid_t pid = fork();
	int status;
	char byte;

	if (pid == 0)
		_exit(msf_recv(fd, &byte, 1, MSG_DONTWAIT) < 0 ? errno : 0);
	if (pid < 0 || waitpid(pid, &status, 0) < 0)
		tap_bail_out("no child");
	return WEXITSTATUS(status);
}

static void test_stash(struct rig *rig, enum rig_kind kind)
{
	struct pollfd poller = { .events = POLLIN | POLLRDNORM };
	struct rig_socket socket;
	char buf[400];
	int r;

	rig_open(rig, &socket, kind);
	poller.fd = socket.fd;
	for (unsigned int i = 0; i < N_RIG_CALLS; i++) {
		rig_say(rig, &socket, "RARAR");
		discard(rig, &socket, 5);
		tap_expect(&rig->tap, rig_drain(&socket) == 0, "the queue is empty");
		r = msf_poll(&poller, 1, 0);
		tap_expect(&rig->tap, r == 1 && poller.revents == (POLLIN | POLLRDNORM),
			   "poll: %d, 0x%x", r, (unsigned int)poller.revents);
		r = hear_in_child(socket.fd);
		tap_expect(&rig->tap, r == EAGAIN, "the child: %s", strerror(r));
		if (rig_calls[i].has_flags)
			rig_expect(rig, &socket, rig_calls[i].name, buf,
				   rig_calls[i].receive(socket.fd, buf, sizeof(buf),
							MSG_PEEK),
				   "A1");
		rig_expect(rig, &socket, rig_calls[i].name, buf,
			   rig_calls[i].receive(socket.fd, buf, sizeof(buf), 0), "A1");
		rig_expect(rig, &socket, rig_calls[i].name, buf,
			   rig_calls[i].receive(socket.fd, buf, sizeof(buf), 0), "A3");
		r = msf_poll(&poller, 1, 0);
		tap_expect(&rig->tap, r == 0, "poll at the end: %d", r);
	}
	rig_close(&socket);
	tap_end(&rig->tap, "%s: what was taken away too much is there for the next call",
		rig_name(kind));
}

static void test_stashed_lengths(struct rig *rig)
{
	char buf[400] = "", from[sizeof(struct sockaddr_in)] = "";
	struct iovec iov[] = { { buf, 1 }, { buf + 1, 9 } };
	struct msghdr msg = { from, sizeof(from), iov, 2 };
	struct sockaddr_storage source = netns_source(AF_INET, 0, 0);
	struct rig_socket socket;

	rig_open(rig, &socket, RIG_UDP4);
	rig_say(rig, &socket, "aaaaa");
	discard(rig, &socket, 5);
	tap_expect(&rig->tap, msf_recv(socket.fd, buf, 10, MSG_TRUNC) == 300,
		   "MSG_TRUNC");
	tap_expect(&rig->tap, msf_recv(socket.fd, buf, 10, 0) == 10, "recv");
	tap_expect(&rig->tap,
		   msf_recvmsg(socket.fd, &msg, 0) == 10 && msg.msg_flags == MSG_TRUNC,
		   "recvmsg");
	tap_expect(&rig->tap,
		   memcmp(buf, "a2aaaaaaaa", 10) == 0 &&
			   msg.msg_namelen == sizeof(from) &&
			   memcmp(from + 4, (const char *)&source + 4, 4) == 0,
		   "what it gives");
	rig_expect_error(rig, "nowhere", msf_recv(socket.fd, NULL, 10, 0), EFAULT);
	tap_expect(&rig->tap, msf_recv(socket.fd, buf, sizeof(buf), 0) == 300,
		   "the last");
	rig_close(&socket);
	tap_end(&rig->tap, "such a packet comes with length, name and flags as ever");
}

static void test_full_stash(struct rig *rig)
{
	struct rig_socket socket;
	char buf[8];
	ssize_t n;

	rig_open(rig, &socket, RIG_UDP4);
	for (int i = 0; i < 5; i++) {
		rig_say(rig, &socket, "AAAAAAAAAA");
		discard(rig, &socket, 10);
	}
	for (int i = 0; i < 32; i++) {
		n = msf_recv(socket.fd, buf, sizeof(buf), MSG_DONTWAIT);
		tap_expect(&rig->tap, n == 2 && buf[1] == '0' + (i + 18) % 10, "%d: %c",
			   i, buf[1]);
	}
	rig_expect_error(rig, "the end",
			 msf_recv(socket.fd, buf, sizeof(buf), MSG_DONTWAIT), EAGAIN);
	rig_close(&socket);
	tap_end(&rig->tap, "of those that nobody comes for the oldest go");
}

#ifndef SO_PEEK_OFF
#define SO_PEEK_OFF 42
#endif

static void test_peek_offset(struct rig *rig)
{
	struct pollfd poller = { .events = POLLIN };
	struct rig_socket socket;
	int offset = 0;
	socklen_t len = sizeof(offset);
	char buf[400];
	ssize_t n;

	rig_open(rig, &socket, RIG_UDP4);
	poller.fd = socket.fd;
	raw_setsockopt(socket.fd, SOL_SOCKET, SO_PEEK_OFF, &offset, sizeof(offset));
	rig_say(rig, &socket, "RaRrAR");
	tap_expect(&rig->tap, msf_poll(&poller, 1, 0) == 1, "poll");
	rig_expect(rig, &socket, "a peek", buf, msf_recv(socket.fd, buf, 2, MSG_PEEK),
		   "a1");
	tap_expect(&rig->tap, msf_recv(socket.fd, buf, sizeof(buf), MSG_PEEK) == 298,
		   "the rest of it");
	rig_expect(rig, &socket, "the next", buf, msf_recv(socket.fd, buf, 2, MSG_PEEK),
		   "A4");
	rig_expect_error(rig, "one more",
			 msf_recv(socket.fd, buf, 2, MSG_PEEK | MSG_DONTWAIT), EAGAIN);
	tap_expect(&rig->tap, msf_poll(&poller, 1, 5000) == 1, "poll behind the offset");
	rig_expect_error(rig, "no byte",
			 msf_recv(socket.fd, buf, 0, MSG_PEEK | MSG_DONTWAIT), EAGAIN);
	tap_expect(&rig->tap, msf_recv(socket.fd, buf, sizeof(buf), 0) == 300, "recv");
	n = msf_recv(socket.fd, buf, sizeof(buf), 0);
	rig_expect(rig, &socket, "recv", buf, n, "A4");
	n = msf_recv(socket.fd, buf, sizeof(buf), MSG_DONTWAIT);
	rig_expect_error(rig, "the end", n, EAGAIN);
	raw_getsockopt(socket.fd, SOL_SOCKET, SO_PEEK_OFF, &offset, &len);
	tap_expect(&rig->tap, offset == 0, "the offset is %d", offset);
	rig_say(rig, &socket, "rA");
	tap_expect(&rig->tap, msf_recv(socket.fd, NULL, 0, MSG_PEEK | MSG_DONTWAIT) == 0,
		   "a peek at no byte");
	rig_expect(rig, &socket, "a peek", buf, msf_recv(socket.fd, buf, 2, MSG_PEEK),
		   "A1");
	rig_close(&socket);
	tap_end(&rig->tap, "SO_PEEK_OFF walks over what is admitted");
}

static void test_not_filtered(struct rig *rig)
{
	struct rig_socket other, socket;
	char buf[8];

	rig_open_bare(rig, &other, RIG_UDP6);
	rig_open(rig, &socket, RIG_UDP4);
	rig_expect_error(rig, "recv", msf_recv(other.fd, buf, 1, MSG_DONTWAIT), EAGAIN);
	tap_expect(&rig->tap,
		   msf_leave_group(NULL, socket.fd, rig->net.ifindex[0],
				   (void *)&socket.to) == 0,
		   "leave");
	rig_say(rig, &socket, "RA");
	rig_expect_error(rig, "recv", msf_recv(socket.fd, buf, 1, MSG_DONTWAIT), EAGAIN);
	rig_close(&socket);
	rig_close(&other);
	tap_end(&rig->tap, "a socket that left hears nothing, one that never joined too");
}

static void test_kind(struct rig *rig, enum rig_kind kind)
{
	test_admits(rig, kind);
	test_excludes(rig, kind);
	test_nothing_there(rig, kind);
	test_peek(rig, kind);
	if (kind != RIG_UDP4_ON_6)
		test_control(rig, kind);
	test_stash(rig, kind);
}

int main(void)
{
	struct rig rig;

	rig_init(&rig);
	for (enum rig_kind kind = 0; kind < N_RIG_KINDS; kind++)
		test_kind(&rig, kind);
	test_truncation(&rig);
	test_empty_datagram(&rig);
	test_read_of_nothing(&rig);
	test_batches(&rig);
	test_socket_errors(&rig);
	test_late_error(&rig);
	test_wrong_arguments(&rig);
	test_other_descriptors(&rig);
	test_stays_out(&rig);
	test_error_queue(&rig);
	test_hidden_pktinfo(&rig);
	test_stashed_lengths(&rig);
	test_full_stash(&rig);
	test_peek_offset(&rig);
	test_not_filtered(&rig);
	return tap_finish(&rig.tap);
}
