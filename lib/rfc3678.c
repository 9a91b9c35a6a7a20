/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The calls that RFC 3678 names, and setsockopt(), getsockopt() and ioctl() in
 * their own shapes: -1 and errno, through the default context.
 */
#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "abi.h"
#include "api.h"
#include "backend.h"
#include "context.h"
#include "sockaddr.h"
#include "socket.h"

static int answer(int r)
{
	if (r >= 0)
		return r;
	errno = -r;
	return -1;
}

static enum fault check_group_length(const struct sockaddr *group, socklen_t grouplen)
{
	if (!group)
		return FAULT_NULL;
	if (grouplen < sizeof(group->sa_family) ||
	    grouplen < sockaddr_length(group->sa_family))
		return FAULT_LENGTH;
	return FAULT_NONE;
}

int msf_setsourcefilter(int fd, uint32_t interface, struct sockaddr *group,
			socklen_t grouplen, uint32_t fmode, uint32_t numsrc,
			struct sockaddr_storage *slist)
{
	struct request_input input = {
		.request = { .verb = MSF_SET_FILTER,
			     .ifindex = interface,
			     .group = group,
			     .fmode = fmode,
			     .numsrc = numsrc,
			     .slist = slist },
		.fault = check_group_length(group, grouplen),
	};

	return answer(api_apply(NULL, fd, &input));
}

int msf_getsourcefilter(int fd, uint32_t interface, struct sockaddr *group,
			socklen_t grouplen, uint32_t *fmode, uint32_t *numsrc,
			struct sockaddr_storage *slist)
{
	struct request_input input = {
		.request = { .verb = MSF_GET_FILTER,
			     .ifindex = interface,
			     .group = group },
		.fault = check_group_length(group, grouplen),
	};

	return answer(api_get(NULL, fd, &input, fmode, numsrc, slist));
}

static struct request_input ipv4_input(enum msf_verb verb, struct in_addr interface,
				       const struct sockaddr_in *group)
{
	return (struct request_input){
		.request = { .verb = verb, .group = (const struct sockaddr *)group },
		.has_address = interface.s_addr != INADDR_ANY,
		.address = interface,
	};
}

int msf_setipv4sourcefilter(int fd, struct in_addr interface, struct in_addr group,
			    uint32_t fmode, uint32_t numsrc, struct in_addr *slist)
{
	struct sockaddr_in sin = { .sin_family = AF_INET, .sin_addr = group };
	struct request_input input = ipv4_input(MSF_SET_FILTER, interface, &sin);

	input.request.fmode = fmode;
	input.request.numsrc = numsrc;
	input.ipv4_list = slist;
	return answer(api_apply(NULL, fd, &input));
}

/* As api_get(), for a list of struct in_addr that may be unaligned. */
static int get_ipv4(int fd, struct request_input *input, uint32_t *fmode,
		    uint32_t *numsrc, void *slist)
{
	struct sockaddr_storage *list = NULL;
	uint32_t total = 0, room, mode;
	int r;

	if (!fmode || !numsrc || (*numsrc && !slist))
		input->fault = FAULT_NULL;
	r = api_get(NULL, fd, input, &mode, &total, NULL);
	if (r < 0)
		return r;
	room = *numsrc < total ? *numsrc : total;
	if (room) {
		list = malloc(room * sizeof(*list));
		if (!list)
			return -ENOMEM;
		total = room;
		r = api_get(NULL, fd, input, &mode, &total, list);
	}
	if (!r) {
		for (uint32_t i = 0; i < room && i < total; i++)
			memcpy((char *)slist + i * sizeof(struct in_addr),
			       &((struct sockaddr_in *)&list[i])->sin_addr,
			       sizeof(struct in_addr));
		*numsrc = total;
		*fmode = mode;
	}
	free(list);
	return r;
}

int msf_getipv4sourcefilter(int fd, struct in_addr interface, struct in_addr group,
			    uint32_t *fmode, uint32_t *numsrc, struct in_addr *slist)
{
	struct sockaddr_in sin = { .sin_family = AF_INET, .sin_addr = group };
	struct request_input input = ipv4_input(MSF_GET_FILTER, interface, &sin);

	return answer(get_ipv4(fd, &input, fmode, numsrc, slist));
}

/*
 * Reads a filter into a structure of len bytes: no more than those are written,
 * whatever number of sources the structure asks for. *ret_written: how many.
 */
static int get_filter(int fd, const struct abi_shape *shape, int level, void *value,
		      size_t len, uint32_t *ret_written)
{
	struct abi_request asked;
	uint32_t room, fmode = 0, numsrc = 0;
	size_t head = (size_t)abi_get_filter_size(shape, 0), each;
	char *list;
	int r;

	abi_decode(shape, MSF_GET_FILTER, level, value, len, &asked);
	if (!value || asked.input.fault) {
		r = api_get(NULL, fd, &asked.input, &fmode, &numsrc, NULL);
		return r < 0 ? r : -EFAULT;
	}
	list = (char *)value + head;
	each = (size_t)abi_get_filter_size(shape, 1) - head;
	room = (len - head) / each < UINT32_MAX ? (uint32_t)((len - head) / each)
						: UINT32_MAX;
	numsrc = asked.input.request.numsrc < room ? asked.input.request.numsrc : room;
	room = numsrc;
	if (shape->layout == ABI_MSFILTER)
		r = get_ipv4(fd, &asked.input, &fmode, &numsrc, list);
	else
		r = api_get(NULL, fd, &asked.input, &fmode, &numsrc, (void *)list);
	if (r < 0)
		return r;
	abi_encode_filter(shape, fmode, numsrc, value);
	*ret_written = numsrc < room ? numsrc : room;
	return 0;
}

/* The kernel takes a length for an int: beyond, it is negative and too short. */
static size_t length_of(socklen_t optlen)
{
	return optlen > INT_MAX ? 0 : optlen;
}

/* RFC 3678 4.1.3: a delta cannot be got. */
static int refuse_get(int fd)
{
	enum fault fault = socket_find_fault(fd, AF_UNSPEC);
	struct msf *msf;
	int r = context_get(NULL, &msf);

	if (r < 0)
		return r;
	r = fault_get_error(fault, msf->table, GET_FILTER, false);
	if (r < 0)
		return r;
	return msf->table == TABLE_LINUX ? -ENOPROTOOPT : -EOPNOTSUPP;
}

/* An application does not depend on us for an option of its own: without a context it
 * goes to the system. */
static bool is_shared(int fd, int level, int optname, struct asm_config *ret)
{
	struct msf *msf;

	return asm_is_shared_option(level, optname) && !context_get(NULL, &msf) &&
	       backend_is_shared(msf, fd, level, optname, ret);
}

static int set_option(int fd, int level, int optname, const void *optval,
		      socklen_t optlen)
{
	struct asm_config config;

	if (is_shared(fd, level, optname, &config))
		return answer(
			asm_set_option(&config, fd, level, optname, optval, optlen));
	return setsockopt(fd, level, optname, optval, optlen);
}

static int get_option(int fd, int level, int optname, void *optval, socklen_t *optlen)
{
	struct asm_config config;

	if (is_shared(fd, level, optname, &config))
		return answer(
			asm_get_option(&config, fd, level, optname, optval, optlen));
	return getsockopt(fd, level, optname, optval, optlen);
}

int msf_setsockopt(int fd, int level, int optname, const void *optval, socklen_t optlen)
{
	const struct abi_shape *shape = abi_find_option(level, optname);
	struct abi_request asked;

	if (!shape)
		return set_option(fd, level, optname, optval, optlen);
	abi_decode(shape, shape->verb, level, optval, length_of(optlen), &asked);
	return answer(api_apply(NULL, fd, &asked.input));
}

int msf_getsockopt(int fd, int level, int optname, void *optval, socklen_t *optlen)
{
	const struct abi_shape *shape = abi_find_option(level, optname);
	uint32_t written = 0;
	int r;

	if (!shape)
		return get_option(fd, level, optname, optval, optlen);
	if (shape->verb != MSF_SET_FILTER)
		return answer(refuse_get(fd));
	r = get_filter(fd, shape, level, optlen ? optval : NULL,
		       optlen ? length_of(*optlen) : 0, &written);
	if (!r)
		*optlen = (socklen_t)abi_get_filter_size(shape, written);
	return answer(r);
}

int msf_ioctl(int fd, unsigned long request, ...)
{
	const struct abi_shape *shape = abi_find_ioctl(request);
	struct abi_request asked;
	uint32_t written = 0;
	void *argument;
	va_list ap;

	va_start(ap, request);
	argument = va_arg(ap, void *);
	va_end(ap);
	if (!shape)
		return ioctl(fd, request, argument);
	if (shape->verb == MSF_GET_FILTER)
		return answer(get_filter(fd, shape, shape->level, argument, SIZE_MAX,
					 &written));
	abi_decode(shape, shape->verb, shape->level, argument, SIZE_MAX, &asked);
	return answer(api_apply(NULL, fd, &asked.input));
}
