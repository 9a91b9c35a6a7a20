/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Input: files of /proc: net/igmp, igmp6, mcfilter, mcfilter6, udp, udp6, raw and
 * mountinfo. Sent by: the kernel; names of interfaces in them are as somebody with
 * CAP_NET_ADMIN made them, paths of mounts as somebody with CAP_SYS_ADMIN did. With
 * another /proc, as in a container, anything may stand there.
 *
 * Any text ends as lines that were understood and others that were passed over.
 */
#include "../../lib/namespace.c"

#include "../../lib/proc.h"
#include "../../lib/sockets.h"

#include <fcntl.h>
#include <sys/mman.h>

#include "target.h"

/* Where each file of net/ is a link to the input. */
static char net[64];
static int text_fd = -1;

static const char *const names[] = { "igmp", "igmp6", "udp",    "udp6",
				     "raw",  "icmp6", "udplite" };

#define N_NAMES (sizeof(names) / sizeof(names[0]))

static void remove_net(void)
{
	char path[128];

	for (size_t i = 0; i < N_NAMES; i++) {
		snprintf(path, sizeof(path), "%s/%s", net, names[i]);
		unlink(path);
	}
	rmdir(net);
}

static void make_net(void)
{
	char target[64], path[128];

	if (text_fd >= 0)
		return;
	text_fd = memfd_create("net", MFD_CLOEXEC);
	strcpy(net, "/tmp/libmsf-fuzz.XXXXXX");
	target_expect(text_fd >= 0 && mkdtemp(net), "a folder in /tmp");
	atexit(remove_net);
	snprintf(target, sizeof(target), "/proc/self/fd/%d", text_fd);
	for (size_t i = 0; i < N_NAMES; i++) {
		snprintf(path, sizeof(path), "%s/%s", net, names[i]);
		target_expect(symlink(target, path) == 0, "a link");
	}
}

static void read_groups(int family)
{
	struct proc_groups groups;
	struct proc_group group = { 0 };

	target_expect(proc_groups_open_at(&groups, net, family) == 0, "it opens");
	while (proc_groups_next(&groups, &group))
		target_expect(memchr(group.interface, '\0', sizeof(group.interface)) !=
				      NULL,
			      "a name ends");
	proc_groups_close(&groups);
}

static void read_filters(const uint8_t *data, size_t len, int family)
{
	struct proc_filter filter;
	struct proc_filters filters = { .family = family };

	filters.file = fmemopen((void *)(uintptr_t)data, len, "r");
	target_expect(filters.file != NULL, "it opens");
	while (proc_filters_next(&filters, &filter))
		target_expect(family == AF_INET6 || addr_is_ipv4(filter.group),
			      "addresses are of the family");
	proc_filters_close(&filters);
}

static void read_sockets(void)
{
	struct sockets sockets = { 0 };

	target_expect(sockets_list_at(&sockets, 0, net) == 0, "it is read");
	for (uint32_t i = 0; i < sockets.list.n; i++) {
		const struct socket_entry *entry = sockets_get(&sockets, i);

		target_expect(entry->inode != 0 &&
				      sockets_find(&sockets, entry->inode) == i,
			      "each inode is found, once");
	}
	sockets_fini(&sockets);
}

static void read_mounts(const uint8_t *data, size_t len)
{
	struct namespaces namespaces = { 0 };
	char *text = target_text(data, len), *rest = text, *line;

	while ((line = strsep(&rest, "\n")))
		target_expect(add_mount(&namespaces, line) == 0, "no memory");
	namespaces_fini(&namespaces);
	target_free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	if (!len)
		return 0;
	make_net();
	target_expect(ftruncate(text_fd, 0) == 0 &&
			      pwrite(text_fd, data, len, 0) == (ssize_t)len,
		      "a file");
	read_groups(AF_INET);
	read_groups(AF_INET6);
	read_filters(data, len, AF_INET);
	read_filters(data, len, AF_INET6);
	read_sockets();
	read_mounts(data, len);
	return 0;
}
