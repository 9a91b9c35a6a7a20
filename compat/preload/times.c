/* SPDX-License-Identifier: BSD-2-Clause */
/* The layouts of the C library for Linux. */
#include "times.h"

#include <endian.h>
#include <stdint.h>
#include <string.h>

#if TIMES_HAS_TWO

struct plain_spec {
	int32_t seconds;
	int32_t nanoseconds;
};

struct plain_val {
	int32_t seconds;
	int32_t microseconds;
};

struct spec64 {
	int64_t seconds;
#if __BYTE_ORDER == __BIG_ENDIAN
	int32_t padding;
	int32_t nanoseconds;
#else
	int32_t nanoseconds;
	int32_t padding;
#endif
};

struct val64 {
	int64_t seconds;
	int64_t microseconds;
};

static time_t to_seconds(int64_t seconds)
{
	if (sizeof(time_t) < sizeof(seconds) && seconds > INT32_MAX)
		return INT32_MAX;
	return (time_t)seconds;
}

static void get_spec(const void *spec, enum times_size size, struct timespec *ret)
{
	struct plain_spec plain;
	struct spec64 wide;

	if (size == TIMES_64) {
		memcpy(&wide, spec, sizeof(wide));
		ret->tv_sec = to_seconds(wide.seconds);
		ret->tv_nsec = wide.nanoseconds;
	} else {
		memcpy(&plain, spec, sizeof(plain));
		ret->tv_sec = plain.seconds;
		ret->tv_nsec = plain.nanoseconds;
	}
}

static void get_val(const void *val, enum times_size size, struct timeval *ret)
{
	struct plain_val plain;
	struct val64 wide;

	if (size == TIMES_64) {
		memcpy(&wide, val, sizeof(wide));
		ret->tv_sec = to_seconds(wide.seconds);
		ret->tv_usec = (suseconds_t)wide.microseconds;
	} else {
		memcpy(&plain, val, sizeof(plain));
		ret->tv_sec = plain.seconds;
		ret->tv_usec = plain.microseconds;
	}
}

static void put_spec(const struct timespec *from, enum times_size size, void *ret_spec)
{
	struct plain_spec plain = { (int32_t)from->tv_sec, (int32_t)from->tv_nsec };
	struct spec64 wide = { .seconds = from->tv_sec,
			       .nanoseconds = (int32_t)from->tv_nsec };

	if (size == TIMES_64)
		memcpy(ret_spec, &wide, sizeof(wide));
	else
		memcpy(ret_spec, &plain, sizeof(plain));
}

static void put_val(const struct timeval *from, enum times_size size, void *ret_val)
{
	struct plain_val plain = { (int32_t)from->tv_sec, (int32_t)from->tv_usec };
	struct val64 wide = { from->tv_sec, from->tv_usec };

	if (size == TIMES_64)
		memcpy(ret_val, &wide, sizeof(wide));
	else
		memcpy(ret_val, &plain, sizeof(plain));
}

#else

static void get_spec(const void *spec, enum times_size size, struct timespec *ret)
{
	(void)size;
	memcpy(ret, spec, sizeof(*ret));
}

static void get_val(const void *val, enum times_size size, struct timeval *ret)
{
	(void)size;
	memcpy(ret, val, sizeof(*ret));
}

static void put_spec(const struct timespec *from, enum times_size size, void *ret_spec)
{
	(void)size;
	memcpy(ret_spec, from, sizeof(*from));
}

static void put_val(const struct timeval *from, enum times_size size, void *ret_val)
{
	(void)size;
	memcpy(ret_val, from, sizeof(*from));
}

#endif

struct timespec *times_get_spec(const void *spec, enum times_size size,
				struct timespec *ret)
{
	if (!spec)
		return NULL;
	get_spec(spec, size, ret);
	return ret;
}

struct timeval *times_get_val(const void *val, enum times_size size, struct timeval *ret)
{
	if (!val)
		return NULL;
	get_val(val, size, ret);
	return ret;
}

void times_put_spec(const struct timespec *from, enum times_size size, void *ret_spec)
{
	if (ret_spec)
		put_spec(from, size, ret_spec);
}

void times_put_val(const struct timeval *from, enum times_size size, void *ret_val)
{
	if (ret_val)
		put_val(from, size, ret_val);
}
