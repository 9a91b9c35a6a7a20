/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Unit test of compat/msfd/privilege.h: nothing is left when it says so, whoever starts
 * msfd, and what cannot be done is said. Each in a child, which cannot go back.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cap-ng.h>

#include "msfd/log.h"
#include "msfd/privilege.h"
#include "tap.h"

#define OTHER     65534u /* "nobody" */
#define OTHERNAME "nobody"

/* What children find. */
enum { CHILD_FINE, CHILD_WRONG, CHILD_CANNOT };

static void expect_child(struct tap *tap, int (*run)(void), const char *what)
{
	int status = 0;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (pid == 0)
		_exit(run());
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		tap_bail_out("fork: %s", strerror(errno));
	if (WIFEXITED(status) && WEXITSTATUS(status) == CHILD_CANNOT)
		tap_skip(tap, "not root, or no user namespaces");
	else
		tap_expect(tap, WIFEXITED(status) && WEXITSTATUS(status) == CHILD_FINE,
			   "%s: status %x", what, (unsigned int)status);
}

static bool is_without_privilege(void)
{
	return capng_get_caps_process() == 0 &&
	       capng_have_capabilities(CAPNG_SELECT_CAPS) == CAPNG_NONE &&
	       prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1;
}

static int judge(bool is_fine)
{
	return is_fine ? CHILD_FINE : CHILD_WRONG;
}

static int stay_root(void)
{
	if (geteuid() != 0)
		return CHILD_CANNOT;
	return judge(privilege_drop("root") == 0 && geteuid() == 0 &&
		     is_without_privilege() && setuid(OTHER) < 0);
}

static int become_other(void)
{
	if (geteuid() != 0)
		return CHILD_CANNOT;
	return judge(privilege_drop(OTHERNAME) == 0 && getuid() == OTHER &&
		     geteuid() == OTHER && getegid() != 0 && getgroups(0, NULL) == 0 &&
		     is_without_privilege() && setuid(0) < 0);
}

static int become_nobody_known(void)
{
	return judge(privilege_drop("no-such-user-here") == -ENOENT &&
		     prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 0);
}

/* Nobody but CAP_NET_RAW, as a service manager gives it. */
static int keep_nothing_of_raw(void)
{
	if (geteuid() != 0)
		return CHILD_CANNOT;
	capng_clear(CAPNG_SELECT_BOTH);
	capng_update(CAPNG_ADD, CAPNG_EFFECTIVE | CAPNG_PERMITTED, CAP_NET_RAW);
	if (capng_change_id(OTHER, OTHER, CAPNG_DROP_SUPP_GRP) < 0)
		return CHILD_CANNOT;
	return judge(privilege_check(false) == 0 && privilege_check(true) == -EPERM &&
		     privilege_drop(NULL) == 0 && is_without_privilege() &&
		     privilege_check(false) == -EPERM);
}

/* It may not change the user: that is said, and nothing is taken for done. */
static int become_other_without(void)
{
	if (geteuid() != 0)
		return CHILD_CANNOT;
	capng_clear(CAPNG_SELECT_BOTH);
	capng_update(CAPNG_ADD, CAPNG_EFFECTIVE | CAPNG_PERMITTED, CAP_NET_RAW);
	if (capng_change_id(1, 1, CAPNG_DROP_SUPP_GRP) < 0)
		return CHILD_CANNOT;
	return judge(privilege_drop(OTHERNAME) < 0);
}

static bool write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	bool is_written = fd >= 0 && write(fd, text, strlen(text)) > 0;

	if (fd >= 0)
		close(fd);
	return is_written;
}

/* Root of a user namespace that has no other user, and may not leave its groups. */
static int enter_namespace(void)
{
	char users[32], groups[32];

	snprintf(users, sizeof(users), "0 %u 1", geteuid());
	snprintf(groups, sizeof(groups), "0 %u 1", getegid());
	if (unshare(CLONE_NEWUSER) < 0 || !write_file("/proc/self/setgroups", "deny") ||
	    !write_file("/proc/self/uid_map", users) ||
	    !write_file("/proc/self/gid_map", groups))
		return CHILD_CANNOT;
	return CHILD_FINE;
}

static int drop_in_namespace(void)
{
	int r = enter_namespace();

	if (r != CHILD_FINE)
		return r;
	return judge(privilege_check(true) == 0 && privilege_drop(NULL) == 0 &&
		     geteuid() == 0 && is_without_privilege());
}

static int become_unmapped(void)
{
	int r = enter_namespace();

	if (r != CHILD_FINE)
		return r;
	return judge(privilege_drop(OTHERNAME) == -EINVAL);
}

static void test_drop(struct tap *tap)
{
	expect_child(tap, stay_root, "root stays root");
	expect_child(tap, become_other, "root becomes another");
	expect_child(tap, keep_nothing_of_raw, "CAP_NET_RAW alone");
	expect_child(tap, drop_in_namespace, "root of a user namespace");
	tap_end(tap, "root, a user with CAP_NET_RAW and root of a user namespace give up "
		     "everything");
}

static void test_failures(struct tap *tap)
{
	expect_child(tap, become_nobody_known, "no such user");
	expect_child(tap, become_other_without, "no privilege to change the user");
	expect_child(tap, become_unmapped, "a user who is not in the namespace");
	tap_end(tap, "a user who cannot be changed to is an error");
}

static char folder[] = "/tmp/test-privilege-XXXXXX";

static bool is_of(const char *path, uid_t uid)
{
	struct stat status;

	return lstat(path, &status) == 0 && status.st_uid == uid;
}

static int give(void)
{
	char file[64], link_to[64], twin[64];

	if (geteuid() != 0)
		return CHILD_CANNOT;
	snprintf(file, sizeof(file), "%s/file", folder);
	snprintf(link_to, sizeof(link_to), "%s/link", folder);
	snprintf(twin, sizeof(twin), "%s/twin", folder);
	if (close(creat(file, 0600)) < 0 || symlink(file, link_to) < 0)
		return CHILD_CANNOT;
	if (privilege_give(OTHERNAME, link_to) == 0 || !is_of(file, 0))
		return CHILD_WRONG;
	if (link(file, twin) < 0 || privilege_give(OTHERNAME, file) == 0 ||
	    !is_of(file, 0))
		return CHILD_WRONG;
	unlink(twin);
	return judge(privilege_give(OTHERNAME, file) == 0 && is_of(file, OTHER) &&
		     privilege_give(OTHERNAME, folder) == 0 && is_of(folder, OTHER) &&
		     privilege_give(OTHERNAME, twin) == -ENOENT);
}

static void test_give(struct tap *tap)
{
	char command[80];

	if (!mkdtemp(folder))
		tap_bail_out("%s: %s", folder, strerror(errno));
	expect_child(tap, give, "folder and file");
	snprintf(command, sizeof(command), "rm -r %s", folder);
	tap_expect(tap, system(command) == 0, "%s", command);
	tap_end(tap, "a folder and a file are given away, no link and nothing with a "
		     "second name");
}

int main(void)
{
	struct tap tap = { 0 };

	log_init(LOG_FORMAT_TEXT, LOG_EMERG);
	test_drop(&tap);
	test_failures(&tap);
	test_give(&tap);
	return tap_finish(&tap);
}
