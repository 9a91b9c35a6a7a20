/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * show-filter: which memberships and groups are wanted (see show-filter.h).
 *
 * Invariant: a filter that is zero but for the namespace lets everything through.
 */
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "options.h"
#include "output.h"
#include "show-filter.h"

#define NETNS_PATH "/proc/thread-self/ns/net"

int show_filter_init(struct show_filter *filter)
{
	struct stat st;

	*filter = (struct show_filter){ 0 };
	if (stat(NETNS_PATH, &st) < 0) {
		int r = -errno;

		output_error(NETNS_PATH, "%s; is /proc mounted?", strerror(-r));
		return r;
	}
	filter->netns = st.st_ino;
	return 0;
}

/* The bytes of an address, and how many. */
static const uint8_t *get_bytes(const struct sockaddr_storage *address, size_t *ret_n)
{
	if (address->ss_family == AF_INET6) {
		*ret_n = sizeof(struct in6_addr);
		return ((const struct sockaddr_in6 *)address)->sin6_addr.s6_addr;
	}
	*ret_n = sizeof(struct in_addr);
	return (const uint8_t *)&((const struct sockaddr_in *)address)->sin_addr;
}

static bool is_same_prefix(const struct sockaddr_storage *a,
			   const struct sockaddr_storage *b, unsigned int prefix)
{
	size_t n;
	const uint8_t *x = get_bytes(a, &n), *y = get_bytes(b, &n);
	uint8_t mask = (uint8_t)(0xff00 >> prefix % 8);

	if (a->ss_family != b->ss_family || memcmp(x, y, prefix / 8) != 0)
		return false;
	return prefix % 8 == 0 || ((x[prefix / 8] ^ y[prefix / 8]) & mask) == 0;
}

static unsigned int count_bits(const struct sockaddr_storage *address)
{
	size_t n;

	get_bytes(address, &n);
	return 8 * (unsigned int)n;
}

int show_filter_set_group(struct show_filter *filter, const char *word)
{
	char *address = strdup(word), *bits;
	uint64_t prefix;
	int r;

	if (!address) {
		output_error(NULL, "no memory");
		return -ENOMEM;
	}
	bits = strchr(address, '/');
	if (bits)
		*bits++ = '\0';
	r = options_parse_group(address, &filter->group);
	prefix = r < 0 ? 0 : count_bits(&filter->group);
	if (!r && bits)
		r = options_parse_number("--group: bits", bits, prefix, &prefix);
	filter->prefix = (unsigned int)prefix;
	free(address);
	return r;
}

int show_filter_set_source(struct show_filter *filter, const char *word)
{
	return options_parse_source(word, &filter->source);
}

int show_filter_set_interface(struct show_filter *filter, const char *word)
{
	struct msf_interface interface;
	int r = msf_find_interface(NULL, word, &interface);

	filter->interface = word;
	if (r == -ENODEV)
		return 0;
	if (r < 0) {
		output_error(word, "cannot ask for interfaces: %s", strerror(-r));
		return r;
	}
	filter->ifindex = interface.ifindex;
	return 0;
}

static bool is_index(const char *word, uint32_t ifindex)
{
	char *end;

	return *word >= '0' && *word <= '9' && strtoull(word, &end, 10) == ifindex &&
	       !*end;
}

bool show_filter_has_interface(const struct show_filter *filter, uint64_t netns,
			       uint32_t ifindex, const char *name)
{
	if (!filter->interface)
		return true;
	if (netns == filter->netns && *name)
		return ifindex == filter->ifindex;
	return *name ? !strcmp(name, filter->interface)
		     : is_index(filter->interface, ifindex);
}

bool show_filter_has_group(const struct show_filter *filter,
			   const struct sockaddr_storage *group)
{
	return filter->group.ss_family == AF_UNSPEC ||
	       is_same_prefix(&filter->group, group, filter->prefix);
}

bool show_filter_has_source(const struct show_filter *filter, uint32_t numsrc,
			    const struct sockaddr_storage *slist)
{
	if (filter->source.ss_family == AF_UNSPEC)
		return true;
	for (uint32_t i = 0; i < numsrc; i++)
		if (is_same_prefix(&filter->source, &slist[i],
				   count_bits(&filter->source)))
			return true;
	return false;
}
