/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * control: obeys what an operator says, and finds out who makes the rows of a subject
 * (see control.h). What is set here lasts until msfd ends or reads its file again.
 */
#include "msfd/control-row.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "msfd/clock.h"
#include "msfd/log.h"

/*
 * Being told
 */

static enum message_reason tune_engine(struct msfd *msfd,
				       const struct engine_tunable_info *info,
				       uint64_t value)
{
	int r = engine_set_tunable(msfd->engine, info->tunable, value, clock_now());

	return r < 0 ? MESSAGE_OUT_OF_RANGE : MESSAGE_DONE;
}

static enum message_reason tune_limit(struct msfd *msfd, const struct limits_info *info,
				      uint64_t value)
{
	if (value < info->min || value > info->max)
		return MESSAGE_OUT_OF_RANGE;
	limits_set(&msfd->config.limits, info, (uint32_t)value);
	return MESSAGE_DONE;
}

static enum message_reason tune(struct msfd *msfd, const struct message *message)
{
	const struct engine_tunable_info *tunable;
	const struct limits_info *limit;
	unsigned int i;

	for (i = 0; (tunable = engine_get_tunable_info(i)); i++)
		if (strcmp(tunable->name, message->name) == 0)
			return tune_engine(msfd, tunable, message->value);
	for (i = 0; (limit = limits_get_info(i)); i++)
		if (strcmp(limit->name, message->name) == 0)
			return tune_limit(msfd, limit, message->value);
	return MESSAGE_NOT_THERE;
}

static enum message_reason set_static(struct msfd *msfd, const struct message *message)
{
	struct statics_join join = { .group = message->group, .filter = message->filter };

	if (strlen(message->name) >= sizeof(join.interface))
		return MESSAGE_NO_INTERFACE;
	memcpy(join.interface, message->name, strlen(message->name));
	return statics_set(msfd->statics, &join, clock_now());
}

static void log_order(const struct message *message, uid_t uid,
		      enum message_reason reason)
{
	const char *outcome = reason == MESSAGE_DONE ? "done" : message_describe(reason);

	if (message->type == MESSAGE_TUNE)
		log_write(LOG_NOTICE, "tuned", NULL, "user %u sets %s to %" PRIu64 ": %s",
			  (unsigned int)uid, message->name, message->value, outcome);
	else
		log_write(LOG_NOTICE, "static-join", message->name,
			  "user %u changes a static join: %s", (unsigned int)uid,
			  outcome);
}

enum message_reason control_handle(void *context, const struct message *message,
				   bool is_admin, uid_t uid)
{
	struct msfd *msfd = context;
	enum message_reason reason = MESSAGE_NOT_PERMITTED;

	if (message->type == MESSAGE_ASK)
		return message->subject == MESSAGE_GROUPS ? control_look_at_groups(msfd)
							  : MESSAGE_DONE;
	if (is_admin)
		reason = message->type == MESSAGE_TUNE ? tune(msfd, message)
						       : set_static(msfd, message);
	log_order(message, uid, reason);
	if (reason == MESSAGE_DONE)
		msfd_poke(msfd);
	return reason;
}

/*
 * Telling
 */

static control_maker *const makers[MESSAGE_SUBJECTS] = {
	[MESSAGE_STATUS] = control_make_status,
	[MESSAGE_MEMBERSHIPS] = control_make_membership,
	[MESSAGE_GROUPS] = control_make_group,
	[MESSAGE_STATS] = control_make_counter,
	[MESSAGE_TUNABLES] = control_make_tunable,
	[MESSAGE_LIMITS] = control_make_limit,
};

/* A list of sources that is too long for a row is cut short, and the row says how long
 * it is. */
static int cut_sources(json_t *row, size_t size, size_t needed)
{
	json_t *sources = json_object_get(row, "sources");
	size_t n = json_array_size(sources);
	/* Room for "n_sources", and no endless search. */
	size_t n_kept = n * size / needed;

	n_kept = n_kept > 8 ? n_kept - 8 : 0;
	if (n == 0)
		return -ENOBUFS;
	if (!json_object_get(row, "n_sources") &&
	    json_object_set_new(row, "n_sources", json_integer((json_int_t)n)) < 0)
		return -ENOMEM;
	while (json_array_size(sources) > n_kept)
		json_array_remove(sources, json_array_size(sources) - 1);
	return 0;
}

static ssize_t write_row(json_t *row, char *buffer, size_t size)
{
	for (;;) {
		size_t needed = json_dumpb(row, buffer, size, JSON_COMPACT);
		int r;

		if (needed == 0)
			return -ENOMEM;
		if (needed <= size)
			return (ssize_t)needed;
		r = cut_sources(row, size, needed);
		if (r < 0)
			return r;
	}
}

ssize_t control_make_row(void *context, enum message_subject subject, uid_t uid,
			 struct holdings_key *cursor, uint64_t *position, char *buffer,
			 size_t size)
{
	struct control_place place = { cursor, position, uid };
	json_t *row = NULL;
	ssize_t r = makers[subject](context, &place, &row);

	if (r > 0)
		r = row ? write_row(row, buffer, size) : -ENOMEM;
	json_decref(row);
	return r;
}
