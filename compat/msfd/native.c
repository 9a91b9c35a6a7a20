/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * native: compares what the kernel has joined with what is known (see native.h).
 *
 * Newer kernels tell of groups that come and go, which is no more than a reason to look;
 * of further users of a group nobody tells, so there is a look each second. One look
 * follows another only after ten times as long as it took: however many groups there are
 * and however fast they change, a tenth of the time goes into this.
 *
 *	          surplus            lasts NATIVE_DELAY_MS
 *	(unknown) -------> awaited -----------------------> reported
 *	    ^       gone      |                              |    ^
 *	    |<----------------+                        gone  v    | surplus
 *	    +----------------------------------------------- ending
 *	             not there: NATIVE_DELAY_MS; there: NATIVE_LINGER_MS
 *
 * Invariant: groups ascend by interface and group, each once; reported are those that
 * the engine has of the key HOLDINGS_NATIVE.
 */
#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <linux/netlink.h>
#include <linux/rtnetlink.h>

#include "msfd/clock.h"
#include "msfd/log.h"
#include "msfd/native-list.h"
#include "msfd/native.h"

/* enum rtnetlink_groups of newer kernels; the headers may be older than the kernel. */
#define GROUP_IPV4_MCADDR 37
#define GROUP_IPV6_MCADDR 38

#define MILLISECOND 1000ull
#define INTERVAL    (1000 * MILLISECOND)
#define PAUSE_MIN   (10 * MILLISECOND)
#define PAUSE_PARTS 10
#define NEWS_MAX    256

/* Which the kernel gives the one of each namespace. */
#define LOOPBACK_IFINDEX 1u

#define ALL_HOSTS        0xe0000001u /* 224.0.0.1, RFC 1112 4 */
#define ALL_SNOOPERS     0xe000006au /* 224.0.0.106, RFC 4286 2 */
#define LINK_LOCAL_SCOPE 0xff02000000000000ull
#define SITE_LOCAL_SCOPE 0xff05000000000000ull
#define ALL_NODES_6      0x1u  /* RFC 4291 2.7.1 */
#define ALL_ROUTERS_6    0x2u  /* RFC 4291 2.7.1 */
#define ALL_SNOOPERS_6   0x6au /* RFC 4286 2 */

struct native_group {
	struct native_entry entry;
	bool is_reported;
	uint64_t since; /* the surplus is awaited, or its end; 0: neither */
};

struct native {
	struct engine *engine; /* borrowed, as these: */
	struct loop *loop;
	const struct holdings *holdings;
	const struct statics *statics;
	void (*changed)(void *context);
	void *context;
	struct loop_source timer, news;
	uint64_t look_at;    /* the timer is set for; clock_now() */
	uint64_t not_before; /* the next look */
	struct native_list list;
	struct native_group *groups, *next; /* owned; next: room for the next look's */
	size_t n, room;
	uint32_t n_reported;
	bool is_blind; /* the last look failed, which has been said */
};

/* All nodes, and what never leaves the host or the link layer
 * (RFC 3376 6, RFC 3810 6). */
static bool is_never_reported(struct addr group)
{
	if (addr_is_ipv4(group))
		return addr_ipv4(group) == ALL_HOSTS;
	return (group.hi >> 48 & 0xf) < 2 ||
	       (group.hi == LINK_LOCAL_SCOPE && group.lo == ALL_NODES_6);
}

/* Does only the kernel join it: solicited-node groups (RFC 4291 2.7.1), those of routers
 * and of snooping bridges? They are reported at once. */
static bool is_of_kernel(struct addr group)
{
	if (addr_is_ipv4(group))
		return addr_ipv4(group) == ALL_SNOOPERS;
	if (group.hi == SITE_LOCAL_SCOPE)
		return group.lo == ALL_ROUTERS_6;
	return group.hi == LINK_LOCAL_SCOPE &&
	       (group.lo >> 24 == 0x1ff || group.lo == ALL_ROUTERS_6 ||
		group.lo == ALL_SNOOPERS_6);
}

/* Has it more users than are known, and is it worth a word on the wire? */
static bool has_surplus(const struct native *native, const struct native_entry *entry)
{
	uint32_t known;

	if (entry->ifindex == LOOPBACK_IFINDEX || is_never_reported(entry->group))
		return false;
	/* One user is the kernel, also where a program tells of more than it has joined:
	 * else it could cut the host off its neighbours. */
	if (is_of_kernel(entry->group))
		return entry->users > 0;
	known = holdings_count_users(native->holdings, entry->ifindex, entry->group) +
		statics_count_users(native->statics, entry->ifindex, entry->group);

	return entry->users > known;
}

static void set_timer(struct native *native, uint64_t when, uint64_t now)
{
	struct itimerspec spec = { 0 };

	if (when < native->not_before)
		when = native->not_before;
	if (when <= now)
		when = now + 1;
	native->look_at = when;
	spec.it_value.tv_sec = (time_t)(when / 1000000);
	spec.it_value.tv_nsec = (long)(when % 1000000 * 1000);
	timerfd_settime(native->timer.fd, TFD_TIMER_ABSTIME, &spec, NULL);
}

/* Looks then at the latest. */
static void look_before(struct native *native, uint64_t when, uint64_t now)
{
	if (when < native->not_before)
		when = native->not_before;
	if (when < native->look_at)
		set_timer(native, when, now);
}

void native_poke(struct native *native)
{
	uint64_t now = clock_now();

	look_before(native, now, now);
}

/* Does the engine still have what it was told? Not when the interface went and another
 * of that index came between two looks. */
static bool is_in_engine(const struct native *native, const struct native_entry *entry)
{
	enum filter_mode mode;
	uint32_t n = 0;

	return engine_get_filter(native->engine, entry->ifindex, entry->group, &mode,
				 NULL, &n) == 0 &&
	       mode == FILTER_EXCLUDE && n == 0;
}

static int tell_engine(struct native *native, const struct native_entry *entry,
		       enum filter_mode mode, uint64_t now)
{
	struct filter filter = { .mode = mode };

	return engine_set_filter(native->engine, entry->ifindex, HOLDINGS_NATIVE,
				 entry->group, &filter, now);
}

/* The interface is not known yet, or there is no room: the next look tries again. */
static bool report(struct native *native, const struct native_entry *entry, uint64_t now)
{
	int r = tell_engine(native, entry, FILTER_EXCLUDE, now);

	if (r < 0 && r != -ENODEV)
		log_write(LOG_WARNING, "native-refused", NULL,
			  "a group that the kernel has joined on interface %u is not "
			  "reported: error %d",
			  entry->ifindex, -r);
	return r == 0;
}

/* When the group's next change is due, as it looks now. */
static uint64_t due_time(const struct native_group *group, bool is_there)
{
	unsigned int ms = group->is_reported && is_there ? NATIVE_LINGER_MS
							 : NATIVE_DELAY_MS;

	return group->since + ms * MILLISECOND;
}

/* A surplus. Has the engine been told something? */
static bool step_surplus(struct native *native, struct native_group *group, uint64_t now)
{
	if (group->is_reported) {
		group->since = 0;
		if (is_in_engine(native, &group->entry))
			return false;
		group->is_reported = report(native, &group->entry, now);
		group->since = group->is_reported ? 0 : now;
		return group->is_reported;
	}
	if (!group->since)
		group->since = now;
	if (!is_of_kernel(group->entry.group) && now < due_time(group, true)) {
		look_before(native, due_time(group, true), now);
		return false;
	}
	group->is_reported = report(native, &group->entry, now);
	if (group->is_reported)
		group->since = 0;
	return group->is_reported;
}

/* None. Has the engine been told something? *ret_is_over: nothing is left of it. */
static bool step_lack(struct native *native, struct native_group *group, bool is_there,
		      uint64_t now, bool *ret_is_over)
{
	*ret_is_over = true;
	if (!group->is_reported)
		return false;
	if (!group->since)
		group->since = now;
	if (now < due_time(group, is_there)) {
		look_before(native, due_time(group, is_there), now);
		*ret_is_over = false;
		return false;
	}
	return tell_engine(native, &group->entry, FILTER_NONE, now) == 0;
}

/* The group, and what the kernel says of it now: NULL, nothing. Has the engine been told
 * something? *ret_is_over as above. */
static bool step(struct native *native, struct native_group *group,
		 const struct native_entry *entry, uint64_t now, bool *ret_is_over)
{
	if (!entry || !has_surplus(native, entry))
		return step_lack(native, group, entry, now, ret_is_over);
	*ret_is_over = false;
	return step_surplus(native, group, now);
}

static int reserve(struct native *native, size_t n)
{
	struct native_group *groups;

	if (n <= native->room)
		return 0;
	n += n / 2;
	groups = reallocarray(native->groups, n, sizeof(*groups));
	if (groups)
		native->groups = groups;
	else
		return -ENOMEM;
	groups = reallocarray(native->next, n, sizeof(*groups));
	if (!groups)
		return -ENOMEM;
	native->next = groups;
	native->room = n;
	return 0;
}

/* Which comes first, the group or the entry of the list; the one that is left. */
static int compare_next(const struct native *native, size_t group, size_t entry)
{
	if (group == native->n)
		return 1;
	if (entry == native->list.n)
		return -1;
	return native_list_compare(&native->groups[group].entry,
				   &native->list.entries[entry]);
}

/* Steps through both, the list and the groups. Has the engine been told something? */
static bool merge(struct native *native, uint64_t now)
{
	const struct native_entry *entries = native->list.entries, *entry;
	struct native_group *groups = native->groups, *group;
	bool is_told = false, is_over;
	size_t i = 0, j = 0, n = 0;
	int order;

	native->n_reported = 0;
	while (i < native->n || j < native->list.n) {
		order = compare_next(native, i, j);
		group = &native->next[n];
		if (order <= 0)
			*group = groups[i++];
		else
			*group = (struct native_group){ .entry = entries[j] };
		entry = order >= 0 ? &entries[j++] : NULL;
		is_told |= step(native, group, entry, now, &is_over);
		native->n_reported += !is_over && group->is_reported;
		n += !is_over;
	}
	native->groups = native->next;
	native->next = groups;
	native->n = n;
	return is_told;
}

/* Once for as long as it lasts. */
static void say_blind(struct native *native, int r)
{
	if (r < 0 && !native->is_blind)
		log_write(
			LOG_ERR, "native-blind", NULL,
			"the groups of the kernel cannot be read from /proc/net/igmp and "
			"igmp6, error %d: changes of them are not reported",
			-r);
	native->is_blind = r < 0;
}

static void look(struct native *native)
{
	uint64_t now = clock_now();
	bool is_told = false;
	uint64_t end;
	int r;

	native->not_before = 0;
	set_timer(native, now + INTERVAL, now);
	r = native_list_read(&native->list);
	if (r == 0)
		r = reserve(native, native->n + native->list.n + 1);
	say_blind(native, r);
	if (r == 0)
		is_told = merge(native, now);
	end = clock_now();
	native->not_before = end + PAUSE_MIN + PAUSE_PARTS * (end - now);
	set_timer(native, native->look_at, end);
	if (is_told)
		native->changed(native->context);
}

static int on_timer(void *data)
{
	struct native *native = data;
	uint64_t n;

	if (read(native->timer.fd, &n, sizeof(n)) == sizeof(n))
		look(native);
	return 0;
}

/* What they say does not matter, nor that some were lost; a few in turn with what else
 * there is to do. */
static int on_news(void *data)
{
	struct native *native = data;
	unsigned int n = NEWS_MAX;
	char byte;

	while (n-- && (recv(native->news.fd, &byte, sizeof(byte), MSG_DONTWAIT) >= 0 ||
		       errno == ENOBUFS))
		;
	native_poke(native);
	return 0;
}

static int add_owned(struct native *native, struct loop_source *source, int fd,
		     loop_handler *handler)
{
	int r = fd < 0 ? -errno : loop_add(native->loop, source, fd, handler, native);

	if (r == 0)
		source->is_owned = true;
	else if (fd >= 0)
		close(fd);
	return r;
}

/* A kernel that does not tell knows no such group of netlink: then the looks have to
 * do. */
static int open_news(void)
{
	struct sockaddr_nl address = { .nl_family = AF_NETLINK };
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK,
			NETLINK_ROUTE);
	int group, error;

	if (fd < 0)
		return -1;
	if (bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0) {
		error = errno;
		close(fd);
		errno = error;
		return -1;
	}
	for (group = GROUP_IPV4_MCADDR; group <= GROUP_IPV6_MCADDR; group++)
		setsockopt(fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &group,
			   sizeof(group));
	return fd;
}

int native_new(struct native **ret, struct loop *loop, struct engine *engine,
	       const struct holdings *holdings, const struct statics *statics,
	       void (*changed)(void *context), void *context)
{
	struct native *native = malloc(sizeof(*native));
	int r;

	if (!native)
		return -ENOMEM;
	*native = (struct native){
		.engine = engine,
		.loop = loop,
		.holdings = holdings,
		.statics = statics,
		.changed = changed,
		.context = context,
		.timer = LOOP_SOURCE_INIT,
		.news = LOOP_SOURCE_INIT,
		.look_at = UINT64_MAX,
	};
	r = add_owned(native, &native->timer,
		      timerfd_create(CLOCK_MSFD, TFD_CLOEXEC | TFD_NONBLOCK), on_timer);
	if (r == 0)
		r = add_owned(native, &native->news, open_news(), on_news);
	if (r < 0) {
		native_free(native);
		return r;
	}
	native_poke(native);
	*ret = native;
	return 0;
}

struct native *native_free(struct native *native)
{
	if (!native)
		return NULL;
	loop_del(native->loop, &native->timer);
	loop_del(native->loop, &native->news);
	native_list_fini(&native->list);
	free(native->groups);
	free(native->next);
	free(native);
	return NULL;
}

uint32_t native_count_groups(const struct native *native)
{
	return native->n_reported;
}

bool native_next(const struct native *native, uint32_t *ifindex, struct addr *group)
{
	struct native_entry last = { .ifindex = *ifindex, .group = *group };
	size_t low = 0, high = native->n, middle;

	while (low < high) {
		middle = low + (high - low) / 2;
		if (native_list_compare(&native->groups[middle].entry, &last) > 0)
			high = middle;
		else
			low = middle + 1;
	}
	while (low < native->n && !native->groups[low].is_reported)
		low++;
	if (low == native->n)
		return false;
	*ifindex = native->groups[low].entry.ifindex;
	*group = native->groups[low].entry.group;
	return true;
}
