/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * live-signals: signalfd(2) for the terminal's signals (see live-signals.h).
 */
#include "live-signals.h"

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/signalfd.h>
#include <unistd.h>

static const int numbers[] = { SIGWINCH, SIGTSTP, SIGHUP, SIGQUIT };

/* What the starter had ignored stays ignored: nohup, shells without job control. */
static bool is_ignored(int number)
{
	struct sigaction action;

	return sigaction(number, NULL, &action) == 0 && action.sa_handler == SIG_IGN;
}

int live_signals_init(struct live_signals *signals, struct loop *loop,
		      loop_handler *handler, void *data)
{
	sigset_t set;
	int fd, r;

	sigemptyset(&set);
	for (size_t i = 0; i < sizeof(numbers) / sizeof(*numbers); i++)
		if (!is_ignored(numbers[i]))
			sigaddset(&set, numbers[i]);
	fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (fd < 0)
		return -errno;
	r = loop_add(loop, &signals->source, fd, handler, data);
	if (r < 0) {
		close(fd);
		return r;
	}
	signals->source.is_owned = true;
	signals->loop = loop;
	sigprocmask(SIG_BLOCK, &set, &signals->before);
	return 0;
}

void live_signals_fini(struct live_signals *signals)
{
	sigset_t now;

	if (!signals->loop)
		return;
	loop_del(signals->loop, &signals->source);
	/* Others may have been blocked or unblocked meanwhile (loop.h). */
	sigprocmask(SIG_BLOCK, NULL, &now);
	for (size_t i = 0; i < sizeof(numbers) / sizeof(*numbers); i++)
		if (!sigismember(&signals->before, numbers[i]))
			sigdelset(&now, numbers[i]);
	sigprocmask(SIG_SETMASK, &now, NULL);
	signals->loop = NULL;
}

int live_signals_take(struct live_signals *signals)
{
	struct signalfd_siginfo info;
	ssize_t n = read(signals->source.fd, &info, sizeof(info));

	if (n != sizeof(info))
		return n < 0 ? -errno : -EIO;
	return (int)info.ssi_signo;
}

void live_signals_hang_up(void)
{
	signal(SIGHUP, SIG_IGN);
}

void live_signals_stop(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTSTP);
	/* ncurses has set a handler of its own. */
	signal(SIGTSTP, SIG_DFL);
	kill(getpid(), SIGTSTP);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
	sigprocmask(SIG_BLOCK, &set, NULL);
}
