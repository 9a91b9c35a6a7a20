/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * privilege: capabilities(7) and the user (see privilege.h).
 *
 * Invariant: what privilege_drop() says is gone has been looked for and not found.
 */
#include "msfd/privilege.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cap-ng.h>

#include "msfd/log.h"

#define EVENT "privilege"

static bool check_one(unsigned int capability, const char *what)
{
	if (capng_have_capability(CAPNG_EFFECTIVE, capability))
		return true;
	log_write(LOG_ERR, EVENT, NULL,
		  "%s is missing, and needed to %s: start msfd as root, by its "
		  "systemd unit, or in a namespace of your own (unshare -Urn)",
		  capability == CAP_NET_RAW ? "CAP_NET_RAW" : "CAP_NET_ADMIN", what);
	return false;
}

int privilege_check(bool needs_net_admin)
{
	bool has_all;

	if (capng_get_caps_process() < 0) {
		log_write(LOG_ERR, EVENT, NULL,
			  "the capabilities of this process cannot be read");
		return -EPERM;
	}
	has_all = check_one(CAP_NET_RAW, "send IGMP and MLD");
	if (needs_net_admin)
		has_all &= check_one(CAP_NET_ADMIN, "keep the kernel quiet");
	return has_all ? 0 : -EPERM;
}

/* map: the name of a file of user_namespaces(7). Without one all IDs are there. */
static bool is_mapped(const char *map, unsigned int id)
{
	FILE *file = fopen(map, "re");
	uint64_t first, outside, n;
	bool is_found = false;

	if (!file)
		return true;
	while (!is_found &&
	       fscanf(file, "%" SCNu64 "%" SCNu64 "%" SCNu64, &first, &outside, &n) == 3)
		is_found = id >= first && id - first < n;
	fclose(file);
	return is_found;
}

/* Who to become. 1; 0: nobody else; -errno, logged. */
static int find_user(const char *name, struct passwd *ret)
{
	struct passwd *user;

	if (!name && geteuid() != 0)
		return 0;
	errno = 0;
	user = getpwnam(name ? name : PRIVILEGE_USER);
	if (!user && name) {
		int r = errno ? -errno : -ENOENT;

		log_write(LOG_ERR, EVENT, NULL, "--user: %s: %s", name,
			  r == -ENOENT ? "no such user" : strerror(-r));
		return r;
	}
	if (!user)
		return 0;
	*ret = *user;
	if (is_mapped("/proc/self/uid_map", user->pw_uid) &&
	    is_mapped("/proc/self/gid_map", user->pw_gid))
		return 1;
	if (!name)
		return 0;
	log_write(LOG_ERR, EVENT, NULL, "--user: %s: not in this user namespace", name);
	return -EINVAL;
}

static bool is_giveable(const struct stat *status)
{
	return S_ISDIR(status->st_mode) ||
	       (S_ISREG(status->st_mode) && status->st_nlink == 1);
}

static int give(int fd, const struct passwd *user)
{
	struct stat status;

	if (fstat(fd, &status) < 0)
		return -errno;
	if (!is_giveable(&status))
		return -EPERM;
	if (status.st_uid == user->pw_uid && status.st_gid == user->pw_gid)
		return 0;
	return fchownat(fd, "", user->pw_uid, user->pw_gid, AT_EMPTY_PATH) < 0 ? -errno
									       : 0;
}

int privilege_give(const char *user, const char *path)
{
	struct passwd to = { 0 };
	int fd, r = find_user(user, &to);

	if (r <= 0)
		return r;
	fd = open(path, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	r = fd < 0 ? -errno : give(fd, &to);
	if (fd >= 0)
		close(fd);
	if (r < 0 && r != -ENOENT)
		log_write(LOG_ERR, EVENT, NULL, "%s: cannot be given to the user %s: %s",
			  path, to.pw_name, strerror(-r));
	return r;
}

/* May groups be left? Not where a user namespace was made without privilege. */
static bool can_set_groups(void)
{
	FILE *file = fopen("/proc/self/setgroups", "re");
	char word[8] = "";
	bool is_denied;

	if (!file)
		return true;
	is_denied = fscanf(file, "%7s", word) == 1 && strcmp(word, "deny") == 0;
	fclose(file);
	return !is_denied;
}

/* All capabilities and the bounding set, but that only who has CAP_SETPCAP can cut. */
static int drop_capabilities(void)
{
	bool can_cut = capng_have_capability(CAPNG_EFFECTIVE, CAP_SETPCAP);

	capng_clear(CAPNG_SELECT_ALL);
	return capng_apply(can_cut ? CAPNG_SELECT_ALL : CAPNG_SELECT_CAPS) < 0 ? -EPERM
									       : 0;
}

static int change_user(const struct passwd *user)
{
	capng_flags_t flags = CAPNG_CLEAR_BOUNDING | CAPNG_CLEAR_AMBIENT;

	if (can_set_groups())
		flags |= CAPNG_DROP_SUPP_GRP;
	capng_clear(CAPNG_SELECT_ALL);
	errno = 0;
	if (capng_change_id((int)user->pw_uid, (int)user->pw_gid, flags) < 0)
		return errno ? -errno : -EPERM;
	return 0;
}

/* -EPERM: something is still there. */
static int check_dropped(const struct passwd *user)
{
	uid_t real, effective, saved;

	if (capng_get_caps_process() < 0 ||
	    capng_have_capabilities(CAPNG_SELECT_CAPS) != CAPNG_NONE)
		return -EPERM;
	if (!user)
		return 0;
	if (getresuid(&real, &effective, &saved) < 0)
		return -errno;
	if (real != user->pw_uid || effective != user->pw_uid || saved != user->pw_uid)
		return -EPERM;
	return 0;
}

static int drop(const struct passwd *user)
{
	int r = capng_get_caps_process() < 0 ? -EPERM : 0;

	if (r == 0)
		r = user ? change_user(user) : drop_capabilities();
	if (r == 0 && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		r = -errno;
	return r == 0 ? check_dropped(user) : r;
}

/* Is the process that of this user already? Then there is nothing to change. */
static bool is_user(const struct passwd *user)
{
	return geteuid() == user->pw_uid && getuid() == user->pw_uid;
}

int privilege_drop(const char *user)
{
	struct passwd to = { 0 };
	int r, found = find_user(user, &to);
	bool is_changing = found > 0 && !is_user(&to);

	if (found < 0)
		return found;
	r = drop(is_changing ? &to : NULL);
	if (r < 0) {
		log_write(LOG_ERR, EVENT, NULL, "%s%s: %s",
			  is_changing ? "cannot become the user " : "cannot give up",
			  is_changing ? to.pw_name : " capabilities", strerror(-r));
		return r;
	}
	if (geteuid() == 0)
		log_write(user ? LOG_INFO : LOG_NOTICE, EVENT, NULL,
			  "still root, but without capabilities%s",
			  user ? "" : ": there is no user " PRIVILEGE_USER " here");
	return 0;
}
