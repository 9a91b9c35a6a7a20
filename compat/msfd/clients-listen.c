/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * clients: the listening socket and its name in the file system (see clients.h).
 *
 * Invariant: of several that start at once for one name exactly one gets it: who looks
 * whether somebody listens there, removes the name and takes it, does so under a lock.
 */
#include "msfd/clients.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define PAUSE_MS 50
#define LOCK_MAX (MESSAGE_PATH_MAX + sizeof(".lock"))

static int make_folder(const char *path)
{
	char folder[MESSAGE_PATH_MAX];
	const char *slash = strrchr(path, '/');
	mode_t old;
	int r;

	if (!slash || slash == path)
		return 0;
	snprintf(folder, sizeof(folder), "%.*s", (int)(slash - path), path);
	old = umask(0022);
	r = mkdir(folder, 0755) == 0 || errno == EEXIST ? 0 : -errno;
	umask(old);
	return r;
}

/* The file with this name, locked; it is no longer the lock when somebody has removed
 * it meanwhile. -EADDRINUSE: another one has it, who may be anybody where others may
 * write, and keep it. */
static int take_lock(const char *path)
{
	for (;;) {
		int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
		struct stat mine = { 0 }, there = { 0 };
		int r = 0;

		if (fd < 0 && errno == EINTR)
			continue;
		if (fd < 0)
			return -errno;
		if (flock(fd, LOCK_EX | LOCK_NB) < 0 || fstat(fd, &mine) < 0)
			r = errno == EWOULDBLOCK ? -EADDRINUSE : -errno;
		if (r == 0 && stat(path, &there) == 0 && mine.st_ino == there.st_ino &&
		    mine.st_dev == there.st_dev)
			return fd;
		close(fd);
		if (r < 0 && r != -EINTR)
			return r;
	}
}

static void drop_lock(int fd, const char *path)
{
	unlink(path);
	close(fd);
}

/* What a killed msfd left there. -EADDRINUSE: somebody listens; -EEXIST: no socket. */
static int clear_name(int fd, const struct sockaddr_un *address)
{
	struct stat there;

	if (lstat(address->sun_path, &there) < 0)
		return errno == ENOENT ? 0 : -errno;
	if (!S_ISSOCK(there.st_mode))
		return -EEXIST;
	/* One with a full queue (EAGAIN) or of another type (EPROTOTYPE) lives, too. */
	if (connect(fd, (const struct sockaddr *)address, sizeof(*address)) == 0 ||
	    errno != ECONNREFUSED)
		return -EADDRINUSE;
	return unlink(address->sun_path) == 0 ? 0 : -errno;
}

/* Everybody may connect, whatever the umask: what somebody may say is decided by what he
 * has. */
static int bind_open(int fd, const struct sockaddr_un *address)
{
	mode_t old = umask(0111);
	int r = bind(fd, (const struct sockaddr *)address, sizeof(*address));

	r = r < 0 ? -errno : 0;
	umask(old);
	return r;
}

static int new_socket(void)
{
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	return fd < 0 ? -errno : fd;
}

static int claim(int fd, const struct sockaddr_un *address)
{
	int probe = new_socket();
	int r;

	if (probe < 0)
		return probe;
	r = clear_name(probe, address);
	close(probe);
	if (r == 0)
		r = bind_open(fd, address);
	if (r == 0 && listen(fd, SOMAXCONN) < 0)
		r = -errno;
	return r;
}

static int listen_once(const struct sockaddr_un *address, const char *lock_path)
{
	int lock = take_lock(lock_path);
	int fd, r;

	if (lock < 0)
		return lock;
	fd = new_socket();
	r = fd < 0 ? fd : claim(fd, address);
	drop_lock(lock, lock_path);
	if (r < 0 && fd >= 0)
		close(fd);
	return r < 0 ? r : fd;
}

int clients_listen(const char *path)
{
	const struct timespec pause = { .tv_nsec = PAUSE_MS * 1000000 };
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	char lock_path[LOCK_MAX];
	unsigned int i;
	int r;

	if (strlen(path) >= sizeof(address.sun_path))
		return -ENAMETOOLONG;
	memcpy(address.sun_path, path, strlen(path));
	snprintf(lock_path, sizeof(lock_path), "%s.lock", path);
	r = make_folder(path);
	if (r < 0)
		return r;
	/* One that was killed, or told to end for this one, may take a moment. */
	r = listen_once(&address, lock_path);
	for (i = 0; r == -EADDRINUSE && i < CLIENTS_SUCCESSION_MS / PAUSE_MS; i++) {
		nanosleep(&pause, NULL);
		r = listen_once(&address, lock_path);
	}
	return r;
}
