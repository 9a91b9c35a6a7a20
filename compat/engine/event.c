/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * event: what the outside did, in words (RFC 4604 2.2.3, RFC 9777 5.1.14 ask for a log).
 */
#include "engine/engine.h"

const char *engine_describe_event(enum engine_event event)
{
	switch (event) {
	case ENGINE_VERSION_CHANGED:
		return "the version in force has changed";
	case ENGINE_OLD_SSM_QUERY:
		return "a querier of an older version asks for a source-specific group";
	case ENGINE_BAD_QUERY_SOURCE:
		return "an MLD query that is not from a link-local address was dropped";
	case ENGINE_RECORDING_FULL:
		return "there are too many queries to record their sources; whole "
		       "groups are answered";
	}
	return "nothing that is known";
}
