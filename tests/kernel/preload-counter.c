/* SPDX-License-Identifier: BSD-2-Clause */
/* Another preloaded library: it counts setsockopt() by option, and hands it on. */
#include <dlfcn.h>
#include <stdatomic.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>

#define N_OPTIONS 64

typedef int setsockopt_fn(int fd, int level, int optname, const void *optval,
			  socklen_t optlen);

static atomic_uint counts[N_OPTIONS];

int setsockopt(int fd, int level, int optname, const void *optval, socklen_t optlen)
{
	void *found = dlsym(RTLD_NEXT, "setsockopt");
	setsockopt_fn *next;

	memcpy(&next, &found, sizeof(next));
	if (level != SOL_SOCKET && optname >= 0 && optname < N_OPTIONS)
		atomic_fetch_add(&counts[optname], 1);
	return next(fd, level, optname, optval, optlen);
}

unsigned int preload_counter(int optname);
unsigned int preload_counter(int optname)
{
	return atomic_load(&counts[optname]);
}
