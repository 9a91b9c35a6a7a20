/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Unit test of compat/msfd/options.h and notify.h: words of the command line, and what a
 * service manager passes.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "msfd/notify.h"
#include "msfd/options.h"
#include "tap.h"

#define WORDS_MAX 8

static int parse(struct options *options, const char *const *words)
{
	const char *argv[WORDS_MAX + 1] = { "msfd" };
	int argc = 1;

	while (argc < WORDS_MAX && words[argc - 1]) {
		argv[argc] = words[argc - 1];
		argc++;
	}
	return options_parse(options, argc, argv);
}

static bool is_same(const char *a, const char *b)
{
	return a && b ? strcmp(a, b) == 0 : a == b;
}

static void test_none(struct tap *tap)
{
	static const char *const words[] = { NULL };
	struct options options;
	int r = parse(&options, words);

	tap_expect(tap, r == 1, "%d", r);
	tap_expect(tap, options.config && !options.is_config_given,
		   "usual configuration");
	tap_expect(tap, !options.socket && !options.user, "usual socket and user");
	tap_expect(tap, !options.is_check && !options.is_kernel_suppressed, "no more");
	tap_expect(tap, !options.has_no_journal && !options.is_verbose, "no more");
	tap_expect(tap, options.log == LOG_FORMAT_AUTO, "log");
	options_fini(&options);
	tap_end(tap, "without an option all is as usual");
}

static void test_all(struct tap *tap)
{
	static const char *const words[] = {
		"-fv",          "-cx",        "--socket=/y/z",     "-unobody",
		"--no-journal", "--log=json", "--suppress-kernel", NULL
	};
	static const char *const check[] = { "--check-config", "--log", "journal", NULL };
	struct options options;
	int r = parse(&options, words);

	tap_expect(tap, r == 1, "%d", r);
	tap_expect(tap, options.is_config_given && is_same(options.config, "x"), "-c");
	tap_expect(tap, is_same(options.socket, "/y/z"), "--socket");
	tap_expect(tap, is_same(options.user, "nobody"), "-u");
	tap_expect(tap, options.has_no_journal && options.is_verbose, "flags");
	tap_expect(tap, options.is_kernel_suppressed, "--suppress-kernel");
	tap_expect(tap, options.log == LOG_FORMAT_JSON, "--log");
	options_fini(&options);
	r = parse(&options, check);
	tap_expect(tap, r == 1 && options.is_check, "--check-config: %d", r);
	tap_expect(tap, options.log == LOG_FORMAT_JOURNAL, "--log journal");
	options_fini(&options);
	tap_end(tap, "every option is understood");
}

static void test_mistakes(struct tap *tap)
{
	static char too_long[200];
	static const char *const lines[][3] = {
		{ "start" },
		{ "--nonsense" },
		{ "--log=syslog" },
		{ "--log=" },
		{ "--user=" },
		{ "--config=" },
		{ "--socket" },
		{ "-v", "-v" },
		{ "--user=a", "--user=b" },
		{ "--", "word" },
		{ "--socket", too_long },
	};
	int kept = dup(STDERR_FILENO), null = open("/dev/null", O_WRONLY);

	memset(too_long, 'x', sizeof(too_long) - 1);
	dup2(null, STDERR_FILENO);
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		struct options options;
		int r = parse(&options, lines[i]);

		tap_expect(tap, r == -EINVAL, "%s: %d", lines[i][0], r);
		options_fini(&options);
	}
	dup2(kept, STDERR_FILENO);
	close(kept);
	close(null);
	tap_end(tap, "words, options and values that are none are refused");
}

/* What notify_take_socket() says of descriptors that begin with this socket. */
static int take_passed(int type, bool is_listening, int n)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	char text[16];
	int status, fd;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (pid > 0 && waitpid(pid, &status, 0) == pid)
		return WIFEXITED(status) ? -WEXITSTATUS(status) : -ECHILD;
	if (pid < 0)
		tap_bail_out("fork: %s", strerror(errno));
	fd = socket(AF_UNIX, type, 0);
	/* A name of the kernel's own, in no file system. */
	if (bind(fd, (struct sockaddr *)&address, sizeof(sa_family_t)) < 0 ||
	    (is_listening && listen(fd, 1) < 0) || dup2(fd, 3) < 0 || dup2(fd, 4) < 0)
		_exit(ECHILD);
	snprintf(text, sizeof(text), "%d", n);
	setenv("LISTEN_FDS", text, 1);
	snprintf(text, sizeof(text), "%d", getpid());
	setenv("LISTEN_PID", text, 1);
	log_init(LOG_FORMAT_TEXT, LOG_EMERG);
	fd = notify_take_socket();
	if (fd < 0)
		_exit(-fd);
	_exit(fd == 3 && fcntl(fd, F_GETFD) == FD_CLOEXEC &&
			      (fcntl(fd, F_GETFL) & O_NONBLOCK) &&
			      notify_take_socket() == -ENOENT
		      ? 0
		      : EPROTO);
}

static void test_activation(struct tap *tap)
{
	tap_expect(tap, notify_take_socket() == -ENOENT, "nothing is passed");
	tap_expect(tap, take_passed(SOCK_SEQPACKET, true, 0) == -EINVAL, "no number");
	tap_expect(tap, take_passed(SOCK_SEQPACKET, true, 1) == 0, "a right one");
	tap_expect(tap, take_passed(SOCK_SEQPACKET, false, 1) == -EINVAL,
		   "one that does not listen");
	tap_expect(tap, take_passed(SOCK_STREAM, true, 1) == -EINVAL, "a stream");
	tap_expect(tap, take_passed(SOCK_SEQPACKET, true, 2) == -EINVAL, "two");
	tap_end(tap, "one listening socket of the right type is taken from the manager");
}

/* One datagram that a manager gets; "" if there is none. */
static const char *get_told(int fd)
{
	static char text[512];
	ssize_t n = recv(fd, text, sizeof(text) - 1, MSG_DONTWAIT);

	text[n > 0 ? n : 0] = '\0';
	return text;
}

static int end_loop(void *data)
{
	(void)data;
	return 1;
}

static void feed_watchdog(struct tap *tap, int fd)
{
	struct loop_source watchdog = LOOP_SOURCE_INIT, end = LOOP_SOURCE_INIT;
	unsigned int n = 0;
	struct loop *loop;

	if (loop_new(&loop) < 0)
		tap_bail_out("no loop");
	tap_expect(tap, notify_start_watchdog(loop, &watchdog) == 0 && watchdog.fd < 0,
		   "nobody asks");
	setenv("WATCHDOG_USEC", "40000", 1);
	tap_expect(tap, notify_start_watchdog(loop, &watchdog) == 0, "asked");
	loop_add_timer(loop, &end, 200, 0, end_loop, NULL);
	loop_run(loop);
	loop_del(loop, &end);
	loop_del(loop, &watchdog);
	loop_free(loop);
	unsetenv("WATCHDOG_USEC");
	while (strcmp(get_told(fd), "WATCHDOG=1") == 0)
		n++;
	tap_expect(tap, n >= 2, "%u times", n);
}

static void test_manager(struct tap *tap)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	char name[sizeof(address.sun_path)];
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	snprintf(name, sizeof(name), "@test-msfd-options-%d", getpid());
	strcpy(address.sun_path + 1, name + 1);
	if (bind(fd, (struct sockaddr *)&address,
		 (socklen_t)(sizeof(sa_family_t) + strlen(name))) < 0)
		tap_bail_out("bind: %s", strerror(errno));
	notify_ready();
	tap_expect(tap, !*get_told(fd), "nobody is told");
	setenv("NOTIFY_SOCKET", name, 1);
	notify_ready();
	tap_expect(tap, strcmp(get_told(fd), "READY=1") == 0, "ready");
	notify_reloading();
	tap_expect(tap, strncmp(get_told(fd), "RELOADING=1\nMONOTONIC_USEC=", 27) == 0,
		   "reloading");
	notify_stopping();
	tap_expect(tap, strcmp(get_told(fd), "STOPPING=1") == 0, "stopping");
	feed_watchdog(tap, fd);
	unsetenv("NOTIFY_SOCKET");
	close(fd);
	tap_end(tap, "a service manager is told what it wants to know");
}

int main(void)
{
	struct tap tap = { 0 };

	test_none(&tap);
	test_all(&tap);
	test_mistakes(&tap);
	test_activation(&tap);
	test_manager(&tap);
	return tap_finish(&tap);
}
