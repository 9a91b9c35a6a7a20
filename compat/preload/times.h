/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Times as the program lays them out. On 32-bit systems libc has each call twice, with
 * 32-bit and with 64-bit time, and the library inside was compiled for one of them.
 */
#ifndef PRELOAD_TIMES_H
#define PRELOAD_TIMES_H

#include <sys/time.h>
#include <time.h>

#if defined(__TIMESIZE) && __TIMESIZE == 32
#define TIMES_HAS_TWO 1
#else
#define TIMES_HAS_TWO 0
#endif

enum times_size {
	TIMES_PLAIN, /* of a call with its plain name */
	TIMES_64,    /* of its twin with 64-bit time */
};

/* NULL for NULL, else ret. Seconds beyond our own time_t are its last ones. */
struct timespec *times_get_spec(const void *spec, enum times_size size,
				struct timespec *ret);
struct timeval *times_get_val(const void *val, enum times_size size, struct timeval *ret);

/* The way back; nothing for NULL. */
void times_put_spec(const struct timespec *from, enum times_size size, void *ret_spec);
void times_put_val(const struct timeval *from, enum times_size size, void *ret_val);

#endif
