/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * privilege: what msfd may do (capabilities(7)). It needs CAP_NET_RAW for its sockets,
 * and CAP_NET_ADMIN to keep the kernel quiet; when they are open, nothing at all.
 *
 * The order at the start: privilege_check(); all sockets are opened, the folder of the
 * agent's socket is made; privilege_give() for that folder and for a journal that is
 * there; privilege_drop(); only then the journal is read and written. So no file is
 * opened as root in a folder that somebody else may write to, and the journal can be
 * written anew later.
 */
#ifndef MSFD_PRIVILEGE_H
#define MSFD_PRIVILEGE_H

#include <stdbool.h>

/* The user of msfd where none is named. */
#define PRIVILEGE_USER "msfd"

/* Has this process what it needs? 0; -EPERM, logged with the cure. */
int privilege_check(bool needs_net_admin);

/*
 * A file or folder becomes that of the user whom privilege_drop() will change to; nothing
 * to do where it will not change the user. Follows no symbolic link, and gives away no
 * file that has a second name. Only for what is msfd's alone: never the folder of a path
 * that --socket names. 0; -ENOENT: no such file; other -errno: logged.
 */
int privilege_give(const char *user, const char *path);

/*
 * Changes to the user (NULL: PRIVILEGE_USER, where root starts msfd and the user exists
 * and can be changed to), and gives up all capabilities, those that could be had later
 * too, for good. 0; -errno, logged: then msfd is not to go on. Only one thread runs.
 */
int privilege_drop(const char *user);

#endif
