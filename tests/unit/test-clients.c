/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Unit test of what clients.h counts and owns: how often somebody may speak (bucket.h,
 * users.h), and the name of the socket. The connections themselves are tested from
 * outside, tests/netns/msfd-clients.bats.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "msfd/clients.h"
#include "msfd/users.h"
#include "tap.h"

#define SECOND 1000000u

/* So many messages are taken at once. */
static unsigned int drain(struct bucket *bucket)
{
	unsigned int n = 0;

	for (; bucket_has(bucket); n++)
		bucket_take(bucket);
	return n;
}

static void test_rate(struct tap *tap)
{
	struct bucket bucket;
	unsigned int n;

	bucket_init(&bucket, 10, 5 * SECOND);
	n = drain(&bucket);
	tap_expect(tap, n == 20, "%u at once", n);
	bucket_fill(&bucket, 10, 5 * SECOND + SECOND / 2);
	n = drain(&bucket);
	tap_expect(tap, n == 5, "%u after half a second", n);
	tap_end(tap, "twice the rate at once, then the rate");
}

static void test_bounds(struct tap *tap)
{
	struct bucket bucket;
	unsigned int n;

	bucket_init(&bucket, 10, 0);
	drain(&bucket);
	bucket_take(&bucket);
	bucket_fill(&bucket, 10, 3600ull * SECOND);
	n = drain(&bucket);
	tap_expect(tap, n == 20, "%u after an hour", n);
	bucket_fill(&bucket, 10, 0);
	n = drain(&bucket);
	tap_expect(tap, n == 0, "%u after a clock that went back", n);
	bucket_fill(&bucket, UINT32_MAX, UINT64_MAX);
	tap_expect(tap, bucket.level == 2ull * UINT32_MAX * BUCKET_TOKEN, "%llu",
		   (unsigned long long)bucket.level);
	tap_end(tap, "a bucket has a bound, whatever the time and the rate");
}

static void test_lowered(struct tap *tap)
{
	struct bucket bucket;
	unsigned int n;

	bucket_init(&bucket, 1000, 0);
	bucket_fill(&bucket, 10, 1);
	n = drain(&bucket);
	tap_expect(tap, n == 20, "%u", n);
	tap_end(tap, "a lowered rate counts at once");
}

static void test_returning(struct tap *tap)
{
	struct users users = { 0 };
	struct user *user = users_enter(&users, 1000, 10, SECOND);
	struct user *other;

	if (!user)
		tap_bail_out("no memory");
	drain(&user->bucket);
	users_leave(user);
	tap_expect(tap, users_count_clients(&users, 1000) == 0, "he has gone");
	other = users_enter(&users, 1001, 10, SECOND + 1);
	user = users_enter(&users, 1000, 10, SECOND + 2);
	tap_expect(tap, other && user && !bucket_has(&user->bucket),
		   "he has a full bucket again");
	users_fini(&users);
	tap_end(tap, "to leave and come back fills no bucket");
}

static void test_forgotten(struct tap *tap)
{
	struct users users = { 0 };
	struct user *user = users_enter(&users, 1000, 10, SECOND);

	if (!user)
		tap_bail_out("no memory");
	users_leave(user);
	if (!users_enter(&users, 1001, 10, 10 * SECOND))
		tap_bail_out("no memory");
	tap_expect(tap, users.first && users.first->uid == 1001 && !users.first->next,
		   "he is kept for ever");
	users_fini(&users);
	tap_end(tap, "who has long gone is forgotten");
}

/*
 * The name
 */

struct place {
	char folder[64];
	char path[MESSAGE_PATH_MAX];
};

static void place_init(struct place *place)
{
	snprintf(place->folder, sizeof(place->folder), "/tmp/msfd-test-XXXXXX");
	if (!mkdtemp(place->folder))
		tap_bail_out("no folder: %s", strerror(errno));
	snprintf(place->path, sizeof(place->path), "%s/new/msfd.sock", place->folder);
}

static void place_fini(struct place *place)
{
	char folder[80];

	unlink(place->path);
	snprintf(folder, sizeof(folder), "%s/new", place->folder);
	rmdir(folder);
	rmdir(place->folder);
}

static bool can_connect(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	bool is_there;

	snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	is_there = connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0;
	close(fd);
	return is_there;
}

static void test_listen(struct tap *tap)
{
	struct place place;
	struct stat file = { 0 };
	mode_t old = umask(0077);
	char folder[80];
	int fd;

	place_init(&place);
	fd = clients_listen(place.path);
	tap_expect(tap, fd >= 0, "%s", strerror(fd < 0 ? -fd : 0));
	tap_expect(tap, stat(place.path, &file) == 0 && (file.st_mode & 0777) == 0666,
		   "mode %o", file.st_mode & 0777);
	snprintf(folder, sizeof(folder), "%s/new", place.folder);
	tap_expect(tap, stat(folder, &file) == 0 && (file.st_mode & 0777) == 0755,
		   "mode of the folder %o", file.st_mode & 0777);
	tap_expect(tap, fcntl(fd, F_GETFD) & FD_CLOEXEC, "exec() keeps it");
	tap_expect(tap, fcntl(fd, F_GETFL) & O_NONBLOCK, "it blocks");
	tap_expect(tap, can_connect(place.path), "nobody can connect");
	tap_expect(tap, umask(old) == 0077, "the umask has changed");
	close(fd);
	place_fini(&place);
	tap_end(tap, "the socket is for everybody, and its folder is made");
}

static void test_stale(struct tap *tap)
{
	struct place place;
	int fd;

	place_init(&place);
	close(clients_listen(place.path));
	fd = clients_listen(place.path);
	tap_expect(tap, fd >= 0 && can_connect(place.path), "%s",
		   strerror(fd < 0 ? -fd : 0));
	close(fd);
	place_fini(&place);
	tap_end(tap, "what a killed msfd left is replaced");
}

static void test_living(struct tap *tap)
{
	struct place place;
	int fd, second;

	place_init(&place);
	fd = clients_listen(place.path);
	second = clients_listen(place.path);
	tap_expect(tap, second == -EADDRINUSE, "%d", second);
	tap_expect(tap, can_connect(place.path), "the first is disturbed");
	close(fd);
	place_fini(&place);
	tap_end(tap, "a living one is left alone");
}

static void test_locked(struct tap *tap)
{
	char lock_path[MESSAGE_PATH_MAX + 8];
	struct place place;
	int lock, fd;

	place_init(&place);
	close(clients_listen(place.path));
	snprintf(lock_path, sizeof(lock_path), "%s.lock", place.path);
	lock = open(lock_path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
	if (lock < 0 || flock(lock, LOCK_EX) < 0)
		tap_bail_out("no lock: %s", strerror(errno));
	alarm(30);
	fd = clients_listen(place.path);
	tap_expect(tap, fd == -EADDRINUSE, "%d", fd);
	close(lock);
	fd = clients_listen(place.path);
	tap_expect(tap, fd >= 0, "%s", strerror(fd < 0 ? -fd : 0));
	alarm(0);
	close(fd);
	unlink(lock_path);
	place_fini(&place);
	tap_end(tap, "a lock that somebody keeps is not waited for for ever");
}

static void test_race(struct tap *tap)
{
	enum { N = 8 };
	struct place place;
	unsigned int i, n_listening = 0;
	int status, end[2];

	place_init(&place);
	close(clients_listen(place.path));
	if (pipe2(end, O_CLOEXEC) < 0)
		tap_bail_out("no pipe: %s", strerror(errno));
	for (i = 0; i < N; i++) {
		pid_t child = fork();

		if (child == 0) {
			struct pollfd others = { .fd = end[0] };
			int fd = clients_listen(place.path);

			if (fd < 0)
				_exit(fd != -EADDRINUSE);
			/* Until all others have given up, with a bound. */
			close(end[1]);
			poll(&others, 1, 4 * CLIENTS_SUCCESSION_MS);
			_exit(2);
		}
	}
	close(end[0]);
	for (i = 0; i < N; i++) {
		if (i == N - 1)
			close(end[1]);
		wait(&status);
		n_listening += WIFEXITED(status) && WEXITSTATUS(status) == 2;
		tap_expect(tap, WIFEXITED(status) && WEXITSTATUS(status) != 1,
			   "status %d", status);
	}
	tap_expect(tap, n_listening == 1, "%u of %u listen", n_listening, N);
	place_fini(&place);
	tap_end(tap, "of many that start at once over a stale name one gets it");
}

static void test_others(struct tap *tap)
{
	struct place place;
	char too_long[MESSAGE_PATH_MAX + 8];
	int fd;

	place_init(&place);
	snprintf(place.path, sizeof(place.path), "%s/file", place.folder);
	fd = open(place.path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	close(fd);
	fd = clients_listen(place.path);
	tap_expect(tap, fd == -EEXIST && access(place.path, F_OK) == 0, "%d", fd);
	memset(too_long, 'x', sizeof(too_long) - 1);
	too_long[sizeof(too_long) - 1] = '\0';
	fd = clients_listen(too_long);
	tap_expect(tap, fd == -ENAMETOOLONG, "%d", fd);
	fd = clients_listen("/proc/none/msfd.sock");
	tap_expect(tap, fd == -ENOENT, "%d", fd);
	place_fini(&place);
	tap_end(tap, "other files, and names that cannot be, are told");
}

int main(void)
{
	struct tap tap = { 0 };

	test_rate(&tap);
	test_bounds(&tap);
	test_lowered(&tap);
	test_returning(&tap);
	test_forgotten(&tap);
	test_listen(&tap);
	test_stale(&tap);
	test_living(&tap);
	test_locked(&tap);
	test_race(&tap);
	test_others(&tap);
	return tap_finish(&tap);
}
