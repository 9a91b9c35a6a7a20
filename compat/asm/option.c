/* SPDX-License-Identifier: BSD-2-Clause */
/* See option.h. */
#include "asm/option.h"

#include <errno.h>
#include <limits.h>
#include <netinet/in.h>
#include <string.h>

struct shared {
	int level;
	int optname;
	int (*set)(const struct option *option, struct option_value value);
	int (*get)(const struct option *option, struct option_answer answer);
};

/* SO_GET_FILTER and SO_DETACH_BPF are other names of the first two. */
static const struct shared options[] = {
	{ SOL_SOCKET, SO_ATTACH_FILTER, option_attach_filter, option_get_filter },
	{ SOL_SOCKET, SO_DETACH_FILTER, option_detach_filter, option_get },
	{ SOL_SOCKET, SO_ATTACH_BPF, option_attach_bpf, option_get },
	{ IPPROTO_IP, IP_MULTICAST_ALL, option_set_all, option_get_all },
	{ IPPROTO_IPV6, IPV6_MULTICAST_ALL, option_set_all, option_get_all },
	{ IPPROTO_IP, IP_PKTINFO, option_set_pktinfo, option_get_pktinfo },
	{ IPPROTO_IPV6, IPV6_RECVPKTINFO, option_set_pktinfo, option_get_pktinfo },
};

static const struct shared *find_shared(int level, int optname)
{
	for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++)
		if (options[i].level == level && options[i].optname == optname)
			return &options[i];
	return NULL;
}

bool asm_is_shared_option(int level, int optname)
{
	return find_shared(level, optname) != NULL;
}

int option_set(const struct option *option, struct option_value value)
{
	return setsockopt(option->carrier.fd, option->level, option->optname, value.at,
			  value.len)
		       ? -errno
		       : 0;
}

int option_get(const struct option *option, struct option_answer answer)
{
	return getsockopt(option->carrier.fd, option->level, option->optname, answer.at,
			  answer.len)
		       ? -errno
		       : 0;
}

int option_parse(const struct option *option, struct option_value value, int *ret)
{
	bool is_ipv6 = option->level == IPPROTO_IPV6;

	if (value.len > INT_MAX || (is_ipv6 && value.len < sizeof(*ret)) ||
	    (!value.len && option->optname != IP_PKTINFO))
		return -EINVAL;
	if (!value.at && !is_ipv6 && value.len)
		return -EFAULT;
	if (!value.at || !value.len)
		*ret = 0;
	else if (value.len >= sizeof(*ret))
		memcpy(ret, value.at, sizeof(*ret));
	else
		*ret = *(const unsigned char *)value.at;
	return 0;
}

/* IPv4 gives a number that fits in one byte to who has room for less than four. */
int option_print(const struct option *option, struct option_answer answer, int value)
{
	unsigned char byte = (unsigned char)value;
	size_t size;

	if (!answer.len)
		return -EFAULT;
	if (*answer.len > INT_MAX && option->level == IPPROTO_IP)
		return -EINVAL;
	size = *answer.len < sizeof(value) ? *answer.len : sizeof(value);
	if (size && !answer.at)
		return -EFAULT;
	if (option->level == IPPROTO_IP && size && size < sizeof(value)) {
		size = sizeof(byte);
		memcpy(answer.at, &byte, size);
	} else if (size) {
		memcpy(answer.at, &value, size);
	}
	*answer.len = (socklen_t)size;
	return 0;
}

int asm_set_option(const struct asm_config *config, int fd, int level, int optname,
		   const void *optval, socklen_t optlen)
{
	const struct shared *shared = find_shared(level, optname);
	struct option option = { .is_receive_filtered = config->is_receive_filtered,
				 .level = level,
				 .optname = optname };
	struct option_value value = { optval, optlen };
	int r;

	option.carrier.fd = fd;
	if (!shared)
		return option_set(&option, value);
	r = carrier_lock(&option.carrier, fd, config->filters);
	if (r < 0)
		return r;
	while ((r = shared->set(&option, value)) == -ESTALE)
		carrier_lock_again(&option.carrier);
	carrier_unlock(&option.carrier);
	return r;
}

int asm_get_option(const struct asm_config *config, int fd, int level, int optname,
		   void *optval, socklen_t *optlen)
{
	const struct shared *shared = find_shared(level, optname);
	struct option option = { .level = level, .optname = optname };
	struct option_answer answer = { optval, optlen };
	int r;

	option.carrier.fd = fd;
	if (!shared)
		return option_get(&option, answer);
	r = carrier_lock(&option.carrier, fd, config->filters);
	if (r < 0)
		return r;
	r = shared->get(&option, answer);
	carrier_unlock(&option.carrier);
	return r;
}
