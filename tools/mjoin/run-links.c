/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * run-links: joins where the interface is there, and again when it was replaced
 * (see run.h).
 *
 * Linux keeps the membership of an interface that is gone and does not give it to
 * its successor, so sockets do not outlive their interface.
 */
#include <errno.h>
#include <ifaddrs.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "output.h"
#include "run.h"

/* The first version of IGMP that tells routers the sources (RFC 3376). */
#define IGMP_VERSION_WITH_SOURCES 3

static bool is_joined(const struct receiver *receiver)
{
	return receiver->n_sockets > 0;
}

static void warn(struct run *run, const char *what, const char *why)
{
	for (size_t i = 0; i < run->n_warned; i++)
		if (strcmp(run->warned[i], why) == 0)
			return;
	if (run->n_warned == RUN_WARNINGS_MAX)
		return;
	run->warned[run->n_warned] = strdup(why);
	run->n_warned += run->warned[run->n_warned] != NULL;
	report_clear_progress(&run->report);
	output_warning(what, "%s", why);
}

static void warn_of_version(struct run *run, const struct receiver *receiver)
{
	const struct msf_interface *interface = &receiver->interface;
	char why[RECEIVER_WHY_MAX];
	int version;

	if (receiver->channel->filter.numsrc == 0)
		return;
	version = msf_state_get_version(run->msf, interface->ifindex,
					receiver->group.ss_family);
	if (version <= 0 || version >= IGMP_VERSION_WITH_SOURCES)
		return;
	snprintf(why, sizeof(why),
		 "IGMP version %d is in force on %s: routers are not told the sources, "
		 "only this host filters; a querier of version 3 is needed, and "
		 "net.ipv4.conf.%s.force_igmp_version=0",
		 version, interface->name, interface->name);
	warn(run, interface->name, why);
}

/* 1: it has; 0: it has none; -errno. */
static int has_ipv4_address(const char *interface)
{
	struct ifaddrs *all;
	int r = 0;

	if (getifaddrs(&all) < 0)
		return -errno;
	for (const struct ifaddrs *i = all; i && r == 0; i = i->ifa_next)
		r = i->ifa_addr && i->ifa_addr->sa_family == AF_INET &&
		    strcmp(i->ifa_name, interface) == 0;
	freeifaddrs(all);
	return r;
}

/* RFC 3376 4.2.13: the reports then come from 0.0.0.0. */
static void warn_of_address(struct run *run, const struct receiver *receiver)
{
	const char *name = receiver->interface.name;
	char why[RECEIVER_WHY_MAX];

	if (receiver->group.ss_family != AF_INET || has_ipv4_address(name) != 0)
		return;
	snprintf(why, sizeof(why),
		 "%s has no IPv4 address: routers and switches may ignore its reports, "
		 "and rp_filter may drop what comes in: ip address add ADDRESS/LENGTH "
		 "dev %s",
		 name, name);
	warn(run, name, why);
}

/* Was the channel before on the same interface, with a group of the same family? */
static bool is_looked_at(const struct run *run, const struct channel *channel)
{
	return channel != run->options->channels.channels &&
	       channel[-1].endpoint.group.ss_family ==
		       channel->endpoint.group.ss_family &&
	       strcmp(channel[-1].interface, channel->interface) == 0;
}

static void warn_of_join(struct run *run, const struct receiver *receiver)
{
	char name[RECEIVER_TEXT_MAX], why[RECEIVER_WHY_MAX];

	/* What holds for one group of a range holds for all. */
	if (run->options->is_quiet || receiver->i_group > 0 || receiver->n_joins > 1)
		return;
	receiver_format(receiver, name);
	if (receiver_explain_warnings(receiver, run->msf, why) > 0)
		warn(run, name, why);
	warn_of_version(run, receiver);
	if (!is_looked_at(run, receiver->channel))
		warn_of_address(run, receiver);
}

/* Thousands of joins take seconds, too long for a user who wants to stop. */
static enum run_end look_for_signal(struct run *run)
{
	struct pollfd signals = { .fd = run->signals.fd, .events = POLLIN };

	if (poll(&signals, 1, 0) <= 0)
		return RUN_GOES_ON;
	return (enum run_end)run->signals.handler(run->signals.data);
}

static enum run_end join_receiver(struct run *run, struct receiver *receiver,
				  const struct msf_interface *interface)
{
	char name[RECEIVER_TEXT_MAX], why[RECEIVER_WHY_MAX] = "";
	int r = receiver_join(receiver, run->msf, run->loop, interface,
			      run_handle_packets, why);
	enum run_end end;

	/* It went while we joined; the monitor will tell when it is back. */
	if (r == -ENODEV && run->options->is_retry)
		return RUN_GOES_ON;
	report_clear_progress(&run->report);
	if (r < 0) {
		receiver_format(receiver, name);
		output_error(name, "%s", why);
		return RUN_FAILED;
	}
	end = run_take_report(report_joined(&run->report, receiver));
	if (end == RUN_GOES_ON)
		warn_of_join(run, receiver);
	return end;
}

static enum run_end tell_missing(struct run *run, const struct receiver *receiver,
				 bool is_first, int error)
{
	const struct channel *channel = receiver->channel;
	struct sockaddr_storage address;
	const char *why;

	if (error != -ENODEV) {
		output_error(channel->interface, "%s", strerror(-error));
		return RUN_FAILED;
	}
	if (!run->options->is_retry) {
		output_error(channel->interface,
			     "no such interface: %s lists them; --retry waits for one",
			     endpoint_parse_address(channel->interface, &address, &why) ==
					     0
				     ? "no one has this address; ip address"
				     : "ip link");
		return RUN_FAILED;
	}
	if (is_first && (channel == run->options->channels.channels ||
			 strcmp(channel[-1].interface, channel->interface) != 0))
		return run_take_report(report_waiting(&run->report, channel->interface));
	return RUN_GOES_ON;
}

/* The n receivers of one channel. */
static enum run_end join_channel(struct run *run, struct receiver *receivers, size_t n,
				 bool is_first)
{
	struct msf_interface interface;
	enum run_end end = RUN_GOES_ON;
	bool is_looked_up = false;

	for (size_t i = 0; i < n && end == RUN_GOES_ON; i++) {
		int r;

		if (is_joined(&receivers[i]))
			continue;
		r = is_looked_up ? 0
				 : msf_find_interface(run->msf,
						      receivers[i].channel->interface,
						      &interface);
		if (r < 0)
			return tell_missing(run, &receivers[i], is_first, r);
		is_looked_up = true;
		end = look_for_signal(run);
		if (end == RUN_GOES_ON)
			end = join_receiver(run, &receivers[i], &interface);
	}
	return end;
}

enum run_end run_join(struct run *run, bool is_first)
{
	enum run_end end = RUN_GOES_ON;

	for (size_t i = 0; i < run->n_receivers && end == RUN_GOES_ON;) {
		size_t n = run->receivers[i].channel->endpoint.n_groups;

		end = join_channel(run, &run->receivers[i], n, is_first);
		i += n;
	}
	return end;
}

/* Closes what was joined on an interface that is not the same any more. */
static enum run_end lose_interface(struct run *run, uint32_t ifindex)
{
	struct msf_interface interface = { 0 };
	enum run_end end;

	for (size_t i = 0; i < run->n_receivers; i++) {
		struct receiver *receiver = &run->receivers[i];

		if (!is_joined(receiver) || receiver->interface.ifindex != ifindex)
			continue;
		interface = receiver->interface;
		end = run_drain(run, receiver);
		if (end == RUN_GOES_ON && run_is_complete(run))
			end = RUN_COMPLETE;
		if (end != RUN_GOES_ON)
			return end;
		receiver_close(receiver, run->loop);
	}
	if (interface.ifindex == 0)
		return RUN_GOES_ON;
	end = run_take_report(report_gone(&run->report, &interface));
	if (end != RUN_GOES_ON || run->options->is_retry)
		return end;
	output_error(interface.name,
		     "the interface is gone: --retry waits for it and joins again");
	return RUN_FAILED;
}

/*
 * Events were lost. An interface with the same index may still be another one, so
 * with --retry everything is joined anew; without it only what is not there counts.
 */
static enum run_end look_at_all(struct run *run)
{
	enum run_end end = RUN_GOES_ON;

	for (size_t i = 0; i < run->n_receivers && end == RUN_GOES_ON; i++) {
		const struct receiver *receiver = &run->receivers[i];
		struct msf_interface now;

		if (!is_joined(receiver))
			continue;
		if (run->options->is_retry ||
		    msf_find_interface(run->msf, receiver->channel->interface, &now) <
			    0 ||
		    now.ifindex != receiver->interface.ifindex)
			end = lose_interface(run, receiver->interface.ifindex);
	}
	return end;
}

int run_handle_links(void *data)
{
	struct run *run = data;
	enum run_end end = RUN_GOES_ON;
	struct msf_event event;
	int r = msf_monitor_dispatch(run->monitor);

	if (r < 0) {
		output_error("interface monitor", "%s", strerror(-r));
		return RUN_FAILED;
	}
	while (end == RUN_GOES_ON && msf_monitor_pop_event(run->monitor, &event) > 0) {
		if (event.type == MSF_EVENT_LINK_GONE)
			end = lose_interface(run, event.ifindex);
		else if (event.type == MSF_EVENT_OVERRUN)
			end = look_at_all(run);
	}
	return end == RUN_GOES_ON ? run_join(run, false) : end;
}
