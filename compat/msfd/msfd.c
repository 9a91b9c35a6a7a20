/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * msfd: puts the parts together, and takes them apart (see msfd.h).
 *
 * Invariant: what needs privileges is opened before they go, and no file in a folder
 * that others may write to is opened before they have gone (privilege.h).
 */
#include "msfd/msfd.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "msfd/clock.h"
#include "msfd/log.h"
#include "msfd/notify.h"
#include "msfd/privilege.h"

#define FOLDER   "/run/msfd"
/* For the leaves: as long as all repetitions of a report take, unless somebody has made
 * that longer (RFC 9776 8.11). */
#define LEAVE_MS 1500u
#define FLUSH_MS 10000u

/*
 * What the parts tell each other
 */

static void speak(void *context)
{
	struct msfd *msfd = context;

	msfd->groups.is_current = false;
	if (msfd->speaker)
		speaker_poke(msfd->speaker);
}

void msfd_poke(struct msfd *msfd)
{
	speak(msfd);
	if (msfd->native)
		native_poke(msfd->native);
}

static void poke(void *context)
{
	msfd_poke(context);
}

/* While links_new() looks for the first time some parts are not there yet. */
static void link_changed(void *context, const struct link *link)
{
	struct msfd *msfd = context;

	msfd_apply_interface(msfd, link);
	if (msfd->statics)
		statics_meet_link(msfd->statics, link, clock_now());
	msfd_poke(msfd);
}

static void link_gone(void *context, const struct link *link)
{
	struct msfd *msfd = context;

	if (msfd->statics)
		statics_lose_link(msfd->statics, link, clock_now());
	if (msfd->holdings)
		holdings_end_interface(msfd->holdings, link->interface.ifindex,
				       clock_now());
	msfd_poke(msfd);
}

static bool has_interface(void *context, uint32_t ifindex)
{
	struct msfd *msfd = context;

	return links_find(msfd->links, ifindex) != NULL;
}

/*
 * What the engine asks of its world
 */

static void *resize(void *context, void *memory, size_t old_len, size_t len)
{
	(void)context, (void)old_len;
	if (len > 0)
		return realloc(memory, len);
	free(memory);
	return NULL;
}

/* SplitMix64: delays are to differ from those of other hosts, and are no secret. */
static uint32_t draw(void *context)
{
	struct msfd *msfd = context;
	uint64_t z = msfd->random += 0x9e3779b97f4a7c15u;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
	z = (z ^ z >> 27) * 0x94d049bb133111ebu;
	return (uint32_t)(z >> 32 ^ z);
}

static const char *get_name(const struct msfd *msfd, uint32_t ifindex)
{
	const struct link *link;
	unsigned int i;

	for (i = 0; msfd->links && (link = links_get(msfd->links, i)); i++)
		if (link->interface.ifindex == ifindex)
			return link->name;
	return NULL;
}

static void log_notice(void *context, const struct engine_notice *notice)
{
	static const char *const words[] = {
		[ENGINE_VERSION_CHANGED] = "version-changed",
		[ENGINE_OLD_SSM_QUERY] = "old-ssm-query",
		[ENGINE_BAD_QUERY_SOURCE] = "bad-query-source",
		[ENGINE_RECORDING_FULL] = "recording-full",
	};
	const char *protocol = notice->family == ENGINE_IPV4 ? "IGMP" : "MLD";
	const char *interface = get_name(context, notice->ifindex);

	if (notice->event == ENGINE_VERSION_CHANGED)
		log_write(LOG_NOTICE, words[notice->event], interface,
			  "%sv%u from now on", protocol, notice->version);
	else
		log_write(LOG_WARNING, words[notice->event], interface, "%s: %s",
			  protocol, engine_describe_event(notice->event));
}

/*
 * Signals
 */

/* The next one of those that end it ends it at once. */
static int begin_end(int number)
{
	loop_release_signals();
	log_write(LOG_NOTICE, "ending", NULL, "signal %d", number);
	return number == SIGUSR1 ? MSFD_QUIT : MSFD_LEAVE;
}

static int signal_ready(void *data)
{
	struct msfd *msfd = data;
	struct signalfd_siginfo info;

	if (read(msfd->signals.fd, &info, sizeof(info)) != sizeof(info))
		return 0;
	if (info.ssi_signo != SIGHUP)
		return begin_end((int)info.ssi_signo);
	msfd_reload(msfd);
	return 0;
}

static int add_signals(struct msfd *msfd)
{
	static const int numbers[] = { SIGINT, SIGTERM, SIGHUP, SIGUSR1 };
	sigset_t set;
	size_t i;
	int fd, r;

	sigemptyset(&set);
	for (i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		sigaddset(&set, numbers[i]);
	if (sigprocmask(SIG_BLOCK, &set, NULL) < 0)
		return -errno;
	fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (fd < 0)
		return -errno;
	r = loop_add(msfd->loop, &msfd->signals, fd, signal_ready, msfd);
	if (r < 0)
		close(fd);
	else
		msfd->signals.is_owned = true;
	return r;
}

/*
 * The start
 */

/* One step of it: 0; -errno, logged once, here or where it went wrong. */
typedef int step(struct msfd *msfd);

static int start_listening(struct msfd *msfd)
{
	if (msfd->is_listener_passed)
		return 0;
	msfd->listener = clients_listen(msfd->path);
	if (msfd->listener < 0)
		return msfd->listener;
	return lstat(msfd->path, &msfd->name) < 0 ? -errno : 0;
}

/* Somebody may have taken the name away, and another msfd made it anew. */
static void remove_name(const struct msfd *msfd)
{
	struct stat there;

	if (lstat(msfd->path, &there) == 0 && there.st_ino == msfd->name.st_ino &&
	    there.st_dev == msfd->name.st_dev)
		unlink(msfd->path);
}

static int take_address(struct msfd *msfd)
{
	struct sockaddr_un address = { 0 };
	socklen_t len = sizeof(address);
	int r = getsockname(msfd->listener, (struct sockaddr *)&address, &len);

	if (r < 0)
		return -errno;
	if (len > sizeof(address))
		return -ENAMETOOLONG;
	/* An abstract one: the journal stands beside the name of a file. */
	if (!address.sun_path[0])
		return -EDESTADDRREQ;
	/* sun_path need not end with a NUL. */
	snprintf(msfd->path, sizeof(msfd->path), "%.*s", (int)sizeof(address.sun_path),
		 address.sun_path);
	return 0;
}

/* Where it listens: what was passed, what was said, what is usual. */
static int find_path(struct msfd *msfd)
{
	const struct options *options = msfd->options;
	struct stat netns;

	if (stat("/proc/self/ns/net", &netns) < 0)
		return -errno;
	msfd->netns = netns.st_ino;
	msfd->listener = notify_take_socket();
	msfd->is_listener_passed = msfd->listener >= 0;
	if (msfd->is_listener_passed)
		return take_address(msfd);
	if (msfd->listener != -ENOENT)
		return msfd->listener;
	if (!options->socket)
		return message_get_path(msfd->path);
	if (strlen(options->socket) >= sizeof(msfd->path))
		return -ENAMETOOLONG;
	memcpy(msfd->path, options->socket, strlen(options->socket) + 1);
	return 0;
}

static int read_config(struct msfd *msfd)
{
	struct config config;
	int r = msfd_read_config(&config, msfd->options, msfd_log_mistake, NULL);

	if (r < 0)
		return r;
	config_fini(&msfd->config);
	msfd->config = config;
	return 0;
}

static bool is_suppressing(const struct msfd *msfd)
{
	return msfd->options->is_kernel_suppressed || msfd->config.is_kernel_suppressed;
}

static int check_privilege(struct msfd *msfd)
{
	return privilege_check(is_suppressing(msfd));
}

static int make_loop(struct msfd *msfd)
{
	int r = loop_new(&msfd->loop);

	return r < 0 ? r : add_signals(msfd);
}

static int make_engine(struct msfd *msfd)
{
	struct engine_config config = {
		.resize = resize, .draw = draw, .log = log_notice, .context = msfd
	};
	int r;

	if (getrandom(&msfd->random, sizeof(msfd->random), 0) < 0)
		return -errno;
	r = engine_new(&msfd->engine, &config);
	if (r == 0)
		msfd_apply_config(msfd);
	return r;
}

static int make_wire(struct msfd *msfd)
{
	struct links_listener listener = { link_changed, link_gone, msfd };
	int r = wire_new(&msfd->wire, msfd->loop, msfd->engine, speak, msfd);

	if (r == 0)
		r = links_new(&msfd->links, msfd->loop, msfd->engine, &listener);
	if (r < 0)
		return r;
	wire_set_links(msfd->wire, msfd->links);
	return speaker_new(&msfd->speaker, msfd->loop, msfd->engine, msfd->wire);
}

static int make_holdings(struct msfd *msfd)
{
	int r = holdings_new(&msfd->holdings, msfd->engine, &msfd->config.limits);

	if (r == 0)
		r = deaths_new(&msfd->deaths, msfd->loop, msfd->holdings, poke, msfd);
	return r;
}

static int start_suppressing(struct msfd *msfd)
{
	return is_suppressing(msfd) ? suppress_new(&msfd->suppress) : 0;
}

/* Beside the socket, with its name. */
static void get_journal_path(const struct msfd *msfd, char *ret, size_t size)
{
	size_t len = strlen(msfd->path);

	if (len > 5 && strcmp(msfd->path + len - 5, ".sock") == 0)
		len -= 5;
	snprintf(ret, size, "%.*s.journal", (int)len, msfd->path);
}

static bool is_own_folder(const struct msfd *msfd)
{
	return strncmp(msfd->path, FOLDER "/", sizeof(FOLDER)) == 0 &&
	       !strchr(msfd->path + sizeof(FOLDER), '/') && !msfd->options->socket;
}

static int drop_privilege(struct msfd *msfd)
{
	const char *user = msfd->options->user;
	char journal[MESSAGE_PATH_MAX + 16];

	get_journal_path(msfd, journal, sizeof(journal));
	if (is_own_folder(msfd)) {
		privilege_give(user, FOLDER);
		privilege_give(user, journal);
	}
	return privilege_drop(user);
}

static int make_statics(struct msfd *msfd)
{
	int r = statics_new(&msfd->statics, msfd->engine, msfd->links);

	if (r == 0)
		statics_reload(msfd->statics, msfd->config.joins, msfd->config.n_joins,
			       clock_now());
	return r;
}

static int read_journal(struct msfd *msfd)
{
	char path[MESSAGE_PATH_MAX + 16];
	int r;

	get_journal_path(msfd, path, sizeof(path));
	if (msfd->options->has_no_journal || !msfd->config.is_journal_kept) {
		unlink(path); /* it would be out of date for one that reads it later */
		return 0;
	}
	r = journal_new(&msfd->journal, msfd->loop, msfd->holdings, path, clock_now());
	if (r == 0)
		deaths_check(msfd->deaths);
	return r;
}

static int make_native(struct msfd *msfd)
{
	if (!msfd->suppress)
		return 0;
	return native_new(&msfd->native, msfd->loop, msfd->engine, msfd->holdings,
			  msfd->statics, speak, msfd);
}

static int let_clients_in(struct msfd *msfd)
{
	struct clients_handler handler = { .handle = control_handle,
					   .make_row = control_make_row,
					   .has_interface = has_interface,
					   .changed = poke,
					   .context = msfd };
	int r = clients_new(&msfd->clients, msfd->loop, msfd->listener, msfd->holdings,
			    msfd->deaths, &msfd->config.limits, &handler);

	if (r == 0)
		msfd->listener = -1;
	return r;
}

static int tell_manager(struct msfd *msfd)
{
	int r = notify_start_watchdog(msfd->loop, &msfd->watchdog);

	if (r == 0)
		notify_ready();
	return r;
}

/* What was left out of the log is said now and then. */
static int flush_log(void *data)
{
	(void)data;
	log_flush();
	return 0;
}

static int start_flushing(struct msfd *msfd)
{
	return loop_add_timer(msfd->loop, &msfd->flush, FLUSH_MS, FLUSH_MS, flush_log,
			      msfd);
}

static const struct {
	step *take;
	const char *name;
} steps[] = {
	{ find_path, "where to listen" },
	{ read_config, "the configuration" },
	{ check_privilege, "privileges" },
	{ make_loop, "the event loop" },
	{ make_engine, "IGMP and MLD" },
	{ start_listening, "the socket for programs" },
	{ start_suppressing, "keeping the kernel quiet" },
	{ make_wire, "the sockets for IGMP and MLD" },
	{ make_holdings, "the list of sockets" },
	{ drop_privilege, "giving up privileges" },
	{ make_statics, "static joins" },
	{ read_journal, "the journal" },
	{ make_native, "the groups of the kernel" },
	{ let_clients_in, "the socket for programs" },
	{ start_flushing, "a timer" },
	{ tell_manager, "the service manager" },
};

/*
 * The end
 */

static void free_parts(struct msfd *msfd)
{
	if (msfd->loop) {
		loop_del(msfd->loop, &msfd->watchdog);
		loop_del(msfd->loop, &msfd->flush);
		loop_del(msfd->loop, &msfd->signals);
	}
	msfd->clients = clients_free(msfd->clients);
	msfd->native = native_free(msfd->native);
	msfd->journal = journal_free(msfd->journal, true);
	msfd->statics = statics_free(msfd->statics);
	msfd->deaths = deaths_free(msfd->deaths);
	msfd->holdings = holdings_free(msfd->holdings);
	msfd->speaker = speaker_free(msfd->speaker);
	msfd->links = links_free(msfd->links);
	msfd->wire = wire_free(msfd->wire);
	msfd->suppress = suppress_free(msfd->suppress);
	msfd->engine = engine_free(msfd->engine);
	msfd->loop = loop_free(msfd->loop);
	config_fini(&msfd->config);
	free(msfd->groups.list);
	if (msfd->listener >= 0) {
		/* Before nobody listens: the next msfd may be there already. */
		if (!msfd->is_listener_passed)
			remove_name(msfd);
		close(msfd->listener);
	}
}

int msfd_start(struct msfd *msfd, const struct options *options)
{
	size_t i;
	int r = 0;

	*msfd = (struct msfd){ .options = options,
			       .signals = LOOP_SOURCE_INIT,
			       .watchdog = LOOP_SOURCE_INIT,
			       .flush = LOOP_SOURCE_INIT,
			       .listener = -1,
			       .started = clock_now() };
	config_init(&msfd->config);
	for (i = 0; r >= 0 && i < sizeof(steps) / sizeof(steps[0]); i++)
		r = steps[i].take(msfd);
	if (r < 0) {
		log_write(LOG_ERR, "start-failed", NULL, "%s: %s%s%s", steps[i - 1].name,
			  r == -EADDRINUSE ? "another msfd listens at " : strerror(-r),
			  r == -EADDRINUSE ? msfd->path : "",
			  r == -EEXIST ? ": something else is there" : "");
		free_parts(msfd);
		return r;
	}
	log_write(LOG_NOTICE, "started", NULL, "listening at %s", msfd->path);
	msfd_poke(msfd);
	return 0;
}

static void end_holdings(struct msfd *msfd)
{
	struct holdings_socket socket;
	uint64_t cookie = 0;

	while (holdings_next_socket(msfd->holdings, &cookie, &socket))
		holdings_end_socket(msfd->holdings, cookie, clock_now());
}

/* A change is reported more than once (RFC 9776 8.1). */
static void say_leaves(struct msfd *msfd)
{
	uint64_t end = clock_now() + LEAVE_MS * 1000ull;

	for (;;) {
		uint64_t now = clock_now(), next;
		struct timespec pause;

		speaker_drain(msfd->speaker, LEAVE_MS);
		next = engine_get_deadline(msfd->engine);
		if (next >= end || now >= end)
			break;
		next = next > now ? next - now : 1;
		pause.tv_sec = (time_t)(next / ENGINE_SECOND);
		pause.tv_nsec = (long)(next % ENGINE_SECOND) * 1000;
		nanosleep(&pause, NULL);
	}
}

/* The kernel leaves the groups of static joins, and as IGMPv3 and MLDv2 it says so again
 * within a second: to the table, which stays for so long. */
static void leave_quietly(struct msfd *msfd)
{
	const struct timespec pause = { LEAVE_MS / 1000, LEAVE_MS % 1000 * 1000000 };
	bool has_joins = statics_get(msfd->statics, 0);

	msfd->native = native_free(msfd->native);
	msfd->statics = statics_free(msfd->statics);
	if (has_joins)
		nanosleep(&pause, NULL);
}

/* The socket's name is kept meanwhile, so that the next msfd speaks after this one. */
void msfd_stop(struct msfd *msfd, enum msfd_end how)
{
	bool is_leaving = how == MSFD_LEAVE && msfd->config.leaves_on_exit;

	notify_stopping();
	msfd->listener = clients_end(msfd->clients);
	msfd->clients = NULL;
	msfd->journal = journal_free(msfd->journal, !is_leaving);
	if (is_leaving) {
		end_holdings(msfd);
		statics_end(msfd->statics, clock_now());
		say_leaves(msfd);
	} else if (msfd->suppress) {
		leave_quietly(msfd);
	}
	free_parts(msfd);
	log_write(LOG_NOTICE, "ended", NULL, is_leaving ? "left all groups" : "quietly");
	log_flush();
}
