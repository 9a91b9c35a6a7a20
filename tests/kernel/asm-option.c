/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The ASM backend and the options that it shares with the application, on systems
 * where socket filters work, cannot be read back, or do nothing: the answers are as if
 * nobody but the application had put anything on the socket.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/filter.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "asm-rig.h"
#include "asm/store.h"
#include "base/option-names.h"
#include "ebpf.h"
#include "raw.h"

int __wrap_setsockopt(int fd, int level, int optname, const void *optval,
		      socklen_t optlen);
int __wrap_getsockopt(int fd, int level, int optname, void *optval, socklen_t *optlen);

/* A kernel that does not know the option, where it is not 0. */
static struct {
	int level;
	int optname;
	int error; /* 0: it says yes to what it does not know */
	bool is_get_fatal;
} unknown = { .error = ENOPROTOOPT };

static bool is_unknown(int level, int optname)
{
	return unknown.optname && level == unknown.level && optname == unknown.optname;
}

static int answer(int r)
{
	errno = -r;
	return r < 0 ? -1 : 0;
}

int __wrap_setsockopt(int fd, int level, int optname, const void *optval,
		      socklen_t optlen)
{
	if (is_unknown(level, optname))
		return answer(-unknown.error);
	return answer(raw_setsockopt(fd, level, optname, optval, optlen));
}

/* Another process that changes the socket once its program has been read so often. */
static struct {
	int left; /* 0: it does not */
	int wire;
} rival;

static void let_in(int fd)
{
	char byte;

	/* takes the record lock of this process away */
	close(dup(fd));
	if (write(rival.wire, "", 1) != 1 || read(rival.wire, &byte, 1) != 1)
		tap_bail_out("the other process is gone");
}

int __wrap_getsockopt(int fd, int level, int optname, void *optval, socklen_t *optlen)
{
	if (level == SOL_SOCKET && optname == SO_GET_FILTER && rival.left > 0) {
		int r = raw_getsockopt(fd, level, optname, optval, optlen);

		if (--rival.left == 0)
			let_in(fd);
		return answer(r);
	}
	if (is_unknown(level, optname))
		return answer(unknown.error ? -unknown.error : -ENOPROTOOPT);
	if (unknown.is_get_fatal && level == SOL_SOCKET && optname == SO_GET_FILTER)
		tap_bail_out("SO_GET_FILTER kills the process here");
	return answer(raw_getsockopt(fd, level, optname, optval, optlen));
}

#define ALL_BUT(source)                                                    \
	{                                                                  \
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 12),                    \
			BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, source, 0, 1), \
			BPF_STMT(BPF_RET | BPF_K, 0),                      \
			BPF_STMT(BPF_RET | BPF_K, 0xffffffff),             \
	}
#define N_CODE 4

/* The sender's number is the second word of the payload, in the host's order. */
static void fill_filter(struct sock_filter code[N_CODE], unsigned int source)
{
	const struct sock_filter all_but[N_CODE] = ALL_BUT(htonl(source));

	memcpy(code, all_but, sizeof(all_but));
}

static int attach(const struct rig *rig, int fd, unsigned int source)
{
	struct sock_filter code[N_CODE];
	struct sock_fprog fprog = { N_CODE, code };

	fill_filter(code, source);
	return asm_set_option(&rig->config, fd, SOL_SOCKET, SO_ATTACH_FILTER, &fprog,
			      sizeof(fprog));
}

static int detach(const struct rig *rig, int fd)
{
	int unused = 0;

	return asm_set_option(&rig->config, fd, SOL_SOCKET, SO_DETACH_FILTER, &unused,
			      sizeof(unused));
}

/* -1: none; or which source the application's filter rejects. */
static int get_filter(struct rig *rig, int fd)
{
	struct sock_filter code[N_CODE + 1] = { 0 }, wanted[N_CODE];
	socklen_t n = 0;
	int r = asm_get_option(&rig->config, fd, SOL_SOCKET, SO_GET_FILTER, NULL, &n);

	if (r == 0 && n == 0)
		return -1;
	tap_expect(&rig->tap, r == 0 && n == N_CODE, "length: %d, %u", r, n);
	n = N_CODE - 1;
	r = asm_get_option(&rig->config, fd, SOL_SOCKET, SO_GET_FILTER, code, &n);
	tap_expect(&rig->tap, r == -EINVAL, "no room: %d", r);
	n = N_CODE + 1;
	r = asm_get_option(&rig->config, fd, SOL_SOCKET, SO_GET_FILTER, code, &n);
	tap_expect(&rig->tap, r == 0 && n == N_CODE, "code: %d, %u", r, n);
	for (unsigned int i = 0; i < NETNS_ADDRESSES; i++) {
		fill_filter(wanted, i);
		if (memcmp(code, wanted, sizeof(wanted)) == 0)
			return (int)i;
	}
	tap_expect(&rig->tap, false, "a filter that nobody attached");
	return -1;
}

static void expect(struct rig *rig, int fd, int rejected, unsigned int heard,
		   const char *what)
{
	int got = get_filter(rig, fd);
	unsigned int hears = rig_hear(rig, fd);

	tap_expect(&rig->tap, got == rejected, "%s: the filter is %d", what, got);
	tap_expect(&rig->tap, hears == heard, "%s: it hears %x", what, hears);
}

static const struct model_request set_123 = { .verb = MSF_SET_FILTER,
					      .fmode = MCAST_INCLUDE,
					      .set = 0xe };
static const struct model_request set_0 = { .verb = MSF_SET_FILTER,
					    .fmode = MCAST_EXCLUDE,
					    .set = 1 };
static const struct model_request leave = { .verb = MSF_LEAVE_GROUP };

static void test_composition(struct rig *rig, const char *system)
{
	int fd = rig_open(rig), r = attach(rig, fd, 1);

	tap_expect(&rig->tap, r == 0, "attach: %d", r);
	rig_do(rig, fd, set_123);
	expect(rig, fd, 1, 0xc, "attached before");
	r = attach(rig, fd, 2);
	tap_expect(&rig->tap, r == 0, "attach again: %d", r);
	expect(rig, fd, 2, 0xa, "attached behind");
	rig_do(rig, fd, set_0);
	expect(rig, fd, 2, 0xa, "another filter of ours");
	r = detach(rig, fd);
	tap_expect(&rig->tap, r == 0, "detach: %d", r);
	expect(rig, fd, -1, 0xe, "detached");
	r = detach(rig, fd);
	tap_expect(&rig->tap, r == -ENOENT, "detach nothing: %d", r);
	r = attach(rig, fd, 3);
	tap_expect(&rig->tap, r == 0, "attach: %d", r);
	rig_do(rig, fd, leave);
	expect(rig, fd, 3, 0, "left");
	r = detach(rig, fd);
	tap_expect(&rig->tap, r == 0, "detach: %d", r);
	r = detach(rig, fd);
	tap_expect(&rig->tap, r == -ENOENT, "detach nothing: %d", r);
	expect(rig, fd, -1, 0, "nothing");
	close(fd);
	tap_end(&rig->tap,
		"%s, %s: the application's filter goes behind ours, comes "
		"back as it was, and stays when ours goes",
		flavour_name(rig->place.flavour), system);
}

static void expect_error(struct rig *rig, int fd, const struct sock_fprog *fprog,
			 socklen_t len, int error)
{
	int r = asm_set_option(&rig->config, fd, SOL_SOCKET, SO_ATTACH_FILTER, fprog,
			       len);

	tap_expect(&rig->tap, r == -error, "%s, not %s", strerrorname_np(-r),
		   strerrorname_np(error));
}

static void test_bad_filters(struct rig *rig)
{
	static struct sock_filter many[BPF_MAXINSNS];
	struct sock_filter code[N_CODE];
	struct sock_fprog fprog = { N_CODE, code };
	int fd = rig_open(rig);

	fill_filter(code, 1);
	rig_do(rig, fd, set_123);
	expect_error(rig, fd, &fprog, sizeof(fprog) - 1, EINVAL);
	expect_error(rig, fd, NULL, sizeof(fprog), EFAULT);
	fprog.filter = (struct sock_filter *)(sizeof(code)); /* nobody's page */
	expect_error(rig, fd, &fprog, sizeof(fprog), EFAULT);
	fprog = (struct sock_fprog){ 0, code };
	expect_error(rig, fd, &fprog, sizeof(fprog), EINVAL);
	fprog.len = N_CODE;
	code[N_CODE - 1] = code[0]; /* runs off its end, into what stands behind */
	expect_error(rig, fd, &fprog, sizeof(fprog), EINVAL);
	for (unsigned int i = 0; i < BPF_MAXINSNS; i++)
		many[i] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, 0xffffffff);
	fprog = (struct sock_fprog){ BPF_MAXINSNS, many };
	expect_error(rig, fd, &fprog, sizeof(fprog), ENOMEM);
	expect(rig, fd, -1, 0xe, "refused");
	close(fd);
	tap_end(&rig->tap, "what the kernel would refuse from the application is refused "
			   "with its errors");
}

static void test_leftover(struct rig *rig)
{
	int fd = rig_open(rig), on = 1;
	struct asm_list list;
	unsigned int code;

	rig_do(rig, fd, set_123);
	code = rig_count_code(fd);
	rig_do(rig, fd, leave);
	expect(rig, fd, -1, 0, "left");
	tap_expect(&rig->tap, asm_list_init(&list, fd, rig->config.filters) == 0,
		   "a list");
	tap_expect(&rig->tap, rig_count_code(fd) > 0, "no program stayed");
	rig_go(rig, FLAVOUR_IPV4, 1);
	raw_delta(fd, MSF_JOIN_GROUP, rig->place.ifindex, &rig->place.group, NULL);
	tap_expect(&rig->tap, rig_hear(rig, fd) == 15, "others are closed too");
	raw_delta(fd, MSF_LEAVE_GROUP, rig->place.ifindex, &rig->place.group, NULL);
	rig_do(rig, fd, set_123);
	tap_expect(&rig->tap, rig_count_code(fd) == code, "it is in the way");
	rig_do(rig, fd, leave);
	asm_set_option(&rig->config, fd, IPPROTO_IP, IP_MULTICAST_ALL, &on, sizeof(on));
	tap_expect(&rig->tap, rig_count_code(fd) == 0, "the program stays");
	close(fd);
	rig_go(rig, FLAVOUR_IPV4, 0);
	tap_end(&rig->tap, "the group that was left last stays closed, and nobody sees "
			   "it");
}

static int set_all(const struct rig *rig, int fd, int on)
{
	bool is_ipv6 = rig->place.flavour == FLAVOUR_IPV6;

	return asm_set_option(&rig->config, fd, is_ipv6 ? IPPROTO_IPV6 : IPPROTO_IP,
			      is_ipv6 ? IPV6_MULTICAST_ALL : IP_MULTICAST_ALL, &on,
			      sizeof(on));
}

static int get_all(const struct rig *rig, int fd)
{
	bool is_ipv6 = rig->place.flavour == FLAVOUR_IPV6;
	int on = -1;
	socklen_t len = sizeof(on);
	int r = asm_get_option(&rig->config, fd, is_ipv6 ? IPPROTO_IPV6 : IPPROTO_IP,
			       is_ipv6 ? IPV6_MULTICAST_ALL : IP_MULTICAST_ALL, &on,
			       &len);

	return r < 0 ? r : on;
}

static void test_multicast_all(struct rig *rig, bool is_known)
{
	enum flavour flavour = rig->place.flavour;
	int other = traffic_open_receiver(flavour), fd = rig_open(rig), r;
	unsigned int foreign;

	raw_delta(other, MSF_JOIN_GROUP, rig->place.ifindex, &rig->place.group, NULL);
	if (!is_known) {
		traffic_set_multicast_all(fd, 1); /* as such a kernel is */
		unknown.level = flavour == FLAVOUR_IPV6 ? IPPROTO_IPV6 : IPPROTO_IP;
		unknown.optname = flavour == FLAVOUR_IPV6 ? IPV6_MULTICAST_ALL
							  : IP_MULTICAST_ALL;
	}
	rig_go(rig, flavour, 1);
	rig_do(rig, fd, set_123);
	tap_expect(&rig->tap, get_all(rig, fd) == 0, "a join left it on");
	rig_go(rig, flavour, 0);
	foreign = rig_hear(rig, fd);
	tap_expect(&rig->tap, foreign == 0, "off, but it hears %x", foreign);
	r = set_all(rig, fd, 1);
	tap_expect(&rig->tap, r == 0 && get_all(rig, fd) == 1, "turned on: %d", r);
	foreign = rig_hear(rig, fd);
	tap_expect(&rig->tap, foreign == 15, "on, but it hears %x", foreign);
	r = set_all(rig, fd, 0);
	tap_expect(&rig->tap, r == 0 && get_all(rig, fd) == 0, "turned off: %d", r);
	foreign = rig_hear(rig, fd);
	tap_expect(&rig->tap, foreign == 0, "off, but it hears %x", foreign);
	rig_go(rig, flavour, 1);
	rig_expect(rig, fd, (struct model_filter){ MODEL_INCLUDE, 0xe }, "its own group");
	unknown.optname = 0;
	close(fd);
	close(other);
	tap_end(&rig->tap, "%s: IP_MULTICAST_ALL is obeyed and told%s",
		flavour_name(flavour),
		is_known ? "" : " where the kernel does not know it");
	rig_go(rig, flavour, 0);
}

static void test_all_kept(struct rig *rig)
{
	int fd = rig_open(rig);

	rig->config.is_all_kept = true;
	rig_do(rig, fd, set_123);
	tap_expect(&rig->tap, get_all(rig, fd) == 1, "turned off");
	rig_do(rig, fd, leave);
	tap_expect(&rig->tap, rig_count_code(fd) == 0, "a program stayed");
	close(fd);
	rig->config.is_all_kept = false;
	rig->config.table = TABLE_LINUX;
	fd = rig_open(rig);
	rig_do(rig, fd, (struct model_request){ .verb = MSF_JOIN_GROUP });
	tap_expect(&rig->tap, get_all(rig, fd) == 1, "turned off by the linux table");
	rig_do(rig, fd, leave);
	tap_expect(&rig->tap, rig_count_code(fd) == 0, "a program stayed");
	close(fd);
	rig->config.table = TABLE_STRICT;
	tap_end(&rig->tap, "IP_MULTICAST_ALL stays on where it is to stay");
}

static int get_pktinfo(const struct rig *rig, int fd)
{
	int on = -1;
	socklen_t len = sizeof(on);
	int r = rig ? asm_get_option(&rig->config, fd, IPPROTO_IP, IP_PKTINFO, &on, &len)
		    : raw_getsockopt(fd, IPPROTO_IP, IP_PKTINFO, &on, &len);

	return r < 0 ? r : on;
}

static uint64_t get_inode(int fd)
{
	struct stat st;

	return fstat(fd, &st) < 0 ? 0 : st.st_ino;
}

static void test_no_filters(struct rig *rig)
{
	const struct model_request join = { .verb = MSF_JOIN_GROUP };
	int fd = rig_open(rig), r;

	rig->config.filters = ASM_FILTERS_NONE;
	r = rig_apply(rig, fd, set_123);
	tap_expect(&rig->tap, r == -EOPNOTSUPP, "a list: %d", r);
	rig_do(rig, fd, join);
	tap_expect(&rig->tap, rig_get(rig, fd).mode == MODEL_EXCLUDE, "not joined");
	r = rig_apply(rig, fd, (struct model_request){ .verb = MSF_BLOCK_SOURCE });
	tap_expect(&rig->tap, r == -EOPNOTSUPP, "a source: %d", r);
	tap_expect(&rig->tap, !store_is_used(), "somebody is to filter");
	rig_do(rig, fd, leave);
	tap_expect(&rig->tap, rig_get(rig, fd).mode == MODEL_NONE, "not left");
	tap_expect(&rig->tap,
		   netns_get_members(rig->place.ifindex, &rig->place.group) == 0,
		   "it is a member");
	close(fd);
	rig->config.filters = ASM_FILTERS_FULL;
	tap_end(&rig->tap, "without socket filters any-source joins work, and lists are "
			   "EOPNOTSUPP");
}

static struct addr get_addr(const struct sockaddr_storage *sa)
{
	return addr_from_ipv4(ntohl(((const struct sockaddr_in *)sa)->sin_addr.s_addr));
}

static enum store_answer ask(const struct rig *rig, int fd, unsigned int i)
{
	struct sockaddr_storage source = netns_source(AF_INET, rig->place.link, i);

	return store_ask(get_inode(fd), get_addr(&rig->place.group), rig->place.ifindex,
			 get_addr(&source));
}

static void test_receive_filtered(struct rig *rig)
{
	int fd = rig_open(rig), on = 1, off = 0;

	rig->config.filters = ASM_FILTERS_NONE;
	rig->config.is_receive_filtered = true;
	tap_expect(&rig->tap, ask(rig, fd, 0) == STORE_UNKNOWN, "known");
	rig_do(rig, fd, set_123);
	tap_expect(&rig->tap, store_is_used(), "not used");
	tap_expect(&rig->tap, ask(rig, fd, 0) == STORE_REFUSED, "source 0");
	tap_expect(&rig->tap, ask(rig, fd, 1) == STORE_ADMITTED, "source 1");
	tap_expect(&rig->tap, get_pktinfo(NULL, fd) == 1, "IP_PKTINFO is off");
	tap_expect(&rig->tap, get_pktinfo(rig, fd) == 0, "and seen");
	asm_set_option(&rig->config, fd, IPPROTO_IP, IP_PKTINFO, &on, sizeof(on));
	tap_expect(&rig->tap, get_pktinfo(rig, fd) == 1, "not turned on");
	asm_set_option(&rig->config, fd, IPPROTO_IP, IP_PKTINFO, &off, sizeof(off));
	tap_expect(&rig->tap, get_pktinfo(rig, fd) == 0, "not turned off");
	tap_expect(&rig->tap, get_pktinfo(NULL, fd) == 1, "IP_PKTINFO went off");
	rig_do(rig, fd, leave);
	tap_expect(&rig->tap, ask(rig, fd, 1) == STORE_REFUSED,
		   "what waits in the queue would be let through");
	rig_do(rig, fd, (struct model_request){ .verb = MSF_JOIN_GROUP });
	rig_do(rig, fd, leave);
	tap_expect(&rig->tap, ask(rig, fd, 0) == STORE_UNKNOWN, "it stays in the table");
	tap_expect(&rig->tap, get_pktinfo(NULL, fd) == 0, "IP_PKTINFO stays on");
	close(fd);
	rig->config.is_receive_filtered = false;
	rig->config.filters = ASM_FILTERS_FULL;
	tap_end(&rig->tap, "without socket filters the receive calls are told what to "
			   "admit, and the application does not see IP_PKTINFO");
}

static uint32_t count_stored(int fd)
{
	struct asm_state state = ASM_STATE_INIT;
	uint32_t n = store_get(get_inode(fd), &state) > 0 ? state.n : 0;

	state_fini(&state);
	return n;
}

static void visit_groups(struct rig *rig, int fd, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++) {
		rig_go(rig, FLAVOUR_IPV4, i);
		rig_do(rig, fd, set_123);
		rig_do(rig, fd, leave);
	}
	rig_go(rig, FLAVOUR_IPV4, 0);
}

static void put_in_queue(const struct rig *rig, int fd)
{
	struct sockaddr_storage to = netns_source(AF_INET, rig->place.link, 0);
	struct sockaddr_in bound, *sin = (void *)&to;
	struct pollfd poller = { .fd = fd, .events = POLLIN };
	socklen_t len = sizeof(bound);

	if (getsockname(fd, (void *)&bound, &len) < 0)
		tap_bail_out("getsockname: %s", strerror(errno));
	sin->sin_port = bound.sin_port;
	sendto(rig->traffic.fd[rig->place.link][0][0], "", 1, 0, (void *)sin,
	       sizeof(*sin));
	if (poll(&poller, 1, 5000) != 1)
		tap_bail_out("a packet does not come");
}

static void test_left(struct rig *rig)
{
	int fd;

	rig->config.filters = ASM_FILTERS_NONE;
	rig->config.is_receive_filtered = true;
	for (int is_all = 0; is_all < 2; is_all++) {
		rig->config.is_all_kept = is_all;
		fd = rig_open(rig);
		visit_groups(rig, fd, 10);
		tap_expect(&rig->tap, count_stored(fd) == 1, "%u groups stay",
			   count_stored(fd));
		rig_do(rig, fd, set_123);
		put_in_queue(rig, fd);
		rig_do(rig, fd, leave);
		rig_go(rig, FLAVOUR_IPV4, 1);
		rig_do(rig, fd, set_123);
		rig_go(rig, FLAVOUR_IPV4, 0);
		tap_expect(&rig->tap, ask(rig, fd, 1) == STORE_REFUSED,
			   "what waits would be let through");
		close(fd);
	}
	rig->config.is_all_kept = false;
	rig->config.is_receive_filtered = false;
	rig->config.filters = ASM_FILTERS_FULL;
	tap_end(&rig->tap,
		"groups that were left stay in the table for what waits in the "
		"queue");
}

static void expect_busy(struct rig *rig, int fd, const char *when)
{
	int r = rig_apply(rig, fd, set_123);

	tap_expect(&rig->tap, r == -EBUSY, "%s: %d", when, r);
	r = rig_apply(rig, fd, leave);
	tap_expect(&rig->tap, r == -EADDRNOTAVAIL, "%s: the table first: %d", when, r);
}

/* is_told: the kernel tells how much option memory is in use. */
static void expect_foreign(struct rig *rig, int bpf, bool is_told)
{
	int fd = rig_open(rig), r;

	if (!is_told) {
		unknown.level = SOL_SOCKET;
		unknown.optname = SO_MEMINFO;
	}
	r = attach(rig, fd, 1);
	tap_expect(&rig->tap, r == 0, "attach: %d", r);
	r = asm_set_option(&rig->config, fd, SOL_SOCKET, SO_ATTACH_BPF, &bpf,
			   sizeof(bpf) - 1);
	tap_expect(&rig->tap, r == -EINVAL, "a short value: %d", r);
	tap_expect(&rig->tap, get_filter(rig, fd) == 1, "refused, and forgotten");
	r = asm_set_option(&rig->config, fd, SOL_SOCKET, SO_ATTACH_BPF, &bpf,
			   sizeof(bpf));
	tap_expect(&rig->tap, r == 0, "eBPF: %d", r);
	expect_busy(rig, fd, "with eBPF");
	r = detach(rig, fd);
	tap_expect(&rig->tap, r == 0, "detach: %d", r);
	rig_do(rig, fd, set_123);
	expect(rig, fd, -1, 0xe, "without");
	rig_do(rig, fd, leave);
	detach(rig, fd);
	r = asm_set_option(&rig->config, fd, SOL_SOCKET, SO_ATTACH_BPF, &bpf,
			   sizeof(bpf));
	tap_expect(&rig->tap, r == 0, "eBPF again: %d", r);
	r = attach(rig, fd, 1);
	tap_expect(&rig->tap, r == 0, "a classic one takes its place: %d", r);
	rig_do(rig, fd, set_123);
	expect(rig, fd, 1, 0xc, "with the classic one");
	unknown.optname = 0;
	close(fd);
}

static void test_unseen(struct rig *rig)
{
	struct sock_filter code[N_CODE];
	struct sock_fprog fprog = { N_CODE, code };
	int fd = rig_open(rig), bpf = ebpf_load(), unused = 0;

	rig->config.filters = ASM_FILTERS_BLIND;
	fill_filter(code, 1);
	raw_setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &fprog, sizeof(fprog));
	expect_busy(rig, fd, "attached past us");
	raw_setsockopt(fd, SOL_SOCKET, SO_DETACH_FILTER, &unused, sizeof(unused));
	rig_do(rig, fd, set_123);
	expect(rig, fd, -1, 0xe, "detached");
	close(fd);
	for (int is_told = 0; bpf >= 0 && is_told < 2; is_told++)
		expect_foreign(rig, bpf, is_told);
	if (bpf >= 0)
		close(bpf);
	rig->config.filters = ASM_FILTERS_FULL;
	tap_end(&rig->tap, "what cannot be read back is not overwritten: EBUSY");
}

/* Joins group 5 and leaves it, by turns. */
static void serve_rival(struct rig *rig, int fd, int wire)
{
	bool is_joined = false;
	char byte;

	rig_go(rig, FLAVOUR_IPV4, 5);
	while (read(wire, &byte, 1) == 1) {
		if (rig_apply(rig, fd, is_joined ? leave : set_123) != 0)
			break;
		is_joined = !is_joined;
		if (write(wire, &byte, 1) != 1)
			break;
	}
	_exit(0);
}

static const struct model_filter held_123 = { MODEL_INCLUDE, 0xe };
static const struct model_filter held_none = { MODEL_NONE, 0 };

/* The other one comes in at the n-th reading of a join and of a leave. */
static void meet_rival(struct rig *rig, int fd, int n)
{
	for (int i = 0; i < 2; i++) {
		struct model_filter held = i ? held_none : held_123;

		rival.left = n;
		rig_do(rig, fd, i ? leave : set_123);
		if (rival.left > 0) {
			rival.left = 0;
			let_in(fd);
		}
		rig_expect(rig, fd, held, "ours");
		rig_go(rig, FLAVOUR_IPV4, 5);
		rig_expect(rig, fd, held, "the other one's");
		rig_go(rig, FLAVOUR_IPV4, 0);
	}
}

/* Before the first reading that is compared, and beyond all. */
static void test_rival(struct rig *rig)
{
	int fd = rig_open(rig), wires[2];
	pid_t child;

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, wires) < 0)
		tap_bail_out("socketpair: %s", strerror(errno));
	child = fork();
	if (child == 0) {
		close(wires[1]);
		serve_rival(rig, fd, wires[0]);
	}
	close(wires[0]);
	rival.wire = wires[1];
	meet_rival(rig, fd, 1);
	meet_rival(rig, fd, 9);
	close(wires[1]);
	waitpid(child, NULL, 0);
	close(fd);
	tap_end(&rig->tap, "what another process changes after the program was read "
			   "stays, though the record lock is lost");
}

/* Sockets that are gone do not stay in the table. */
static void test_sweep(struct rig *rig)
{
	unsigned int n_kept = 0;
	uint64_t inodes[100];
	struct asm_state state = ASM_STATE_INIT;

	rig->config.filters = ASM_FILTERS_BLIND;
	for (unsigned int i = 0; i < 100; i++) {
		int fd = rig_open(rig);

		rig_do(rig, fd, set_123);
		inodes[i] = get_inode(fd);
		close(fd);
	}
	for (unsigned int i = 0; i < 100; i++) {
		if (store_get(inodes[i], &state) > 0) {
			n_kept++;
			state_fini(&state);
		}
	}
	tap_expect(&rig->tap, n_kept <= 16, "%u entries", n_kept);
	rig->config.filters = ASM_FILTERS_FULL;
	tap_end(&rig->tap, "the table forgets sockets that were closed");
}

static void test_passing(struct rig *rig)
{
	int fd = rig_open(rig), on = 1, value = -1;
	socklen_t len = sizeof(value);
	int r = asm_set_option(&rig->config, fd, SOL_SOCKET, SO_REUSEADDR, &on,
			       sizeof(on));

	tap_expect(&rig->tap, r == 0, "set: %d", r);
	r = asm_get_option(&rig->config, fd, SOL_SOCKET, SO_REUSEADDR, &value, &len);
	tap_expect(&rig->tap, r == 0 && value == 1, "get: %d", r);
	tap_expect(&rig->tap, !asm_is_shared_option(SOL_SOCKET, SO_REUSEADDR), "shared");
	tap_expect(&rig->tap, asm_is_shared_option(SOL_SOCKET, SO_ATTACH_FILTER),
		   "not shared");
	close(fd);
	r = asm_set_option(&rig->config, fd, SOL_SOCKET, SO_ATTACH_FILTER, NULL, 0);
	tap_expect(&rig->tap, r == -EBADF, "closed: %d", r);
	tap_end(&rig->tap, "other options and sockets go to the kernel");
}

static void expect_filters(struct rig *rig, int optname, int error,
			   enum asm_filters wanted)
{
	enum asm_filters filters = ASM_FILTERS_FULL;
	int r;

	unknown.level = SOL_SOCKET;
	unknown.optname = optname;
	unknown.error = error;
	unknown.is_get_fatal = optname == SO_COOKIE;
	r = asm_detect_filters(&filters);
	unknown.optname = 0;
	unknown.error = ENOPROTOOPT;
	unknown.is_get_fatal = false;
	tap_expect(&rig->tap, r == 0 && filters == wanted, "option %d, %s: %d, %d",
		   optname, strerrorname_np(error), r, (int)filters);
}

static void expect_no_sources(struct rig *rig, int error)
{
	int fd = rig_open(rig), r;

	unknown.level = IPPROTO_IP;
	unknown.optname = MCAST_MSFILTER;
	unknown.error = error;
	r = asm_has_source_filters(fd, AF_INET);
	unknown.optname = 0;
	unknown.error = ENOPROTOOPT;
	tap_expect(&rig->tap, r == 0, "%s: %d", strerrorname_np(error), r);
	close(fd);
}

static void test_other_stacks(struct rig *rig)
{
	expect_filters(rig, SO_ATTACH_FILTER, ENOPROTOOPT, ASM_FILTERS_NONE);
	expect_filters(rig, SO_ATTACH_FILTER, 0, ASM_FILTERS_NONE);
	expect_filters(rig, SO_COOKIE, EINVAL, ASM_FILTERS_BLIND);
	expect_no_sources(rig, ENOPROTOOPT);
	expect_no_sources(rig, EOPNOTSUPP);
	expect_no_sources(rig, EINVAL);
	expect_no_sources(rig, ENOSYS);
	expect_no_sources(rig, 0);
	tap_end(&rig->tap, "stacks that refuse, and those that say yes and do nothing, "
			   "are found out");
}

int main(void)
{
	struct rig rig;

	rig_init(&rig);
	for (enum flavour flavour = 0; flavour < N_FLAVOURS; flavour++) {
		rig_go(&rig, flavour, 0);
		test_composition(&rig, "filters that can be read");
		test_multicast_all(&rig, true);
		test_multicast_all(&rig, false);
		rig.config.filters = ASM_FILTERS_BLIND;
		test_composition(&rig, "filters that cannot be read");
		test_multicast_all(&rig, false);
		rig.config.filters = ASM_FILTERS_FULL;
	}
	rig_go(&rig, FLAVOUR_IPV4, 0);
	test_bad_filters(&rig);
	test_leftover(&rig);
	test_all_kept(&rig);
	test_no_filters(&rig);
	test_receive_filtered(&rig);
	test_rival(&rig);
	test_left(&rig);
	test_unseen(&rig);
	test_sweep(&rig);
	test_passing(&rig);
	test_other_stacks(&rig);
	return rig_finish(&rig);
}
