/* SPDX-License-Identifier: BSD-2-Clause */
/* See link-entry.h. */
#include "msfd/link-entry.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include <netlink/attr.h>
#include <netlink/msg.h>

#define ADDRESSES_MIN 4u

/* Carrier, and whatever else the kernel asks for before it is called running; a queue
 * can be put together of less than an IPv4 header, but no host speaks there. */
static bool is_up(unsigned int flags, uint32_t mtu)
{
	return flags & IFF_UP && flags & IFF_RUNNING && mtu >= ENGINE_MTU_MIN;
}

static uint32_t get_u32(const struct nlattr *attribute, uint32_t otherwise)
{
	return attribute && nla_len(attribute) >= (int)sizeof(uint32_t)
		       ? nla_get_u32(attribute)
		       : otherwise;
}

static void read_hardware(const struct nlattr *attribute, struct link_entry *entry)
{
	int len = attribute ? nla_len(attribute) : 0;

	if (len > (int)LINK_HARDWARE_MAX)
		len = (int)LINK_HARDWARE_MAX;
	entry->link.hardware_len = (uint8_t)len;
	if (len > 0)
		memcpy(entry->hardware, nla_data(attribute), (size_t)len);
}

int link_entry_read(const struct nlmsghdr *message, struct link_entry *ret)
{
	struct nlattr *attributes[IFLA_MAX + 1];
	const struct ifinfomsg *info = NLMSG_DATA(message);
	struct link_entry entry = { 0 };
	uint32_t mtu;

	if (message->nlmsg_len < NLMSG_LENGTH(sizeof(*info)) ||
	    info->ifi_family != AF_UNSPEC || info->ifi_index <= 0 ||
	    nlmsg_parse((struct nlmsghdr *)message, sizeof(*info), attributes, IFLA_MAX,
			NULL) < 0 ||
	    !attributes[IFLA_IFNAME])
		return 0;
	mtu = get_u32(attributes[IFLA_MTU], 0);
	entry.link = (struct link){
		.interface = {
			.ifindex = (uint32_t)info->ifi_index,
			.mtu = mtu < ENGINE_MTU_MIN ? ENGINE_MTU_MIN : mtu,
			.is_up = is_up(info->ifi_flags, mtu),
			.is_loopback = info->ifi_flags & IFF_LOOPBACK,
		},
		.is_multicast = info->ifi_flags & IFF_MULTICAST,
		.type = info->ifi_type,
	};
	nla_strlcpy(entry.link.name, attributes[IFLA_IFNAME], sizeof(entry.link.name));
	read_hardware(attributes[IFLA_ADDRESS], &entry);
	*ret = entry;
	return 1;
}

/* RFC 4291 2.5.6 */
static bool is_link_local(struct addr addr)
{
	return addr.hi >> 54 == 0xfe80 >> 6;
}

/* IFA_ADDRESS is the other end's where there is one (point-to-point). */
static bool read_ipv4(const struct nlattr *local, struct link_address *ret)
{
	uint8_t bytes[4];

	if (!local || nla_len(local) < (int)sizeof(bytes))
		return false;
	memcpy(bytes, nla_data(local), sizeof(bytes));
	ret->addr = addr_from_ipv4((uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 |
				   (uint32_t)bytes[2] << 8 | bytes[3]);
	return addr_is_sender(ret->addr);
}

static bool read_ipv6(const struct nlattr *address, struct link_address *ret)
{
	if (!address || nla_len(address) < 16)
		return false;
	ret->addr = addr_from_bytes(nla_data(address));
	return is_link_local(ret->addr);
}

int link_entry_read_address(const struct nlmsghdr *message, uint32_t *ret_ifindex,
			    struct link_address *ret)
{
	struct nlattr *attributes[IFA_MAX + 1];
	const struct ifaddrmsg *info = NLMSG_DATA(message);
	struct link_address address = { 0 };
	const struct nlattr *local;

	if (message->nlmsg_len < NLMSG_LENGTH(sizeof(*info)) ||
	    nlmsg_parse((struct nlmsghdr *)message, sizeof(*info), attributes, IFA_MAX,
			NULL) < 0)
		return 0;
	local = attributes[IFA_LOCAL] ? attributes[IFA_LOCAL] : attributes[IFA_ADDRESS];
	address.prefix_len = info->ifa_prefixlen;
	address.scope = info->ifa_scope;
	address.flags = get_u32(attributes[IFA_FLAGS], info->ifa_flags);
	if (info->ifa_family == AF_INET    ? !read_ipv4(local, &address)
	    : info->ifa_family == AF_INET6 ? !read_ipv6(local, &address)
					   : true)
		return 0;
	*ret_ifindex = info->ifa_index;
	*ret = address;
	return 1;
}

static bool link_equal(const struct link *a, const struct link *b)
{
	return a->interface.mtu == b->interface.mtu &&
	       a->interface.is_up == b->interface.is_up &&
	       a->interface.is_loopback == b->interface.is_loopback &&
	       a->is_multicast == b->is_multicast && a->type == b->type &&
	       a->hardware_len == b->hardware_len && strcmp(a->name, b->name) == 0;
}

bool link_entry_update(struct link_entry *entry, const struct link_entry *from)
{
	struct link link = from->link;

	memcpy(entry->hardware, from->hardware, sizeof(entry->hardware));
	if (link_equal(&entry->link, &link))
		return false;
	memcpy(link.interface.source, entry->link.interface.source,
	       sizeof(link.interface.source));
	entry->link = link;
	return true;
}

bool link_entry_is_other(const struct link_entry *entry, const struct link_entry *now)
{
	return strcmp(entry->link.name, now->link.name) != 0 &&
	       (entry->link.type != now->link.type ||
		entry->link.hardware_len != now->link.hardware_len ||
		memcmp(entry->hardware, now->hardware, LINK_HARDWARE_MAX) != 0);
}

/* In the kernel's order, does a stand before b? IFA_F_SECONDARY is IFA_F_TEMPORARY of
 * IPv6, where no link-local address is temporary. */
static bool is_before(const struct link_address *a, const struct link_address *b)
{
	bool is_a_secondary = a->flags & IFA_F_SECONDARY;
	bool is_b_secondary = b->flags & IFA_F_SECONDARY;

	if (is_a_secondary != is_b_secondary)
		return is_b_secondary;
	return a->scope < b->scope;
}

static bool is_same(const struct link_address *a, const struct link_address *b)
{
	return addr_equal(a->addr, b->addr) && a->prefix_len == b->prefix_len;
}

static uint32_t find(const struct link_entry *entry, const struct link_address *address)
{
	uint32_t i = 0;

	while (i < entry->n_addresses && !is_same(&entry->addresses[i], address))
		i++;
	return i;
}

static void remove_at(struct link_entry *entry, uint32_t i)
{
	entry->n_addresses--;
	memmove(&entry->addresses[i], &entry->addresses[i + 1],
		(entry->n_addresses - i) * sizeof(*entry->addresses));
}

static int reserve(struct link_entry *entry)
{
	uint32_t max = entry->max_addresses * 2 + ADDRESSES_MIN;
	struct link_address *addresses;

	if (entry->n_addresses < entry->max_addresses)
		return 0;
	addresses = reallocarray(entry->addresses, max, sizeof(*addresses));
	if (!addresses)
		return -ENOMEM;
	entry->addresses = addresses;
	entry->max_addresses = max;
	return 0;
}

static void insert(struct link_entry *entry, const struct link_address *address)
{
	uint32_t i = entry->n_addresses++;

	for (; i > 0 && is_before(address, &entry->addresses[i - 1]); i--)
		entry->addresses[i] = entry->addresses[i - 1];
	entry->addresses[i] = *address;
}

int link_entry_set_address(struct link_entry *entry, const struct link_address *address)
{
	uint32_t i = find(entry, address);
	int r;

	/* One that stays where it is keeps its age. */
	if (i < entry->n_addresses && !is_before(address, &entry->addresses[i]) &&
	    !is_before(&entry->addresses[i], address)) {
		entry->addresses[i] = *address;
		return 0;
	}
	if (i < entry->n_addresses)
		remove_at(entry, i);
	r = reserve(entry);
	if (r == 0)
		insert(entry, address);
	return r;
}

void link_entry_del_address(struct link_entry *entry, const struct link_address *address)
{
	uint32_t i = find(entry, address);

	if (i < entry->n_addresses)
		remove_at(entry, i);
}

void link_entry_forget(struct link_entry *entry, uint32_t look)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < entry->n_addresses; i++)
		if (entry->addresses[i].look == look)
			entry->addresses[n++] = entry->addresses[i];
	entry->n_addresses = n;
}

bool link_entry_has_address(const struct link_entry *entry, struct addr addr)
{
	for (uint32_t i = 0; i < entry->n_addresses; i++)
		if (addr_equal(entry->addresses[i].addr, addr))
			return true;
	return false;
}

/* RFC 4862 5.4; an optimistic one may be used before it is sure (RFC 4429 3.1). */
static enum engine_address_state get_state(const struct link_address *address)
{
	if (addr_is_ipv4(address->addr))
		return ENGINE_ADDRESS_VALID;
	if (address->flags & IFA_F_DADFAILED)
		return ENGINE_ADDRESS_TENTATIVE;
	if (address->flags & IFA_F_TENTATIVE && !(address->flags & IFA_F_OPTIMISTIC))
		return ENGINE_ADDRESS_TENTATIVE;
	return ENGINE_ADDRESS_VALID;
}

static bool is_of(const struct link_address *address, enum engine_family family)
{
	return addr_is_ipv4(address->addr) == (family == ENGINE_IPV4);
}

static bool choose(struct link_entry *entry, enum engine_family family)
{
	enum engine_address_state state = ENGINE_ADDRESS_NONE;
	struct addr addr = family == ENGINE_IPV4 ? addr_from_ipv4(0) : (struct addr){ 0 };
	bool has_changed;

	for (uint32_t i = 0; i < entry->n_addresses && state != ENGINE_ADDRESS_VALID;
	     i++) {
		const struct link_address *address = &entry->addresses[i];

		if (!is_of(address, family) || get_state(address) <= state)
			continue;
		state = get_state(address);
		addr = address->addr;
	}
	has_changed = entry->link.interface.source[family].state != state ||
		      !addr_equal(entry->link.interface.source[family].addr, addr);
	entry->link.interface.source[family].state = state;
	entry->link.interface.source[family].addr = addr;
	return has_changed;
}

bool link_entry_choose(struct link_entry *entry)
{
	bool has_changed = choose(entry, ENGINE_IPV4);

	return choose(entry, ENGINE_IPV6) || has_changed;
}
