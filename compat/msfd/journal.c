/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * journal: the file (see journal.h). It is written anew beside the old one, which a
 * rename replaces, so that there is a whole one at any time.
 *
 * Invariant: while fd is open the file says what the holdings are; while it is not there
 * is no file, or an empty one, and a timer tries to write it anew.
 */
#include "msfd/journal.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "msfd/journal-record.h"
#include "msfd/log.h"

#define EVENT         "journal"
#define RETRY_MS      10000u
#define GARBAGE_FLOOR 65536u /* less is not worth a rewrite */

struct journal {
	struct loop *loop;
	struct holdings *holdings;
	struct loop_source timer; /* writes it anew */
	struct journal_mark mark;
	char *path, *new_path;
	int fd;           /* -1: it cannot be written */
	uint64_t size;    /* of the file */
	bool is_failing;  /* it has been said */
	uint64_t *buffer; /* of one record */

	/* While it is read: */
	uint64_t now;
	uint32_t n_taken, n_refused;
};

/* Nobody but the user of this process could write it. */
static bool is_own(int fd)
{
	struct stat status;

	return fstat(fd, &status) == 0 && S_ISREG(status.st_mode) &&
	       status.st_nlink == 1 && status.st_uid == geteuid() &&
	       !(status.st_mode & (S_IWGRP | S_IWOTH));
}

/* Both work on a full disk; a folder that is not ours leaves the second one. */
static void discard(const struct journal *journal)
{
	int fd;

	if (unlink(journal->path) == 0 || errno == ENOENT)
		return;
	fd = open(journal->path, O_WRONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return;
	if (!is_own(fd) || ftruncate(fd, 0) < 0)
		log_write(LOG_WARNING, EVENT, NULL, "%s: cannot be removed",
			  journal->path);
	close(fd);
}

static void fail(struct journal *journal, int error)
{
	discard(journal);
	if (journal->fd >= 0)
		close(journal->fd);
	journal->fd = -1;
	if (!journal->is_failing)
		log_write(LOG_WARNING, EVENT, NULL,
			  "%s: %s: memberships are not kept over a crash until it can be "
			  "written",
			  journal->path, strerror(-error));
	journal->is_failing = true;
}

/*
 * Writing it anew
 */

static int write_record(FILE *out, const void *buffer, int len)
{
	if (fwrite(buffer, 1, (size_t)len, out) != (size_t)len)
		return errno ? -errno : -EIO;
	return len;
}

/* Its size, or -errno. */
static int64_t write_all(struct journal *journal, FILE *out)
{
	struct holdings_key key = { 0 };
	struct holding holding;
	int64_t size = 0;
	int r;

	errno = 0;
	r = write_record(out, journal->buffer,
			 journal_record_encode_mark(&journal->mark, journal->buffer));
	while (r >= 0 && holdings_next(journal->holdings, &key, &holding)) {
		size += r;
		r = journal_record_encode(&holding, journal->buffer, JOURNAL_RECORD_MAX);
		if (r > 0)
			r = write_record(out, journal->buffer, r);
	}
	return r < 0 ? r : size + r;
}

/* The same; nothing stays in a buffer. */
static int64_t write_to(struct journal *journal, int fd)
{
	int copy = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	FILE *out = copy < 0 ? NULL : fdopen(copy, "w");
	int64_t size = out ? write_all(journal, out) : -errno;

	if (out && fclose(out) != 0 && size >= 0)
		size = -errno;
	if (!out && copy >= 0)
		close(copy);
	return size;
}

/* The descriptor of a new file, or -errno. */
static int write_file(struct journal *journal, uint64_t *ret_size)
{
	int64_t size;
	int fd;

	unlink(journal->new_path);
	fd = open(journal->new_path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW,
		  0600);
	if (fd < 0)
		return -errno;
	size = write_to(journal, fd);
	if (size >= 0 && rename(journal->new_path, journal->path) < 0)
		size = -errno;
	if (size >= 0) {
		*ret_size = (uint64_t)size;
		return fd;
	}
	unlink(journal->new_path);
	close(fd);
	return (int)size;
}

/* An old file that can be written still goes on where a new one cannot be made. */
static int rewrite(struct journal *journal)
{
	int fd = write_file(journal, &journal->size);

	if (fd < 0) {
		if (journal->fd < 0)
			fail(journal, fd);
		return fd;
	}
	if (journal->fd >= 0)
		close(journal->fd);
	journal->fd = fd;
	if (journal->is_failing)
		log_write(LOG_NOTICE, EVENT, NULL, "%s: is written again", journal->path);
	journal->is_failing = false;
	return 0;
}

static int rewrite_later(void *data);

static void schedule(struct journal *journal, uint64_t ms)
{
	int r;

	if (journal->timer.fd >= 0)
		return;
	r = loop_add_timer(journal->loop, &journal->timer, ms, 0, rewrite_later, journal);
	if (r < 0)
		log_write(LOG_WARNING, EVENT, NULL, "timer: %s", strerror(-r));
}

static int rewrite_later(void *data)
{
	struct journal *journal = data;

	loop_del(journal->loop, &journal->timer);
	if (rewrite(journal) < 0)
		schedule(journal, RETRY_MS);
	return 0;
}

/*
 * Appending
 */

static uint64_t get_garbage(const struct journal *journal)
{
	struct holdings_usage usage = holdings_get_usage(journal->holdings);
	uint64_t live = JOURNAL_HEADER_SIZE +
			(uint64_t)usage.groups * JOURNAL_RECORD_SIZE +
			(uint64_t)usage.sources * sizeof(struct addr);

	return journal->size > 2 * live ? journal->size - live : 0;
}

static int append(struct journal *journal, int len)
{
	int done = 0;

	while (done < len) {
		ssize_t n = write(journal->fd, (const char *)journal->buffer + done,
				  (size_t)(len - done));

		if (n < 0 && errno != EINTR)
			return -errno;
		if (n == 0)
			return -ENOSPC;
		done += n > 0 ? (int)n : 0;
	}
	journal->size += (uint64_t)len;
	return 0;
}

/* The holdings are in the midst of a change: they are not walked here. */
static void heed(void *context, const struct holding *holding)
{
	struct journal *journal = context;
	int len, r;

	if (journal->fd < 0)
		return;
	len = journal_record_encode(holding, journal->buffer, JOURNAL_RECORD_MAX);
	r = len < 0 ? len : append(journal, len);
	if (r < 0) {
		fail(journal, r);
		schedule(journal, RETRY_MS);
	} else if (get_garbage(journal) > GARBAGE_FLOOR) {
		schedule(journal, 1);
	}
}

/*
 * Reading
 */

static void take(void *context, const struct holding *holding)
{
	struct journal *journal = context;
	enum message_reason reason = holdings_set(
		journal->holdings, &holding->socket, &holding->teller, holding->ifindex,
		holding->group, &holding->filter, holding->stamp, journal->now);

	journal->n_taken++;
	if (reason == MESSAGE_DONE)
		return;
	journal->n_refused++;
	log_write(LOG_INFO, EVENT, NULL, "a membership is not taken over: %s",
		  message_describe(reason));
}

static void say_read(const struct journal *journal, int r)
{
	switch (r) {
	case 0:
		break;
	case -EXDEV:
		log_write(LOG_INFO, EVENT, NULL,
			  "%s: of another boot or network namespace: begun anew",
			  journal->path);
		return;
	case -EPERM:
		log_write(LOG_WARNING, EVENT, NULL,
			  "%s: somebody else may have written it: begun anew",
			  journal->path);
		return;
	case -EBADMSG:
		log_write(LOG_WARNING, EVENT, NULL,
			  "%s: broken behind %u records, which are taken", journal->path,
			  journal->n_taken);
		return;
	default:
		log_write(LOG_WARNING, EVENT, NULL, "%s: %s", journal->path,
			  strerror(-r));
		return;
	}
	log_write(LOG_INFO, EVENT, NULL, "%s: %u records, %u of them not taken",
		  journal->path, journal->n_taken, journal->n_refused);
}

static int read_journal(struct journal *journal)
{
	int fd = open(journal->path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK), r;
	FILE *in = NULL;

	if (fd < 0)
		return -errno;
	if (!is_own(fd))
		r = -EPERM;
	else if (!(in = fdopen(fd, "re")))
		r = -errno;
	else
		r = journal_record_read(in, &journal->mark, journal->buffer, take,
					journal);
	if (in)
		fclose(in);
	else
		close(fd);
	return r;
}

/*
 * Begin and end
 */

static int init(struct journal *journal, const char *path)
{
	journal->path = strdup(path);
	journal->buffer = malloc(JOURNAL_RECORD_MAX);
	if (!journal->path || !journal->buffer ||
	    asprintf(&journal->new_path, "%s.new", path) < 0)
		return -ENOMEM;
	return 0;
}

static void start(struct journal *journal)
{
	int r = journal_mark_get(&journal->mark);

	if (r < 0) {
		fail(journal, r);
		return;
	}
	r = read_journal(journal);
	if (r != -ENOENT)
		say_read(journal, r);
	if (rewrite(journal) < 0)
		schedule(journal, RETRY_MS);
	holdings_set_listener(journal->holdings, heed, journal);
}

int journal_new(struct journal **ret, struct loop *loop, struct holdings *holdings,
		const char *path, uint64_t now)
{
	struct journal *journal = calloc(1, sizeof(*journal));
	int r;

	if (!journal)
		return -ENOMEM;
	*journal = (struct journal){
		.loop = loop,
		.holdings = holdings,
		.timer = LOOP_SOURCE_INIT,
		.fd = -1,
		.now = now,
	};
	r = init(journal, path);
	if (r < 0) {
		journal_free(journal, true);
		return r;
	}
	/* A limit of the size of files (setrlimit(2)) is an error of write(2), no end. */
	signal(SIGXFSZ, SIG_IGN);
	start(journal);
	*ret = journal;
	return 0;
}

struct journal *journal_free(struct journal *journal, bool is_kept)
{
	if (!journal)
		return NULL;
	holdings_set_listener(journal->holdings, NULL, NULL);
	loop_del(journal->loop, &journal->timer);
	if (is_kept && journal->is_failing)
		rewrite(journal);
	if (journal->fd >= 0)
		close(journal->fd);
	if (!is_kept && journal->path)
		unlink(journal->path);
	free(journal->path);
	free(journal->new_path);
	free(journal->buffer);
	free(journal);
	return NULL;
}
