/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * anchor: one membership on the loopback interface for each family (see anchor.h).
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <unistd.h>

#include "anchor.h"
#include "endpoint.h"

/* The first interface of every network namespace. */
#define LOOPBACK 1

/* Groups that nobody uses, RFC 4607 and RFC 4291 2.7 (of this node alone). */
static const struct {
	int family;
	const char *group, *source;
} channels[] = { { AF_INET, "232.255.255.254", "127.0.0.1" },
		 { AF_INET6, "ff31::4d57:4348", "::1" } };

static int join(struct msf *msf, int family, const char *group_text,
		const char *source_text)
{
	struct sockaddr_storage group, source;
	const char *why;
	int fd = socket(family, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -1;
	if (endpoint_parse_address(group_text, &group, &why) == 0 &&
	    endpoint_parse_address(source_text, &source, &why) == 0 &&
	    msf_join_source(msf, fd, LOOPBACK, (const struct sockaddr *)&group,
			    (const struct sockaddr *)&source) == 0)
		return fd;
	close(fd);
	return -1;
}

/* Of the kernel, whatever the environment says. */
static void open_library(struct anchor *anchor)
{
	struct msf_config *config = NULL;
	int r = msf_config_new(&config);

	if (r == 0)
		r = msf_config_set_backend(config, MSF_BACKEND_AUTO);
	if (r == 0)
		r = msf_new(&anchor->msf, config);
	msf_config_free(config);
	if (r == 0)
		anchor->is_asm = msf_probe_backend(anchor->msf) == MSF_BACKEND_ASM;
}

static void leave(struct anchor *anchor)
{
	for (int i = 0; i < 2; i++) {
		if (anchor->fds[i] >= 0)
			close(anchor->fds[i]);
		anchor->fds[i] = -1;
	}
}

void anchor_set(struct anchor *anchor)
{
	leave(anchor);
	if (!anchor->msf)
		open_library(anchor);
	if (!anchor->msf || anchor->is_asm)
		return;
	for (int i = 0; i < 2; i++)
		anchor->fds[i] = join(anchor->msf, channels[i].family, channels[i].group,
				      channels[i].source);
}

void anchor_fini(struct anchor *anchor)
{
	leave(anchor);
	anchor->msf = msf_free(anchor->msf);
}
