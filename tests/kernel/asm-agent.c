/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The ASM backend and msfd: every change is told, what msfd refuses is undone, and who
 * comes later is told what the sockets hold.
 */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "asm-rig.h"
#include "fake-agent.h"
#include "raw.h"

struct scene {
	struct rig rig;
	struct fake_agent *agent;
};

static const struct model_request join_first = { .verb = MSF_JOIN_SOURCE, .source = 0 };
static const struct model_request join_second = { .verb = MSF_JOIN_SOURCE, .source = 1 };
static const struct model_request leave_group = { .verb = MSF_LEAVE_GROUP };
static const struct model_request join_group = { .verb = MSF_JOIN_GROUP };
static const struct model_request block_first = { .verb = MSF_BLOCK_SOURCE };
static const struct model_request exclude_first = { .verb = MSF_SET_FILTER,
						    .fmode = MCAST_EXCLUDE,
						    .set = 1 };

static uint64_t get_inode(int fd)
{
	struct stat st = { 0 };

	fstat(fd, &st);
	return st.st_ino;
}

/* Is the last thing that was told this filter of the socket? */
static void expect_told(struct scene *scene, int fd, enum filter_mode mode, uint32_t n)
{
	uint32_t n_notes = fake_agent_count_notes(scene->agent);
	const struct fake_note *note;

	if (!tap_expect(&scene->rig.tap, n_notes > 0, "nothing was told"))
		return;
	note = fake_agent_get_note(scene->agent, n_notes - 1);
	tap_expect(&scene->rig.tap,
		   note->type == MESSAGE_SET && note->inode == get_inode(fd) &&
			   note->ifindex == scene->rig.place.ifindex &&
			   note->mode == mode && note->n_sources == n,
		   "type %u, mode %u, %u sources", note->type, note->mode,
		   note->n_sources);
}

static void test_told(struct scene *scene)
{
	struct rig *rig = &scene->rig;
	uint32_t before;

	for (enum flavour flavour = 0; flavour < N_FLAVOURS; flavour++) {
		int fd;

		rig_go(rig, flavour, 0);
		fd = rig_open(rig);
		rig_do(rig, fd, join_first);
		expect_told(scene, fd, FILTER_INCLUDE, 1);
		rig_do(rig, fd, join_second);
		expect_told(scene, fd, FILTER_INCLUDE, 2);
		before = fake_agent_count_notes(scene->agent);
		tap_expect(&rig->tap, rig_apply(rig, fd, join_second) < 0, "joined");
		tap_expect(&rig->tap, fake_agent_count_notes(scene->agent) == before,
			   "what changed nothing was told");
		rig_do(rig, fd, leave_group);
		expect_told(scene, fd, FILTER_NONE, 0);
		rig_do(rig, fd, join_group);
		expect_told(scene, fd, FILTER_EXCLUDE, 0);
		rig_do(rig, fd, block_first);
		expect_told(scene, fd, FILTER_EXCLUDE, 1);
		close(fd);
		tap_end(&rig->tap, "every change is told: %s", flavour_name(flavour));
	}
	rig_go(rig, FLAVOUR_IPV4, 0);
}

/* Where the groups of others are not delivered one that has ended stays closed. */
static bool holds_nothing(const struct rig *rig, int fd)
{
	struct asm_list list;
	int r = asm_list_init(&list, fd, rig->config.filters);

	if (r > 0)
		asm_list_fini(&list);
	return r == 0 &&
	       (rig_count_code(fd) == 0 || !traffic_get_multicast_all(fd, AF_INET));
}

/* One that begins leaves no trace: no membership, no filter, no option. */
static void test_refused_begin(struct scene *scene)
{
	struct rig *rig = &scene->rig;

	for (enum flavour flavour = 0; flavour < N_FLAVOURS; flavour++) {
		int family = flavour_get_domain(flavour), was_all, fd;
		unsigned int n;

		rig_go(rig, flavour, 1);
		fd = rig_open(rig);
		was_all = traffic_get_multicast_all(fd, family);
		n = netns_get_members(rig->place.ifindex, &rig->place.group);
		fake_agent_set_reason(scene->agent, MESSAGE_TOTAL_GROUPS);
		tap_expect(&rig->tap, rig_apply(rig, fd, join_first) == -ENOBUFS,
			   "not ENOBUFS");
		fake_agent_set_reason(scene->agent, MESSAGE_DONE);
		tap_expect(&rig->tap,
			   netns_get_members(rig->place.ifindex, &rig->place.group) == n,
			   "still a member");
		tap_expect(&rig->tap, holds_nothing(rig, fd), "a program of %u",
			   rig_count_code(fd));
		tap_expect(&rig->tap, traffic_get_multicast_all(fd, family) == was_all,
			   "not as before");
		rig_do(rig, fd, join_first);
		rig_expect(rig, fd, (struct model_filter){ MODEL_INCLUDE, 1 }, "then");
		close(fd);
		tap_end(&rig->tap, "a membership that msfd refuses leaves no trace: %s",
			flavour_name(flavour));
	}
	rig_go(rig, FLAVOUR_IPV4, 0);
}

static void test_refused_change(struct scene *scene)
{
	struct rig *rig = &scene->rig;
	int fd = rig_open(rig);

	rig_do(rig, fd, join_first);
	fake_agent_set_reason(scene->agent, MESSAGE_CLIENT_SOURCES);
	tap_expect(&rig->tap, rig_apply(rig, fd, join_second) == -ENOBUFS, "a source");
	rig_expect(rig, fd, (struct model_filter){ MODEL_INCLUDE, 1 }, "a source");
	tap_expect(&rig->tap, rig_apply(rig, fd, exclude_first) == -ENOBUFS, "a mode");
	rig_expect(rig, fd, (struct model_filter){ MODEL_INCLUDE, 1 }, "a mode");
	tap_end(&rig->tap, "after a change that msfd refuses the old filter is in force");
	expect_told(scene, fd, FILTER_INCLUDE, 1);
	tap_end(&rig->tap,
		"and msfd is told so, whoever has told of the other meanwhile");
	rig_do(rig, fd, leave_group);
	fake_agent_set_reason(scene->agent, MESSAGE_DONE);
	close(fd);
	tap_end(&rig->tap, "and can be left");
}

/* The second group of a socket: the first one stays as it is. */
static void test_refused_second(struct scene *scene)
{
	struct rig *rig = &scene->rig;
	int fd = rig_open(rig);

	rig_do(rig, fd, join_first);
	rig_go(rig, FLAVOUR_IPV4, 1);
	fake_agent_set_reason(scene->agent, MESSAGE_CLIENT_GROUPS);
	tap_expect(&rig->tap, rig_apply(rig, fd, join_second) == -ENOBUFS, "joined");
	fake_agent_set_reason(scene->agent, MESSAGE_DONE);
	rig_expect(rig, fd, (struct model_filter){ MODEL_NONE, 0 }, "the second");
	rig_go(rig, FLAVOUR_IPV4, 0);
	rig_expect(rig, fd, (struct model_filter){ MODEL_INCLUDE, 1 }, "the first");
	close(fd);
	tap_end(&rig->tap, "a refused group does nothing to another one of the socket");
}

/* What was joined past the library is still joined when its filter is refused. */
static void test_refused_adoption(struct scene *scene)
{
	struct rig *rig = &scene->rig;
	const struct sockaddr_storage *group = &rig->place.group;
	int fd = rig_open(rig);
	unsigned int n;

	tap_expect(&rig->tap,
		   raw_delta(fd, MSF_JOIN_GROUP, rig->place.ifindex, group, NULL) == 0,
		   "no join");
	n = netns_get_members(rig->place.ifindex, group);
	fake_agent_set_reason(scene->agent, MESSAGE_USER_SOURCES);
	tap_expect(&rig->tap, rig_apply(rig, fd, join_first) == -ENOBUFS, "joined");
	fake_agent_set_reason(scene->agent, MESSAGE_DONE);
	tap_expect(&rig->tap, netns_get_members(rig->place.ifindex, group) == n, "left");
	tap_expect(&rig->tap, rig_count_code(fd) == 0, "a program");
	tap_expect(&rig->tap, rig_hear(rig, fd) == 15, "heard %x", rig_hear(rig, fd));
	close(fd);
	tap_end(&rig->tap, "what was joined past the library stays so");
}

static void test_restart(struct scene *scene)
{
	struct rig *rig = &scene->rig;
	int stays = rig_open(rig), leaves = rig_open(rig), passed = rig_open(rig);
	const struct fake_note *note;
	uint32_t from;
	pid_t pid;

	rig_do(rig, stays, join_first);
	rig_do(rig, stays, join_second);
	rig_do(rig, leaves, join_first);
	rig_do(rig, passed, join_group);
	pid = fork();
	if (pid == 0) {
		close(stays);
		close(leaves);
		pause();
		_exit(0);
	}
	close(passed);
	fake_agent_kill(scene->agent);
	rig_do(rig, leaves, leave_group);
	from = fake_agent_count_notes(scene->agent);
	fake_agent_start(scene->agent);
	note = fake_agent_wait(scene->agent, from, MESSAGE_SET, get_inode(stays), 0);
	tap_expect(&rig->tap,
		   note && note->mode == FILTER_INCLUDE && note->n_sources == 2 &&
			   addr_equal(note->group,
				      addr_from_ipv4(ntohl(
					      ((struct sockaddr_in *)&rig->place.group)
						      ->sin_addr.s_addr))),
		   "the filter that stays");
	tap_expect(&rig->tap,
		   fake_agent_wait(scene->agent, from, MESSAGE_SETTLE, get_inode(leaves),
				   getpid()),
		   "the one that was left");
	tap_end(&rig->tap, "an agent that was away is told what the sockets hold");
	note = NULL;
	for (uint32_t i = from; i < fake_agent_count_notes(scene->agent) && !note; i++)
		if (fake_agent_get_note(scene->agent, i)->inode == get_inode(leaves) &&
		    fake_agent_get_note(scene->agent, i)->type == MESSAGE_SET)
			note = fake_agent_get_note(scene->agent, i);
	tap_expect(&rig->tap, !note, "it was told to be joined");
	tap_end(&rig->tap, "and not what they held once");
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	close(stays);
	close(leaves);
}

/* The child alone has it, and never made a request. */
static void test_child(struct scene *scene)
{
	struct rig *rig = &scene->rig;
	int fd = rig_open(rig);
	uint64_t inode = get_inode(fd);
	uint32_t from;
	pid_t pid;

	rig_do(rig, fd, exclude_first);
	pid = fork();
	if (pid == 0) {
		pause();
		_exit(0);
	}
	close(fd);
	fake_agent_kill(scene->agent);
	from = fake_agent_count_notes(scene->agent);
	fake_agent_start(scene->agent);
	tap_expect(&rig->tap,
		   fake_agent_wait(scene->agent, from, MESSAGE_SET, inode, pid),
		   "never told");
	tap_end(&rig->tap, "a child tells of the socket that it alone has left");
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

/* Where there is no /proc nobody knows the namespace, and so the path. */
static void test_chroot(struct scene *scene)
{
	struct rig *rig = &scene->rig;
	uint64_t inode;
	uint32_t from = fake_agent_count_notes(scene->agent);
	const struct fake_note *note;
	int fd = rig_open(rig);
	pid_t pid;

	inode = get_inode(fd);
	rig_do(rig, fd, join_group);
	pid = fork();
	if (pid == 0) {
		if (rig_apply(rig, fd, block_first) < 0 || chroot("/dev") < 0)
			_exit(1);
		rig->config.agent = NULL;
		_exit(rig_apply(rig, fd, leave_group) < 0);
	}
	waitpid(pid, NULL, 0);
	note = fake_agent_wait(scene->agent, from, MESSAGE_SET, inode, pid);
	tap_expect(&rig->tap, note && note->n_sources == 1, "before");
	if (note)
		note = fake_agent_get_note(scene->agent,
					   fake_agent_count_notes(scene->agent) - 1);
	tap_expect(&rig->tap, note && note->pid == pid && note->mode == FILTER_NONE,
		   "after");
	close(fd);
	tap_end(&rig->tap, "a program that cannot see /proc any more still tells");
}

static void end_at_once(void)
{
	_exit(7);
}

static bool has_ended(void *context)
{
	return waitpid(*(pid_t *)context, NULL, WNOHANG) != 0;
}

static void test_last_thread(struct scene *scene)
{
	struct rig *rig = &scene->rig;
	int fd = rig_open(rig);
	pid_t pid;

	rig_do(rig, fd, join_group);
	pid = fork();
	if (pid == 0) {
		atexit(end_at_once);
		pthread_exit(NULL);
	}
	if (!tap_expect(&rig->tap, fake_wait_for(has_ended, &pid), "it goes on"))
		kill(pid, SIGKILL);
	close(fd);
	tap_end(&rig->tap, "a process ends with the last thread of the program");
}

static struct msf *make_context(const char *path)
{
	struct msf_config *config;
	struct msf *msf;

	if (msf_config_new(&config) < 0 ||
	    msf_config_set_backend(config, MSF_BACKEND_ASM) < 0 ||
	    msf_config_set_agent(config, path) < 0 || msf_new(&msf, config) < 0)
		tap_bail_out("no context");
	msf_config_free(config);
	return msf;
}

static void test_words(struct scene *scene)
{
	struct rig *rig = &scene->rig;
	struct msf *msf = make_context(fake_agent_get_path(scene->agent));
	struct sockaddr_storage source = netns_source(AF_INET, 1, 0);
	struct msf_request request = {
		.verb = MSF_JOIN_SOURCE,
		.ifindex = rig->place.ifindex,
		.group = (const struct sockaddr *)&rig->place.group,
		.source = (const struct sockaddr *)&source,
	};
	int fd = rig_open(rig);
	char text[1024];

	tap_expect(&rig->tap, msf_probe_wire(msf) == MSF_WIRE_AGENT, "the wire");
	fake_agent_set_reason(scene->agent, MESSAGE_USER_GROUPS);
	tap_expect(&rig->tap, msf_apply_request(msf, fd, &request) == -ENOBUFS,
		   "not refused");
	msf_explain(msf, fd, &request, -ENOBUFS, text, sizeof(text));
	tap_expect(&rig->tap, strstr(text, "msfctl agent limits") != NULL, "%s", text);
	fake_agent_set_reason(scene->agent, MESSAGE_OTHER_NAMESPACE);
	tap_expect(&rig->tap, msf_apply_request(msf, fd, &request) == -EXDEV,
		   "not refused");
	msf_explain(msf, fd, &request, -EXDEV, text, sizeof(text));
	tap_expect(&rig->tap, strstr(text, "namespace") != NULL, "%s", text);
	fake_agent_set_reason(scene->agent, MESSAGE_DONE);
	tap_end(&rig->tap, "what msfd refuses is explained");
	close(fd);
	msf_free(msf);
	msf = make_context("off");
	tap_expect(&rig->tap, msf_probe_wire(msf) == MSF_WIRE_ASM, "the wire");
	tap_end(&rig->tap, "without msfd the wire has any-source joins");
	msf_free(msf);
}

static void test_config(struct scene *scene)
{
	struct tap *tap = &scene->rig.tap;
	struct msf_config *config;
	char path[200];

	if (msf_config_new(&config) < 0)
		tap_bail_out("no configuration");
	memset(path, 'p', sizeof(path));
	path[108] = '\0';
	tap_expect(tap, msf_config_set_agent(config, path) == -EINVAL, "too long");
	path[107] = '\0';
	tap_expect(tap, msf_config_set_agent(config, path) == 0, "just not");
	tap_expect(tap, msf_config_set_agent(config, "") == -EINVAL, "empty");
	tap_expect(tap, msf_config_set_agent(config, NULL) == 0, "the default");
	tap_end(tap, "the path of an agent is one that a socket can have");
	msf_config_free(config);
}

int main(void)
{
	struct scene scene = { .agent = fake_agent_new() };

	rig_init(&scene.rig);
	scene.rig.config.agent = fake_agent_get_path(scene.agent);
	fake_agent_start(scene.agent);
	test_told(&scene);
	test_refused_begin(&scene);
	test_refused_change(&scene);
	test_refused_second(&scene);
	test_refused_adoption(&scene);
	test_restart(&scene);
	test_child(&scene);
	test_chroot(&scene);
	test_last_thread(&scene);
	test_words(&scene);
	test_config(&scene);
	fake_agent_free(scene.agent);
	return rig_finish(&scene.rig);
}
