/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Unit test of compat/msfd/journal.h: what an msfd that was killed knew is known to the
 * next, whatever became of the file; and a disk that is full harms nothing else.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "heap.h"
#include "msfd/clock.h"
#include "msfd/journal-record.h"
#include "msfd/journal.h"
#include "msfd/log.h"
#include "tap.h"

#define INTERFACES 2u

/* An msfd as far as it matters here. */
struct host {
	struct loop *loop;
	struct engine *engine;
	struct limits limits;
	struct holdings *holdings;
	struct journal *journal;
};

/* As /run: in memory, or this takes long. */
static char folder[] = "/dev/shm/test-journal-XXXXXX";
static char path[sizeof(folder) + 16];

static uint32_t draw(void *context)
{
	(void)context;
	return 4; /* as good as any */
}

static void host_begin(struct host *host)
{
	const struct engine_config config = { .resize = heap_resize, .draw = draw };

	*host = (struct host){ 0 };
	limits_init(&host->limits);
	if (loop_new(&host->loop) < 0 || engine_new(&host->engine, &config) < 0 ||
	    holdings_new(&host->holdings, host->engine, &host->limits) < 0)
		tap_bail_out("no memory");
	for (uint32_t i = 1; i <= INTERFACES; i++) {
		const struct engine_interface interface = { .ifindex = i,
							    .mtu = 1500,
							    .is_up = true };

		engine_set_interface(host->engine, &interface, clock_now());
	}
}

static void host_open(struct host *host, const char *where)
{
	host_begin(host);
	if (journal_new(&host->journal, host->loop, host->holdings, where, clock_now()) <
	    0)
		tap_bail_out("no memory");
}

static void host_close(struct host *host, bool is_kept)
{
	journal_free(host->journal, is_kept);
	holdings_free(host->holdings);
	engine_free(host->engine);
	loop_free(host->loop);
}

/* Membership i of a row of them that are all different: cookie, family, interface,
 * sources. Mode FILTER_NONE ends it. */
static void host_set(struct host *host, uint32_t i, enum filter_mode mode)
{
	static const uint8_t prefix[16] = { 0xff, 0x3e };
	struct addr sources[3], group = addr_from_bytes(prefix);
	const struct holdings_socket socket = { 1000 + i, 2000 + i, i % 2 ? 10 : 2,
						2,        17,       i % 4 < 2 };
	const struct holdings_teller teller = { 7, 4000 + (pid_t)i, 1000 };
	struct filter filter = { mode, { mode == FILTER_NONE ? 0 : i % 3 + 1, sources } };
	enum message_reason reason;

	for (uint32_t k = 0; k < 3; k++)
		sources[k] = i % 2 ? (struct addr){ 0xfd09ull << 48, i + k + 1 }
				   : addr_from_ipv4(0x0a090001u + i + k);
	group.lo = i + 1;
	if (i % 2 == 0)
		group = addr_from_ipv4(0xe8010100u + i);
	reason = holdings_set(host->holdings, &socket, &teller, i % INTERFACES + 1, group,
			      &filter, 1000 + i, clock_now());
	if (reason != MESSAGE_DONE)
		tap_bail_out("membership %u: %s", i, message_describe(reason));
}

static uint32_t host_count(const struct host *host)
{
	return holdings_get_usage(host->holdings).groups;
}

static bool is_same_holding(const struct holding *a, const struct holding *b)
{
	return a->socket.cookie == b->socket.cookie &&
	       a->socket.inode == b->socket.inode &&
	       a->socket.family == b->socket.family && a->socket.type == b->socket.type &&
	       a->socket.protocol == b->socket.protocol &&
	       a->teller.pid == b->teller.pid && a->teller.uid == b->teller.uid &&
	       a->ifindex == b->ifindex && addr_equal(a->group, b->group) &&
	       filter_equal(&a->filter, &b->filter) && a->stamp == b->stamp;
}

/* Has b the same holdings as a? is_part: or some of them only. */
static bool is_same(const struct host *a, const struct host *b, bool is_part)
{
	struct holdings_key key_a = { 0 }, key_b = { 0 };
	struct holding of_a, of_b;
	bool has_a = true;

	while (holdings_next(b->holdings, &key_b, &of_b)) {
		do
			has_a = holdings_next(a->holdings, &key_a, &of_a);
		while (has_a && is_part && !is_same_holding(&of_a, &of_b));
		if (!has_a || !is_same_holding(&of_a, &of_b))
			return false;
	}
	return is_part || !holdings_next(a->holdings, &key_a, &of_a);
}

static char *load(const char *from, size_t *ret_len)
{
	FILE *file = fopen(from, "re");
	struct stat status;
	char *bytes;

	if (!file || fstat(fileno(file), &status) < 0)
		tap_bail_out("%s: %s", from, strerror(errno));
	*ret_len = (size_t)status.st_size;
	bytes = malloc(*ret_len + 1);
	if (!bytes || fread(bytes, 1, *ret_len, file) != *ret_len)
		tap_bail_out("%s cannot be read", from);
	fclose(file);
	return bytes;
}

static void store(const char *to, const void *bytes, size_t len)
{
	FILE *file = fopen(to, "we");

	if (!file || fwrite(bytes, 1, len, file) != len || fclose(file) != 0)
		tap_bail_out("%s: %s", to, strerror(errno));
}

static off_t get_size(void)
{
	struct stat status;

	return stat(path, &status) < 0 ? -1 : status.st_size;
}

static int end_loop(void *data)
{
	(void)data;
	return 1;
}

/* Whatever is due has been done. */
static void host_run(struct host *host)
{
	struct loop_source end = LOOP_SOURCE_INIT;

	loop_add_timer(host->loop, &end, 20, 0, end_loop, NULL);
	loop_run(host->loop);
	loop_del(host->loop, &end);
}

static void test_round_trip(struct tap *tap)
{
	struct host before, after;
	struct stat status;

	host_open(&before, path);
	for (uint32_t i = 0; i < 40; i++)
		host_set(&before, i, i % 3 ? FILTER_INCLUDE : FILTER_EXCLUDE);
	for (uint32_t i = 0; i < 40; i += 5)
		host_set(&before, i, FILTER_NONE);
	for (uint32_t i = 1; i < 40; i += 7)
		host_set(&before, i, i % 2 ? FILTER_EXCLUDE : FILTER_INCLUDE);
	holdings_end_socket(before.holdings, 1000 + 2, clock_now());
	/* No word of an end: it is as if it were killed now. */
	host_open(&after, path);
	tap_expect(tap, host_count(&before) == 32, "%u memberships", host_count(&before));
	tap_expect(tap, is_same(&before, &after, false), "not the same");
	tap_expect(tap, stat(path, &status) == 0 && (status.st_mode & 0777) == 0600,
		   "mode %o", status.st_mode);
	tap_expect(tap,
		   get_size() == JOURNAL_HEADER_SIZE + 32 * JOURNAL_RECORD_SIZE +
					 16 * holdings_get_usage(after.holdings).sources,
		   "%ld bytes, written anew", (long)get_size());
	host_close(&after, true);
	host_close(&before, true);
	tap_end(tap, "a killed msfd's memberships are those of the next one");
}

static void test_kept(struct tap *tap)
{
	struct host host;

	host_open(&host, path);
	host_set(&host, 1, FILTER_INCLUDE);
	host_close(&host, true);
	tap_expect(tap, get_size() > 0, "kept");
	host_open(&host, path);
	host_close(&host, false);
	tap_expect(tap, get_size() < 0, "removed");
	tap_end(tap, "a journal that is not to be kept is removed");
}

/* A journal of a few memberships, and who has them. */
static char *make_sample(struct host *host, size_t *ret_len)
{
	char *bytes;

	unlink(path);
	host_open(host, path);
	for (uint32_t i = 0; i < 3; i++)
		host_set(host, i, FILTER_INCLUDE);
	bytes = load(path, ret_len);
	return bytes;
}

static void test_cut(struct tap *tap)
{
	struct host sample, host;
	size_t len;
	char *bytes = make_sample(&sample, &len);
	uint32_t n = 0;

	for (size_t i = 0; i < len; i++) {
		store(path, bytes, i);
		host_open(&host, path);
		tap_expect(tap, is_same(&sample, &host, true), "%zu bytes", i);
		tap_expect(tap, host_count(&host) >= n && host_count(&host) < 3,
			   "%zu bytes: %u memberships", i, host_count(&host));
		n = host_count(&host);
		host_close(&host, true);
		host_open(&host, path);
		tap_expect(tap, host_count(&host) == n, "%zu bytes: whole again", i);
		host_close(&host, true);
	}
	tap_expect(tap, n == 2, "%u memberships of all but the last byte", n);
	free(bytes);
	host_close(&sample, false);
	tap_end(tap, "a journal that is cut off anywhere counts as far as it is whole");
}

static void test_flips(struct tap *tap)
{
	struct host sample, host;
	size_t len;
	char *bytes = make_sample(&sample, &len);

	for (size_t i = 0; i < 8 * len; i++) {
		bytes[i / 8] ^= (char)(1 << i % 8);
		store(path, bytes, len);
		host_open(&host, path);
		tap_expect(tap, is_same(&sample, &host, true), "bit %zu", i);
		tap_expect(tap, host_count(&host) < 3, "bit %zu is not noticed", i);
		host_close(&host, true);
		bytes[i / 8] ^= (char)(1 << i % 8);
	}
	free(bytes);
	host_close(&sample, false);
	tap_end(tap, "every flipped bit is noticed, and nothing behind it believed");
}

static void check_mark(struct tap *tap, const char *bytes, size_t len,
		       const struct journal_mark *mark, const char *what)
{
	char *other = malloc(len);
	struct host host;

	if (!other)
		tap_bail_out("no memory");
	memcpy(other, bytes, len);
	journal_record_encode_mark(mark, other);
	store(path, other, len);
	host_open(&host, path);
	tap_expect(tap, host_count(&host) == 0, "%s: %u memberships", what,
		   host_count(&host));
	tap_expect(tap, get_size() == JOURNAL_HEADER_SIZE, "%s: begun anew", what);
	host_close(&host, true);
	free(other);
}

static void test_marks(struct tap *tap)
{
	struct journal_mark mark, own;
	struct host sample;
	size_t len;
	char *bytes = make_sample(&sample, &len);

	tap_expect(tap, journal_mark_get(&own) == 0 && own.netns && own.boot[0], "mark");
	mark = own;
	mark.boot[0] ^= 1;
	check_mark(tap, bytes, len, &mark, "another boot");
	mark = own;
	mark.netns++;
	check_mark(tap, bytes, len, &mark, "another inode");
	mark = own;
	mark.cookie++;
	check_mark(tap, bytes, len, &mark, "another namespace with the same inode");
	free(bytes);
	host_close(&sample, false);
	tap_end(tap, "a journal of another boot or namespace counts for nothing");
}

static void set_size_limit(rlim_t bytes)
{
	struct rlimit limit;

	getrlimit(RLIMIT_FSIZE, &limit);
	limit.rlim_cur = bytes;
	if (setrlimit(RLIMIT_FSIZE, &limit) < 0)
		tap_bail_out("setrlimit: %s", strerror(errno));
}

/* Ten seconds are long: what waits for its timer waits no longer. */
static unsigned int hurry(void)
{
	const struct itimerspec soon = { .it_value.tv_nsec = 1 };
	unsigned int n = 0;

	for (int fd = 3; fd < 64; fd++) {
		char link[64], target[64] = "";

		snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
		if (readlink(link, target, sizeof(target) - 1) < 0 ||
		    strcmp(target, "anon_inode:[timerfd]") != 0)
			continue;
		n += timerfd_settime(fd, 0, &soon, NULL) == 0;
	}
	return n;
}

static void test_full(struct tap *tap)
{
	struct host host, after;

	unlink(path);
	host_open(&host, path);
	for (uint32_t i = 0; i < 4; i++)
		host_set(&host, i, FILTER_INCLUDE);
	set_size_limit((rlim_t)get_size() + 30);
	for (uint32_t i = 4; i < 8; i++)
		host_set(&host, i, FILTER_INCLUDE);
	tap_expect(tap, host_count(&host) == 8, "memberships are made nevertheless");
	tap_expect(tap, hurry() == 1, "it waits for another try");
	host_run(&host);
	host_set(&host, 0, FILTER_NONE);
	set_size_limit(RLIM_INFINITY);
	tap_expect(tap, hurry() == 1, "and waits again");
	host_run(&host);
	tap_expect(tap, hurry() == 0, "waits no more");
	host_set(&host, 9, FILTER_INCLUDE);
	host_open(&after, path);
	tap_expect(tap, is_same(&host, &after, false) && host_count(&after) == 8,
		   "%u memberships", host_count(&after));
	host_close(&after, true);
	host_close(&host, true);
	tap_end(tap, "a full disk costs the journal only, until there is room again");
}

/* Killed while the disk was full: clients that have left have nothing to tell again. */
static void check_stale(struct tap *tap, bool is_failing_early)
{
	struct host host, after;

	unlink(path);
	host_open(&host, path);
	host_set(&host, 0, FILTER_INCLUDE);
	host_set(&host, 1, FILTER_INCLUDE);
	set_size_limit((rlim_t)get_size() - 1);
	if (is_failing_early) {
		host_close(&host, true);
		host_open(&host, path);
		tap_expect(tap, host_count(&host) == 2, "%u memberships",
			   host_count(&host));
	}
	host_set(&host, 0, FILTER_NONE);
	tap_expect(tap, get_size() <= 0, "%ld bytes are left", (long)get_size());
	host_open(&after, path);
	tap_expect(tap, host_count(&after) == 0, "%u memberships", host_count(&after));
	set_size_limit(RLIM_INFINITY);
	host_close(&after, false);
	host_close(&host, false);
}

static void test_stale(struct tap *tap)
{
	check_stale(tap, false);
	check_stale(tap, true);
	tap_end(tap, "a journal that cannot be written is removed, not left out of date");
}

/* The folder is somebody else's, the file ours. */
static void test_foreign_folder(struct tap *tap)
{
	struct host host;
	uid_t self = geteuid();

	unlink(path);
	host_open(&host, path);
	host_set(&host, 0, FILTER_INCLUDE);
	if (self != 0 || chmod(folder, 0755) < 0 || chown(path, 65534, 65534) < 0 ||
	    seteuid(65534) < 0) {
		tap_skip(tap, "not root");
	} else {
		set_size_limit((rlim_t)get_size());
		host_set(&host, 1, FILTER_INCLUDE);
		tap_expect(tap, get_size() == 0, "%ld bytes", (long)get_size());
		set_size_limit(RLIM_INFINITY);
	}
	if (seteuid(self) < 0)
		tap_bail_out("seteuid: %s", strerror(errno));
	host_close(&host, false);
	tap_end(tap, "a journal that cannot be removed is emptied");
}

/* The one that is there is read by an msfd of this user. */
static void check_stranger(struct tap *tap, unsigned int n, const char *what)
{
	struct host host;

	host_open(&host, path);
	tap_expect(tap, host_count(&host) == n, "%s: %u memberships", what,
		   host_count(&host));
	host_set(&host, 0, FILTER_INCLUDE);
	host_close(&host, true);
}

static void test_strangers(struct tap *tap)
{
	char other[sizeof(folder) + 16];

	unlink(path);
	check_stranger(tap, 0, "none");
	check_stranger(tap, 1, "one's own");
	if (chmod(path, 0622) < 0)
		tap_bail_out("chmod: %s", strerror(errno));
	check_stranger(tap, 0, "writable for all");
	snprintf(other, sizeof(other), "%s/other", folder);
	if (link(path, other) < 0)
		tap_bail_out("link: %s", strerror(errno));
	check_stranger(tap, 0, "with a second name");
	unlink(other);
	if (geteuid() == 0 && chown(path, 65534, 65534) == 0)
		check_stranger(tap, 0, "somebody else's");
	check_stranger(tap, 1, "one's own again");
	tap_end(tap, "a journal that somebody else may have written is not read");
}

static void test_last_try(struct tap *tap)
{
	struct host host, after;

	unlink(path);
	host_open(&host, path);
	set_size_limit((rlim_t)get_size());
	host_set(&host, 0, FILTER_INCLUDE);
	set_size_limit(RLIM_INFINITY);
	host_close(&host, true);
	host_open(&after, path);
	tap_expect(tap, host_count(&after) == 1, "%u memberships", host_count(&after));
	host_close(&after, false);
	tap_end(tap, "a journal that failed is tried once more at the end");
}

static void test_compaction(struct tap *tap)
{
	struct host host, after;
	off_t most = 0, size;

	unlink(path);
	host_open(&host, path);
	for (uint32_t i = 0; i < 100; i++)
		host_set(&host, i, FILTER_INCLUDE);
	for (uint32_t i = 0; i < 5000; i++) {
		host_set(&host, i % 50, i % 100 < 50 ? FILTER_EXCLUDE : FILTER_NONE);
		size = get_size();
		if (size > most)
			most = size;
		if (i % 500 == 0)
			host_run(&host);
	}
	tap_expect(tap, most < 200000, "%ld bytes at most", (long)most);
	host_run(&host);
	host_open(&after, path);
	tap_expect(tap, is_same(&host, &after, false), "not the same");
	host_close(&after, true);
	host_close(&host, true);
	tap_end(tap, "a journal of many changes stays small");
}

static void check_useless(struct tap *tap, const char *where, const char *what)
{
	struct host host;

	host_open(&host, where);
	host_set(&host, 0, FILTER_INCLUDE);
	host_set(&host, 0, FILTER_NONE);
	tap_expect(tap, host_count(&host) == 0, "%s", what);
	host_close(&host, true);
}

static void test_places(struct tap *tap)
{
	char other[sizeof(folder) + 16];
	struct stat status;

	snprintf(other, sizeof(other), "%s/other", folder);
	check_useless(tap, "/nonexistent/journal", "no folder");
	check_useless(tap, folder, "a folder");
	unlink(path);
	store(other, "precious", 8);
	if (symlink(other, path) < 0)
		tap_bail_out("symlink: %s", strerror(errno));
	check_useless(tap, path, "a link");
	tap_expect(tap, lstat(path, &status) == 0 && S_ISREG(status.st_mode),
		   "the link is replaced");
	tap_expect(tap, stat(other, &status) == 0 && status.st_size == 8,
		   "what it led to is not touched");
	unlink(path);
	if (mkfifo(path, 0600) < 0)
		tap_bail_out("mkfifo: %s", strerror(errno));
	check_useless(tap, path, "a FIFO");
	unlink(other);
	tap_end(tap, "no folder, a folder, a link or a FIFO in its place: msfd goes on");
}

static void test_gone_interface(struct tap *tap)
{
	struct host host, after;

	unlink(path);
	host_open(&host, path);
	host_set(&host, 0, FILTER_INCLUDE);
	host_set(&host, 1, FILTER_INCLUDE);
	host_begin(&after);
	engine_del_interface(after.engine, 2, clock_now());
	if (journal_new(&after.journal, after.loop, after.holdings, path, clock_now()) <
	    0)
		tap_bail_out("no memory");
	tap_expect(tap, host_count(&after) == 1, "%u memberships", host_count(&after));
	host_close(&after, true);
	host_close(&host, true);
	tap_end(tap, "a membership on an interface that has gone is left out");
}

int main(void)
{
	struct tap tap = { 0 };

	if (!mkdtemp(folder))
		tap_bail_out("%s: %s", folder, strerror(errno));
	snprintf(path, sizeof(path), "%s/journal", folder);
	log_init(LOG_FORMAT_TEXT, LOG_ERR);
	test_round_trip(&tap);
	test_kept(&tap);
	test_cut(&tap);
	test_flips(&tap);
	test_marks(&tap);
	test_full(&tap);
	test_stale(&tap);
	test_foreign_folder(&tap);
	test_strangers(&tap);
	test_last_try(&tap);
	test_compaction(&tap);
	test_places(&tap);
	test_gone_interface(&tap);
	unlink(path);
	rmdir(folder);
	return tap_finish(&tap);
}
