/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The calls that can fail (see fault.h): each asks, and then fails or is libc's.
 *
 * The names are those that objects are linked with, so the 64-bit ones of files, too; and
 * no headers may make macros or inline functions of what is defined here.
 */
#undef _FILE_OFFSET_BITS
#undef _FORTIFY_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "fault.h"
#include "fault-due.h"

#define HERE __builtin_return_address(0)

static void *find_next(const char *name)
{
	void *next = dlsym(RTLD_NEXT, name);

	if (!next)
		abort();
	return next;
}

/* NAME of libc, found once; finding it twice finds the same. */
#define NEXT(name)                       \
	static __typeof__(&(name)) next; \
	if (!next)                       \
	next = (__typeof__(next))find_next(#name)

/* A call that says FAILURE. */
#define CALL(of, type, failure, name, parameters, arguments)                       \
	type name parameters                                                       \
	{                                                                          \
		NEXT(name);                                                        \
		return fault_is_due(of, #name, HERE) ? (failure) : next arguments; \
	}

/*
 * Memory. dlsym() may want some before malloc() is found: there is a little for it.
 */

static struct {
	_Alignas(16) char bytes[4096];
	size_t used;
	bool is_finding;
} early;

static bool is_early(const void *p)
{
	return (const char *)p >= early.bytes &&
	       (const char *)p < early.bytes + sizeof(early.bytes);
}

static void *take_early(size_t size)
{
	size_t at = early.used;

	early.used += (size + 15) & ~(size_t)15;
	return early.used <= sizeof(early.bytes) ? early.bytes + at : NULL;
}

#define NEXT_OF_MEMORY(name)                               \
	static __typeof__(&(name)) next;                   \
	if (!next && !early.is_finding) {                  \
		early.is_finding = true;                   \
		next = (__typeof__(next))find_next(#name); \
		early.is_finding = false;                  \
	}

void *malloc(size_t size)
{
	NEXT_OF_MEMORY(malloc);
	if (!next)
		return take_early(size);
	return fault_is_due(FAULT_ALLOC, "malloc", HERE) ? NULL : next(size);
}

void *calloc(size_t n, size_t size)
{
	NEXT_OF_MEMORY(calloc);
	if (!next)
		return take_early(n * size);
	return fault_is_due(FAULT_ALLOC, "calloc", HERE) ? NULL : next(n, size);
}

void free(void *p)
{
	NEXT_OF_MEMORY(free);
	if (next && !is_early(p))
		next(p);
}

CALL(FAULT_ALLOC, void *, NULL, realloc, (void *p, size_t size), (p, size))
CALL(FAULT_ALLOC, void *, NULL, reallocarray, (void *p, size_t n, size_t size),
     (p, n, size))
CALL(FAULT_ALLOC, void *, NULL, aligned_alloc, (size_t alignment, size_t size),
     (alignment, size))
CALL(FAULT_ALLOC, char *, NULL, strdup, (const char *s), (s))
CALL(FAULT_ALLOC, char *, NULL, strndup, (const char *s, size_t n), (s, n))
CALL(FAULT_ALLOC, FILE *, NULL, open_memstream, (char **text, size_t *len), (text, len))
CALL(FAULT_ALLOC, FILE *, NULL, fopencookie,
     (void *cookie, const char *mode, cookie_io_functions_t calls), (cookie, mode, calls))

int asprintf(char **ret, const char *format, ...)
{
	va_list ap;
	int r;

	if (fault_is_due(FAULT_ALLOC, "asprintf", HERE))
		return -1;
	va_start(ap, format);
	r = vasprintf(ret, format, ap);
	va_end(ap);
	return r;
}

/*
 * Sockets
 */

CALL(FAULT_SOCKET, int, -1, socket, (int family, int type, int protocol),
     (family, type, protocol))
CALL(FAULT_SOCKET, int, -1, socketpair, (int family, int type, int protocol, int fds[2]),
     (family, type, protocol, fds))
CALL(FAULT_SOCKET, int, -1, bind, (int fd, const struct sockaddr *sa, socklen_t len),
     (fd, sa, len))
CALL(FAULT_SOCKET, int, -1, listen, (int fd, int n), (fd, n))
CALL(FAULT_SOCKET | FAULT_SIGNAL, int, -1, connect,
     (int fd, const struct sockaddr *sa, socklen_t len), (fd, sa, len))
CALL(FAULT_SOCKET | FAULT_SIGNAL, int, -1, accept4,
     (int fd, struct sockaddr *sa, socklen_t *len, int flags), (fd, sa, len, flags))
CALL(FAULT_OPTION, int, -1, setsockopt,
     (int fd, int level, int name, const void *value, socklen_t len),
     (fd, level, name, value, len))
CALL(FAULT_SOCKET, int, -1, getsockname, (int fd, struct sockaddr *sa, socklen_t *len),
     (fd, sa, len))
CALL(FAULT_SOCKET, int, -1, getpeername, (int fd, struct sockaddr *sa, socklen_t *len),
     (fd, sa, len))

/* What the kernel needs memory for; a number it always tells. */
static bool is_filter(int level, int name)
{
	return (level == SOL_SOCKET && name == SO_GET_FILTER) ||
	       (level == IPPROTO_IP && (name == IP_MSFILTER || name == MCAST_MSFILTER)) ||
	       (level == IPPROTO_IPV6 && name == MCAST_MSFILTER);
}

int getsockopt(int fd, int level, int name, void *value, socklen_t *len)
{
	NEXT(getsockopt);
	return is_filter(level, name) && fault_is_due(FAULT_OPTION, "getsockopt", HERE)
		       ? -1
		       : next(fd, level, name, value, len);
}

#define MESSAGE (FAULT_MESSAGE | FAULT_SIGNAL)

CALL(MESSAGE, ssize_t, -1, send, (int fd, const void *data, size_t len, int flags),
     (fd, data, len, flags))
CALL(MESSAGE, ssize_t, -1, sendmsg, (int fd, const struct msghdr *msg, int flags),
     (fd, msg, flags))
CALL(MESSAGE, int, -1, sendmmsg,
     (int fd, struct mmsghdr *msgs, unsigned int n, int flags), (fd, msgs, n, flags))
CALL(MESSAGE, ssize_t, -1, recv, (int fd, void *data, size_t len, int flags),
     (fd, data, len, flags))
CALL(MESSAGE, ssize_t, -1, recvfrom,
     (int fd, void *data, size_t len, int flags, struct sockaddr *sa, socklen_t *sa_len),
     (fd, data, len, flags, sa, sa_len))
CALL(MESSAGE, ssize_t, -1, recvmsg, (int fd, struct msghdr *msg, int flags),
     (fd, msg, flags))
CALL(MESSAGE, int, -1, recvmmsg,
     (int fd, struct mmsghdr *msgs, unsigned int n, int flags, struct timespec *timeout),
     (fd, msgs, n, flags, timeout))

/*
 * Waiting
 */

#define WAIT (FAULT_WAIT | FAULT_SIGNAL)

CALL(WAIT, int, -1, poll, (struct pollfd * fds, nfds_t n, int ms), (fds, n, ms))
CALL(WAIT, int, -1, ppoll,
     (struct pollfd * fds, nfds_t n, const struct timespec *time, const sigset_t *mask),
     (fds, n, time, mask))
CALL(WAIT, int, -1, epoll_wait, (int fd, struct epoll_event *events, int n, int ms),
     (fd, events, n, ms))
CALL(FAULT_WAIT, int, -1, epoll_create1, (int flags), (flags))
CALL(FAULT_WAIT, int, -1, timerfd_create, (clockid_t clock, int flags), (clock, flags))
CALL(FAULT_WAIT, int, -1, timerfd_settime,
     (int fd, int flags, const struct itimerspec *new, struct itimerspec *old),
     (fd, flags, new, old))
CALL(FAULT_WAIT, int, -1, signalfd, (int fd, const sigset_t *mask, int flags),
     (fd, mask, flags))
CALL(FAULT_WAIT, int, -1, eventfd, (unsigned int n, int flags), (n, flags))
CALL(FAULT_SIGNAL, pid_t, -1, waitpid, (pid_t pid, int *status, int options),
     (pid, status, options))

/* Only what is new needs memory. */
int epoll_ctl(int fd, int operation, int of, struct epoll_event *event)
{
	NEXT(epoll_ctl);
	return operation == EPOLL_CTL_ADD && fault_is_due(FAULT_WAIT, "epoll_ctl", HERE)
		       ? -1
		       : next(fd, operation, of, event);
}

int nanosleep(const struct timespec *time, struct timespec *left)
{
	NEXT(nanosleep);
	if (!fault_is_due(FAULT_SIGNAL, "nanosleep", HERE))
		return next(time, left);
	if (left)
		*left = *time;
	return -1;
}

/*
 * Files
 */

#define OPEN (FAULT_FILE | FAULT_SIGNAL)

/* Do one byte at a time make sense there? They do not on a timer or a signal. */
static bool is_stream(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 &&
	       (S_ISREG(st.st_mode) || S_ISFIFO(st.st_mode) || S_ISCHR(st.st_mode));
}

static size_t cut(int fd, size_t len, const char *call, const void *from)
{
	int saved = errno;
	bool is_cut = len > 1 && is_stream(fd) && fault_is_due(FAULT_SHORT, call, from);

	errno = saved;
	return is_cut ? 1 : len;
}

ssize_t read(int fd, void *data, size_t len)
{
	NEXT(read);
	if (fault_is_due(OPEN, "read", HERE))
		return -1;
	return next(fd, data, cut(fd, len, "read", HERE));
}

ssize_t pread64(int fd, void *data, size_t len, off64_t at)
{
	NEXT(pread64);
	if (fault_is_due(OPEN, "pread", HERE))
		return -1;
	return next(fd, data, cut(fd, len, "pread", HERE), at);
}

ssize_t write(int fd, const void *data, size_t len)
{
	NEXT(write);
	if (fault_is_due(OPEN, "write", HERE))
		return -1;
	return next(fd, data, cut(fd, len, "write", HERE));
}

#define OPEN_CALL(name)                                                                \
	int name(const char *path, int flags, ...)                                     \
	{                                                                              \
		va_list ap;                                                            \
		mode_t mode;                                                           \
                                                                                       \
		NEXT(name);                                                            \
		va_start(ap, flags);                                                   \
		mode = flags & (O_CREAT | __O_TMPFILE) ? va_arg(ap, mode_t) : 0;       \
		va_end(ap);                                                            \
		return fault_is_due(OPEN, #name, HERE) ? -1 : next(path, flags, mode); \
	}

OPEN_CALL(open)
OPEN_CALL(open64)

int ioctl(int fd, unsigned long request, ...)
{
	va_list ap;
	void *argument;

	NEXT(ioctl);
	va_start(ap, request);
	argument = va_arg(ap, void *);
	va_end(ap);
	return fault_is_due(FAULT_FILE, "ioctl", HERE) ? -1 : next(fd, request, argument);
}

/* Record locks and copies; a request for flags does not fail. */
int fcntl64(int fd, int command, ...)
{
	bool can_fail = command == F_SETLK || command == F_SETLKW ||
			command == F_DUPFD_CLOEXEC;
	va_list ap;
	void *argument;

	NEXT(fcntl64);
	va_start(ap, command);
	argument = va_arg(ap, void *);
	va_end(ap);
	return can_fail && fault_is_due(FAULT_FILE, "fcntl", HERE)
		       ? -1
		       : next(fd, command, argument);
}

CALL(FAULT_FILE, FILE *, NULL, fopen64, (const char *path, const char *mode),
     (path, mode))
CALL(FAULT_FILE, FILE *, NULL, fdopen, (int fd, const char *mode), (fd, mode))
CALL(FAULT_FILE, FILE *, NULL, tmpfile64, (void), ())
CALL(FAULT_FILE, DIR *, NULL, opendir, (const char *path), (path))
CALL(FAULT_FILE, DIR *, NULL, fdopendir, (int fd), (fd))
CALL(FAULT_FILE, int, -1, mkstemp64, (char *path), (path))
CALL(FAULT_FILE, int, -1, memfd_create, (const char *name, unsigned int flags),
     (name, flags))
CALL(FAULT_FILE, int, -1, rename, (const char *from, const char *to), (from, to))
CALL(FAULT_FILE, int, -1, mkdir, (const char *path, mode_t mode), (path, mode))
CALL(FAULT_FILE, int, -1, fchmod, (int fd, mode_t mode), (fd, mode))
CALL(FAULT_FILE, int, -1, ftruncate64, (int fd, off64_t len), (fd, len))
CALL(FAULT_FILE, int, -1, dup, (int fd), (fd))
CALL(FAULT_FILE, int, -1, dup2, (int fd, int to), (fd, to))
CALL(OPEN, int, -1, flock, (int fd, int operation), (fd, operation))
CALL(FAULT_FILE, ssize_t, -1, readlink, (const char *path, char *data, size_t len),
     (path, data, len))

/*
 * Streams: as if the read(2) below had failed.
 */

/* libc's own bit for ferror(3). */
#define ERROR_SEEN 0x20

static bool is_stream_due(FILE *file, const char *call, const void *from)
{
	if (!fault_is_due(FAULT_STDIO, call, from))
		return false;
	file->_flags |= ERROR_SEEN;
	return true;
}

char *fgets(char *data, int len, FILE *file)
{
	NEXT(fgets);
	return is_stream_due(file, "fgets", HERE) ? NULL : next(data, len, file);
}

size_t fread(void *data, size_t size, size_t n, FILE *file)
{
	NEXT(fread);
	return is_stream_due(file, "fread", HERE) ? 0 : next(data, size, n, file);
}

ssize_t __getdelim(char **line, size_t *size, int delimiter, FILE *file)
{
	NEXT(__getdelim);
	return is_stream_due(file, "getline", HERE) ? -1
						    : next(line, size, delimiter, file);
}

/*
 * Threads and mappings
 */

int pthread_create(pthread_t *thread, const pthread_attr_t *attr, void *(*run)(void *),
		   void *data)
{
	NEXT(pthread_create);
	return fault_is_due(FAULT_THREAD, "pthread_create", HERE)
		       ? EAGAIN
		       : next(thread, attr, run, data);
}

CALL(FAULT_THREAD, void *, MAP_FAILED, mmap64,
     (void *at, size_t len, int access, int flags, int fd, off64_t from),
     (at, len, access, flags, fd, from))
